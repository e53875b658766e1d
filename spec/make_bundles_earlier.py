"""Vectors of draws that leave out who won before, those that hold and those that fail. add is that of make_bundles_good, or of make_bundles_bad."""

import verify
from scene import DEAD, FAR, FAR_DEADLINE, IN_TIME, LATE, Scene, draw, drawn


def good(add):
    add("earlier-winner-replaced", "Earlier winners are out: the alternate who was called is, and whoever declined before the close is not.", "0 proven",
        two_draws("earlier-winner-replaced", out=(2, 3), replaced=True))
    add("earlier-winner-replaced-after", "Earlier winners are out: the alternate who was called after the close has the chance, and whoever declined then has none.", "0 proven",
        two_draws("earlier-winner-replaced-after", out=(1, 2), replaced="after"))
    add("earlier-winner-void", "Earlier winners are out, and the earlier draw was void when this one was closed.", "0 proven",
        two_draws("earlier-winner-void", out=(), void=("cancelled", IN_TIME, True), result=None))
    add("earlier-winner-dead-refuted", "Earlier winners are out; the earlier draw was void as beacon-dead when this one was closed, and its round came after that.", "0 proven",
        two_draws("earlier-winner-dead-refuted", out=(), void=("beacon-dead", DEAD, True), result="after"))
    add("earlier-winner-dead", "Earlier winners are out; the earlier draw was void as beacon-dead when this one was closed, and its round never came.", "0 proven",
        two_draws("earlier-winner-dead", out=(), void=("beacon-dead", DEAD + 3, True), result=None, round_=1001))
    add("earlier-winner-dead-in-time", "Earlier winners are out; the earlier draw's void says beacon-dead and counts because it was cosigned in time.", "0 proven",
        two_draws("earlier-winner-dead-in-time", out=(), void=("beacon-dead", IN_TIME, True), result=None))
    add("earlier-winner-of-later-number", "Earlier winners are out of draw 1, and draw 2 was drawn before it was closed: earlier is by number, so nobody is out.", "0 proven",
        later_number("earlier-winner-of-later-number", out=False))
    add("earlier-winner-twice", "Earlier winners are out: who holds seats of two earlier draws is counted once.", "0 proven", won_twice())


def bad(add):
    """Lists that do not keep what the rules say of who won before."""
    add("earlier-winner-stays", "entrants", "Earlier winners are out, and one of them keeps the chance.", two_draws("earlier-winner-stays", out=(2,)))
    add("earlier-winner-called-stays", "entrants", "Earlier winners are out, and the alternate who was called keeps the chance.",
        two_draws("earlier-winner-called-stays", out=(1, 2), replaced=True))
    add("earlier-winner-replaced-after-out", "entrants", "The alternate who was called after the close is out, and whoever declined then has the chance.",
        two_draws("earlier-winner-replaced-after-out", out=(2, 3), replaced="after"))
    add("earlier-winner-not-known-void", "entrants", "A draw that is void itself was closed when the earlier draw had neither result nor void.", void_too("earlier-winner-not-known-void"))
    add("earlier-winner-not-known", "entrants", "Earlier winners are out, and the earlier draw had neither result nor void when this one was closed.",
        two_draws("earlier-winner-not-known", out=(), result="after"))
    add("earlier-winner-void-pretended", "entrants", "The earlier draw was said to be void when this one was closed; that did not count, and the draw was held.",
        two_draws("earlier-winner-void-pretended", out=(), void=("cancelled", LATE, True), result="after"))
    add("earlier-winner-void-after", "entrants", "The earlier draw is void, but that was logged after this one was closed.",
        two_draws("earlier-winner-void-after", out=(), void=("cancelled", IN_TIME, False), result=None))
    add("earlier-winner-dead-pretended", "entrants", "The earlier draw was said to be void as beacon-dead, and the quorum cosigned late enough only after this one was closed.",
        two_draws("earlier-winner-dead-pretended", out=(), void=("beacon-dead", None, True), result="after"))
    add("earlier-winner-dead-counts-after", "entrants", "The earlier draw is void as beacon-dead, but the quorum cosigned late enough only after this one was closed.",
        two_draws("earlier-winner-dead-counts-after", out=(), void=("beacon-dead", None, True), result=None, round_=1001))
    add("earlier-winner-dead-early", "entrants", "The earlier draw was void as beacon-dead when this one was closed, but for one second of its days.",
        two_draws("earlier-winner-dead-early", out=(), void=("beacon-dead", DEAD - 1, True), result="after"))
    add("earlier-winner-dead-after", "entrants", "The earlier draw was void as beacon-dead, but that was logged after this one was closed.",
        two_draws("earlier-winner-dead-after", out=(), void=("beacon-dead", DEAD, False), result="after"))
    add("earlier-winner-dead-other-reason", "entrants", "The earlier draw was void by cosignatures late enough for beacon-dead, but for another reason.",
        two_draws("earlier-winner-dead-other-reason", out=(), void=("ordered", DEAD, True), result="after"))
    add("won-earlier-too-many", "entrants", "Close counts one more as earlier winner than there are: somebody who won nothing lost the chance.",
        two_draws("won-earlier-too-many", out=(1, 2, 3)))
    add("won-earlier-too-few", "entrants", "Close counts an earlier winner as a duplicate.",
        two_draws("won-earlier-too-few", out=(1, 2), zero=[("duplicate", 1), ("won-earlier", 1)]))
    add("won-earlier-in", "entrants", "Earlier winners are in, and close counts them as out.", two_draws("won-earlier-in", out=(1, 2), earlier="in"))
    add("won-earlier-of-later-number", "entrants", "Draw 1 counts as earlier winners who won draw 2, which was drawn before draw 1 was closed.", later_number("won-earlier-of-later-number", out=True))
    add("won-earlier-first", "entrants", "The first draw counts an earlier winner.", drawn("won-earlier-first", [0, 1, 1], zero=[("won-earlier", 1)]))


