package postgres

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/store"
)

// TestGateMovesUnderOneSecret lets 64 callers correct and erase the same entries again and again, as whoever has one secret may. Whoever moves the gate is not kept waiting.
func TestGateMovesUnderOneSecret(t *testing.T) {
	for _, kind := range []string{"correct", "erase"} {
		t.Run(kind, func(t *testing.T) {
			rooms := open(t, newSet(t).apps.with("pool_max_conns", "80"))
			c := newGate(t, rooms)
			var all []store.Entry
			for range 64 {
				e := newEntry(c)
				e.Epoch = 1
				all = append(all, e)
			}
			if _, err := rooms.Identity.Enter(t.Context(), time.Now, all); err != nil {
				t.Fatal(err)
			}
			var (
				wg   sync.WaitGroup
				stop atomic.Bool
				done atomic.Int64
			)
			for _, old := range all {
				wg.Go(func() {
					for !stop.Load() {
						var err error
						if kind == "erase" {
							_, err = rooms.Identity.Erase(t.Context(), c, old.ID, "erased", nil)
						} else {
							e := newEntry(c)
							e.Tag, e.Response, e.Chances, e.Consents = old.Tag, nil, 0, nil
							_, err = rooms.Identity.Correct(t.Context(), time.Now, old.ID, e)
						}
						if err == nil || errors.Is(err, store.ErrConflict) {
							done.Add(1)
						} else if !errors.Is(err, store.ErrUnavailable) { // it stood aside as long as it could
							t.Error(err)
						}
					}
				})
			}
			for end := time.Now().Add(30 * time.Second); done.Load() < 640 && time.Now().Before(end); { // until each has its connection
				time.Sleep(10 * time.Millisecond)
			}
			for e := uint32(1); e <= 3; e++ {
				time.Sleep(300 * time.Millisecond)
				before, began := done.Load(), time.Now()
				if err := errors.Join(rooms.Identity.AnnounceMove(t.Context(), c, store.GateOpen, e),
					rooms.Identity.MoveGate(t.Context(), c, store.GateOpen, e, store.GateOpen, e+1)); err != nil {
					t.Error(err)
				}
				took := time.Since(began)
				t.Logf("moved in %v", took)
				if took > time.Second {
					t.Errorf("moving to epoch %d took %v", e+1, took)
				}
				for end := time.Now().Add(30 * time.Second); done.Load() == before && time.Now().Before(end); {
					time.Sleep(10 * time.Millisecond)
				}
				if done.Load() == before {
					t.Error("nothing goes on after the move")
				}
			}
			stop.Store(true)
			wg.Wait()
		})
	}
}
