package verify_test

import (
	"fmt"
	"slices"

	"fairlot/draw"
)

func listLies() []lie { return slices.Concat(whoIsListed(), earlierLies()) }

func whoIsListed() []lie {
	zeroed := func(c *cheat, n int, l *draw.Leaf) bool { l.Chances = 0; return true }
	return []lie{
		{"an entrant dropped", "", nil, func(c *cheat) bool {
			n := c.listed()
			if n == 0 || len(c.lists[n]) == 0 {
				return false
			}
			i := c.rnd.IntN(len(c.lists[n]))
			c.wrong(n, c.lists[n][i])
			c.lists[n] = slices.Delete(c.lists[n], i, i+1)
			return true
		}},
		{"a friend added", "", nil, func(c *cheat) bool {
			n := c.listed()
			if n == 0 {
				return false
			}
			c.lists[n] = append(c.lists[n], c.friend(n))
			c.sort(n)
			return true
		}},
		{"more chances", "", nil, onList(counted, func(c *cheat, n int, l *draw.Leaf) bool { l.Chances++; return int(l.Chances) <= c.open().Chances })},
		{"fewer chances", "", nil, onList(func(l draw.Leaf) bool { return l.Chances > 1 }, func(c *cheat, n int, l *draw.Leaf) bool { l.Chances--; return true })},
		{"said to be a duplicate", "", nil, onList(counted, zeroed)},
		{"chances for a duplicate", "", nil, onList(func(l draw.Leaf) bool { return l.Chances == 0 }, func(c *cheat, n int, l *draw.Leaf) bool { l.Chances = 1; return true })},
		{"another stratum", "", nil, onList(anybody, func(c *cheat, n int, l *draw.Leaf) bool {
			l.Stratum = uint16(1 + c.rnd.IntN(c.open().Draws[n-1].Strata))
			return true
		})},
		{"another person in a leaf", "", nil, onList(anybody, func(c *cheat, n int, l *draw.Leaf) bool { l.Person = draw.Person(c.hash()); return true })},
		{"a friend in somebody's place", "", nil, onList(counted, func(c *cheat, n int, l *draw.Leaf) bool { *l = c.friend(n); return true })},
		{"a friend's id, tried out until it wins", "", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || len(c.lists[n]) == 0 {
				return false
			}
			i := c.rnd.IntN(len(c.lists[n]))
			was, rest := c.lists[n][i], slices.Delete(slices.Clone(c.lists[n]), i, i+1)
			if was.Chances == 0 {
				return false
			}
			c.wrong(n, was)
			friend := was
			return c.grind(func() {
				friend.ID, friend.Person = c.bytes16(), draw.Person(c.hash())
				c.lists[n] = append(slices.Clone(rest), friend)
				c.sort(n)
			}, n, func() draw.EntrantID { return friend.ID })
		}},
		{"days tried out until a friend wins", "", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || len(c.lists[n]) < 2 {
				return false
			}
			r := c.records[c.first("close", n)].rec.(*draw.Close)
			friend := pick(c.rnd, c.lists[n])
			if friend.Chances == 0 {
				return false
			}
			at := 0
			return c.grind(func() {
				at++
				r.Days = []draw.Day{{Date: "2023-08-20", Count: 1}, {Date: fmt.Sprintf("2023-08-%d", 21+at%9), Count: int64(len(c.lists[n])) - 1}}
				if at >= 9 {
					r.Days[1].Date = fmt.Sprintf("2024-0%d-1%d", 1+at%9, at/9)
				}
			}, n, func() draw.EntrantID { return friend.ID })
		}},
		{"reasons exchanged", "", nil, onClose(func(c *cheat, r *draw.Close) bool {
			if len(r.Zero) == 0 {
				return false
			}
			was := r.Zero[0].Reason
			r.Zero[0].Reason = "duplicate"
			return was != "duplicate"
		})},
		{"an entrant of another day", "", nil, onClose(func(c *cheat, r *draw.Close) bool {
			if len(r.Days) < 2 || r.Days[0].Count < 2 {
				return false
			}
			r.Days[0].Count--
			r.Days[1].Count++
			return true
		})},
		{"one id twice", "entrants", nil, func(c *cheat) bool {
			n := c.listed()
			if n == 0 || len(c.lists[n]) == 0 {
				return false
			}
			l := pick(c.rnd, c.lists[n])
			l.Person = draw.Person(c.hash())
			c.lists[n] = append(c.lists[n], l)
			c.sort(n)
			return true
		}},
		{"a list out of order", "entrants", nil, func(c *cheat) bool {
			n := c.listed()
			if n == 0 || len(c.lists[n]) < 2 {
				return false
			}
			i := c.rnd.IntN(len(c.lists[n]) - 1)
			c.lists[n][i], c.lists[n][i+1] = c.lists[n][i+1], c.lists[n][i]
			return true
		}},
		{"chances beyond the cap", "entrants", nil, onList(anybody, func(c *cheat, n int, l *draw.Leaf) bool { l.Chances = uint16(c.open().Chances) + 1; return true })},
		{"a stratum that is none", "entrants", nil, onList(anybody, func(c *cheat, n int, l *draw.Leaf) bool {
			l.Stratum = pick(c.rnd, []uint16{0, uint16(c.open().Draws[n-1].Strata) + 1})
			return true
		})},
		{"a stuffed pool", "entrants", nil, func(c *cheat) bool {
			n := c.listed()
			if n == 0 || c.open().Register == 0 || c.open().Register > 100 {
				return false
			}
			for range c.open().Register + 1 {
				c.lists[n] = append(c.lists[n], c.friend(n))
			}
			c.sort(n)
			return true
		}},
		{"a count of entrants that is none", "entrants", nil, onClose(func(c *cheat, r *draw.Close) bool { r.Entrants++; return true })},
		{"a count of chances 0 that is none", "entrants", nil, onClose(func(c *cheat, r *draw.Close) bool {
			if len(r.Zero) == 0 {
				r.Zero = []draw.Zero{{Reason: "erased", Count: 1}}
			} else {
				r.Zero[0].Count++
			}
			return true
		})},
		{"a day's count that is none", "entrants", nil, onClose(func(c *cheat, r *draw.Close) bool {
			if len(r.Days) == 0 {
				r.Days = []draw.Day{{Date: "2023-08-21", Count: 1}}
			} else {
				r.Days[0].Count++
			}
			return true
		})},
		{"the root of another list", "root", nil, onClose(func(c *cheat, r *draw.Close) bool { r.Root = draw.Root(c.hash()); return true })},
		{"another list than was closed", "root", nil, func(c *cheat) bool {
			n := c.listed()
			if n == 0 || len(c.lists[n]) == 0 {
				return false
			}
			c.touch = func(parts map[string][]byte) {
				l := slices.Clone(c.lists[n])
				l[c.rnd.IntN(len(l))].Person = draw.Person(c.hash())
				parts[fmt.Sprintf("draw/%d/entrants.bin", n)] = listBytes(l)
			}
			return true
		}},
	}
}

// grind tries until somebody has the best seat, as an operator can who knows the round; at most 64 times.
func (c *cheat) grind(try func(), n int, who func() draw.EntrantID) bool {
	o := c.open()
	r := c.records[c.first("close", n)].rec.(*draw.Close)
	s := c.records[c.first("result", n)].rec.(*draw.Result).Signature
	for range 64 {
		try()
		c.mendClose(r)
		b, err := r.Marshal()
		if err != nil {
			return false
		}
		if l := c.rank(o, n, draw.SeedOf(draw.HashOf(b), s)); len(l) > 0 && l[0].ID == who() {
			return true
		}
	}
	return true // it went on the list as it was tried last
}
