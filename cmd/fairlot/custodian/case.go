package custodian

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/release"
	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/label"
)

// Reasons to hand over nothing for a case.
var (
	// ErrCaseOver says that a case has expired.
	ErrCaseOver = errors.New("the case has expired")
	// ErrCaseApproval says that a case is not wanted by three persons.
	ErrCaseApproval = errors.New("the case is not wanted by three persons")
	// ErrCaseEntrant says that a case names somebody who is not in the entry list, or whose lock is of another leaf.
	ErrCaseEntrant = errors.New("not an entrant of this campaign")
)

// CasePlan is a release for a case that was checked in full: what will be handed over, for the custodian to read before saying yes.
type CasePlan struct {
	Released Released // to be stored before the shares leave
	Number   int      // the custodian's own
	Parts    []CasePart
	Listed   bool // the entry list is public, and all whom the case names stand in it
	Skipped  []CaseSkipped
	Index    int64     // of the opened record in the log, from 0
	Earlier  []Earlier // what the log announces of the campaign before it
}

// CasePart is one kind of envelopes.
type CasePart struct {
	Release custody.Release
	Shares  []custody.Share
}

// CaseSkipped is an envelope that the case opens and that is not there.
type CaseSkipped struct {
	ID   draw.EntrantID
	Kind seal.Kind
	Gone bool // nothing is kept of the entrant any more; false: the entrant has no envelope of this kind
}

// CaseHeld is a request of a case that was checked against a bundle.
type CaseHeld struct {
	Releases []custody.Release // one for each kind of envelopes
	Index    int64             // of its opened record in the log
	Listed   bool              // the entry list is public
}

// caseLimits are what a case of a kind may be, whatever a daemon lets through: how many it names, whether it opens who somebody is, and the grounds.
var caseLimits = map[string]struct {
	most     int
	identity bool
	grounds  []string
}{
	"court":      {20, true, []string{"judicial", "violation", "public-interest", "others-rights"}},
	"breach":     {5000, false, []string{"public-interest", "others-rights"}},
	"access":     {1, true, []string{"consent"}},
	"correction": {1, true, []string{"consent"}},
	"erasure":    {1, true, []string{"consent"}},
}

// caseLife is how long a case may last that opens something, with a day for clocks.
const caseLife = 31 * 24 * time.Hour

// within refuses a case that no daemon would have opened.
func within(text custody.Case, now time.Time) error {
	limit := caseLimits[text.Kind]
	switch {
	case text.Count < 1 || text.Count > limit.most:
		return fmt.Errorf("%w: a case of kind %s names at most %d entrants, this one %d", ErrRequest, text.Kind, limit.most, text.Count)
	case !limit.identity && slices.Contains(text.Opens, seal.Identity):
		return fmt.Errorf("%w: a case of kind %s opens contacts alone", ErrRequest, text.Kind)
	case !slices.Contains(limit.grounds, text.Ground):
		return fmt.Errorf("%w: a case of kind %s does not rest on %q", ErrRequest, text.Kind, text.Ground)
	case text.Expires.Sub(now) > caseLife:
		return fmt.Errorf("%w: no case lasts until %s, but a month at most: compare your clock", ErrRequest, text.Expires.UTC().Format(time.RFC3339))
	}
	return nil
}

// HoldCase checks a request of a case against a checked bundle. It is what custodians and notifiers both ask: the log announces this very text, once, and if the entry
// list is public all whom it names stand there. The bundle need not be proven: nothing here rests on a draw. Errors wrap ErrOpened, ErrRequest, ErrCaseEntrant or
// bundle errors.
func HoldCase(c *bundle.Checked, req *release.Case) (*CaseHeld, error) {
	open, text := c.Outcome.Open, req.Text
	if text.Campaign != [16]byte(open.Campaign) {
		return nil, fmt.Errorf("%w: it is for campaign %x, the bundle is of %s", ErrRequest, text.Campaign[:], open.Campaign)
	}
	if len(text.Opens) == 0 || text.Purpose() == "" || text.Notifier < 1 || text.Notifier > len(open.Notifiers) {
		return nil, fmt.Errorf("%w: its text says nothing that could be opened for one of the campaign's notifiers", ErrRequest)
	}
	if !slices.Contains(Readers(c, text.Purpose()), text.Notifier) {
		return nil, fmt.Errorf("%w: notifier %d is the auditor, who reads the audit sample and nothing else", ErrRequest, text.Notifier)
	}
	all, err := c.AllOpened()
	if err != nil {
		return nil, err
	}
	mark := text.Mark()
	all = slices.DeleteFunc(all, func(a bundle.Announced) bool { return a.Record.Case == nil || *a.Record.Case != mark })
	if len(all) != 1 {
		return nil, fmt.Errorf("%w: it announces this case, with this text, %d times, and must do so once; get the newest bundle", ErrOpened, len(all))
	}
	at := all[0]
	switch {
	case at.Record.Purpose != string(text.Purpose()):
		return nil, fmt.Errorf("%w: it announces the purpose %s, the case is one of %s", ErrOpened, at.Record.Purpose, text.Purpose())
	case at.Record.Count != int64(text.Count):
		return nil, fmt.Errorf("%w: it announces %d, the case names %d", ErrOpened, at.Record.Count, text.Count)
	case at.Hash != req.Opened:
		return nil, fmt.Errorf("%w: its record is %s, the request says %s", ErrOpened, at.Hash, req.Opened)
	}
	held := &CaseHeld{Index: at.Index}
	for _, kind := range text.Opens {
		held.Releases = append(held.Releases, custody.Release{Open: c.Outcome.OpenHash, Campaign: open.Campaign, Case: mark, Purpose: text.Purpose(), Kind: kind,
			Opened: at.Hash, Threshold: open.Threshold, Total: len(open.Custodians)})
	}
	if _, held.Listed = c.Files.Has("draw/1/entrants.bin"); !held.Listed {
		return held, nil
	}
	persons := map[draw.EntrantID]draw.Person{}
	for _, id := range req.Named {
		leaf, ok, err := c.Leaf(1, id)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("entry %s is %w: it is not in the public list", id, ErrCaseEntrant)
		}
		persons[id] = leaf.Person
	}
	for _, e := range req.Entrants {
		if persons[e.ID] != e.Person {
			return nil, fmt.Errorf("entry %s is %w: its leaf is of another person", e.ID, ErrCaseEntrant)
		}
	}
	return held, nil
}

