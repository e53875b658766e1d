// Package beacon checks rounds of a drand randomness beacon and fetches them from relays.
//
// It knows one scheme, bls-unchained-g1-rfc9380 (BLS12-381, key in G2, signature in G1, message
// SHA-256 of the round as u64 big-endian), because the draw rests on one: see docs/SPEC.md,
// section 9. It is not a drand node and keeps no state. Local, a chain with a single key made
// on the spot, serves demonstrations and tests; it proves nothing to outsiders.
//
// Invariants: a signature counts only as exactly 48 bytes, so a round has one valid signature
// and one seed; whatever a relay says is verified here before it is returned.
//
// First call: Quicknet().Time(round), then Relays.Fetch, or Verify for a signature in hand.
package beacon

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/cloudflare/circl/ecc/bls12381"
	"github.com/cloudflare/circl/sign/bls"
)

// Scheme is the one signature scheme that a draw may rest on.
const Scheme = "bls-unchained-g1-rfc9380"

// Sizes in bytes of what travels.
const (
	KeySize       = 96 // compressed G2 point
	SignatureSize = 48 // compressed G1 point
)

var (
	// ErrChain means a chain that cannot be used: another scheme, a period or genesis out of
	// range, or a key that is no point of G2.
	ErrChain = errors.New("unusable beacon chain")
	// ErrRound means a round that no chain has: 0.
	ErrRound = errors.New("no such beacon round")
	// ErrUncompressed means a signature of 96 bytes. It may be the same point written at full
	// length; accepting it would give a second valid seed for one round.
	ErrUncompressed = errors.New("beacon signature is 96 bytes, want the 48-byte form")
	// ErrLength means a signature of neither 48 nor 96 bytes.
	ErrLength = errors.New("beacon signature is not 48 bytes")
	// ErrPoint means 48 bytes that are no point to sign with: not on the curve, not in the
	// subgroup, infinity, or not in canonical form.
	ErrPoint = errors.New("beacon signature is not a point of the group")
	// ErrSignature means a well-formed signature that is not the one of this round and chain.
	ErrSignature = errors.New("beacon signature does not verify")
)

// Chain is what a draw pins of a beacon (the `beacon` line of an open record, SPEC 2.1). It is
// comparable: c == Quicknet() says whether it is the pinned public chain.
//
// Who can change a Chain can choose the outcome of every draw that rests on it.
type Chain struct {
	Hash    [32]byte      // names the chain at relays; not part of what is verified
	Scheme  string        // must be Scheme
	Period  uint32        // seconds between rounds, 1 to 86,400
	Genesis int64         // Unix seconds of round 1, not negative
	Key     [KeySize]byte // public key, compressed G2
}

// Quicknet returns the pinned constants of drand quicknet (SPEC 9), the only chain that can
// make a draw proven.
func Quicknet() Chain {
	c := Chain{Scheme: Scheme, Period: 3, Genesis: 1692803367}
	mustHex(c.Hash[:], "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971")
	mustHex(c.Key[:], "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"+
		"0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a")
	return c
}

func mustHex(dst []byte, s string) {
	if n, err := hex.Decode(dst, []byte(s)); err != nil || n != len(dst) {
		panic("beacon: a pinned constant is not hex of its length")
	}
}

// Validate reports whether rounds of c can be computed and verified; errors wrap ErrChain.
func (c Chain) Validate() error {
	_, err := c.publicKey()
	return err
}

func (c Chain) publicKey() (*bls.PublicKey[bls.KeyG2SigG1], error) {
	switch {
	case c.Scheme != Scheme:
		return nil, fmt.Errorf("%w: scheme is not %s", ErrChain, Scheme)
	case c.Period < 1 || c.Period > 86400:
		return nil, fmt.Errorf("%w: period %d is not 1 to 86400 seconds", ErrChain, c.Period)
	case c.Genesis < 0:
		return nil, fmt.Errorf("%w: genesis is before 1970", ErrChain)
	}
	k := new(bls.PublicKey[bls.KeyG2SigG1])
	if err := k.UnmarshalBinary(c.Key[:]); err != nil {
		return nil, fmt.Errorf("%w: key is no point of G2", ErrChain)
	}
	return k, nil
}

// Unix returns time(R) = Genesis + (R − 1)·Period in Unix seconds. Round 0 gives Genesis; a
// round beyond the range of int64 gives its largest value, so "not yet" stays "not yet".
func (c Chain) Unix(round uint64) int64 {
	if round == 0 {
		return c.Genesis
	}
	hi, lo := bits.Mul64(round-1, uint64(c.Period))
	if hi != 0 || lo > uint64(math.MaxInt64-c.Genesis) {
		return math.MaxInt64
	}
	return c.Genesis + int64(lo)
}

// lastSecond is 9999-12-31T23:59:59Z, the last time that SPEC can write.
const lastSecond = 253402300799

// Time returns time(R) in UTC, at most 9999-12-31T23:59:59Z.
func (c Chain) Time(round uint64) time.Time {
	return time.Unix(min(c.Unix(round), lastSecond), 0).UTC()
}

// RoundAt returns the first round whose time is t or later; at or before genesis that is 1.
// c must be valid.
func (c Chain) RoundAt(t time.Time) uint64 {
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	if s <= c.Genesis {
		return 1
	}
	p := uint64(c.Period)
	return (uint64(s-c.Genesis)+p-1)/p + 1
}

// message is what the chain signs for a round.
func message(round uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], round)
	h := sha256.Sum256(b[:])
	return h[:]
}

// Randomness returns SHA-256 of a round's signature: what drand publishes beside it, and what
// the seed of a draw is made from.
func Randomness(sig [SignatureSize]byte) [32]byte { return sha256.Sum256(sig[:]) }

// Verify reports whether sig is the chain's signature of the round (SPEC 9, step 9). The
// errors wrap ErrChain, ErrRound, ErrUncompressed, ErrLength, ErrPoint or ErrSignature.
func Verify(c Chain, round uint64, sig []byte) error {
	key, err := c.publicKey()
	if err != nil {
		return err
	}
	if round == 0 {
		return fmt.Errorf("verify beacon: %w: 0", ErrRound)
	}
	// The length comes first: the library also takes the 96-byte form.
	switch len(sig) {
	case SignatureSize:
	case 2 * SignatureSize:
		return fmt.Errorf("verify beacon round %d: %w", round, ErrUncompressed)
	default:
		return fmt.Errorf("verify beacon round %d: %w but %d", round, ErrLength, len(sig))
	}
	var p bls12381.G1
	if err := p.SetBytes(sig); err != nil || p.IsIdentity() || string(p.BytesCompressed()) != string(sig) {
		return fmt.Errorf("verify beacon round %d: %w", round, ErrPoint)
	}
	if !bls.Verify(key, message(round), sig) {
		return fmt.Errorf("verify beacon round %d: %w", round, ErrSignature)
	}
	return nil
}
