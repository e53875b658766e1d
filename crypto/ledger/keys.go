// Package ledger holds the formats of the public log: records in log.bin, their RFC 6962 tree,
// signed checkpoints, cosignatures of witnesses and the policy that says whose cosignatures
// are enough (docs/SPEC.md, sections 3, 6 and 8; C2SP signed-note, tlog-checkpoint,
// tlog-cosignature, tlog-policy).
//
// It does not know what a record says, stores nothing and decides nothing about time: who
// appends does so by compare-and-swap elsewhere, and now is an argument.
//
// Invariants: no checkpoint is signed, cosigned or merged whose log signature was not checked;
// each text has one encoding; what it cannot read completely it refuses.
//
// First calls: NewTree and NextCheckpoint to write, Policy.Verify and Policy.InTime to check.
package ledger

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"fairlot/draw"
)

// Algorithm bytes of a verifier key (C2SP signed-note).
const (
	AlgLog     = 0x01 // Ed25519, signs checkpoints and receipts
	AlgWitness = 0x04 // Ed25519, timestamped cosignatures
)

// MaxName is the longest key name in bytes (SPEC 1).
const MaxName = 128

// ErrKey means a key text that is not exactly in its form, or of another algorithm than the
// place wants.
var ErrKey = errors.New("malformed key")

// VKey is a public verifier key. Its text (SPEC 1, vkey) is
//
//	NAME+HHHHHHHH+BASE64
//
// HHHHHHHH being hex of SHA-256(NAME ‖ LF ‖ K)[:4] and BASE64 that of K = algorithm byte ‖
// 32-byte Ed25519 key. It is comparable.
type VKey struct {
	Name string // 1 to 128 characters of 0x21–0x7E without '+'
	Hash uint32
	Alg  byte // AlgLog or AlgWitness
	Key  [ed25519.PublicKeySize]byte
}

// String returns the one text of the key.
func (k VKey) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.Name, k.Hash, base64.StdEncoding.EncodeToString(append([]byte{k.Alg}, k.Key[:]...)))
}

// ParseVKey reads the one text of a verifier key, whose point must be one that draw.CheckKey allows; errors wrap ErrKey.
func ParseVKey(s string) (VKey, error) {
	parts := strings.SplitN(s, "+", 3) // base64 may hold more pluses
	if len(parts) != 3 || !validName(parts[0]) {
		return VKey{}, fmt.Errorf("read verifier key: %w", ErrKey)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != AlgLog && raw[0] != AlgWitness {
		return VKey{}, fmt.Errorf("read verifier key: %w", ErrKey)
	}
	k := newVKey(parts[0], raw[0], raw[1:])
	if k.String() != s {
		return VKey{}, fmt.Errorf("read verifier key: %w", ErrKey)
	}
	if err := draw.CheckKey(k.Key); err != nil {
		return VKey{}, fmt.Errorf("read verifier key: %w: it %w", ErrKey, err)
	}
	return k, nil
}

// parseVKeyOf is ParseVKey for a place that takes one algorithm.
func parseVKeyOf(alg byte, s string) (VKey, error) {
	k, err := ParseVKey(s)
	if err == nil && k.Alg != alg {
		err = fmt.Errorf("read verifier key: %w: algorithm %d, want %d", ErrKey, k.Alg, alg)
	}
	return k, err
}

func newVKey(name string, alg byte, pub []byte) VKey {
	k := VKey{Name: name, Alg: alg, Key: [ed25519.PublicKeySize]byte(pub)}
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{alg}, pub...)...))
	k.Hash = binary.BigEndian.Uint32(sum[:])
	return k
}

func validName(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e || s[i] == '+' {
			return false
		}
	}
	return s != "" && len(s) <= MaxName
}

// A private key's text is the one x/mod's note writes, for both algorithms:
//
//	PRIVATE+KEY+NAME+HHHHHHHH+BASE64
//
// HHHHHHHH being that of the verifier key and BASE64 that of algorithm byte ‖ 32-byte seed.
func formatSKey(k VKey, seed []byte) string {
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", k.Name, k.Hash, base64.StdEncoding.EncodeToString(append([]byte{k.Alg}, seed...)))
}

func parseSKey(alg byte, s string) (VKey, ed25519.PrivateKey, error) {
	bad := fmt.Errorf("read private key: %w", ErrKey)
	rest, ok := strings.CutPrefix(s, "PRIVATE+KEY+")
	parts := strings.SplitN(rest, "+", 3)
	if !ok || len(parts) != 3 || !validName(parts[0]) {
		return VKey{}, nil, bad
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != alg {
		return VKey{}, nil, bad
	}
	priv := ed25519.NewKeyFromSeed(raw[1:])
	k := newVKey(parts[0], alg, priv[ed25519.SeedSize:])
	if formatSKey(k, raw[1:]) != s {
		return VKey{}, nil, bad
	}
	return k, priv, nil
}

func generate(alg byte, name string) (skey, vkey string, err error) {
	if !validName(name) {
		return "", "", fmt.Errorf("make key: %w: name is not 1 to %d printable characters without space and +", ErrKey, MaxName)
	}
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	k := newVKey(name, alg, ed25519.NewKeyFromSeed(seed)[ed25519.SeedSize:])
	return formatSKey(k, seed), k.String(), nil
}

// GenerateLogKey makes a log key from fresh randomness. origin is the log's name and the key's;
// it must leave room for "/receipt" in MaxName. skey is secret: who has it can sign any log.
func GenerateLogKey(origin string) (skey, vkey string, err error) {
	if len(origin)+len("/receipt") > MaxName {
		return "", "", fmt.Errorf("make key: %w: origin is longer than %d bytes", ErrKey, MaxName-len("/receipt"))
	}
	return generate(AlgLog, origin)
}

// NewLogSigner reads a log's private key and returns the signer for SignCheckpoint with its
// public key; errors wrap ErrKey.
func NewLogSigner(skey string) (note.Signer, VKey, error) {
	k, _, err := parseSKey(AlgLog, skey)
	if err != nil {
		return nil, VKey{}, err
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		return nil, VKey{}, fmt.Errorf("read private key: %w", ErrKey)
	}
	return s, k, nil
}

// GenerateCosigner makes the key of a witness (a custodian's, usually) from fresh randomness.
// skey is secret: who has it can cosign in the witness's name.
func GenerateCosigner(name string) (skey, vkey string, err error) { return generate(AlgWitness, name) }
