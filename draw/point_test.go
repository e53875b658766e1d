package draw_test

import (
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"fairlot/draw"
)

func TestCheckKey(t *testing.T) {
	// The points of small order, some of them also as y + p, and two values of y that are none; each with both signs of x.
	for _, h := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000", // y = 0, order 4
		"0100000000000000000000000000000000000000000000000000000000000000", // y = 1, the neutral point
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = −1, order 2
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = p
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = p + 1
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
		"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = p + 3: 3 is on the curve
		"0200000000000000000000000000000000000000000000000000000000000000", // y = 2 is not on the curve
	} {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		for _, sign := range []byte{0, 0x80} {
			k := [32]byte(b)
			k[31] |= sign
			if draw.CheckKey(k) == nil {
				t.Errorf("%x was taken", k)
			}
		}
	}
	for _, y := range []byte{3, 4} { // the smallest y of the curve that are not of small order
		if err := draw.CheckKey([32]byte{y}); err != nil {
			t.Errorf("y = %d: %v", y, err)
		}
	}
	for i := range uint64(200) {
		var seed [32]byte
		binary.BigEndian.PutUint64(seed[:], i)
		k := [32]byte(ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
		if err := draw.CheckKey(k); err != nil {
			t.Errorf("key %d: %v", i, err)
		}
	}
	refused := 0 // about half of all y are off the curve; TestVerifiersAgree compares which
	for i := range 256 {
		if draw.CheckKey([32]byte{5: byte(i), 9: 7}) != nil {
			refused++
		}
	}
	if refused < 90 || refused > 166 {
		t.Errorf("%d of 256 values of y refused, want about half", refused)
	}
}
