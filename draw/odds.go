package draw

// Odds is the chance, from 0 to 1, that an entrant with c chances is among the first k of a ranking (SPEC section 5) when others have
// one chance each. All three are at least 0; c of 0 is never ranked.
//
// Scores of chances are as good as uniform and independent, so the others and the entrant's c lie in random order. The entrant
// is among the first k persons if their best chance has fewer than k others before it: all but the case that
// the first k places of that order are all held by others, which has probability Π (others − j) / (others + c − j) for j = 0 … k − 1.
func Odds(others int64, c, k int) float64 {
	if c == 0 || k == 0 {
		return 0
	}
	if int64(k) > others {
		return 1
	}
	without := 1.0
	for j := range int64(k) {
		without *= float64(others-j) / float64(others+int64(c)-j)
	}
	return 1 - without
}
