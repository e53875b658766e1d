// Package receipt holds what an entrant keeps: the signed receipt, and the saved copy of it with
// what only the entrant knows (docs/SPEC.md, section 4).
//
// It checks that a receipt is the institution's and that a saved copy belongs to it. It does not
// know the log or the entry list: whether the entry was counted is for the verifier.
//
// Invariants: one text for one receipt, read back and compared; exactly one signature, by the
// receipt key; signing is deterministic, so the same entry gets the same bytes however often it
// is sent.
//
// First call: Sign to issue, Verify to check, ParseSaved for a saved copy.
package receipt

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"fairlot/draw"
)

// Limits of SPEC 2.1 and of what is read.
const (
	MaxStratum = 1000
	MaxChances = 1000
	MaxNote    = 4096 // bytes of a signed receipt
)

// nameSuffix makes the receipt key's name out of the log's origin.
const nameSuffix = "/receipt"

var (
	// ErrReceipt means bytes that are not a receipt in its one form, or fields that none has.
	ErrReceipt = errors.New("malformed receipt")
	// ErrSignature means a receipt that the key did not sign, or not it alone.
	ErrSignature = errors.New("receipt signature is missing or wrong")
	// ErrKey means a key text that is no Ed25519 note key named ORIGIN/receipt.
	ErrKey = errors.New("malformed receipt key")
)

// Receipt is what the institution signs. It is comparable. Its text:
//
//	fairlot/v1 receipt
//	open HASH
//	id HEX32
//	person HASH
//	stratum N
//	chances N
//
// In a campaign without draws the last three lines are absent; chances is absent also while they
// are not counted yet (proof of person none).
type Receipt struct {
	Open    [32]byte // SHA-256 of the open record
	ID      [16]byte // the entry's id
	Person  [32]byte // commitment to identity and contact; all zero without draws
	Stratum uint16   // 1 to MaxStratum; 0: campaign without draws
	Chances uint16   // 1 to MaxChances; 0: absent
}

// Draws reports whether the receipt is of a campaign with draws.
func (r Receipt) Draws() bool { return r.Stratum != 0 }

// Text returns the receipt's lines, without signature; errors wrap ErrReceipt.
func (r Receipt) Text() (string, error) {
	switch {
	case r.Stratum > MaxStratum, r.Chances > MaxChances:
		return "", fmt.Errorf("write receipt: %w: stratum or chances over the limit", ErrReceipt)
	case !r.Draws() && (r.Chances != 0 || r.Person != [32]byte{}):
		return "", fmt.Errorf("write receipt: %w: person or chances without a stratum", ErrReceipt)
	case r.Draws() && r.Person == [32]byte{}:
		return "", fmt.Errorf("write receipt: %w: stratum without a person", ErrReceipt)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "fairlot/v1 receipt\nopen %x\nid %x\n", r.Open, r.ID)
	if r.Draws() {
		fmt.Fprintf(&b, "person %x\nstratum %d\n", r.Person, r.Stratum)
	}
	if r.Chances != 0 {
		fmt.Fprintf(&b, "chances %d\n", r.Chances)
	}
	return b.String(), nil
}

// parseText reads the lines; what it takes, Text prints again.
func parseText(text string) (Receipt, error) {
	var r Receipt
	bad := fmt.Errorf("read receipt: %w", ErrReceipt)
	lines := strings.Split(text, "\n") // the last one is empty
	if len(lines) < 4 || len(lines) > 7 || lines[0] != "fairlot/v1 receipt" ||
		!hexField(r.Open[:], lines[1], "open ") || !hexField(r.ID[:], lines[2], "id ") {
		return Receipt{}, bad
	}
	var ok bool
	if len(lines) > 4 {
		if !hexField(r.Person[:], lines[3], "person ") {
			return Receipt{}, bad
		}
		if r.Stratum, ok = decField(lines[4], "stratum "); !ok {
			return Receipt{}, bad
		}
	}
	if len(lines) > 6 {
		if r.Chances, ok = decField(lines[5], "chances "); !ok {
			return Receipt{}, bad
		}
	}
	if again, err := r.Text(); err != nil || again != text {
		return Receipt{}, bad
	}
	return r, nil
}

