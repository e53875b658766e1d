package custody

import (
	"fmt"
	"slices"
	"strings"

	"fairlot/crypto/seal"
)

// WrongShareError names the custodians whose shares do not belong to an envelope
// that the others' shares open. It is told only if nobody else's shares can be the
// wrong ones: of M shares at most (M + 1 − K) / 2 are, rounded down, so at least
// K + 1 are needed.
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

// wrongShares looks for the fewest shares without which all are on one polynomial
// whose constant term opens the envelope; nil if there are none, or so many that
// others could be the wrong ones. That key counts as one point more, since an
// envelope is opened by no other: two polynomials through it have at most K − 2
// shares in common, so at most half of M + 1 − K wrong shares are told apart from
// right ones, also from custodians who chose theirs together to put the blame on
// others. There are at most 126 ways to choose K of them.
func wrongShares(envelope []byte, shares []Share, want seal.Head, person [32]byte) error {
	k := want.Threshold
	if k < 1 || len(shares) <= k || len(shares) > MaxCustodians {
		return nil
	}
	most := (len(shares) + 1 - k) / 2
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
		var wrong []int
		for _, s := range rest {
			if _, err := Join(append(slices.Clone(good), s)); err != nil {
				wrong = append(wrong, s.Custodian)
			}
		}
		if len(wrong) == 0 || len(wrong) > most {
			continue
		}
		if _, _, err := seal.OpenEnvelope(envelope, key, want, person); err == nil {
			slices.Sort(wrong)
			return &WrongShareError{wrong}
		}
	}
	return nil
}
