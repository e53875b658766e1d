"""Vectors of bundles that fail, by step."""

import base64
import unicodedata

import ed25519
import make_bundles_counts
import make_bundles_earlier
import verify
from records import sha256
from scene import (DEAD, FAR, IN_TIME, LATE, LOG_VKEY, ORIGIN, POLICY, RECEIPT_VKEY, WITNESS_VKEY, Scene, draw, drawn, secret, vkey)
from vectors import Vector

MADE = []


def add(name, step, about, scene, files=None, given=None, known=None):
    """files edits the dict of the bundle's files in place."""
    v = Vector(name, about, "bundle", "1 " + step)
    v.parts, v.given = scene.bundle(), given or {}
    if files:
        files(v.parts)
    v.known = {(verify.QUICKNET, r): verify.ROUNDS[r] for r in (1000, FAR)}
    v.known.update(known or {})
    MADE.append(v)


def all_():
    bundle_()
    record()
    files()
    log()
    open_()
    history()
    entrants()
    results()
    afterwards()
    return MADE


def swap(old, new, count=1):
    def edit(x):
        text = "\n".join(x) if isinstance(x, list) else x.decode() if isinstance(x, bytes) else x
        assert old in text, (old, text)
        text = text.replace(old, new, count)
        return text.split("\n") if isinstance(x, list) else text.encode() if isinstance(x, bytes) else text
    return edit


def rename(old, new):
    def edit(parts):
        items = [(new if p == old else p, b) for p, b in parts.items()]
        parts.clear()
        parts.update(items)
    return edit


def without(path):
    return lambda parts: parts.pop(next(p for p in parts if p.startswith(path)))


def bundle_():
    for name, path, what in (("log", "log.bin", "log.bin"), ("entrants", "draw/1/entrants.bin", "The entry list"),
                             ("ranking", "draw/1/ranking.txt", "The ranking file")):
        add("missing-" + name, "bundle", what + " is missing.", drawn("missing-" + name), without(path))
    s = Scene("missing-checkpoints")
    add("missing-checkpoints", "bundle", "There is no checkpoint.", s)
    add("extra-file", "bundle", "A file that no bundle holds.", drawn("extra-file"), lambda p: p.update({"readme.txt": b"hello\n"}))
    add("extra-draw", "bundle", "An entry list of a draw that has no close.", drawn("extra-draw"),
        lambda p: p.update({"draw/2/entrants.bin": b""}))
    s = Scene("extra-ranking")
    s.close(s.people([1] * 3))
    s.two()
    add("extra-ranking", "bundle", "A ranking file although there is no result.", s, lambda p: p.update({"draw/1/ranking.txt": b""}))
    add("extra-fourth-file", "bundle", "Four files by hash.", drawn("extra-fourth-file"),
        lambda p: p.update({"files/" + sha256(b"4\n").hex(): b"4\n"}))
    add("checkpoint-name-leading-zero", "bundle", "checkpoints/02 is not a name.", drawn("checkpoint-name-leading-zero"),
        rename("checkpoints/2", "checkpoints/02"))
    add("checkpoint-over-limit", "bundle", "A checkpoint of 65,537 bytes.", drawn("checkpoint-over-limit", [1]),
        lambda p: p.update({"checkpoints/2": (p["checkpoints/2"] * 200)[:65537]}))


