package custodian

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/release"
	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/verify"
)

// Reasons to hand over nothing.
var (
	// ErrUnproven says that the draw is computed correctly, but not confirmed from outside in time on the public beacon.
	ErrUnproven = errors.New("the draw is not proven")
	// ErrNotCosigned says that the bundle does not hold the custodian's own cosignature over the close of the draw.
	ErrNotCosigned = errors.New("your own cosignature of the entry list is not in the bundle")
	// ErrNotDrawn says that the draw has no result.
	ErrNotDrawn = errors.New("the draw has no result")
	// ErrOpened says that the log does not announce this release, or announces another.
	ErrOpened = errors.New("the log does not announce this release")
	// ErrNoWinner says that a requested entrant does not hold a seat.
	ErrNoWinner = errors.New("not a holder of a seat")
	// ErrUntaxed says that a requested entrant holds a prize that is not reported for tax.
	ErrUntaxed = errors.New("the prize is not reported for tax by the rules")
	// ErrNoSample says that a requested entrant is not in the audit sample, or that there is none to open.
	ErrNoSample = errors.New("not in the audit sample")
	// ErrReader says that a key is not one of those that a release is sealed to.
	ErrReader = errors.New("this key reads other releases")
	// ErrRequest says that the request contradicts itself.
	ErrRequest = errors.New("the request is not sound")
)

// Plan is a release that was checked in full: what will be handed over, for the custodian to read before saying yes.
type Plan struct {
	Release  custody.Release
	Released Released    // to be stored before the shares leave
	Number   int         // the custodian's own
	Seats    []draw.Line // who is handed over
	Skipped  []Skipped   // who is not, because they were replaced or erased since
	Sample   int         // size of the audit sample, if that is what is opened
	Readers  []int       // numbers of the notifiers whom the shares are sealed to
	Shares   []custody.Share
	Proven   bool
	Index    int64     // of the opened record in the log, from 0
	Earlier  []Earlier // what the log announces of the campaign before it
}

// Earlier is an opened record of the campaign before the one that shares are asked for.
type Earlier struct {
	bundle.Announced
	Given bool // this key gave shares for it
}

// Skipped is a requested entrant who held a seat once and does not any more, or of whom nothing is kept.
type Skipped struct {
	Line draw.Line
	Why  string
}

// Proven says whether one draw is confirmed from outside in time and rests on the pinned beacon.
func Proven(d *verify.Draw) bool { return d.State == verify.StateDrawn && d.InTime && d.Quicknet }

// Held is a release that was checked against a bundle.
type Held struct {
	Release custody.Release
	Index   int64                     // of its opened record in the log
	Lines   []draw.Line               // in the request's order, also of those who were replaced since
	Vacated map[draw.EntrantID]string // who was replaced since, or in the audit sample erased, and why
	Readers []int                     // numbers of the notifiers whom the shares are for
}

