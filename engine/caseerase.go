package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/store"
)

// EraseForCase erases, behind the close, the person whom a case of kind erasure names and who has lost the secret of the entry. Nothing ties an ID number to an entry
// by then, so three persons must have had the name opened for the case, custodians must have opened it, and the caller has compared it with the ID card. That it was opened ci and cc show (SPEC
// section 4), which stand in the entrant's sealed envelopes and saved receipt and nowhere else: so staff alone erase nobody. It returns the case's campaign too. The entry list stands as it was signed, as
// with [Engine.EraseEntry], and Run does the rest. The register of modifications has one line of it. Again is the same. An order that holds the entrant
// wins, as this is done by staff. Reasons: CASE_NOT_FOUND, CASE_STATE, ROLE_REFUSED, ENTRY_NOT_FOUND, ENTRY_CORRECTED, STORAGE_UNAVAILABLE.
func (e *Engine) EraseForCase(ctx context.Context, by Actor, id [16]byte, ci, cc [32]byte) (campaign store.CampaignID, st EntryStatus, err error) {
	if !slices.Contains(caseRoles, by.Role) {
		return campaign, st, errCaseRole
	}
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return campaign, st, e.fault(err)
	}
	defer done()
	e.seatMu.Lock() // no order comes to hold the entrant meanwhile, and of two calls one leaves the line
	defer e.seatMu.Unlock()
	c, err := e.Case(ctx, id)
	if err != nil {
		return campaign, st, err
	}
	o, err := e.open(ctx, c.Campaign)
	if err == nil {
		err = e.mayEraseFor(ctx, o, c, draw.PersonOf(ci, cc))
	}
	e.step("erasure for a case judged")
	if err == nil {
		st, err = e.eraseOne(ctx, o, c.Entrants[0], zeroErasedAtDesk, nil)
	}
	if err != nil || slices.Contains(c.Did, DidErasure) {
		return c.Campaign, st, err
	}
	_, err = e.RecordModification(ctx, by, id, DidErasure)
	var own *Error
	if errors.As(err, &own) && own.Reason == CaseState { // closed meanwhile: what was done stands in the register all the same
		err = e.register(ctx, by, DidErasure, fmt.Sprintf("cases/%x", id[:]))
	}
	return c.Campaign, st, err
}

// mayEraseFor refuses to erase whom a case names. person is that the person of the envelope that was opened.
func (e *Engine) mayEraseFor(ctx context.Context, o *opened, c Case, person draw.Person) error {
	gate, err := e.gate(ctx, o)
	switch {
	case err != nil:
		return err
	case c.Kind != CaseErasure:
		return refuse(CaseState, "this is a case of kind %s: only a person's own request to be erased erases", c.Kind)
	case c.Over:
		return refuse(CaseState, "the case is closed (%s): nothing is erased for it", c.Outcome)
	case c.Count == 0:
		return refuse(CaseState, "the case names nobody: there is nobody to erase")
	case gate.State != store.GateClosed:
		return refuse(CaseState, "the campaign is not closed: until then ID card and receipt erase at the desk (fairlot desk erase), without opening anything")
	case !slices.Contains(c.Opens, seal.Identity.String()):
		return refuse(CaseState, "the case does not open the name, so nobody can say that the entry is this person's: open another one with --opens identity, have it approved and released, and compare")
	case len(c.Entrants) == 0:
		return refuse(CaseState, "whom the case names is not kept any more: all that was sealed in this campaign is destroyed, and there is nothing to erase; or a copy of before the case was brought back, and it takes another case")
	case e.jumped.Load():
		return errJumped("nobody is erased for a case")
	}
	if err := e.threeWant(ctx, c, e.Now().UTC()); err != nil {
		return err
	}
	if announced, _, err := e.announced(ctx, o, c); err != nil {
		return e.fault(err)
	} else if !announced {
		return refuse(CaseState, "nobody has had the name opened yet, so nobody can say that the entry is this person's: fairlot case release, then case read, and compare it with the ID card")
	}
	row, err := e.Identity.Entrant(ctx, c.Campaign, c.Entrants[0])
	if err != nil {
		return e.fault(err)
	}
	if draw.Person(row.Person) != person {
		return refuse(CaseState, "this is not what the custodians opened of the entry: give what case read wrote for this very case")
	}
	held, _, _, err := e.held(ctx, c.Campaign)
	if err == nil && slices.Contains(held, c.Entrants[0]) {
		err = refuse(CaseState, "an order keeps this entry from being erased: answer the person so, and close the case as refused")
	}
	return e.fault(err)
}
