package verify_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/draw/vectors"
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
func signature(of func(c *cheat, was draw.Signature) draw.Signature) func(c *cheat) bool {
	return func(c *cheat) bool {
		n := c.drawn()
		if n == 0 {
			return false
		}
		was := c.records[c.first("result", n)].rec.(*draw.Result).Signature
		c.sigma[n] = of(c, was)
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

func rulesLies() []lie {
	return []lie{
		{"institution", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { o.Institution = "Another Library"; return true })},
		{"zone", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { o.Zone = "Asia/Taipei"; return true })},
		{"rules file", "", nil, func(c *cheat) bool {
			c.rules = append(slices.Clone(c.rules), "prize Another one\n"...)
			return true
		}},
		{"notice", "", nil, func(c *cheat) bool {
			same := bytes.Equal(c.notice, c.policy)
			c.notice = append(slices.Clone(c.notice), "And more.\n"...)
			return !same
		}},
		{"campaign", "", nil, onOpen(func(c *cheat, o *draw.Open) bool {
			was := o.Campaign
			o.Campaign = c.bytes16()
			c.rules = bytes.ReplaceAll(c.rules, []byte(was.String()), []byte(o.Campaign.String()))
			return true
		})},
		{"campaign of the rules file alone", "files", nil, onOpen(func(c *cheat, o *draw.Open) bool {
			c.rules = bytes.ReplaceAll(c.rules, []byte(o.Campaign.String()), []byte(draw.CampaignID(c.bytes16()).String()))
			return true
		})},
		{"custodian's recipient", "", nil, onOpen(func(c *cheat, o *draw.Open) bool {
			if len(o.Custodians) == 0 {
				return false
			}
			o.Custodians = slices.Clone(o.Custodians)
			o.Custodians[c.rnd.IntN(len(o.Custodians))].Recipient = "age1operator"
			return true
		})},
		{"a custodian more", "", nil, onOpen(func(c *cheat, o *draw.Open) bool {
			o.Custodians = append(slices.Clone(o.Custodians), draw.Custodian{Recipient: "age1operator", VKey: vkeyOf("the operator", "operator.example.org", 4)})
			if o.Threshold == 0 {
				o.Threshold = 1
			}
			return true
		})},
		{"threshold", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { o.Threshold--; return o.Threshold > 0 })},
		{"notifier", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { o.Notifiers = []string{"age1operator"}; return true })},
		{"proof of person", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { o.Proof = draw.ProofNone; return true })},
		{"register grown", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { o.Register += 1_000_000; return true })},
		{"register left out", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { was := o.Register; o.Register = 0; return was > 0 })},
		{"register below who is counted", "entrants", nil, func(c *cheat) bool {
			n := c.listed()
			if n == 0 {
				return false
			}
			ranked := int64(0)
			for _, l := range c.lists[n] {
				if l.Chances > 0 {
					ranked++
				}
			}
			c.open().Register = ranked - 1
			return ranked > 1
		}},
		{"cap on chances raised", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { was := o.Chances; o.Chances = 1000; return was < 1000 })},
		{"cap on chances below what somebody has", "entrants", nil, func(c *cheat) bool {
			n, most := c.listed(), uint16(0)
			for _, l := range c.lists[n] {
				most = max(most, l.Chances)
			}
			c.open().Chances = int(most) - 1
			return n > 0 && most > 1
		}},
		{"batch", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { was := o.Batch; o.Batch = 1 + c.rnd.IntN(9); return o.Batch != was })},
		{"end of entries", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { o.EntriesEnd = o.EntriesEnd.Add(-time.Hour); return true })},
		{"end of objections after the deadline", "open", nil, onOpen(func(c *cheat, o *draw.Open) bool {
			if len(o.Draws) == 0 {
				return false
			}
			o.ObjectionsEnd = o.Draws[0].Deadline(o.Draws[0].Round).Add(time.Second)
			return true
		})},
		{"exclusion list", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { o.Excluded = &draw.Excluded{Count: 7, Hash: c.hash()}; return true })},
		{"audit sample", "", nil, onOpen(func(c *cheat, o *draw.Open) bool { o.Audit += 5; return true })},
		{"seats", "", nil, onRules(func(c *cheat, d *draw.DrawRules) bool {
			if d.Proportional > 0 {
				d.Proportional++
			} else {
				d.Tiers = slices.Clone(d.Tiers)
				d.Tiers[c.rnd.IntN(len(d.Tiers))].Count++
			}
			return true
		})},
		{"alternates", "", nil, onRules(func(c *cheat, d *draw.DrawRules) bool { d.Alternates++; return true })},
		{"days to claim", "", nil, onRules(func(c *cheat, d *draw.DrawRules) bool { d.ClaimDays++; return true })},
		{"earlier winners", "", nil, onRules(func(c *cheat, d *draw.DrawRules) bool { d.EarlierWinnersOut = !d.EarlierWinnersOut; return true })},
		{"what becomes of vacated seats", "", nil, onRules(func(c *cheat, d *draw.DrawRules) bool { d.Forfeit = !d.Forfeit; return true })},
		{"margin", "", nil, onRules(func(c *cheat, d *draw.DrawRules) bool { was := d.Margin; d.Margin = 1; return was > 1 })},
		{"dead days", "", nil, onRules(func(c *cheat, d *draw.DrawRules) bool { d.DeadDays++; return true })},
		{"a later round", "", nil, func(c *cheat) bool {
			o := c.open()
			for i := range o.Draws {
				if d := &o.Draws[i]; d.Round != laterOne && chainOf(d) == beacon.Quicknet() && c.first("amend", i+1) < 0 {
					d.Round, c.sigma[i+1] = laterOne, knownRounds()[laterOne]
					return true
				}
			}
			return false
		}},
		{"an earlier round", "", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || chainOf(&c.open().Draws[n-1]) != beacon.Quicknet() || c.first("amend", n) >= 0 {
				return false
			}
			d := &c.open().Draws[n-1]
			d.Round = pick(c.rnd, []uint64{1, 2, 100})
			c.sigma[n] = knownRounds()[d.Round]
			return true
		}},
		{"a margin that the round does not leave", "open", nil, onRules(func(c *cheat, d *draw.DrawRules) bool {
			d.Margin = 2_592_000
			return d.Round < laterOne
		})},
		{"a beacon of the operator's", "", nil, func(c *cheat) bool {
			o := c.open()
			n := c.drawn()
			if n == 0 {
				return false
			}
			d, l := &o.Draws[n-1], ownChain()
			d.Beacon = draw.Beacon{Chain: l.Chain().Hash, Scheme: draw.Scheme, Period: int(l.Chain().Period), Genesis: l.Chain().Genesis, Key: l.Chain().Key}
			round := c.out.Draws[n-1].Round
			c.sigma[n] = l.Sign(round)
			c.knows(l.Chain().Hash, round, c.sigma[n])
			return true
		}},
		{"quicknet's name for a key of the operator's", "open", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || chainOf(&c.open().Draws[n-1]) != beacon.Quicknet() {
				return false
			}
			c.open().Draws[n-1].Beacon.Key = ownChain().Chain().Key
			c.sigma[n] = ownChain().Sign(c.out.Draws[n-1].Round)
			return true
		}},
		{"quicknet's key under another name", "", nil, onRules(func(c *cheat, d *draw.DrawRules) bool {
			if chainOf(d) != beacon.Quicknet() {
				return false
			}
			d.Beacon.Chain = sha256.Sum256([]byte("another chain"))
			for round, s := range knownRounds() {
				c.knows(d.Beacon.Chain, round, s)
			}
			return true
		})},
		{"one witness is enough", "", nil, func(c *cheat) bool {
			c.own = true
			return c.repolicy(strings.ReplaceAll(string(c.policy), " 2 custodian-1", " 1 custodian-1"))
		}},
		{"no witness is needed", "", nil, func(c *cheat) bool {
			head, _, ok := strings.Cut(string(c.policy), "quorum ")
			c.own = true
			return ok && c.repolicy(head+"quorum none\n")
		}},
		{"a policy for another log", "open", nil, func(c *cheat) bool {
			_, rest, ok := strings.Cut(string(c.policy), "\n")
			return ok && c.repolicy("log "+vkeyOf("another log", vectorOrigin, 1)+"\n"+rest)
		}},
		{"a log key of the operator's own, not the one everybody knows", "", nil, func(c *cheat) bool {
			_, rest, _ := strings.Cut(string(c.policy), "\n")
			k := vkeyOf("another log", vectorOrigin, 1)
			c.open().Log, c.key = k, "another log"
			return c.repolicy("log " + k + "\n" + rest)
		}},
		{"a receipt key of its own", "", nil, onOpen(func(c *cheat, o *draw.Open) bool {
			o.Receipt = vkeyOf("another receipt key", vectorOrigin+"/receipt", 1)
			return true
		})},
		{"witnesses who are the operator", "", []signing{fromTheStart}, func(c *cheat) bool {
			p := string(c.policy)
			for _, w := range []string{"custodian-1", "custodian-2", "city"} {
				name := w + ".example.org"
				p = strings.ReplaceAll(p, vkeyOf(name, name, 4), vkeyOf("made up "+w, name, 4))
				c.witness[name] = "made up " + w
			}
			c.own = true
			return c.repolicy(p)
		}},
	}
}