// ShareCase checks a request of a case in full and opens the custodian's own lock of each entrant in it. Nothing has left when it returns: CasePlan.Seal makes the files to
// hand over, once CasePlan.Released is stored. Errors wrap those of Number, Extended, HoldCase and Released.With, or ErrCaseOver, ErrCaseApproval, or are custody's.
func (k *Key) ShareCase(c *bundle.Checked, pin Pin, released Released, req *release.Case, now time.Time) (*CasePlan, error) {
	if err := pin.Extended(c); err != nil {
		return nil, err
	}
	number, err := k.Number(c.Outcome.Open)
	if err != nil {
		return nil, err
	}
	if !now.Before(req.Text.Expires) {
		return nil, fmt.Errorf("%w at %s: another one is needed, which three persons want again", ErrCaseOver, req.Text.Expires.UTC().Format(time.RFC3339))
	}
	if err := within(req.Text, now); err != nil {
		return nil, err
	}
	if err := approvedByThree(req, now); err != nil {
		return nil, err
	}
	held, err := HoldCase(c, req)
	if err != nil {
		return nil, err
	}
	plan := &CasePlan{Number: number, Listed: held.Listed, Index: held.Index}
	if plan.Released, err = released.With(held.Index, req.Opened, req.Named); err != nil {
		return nil, err
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
	for _, r := range held.Releases {
		part := CasePart{Release: r}
		for _, id := range req.Named {
			i := slices.IndexFunc(req.Entrants, func(e release.CaseEntrant) bool { return e.ID == id })
			if i < 0 {
				plan.Skipped = append(plan.Skipped, CaseSkipped{id, r.Kind, true})
				continue
			}
			locks := req.Entrants[i].Locks
			if len(locks) != r.Total {
				return nil, fmt.Errorf("%w: entry %s has %d lock files, want %d", ErrRequest, id, len(locks), r.Total)
			}
			share, err := custody.OpenLock(k.Age, locks[number-1], custody.Want{Head: r.Head(id), Custodian: number})
			if errors.Is(err, custody.ErrAbsent) {
				plan.Skipped = append(plan.Skipped, CaseSkipped{id, r.Kind, false})
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("lock of entry %s: %w", id, err)
			}
			part.Shares = append(part.Shares, share)
		}
		if len(part.Shares) > 0 {
			plan.Parts = append(plan.Parts, part)
		}
	}
	if len(plan.Parts) == 0 {
		return nil, fmt.Errorf("%w: nothing is kept of those whom it names", ErrRequest)
	}
	return plan, nil
}

// approvedByThree looks at what the institution says about who wanted a case. It proves nothing; but what contradicts itself is refused.
func approvedByThree(req *release.Case, now time.Time) error {
	if req.Requester.Token != req.Text.Requester {
		return fmt.Errorf("%w: its text was asked for by another token than the request says", ErrCaseApproval)
	}
	all := append([]release.CaseAct{req.Requester}, req.Approvers...)
	if len(all) < 3 {
		return fmt.Errorf("%w: %d approved what somebody else asked for, and two must", ErrCaseApproval, len(req.Approvers))
	}
	for i, a := range all {
		if !a.At.Before(req.Text.Expires) || a.At.IsZero() {
			return fmt.Errorf("%w: one of them did when it had expired", ErrCaseApproval)
		}
		if err := come(a.At, now); err != nil {
			return fmt.Errorf("%w: one of them did %w", ErrCaseApproval, err)
		}
		if a.At.Before(req.Requester.At.Add(-24 * time.Hour)) { // daemons' clocks may differ, and be set right
			return fmt.Errorf("%w: one of them did a day before it was asked for", ErrCaseApproval)
		}
		for _, b := range all[:i] {
			if a.Token == b.Token || a.Token == "" || label.Same(a.Label, b.Label) {
				return fmt.Errorf("%w: %s and %s are one", ErrCaseApproval, label.Quote(b.Label), label.Quote(a.Label))
			}
		}
	}
	return nil
}

// clocks is how far the clocks of a daemon and of a custodian's machine may be apart.
const clocks = 10 * time.Minute

// come refuses a time that has not come, so that nobody can say yes in advance.
func come(at, now time.Time) error {
	if at.After(now.Add(clocks)) {
		return fmt.Errorf("at %s, which has not come yet by this machine's clock: compare your clock", at.UTC().Format(time.RFC3339))
	}
	return nil
}

// Approved refuses a release that is said to be approved at a time that has not come. The error wraps ErrRequest.
func Approved(rel *release.Release, now time.Time) error {
	if err := come(rel.Approved, now); err != nil {
		return fmt.Errorf("%w: it was approved %w", ErrRequest, err)
	}
	return nil
}

// Seal makes a part's file of released shares, which only the notifier whom the case names can read.
func (p *CasePlan) Seal(open *draw.Open, notifier int, part CasePart) ([]byte, error) {
	to, err := custody.ParseRecipients(open.Notifiers[notifier-1])
	if err != nil {
		return nil, err
	}
	return custody.SealReleased(part.Release, p.Number, part.Shares, to)
}
