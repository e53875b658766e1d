package engine

import (
	"context"
	"errors"
	"time"

	"fairlot/crypto/receipt"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/entrant"
	"fairlot/store"
)

// What EntryStatus.Counting says.
const (
	CountingReceived   = "received"    // whether it counts is said after the end of entries
	CountingCounted    = "counted"     // in the draws with its chances
	CountingNotCounted = "not-counted" // listed with chances 0
)

// EntryStatus is what became of an entry.
type EntryStatus struct {
	ID       store.EntrantID
	Counting string
	Chances  int    // if counted
	Reason   string // of SPEC section 2.2, if not counted

	Erasure   store.Erasure // 0: nobody asked for it
	ErasureAt time.Time     // when it waits: the round of the last draw that it waits for
}

// MoveChanceRequest is what a person showed at the desk.
type MoveChanceRequest struct {
	Campaign          store.CampaignID
	S                 [32]byte
	Receipt           []byte // the note, as saved
	Identity          Identity
	ContactCommitment [32]byte
}

// String hides everything in it, so that it is in no log.
func (MoveChanceRequest) String() string { return "[desk]" }

// GoString hides everything in it, so that it is in no log.
func (MoveChanceRequest) GoString() string { return "[desk]" }

// EntryStatus says whether an entry counts. With proof none it says so only after the end of entries, since before it would tell who entered; in a
// campaign without draws an entry is received. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT, ENTRY_NOT_FOUND.
func (e *Engine) EntryStatus(ctx context.Context, id store.CampaignID, entry store.EntrantID) (EntryStatus, error) {
	o, err := e.open(ctx, id)
	if err != nil {
		return EntryStatus{}, err
	}
	row, err := e.Identity.Entrant(ctx, o.id, entry)
	if errors.Is(err, store.ErrNotFound) {
		return EntryStatus{}, refuse(EntryNotFound, "there is no such entry: compare the id with the receipt")
	}
	if err != nil {
		return EntryStatus{}, e.fault(err)
	}
	s := EntryStatus{ID: entry, Counting: CountingReceived}
	c, err := e.Registry.Campaign(ctx, o.id)
	if err != nil {
		return EntryStatus{}, e.fault(err)
	}
	switch {
	case c.State == store.Erased, row.Zero == zeroErased, row.Zero == zeroErasedAtDesk:
		s.Erasure = store.ErasureDone
	case row.Erasure == store.ErasureWaits:
		if s.ErasureAt, err = e.erasureTime(ctx, o.id); err != nil {
			return EntryStatus{}, e.fault(err)
		}
		fallthrough
	default:
		s.Erasure = row.Erasure
	}
	if row.Zero == zeroErased || row.Zero == zeroErasedAtDesk || row.Zero == zeroSuperseded { // said at once: who counted and who did not are erased, and corrected, alike
		s.Counting, s.Reason = CountingNotCounted, row.Zero
		return s, nil
	}
	if !o.draws() {
		return s, nil
	}
	if o.counts0() {
		gate, err := e.gate(ctx, o)
		if err != nil {
			return EntryStatus{}, err
		}
		if gate.State == store.GateOpen {
			return s, nil
		}
	}
	if row.Chances > 0 {
		s.Counting, s.Chances = CountingCounted, int(row.Chances)
	} else {
		s.Counting, s.Reason = CountingNotCounted, row.Zero
	}
	return s, nil
}

// MoveChance gives the chance of a person to the entry whose receipt and secret they show. The identity must be spelt as it was at entry. It
// works from the end of entries to the end of objections, with proof none, and the close record counts it as superseded. Again is the same. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT, TOO_EARLY,
// TOO_LATE, FIELD_INVALID, ID_INVALID, RECEIPT_MISMATCH, ENTRY_NOT_FOUND.
func (e *Engine) MoveChance(ctx context.Context, req MoveChanceRequest) (EntryStatus, error) {
	o, err := e.open(ctx, req.Campaign)
	if err != nil {
		return EntryStatus{}, err
	}
	if !o.draws() || !o.counts0() {
		return EntryStatus{}, &Error{Reason: FieldInvalid, Text: "chances move only where the proof of person is none",
			Fields: []Field{{"parent", "proof", "in this campaign a second entry of a person is refused, so there is no chance to move"}}}
	}
	now := e.Now()
	if now.Before(o.rules.EntriesEnd) {
		return EntryStatus{}, &Error{Reason: TooEarly, Retry: o.rules.EntriesEnd.Sub(now),
			Text: "entries end at " + o.rules.EntriesEnd.UTC().Format(time.RFC3339) + ": move chances after that"}
	}
	late := refuse(TooLate, "objections ended at %s: the entry list is fixed", o.rules.ObjectionsEnd.UTC().Format(time.RFC3339))
	if !now.Before(o.rules.ObjectionsEnd) {
		return EntryStatus{}, late
	}
	p, fields := entrant.CanonicalIdentity(o.rules.Form, req.Identity, now)
	defer p.Wipe()
	var bad problems
	bad.addPerson(fields)
	if err := bad.err(); err != nil {
		return EntryStatus{}, err
	}
	saved := receipt.Saved{S: req.S, Draws: true, Contact: req.ContactCommitment, Note: req.Receipt}
	saved.Identity = seal.NewOpenings(draw.Secret(req.S).R(), p.Identity, nil).CI
	shown, err := saved.Check(e.installation.ReceiptKey)
	if err != nil || shown.Open != [32]byte(o.open) {
		return EntryStatus{}, refuse(ReceiptMismatch, "receipt, secret and identity do not belong together: use the saved receipt of this campaign, and spell the identity as at entry")
	}
	return e.moveChance(ctx, o, &p, shown.ID, late)
}

func (e *Engine) moveChance(ctx context.Context, o *opened, p *entrant.Texts, to store.EntrantID, late error) (EntryStatus, error) {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return EntryStatus{}, err
	}
	defer done()
	if err := o.lock(ctx); err != nil {
		return EntryStatus{}, err
	}
	defer o.unlock()
	gate, err := e.gate(ctx, o)
	if err != nil {
		return EntryStatus{}, err
	}
	if gate, err = e.endIfDue(ctx, o, gate); err != nil {
		return EntryStatus{}, e.fault(err)
	}
	if gate.State != store.GateEnded {
		return EntryStatus{}, late
	}
	if corrected, err := e.corrected(ctx, o.id, to); err != nil {
		return EntryStatus{}, e.fault(err)
	} else if corrected {
		return EntryStatus{}, refuse(EntryCorrected, "this entry was corrected, and its contact is destroyed: use the receipt of the correction")
	}
	key, err := e.tagKey(ctx, o)
	if err != nil {
		return EntryStatus{}, err
	}
	err = e.Identity.MoveChance(ctx, o.id, tagOf(key, p), to)
	clear(key[:])
	switch {
	case errors.Is(err, store.ErrNotFound):
		return EntryStatus{}, refuse(EntryNotFound, "this entry is not in the list")
	case errors.Is(err, store.ErrConflict):
		return EntryStatus{}, late
	case err != nil:
		return EntryStatus{}, e.fault(err)
	}
	return e.EntryStatus(ctx, o.id, to)
}
