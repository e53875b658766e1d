// Package tag turns an ID number into its one canonical form and into a tag,
// by which a campaign counts one entry a person.
//
// A tag is an HMAC under a key of the campaign's own. Whoever holds the key
// and the tags can find every ID number by trying them all, so both are
// destroyed when the campaign closes, and the key never stands in a database.
// A valid number proves nothing about who typed it.
//
// Begin with [Canonical], then [Of]. Source: docs/FORMATS.md section 7.
package tag

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ID types, as they stand in an identity text.
const (
	// Citizen is a national ID number of Taiwan: [A-Z][12][0-9]{8}.
	Citizen = "citizen"
	// Resident is a resident certificate's number, the new form
	// [A-Z][89][0-9]{8} or the old one [A-Z][A-D][0-9]{8}.
	Resident = "resident"
	// Passport is any country's passport number: [A-Z0-9]{5,20}, unchecked.
	Passport = "passport"
)

// MaxInput is the longest number that [Canonical] looks at, in bytes as typed.
const MaxInput = 64

// Errors of [Canonical]. None of them holds the number.
var (
	// ErrType says that the ID type is not one of the three.
	ErrType = errors.New("read ID number: unknown ID type")
	// ErrForm says that the number has not the form of its type.
	ErrForm = errors.New("read ID number: wrong form for this ID type")
	// ErrCheckDigit says that the form is right and the check digit is not:
	// most likely a slip of the finger.
	ErrCheckDigit = errors.New("read ID number: check digit does not fit")
)

// Key is a campaign's tag key: 32 random bytes.
type Key [32]byte

// String hides the key, so that it is in no log.
func (Key) String() string { return "[tag key]" }

// GoString hides the key, so that it is in no log.
func (Key) GoString() string { return "[tag key]" }

// Tag is the keyed index of one person's ID number in one campaign, 32 bytes.
type Tag [32]byte

// Canonical returns the one form of an ID number: full-width characters are
// folded (NFKC), spaces and hyphens dropped, a-z put in upper case, then form
// and check digit are checked. It returns ErrType, ErrForm or ErrCheckDigit.
func Canonical(idType, number string) (string, error) {
	switch idType {
	case Citizen, Resident, Passport:
	default:
		return "", ErrType
	}
	if len(number) > MaxInput || !utf8.ValidString(number) {
		return "", ErrForm
	}
	n := strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '\u2010':
			return -1
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, norm.NFKC.String(number))

	if idType == Passport {
		if len(n) < 5 || len(n) > 20 {
			return "", ErrForm
		}
		for i := range len(n) {
			if !isDigit(n[i]) && !isLetter(n[i]) {
				return "", ErrForm
			}
		}
		return n, nil
	}
	if !formed(idType, n) {
		return "", ErrForm
	}
	if sum(n)%10 != 0 {
		return "", ErrCheckDigit
	}
	return n, nil
}

// Of returns HMAC-SHA-256(key, idType, space, canonical). The number must come
// from [Canonical], or one person has more than one tag.
func Of(key Key, idType, canonical string) Tag {
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte(idType + " " + canonical))
	return Tag(m.Sum(nil))
}

func formed(idType, n string) bool {
	if len(n) != 10 || !isLetter(n[0]) {
		return false
	}
	for i := 2; i < 10; i++ {
		if !isDigit(n[i]) {
			return false
		}
	}
	switch c := n[1]; idType {
	case Citizen:
		return c == '1' || c == '2'
	default:
		return c == '8' || c == '9' || 'A' <= c && c <= 'D'
	}
}

// letters holds the number of each letter A to Z: places of household
// registration in the order they were given out, hence the jumps.
var letters = [26]int{10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33}

// sum is the weighted sum of a well-formed number; it is valid if 10 divides it.
func sum(n string) int {
	first := letters[n[0]-'A']
	second := int(n[1] - '0')
	if isLetter(n[1]) {
		second = letters[n[1]-'A'] % 10
	}
	s := first/10 + first%10*9 + second*8
	for i := 2; i < 9; i++ {
		s += int(n[i]-'0') * (9 - i)
	}
	return s + int(n[9]-'0')
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' }
