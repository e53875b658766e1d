package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"fairlot/crypto/seal"
)

var (
	// ErrCase says that bytes are no text of a case in its one encoding.
	ErrCase = errors.New("not the text of a case")
	// ErrCaseEntrants says that entrants are not those whom the text of a case
	// names.
	ErrCaseEntrants = errors.New("the case does not name these entrants")
)

// Case is what three persons want, as they approve it. Its text is the one that
// stands in docs/FORMATS.md, Cases:
//
//	fairlot/v1 approval
//	kind case
//	campaign HEX32
//	slug SLUG
//	case HEX32
//	case-kind court
//	ground judicial
//	reference TEXT
//	count 1
//	named HASH
//	requester HEX16
//	expires 2026-12-12T04:00:00Z
//	opens identity
//	opens contact
//	notifier 1
//	hold yes
//
// opens stands for each envelope, in this order; opens, notifier and hold may be
// absent. Who is named stands only in Named.
type Case struct {
	Campaign  [16]byte
	Slug      string
	ID        [16]byte
	Kind      string // court, breach, access, correction, erasure
	Ground    string
	Reference string
	Count     int
	Named     string // NamedHash; "none" if it names nobody
	Requester string // id of the token
	Expires   time.Time
	Opens     []seal.Kind
	Notifier  int // from 1, in the order of open; 0: nothing is opened
	Hold      bool
}

// Text prints the text.
func (c Case) Text() []byte {
	b := fmt.Appendf(nil, "fairlot/v1 approval\nkind case\ncampaign %x\nslug %s\ncase %x\ncase-kind %s\nground %s\nreference %s\ncount %d\nnamed %s\nrequester %s\nexpires %s\n",
		c.Campaign[:], c.Slug, c.ID[:], c.Kind, c.Ground, c.Reference, c.Count, c.Named, c.Requester, c.Expires.UTC().Format(time.RFC3339))
	for _, k := range c.Opens {
		b = fmt.Appendf(b, "opens %s\n", k)
	}
	if c.Notifier > 0 {
		b = fmt.Appendf(b, "notifier %d\n", c.Notifier)
	}
	if c.Hold {
		b = append(b, "hold yes\n"...)
	}
	return b
}

// ParseCase reads a text: it parses, prints and compares. Errors wrap [ErrCase].
func ParseCase(text []byte) (Case, error) {
	var c Case
	if len(text) > 4096 {
		return c, ErrCase
	}
	ok := true
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "campaign":
			ok = ok && unhex(c.Campaign[:], line, "campaign ")
		case "case":
			ok = ok && unhex(c.ID[:], line, "case ")
		case "slug":
			c.Slug = value
		case "case-kind":
			c.Kind = value
		case "ground":
			c.Ground = value
		case "reference":
			c.Reference = value
		case "count":
			c.Count, _ = strconv.Atoi(value)
		case "named":
			c.Named = value
		case "requester":
			c.Requester = value
		case "expires":
			c.Expires, _ = time.Parse(time.RFC3339, value)
		case "opens":
			c.Opens = append(c.Opens, map[string]seal.Kind{"identity": seal.Identity, "contact": seal.Contact}[value])
		case "notifier":
			c.Notifier, _ = strconv.Atoi(value)
		case "hold":
			c.Hold = true
		}
	}
	for i, k := range c.Opens {
		ok = ok && k != 0 && (i == 0 || c.Opens[i-1] < k)
	}
	if !ok || string(c.Text()) != string(text) {
		return Case{}, ErrCase
	}
	return c, nil
}

// Purpose is that of the case's opened record; empty if the kind is unknown.
func (c Case) Purpose() Purpose {
	return map[string]Purpose{"court": Court, "breach": Breach, "access": Person, "correction": Person, "erasure": Person}[c.Kind]
}

// Mark is what the opened record has as `case`: the first 16 bytes of SHA-256 of
// the text. So the log fixes whom a case opens, why and until when, and says
// none of it: the text holds 16 random bytes under Named, and the case's random
// id.
func (c Case) Mark() (mark [16]byte) {
	sum := sha256.Sum256(c.Text())
	copy(mark[:], sum[:])
	return mark
}

// Names returns [ErrCaseEntrants] unless the ids, ascending, are all that the
// case names.
func (c Case) Names(salt [16]byte, ids [][16]byte) error {
	if c.Count != len(ids) || c.Named != NamedHash(salt, ids) {
		return ErrCaseEntrants
	}
	return nil
}

// NamedHash says whom a case names to nobody who lacks the salt: SHA-256 of a
// first line, the salt and the ids, ascending, in hex; `none` of nobody.
func NamedHash(salt [16]byte, ids [][16]byte) string {
	if len(ids) == 0 {
		return "none"
	}
	h := sha256.New()
	h.Write([]byte("fairlot/v1 case\n"))
	h.Write(salt[:])
	for _, id := range ids {
		h.Write(id[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// HoldOutlasts is how many days what a case held is kept after somebody closed it: three persons wanted it, and one ends it, so others have time to hold anew.
const HoldOutlasts = 7

// HoldEnds is until when a case holds that expires at one time and was closed at another, which is zero while it is open: no close makes it hold for longer.
func HoldEnds(expires, closed time.Time) time.Time {
	if end := closed.Add(HoldOutlasts * 24 * time.Hour); !closed.IsZero() && end.Before(expires) {
		return end
	}
	return expires
}