// Holders checks a release of a request against a checked bundle, and returns what is released and who holds which seat. It is
// what custodians and notifiers both ask. The i-th release of a draw for a purpose goes with its i-th opened record for it in the log: two such
// records can be the same byte by byte. A release for a claim is of one seat, one for tax of prizes above the sum of the rules, one for audit of the sample that the
// bundle gives. Errors wrap ErrNotDrawn, ErrOpened, ErrNoWinner, ErrUntaxed, ErrNoSample, ErrRequest or bundle errors.
func Holders(c *bundle.Checked, req *release.Request, rel *release.Release) (*Held, error) {
	o := c.Outcome
	fail := func(err error) (*Held, error) { return nil, err }
	if req.Campaign != o.Open.Campaign {
		return fail(fmt.Errorf("%w: it is for campaign %s, the bundle is of %s", ErrRequest, req.Campaign, o.Open.Campaign))
	}
	d, ok := c.Draw(req.Draw)
	if !ok || d.State != verify.StateDrawn {
		return fail(fmt.Errorf("draw %d: %w: there are no winners", req.Draw, ErrNotDrawn))
	}
	announced, err := c.Opened(req.Draw, string(req.Purpose))
	if err != nil {
		return fail(err)
	}
	if rel.Ordinal < 1 || rel.Ordinal > len(announced) {
		return fail(fmt.Errorf("%w: release %d of draw %d, but %d opened records of it are in the bundle; get the newest bundle", ErrOpened, rel.Ordinal, req.Draw, len(announced)))
	}
	at := announced[rel.Ordinal-1]
	switch opened := at.Record; {
	case at.Hash != rel.Opened:
		return fail(fmt.Errorf("%w: opened record %d of draw %d is %s, the request says %s", ErrOpened, rel.Ordinal, req.Draw, at.Hash, rel.Opened))
	case opened.Count != int64(len(rel.Entrants)):
		return fail(fmt.Errorf("%w: it announces %d, the request names %d", ErrOpened, opened.Count, len(rel.Entrants)))
	case !Proven(d) && !opened.Unproven:
		return fail(fmt.Errorf("%w: it says that the draw is proven, which it is not", ErrOpened))
	}
	if req.Purpose == custody.Claim && len(rel.Entrants) != 1 {
		return fail(fmt.Errorf("%w: a claim opens one person, it names %d", ErrRequest, len(rel.Entrants)))
	}
	kind := seal.Identity
	if req.Purpose == custody.Notice {
		kind = seal.Contact
	}
	held := &Held{Release: custody.Release{Open: o.OpenHash, Campaign: o.Open.Campaign, Draw: req.Draw, Purpose: req.Purpose, Kind: kind,
		Opened: rel.Opened, Threshold: o.Open.Threshold, Total: len(o.Open.Custodians)}, Index: at.Index, Readers: Readers(c, req.Purpose)}
	if req.Purpose == custody.Audit {
		return held, held.sample(c, d, rel)
	}
	holds := map[draw.EntrantID]draw.Line{}
	for _, l := range d.Winners {
		holds[l.ID] = l
	}
	ranked := map[draw.EntrantID]draw.Line{}
	for _, l := range d.Ranking {
		ranked[l.ID] = l
	}
	var lines []draw.Line
	vacated := map[draw.EntrantID]string{}
	seen := map[draw.EntrantID]bool{}
	for _, e := range rel.Entrants {
		if seen[e.ID] {
			return fail(fmt.Errorf("%w: entry %s stands twice", ErrRequest, e.ID))
		}
		seen[e.ID] = true
		l, ok := ranked[e.ID]
		if !ok {
			return fail(fmt.Errorf("entry %s is %w: it is neither winner nor alternate of draw %d", e.ID, ErrNoWinner, req.Draw))
		}
		if l.Stratum != e.Stratum || l.Rank != e.Rank {
			return fail(fmt.Errorf("%w: entry %s is rank %d of stratum %d, not rank %d of stratum %d", ErrRequest, e.ID, l.Rank, l.Stratum, e.Rank, e.Stratum))
		}
		if held, ok := holds[e.ID]; ok {
			if req.Purpose == custody.Tax && !c.Titles.Taxed(c.Prize(req.Draw, held)) {
				return fail(fmt.Errorf("entry %s (stratum %d, rank %d): %w: it is worth NT$ %d, and prizes of more than NT$ %d are", e.ID, l.Stratum, l.Rank, ErrUntaxed,
					c.Titles.Value[c.Prize(req.Draw, held)], c.Titles.TaxAbove))
			}
			lines = append(lines, held)
			continue
		}
		lines = append(lines, l)
		for _, r := range d.Replaced {
			if r.Stratum == l.Stratum && r.Vacated == l.Rank {
				vacated[e.ID] = "replaced (" + r.Reason + ")"
			}
		}
		if vacated[e.ID] == "" {
			return fail(fmt.Errorf("entry %s (stratum %d, rank %d) is %w: an alternate who was not called", e.ID, l.Stratum, l.Rank, ErrNoWinner))
		}
	}
	held.Lines, held.Vacated = lines, vacated
	return held, nil
}

