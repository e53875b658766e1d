package draw

import (
	"bytes"
	"math"
	"testing"
)

// TestOdds compares the formula with what the ranking does: exactly where everybody has one chance, and over many seeds where one has more.
func TestOdds(t *testing.T) {
	for _, x := range []struct {
		others int64
		c, k   int
		want   float64
	}{
		{99, 1, 3, 0.03}, {99, 1, 100, 1}, {0, 1, 1, 1}, {9, 0, 3, 0}, {9, 3, 0, 0}, {1, 2, 1, 2.0 / 3}, {2, 1, 2, 2.0 / 3}, {999_999, 1, 1000, 0.001},
	} {
		if got := Odds(x.others, x.c, x.k); math.Abs(got-x.want) > 1e-9 {
			t.Errorf("Odds(%d, %d, %d) = %v, want %v", x.others, x.c, x.k, got, x.want)
		}
	}
	const others, seeds = 7, 40_000
	var within [others + 2]int // how often it was among the first k
	for n := range seeds {
		seed, rank := seedNumber(n), 1
		mine := ScoreOf(seed, EntrantID{0xff}, 4)
		for i := range byte(others) {
			if s := ScoreOf(seed, EntrantID{i}, 1); bytes.Compare(s[:], mine[:]) < 0 {
				rank++
			}
		}
		for k := rank; k < len(within); k++ {
			within[k]++
		}
	}
	for k := 1; k <= others; k++ {
		want := Odds(others, 4, k)
		if got, sigma := float64(within[k])/seeds, math.Sqrt(want*(1-want)/seeds); math.Abs(got-want) > 5*sigma {
			t.Errorf("among the first %d: %v of the seeds, the formula says %v", k, got, want)
		}
	}
}