def record():
    def erased(name, about, edit):
        """A log with a further record of the campaign, edited as bytes."""
        def then(s):
            s.record("erased", "what logs", "by operator")
            s.log[-1] = edit(s.log[-1])
        add(name, "record", about, drawn(name, [1, 1], then=then))
    erased("record-trailing-space", "A line ends with a space.", swap("by operator", "by operator "))
    erased("record-cr", "Lines end with CR LF.", lambda b: b.replace(b"\n", b"\r\n"))
    erased("record-no-final-lf", "The last line has no LF.", lambda b: b[:-1])
    erased("record-empty-line", "An empty line.", swap("by ", "\nby "))
    erased("record-two-spaces", "Two spaces after the key.", swap("by ", "by  "))
    erased("record-unknown-kind", "A kind of a newer format.", swap("erased", "shredded"))
    erased("record-unknown-key", "A key of a newer format.", swap("by operator", "by operator\nwhen 2024-01-01"))
    erased("record-version-2", "Another version.", swap("fairlot/v1", "fairlot/v2"))
    erased("record-unsorted", "Repeated lines out of order.", swap("what logs", "what logs\nwhat answers"))
    erased("record-no-value", "A key without a value.", swap("by operator", "by"))
    erased("record-not-utf-8", "A byte that is not UTF-8.", lambda b: b.replace(b"logs", b"log\xff"))
    erased("record-draw-line", "A draw line where none belongs.", swap("what", "draw 1\nwhat"))
    erased("record-upper-hex", "The open line in upper-case hex.", lambda b: b[:23] + b[23:87].upper() + b[87:])
    erased("record-empty", "A record of zero bytes.", lambda b: b"")

    def opened(name, about, old, new, **opts):
        s = Scene(name, edit=swap(old, new), **opts)
        s.checkpoint()
        add(name, "record", about, s)
    opened("open-nfd", "Institution in Normalization Form D.", "Łódź", unicodedata.normalize("NFD", "Łódź"))
    opened("open-unassigned", "A code point assigned only after Unicode 14 (U+1FAE8).", "Łódź", "\U0001fae8")
    opened("open-invisible", "A zero width space.", "City of", "City\u200bof")
    opened("open-bidi", "A right-to-left override.", "City of", "City \u202eof")
    opened("open-no-break-space", "A no-break space.", "City of", "City\u00a0of")
    opened("open-leading-zero", "A number with a leading zero.", "batch 1", "batch 01")
    opened("open-time-of-no-day", "30 February.", "entries-end 2023-08-23", "entries-end 2023-02-30")
    opened("open-leap-second", "A leap second.", "entries-end 2023-08-23T12:00:00Z", "entries-end 2016-12-31T23:59:60Z")
    opened("open-objections-before-entries", "Objections end before entries do.", "objections-end 2023-08-23T13", "objections-end 2023-08-23T11")
    opened("open-receipt-name", "The receipt key is not named ORIGIN/receipt.", "receipt " + RECEIPT_VKEY, "receipt " + vkey("receipt", 1))
    opened("open-key-hash", "A key whose hash is wrong.", LOG_VKEY, LOG_VKEY.replace("+", "+0", 1)[:len(ORIGIN) + 9] + LOG_VKEY[len(ORIGIN) + 9:])
    opened("open-key-algorithm", "A log key of the cosigners' algorithm.", LOG_VKEY, vkey(ORIGIN, 4))
    opened("open-threshold", "A threshold above the number of custodians.", "threshold 2", "threshold 3")
    opened("open-no-notifier", "Draws, but no notifier.", "notifier 1 age1%s\n" % secret("notifier").hex(), "")
    opened("open-chances-over-1000", "A cap above 1000.", "chances 5", "chances 1001")
    opened("open-tier-gap", "Tier 2 without tier 1.", "tier 1 1 2", "tier 1 2 2")
    opened("open-tier-stratum-missing", "A stratum without a tier.", "strata 1", "strata 2")
    opened("open-both-seat-forms", "Tiers and a proportional line.", "tier 1 1 2", "tier 1 1 2\nproportional 2")
    opened("open-scheme", "An unknown scheme.", "bls-unchained-g1-rfc9380", "bls-unchained-on-g1")
    opened("open-draw-numbers", "The only draw is number 2.", "draw 1", "draw 2")
    opened("open-key-order", "Two keys exchanged.", "chances 5\nbatch 1", "batch 1\nchances 5")
    opened("open-line-ends-in-space", "A rule of section 1 in the middle of an open record.", "Łódź\n", "Łódź \n")
    add("log-cut-in-length", "record", "log.bin ends after the first byte of a length.", drawn("log-cut-in-length", [1]),
        lambda p: p.update({"log.bin": p["log.bin"] + b"\0"}))
    add("log-length-beyond", "record", "The last length is one byte more than there is, the record whole otherwise.", drawn("log-length-beyond", [1]),
        longer_length)
    add("close-zero-order", "record", "Reasons out of order in close.",
        drawn("close-zero-order", [0, 0, 1], zero=[("excluded", 1), ("duplicate", 1)]))
    add("close-day-order", "record", "Days out of order in close.",
        drawn("close-day-order", close_edit=swap("day 2023-08-20 4\nday 2023-08-21 4", "day 2023-08-21 4\nday 2023-08-20 4")))
    add("result-signature-uncompressed", "record", "The 96-byte form of a signature is refused.",
        drawn("result-signature-uncompressed", result_edit=swap("signature ", "signature " + "00" * 48)))
    add("origin-not-first", "record", "An origin record that is not entry 0.",
        drawn("origin-not-first", then=lambda s: s.log.append(("fairlot/v1 origin\nlog %s\nold old.example.org\nold-size 0\nold-root %s\n"
                                                              % (LOG_VKEY, sha256().hex())).encode())))
    add("log-truncated", "record", "log.bin ends in the middle of a record.", drawn("log-truncated"),
        lambda p: p.update({"log.bin": p["log.bin"][:-1]}))


