package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"fairlot/crypto/receipt"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/entrant"
	"fairlot/store"
)

// How an entry waits for whoever moves the gate. A move takes two commits where nothing is in its way, and well under a second otherwise.
const (
	maxMoving = 5 * time.Second
	firstPoll = 4 * time.Millisecond // until it looks again, about; twice as long each time
	maxPoll   = 50 * time.Millisecond
)

// EnterRequest is one entry as it was sent. R is r of SPEC section 4 and is stored nowhere.
type EnterRequest struct {
	Campaign         store.CampaignID
	R                [32]byte
	NoticeHash       store.Hash // of the notice that was shown
	Consents         []string   // codes
	Identity         *Identity  // only with draws
	Contact          *Contact   // only with draws
	Token            string     // only with proof token
	Response         []byte     // JSON as sent, only with a survey
	AnswerSecretHash []byte     // 32 bytes, only with a survey
	Stratum          int        // as the entrant chose it, only with StrataByEntrant
}

// Receipt acknowledges an entry. The commitments are ci and cc of SPEC section 4, nil without draws.
type Receipt struct {
	ID                                    store.EntrantID
	Note                                  []byte
	IdentityCommitment, ContactCommitment []byte
	Left                                  int // how many more corrections there may be; of an entry 0
}

// String hides everything in it, so that it is in no log.
func (EnterRequest) String() string { return "[entry]" }

// GoString hides everything in it, so that it is in no log.
func (EnterRequest) GoString() string { return "[entry]" }

// Enter takes one entry. When it returns a receipt, the entry is durable, in full and once. The same request again, at any time while the
// entry is kept, returns the same receipt; the same r with another body is refused while that can be told (until the response is mixed;
// from then on while the person differs). In a campaign with draws and proof none only the person is compared, from the beginning, and the same
// r with other answers gets the same receipt: whether a response is mixed must not be seen, since counting until it is would tell which entry
// was a duplicate, and so who has entered. After an error that is no *Error the outcome is unknown: send the same request again.
//
// Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT, CAMPAIGN_ENDED, CAMPAIGN_CLOSED, NOTICE_STALE, CONSENT_MISSING, RESPONSE_INVALID, ID_INVALID,
// FIELD_INVALID (also when several of these come together; Fields has them all), TOKEN_*, PERSON_ENTERED, ENTRY_DIFFERS, BUSY,
// STORAGE_UNAVAILABLE.
func (e *Engine) Enter(ctx context.Context, req EnterRequest) (Receipt, error) {
	if err := e.rightRooms(); err != nil {
		return Receipt{}, err
	}
	o, err := e.open(ctx, req.Campaign)
	if err != nil {
		return Receipt{}, err
	}
	id := store.EntrantID(draw.R(req.R).EntrantID(draw.Hash(o.open)))
	gate, err := e.recentGate(ctx, o)
	if err != nil {
		return Receipt{}, err
	}
	if gate.State != store.GateOpen || !e.Now().Before(gate.End) {
		return e.tooLate(ctx, o, &req, id, gate)
	}
	c, err := o.check(&req, e.Now())
	if err != nil {
		return e.unlessThere(ctx, o, &req, id, err)
	}
	defer c.wipe()
	entry, openings, err := e.sealEntry(ctx, o, id, &req, c)
	if err != nil {
		return e.unlessThere(ctx, o, &req, id, err)
	}
	// Whether this very entry is there already is asked by the commit, before it judges anything else.
	return e.commitEntry(ctx, o, gate, &req, c, entry, openings)
}

