#!/usr/bin/env python3
"""Writes draw/vectors/*.txt. Deterministic: the same program writes the same bytes.

What each vector must yield is stated here by hand, and every file is run through the verifier before it is written.
"""

import os
import sys

import make_bundles_bad
import make_bundles_good
import make_keys
import make_units
import vectors

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "draw", "vectors")


def main():
    made, wrong = {}, 0
    for v in make_bundles_good.all_() + make_bundles_bad.all_() + make_units.all_() + make_keys.all_():
        assert v.name not in made, v.name
        why = vectors.mismatch(v)
        if why:
            print("%s: %s" % (v.name, why))
            wrong += 1
        made[v.name] = vectors.dump(v)
    if wrong:
        return 1
    os.makedirs(FOLDER, exist_ok=True)
    for name, text in made.items():
        with open(os.path.join(FOLDER, name + ".txt"), "w", encoding="utf-8", newline="\n") as f:
            f.write(text)
    print("%d vectors" % len(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
