"""Builds the logs and bundles of the vectors: deterministic keys, campaigns, checkpoints. For make_vectors.py only."""

import base64
import collections
import struct

import bundle
import drawing
import ed25519
import notes
import verify
from records import parse_record, sha256

ORIGIN = "log.example.org/fairlot"
WITNESSES = ["custodian-1", "custodian-2", "city"]
NOON = 1692792000        # 2023-08-23T12:00:00Z, entries-end
IN_TIME = 1692799200     # 14:00:00Z, before the deadline of round 1000 (14:59:24Z)
DEADLINE = 1692802764    # time(1000) − 3600
LATE = DEADLINE + 1
DEAD = 1692806364 + 86400 * 30   # time(1000) + dead-days
FAR = 12040883           # a round of October 2024
FAR_DEADLINE = 1728926013 - 3600
OTHER_CHAIN = sha256(b"another chain").hex()


def secret(name):
    return sha256(b"fairlot vectors key " + name.encode())


def vkey(name, algorithm):
    k = bytes([algorithm]) + ed25519.public(secret(name))
    return "%s+%s+%s" % (name, sha256(name.encode(), b"\n", k)[:4].hex(), base64.b64encode(k).decode())


LOG_VKEY = vkey(ORIGIN, 1)
RECEIPT_VKEY = vkey(ORIGIN + "/receipt", 1)
WITNESS_VKEY = {w: vkey(w + ".example.org", 4) for w in WITNESSES + ["stranger"]}
POLICY = "log %s\n" % LOG_VKEY + "".join("witness %s %s\n" % (w, WITNESS_VKEY[w]) for w in WITNESSES) + \
    "group two-of-three 2 custodian-1 custodian-2 city\nquorum two-of-three\n"
NOTICE = "What happens to your data: see the rules.\r\nAny bytes may stand here.\n"


def draw(n=1, strata=1, tiers=((1, 1, 2),), proportional=None, alternates=3, vacated="replace", margin=3600, dead=30,
         beacon=None, round_=1000, earlier="in"):
    """One draw group of an open record."""
    seats = ["proportional %d" % proportional] if proportional else ["tier %d %d %d" % t for t in tiers]
    beacon = beacon or "%s bls-unchained-g1-rfc9380 %d %d %s" % (
        verify.QUICKNET, verify.QUICKNET_PERIOD, verify.QUICKNET_GENESIS, verify.QUICKNET_KEY)
    return ["draw %d" % n, "strata %d" % strata] + seats + [
        "alternates %d" % alternates, "claim-days 14", "earlier-winners " + earlier, "vacated " + vacated,
        "margin %d" % margin, "dead-days %d" % dead, "beacon " + beacon, "round %d" % round_]


