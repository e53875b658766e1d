#!/usr/bin/env python3
"""Says what many cases come to, so that another verifier can be compared with this one: one JSON object a line on standard
input, one outcome a line on standard output, in the words of a vector's `expect` (SPEC section 11).

A case is {"kind", "parts", "have", "known", "round"}, a vector without its expectations: parts maps paths to base64, have is as
there, known and round are lists of [chain, round, signature in hex]. Kind "archive" has the part "archive", a bundle in one
file; kind "folder" has in have "path", where it lies.
"""

import io
import json
import sys
import traceback

import bundle
import vectors
import verify
from records import Bad, unbase64


def outcome(case):
    v = vectors.Vector("case", "", case["kind"], "")
    v.parts = {path: unbase64(b) for path, b in case["parts"].items()}
    v.have = case["have"] or {}
    for rounds, into in ((case["known"], v.known), (case["round"], v.given)):
        into.update({(chain, n): signature for chain, n, signature in rounds or []})
    try:
        if v.kind == "archive":
            v.kind, v.parts = "bundle", bundle.read_tar(io.BytesIO(v.parts["archive"]))
        elif v.kind == "folder":
            v.kind, v.parts = "bundle", bundle.read(v.have["path"])
    except Bad:
        return "1 bundle"
    return vectors.run(v)[0]


def main():
    for line in sys.stdin:
        try:
            print(outcome(json.loads(line)))
        except Exception:  # a crash is an outcome that no other verifier has
            traceback.print_exc()
            print("crash")
    return 0


if __name__ == "__main__":
    sys.exit(main())
