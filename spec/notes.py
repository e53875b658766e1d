"""Merkle trees, signed notes, checkpoints, cosignatures and receipts (SPEC sections 4 and 6)."""

import base64

import ed25519
from records import Bad, Lines, Vkey, dec, decs, hash_, hexn, key_name, need, plain_lines, sha256, unbase64

EMPTY_ROOT = sha256()


class Tree:
    """An RFC 6962 tree over leaves added one after another; keeps one hash a level."""

    def __init__(self):
        self.size, self.stack = 0, []

    def add(self, leaf):
        h, n = sha256(b"\x00", leaf), self.size
        while n & 1:
            h, n = sha256(b"\x01", self.stack.pop(), h), n >> 1
        self.stack.append(h)
        self.size += 1

    def root(self):
        if not self.stack:
            return EMPTY_ROOT
        h = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            h = sha256(b"\x01", left, h)
        return h


def split_note(data):
    """(text, [(name, key hash, signature)]) of a signed note."""
    head, sep, tail = data.rpartition(b"\n\n")
    need(sep and tail.endswith(b"\n"), "not a signed note")
    sigs = []
    try:
        lines = tail.decode("utf-8")[:-1].split("\n")
        head.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad("note is not UTF-8")
    for line in lines:
        w = line.split(" ")
        need(len(w) == 3 and w[0] == "—", "not a signature line")
        key_name(w[1])
        b = unbase64(w[2])
        need(len(b) >= 5, "signature too short")
        sigs.append((w[1], b[:4], b[4:]))
    need(sigs, "no signature")
    return head + b"\n", sigs


def sign_note(text, name, algorithm, seed, time=None):
    """One signature line for text: plain (algorithm 1) or cosignature/v1 at a time (algorithm 4)."""
    key_hash = sha256(name.encode(), b"\n", bytes([algorithm]) + ed25519.public(seed))[:4]
    if algorithm == 4:
        body = time.to_bytes(8, "big") + ed25519.sign(seed, cosigned(text, time))
    else:
        body = ed25519.sign(seed, text)
    return ("— %s %s\n" % (name, base64.b64encode(key_hash + body).decode())).encode()


def cosigned(text, time):
    return b"cosignature/v1\ntime %d\n" % time + text


class Checkpoint:
    """A checkpoint whose log signature and policy cosignatures verified; times maps witness name to its list of T."""

    def __init__(self, data, log, policy):
        text, sigs = split_note(data)
        lines = text.decode().split("\n")
        need(len(lines) == 4 and lines[3] == "", "checkpoint is not three lines")
        need(lines[0] == log.name, "origin is not that of the open record")
        self.size, self.root = dec(lines[1]), unbase64(lines[2])
        need(len(self.root) == 32, "root is not 32 bytes")
        need(len(sigs) <= 100, "more than 100 signatures")
        by_key = {(v.name, v.hash): (n, v) for n, v in policy.witnesses.items()}
        self.times, logged = {}, False
        for name, key_hash, sig in sigs:
            if (name, key_hash) == (log.name, log.hash):
                need(ed25519.verify(log.key, text, sig), "log signature is wrong")
                logged = True
            elif (name, key_hash) in by_key:
                n, v = by_key[name, key_hash]
                need(len(sig) == 72, "cosignature by %s is not 72 bytes" % n)
                t = int.from_bytes(sig[:8], "big")
                need(ed25519.verify(v.key, cosigned(text, t), sig[8:]), "cosignature by %s is wrong" % n)
                self.times.setdefault(n, []).append(t)
        need(logged, "log signature is missing")


def check_receipt(data, vkey_text):
    """Checks a receipt or a saved copy against the receipt key; returns the receipt's keys."""
    key, saved = Vkey(vkey_text, 1), None
    need(key.name.endswith("/receipt") and key.name != "/receipt", "not named ORIGIN/receipt")
    if data.startswith(b"fairlot/v1 saved receipt\n"):
        head, sep, data = data.partition(b"\n\n")
        need(sep, "saved receipt has no note")
        s, saved = Lines(plain_lines(head + b"\n")[1:]), {}
        saved["s"] = bytes.fromhex(s.take("s", hash_))
        if s.peek() is not None:
            saved["ci"] = bytes.fromhex(s.take("identity", hash_))
            saved["cc"] = bytes.fromhex(s.take("contact", hash_))
        s.end()
    text, sigs = split_note(data)
    need(len(sigs) == 1 and sigs[0][:2] == (key.name, key.hash), "not signed by the receipt key and nobody else")
    need(ed25519.verify(key.key, text, sigs[0][2]), "receipt signature is wrong")
    lines = plain_lines(text)
    need(lines[0] == "fairlot/v1 receipt", "no receipt")
    s = Lines(lines[1:])
    r = {"open": s.take("open", hash_), "id": s.take("id", hexn(32)), "person": s.maybe("person", hash_)}
    if r["person"]:
        r["stratum"] = s.take("stratum", decs(1, 1000))
        r["chances"] = s.maybe("chances", decs(1, 1000))
    s.end()
    if saved:
        rr = sha256(b"fairlot/v1 r\n", saved["s"])
        need(sha256(b"fairlot/v1 id\n", bytes.fromhex(r["open"]), rr)[:16].hex() == r["id"], "id does not recompute")
        need(("ci" in saved) == (r["person"] is not None), "commitments and person do not go together")
        if r["person"]:
            need(sha256(b"fairlot/v1 person\n", saved["ci"], saved["cc"]).hex() == r["person"], "person does not recompute")
    return r