def won_twice():
    """Two seats in each of two draws among three entrants: at least one of them holds two."""
    s = Scene("earlier-winner-twice", draws=[draw(), draw(n=2), draw(n=3, round_=FAR, earlier="out")])
    leaves, closes, holders = s.people([1] * 3), {}, set()
    for n in (1, 2):
        s.close(leaves, n=n)
        closes[n] = s.close_hash
    s.two()
    for n in (1, 2):
        s.close_hash = closes[n]
        s.result(n=n)
        holders |= {line.split(" ")[2] for line in s.draw_files[n][1].decode().splitlines() if line.endswith(" 1")}
    s.close([b[:18] + b"\0\0" + b[20:] if b[:16].hex() in holders else b for b in leaves], n=3, zero=[("won-earlier", len(holders))])
    s.two(FAR_DEADLINE)
    s.result(n=3)
    s.checkpoint()
    return s


def later_number(label, out):
    """Draw 2 is drawn, and then draw 1 closed, which leaves earlier winners out. out: whether those of draw 2 are left out there."""
    s = Scene(label, draws=[draw(round_=FAR, earlier="out"), draw(n=2)])
    leaves = s.people([1] * 5)
    s.close(leaves, n=2)
    s.two()
    s.result(n=2)
    won = {line.split(" ")[2] for line in s.draw_files[2][1].decode().splitlines() if line.endswith(" 1")} if out else set()
    s.close([b[:18] + b"\0\0" + b[20:] if b[:16].hex() in won else b for b in leaves], zero=[("won-earlier", len(won))] if out else ())
    s.two(FAR_DEADLINE)
    s.result()
    s.checkpoint()
    return s


def void_too(label):
    """The second list is closed before the first draw has its result, and the second draw is void by a void that counts."""
    s = Scene(label, draws=[draw(), draw(n=2, round_=FAR, earlier="out")])
    leaves = s.people([1] * 4)
    s.close(leaves, n=2)
    s.record("void", "reason list-wrong", n=2)
    s.close(leaves)
    s.two()
    s.result()
    s.checkpoint()
    return s


def two_draws(label, out, replaced=False, void=None, result="before", zero=None, earlier="out", round_=1000):
    """Two draws of the same six entrants, the earlier one's winners out of the second: out are the ranks of the first whose chances are 0 there.

    replaced: whether rank 1 of the first declined before the second is closed, or after. result: whether the first has its result before the second is closed, after, or never (None). void: REASON, the time of its cosignatures or None,
    and whether it stands before the second's close. zero: what that close counts, if not those that are out. round_: of the first draw,
    1001 if it never came.
    """
    s = Scene(label, draws=[draw(round_=round_), draw(n=2, tiers=[(1, 1, 1)], round_=FAR, earlier=earlier, alternates=1)])
    leaves = s.people([1] * 6)
    s.close(leaves)
    s.two()
    s.result(sigma=verify.ROUNDS[1000])
    results = s.log.pop(), s.draw_files[1][1]
    ids = {int(line.split(" ")[1]): line.split(" ")[2] for line in results[1].decode().splitlines()}

    def drawn_first():
        s.log.append(results[0])
        if replaced is True:
            declined()

    def declined():
        s.record("replace", "stratum 1", "vacated 1", "reason declined", "next 3", n=1)

    def voided():
        s.record("void", "reason " + void[0], n=1)
        if void[1]:
            s.two(void[1])
    if result == "before":
        drawn_first()
    if void and void[2]:
        voided()
    second = [b[:18] + b"\0\0" + b[20:] if b[:16].hex() in [ids[rank] for rank in out] else b for b in leaves]
    s.close(second, n=2, zero=zero if zero is not None else [("won-earlier", len(out))] if out else ())
    s.two(FAR_DEADLINE)
    if void and not void[2]:
        voided()
    if result == "after":
        drawn_first()
    if replaced == "after":
        declined()
    if result is None:
        s.draw_files[1][1] = None
        del s.want["draw-1-seed"], s.want["draw-1-ranking-hash"]
    s.result(n=2)
    s.checkpoint()
    return s
