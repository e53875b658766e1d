package custody

import (
	"errors"
	"fmt"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"

	"fairlot/crypto/seal"
)

var (
	// ErrTooFew says that fewer than K shares were given.
	ErrTooFew = errors.New("join shares: fewer than the threshold")
	// ErrShare says that a share is no canonical scalar, or that shares do not
	// join to a file key: at least one was tampered with or made up. It does
	// not say which; leave one custodian out and try again.
	ErrShare = errors.New("join shares: they do not belong together")
)

// Scalar is the value of one share: a ristretto255 scalar, 32 bytes
// little-endian, less than the group's order. It prints as a placeholder.
type Scalar [32]byte

// String hides the share.
func (Scalar) String() string { return "[share]" }

// GoString hides the share.
func (Scalar) GoString() string { return "[share]" }

// Share is one custodian's share of one envelope's file key.
type Share struct {
	Head      seal.Head // the envelope that it opens with K − 1 others
	Custodian int       // 1 to N, the order in the open record
	Value     Scalar
}

// split makes n shares of a file key, any k of which join.
func split(key seal.FileKey, k, n int) ([]Scalar, error) {
	var le [32]byte
	copy(le[:], key[:]) // little-endian: the upper half is zero
	secret := group.Ristretto255.NewScalar()
	if err := secret.UnmarshalBinary(le[:]); err != nil {
		return nil, fmt.Errorf("split file key: %w", err)
	}
	out := make([]Scalar, n)
	// circl's threshold is the polynomial's degree; it draws the coefficients
	// from crypto/rand itself and looks at no reader for this group.
	for i, s := range secretsharing.New(nil, uint(k-1), secret).Share(uint(n)) {
		b, err := s.Value.MarshalBinary()
		if err != nil || len(b) != len(out[i]) {
			return nil, errors.New("split file key: share is not 32 bytes")
		}
		copy(out[i][:], b)
	}
	return out, nil
}

// Join returns the file key of the envelope that the shares agree on. At least
// K shares of different custodians are needed; if there are more, all must lie
// on one polynomial. It returns [ErrTooFew], [ErrShare], or a
// [*seal.MismatchError] if the shares are of different envelopes.
//
// A key that joins is proven only by the envelope that it opens.
func Join(shares []Share) (seal.FileKey, error) {
	if len(shares) == 0 {
		return seal.FileKey{}, ErrTooFew
	}
	h := shares[0].Head
	if h.Threshold < 1 || h.Threshold > h.Total || h.Total > MaxCustodians {
		return seal.FileKey{}, ErrCount
	}
	var seen [MaxCustodians + 1]bool
	points := make([]secretsharing.Share, 0, len(shares))
	for _, s := range shares {
		if err := sameHead("shares", s.Head, h); err != nil {
			return seal.FileKey{}, err
		}
		if s.Custodian < 1 || s.Custodian > h.Total || seen[s.Custodian] {
			return seal.FileKey{}, &seal.MismatchError{What: "shares", Field: "custodian"}
		}
		seen[s.Custodian] = true
		v := group.Ristretto255.NewScalar()
		if err := v.UnmarshalBinary(s.Value[:]); err != nil {
			return seal.FileKey{}, ErrShare
		}
		points = append(points, secretsharing.Share{ID: group.Ristretto255.NewScalar().SetUint64(uint64(s.Custodian)), Value: v})
	}
	if len(points) < h.Threshold {
		return seal.FileKey{}, ErrTooFew
	}
	// Every further share, put in the place of the last of the first K, must
	// give the same key: then all are on one polynomial.
	key, err := recoverKey(points[:h.Threshold])
	if err != nil {
		return seal.FileKey{}, err
	}
	for i := h.Threshold; i < len(points); i++ {
		other := append(append([]secretsharing.Share{}, points[:h.Threshold-1]...), points[i])
		if k, err := recoverKey(other); err != nil || k != key {
			return seal.FileKey{}, ErrShare
		}
	}
	return key, nil
}

func recoverKey(points []secretsharing.Share) (seal.FileKey, error) {
	secret, err := secretsharing.Recover(uint(len(points)-1), points)
	if err != nil {
		return seal.FileKey{}, ErrTooFew
	}
	b, err := secret.MarshalBinary()
	if err != nil || len(b) != 32 {
		return seal.FileKey{}, ErrShare
	}
	var upper byte
	for _, c := range b[16:] {
		upper |= c
	}
	if upper != 0 {
		return seal.FileKey{}, ErrShare
	}
	return seal.FileKey(b[:16]), nil
}

// canonical says whether the value is less than the group's order.
func (s Scalar) canonical() bool {
	return group.Ristretto255.NewScalar().UnmarshalBinary(s[:]) == nil
}

// sameHead names the first field in which got is not want.
func sameHead(what string, got, want seal.Head) error {
	switch {
	case got.Open != want.Open:
		return &seal.MismatchError{What: what, Field: "open record"}
	case got.Campaign != want.Campaign:
		return &seal.MismatchError{What: what, Field: "campaign"}
	case got.ID != want.ID:
		return &seal.MismatchError{What: what, Field: "id"}
	case got.Kind != want.Kind:
		return &seal.MismatchError{What: what, Field: "kind"}
	case got.Threshold != want.Threshold || got.Total != want.Total:
		return &seal.MismatchError{What: what, Field: "threshold"}
	}
	return nil
}
