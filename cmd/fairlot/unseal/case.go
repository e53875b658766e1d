package unseal

import (
	"errors"
	"fmt"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/release"
	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
)

// ErrOtherNotifier says that a case is for another notifier's eyes.
var ErrOtherNotifier = errors.New("the case is to be read by another notifier")

// CasePerson is what was opened of one entrant for a case. It is personal data.
type CasePerson struct {
	ID       draw.EntrantID
	Identity *draw.Identity // nil: not opened, or there is none
	Contact  *draw.Contact
	CI, CC   draw.Commitment // as an envelope gave them; zero if none was opened
}

// String hides the person.
func (p CasePerson) String() string { return fmt.Sprintf("entry %s [IDENTITY] [CONTACT]", p.ID) }

// GoString hides the person.
func (p CasePerson) GoString() string { return p.String() }

// OpenCase joins k shares or more of each envelope of a case and opens them, checked against the entry list, or before it is public against the person that the request
// states (listed is false then). files are what custodians handed over. It returns all or an error, which wraps ErrShares, ErrOtherNotifier or is one of
// custodian.HoldCase or custody.
func OpenCase(c *bundle.Checked, key *custody.Key, req *release.Case, files [][]byte) (persons []CasePerson, listed bool, err error) {
	number, err := custodian.Notifier(c.Outcome.Open, key.Recipient())
	if err != nil {
		return nil, false, err
	}
	held, err := custodian.HoldCase(c, req)
	if err != nil {
		return nil, false, err
	}
	if number != req.Text.Notifier {
		return nil, false, fmt.Errorf("%w: this key is notifier %d, the case names notifier %d", ErrOtherNotifier, number, req.Text.Notifier)
	}
	if !req.Sealed {
		return nil, false, fmt.Errorf("%w: this is the custodians' file, which holds no envelope", ErrShares)
	}
	shares := map[seal.Kind]map[[16]byte][]custody.Share{}
	from := map[seal.Kind]map[int]bool{}
	for _, r := range held.Releases {
		shares[r.Kind], from[r.Kind] = map[[16]byte][]custody.Share{}, map[int]bool{}
	}
	for i, file := range files {
		got, err := readCaseFile(key, file, held.Releases)
		if err != nil {
			return nil, false, fmt.Errorf("share file %d: %w", i+1, err)
		}
		kind, n := got[0].Head.Kind, got[0].Custodian
		if from[kind][n] {
			return nil, false, fmt.Errorf("share file %d: custodian %d gave two files of kind %s", i+1, n, kind)
		}
		from[kind][n] = true
		for _, s := range got {
			shares[kind][s.Head.ID] = append(shares[kind][s.Head.ID], s)
		}
	}
	for _, e := range req.Entrants {
		p := CasePerson{ID: e.ID}
		for _, r := range held.Releases {
			envelope := e.Envelopes[r.Kind]
			if len(envelope) == 0 {
				continue
			}
			if n := len(from[r.Kind]); n < r.Threshold {
				return nil, false, fmt.Errorf("%w: shares of kind %s of %d custodians are needed, there are %d", ErrShares, r.Kind, r.Threshold, n)
			}
			text, openings, err := custody.OpenEntrant(envelope, shares[r.Kind][e.ID], r.Head(e.ID), e.Person)
			p.CI, p.CC = openings.CI, openings.CC
			if err == nil && r.Kind == seal.Identity {
				var x draw.Identity
				x, err = draw.ParseIdentity(text)
				p.Identity = &x
			} else if err == nil {
				var x draw.Contact
				x, err = draw.ParseContact(text)
				p.Contact = &x
			}
			if err != nil {
				if errors.Is(err, draw.ErrEntrantText) {
					err = draw.ErrEntrantText // nothing of what stood there
				}
				return nil, false, fmt.Errorf("entry %s: its envelope of kind %s: %w: %w", e.ID, r.Kind, ErrShares, err)
			}
		}
		persons = append(persons, p)
	}
	return persons, held.Listed, nil
}

// readCaseFile reads a file of one of a case's kinds.
func readCaseFile(key *custody.Key, file []byte, releases []custody.Release) (got []custody.Share, err error) {
	for _, r := range releases {
		var other *seal.MismatchError
		if got, err = custody.ReadReleased(key, file, r); err == nil || !errors.As(err, &other) || other.Field != "kind" {
			return got, err
		}
	}
	return nil, err
}
