package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
)

// TestClockBackInsideClose sets the clock back a day between any two looks that a closing takes at it. Whether it closes or refuses, nobody who
// has a receipt may lose by it, and those who come afterwards must get a receipt or a reason.
func TestClockBackInsideClose(t *testing.T) {
	for name, change := range map[string]func(engine.Rules) engine.Rules{
		"draws": noProof, "survey only": surveyOnly,
	} {
		for looks := range 6 {
			w := newWorld(t)
			c := w.open(change(rules()))
			var clients []*client
			for i := range 7 {
				x := w.client(c, i, "")
				w.enter(x)
				clients = append(clients, x)
			}
			w.work()
			late := c.Rules.ObjectionsEnd.Add(time.Second)
			var left atomic.Int64
			left.Store(int64(looks))
			w.cfg.Now = func() time.Time {
				if left.Add(-1) >= 0 {
					return late
				}
				return late.Add(-25 * time.Hour)
			}
			w.setClock(late.Add(-25 * time.Hour))
			w.reopen()
			left.Store(int64(looks))
			ctx := context.Background()
			closed, err := w.CloseCampaign(ctx, c.ID)
			if looks == 0 {
				wantReason(t, err, engine.TooEarly, "")
			} else if err != nil || closed.State != store.Closed {
				t.Errorf("%s, %d looks: state %d, %v", name, looks, closed.State, err)
			}
			x := w.client(c, 7, "")
			if _, err := w.Enter(ctx, x.req); looks == 0 && err == nil {
				clients = append(clients, x)
			} else if looks == 0 {
				t.Errorf("%s: an entry before the end: %v", name, err)
			} else {
				wantReason(t, err, engine.CampaignClosed, "")
			}
			w.cfg.Now = w.now
			w.setClock(late)
			w.reopen()
			if closed, err = w.CloseCampaign(ctx, c.ID); err != nil {
				t.Errorf("%s, %d looks: %v", name, looks, err)
				continue
			}
			persons := make([]int, len(clients))
			for i := range clients {
				persons[i] = i
			}
			w.wantAnswers(c, persons)
			if name == "draws" {
				w.wantClosed(closed, int64(len(clients)), 0)
			}
		}
	}
}
