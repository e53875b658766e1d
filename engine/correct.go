package engine

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"time"

	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/entrant"
	"fairlot/store"
)

const zeroSuperseded = "superseded" // code of SPEC section 2.2

// CorrectRequest shows the secret of an entry and says what shall stand in its place.
type CorrectRequest struct {
	Campaign   store.CampaignID
	S          [32]byte   // of the old entry
	R          [32]byte   // of the new one
	NoticeHash store.Hash // of the notice that was shown
	Identity   Identity   // the same person
	Contact    Contact
}

// String hides everything in it, so that it is in no log.
func (CorrectRequest) String() string { return "[correction]" }

// GoString hides everything in it, so that it is in no log.
func (CorrectRequest) GoString() string { return "[correction]" }

// CorrectEntry puts an entry with another contact in the place of the one that has the secret S, until entries end. The new entry has no response and takes the
// chances; the old one is listed as superseded, its envelopes are destroyed, and its response is mixed as if nothing had happened, unless the person is erased before: nothing of where responses wait is
// touched. A duplicate stays one, and with proof none nothing in the answer tells it. The same request again returns the same receipt. Whoever lacks S learns nothing,
// and who has it can try ten ID numbers. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT, CAMPAIGN_ENDED, CAMPAIGN_CLOSED, NOTICE_STALE, FIELD_INVALID, ID_INVALID,
// ENTRY_NOT_FOUND, ENTRY_ERASED, ENTRY_CORRECTED, CORRECTIONS_SPENT, RECEIPT_MISMATCH (another person), ENTRY_DIFFERS, STORAGE_UNAVAILABLE.
func (e *Engine) CorrectEntry(ctx context.Context, req CorrectRequest) (Receipt, error) {
	o, err := e.open(ctx, req.Campaign)
	if err != nil {
		return Receipt{}, err
	}
	if !o.draws() {
		return Receipt{}, &Error{Reason: FieldInvalid, Text: "a campaign without draws keeps nobody's contact: there is nothing to correct",
			Fields: []Field{{"parent", "draws", "this campaign has no draw, and keeps nobody's contact"}}}
	}
	old := store.EntrantID(draw.Secret(req.S).R().EntrantID(draw.Hash(o.open)))
	id := store.EntrantID(draw.R(req.R).EntrantID(draw.Hash(o.open)))
	was, err := e.Identity.Entrant(ctx, o.id, old)
	if errors.Is(err, store.ErrNotFound) {
		return Receipt{}, refuse(EntryNotFound, "there is no entry of this secret in this campaign: use the saved receipt of this campaign")
	}
	if err != nil {
		return Receipt{}, e.fault(err)
	}
	if old == id {
		return Receipt{}, &Error{Reason: FieldInvalid, Text: "a correction needs a new secret", Fields: []Field{{"r", "same", "draw a new secret: the corrected entry is another one"}}}
	}
	if was.Zero == zeroSuperseded { // perhaps by this very request
		row, err := e.Identity.Entrant(ctx, o.id, id)
		if err == nil {
			return e.correctedBefore(o, &req, old, row)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return Receipt{}, e.fault(err)
		}
	}
	gate, err := e.gate(ctx, o)
	if err != nil {
		return Receipt{}, err
	}
	if gate.State != store.GateOpen || !e.Now().Before(gate.End) {
		return Receipt{}, lateCorrection(gate)
	}
	if err := mayCorrect(was); err != nil {
		return Receipt{}, err
	}
	if req.NoticeHash != o.notice {
		return Receipt{}, refuse(NoticeStale, "another privacy notice is in force: reload the page and read it")
	}
	as, c, bad := &EnterRequest{R: req.R, Identity: &req.Identity, Contact: &req.Contact}, &checked{stratum: was.Stratum}, problems{}
	o.checkPerson(as, c, &bad, e.Now())
	defer c.wipe()
	if err := bad.err(); err != nil {
		return Receipt{}, err
	}
	entry, openings, err := e.sealEntry(ctx, o, id, as, c)
	if err != nil {
		return Receipt{}, e.fault(err)
	}
	res, err := e.Identity.Correct(ctx, e.Now, old, entry)
	switch {
	case errors.Is(err, store.ErrExists):
		return Receipt{}, errCorrectionDiffers
	case errors.Is(err, store.ErrConflict): // corrected or erased meanwhile
		if was, err = e.Identity.Entrant(ctx, o.id, old); err == nil {
			err = mayCorrect(was)
		}
		if err == nil {
			err = store.ErrUnavailable
		}
		return Receipt{}, e.fault(err)
	case err != nil:
		return Receipt{}, e.fault(err)
	}
	switch res.Outcome {
	case store.GateShut:
		return Receipt{}, lateCorrection(res.Gate)
	case store.CorrectedOut:
		return Receipt{}, errCorrectedOut
	case store.OtherPerson:
		return Receipt{}, otherPerson(res.Tries)
	case store.Exists:
		return e.correctedBefore(o, &req, old, res.Present)
	}
	e.step("entry corrected")
	if err := e.rememberLine(o.id, old, zeroSuperseded); err != nil {
		return Receipt{}, e.fault(err)
	}
	return e.correction(o, id, was.Stratum, res.Chances, res.Tries, openings)
}

