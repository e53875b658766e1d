package draw

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What a ranking shows of joined strata is what the plan did, for every pool, and each seat has a prize of a stratum that was joined into its own.
func TestPrizesFollowThePlan(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 11))
	merged, borrowed := 0, 0
	for range 3000 {
		d := &DrawRules{Strata: 1 + rng.IntN(6), Alternates: rng.IntN(2)}
		has := map[[2]int]bool{}
		for s := range d.Strata {
			for tier := range 1 + rng.IntN(3) {
				d.Tiers = append(d.Tiers, Tier{s + 1, tier + 1, 1 + rng.IntN(3)})
				has[[2]int{s + 1, tier + 1}] = true
			}
		}
		counts, all := make([]int64, d.Strata), int64(0)
		for i := range counts {
			counts[i] = int64(rng.IntN(6))
			all += counts[i]
		}
		plan := MakePlan(d, 3, counts)
		var lines []Line
		for _, e := range plan.Effective {
			n := int64(0)
			for i, into := range plan.Into {
				if into == e.Stratum {
					n += counts[i]
				}
			}
			rank := 0
			for tier, seats := range e.Tiers {
				for range seats {
					if rank++; int64(rank) <= n {
						lines = append(lines, Line{Stratum: e.Stratum, Rank: rank, Seat: tier + 1})
					}
				}
			}
		}
		p := NewPrizes(d, lines)
		if all == 0 {
			if p.Into() != nil {
				t.Fatal("nobody was ranked, and strata are joined")
			}
			continue
		}
		if !slices.Equal(p.Into(), plan.Into) {
			t.Fatalf("counts %v: joined %v, the ranking shows %v", counts, plan.Into, p.Into())
		}
		for _, l := range lines {
			of := p.Of(l.Stratum, l.Seat)
			if of == 0 {
				t.Fatalf("seat %d of stratum %d has no prize", l.Seat, l.Stratum)
			}
			from := d.Tiers[of-1]
			if from.Tier != l.Seat || plan.Into[from.Stratum-1] != l.Stratum {
				t.Fatalf("seat %d of stratum %d is said to be tier %d of stratum %d, which went to %v", l.Seat, l.Stratum, from.Tier, from.Stratum, plan.Into)
			}
			if own := has[[2]int{l.Stratum, l.Seat}]; own != (from.Stratum == l.Stratum) {
				t.Fatalf("seat %d of stratum %d, which has such a tier: %t, is named by stratum %d", l.Seat, l.Stratum, own, from.Stratum)
			} else if !own {
				borrowed++
			}
		}
		if !slices.Equal(plan.Into, slices.Sorted(slices.Values(plan.Into))) || plan.Into[0] != 1 {
			merged++
		}
	}
	if merged == 0 || borrowed == 0 {
		t.Errorf("%d pools with joined strata, %d seats named by a joined one: this tested nothing", merged, borrowed)
	}
	one := NewPrizes(&DrawRules{Strata: 3, Proportional: 5}, []Line{{Stratum: 2, Rank: 1, Seat: 1}})
	if one.Of(2, 1) != 1 || one.Into() != nil {
		t.Error("a proportional draw has one prize, and its ranking does not show what was joined")
	}
}