func hexField(dst []byte, line, key string) bool {
	v, ok := strings.CutPrefix(line, key)
	if !ok || len(v) != hex.EncodedLen(len(dst)) {
		return false
	}
	_, err := hex.Decode(dst, []byte(v))
	return err == nil
}

func decField(line, key string) (uint16, bool) {
	v, ok := strings.CutPrefix(line, key)
	n, err := strconv.ParseUint(v, 10, 16)
	return uint16(n), ok && err == nil
}

// GenerateKey makes a receipt key for a log's origin from fresh randomness, in the texts of
// C2SP signed-note. skey is secret: who has it can hand out receipts that no list will honour,
// and so accuse the institution. Errors wrap ErrKey.
func GenerateKey(origin string) (skey, vkey string, err error) {
	for i := range len(origin) {
		if origin[i] < 0x21 || origin[i] > 0x7e || origin[i] == '+' {
			return "", "", fmt.Errorf("make receipt key: %w: origin is not printable ASCII without space and +", ErrKey)
		}
	}
	if origin == "" || len(origin)+len(nameSuffix) > 128 {
		return "", "", fmt.Errorf("make receipt key: %w: origin is not 1 to %d bytes", ErrKey, 128-len(nameSuffix))
	}
	skey, vkey, err = note.GenerateKey(rand.Reader, origin+nameSuffix)
	if err != nil {
		return "", "", fmt.Errorf("make receipt key: %w", err)
	}
	return skey, vkey, nil
}

// NewSigner reads the private key of GenerateKey; errors wrap ErrKey. The signer is safe for
// concurrent use.
func NewSigner(skey string) (note.Signer, error) {
	s, err := note.NewSigner(skey)
	if err != nil || !named(s.Name()) {
		return nil, fmt.Errorf("read receipt key: %w", ErrKey)
	}
	return s, nil
}

func named(name string) bool {
	return strings.HasSuffix(name, nameSuffix) && len(name) > len(nameSuffix)
}

// Sign returns the signed note of a receipt: its text, an empty line, and one signature line
//
//	— ORIGIN/receipt BASE64(key hash ‖ Ed25519 signature)
//
// The same receipt and key give the same bytes. Errors wrap ErrReceipt or ErrKey.
func Sign(signer note.Signer, r Receipt) ([]byte, error) {
	text, err := r.Text()
	if err != nil {
		return nil, err
	}
	if !named(signer.Name()) {
		return nil, fmt.Errorf("sign receipt: %w", ErrKey)
	}
	b, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign receipt: %w", err)
	}
	return b, nil
}

// Verify reads a signed receipt under the receipt key that the open record names (a vkey). The
// receipt's Open is not compared with anything: the caller knows the campaign. Errors wrap
// ErrKey, ErrReceipt or ErrSignature.
func Verify(vkey string, signed []byte) (Receipt, error) {
	if _, _, err := draw.ParseVKey(vkey, draw.AlgEd25519); err != nil {
		return Receipt{}, fmt.Errorf("read receipt: %w: it %w", ErrKey, err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil || !named(v.Name()) {
		return Receipt{}, fmt.Errorf("read receipt: %w", ErrKey)
	}
	if len(signed) > MaxNote {
		return Receipt{}, fmt.Errorf("read receipt: %w: longer than %d bytes", ErrReceipt, MaxNote)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	var unsigned *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unsigned), errors.As(err, &invalid):
		return Receipt{}, fmt.Errorf("read receipt: %w", ErrSignature)
	case err != nil:
		return Receipt{}, fmt.Errorf("read receipt: %w", ErrReceipt)
	case len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0:
		return Receipt{}, fmt.Errorf("read receipt: %w: more than one key signed", ErrSignature)
	}
	r, err := parseText(n.Text)
	if err != nil {
		return Receipt{}, err
	}
	// One encoding of the signature line too: note.Open passes over repeated lines and loose base64.
	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	again := fmt.Sprintf("%s\n— %s %s\n", n.Text, v.Name(), base64.StdEncoding.EncodeToString(raw))
	if err != nil || !bytes.Equal(signed, []byte(again)) {
		return Receipt{}, fmt.Errorf("read receipt: %w", ErrReceipt)
	}
	return r, nil
}