// correction is the receipt of a correction, the person's tries counted.
func (e *Engine) correction(o *opened, id store.EntrantID, stratum, chances uint16, tries int, openings seal.Openings) (Receipt, error) {
	r, err := e.receipt(o, id, stratum, chances, openings)
	r.Left = triesLeft(tries)
	return r, err
}

func triesLeft(tries int) int { return max(store.CorrectionTries-tries, 0) }

// otherPerson refuses who is not the person of the entry, whose tries these are.
func otherPerson(tries int) *Error {
	left := triesLeft(tries)
	return &Error{Reason: ReceiptMismatch, Left: &left, Text: fmt.Sprintf("this is not the person of this entry: kind and number of the ID must be those that entered; who is somebody else enters anew. %d of %d tries are left", left, store.CorrectionTries)}
}

var (
	errCorrectionDiffers = refuse(EntryDiffers, "this entry was sent before with other content: reload the page and correct it again")
	errCorrectedOut      = refuse(CorrectionsSpent, "the contact of this entry was changed, or another person's ID number tried, %d times: it stays as it is now; ask at the desk", store.CorrectionTries)
)

// mayCorrect says why an entry cannot be corrected.
func mayCorrect(row store.Entrant) error {
	switch {
	case erased(row):
		return refuse(EntryErased, "this entry was erased: nothing of it is kept that could be corrected")
	case row.Zero == zeroExcluded:
		return errExcluded
	case row.Zero == zeroSuperseded:
		return refuse(EntryCorrected, "this entry was corrected before: use the receipt of the correction")
	case row.Tries >= store.CorrectionTries:
		return errCorrectedOut
	}
	return nil
}

// correctedBefore answers a request whose entry is there already.
func (e *Engine) correctedBefore(o *opened, req *CorrectRequest, old store.EntrantID, row store.Entrant) (Receipt, error) {
	p, _ := entrant.Canonical(o.rules.Form, &req.Identity, &req.Contact, e.Now())
	defer p.Wipe()
	openings := seal.NewOpenings(req.R, p.Identity, p.Contact)
	if got := openings.Person(); !hmac.Equal(got[:], row.Person[:]) {
		return Receipt{}, errCorrectionDiffers
	}
	if row.Zero != "" && !o.hides() { // its receipt would have to say chances 0
		if err := mayCorrect(row); err != nil {
			return Receipt{}, err
		}
	}
	if err := e.rememberLine(o.id, old, zeroSuperseded); err != nil { // whoever did it before may have died before this
		return Receipt{}, e.fault(err)
	}
	return e.correction(o, row.ID, row.Stratum, row.Chances, row.Tries, openings)
}

// lateCorrection refuses a correction after the end of entries.
func lateCorrection(g store.Gate) error {
	const todo = "the contact cannot be changed here any more: write to whom the privacy notice names, or ask at the desk, which keeps the request and answers in writing"
	if g.State == store.GateClosed {
		return refuse(CampaignClosed, "the campaign is closed, and %s", todo)
	}
	return refuse(CampaignEnded, "entries ended at %s, and %s", g.End.UTC().Format(time.RFC3339), todo)
}

// corrected tells whether an entrant was corrected: superseded, with nothing sealed left. Who was superseded at the desk could be given the chance back.
func (e *Engine) corrected(ctx context.Context, campaign store.CampaignID, id store.EntrantID) (bool, error) {
	row, err := e.Identity.Entrant(ctx, campaign, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.Zero != zeroSuperseded {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sealed, err := e.Identity.Sealed(ctx, campaign, []store.EntrantID{id})
	return err == nil && len(sealed[0].Lock) == 0, err
}
