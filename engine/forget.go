package engine

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"fairlot/crypto/receipt"
	"fairlot/crypto/tag"
	"fairlot/draw"
	"fairlot/store"
)

// afterClose is what the list of the erased says of who asked behind the close, in whose entry list they stand with their chances.
const afterClose = "after-close"

// Reasons of SPEC section 2.2 for chances 0 of who asked to be forgotten; the first is a reason of replace too.
const (
	zeroErased       = "erased"
	zeroErasedAtDesk = "erased-at-desk"
)

// EraseAtDeskRequest is what a person without the secret of the entry showed at the desk.
type EraseAtDeskRequest struct {
	Campaign         store.CampaignID
	Receipt          []byte // the note
	IDType, IDNumber string // of the card; IDType is citizen or resident
}

// String hides everything in it, so that it is in no log.
func (EraseAtDeskRequest) String() string { return "[desk]" }

// GoString hides everything in it, so that it is in no log.
func (EraseAtDeskRequest) GoString() string { return "[desk]" }

// EraseEntry erases the person whose entry has the secret s, at their wish. Until the close that is done when it returns: chances 0, and tag, locks, envelopes and
// consents are gone; a response that is not mixed is dropped when it would be, also one that was given before the contact was corrected. Behind the close the entry list stands as it was signed, and
// the rest waits for the draws: then Run vacates a seat that the entrant holds and destroys the same. What it answers says nothing of whether the response was
// mixed, and until the close not whether the entry counted. Again is the same. An entry that was corrected is refused: the person stands in another one. Reasons: CAMPAIGN_NOT_FOUND,
// CAMPAIGN_DRAFT, ENTRY_NOT_FOUND, ENTRY_CORRECTED, STORAGE_UNAVAILABLE.
func (e *Engine) EraseEntry(ctx context.Context, id store.CampaignID, s [32]byte) (EntryStatus, error) {
	o, err := e.open(ctx, id)
	if err != nil {
		return EntryStatus{}, err
	}
	return e.eraseOne(ctx, o, store.EntrantID(draw.Secret(s).R().EntrantID(draw.Hash(o.open))), zeroErased, nil)
}

// EraseAtDesk erases the person whose ID number stands behind the chance of the entry of a receipt. The close record counts these apart, since the
// officer's word is all there is for them. It works until the close, while tags are kept, and in campaigns with draws. Reasons: CAMPAIGN_NOT_FOUND,
// CAMPAIGN_DRAFT, FIELD_INVALID, ID_INVALID, RECEIPT_MISMATCH, ENTRY_NOT_FOUND, ENTRY_CORRECTED, TOO_LATE, STORAGE_UNAVAILABLE.
func (e *Engine) EraseAtDesk(ctx context.Context, req EraseAtDeskRequest) (EntryStatus, error) {
	o, err := e.open(ctx, req.Campaign)
	if err != nil {
		return EntryStatus{}, err
	}
	if !o.draws() {
		return EntryStatus{}, &Error{Reason: FieldInvalid, Text: "a campaign without draws knows no ID numbers: the secret of the entry erases it",
			Fields: []Field{{"parent", "draws", "this campaign has no draw, and knows nobody's ID number"}}}
	}
	number, err := tag.Canonical(req.IDType, req.IDNumber)
	if err != nil {
		return EntryStatus{}, &Error{Reason: IDInvalid, Text: "this is not an ID number of the kind chosen: compare it with the card, digit by digit",
			Fields: []Field{{"id_number", "form", "compare it with the card, digit by digit"}}}
	}
	shown, err := receipt.Verify(e.installation.ReceiptKey, req.Receipt)
	if err != nil || shown.Open != [32]byte(o.open) {
		return EntryStatus{}, refuse(ReceiptMismatch, "this is no receipt of this campaign: use the signed receipt as saved")
	}
	key, err := e.tagKey(ctx, o)
	var own *Error
	if errors.As(err, &own) && own.Reason == CampaignClosed {
		return EntryStatus{}, errDeskLate
	}
	if err != nil {
		return EntryStatus{}, err
	}
	t := store.Hash(tag.Of(key, req.IDType, number))
	clear(key[:])
	return e.eraseOne(ctx, o, shown.ID, zeroErasedAtDesk, &t)
}

var errDeskLate = refuse(TooLate, "the campaign is closed, and nothing ties an ID number to an entry any more: the secret in the saved receipt still erases it, and without it three persons have the name opened, compare it with the ID card, and erase (fairlot case open erasure --opens identity, then fairlot case erase)")