func chainOf(d *draw.DrawRules) beacon.Chain {
	return beacon.Chain{Hash: d.Beacon.Chain, Scheme: d.Beacon.Scheme, Period: uint32(d.Beacon.Period), Genesis: d.Beacon.Genesis, Key: d.Beacon.Key}
}

// knows gives a program without BLS a signature that is right.
func (c *cheat) knows(chain draw.Hash, round uint64, s draw.Signature) {
	c.known = append(c.known, vectors.Round{Chain: chain, Round: round, Signature: s[:]})
}

// repolicy has another policy, if it is one.
func (c *cheat) repolicy(text string) bool {
	if _, err := ledger.ParsePolicy([]byte(text)); err != nil || text == string(c.policy) || bytes.Equal(c.policy, c.notice) {
		return false
	}
	c.policy = []byte(text)
	return true
}

func listLies() []lie {
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
		{"a winner of an earlier draw stays in", "entrants", nil, func(c *cheat) bool {
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
			if n == 0 || c.out.Draws[n-1].Void != "" || c.said != "0 proven" {
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

func resultLies() []lie {
	return []lie{
		{"another round's signature", "beacon", nil, signature(func(c *cheat, was draw.Signature) draw.Signature {
			return knownRounds()[pick(c.rnd, []uint64{1, 2, 100})]
		})},
		{"a signature of the operator's own beacon", "beacon", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || chainOf(&c.open().Draws[n-1]) == ownChain().Chain() {
				return false
			}
			c.sigma[n] = ownChain().Sign(c.out.Draws[n-1].Round)
			return true
		}},
		{"the signature's negative", "beacon", nil, signature(func(c *cheat, was draw.Signature) draw.Signature { was[0] ^= 0x20; return was })},
		{"no point for a signature", "beacon", nil, signature(func(c *cheat, was draw.Signature) draw.Signature { was[47] ^= 1; return was })},
		{"the neutral signature", "beacon", nil, signature(func(c *cheat, was draw.Signature) draw.Signature { return draw.Signature{0xc0} })},
		{"another close than the binding one", "seed", nil, onResult(func(c *cheat, r *draw.Result) { r.Close = c.hash() })},
		{"a seed of the operator's", "seed", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			c.seed[n] = draw.Seed(c.hash())
			return true
		}},
		{"two exchanged in the ranking", "ranking", nil, ranking(2, func(c *cheat, l []draw.Line) []draw.Line {
			i := c.rnd.IntN(len(l) - 1)
			l[i].ID, l[i+1].ID = l[i+1].ID, l[i].ID
			return l
		})},
		{"two exchanged with their scores", "ranking", nil, ranking(2, func(c *cheat, l []draw.Line) []draw.Line {
			l[0].ID, l[1].ID, l[0].Score, l[1].Score = l[1].ID, l[0].ID, l[1].Score, l[0].Score
			return l
		})},
		{"a friend in the ranking", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line {
			l[c.rnd.IntN(len(l))].ID = c.bytes16()
			return l
		})},
		{"a friend in the ranking with the score that would be theirs", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line {
			id := draw.EntrantID(c.bytes16())
			l[0].ID, l[0].Score = id, draw.ScoreOf(draw.Seed{}, id, 1)
			return l
		})},
		{"a better score", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line { l[0].Score = draw.Score{1}; return l })},
		{"another seat", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line {
			l[c.rnd.IntN(len(l))].Seat++
			return l
		})},
		{"a winner left out", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line { return slices.Delete(l, 0, 1) })},
		{"the last alternate left out", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line { return l[:len(l)-1] })},
		{"an alternate more", "ranking", nil, ranking(0, func(c *cheat, l []draw.Line) []draw.Line {
			return append(l, draw.Line{Stratum: 1, Rank: len(l) + 1, ID: c.bytes16(), Score: draw.Score{0xff}})
		})},
		{"ranked by id", "ranking", nil, ranking(4, func(c *cheat, l []draw.Line) []draw.Line {
			ids := []draw.EntrantID{}
			for _, x := range l {
				ids = append(ids, x.ID)
			}
			sorted := slices.Clone(ids)
			slices.SortFunc(sorted, func(a, b draw.EntrantID) int { return bytes.Compare(a[:], b[:]) })
			if slices.Equal(ids, sorted) {
				slices.Reverse(sorted)
			}
			for i := range l {
				l[i].ID = sorted[i]
			}
			return l
		})},
		{"the hash of another ranking", "ranking", nil, onResult(func(c *cheat, r *draw.Result) { r.Ranking = c.hash() })},
		{"a count of lines that is none", "ranking", nil, onResult(func(c *cheat, r *draw.Result) { r.Ranked++ })},
		{"another ranking than the result names", "ranking", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			c.touch = func(parts map[string][]byte) {
				path := fmt.Sprintf("draw/%d/ranking.txt", n)
				parts[path] = append(slices.Clone(parts[path]), "1 99 00000000000000000000000000000000\n"...)
			}
			return true
		}},
	}
}

