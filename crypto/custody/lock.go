package custody

import (
	"errors"
	"fmt"

	"fairlot/crypto/seal"
)

// ErrAbsent says that a lock holds no share of the kind asked for: the entrant
// has no such envelope.
var ErrAbsent = errors.New("open lock: no envelope of this kind")

const (
	lockMagic = "fairlot/v1 lock\n"
	lockSize  = 148
)

// Entrant is what [SealEntrant] seals for one entrant.
type Entrant struct {
	Open      [32]byte // SHA-256 of the open record
	Campaign  [16]byte
	ID        [16]byte
	Threshold int           // K of the open record
	To        Recipients    // its custodians, in order
	Identity  []byte        // identity text; empty: no identity envelope
	Contact   []byte        // contact text; empty: no contact envelope
	Openings  seal.Openings // of these texts, from seal.NewOpenings
}

// Sealed is what the server keeps of an entrant and cannot open.
type Sealed struct {
	Lock     [][]byte // for each custodian, in order, one age file
	Identity []byte   // envelope; nil if there is no identity text
	Contact  []byte   // envelope; nil if there is no contact text
}

// SealEntrant makes the envelopes of an entrant and the lock that opens them.
// At least one text is needed; each is at most seal.MaxText bytes. The openings
// are checked against the texts, so that what is sealed can be opened. Errors:
// [ErrCount], seal.ErrSize, seal.ErrText, seal.ErrPerson.
func SealEntrant(e Entrant) (Sealed, error) {
	n := e.To.Len()
	if n < 1 || n > MaxCustodians || e.Threshold < 1 || e.Threshold > n {
		return Sealed{}, fmt.Errorf("seal entrant: %w", ErrCount)
	}
	if len(e.Identity) == 0 && len(e.Contact) == 0 {
		return Sealed{}, fmt.Errorf("seal entrant: %w", seal.ErrSize)
	}
	if !e.Openings.Fit(e.Identity, e.Contact) {
		return Sealed{}, fmt.Errorf("seal entrant: %w", seal.ErrPerson)
	}
	head := seal.Head{Open: e.Open, Campaign: e.Campaign, ID: e.ID, Threshold: e.Threshold, Total: n}
	var out Sealed
	var shares [2][]Scalar
	for i, part := range []struct {
		kind seal.Kind
		text []byte
		file *[]byte
	}{{seal.Identity, e.Identity, &out.Identity}, {seal.Contact, e.Contact, &out.Contact}} {
		if len(part.text) == 0 {
			continue
		}
		head.Kind = part.kind
		file, key, err := seal.SealEnvelope(head, part.text, e.Openings, e.To.postQuantum)
		if err != nil {
			return Sealed{}, err
		}
		*part.file = file
		if shares[i], err = split(key, e.Threshold, n); err != nil {
			return Sealed{}, err
		}
	}
	for i, to := range e.To.list {
		b := lockPayload(head, i+1, shares)
		file, err := encrypt(b, to)
		if err != nil {
			return Sealed{}, fmt.Errorf("seal lock: %w", err)
		}
		out.Lock = append(out.Lock, file)
	}
	return out, nil
}

// lockPayload lays out one custodian's lock; shares[kind − 1] is nil if the
// entrant has no such envelope.
func lockPayload(h seal.Head, custodian int, shares [2][]Scalar) []byte {
	b := make([]byte, 0, lockSize)
	b = append(b, lockMagic...)
	b = append(b, h.Open[:]...)
	b = append(b, h.Campaign[:]...)
	b = append(b, h.ID[:]...)
	var holds byte
	var values [64]byte
	for i, s := range shares {
		if s != nil {
			holds |= 1 << i
			copy(values[32*i:], s[custodian-1][:])
		}
	}
	b = append(b, byte(custodian), byte(h.Threshold), byte(h.Total), holds)
	return append(b, values[:]...)
}

// Want is the one lock file that a custodian means to open, from the bundle
// that the custodian checked.
type Want struct {
	Head      seal.Head // campaign, id, kind and threshold
	Custodian int       // the custodian's own number, 1 to N
}

// OpenLock opens a custodian's own lock file of one entrant and returns the
// share of want.Head.Kind, if the lock is what want says. Errors: [ErrWrongKey]
// (another custodian's file), seal.ErrSize, seal.ErrDamaged (cut, spliced),
// [*seal.MismatchError] (relabelled, another campaign's, another custodian's
// number), [ErrAbsent], [ErrShare].
func OpenLock(key *Key, file []byte, want Want) (Share, error) {
	if len(file) > MaxLock {
		return Share{}, fmt.Errorf("open lock: %w", seal.ErrSize)
	}
	b, err := decrypt(file, key)
	if err != nil {
		return Share{}, fmt.Errorf("open lock: %w", err)
	}
	return parseLock(b, want)
}

func parseLock(b []byte, want Want) (Share, error) {
	if want.Head.Kind != seal.Identity && want.Head.Kind != seal.Contact {
		return Share{}, &seal.MismatchError{What: "lock", Field: "kind"}
	}
	bad := fmt.Errorf("open lock: %w", seal.ErrDamaged)
	if len(b) != lockSize || string(b[:16]) != lockMagic {
		return Share{}, bad
	}
	got := seal.Head{
		Open: [32]byte(b[16:48]), Campaign: [16]byte(b[48:64]), ID: [16]byte(b[64:80]),
		Kind: want.Head.Kind, Threshold: int(b[81]), Total: int(b[82]),
	}
	if err := sameHead("lock", got, want.Head); err != nil {
		return Share{}, err
	}
	if int(b[80]) != want.Custodian || want.Custodian < 1 || want.Custodian > got.Total {
		return Share{}, &seal.MismatchError{What: "lock", Field: "custodian"}
	}
	holds := b[83]
	if holds == 0 || holds > 3 {
		return Share{}, bad
	}
	for i := range 2 {
		v := Scalar(b[84+32*i : 116+32*i])
		if holds>>i&1 == 0 && v != (Scalar{}) {
			return Share{}, bad
		}
		if !v.canonical() {
			return Share{}, fmt.Errorf("open lock: %w", ErrShare)
		}
	}
	at := int(want.Head.Kind) - 1
	if holds>>at&1 == 0 {
		return Share{}, ErrAbsent
	}
	return Share{Head: got, Custodian: want.Custodian, Value: Scalar(b[84+32*at : 116+32*at])}, nil
}

// OpenEntrant joins shares and opens the envelope that they are of, checking
// it against want (from the bundle) and the person in the entrant's leaf. It
// returns the text and the openings that the envelope gives. Errors: those of
// [Join] and of seal.OpenEnvelope; with more than K shares, some of them wrong,
// a [*WrongShareError].
func OpenEntrant(envelope []byte, shares []Share, want seal.Head, person [32]byte) ([]byte, seal.Openings, error) {
	for _, s := range shares {
		if err := sameHead("shares", s.Head, want); err != nil {
			return nil, seal.Openings{}, err
		}
	}
	key, err := Join(shares)
	if err != nil {
		if errors.Is(err, ErrShare) {
			if wrong := wrongShares(envelope, shares, want, person); wrong != nil {
				err = wrong
			}
		}
		return nil, seal.Openings{}, err
	}
	return seal.OpenEnvelope(envelope, key, want, person)
}
