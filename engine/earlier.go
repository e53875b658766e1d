package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"fairlot/draw"
	"fairlot/store"
)

// settleRoom is between the time of a draw and the deadline of a later one that leaves its winners out: an hour for a relay that is late, the result and the
// close of ten million entrants, and an hour for custodians to fetch that list, check it and cosign it.
const settleRoom = 2 * time.Hour

// waitsLate is how long an earlier draw may be due without a result before operators are told that a later one waits for it.
const waitsLate = 10 * time.Minute

// zeroWonEarlier is the reason of SPEC section 2.2 for their chances 0.
const zeroWonEarlier = "won-earlier"

// checkEarlier finds what is wrong with draw i, from 0, if it leaves earlier winners out.
func (r *Rules) checkEarlier(i int, bad func(path, reason, format string, args ...any)) {
	d := &r.Draws[i]
	if !d.EarlierWinnersOut {
		return
	}
	if i == 0 {
		bad("draws[0].earlier_winners_out", "unused", "no draw comes before the first one: leave it out there")
		return
	}
	last := slices.MaxFunc(r.Draws[:i], func(a, b DrawRules) int { return a.DrawTime.Compare(b.DrawTime) })
	if at := last.DrawTime.Add(settleRoom + time.Duration(d.Margin)*time.Second); d.DrawTime.Before(at) {
		bad(fmt.Sprintf("draws[%d].draw_time", i), "order",
			"who won before is known only once every earlier draw is held, and the list is closed and cosigned after that: draw %s and %d seconds (margin_seconds) after the one before, so not before %s",
			settleRoom, d.Margin, at.Format(time.RFC3339))
	}
}

// winners are the entrants who hold a seat of some draws.
type winners map[draw.EntrantID]bool

// unsettledBefore is the first draw that the list of d waits for; nil if d takes earlier winners in, or all are settled.
func (e *Engine) unsettledBefore(ctx context.Context, all []*drawing, d *drawing) (*drawing, error) {
	if !d.rules.EarlierWinnersOut {
		return nil, nil
	}
	for _, x := range all[:d.row.N-1] {
		if settled, _, err := e.settled(ctx, x); err != nil || !settled {
			return x, err
		}
	}
	return nil, nil
}

// waitsFor is the number of that draw once the campaign is closed and d is not, else 0.
func (e *Engine) waitsFor(ctx context.Context, d *drawing) (int, error) {
	if d.row.State != store.DrawPending || d.campaign.State != store.Closed {
		return 0, nil
	}
	all, err := e.drawings(ctx, d.campaign.ID)
	if err != nil {
		return 0, err
	}
	x, err := e.unsettledBefore(ctx, all, d)
	if err != nil || x == nil {
		return 0, err
	}
	return x.row.N, nil
}

// notClosed is why a draw that is not closed cannot be held.
func (e *Engine) notClosed(ctx context.Context, d *drawing) error {
	n, err := e.waitsFor(ctx, d)
	switch {
	case err != nil:
		return err
	case n > 0:
		return refuse(DrawState, "draw %d leaves out who won before, so its list is closed once draw %d has its result or is void: that one is to be held first", d.row.N, n)
	}
	return refuse(DrawState, "the entry list is not public yet: close the campaign first")
}

// wonBefore returns who held a seat of a draw before d when the log came to the close of d, or holds one now if d is not closed: SPEC section 7, earlier winners. It is known from the
// log and the rankings that it names. Nil for a draw that takes earlier winners in. The size is that of the log that was read.
func (e *Engine) wonBefore(ctx context.Context, d *drawing) (winners, int64, error) {
	if !d.rules.EarlierWinnersOut {
		return nil, 0, nil
	}
	e.logMu.Lock()
	err := e.readTree(ctx)
	records, size := e.aboutUpTo(d), e.tree.Size()
	e.logMu.Unlock()
	if err != nil {
		return nil, 0, e.fault(err)
	}
	won, err := e.wonAmong(ctx, d, records)
	return won, size, err
}

