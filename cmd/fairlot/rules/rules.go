// Package rules explains the rules of a campaign's draws in plain words, in Taiwanese Chinese and English, with the odds that follow
// from them, and names what in them hurts. It is what a person reads before they sign for rules, and after: it takes a campaign
// file that nobody has opened yet, and the open record of a bundle, where the rules are fixed.
//
// It decides nothing: what cannot be opened the daemon refuses, and what counts is the open record.
//
// First calls: Of or Opened, then Explain and Lint.
package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/crypto/beacon"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

const deadDays = 30 // that the daemon fixes

// Set is what is fixed about the draws of a campaign. Keys, hashes and times of day of a draft are left out.
type Set struct {
	Open   draw.Open // without draws there is nothing to explain
	Titles map[string]string
	Tiers  map[[2]int]map[string]string // titles of prizes, by draw and prize: its tiers counted from 1, those of all strata in their order
	Strata map[int]map[string]string    // titles of strata; empty if everybody is drawn together
	By     string                       // what decides the stratum of an entrant: entrant or token
	In     []int64                      // how many entrants each stratum may come to have, for the odds; nil: they are spread evenly
	Survey bool                         // answers are mixed, so `batch` hides them
	Notice map[string]string            // of a draft; nil of what is open
	Keeps  bool                         // a draft whose envelopes nothing ever destroys
}

