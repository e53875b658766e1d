package draw

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
)

// fairSeeds is over how many seeds draws are held: FAIR_SEEDS, in the long form a million.
func fairSeeds(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("FAIR_SEEDS"))
	if err != nil || n < 1 {
		return 20_000
	}
	t.Logf("%d seeds", n)
	return n
}

// tooMuch is the chi-square that is exceeded once in 10,000 times by what is fair, with so many degrees of freedom (Wilson and Hilferty, 1931).
func tooMuch(freedom int) float64 {
	f := float64(freedom)
	return f * math.Pow(1-2/(9*f)+3.719*math.Sqrt(2/(9*f)), 3)
}

// orders are all orders of leaves with these chances, as text, each with its probability: the next rank falls to one of those that are left as its chances are to theirs.
func orders(chances []uint16) map[string]float64 {
	all := map[string]float64{}
	var next func(order string, left []int, p float64)
	next = func(order string, left []int, p float64) {
		if len(left) == 0 {
			all[order] = p
			return
		}
		sum := 0
		for _, i := range left {
			sum += int(chances[i])
		}
		for at, i := range left {
			next(order+strconv.Itoa(i), slices.Delete(slices.Clone(left), at, at+1), p*float64(chances[i])/float64(sum))
		}
	}
	left := make([]int, len(chances))
	for i := range left {
		left[i] = i
	}
	next("", left, 1)
	return all
}

// TestOrdersAsEnumerated draws small pools over many seeds: every order comes as often as the enumeration of all orders says. The mutant, whose scores forget
// the first 255 of 256 seeds, must be seen.
func TestOrdersAsEnumerated(t *testing.T) {
	for _, chances := range [][]uint16{{1}, {1, 1}, {1, 1, 1, 1}, {1, 3}, {1, 2, 3}, {5, 1, 1, 2}} {
		want, seen := orders(chances), map[string]int{}
		blind := map[string]int{}
		plan := MakePlan(&DrawRules{Strata: 1, Tiers: []Tier{{1, 1, len(chances)}}}, 1, []int64{int64(len(chances))})
		leaves := make(Slice, len(chances))
		for i := range leaves {
			leaves[i] = Leaf{ID: EntrantID{byte(i), 7}, Stratum: 1, Chances: chances[i]}
		}
		order := func(seed Seed) (s string) {
			lines, err := Rank(plan, leaves, seed)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				s += strconv.Itoa(int(l.ID[0]))
			}
			return s
		}
		n := fairSeeds(t)
		for i := range n {
			seen[order(seedNumber(i))]++
			if i < 5000 {
				blind[order(Seed{byte(i)})]++
			}
		}
		counts, blinds, weights := []int{}, []int{}, []float64{}
		for o, p := range want {
			counts, blinds, weights = append(counts, seen[o]), append(blinds, blind[o]), append(weights, p)
		}
		if len(want) == 1 {
			continue
		}
		if x, limit := chiSquare(counts, weights), tooMuch(len(want)-1); len(seen) != len(want) || x > limit {
			t.Errorf("chances %v: %d orders of %d, chi-square %.1f, at most %.1f is fair", chances, len(seen), len(want), x, limit)
		}
		if x := chiSquare(blinds, weights); len(want) > 2 && x <= tooMuch(len(want)-1) {
			t.Errorf("chances %v: 256 seeds over and over pass with chi-square %.1f: the test is worth nothing", chances, x)
		}
	}
}

// arrival is who came when: the i-th of all, on one of 30 days, most of them on the first and the last.
type arrival struct{ order, day, stratum int }

