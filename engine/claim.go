package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlot/draw"
	"fairlot/store"
)

// Who may come for a prize: codes of store.Claim.Way.
const (
	ClaimSelf     = "self"
	ClaimProxy    = "proxy"
	ClaimGuardian = "guardian"
)

// Claim is a claim, the tier of the seat, and which of the rules' tiers, from 1, says what the prize is; both 0: it was vacated afterwards.
type Claim struct {
	store.Claim
	Tier  int
	Prize int
}

// RecordClaim records that somebody came to the desk for the prize of the entry that r leads to. That the person is the one who is sealed there is for the desk's tool to
// say, which has the receipt and the ID card before it: here r shows that s was there, and no more comes here. again says that the same member of staff recorded
// the same before on this day. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_CLOSED (erased), DRAW_NOT_FOUND, DRAW_STATE, FIELD_INVALID (the rules do not let them come),
// ENTRY_NOT_FOUND, ENTRY_ERASED, NOT_WINNER, SEAT_CLAIMED, TOO_LATE.
func (e *Engine) RecordClaim(ctx context.Context, by Actor, id store.CampaignID, n int, r [32]byte, way string) (claim Claim, again bool, err error) {
	return e.recordClaim(ctx, by, id, n, way, func(d *drawing) (draw.EntrantID, error) { return draw.R(r).EntrantID(d.openHash), nil })
}

// RecordOpenedClaim is RecordClaim of a winner who has lost s: the identity of the seat was opened by a release for this claim, which two persons wanted, and the
// notifier's tool compared it with the card. Without such a release it is FIELD_INVALID.
func (e *Engine) RecordOpenedClaim(ctx context.Context, by Actor, id store.CampaignID, n, stratum int, rank int64, way string) (claim Claim, again bool, err error) {
	return e.recordClaim(ctx, by, id, n, way, func(d *drawing) (draw.EntrantID, error) {
		lines, err := draw.ParseRanking(d.row.Ranking)
		if err != nil {
			return draw.EntrantID{}, err
		}
		opened, err := e.releasesFor(ctx, d, PurposeClaim)
		if err != nil {
			return draw.EntrantID{}, e.fault(err)
		}
		covered := covers(opened)
		for _, l := range lines {
			if l.Stratum == stratum && int64(l.Rank) == rank && covered[store.EntrantID(l.ID)] {
				return l.ID, nil
			}
		}
		text := fmt.Sprintf("no release for a claim covers rank %d of stratum %d: a winner shows the secret of the receipt, or the seat is opened for the claim first "+
			"(fairlot release prepare --purpose claim)", rank, stratum)
		return draw.EntrantID{}, &Error{Reason: FieldInvalid, Text: text, Fields: []Field{{"r", "required", text}}}
	})
}

func (e *Engine) recordClaim(ctx context.Context, by Actor, id store.CampaignID, n int, way string, entry func(*drawing) (draw.EntrantID, error)) (claim Claim, again bool, err error) {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return Claim{}, false, err
	}
	defer done()
	e.seatMu.Lock()
	defer e.seatMu.Unlock()
	d, err := e.drawn(ctx, id, n)
	if err != nil {
		return Claim{}, false, err
	}
	o, err := e.open(ctx, id)
	if err != nil {
		return Claim{}, false, err
	}
	if err := o.rules.Claiming.lets(way); err != nil {
		return Claim{}, false, err
	}
	who, err := entry(d)
	if err != nil {
		return Claim{}, false, err
	}
	l, tier, err := e.claimable(ctx, d, who)
	if err != nil {
		return Claim{}, false, err
	}
	prizes, err := d.prizes()
	if err != nil {
		return Claim{}, false, err
	}
	now := e.Now()
	claim = Claim{store.Claim{Stratum: l.Stratum, Rank: int64(l.Rank), Day: now.In(o.zone).Format(time.DateOnly), Label: by.Label, Way: way}, tier, prizes.Of(l.Stratum, tier)}
	before, err := e.claimOf(ctx, d, l)
	if err != nil {
		return Claim{}, false, e.fault(err)
	}
	if before != nil {
		return claim, true, e.claimedBefore(claim.Claim, *before)
	}
	if err := e.claimRuns(ctx, d, l); err != nil {
		return Claim{}, false, err
	}
	e.step("claim chosen")
	err = e.Identity.PutClaim(ctx, id, n, claim.Claim)
	if errors.Is(err, store.ErrExists) { // another daemon that took itself for the holder
		if before, err = e.claimOf(ctx, d, l); err == nil && before != nil {
			return claim, true, e.claimedBefore(claim.Claim, *before)
		}
	}
	if err != nil {
		return Claim{}, false, e.fault(err)
	}
	e.step("claim put")
	// Rooms share no transaction: a replacement that another daemon logged meanwhile is found here; one that it logs later finds the claim, or comes too late for the log.
	if _, _, err := e.claimable(ctx, d, l.ID); err != nil {
		return Claim{}, false, errors.Join(err, e.fault(e.Identity.DropClaim(ctx, id, n, claim.Stratum, claim.Rank)))
	}
	return claim, false, nil
}

