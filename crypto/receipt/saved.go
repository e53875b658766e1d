package receipt

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// MaxSaved is the longest saved copy read, in bytes.
const MaxSaved = MaxNote + 512

var (
	// ErrSaved means bytes that are not a saved copy in its one form.
	ErrSaved = errors.New("malformed saved receipt")
	// ErrNotYours means a saved copy whose secret or commitments do not lead to its receipt.
	ErrNotYours = errors.New("saved receipt does not recompute")
)

// Saved is the entrant's own copy: the receipt, and what no server keeps. Its text:
//
//	fairlot/v1 saved receipt
//	s HASH
//	identity HASH
//	contact HASH
//
//	NOTE
//
// identity and contact are absent in a campaign without draws; the first empty line ends the
// head; NOTE is the signed receipt. Who has s can claim, correct and erase the entry.
type Saved struct {
	S        [32]byte // the entrant's secret
	Draws    bool     // whether identity and contact stand in it
	Identity [32]byte // ci, commitment to the identity text
	Contact  [32]byte // cc, commitment to the contact text
	Note     []byte   // the signed receipt, at most MaxNote bytes
}

// Format returns the saved copy's bytes; errors wrap ErrSaved. Whether it belongs together is
// for Check to say.
func (s Saved) Format() ([]byte, error) {
	if len(s.Note) == 0 || len(s.Note) > MaxNote || !s.Draws && (s.Identity != [32]byte{} || s.Contact != [32]byte{}) {
		return nil, fmt.Errorf("write saved receipt: %w", ErrSaved)
	}
	b := fmt.Appendf(nil, "fairlot/v1 saved receipt\ns %x\n", s.S)
	if s.Draws {
		b = fmt.Appendf(b, "identity %x\ncontact %x\n", s.Identity, s.Contact)
	}
	return append(append(b, '\n'), s.Note...), nil
}

// ParseSaved reads a saved copy; errors wrap ErrSaved. Nothing of the note is read: Check does.
func ParseSaved(b []byte) (Saved, error) {
	bad := fmt.Errorf("read saved receipt: %w", ErrSaved)
	if len(b) > MaxSaved {
		return Saved{}, bad
	}
	head, rest, ok := strings.Cut(string(b), "\n\n")
	lines := strings.Split(head, "\n")
	s := Saved{Note: []byte(rest)}
	if !ok || (len(lines) != 2 && len(lines) != 4) || !hexField(s.S[:], lines[1], "s ") {
		return Saved{}, bad
	}
	if len(lines) == 4 {
		s.Draws = true
		if !hexField(s.Identity[:], lines[2], "identity ") || !hexField(s.Contact[:], lines[3], "contact ") {
			return Saved{}, bad
		}
	}
	if again, err := s.Format(); err != nil || string(again) != string(b) {
		return Saved{}, bad
	}
	return s, nil
}

// Check verifies the receipt in the copy under the receipt key, and that id and person recompute
// (SPEC 4):
//
//	r      = SHA-256("fairlot/v1 r\n" ‖ s)
//	id     = SHA-256("fairlot/v1 id\n" ‖ open ‖ r)[:16]
//	person = SHA-256("fairlot/v1 person\n" ‖ identity ‖ contact)
//
// Errors wrap ErrNotYours or are those of Verify.
func (s Saved) Check(vkey string) (Receipt, error) {
	r, err := Verify(vkey, s.Note)
	if err != nil {
		return Receipt{}, fmt.Errorf("check saved receipt: %w", err)
	}
	secret := hash("fairlot/v1 r\n", s.S[:])
	id := hash("fairlot/v1 id\n", r.Open[:], secret[:])
	if [16]byte(id[:16]) != r.ID || r.Draws() != s.Draws ||
		s.Draws && hash("fairlot/v1 person\n", s.Identity[:], s.Contact[:]) != r.Person {
		return Receipt{}, fmt.Errorf("check saved receipt: %w", ErrNotYours)
	}
	return r, nil
}

func hash(label string, parts ...[]byte) [32]byte {
	b := []byte(label)
	for _, p := range parts {
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}
