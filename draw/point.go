package draw

import (
	"errors"
	"math/big"
	"slices"
	"sync"
)

// The curve edwards25519, −x² + y² = 1 + d·x²·y² modulo p (RFC 8032, section 5.1). Only what CheckKey needs.
var curve = sync.OnceValue(func() (c struct {
	p, d  *big.Int
	small []*big.Int // the y of all eight points whose order divides 8
}) {
	one := big.NewInt(1)
	c.p = new(big.Int).Lsh(one, 255)
	c.p.Sub(c.p, big.NewInt(19))
	c.d = new(big.Int).ModInverse(big.NewInt(121666), c.p)
	c.d.Mul(c.d, big.NewInt(-121665)).Mod(c.d, c.p)
	// Doubling a point of order 8 gives one of order 4, which has y = 0; so x² = −y², and the curve says 2y² = 1 − d·y⁴.
	// The solutions are y = ±√((√(1 + d) − 1) / d), for that sign of the inner root for which there is an outer one.
	inner := new(big.Int).ModSqrt(new(big.Int).Add(one, c.d), c.p)
	for _, root := range []*big.Int{inner, new(big.Int).Sub(c.p, inner)} {
		t := new(big.Int).Sub(root, one)
		t.Mul(t, new(big.Int).ModInverse(c.d, c.p)).Mod(t, c.p)
		if y := new(big.Int).ModSqrt(t, c.p); y != nil {
			c.small = append(c.small, y, new(big.Int).Sub(c.p, y))
		}
	}
	c.small = append(c.small, new(big.Int), one, new(big.Int).Sub(c.p, one))
	return c
})

// CheckKey tells whether k is an Ed25519 public key that SPEC section 1 allows in a vkey: the canonical encoding of a
// point of the curve whose order does not divide 8. Under a key of small order anybody can sign, and libraries do not
// agree about encodings that are not canonical.
func CheckKey(k [32]byte) error {
	slices.Reverse(k[:]) // little-endian
	k[0] &= 0x7f         // the sign of x; where x is 0 the order divides 2
	c, y := curve(), new(big.Int).SetBytes(k[:])
	if y.Cmp(c.p) >= 0 {
		return errors.New("is a key that is not in its one encoding")
	}
	if slices.ContainsFunc(c.small, func(s *big.Int) bool { return s.Cmp(y) == 0 }) {
		return errors.New("is a key of small order")
	}
	// x² = (y² − 1) / (d·y² + 1); a quotient is a square if the product is.
	yy := new(big.Int).Mul(y, y)
	u, v := new(big.Int).Sub(yy, big.NewInt(1)), yy.Mul(yy, c.d)
	if u.Mul(u, v.Add(v, big.NewInt(1))).Mod(u, c.p); big.Jacobi(u, c.p) < 0 {
		return errors.New("is a key that is no point of the curve")
	}
	return nil
}
