// Package notify is the notifier's part: join the custodians' shares, open the contacts of winners, and send each one notice
// by mail, once.
//
// Contacts live in this process's memory only. They are not written, logged, or put into an error; a mail server's answers
// are reduced to their codes, since their texts often repeat the address.
//
// Invariants: a state is reported to the daemon before the step that it describes, so that a crash anywhere leaves a truth or
// SENDING, which a run that finds it Abandoned turns into UNKNOWN; what may have been sent is never sent again by itself, and two
// runs at once send no notice twice.
//
// First calls: Open, then Run.
package notify

import (
	"errors"
	"fmt"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/release"
	"fairlot/crypto/custody"
	"fairlot/draw"
)

// ErrShares says that released shares do not open an envelope.
var ErrShares = errors.New("the shares do not open the contact")

// Winner is one person to be told, with the contact that the custodians opened. It is personal data.
type Winner struct {
	Line    draw.Line // stratum, rank, id; Seat is the tier held
	Contact draw.Contact
	Vacated string // why the seat is no longer held; empty: it is. Then Contact is empty.
}

// String hides the contact.
func (w Winner) String() string {
	return fmt.Sprintf("stratum %d rank %d [CONTACT]", w.Line.Stratum, w.Line.Rank)
}

// GoString hides the contact.
func (w Winner) GoString() string { return w.String() }

// Open joins k shares or more of each entrant of a release and opens their contacts, checked against the entry list. files are
// what custodians handed over. It returns all or an error, which wraps ErrShares or is one of custodian.Holders or custody.
func Open(c *bundle.Checked, key *custody.Key, req *release.Request, rel *release.Release, files [][]byte) ([]Winner, error) {
	if _, err := custodian.Notifier(c.Outcome.Open, key.Recipient()); err != nil {
		return nil, err
	}
	held, err := custodian.Holders(c, req, rel)
	if err != nil {
		return nil, err
	}
	r, named := held.Release, map[[16]byte]bool{}
	for _, e := range rel.Entrants {
		named[e.ID] = true
	}
	shares := map[[16]byte][]custody.Share{}
	from := map[int]bool{}
	for i, file := range files {
		got, err := custody.ReadReleased(key, file, r)
		if err != nil {
			return nil, fmt.Errorf("share file %d: %w", i+1, err)
		}
		if n := got[0].Custodian; from[n] {
			return nil, fmt.Errorf("share file %d: custodian %d gave two files", i+1, n)
		}
		from[got[0].Custodian] = true
		for _, s := range got {
			if !named[s.Head.ID] { // equal opened records have equal hashes
				return nil, fmt.Errorf("share file %d: %w: it is of another release than the %d. of the request", i+1, ErrShares, rel.Ordinal)
			}
			shares[s.Head.ID] = append(shares[s.Head.ID], s)
		}
	}
	if len(from) < r.Threshold {
		return nil, fmt.Errorf("%w: shares of %d custodians are needed, there are %d", ErrShares, r.Threshold, len(from))
	}
	var winners []Winner
	for i, e := range rel.Entrants {
		w := Winner{Line: held.Lines[i], Vacated: held.Vacated[e.ID]}
		if w.Vacated == "" {
			if w.Contact, err = contact(c, req.Draw, e, r, shares[e.ID]); err != nil {
				return nil, err
			}
		}
		winners = append(winners, w)
	}
	return winners, nil
}

func contact(c *bundle.Checked, n int, e release.Entrant, r custody.Release, shares []custody.Share) (draw.Contact, error) {
	if len(e.Contact) == 0 {
		return draw.Contact{}, nil
	}
	leaf, ok, err := c.Leaf(n, e.ID)
	if err != nil || !ok {
		return draw.Contact{}, fmt.Errorf("entry %s: not in the entry list (%v)", e.ID, err)
	}
	text, _, err := custody.OpenEntrant(e.Contact, shares, r.Head(e.ID), leaf.Person)
	if err != nil {
		if len(shares) == r.Threshold {
			err = fmt.Errorf("%w: one of these share files is wrong, or the envelope is; with the file of one custodian more this command says whose", err)
		}
		return draw.Contact{}, fmt.Errorf("entry %s: %w: %w", e.ID, ErrShares, err)
	}
	contact, err := draw.ParseContact(text)
	if err != nil {
		return draw.Contact{}, fmt.Errorf("entry %s: its contact is %w", e.ID, draw.ErrEntrantText)
	}
	return contact, nil
}
