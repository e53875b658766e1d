package beacon

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cloudflare/circl/ecc/bls12381"
)

type realRound struct {
	round      uint64
	sig        [SignatureSize]byte
	randomness [32]byte
}

// realRounds reads the recorded quicknet rounds and the chain's own facts.
func realRounds(t testing.TB) (rounds []realRound, facts map[string]string) {
	t.Helper()
	f, err := os.Open("testdata/quicknet.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	facts = map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		w := strings.Fields(s.Text())
		switch {
		case strings.HasPrefix(s.Text(), "#"):
		case len(w) == 2:
			facts[w[0]] = w[1]
		case len(w) == 3:
			var r realRound
			fmt.Sscan(w[0], &r.round)
			mustHex(r.sig[:], w[1])
			mustHex(r.randomness[:], w[2])
			rounds = append(rounds, r)
		}
	}
	if len(rounds) < 6 {
		t.Fatalf("read %d recorded rounds, want at least 6", len(rounds))
	}
	return rounds, facts
}

func TestQuicknetFacts(t *testing.T) {
	_, f := realRounds(t)
	c := Quicknet()
	got := fmt.Sprintf("%x %s %d %d %x", c.Hash, c.Scheme, c.Period, c.Genesis, c.Key)
	want := strings.Join([]string{f["chain"], f["scheme"], f["period"], f["genesis"], f["key"]}, " ")
	if got != want {
		t.Errorf("pinned\n%s\nwant\n%s", got, want)
	}
	var group [32]byte
	mustHex(group[:], f["group"])
	if h := ChainHash(c, group, "quicknet"); h != c.Hash {
		t.Errorf("chain hash recomputes to %x", h)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestVerifyRealRounds(t *testing.T) {
	rounds, _ := realRounds(t)
	for i, r := range rounds {
		if err := Verify(Quicknet(), r.round, r.sig[:]); err != nil {
			t.Errorf("round %d: %v", r.round, err)
		}
		if Randomness(r.sig) != r.randomness {
			t.Errorf("round %d: randomness differs", r.round)
		}
		for _, wrong := range []uint64{r.round + 1, r.round ^ 1<<40, rounds[(i+1)%len(rounds)].round} {
			if err := Verify(Quicknet(), wrong, r.sig[:]); !errors.Is(err, ErrSignature) {
				t.Errorf("signature of %d for %d: %v", r.round, wrong, err)
			}
		}
	}
}

func TestVerifyEveryBitCounts(t *testing.T) {
	rounds, _ := realRounds(t)
	r := rounds[0]
	for bit := range 8 * SignatureSize {
		sig := r.sig
		sig[bit/8] ^= 0x80 >> (bit % 8)
		err := Verify(Quicknet(), r.round, sig[:])
		if !errors.Is(err, ErrSignature) && !errors.Is(err, ErrPoint) {
			t.Fatalf("bit %d flipped: %v", bit, err)
		}
		// The third bit is the sign of y: a real point, but the negative of the signature.
		if bit == 2 && !errors.Is(err, ErrSignature) {
			t.Errorf("negated point: %v, want ErrSignature", err)
		}
	}
}

func TestVerifyRefusals(t *testing.T) {
	rounds, _ := realRounds(t)
	r, q := rounds[0], Quicknet()
	var p bls12381.G1
	if err := p.SetBytes(r.sig[:]); err != nil {
		t.Fatal(err)
	}
	long := p.Bytes()
	if len(long) != 96 {
		t.Fatal("uncompressed form is not 96 bytes")
	}
	infinity := append([]byte{0xC0}, make([]byte, 47)...)
	change := func(f func(*Chain)) Chain { c := q; f(&c); return c }
	for _, tc := range []struct {
		name  string
		chain Chain
		round uint64
		sig   []byte
		want  error
	}{
		{"96-byte form of the same point", q, r.round, long, ErrUncompressed},
		{"48 bytes twice", q, r.round, append(r.sig[:], r.sig[:]...), ErrUncompressed},
		{"empty", q, r.round, nil, ErrLength},
		{"47 bytes", q, r.round, r.sig[:47], ErrLength},
		{"49 bytes", q, r.round, append(bytes.Clone(r.sig[:]), 0), ErrLength},
		{"infinity", q, r.round, infinity, ErrPoint},
		{"compression bit missing", q, r.round, append([]byte{r.sig[0] &^ 0x80}, r.sig[1:]...), ErrPoint},
		{"x not below the modulus", q, r.round, append([]byte{0x9f}, bytes.Repeat([]byte{0xff}, 47)...), ErrPoint},
		{"outside the subgroup", q, r.round, outsideSubgroup(t), ErrPoint},
		{"zero bytes", q, r.round, make([]byte, 48), ErrPoint},
		{"round 0", q, 0, r.sig[:], ErrRound},
		{"other scheme", change(func(c *Chain) { c.Scheme = "pedersen-bls-chained" }), r.round, r.sig[:], ErrChain},
		{"no period", change(func(c *Chain) { c.Period = 0 }), r.round, r.sig[:], ErrChain},
		{"period over a day", change(func(c *Chain) { c.Period = 86401 }), r.round, r.sig[:], ErrChain},
		{"genesis before 1970", change(func(c *Chain) { c.Genesis = -1 }), r.round, r.sig[:], ErrChain},
		{"no key", change(func(c *Chain) { c.Key = [96]byte{} }), r.round, r.sig[:], ErrChain},
		{"key at infinity", change(func(c *Chain) { c.Key = [96]byte{0xC0} }), r.round, r.sig[:], ErrChain},
		{"key with a flipped bit", change(func(c *Chain) { c.Key[50] ^= 1 }), r.round, r.sig[:], ErrChain},
	} {
		if err := Verify(tc.chain, tc.round, tc.sig); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	other, _ := NewLocal(0, 3)
	if err := Verify(other.Chain(), r.round, r.sig[:]); !errors.Is(err, ErrSignature) {
		t.Errorf("another chain's key: %v", err)
	}
}

// outsideSubgroup returns a compressed point on the curve y² = x³ + 4 that is not in G1.
func outsideSubgroup(t *testing.T) []byte {
	p, _ := new(big.Int).SetString("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16)
	for x := int64(1); x < 100; x++ {
		y2 := new(big.Int).Exp(big.NewInt(x), big.NewInt(3), p)
		if big.Jacobi(y2.Add(y2, big.NewInt(4)), p) == 1 {
			b := big.NewInt(x).FillBytes(make([]byte, 48))
			b[0] |= 0x80
			return b
		}
	}
	t.Fatal("no point found")
	return nil
}

func TestTimes(t *testing.T) {
	q := Quicknet()
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for _, tc := range []struct {
		round uint64
		unix  int64
	}{{0, q.Genesis}, {1, q.Genesis}, {2, q.Genesis + 3}, {1000, q.Genesis + 2997}, {1 << 40, q.Genesis + 3*(1<<40-1)},
		{math.MaxUint64, math.MaxInt64}, {1 << 63, math.MaxInt64}} {
		if got := q.Unix(tc.round); got != tc.unix {
			t.Errorf("Unix(%d) = %d, want %d", tc.round, got, tc.unix)
		}
	}
	if got := q.Time(1).Format(time.RFC3339); got != "2023-08-23T15:09:27Z" {
		t.Errorf("genesis is %s", got)
	}
	if got := q.Time(math.MaxUint64).Format(time.RFC3339); got != "9999-12-31T23:59:59Z" {
		t.Errorf("last time is %s", got)
	}
	for _, tc := range []struct {
		t    time.Time
		want uint64
	}{{at(0), 1}, {at(q.Genesis - 1), 1}, {at(q.Genesis), 1}, {at(q.Genesis + 1), 2}, {at(q.Genesis + 3), 2},
		{at(q.Genesis + 4), 3}, {at(q.Genesis).Add(1), 2}, {at(q.Genesis + 3).Add(1), 3}, {time.Time{}, 1}} {
		if got := q.RoundAt(tc.t); got != tc.want {
			t.Errorf("RoundAt(%v) = %d, want %d", tc.t, got, tc.want)
		}
	}
	for round := uint64(1); round < 1000; round += 7 {
		if got := q.RoundAt(q.Time(round)); got != round {
			t.Errorf("RoundAt(Time(%d)) = %d", round, got)
		}
	}
}

func FuzzVerify(f *testing.F) {
	rounds, _ := realRounds(f)
	for _, r := range rounds[:3] {
		f.Add(r.round, r.sig[:])
	}
	known := map[uint64][SignatureSize]byte{}
	for _, r := range rounds {
		known[r.round] = r.sig
	}
	f.Fuzz(func(t *testing.T, round uint64, sig []byte) {
		if Verify(Quicknet(), round, sig) == nil {
			if want, ok := known[round]; ok && !bytes.Equal(sig, want[:]) {
				t.Errorf("second signature of round %d: %x", round, sig)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	rounds, _ := realRounds(b)
	for b.Loop() {
		if err := Verify(Quicknet(), rounds[0].round, rounds[0].sig[:]); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleVerify() {
	sig, _ := hex.DecodeString("b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39")
	fmt.Println(Verify(Quicknet(), 1000, sig))
	fmt.Println(Verify(Quicknet(), 1001, sig))
	// Output:
	// <nil>
	// verify beacon round 1001: beacon signature does not verify
}

func ExampleNewLocal() {
	l, err := NewLocal(1767225600, 3) // round 1 on 1 January 2026
	if err != nil {
		fmt.Println(err)
		return
	}
	sig := l.Sign(7)
	fmt.Println(l.Chain().Time(7).Format(time.RFC3339), Verify(l.Chain(), 7, sig[:]))
	// Output: 2026-01-01T00:00:18Z <nil>
}