def longer_length(parts):
    log, at = bytearray(parts["log.bin"]), 0
    while at + 2 + int.from_bytes(log[at:at + 2], "big") < len(log):
        at += 2 + int.from_bytes(log[at:at + 2], "big")
    log[at:at + 2] = (int.from_bytes(log[at:at + 2], "big") + 1).to_bytes(2, "big")
    parts["log.bin"] = bytes(log)


def files():
    s = drawn("file-altered")
    notice = "files/" + sha256(s.files[1]).hex()
    add("file-altered", "files", "The notice is not the text of its hash.", s, lambda p: p.update({notice: p[notice] + b"!"}))
    other = Scene("another campaign's rules")
    add("two-rules-files", "files", "The rules of another campaign stand as the notice.", drawn("two-rules-files", notice=other.rules))
    add("rules-of-nobody", "files", "The rules name a campaign that the log does not open.",
        drawn("rules-of-nobody", rules=other.rules))
    s = drawn("other-rules")
    s.files[0] = s.files[0] + b"more text\n"
    add("other-rules", "files", "Other rules of the same campaign than open names.", s)
    kinds = Scene("files-exchanged")
    rules, notice3 = sha256(kinds.files[0]).hex(), sha256(kinds.files[1]).hex()
    s = Scene("files-exchanged", edit=lambda t: t.replace(rules, "@").replace(notice3, rules).replace("@", notice3))
    s.checkpoint()
    add("files-exchanged", "files", "Open names the rules as the notice and the notice as the rules.", s)
    one_line = Scene("rules-cut", rules="fairlot/v1 rules\n")
    one_line.checkpoint()
    add("rules-cut", "files", "The rules file ends after its first line.", one_line)
    s = Scene("opened-twice")
    s.log.append(s.open_text.replace(b"batch 1", b"batch 2"))
    s.checkpoint()
    add("opened-twice", "files", "Two open records of one campaign.", s)
    s = drawn("notice-missing")
    notice2 = "files/" + sha256(s.files[1]).hex()
    add("notice-missing", "files", "Two files only, and open names a third.", s, lambda p: p.pop(notice2))
    add("rules-crlf", "files", "The rules file has CR.", drawn("rules-crlf", rules="fairlot/v1 rules\ncampaign %s\ntitle a\r\n"
                                                               % sha256(b"campaign rules-crlf").hex()[:32]))
    add("policy-comment", "files", "A comment in the policy.", drawn("policy-comment", policy="# ours\n" + POLICY))
    again = POLICY.replace("group", "witness again %s\ngroup" % WITNESS_VKEY["city"])
    add("policy-key-twice", "files", "A witness's key stands twice in the policy.", drawn("policy-key-twice", policy=again))


