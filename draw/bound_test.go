package draw_test

import (
	"encoding/binary"
	"math"
	"math/big"
	"testing"

	"fairlot/draw"
)

// exactly is draw.FalseAtMost by its definition, in whole numbers: the largest number of false ones for which a sample with so few of them is no rarer than one in twenty.
func exactly(pool, sample, found int64) (most int64) {
	for d := found; d <= pool-(sample-found); d++ {
		ways := new(big.Int)
		for x := int64(0); x <= found; x++ {
			ways.Add(ways, new(big.Int).Mul(new(big.Int).Binomial(d, x), binomial(pool-d, sample-x)))
		}
		if ways.Mul(ways, big.NewInt(20)).Cmp(binomial(pool, sample)) > 0 {
			most = d
		}
	}
	return most
}

func binomial(n, k int64) *big.Int {
	if k < 0 || k > n {
		return new(big.Int)
	}
	return new(big.Int).Binomial(n, k)
}

// TestFalseAtMostIsExact compares every small case with whole numbers, and some large ones with the limit for a pool without end.
func TestFalseAtMostIsExact(t *testing.T) {
	t.Parallel()
	for pool := int64(0); pool <= 16; pool++ {
		for sample := int64(0); sample <= pool; sample++ {
			for found := int64(0); found <= sample; found++ {
				if got, want := draw.FalseAtMost(pool, sample, found), exactly(pool, sample, found); got != want {
					t.Fatalf("pool %d, sample %d, %d found false: %d, want %d", pool, sample, found, got, want)
				}
			}
		}
	}
	for _, x := range [][3]int64{{1000, 100, 0}, {300, 100, 3}, {200, 150, 70}} {
		if got, want := draw.FalseAtMost(x[0], x[1], x[2]), exactly(x[0], x[1], x[2]); got != want {
			t.Errorf("%v: %d, want %d", x, got, want)
		}
	}
	const many = 1_000_000_000
	for _, s := range []int64{1, 59, 300, 2500, 65535} { // none false among s of a pool without end: 1 − 0.05^(1/s)
		want := 1 - math.Pow(draw.Unsure, 1/float64(s))
		if got := float64(draw.FalseAtMost(many, s, 0)) / many; math.Abs(got-want) > 1e-7 {
			t.Errorf("none of %d: %v, want %v", s, got, want)
		}
	}
	// 5 of 100: Clopper and Pearson's upper limit, the 0.95 quantile of Beta(6, 95).
	if got := float64(draw.FalseAtMost(many, 100, 5)) / many; math.Abs(got-0.1022533) > 1e-5 {
		t.Errorf("5 of 100: %v", got)
	}
	if got := draw.FalseAtMost(many, 2500, 2500); got != many {
		t.Errorf("all false: %d", got)
	}
}

// sampler picks a sample of a pool by a seed.
type sampler func(pool draw.Slice, seed draw.Seed, n int) []draw.EntrantID

// stuffed has an operator invent some of a pool, before the randomness and knowing how the sample is picked, and a thousand seeds pick one. It returns how often the sample holds
// an invented one, and how often the bound that the auditor is given is below what is true.
func stuffed(t *testing.T, pick sampler, size, invented, sample int) (caught, understated int) {
	t.Helper()
	pool := make(draw.Slice, size)
	for i := range pool {
		pool[i] = draw.Leaf{ID: draw.EntrantID{byte(i >> 8), byte(i)}, Stratum: 1, Chances: 1}
	}
	isFalse := map[draw.EntrantID]bool{} // whoever invents an entry tries secrets until its id stands last in the order that can be foreseen
	for _, id := range pick(pool, draw.Seed{}, size)[size-invented:] {
		isFalse[id] = true
	}
	for n := range uint64(1000) {
		var seed draw.Seed
		binary.BigEndian.PutUint64(seed[:], n+1)
		found := int64(0)
		for _, id := range pick(pool, seed, sample) {
			if isFalse[id] {
				found++
			}
		}
		if found > 0 {
			caught++
		}
		if draw.FalseAtMost(int64(size), int64(sample), found) < int64(invented) {
			understated++
		}
	}
	return caught, understated
}

// bySeed is the sample of SPEC section 5.
func bySeed(pool draw.Slice, seed draw.Seed, n int) []draw.EntrantID {
	ids, _ := draw.Audit(pool, seed, n)
	return ids
}

// byID is a broken sampler: the first of the list.
func byID(pool draw.Slice, _ draw.Seed, n int) (ids []draw.EntrantID) {
	for _, l := range pool[:n] {
		ids = append(ids, l.ID)
	}
	return ids
}

// withoutSeed is another: an order that everybody can compute before the close.
func withoutSeed(pool draw.Slice, _ draw.Seed, n int) []draw.EntrantID {
	return bySeed(pool, draw.Seed{}, n)
}

// TestSampleCatchesStuffing: an operator who invents 5 % of a pool is caught by a sample of 59 as often as the hypergeometric distribution says, and the bound is below the truth
// for one seed in twenty at most. A sampler that the operator knows beforehand lets it win always or gives a bound that is wrong: the same counts show it.
func TestSampleCatchesStuffing(t *testing.T) {
	t.Parallel()
	const size, invented, sample = 400, 20, 59
	missed, _ := new(big.Rat).SetFrac(binomial(size-invented, sample), binomial(size, sample)).Float64()
	fair := func(pick sampler) bool {
		caught, understated := stuffed(t, pick, size, invented, sample)
		spread := 4 * math.Sqrt(1000*missed*(1-missed)) // one honest run in 16,000 is further off; the seeds are fixed
		t.Logf("caught %d of 1,000 times, %.0f expected; the bound was too low %d times", caught, 1000*(1-missed), understated)
		return math.Abs(float64(caught)-1000*(1-missed)) <= spread && float64(understated) <= 50+4*math.Sqrt(1000*draw.Unsure*(1-draw.Unsure))
	}
	if !fair(bySeed) {
		t.Error("the sample by the seed does not catch what it should")
	}
	for name, broken := range map[string]sampler{"the first by id": byID, "an order without the seed": withoutSeed} {
		if fair(broken) {
			t.Errorf("%s passes for a sample: this test is worth nothing", name)
		}
	}
}
