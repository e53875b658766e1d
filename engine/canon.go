package engine

import (
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"fairlot/crypto/tag"
	"fairlot/draw"
	"fairlot/store"
)

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

// person is an identity and a contact in their canonical form: what the commitments and the tag are made from.
type person struct {
	identity, contact []byte // the texts of SPEC section 4
	idType, idNumber  string // canonical
}

// wipe clears the texts; the strings they were made from are the caller's and the collector's.
func (p *person) wipe() {
	clear(p.identity)
	clear(p.contact)
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

// canonicalPerson makes both texts, or says everything that is wrong with them. now bounds dates of birth.
func canonicalPerson(form Form, id *Identity, to *Contact, now time.Time) (person, []Field) {
	var p person
	var fields []Field
	if id == nil {
		fields = append(fields, Field{"identity", "required", "say who you are: this campaign has a draw"})
	} else {
		p, fields = canonicalIdentity(form, *id, now)
	}
	if to == nil {
		return p, append(fields, Field{"contact", "required", "say where we can reach you if you win"})
	}
	l := lines{}
	lang := to.Lang
	if lang == "" {
		lang = languages[0]
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
	p.contact = l.text
	return p, append(fields, l.fields...)
}

// canonicalIdentity makes the identity text alone, as the desk needs it.
func canonicalIdentity(form Form, id Identity, now time.Time) (person, []Field) {
	var p person
	l := lines{}
	l.take("identity.name", "name", id.Name, Required, draw.MaxText)
	switch id.IDType {
	case tag.Citizen, tag.Resident:
		n, err := tag.Canonical(id.IDType, id.IDNumber)
		switch {
		case err == nil:
			p.idType, p.idNumber = id.IDType, n
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
	p.identity = l.text
	return p, l.fields
}

// tag is the campaign's tag of the person.
func (p *person) tag(key [32]byte) store.Hash { return store.Hash(tag.Of(key, p.idType, p.idNumber)) }

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