// TestNothingButChanceDecides holds one draw of a pool over many seeds, and counts how often each entrant is among the winners: by day of entry, by place in the
// list (the order of ids) and by stratum no part wins more than its share. Entrants get their ids as SPEC section 4 has them, so what an id says of its entrant is tested too.
//
// The mutants must be seen: DV-2012 is the United States' diversity visa lottery of 2012, which was annulled because nine of ten winners had entered on the first two
// days (its program picked among the part of the entries that it had read first); one prefers low ids, as a remainder of too few bits does; one favours a stratum.
func TestNothingButChanceDecides(t *testing.T) {
	const entrants, winners, days, strata = 3000, 60, 30, 3
	var leaves Slice
	who := map[EntrantID]arrival{}
	for i := range entrants {
		day := min(i/100, days-1) // a hundred each day
		if i%10 == 0 {
			day = (i / 10) % 2 * (days - 1) // and a tenth of all on the first and the last day
		}
		l := Leaf{ID: R(sha256.Sum256(fmt.Appendf(nil, "%d", i))).EntrantID(Hash{1}), Stratum: uint16(i%strata + 1), Chances: 1}
		who[l.ID] = arrival{i, day, i % strata}
		leaves = append(leaves, l)
	}
	slices.SortFunc(leaves, func(a, b Leaf) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	place := map[EntrantID]int{}
	for i, l := range leaves {
		place[l.ID] = i * 10 / entrants
	}
	// All strata are joined to one: it says of nobody where they came from.
	plan := MakePlan(&DrawRules{Strata: strata, Tiers: []Tier{{1, 1, winners}, {2, 1, 0}, {3, 1, 0}}}, entrants, []int64{entrants / 3, entrants / 3, entrants / 3})
	fair := func(i int) (ids []EntrantID) {
		lines, err := Rank(plan, leaves, seedNumber(i))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			ids = append(ids, l.ID)
		}
		return ids
	}
	// preferring picks as fair does, but sees only a tenth of those for whom like is false.
	preferring := func(like func(EntrantID) bool) func(i int) []EntrantID {
		return func(i int) (ids []EntrantID) {
			var scores []scored
			for _, l := range leaves {
				s := scored{ScoreOf(seedNumber(i), l.ID, 1), l.ID}
				if s.score[31] < 230 && !like(l.ID) {
					continue
				}
				scores = append(scores, s)
			}
			slices.SortFunc(scores, scored.compare)
			for _, s := range scores[:winners] {
				ids = append(ids, s.id)
			}
			return ids
		}
	}
	for _, x := range []struct {
		name  string
		seeds int
		pick  func(i int) []EntrantID
		fails string
	}{
		{"ScoreOf", max(fairSeeds(t)/100, 200), fair, ""},
		{"DV-2012", 20, preferring(func(id EntrantID) bool { return who[id].day < 2 }), "day"},
		{"low ids", 20, preferring(func(id EntrantID) bool { return place[id] < 8 }), "place in the list"},
		{"one stratum", 20, preferring(func(id EntrantID) bool { return who[id].stratum == 1 }), "stratum"},
	} {
		by := map[string][]int{"day": make([]int, days), "place in the list": make([]int, 10), "stratum": make([]int, strata)}
		share := map[string][]float64{"day": make([]float64, days), "place in the list": make([]float64, 10), "stratum": make([]float64, strata)}
		for _, l := range leaves {
			share["day"][who[l.ID].day]++
			share["place in the list"][place[l.ID]]++
			share["stratum"][who[l.ID].stratum]++
		}
		for i := range x.seeds {
			for _, id := range x.pick(i) {
				by["day"][who[id].day]++
				by["place in the list"][place[id]]++
				by["stratum"][who[id].stratum]++
			}
		}
		for name, counts := range by {
			got, limit := chiSquare(counts, share[name]), tooMuch(len(counts)-1)
			switch {
			case x.fails == "" && got > limit:
				t.Errorf("%s: winners depend on the %s: chi-square %.1f, at most %.1f is fair", x.name, name, got, limit)
			case x.fails == name && got <= limit:
				t.Errorf("%s passes with chi-square %.1f by %s: the test is worth nothing", x.name, got, name)
			}
		}
	}
}

func seedNumber(i int) Seed { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i))) }

// chiSquare of counts against weights.
func chiSquare(counts []int, weights []float64) float64 {
	total, all := 0.0, 0.0
	for i, n := range counts {
		total += float64(n)
		all += weights[i]
	}
	x := 0.0
	for i, n := range counts {
		e := total * weights[i] / all
		x += (float64(n) - e) * (float64(n) - e) / e
	}
	return x
}

// firsts counts who comes first over trials fixed seeds when score decides.
func firsts(chances []uint16, trials int, score func(Seed, EntrantID, uint16) Score) []int {
	counts := make([]int, len(chances))
	for i := range trials {
		seed := seedNumber(i)
		best, at := Score{}, -1
		for j, c := range chances {
			if s := score(seed, made(0).leaf(int64(j)).ID, c); at < 0 || bytes.Compare(s[:], best[:]) < 0 {
				best, at = s, j
			}
		}
		counts[at]++
	}
	return counts
}

// TestChancesAreProportional: over fixed seeds, the first rank falls to leaves as their chances say. A scheme that divides one
// hash by the chances looks alike and is not proportional: the same test refuses it.
func TestChancesAreProportional(t *testing.T) {
	chances := []uint16{1, 2, 3, 4, 10}
	weights := []float64{1, 2, 3, 4, 10}
	const limit = 18.47 // 4 degrees of freedom, 0.1 %
	if x := chiSquare(firsts(chances, 20_000, ScoreOf), weights); x > limit {
		t.Errorf("chi-square %.1f, more than %.2f", x, limit)
	}
	divided := func(seed Seed, id EntrantID, c uint16) Score {
		s := ScoreOf(seed, id, 1)
		binary.BigEndian.PutUint64(s[:], binary.BigEndian.Uint64(s[:])/uint64(c))
		return s
	}
	if x := chiSquare(firsts(chances, 20_000, divided), weights); x <= limit {
		t.Errorf("hash divided by chances passes with chi-square %.1f: the test is worth nothing", x)
	}
}

// TestModuloBiasIsCaught: picking by a byte of the seed modulo the number of leaves favours some; ScoreOf does not.
func TestModuloBiasIsCaught(t *testing.T) {
	const leaves, trials, limit = 20, 100_000, 43.82 // 19 degrees of freedom, 0.1 %
	weights := slices.Repeat([]float64{1}, leaves)
	if x := chiSquare(firsts(slices.Repeat([]uint16{1}, leaves), trials, ScoreOf), weights); x > limit {
		t.Errorf("chi-square %.1f, more than %.2f", x, limit)
	}
	counts := make([]int, leaves)
	for i := range trials {
		counts[int(seedNumber(i)[0])%leaves]++
	}
	if x := chiSquare(counts, weights); x <= limit {
		t.Errorf("the biased pick passes with chi-square %.1f: the test is worth nothing", x)
	}
}
