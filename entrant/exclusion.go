package entrant

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"fairlot/crypto/tag"
	"fairlot/draw"
)

// Limits of an exclusion list.
const (
	MaxExcluded  = 10_000                                                         // persons
	MaxExclusion = 65 + MaxExcluded*int64(len(tag.Resident)+len(" A123456789\n")) // bytes
)

// Exclusion is an exclusion list (SPEC section 3, docs/FORMATS.md): persons by kind and number of their ID, as an entry's identity text has them, under a random salt,
// without which who knows the hash could try all numbers.
type Exclusion struct {
	Salt    [32]byte
	Persons []Listed
}

// Listed is one person on an exclusion list; both values are canonical.
type Listed struct{ IDType, IDNumber string }

// String hides the values, so that they are in no log.
func (Listed) String() string { return "[person]" }

// GoString hides the values, so that they are in no log.
func (Listed) GoString() string { return "[person]" }

func (p Listed) line() string { return p.IDType + " " + p.IDNumber }

// LineError says which line of a list is wrong, from 1, and why. It never holds what stands there.
type LineError struct {
	Line int
	Text string
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// NewExclusion makes a list under a fresh salt, sorted, each person once: neither order nor repetition tells anything.
func NewExclusion(persons []Listed) Exclusion {
	x := Exclusion{Persons: slices.SortedFunc(slices.Values(persons), func(a, b Listed) int { return strings.Compare(a.line(), b.line()) })}
	x.Persons = slices.Compact(x.Persons)
	rand.Read(x.Salt[:])
	return x
}

// Marshal prints the list.
func (x Exclusion) Marshal() []byte {
	b := fmt.Appendf(nil, "%x\n", x.Salt[:])
	for _, p := range x.Persons {
		b = append(b, p.line()+"\n"...)
	}
	return b
}

// Errors of ParseExclusion besides LineError.
var (
	ErrNoExclusion = errors.New("this is no exclusion list: make one with `fairlot exclusion new`")
	ErrExcluded    = fmt.Errorf("an exclusion list has between 1 and %d persons", MaxExcluded)
)

// ParseExclusion reads what Marshal printed, and nothing else: no other bytes are the list of this hash. Errors are ErrNoExclusion, ErrExcluded or a *LineError.
func ParseExclusion(b []byte) (Exclusion, error) {
	var x Exclusion
	salt, rest, found := bytes.Cut(b, []byte("\n"))
	if n, err := hex.Decode(x.Salt[:], salt[:min(len(salt), 64)]); !found || err != nil || n != len(x.Salt) || string(salt) != hex.EncodeToString(x.Salt[:]) || int64(len(b)) > MaxExclusion {
		return Exclusion{}, ErrNoExclusion
	}
	for len(rest) > 0 {
		n := len(x.Persons) + 2
		var text []byte
		if text, rest, found = bytes.Cut(rest, []byte("\n")); !found {
			return Exclusion{}, &LineError{n, "the end of the list is missing"}
		}
		p, err := listed(string(text))
		if err != "" {
			return Exclusion{}, &LineError{n, err}
		}
		if p.line() != string(text) {
			return Exclusion{}, &LineError{n, "a person stands here otherwise than `fairlot exclusion new` writes it"}
		}
		if len(x.Persons) > 0 && x.Persons[len(x.Persons)-1].line() >= p.line() {
			return Exclusion{}, &LineError{n, "the list is not sorted, or a person stands on it twice"}
		}
		x.Persons = append(x.Persons, p)
	}
	if len(x.Persons) == 0 || len(x.Persons) > MaxExcluded {
		return Exclusion{}, ErrExcluded
	}
	return x, nil
}

// Hash is the list's hash of SPEC section 2.1.
func (x Exclusion) Hash() draw.Hash { return draw.HashOf(x.Marshal()) }

// ReadPersons reads persons as people write them down: one a line, an ID number alone or after its kind (citizen or resident), which a space, comma, semicolon or tab
// parts from it. Empty lines, lines that begin with # and the first line, if it names columns, are passed over. Errors are ErrExcluded or a *LineError.
func ReadPersons(b []byte) ([]Listed, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	var out []Listed
	n := 0
	for line := range bytes.Lines(b) {
		n++
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") || n == 1 && isHeader(text) {
			continue
		}
		if !utf8.ValidString(text) {
			return nil, &LineError{n, "this is not UTF-8: save the list as plain text in UTF-8"}
		}
		p, bad := listed(text)
		if bad != "" {
			return nil, &LineError{n, bad}
		}
		if out = append(out, p); len(out) > 10*MaxExcluded { // repeats are dropped later
			return nil, ErrExcluded
		}
	}
	if len(out) == 0 {
		return nil, ErrExcluded
	}
	return out, nil
}

// isHeader tells of a first line that names columns: no ID number is without digits.
func isHeader(text string) bool {
	return !strings.ContainsAny(text, "0123456789０１２３４５６７８９")
}

// listed reads one person, or says what is wrong without saying what stands there.
func listed(text string) (p Listed, bad string) {
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\t' })
	for i := range fields {
		fields[i] = strings.Trim(fields[i], " \"")
	}
	if len(fields) == 1 {
		if kind, number, found := strings.Cut(fields[0], " "); found && (strings.EqualFold(kind, tag.Citizen) || strings.EqualFold(kind, tag.Resident)) {
			fields = []string{kind, number}
		}
	}
	kinds, number := []string{tag.Citizen, tag.Resident}, ""
	switch len(fields) {
	case 1:
		number = fields[0]
	case 2:
		kinds, number = []string{strings.ToLower(fields[0])}, fields[1]
		if kinds[0] != tag.Citizen && kinds[0] != tag.Resident {
			return p, "the kind of ID is citizen or resident"
		}
	default:
		return p, "want an ID number, or its kind and the number: leave names and all else out"
	}
	bad = "this is not an ID number: a letter and nine digits, or two letters and eight digits"
	if len(kinds) == 1 {
		bad = "this is not an ID number of the kind that stands before it"
	}
	for _, kind := range kinds {
		n, err := tag.Canonical(kind, number)
		switch {
		case err == nil:
			return Listed{kind, n}, ""
		case errors.Is(err, tag.ErrCheckDigit):
			bad = "this ID number has a slip: its check digit does not fit"
		}
	}
	return p, bad
}