// aboutUpTo are the records about a draw and those before it, by number. logMu is held.
func (e *Engine) aboutUpTo(d *drawing) [][]logged {
	records := make([][]logged, d.row.N)
	for i := range records {
		records[i] = slices.Clone(e.about[aboutKey{d.openHash, i + 1}])
	}
	return records
}

// wonAmong is wonBefore by the records that were read.
func (e *Engine) wonAmong(ctx context.Context, d *drawing, records [][]logged) (winners, error) {
	upTo := int64(math.MaxInt64)
	if at := slices.IndexFunc(records[d.row.N-1], func(l logged) bool { return isClose(l.record) }); at >= 0 {
		upTo = records[d.row.N-1][at].index
	}
	rows, err := e.Registry.Draws(ctx, d.campaign.ID) // after the log, whose results stand in them
	if err != nil {
		return nil, e.fault(err)
	}
	out := winners{}
	for i, about := range records[:d.row.N-1] {
		var seats *draw.Seats
		var lines []draw.Line
		for _, l := range about {
			if l.index >= upTo {
				break
			}
			switch r := l.record.(type) {
			case *draw.Result:
				if draw.HashOf(rows[i].Ranking) != r.Ranking {
					return nil, otherList("ranking", i+1, "registry")
				}
				if lines, err = draw.ParseRanking(rows[i].Ranking); err != nil {
					return nil, err
				}
				seats = draw.NewSeats(lines, d.open.Draws[i].Forfeit)
			case *draw.Replace:
				if err := seats.Apply(r); err != nil {
					return nil, err
				}
			}
		}
		if seats != nil && !e.hooks.stayIn {
			for _, l := range seats.Winners(lines) {
				out[l.ID] = true
			}
		}
	}
	return out, nil
}

// leavesOf is the entry list of a draw that is closed.
func (e *Engine) leavesOf(ctx context.Context, d *drawing) (leafReader, error) {
	won, _, err := e.wonBefore(ctx, d)
	return leafReader{ctx, e.Identity, d.campaign.ID, won}, err
}

// leavesLocked is leavesOf for who holds logMu and has read the tree.
func (e *Engine) leavesLocked(ctx context.Context, d *drawing) (leafReader, error) {
	l := leafReader{ctx: ctx, room: e.Identity, campaign: d.campaign.ID}
	if !d.rules.EarlierWinnersOut {
		return l, nil
	}
	var err error
	l.won, err = e.wonAmong(ctx, d, e.aboutUpTo(d))
	return l, err
}

// closedAfter are the places in the log where lists were closed that leave out who won d.
func (e *Engine) closedAfter(ctx context.Context, all []*drawing, d *drawing) (lists []int64, err error) {
	for _, x := range all[d.row.N:] {
		if !x.rules.EarlierWinnersOut {
			continue
		}
		records, err := e.loggedAbout(ctx, x.openHash, x.row.N)
		if err != nil {
			return nil, err
		}
		if at := slices.IndexFunc(records, func(l logged) bool { return isClose(l.record) }); at >= 0 {
			lists = append(lists, records[at].index)
		}
	}
	return lists, nil
}

// restingOn is how many of these lists were closed when a void of d as beacon-dead counted. They do after the round came, by the same cosignatures alone (SPEC section 7).
func (ev *evidence) restingOn(d *drawing, lists []int64) (n int) {
	for _, at := range lists {
		if slices.ContainsFunc(ev.records, func(l logged) bool {
			v, ok := l.record.(*draw.Void)
			return ok && v.Reason == draw.ReasonBeaconDead && ev.policy.SinceBefore(ev.checkpoints, l.index, d.dead().Unix(), at)
		}) {
			n++
		}
	}
	return n
}

// closeDue is the close of a draw that is pending in a closed campaign: by its deadline while it waits, else since the earlier draws were due.
func (e *Engine) closeDue(ctx context.Context, all []*drawing, d *drawing, now time.Time) (due, error) {
	x, err := e.unsettledBefore(ctx, all, d)
	close := due{kind: jobClose, campaign: d.campaign.ID, draw: d.row.N, at: now, waits: x}
	if x != nil {
		close.at = d.rules.Deadline(d.rules.Round)
		return close, err
	}
	for _, x := range all[:d.row.N-1] {
		if at := x.due(); at.Before(now) && (close.at.Equal(now) || at.After(close.at)) {
			close.at = at
		}
	}
	return close, err
}

