package engine

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"fairlot/draw"
	"fairlot/store"
)

func hexID(id store.CampaignID) string { return hex.EncodeToString(id[:]) }

// CloseCampaign freezes the entry list once objections have ended: entries are shut, the last responses mixed, statistics made, who is on the exclusion list loses the chances, the close
// record of every draw logged that takes earlier winners in, and tags, tag key and (without draws) entrants destroyed. Each step may be repeated; an interrupted
// closing is carried on by the next call, and by Run. Closing twice returns the closed campaign, and closes the draws whose earlier ones are settled meanwhile (earlier.go). Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT,
// CAMPAIGN_CLOSED (erased), TOO_EARLY, STORAGE_UNAVAILABLE.
func (e *Engine) CloseCampaign(ctx context.Context, id store.CampaignID) (Campaign, error) {
	o, err := e.open(ctx, id)
	if err != nil {
		return Campaign{}, err
	}
	if now := e.Now(); now.Before(o.rules.ObjectionsEnd) {
		return Campaign{}, &Error{
			Reason: TooEarly, Retry: o.rules.ObjectionsEnd.Sub(now),
			Text: fmt.Sprintf("entries and objections end at %s: close after that", o.rules.ObjectionsEnd.UTC().Format(time.RFC3339)),
		}
	}
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return Campaign{}, err
	}
	defer done()
	if err := o.lock(ctx); err != nil {
		return Campaign{}, err
	}
	defer o.unlock()
	c, err := e.Registry.Campaign(ctx, id)
	if err != nil {
		return Campaign{}, e.fault(err)
	}
	switch c.State {
	case store.Erased:
		return Campaign{}, refuse(CampaignClosed, "the campaign is erased")
	case store.Closed:
		err = e.finish(ctx, o)
	default:
		if _, err = e.gateOf(ctx, o, c); err == nil {
			err = e.closeLocked(ctx, o)
		}
	}
	if err == nil {
		err = e.closeReady(ctx, o)
	}
	if err != nil {
		return Campaign{}, e.fault(err)
	}
	if c, err = e.Registry.Campaign(ctx, id); err != nil {
		return Campaign{}, e.fault(err)
	}
	return e.view(c)
}

// closeLocked carries the closing from wherever it stands to its end. That objections have ended was decided before. The caller holds o's lock.
func (e *Engine) closeLocked(ctx context.Context, o *opened) (err error) {
	ctx, end := e.Meter.Work(ctx, "close campaign")
	defer func() { end(err) }()
	gate, err := e.Identity.Gate(ctx, o.id)
	if err != nil {
		return err
	}
	if gate, err = e.end(ctx, o, gate); err != nil {
		return err
	}
	if gate.State == store.GateEnded {
		if gate, err = e.moveGate(ctx, gate, store.GateClosed, gate.Epoch); err != nil {
			return err
		}
	}
	if err := e.mix(ctx, o, gate, true); err != nil {
		return err
	}
	e.noteWaiting(o.id, 0)
	// Whoever meant to move on and was cut off left a key that nothing is sealed under.
	if gate.Epoch < lastEpoch {
		if err := e.Keys.Destroy(epochKeyName(o.id, gate.Epoch+1)); err != nil {
			return err
		}
	}
	c, err := e.Registry.Campaign(ctx, o.id)
	if err != nil {
		return err
	}
	if o.survey != nil && len(c.Tallies) == 0 {
		if err := e.Answers.Rewrite(ctx, o.id); err != nil {
			return err
		}
		e.step("rewritten")
		if err := e.tallyAll(ctx, o); err != nil {
			return err
		}
		e.step("tallied")
	}
	if o.draws() {
		if err := e.closeDraws(ctx, o); err != nil {
			return err
		}
	}
	return e.finish(ctx, o)
}

