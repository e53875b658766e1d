// Package seal holds what is sealed on arrival: responses under an epoch's
// key, and envelopes with a person's identity or contact. It also reads and
// prints key files.
//
// It splits no keys and knows no custodian: [SealEnvelope] hands out the file
// key once, package custody splits it. It draws randomness from crypto/rand
// and does no I/O. All functions are safe for concurrent use.
//
// Invariants: what is opened is checked in full before any of it is returned;
// sizes tell nothing but a padding step; no error holds personal data or keys.
//
// Begin with [SealResponse] for answers and, through custody.SealEntrant, with
// [SealEnvelope] for persons. Source: docs/FORMATS.md sections 1 to 3 and 7.
package seal

import (
	"crypto/sha256"
	"errors"
	"fmt"
)

// Limits, all in bytes.
const (
	// MaxText bounds an identity text, and a contact text.
	MaxText = 1024
	// Step is what an envelope's payload is padded to a multiple of.
	Step = 256
	// MaxEnvelope bounds an envelope file.
	MaxEnvelope = 4096
	// MaxResponse bounds S, the size that a survey's responses are padded to.
	MaxResponse = 65536
	// Overhead is how much longer a sealed response is than S.
	Overhead = nonceSize + headSize + tagSize
)

var (
	// ErrDamaged says that a sealed thing does not authenticate under the key,
	// or is not in its format's one encoding: it was cut, spliced, moved to
	// another place, or sealed under another key.
	ErrDamaged = errors.New("damaged, moved, or sealed under another key")
	// ErrSize says that a thing is longer or shorter than its format allows.
	ErrSize = errors.New("size out of bounds")
	// ErrText says that an identity or contact text is not plain text: UTF-8
	// lines, each ended by LF, without control characters.
	ErrText = errors.New("not a plain text")
	// ErrPerson says that an envelope's text and openings do not give the
	// person in the entrant's leaf: another text was sealed than entered.
	ErrPerson = errors.New("text is not the one that the entrant committed to")
)

// MismatchError says that a sealed thing is sound but another one than was
// asked for: relabelled, swapped, or of another campaign.
type MismatchError struct {
	What  string // envelope, lock, released shares, key file
	Field string // campaign, id, kind, …: the first field that differs
}

// Error names the thing and the field, never the values.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("open %s: another %s than asked for", e.What, e.Field)
}

// Kind says which of an entrant's two envelopes is meant. The zero value is
// neither.
type Kind uint8

// The two kinds.
const (
	Identity Kind = 1 // name, ID number
	Contact  Kind = 2 // phone, e-mail, address
)

// String returns identity or contact, as formats spell it.
func (k Kind) String() string {
	switch k {
	case Identity:
		return "identity"
	case Contact:
		return "contact"
	}
	return "unknown"
}

// FileKey is the key of one envelope, 16 bytes. It prints as a placeholder.
type FileKey [16]byte

// String hides the key.
func (FileKey) String() string { return "[file key]" }

// GoString hides the key.
func (FileKey) GoString() string { return "[file key]" }

// Key is an epoch key or a tag key, 32 bytes. It prints as a placeholder.
type Key [32]byte

// String hides the key.
func (Key) String() string { return "[key]" }

// GoString hides the key.
func (Key) GoString() string { return "[key]" }

// Openings are the four values that tie an entrant's texts to the person in
// the leaf (SPEC.md section 4), each 32 bytes.
type Openings struct {
	KI, KC, CI, CC [32]byte
}

// NewOpenings computes the openings from the entrant's r (32 bytes, stored
// nowhere) and the two texts, either of which may be empty.
func NewOpenings(r [32]byte, identity, contact []byte) Openings {
	var o Openings
	o.KI = hash([]byte("fairlot/v1 identity\n"), r[:])
	o.KC = hash([]byte("fairlot/v1 contact\n"), r[:])
	o.CI = commit(o.KI, identity)
	o.CC = commit(o.KC, contact)
	return o
}

// Person returns the person that stands in the leaf.
func (o Openings) Person() [32]byte {
	return hash([]byte("fairlot/v1 person\n"), o.CI[:], o.CC[:])
}

// Fit says whether the openings are of these two texts.
func (o Openings) Fit(identity, contact []byte) bool {
	return o.CI == commit(o.KI, identity) && o.CC == commit(o.KC, contact)
}

// commit is SHA-256(k ‖ SHA-256(text)).
func commit(k [32]byte, text []byte) [32]byte {
	h := sha256.Sum256(text)
	return hash(k[:], h[:])
}

func hash(parts ...[]byte) [32]byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}