def log():
    add("checkpoint-root", "log", "The last checkpoint's root is not that of the log.",
        drawn("checkpoint-root", end=False, then=lambda s: s.checkpoint(edit_root=lambda r: sha256(r))))
    add("checkpoint-log-signature", "log", "The log's signature does not verify.",
        drawn("checkpoint-log-signature", end=False, then=lambda s: s.checkpoint(edit_sig=lambda ls: [flip(ls[0])] + ls[1:])))
    add("checkpoint-other-log", "log", "Another log's key signed, and the log's did not.",
        drawn("checkpoint-other-log", end=False, then=lambda s: s.checkpoint(log_key="other.example.org")))
    add("checkpoint-origin", "log", "Another origin stands in a checkpoint.",
        drawn("checkpoint-origin", end=False, then=lambda s: s.checkpoint(origin="other.example.org")))
    add("checkpoint-cosignature", "log", "A cosignature by a key of the policy does not verify.",
        drawn("checkpoint-cosignature", end=False, then=lambda s: s.two(edit_sig=lambda ls: [ls[0], ls[1], flip(ls[2])])))
    add("checkpoint-cosignature-backdated", "log", "The time of a cosignature was set back.",
        drawn("checkpoint-cosignature-backdated", cosign=None, end=False, then=lambda s: s.two(LATE, edit_sig=backdate)))
    add("checkpoint-not-whole", "log", "No checkpoint covers the last record.", drawn("checkpoint-not-whole", end=False))
    add("checkpoint-name", "log", "A checkpoint of size 2 under the name 1.", drawn("checkpoint-name"), rename("checkpoints/2", "checkpoints/1"))
    s = drawn("checkpoint-ahead")
    s.record("erased", "what logs", "by operator")
    s.checkpoint()
    s.log.pop()
    add("checkpoint-ahead", "log", "A checkpoint covers more records than there are.", s)

    def rewritten(s):
        s.record("erased", "what logs", "by operator")
        s.log[1], s.log[3] = s.log[3], s.log[1]
        s.log[2], s.log[3] = s.log[3], s.log[2]
    add("log-rewritten", "log", "A record was slipped in below an older checkpoint.", drawn("log-rewritten", then=rewritten))

    def last(name, about, **how):
        add(name, "log", about, drawn(name, [1, 1], end=False, then=lambda s: s.two(**how)))
    last("checkpoint-extension", "A fourth line, signed with the others.", edit_text=lambda t: t + b"more\n")
    last("checkpoint-size-leading-zero", "The size has a leading zero.", edit_text=lambda t: t.replace(b"\n3\n", b"\n03\n"))
    last("checkpoint-root-33-bytes", "A root of 33 bytes.", edit_root=lambda r: r + b"\0")
    last("checkpoint-101-signatures", "101 signature lines.", edit_sig=lambda ls: ls + [
        ("— s%d.example.org AAAAAAAA\n" % i).encode() for i in range(98)])
    last("checkpoint-unsigned", "No signature line.", edit_sig=lambda ls: [])
    last("checkpoint-signature-line", "A signature line with a hyphen for the dash.", edit_sig=lambda ls: ls + [ls[0].replace("—".encode(), b"-")])
    last("checkpoint-signature-base64", "A stranger's signature that is not base64.", edit_sig=lambda ls: ls + ["— s.example.org A*AAAAAA\n".encode()])
    last("checkpoint-signature-short", "A stranger's signature of the key hash only.", edit_sig=lambda ls: ls + ["— s.example.org AAAAAA==\n".encode()])
    last("checkpoint-cosignature-short", "A cosignature without its time.", edit_sig=lambda ls: ls[:2] + [cut(ls[2])])


def cut(line):
    w = line.decode().rstrip("\n").split(" ")
    b = base64.b64decode(w[2])
    return ("%s %s %s\n" % (w[0], w[1], base64.b64encode(b[:4] + b[12:]).decode())).encode()


def flip(line):
    w = line.decode().rstrip("\n").split(" ")
    b = bytearray(base64.b64decode(w[2]))
    b[-40] ^= 1
    return ("%s %s %s\n" % (w[0], w[1], base64.b64encode(bytes(b)).decode())).encode()


def backdate(lines):
    w = lines[1].decode().rstrip("\n").split(" ")
    b = base64.b64decode(w[2])
    b = b[:4] + IN_TIME.to_bytes(8, "big") + b[12:]
    return [lines[0], ("%s %s %s\n" % (w[0], w[1], base64.b64encode(b).decode())).encode(), lines[2]]


