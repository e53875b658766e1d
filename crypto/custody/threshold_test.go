package custody

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/cloudflare/circl/group"

	"fairlot/crypto/seal"
)

// TestThresholds seals and opens under every threshold of 1 to 9 custodians: the last k open, and k − 1 do not; beyond, nothing is sealed.
func TestThresholds(t *testing.T) {
	keys, to := newKeys(t, MaxCustodians, true)
	for n := 1; n <= MaxCustodians; n++ {
		some := Recipients{list: to.list[:n]}
		for k := 1; k <= n; k++ {
			e := entrant(some, k)
			s := mustSeal(t, e)
			h := headOf(e, seal.Contact)
			shares := mustOpen(t, keys[:n], s.Lock, h)
			if got, _, err := OpenEntrant(s.Contact, shares[n-k:], h, openings.Person()); err != nil || !bytes.Equal(got, contactText) {
				t.Fatalf("%d of %d: %v", k, n, err)
			}
			if _, _, err := OpenEntrant(s.Contact, shares[n-k+1:], h, openings.Person()); !errors.Is(err, ErrTooFew) {
				t.Fatalf("%d of %d opens with %d: %v", k, n, k-1, err)
			}
		}
		for _, k := range []int{-1, 0, n + 1} {
			_, err := SealEntrant(entrant(some, k))
			wantErr(t, err, ErrCount)
		}
	}
	ten := Recipients{list: append(slices.Clone(to.list), to.list[0])}
	_, err := SealEntrant(entrant(ten, 5))
	wantErr(t, err, ErrCount)
	var texts []string
	for _, k := range keys {
		texts = append(texts, k.Recipient())
	}
	tenth, _ := newKeys(t, 1, true)
	_, err = ParseRecipients(append(texts, tenth[0].Recipient())...)
	wantErr(t, err, ErrCount)
}

// TestWrongShares: of 5 of 9, the same custodian twice is refused; wrong shares are named where more than five are there, in every place, and not guessed at where five are.
func TestWrongShares(t *testing.T) {
	const k, n = 5, 9
	keys, to := newKeys(t, n, true)
	e := entrant(to, k)
	s, h := mustSeal(t, e), headOf(e, seal.Contact)
	shares := mustOpen(t, keys, s.Lock, h)
	open := func(shares []Share) error {
		_, _, err := OpenEntrant(s.Contact, shares, h, openings.Person())
		return err
	}
	wantField(t, open(append(slices.Clone(shares[:5]), shares[0])), "custodian")
	for i := range n {
		for _, by := range []byte{1, 0xff} {
			bad := slices.Clone(shares)
			bad[i].Value[3] ^= by
			var wrong *WrongShareError
			for _, m := range []int{n, k + 1} {
				from := min(i, n-m) // a window of m shares with the wrong one in it
				if err := open(bad[from : from+m]); !errors.As(err, &wrong) || !slices.Equal(wrong.Custodians, []int{i + 1}) || !errors.Is(err, ErrShare) {
					t.Errorf("custodian %d of %d shares: %v", i+1, m, err)
				}
			}
			from := min(i, n-k)
			if err := open(bad[from : from+k]); err == nil || errors.As(err, &wrong) {
				t.Errorf("five shares with a wrong one: %v", err)
			}
		}
	}
	var wrong *WrongShareError
	bad := slices.Clone(shares)
	bad[1].Value[0] ^= 1
	bad[7].Value[0] ^= 1
	if err := open(bad); !errors.As(err, &wrong) || !slices.Equal(wrong.Custodians, []int{2, 8}) {
		t.Errorf("two wrong ones of nine: %v", err)
	}
	if err := open(bad[:8]); !errors.As(err, &wrong) || !slices.Equal(wrong.Custodians, []int{2, 8}) {
		t.Errorf("two wrong ones of eight: %v", err)
	}
	if err := open(append(slices.Clone(bad[:5]), bad[7:]...)); err == nil || errors.As(err, &wrong) {
		t.Errorf("two wrong ones of seven: somebody is named: %v", err)
	}
}

// TestWrongSharesBlameNobodyElse: custodians 1 to 4 of 5 of 9 choose false shares together that still open the envelope with custodian 5's, so that 6 to 9 look wrong. Nobody is named. The
// broken variant, which believes the first five that open, names the honest ones.
func TestWrongSharesBlameNobodyElse(t *testing.T) {
	const k, n = 5, 9
	keys, to := newKeys(t, n, true)
	e := entrant(to, k)
	s, h := mustSeal(t, e), headOf(e, seal.Contact)
	shares := mustOpen(t, keys, s.Lock, h)
	// Add to their shares a polynomial of degree 4 that is zero at 0 and at 5: x(x − 5).
	for i := range 4 {
		x := int64(i + 1)
		v, d := group.Ristretto255.NewScalar(), group.Ristretto255.NewScalar()
		if err := v.UnmarshalBinary(shares[i].Value[:]); err != nil {
			t.Fatal(err)
		}
		d.SetUint64(uint64(x * (5 - x)))
		b, err := group.Ristretto255.NewScalar().Sub(v, d).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		shares[i].Value = Scalar(b)
	}
	if _, _, err := OpenEntrant(s.Contact, shares[:5], h, openings.Person()); err != nil {
		t.Fatalf("the five do not open: the attack is none: %v", err)
	}
	var blamed int
	for _, honest := range shares[5:] {
		if _, err := Join(append(slices.Clone(shares[:5]), honest)); errors.Is(err, ErrShare) {
			blamed++
		}
	}
	if blamed != 4 {
		t.Fatalf("the variant that believes the first five names %d, want 4", blamed)
	}
	var wrong *WrongShareError
	if _, _, err := OpenEntrant(s.Contact, shares, h, openings.Person()); err == nil || errors.As(err, &wrong) {
		t.Errorf("somebody is named: %v", err)
	}
}