// laterLies are about what comes after the result: nothing of it is cosigned in time for anything.
func laterLies() []lie {
	replace := func(of func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace) func(c *cheat) bool {
		return after(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) draw.Record {
			if r := of(c, n, d, held, free); r != nil {
				r.Draw, r.Reason = n, pick(c.rnd, draw.ReplaceReasons())
				return r
			}
			return nil
		})
	}
	open := func(purpose string, over int64) func(c *cheat) bool {
		return after(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) draw.Record {
			x := c.out.Draws[n-1]
			limit := int64(x.Called)
			if purpose == "audit" {
				limit = int64(c.open().Audit)
			}
			if count := limit - x.Opened[purpose] + over; count > 0 {
				return &draw.Opened{Draw: n, Purpose: purpose, Count: count}
			}
			return nil
		})
	}
	dropLast := func(kind string) func(c *cheat) bool {
		return func(c *cheat) bool {
			for i := len(c.records) - 1; i > 0; i-- {
				if r := c.records[i].rec; r != nil && r.Kind() == kind {
					c.remove(i)
					return true
				}
			}
			return false
		}
	}
	return []lie{
		{"somebody who holds no seat replaced", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			if len(free) == 0 {
				return &draw.Replace{Stratum: 1, Vacated: 9999, Next: c.next(n, 1)}
			}
			l := pick(c.rnd, free)
			return &draw.Replace{Stratum: l.Stratum, Vacated: l.Rank, Next: c.next(n, l.Stratum)}
		})},
		{"an alternate passed over", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			if len(held) == 0 {
				return nil
			}
			l := pick(c.rnd, held)
			return &draw.Replace{Stratum: l.Stratum, Vacated: l.Rank, Next: c.next(n, l.Stratum) + 1}
		})},
		{"a friend called", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			if len(held) == 0 {
				return nil
			}
			return &draw.Replace{Stratum: held[0].Stratum, Vacated: held[0].Rank, Next: 5000}
		})},
		{"a seat left empty though an alternate waits", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			for _, l := range held {
				if c.next(n, l.Stratum) > 0 {
					return &draw.Replace{Stratum: l.Stratum, Vacated: l.Rank}
				}
			}
			return nil
		})},
		{"a stratum that is none replaced", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			return &draw.Replace{Stratum: d.Strata + 1, Vacated: 1}
		})},
		{"one seat vacated twice", "replace", nil, func(c *cheat) bool {
			again := *new(draw.Replace)
			add := replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
				if len(held) == 0 {
					return nil
				}
				again = draw.Replace{Draw: n, Reason: "late", Stratum: held[0].Stratum, Vacated: held[0].Rank}
				r := again
				r.Next = c.next(n, r.Stratum)
				return &r
			})
			if !add(c) {
				return false
			}
			c.insert(len(c.records), &again)
			return true
		}},
		{"more told than won", "opened", nil, open("notice", 1)},
		{"more claims than winners", "opened", nil, open("claim", 1)},
		{"more to the tax office than won", "opened", nil, open("tax", 1)},
		{"more than the audit sample opened", "opened", nil, open("audit", 1)},
		{"a winner replaced within the rules", "", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			if len(held) == 0 {
				return nil
			}
			l := pick(c.rnd, held)
			return &draw.Replace{Stratum: l.Stratum, Vacated: l.Rank, Next: c.next(n, l.Stratum)}
		})},
		{"a replacement left out", "", nil, dropLast("replace")},
		{"another reason for a replacement", "", nil, func(c *cheat) bool {
			for _, e := range c.records {
				if r, ok := e.rec.(*draw.Replace); ok {
					was := r.Reason
					r.Reason = pick(c.rnd, draw.ReplaceReasons())
					return r.Reason != was
				}
			}
			return false
		}},
		{"opened as many as may be", "", nil, open("tax", 0)},
		{"an opening left out", "", nil, dropLast("opened")},
		{"another count opened", "", nil, func(c *cheat) bool {
			for _, e := range c.records {
				if r, ok := e.rec.(*draw.Opened); ok && r.Count > 1 && c.rnd.IntN(2) == 0 {
					r.Count--
					return true
				}
			}
			return false
		}},
		{"a draw opened as proven or not", "", nil, func(c *cheat) bool {
			for _, e := range c.records {
				if r, ok := e.rec.(*draw.Opened); ok {
					r.Unproven = !r.Unproven
					return true
				}
			}
			return false
		}},
		{"opened for a case", "", nil, func(c *cheat) bool {
			n := c.bytes16()
			c.insert(len(c.records), &draw.Opened{Purpose: "court", Case: &n, Count: 1 + c.rnd.Int64N(1000)})
			return true
		}},
		{"said to be erased", "", nil, func(c *cheat) bool {
			c.insert(len(c.records), &draw.Erased{What: []string{"contacts"}, By: "operator"})
			return true
		}},
		{"an erasure left out", "", nil, dropLast("erased")},
		{"a head of the trail left out", "", nil, dropLast("audit")},
		{"another campaign's record", "", nil, func(c *cheat) bool {
			b, err := (&draw.Void{Open: c.hash(), Draw: 1, Reason: "cancelled"}).Marshal()
			c.records = append(c.records, logEntry{raw: b})
			return err == nil
		}},
	}
}