def open_():
    def just(name, about, **opts):
        s = Scene(name, **opts)
        s.checkpoint()
        add(name, "open", about, s)
    just("policy-other-log", "The policy is that of another log.", policy=POLICY.replace(LOG_VKEY, vkey("other.example.org", 1)))
    just("policy-other-log-key", "The policy names the log's origin with another key.",
         policy=POLICY.replace(LOG_VKEY, vkey_of(ORIGIN, "another key")))
    quick = "%s bls-unchained-g1-rfc9380 %s %s" % (verify.QUICKNET, "%d %d", "%s")
    just("quicknet-genesis", "Quicknet with another genesis: a round would come at another time.",
         draws=[draw(beacon=quick % (3, 1692803367 + 86400, verify.QUICKNET_KEY))])
    just("quicknet-period", "Quicknet with another period.", draws=[draw(beacon=quick % (30, 1692803367, verify.QUICKNET_KEY))])
    just("quicknet-key", "Quicknet with another key.", draws=[draw(beacon=quick % (3, 1692803367, "a0" + verify.QUICKNET_KEY[2:]))])
    just("round-too-early", "The deadline is one second before objections end.", objections="2023-08-23T14:59:25Z")
    just("round-too-early-second", "The second draw's round comes before entries end.", draws=[draw(), draw(n=2, round_=100)],
         objections="2023-08-23T14:59:24Z")


def vkey_of(name, key):
    k = b"\x01" + ed25519.public(secret(key))
    return "%s+%s+%s" % (name, sha256(name.encode(), b"\n", k)[:4].hex(), base64.b64encode(k).decode())


def history():
    def audited(name, about, *rows):
        def then(s):
            for day, count in rows:
                s.audit(day, count)
        add(name, "history", about, drawn(name, [1, 1], then=then))
    audited("audit-same-day", "Two heads of the audit trail of one day.", ("2023-08-22", 12), ("2023-08-22", 13))
    audited("audit-day-before", "A head of an earlier day after one of a later.", ("2023-08-22", 12), ("2023-08-21", 13))
    audited("audit-same-count", "A head of another day with as many acts.", ("2023-08-22", 12), ("2023-08-23", 12))
    audited("audit-fewer", "The audit trail became shorter.", ("2023-08-20", 14), ("2023-08-22", 12), ("2023-08-23", 15))
    def second(s):
        s.log.append(s.log[1].replace(b"2023-08-20", b"2023-08-19"))
    add("second-close", "history", "A second close with other bytes.", drawn("second-close", then=second))
    add("second-close-same", "history", "The same close once more.", drawn("second-close-same", then=lambda s: s.log.append(s.log[1])))
    s = Scene("second-close-undrawn")
    s.close(s.people([1] * 4))
    s.two()
    s.close(s.people([1] * 5))
    s.two()
    add("second-close-undrawn", "history", "Two closes, not drawn yet.", s)
    s = drawn("result-before-close", end=False)
    s.log[1], s.log[2] = s.log[2], s.log[1]
    s.cps.clear()
    s.checkpoint()
    add("result-before-close", "history", "The result stands before the close.", s)
    add("second-result", "history", "A second result.", drawn("second-result", then=lambda s: s.log.append(s.log[2])))
    s = drawn("record-before-open", end=False)
    s.log = s.log[1:2] + s.log[:1] + s.log[2:]
    s.cps.clear()
    s.checkpoint()
    add("record-before-open", "history", "The close stands before the open that it names.", s)
    for name, n in (("no-such-draw", 2), ("no-such-draw-void", 99)):
        add(name, "history", "A void of draw %d, which does not exist." % n,
            drawn(name, then=lambda s: s.record("void", "reason cancelled", n=n)))
    add("amend-after-result", "history", "Amended after the result.",
        drawn("amend-after-result", then=lambda s: s.record("amend", "round %d" % FAR, n=1)))

    def undrawn(label, t, reason, extra=None, **opts):
        s = Scene(label, **opts)
        s.close(s.people([1] * 4))
        s.record("void", "reason " + reason, n=1)
        s.two(t)
        if extra:
            extra(s)
        return s
    add("void-late", "history", "A void cosigned one second late, and no result.", undrawn("void-late", LATE, "regret"))
    add("void-one-witness", "history", "A void cosigned in time by one witness only, and no result.",
        quorumless("void-one-witness"))
    s = undrawn("result-beside-void", IN_TIME, "cancelled")
    s.result()
    s.checkpoint()
    add("result-beside-void", "history", "A result although the draw is void.", s)
    add("beacon-dead-too-early", "history", "Void as beacon-dead one second before the days are over.",
        undrawn("beacon-dead-too-early", DEAD - 1, "beacon-dead"))
    add("beacon-dead-other-reason", "history", "Cosigned after the days, but for another reason.",
        undrawn("beacon-dead-other-reason", DEAD, "regret"))
    add("beacon-dead-refuted", "history", "Void as beacon-dead, refuted by a signature from outside.",
        undrawn("beacon-dead-refuted", DEAD, "beacon-dead"), given={(verify.QUICKNET, 1000): verify.ROUNDS[1000]})

    def drawn_beside(s):
        s.close(s.people([1] * 4), n=2)
        s.result(n=2)
        s.checkpoint()
    add("beacon-dead-refuted-inside", "history", "Void as beacon-dead, refuted by the result of another draw of the same round.",
        undrawn("beacon-dead-refuted-inside", DEAD, "beacon-dead", extra=drawn_beside, draws=[draw(), draw(n=2)]))
    s = Scene("replace-before-result")
    s.close(s.people([1] * 4))
    s.record("replace", "stratum 1", "vacated 1", "reason late", "next 3", n=1)
    s.two()
    add("replace-before-result", "history", "A replacement before the result.", s)
    s = Scene("opened-before-result")
    s.close(s.people([1] * 4))
    s.record("opened", "purpose notice", "count 1", "unproven no", n=1)
    s.two()
    add("opened-before-result", "history", "Winners opened before the result.", s)


