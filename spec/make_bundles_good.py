"""Vectors of bundles that hold: proven, or computed correctly but not proven."""

import make_bundles_counts
import make_bundles_earlier
import verify
from records import sha256
from scene import (DEAD, DEADLINE, FAR, FAR_DEADLINE, IN_TIME, LATE, LOG_VKEY, OTHER_CHAIN, POLICY, Scene, draw, drawn)
from vectors import Vector

MADE = []
OTHER_BEACON = "%s bls-unchained-g1-rfc9380 3 1692803367 %s" % (OTHER_CHAIN, verify.QUICKNET_KEY)


def add(name, about, expect, scene, known=None, given=None):
    v = Vector(name, about, "bundle", expect)
    v.parts, v.given = scene.bundle(), given or {}
    v.want = dict({"open-hash": scene.open_hash.hex()}, **scene.want)
    quick = {(verify.QUICKNET, d["round"]) for d in scene.open["draws"] if d["beacon"][0] == verify.QUICKNET}
    v.known = {k: verify.ROUNDS[k[1]] for k in sorted(quick) if k[1] in verify.ROUNDS}
    v.known.update(known or {})
    MADE.append(v)


def all_():
    seats()
    history()
    unproven()
    return MADE


def seats():
    add("worked-example", "The example of SPEC section 10: three entrants, one seat, one alternate, one entrant with two chances.", "0 proven",
        drawn("worked-example", (1, 1, 2), seats="1:1=1 1:alt=1", draws=[draw(tiers=[(1, 1, 1)], alternates=1)], chances=2))
    add("one-tier", "One stratum, one tier.", "0 proven", drawn("one-tier", seats="1:1=2 1:alt=3"))
    add("tiers", "Three tiers and alternates.", "0 proven",
        drawn("tiers", [1] * 12, seats="1:1=1 1:2=2 1:3=3 1:alt=4", draws=[draw(tiers=[(1, 1, 1), (1, 2, 2), (1, 3, 3)], alternates=4)]))
    add("weighted", "Chances from 1 to the cap of 1000.", "0 proven",
        drawn("weighted", [1, 2, 3, 10, 100, 999, 1000], seats="1:1=2 1:alt=3", chances=1000))
    reasons = ["duplicate", "excluded", "erased", "erased-at-desk", "superseded"]
    add("zero-each-reason", "Chances 0 for each of the five reasons that a first draw can have; they are listed and never ranked.", "0 proven",
        drawn("zero-each-reason", [0, 0, 0, 0, 0, 0, 1, 1, 3], zero=[(r, 1 + (r == "erased")) for r in reasons], seats="1:1=2 1:alt=1"))
    add("one-entrant", "One entrant takes one of two seats.", "0 proven", drawn("one-entrant", [1], seats="1:1=1"))
    add("no-entrant", "Nobody entered: the empty tree's root, an empty ranking file.", "0 proven", drawn("no-entrant", [], seats=""))
    add("all-zero", "Entrants, all with chances 0: nobody is ranked.", "0 proven", drawn("all-zero", [0, 0, 0], zero=[("excluded", 3)]))
    add("more-seats-than-entrants", "Five seats in two tiers, three entrants: the second tier is not filled, no alternate.", "0 proven",
        drawn("more-seats-than-entrants", [1, 1, 1], seats="1:1=2 1:2=1", draws=[draw(tiers=[(1, 1, 2), (1, 2, 3)])]))
    add("seats-without-alternates", "No alternates are drawn.", "0 proven", drawn("seats-without-alternates", seats="1:1=2", draws=[draw(alternates=0)]))
    add("strata", "Two strata, each with its own tiers.", "0 proven",
        drawn("strata", [1] * 10, [1, 2] * 5, seats="1:1=1 1:2=1 1:alt=2 2:1=3 2:alt=2",
              draws=[draw(strata=2, tiers=[(1, 1, 1), (1, 2, 1), (2, 1, 3)], alternates=2)]))
    # T = 4 over 4, 4, 4 of 12: 16/12 → 1 r 4 each; the one seat left over goes to the lowest stratum.
    add("proportional-tie", "Proportional seats with equal remainders: the seat left over goes to the lowest stratum.", "0 proven",
        drawn("proportional-tie", [1] * 12, [1] * 4 + [2] * 4 + [3] * 4, seats="1:1=2 1:alt=1 2:1=1 2:alt=1 3:1=1 3:alt=1",
              draws=[draw(strata=3, proportional=4, alternates=1)]))
    # T = 7 over 1, 4, 6 of 11: 7/11 → 0 r 7; 28/11 → 2 r 6; 42/11 → 3 r 9: two left over go to strata 3 and 1.
    add("proportional-remainders", "Proportional seats: two left over go to the two largest remainders.", "0 proven",
        drawn("proportional-remainders", [1] * 11, [1] + [2] * 4 + [3] * 6, seats="1:1=1 2:1=2 3:1=4",
              draws=[draw(strata=3, proportional=7, alternates=0)]))
    # Batch 3, strata of 4, 2, 3: stratum 2 joins 3, so 4 and 5 of 9. T = 5: 20/9 → 2 r 2; 25/9 → 2 r 7: one more for stratum 3.
    add("proportional-joined", "Proportional seats after strata were joined: shares are those of the joined strata.", "0 proven",
        drawn("proportional-joined", [1] * 9, [1] * 4 + [2] * 2 + [3] * 3, seats="1:1=2 3:1=3", batch=3,
              draws=[draw(strata=3, proportional=5, alternates=0)]))
    add("proportional-zero", "Proportional seats, nobody with chances: no seat.", "0 proven",
        drawn("proportional-zero", [0, 0], [1, 2], zero=[("duplicate", 2)], draws=[draw(strata=2, proportional=5)]))
    mid = [draw(strata=3, tiers=[(1, 1, 1), (2, 1, 1), (2, 2, 1), (3, 1, 2)], alternates=1)]
    add("joined-middle", "The middle stratum is below the batch and joins the next; tiers add up number by number.", "0 proven",
        drawn("joined-middle", [1] * 10, [1] * 4 + [2] * 2 + [3] * 4, seats="1:1=1 1:alt=1 3:1=3 3:2=1 3:alt=1", batch=3, draws=mid))
    add("joined-last", "The last stratum is below the batch and joins the nearest lower one that stands, over one that does not.", "0 proven",
        drawn("joined-last", [1] * 7, [1] * 4 + [2] * 1 + [3] * 2, seats="1:1=4 1:2=1 1:alt=1", batch=4, draws=mid))
    add("joined-chain", "Each stratum alone is below the batch; the first two join into the third.", "0 proven",
        drawn("joined-chain", [1] * 6, [1, 1, 2, 2, 3, 3], seats="3:1=4 3:2=1 3:alt=1", batch=5, draws=mid))
    add("joined-all-below", "All strata together are below the batch: everybody is ranked in the last.", "0 proven",
        drawn("joined-all-below", [1] * 3, [1, 2, 3], seats="3:1=3", batch=9, draws=mid))
    add("joined-by-chances", "Leaves with chances 0 do not count towards the batch.", "0 proven",
        drawn("joined-by-chances", [1, 1, 0, 1, 1, 1], [1, 1, 1, 2, 2, 2], zero=[("duplicate", 1)], seats="2:1=3 2:alt=1", batch=3,
              draws=[draw(strata=2, tiers=[(1, 1, 1), (2, 1, 2)], alternates=1)]))
    add("register-met", "As many entrants with chances as the register has persons.", "0 proven",
        drawn("register-met", [1] * 4 + [0], register=4, zero=[("superseded", 1)]))
    add("corrected", "One of four persons has corrected the contact twice: three lines, the newest with the two chances, and the register is met.", "0 proven",
        drawn("corrected", people=lambda s: s.corrected([1, 2, 1, 1], 1), register=4, zero=[("superseded", 2)], seats="1:1=2 1:alt=2"))
    add("excluded-list", "An exclusion list is named by count and hash.", "0 proven",
        drawn("excluded-list", excluded="3 " + sha256(b"an exclusion list").hex()))