// lets refuses who may not come by the rules. Whether the winner is of an age for which a guardian must come, only the desk can tell.
func (c Claiming) lets(way string) error {
	bad := func(text string) error {
		return &Error{Reason: FieldInvalid, Text: text, Fields: []Field{{"way", "rules", text}}}
	}
	switch {
	case way == ClaimProxy && !c.Proxy:
		return bad("the rules of this campaign let nobody claim for a winner: the winner must come")
	case way == ClaimGuardian && c.GuardianBelow == 0:
		return bad("the rules of this campaign know no guardians: the winner must come")
	}
	return nil
}

// claimable is the line of an entry that holds a seat now, and its tier.
func (e *Engine) claimable(ctx context.Context, d *drawing, id draw.EntrantID) (draw.Line, int, error) {
	lines, seats, reasons, _, err := e.seats(ctx, d)
	if err != nil {
		return draw.Line{}, 0, e.fault(err)
	}
	row, err := e.Identity.Entrant(ctx, d.campaign.ID, store.EntrantID(id))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return draw.Line{}, 0, refuse(EntryNotFound, "this campaign has no entry of this secret: take the receipt of this campaign")
	case err != nil:
		return draw.Line{}, 0, e.fault(err)
	case erased(row):
		return draw.Line{}, 0, refuse(EntryErased, "this entry was erased at the person's wish: it holds no seat any more")
	}
	at := slices.IndexFunc(lines, func(l draw.Line) bool { return l.ID == id })
	if at < 0 {
		return draw.Line{}, 0, refuse(NotWinner, "this entry did not win in draw %d, and is no alternate", d.row.N)
	}
	l := lines[at]
	tier, ok := seats.Holds(l.Stratum, l.Rank)
	switch reason := reasons[[2]int{l.Stratum, l.Rank}]; {
	case ok:
		return l, tier, nil
	case reason != "":
		return l, 0, refuse(NotWinner, "rank %d of stratum %d gave up its seat (%s): the public log says so", l.Rank, l.Stratum, reason)
	}
	return l, 0, refuse(NotWinner, "rank %d of stratum %d is an alternate who was not called", l.Rank, l.Stratum)
}

func (e *Engine) claimOf(ctx context.Context, d *drawing, l draw.Line) (*store.Claim, error) {
	all, err := e.Identity.Claims(ctx, d.campaign.ID, d.row.N)
	at := slices.IndexFunc(all, func(c store.Claim) bool { return c.Stratum == l.Stratum && c.Rank == int64(l.Rank) })
	if err != nil || at < 0 {
		return nil, err
	}
	return &all[at], nil
}

// claimedBefore is nil if what is recorded is what would be: an answer that was lost.
func (e *Engine) claimedBefore(now, before store.Claim) error {
	if now == before {
		return nil
	}
	return refuse(SeatClaimed, "the prize of rank %d of stratum %d was claimed on %s (%s), recorded by %s: hand nothing out, and ask them",
		before.Rank, before.Stratum, before.Day, before.Way, strings.ToValidUTF8(before.Label, "?"))
}