class Scene:
    """A log under construction, one campaign of it being the bundle's."""

    def __init__(self, label, draws=None, custodians=2, register=None, chances=5, batch=1, excluded=None, audit=0,
                 policy=POLICY, notice=NOTICE, objections="2023-08-23T13:00:00Z", rules=None, edit=None, before=()):
        self.label, self.log, self.cps, self.draw_files, self.want = label, list(before), {}, {}, {}
        campaign = sha256(b"campaign " + label.encode()).hex()[:32]
        self.rules = rules or "fairlot/v1 rules\ncampaign %s\ntitle Prize draw “%s”\ntier-1 Książka\n" % (campaign, label)
        self.files = [self.rules.encode(), notice.encode(), policy.encode()]
        draws = [draw()] if draws is None else draws
        lines = ["fairlot/v1 open", "campaign " + campaign, "log " + LOG_VKEY, "receipt " + RECEIPT_VKEY,
                 "institution City of Łódź", "zone Europe/Warsaw"]
        lines += ["%s %s" % (k, sha256(f).hex()) for k, f in zip(("rules", "notice", "policy"), self.files)]
        for i in range(1, custodians + 1):
            lines.append("custodian %d age1%s %s" % (i, secret("r%d" % i).hex(), WITNESS_VKEY["custodian-%d" % i]))
        lines.append("threshold %d" % custodians)
        lines += ["notifier 1 age1%s" % secret("notifier").hex()] if draws else []
        lines.append("proof token")
        lines += ["register %d" % register] if register else []
        lines += ["chances %d" % chances, "batch %d" % batch, "entries-end 2023-08-23T12:00:00Z", "objections-end " + objections]
        lines += ["excluded " + excluded] if excluded else []
        lines += ["audit %d" % audit] + [line for d in draws for line in d]
        text = "\n".join(lines) + "\n"
        self.open_text = (edit(text) if edit else text).encode()
        self.open_hash = sha256(self.open_text)
        self.log.append(self.open_text)
        try:
            self.open = parse_record(self.open_text)
        except Exception:
            self.open = None  # a vector whose open record is broken

    def record(self, kind, *lines, n=None):
        """Appends a record of the campaign and returns its index."""
        head = ["fairlot/v1 " + kind, "open " + self.open_hash.hex()] + (["draw %d" % n] if n else [])
        self.log.append(("\n".join(head + list(lines)) + "\n").encode())
        return len(self.log) - 1

    def audit(self, day, count):
        """Appends a head of the audit trail."""
        self.log.append(("fairlot/v1 audit\nday %s\ncount %d\nhead %s\n" % (day, count, sha256(b"act %d" % count).hex())).encode())

    def entrant(self, i):
        return drawing.entrant(self.open_hash, sha256(b"s %d of " % i + self.label.encode()),
                               b"name Entrant %d\nid-type card\nid-number %06d\n" % (i, i), b"lang pl\nphone +4860000%04d\n" % i)

    def people_in_order(self, chances, strata=None):
        """Leaves, one an element of chances; strata of the same length, or all 1."""
        out = []
        for i, c in enumerate(chances):
            e = self.entrant(i)
            out.append(drawing.leaf(e["id"], strata[i] if strata else 1, c, e["person"]))
        return out

    def people(self, chances, strata=None):
        """The same, sorted."""
        return sorted(self.people_in_order(chances, strata))

    def corrected(self, chances, who, old=0):
        """The leaves of `people` after person `who` has corrected the contact twice: a new secret and so a new id each time, `old` chances for those before."""
        out = [leaf for i, leaf in enumerate(self.people_in_order(chances)) if i != who]
        for n in range(3):
            e = drawing.entrant(self.open_hash, sha256(b"s %d corrected %d of " % (who, n) + self.label.encode()),
                                b"name Entrant %d\nid-type card\nid-number %06d\n" % (who, who), b"lang pl\nphone +4860000%04d\n" % (1000 + n))
            out.append(drawing.leaf(e["id"], 1, chances[who] if n == 2 else old, e["person"]))
        return sorted(out)

    def close(self, leaves, n=1, zero=(), edit=None):
        tree = notes.Tree()
        for leaf in leaves:
            tree.add(leaf)
        self.draw_files[n] = [b"".join(leaves), None]
        k = len(leaves)
        days = ["day 2023-08-20 %d" % (k - k // 2)] if k else []
        days += ["day 2023-08-21 %d" % (k // 2)] if k // 2 else []
        lines = ["entrants %d" % k] + ["zero %s %d" % z for z in zero] + days + ["root " + tree.root().hex()]
        self.want["draw-%d-root" % n] = tree.root().hex()
        at = self.record("close", *(edit(lines) if edit else lines), n=n)
        self.close_hash = sha256(self.log[at])
        return at

    def result(self, n=1, sigma=None, edit=None, ranking=None):
        """Computes and appends the result of draw n; ranking edits the ranking file before it is hashed."""
        d = self.open["draws"][n - 1]
        sigma = sigma or verify.ROUNDS[d["round"]]
        seed = drawing.seed(self.close_hash, bytes.fromhex(sigma))
        text, _ = drawing.ranking(d, self.open["batch"], seed, self.draw_files[n][0])
        text = ranking(text) if ranking else text
        self.draw_files[n][1] = text
        self.want["draw-%d-seed" % n], self.want["draw-%d-ranking-hash" % n] = seed.hex(), sha256(text).hex()
        lines = ["close " + self.close_hash.hex(), "signature " + sigma, "seed " + seed.hex(), "ranking " + sha256(text).hex(),
                 "ranked %d" % text.count(b"\n")]
        self.record("result", *(edit(lines) if edit else lines), n=n)

    def seats(self, n=1):
        """How many lines of the ranking have each STRATUM:SEAT, as text to be held against what is expected by hand."""
        c = collections.Counter()
        for line in self.draw_files[n][1].decode().splitlines():
            w = line.split(" ")
            c[int(w[0]), w[4]] += 1
        return " ".join("%d:%s=%d" % (st, seat, k) for (st, seat), k in sorted(c.items()))

    def checkpoint(self, *cosigs, strangers=False, log_key=ORIGIN, origin=ORIGIN, edit_root=None, edit_sig=None, edit_text=None):
        """A checkpoint over the log as it stands now, cosigned by (witness, T)…; replaces one of the same size."""
        tree = notes.Tree()
        for r in self.log:
            tree.add(r)
        root = edit_root(tree.root()) if edit_root else tree.root()
        text = ("%s\n%d\n%s\n" % (origin, len(self.log), base64.b64encode(root).decode())).encode()
        text = edit_text(text) if edit_text else text
        lines = [notes.sign_note(text, log_key, 1, secret(log_key))]
        if strangers:
            lines.append(notes.sign_note(text, "stranger.example.org", 4, secret("stranger.example.org"), IN_TIME))
        lines += [notes.sign_note(text, w + ".example.org", 4, secret(w + ".example.org"), t) for w, t in cosigs]
        lines = edit_sig(lines) if edit_sig else lines
        self.cps[len(self.log)] = text + b"\n" + b"".join(lines)

    def two(self, t=IN_TIME, **kw):
        """A checkpoint with two of the three cosignatures at t: the policy is satisfied."""
        self.checkpoint(("custodian-1", t), ("city", t), **kw)

    def bundle(self):
        files = {"log.bin": b"".join(struct.pack(">H", len(r)) + r for r in self.log)}
        files.update({"checkpoints/%d" % n: c for n, c in self.cps.items()})
        files.update({"files/" + sha256(f).hex(): f for f in self.files})
        for n, (leaves, ranking) in self.draw_files.items():
            files["draw/%d/entrants.bin" % n] = leaves
            if ranking is not None:
                files["draw/%d/ranking.txt" % n] = ranking
        return dict(sorted(files.items(), key=lambda f: bundle.order(f[0])))


def drawn(label, entrants=(1,) * 8, strata=None, seats=None, close_edit=None, result_edit=None, ranking=None, cosign=IN_TIME,
          zero=(), people=None, then=None, end=True, sigma=None, **opts):
    """The usual story: open, close, cosigned in time, result, what `then` adds, last checkpoint."""
    s = Scene(label, **opts)
    s.close(people(s) if people else s.people(list(entrants), strata), zero=zero, edit=close_edit)
    if cosign:
        s.two(cosign)
    s.result(edit=result_edit, ranking=ranking, sigma=sigma)
    if seats:
        assert s.seats() == seats, (label, s.seats(), seats)
    if then:
        then(s)
    if end:
        s.checkpoint()
    return s
