package draw

import "slices"

// Prizes tells what the prize of a seat is. Make it with NewPrizes.
//
// Where strata were joined (SPEC section 5), tier number t of the stratum that stands has the seats of the tiers t of all of them. One prize stands
// for them: tier t of the stratum that stands if it has one, else of the first of those joined to it. SPEC counts seats and says nothing of what they
// are, so this is the one place of the rule; rules files say it (package engine).
type Prizes struct {
	rules    *DrawRules
	standing []int
}

// NewPrizes reads which strata stand off a ranking, which is in their order: with tiers each of them has a seat at least, and a line for it. Nobody is in the ranking of an empty list.
func NewPrizes(d *DrawRules, lines []Line) Prizes {
	p := Prizes{rules: d}
	for _, l := range lines {
		if n := len(p.standing); n == 0 || p.standing[n-1] != l.Stratum {
			p.standing = append(p.standing, l.Stratum)
		}
	}
	return p
}

// Into is for each stratum the one in which it was ranked, in the order of their numbers; nil in a proportional draw, whose ranking does not show it, and if nobody was ranked.
func (p Prizes) Into() []int {
	if p.rules.Proportional != 0 || len(p.standing) == 0 {
		return nil
	}
	into := make([]int, p.rules.Strata)
	for i := range into {
		into[i] = p.standing[len(p.standing)-1] // none stands behind it
		if at := slices.IndexFunc(p.standing, func(s int) bool { return s > i }); at >= 0 {
			into[i] = p.standing[at]
		}
	}
	return into
}

// Of is the tier of the rules that says what the seats of a tier number of a stratum that stands are, counted from 1 over all strata in the order of
// the open record; 1 in a proportional draw, and 0 if there is no such tier.
func (p Prizes) Of(stratum, tier int) int {
	if p.rules.Proportional != 0 && tier == 1 {
		return 1
	}
	into, found := p.Into(), 0
	for i, t := range p.rules.Tiers {
		switch {
		case t.Tier != tier:
		case t.Stratum == stratum:
			return i + 1
		case found == 0 && t.Stratum <= len(into) && into[t.Stratum-1] == stratum:
			found = i + 1
		}
	}
	return found
}
