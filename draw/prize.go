package draw

import "slices"

// Prizes tells what the prize of a seat is. Make it with NewPrizes.
//
// Where strata were joined (SPEC section 5), tier number t of the stratum that stands has the seats of the tiers t of all of them. One prize stands
// for them: tier t of the stratum that stands if it has one, else of the first of those joined to it. SPEC counts seats and says nothing of what they
// are, so this is the one place of the rule; rules files say it (package engine).
type Prizes struct {
	proportional bool
	into         []int
	at           map[[2]int]int // by stratum that stands and tier
}

// NewPrizes reads which strata stand off a ranking, which is in their order: with tiers each of them has a seat at least, and a line for it. Nobody is in the ranking of an
// empty list.
func NewPrizes(d *DrawRules, lines []Line) Prizes {
	if d.Proportional != 0 {
		return Prizes{proportional: true}
	}
	p := Prizes{at: map[[2]int]int{}}
	var standing []int
	for _, l := range lines {
		if n := len(standing); n == 0 || standing[n-1] != l.Stratum {
			standing = append(standing, l.Stratum)
		}
	}
	if len(standing) == 0 {
		return p
	}
	p.into = make([]int, d.Strata)
	for i := range p.into {
		p.into[i] = standing[len(standing)-1] // none stands behind it
		if at := slices.IndexFunc(standing, func(s int) bool { return s > i }); at >= 0 {
			p.into[i] = standing[at]
		}
	}
	for i, t := range d.Tiers {
		k := [2]int{p.into[t.Stratum-1], t.Tier}
		if p.at[k] == 0 || t.Stratum == k[0] {
			p.at[k] = i + 1
		}
	}
	return p
}

// Into is for each stratum the one in which it was ranked, in the order of their numbers; nil in a proportional draw, whose ranking does not show it, and if nobody was ranked.
func (p Prizes) Into() []int { return p.into }

// Of is the tier of the rules that says what the seats of a tier number of a stratum that stands are, counted from 1 over all strata in the order of
// the open record; 1 in a proportional draw, and 0 if there is no such tier.
func (p Prizes) Of(stratum, tier int) int {
	if p.proportional && tier == 1 {
		return 1
	}
	return p.at[[2]int{stratum, tier}]
}