// spare are all bundles of the vectors, to take parts of.
var spare = sync.OnceValue(func() (list []vectors.Vector) {
	all, err := vectors.All()
	if err != nil {
		panic(err)
	}
	for _, v := range all {
		if v.Kind == "bundle" {
			list = append(list, v)
		}
	}
	return list
})

// logLies are about heads and signatures, and about bytes that nobody mends.
func logLies() []lie {
	touch := func(f func(c *cheat, parts map[string][]byte)) func(c *cheat) bool {
		return func(c *cheat) bool {
			c.touch = func(parts map[string][]byte) { f(c, parts) }
			return true
		}
	}
	whole := func(parts map[string][]byte) (path string) {
		n := 0
		for i := range parts {
			var size int
			if _, err := fmt.Sscanf(i, "checkpoints/%d", &size); err == nil && size >= n {
				n, path = size, i
			}
		}
		return path
	}
	return []lie{
		{"nothing", "", nil, func(c *cheat) bool { return true }},
		{"no head of the whole log", "log", nil, func(c *cheat) bool {
			c.records = append(c.records, logEntry{rec: &draw.Erased{What: []string{"answers"}, By: "operator"}})
			c.touch = func(parts map[string][]byte) { delete(parts, whole(parts)) }
			return true
		}},
		{"a head signed by another key", "log", nil, touch(func(c *cheat, parts map[string][]byte) {
			path := whole(parts)
			text, _, _ := strings.Cut(string(parts[path]), "\n\n")
			parts[path] = []byte(text + "\n\n" + noteLine("the operator", vectorOrigin, 1, []byte(text+"\n"), nil))
		})},
		{"the root of another log", "log", nil, touch(func(c *cheat, parts map[string][]byte) {
			path := whole(parts)
			h := c.hash()
			text := fmt.Sprintf("%s\n%s\n%s\n", vectorOrigin, strings.TrimPrefix(path, "checkpoints/"), base64.StdEncoding.EncodeToString(h[:]))
			parts[path] = []byte(text + "\n" + noteLine(c.key, vectorOrigin, 1, []byte(text), nil))
		})},
		{"a head under another size", "log", nil, touch(func(c *cheat, parts map[string][]byte) {
			path := whole(parts)
			parts["checkpoints/9999"] = parts[path]
		})},
		{"witnesses' lines dropped", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			for path, b := range parts {
				if strings.HasPrefix(path, "checkpoints/") {
					text, lines, _ := strings.Cut(string(b), "\n\n")
					first, _, _ := strings.Cut(lines, "\n")
					parts[path] = []byte(text + "\n\n" + first + "\n")
				}
			}
		})},
		{"bytes altered", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			for range 1 + c.rnd.IntN(2) {
				path := pick(c.rnd, slices.Sorted(maps.Keys(parts)))
				parts[path] = flipped(c.rnd, parts[path])
			}
		})},
		{"a line altered", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			path := pick(c.rnd, slices.Sorted(maps.Keys(parts)))
			parts[path] = []byte(lineMutant(c.rnd, string(parts[path])))
		})},
		{"a file left out", "", nil, touch(func(c *cheat, parts map[string][]byte) { delete(parts, pick(c.rnd, slices.Sorted(maps.Keys(parts)))) })},
		{"a part of another bundle", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			other := pick(c.rnd, spare())
			p := pick(c.rnd, other.Parts)
			dir := p.Path[:strings.LastIndexByte(p.Path, '/')+1]
			for _, path := range slices.Sorted(maps.Keys(parts)) {
				if strings.HasPrefix(path, dir) && (dir != "" || path == p.Path) {
					parts[path] = p.Data
					return
				}
			}
		})},
		{"a record of another bundle, and signed", "", nil, func(c *cheat) bool {
			log, _ := pick(c.rnd, spare()).Part("log.bin")
			if records := splitLog(log); len(records) > 0 {
				c.records = slices.Insert(c.records, c.rnd.IntN(len(c.records)+1), logEntry{raw: pick(c.rnd, records)})
			}
			return true
		}},
		{"records of another order, and old signatures", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			records := splitLog(parts["log.bin"])
			i, j := c.rnd.IntN(len(records)), c.rnd.IntN(len(records))
			switch c.rnd.IntN(3) {
			case 0:
				records[i], records[j] = records[j], records[i]
			case 1:
				records = slices.Delete(records, i, i+1)
			default:
				records = slices.Insert(records, i, records[j])
			}
			parts["log.bin"] = logBytes(records)
		})},
		{"a line of a record altered, and signed", "", nil, func(c *cheat) bool {
			i := c.rnd.IntN(len(c.records))
			if c.records[i].rec == nil {
				return false
			}
			seed := c.rnd.Uint64()
			c.raw[c.records[i].rec] = func(b []byte) []byte { return []byte(lineMutant(rand.New(rand.NewPCG(seed, 1)), string(b))) }
			return true
		}},
		{"a record dropped, and signed", "", nil, func(c *cheat) bool {
			i := c.rnd.IntN(len(c.records))
			if i == c.truth.open {
				return false
			}
			c.remove(i)
			return true
		}},
		{"a record repeated, and signed", "", nil, func(c *cheat) bool {
			e := pick(c.rnd, c.records)
			if _, ok := e.rec.(*draw.Open); ok {
				return false
			}
			c.records = slices.Insert(c.records, 1+c.rnd.IntN(len(c.records)), e)
			return true
		}},
		{"records in another order, and signed", "", nil, func(c *cheat) bool {
			i, j := c.rnd.IntN(len(c.records)), c.rnd.IntN(len(c.records))
			c.records[i], c.records[j] = c.records[j], c.records[i]
			return i != j
		}},
		{"the log cut off, and signed", "", nil, func(c *cheat) bool {
			at := c.truth.open + 1 + c.rnd.IntN(len(c.records)-c.truth.open)
			c.records = c.records[:at]
			return true
		}},
	}
}
