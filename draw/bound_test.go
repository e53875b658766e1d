package draw_test

import (
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
