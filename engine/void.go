package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/store"
)

// VoidReasons are the codes for which this server logs a void; SPEC takes any.
var VoidReasons = []string{"cancelled", "rules-broken", "list-wrong", "ordered", "keys-lost", draw.ReasonBeaconDead}

// leadMost bounds how long before the deadline a void or an amend must be logged at the latest, so that custodians can still cosign it: as long as the margin
// of the draw, which is the time that its rules leave them.
const leadMost = time.Hour

// voiding is a void that the log holds, and what it is worth now (SPEC section 7).
type voiding struct {
	reason   string
	index    int64
	counts   bool
	inTime   bool      // it counts by cosignatures from before the deadline, and nothing refutes it
	missed   bool      // it does not count, and cosignatures made from now on cannot change that
	refuted  bool      // it is missed since it calls a beacon dead of whose round a result in the log has the signature
	deadline time.Time // for cosignatures; zero: none
	by       []string  // whose cosignatures count, by the policy's names
}

// logBy is until when an amend, or a void that needs no dead beacon, can be logged.
func (d *drawing) logBy() time.Time {
	margin := time.Duration(d.rules.Margin) * time.Second
	return d.rules.Deadline(d.rules.Round).Add(-min(margin, leadMost))
}

// due is when the draw's round is.
func (d *drawing) due() time.Time { return d.chain.Time(d.rules.Round) }

// dead is from when on the draw may be void as beacon-dead.
func (d *drawing) dead() time.Time { return d.rules.DeadAt(d.rules.Round) }

// voided returns the void of a draw: the one that counts, else one that still can, else the last one; nil if the log holds none. What it says of a drawn
// draw is of no effect.
func (e *Engine) voided(ctx context.Context, d *drawing) (*voiding, error) {
	ev, err := e.evidence(ctx, d, isVoid)
	if err != nil {
		return nil, err
	}
	return e.worth(ev, d), nil
}

// worth is what ev.voided says, unless the log refutes it: any result in it, of whichever campaign, may have the round that a void calls dead.
func (e *Engine) worth(ev *evidence, d *drawing) *voiding {
	v := ev.voided(d, e.Now())
	if v != nil && v.counts && !v.inTime && d.row.State != store.DrawDrawn {
		if _, known := e.loggedRound(d.chain, d.rules.Round); known {
			v.counts, v.missed, v.refuted = false, true, true
		}
	}
	return v
}

func isVoid(r draw.Record) bool { return r.Kind() == "void" }

func (ev *evidence) voided(d *drawing, now time.Time) (v *voiding) {
	for _, l := range ev.records {
		void, ok := l.record.(*draw.Void)
		if !ok {
			continue
		}
		x := &voiding{reason: void.Reason, index: l.index, deadline: d.rules.Deadline(d.rules.Round)}
		x.counts, x.by = ev.policy.InTime(ev.checkpoints, l.index, x.deadline.Unix())
		x.inTime, x.missed = x.counts, !x.counts && now.Unix() > x.deadline.Unix()
		if void.Reason == draw.ReasonBeaconDead && !x.counts { // a signature of the round refutes it: then the draw is drawn
			x.counts, x.by = ev.policy.Since(ev.checkpoints, l.index, d.dead().Unix())
			x.missed, x.deadline = false, time.Time{}
		}
		if v == nil || x.inTime && !v.inTime || x.counts && !v.counts || v.missed && !v.counts {
			v = x
		}
	}
	return v
}

// settled tells whether nothing is awaited of a draw any more: it is drawn, or void.
func (e *Engine) settled(ctx context.Context, d *drawing) (bool, *voiding, error) {
	if d.row.State == store.DrawDrawn {
		return true, nil, nil
	}
	v, err := e.voided(ctx, d)
	return v != nil && v.counts, v, err
}

// RequestVoid asks for draw n to end without a result, which another person must approve. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND, FIELD_INVALID for another reason
// than VoidReasons, DRAW_STATE (there is a result, a void, one that waits for its second person with another reason, or for beacon-dead the round), TOO_LATE, TOO_EARLY (the
// clock jumped, or for beacon-dead its days are not over or a relay says that the round may still come).
func (e *Engine) RequestVoid(ctx context.Context, by Actor, id store.CampaignID, n int, reason string) (Approval, error) {
	a := store.Approval{Kind: ApproveVoid, Campaign: id, Draw: n}
	var err error
	if a.Act, err = e.voidAct(ctx, id, n, reason); err != nil { // may ask relays, which nobody else has to wait for
		return Approval{}, err
	}
	e.askMu.Lock()
	defer e.askMu.Unlock()
	all, err := e.unfinished(ctx)
	if err != nil {
		return Approval{}, err
	}
	if other := e.askedOther(ctx, all, a, "reason"); other != nil {
		return Approval{}, refuse(DrawState, "somebody asked already for draw %d to be void (%s): approve that (%x), or withdraw it first", n, actValue(other.Act, "reason"), other.ID[:])
	}
	return e.requestAmong(ctx, by, a, all)
}