// claimEnds is when the claim period of a seat ends; zero: it has not begun, since nobody was told, or the rules know none. It is over at the end of the day that the
// notice names, in the campaign's zone.
func (e *Engine) claimEnds(ctx context.Context, d *drawing, l draw.Line) (time.Time, error) {
	notices, err := e.Identity.Notifications(ctx, d.campaign.ID, d.row.N)
	if err != nil {
		return time.Time{}, err
	}
	for _, n := range notices {
		if n.Stratum == l.Stratum && n.Rank == int64(l.Rank) {
			return d.claimEnd(n), nil
		}
	}
	return time.Time{}, nil
}

// claimRuns refuses what comes after the claim period of a seat.
func (e *Engine) claimRuns(ctx context.Context, d *drawing, l draw.Line) error {
	ends, err := e.claimEnds(ctx, d, l)
	if err == nil && !ends.IsZero() && !e.Now().Before(ends) {
		return refuse(TooLate, "the claim period of this seat ended at %s: the seat goes to the next alternate, or is given up, as the rules say", ends.UTC().Format(time.RFC3339))
	}
	return e.fault(err)
}

// mayClaim refuses to open a seat for a claim that could not be recorded.
func (e *Engine) mayClaim(ctx context.Context, d *drawing, l draw.Line) error {
	before, err := e.claimOf(ctx, d, l)
	if err != nil {
		return e.fault(err)
	}
	if before != nil {
		return e.claimedBefore(store.Claim{}, *before)
	}
	return e.claimRuns(ctx, d, l)
}

// claimEnd is claimEnds for the notice of a seat.
func (d *drawing) claimEnd(n store.Notification) time.Time {
	if d.rules.ClaimDays == 0 || n.State != notificationSent && n.State != notificationNoAddress {
		return time.Time{}
	}
	zone := location()
	y, m, day := n.Updated.In(zone).Date()
	return time.Date(y, m, day+d.rules.ClaimDays+1, 0, 0, 0, 0, zone)
}

// mayVacate refuses to take a seat from who has claimed the prize, for a reason that the claim refutes, and to call somebody late who is not.
func (e *Engine) mayVacate(ctx context.Context, d *drawing, stratum int, rank int64, reason string) error {
	if reason == "ineligible" {
		return nil
	}
	l := draw.Line{Stratum: stratum, Rank: int(rank)}
	c, err := e.claimOf(ctx, d, l)
	if err != nil {
		return e.fault(err)
	}
	if c != nil {
		return refuse(SeatClaimed, "the prize of rank %d of stratum %d was claimed on %s: the seat can be taken only from who is ineligible", rank, stratum, c.Day)
	}
	if reason != "late" || d.rules.ClaimDays == 0 {
		return nil
	}
	ends, err := e.claimEnds(ctx, d, l)
	switch {
	case err != nil:
		return e.fault(err)
	case ends.IsZero():
		return refuse(TooEarly, "the claim period of rank %d of stratum %d has not begun: nobody was told yet (fairlot notify), so nobody is late", rank, stratum)
	case e.Now().Before(ends):
		return &Error{Reason: TooEarly, Retry: ends.Sub(e.Now()), Text: "the claim period of this seat runs until " + ends.UTC().Format(time.RFC3339) + ": nobody is late before"}
	case e.jumped.Load():
		return errJumped("nobody is called late")
	}
	return nil
}

// Claims returns the claims of a draw by stratum and rank. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND.
func (e *Engine) Claims(ctx context.Context, id store.CampaignID, n int) ([]Claim, error) {
	d, err := e.drawing(ctx, id, n)
	if err != nil || d.row.State != store.DrawDrawn {
		return nil, err
	}
	all, err := e.Identity.Claims(ctx, id, n)
	if err != nil {
		return nil, e.fault(err)
	}
	lines, seats, _, _, err := e.seats(ctx, d)
	if err != nil {
		return nil, e.fault(err)
	}
	prizes := draw.NewPrizes(&d.rules, lines)
	out := make([]Claim, len(all))
	for i, c := range all {
		out[i].Claim = c
		out[i].Tier, _ = seats.Holds(c.Stratum, int(c.Rank))
		out[i].Prize = prizes.Of(c.Stratum, out[i].Tier)
	}
	return out, nil
}