def history():
    def audited(s):
        s.audit("2023-08-22", 12)
        s.audit("2023-08-24", 13)
    add("audits", "Heads of the audit trail of two days beside the campaign's records.", "0 proven", drawn("audits", then=audited))
    def replaces(s):
        for vacated, reason, following in ((1, "declined", "3"), (3, "unreachable", "4"), (2, "erased", "5")):
            s.record("opened", "purpose notice", "count 1", "unproven no", n=1)
            s.record("replace", "stratum 1", "vacated %d" % vacated, "reason " + reason, "next " + following, n=1)
    add("replaced", "Alternates called in order, one of whom is vacated too.", "0 proven", drawn("replaced", then=replaces))

    def exhaust(s):
        for vacated, following in ((1, "3"), (2, "none"), (3, "none")):
            s.record("replace", "stratum 1", "vacated %d" % vacated, "reason late", "next " + following, n=1)
    add("alternates-exhausted", "The one alternate is called; later vacancies stay empty.", "0 proven",
        drawn("alternates-exhausted", draws=[draw(alternates=1)], then=exhaust))
    add("forfeit", "Vacated seats are forfeit although an alternate waits.", "0 proven",
        drawn("forfeit", draws=[draw(vacated="forfeit")],
              then=lambda s: s.record("replace", "stratum 1", "vacated 2", "reason ineligible", "next none", n=1)))

    def opened(s):
        for purpose, count in (("notice", 2), ("claim", 1), ("claim", 1), ("tax", 2), ("audit", 3)):
            s.record("opened", "purpose " + purpose, "count %d" % count, "unproven no", n=1)
        for purpose in ("court", "breach", "person"):
            s.record("opened", "purpose " + purpose, "case " + sha256(purpose.encode()).hex()[:32], "count 40", "unproven no")
        s.record("erased", "what answers", "what envelopes", "by custodian-2")
    add("opened", "Openings of every purpose up to what may be opened, an audit sample of 3, an erasure.", "0 proven",
        drawn("opened", audit=3, then=opened))

    def opened_called(s):
        s.record("opened", "purpose notice", "count 2", "unproven no", n=1)
        s.record("replace", "stratum 1", "vacated 1", "reason declined", "next 3", n=1)
        s.record("opened", "purpose notice", "count 1", "unproven no", n=1)
    add("opened-called", "A called alternate may be opened beyond the two seats.", "0 proven", drawn("opened-called", then=opened_called))

    s = Scene("two-draws", draws=[draw(), draw(n=2, tiers=[(1, 1, 1)], round_=FAR, earlier="out", alternates=1)])
    leaves = s.people([1] * 6)
    s.close(leaves)
    s.two()
    s.result()
    winners = {line.split(" ")[2] for line in s.draw_files[1][1].decode().splitlines() if line.endswith(" 1")}
    second = [b[:18] + b"\0\0" + b[20:] if b[:16].hex() in winners else b for b in leaves]
    s.close(second, n=2, zero=[("won-earlier", 2)])
    s.two(FAR_DEADLINE)
    s.result(n=2)
    s.checkpoint()
    add("two-draws", "A second draw at a later round, earlier winners out, its close cosigned at the last second.", "0 proven", s)

    make_bundles_earlier.good(add)
    make_bundles_counts.good(add)

    def amend(label, at, round_, cosign, close_at):
        s = Scene(label)
        s.record("amend", "round %d" % at, n=1)
        s.two(cosign)
        s.close(s.people([1] * 5))
        s.two(close_at)
        s.result(sigma=verify.ROUNDS[round_])
        s.checkpoint()
        return s
    add("amend-in-time", "A later round, cosigned at the last second before the old one's deadline, is in force.", "0 proven",
        amend("amend-in-time", FAR, FAR, DEADLINE, FAR_DEADLINE), known={(verify.QUICKNET, FAR): verify.ROUNDS[FAR]})
    s = Scene("amend-late")
    s.close(s.people([1] * 5))
    s.two()
    s.record("amend", "round %d" % FAR, n=1)
    s.two(LATE)
    s.result()
    s.checkpoint()
    add("amend-late", "A later round cosigned one second too late changes nothing.", "0 proven", s)
    add("amend-earlier", "An earlier round changes nothing.", "0 proven", amend("amend-earlier", 100, 1000, IN_TIME, IN_TIME))
    s = Scene("amend-uncosigned")
    s.close(s.people([1] * 5))
    s.two()
    s.record("amend", "round %d" % FAR, n=1)
    s.result()
    s.checkpoint()
    add("amend-uncosigned", "An amend that nobody cosigned changes nothing.", "0 proven", s)

    def void(label, reason, t, close=True, draws=None, extra=None):
        s = Scene(label, draws=draws)
        if close:
            s.close(s.people([1] * 4))
        s.record("void", "reason " + reason, n=1)
        s.two(t)
        if extra:
            extra(s)
        return s
    add("void-in-time", "A void before the deadline: no result is due.", "0 proven", void("void-in-time", "rules-broken", IN_TIME))
    add("void-before-close", "A void without a close: no entry list is due.", "0 proven", void("void-before-close", "cancelled", DEADLINE, close=False))
    dead = [draw(round_=1001)]
    add("void-beacon-dead", "The round never came and the quorum cosigned late enough.", "0 proven",
        void("void-beacon-dead", "beacon-dead", DEAD + 3, draws=dead))
    add("void-beacon-dead-other-round", "A signature of another round from outside refutes nothing.", "0 proven",
        void("void-beacon-dead-other-round", "beacon-dead", DEAD + 3, draws=dead), given={(verify.QUICKNET, 1000): verify.ROUNDS[1000]})
    add("void-other-chain", "A void draw rests on no chain.", "0 proven",
        void("void-other-chain", "cancelled", IN_TIME, draws=[draw(beacon=OTHER_BEACON)]))
    add("void-twice", "A second void that does not count beside one that does.", "0 proven",
        void("void-twice", "cancelled", IN_TIME, extra=lambda s: (s.record("void", "reason again", n=1), s.checkpoint())))
    add("void-late-beside-result", "A void that does not count beside a result is passed over.", "0 proven",
        drawn("void-late-beside-result", then=lambda s: (s.record("void", "reason regret", n=1), s.two(LATE))))

    other = Scene("a neighbour")
    other.close(other.people([1] * 3))
    other.record("void", "reason cancelled", n=1)
    other.record("void", "reason cancelled", n=1)
    s = Scene("neighbours", before=[other.log[0]])
    s.log.append(other.log[1])
    s.close(s.people([1] * 6))
    s.log += other.log[2:]
    s.two(strangers=True)
    s.result()
    s.log.append(other.log[1])
    s.checkpoint(strangers=True)
    add("neighbours", "Records of another campaign between ours, its faults not ours; cosignatures by strangers passed over.", "0 proven", s)
    origin = ("fairlot/v1 origin\nlog %s\nold old.example.org\nold-size 12\nold-root %s\n" % (LOG_VKEY, sha256(b"old").hex())).encode()
    add("origin", "A log that follows another one.", "0 proven", drawn("origin", before=[origin]))
    s = drawn("two-files", notice=POLICY)
    add("two-files", "Notice and policy are the same bytes, so there are two files.", "0 proven", s)