// sealEntry makes everything of an entry that does not depend on the epoch.
func (e *Engine) sealEntry(ctx context.Context, o *opened, id store.EntrantID, req *EnterRequest, c *checked) (store.Entry, seal.Openings, error) {
	entry := store.Entry{
		Campaign: o.id, ID: id, Day: e.Now().In(o.zone).Format(time.DateOnly),
		DuplicateCounts0: o.counts0(), Token: c.token, Consents: c.aboutPerson,
	}
	if !o.draws() {
		return entry, seal.Openings{}, nil
	}
	key, err := e.tagKey(ctx, o)
	if err != nil {
		return entry, seal.Openings{}, err
	}
	t := tagOf(key, &c.person)
	clear(key[:])
	openings := seal.NewOpenings(req.R, c.person.Identity, c.person.Contact)
	entry.Tag, entry.Person, entry.Stratum, entry.Chances = &t, openings.Person(), c.stratum, 1
	select {
	case e.enter.sealing <- struct{}{}:
		defer func() { <-e.enter.sealing }()
	case <-ctx.Done():
		return entry, openings, ctx.Err()
	}
	began := time.Now()
	entry.Lock, entry.Identity, entry.Contact, err = o.sealPerson(id, &c.person, openings)
	e.Meter.Sealed(time.Since(began))
	return entry, openings, err
}

// commitEntry seals the response under the gate's epoch and commits; a gate that moved in between is read and sealed for again.
func (e *Engine) commitEntry(ctx context.Context, o *opened, gate store.Gate, req *EnterRequest, c *checked, entry store.Entry, openings seal.Openings) (Receipt, error) {
	body := req.hash()
	wait, patience := firstPoll, time.NewTimer(maxMoving)
	defer patience.Stop()
	for {
		if entry.Epoch != gate.Epoch {
			err := e.sealUnder(o, gate.Epoch, body, c, &entry)
			if gone(err) { // mixed and destroyed: this gate is an old one
				old := gate.Epoch
				if gate, err = e.gate(ctx, o); err != nil {
					return Receipt{}, err
				}
				switch {
				case gate.Epoch < old:
					return Receipt{}, e.setBack()
				case gate.State != store.GateOpen:
					return e.tooLate(ctx, o, req, entry.ID, gate)
				case gate.Epoch == old:
					if err := e.Identity.Same(ctx); err != nil { // an older copy is at an epoch that is over
						return Receipt{}, e.fault(err)
					}
					return e.unlessThere(ctx, o, req, entry.ID, e.keyLost(o, epochKeyName(o.id, old), epochKeyUse(old)))
				}
				continue
			}
			if err != nil {
				return Receipt{}, e.fault(err)
			}
		}
		res, err := e.enter.commit(ctx, entry)
		if err != nil {
			return Receipt{}, e.fault(err)
		}
		o.remember(res.Gate)
		switch res.Outcome {
		case store.Entered, store.EnteredDuplicate:
			return e.receipt(o, entry.ID, res.Stratum, res.Chances, openings)
		case store.Exists: // two of the same at once
			return e.again(ctx, o, req, res.Present)
		case store.WrongEpoch:
			if res.Gate.Epoch < gate.Epoch { // which was seen before the commit began
				return Receipt{}, e.setBack()
			}
			gate = res.Gate
		case store.GateMoving:
			select {
			case <-time.After(wait/2 + rand.N(wait)):
				wait = min(2*wait, maxPoll)
			case <-patience.C:
				return Receipt{}, errQueue
			case <-ctx.Done():
				return Receipt{}, ctx.Err()
			}
			if gate, err = e.gate(ctx, o); err != nil {
				return Receipt{}, err
			}
		case store.GateShut:
			if res.Gate.State == 0 { // a room that does not have the campaign
				return Receipt{}, e.fault(store.ErrReplaced)
			}
			return Receipt{}, shut(res.Gate)
		default:
			return Receipt{}, refused(res.Outcome)
		}
	}
}

func (e *Engine) sealUnder(o *opened, epoch uint32, body [32]byte, c *checked, entry *store.Entry) error {
	key, err := e.Keys.Get(epochKeyName(o.id, epoch))
	if err != nil {
		return err
	}
	defer clear(key[:])
	at := seal.Place{Open: o.open, Epoch: epoch, ID: entry.ID}
	if o.survey != nil {
		if entry.Response, err = seal.SealResponse(key, at, c.response, o.survey.PaddedSize()); err != nil {
			return err
		}
	}
	if !o.hides() {
		entry.RetryMAC = seal.RetryMAC(key, at, body)
	}
	entry.Epoch = epoch
	return nil
}