// Of reads a campaign file, with the defaults that the daemon would put in. The error names what must be written first for there to be something to explain.
func Of(c *fairlotv1.Campaign) (*Set, error) {
	var missing []string
	if len(c.Title) == 0 {
		missing = append(missing, "title")
	}
	if c.EntriesEnd == nil {
		missing = append(missing, "entriesEnd")
	}
	for i, d := range c.Draws {
		if d.DrawTime == nil {
			missing = append(missing, fmt.Sprintf("draws[%d].drawTime", i))
		}
		if d.Proportional && len(d.Tiers) > 1 {
			return nil, fmt.Errorf("draws[%d]: a proportional draw has exactly one tier", i)
		}
		if len(d.Tiers) == 0 {
			missing = append(missing, fmt.Sprintf("draws[%d].tiers", i))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the rules are not written yet: %s", strings.Join(missing, ", "))
	}
	s := &Set{Titles: texts(c.Title), Tiers: map[[2]int]map[string]string{}, Strata: map[int]map[string]string{}, By: strataBy[c.StrataBy], Survey: c.SurveyJson != "", Notice: texts(c.Notice), Keeps: c.RetentionDays == 0}
	s.Open = draw.Open{
		Custodians: make([]draw.Custodian, len(c.Custodians)), Threshold: int(c.Threshold), Notifiers: c.Notifiers,
		Proof:    map[bool]string{true: draw.ProofNone, false: draw.ProofToken}[c.Proof == fairlotv1.Proof_PROOF_NONE],
		Register: c.Register, Chances: int(cmp.Or(c.ChancesCap, 1)), Batch: int(cmp.Or(c.Batch, 50)), EntriesEnd: c.EntriesEnd.AsTime(), Audit: int(c.Audit),
	}
	if x := c.Excluded; x != nil {
		hash, err := draw.ParseHash(x.Hash)
		if err != nil {
			return nil, fmt.Errorf("excluded.hash: %w", err)
		}
		s.Open.Excluded = &draw.Excluded{Count: x.Persons, Hash: hash}
	}
	s.Open.ObjectionsEnd = s.Open.EntriesEnd
	if c.ObjectionsEnd != nil {
		s.Open.ObjectionsEnd = c.ObjectionsEnd.AsTime()
	}
	if s.Open.Threshold == 0 {
		s.Open.Threshold = min(2, len(c.Custodians))
	}
	for i, x := range c.Strata {
		s.Strata[i+1] = texts(x.Title)
	}
	for i, d := range c.Draws {
		chain := beacon.Quicknet()
		if b := d.Beacon; b != nil && b.PeriodSeconds > 0 {
			chain = beacon.Chain{Period: uint32(b.PeriodSeconds), Genesis: b.Genesis}
			copy(chain.Hash[:], b.Chain)
			copy(chain.Key[:], b.Key)
		}
		r := draw.DrawRules{
			Strata: max(1, len(c.Strata)), Alternates: int(d.Alternates), ClaimDays: int(d.ClaimDays), Forfeit: d.Forfeit, EarlierWinnersOut: d.EarlierWinnersOut, Margin: int(cmp.Or(d.MarginSeconds, 3600)),
			DeadDays: deadDays, Beacon: draw.Beacon{Chain: chain.Hash, Period: int(chain.Period), Genesis: chain.Genesis, Key: chain.Key}, Round: chain.RoundAt(d.DrawTime.AsTime()),
		}
		for j, t := range d.Tiers {
			s.Tiers[[2]int{i + 1, j + 1}] = texts(t.Title)
			if d.Proportional {
				r.Proportional = int(t.Count)
				continue
			}
			if len(c.Strata) > 0 && t.Stratum == 0 {
				return nil, fmt.Errorf("draws[%d].tiers[%d]: say of which stratum it is", i, j)
			}
			x := draw.Tier{Stratum: max(1, int(t.Stratum)), Tier: 1, Count: int(t.Count)}
			if x.Stratum > r.Strata {
				return nil, fmt.Errorf("draws[%d].tiers[%d]: there is no stratum %d", i, j, x.Stratum)
			}
			if n := len(r.Tiers); n > 0 && r.Tiers[n-1].Stratum == x.Stratum {
				x.Tier = r.Tiers[n-1].Tier + 1
			}
			r.Tiers = append(r.Tiers, x)
		}
		s.Open.Draws = append(s.Open.Draws, r)
	}
	return s, nil
}

var strataBy = map[fairlotv1.StrataBy]string{fairlotv1.StrataBy_STRATA_BY_ENTRANT: "entrant", fairlotv1.StrataBy_STRATA_BY_TOKEN: "token"}

func texts(all []*fairlotv1.LocalizedText) map[string]string {
	m := map[string]string{}
	for _, t := range all {
		m[t.Lang] = t.Text
	}
	return m
}

// Opened reads the rules that a checked bundle fixes.
func Opened(c *bundle.Checked) *Set {
	return &Set{Open: *c.Outcome.Open, Titles: c.Titles.Campaign, Tiers: c.Titles.Tier, Strata: c.Titles.Strata, By: c.Titles.StrataBy, Survey: c.Titles.Survey}
}

// seats are the prizes of a stratum, of all tiers; with a proportional draw all strata together, as stratum 0.
func seats(d *draw.DrawRules, stratum int) (n int) {
	if d.Proportional > 0 {
		return d.Proportional
	}
	for _, t := range d.Tiers {
		if stratum == 0 || t.Stratum == stratum {
			n += t.Count
		}
	}
	return n
}

// top is the number of first prizes of stratum 1.
func top(d *draw.DrawRules) int {
	if d.Proportional > 0 {
		return d.Proportional
	}
	return d.Tiers[0].Count
}

// quicknet says that a draw's round comes from drand's public chain.
func quicknet(d *draw.DrawRules) bool {
	b, q := d.Beacon, beacon.Quicknet()
	return b.Chain == draw.Hash(q.Hash) && b.Key == q.Key && b.Period == int(q.Period) && b.Genesis == q.Genesis
}

// pools are the numbers of entrants for which odds are told: what was asked for, else the register, else three sizes.
func (s *Set) pools(asked []int64) []int64 {
	switch {
	case len(asked) > 0:
		return slices.Sorted(slices.Values(asked))
	case s.Open.Register > 0:
		return []int64{s.Open.Register}
	}
	return []int64{100, 1000, 10_000}
}

// lastBefore is when the last of the draws before draw i, from 0, is held.
func (s *Set) lastBefore(i int) (last time.Time) {
	for j := range i {
		if at := draw.RoundTime(s.Open.Draws[j].Beacon, s.Open.Draws[j].Round); at.After(last) {
			last = at
		}
	}
	return last
}

// untilDeadline is how long custodians have to cosign a draw.
func (s *Set) untilDeadline(d *draw.DrawRules) time.Duration {
	return d.Deadline(d.Round).Sub(s.Open.ObjectionsEnd)
}
