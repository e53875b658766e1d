package verify_test

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"fairlot/crypto/beacon"
	"fairlot/draw"
)

func historyLies() []lie {
	beforeResult := func(of func(c *cheat, n int) draw.Record) func(c *cheat) bool {
		return func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			c.insert(c.first("result", n), of(c, n))
			return true
		}
	}
	noResult := func(c *cheat, n int) {
		c.records = slices.DeleteFunc(c.records, func(e logEntry) bool {
			if e.rec == nil {
				return false
			}
			_, about := e.rec.About()
			return about == n && (e.rec.Kind() == "result" || e.rec.Kind() == "replace" || e.rec.Kind() == "opened" || e.rec.Kind() == "void")
		})
	}
	drop := func(kind string) func(c *cheat) bool {
		return func(c *cheat) bool {
			n := c.having(kind)
			if n == 0 {
				return false
			}
			c.remove(c.first(kind, n))
			return true
		}
	}
	return []lie{
		{"a second close", "history", nil, func(c *cheat) bool {
			n := c.listed()
			if n == 0 {
				return false
			}
			again := *c.records[c.first("close", n)].rec.(*draw.Close)
			c.insert(c.first("close", n)+1+c.rnd.IntN(len(c.records)-c.first("close", n)), &again)
			if c.rnd.IntN(2) == 0 {
				c.last[&again] = func() { again.Root = draw.Root(sha256.Sum256([]byte("the lucky one"))) }
			}
			return true
		}},
		{"another close in the place of the first", "", nil, onClose(func(c *cheat, r *draw.Close) bool {
			if len(r.Days) == 0 {
				return false
			}
			r.Days[len(r.Days)-1].Date = fmt.Sprintf("2023-09-%d", 10+c.rnd.IntN(20))
			return true
		})},
		{"closed after the result", "history", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			at := c.first("close", n)
			e := c.records[at]
			c.remove(at)
			c.records = slices.Insert(c.records, c.first("result", n)+1, e)
			return true
		}},
		{"the close left out", "history", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			c.remove(c.first("close", n))
			return true
		}},
		{"put off too late, and drawn on the later round", "beacon", unconfirmed, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || c.out.Draws[n-1].Round == laterOne || c.open().Draws[n-1].Round == laterOne || c.first("amend", n) >= 0 {
				return false
			}
			c.insert(c.first("result", n), &draw.Amend{Draw: n, Round: laterOne})
			c.sigma[n] = knownRounds()[laterOne]
			return true
		}},
		{"put off to an earlier round, and drawn on it", "beacon", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || c.out.Draws[n-1].Round < 1000 || c.open().Draws[n-1].Round < 1000 {
				return false
			}
			c.insert(c.first("close", n), &draw.Amend{Draw: n, Round: 100})
			c.sigma[n] = knownRounds()[100]
			return true
		}},
		{"put off too late", "", unconfirmed, beforeResult(func(c *cheat, n int) draw.Record { return &draw.Amend{Draw: n, Round: laterOne + 1} })},
		{"put off after the result", "history", nil, after(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) draw.Record {
			return &draw.Amend{Draw: n, Round: laterOne + 1}
		})},
		{"what was put off taken back", "", nil, func(c *cheat) bool {
			n := c.having("amend")
			if n == 0 {
				return false
			}
			c.remove(c.first("amend", n))
			c.sigma[n] = knownRounds()[c.open().Draws[n-1].Round]
			return true
		}},
		{"put off, left out", "", nil, drop("amend")},
		{"void too late, without a result", "history", unconfirmed, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			noResult(c, n)
			c.insert(len(c.records), &draw.Void{Draw: n, Reason: "regret"})
			return true
		}},
		{"beacon said to be dead", "history", []signing{late, noWitness, oneMore}, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || chainOf(&c.open().Draws[n-1]) != beacon.Quicknet() || knownRounds()[c.out.Draws[n-1].Round] == (draw.Signature{}) {
				return false
			}
			noResult(c, n)
			c.insert(len(c.records), &draw.Void{Draw: n, Reason: draw.ReasonBeaconDead})
			return true
		}},
		{"void too late, beside the result", "", unconfirmed, after(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) draw.Record {
			return &draw.Void{Draw: n, Reason: "regret"}
		})},
		{"void in time, and drawn all the same", "history", []signing{fromTheStart}, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || c.out.Draws[n-1].Void != "" || c.said != "0 proven" || c.open().Draws[n-1].Round != c.out.Draws[n-1].Round { // by an earlier round it would be late
				return false
			}
			c.insert(c.first("result", n), &draw.Void{Draw: n, Reason: "cancelled"})
			return true
		}},
		{"void taken back, and drawn", "", nil, func(c *cheat) bool {
			n := c.having("void")
			if n == 0 || c.first("close", n) < 0 || c.first("result", n) >= 0 {
				return false
			}
			s, ok := knownRounds()[c.open().Draws[n-1].Round]
			if !ok {
				return false
			}
			noResult(c, n)
			c.sigma[n] = s
			c.insert(len(c.records), &draw.Result{Draw: n, Signature: s})
			return true
		}},
		{"void, left out", "", nil, drop("void")},
		{"a result left out", "", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			noResult(c, n)
			return true
		}},
		{"a second result", "history", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			again := *c.records[c.first("result", n)].rec.(*draw.Result)
			c.insert(len(c.records), &again)
			return true
		}},
		{"opened before the result", "history", nil, beforeResult(func(c *cheat, n int) draw.Record {
			return &draw.Opened{Draw: n, Purpose: pick(c.rnd, []string{"notice", "claim", "tax", "audit"}), Count: 1}
		})},
		{"replaced before the result", "history", nil, beforeResult(func(c *cheat, n int) draw.Record {
			return &draw.Replace{Draw: n, Stratum: 1, Vacated: 1, Reason: "late", Next: 3}
		})},
		{"a draw that the rules do not have", "history", nil, func(c *cheat) bool {
			c.insert(len(c.records), &draw.Close{Draw: len(c.open().Draws) + 1, Root: draw.Root(c.hash())})
			return len(c.open().Draws) < draw.MaxDraws
		}},
		{"a record before the campaign opened", "history", nil, func(c *cheat) bool {
			if c.truth.open > 0 {
				return false // an origin record stands at the start only
			}
			c.insert(0, &draw.Erased{What: []string{"answers"}, By: "operator"})
			return true
		}},
		{"opened twice, with other rules", "files", nil, func(c *cheat) bool {
			o := *c.open()
			o.Institution, o.Rules, o.Notice, o.Policy = "Another Library", draw.HashOf(c.rules), draw.HashOf(c.notice), draw.HashOf(c.policy)
			b, err := o.Marshal()
			c.records = append(c.records, logEntry{raw: b})
			return err == nil
		}},
		{"acts taken from the trail", "history", nil, func(c *cheat) bool {
			c.insert(len(c.records), &draw.TrailHead{Day: "2023-09-24", Count: 100, Head: c.hash()})
			c.insert(len(c.records), &draw.TrailHead{Day: "2023-09-25", Count: 99, Head: c.hash()})
			return true
		}},
		{"a trail's day twice", "history", nil, func(c *cheat) bool {
			c.insert(len(c.records), &draw.TrailHead{Day: "2023-09-24", Count: 100, Head: c.hash()})
			c.insert(len(c.records), &draw.TrailHead{Day: "2023-09-24", Count: 101, Head: c.hash()})
			return true
		}},
		{"an origin in the middle", "record", nil, func(c *cheat) bool {
			b, err := (&draw.Origin{Log: c.open().Log, Old: "old.example.org", OldSize: 3, OldRoot: c.hash()}).Marshal()
			c.records = append(c.records, logEntry{raw: b})
			return err == nil
		}},
		{"a record of a newer kind", "record", nil, func(c *cheat) bool {
			c.records = append(c.records, logEntry{raw: []byte("fairlot/v1 amnesty\n")})
			return true
		}},
	}
}
