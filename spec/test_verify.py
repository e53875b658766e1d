"""Tests of the Python verifier: python3 -m unittest discover -s spec"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)

import bundle
import cases
import ed25519
import evidence
import make_bundles_counts
import statements
import vectors
import verify

FOLDER = os.path.join(ROOT, "draw", "vectors")


def quietly(f, *args):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        return f(*args), out.getvalue()


def vector(name):
    return vectors.load(os.path.join(FOLDER, name + ".txt"))


def write(parts, folder):
    for path, body in parts.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(body)


def archive(parts, path, form=tarfile.USTAR_FORMAT):
    with tarfile.open(path, "w", format=form) as t:
        for name, body in parts:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            t.addfile(info, io.BytesIO(body))


class Test(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def test_ed25519_of_rfc_8032(self):
        for seed, pub, msg, sig in (
                ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
                ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")):
            seed, pub, msg, sig = map(bytes.fromhex, (seed, pub, msg, sig))
            self.assertEqual(ed25519.public(seed), pub)
            self.assertEqual(ed25519.sign(seed, msg), sig)
            self.assertTrue(ed25519.verify(pub, msg, sig))
            self.assertFalse(ed25519.verify(pub, msg + b"x", sig))
            more = int.from_bytes(sig[32:], "little") + ed25519.L
            self.assertFalse(ed25519.verify(pub, msg, sig[:32] + more.to_bytes(32, "little")), "S above L")

    def test_vectors(self):
        code, out = quietly(verify.main, ["--vectors", FOLDER])
        self.assertEqual((code, out.splitlines()[-1].split(", ")[1]), (0, "0 failed"), out)

    def test_vectors_notice_a_wrong_expectation(self):
        v = vector("second-close")
        v.expect = "0 proven"
        with open(os.path.join(self.dir.name, "second-close.txt"), "w", encoding="utf-8", newline="\n") as f:
            f.write(vectors.dump(v))
        self.assertEqual(quietly(verify.main, ["--vectors", self.dir.name])[0], 1)

    def test_generator_writes_the_same_bytes(self):
        import make_bundles_bad
        import make_bundles_good
        import make_keys
        import make_units
        made = {v.name + ".txt": vectors.dump(v) for m in (make_bundles_good, make_bundles_bad, make_units, make_keys) for v in m.all_()}
        for name, text in made.items():
            with open(os.path.join(FOLDER, name), encoding="utf-8", newline="") as f:
                self.assertEqual(f.read(), text, name)

    def test_folder_and_archive(self):
        for name, code, last in (("strata", 0, "verify: ok\n"), ("close-late", 3, "(witness: close not confirmed from outside in time)\n"),
                                 ("second-close", 1, "FAILED at step 6 history: entry 3, close: second close of draw 1\n")):
            parts = vector(name).parts
            folder, tar = os.path.join(self.dir.name, name), os.path.join(self.dir.name, name + ".tar")
            write(parts, folder)
            archive(parts.items(), tar)
            for path in (folder, tar):
                got, out = quietly(verify.main, [path])
                self.assertEqual(got, code, out)
                self.assertTrue(out.endswith(last), out)

    def test_archive_in_another_shape(self):
        items, tar = list(vector("strata").parts.items()), os.path.join(self.dir.name, "b.tar")
        gnu = [("x" * 120, b"")] + items
        for what, parts, form in (("order", items[1:] + items[:1], tarfile.USTAR_FORMAT), ("twice", items + items[-1:], tarfile.USTAR_FORMAT),
                                  ("gnu", items, tarfile.GNU_FORMAT), ("pax", gnu, tarfile.PAX_FORMAT)):
            archive(parts, tar, form)
            code, out = quietly(verify.main, [tar])
            self.assertEqual((code, "step 1 bundle" in out), (1, True), what + ": " + out)
        archive(items, tar)
        with open(tar, "rb") as f:
            whole = f.read()
        for what, body in (("cut", whole[:3000]), ("tail", whole + b"more"), ("no end", whole.rstrip(b"\0"))):
            with open(tar, "wb") as f:
                f.write(body)
            self.assertEqual(quietly(verify.main, [tar])[0], 1, what)

    def test_no_bundle_at_all(self):
        path = os.path.join(self.dir.name, "b.tar")
        for body, code in ((b"", 2), (b"a line\n" * 300, 2), (bytes(257) + b"usta", 2), (bytes(257) + b"ustar", 1)):
            with open(path, "wb") as f:
                f.write(body)
            self.assertEqual(quietly(verify.main, [path])[0], code, body[:300])
        empty = os.path.join(self.dir.name, "empty")
        os.mkdir(empty)
        self.assertEqual(quietly(verify.main, [empty])[0], 2)

    def test_archive_header_by_bytes(self):
        tar = os.path.join(self.dir.name, "b.tar")
        archive(vector("strata").parts.items(), tar)
        with open(tar, "rb") as f:
            whole = f.read()
        size = b"%o" % len(vector("strata").parts["log.bin"])

        def code(at, field, mend=True):
            b = bytearray(whole)
            b[at:at + len(field)] = field
            if mend:
                b[148:156] = b"%06o\0 " % (sum(b[:148]) + sum(b[156:512]) + 8 * 32)
            with open(tar, "wb") as f:
                f.write(b)
            return quietly(verify.main, [tar])[0]
        for field in (size.ljust(12, b"\0"), size.ljust(12), size.zfill(11) + b" ", (size + b" ").ljust(12, b"\0")):
            self.assertEqual(code(124, field), 0, field)
        for field in (size.zfill(12), (b" " + size).ljust(12, b"\0"), (b"+" + size).ljust(12, b"\0"), (b"0o" + size).ljust(12, b"\0"),
                      (size[:1] + b"_" + size[1:]).ljust(12, b"\0"), bytes(12), b"77777777777\0"):
            self.assertEqual(code(124, field), 1, field)
        for at, field in ((8, b"zz"), (156, b"\0"), (257, b"ustar  \0"), (345, b"x"), (346, b"evil"), (499, b"x"),
                          (512 + int(size, 8), b"x")):
            self.assertEqual(code(at, field), 1, (at, field))
        self.assertEqual((code(500, b"x"), code(157, b"x")), (0, 0))
        total = whole[148:154]
        for field, want in ((total + b"  ", 0), (b"0" + total + b"\0", 0), (b"00" + total, 1), (b" " + total + b"\0", 1), (total[:1] + b"_" + total[1:] + b"\0", 1)):
            self.assertEqual(code(148, field, mend=False), want, field)

    def test_link_to_a_folder(self):
        folder = os.path.join(self.dir.name, "b")
        write(vector("strata").parts, folder)
        self.assertEqual(quietly(verify.main, [folder])[0], 0)
        os.symlink(self.dir.name, os.path.join(folder, "x"))
        self.assertEqual(quietly(verify.main, [folder])[0], 1)

    def test_unknown_round_is_said_and_not_proven(self):
        v, folder = vector("other-chain"), os.path.join(self.dir.name, "b")
        write(v.parts, folder)
        code, out = quietly(verify.main, [folder])
        self.assertEqual((code, "verify: ok (signature of round 1000 not checked here" in out), (3, True), out)
        self.assertEqual(quietly(verify.main, [folder, "--assume-beacon"])[0], 3)
        (chain, round_), sig = next((k, s) for k, s in v.known.items() if k[0] != verify.QUICKNET)
        self.assertEqual(quietly(verify.main, [folder, "--known", "%s:%d:%s" % (chain, round_, sig)])[0], 3)

    def test_unknown_round_of_a_dead_beacon(self):
        """What could refute a void and cannot be checked: the void counts, unless it is the draw's own result that step 9 would look at, and nothing is proven."""
        def code(v, *flags):
            with tempfile.TemporaryDirectory() as folder:
                write(v.parts, folder)
                return quietly(verify.main, [folder, *flags])
        chain, never, any_ = verify.QUICKNET, vector("void-beacon-dead"), "%s:1001:%s" % (verify.QUICKNET, "ab" * 48)
        self.assertEqual(code(never)[0], 0)
        got, out = code(never, "--round", any_)
        self.assertEqual((got, "signature of round 1001 not checked here" in out), (3, True), out)
        self.assertEqual(code(never, "--round", any_, "--known", any_)[0], 1)
        v, known = vector("beacon-dead-refuted-by-neighbour"), verify.ROUNDS.pop(1000)
        try:
            self.assertEqual(code(v)[0], 3)
            self.assertEqual(code(v, "--known", "%s:1000:%s" % (chain, known))[0], 1)
            s = make_bundles_counts.drawn_late("beside")
            v.parts = s.bundle()
            got, out = code(v)
            self.assertEqual((got, "not checked here" in out), (3, True), out)
        finally:
            verify.ROUNDS[1000] = known
        self.assertEqual(code(v)[0], 0)

    def test_usage(self):
        with self.assertRaises(SystemExit) as e:
            quietly(verify.main, [])
        self.assertEqual(e.exception.code, 2)
        self.assertEqual(quietly(verify.main, [os.path.join(self.dir.name, "absent.tar")])[0], 2)

    def test_checkers_without_files_write_nothing(self):
        for program in "evidence.py", "statements.py":
            done = subprocess.run([sys.executable, "-B", os.path.join(HERE, program)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, program)
            self.assertIn(program, done.stderr)

    def test_cases(self):
        with open(cases.FILE, encoding="utf-8") as f:
            self.assertEqual(f.read(), cases.file())

    def test_evidence(self):
        with open(evidence.FILE, encoding="utf-8") as f:
            self.assertEqual(f.read(), evidence.file())
        files, folder, path = vector("strata").parts, os.path.join(self.dir.name, "b"), os.path.join(self.dir.name, "evidence.txt")
        for name, expect, data in evidence.vectors():
            try:
                evidence.check(data, files)
                self.assertEqual("holds", expect, name)
            except evidence.No as e:
                self.assertEqual(e.what, expect, name)
        write(files, folder)
        for i, code in ((0, 0), (9, 1)):
            with open(path, "wb") as f:
                f.write(list(evidence.vectors())[i][2])
            self.assertEqual(quietly(evidence.main, [path, folder])[0], code)
        self.assertEqual(quietly(evidence.main, [path, folder + "x"])[0], 2)

    def test_statements(self):
        with open(statements.FILE, encoding="utf-8") as f:
            text = f.read()
        self.assertEqual(text, statements.file())
        parts = [dict(line.split(" ", 1) for line in part.splitlines()) for part in text.split("\n\n")]
        list_, first, second, notifiers = bytes.fromhex(parts[0]["list"]).decode(), *(bytes.fromhex(p["statement"]).decode() for p in parts)
        self.assertIsNone(statements.check(list_, first))
        self.assertIsNone(statements.check(list_, second))
        exchanged = first.rsplit("signature", 1)[0] + "signature" + second.rsplit("signature", 1)[1]
        for bad in (notifiers, exchanged, first[:-1], first.replace("answer ", "answer 0"), first.replace(statements.RECIPIENTS[0], statements.RECIPIENTS[2])):
            self.assertIsNotNone(statements.check(list_, bad))
        self.assertIsNotNone(statements.check(list_.replace("threshold 2", "threshold 1"), first))

    def test_worked_example_of_the_specification(self):
        with open(os.path.join(ROOT, "docs", "SPEC.md"), encoding="utf-8") as f:
            section = f.read().split("\n## 10. ")[1].split("\n## 11. ")[0]
        blocks = re.findall(r"```(\w*)\n(.*?)```", section, re.S)
        shell = "".join(b for lang, b in blocks if lang == "sh")
        python = next(b for lang, b in blocks if lang == "python")
        wanted = re.findall(r"# ([0-9a-f]{64})", shell)
        ranking = next(b for lang, b in blocks if not lang and " alt" in b)
        script = "set -e\n" + shell + "python3 - <<'END'\n" + python + "END\n"
        done = subprocess.run(["sh", "-c", script], cwd=ROOT, env=dict(os.environ, TMPDIR=self.dir.name), capture_output=True, text=True)
        self.assertEqual((done.stdout.split("\n1 1 ")[0].split(), done.stderr), (wanted, ""))
        self.assertTrue(done.stdout.endswith(ranking), done.stdout)


if __name__ == "__main__":
    unittest.main()
