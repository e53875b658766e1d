package engine

import (
	"context"
	"fmt"
	"time"

	"fairlot/draw"
	"fairlot/store"
)

// amendMost is how much later than the round in force an amend may have a draw: entrants wait for it, and what is sealed about them is kept for as much longer.
const amendMost = 90 * day

// amending is an amend that the log holds, and what it is worth now (SPEC section 7).
type amending struct {
	round    uint64
	counts   bool
	missed   bool      // it does not count, and cosignatures made from now on cannot change that
	deadline time.Time // for cosignatures
	by       []string  // whose cosignatures count, by the policy's names
}

// waits tells whether custodians can still make an amend count.
func (a *amending) waits() bool { return a != nil && !a.counts && !a.missed }

func isAmend(r draw.Record) bool { return r.Kind() == "amend" }

// inForce puts the round in force in the place of the one that the open record states.
func (e *Engine) inForce(ctx context.Context, d *drawing) error {
	ev, err := e.evidence(ctx, d, isAmend)
	if err == nil {
		ev.inForce(d, e.Now())
	}
	return err
}

// inForce is what Engine.inForce does. Of two amends that wait the first is the one that d names.
func (ev *evidence) inForce(d *drawing, now time.Time) {
	d.rules.Round, d.amend = d.stated, nil
	for _, l := range ev.records {
		a, ok := l.record.(*draw.Amend)
		if !ok {
			continue
		}
		x := &amending{round: a.Round, deadline: d.rules.Deadline(d.rules.Round)}
		met, by := ev.policy.InTime(ev.checkpoints, l.index, x.deadline.Unix())
		later := a.Round > d.rules.Round
		x.by, x.counts, x.missed = by, met && later, !later || !met && now.Unix() > x.deadline.Unix()
		if x.counts {
			d.rules.Round = a.Round
		}
		if !d.amend.waits() {
			d.amend = x
		}
	}
}

// RequestAmend asks for draw n to be held later, at the first round of its chain at or after a time, which another person must approve. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND,
// FIELD_INVALID for a time that is not later than the round in force, over 90 days later, or after a draw with a greater number, DRAW_STATE (there is a result, a void that counts or can, an
// amend that waits for custodians, or one to another round that waits for its second person), TOO_LATE, TOO_EARLY (the clock jumped).
func (e *Engine) RequestAmend(ctx context.Context, by Actor, id store.CampaignID, n int, at time.Time) (Approval, error) {
	d, err := e.drawing(ctx, id, n)
	if err != nil {
		return Approval{}, err
	}
	round := d.chain.RoundAt(at)
	a := store.Approval{Kind: ApproveAmend, Campaign: id, Draw: n}
	e.askMu.Lock()
	defer e.askMu.Unlock()
	all, err := e.unfinished(ctx)
	if err != nil {
		return Approval{}, err
	}
	if a.Act, err = e.amendAct(ctx, id, n, round); err != nil {
		return Approval{}, err
	}
	if other := e.askedOther(ctx, all, a, "round"); other != nil {
		return Approval{}, refuse(DrawState, "somebody asked already for draw %d to be held at %s: approve that (%x), or withdraw it first", n, actValue(other.Act, "to"), other.ID[:])
	}
	return e.requestAmong(ctx, by, a, all)
}

// askedOther finds among what is unfinished an approval about the same draw that differs from a in what its act says under a key: whoever approves one would not see the other.
func (e *Engine) askedOther(ctx context.Context, all []Approval, a store.Approval, key string) *Approval {
	for _, x := range all {
		if x.Kind == a.Kind && x.Campaign == a.Campaign && x.Draw == a.Draw && !x.Expired && actValue(x.Act, key) != actValue(a.Act, key) && e.stand(ctx, x.Requester) == nil {
			return &x
		}
	}
	return nil
}

func (e *Engine) amendNow(ctx context.Context, a store.Approval) ([]byte, error) {
	return e.amendAct(ctx, a.Campaign, a.Draw, roundOf(a))
}

// roundOf is the round that an amend asks for.
func roundOf(a store.Approval) (round uint64) {
	fmt.Sscan(actValue(a.Act, "round"), &round)
	return round
}

