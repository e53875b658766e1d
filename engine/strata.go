package engine

import (
	"fmt"
	"slices"

	"fairlot/draw"
)

const (
	maxStrata = 100
	maxTiers  = 100 // of one stratum in one draw
)

// strata is how many groups are drawn by themselves, 1 if nobody is told apart.
func (r *Rules) strata() int { return max(1, len(r.Strata)) }

// checkStrata finds what is wrong with strata, and with which prizes are whose.
func (r *Rules) checkStrata(bad func(path, reason, format string, args ...any)) {
	switch {
	case len(r.Strata) == 1 || len(r.Strata) > maxStrata:
		bad("strata", "range", "name 2 to %d strata, or none: in one alone everybody is drawn together anyway", maxStrata)
	case len(r.Strata) > 0 && r.StrataBy == "":
		bad("strata_by", "required", "say what decides the stratum of an entrant: their choice on the entry form, or the token")
	case len(r.Strata) == 0 && r.StrataBy != "":
		bad("strata_by", "unused", "there are no strata: name them, or leave this out")
	case r.StrataBy == StrataByToken && r.Proof != ProofToken:
		bad("strata_by", "proof", "tokens can decide the stratum only where the proof is the token: let entrants choose, or hand out tokens")
	}
	for _, lang := range languages {
		seen := map[string]bool{}
		for i, title := range r.Strata {
			if s, ok := title[lang]; ok && seen[s] {
				bad(fmt.Sprintf("strata[%d].title", i), "duplicate", "two strata have the same title: nobody could tell them apart")
			} else {
				seen[s] = true
			}
		}
	}
	for i, d := range r.Draws {
		r.checkTiers(d, func(reason, format string, args ...any) {
			bad(fmt.Sprintf("draws[%d].tiers", i), reason, format, args...)
		})
		if d.Proportional && len(r.Strata) == 0 {
			bad(fmt.Sprintf("draws[%d].proportional", i), "unused", "there are no strata among which prizes could be shared: name them, or leave this out")
		}
	}
}

// checkTiers finds what is wrong with whose prizes the tiers of a draw are. What is wrong is told once: one slip moves all tiers behind it.
func (r *Rules) checkTiers(d DrawRules, bad func(reason, format string, args ...any)) {
	own := slices.ContainsFunc(d.Tiers, func(t Tier) bool { return t.Stratum != 0 })
	switch {
	case len(d.Tiers) == 0:
		bad("required", "a draw needs at least one prize tier")
		return
	case d.Proportional && (len(d.Tiers) != 1 || own):
		bad("proportional", "a proportional draw has exactly one tier, without a stratum: it is shared among all of them")
		return
	case len(r.Strata) == 0 && own:
		bad("unused", "there are no strata whose prize this could be: name them, or leave the stratum of the tier out")
		return
	case len(r.Strata) == 0 && len(d.Tiers) > maxTiers:
		bad("range", "a draw has at most %d tiers", maxTiers)
		return
	case len(r.Strata) == 0 || d.Proportional:
		return
	}
	last, n := 0, 0
	for j, t := range d.Tiers {
		switch {
		case t.Stratum < 1 || t.Stratum > len(r.Strata):
			bad("stratum", "tier %d is of stratum %d: say whose prize it is, 1 to %d, or make the draw proportional", j+1, t.Stratum, len(r.Strata))
			return
		case t.Stratum < last:
			bad("order", "tier %d is of stratum %d and stands behind one of stratum %d: write tiers in the order of their strata", j+1, t.Stratum, last)
			return
		case t.Stratum > last+1 && slices.ContainsFunc(d.Tiers[j:], func(x Tier) bool { return x.Stratum == last+1 }):
			bad("order", "tier %d is of stratum %d and stands before one of stratum %d: write tiers in the order of their strata", j+1, t.Stratum, last+1)
			return
		case t.Stratum > last+1:
			bad("missing", "stratum %d has no prize: give each stratum at least one tier", last+1)
			return
		case t.Stratum > last:
			last, n = t.Stratum, 0
		}
		if n++; n > maxTiers {
			bad("range", "stratum %d has more than %d tiers", last, maxTiers)
			return
		}
	}
	if last < len(r.Strata) {
		bad("missing", "stratum %d has no prize: give each stratum at least one tier", last+1)
	}
}

// tiersOf are the tiers of an open record: by stratum, and in each counted from 1.
func tiersOf(d DrawRules) []draw.Tier {
	var tiers []draw.Tier
	for _, t := range d.Tiers {
		x := draw.Tier{Stratum: max(1, t.Stratum), Tier: 1, Count: int(t.Count)}
		if n := len(tiers); n > 0 && tiers[n-1].Stratum == x.Stratum {
			x.Tier = tiers[n-1].Tier + 1
		}
		tiers = append(tiers, x)
	}
	return tiers
}

// strataLines are what the rules file says of strata: their names, what decides, and what becomes of small ones.
func (r *Rules) strataLines(line func(string, ...any), texts func(string, Texts)) {
	if len(r.Strata) == 0 {
		return
	}
	line("strata-by %s", r.StrataBy)
	for i, title := range r.Strata {
		texts(fmt.Sprintf("stratum %d", i+1), title)
	}
	line("strata-small with fewer than %d counted entrants a stratum is drawn together with the next, the last one with the one before", r.Batch)
	line("strata-joined prizes are added number by number, and are then what they are in the stratum that the others were joined to; a number that it does not have keeps the prize of the first joined one that has it")
}

// prizeLines are what the rules file says of a draw's prizes.
func (d *DrawRules) prizeLines(n int, line func(string, ...any), texts func(string, Texts)) {
	if d.Proportional {
		line("proportional %d the prizes are shared among the strata by their numbers of counted entrants", n)
	}
	for j, t := range tiersOf(*d) {
		key, at := "tier", fmt.Sprintf("%d %d", n, t.Tier)
		if d.Tiers[j].Stratum > 0 {
			key, at = "stratum-tier", fmt.Sprintf("%d %d %d", n, t.Stratum, t.Tier)
		}
		texts(key+" "+at, d.Tiers[j].Title)
		if value := d.Tiers[j].Value; value > 0 {
			line("%s-value %s %d", key, at, value)
		}
	}
}

// checkStratum judges the stratum that an entrant chose.
func (o *opened) checkStratum(req *EnterRequest, c *checked, p *problems) {
	c.stratum = 1
	switch n := len(o.rules.Strata); {
	case o.rules.StrataBy != StrataByEntrant:
		if req.Stratum != 0 {
			p.add(FieldInvalid, Field{"stratum", "not-asked", "leave this out: in this campaign nobody chooses a group"})
		}
	case req.Stratum == 0:
		p.add(FieldInvalid, Field{"stratum", "required", "choose the group in which you are drawn"})
	case req.Stratum < 0 || req.Stratum > n:
		p.add(FieldInvalid, Field{"stratum", "unknown", "this campaign does not have that group: reload the page and choose one"})
	default:
		c.stratum = uint16(req.Stratum)
	}
}
