package custody

import (
	"fmt"
	"slices"
	"strings"

	"fairlot/crypto/seal"
)

// WrongShareError names the custodians whose shares do not belong to an envelope
// that the others' shares open. It can only be told with more than K shares.
type WrongShareError struct{ Custodians []int }

// Error names them.
func (e *WrongShareError) Error() string {
	var names []string
	for _, n := range e.Custodians {
		names = append(names, fmt.Sprint(n))
	}
	return fmt.Sprintf("the shares of custodian %s are wrong, the others open it: leave them out, and ask why", strings.Join(names, ", "))
}

// Unwrap says that shares do not belong together.
func (*WrongShareError) Unwrap() error { return ErrShare }

// wrongShares looks for K shares that open the envelope, and returns whose of the
// others are not on their polynomial; nil if no K of them open it. There are at
// most 126 ways to choose.
func wrongShares(envelope []byte, shares []Share, want seal.Head, person [32]byte) error {
	k := want.Threshold
	if k < 1 || len(shares) <= k || len(shares) > MaxCustodians {
		return nil
	}
	for set := range uint(1) << len(shares) {
		var good, rest []Share
		for i, s := range shares {
			if set>>i&1 == 1 {
				good = append(good, s)
			} else {
				rest = append(rest, s)
			}
		}
		if len(good) != k {
			continue
		}
		key, err := Join(good)
		if err != nil {
			continue
		}
		if _, _, err := seal.OpenEnvelope(envelope, key, want, person); err != nil {
			continue
		}
		var wrong []int
		for _, s := range rest {
			if _, err := Join(append(slices.Clone(good), s)); err != nil {
				wrong = append(wrong, s.Custodian)
			}
		}
		if len(wrong) > 0 {
			slices.Sort(wrong)
			return &WrongShareError{wrong}
		}
	}
	return nil
}
