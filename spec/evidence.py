#!/usr/bin/env python3
"""Evidence that an entry list does not honour a signed receipt (docs/FORMATS.md, section 7), written from that page alone.

    evidence.py EVIDENCE BUNDLE     checks it: status 0 it holds, 1 it does not, 2 usage
    evidence.py --vectors           writes verify/testdata/evidence.txt: what a program must come to on the bundle of the vector `strata`
"""

import os
import re
import sys

import bundle as bundles
import drawing
import verify
from notes import Checkpoint, Tree, check_receipt, sign_note, split_note
from records import Bad, need, sha256

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE = os.path.join(ROOT, "verify", "testdata", "evidence.txt")
with open(os.path.join(ROOT, "verify", "evidence.txt"), "rb") as words:
    WORDS = words.read()
MOST = 77824


class No(Exception):
    """The evidence does not hold; what is a word of the vectors."""

    def __init__(self, what, why):
        super().__init__(why)
        self.what = what


def text(finding, draw, open_, close, receipt, checkpoint, bundle=None):
    head = "fairlot/v1 evidence\nfinding %s\ndraw %d\nopen %s\nclose %s\n" % (finding, draw, open_, close)
    head += "bundle %s\n" % bundle if bundle else ""
    return head.encode() + b"\n" + WORDS + b"\n--- receipt\n" + receipt + b"\n--- checkpoint\n" + checkpoint


FORM = re.compile(rb"fairlot/v1 evidence\nfinding (missing|person|stratum|chances)\ndraw ([1-9][0-9]?)\nopen ([0-9a-f]{64})\nclose ([0-9a-f]{64})\n"
                  rb"(?:bundle https?://[!-?A-~]{1,1000}\n)?\n" + re.escape(WORDS) + rb"\n--- receipt\n(fairlot/v1 receipt\n.*?)\n--- checkpoint\n(.*)", re.DOTALL)


def check(data, files):
    """Raises No unless the evidence is true of a bundle, given as its files by name. The bundle itself must verify."""
    m = FORM.fullmatch(data)
    if not m or len(data) > MOST:
        raise No("altered", "not in the one form of evidence")
    finding, draw, open_, close = m[1].decode(), int(m[2]), m[3].decode(), m[4].decode()
    v = verify.Verifier(files, verify.Beacon(lenient=True))
    v.run()
    if open_ != v.open["hash"]:
        raise No("other", "of another campaign than the bundle")
    try:
        r = check_receipt(m[5], v.open["receipt"].text)
    except Bad as e:
        raise No("receipt", str(e))
    if r["open"] != open_:
        raise No("other", "the receipt is of another campaign")
    try:
        at = Checkpoint(m[6], v.open["log"], v.policy)
        need(len(split_note(m[6])[1]) == 1, "checkpoint has more signatures than the log's")
    except Bad as e:
        raise No("altered", str(e))
    if at.size > len(v.raw):
        raise No("older", "the bundle is older")
    tree = Tree()
    for body in v.raw[:at.size]:
        tree.add(body)
    if tree.root() != at.root:
        raise No("rewritten", "the log was rewritten")
    d = v.draws.get(draw)
    if not d or not d.close or d.close["hash"] != close or d.close_at >= at.size:
        raise No("altered", "the checkpoint covers no such close record")
    for n, d in sorted(v.draws.items()):  # the first draw that contradicts
        found = contradiction(r, files["draw/%d/entrants.bin" % n]) if d.close else None
        if found:
            if (n, found) != (draw, finding):
                raise No("altered", "what is wrong is %s in draw %d" % (found, n))
            return
    raise No("honoured", "the list honours the receipt")


def contradiction(r, entrants):
    for ident, stratum, chances, leaf in drawing.leaves(entrants):
        if ident.hex() == r["id"]:
            if leaf[20:].hex() != r["person"]:
                return "person"
            if stratum != r["stratum"]:
                return "stratum"
            return "chances" if chances and r["chances"] and chances != r["chances"] else None
    return "missing"