func (e *Engine) voidNow(ctx context.Context, a store.Approval) ([]byte, error) {
	return e.voidAct(ctx, a.Campaign, a.Draw, actValue(a.Act, "reason"))
}

// voidAct is the text of a void that could be logged now.
func (e *Engine) voidAct(ctx context.Context, id store.CampaignID, n int, reason string) ([]byte, error) {
	if !slices.Contains(VoidReasons, reason) {
		const text = "this is no reason to void a draw"
		return nil, &Error{Reason: FieldInvalid, Text: text, Fields: []Field{{"reason", "unknown", text}}}
	}
	d, err := e.drawing(ctx, id, n)
	if err != nil {
		return nil, err
	}
	if err := e.mayVoid(ctx, d, reason); err != nil {
		return nil, err
	}
	record, err := voidRecord(d, reason)
	if err != nil {
		return nil, err
	}
	lines := []string{fmt.Sprintf("draw %d", n), "reason " + reason}
	if reason != draw.ReasonBeaconDead {
		lines = append(lines, "log-by "+d.logBy().UTC().Format(time.RFC3339))
	}
	return actText(ApproveVoid, d.campaign, append(lines, "round "+uintText(d.rules.Round), "record "+draw.HashOf(record).String())...), nil
}

func voidRecord(d *drawing, reason string) ([]byte, error) {
	return (&draw.Void{Open: d.openHash, Draw: d.row.N, Reason: reason}).Marshal()
}

// mayVoid refuses a void that would not be true, or could not be cosigned in time.
func (e *Engine) mayVoid(ctx context.Context, d *drawing, reason string) error {
	settled, v, err := e.settled(ctx, d)
	if err != nil {
		return err
	}
	n, now := d.row.N, e.Now()
	switch {
	case settled && v == nil:
		return refuse(DrawState, "draw %d has its result, which nothing unmakes: whoever should not hold a seat is replaced", n)
	case settled:
		return refuse(DrawState, "draw %d is void already (%s)", n, v.reason)
	case v != nil && !v.missed:
		return refuse(DrawState, "the void of draw %d is logged already (%s): custodians have to cosign it", n, v.reason)
	}
	if e.jumped.Load() {
		return errJumped("no void is logged")
	}
	if reason == draw.ReasonBeaconDead {
		if wait := d.dead().Sub(now); wait > 0 {
			return &Error{Reason: TooEarly, Retry: wait, Text: fmt.Sprintf("the rules wait for round %d until %s: only then can its beacon be called dead",
				d.rules.Round, d.dead().UTC().Format(time.RFC3339))}
		}
		_, err := e.round(ctx, d.chain, d.rules.Round)
		var own *Error
		if err == nil {
			return refuse(DrawState, "round %d can be had, so draw %d is not void: a result is owed, draw it", d.rules.Round, n)
		} else if !errors.As(err, &own) {
			return err
		} else if own.Reason == RoundNotYet { // as it would if this clock were days ahead
			return &Error{Reason: TooEarly, Retry: time.Hour, Text: fmt.Sprintf("a relay answers that round %d is not out yet, so it may still come: look whether this machine's clock is right; "+
				"only a round that no relay knows of is dead", d.rules.Round)}
		}
		return nil
	}
	if now.After(d.logBy()) {
		return refuse(TooLate, "a void of draw %d had to be logged by %s, so that custodians could cosign it before %s: a result is owed now",
			n, d.logBy().UTC().Format(time.RFC3339), d.rules.Deadline(d.rules.Round).UTC().Format(time.RFC3339))
	}
	return nil
}

func (e *Engine) doVoid(ctx context.Context, a store.Approval) error {
	reason := actValue(a.Act, "reason")
	return e.logDecided(ctx, a, "void chosen", func(d *drawing) ([]byte, error) { return voidRecord(d, reason) },
		func(ctx context.Context, d *drawing) error { return e.mayVoid(ctx, d, reason) })
}

// logDecided logs what two persons decided about a draw: the record that is made, unless may refuses it. It rests on the log that was looked at: of two daemons only one
// logs it, and none behind a result.
func (e *Engine) logDecided(ctx context.Context, a store.Approval, step string, made func(*drawing) ([]byte, error), may func(context.Context, *drawing) error) error {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return err
	}
	defer done()
	for {
		d, err := e.drawing(ctx, a.Campaign, a.Draw)
		if err != nil {
			return err
		}
		logged, size, err := e.loggedUpTo(ctx, d.openHash, d.row.N)
		if err != nil {
			return err
		}
		if err := e.inForce(ctx, d); err != nil { // by no less of the log than that
			return err
		}
		record, err := made(d)
		if err != nil {
			return err
		}
		for _, l := range logged {
			if b, err := l.record.Marshal(); err == nil && bytes.Equal(b, record) {
				return nil // by an earlier try: one that is logged is not asked for again
			}
			if l.record.Kind() == "result" { // since the row was read
				return refuse(DrawState, "draw %d has its result, which nothing unmakes: whoever should not hold a seat is replaced", a.Draw)
			}
		}
		if err := may(ctx, d); err != nil {
			return err
		}
		e.step(step)
		err = e.appendAfter(ctx, size, record)
		if !errors.Is(err, errLogMoved) {
			return e.fault(err)
		}
	}
}

