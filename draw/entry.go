package draw

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Secret is s: 32 random bytes that the entrant's browser draws and keeps.
type Secret [32]byte

// R is what an entrant sends at entry instead of the secret; it is stored nowhere.
type R [32]byte

// Key is ki or kc, the key of one commitment.
type Key [32]byte

// labelled is SHA-256("fairlot/v1 " ‖ label ‖ LF ‖ parts).
func labelled(label string, parts ...[]byte) [32]byte {
	var space [128]byte // enough for every use, so that nothing is allocated
	b := append(space[:0], "fairlot/v1 "...)
	b = append(append(b, label...), '\n')
	for _, p := range parts {
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}

// R is SHA-256("fairlot/v1 r\n" ‖ s).
func (s Secret) R() R { return labelled("r", s[:]) }

// EntrantID is SHA-256("fairlot/v1 id\n" ‖ open ‖ r)[:16], open being the hash of the campaign's open record.
func (r R) EntrantID(open Hash) EntrantID {
	sum := labelled("id", open[:], r[:])
	return EntrantID(sum[:16])
}

// IdentityKey is ki = SHA-256("fairlot/v1 identity\n" ‖ r).
func (r R) IdentityKey() Key { return labelled("identity", r[:]) }

// ContactKey is kc = SHA-256("fairlot/v1 contact\n" ‖ r).
func (r R) ContactKey() Key { return labelled("contact", r[:]) }

// Commit is SHA-256(k ‖ SHA-256(text)): ci of an identity text under ki, cc of a contact text under kc.
func (k Key) Commit(text []byte) Commitment {
	sum := sha256.Sum256(text)
	return sha256.Sum256(append(k[:], sum[:]...))
}

// PersonOf is SHA-256("fairlot/v1 person\n" ‖ ci ‖ cc).
func PersonOf(ci, cc Commitment) Person { return labelled("person", ci[:], cc[:]) }

// ErrEntrantText says that bytes are not an identity or contact text in its one encoding. Errors that wrap it name keys,
// never values.
var ErrEntrantText = errors.New("not an entrant's text")

// Identity is who an entrant is. Each field is one line of the identity text, left out if empty; each is at most 200
// bytes; Birth is a real day YYYY-MM-DD of the years 1800 to 9999.
type Identity struct {
	Name, IDType, IDNumber, Birth, Card, Guardian string
}

// Contact is how to reach an entrant. Each field is one line of the contact text, left out if empty; each is at most 200
// bytes.
type Contact struct {
	Lang, Phone, Email, Address string
}

type pair struct {
	key   string
	value *string
}

func (i *Identity) pairs() []pair {
	return []pair{{"name", &i.Name}, {"id-type", &i.IDType}, {"id-number", &i.IDNumber}, {"birth", &i.Birth},
		{"card", &i.Card}, {"guardian", &i.Guardian}}
}

func (c *Contact) pairs() []pair {
	return []pair{{"lang", &c.Lang}, {"phone", &c.Phone}, {"email", &c.Email}, {"address", &c.Address}}
}

func marshalPairs(pairs []pair) ([]byte, error) {
	w := &writer{b: []byte{}}
	for _, p := range pairs {
		if *p.value != "" {
			w.text(p.key, *p.value)
			w.must(p.key, p.key != "birth" || isBirth(*p.value))
		}
	}
	if w.err == nil {
		w.err = CheckText(w.b)
	}
	if w.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntrantText, w.err)
	}
	return w.b, nil
}

func parsePairs(b []byte, pairs []pair) error {
	r := newReader(b)
	for _, p := range pairs {
		if r.has(p.key) {
			*p.value = r.value(p.key)
		}
	}
	if len(r.lines) > 0 {
		return fmt.Errorf("%w: a line has an unknown key or a wrong place", ErrEntrantText)
	}
	again, err := marshalPairs(pairs)
	if err != nil {
		return err
	}
	if string(again) != string(b) {
		return fmt.Errorf("%w: not in its one encoding", ErrEntrantText)
	}
	return nil
}

// Marshal prints the identity text; it may be zero bytes long.
func (i Identity) Marshal() ([]byte, error) { return marshalPairs(i.pairs()) }

// Marshal prints the contact text; it may be zero bytes long.
func (c Contact) Marshal() ([]byte, error) { return marshalPairs(c.pairs()) }

// ParseIdentity reads an identity text in its one encoding.
func ParseIdentity(b []byte) (i Identity, err error) {
	if err = parsePairs(b, i.pairs()); err != nil {
		return Identity{}, err
	}
	return i, nil
}

// ParseContact reads a contact text in its one encoding.
func ParseContact(b []byte) (c Contact, err error) {
	if err = parsePairs(b, c.pairs()); err != nil {
		return Contact{}, err
	}
	return c, nil
}

// LeafSize is the length of a leaf in bytes.
const LeafSize = 52

// Leaf is one entrant in the entry list, 52 bytes: id[16] ‖ u16 stratum ‖ u16 chances ‖ person[32], big-endian. Chances 0
// is listed, never ranked.
type Leaf struct {
	ID      EntrantID
	Stratum uint16
	Chances uint16
	Person  Person
}

// Bytes are the leaf's 52 bytes.
func (l Leaf) Bytes() [LeafSize]byte {
	var b [LeafSize]byte
	copy(b[:], l.ID[:])
	binary.BigEndian.PutUint16(b[16:], l.Stratum)
	binary.BigEndian.PutUint16(b[18:], l.Chances)
	copy(b[20:], l.Person[:])
	return b
}

// LeafOf reads a leaf's 52 bytes; every such string is a leaf.
func LeafOf(b [LeafSize]byte) Leaf {
	return Leaf{
		ID:      EntrantID(b[:16]),
		Stratum: binary.BigEndian.Uint16(b[16:]),
		Chances: binary.BigEndian.Uint16(b[18:]),
		Person:  Person(b[20:]),
	}
}
