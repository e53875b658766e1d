package engine

import (
	"bytes"
	"cmp"
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

// Seat is one line of the ranking and what became of it.
type Seat struct {
	Stratum int
	Rank    int64
	ID      store.EntrantID
	Tier    int    // of the seat held now, 0 if none
	Vacated string // the reason, if the seat was vacated
	Called  bool   // an alternate who was called
	Prize   int    // which of the rules' tiers, from 1, says what the seat gives that is held or, of who was no alternate, was; 0: of an alternate who holds none
}

// DrawInfo is a draw as callers see it.
type DrawInfo struct {
	N          int
	State      store.DrawState
	Round      uint64
	RoundTime  time.Time
	Quicknet   bool
	Entrants   int64
	CosignedBy []string // witnesses whose cosignature of the close was in time, by the policy's names
	Seats      []Seat
	RankedIn   []int // by stratum, the one in which it was ranked; nil before the draw, with one stratum, and in a proportional draw

	Void         bool      // it is void for good: whatever State says, there is no result
	VoidReason   string    // of a void that is logged, whether it counts or not; empty: none is
	VoidDeadline time.Time // until when it must be cosigned; zero: no such time
	VoidBy       []string  // witnesses whose cosignature of the void counts, by the policy's names

	WaitsFor int // in a closed campaign, the earlier draw that must be settled before this one's list can be closed; 0: none

	StatedTime time.Time  // when the round of the open record was due, if the draw was put off since; else zero
	Amend      *AmendInfo // an amend that is logged and does not count; nil: none
}

// AmendInfo is an amend that does not count, or not yet.
type AmendInfo struct {
	Round    uint64
	Time     time.Time // of the round
	Deadline time.Time // until when it must be cosigned
	By       []string  // witnesses whose cosignature of it is in time, by the policy's names
}

// drawing is everything about one draw that the engine decides by.
type drawing struct {
	campaign store.Campaign
	open     *draw.Open
	openHash draw.Hash
	row      store.Draw
	rules    draw.DrawRules // its Round is the one in force
	chain    beacon.Chain
	stated   uint64    // the round of the open record
	amend    *amending // the last one in the log, or one that waits; nil: there is none
}

// drawing reads draw n. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND.
func (e *Engine) drawing(ctx context.Context, id store.CampaignID, n int) (*drawing, error) {
	all, err := e.drawings(ctx, id)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > len(all) {
		return nil, refuse(DrawNotFound, "this campaign has no draw %d", n)
	}
	return all[n-1], nil
}

// drawings reads all draws of a campaign, with the rounds in force.
func (e *Engine) drawings(ctx context.Context, id store.CampaignID) ([]*drawing, error) {
	all, err := e.statedDrawings(ctx, id)
	for _, d := range all {
		if err := e.inForce(ctx, d); err != nil {
			return nil, err
		}
	}
	return all, err
}

// statedDrawings is drawings with the rounds that the open record states, for whoever asks for none or holds logMu.
func (e *Engine) statedDrawings(ctx context.Context, id store.CampaignID) ([]*drawing, error) {
	c, err := e.Registry.Campaign(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && c.OpenRecord == nil {
		return nil, refuse(CampaignNotFound, "there is no open campaign of this name")
	}
	if err != nil {
		return nil, e.fault(err)
	}
	record, err := draw.ParseRecord(c.OpenRecord)
	if err != nil {
		return nil, err
	}
	open := record.(*draw.Open)
	rows, err := e.Registry.Draws(ctx, id)
	if err != nil {
		return nil, e.fault(err)
	}
	all := make([]*drawing, len(rows))
	for i, row := range rows {
		b := open.Draws[i].Beacon
		all[i] = &drawing{campaign: c, open: open, openHash: draw.HashOf(c.OpenRecord), row: row, rules: open.Draws[i], stated: open.Draws[i].Round,
			chain: beacon.Chain{Hash: b.Chain, Scheme: b.Scheme, Period: uint32(b.Period), Genesis: b.Genesis, Key: b.Key}}
	}
	return all, nil
}

// prizes tells what the prizes of a drawn draw's seats are.
func (d *drawing) prizes() (draw.Prizes, error) {
	lines, err := draw.ParseRanking(d.row.Ranking)
	return draw.NewPrizes(&d.rules, lines), err
}

// Draw returns draw n with its seats. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND.
func (e *Engine) Draw(ctx context.Context, id store.CampaignID, n int) (DrawInfo, error) {
	d, err := e.drawing(ctx, id, n)
	if err != nil {
		return DrawInfo{}, err
	}
	return e.drawInfo(ctx, d)
}

// Draws returns all draws of a campaign.
func (e *Engine) Draws(ctx context.Context, id store.CampaignID) ([]DrawInfo, error) {
	all, err := e.drawings(ctx, id)
	if err != nil {
		return nil, err
	}
	out := make([]DrawInfo, len(all))
	for i, d := range all {
		if out[i], err = e.drawInfo(ctx, d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *Engine) drawInfo(ctx context.Context, d *drawing) (DrawInfo, error) {
	info := DrawInfo{N: d.row.N, State: d.row.State, Round: d.rules.Round, RoundTime: d.chain.Time(d.rules.Round),
		Quicknet: d.chain == beacon.Quicknet(), Entrants: d.row.Entrants}
	ev, err := e.evidence(ctx, d, func(r draw.Record) bool { return isVoid(r) || isClose(r) })
	if err != nil {
		return info, err
	}
	_, info.CosignedBy = ev.closed(d)
	if d.rules.Round != d.stated {
		info.StatedTime = d.chain.Time(d.stated)
	}
	if a := d.amend; a != nil && !a.counts {
		info.Amend = &AmendInfo{a.round, d.chain.Time(a.round), a.deadline, a.by}
	}
	if v := e.worth(ev, d); v != nil {
		info.Void, info.VoidReason, info.VoidDeadline, info.VoidBy = v.counts && d.row.State < store.DrawDrawn, v.reason, v.deadline, v.by
	}
	if info.WaitsFor, err = e.waitsFor(ctx, d); err != nil || d.row.State < store.DrawDrawn {
		return info, err
	}
	lines, seats, reasons, _, err := e.seats(ctx, d)
	if err != nil {
		return info, err
	}
	prizes := draw.NewPrizes(&d.rules, lines)
	if d.rules.Strata > 1 {
		info.RankedIn = prizes.Into()
	}
	for _, l := range lines {
		s := Seat{Stratum: l.Stratum, Rank: int64(l.Rank), ID: store.EntrantID(l.ID), Vacated: reasons[[2]int{l.Stratum, l.Rank}]}
		s.Tier, _ = seats.Holds(l.Stratum, l.Rank)
		s.Prize = prizes.Of(l.Stratum, cmp.Or(s.Tier, l.Seat))
		s.Called = l.Seat == 0 && (s.Tier > 0 || s.Vacated != "")
		info.Seats = append(info.Seats, s)
	}
	return info, nil
}

// seats replays the replacements of a drawn draw over its ranking, and returns the size of the log that it read.
func (e *Engine) seats(ctx context.Context, d *drawing) ([]draw.Line, *draw.Seats, map[[2]int]string, int64, error) {
	lines, err := draw.ParseRanking(d.row.Ranking)
	if err != nil {
		return nil, nil, nil, 0, err
	}
	logged, size, err := e.loggedUpTo(ctx, d.openHash, d.row.N)
	if err != nil {
		return nil, nil, nil, 0, err
	}
	seats := draw.NewSeats(lines, d.rules.Forfeit)
	reasons := map[[2]int]string{}
	for _, l := range logged {
		if r, ok := l.record.(*draw.Replace); ok {
			if err := seats.Apply(r); err != nil {
				return nil, nil, nil, 0, err
			}
			reasons[[2]int{r.Stratum, r.Vacated}] = r.Reason
		}
	}
	return lines, seats, reasons, size, nil
}

// witnessed tells whether the draw's close was cosigned in time (SPEC section 6), and by which witnesses.
func (e *Engine) witnessed(ctx context.Context, d *drawing) (bool, []string, error) {
	ev, err := e.evidence(ctx, d, isClose)
	if err != nil {
		return false, nil, err
	}
	met, names := ev.closed(d)
	return met, names, nil
}

func isClose(r draw.Record) bool { return r.Kind() == "close" }

// closed is what witnessed says.
func (ev *evidence) closed(d *drawing) (bool, []string) {
	for _, l := range ev.records {
		if isClose(l.record) {
			return ev.policy.InTime(ev.checkpoints, l.index, d.rules.Deadline(d.rules.Round).Unix())
		}
	}
	return false, nil
}

// evidence is what the log holds of some records about a draw.
type evidence struct {
	records     []logged
	policy      *ledger.Policy
	checkpoints []ledger.Witnessed // that cover the first of records
}

// evidence reads the records about a draw that pick wants, and the checkpoints over them; without such a record it reads nothing else.
func (e *Engine) evidence(ctx context.Context, d *drawing, pick func(draw.Record) bool) (*evidence, error) {
	ev := &evidence{}
	read := func() (err error) {
		ev.records, err = e.loggedAbout(ctx, d.openHash, d.row.N)
		ev.records = slices.DeleteFunc(ev.records, func(l logged) bool { return !pick(l.record) })
		return err
	}
	if err := read(); err != nil || len(ev.records) == 0 {
		return ev, err
	}
	text, err := e.Registry.File(ctx, store.Hash(d.open.Policy))
	if err != nil {
		return nil, e.fault(err)
	}
	if ev.policy, err = ledger.ParsePolicy(text); err != nil {
		return nil, err
	}
	sizes, err := e.Registry.CheckpointSizes(ctx)
	if err != nil {
		return nil, e.fault(err)
	}
	if err := read(); err != nil { // once more, so that the tree covers all these sizes
		return nil, err
	}
	for _, size := range sizes {
		if size <= ev.records[0].index {
			continue
		}
		note, err := e.Registry.Checkpoint(ctx, size)
		if err != nil {
			return nil, e.fault(err)
		}
		w, err := e.verifyCheckpoint(ev.policy, note)
		if err != nil {
			return nil, err
		}
		ev.checkpoints = append(ev.checkpoints, w)
	}
	return ev, nil
}

func (e *Engine) verifyCheckpoint(policy *ledger.Policy, note []byte) (ledger.Witnessed, error) {
	e.logMu.Lock()
	defer e.logMu.Unlock()
	return policy.Verify(e.tree, note)
}

// RunDraw fetches the round, ranks and logs the result. On a drawn draw it returns what was drawn. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND,
// DRAW_STATE before the close and of a void draw, ROUND_NOT_YET, BEACON_UNAVAILABLE, STORAGE_UNAVAILABLE also for an entry list that is not the one that was closed. A round that comes after all refutes that its beacon was dead: then it is drawn.
func (e *Engine) RunDraw(ctx context.Context, id store.CampaignID, n int) (DrawInfo, error) {
	return e.runDraw(ctx, id, n, func() error { return nil })
}

// runDraw calls begin once the round is there and before anything is drawn by it.
func (e *Engine) runDraw(ctx context.Context, id store.CampaignID, n int, begin func() error) (DrawInfo, error) {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return DrawInfo{}, err
	}
	defer done()
	d, err := e.drawing(ctx, id, n)
	if err != nil {
		return DrawInfo{}, err
	}
	if d.row.State == store.DrawDrawn {
		return e.drawInfo(ctx, d)
	}
	v, err := e.drawable(ctx, d)
	if err != nil {
		return DrawInfo{}, err
	}
	if d.row.State == store.DrawPending {
		return DrawInfo{}, e.notClosed(ctx, d)
	}
	sig, err := e.round(ctx, d.chain, d.rules.Round)
	var own *Error
	if v != nil && v.counts && errors.As(err, &own) {
		return DrawInfo{}, refuse(DrawState, "draw %d is void (%s), and round %d still cannot be had", n, v.reason, d.rules.Round)
	}
	if err != nil {
		return DrawInfo{}, err
	}
	if err := begin(); err != nil {
		return DrawInfo{}, err
	}
	leaves, err := e.leavesOf(ctx, d)
	if err != nil {
		return DrawInfo{}, err
	}
	if err := e.sameList(ctx, d, leaves); err != nil {
		return DrawInfo{}, err
	}
	count, err := draw.CheckList(leaves, d.rules.Strata, d.open.Chances)
	if err != nil {
		return DrawInfo{}, e.fault(err)
	}
	seed := draw.SeedOf(draw.HashOf(d.row.Close), sig)
	lines, err := draw.Rank(draw.MakePlan(&d.rules, d.open.Batch, count.Strata), leaves, seed)
	if err != nil {
		return DrawInfo{}, e.fault(err)
	}
	ranking := draw.MarshalRanking(lines)
	record, err := (&draw.Result{Open: d.openHash, Draw: n, Close: draw.HashOf(d.row.Close), Signature: sig, Seed: seed,
		Ranking: draw.HashOf(ranking), Ranked: int64(len(lines))}).Marshal()
	if err != nil {
		return DrawInfo{}, err
	}
	e.voidMu.Lock()
	defer e.voidMu.Unlock()
	if v, err = e.drawable(ctx, d); err != nil { // custodians may have confirmed a void meanwhile
		return DrawInfo{}, err
	}
	if now, err := e.drawing(ctx, id, n); err != nil {
		return DrawInfo{}, err
	} else if now.rules.Round != d.rules.Round { // or a later round
		return DrawInfo{}, &Error{Reason: RoundNotYet, Retry: max(now.due().Sub(e.Now()), time.Second), Text: fmt.Sprintf("draw %d was put off to %s: draw then", n, now.due().UTC().Format(time.RFC3339))}
	}
	if a := d.amend; a != nil && a.missed {
		e.Log.Warn("drawn at its round although the log would put it off: custodians did not cosign that in time", "campaign", hexID(id), "draw", n, "round", a.round)
	}
	if v != nil && v.refuted {
		e.Log.Warn("drawn although a void was logged: it calls the beacon dead, and a result in the log has its round, so a result was owed", "campaign", hexID(id), "draw", n, "void", v.reason)
	} else if v != nil && v.missed {
		e.Log.Warn("drawn although a void was logged: custodians did not cosign it in time, so a result was owed", "campaign", hexID(id), "draw", n, "void", v.reason)
	}
	err = e.appendRecord(ctx, record, store.Transition{Campaign: id, Draw: n, DrawFrom: store.DrawClosed, DrawTo: store.DrawDrawn, Result: record, Ranking: ranking})
	if err != nil && !errors.Is(err, store.ErrConflict) { // a conflict: another officer drew, and the result can only be the same
		return DrawInfo{}, e.fault(err)
	}
	return e.Draw(ctx, id, n)
}

// sameList refuses to draw by a close that the log does not hold, or from a list that is not the one that was closed, as a damaged or an older room has them: a result
// that rests on them would be logged for ever, and would never verify. The round stays the same until the right room is back.
func (e *Engine) sameList(ctx context.Context, d *drawing, leaves draw.Leaves) error {
	record, err := e.loggedClose(ctx, d)
	if err != nil {
		return err
	}
	root, err := draw.RootOf(leaves)
	if err != nil {
		return e.fault(err)
	}
	if root != record.Root {
		return otherList("entry list", d.row.N, "identity")
	}
	return nil
}

// loggedClose is the close of a draw that was closed, as the log has it, refused if the row has another.
func (e *Engine) loggedClose(ctx context.Context, d *drawing) (*draw.Close, error) {
	records, err := e.loggedAbout(ctx, d.openHash, d.row.N)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(records, func(l logged) bool { return isClose(l.record) })
	if at < 0 {
		return nil, otherList("close", d.row.N, "registry")
	}
	record := records[at].record.(*draw.Close)
	if text, err := record.Marshal(); err != nil || !bytes.Equal(text, d.row.Close) {
		return nil, otherList("close", d.row.N, "registry")
	}
	return record, nil
}

func otherList(what string, n int, room string) error {
	return &Error{Reason: StorageUnavailable, Retry: time.Minute, Text: fmt.Sprintf("the %s of draw %d is not the one that was logged, so nothing is drawn by it: the %s room is "+
		"damaged or an older copy; stop the daemon and put its newest copy back, the round stays the same", what, n, room)}
}

// drawable refuses a draw whose void counts, unless it does so by a dead beacon alone, which a round refutes, and returns its void. One that custodians confirmed before
// the deadline stands whatever its reason.
func (e *Engine) drawable(ctx context.Context, d *drawing) (*voiding, error) {
	v, err := e.voided(ctx, d)
	if err == nil && v != nil && v.counts && (v.inTime || v.reason != draw.ReasonBeaconDead) {
		err = refuse(DrawState, "draw %d is void (%s): it has no result", d.row.N, v.reason)
	}
	return v, err
}

// relaysEvery is how often the log says why no relay gives a round.
const relaysEvery = 10 * time.Minute

// round returns the signature of a round that is due, from a relay, or from a result in the log that rests on the same round.
func (e *Engine) round(ctx context.Context, chain beacon.Chain, round uint64) (draw.Signature, error) {
	if wait := e.roundWait(chain, round); wait > 0 {
		return draw.Signature{}, &Error{Reason: RoundNotYet, Retry: wait,
			Text: "round " + uintText(round) + " is due at " + chain.Time(round).Format(time.RFC3339) + ": draw then"}
	}
	sig, err := e.Beacon.Fetch(ctx, chain, round)
	if err != nil && ctx.Err() == nil {
		if known, ok := e.loggedRound(chain, round); ok {
			return known, nil
		}
	}
	if errors.Is(err, beacon.ErrNotYet) {
		return draw.Signature{}, &Error{Reason: RoundNotYet, Retry: time.Duration(chain.Period) * time.Second,
			Text: "the relays do not have round " + uintText(round) + " yet: wait and try again; a late round changes nothing"}
	}
	if err != nil && ctx.Err() == nil {
		if now, said := e.Now(), time.Unix(e.noRelay.Load(), 0); now.Sub(said).Abs() >= relaysEvery { // a dead beacon is asked for thirty days
			e.noRelay.Store(now.Unix())
			e.Log.Warn("no relay gave the round", "round", round, "error", err)
		}
		return draw.Signature{}, &Error{Reason: BeaconUnavailable, Retry: 10 * time.Second,
			Text: "no relay gave a valid round " + uintText(round) + ": the daemon's log says why; try again or name other relays (fairlotd serve --relay)"}
	}
	return draw.Signature(sig), err
}

// ReplaceWinner vacates a seat and calls the next alternate, logged before anybody is opened. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_CLOSED (erased), DRAW_NOT_FOUND, DRAW_STATE,
// SEAT_UNKNOWN, SEAT_CLAIMED, TOO_EARLY (late, while the claim period runs).
func (e *Engine) ReplaceWinner(ctx context.Context, id store.CampaignID, n, stratum int, rank int64, reason string) (DrawInfo, error) {
	e.seatMu.Lock()
	defer e.seatMu.Unlock()
	d, err := e.drawn(ctx, id, n)
	if err != nil {
		return DrawInfo{}, err
	}
	if err := e.vacate(ctx, d, stratum, rank, reason); err != nil {
		return DrawInfo{}, err
	}
	return e.Draw(ctx, id, n)
}

// vacate logs that a rank gives up its seat, and calls the next one who has not asked to be erased: the order is strict, so whoever did is called and gives
// it up again. seatMu is held.
func (e *Engine) vacate(ctx context.Context, d *drawing, stratum int, rank int64, reason string) error {
	for {
		lines, seats, _, size, err := e.seats(ctx, d)
		if err != nil {
			return err
		}
		if _, ok := seats.Holds(stratum, int(rank)); !ok {
			return refuse(SeatUnknown, "rank %d of stratum %d holds no seat now: look at the draw's seats", rank, stratum)
		}
		if err := e.mayVacate(ctx, d, stratum, rank, reason); err != nil {
			return err
		}
		next := seats.Next(stratum)
		record, err := (&draw.Replace{Open: d.openHash, Draw: d.row.N, Stratum: stratum, Vacated: int(rank), Reason: reason, Next: next}).Marshal()
		if err != nil {
			return err
		}
		e.step("seat chosen")
		switch err := e.appendAfter(ctx, size, record); {
		case errors.Is(err, errLogMoved): // who holds which seat may be another now
			continue
		case err != nil:
			return e.fault(err)
		}
		at := slices.IndexFunc(lines, func(l draw.Line) bool { return next > 0 && l.Stratum == stratum && l.Rank == next })
		if at < 0 {
			return nil
		}
		row, err := e.Identity.Entrant(ctx, d.campaign.ID, store.EntrantID(lines[at].ID))
		if err != nil {
			return e.fault(err)
		}
		if !erased(row) {
			return nil
		}
		rank, reason = int64(next), zeroErased
	}
}

// drawn is drawing, refused unless the result is logged and the campaign is not erased.
func (e *Engine) drawn(ctx context.Context, id store.CampaignID, n int) (*drawing, error) {
	d, err := e.drawing(ctx, id, n)
	switch {
	case err != nil:
		return nil, err
	case d.campaign.State == store.Erased:
		return nil, refuse(CampaignClosed, "the campaign is erased: nobody's contact is kept any more")
	case d.row.State != store.DrawDrawn:
		if settled, v, err := e.settled(ctx, d); err != nil {
			return nil, err
		} else if settled {
			return nil, refuse(DrawState, "draw %d is void (%s): it has no result, and nobody is opened", n, v.reason)
		}
		return nil, refuse(DrawState, "draw %d has no result yet: run it after its round", n)
	}
	return d, nil
}
