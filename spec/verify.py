#!/usr/bin/env python3
"""An independent verifier of Fairlot draws, written from docs/SPEC.md alone, with Python's standard library only.

    verify.py BUNDLE [--known CHAIN:ROUND:SIG]… [--round CHAIN:ROUND:SIG]… [--assume-beacon]
    verify.py --vectors FOLDER

BUNDLE is a folder or a ustar archive. There is no BLS here: a round's signature is taken as given, from --known (checked by
whoever passes it) or from the six quicknet rounds below. A round that is not
known ends with status 3, the signature unchecked, unless --assume-beacon says that somebody checked it.
--round hands over a signature that refutes a void as beacon-dead. Unlike the main verifier it holds the bundle in memory.

Exit status: 0 proven, 3 computed correctly but not proven, 1 failed, 2 usage.
"""

import argparse
import sys

import bundle as bundles
import drawing
from notes import Checkpoint, Tree
from records import Bad, Policy, need, parse_record, parse_rules, sha256

STEPS = ["bundle", "record", "files", "log", "open", "history", "entrants", "root", "beacon", "seed", "ranking", "replace", "opened"]
QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
QUICKNET_PERIOD, QUICKNET_GENESIS = 3, 1692803367
QUICKNET_KEY = ("83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
                "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a")
ROUNDS = {
    1: "b55e7cb2d5c613ee0b2e28d6750aabbb78c39dcc96bd9d38c2c2e12198df95571de8e8e402a0cc48871c7089a2b3af4b",
    2: "b6b6a585449b66eb12e875b64fcbab3799861a00e4dbf092d99e969a5eac57dd3f798acf61e705fe4f093db926626807",
    3: "b3fab6df720b68cc47175f2c777e86d84187caab5770906f515ff1099cb01e4deaa027075d860823e49477b93c72bd64",
    100: "a4a4ff2320c23471a4bf9540ee5fc68e4c6a750dc89fd8bbeb9ba56e0708673b2d285461388f14537332492726efd282",
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    12040883: "929906c959032ab363c9f26570d215d66f5c06cb0c44fe508c12bb5839f04ec895bb6868e5b9ff13ab289bdb5266b394",
}


class Failed(Exception):
    """Verification failed at a step."""

    def __init__(self, step, why):
        super().__init__("FAILED at step %d %s: %s" % (STEPS.index(step) + 1, step, why))
        self.step = step


class Beacon:
    """What is known of round signatures: known and given map (chain, round) to hex."""

    def __init__(self, known=None, given=None, assume=False, lenient=False):
        self.known = {(QUICKNET, r): s for r, s in ROUNDS.items()}
        self.known.update(known or {})
        self.given, self.assume, self.lenient = given or {}, assume, lenient
        self.unchecked = set()  # rounds whose signature was passed over, being lenient

    def check(self, chain, round_, signature):
        """Raises Bad unless signature is that of the round, as far as is known."""
        want = self.known.get((chain, round_))
        if want is None and self.lenient and not self.assume:
            self.unchecked.add(round_)
        elif want is None:
            need(self.assume, "signature of round %d is not known here and cannot be checked" % round_)
        else:
            need(signature == want, "signature is not that of round %d" % round_)

    def refutes(self, chain, round_, in_log, own=None):
        """Whether a signature of the round is at hand: given from outside, or one of those in the log. own is that of the draw's result: step 9 looks at it."""
        if (chain, round_) not in self.known and self.lenient and not self.assume:
            maybe = in_log - set(self.known.values())  # those are of other rounds
            if maybe or (chain, round_) in self.given:
                self.unchecked.add(round_)
            return own in maybe
        if (chain, round_) in self.given:
            s = self.given[chain, round_]
            if (chain, round_) in self.known or not self.assume:
                need((chain, round_) in self.known, "signature given for round %d cannot be checked" % round_)
            if self.known.get((chain, round_), s) == s:
                return True
        return self.known.get((chain, round_)) in in_log


