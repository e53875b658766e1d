package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
)

// wantErasedAt goes to an hour before an instant, wants everybody there, and an hour later wants everybody erased.
func (k *clockwork) wantErasedAt(c engine.Campaign, at time.Time, kept *client) {
	k.t.Helper()
	k.goTo(at.Add(-time.Hour))
	k.pass(20*time.Second, 2*time.Second)
	if _, err := k.rooms.Identity.Sealed(context.Background(), c.ID, []store.EntrantID{kept.got.ID}); err != nil {
		k.t.Errorf("erased before %v: %v", at, err)
	}
	k.wantState(c, store.Closed)
	k.goTo(at)
	k.pass(20*time.Second, 2*time.Second)
	if _, err := k.rooms.Identity.Sealed(context.Background(), c.ID, []store.EntrantID{kept.got.ID}); !errors.Is(err, store.ErrNotFound) {
		k.t.Errorf("not erased at %v: %v", at, err)
	}
	k.wantState(c, store.Erased)
}

// TestNoticePutsOffErasureOnce: whoever moves a notice to and fro keeps everybody for one claim period more, not for as long as they like.
func TestNoticePutsOffErasureOnce(t *testing.T) {
	for _, days := range []int64{0, 7} {
		k := newClockwork(t)
		ctx := context.Background()
		r := k.timed() // 30 days of retention
		r.Draws[0].ClaimDays = days
		c, _, losers := k.drawnBy(r)
		k.releaseAll(c)
		due := must(k.Draw(ctx, c.ID, 1))(t).RoundTime
		end := due.AddDate(0, 0, int(7+days+30))
		for k.now().Before(end.AddDate(0, 0, -5)) {
			k.move(4 * 24 * time.Hour)
			for _, rank := range []int64{1, 2} {
				must(k.ReportNotification(ctx, c.ID, 1, 1, rank, 1, 2))(t)
				must(k.ReportNotification(ctx, c.ID, 1, 1, rank, 2, 1))(t)
			}
		}
		k.wantErasedAt(c, end, losers[0])
	}
}

// TestLateAlternateKeepsTheWholePeriod: an alternate who is called at the last moment and told a claim period later has a claim period before everything is erased.
func TestLateAlternateKeepsTheWholePeriod(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	c, by, losers := k.drawnBy(k.timed())
	due := must(k.Draw(ctx, c.ID, 1))(t).RoundTime
	k.goTo(due.AddDate(0, 0, 37).Add(-time.Hour))
	must(k.ReplaceWinner(ctx, c.ID, 1, 1, 1, "declined"))(t)
	k.releaseAll(c)
	k.goTo(due.AddDate(0, 0, 43))
	k.tell(c, 3)
	k.goTo(due.AddDate(0, 0, 50))
	if _, _, err := k.claim(c, by[3], engine.ClaimSelf); err != nil {
		t.Error(err)
	}
	k.wantErasedAt(c, due.AddDate(0, 0, 4*7+30), losers[0])
}
