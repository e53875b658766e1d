"""Reads and runs vector files (SPEC section 11)."""

import base64
import os
import re
import textwrap

import drawing
import notes
import verify
from records import Bad, Policy, need, parse_record, sha256, unbase64

KINDS = ["bundle", "record", "entry", "ranking", "receipt", "tree", "policy"]
OUTCOMES = ["0 proven", "3 witness", "3 beacon", "3 drawn"] + ["1 " + s for s in verify.STEPS]


class Vector:
    """name, about, kind, expect; known and given by (chain, round); want and have by key; parts by name."""

    def __init__(self, name, about, kind, expect):
        self.name, self.about, self.kind, self.expect = name, about, kind, expect
        self.known, self.given, self.want, self.have, self.parts = {}, {}, {}, {}, {}


def dump(v):
    """The text of a vector file."""
    out = ["fairlot/v1 vector", "name: " + v.name, "about: " + v.about, "kind: " + v.kind, "expect: " + v.expect]
    for key, rounds in (("known", v.known), ("round", v.given)):
        out += ["%s: %s %d %s" % (key, chain, r, sig) for (chain, r), sig in rounds.items()]
    for key, pairs in (("want", v.want), ("have", v.have)):
        out += ["%s %s: %s" % (key, k, x) for k, x in pairs.items()]
    out.append("")
    for path, body in v.parts.items():
        out.append("--- " + path)
        out += textwrap.wrap(base64.b64encode(body).decode(), 76)
    return "\n".join(out) + "\n"


def load(path):
    """The vector in a file; Bad if the file is not in the one form."""
    with open(path, encoding="utf-8", newline="") as f:
        text = f.read()
    head, sep, tail = text.partition("\n\n")
    lines = head.split("\n")
    need(sep and lines[0] == "fairlot/v1 vector", "not a vector")
    v = Vector("", "", "", "")
    for line in lines[1:]:
        key, sep, value = line.partition(": ")
        need(sep and value, "head line %r" % line)
        if key in ("name", "about", "kind", "expect"):
            need(not getattr(v, key), "%s stands twice" % key)
            setattr(v, key, value)
        elif key in ("known", "round"):
            chain, r, sig = value.split(" ")
            (v.known if key == "known" else v.given)[chain, int(r)] = sig
        else:
            m = re.fullmatch(r"(want|have) ([a-z0-9-]+)", key)
            need(m, "unknown key %r" % key)
            getattr(v, m.group(1))[m.group(2)] = value
    need(v.kind in KINDS and v.expect in (OUTCOMES if v.kind == "bundle" else ["ok", "fail"]), "kind or expect unknown")
    need(os.path.basename(path) == v.name + ".txt", "name is not the file's")
    part = None
    for line in tail.split("\n")[:-1]:
        if line.startswith("--- "):
            part = line[4:]
            need(part not in v.parts, "part %s stands twice" % part)
            v.parts[part] = ""
        else:
            v.parts[part] += line
    v.parts = {p: unbase64(b) for p, b in v.parts.items()}
    need(dump(v) == text, "not in the one form")
    return v


def run(v):
    """(outcome, values): what a vector yields, to be held against its expect and want."""
    if v.kind == "bundle":
        ver = verify.Verifier(v.parts, verify.Beacon(v.known, v.given))
        try:
            outcome = ver.run()
        except verify.Failed as e:
            return "1 " + e.step, ver.values
        return ("0 " if outcome == "proven" else "3 ") + outcome, ver.values
    values = {}
    try:
        globals()["_" + v.kind](v, values)
    except Bad:
        return "fail", values
    return "ok", values


def _record(v, values):
    values["record-hash"] = parse_record(v.parts["record"])["hash"]


def _entry(v, values):
    for part, keys in (("identity", drawing.IDENTITY_KEYS), ("contact", drawing.CONTACT_KEYS)):
        drawing.check_person_text(v.parts[part], keys)
    e = drawing.entrant(bytes.fromhex(v.have["open-hash"]), bytes.fromhex(v.have["s"]), v.parts["identity"], v.parts["contact"])
    values.update({k: b.hex() for k, b in e.items()})
    values["leaf"] = drawing.leaf(e["id"], int(v.have["stratum"]), int(v.have["chances"]), e["person"]).hex()


def _ranking(v, values):
    rec, seed = parse_record(v.parts["open"]), bytes.fromhex(v.have["seed"])
    need(rec["batch"] == int(v.have["batch"]), "batch is not that of open")
    last = b""
    for ident, stratum, chances, _ in drawing.leaves(v.parts["leaves"]):
        need(ident > last and 1 <= stratum <= rec["draws"][0]["strata"] and chances <= rec["chances"], "leaves break step 7")
        last = ident
    text, _ = drawing.ranking(rec["draws"][0], rec["batch"], seed, v.parts["leaves"])
    values["ranking-hash"] = sha256(text).hex()
    values["ranked"] = str(text.count(b"\n"))
    values["audit"] = ",".join(drawing.audit_sample(seed, v.parts["leaves"], rec["audit"]))


def _tree(v, values):
    tree = notes.Tree()
    for _, _, _, leaf in drawing.leaves(v.parts["leaves"]):
        tree.add(leaf)
    values["root"] = tree.root().hex()


def _receipt(v, values):
    values.update({k: x for k, x in notes.check_receipt(v.parts["note"], v.have["vkey"]).items() if k in ("id", "person") and x})


def _policy(v, values):
    names = [n for n in v.have["satisfied"].split(",") if n != "-"]
    values["result"] = "yes" if Policy(v.parts["policy"]).satisfied(names) else "no"


def mismatch(v):
    """Why a vector does not hold, or None."""
    outcome, values = run(v)
    if outcome != v.expect:
        return "%s, expected %s" % (outcome, v.expect)
    for k, want in v.want.items():
        if values.get(k) != want:
            return "%s is %s, expected %s" % (k, values.get(k), want)
    return None


def run_folder(folder):
    """Runs every *.txt in folder; 0 if all hold."""
    passed = failed = 0
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".txt"):
            continue
        try:
            why = mismatch(load(os.path.join(folder, name)))
        except (Bad, ValueError, KeyError) as e:
            why = "unreadable: %s" % e
        passed, failed = passed + (why is None), failed + (why is not None)
        if why:
            print("%s: %s" % (name, why))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0
