package engine

import (
	"context"
	"errors"
	"time"

	"fairlot/draw"
	"fairlot/store"
)

const (
	dropPage = 1000 // entrants at a time: other campaigns' entries come in between
	day      = 24 * time.Hour
)

// whatErased are the codes of the erased record.
var whatErased = []string{"case-entrants", "consents-of-persons", "envelopes", "locks", "notices", "releases"}

// eraseAt is when the timetable of the rules destroys what is sealed: the days of retention after the last claim period. A claim period
// begins with the round, or later with the last thing that was done about a notice; so an alternate who was called late has it in full. Nobody claims
// anything of a void draw: it counts from its round, or from when its beacon could be called dead.
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
		if end := began.Add(time.Duration(d.rules.ClaimDays) * day); end.After(last) {
			last = end
		}
	}
	return last.Add(time.Duration(o.rules.Retention) * day), nil
}

// erase destroys locks, envelopes and consents of all entrants of a campaign, and its releases and notices, and logs that. The entry list
// stays, as the draw cannot be checked without it; so do statistics and mixed responses. Each step may be repeated. Reasons: DRAW_STATE, TOO_EARLY, STORAGE_UNAVAILABLE.
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
	for done := false; !done; {
		if done, err = e.Identity.DropSealed(ctx, id, dropPage); err != nil {
			return err
		}
		e.step("sealed dropped")
	}
	if err := e.Identity.Scrub(ctx); err != nil {
		return err
	}
	e.step("scrubbed")
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
