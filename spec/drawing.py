"""The entrant's values and the draw: seed, scores, strata, seats, ranking, replacement (SPEC sections 4 and 5)."""

import heapq

from records import date, need, plain_lines, sha256, Lines, text as text_

LEAF = 52
IDENTITY_KEYS = ["name", "id-type", "id-number", "birth", "card", "guardian"]
CONTACT_KEYS = ["lang", "phone", "email", "address"]


def entrant(open_hash, s, identity, contact):
    """r, id, ki, kc, ci, cc, person (bytes) of one entrant."""
    e = {"r": sha256(b"fairlot/v1 r\n", s)}
    e["id"] = sha256(b"fairlot/v1 id\n", open_hash, e["r"])[:16]
    e["ki"] = sha256(b"fairlot/v1 identity\n", e["r"])
    e["kc"] = sha256(b"fairlot/v1 contact\n", e["r"])
    e["ci"] = sha256(e["ki"], sha256(identity))
    e["cc"] = sha256(e["kc"], sha256(contact))
    e["person"] = sha256(b"fairlot/v1 person\n", e["ci"], e["cc"])
    return e


def check_person_text(data, keys):
    """Checks an identity or contact text; zero bytes are fine."""
    if not data:
        return
    s = Lines(plain_lines(data))
    for k in keys:
        s.maybe(k, (lambda v: date(v, 1800)) if k == "birth" else text_)
    s.end()


def leaf(ident, stratum, chances, person):
    return ident + stratum.to_bytes(2, "big") + chances.to_bytes(2, "big") + person


def leaves(data):
    """Yields (id, stratum, chances, leaf) of an entry list, checking only its length."""
    need(len(data) % LEAF == 0, "entry list of %d bytes is not made of leaves of 52" % len(data))
    for at in range(0, len(data), LEAF):
        b = data[at:at + LEAF]
        yield b[:16], int.from_bytes(b[16:18], "big"), int.from_bytes(b[18:20], "big"), b


def seed(close_hash, signature):
    return sha256(b"fairlot/v1 seed\n", close_hash, sha256(signature))


def score(seed_, ident, chances):
    return min(sha256(seed_, ident, j.to_bytes(4, "big")) for j in range(chances))


def audit_sample(seed_, data, n):
    """Ids (hex) of the audit sample, in its order."""
    scored = ((sha256(b"fairlot/v1 audit\n", seed_, i), i) for i, _, c, _ in leaves(data) if c > 0)
    return [i.hex() for _, i in heapq.nsmallest(n, scored)]


def effective(counts, batch):
    """Which stratum each stratum 1 … len(counts) is ranked in; counts are the leaves with chances > 0."""
    n = len(counts)
    into = {i: i for i in range(1, n + 1)}
    total = dict(zip(into, counts))

    def join(a, b):
        for i in into:
            if into[i] == a:
                into[i] = b
        total[b] += total[a]

    for i in range(1, n):
        if total[i] < batch:
            join(i, i + 1)
    if total[n] < batch:
        standing = [i for i in range(1, n) if into[i] == i]
        if standing:
            join(n, standing[-1])
    return into


def seat_counts(draw, counts, into):
    """Seats by effective stratum: a list of counts, tier 1 first."""
    standing = sorted(set(into.values()))
    if draw["proportional"] is None:
        seats = {i: [] for i in standing}
        for st, tiers in draw["tiers"].items():
            have = seats[into[st]]
            have += [0] * (len(tiers) - len(have))
            for k, c in enumerate(tiers):
                have[k] += c
        return seats
    total, n = draw["proportional"], sum(counts)
    joined = {i: sum(c for st, c in enumerate(counts, 1) if into[st] == i) for i in standing}
    if n == 0:
        return {i: [0] for i in standing}
    seats = {i: total * joined[i] // n for i in standing}
    left = total - sum(seats.values())
    for i in sorted(standing, key=lambda i: (-(total * joined[i] % n), i))[:left]:
        seats[i] += 1
    return {i: [c] for i, c in seats.items()}


def ranking(draw, batch, seed_, data):
    """The ranking file and, by effective stratum, (seats taken, alternates listed)."""
    counts = [0] * draw["strata"]
    for _, st, ch, _ in leaves(data):
        counts[st - 1] += ch > 0
    into = effective(counts, batch)
    out, held = [], {}
    for st, seats in sorted(seat_counts(draw, counts, into).items()):
        scored = ((score(seed_, i, ch), i) for i, s, ch, _ in leaves(data) if ch > 0 and into[s] == st)
        best = heapq.nsmallest(sum(seats) + draw["alternates"], scored)
        ends, upto = [], 0
        for c in seats:
            upto += c
            ends.append(upto)
        taken = 0
        for rank, (sc, ident) in enumerate(best, 1):
            tier = next((k for k, end in enumerate(ends, 1) if rank <= end), None)
            taken += tier is not None
            out.append("%d %d %s %s %s\n" % (st, rank, ident.hex(), sc.hex(), tier or "alt"))
        held[st] = (taken, len(best) - taken)
    return "".join(out).encode(), held


class Seats:
    """Who holds the seats of one draw while replace records are applied in order."""

    def __init__(self, held, forfeit):
        self.forfeit, self.called = forfeit, 0
        self.holders = {st: set(range(1, taken + 1)) for st, (taken, _) in held.items()}
        self.waiting = {st: list(range(taken + 1, taken + alt + 1)) for st, (taken, alt) in held.items()}

    def replace(self, stratum, vacated, following):
        need(stratum in self.holders, "stratum %d is not ranked" % stratum)
        need(vacated in self.holders[stratum], "rank %d of stratum %d holds no seat" % (vacated, stratum))
        if self.forfeit:
            need(following is None, "seats are forfeit, yet rank %s is called" % following)
            due = None
        else:
            due = self.waiting[stratum].pop(0) if self.waiting[stratum] else None
            need(following == due, "next is %s where %s is due" % (following or "none", due or "none"))
        self.holders[stratum].remove(vacated)
        if due:
            self.holders[stratum].add(due)
            self.called += 1
