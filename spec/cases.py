"""Texts of cases, their hash of whom they name and their mark (docs/FORMATS.md, Cases), written from that page alone.

python3 spec/cases.py writes crypto/custody/testdata/cases.txt: what a program must come to."""

import hashlib
import os

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE = os.path.join(ROOT, "crypto", "custody", "testdata", "cases.txt")


def named(salt, ids):
    return hashlib.sha256(b"fairlot/v1 case\n" + salt + b"".join(sorted(ids))).hexdigest() if ids else "none"


def text(campaign, slug, case, kind, ground, reference, salt, ids, requester, expires, opens=(), notifier=0, hold=False):
    lines = ["fairlot/v1 approval", "kind case", "campaign " + campaign.hex(), "slug " + slug, "case " + case.hex(), "case-kind " + kind, "ground " + ground,
             "reference " + reference, "count %d" % len(ids), "named " + named(salt, ids), "requester " + requester, "expires " + expires]
    lines += ["opens " + k for k in ("identity", "contact") if k in opens]
    lines += ["notifier %d" % notifier] if notifier else []
    lines += ["hold yes"] if hold else []
    return "\n".join(lines) + "\n"


def mark(body):
    return hashlib.sha256(body.encode()).digest()[:16]


def vectors():
    def some(word, n):
        return hashlib.sha256(word.encode()).digest()[:n]
    ids = [some("entrant %d" % i, 16) for i in range(3)]
    common = dict(campaign=some("campaign", 16), slug="autumn-reading", salt=some("salt", 16), requester="0123456789abcdef", expires="2026-12-12T04:00:00Z")
    for purpose, v in (
        ("court", dict(case=some("a", 16), kind="court", ground="judicial", reference="臺北地檢署 115 偵 1", ids=ids[:1], opens=("identity", "contact"), notifier=1)),
        ("court", dict(case=some("b", 16), kind="court", ground="violation", reference="115-1", ids=ids, hold=True)),
        ("breach", dict(case=some("c", 16), kind="breach", ground="others-rights", reference="個人資料保護法第12條", ids=ids[1:], opens=("contact",), notifier=2)),
        ("person", dict(case=some("d", 16), kind="access", ground="consent", reference="個人資料保護法第10條", ids=ids[2:], opens=("identity",), notifier=9)),
        ("person", dict(case=some("e", 16), kind="erasure", ground="consent", reference="個人資料保護法第11條", ids=[])),
    ):
        body = text(**common, **v)
        yield body, purpose, common["salt"], sorted(v["ids"]), mark(body)


def file():
    out = []
    for body, purpose, salt, ids, m in vectors():
        out.append("text %s\npurpose %s\nsalt %s\nids %s\nmark %s\n" % (body.encode().hex(), purpose, salt.hex(), ",".join(i.hex() for i in ids) or "-", m.hex()))
    return "\n".join(out)


if __name__ == "__main__":
    with open(FILE, "w", encoding="utf-8") as f:
        f.write(file())
