package verify_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"

	"fairlot/draw"
)

// lie is one thing that an operator states falsely or does against the rules, with whatever hangs on it mended. If step is set it breaks a rule, and that step must refuse
// it whoever signs; else it is another truth, of which nothing in the bundle is wrong: it needs witnesses who saw it before the draw.
type lie struct {
	name string
	step string
	how  []signing           // ways to sign it; nil: any
	tell func(c *cheat) bool // false: this truth has nothing of the kind
}

var (
	unconfirmed = []signing{noWitness, late, oneMore, strangers} // ways in which nothing is confirmed that was not before
)

// listed is the number of a draw that has a list, drawn of one that has a list and a result, 0 if there is none.
func (c *cheat) listed() int { return c.having("close") }
func (c *cheat) drawn() int  { return c.having("close", "result") }

func (c *cheat) having(kinds ...string) int {
	var all []int
	for n := range c.open().Draws {
		if !slices.ContainsFunc(kinds, func(kind string) bool { return c.first(kind, n+1) < 0 }) {
			all = append(all, n+1)
		}
	}
	if len(all) == 0 {
		return 0
	}
	return pick(c.rnd, all)
}

func (c *cheat) bytes16() (b [16]byte) {
	for i := range b {
		b[i] = byte(c.rnd.IntN(256))
	}
	return b
}

func (c *cheat) hash() (h draw.Hash) { return sha256.Sum256(fmt.Append(nil, c.rnd.Uint64())) }

// friend is a leaf that stands for nobody who entered.
func (c *cheat) friend(n int) draw.Leaf {
	return draw.Leaf{ID: c.bytes16(), Stratum: uint16(1 + c.rnd.IntN(c.open().Draws[n-1].Strata)), Chances: 1, Person: draw.Person(c.hash())}
}

// onList changes a leaf of a draw's list that want chooses; the list is sorted again. Whoever it was is wronged.
func onList(want func(l draw.Leaf) bool, change func(c *cheat, n int, l *draw.Leaf) bool) func(c *cheat) bool {
	return func(c *cheat) bool {
		n := c.listed()
		if n == 0 {
			return false
		}
		var fit []int
		for i, l := range c.lists[n] {
			if want(l) {
				fit = append(fit, i)
			}
		}
		if len(fit) == 0 {
			return false
		}
		i := pick(c.rnd, fit)
		was := c.lists[n][i]
		if !change(c, n, &c.lists[n][i]) || c.lists[n][i] == was {
			return false
		}
		if was.Chances > 0 {
			c.wrong(n, was)
		}
		c.sort(n)
		return true
	}
}

func (c *cheat) wrong(n int, leaf draw.Leaf) { c.wronged = append(c.wronged, wronged{n, leaf}) }

func (c *cheat) sort(n int) {
	slices.SortFunc(c.lists[n], func(a, b draw.Leaf) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

func anybody(draw.Leaf) bool   { return true }
func counted(l draw.Leaf) bool { return l.Chances > 0 }

// onOpen changes the open record; false: it stayed as it was.
func onOpen(change func(c *cheat, o *draw.Open) bool) func(c *cheat) bool {
	return func(c *cheat) bool { return change(c, c.open()) }
}

// onRules changes the rules of one draw.
func onRules(change func(c *cheat, d *draw.DrawRules) bool) func(c *cheat) bool {
	return func(c *cheat) bool {
		o := c.open()
		return len(o.Draws) > 0 && change(c, &o.Draws[c.rnd.IntN(len(o.Draws))])
	}
}

// onClose has the last word on a close record, after it was made to fit its list.
func onClose(change func(c *cheat, r *draw.Close) bool) func(c *cheat) bool {
	return func(c *cheat) bool {
		n := c.listed()
		if n == 0 {
			return false
		}
		r := c.records[c.first("close", n)].rec.(*draw.Close)
		trial := *r
		trial.Zero, trial.Days = slices.Clone(r.Zero), slices.Clone(r.Days)
		if !change(c, &trial) {
			return false
		}
		seed, zero, days := c.rnd.Uint64(), slices.Clone(r.Zero), slices.Clone(r.Days)
		c.last[r] = func() {
			r.Zero, r.Days = slices.Clone(zero), slices.Clone(days)
			c.mendClose(r)
			was := c.rnd
			c.rnd = rand.New(rand.NewPCG(seed, 0))
			change(c, r)
			c.rnd = was
		}
		return true
	}
}

// onResult has the last word on a result record.
func onResult(change func(c *cheat, r *draw.Result)) func(c *cheat) bool {
	return func(c *cheat) bool {
		n := c.drawn()
		if n == 0 {
			return false
		}
		r := c.records[c.first("result", n)].rec.(*draw.Result)
		x := c.hash()
		c.last[r] = func() {
			was := c.rnd
			c.rnd = rand.New(rand.NewPCG(uint64(x[0]), uint64(x[1])))
			change(c, r)
			c.rnd = was
		}
		return true
	}
}

// signature states another one than that of the round in force, and draws with it.
func signature(of func(c *cheat, n int, was draw.Signature) draw.Signature) func(c *cheat) bool {
	return func(c *cheat) bool {
		n := c.drawn()
		if n == 0 {
			return false
		}
		was := c.records[c.first("result", n)].rec.(*draw.Result).Signature
		c.sigma[n] = of(c, n, was)
		return c.sigma[n] != was
	}
}

// ranking has the last word on a ranking file; the result states its hash.
func ranking(least int, change func(c *cheat, l []draw.Line) []draw.Line) func(c *cheat) bool {
	return func(c *cheat) bool {
		n := c.drawn()
		if n == 0 || len(c.rank(c.open(), n, draw.Seed{})) < least {
			return false
		}
		c.lines[n] = func(l []draw.Line) []draw.Line {
			if len(l) < least {
				return append(slices.Clone(l), draw.Line{Stratum: 1, Rank: 99, Seat: 1})
			}
			return change(c, slices.Clone(l))
		}
		return true
	}
}

// after adds a record at the end that follows from who holds which seat.
func after(make func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) draw.Record) func(c *cheat) bool {
	return func(c *cheat) bool {
		n := c.drawn()
		if n == 0 || n > len(c.out.Draws) {
			return false
		}
		d := c.out.Draws[n-1]
		rules := &c.open().Draws[n-1]
		held := map[[2]int]bool{}
		for _, l := range d.Winners {
			held[[2]int{l.Stratum, l.Rank}] = true
		}
		var in, out []draw.Line
		for _, l := range d.Ranking {
			if held[[2]int{l.Stratum, l.Rank}] {
				in = append(in, l)
			} else {
				out = append(out, l)
			}
		}
		r := make(c, n, rules, in, out)
		if r == nil {
			return false
		}
		c.insert(len(c.records), r)
		return true
	}
}

// next is the alternate who is called next in a stratum, 0 for none.
func (c *cheat) next(n, stratum int) int {
	d := c.out.Draws[n-1]
	if c.open().Draws[n-1].Forfeit {
		return 0
	}
	called := 0
	for _, r := range d.Replaced {
		if r.Stratum == stratum && r.Next > called {
			called = r.Next
		}
	}
	for _, l := range d.Ranking {
		if l.Stratum == stratum && l.Seat == 0 && l.Rank > called {
			return l.Rank
		}
	}
	return 0
}

// lies are all there are. Those of the log come last: they alter what was made of others.
func lies() []lie {
	return slices.Concat(rulesLies(), listLies(), historyLies(), resultLies(), laterLies(), logLies())
}