class Draw:
    """One draw of the campaign as the log leaves it."""

    def __init__(self, group):
        self.group, self.round = group, group["round"]
        self.close = self.close_at = self.result = self.result_at = None
        self.voids, self.replaces, self.opened, self.void = [], [], [], False

    def time(self, round_=None):
        _, _, period, genesis, _ = self.group["beacon"]
        return genesis + ((round_ or self.round) - 1) * period

    def deadline(self):
        return self.time() - self.group["margin"]


class Verifier:
    """Runs the steps of SPEC section 9 over the files of a bundle; values collects what was computed."""

    def __init__(self, files, beacon, say=lambda line: None):
        self.files, self.beacon, self.say, self.values = files, beacon, say, {}

    def run(self):
        """proven, witness, beacon or drawn; raises Failed."""
        self._step("bundle", bundles.check, self.files)
        self._step("record", self.read_log)
        self._step("files", self.find_campaign)
        self._step("log", self.read_checkpoints)
        self._step("open", self.check_open)
        self._step("history", self.read_history)
        self._step("bundle", self.check_draw_files)
        for n, d in sorted(self.draws.items()):
            if d.close:
                self._step("entrants", self.check_entrants, n, d)
                self._step("root", self.check_root, n, d)
            if d.result:
                self._step("beacon", self.beacon.check, d.group["beacon"][0], d.round, d.result["signature"])
                self._step("seed", self.check_seed, n, d)
                self._step("ranking", self.check_ranking, n, d)
                self._step("replace", self.check_replaces, d)
                self._step("opened", self.check_opened, d)
        return self.outcome()

    def _step(self, name, act, *args):
        try:
            act(*args)
        except Bad as e:
            raise Failed(name, str(e))
        at = " of draw %d" % args[0] if args and isinstance(args[0], int) else ""
        self.say("%d %s%s: ok" % (STEPS.index(name) + 1, name, at))

    def read_log(self):
        log, at, self.log, self.raw = self.files["log.bin"], 0, [], []
        while at < len(log):
            n = int.from_bytes(log[at:at + 2], "big")
            body = log[at + 2:at + 2 + n]
            need(at + 2 + n <= len(log), "log.bin ends in the middle of entry %d" % len(self.log))
            try:
                self.log.append(parse_record(body, len(self.log)))
            except Bad as e:
                raise Bad("entry %d: %s" % (len(self.log), e))
            self.raw.append(body)
            at += 2 + n

    def find_campaign(self):
        blobs = {n[6:]: b for n, b in self.files.items() if n.startswith("files/")}
        for name, b in blobs.items():
            need(sha256(b).hex() == name, "files/%s is not its SHA-256" % name)
        rules = [b for b in blobs.values() if b.startswith(b"fairlot/v1 rules\n")]
        need(len(rules) == 1, "%d of files/ are rules files" % len(rules))
        campaign = parse_rules(rules[0])
        opens = [i for i, r in enumerate(self.log) if r["kind"] == "open" and r["campaign"] == campaign]
        need(len(opens) == 1, "the campaign is opened %d times" % len(opens))
        self.open_at = opens[0]
        self.open = self.log[self.open_at]
        need({self.open[k] for k in ("rules", "notice", "policy")} == set(blobs), "open names other files")
        need(sha256(rules[0]).hex() == self.open["rules"], "open names another rules file")
        self.policy = Policy(blobs[self.open["policy"]])
        self.values["open-hash"] = self.open["hash"]

    def read_checkpoints(self):
        self.checkpoints = []
        named = {int(n.split("/")[1]): b for n, b in self.files.items() if n.startswith("checkpoints/")}
        for size, body in named.items():
            try:
                c = Checkpoint(body, self.open["log"], self.policy)
                need(c.size == size, "size is %d" % c.size)
                need(size <= len(self.raw), "covers more than the log")
            except Bad as e:
                raise Bad("checkpoints/%d: %s" % (size, e))
            self.checkpoints.append(c)
        tree, roots = Tree(), {}
        roots[0] = tree.root()
        for body in self.raw:
            tree.add(body)
            if tree.size in named:
                roots[tree.size] = tree.root()
        for c in self.checkpoints:
            need(roots[c.size] == c.root, "checkpoints/%d: root is not that of the log" % c.size)
        need(len(self.raw) in named, "no checkpoint covers the whole log")

    def check_open(self):
        need(self.policy.log.text == self.open["log"].text, "policy's log is not that of open")
        for g in self.open["draws"]:
            d = Draw(g)
            need(d.deadline() >= self.open["objections-end"], "draw %d: round comes before objections end" % g["draw"])
            chain, _, period, genesis, key = g["beacon"]
            if chain == QUICKNET:
                need((period, genesis, key) == (QUICKNET_PERIOD, QUICKNET_GENESIS, QUICKNET_KEY), "draw %d: quicknet's constants altered" % g["draw"])

    def cosigned(self, index, ok, until=None):
        """Whether the policy is satisfied by witnesses with a cosignature over the record at index whose time is ok; of checkpoints that do not cover `until`, if that is given."""
        return self.policy.satisfied({w for c in self.checkpoints if c.size > index and (until is None or c.size <= until)
                                      for w, times in c.times.items() if any(map(ok, times))})

    def read_history(self):
        self.draws = {g["draw"]: Draw(g) for g in self.open["draws"]}
        audits = [r for r in self.log if r["kind"] == "audit"]
        for before, after in zip(audits, audits[1:]):
            need(before["day"] < after["day"], "audit of %s after that of %s" % (after["day"], before["day"]))
            need(before["count"] < after["count"], "audit of %s counts no more acts than the one before" % after["day"])
        for i, r in enumerate(self.log):
            if r.get("open") != self.open["hash"]:
                continue
            try:
                need(i > self.open_at, "comes before its open")
                if r["draw"] is not None:
                    need(r["draw"] in self.draws, "draw %d does not exist" % r["draw"])
                    self.read_draw_record(i, r, self.draws[r["draw"]])
            except Bad as e:
                raise Bad("entry %d, %s: %s" % (i, r["kind"], e))
        for n, d in self.draws.items():
            counted = [self.void_counts(i, v, d) for i, v in d.voids]
            d.void = any(counted)
            need(d.result or d.void or not d.voids, "draw %d: void does not count" % n)
            need(not (d.result and d.void), "draw %d: result beside a void that counts" % n)

    def read_draw_record(self, i, r, d):
        kind = r["kind"]
        if kind == "amend":
            need(not d.result, "amended after the result")
            if r["round"] > d.round and self.cosigned(i, lambda t: t <= d.deadline()):
                d.round = r["round"]
        elif kind == "close":
            need(not d.close, "second close of draw %d" % r["draw"])
            d.close, d.close_at = r, i
        elif kind == "void":
            d.voids.append((i, r))
        elif kind == "result":
            need(d.close, "result before close")
            need(not d.result, "second result of draw %d" % r["draw"])
            d.result, d.result_at = r, i
        elif kind == "replace":
            need(d.result, "before the result")
            d.replaces.append((i, r))
        else:
            need(d.result, "before the result")
            d.opened.append(r)

    def in_time(self, i, d):
        """Whether the record at i is cosigned in time."""
        return self.cosigned(i, lambda t: t <= d.deadline())

    def void_counts(self, i, v, d):
        if self.in_time(i, d):
            return True
        if not self.dead(i, v, d):
            return False
        in_log = {r["signature"] for r in self.log if r["kind"] == "result"}
        return not self.beacon.refutes(d.group["beacon"][0], d.round, in_log, d.result and d.result["signature"])

    def dead(self, i, v, d, until=None):
        """Whether a void would count as beacon-dead if no signature of the round were known."""
        since = d.time() + 86400 * d.group["dead-days"]
        return v["reason"] == "beacon-dead" and self.cosigned(i, lambda t: t >= since, until)

    def settled(self, d, at):
        """Whether draw d had its result, or was void, when the log came to entry `at`: no signature that comes to be known later changes the answer."""
        if d.result and d.result_at < at:
            return True
        return any(i < at and (self.in_time(i, d) or self.dead(i, v, d, at)) for i, v in d.voids)

    def check_draw_files(self):
        due = {"draw/%d/entrants.bin" % n for n, d in self.draws.items() if d.close}
        due |= {"draw/%d/ranking.txt" % n for n, d in self.draws.items() if d.result}
        have = {n for n in self.files if n.startswith("draw/")}
        need(due <= have, "%s is missing" % ", ".join(sorted(due - have)))
        need(have <= due, "%s does not belong here" % ", ".join(sorted(have - due)))

    def earlier_winners(self, n, d):
        """The ids that are out of draw n: who held a seat of an earlier draw when the log came to the close of this one."""
        ids = set()
        if d.group["earlier-winners"] == "in":
            return ids
        for e in (self.draws[m] for m in range(1, n)):
            need(self.settled(e, d.close_at), "closed before draw %d had its result or was void" % e.group["draw"])
            if not e.result or e.result_at > d.close_at:
                continue
            seats = drawing.Seats(e.held, e.group["vacated"] == "forfeit")
            for i, r in e.replaces:
                if i < d.close_at:
                    seats.replace(r["stratum"], r["vacated"], r["next"])
            lines = (line.split(" ") for line in self.files["draw/%d/ranking.txt" % e.group["draw"]].decode().splitlines())
            ids |= {bytes.fromhex(ident) for stratum, rank, ident, _, _ in lines if int(rank) in seats.holders[int(stratum)]}
        return ids

    def check_entrants(self, n, d):
        count = zero = won = 0
        last, out = b"", self.earlier_winners(n, d)
        for ident, stratum, chances, _ in drawing.leaves(self.files["draw/%d/entrants.bin" % n]):
            need(ident > last, "leaf %d is not in ascending order of ids" % count)
            need(1 <= stratum <= d.group["strata"], "leaf %d is of stratum %d" % (count, stratum))
            need(chances <= self.open["chances"], "leaf %d has %d chances" % (count, chances))
            need(chances == 0 or ident not in out, "leaf %d has chances and won an earlier draw" % count)
            last, count, zero, won = ident, count + 1, zero + (chances == 0), won + (ident in out)
        close, register = d.close, self.open["register"]
        need(count == close["entrants"], "%d leaves, %d entrants in close" % (count, close["entrants"]))
        need(zero == sum(c for _, c in close["zero"]), "%d leaves with chances 0, close counts otherwise" % zero)
        need(won == dict(close["zero"]).get("won-earlier", 0), "%d leaves of earlier winners, close counts otherwise" % won)
        need(sum(c for _, c in close["days"]) == count, "the days' counts do not add up to the entrants")
        need(register is None or count - zero <= register, "more leaves with chances than the register has persons")

    def check_root(self, n, d):
        tree = Tree()
        for _, _, _, leaf in drawing.leaves(self.files["draw/%d/entrants.bin" % n]):
            tree.add(leaf)
        self.values["draw-%d-root" % n] = tree.root().hex()
        need(tree.root().hex() == d.close["root"], "root is %s" % tree.root().hex())

    def check_seed(self, n, d):
        need(d.result["close"] == d.close["hash"], "result names another close")
        seed = drawing.seed(bytes.fromhex(d.close["hash"]), bytes.fromhex(d.result["signature"]))
        self.values["draw-%d-seed" % n] = seed.hex()
        need(seed.hex() == d.result["seed"], "seed is %s" % seed.hex())

    def check_ranking(self, n, d):
        text, d.held = drawing.ranking(d.group, self.open["batch"], bytes.fromhex(d.result["seed"]), self.files["draw/%d/entrants.bin" % n])
        self.values["draw-%d-ranking-hash" % n] = sha256(text).hex()
        need(text == self.files["draw/%d/ranking.txt" % n], "ranking.txt is not the ranking")
        need(sha256(text).hex() == d.result["ranking"], "result names another ranking")
        need(text.count(b"\n") == d.result["ranked"], "ranking has %d lines" % text.count(b"\n"))

    def check_replaces(self, d):
        d.seats = drawing.Seats(d.held, d.group["vacated"] == "forfeit")
        for _, r in d.replaces:
            d.seats.replace(r["stratum"], r["vacated"], r["next"])

    def check_opened(self, d):
        seats = sum(taken for taken, _ in d.held.values()) + d.seats.called
        for purpose, most in (("notice", seats), ("tax", seats), ("claim", seats), ("audit", self.open["audit"])):
            count = sum(r["count"] for r in d.opened if r["purpose"] == purpose)
            need(count <= most, "%d opened for %s, at most %d may be" % (count, purpose, most))

    def outcome(self):
        draws = self.draws.values()
        live = [d for d in draws if not d.void]
        if not draws or any(not d.result for d in live):
            return "drawn"
        if any(not self.cosigned(d.close_at, lambda t, d=d: t <= d.deadline()) for d in live):
            return "witness"
        if any(d.group["beacon"][0] != QUICKNET for d in live):
            return "beacon"
        return "proven"