def quorumless(label):
    s = Scene(label)
    s.close(s.people([1] * 4))
    s.record("void", "reason cancelled", n=1)
    s.checkpoint(("city", IN_TIME), ("city", IN_TIME + 5))
    return s


def entrants():
    add("ids-unsorted", "entrants", "Two leaves exchanged.", drawn("ids-unsorted", people=lambda s: exchange(s.people([1] * 6))))
    add("id-twice", "entrants", "One leaf stands twice.", drawn("id-twice", people=lambda s: double(s.people([1] * 6))))
    add("id-twice-other-person", "entrants", "One id with two persons.", drawn("id-twice-other-person", people=lambda s: twin(s.people([1] * 6))))
    s = Scene("stratum-zero")
    s.close(s.people([1] * 3, [1, 0, 1]))
    s.two()
    add("stratum-zero", "entrants", "A leaf of stratum 0.", s)
    s = Scene("stratum-above")
    s.close(s.people([1] * 3, [1, 2, 1]))
    s.two()
    add("stratum-above", "entrants", "A leaf of stratum 2 of 1.", s)
    add("chances-above-cap", "entrants", "A leaf with more chances than the cap.", drawn("chances-above-cap", [1, 6, 1]))
    make_bundles_earlier.bad(add)
    make_bundles_counts.bad(add)
    add("entrants-count", "entrants", "Close counts one entrant more.", drawn("entrants-count", close_edit=swap("entrants 8", "entrants 9")))
    add("zero-count", "entrants", "Close counts one with chances 0 more than there are.",
        drawn("zero-count", [0, 1, 1], zero=[("duplicate", 1), ("erased", 1)]))
    add("zero-uncounted", "entrants", "A leaf with chances 0 and no reason in close.", drawn("zero-uncounted", [0, 1, 1]))
    add("day-count", "entrants", "The days do not add up.", drawn("day-count", close_edit=swap("2023-08-21 4", "2023-08-21 3")))
    add("over-register", "entrants", "One entrant more than the register has persons.", drawn("over-register", [1] * 5, register=4))
    add("corrected-both-count", "entrants", "Entries whose contact was corrected keep their chance beside the new one, and close calls them superseded.",
        drawn("corrected-both-count", people=lambda s: s.corrected([1] * 4, 1, old=1), zero=[("superseded", 2)]))
    add("corrected-over-register", "entrants", "Entries whose contact was corrected keep their chance, and close does not hide it: more chances than persons.",
        drawn("corrected-over-register", people=lambda s: s.corrected([1] * 4, 1, old=1), register=4))
    add("corrected-uncounted", "entrants", "Entries whose contact was corrected have chances 0, and close does not count them.",
        drawn("corrected-uncounted", people=lambda s: s.corrected([1] * 4, 1)))
    add("corrected-left-out", "entrants", "The entries of before a correction are left out of the list.",
        drawn("corrected-left-out", people=lambda s: s.corrected([1] * 4, 1), zero=[("superseded", 2)]), leave_out)
    s = drawn("leaf-cut")
    add("leaf-cut", "entrants", "The entry list's size is no multiple of 52.", s,
        lambda p: p.update({"draw/1/entrants.bin": p["draw/1/entrants.bin"][:-1]}))


