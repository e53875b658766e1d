package unseal

import (
	"errors"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/release"
	"fairlot/crypto/custody"
	"fairlot/draw"
)

// Sampled is one place of the audit sample. Identity is personal data.
type Sampled struct {
	Place    int // from 1
	ID       draw.EntrantID
	Identity *draw.Identity // as the entrant committed to it; nil: it was not opened
	Why      error          // why not
}

// String hides the person.
func (s Sampled) String() string { return s.ID.String() + " [IDENTITY]" }

// GoString hides the person.
func (s Sampled) GoString() string { return s.String() }

// Why a place of the sample was not opened.
var (
	ErrLeftOut    = errors.New("the institution left it out")
	ErrSaidErased = errors.New("nothing of it is kept any more, so the institution says")
)

// OpenSample joins k shares or more of each entrant of an audit sample, opens their identities and recomputes the persons of the entry list from them. It returns the whole
// sample that the bundle's seed gives, in its order, so that nobody is left out unseen: of whom there is no identity, it says why. If none of several opens, the share files
// are wrong rather than all envelopes, and it is an error. Errors are those of Open.
func OpenSample(c *bundle.Checked, key *custody.Key, req *release.Request, rel *release.Release, files [][]byte) ([]Sampled, error) {
	held, shares, err := joined(c, key, req, rel, files)
	if err != nil {
		return nil, err
	}
	d, _ := c.Draw(req.Draw)
	all := make([]Sampled, len(d.Audit))
	for i, id := range d.Audit {
		all[i] = Sampled{Place: i + 1, ID: id, Why: ErrLeftOut}
	}
	var failed error
	opened := 0
	for _, e := range rel.Entrants {
		s := &all[e.Rank-1]
		if held.Vacated[e.ID] != "" {
			s.Why = ErrSaidErased
			continue
		}
		if s.Identity, s.Why = identity(c, req.Draw, e, held.Release, shares[e.ID]); s.Why == nil {
			opened++
		} else if failed == nil {
			failed = s.Why
		}
	}
	if failed != nil && opened == 0 {
		return nil, failed
	}
	return all, nil
}

func identity(c *bundle.Checked, n int, e release.Entrant, r custody.Release, shares []custody.Share) (*draw.Identity, error) {
	b, err := text(c, n, e, r, shares)
	defer clear(b)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, errors.New("the request holds a lock of it and no envelope")
	}
	x, err := draw.ParseIdentity(b)
	if err != nil {
		return nil, draw.ErrEntrantText // nothing of what stood there
	}
	return &x, nil
}