def unproven():
    add("close-late", "The close was cosigned one second after the deadline.", "3 witness", drawn("close-late", cosign=LATE))
    add("close-last-second", "The close was cosigned at the deadline.", "0 proven", drawn("close-last-second", cosign=DEADLINE))
    add("close-uncosigned", "Nobody cosigned.", "3 witness", drawn("close-uncosigned", cosign=None))

    def cosigned(label, *cosigs, after=(), **opts):
        s = Scene(label, **opts)
        s.close(s.people([1] * 4))
        s.checkpoint(*cosigs)
        if after:
            s.record("erased", "what drafts", "by operator")
            s.checkpoint(*after)
        s.result()
        s.checkpoint()
        return s
    add("quorum-not-met", "One of the two witnesses needed.", "3 witness", cosigned("quorum-not-met", ("city", IN_TIME)))
    add("same-witness-twice", "One witness over two checkpoints is still one.", "3 witness",
        cosigned("same-witness-twice", ("city", IN_TIME), after=[("city", IN_TIME + 9)]))
    add("quorum-over-two-checkpoints", "Two witnesses over two checkpoints that both cover the close.", "0 proven",
        cosigned("quorum-over-two-checkpoints", ("city", IN_TIME), after=[("custodian-2", IN_TIME + 9)]))
    add("quorum-half-late", "One witness in time, the other late.", "3 witness",
        cosigned("quorum-half-late", ("city", IN_TIME), ("custodian-1", LATE)))
    add("quorum-none", "A policy with quorum none is never satisfied.", "3 witness",
        cosigned("quorum-none", ("city", IN_TIME), ("custodian-1", IN_TIME), ("custodian-2", IN_TIME),
                 policy=POLICY.replace("quorum two-of-three", "quorum none")))
    nested = POLICY.replace("quorum two-of-three\n", "group all 2 two-of-three city\nquorum all\n")
    add("quorum-nested", "A group within a group is satisfied.", "0 proven",
        cosigned("quorum-nested", ("city", IN_TIME), ("custodian-1", IN_TIME), policy=nested))
    add("quorum-nested-not-met", "The inner group is satisfied, the outer is not.", "3 witness",
        cosigned("quorum-nested-not-met", ("custodian-2", IN_TIME), ("custodian-1", IN_TIME), policy=nested))
    s = Scene("cosigned-before-close")
    s.two()
    s.close(s.people([1] * 4))
    s.result()
    s.checkpoint()
    add("cosigned-before-close", "The checkpoint cosigned in time does not cover the close.", "3 witness", s)

    other = [draw(beacon=OTHER_BEACON)]
    sigma = {(OTHER_CHAIN, 1000): verify.ROUNDS[1000]}
    add("other-chain", "Another chain (of quicknet's key, so the signature is true) drew correctly.", "3 beacon",
        drawn("other-chain", draws=other), known=sigma)
    add("other-chain-late", "Another chain and a late close: the reason named is witness.", "3 witness",
        drawn("other-chain-late", draws=other, cosign=LATE), known=sigma)
    s = Scene("other-chain-waiting", draws=other)
    s.close(s.people([1] * 4))
    s.two()
    add("other-chain-waiting", "Another chain, not drawn yet: the reason named is drawn.", "3 drawn", s)

    s = Scene("waiting")
    s.close(s.people([1] * 4))
    s.two()
    add("waiting", "Closed and cosigned, the round has not come.", "3 drawn", s)
    s = Scene("just-opened")
    s.checkpoint()
    add("just-opened", "Only the open record.", "3 drawn", s)
    s = Scene("survey-only", draws=[], custodians=0)
    s.record("erased", "what answers", "by operator")
    s.checkpoint()
    add("survey-only", "A campaign without draws, without custodians.", "3 drawn", s)
    s = Scene("one-of-two-drawn", draws=[draw(), draw(n=2, round_=FAR)])
    s.close(s.people([1] * 4))
    s.two()
    s.result()
    s.checkpoint()
    add("one-of-two-drawn", "The first draw is proven, the second has no close yet.", "3 drawn", s)