// warnWaiting is what operators are to know of a draw that waits for one that is late; nil if none is.
func (d due) warnWaiting(now time.Time) error {
	if now.Sub(d.waits.due()) < waitsLate {
		return nil
	}
	n, deadline := d.waits.row.N, d.at.UTC().Format(time.RFC3339)
	if now.After(d.at) {
		return fmt.Errorf("draw %d is still not settled, and %s, by which this list had to be closed and cosigned, is over: it is closed once draw %[1]d is settled, and can never be confirmed from outside", n, deadline)
	}
	return fmt.Errorf("draw %d was due and has no result: unless it is settled, and this list closed and cosigned, by %s, this draw can never be confirmed from outside; see why draw %[1]d is late, or amend this draw to a later round before then", n, deadline)
}

// closeReady closes the draws of a closed campaign whose earlier ones are settled. The caller holds o's lock.
func (e *Engine) closeReady(ctx context.Context, o *opened) error {
	for n, rules := range o.rules.Draws {
		if !rules.EarlierWinnersOut {
			continue
		}
		if err := e.closeLater(ctx, o, n+1); err != nil {
			return err
		}
	}
	return nil
}

// closeLater closes draw n, which leaves earlier winners out, unless it is closed already or an earlier one is not settled. The close rests on the log that was
// read: if a seat changes hands meanwhile the list is made anew.
func (e *Engine) closeLater(ctx context.Context, o *opened, n int) (err error) {
	ctx, end := e.Meter.Work(ctx, "close draw")
	defer func() { end(err) }()
	var made *draw.Close
	var of winners
	for {
		all, err := e.drawings(ctx, o.id)
		if err != nil {
			return err
		}
		d := all[n-1]
		if d.row.State != store.DrawPending {
			return nil
		}
		if x, err := e.unsettledBefore(ctx, all, d); err != nil || x != nil {
			return err
		}
		won, size, err := e.wonBefore(ctx, d)
		if err != nil {
			return err
		}
		if made == nil || !maps.Equal(of, won) { // else the log grew by what does not matter here
			if made, err = e.listWithout(ctx, all[0], n, won); err != nil {
				return err
			}
			of = won
		}
		record, err := made.Marshal()
		if err != nil {
			return err
		}
		e.step("list made")
		err = e.appendAt(ctx, size, record, store.Transition{
			Campaign: o.id, Draw: n, DrawFrom: store.DrawPending, DrawTo: store.DrawClosed, Entrants: made.Entrants, Close: record,
		})
		if errors.Is(err, errLogMoved) {
			continue
		}
		if err != nil {
			return err
		}
		e.step("draw closed")
		return e.sayLate(ctx, o, n)
	}
}

// listWithout is the close of draw n: that of the first draw, which was made when entrants could still be counted by their days, but for those who won.
// Refused if the identity room does not have the list that the first draw was closed with.
func (e *Engine) listWithout(ctx context.Context, first *drawing, n int, won winners) (*draw.Close, error) {
	base, err := e.loggedClose(ctx, first)
	if err != nil {
		return nil, err
	}
	var was, is draw.Tree
	var out int64
	err = leafReader{ctx: ctx, room: e.Identity, campaign: first.campaign.ID}.Each(func(l draw.Leaf) error {
		leaf := l.Bytes()
		was.Add(leaf[:])
		if l.Chances > 0 && won[l.ID] {
			l.Chances = 0
			leaf = l.Bytes()
			out++
		}
		is.Add(leaf[:])
		return nil
	})
	if err != nil {
		return nil, err
	}
	if was.Root() != base.Root {
		return nil, otherList("entry list", 1, "identity")
	}
	c := &draw.Close{Open: base.Open, Draw: n, Entrants: base.Entrants, Zero: slices.Clone(base.Zero), Days: base.Days, Root: is.Root()}
	if out > 0 {
		c.Zero = append(c.Zero, draw.Zero{Reason: zeroWonEarlier, Count: out})
	}
	return c, nil
}
