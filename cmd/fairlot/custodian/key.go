// Package custodian is what a custodian's own machine does, offline: keep a key, pin the campaign that it serves, cosign
// the log, and hand over shares for winners that a checked bundle proves.
//
// A custodian trusts nobody else's statement: each act starts from a bundle of which every step of SPEC section 9 held, and
// from a pin that remembers which campaign and how much log this key saw before.
//
// Invariants: a log that does not extend the pinned one is never cosigned and never released for; a close is cosigned once, and
// not at a time that the bundle disproves; a share leaves only for an entrant who holds a seat, for the purpose notice, under an
// opened record that is in the log; one opened record serves one set of entrants.
//
// First calls: New to make a key, Check to pin a campaign, then Cosign and Share.
package custodian

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
)

// cosignerLine begins the line of a key file that holds the cosigning key. It is a comment to age, so the file stays an age
// identity file.
const cosignerLine = "# cosigning key: "

// MaxKeyFile bounds a key file in bytes.
const MaxKeyFile = 64 << 10

// ErrLabel says that a label cannot name a key.
var ErrLabel = errors.New("a label is 1 to 64 of a-z 0-9 . -, beginning with a letter or digit")

// ErrNoCosigner says that a key file holds no cosigning key: it is a notifier's, or not from this tool.
var ErrNoCosigner = errors.New("no cosigning key in it: this is not a custodian's key file")

var labelForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

// Key is a custodian's key of one campaign: the age key that opens locks, and the key that cosigns the log. It is secret.
type Key struct {
	Age      *custody.Key
	Cosigner *ledger.Cosigner

	skey string
}

// New makes a custodian's key from fresh randomness. label names the cosigning key in public.
func New(label string) (*Key, error) {
	if !labelForm.MatchString(label) {
		return nil, fmt.Errorf("label %q: %w", label, ErrLabel)
	}
	age, err := custody.NewKey()
	if err != nil {
		return nil, err
	}
	skey, _, err := ledger.GenerateCosigner(label)
	if err != nil {
		return nil, err
	}
	cosigner, err := ledger.NewCosigner(skey)
	if err != nil {
		return nil, err
	}
	return &Key{age, cosigner, skey}, nil
}

// File is the key file's text: an age identity file with one comment more.
//
//	# a custodian's key … (public lines)
//	# cosigning key: PRIVATE+KEY+LABEL+HASH+BASE64
//	AGE-SECRET-KEY-PQ-1…
func (k *Key) File() []byte {
	head := "# Fairlot custodian's key of one campaign. Keep it secret, keep a copy in a safe place, give it to nobody.\n" +
		"# cosigner: " + k.Cosigner.VKey().String() + "\n" + cosignerLine + k.skey + "\n"
	return append([]byte(head), k.Age.File()...)
}

// ParseKey reads a key file. Errors wrap ErrNoCosigner, or are those of custody.ParseKey and ledger.NewCosigner.
func ParseKey(file []byte) (*Key, error) {
	age, err := custody.ParseKey(file)
	if err != nil {
		return nil, err
	}
	var skeys []string
	for line := range strings.Lines(string(file)) {
		if s, ok := strings.CutPrefix(line, cosignerLine); ok {
			skeys = append(skeys, strings.TrimSpace(s))
		}
	}
	if len(skeys) == 0 {
		return nil, ErrNoCosigner
	}
	if len(skeys) > 1 {
		return nil, errors.New("read key: it holds two cosigning keys")
	}
	cosigner, err := ledger.NewCosigner(skeys[0])
	if err != nil {
		return nil, err
	}
	return &Key{age, cosigner, skeys[0]}, nil
}