func (e *Engine) eraseOne(ctx context.Context, o *opened, id store.EntrantID, zero string, holds *store.Hash) (EntryStatus, error) {
	absent := refuse(EntryNotFound, "there is no entry of this secret in this campaign: use the saved receipt of this campaign")
	c, err := e.Registry.Campaign(ctx, o.id)
	if err != nil {
		return EntryStatus{}, e.fault(err)
	}
	row, err := e.Identity.Entrant(ctx, o.id, id)
	if errors.Is(err, store.ErrNotFound) {
		return EntryStatus{}, absent
	} else if err != nil {
		return EntryStatus{}, e.fault(err)
	}
	if err := e.notCorrected(ctx, o.id, id); err != nil {
		return EntryStatus{}, err
	}
	if row.Zero == zeroErasedAtDesk {
		zero = row.Zero // the first reason stays: one line a person outside the rooms, too
	}
	if c.State != store.Erased { // else everybody was
		was := zero
		if gate, err := e.gate(ctx, o); err != nil {
			return EntryStatus{}, err
		} else if gate.State == store.GateClosed && row.Zero != zeroErased && row.Zero != zeroErasedAtDesk {
			was = afterClose
		}
		if holds == nil { // at the desk only once the tag was compared
			if err := e.rememberErased(o.id, row, was); err != nil {
				return EntryStatus{}, e.fault(err)
			}
		}
		var state store.Erasure
		if !erased(row) { // again must cost nobody a lock
			state, err = e.Identity.Erase(ctx, o.id, id, zero, holds)
		}
		if err == nil && state == store.ErasureWaits && was != afterClose { // closed meanwhile
			err = e.rememberErased(o.id, row, afterClose)
		}
		switch {
		case errors.Is(err, store.ErrConflict):
			if err := e.notCorrected(ctx, o.id, id); err != nil { // meanwhile
				return EntryStatus{}, err
			}
			gate, err := e.gate(ctx, o)
			if err == nil && gate.State == store.GateClosed {
				err = errDeskLate
			} else if err == nil {
				err = refuse(ReceiptMismatch, "the chance of this ID number does not stand on the entry of this receipt: compare both, or let the person show the secret in the saved receipt")
			}
			return EntryStatus{}, err
		case errors.Is(err, store.ErrNotFound):
			return EntryStatus{}, absent
		case err != nil:
			return EntryStatus{}, e.fault(err)
		}
		e.step("entry erased")
	}
	st, err := e.EntryStatus(ctx, o.id, id)
	if err == nil && holds != nil && c.State != store.Erased {
		err = e.fault(e.rememberErased(o.id, row, st.Reason)) // the first reason stays
	}
	return st, err
}

// notCorrected refuses what would only seem to erase a person who stands in another entry.
func (e *Engine) notCorrected(ctx context.Context, campaign store.CampaignID, id store.EntrantID) error {
	switch yes, err := e.corrected(ctx, campaign, id); {
	case err != nil:
		return e.fault(err)
	case yes:
		return refuse(EntryCorrected, "this entry was corrected, and nothing sealed is left of it: name, ID number and contact stand in the entry that took its place, and its receipt erases them")
	}
	return nil
}

// erased says that an entrant was erased, or is going to be.
func erased(row store.Entrant) bool {
	return row.Zero == zeroErased || row.Zero == zeroErasedAtDesk || row.Erasure != 0
}

// rememberErased notes outside the rooms who was erased, so that a copy of before does not bring them back. Of who was corrected before the copy knows the first entry alone,
// whose response waits there.
func (e *Engine) rememberErased(campaign store.CampaignID, row store.Entrant, zero string) error {
	if w := row.Waits; w.Epoch != 0 && zero != zeroSuperseded {
		if err := e.rememberLine(campaign, w.ID, zero); err != nil {
			return err
		}
	}
	return e.rememberLine(campaign, row.ID, zero)
}

func (e *Engine) rememberLine(campaign store.CampaignID, id store.EntrantID, zero string) error {
	return e.note(erasedList, campaign, hex.EncodeToString(id[:])+" "+zero)
}

// eraseAgain erases in a campaign whose identity room was brought back from a copy everybody who was erased since, and supersedes the entries that were corrected:
// what was corrected is lost, as is whatever was entered since the copy, and the old contact must not be used. Who asked behind the close comes last, once the gate is where it was:
// the entry list that was closed has their chances. Each step may be repeated.
func (e *Engine) eraseAgain(ctx context.Context, campaign store.CampaignID, behind bool) error {
	lines, err := e.noted(erasedList, campaign)
	if err != nil {
		return err
	}
	after := map[string]bool{} // by their digits
	for _, line := range lines {
		if digits, zero, _ := strings.Cut(line, " "); zero == afterClose {
			after[digits] = true
		}
	}
	var n, lost int
	for _, line := range lines {
		digits, zero, _ := strings.Cut(line, " ")
		if behind != (after[digits] && zero != zeroSuperseded) {
			continue
		}
		if behind {
			zero = zeroErased
		}
		var id store.EntrantID
		if len(digits) != 2*len(id) {
			continue
		}
		if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
			continue
		}
		row, err := e.Identity.Entrant(ctx, campaign, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && (erased(row) || row.Zero == zero) {
			continue
		}
		if err == nil {
			if _, err = e.Identity.Erase(ctx, campaign, id, zero, nil); errors.Is(err, store.ErrConflict) { // corrected in the copy too: the entry in its place has a line of its own
				continue
			}
			if zero == zeroSuperseded {
				lost++
			} else {
				n++
			}
		}
		if err != nil {
			return err
		}
	}
	if n > 0 {
		e.Log.Warn("persons who had been erased were in the copy: erased again", "campaign", hexID(campaign), "persons", n)
	}
	if lost > 0 {
		e.Log.Warn("entries were corrected since the copy, and their corrections are lost: the old ones are destroyed again, and who sent them must enter anew",
			"campaign", hexID(campaign), "entries", lost)
	}
	return nil
}

