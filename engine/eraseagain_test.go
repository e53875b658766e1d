package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
)

// TestErasedCampaignStaysErased brings back an identity room from before the timetable was kept: for everybody, and for everybody but whom an order held.
func TestErasedCampaignStaysErased(t *testing.T) {
	for name, held := range map[string]int{"everybody": 0, "all but held": 2} {
		t.Run(name, func(t *testing.T) {
			k := newClockwork(t)
			ctx := context.Background()
			c := k.open(k.timed())
			w := &caseWorld{world: k.world, c: c, rows: map[string]store.StaffToken{}}
			var all []*client
			for i := range 5 {
				all = append(all, k.client(c, i, ""))
				k.enter(all[i])
			}
			for i, to := range []*engine.Actor{&w.requester, &w.first, &w.second} {
				*to = w.staff([]string{"Chen", "Lin", "Wu"}[i], engine.RoleOfficer)
			}
			k.drawn(c)
			k.releaseAll(c)
			due := must(k.Draw(ctx, c.ID, 1))(t).RoundTime.Add(37 * 24 * time.Hour)
			k.goTo(due.Add(-time.Hour))
			if held > 0 {
				q := w.request(engine.CaseCourt)
				q.Hold, q.Opens, q.Days = true, nil, 100
				for _, x := range all[:held] {
					q.Entrants = append(q.Entrants, x.got.ID)
				}
				w.approved(q)
			}
			k.look()
			k.stop()
			restore := k.copies("identity")
			if err := k.begin(); err != nil {
				t.Fatal(err)
			}
			k.restart()
			kept := func() (n int) {
				for _, x := range all {
					_, err := k.rooms.Identity.Sealed(ctx, c.ID, []store.EntrantID{x.got.ID})
					if err == nil {
						n++
					} else if !errors.Is(err, store.ErrNotFound) {
						t.Error(err)
					}
				}
				return n
			}
			k.pass(2*time.Hour, 2*time.Minute)
			if n := kept(); n != held {
				t.Fatalf("%d are kept, want %d", n, held)
			}
			k.stop()
			restore()
			k.cfg.AcceptRestored = true
			if err := k.begin(); err != nil {
				t.Fatal(err)
			}
			if n := kept(); n != held {
				t.Errorf("the copy brings back %d, want %d", n, held)
			}
		})
	}
}
