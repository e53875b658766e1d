package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/store"
)

// CaseRelease is what custodians and the notifier of an approved case need.
type CaseRelease struct {
	Case     Case
	Salt     [16]byte   // under Case.Named
	Opened   store.Hash // SHA-256 of the opened record
	Entrants []CaseEntrant
}

// CaseEntrant is one entrant's lock, and those of the envelopes that the case opens.
type CaseEntrant struct {
	Person store.Hash
	store.Sealed
}

// ReleaseCase has the log announce what an approved case opens, once, and returns locks and envelopes of exactly those whom it names and of whom something is kept. Nothing
// that was looked at before is believed: each time the case must be wanted by three persons whose tokens stand, neither closed nor expired, and name whom its text
// names. Nothing leaves before the record is in the log. Reasons: CASE_NOT_FOUND, CASE_STATE, ROLE_REFUSED, STORAGE_UNAVAILABLE.
func (e *Engine) ReleaseCase(ctx context.Context, by Actor, id [16]byte) (CaseRelease, error) {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return CaseRelease{}, e.fault(err)
	}
	defer done()
	e.seatMu.Lock() // nothing is erased meanwhile
	defer e.seatMu.Unlock()
	c, err := e.changeCase(ctx, by, id, func(c *Case, now time.Time) (bool, error) {
		if err := e.mayOpen(ctx, *c, now); err != nil {
			return false, err
		}
		if c.Releaser.Token != "" {
			return false, nil
		}
		c.Releaser = CaseAct{by.Token, by.Label, now}
		return true, nil
	})
	if err != nil {
		return CaseRelease{}, err
	}
	e.step("case released")
	record, err := e.logCaseOpened(ctx, c)
	if err != nil {
		return CaseRelease{}, e.fault(err)
	}
	// It may have been closed while the record was logged; then the log counts what nobody got.
	c, salt, err := e.saltedCase(ctx, id)
	if err == nil {
		err = e.mayOpen(ctx, c, e.Now().UTC())
	}
	if err != nil {
		return CaseRelease{}, err
	}
	out := CaseRelease{Case: c, Salt: salt, Opened: store.Hash(draw.HashOf(record))}
	for _, id := range c.Entrants {
		x, kept, err := e.caseEntrant(ctx, c, id)
		if err != nil {
			return CaseRelease{}, e.fault(err)
		}
		if kept {
			out.Entrants = append(out.Entrants, x)
		}
	}
	return out, nil
}

// mayOpen refuses to open anything for a case that is not wanted by three persons, or not any more.
func (e *Engine) mayOpen(ctx context.Context, c Case, now time.Time) error {
	switch {
	case c.Over:
		return refuse(CaseState, "the case is closed (%s): nothing is opened for it", c.Outcome)
	case c.Count == 0:
		return refuse(CaseState, "the case names nobody: there is nothing to open")
	case len(c.Opens) == 0:
		return refuse(CaseState, "the case opens no envelope: open another one that says which, if it is wanted")
	case e.jumped.Load():
		return errJumped("nothing is opened for a case")
	case len(c.Entrants) == 0:
		return refuse(CaseState, "all that was sealed in this campaign is destroyed: there is nothing to open")
	}
	if err := e.threeWant(ctx, c, now); err != nil {
		return err
	}
	return e.someKept(ctx, c)
}

// threeWant refuses what is to be done for a case if three persons do not want it, or not any more.
func (e *Engine) threeWant(ctx context.Context, c Case, now time.Time) error {
	switch {
	case !c.Approved():
		return refuse(CaseState, "three persons must want it: %d more must approve it first (fairlot case approve)", caseApprovers-len(c.Approvers))
	case !now.Before(c.Expires):
		return refuse(CaseState, "the case expired at %s: close it, and open another if it is still wanted", c.Expires.Format(time.RFC3339))
	}
	for i, p := range c.people() {
		others := slices.Delete(c.people(), i, i+1)
		if slices.ContainsFunc(others, func(o store.Person) bool { return samePerson(o, Actor{Token: p.Token, Label: p.Label}) }) {
			return refuse(CaseState, "those who want this case are not three persons: close it, and open another if it is still wanted")
		}
	}
	return e.caseStands(ctx, c)
}

// someKept refuses a case if nothing is kept any more of anybody whom it names: the log would announce what is not there, and nobody can be held.
func (e *Engine) someKept(ctx context.Context, c Case) error {
	for _, id := range c.Entrants {
		if _, kept, err := e.caseEntrant(ctx, c, id); err != nil || kept {
			return e.fault(err)
		}
	}
	return refuse(CaseState, "nothing is kept any more of those whom this case names: there is nothing to open or to hold")
}

// caseEntrant is what a case gives out of one entrant; kept is false of who was erased, of an entry that was corrected, and of who gave nothing that the case opens.
func (e *Engine) caseEntrant(ctx context.Context, c Case, id store.EntrantID) (x CaseEntrant, kept bool, err error) {
	row, err := e.Identity.Entrant(ctx, c.Campaign, id)
	if err == nil && erased(row) {
		return x, false, nil
	}
	var sealed []store.Sealed
	if err == nil {
		sealed, err = e.Identity.Sealed(ctx, c.Campaign, []store.EntrantID{id})
	}
	if errors.Is(err, store.ErrNotFound) {
		return x, false, nil
	}
	if err != nil {
		return x, false, err
	}
	if len(sealed[0].Lock) == 0 { // corrected
		return x, false, nil
	}
	x = CaseEntrant{row.Person, sealed[0]}
	if !slices.Contains(c.Opens, seal.Identity.String()) {
		x.Identity = nil
	}
	if !slices.Contains(c.Opens, seal.Contact.String()) {
		x.Contact = nil
	}
	return x, len(x.Identity)+len(x.Contact) > 0 || len(c.Opens) == 0, nil
}

// logCaseOpened appends the opened record of a case unless the log has it. Looked for again whenever the log has grown: a case that is announced twice was counted twice.
func (e *Engine) logCaseOpened(ctx context.Context, c Case) ([]byte, error) {
	o, err := e.open(ctx, c.Campaign)
	if err != nil {
		return nil, err
	}
	mark := c.stated().Mark()
	record, err := (&draw.Opened{Open: draw.Hash(o.open), Purpose: string(c.stated().Purpose()), Case: &mark, Count: int64(c.Count)}).Marshal()
	if err != nil {
		return nil, err
	}
	for {
		announced, size, err := e.announced(ctx, o, c)
		if err != nil {
			return nil, err
		}
		if announced {
			return record, e.signWaiting(ctx)
		}
		if err := e.appendAfter(ctx, size, record); err == nil || !errors.Is(err, errLogMoved) {
			return record, err
		}
	}
}

// announced tells whether the log, of this size, has it that what a case names is opened.
func (e *Engine) announced(ctx context.Context, o *opened, c Case) (yes bool, size int64, err error) {
	all, size, err := e.loggedUpTo(ctx, draw.Hash(o.open), 0)
	mark := c.stated().Mark()
	return slices.ContainsFunc(all, func(l logged) bool {
		had, ok := l.record.(*draw.Opened)
		return ok && had.Case != nil && *had.Case == mark
	}), size, err
}