// unlessThere refuses an entry for a cause that was found before the store was asked, unless it was acknowledged before, by the same request, or its
// campaign takes none any more, as a gate read a while ago cannot tell. A repeated entry is known before anything else is judged: its token is used and
// its person has entered, by itself.
func (e *Engine) unlessThere(ctx context.Context, o *opened, req *EnterRequest, id store.EntrantID, cause error) (Receipt, error) {
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	row, err := e.Identity.Entrant(ctx, o.id, id)
	if err == nil {
		return e.again(ctx, o, req, row)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return Receipt{}, e.fault(err)
	}
	gate, err := e.gate(ctx, o)
	if err != nil {
		return Receipt{}, err
	}
	if gate.State != store.GateOpen {
		return Receipt{}, shut(gate)
	}
	return Receipt{}, cause
}

// tooLate refuses an entry for a gate that is shut, unless the same request, sent twice at once, was acknowledged before entries ended.
func (e *Engine) tooLate(ctx context.Context, o *opened, req *EnterRequest, id store.EntrantID, seen store.Gate) (Receipt, error) {
	if err := e.enter.settle(ctx); err != nil {
		return Receipt{}, err
	}
	return e.unlessThere(ctx, o, req, id, shut(seen))
}

// again answers a request whose id is there already.
func (e *Engine) again(ctx context.Context, o *opened, req *EnterRequest, row store.Entrant) (Receipt, error) {
	differs := refuse(EntryDiffers, "this entry was sent before with other content: reload the page to begin a new one")
	if row.Zero != "" && erased(row) && !o.hides() { // its receipt would have to say chances 0
		return Receipt{}, refuse(EntryErased, "this entry was erased: reload the page to begin a new one")
	}
	if row.Zero == zeroSuperseded && !o.hides() {
		return Receipt{}, refuse(EntryCorrected, "this entry was corrected since: use the receipt of the correction")
	}
	if row.Zero == zeroExcluded && !o.hides() {
		return Receipt{}, errExcluded
	}
	if !o.hides() && !row.Mixed {
		key, err := e.Keys.Get(epochKeyName(o.id, row.Epoch))
		switch {
		case gone(err): // mixed a moment ago, or lost: the bodies cannot be told apart any more
		case err != nil:
			return Receipt{}, e.fault(err)
		default:
			mac := seal.RetryMAC(key, seal.Place{Open: o.open, Epoch: row.Epoch, ID: row.ID}, req.hash())
			clear(key[:])
			if !hmac.Equal(mac[:], row.RetryMAC[:]) {
				return Receipt{}, differs
			}
		}
	}
	if !o.draws() {
		return e.receipt(o, row.ID, 0, 0, seal.Openings{})
	}
	p, _ := entrant.Canonical(o.rules.Form, req.Identity, req.Contact, e.Now())
	defer p.Wipe()
	openings := seal.NewOpenings(req.R, p.Identity, p.Contact)
	if got := openings.Person(); !hmac.Equal(got[:], row.Person[:]) || o.rules.StrataBy == StrataByEntrant && req.Stratum != int(row.Stratum) {
		return Receipt{}, differs
	}
	return e.receipt(o, row.ID, row.Stratum, row.Chances, openings)
}

// receipt signs. The same entry gets the same bytes: a signature has no randomness in it, and with proof none chances are never said.
func (e *Engine) receipt(o *opened, id store.EntrantID, stratum, chances uint16, openings seal.Openings) (Receipt, error) {
	text := receipt.Receipt{Open: o.open, ID: id}
	r := Receipt{ID: id}
	if o.draws() {
		text.Person, text.Stratum = openings.Person(), stratum
		if !o.counts0() {
			text.Chances = chances
		}
		r.IdentityCommitment, r.ContactCommitment = openings.CI[:], openings.CC[:]
	}
	var err error
	r.Note, err = receipt.Sign(e.ReceiptSigner, text)
	return r, err
}

