// Package notify is the notifier's part: open the contacts of winners, and send each one notice by mail, once.
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
	"fmt"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/fairlot/unseal"
	"fairlot/crypto/custody"
	"fairlot/draw"
)

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

// Open opens the contacts of a release for the notice, with unseal.Open. It returns all or an error.
func Open(c *bundle.Checked, key *custody.Key, req *release.Request, rel *release.Release, files [][]byte) ([]Winner, error) {
	if req.Purpose != custody.Notice {
		return nil, fmt.Errorf("the request is for %s, and opens no contact: nobody is written to", req.Purpose)
	}
	opened, err := unseal.Open(c, key, req, rel, files)
	if err != nil {
		return nil, err
	}
	var winners []Winner
	for _, p := range opened {
		contact, err := draw.ParseContact(p.Text)
		if err != nil {
			return nil, fmt.Errorf("entry %s: its contact is %w", p.Line.ID, draw.ErrEntrantText)
		}
		winners = append(winners, Winner{Line: p.Line, Contact: contact, Vacated: p.Vacated})
	}
	return winners, nil
}
