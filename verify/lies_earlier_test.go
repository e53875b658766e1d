package verify_test

import (
	"slices"

	"fairlot/draw"
)

const (
	winnerStays    = "a winner of an earlier draw stays in"
	saidWinner     = "said to have won an earlier draw"
	saidDuplicated = "an earlier winner said to be a duplicate"
)

// aboutWinners are lies only as long as the same entrants win.
var aboutWinners = []string{winnerStays, saidWinner, saidDuplicated}

// earlierLies are about who is out of a draw as the winner of an earlier one.
func earlierLies() []lie {
	// tooSoon closes the list of a draw that leaves earlier winners out before the one before it has its result, with them in it.
	tooSoon := func(c *cheat) (n int) {
		for n = 2; n <= len(c.open().Draws); n++ {
			at, result := c.first("close", n), c.first("result", n-1)
			if !c.open().Draws[n-1].EarlierWinnersOut || at < 0 || result < 0 || result > at {
				continue
			}
			e := c.records[at]
			c.remove(at)
			c.records = slices.Insert(c.records, result, e)
			for i, l := range c.lists[n] {
				if l.Chances == 0 && slices.ContainsFunc(c.out.Draws[n-2].Winners, func(w draw.Line) bool { return w.ID == l.ID }) {
					c.lists[n][i].Chances = 1
				}
			}
			return n
		}
		return 0
	}
	// pretended does so behind a void of the one before it, which does not count.
	pretended := func(reason string) func(c *cheat) bool {
		return func(c *cheat) bool {
			n := tooSoon(c)
			if n > 0 {
				c.insert(c.first("close", n), &draw.Void{Draw: n - 1, Reason: reason})
			}
			return n > 0
		}
	}
	return []lie{
		{winnerStays, "entrants", nil, func(c *cheat) bool {
			for n := 2; n <= len(c.open().Draws); n++ {
				if !c.open().Draws[n-1].EarlierWinnersOut || c.first("close", n) < 0 || c.first("result", n-1) < 0 || c.first("result", n-1) > c.first("close", n) {
					continue
				}
				for i, l := range c.lists[n] {
					if l.Chances == 0 && slices.ContainsFunc(c.out.Draws[n-2].Winners, func(w draw.Line) bool { return w.ID == l.ID }) {
						c.lists[n][i].Chances = 1
						return true
					}
				}
			}
			return false
		}},
		{"closed before the earlier draw is held, so that its winners stay in", "entrants", nil, func(c *cheat) bool { return tooSoon(c) > 0 }},
		{"closed behind a void of the earlier draw that is none", "entrants", unconfirmed, pretended("cancelled")},
		{"closed as if the beacon of the earlier draw were dead", "entrants", []signing{noWitness, oneMore, strangers}, pretended(draw.ReasonBeaconDead)},
		{saidWinner, "entrants", nil, func(c *cheat) bool {
			n := c.listed()
			if n == 0 {
				return false
			}
			i := slices.IndexFunc(c.lists[n], counted)
			if i < 0 {
				return false
			}
			c.wrong(n, c.lists[n][i])
			c.lists[n][i].Chances = 0
			r := c.records[c.first("close", n)].rec.(*draw.Close)
			zero := slices.Clone(r.Zero)
			c.last[r] = func() {
				r.Zero = slices.Clone(zero)
				c.mendClose(r)
				countEarlier(r, 1)
			}
			return true
		}},
		{saidDuplicated, "entrants", nil, onClose(func(c *cheat, r *draw.Close) bool {
			if !slices.ContainsFunc(r.Zero, func(z draw.Zero) bool { return z.Reason == "won-earlier" }) {
				return false
			}
			countEarlier(r, -1)
			return true
		})},
	}
}

// countEarlier moves n of a close's counts from the first reason to who won an earlier draw, or back.
func countEarlier(r *draw.Close, n int64) {
	counts := map[string]int64{"duplicate": 0, "won-earlier": 0}
	for _, z := range r.Zero {
		counts[z.Reason] += z.Count
	}
	from := "duplicate"
	if n > 0 && counts[from] == 0 {
		from = r.Zero[0].Reason
	}
	counts[from] -= n
	counts["won-earlier"] += n
	r.Zero = nil
	for _, reason := range draw.ZeroReasons() {
		if counts[reason] > 0 {
			r.Zero = append(r.Zero, draw.Zero{Reason: reason, Count: counts[reason]})
		}
	}
}