def leave_out(p):
    b = p["draw/1/entrants.bin"]
    p["draw/1/entrants.bin"] = b"".join(b[at:at + 52] for at in range(0, len(b), 52) if b[at + 19] > 0)


def give_back(p):
    """The chance goes from the newest entry of a person to one of before."""
    b = bytearray(p["draw/1/entrants.bin"])
    old = next(at for at in range(0, len(b), 52) if b[at + 19] == 0)
    new = next(at for at in range(0, len(b), 52) if b[at + 19] == 2)
    b[old + 19], b[new + 19] = 2, 0
    p["draw/1/entrants.bin"] = bytes(b)


def exchange(leaves):
    return [leaves[1], leaves[0]] + leaves[2:]


def double(leaves):
    return leaves[:1] + leaves


def twin(leaves):
    return leaves[:1] + [leaves[0][:20] + sha256(b"a friend")] + leaves[1:]


def results():
    def friend(p):
        b = p["draw/1/entrants.bin"]
        p["draw/1/entrants.bin"] = b[:20] + sha256(b"a friend") + b[52:]

    def drop(p):
        b = bytearray(p["draw/1/entrants.bin"])
        b[19] = 2
        p["draw/1/entrants.bin"] = bytes(b)
    add("leaf-other-person", "root", "A leaf's person was exchanged after the close.", drawn("leaf-other-person"), friend)
    add("leaf-other-chances", "root", "A leaf's chances were raised after the close.", drawn("leaf-other-chances"), drop)
    add("corrected-given-back", "root", "After the close the chances of a corrected entry go back to the old one; the counts still fit.",
        drawn("corrected-given-back", people=lambda s: s.corrected([1, 2, 1, 1], 1), zero=[("superseded", 2)]), give_back)
    add("root-wrong", "root", "Close states another root.",
        drawn("root-wrong", close_edit=lambda ls: ls[:-1] + ["root " + sha256(b"another root").hex()]))

    add("signature-other-round", "beacon", "The signature of another round.", drawn("signature-other-round", sigma=verify.ROUNDS[100]))
    s = Scene("signature-of-old-round")
    s.record("amend", "round %d" % FAR, n=1)
    s.close(s.people([1] * 5))
    s.two()
    s.result()
    s.checkpoint()
    add("signature-of-old-round", "beacon", "The round was amended in time, the signature is of the old one.", s)
    s = Scene("signature-of-amended-round")
    s.close(s.people([1] * 5))
    s.two()
    s.record("amend", "round %d" % FAR, n=1)
    s.two(LATE)
    s.result(sigma=verify.ROUNDS[FAR])
    s.checkpoint()
    add("signature-of-amended-round", "beacon", "The amend does not count, yet its round's signature was used.", s)

    add("seed-wrong", "seed", "The seed does not recompute.", drawn("seed-wrong", result_edit=lambda ls: [
        "seed " + sha256(b"a better seed").hex() if line.startswith("seed ") else line for line in ls]))
    add("result-other-close", "seed", "The result names another close.", drawn("result-other-close", result_edit=lambda ls: [
        "close " + sha256(b"another close").hex()] + ls[1:]))

    def fix(edit):
        return lambda text: b"".join(edit(text.splitlines(keepends=True)))

    def exchanged(ls):
        a, b = ls[0].split(b" "), ls[1].split(b" ")
        return [b" ".join(a[:2] + b[2:]), b" ".join(b[:2] + a[2:])] + ls[2:]
    add("ranking-exchanged", "ranking", "Two ranks exchanged; the result names the altered file.", drawn("ranking-exchanged", ranking=fix(exchanged)))
    add("ranking-shorter", "ranking", "The last alternate is missing.", drawn("ranking-shorter", ranking=fix(lambda ls: ls[:-1])))
    longer = fix(lambda ls: ls + [ls[-1].replace(b" 5 ", b" 6 ", 1)])
    add("ranking-longer", "ranking", "One alternate too many.", drawn("ranking-longer", ranking=longer))
    add("ranking-seat", "ranking", "An alternate is given a seat.", drawn("ranking-seat", ranking=fix(
        lambda ls: ls[:2] + [ls[2].replace(b" alt", b" 1")] + ls[3:])))
    add("ranking-no-final-lf", "ranking", "The last line has no LF.", drawn("ranking-no-final-lf", ranking=lambda t: t[:-1]))
    add("ranking-count", "ranking", "The result counts one line more.", drawn("ranking-count", result_edit=swap("ranked 5", "ranked 6")))
    add("ranking-hash", "ranking", "The result names another ranking file.", drawn("ranking-hash", result_edit=lambda ls: [
        "ranking " + sha256(b"another").hex() if line.startswith("ranking ") else line for line in ls]))
    s = drawn("ranking-file-altered")
    add("ranking-file-altered", "ranking", "The ranking file was altered after the result.", s,
        lambda p: p.update({"draw/1/ranking.txt": fix(exchanged)(p["draw/1/ranking.txt"])}))


