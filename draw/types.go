// Package draw is the draw of SPEC version 1 as pure functions: the texts that a campaign puts into its log, an entrant's
// values, the entry list and its tree, the seed, the ranking, and who takes a vacated seat.
//
// It is not a verifier of bundles (package verify is) and signs, fetches and stores nothing: no clock, network, database,
// logger or randomness, only values in and values out. An auditor who reads this package has read the whole draw. It uses
// the standard library and, as the one exception, golang.org/x/text/unicode/norm: the text rules need Unicode
// Normalization Form C, which the standard library does not have.
//
// Invariants: there is one encoding of everything (parse, print, compare); hashes, ids and scores are defined types, so that a
// swap does not compile; nothing here keeps state between calls. All functions may be called concurrently; a value of a
// type with methods that change it (Tree, Seats) belongs to one goroutine.
//
// First calls to make: ParseRecord for a record, NewList for an entry list, then Rank.
package draw

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Hash is the SHA-256 of a record or file, over its exact bytes.
type Hash [32]byte

// Root is the RFC 6962 tree hash of an entry list.
type Root [32]byte

// Seed is what the beacon's round and the close record make together (SPEC section 5); nobody chooses it.
type Seed [32]byte

// Score orders the leaves of a draw: compared as bytes, smaller is better.
type Score [32]byte

// EntrantID names an entrant in one campaign (SPEC section 4).
type EntrantID [16]byte

// CampaignID is a campaign's 16 random bytes.
type CampaignID [16]byte

// Person binds an entrant's identity and contact (SPEC section 4); it tells neither.
type Person [32]byte

// Commitment is ci or cc of SPEC section 4.
type Commitment [32]byte

// Signature is a round's signature in its only accepted form, 48 bytes.
type Signature [48]byte

// String is 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// String is 64 hexadecimal digits.
func (r Root) String() string { return hex.EncodeToString(r[:]) }

// String is 64 hexadecimal digits.
func (s Seed) String() string { return hex.EncodeToString(s[:]) }

// String is 64 hexadecimal digits.
func (s Score) String() string { return hex.EncodeToString(s[:]) }

// String is 32 hexadecimal digits.
func (id EntrantID) String() string { return hex.EncodeToString(id[:]) }

// String is 32 hexadecimal digits.
func (id CampaignID) String() string { return hex.EncodeToString(id[:]) }

// String is 64 hexadecimal digits.
func (p Person) String() string { return hex.EncodeToString(p[:]) }

// String is 64 hexadecimal digits.
func (c Commitment) String() string { return hex.EncodeToString(c[:]) }

// String is 96 hexadecimal digits.
func (s Signature) String() string { return hex.EncodeToString(s[:]) }

// HashOf is the SHA-256 of the exact bytes of a record or file; sha256sum gives the same.
func HashOf(b []byte) Hash { return sha256.Sum256(b) }

func parseFixed(dst []byte, s, what string) error {
	if !parseHex(dst, s) {
		return fmt.Errorf("%s is not %d lower-case hexadecimal digits", what, 2*len(dst))
	}
	return nil
}

// ParseHash reads 64 lower-case hexadecimal digits.
func ParseHash(s string) (h Hash, err error) { return h, parseFixed(h[:], s, "hash") }

// ParseSeed reads 64 lower-case hexadecimal digits.
func ParseSeed(s string) (d Seed, err error) { return d, parseFixed(d[:], s, "seed") }

// ParseEntrantID reads 32 lower-case hexadecimal digits.
func ParseEntrantID(s string) (id EntrantID, err error) {
	return id, parseFixed(id[:], s, "entrant id")
}

// ParseCampaignID reads 32 lower-case hexadecimal digits.
func ParseCampaignID(s string) (id CampaignID, err error) {
	return id, parseFixed(id[:], s, "campaign id")
}

// ParseSignature reads 96 lower-case hexadecimal digits.
func ParseSignature(s string) (sig Signature, err error) {
	return sig, parseFixed(sig[:], s, "signature")
}
