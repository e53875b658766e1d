package verify_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/draw/vectors"
)

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