// errJumped says that something waits until the clock has gone evenly for a while.
func errJumped(what string) *Error {
	return &Error{Reason: TooEarly, Retry: steadyFor, Text: "this machine's clock jumped a short while ago, so " + what + " by it: set it right, and wait"}
}

// mayCosign refuses a note with cosignatures that would make a void or an amend count in time of a draw whose round has come: it is drawn by that round, or about to be, and
// would have been beside a void that counts, or by a round that is not in force. Custodians who waited for the round before they decide would choose the outcome. It also
// refuses one that would make a void count no more: of two cosignatures of one key the earlier stays, and one with a time of long ago would take the place of one of now. The
// caller holds voidMu.
func (e *Engine) mayCosign(ctx context.Context, merged []byte) error {
	return e.eachCampaign(ctx, func(c store.Campaign) error {
		if c.State == store.Draft {
			return nil
		}
		drawings, err := e.drawings(ctx, c.ID)
		if err != nil {
			return err
		}
		for _, d := range drawings {
			ev, err := e.evidence(ctx, d, func(r draw.Record) bool { return isVoid(r) || isAmend(r) })
			if err != nil {
				return err
			}
			if len(ev.records) == 0 {
				continue
			}
			w, err := e.verifyCheckpoint(ev.policy, merged)
			if err != nil {
				return err
			}
			now := e.Now()
			ev.inForce(d, now)
			before := ev.voided(d, now)
			lists, err := e.closedAfter(ctx, drawings, d)
			if err != nil {
				return err
			}
			resting := ev.restingOn(d, lists)
			ev.checkpoints = slices.DeleteFunc(ev.checkpoints, func(x ledger.Witnessed) bool { return x.Size == w.Size })
			ev.checkpoints = append(ev.checkpoints, w)
			then := *d
			ev.inForce(&then, now)
			after := ev.voided(&then, now)
			if then.rules.Round != d.rules.Round {
				if err := e.mayConfirm(ctx, c, d, "that draw %d of %s is put off"); err != nil {
					return err
				}
			}
			if before == nil {
				continue
			}
			if before.counts && !after.counts || ev.restingOn(&then, lists) < resting {
				return refuse(CosignatureInvalid, "the time of this cosignature would make the void of draw %d of %s count no more: set the clock of that machine right and cosign again", d.row.N, c.Slug)
			}
			if after.inTime && !before.inTime {
				if err := e.mayConfirm(ctx, c, d, "the void of draw %d of %s"); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// mayConfirm refuses that a void or an amend comes to count in time, whatever the clock says, if the draw is drawn or its round can be had: the one that is in force without it.
func (e *Engine) mayConfirm(ctx context.Context, c store.Campaign, d *drawing, what string) error {
	late := refuse(CosignatureInvalid, "this cosignature would confirm "+what+", but its round has come at %s: it is too late to hand it in, and the draw is held",
		d.row.N, c.Slug, d.due().UTC().Format(time.RFC3339))
	if d.row.State == store.DrawDrawn || !e.Now().Before(d.due()) {
		return late
	}
	records, err := e.loggedAbout(ctx, d.openHash, d.row.N)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(records, func(l logged) bool { return l.record.Kind() == "result" }) {
		return late
	}
	if _, ok := e.loggedRound(d.chain, d.rules.Round); ok {
		return late
	}
	if e.jumped.Load() {
		return errJumped("no void is confirmed and no draw is put off")
	}
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := e.Beacon.Fetch(asking, d.chain, d.rules.Round); err == nil {
		return late
	}
	return ctx.Err() // if no relay answers, the clock is believed
}

// loggedRound returns the signature of a round that a result in the log holds.
func (e *Engine) loggedRound(chain beacon.Chain, round uint64) (draw.Signature, bool) {
	var all []draw.Signature
	e.logMu.Lock()
	for _, records := range e.about {
		for _, l := range records {
			if r, ok := l.record.(*draw.Result); ok {
				all = append(all, r.Signature)
			}
		}
	}
	e.logMu.Unlock()
	for _, s := range all {
		of := ofRound{chain, round, s}
		is, seen := e.rounds.Load(of)
		if !seen {
			is = beacon.Verify(chain, round, s[:]) == nil
			e.rounds.Store(of, is)
		}
		if is.(bool) {
			return s, true
		}
	}
	return draw.Signature{}, false
}

// ofRound asks whether a signature is that of a round.
type ofRound struct {
	chain     beacon.Chain
	round     uint64
	signature draw.Signature
}