// amendAct is the text of an amend that could be logged now.
func (e *Engine) amendAct(ctx context.Context, id store.CampaignID, n int, round uint64) ([]byte, error) {
	d, err := e.drawing(ctx, id, n)
	if err != nil {
		return nil, err
	}
	if err := e.mayAmend(ctx, d, round); err != nil {
		return nil, err
	}
	record, err := amendRecord(d, round)
	if err != nil {
		return nil, err
	}
	return actText(ApproveAmend, d.campaign, fmt.Sprintf("draw %d", n), "from "+d.due().UTC().Format(time.RFC3339), "to "+d.chain.Time(round).UTC().Format(time.RFC3339),
		"log-by "+d.logBy().UTC().Format(time.RFC3339), "round "+uintText(round), "record "+draw.HashOf(record).String()), nil
}

func amendRecord(d *drawing, round uint64) ([]byte, error) {
	return (&draw.Amend{Open: d.openHash, Draw: d.row.N, Round: round}).Marshal()
}

// mayAmend refuses an amend that would change nothing, could not be cosigned in time, or has entrants wait too long.
func (e *Engine) mayAmend(ctx context.Context, d *drawing, round uint64) error {
	settled, v, err := e.settled(ctx, d)
	if err != nil {
		return err
	}
	n := d.row.N
	text := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case settled && v == nil:
		return refuse(DrawState, "draw %d has its result, which nothing unmakes", n)
	case settled:
		return refuse(DrawState, "draw %d is void (%s): it is not held at any time", n, v.reason)
	case v != nil && !v.missed:
		return refuse(DrawState, "draw %d is declared void (%s), which custodians can still confirm: it is not put off beside that", n, v.reason)
	case d.amend.waits():
		return refuse(DrawState, "the log says already that draw %d is put off to %s: custodians have to cosign that before %s; then it can be put off again", n, text(d.chain.Time(d.amend.round)), text(d.amend.deadline))
	}
	if e.jumped.Load() {
		return errJumped("no draw is put off")
	}
	if e.Now().After(d.logBy()) {
		return refuse(TooLate, "putting draw %d off had to be logged by %s, so that custodians could cosign it before %s: it is held at its round, due at %s",
			n, text(d.logBy()), text(d.rules.Deadline(d.rules.Round)), text(d.due()))
	}
	return e.fitsIn(ctx, d, round)
}

// fitsIn refuses a round that is not later than the one in force, much later, or after a draw with a greater number: draws are held in the order of their numbers.
func (e *Engine) fitsIn(ctx context.Context, d *drawing, round uint64) error {
	wrong := func(problem, form string, args ...any) error {
		text := fmt.Sprintf(form, args...)
		return &Error{Reason: FieldInvalid, Text: text, Fields: []Field{{"draw_time", problem, text}}}
	}
	due, at := d.due().UTC(), d.chain.Time(round).UTC()
	if round <= d.rules.Round {
		return wrong("order", "draw %d is due at %s, and can only be put off to a later round", d.row.N, due.Format(time.RFC3339))
	}
	if round > draw.MaxRound || at.Sub(due) > amendMost {
		return wrong("too-far", "draw %d is due at %s, and can be put off by %d days at most at a time: entrants wait, and what is sealed about them is kept for as much longer",
			d.row.N, due.Format(time.RFC3339), int(amendMost/day))
	}
	all, err := e.drawings(ctx, d.campaign.ID)
	if err != nil {
		return err
	}
	for _, x := range all[d.row.N:] {
		settled, _, err := e.settled(ctx, x)
		if err != nil {
			return err
		}
		last := x.rules.Round
		if x.amend.waits() && !x.amend.deadline.Before(d.rules.Deadline(d.rules.Round)) { // it is logged first: whoever confirms the amend of d confirms it too
			last = max(last, x.amend.round)
		}
		if end := x.rules.Deadline(last).Add(-settleRoom); x.rules.EarlierWinnersOut && !settled && at.After(end) {
			return wrong("order", "draw %d leaves out who wins this one, and its list must be closed and cosigned after that: put draw %[1]d off first, or this one to %s at the latest", x.row.N, end.UTC().Format(time.RFC3339))
		}
		if end := x.chain.Time(last); !settled && at.After(end) {
			return wrong("order", "draw %d is due at %s, and draws are held in the order of their numbers: put that one off first", x.row.N, end.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

func (e *Engine) doAmend(ctx context.Context, a store.Approval) error {
	round := roundOf(a)
	return e.logDecided(ctx, a, "amend chosen", func(d *drawing) ([]byte, error) { return amendRecord(d, round) },
		func(ctx context.Context, d *drawing) error { return e.mayAmend(ctx, d, round) })
}