// Share checks a release in full and opens the custodian's own lock of each entrant in it who holds a seat. Nothing has left when it returns:
// Plan.Seal makes the file to hand over, once Plan.Released is stored. Without acceptUnproven the draw must be proven and cosigned by this key.
// Errors wrap those of Number, Extended, Holders and Released.With, or ErrUnproven, ErrNotCosigned, or are custody's.
func (k *Key) Share(c *bundle.Checked, pin Pin, released Released, req *release.Request, rel *release.Release, acceptUnproven bool) (*Plan, error) {
	if err := pin.Extended(c); err != nil {
		return nil, err
	}
	number, err := k.Number(c.Outcome.Open)
	if err != nil {
		return nil, err
	}
	held, err := Holders(c, req, rel)
	if err != nil {
		return nil, err
	}
	var ids []draw.EntrantID
	for _, e := range rel.Entrants {
		ids = append(ids, e.ID)
	}
	if released, err = released.With(held.Index, held.Release.Opened, ids); err != nil {
		return nil, err
	}
	d, _ := c.Draw(req.Draw)
	if !acceptUnproven {
		if !Proven(d) {
			return nil, fmt.Errorf("draw %d: %w; if you all agree to open its winners regardless, repeat with --accept-unproven", req.Draw, ErrUnproven)
		}
		closed, _ := c.CloseIndex(req.Draw)
		own, _, err := k.own(c, closed)
		if err != nil {
			return nil, err
		}
		if own == nil {
			return nil, fmt.Errorf("draw %d: %w; if you know why, repeat with --accept-unproven", req.Draw, ErrNotCosigned)
		}
	}
	r := held.Release
	plan := &Plan{Release: r, Released: released, Number: number, Proven: Proven(d), Index: held.Index, Readers: held.Readers}
	if req.Purpose == custody.Audit {
		plan.Sample = len(d.Audit)
	}
	all, err := c.AllOpened()
	if err != nil {
		return nil, err
	}
	for _, x := range all {
		if x.Index < held.Index {
			plan.Earlier = append(plan.Earlier, Earlier{x, released.has(x.Index)})
		}
	}
	for i, e := range rel.Entrants {
		if why, ok := held.Vacated[e.ID]; ok {
			plan.Skipped = append(plan.Skipped, Skipped{held.Lines[i], why})
			continue
		}
		plan.Seats = append(plan.Seats, held.Lines[i])
		if len(e.Envelope) == 0 && len(e.Locks) == 0 {
			return nil, fmt.Errorf("%w: entry %s comes without lock", ErrRequest, e.ID)
		}
		if len(e.Locks) != r.Total {
			return nil, fmt.Errorf("%w: entry %s has %d lock files, want %d", ErrRequest, e.ID, len(e.Locks), r.Total)
		}
		share, err := custody.OpenLock(k.Age, e.Locks[number-1], custody.Want{Head: r.Head(e.ID), Custodian: number})
		if err != nil {
			return nil, fmt.Errorf("lock of entry %s: %w", e.ID, err)
		}
		plan.Shares = append(plan.Shares, share)
	}
	if len(plan.Shares) == 0 {
		if len(plan.Skipped) > 0 {
			s := plan.Skipped[0]
			if req.Purpose == custody.Audit {
				return nil, fmt.Errorf("%w: nothing is kept of any of the %d whom it names", ErrRequest, len(plan.Skipped))
			}
			return nil, fmt.Errorf("entry %s (stratum %d, rank %d) is %w: %s", s.Line.ID, s.Line.Stratum, s.Line.Rank, ErrNoWinner, s.Why)
		}
		return nil, fmt.Errorf("%w: it names nobody", ErrRequest)
	}
	slices.SortFunc(plan.Shares, func(a, b custody.Share) int { return bytes.Compare(a.Head.ID[:], b.Head.ID[:]) })
	return plan, nil
}

// Seal makes the file of released shares, which only its readers can read.
func (p *Plan) Seal(open *draw.Open) ([]byte, error) {
	var readers []string
	for _, n := range p.Readers {
		readers = append(readers, open.Notifiers[n-1])
	}
	to, err := custody.ParseRecipients(readers...)
	if err != nil {
		return nil, err
	}
	return custody.SealReleased(p.Release, p.Number, p.Shares, to)
}
