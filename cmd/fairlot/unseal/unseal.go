// Package unseal is how the notifier opens what custodians have agreed to: it joins their shares and opens the envelopes of one release, each checked against the
// entry list. What it returns is personal, lives in memory only, and is never in an error.
//
// First call: Open.
package unseal

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
var ErrShares = errors.New("the shares do not open the envelope")

// Person is one entrant of a release, and the text that was sealed.
type Person struct {
	Line    draw.Line // stratum, rank, id; Seat is the tier held
	Text    []byte    // identity or contact text, as the purpose says; empty if no envelope was handed over
	Vacated string    // why the seat is no longer held; empty: it is. Then Text is empty.
}

// String hides the text.
func (p Person) String() string {
	return fmt.Sprintf("stratum %d rank %d [SEALED]", p.Line.Stratum, p.Line.Rank)
}

// GoString hides the text.
func (p Person) GoString() string { return p.String() }

// Open joins k shares or more of each entrant of a release and opens their envelopes, checked against the entry list. files are what custodians handed
// over. It returns all, in the request's order, or an error, which wraps ErrShares or is one of custodian.Holders or custody.
func Open(c *bundle.Checked, key *custody.Key, req *release.Request, rel *release.Release, files [][]byte) ([]Person, error) {
	held, shares, err := joined(c, key, req, rel, files)
	if err != nil {
		return nil, err
	}
	var all []Person
	for i, e := range rel.Entrants {
		p := Person{Line: held.Lines[i], Vacated: held.Vacated[e.ID]}
		if p.Vacated == "" {
			if p.Text, err = text(c, req.Draw, e, held.Release, shares[e.ID]); err != nil {
				return nil, err
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// joined reads what custodians handed over for a release, by entrant.
func joined(c *bundle.Checked, key *custody.Key, req *release.Request, rel *release.Release, files [][]byte) (*custodian.Held, map[[16]byte][]custody.Share, error) {
	held, err := custodian.Holders(c, req, rel)
	if err == nil {
		err = held.Reads(c.Outcome.Open, key.Recipient())
	}
	if err != nil {
		return nil, nil, err
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
			return nil, nil, fmt.Errorf("share file %d: %w", i+1, err)
		}
		if n := got[0].Custodian; from[n] {
			return nil, nil, fmt.Errorf("share file %d: custodian %d gave two files", i+1, n)
		}
		from[got[0].Custodian] = true
		for _, s := range got {
			if !named[s.Head.ID] { // equal opened records have equal hashes
				return nil, nil, fmt.Errorf("share file %d: %w: it is of another release than the %d. of the request", i+1, ErrShares, rel.Ordinal)
			}
			shares[s.Head.ID] = append(shares[s.Head.ID], s)
		}
	}
	if len(from) < r.Threshold {
		return nil, nil, fmt.Errorf("%w: shares of %d custodians are needed, there are %d", ErrShares, r.Threshold, len(from))
	}
	return held, shares, nil
}

func text(c *bundle.Checked, n int, e release.Entrant, r custody.Release, shares []custody.Share) ([]byte, error) {
	if len(e.Envelope) == 0 {
		return nil, nil
	}
	leaf, ok, err := c.Leaf(n, e.ID)
	if err != nil || !ok {
		return nil, fmt.Errorf("entry %s: not in the entry list (%v)", e.ID, err)
	}
	text, _, err := custody.OpenEntrant(e.Envelope, shares, r.Head(e.ID), leaf.Person)
	if err != nil {
		if len(shares) == r.Threshold {
			err = fmt.Errorf("%w: one of these share files is wrong, or the envelope is; with the file of one custodian more this command says whose", err)
		}
		return nil, fmt.Errorf("entry %s: %w: %w", e.ID, ErrShares, err)
	}
	return text, nil
}
