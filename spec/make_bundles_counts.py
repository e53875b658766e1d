"""Vectors of what counts (SPEC section 7) where one thing hangs on another: amends in a chain, dead beacons, the order of steps. add is that of make_bundles_good, or of make_bundles_bad."""

import verify
from records import sha256
from scene import DEAD, DEADLINE, FAR, LATE, OTHER_CHAIN, Scene, draw, drawn

NEVER = 1001               # a round that nobody knows
NEVER_DEAD = DEAD + 3
OTHER_BEACON = "%s bls-unchained-g1-rfc9380 3 1692803367 %s" % (OTHER_CHAIN, verify.QUICKNET_KEY)
SIGMA = verify.ROUNDS[1000]


def known(n):
    return {(verify.QUICKNET, n): verify.ROUNDS[n]}


def good(add):
    add("amend-chain", "Two later rounds one after the other, the second cosigned at the last second before the deadline of the first.", "0 proven",
        amended_twice("amend-chain", DEADLINE, FAR), known=known(FAR))
    add("amend-chain-late", "Two later rounds one after the other, the second cosigned one second after the deadline of the first: the first stays in force.", "0 proven",
        amended_twice("amend-chain-late", LATE, 1000), known=known(1000))
    s = Scene("amend-after-close")
    s.close(s.people([1] * 5))
    s.two()
    s.record("amend", "round %d" % FAR, n=1)
    s.two(DEADLINE)
    s.result(sigma=verify.ROUNDS[FAR])
    s.checkpoint()
    add("amend-after-close", "A later round that is logged after the close and cosigned in time is in force.", "0 proven", s, known=known(FAR))
    add("void-beacon-dead-amended", "The days of a dead beacon are those of the amended round, and a signature of the old one refutes nothing.", "0 proven",
        amended_dead("void-beacon-dead-amended", NEVER, NEVER_DEAD), given=known(100))
    s = undrawn_dead("void-beacon-dead-two-checkpoints", [draw(round_=NEVER)])
    s.checkpoint(("city", NEVER_DEAD))
    s.record("erased", "what drafts", "by operator")
    s.checkpoint(("custodian-2", NEVER_DEAD + 9))
    add("void-beacon-dead-two-checkpoints", "The round never came, and two witnesses cosigned late enough over two checkpoints.", "0 proven", s)
    s = undrawn_dead("void-beacon-dead-other-chain", [draw(beacon=OTHER_BEACON)])
    s.two(DEAD)
    add("void-beacon-dead-other-chain", "A signature that is handed in for another CHAIN refutes nothing, though its KEY is the same.", "0 proven", s, given=known(1000))
    add("void-beacon-dead-late-beside-result", "A void as beacon-dead that its own draw's result refutes is passed over.", "0 proven", drawn_late("void-beacon-dead-late-beside-result"))


def bad(add):
    add("beacon-dead-amended-too-early", "history", "Void as beacon-dead one second before the days of the amended round are over, and after those of the old one.",
        amended_dead("beacon-dead-amended-too-early", NEVER, NEVER_DEAD - 1))
    add("beacon-dead-amended-refuted", "history", "Void as beacon-dead, refuted by a signature of the amended round from outside.",
        amended_dead("beacon-dead-amended-refuted", 1000, DEAD), given=known(1000))
    other = Scene("a neighbour that drew")
    other.close(other.people([1] * 3))
    other.result()
    s = undrawn_dead("beacon-dead-refuted-by-neighbour", before=other.log)
    s.two(DEAD)
    add("beacon-dead-refuted-by-neighbour", "history", "Void as beacon-dead, refuted by a result of another campaign in the log.", s)
    s = undrawn_dead("beacon-dead-refuted-by-other-chain", [draw(beacon=OTHER_BEACON)], before=other.log)
    s.two(DEAD)
    add("beacon-dead-refuted-by-other-chain", "history", "Void as beacon-dead, refuted by a result in the log whose draw is on another CHAIN of the same KEY.", s,
        known={(OTHER_CHAIN, 1000): SIGMA})
    s = Scene("steps-by-draw", draws=[draw(), draw(n=2)])
    for n in (1, 2):
        s.close(s.people([1] * 4), n=n, edit=(lambda lines: ["entrants 5"] + lines[1:]) if n == 2 else None)
        if n == 1:
            s.two()
            s.result(sigma=verify.ROUNDS[100])
    s.checkpoint()
    add("steps-by-draw", "beacon", "The first draw fails step 9 and the second step 7: the first one is looked at before.", s)
    for name, n, step, about in (("extra-draw-100", 100, "bundle", "An entry list of draw 100, which no campaign has, beside a second close: the name fails before the log is read."),
                                 ("extra-draw-later", 2, "history", "An entry list of a draw that has no close, beside a second close: that fails before.")):
        s = Scene(name)
        s.close(s.people([1] * 3))
        s.close(s.people([1] * 3))
        s.two()
        add(name, step, about, s, lambda p, n=n: p.update({"draw/%d/entrants.bin" % n: b""}))
    s = drawn("files-rules-only")
    gone = ["files/" + sha256(f).hex() for f in s.files[1:]]
    add("files-rules-only", "files", "One file only, and open names two more.", s, lambda p: [p.pop(g) for g in gone])


def amended_twice(label, second, force):
    """From round 100 to 1000 in time, then to FAR cosigned at second; drawn with the signature of round force."""
    s = Scene(label, draws=[draw(round_=100)])
    s.record("amend", "round 1000", n=1)
    s.two()
    s.close(s.people([1] * 5))
    s.two()
    s.record("amend", "round %d" % FAR, n=1)
    s.two(second)
    s.result(sigma=verify.ROUNDS[force])
    s.checkpoint()
    return s


def undrawn_dead(label, draws=None, before=(), amend=None):
    """Up to the void as beacon-dead, which nobody has cosigned yet."""
    s = Scene(label, draws=draws, before=before)
    if amend:
        s.record("amend", "round %d" % amend, n=1)
        s.two()
    s.close(s.people([1] * 4))
    s.record("void", "reason beacon-dead", n=1)
    return s


def drawn_late(label):
    """Void as beacon-dead, confirmed, and drawn when the round came after all."""
    s = Scene(label)
    s.close(s.people([1] * 4))
    s.two()
    s.record("void", "reason beacon-dead", n=1)
    s.two(DEAD)
    s.result(sigma=SIGMA)
    s.checkpoint()
    return s


def amended_dead(label, round_, t):
    s = undrawn_dead(label, [draw(round_=100)], amend=round_)
    s.two(t)
    return s