// erasing is what waits of erasures in a closed campaign: whether some do, and whether Run can do something about them now.
func (e *Engine) erasing(ctx context.Context, drawings []*drawing) (due bool, err error) {
	who, waits, err := e.erasures(ctx, drawings[0].campaign.ID)
	if err != nil || len(who) == 0 {
		return false, err
	}
	all := waits
	for _, d := range drawings {
		if d.row.State == store.DrawDrawn {
			held, err := e.heldBy(ctx, d, who)
			if err != nil || len(held) > 0 {
				return true, err
			}
		} else if settled, _, err := e.settled(ctx, d); err != nil || !settled {
			all = false
		}
	}
	return all, err
}

// erasures returns who asked after the close to be erased, and whether some of that is not done.
func (e *Engine) erasures(ctx context.Context, campaign store.CampaignID) (who map[store.EntrantID]store.Erasure, waits bool, err error) {
	who = map[store.EntrantID]store.Erasure{}
	var after store.EntrantID
	for {
		list, err := e.Identity.Erasures(ctx, campaign, after, page)
		if err != nil {
			return nil, false, err
		}
		for _, x := range list {
			who[x.ID], after = x.State, x.ID
			waits = waits || x.State == store.ErasureWaits
		}
		if len(list) < page {
			return who, waits, nil
		}
	}
}

// heldBy returns the lines of some entrants who hold a seat and have not claimed its prize: what was handed out is not given to the next one too.
func (e *Engine) heldBy(ctx context.Context, d *drawing, who map[store.EntrantID]store.Erasure) ([]draw.Line, error) {
	lines, seats, _, _, err := e.seats(ctx, d)
	if err != nil {
		return nil, err
	}
	var held []draw.Line
	for _, l := range seats.Winners(lines) {
		if who[store.EntrantID(l.ID)] == 0 {
			continue
		}
		claim, err := e.claimOf(ctx, d, l)
		if err != nil {
			return nil, err
		}
		if claim == nil {
			held = append(held, l)
		}
	}
	return held, nil
}

// finishErasures vacates the seats of those whose erasure waits, and once every draw is settled destroys what is kept of them. Each step may
// be repeated: whoever lost a seat holds none, and who asks meanwhile is found the next time.
func (e *Engine) finishErasures(ctx context.Context, id store.CampaignID) error {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return err
	}
	defer done()
	e.seatMu.Lock()
	defer e.seatMu.Unlock()
	who, _, err := e.erasures(ctx, id)
	if err != nil {
		return err
	}
	drawings, err := e.drawings(ctx, id)
	if err != nil {
		return err
	}
	all := true
	for _, d := range drawings {
		if d.row.State != store.DrawDrawn {
			settled, _, err := e.settled(ctx, d)
			if err != nil {
				return err
			}
			all = all && settled
			continue
		}
		held, err := e.heldBy(ctx, d, who)
		if err != nil {
			return err
		}
		for _, l := range held { // each is there until it is vacated here: whom vacate calls in vain, it vacates itself
			if err := e.vacate(ctx, d, l.Stratum, int64(l.Rank), zeroErased); err != nil {
				return err
			}
			e.step("seat of an erased vacated")
		}
	}
	if !all {
		return nil
	}
	for x, state := range who {
		if state != store.ErasureWaits {
			continue
		}
		if err := e.Identity.FinishErasure(ctx, id, x); err != nil {
			return err
		}
		e.step("erasure finished")
	}
	return nil
}

// erasureTime is when the last draw of a campaign is due that an erasure waits for; zero if none is.
func (e *Engine) erasureTime(ctx context.Context, campaign store.CampaignID) (last time.Time, err error) {
	drawings, err := e.drawings(ctx, campaign)
	if err != nil {
		return last, err
	}
	for _, d := range drawings {
		settled, _, err := e.settled(ctx, d)
		if err != nil {
			return last, err
		}
		if due := d.due(); !settled && due.After(last) {
			last = due
		}
	}
	return last, nil
}