REASONS = {"drawn": "not drawn yet", "witness": "close not confirmed from outside in time", "beacon": "not on the pinned quicknet chain"}


def round_flag(v):
    p = v.split(":")
    if len(p) != 3 or not p[1].isdigit():
        raise argparse.ArgumentTypeError("CHAIN:ROUND:SIG")
    return (p[0], int(p[1])), p[2]


def main(argv):
    ap = argparse.ArgumentParser(description="verify a Fairlot bundle, written from docs/SPEC.md alone")
    ap.add_argument("bundle", nargs="?")
    ap.add_argument("--vectors", metavar="FOLDER", help="run the vectors of a folder instead")
    ap.add_argument("--known", action="append", type=round_flag, default=[], metavar="CHAIN:ROUND:SIG",
                    help="the true signature of a round, in hex, from a relay that you trust; may repeat")
    ap.add_argument("--round", action="append", type=round_flag, default=[], metavar="CHAIN:ROUND:SIG",
                    help="a signature found outside the bundle, against a draw that was declared void because the beacon was dead; may repeat")
    ap.add_argument("--assume-beacon", action="store_true", help="take unknown signatures for checked: somebody else did it")
    a = ap.parse_args(argv)
    if bool(a.bundle) == bool(a.vectors):
        ap.error("give a bundle or --vectors")
    if a.vectors:
        import vectors
        return vectors.run_folder(a.vectors)
    try:
        try:
            files = bundles.read(a.bundle)
        except (Bad, ValueError) as e:
            raise Failed("bundle", str(e))
        beacon = Beacon(dict(a.known), dict(a.round), a.assume_beacon, lenient=True)
        outcome = Verifier(files, beacon, print).run()
    except Failed as e:
        print("verify: %s" % e)
        return 1
    except OSError as e:
        print("verify: %s" % e, file=sys.stderr)
        return 2
    if beacon.unchecked:
        print("verify: ok (signature of round %s not checked here: give it with --known, or run `fairlot verify`)" % ", ".join(map(str, sorted(beacon.unchecked))))
        return 3
    print("verify: ok" + (" (%s: %s)" % (outcome, REASONS[outcome]) if outcome != "proven" else ""))
    return 0 if outcome == "proven" else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