// closeDraws logs the close record of each draw that need not wait for another; the last one closes the campaign in the same transaction.
func (e *Engine) closeDraws(ctx context.Context, o *opened) error {
	draws, err := e.Registry.Draws(ctx, o.id)
	if err != nil {
		return err
	}
	draws = slices.DeleteFunc(draws, func(d store.Draw) bool { return o.rules.Draws[d.N-1].EarlierWinnersOut })
	last := draws[len(draws)-1].N // the first draw never waits
	if !slices.ContainsFunc(draws, func(d store.Draw) bool { return d.State == store.DrawPending }) {
		return nil
	}
	if err := e.exclude(ctx, o); err != nil {
		return err
	}
	e.step("excluded")
	counts, err := e.Identity.Counts(ctx, o.id)
	if err != nil {
		return err
	}
	root, err := e.entryRoot(ctx, o, counts.Entrants)
	if err != nil {
		return err
	}
	e.step("counted")
	for _, d := range draws {
		if d.State != store.DrawPending {
			continue
		}
		record, err := closeRecord(draw.Hash(o.open), d.N, counts, root).Marshal()
		if err != nil {
			return err
		}
		t := store.Transition{
			Campaign: o.id, Draw: d.N, DrawFrom: store.DrawPending, DrawTo: store.DrawClosed, Entrants: counts.Entrants, Close: record,
		}
		if d.N == last {
			t.From, t.To = store.Ended, store.Closed
		}
		if err := e.appendRecord(ctx, record, t); err != nil {
			return err
		}
		e.step("draw closed")
		if err := e.sayLate(ctx, o, d.N); err != nil {
			return err
		}
	}
	return nil
}

// sayLate says of a draw that was just closed after its deadline what nobody can mend: no cosignature made from now on counts.
func (e *Engine) sayLate(ctx context.Context, o *opened, n int) error {
	d, err := e.drawing(ctx, o.id, n)
	if err != nil {
		return err
	}
	if deadline := d.rules.Deadline(d.rules.Round); e.Now().Unix() > deadline.Unix() { // cosignatures tell whole seconds, and one of that very second counts
		e.Log.Warn("closed after the deadline for cosignatures: the draw is held at its round, and can never be confirmed from outside; tell the public", "campaign", o.slug, "draw", n,
			"deadline", deadline.UTC().Format(time.RFC3339), "round due", d.due().UTC().Format(time.RFC3339))
	}
	return nil
}

func closeRecord(open draw.Hash, n int, counts store.Counts, root draw.Root) *draw.Close {
	c := &draw.Close{Open: open, Draw: n, Entrants: counts.Entrants, Root: root}
	for _, reason := range draw.ZeroReasons() {
		if z := counts.Zero[reason]; z > 0 {
			c.Zero = append(c.Zero, draw.Zero{Reason: reason, Count: z})
		}
	}
	for _, day := range slices.Sorted(maps.Keys(counts.Days)) {
		c.Days = append(c.Days, draw.Day{Date: day, Count: counts.Days[day]})
	}
	return c
}

// entryRoot is the root of the entry list, in memory that does not grow with it.
func (e *Engine) entryRoot(ctx context.Context, o *opened, want int64) (draw.Root, error) {
	var tree draw.Tree
	var n int64
	err := leafReader{ctx: ctx, room: e.Identity, campaign: o.id}.Each(func(l draw.Leaf) error {
		leaf := l.Bytes()
		tree.Add(leaf[:])
		n++
		return nil
	})
	if err != nil {
		return draw.Root{}, err
	}
	if n != want {
		return draw.Root{}, fmt.Errorf("close campaign %x: %d leaves, but %d entrants were counted", o.id[:], n, want)
	}
	return tree.Root(), nil
}

// finish destroys what nobody needs after the close. The tag key goes last, and while it is there this is not done; a tag key that was lost
// before is made anew, to stand for that. A campaign without draws is not closed before. The caller holds o's lock.
func (e *Engine) finish(ctx context.Context, o *opened) error {
	if !o.draws() {
		c, err := e.Registry.Campaign(ctx, o.id)
		if err != nil || c.State != store.Ended {
			return err
		}
		if err := e.Identity.DropEntrants(ctx, o.id); err != nil {
			return err
		}
		e.step("entrants dropped")
		if err := e.Identity.Scrub(ctx); err != nil {
			return err
		}
		e.step("scrubbed")
		return e.Registry.SetCampaignState(ctx, o.id, store.Ended, store.Closed)
	}
	if _, err := e.Keys.Get(tagKeyName(o.id)); errors.Is(err, fs.ErrNotExist) {
		if dropped, err := e.Identity.TagsDropped(ctx, o.id); err != nil || dropped {
			return err
		}
		if _, err := e.Keys.Create(tagKeyName(o.id)); err != nil {
			return err
		}
		e.step("tag key made anew")
	}
	if err := e.Identity.DropTags(ctx, o.id); err != nil {
		return err
	}
	e.step("tags dropped")
	if err := e.Identity.Scrub(ctx); err != nil {
		return err
	}
	e.step("scrubbed")
	if err := e.Keys.Destroy(tagKeyName(o.id)); err != nil {
		return err
	}
	e.step("tag key destroyed")
	return nil
}