func (e *Engine) gate(ctx context.Context, o *opened) (store.Gate, error) {
	g, err := e.Identity.Gate(ctx, o.id)
	if errors.Is(err, store.ErrNotFound) { // opened a moment ago
		err = store.ErrUnavailable
	}
	if err == nil {
		o.remember(g)
	}
	return g, e.fault(err)
}

// recentGate is the gate as it was last seen. An entry sealed for an epoch that is over is refused by the commit, which names the right one, and
// so is one for a gate that was shut since.
func (e *Engine) recentGate(ctx context.Context, o *opened) (store.Gate, error) {
	if g := o.seen.Load(); g != nil {
		return *g, nil
	}
	return e.gate(ctx, o)
}

// remember keeps a gate for recentGate, unless it is an older one that comes late.
func (o *opened) remember(g store.Gate) {
	if g.State == 0 { // the store found no gate
		return
	}
	for {
		old := o.seen.Load()
		if old != nil && (*old == g || g.Epoch < old.Epoch || g.State < old.State) || o.seen.CompareAndSwap(old, &g) {
			return
		}
	}
}

func shut(g store.Gate) *Error {
	if g.State == store.GateClosed {
		return refuse(CampaignClosed, "the campaign is closed: it takes no more entries")
	}
	return refuse(CampaignEnded, "entries ended at %s: the campaign takes no more", g.End.UTC().Format(time.RFC3339))
}

func refused(o store.Outcome) error {
	switch o {
	case store.PersonEntered:
		return refuse(PersonEntered, "this person has entered already: one entry each")
	case store.TokenUnknown:
		return tokenRefused(TokenUnknown, "this code is not known here: compare it with your letter")
	case store.TokenUsed:
		return tokenRefused(TokenUsed, "this code was used already")
	case store.TokenExpired:
		return tokenRefused(TokenExpired, "this code has expired: ask for a new one")
	case store.TokenRevoked:
		return tokenRefused(TokenRevoked, "this code was withdrawn, or tried for too many persons who had entered already: ask for a new one")
	}
	return fmt.Errorf("enter: the store answered outcome %d", o)
}

func tokenRefused(reason Reason, text string) *Error {
	return &Error{Reason: reason, Text: text, Fields: []Field{{"token", "refused", text}}}
}

// hash is SHA-256 of the request as it was sent: every field with its length, so that no two requests are one. The order of consents has no meaning.
func (r *EnterRequest) hash() [32]byte {
	h := sha256.New()
	put := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	list := func(present bool, values ...string) {
		if !present {
			h.Write([]byte{0})
			return
		}
		h.Write(binary.BigEndian.AppendUint32([]byte{1}, uint32(len(values))))
		for _, v := range values {
			put([]byte(v))
		}
	}
	h.Write([]byte("fairlot/v1 entry\n"))
	put(r.Campaign[:])
	put(r.R[:])
	put(r.NoticeHash[:])
	list(true, slices.Sorted(slices.Values(r.Consents))...)
	if i := r.Identity; i != nil {
		list(true, i.Name, i.IDType, i.IDNumber, i.Birth, i.Card, i.Guardian)
	} else {
		list(false)
	}
	if c := r.Contact; c != nil {
		list(true, c.Lang, c.Phone, c.Email, c.Address)
	} else {
		list(false)
	}
	put([]byte(r.Token))
	put(r.Response)
	put(r.AnswerSecretHash)
	if r.Stratum != 0 { // an entry without one keeps the hash that it had before there were strata
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(r.Stratum)))
	}
	return [32]byte(h.Sum(nil))
}