def afterwards():
    def replaced(name, about, *rows, **opts):
        def then(s):
            for stratum, vacated, following in rows:
                s.record("replace", "stratum %d" % stratum, "vacated %d" % vacated, "reason declined", "next %s" % following, n=1)
        add(name, "replace", about, drawn(name, then=then, **opts))
    replaced("replace-out-of-order", "Rank 4 is called before rank 3.", (1, 1, 4))
    replaced("replace-called-again", "Rank 3 is called twice.", (1, 1, 3), (1, 2, 3))
    replaced("replace-not-seated", "Rank 3 is vacated, an alternate never called.", (1, 3, 4))
    replaced("replace-vacated-again", "Rank 1 is vacated twice.", (1, 1, 3), (1, 1, 4))
    replaced("replace-none-too-soon", "Nobody is called although an alternate waits.", (1, 1, "none"))
    replaced("replace-beyond-alternates", "Rank 6 is called, who is no alternate.", (1, 1, 3), (1, 2, 4), (1, 3, 5), (1, 4, 6))
    replaced("replace-in-forfeit", "An alternate is called although seats are forfeit.", (1, 1, 3), draws=[draw(vacated="forfeit")])
    replaced("replace-other-stratum", "A stratum that does not exist.", (2, 1, 3))
    replaced("replace-joined-stratum", "A stratum that was joined to another.", (1, 1, "none"), batch=5,
             strata=[1, 1, 2, 2, 2, 2, 2, 2], draws=[draw(strata=2, tiers=[(1, 1, 1), (2, 1, 1)])])

    def opened(name, about, *rows, **opts):
        def then(s):
            for purpose, count in rows:
                s.record("opened", "purpose " + purpose, "count %d" % count, "unproven no", n=1)
        add(name, "opened", about, drawn(name, then=then, **opts))
    opened("opened-beyond-seats", "Three opened for notice, two seats.", ("notice", 2), ("notice", 1))
    opened("opened-claim-beyond-seats", "Three opened for claims, two seats.", ("claim", 3))
    opened("opened-tax-beyond-seats", "Three opened for tax, two seats.", ("tax", 1), ("tax", 2))
    opened("opened-beyond-entrants", "Two opened, but one seat is taken for want of entrants.", ("notice", 2), entrants=[1])
    opened("opened-audit-beyond", "Four opened for audit, a sample of three.", ("audit", 4), audit=3)
    opened("opened-no-audit", "One opened for audit, and there is no sample.", ("audit", 1))

    def forfeited(s):
        s.record("replace", "stratum 1", "vacated 1", "reason declined", "next none", n=1)
        s.record("opened", "purpose notice", "count 3", "unproven no", n=1)
    add("opened-forfeit-beyond", "opened", "A forfeited seat gives no further opening.",
        drawn("opened-forfeit-beyond", draws=[draw(vacated="forfeit")], then=forfeited))