def vectors():
    import scene
    import vectors as all_
    files = all_.load(os.path.join(ROOT, "draw", "vectors", "strata.txt")).parts
    v = verify.Verifier(files, verify.Beacon(lenient=True))
    v.run()
    ident, stratum, chances, leaf = next(drawing.leaves(files["draw/1/entrants.bin"]))
    open_, close, key = v.open["hash"], v.draws[1].close["hash"], scene.ORIGIN + "/receipt"

    def receipt(ident=ident.hex(), person=leaf[20:].hex(), stratum=stratum, chances="chances %d\n" % chances, open_=open_, signer=key):
        body = ("fairlot/v1 receipt\nopen %s\nid %s\nperson %s\nstratum %d\n%s" % (open_, ident, person, stratum, chances)).encode()
        return body + b"\n" + sign_note(body, key, 1, scene.secret(signer))

    def checkpoint(size=len(v.raw), edit=lambda root: root, signer=scene.ORIGIN, more=b""):
        tree = Tree()
        for body in (v.raw + [b"more"])[:size]:
            tree.add(body)
        body = ("%s\n%d\n%s\n" % (scene.ORIGIN, size, scene.base64.b64encode(edit(tree.root())).decode())).encode()
        return body + b"\n" + sign_note(body, scene.ORIGIN, 1, scene.secret(signer)) + more

    gone, other = "00" * 16, "11" * 32
    missing = dict(finding="missing", draw=1, open_=open_, close=close, receipt=receipt(gone), checkpoint=checkpoint())

    def of(**change):
        return text(**{**missing, **change})

    good = of()
    cosigned = sign_note(b"x", "custodian-1.example.org", 4, scene.secret("custodian-1.example.org"), scene.IN_TIME)
    yield from (
        ("missing", "holds", good),
        ("person", "holds", of(finding="person", receipt=receipt(person=other))),
        ("stratum", "holds", of(finding="stratum", receipt=receipt(stratum=stratum % 2 + 1))),
        ("chances", "holds", of(finding="chances", receipt=receipt(chances="chances 2\n"))),
        ("missing-without-chances", "holds", of(receipt=receipt(gone, chances=""))),
        ("with-address", "holds", of(bundle="https://library.example/bundles/00.tar")),
        ("close-is-the-newest-record", "holds", of(checkpoint=checkpoint(v.draws[1].close_at + 1))),
        ("honoured", "honoured", of(receipt=receipt())),
        ("honoured-without-chances", "honoured", of(receipt=receipt(chances=""))),
        ("another-finding", "altered", of(finding="person")),
        ("unknown-finding", "altered", of(finding="luck")),
        ("another-draw", "altered", of(draw=2)),
        ("draw-0", "altered", of(draw=0)),
        ("draw-with-zero", "altered", good.replace(b"\ndraw 1\n", b"\ndraw 01\n")),
        ("another-campaign", "other", of(open_=other)),
        ("receipt-of-another-campaign", "other", of(receipt=receipt(gone, open_=other))),
        ("another-close", "altered", of(close=other)),
        ("checkpoint-before-the-close", "altered", of(checkpoint=checkpoint(v.draws[1].close_at))),
        ("newer-than-the-bundle", "older", of(checkpoint=checkpoint(len(v.raw) + 1))),
        ("another-log", "rewritten", of(checkpoint=checkpoint(edit=lambda root: sha256(root)))),
        ("checkpoint-by-another-key", "altered", of(checkpoint=checkpoint(signer="stranger.example.org"))),
        ("checkpoint-with-a-cosignature", "altered", of(checkpoint=checkpoint(more=cosigned))),
        ("receipt-by-another-key", "receipt", of(receipt=receipt(gone, signer=scene.ORIGIN))),
        ("receipt-changed", "receipt", of(receipt=receipt(gone).replace(b"\nchances 1\n", b"\nchances 2\n"))),
        ("saved-copy", "altered", of(receipt=b"fairlot/v1 saved receipt\ns " + other.encode() + b"\n\n" + receipt(gone))),
        ("words-changed", "altered", good.replace(b"Do not hand over", b"Hand over")),
        ("password-in-the-address", "altered", of(bundle="https://who:what@library.example/bundles/00.tar")),
        ("another-scheme", "altered", of(bundle="file:///bundle.tar")),
        ("key-twice", "altered", good.replace(b"\ndraw 1\n", b"\ndraw 1\ndraw 1\n")),
        ("order", "altered", good.replace(b"finding missing\ndraw 1\n", b"draw 1\nfinding missing\n")),
        ("carriage-returns", "altered", good.replace(b"\n", b"\r\n")),
        ("cut", "altered", good[:-1]),
        ("something-behind", "altered", good + b"\n"),
        ("another-version", "altered", good.replace(b"fairlot/v1 evidence", b"fairlot/v2 evidence")),
        ("empty", "altered", b""),
    )


def file():
    return "\n".join("name %s\nexpect %s\nevidence %s\n" % (name, expect, data.hex().replace(WORDS.hex(), "WORDS") or "-") for name, expect, data in vectors())


def main(argv):
    if argv == ["--vectors"]:
        os.makedirs(os.path.dirname(FILE), exist_ok=True)
        with open(FILE, "w", encoding="utf-8", newline="\n") as f:
            f.write(file())
        return 0
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(argv[0], "rb") as f:
            data = f.read(MOST + 1)
        files = bundles.read(argv[1])
        check(data, files)
    except OSError as e:
        print("evidence: %s" % e, file=sys.stderr)
        return 2
    except (No, Bad, verify.Failed) as e:
        print("evidence: does not hold: %s" % e)
        return 1
    print("evidence: holds")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
