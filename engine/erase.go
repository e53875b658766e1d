package engine

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"fairlot/crypto/custody"
	"fairlot/draw"
	"fairlot/store"
)

const (
	dropPage = 1000 // entrants at a time: other campaigns' entries come in between
	day      = 24 * time.Hour
	tellDays = 7 // within which a winner is to be told where the rules know no claim period
)

// whatErased are the codes of the erased record.
var whatErased = []string{"case-entrants", "consents-of-persons", "envelopes", "locks", "notices", "releases"}

// whatErasedButHeld are those of the record that says that the timetable was kept for everybody but who is held.
var whatErasedButHeld = []string{"consents-but-held", "envelopes-but-held", "locks-but-held"}

// held are the entrants of a campaign whom orders hold, ascending, when the first of these holds ends, and whom orders held that are over.
func (e *Engine) held(ctx context.Context, campaign store.CampaignID) (ids []store.EntrantID, until time.Time, before []store.EntrantID, err error) {
	for after, more := ([16]byte{}), true; more; {
		page, err := e.Cases(ctx, true, after, recordPage)
		if err != nil {
			return nil, until, nil, err
		}
		for _, c := range page {
			after = c.ID
			if c.Campaign != campaign || !c.Hold || !c.Approved() {
				continue
			}
			if c, err = e.Case(ctx, c.ID); err != nil {
				return nil, until, nil, err
			}
			if c.Count != len(c.Entrants) && c.holds(e.Now()) { // the identity room is of before the case
				return nil, until, nil, refuse(CaseState, "case %x holds entrants of whom this copy of the rooms does not know who they are: nothing of the campaign is erased until %d days after it is closed, or until it expires, and another one holds them", c.ID[:], custody.HoldOutlasts)
			}
			if !c.holds(e.Now()) {
				before = append(before, c.Entrants...)
				continue
			}
			ids = append(ids, c.Entrants...)
			if end := c.holdEnds(); until.IsZero() || end.Before(until) {
				until = end
			}
		}
		more = len(page) == recordPage
	}
	slices.SortFunc(ids, func(a, b store.EntrantID) int { return bytes.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	before = slices.DeleteFunc(before, func(id store.EntrantID) bool { return slices.Contains(ids, id) })
	return ids, until, before, nil
}

// heldUntil is when there is something to erase: at the time of the timetable; once all others are erased, when a hold ends.
func (e *Engine) heldUntil(ctx context.Context, o *opened, at time.Time) (time.Time, error) {
	if e.Now().Before(at) {
		return at, nil
	}
	ids, until, before, err := e.held(ctx, o.id)
	var own *Error
	if errors.As(err, &own) {
		return at, nil // erase says why it does nothing
	}
	if err != nil || len(ids) == 0 {
		return at, err
	}
	if done, err := e.erasedButHeld(ctx, draw.Hash(o.open)); err != nil || !done {
		return at, err
	}
	for _, id := range before {
		if _, err := e.Identity.Sealed(ctx, o.id, []store.EntrantID{id}); err == nil || !errors.Is(err, store.ErrNotFound) {
			return at, err
		}
	}
	return until, nil
}

// erasedButHeld tells whether the timetable was kept for everybody but who is held.
func (e *Engine) erasedButHeld(ctx context.Context, open draw.Hash) (bool, error) {
	records, err := e.loggedAbout(ctx, open, 0)
	return slices.ContainsFunc(records, saysErasedButHeld), err
}

func saysErasedButHeld(l logged) bool {
	had, ok := l.record.(*draw.Erased)
	return ok && slices.Equal(had.What, whatErasedButHeld)
}

// eraseAt is when the timetable of the rules destroys what is sealed: the days of retention after the last claim period. A claim period
// begins with the round, or later with the last thing that was done about a notice; so an alternate who was called late has it in full. As no second person and no record
// stands behind a notice, the log bounds that: a seat's period begins one period after the seat was given at the latest, and each replacement gives one, a period after
// the one before was over. Nobody claims anything of a void draw: it counts from its round, or from when its beacon could be called dead.
func (e *Engine) eraseAt(ctx context.Context, o *opened, drawings []*drawing) (time.Time, error) {
	var last time.Time
	for _, d := range drawings {
		_, v, err := e.settled(ctx, d)
		if err != nil {
			return last, err
		}
		if v != nil && v.counts {
			over := d.due()
			if v.reason == draw.ReasonBeaconDead {
				over = d.dead()
			}
			if over.After(last) {
				last = over
			}
			continue
		}
		began := d.due()
		notices, err := e.Identity.Notifications(ctx, o.id, d.row.N)
		if err != nil {
			return last, err
		}
		for _, n := range notices {
			if n.Updated.After(began) {
				began = n.Updated
			}
		}
		latest, err := e.latestClaim(ctx, d)
		if err != nil {
			return last, err
		}
		if began.After(latest) {
			began = latest
		}
		if end := began.Add(time.Duration(d.rules.ClaimDays) * day); end.After(last) {
			last = end
		}
	}
	return last.Add(time.Duration(o.rules.Retention) * day), nil
}

// latestClaim is when the claim period of a seat of d begins at the latest, by its round and its replacements in the log alone.
func (e *Engine) latestClaim(ctx context.Context, d *drawing) (time.Time, error) {
	records, err := e.loggedAbout(ctx, d.openHash, d.row.N)
	if err != nil {
		return time.Time{}, err
	}
	period := time.Duration(d.rules.ClaimDays) * day
	if period == 0 {
		period = tellDays * day
	}
	latest := d.due().Add(period)
	for _, l := range records {
		if _, ok := l.record.(*draw.Replace); ok {
			latest = latest.Add(2 * period)
		}
	}
	return latest, nil
}

// erase destroys locks, envelopes and consents of all entrants of a campaign, and its releases and notices, and logs that. The entry list
// stays, as the draw cannot be checked without it; so do statistics and mixed responses. While an order holds somebody, theirs stay, releases and notices, which hold
// no personal data, stay for them, the log says that all others are erased, and the campaign is closed still. Each step may be repeated. Reasons: DRAW_STATE, TOO_EARLY, STORAGE_UNAVAILABLE.
func (e *Engine) erase(ctx context.Context, id store.CampaignID) error {
	e.seatMu.Lock() // no release is being prepared
	defer e.seatMu.Unlock()
	o, err := e.open(ctx, id)
	if err != nil {
		return err
	}
	drawings, err := e.drawings(ctx, id)
	if err != nil {
		return err
	}
	c, err := e.Registry.Campaign(ctx, id)
	if err != nil || c.State == store.Erased {
		return err
	}
	for _, d := range drawings {
		settled, _, err := e.settled(ctx, d)
		if err != nil {
			return err
		}
		if c.State != store.Closed || !settled {
			return refuse(DrawState, "draw %d has no result yet: nothing is erased before", d.row.N)
		}
	}
	at, err := e.eraseAt(ctx, o, drawings)
	if err != nil {
		return err
	}
	if wait := at.Sub(e.Now()); wait > 0 || o.rules.Retention == 0 || !o.draws() {
		return &Error{Reason: TooEarly, Retry: wait, Text: "the rules keep envelopes until " + at.Format(time.RFC3339)}
	}
	held, _, _, err := e.held(ctx, id)
	if err != nil {
		return err
	}
	e.step("held found")
	if err := e.dropSealed(ctx, id, held); err != nil {
		return err
	}
	if len(held) > 0 {
		return e.logErasedButHeld(ctx, draw.Hash(o.open))
	}
	record, err := (&draw.Erased{Open: draw.Hash(o.open), What: whatErased, By: "operator"}).Marshal()
	if err != nil {
		return err
	}
	err = e.appendRecord(ctx, record, store.Transition{Campaign: id, From: store.Closed, To: store.Erased})
	if errors.Is(err, store.ErrConflict) { // erased meanwhile
		return nil
	}
	e.step("erased")
	return err
}

// dropSealed destroys what is sealed of everybody whom keep does not have. Again it finds nothing.
func (e *Engine) dropSealed(ctx context.Context, id store.CampaignID, keep []store.EntrantID) error {
	for {
		done, err := e.Identity.DropSealed(ctx, id, keep, dropPage)
		if err != nil {
			return err
		}
		e.step("sealed dropped")
		if done {
			break
		}
	}
	if err := e.Identity.Scrub(ctx); err != nil {
		return err
	}
	e.step("scrubbed")
	return nil
}

// dropAgain destroys what a copy of the identity room brought back of a campaign whose timetable was kept. Of orders that hold somebody the copy may know
// nothing: then it waits until the hold ends, and says so. logMu is held, and the tree is read.
func (e *Engine) dropAgain(ctx context.Context, c store.Campaign) error {
	var keep []store.EntrantID
	if c.State != store.Erased {
		o, err := e.open(ctx, c.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(e.about[aboutKey{draw.Hash(o.open), 0}], saysErasedButHeld) {
			return nil
		}
		var own *Error
		if keep, _, _, err = e.held(ctx, c.ID); err != nil && !errors.As(err, &own) {
			return err
		}
		if len(keep) == 0 {
			e.Log.Warn("a copy brought back who was erased; the order that holds others of them is not in it: nobody is erased again before it ends", "campaign", hexID(c.ID))
			return nil
		}
	}
	return e.dropSealed(ctx, c.ID, keep)
}

// logErasedButHeld logs once a campaign that all but held entrants are erased. Again is nil.
func (e *Engine) logErasedButHeld(ctx context.Context, open draw.Hash) error {
	record, err := (&draw.Erased{Open: open, What: whatErasedButHeld, By: "operator"}).Marshal()
	if err != nil {
		return err
	}
	for {
		_, size, err := e.loggedUpTo(ctx, open, 0)
		if err != nil {
			return err
		}
		if done, err := e.erasedButHeld(ctx, open); err != nil || done {
			return err
		}
		if err := e.appendAfter(ctx, size, record); !errors.Is(err, errLogMoved) {
			return err
		}
	}
}
