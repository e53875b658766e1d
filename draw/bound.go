package draw

import "math"

// Unsure is what is left of certainty in FalseAtMost: what it says is wrong of one sample in twenty at most.
const Unsure = 0.05

// FalseAtMost is how many of a pool can be false, with 95 % confidence, if a sample was drawn from it by the seed and some of the sample were found false: the
// largest number for which so few in the sample would not be rarer than one time in twenty. All three are at least 0, found at most sample, sample at most pool;
// nothing is known without a sample, and then it is the pool. Whoever of the sample could not be looked at must be counted as found.
//
// It is exact for a finite pool and one-sided: the hypergeometric test inverted (Buonaccorsi, The American Statistician 41, 1987), which for a pool without end is
// the upper limit of Clopper and Pearson (Biometrika 26, 1934). It goes on the sample being picked by a seed that nobody could know when the pool was fixed.
func FalseAtMost(pool, sample, found int64) int64 {
	least, most := found, pool-(sample-found) // among them are those that were found, and not those that were found right
	for least < most {
		if try := least + (most-least+1)/2; fewOrFewer(pool, try, sample, found) > Unsure {
			least = try
		} else {
			most = try - 1
		}
	}
	return least
}

// fewOrFewer is the probability that a sample of a pool, of which so many are false, holds found of them or fewer.
func fewOrFewer(pool, bad, sample, found int64) float64 {
	x := max(0, sample-(pool-bad)) // fewer are impossible
	term := logChoose(bad, x) + logChoose(pool-bad, sample-x) - logChoose(pool, sample)
	sum := math.Exp(term)
	for ; x < found; x++ {
		term += math.Log(float64(bad-x)) + math.Log(float64(sample-x)) - math.Log(float64(x+1)) - math.Log(float64(pool-bad-sample+x+1))
		sum += math.Exp(term)
	}
	return sum
}

// logChoose is the logarithm of the number of ways to choose k of n, by a sum of min(k, n−k) terms: math.Lgamma of a large pool would be too coarse.
func logChoose(n, k int64) float64 {
	sum := 0.0
	k = min(k, n-k)
	for i := range k {
		sum += math.Log(float64(n-i)) - math.Log(float64(i+1))
	}
	return sum
}
