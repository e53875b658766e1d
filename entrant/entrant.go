// Package entrant makes the identity and contact texts of SPEC section 4 out of what a person types, or an officer reads from a card: the one place where typed
// values become the bytes that commitments are made from. Who types the same values, with whatever spaces, gets the same text.
//
// It knows which fields a form asks and what each must look like. It does not know the person: whether a text is the sealed one is for package seal and the leaf to say.
//
// First calls: [Canonical] for both texts, [CanonicalIdentity] for the one that the desk needs.
package entrant

import (
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"fairlot/crypto/tag"
	"fairlot/draw"
)

// Ask says whether the entry form asks a field.
type Ask int

// The settings of a field.
const (
	NotAsked Ask = iota
	Optional
	Required
)

// Form says which personal fields a campaign with draws asks besides name and ID number.
type Form struct{ Birth, Card, Guardian, Phone, Email, Address Ask }

// Field is one field that is wrong, by its path in the contract (identity.id_number, response_json.q3).
type Field struct {
	Path   string
	Reason string // a code: required, too-long, …
	Text   string // one sentence that says what to do, and never the value
}

// Identity is what a person states about who they are. An empty value is not stated.
type Identity struct {
	Name, IDType, IDNumber, Birth, Card, Guardian string // IDType is citizen or resident
}

// Contact says where a winner is told. An empty Lang means zh-Hant-TW.
type Contact struct {
	Lang, Phone, Email, Address string
}

// String hides the values, so that they are in no log.
func (Identity) String() string { return "[identity]" }

// GoString hides the values, so that they are in no log.
func (Identity) GoString() string { return "[identity]" }

// String hides the values, so that they are in no log.
func (Contact) String() string { return "[contact]" }

// GoString hides the values, so that they are in no log.
func (Contact) GoString() string { return "[contact]" }

// Texts are an identity and a contact in their canonical form: what the commitments and the tag are made from.
type Texts struct {
	Identity, Contact []byte // the texts of SPEC section 4
	IDType, IDNumber  string // canonical
}

// Wipe clears the texts; the strings they were made from are the caller's and the collector's.
func (p *Texts) Wipe() {
	clear(p.Identity)
	clear(p.Contact)
}

// canonical is the one place where typed values become texts: compatible spaces become U+0020, runs of them one, Normalization Form C.
// The same person typing the same values, with whatever spaces, gets the same commitment.
func canonical(s string) string {
	s = norm.NFC.String(s)
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\t' || unicode.Is(unicode.Zs, r) }), " ")
}

// lines collects `key value` lines and all that is wrong with them.
type lines struct {
	text   []byte
	fields []Field
}

func (l *lines) bad(path, reason, text string) {
	l.fields = append(l.fields, Field{path, reason, text})
}

// take adds a canonical value of at most limit bytes as key, if the form asks it.
func (l *lines) take(path, key, value string, ask Ask, limit int) string {
	if len(value) > 1024 { // nothing that long becomes a value: spare the work
		l.bad(path, "too-long", "this is too long: shorten it")
		return ""
	}
	value = canonical(value)
	switch {
	case value == "" && ask == Required:
		l.bad(path, "required", "fill this in: it is required")
	case value == "":
	case ask == NotAsked:
		l.bad(path, "not-asked", "leave this empty: this campaign does not ask it")
	case len(value) > limit:
		l.bad(path, "too-long", "this is too long: shorten it")
	case strings.Contains(value, "\n") || draw.CheckText([]byte(value+"\n")) != nil: // a line in a value would be a line of the text
		l.bad(path, "character", "this holds a character that cannot be printed: type it again")
	default:
		l.text = append(l.text, key+" "+value+"\n"...)
		return value
	}
	return ""
}

// Canonical makes both texts, or says everything that is wrong with them. now bounds dates of birth.
func Canonical(form Form, id *Identity, to *Contact, now time.Time) (Texts, []Field) {
	var p Texts
	var fields []Field
	if id == nil {
		fields = append(fields, Field{"identity", "required", "say who you are: this campaign has a draw"})
	} else {
		p, fields = CanonicalIdentity(form, *id, now)
	}
	if to == nil {
		return p, append(fields, Field{"contact", "required", "say where we can reach you if you win"})
	}
	l := lines{}
	lang := to.Lang
	if lang == "" {
		lang = "zh-Hant-TW"
	}
	if lang != "zh-Hant-TW" && lang != "en" {
		l.bad("contact.lang", "unknown", "choose zh-Hant-TW or en")
	} else {
		l.take("contact.lang", "lang", lang, Required, draw.MaxText)
	}
	phone := l.take("contact.phone", "phone", norm.NFKC.String(to.Phone), form.Phone, 40)
	if phone != "" && !isPhone(phone) {
		l.bad("contact.phone", "form", "a telephone number has 6 to 20 digits, and only + - ( ) # and spaces besides")
	}
	email := l.take("contact.email", "email", to.Email, form.Email, draw.MaxText)
	if email != "" && !isEmail(email) {
		l.bad("contact.email", "form", "an e-mail address looks like name@example.org")
	}
	l.take("contact.address", "address", to.Address, form.Address, draw.MaxText)
	p.Contact = l.text
	return p, append(fields, l.fields...)
}

// CanonicalIdentity makes the identity text alone, as the desk needs it.
func CanonicalIdentity(form Form, id Identity, now time.Time) (Texts, []Field) {
	var p Texts
	l := lines{}
	l.take("identity.name", "name", id.Name, Required, draw.MaxText)
	switch id.IDType {
	case tag.Citizen, tag.Resident:
		n, err := tag.Canonical(id.IDType, id.IDNumber)
		switch {
		case err == nil:
			p.IDType, p.IDNumber = id.IDType, n
			l.take("identity.id_type", "id-type", id.IDType, Required, draw.MaxText)
			l.take("identity.id_number", "id-number", n, Required, draw.MaxText)
		case errors.Is(err, tag.ErrCheckDigit):
			l.bad("identity.id_number", "check-digit", "this ID number has a slip: compare it with the card, digit by digit")
		default:
			l.bad("identity.id_number", "form", "this is not an ID number of the kind chosen: a letter and nine digits, or two letters and eight digits")
		}
	default:
		l.bad("identity.id_type", "unknown", "choose citizen or resident")
	}
	birth := l.take("identity.birth", "birth", norm.NFKC.String(id.Birth), form.Birth, 10)
	if birth != "" && !isBirth(birth, now) {
		l.bad("identity.birth", "date", "give the date of birth as YYYY-MM-DD")
	}
	l.take("identity.card", "card", id.Card, form.Card, 64)
	l.take("identity.guardian", "guardian", id.Guardian, form.Guardian, draw.MaxText)
	p.Identity = l.text
	return p, l.fields
}

func isBirth(s string, now time.Time) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Year() >= 1900 && t.Before(now)
}

func isPhone(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case !strings.ContainsRune("+-()# ", r):
			return false
		}
	}
	return digits >= 6 && digits <= 20
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	_, host, _ := strings.Cut(s, "@")
	return err == nil && a.Name == "" && a.Address == s && strings.Contains(host, ".")
}
