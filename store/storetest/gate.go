package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"fairlot/store"
)

var gateTests = []test{
	{"created once", func(t *T) {
		g := store.Gate{Campaign: random16(), End: end, OpenHash: randomHash()}
		_, err := t.Identity.Gate(t.ctx, g.Campaign)
		t.is(err, store.ErrNotFound)
		t.ok(t.Identity.CreateGate(t.ctx, g))
		t.ok(t.Identity.CreateGate(t.ctx, g))
		g.State, g.Epoch = store.GateOpen, 1
		t.same(t.gateOf(g.Campaign), g)
		t.is(t.Identity.CreateGate(t.ctx, store.Gate{Campaign: g.Campaign, End: end, OpenHash: randomHash()}), store.ErrExists)
		t.same(t.gateOf(g.Campaign), g)
	}},
	{"moves by compare-and-swap", func(t *T) {
		id := t.gate()
		t.is(t.Identity.AnnounceMove(t.ctx, random16(), store.GateOpen, 1), store.ErrNotFound)
		t.is(t.Identity.MoveGate(t.ctx, random16(), store.GateOpen, 1, store.GateOpen, 2), store.ErrNotFound)
		t.is(t.Identity.AnnounceMove(t.ctx, id, store.GateOpen, 2), store.ErrConflict)
		t.is(t.Identity.AnnounceMove(t.ctx, id, store.GateEnded, 1), store.ErrConflict)
		t.ok(t.Identity.AnnounceMove(t.ctx, id, store.GateOpen, 1))
		t.ok(t.Identity.AnnounceMove(t.ctx, id, store.GateOpen, 1))
		if !t.gateOf(id).Moving {
			t.Fatal("not moving")
		}
		t.is(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 2, store.GateOpen, 3), store.ErrConflict)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateOpen, 2))
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateOpen, 2))
		g := t.gateOf(id)
		if g.Epoch != 2 || g.Moving || g.State != store.GateOpen || !g.End.Equal(end) {
			t.Fatalf("%+v", g)
		}
		t.is(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateOpen, 3), store.ErrConflict)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 2, store.GateEnded, 2))
		t.same(t.gateOf(id).State, store.GateEnded)
	}},
	{"a repeated move leaves the next announcement", func(t *T) {
		id := t.gate()
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateOpen, 2))
		t.ok(t.Identity.AnnounceMove(t.ctx, id, store.GateOpen, 2))
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateOpen, 2))
		if !t.gateOf(id).Moving {
			t.Fatal("the announcement is gone")
		}
	}},
	{"one of 16 movers sets each epoch", func(t *T) {
		id := t.gate()
		got := race(16, func(i int) string {
			return verdict(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateOpen, uint32(2+i)))
		})
		t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 15})
	}},
	{"the mover gets through 16 busy writers under a second", func(t *T) {
		id := t.gate()
		var (
			wg      sync.WaitGroup
			stop    atomic.Bool
			entered [4]atomic.Int64 // by epoch
			failed  atomic.Pointer[error]
		)
		var epoch atomic.Uint32
		epoch.Store(1)
		for range 16 {
			wg.Go(func() {
				for !stop.Load() {
					batch := make([]store.Entry, 8)
					for i := range batch {
						batch[i] = entry(id)
						batch[i].Epoch = epoch.Load()
					}
					res, err := t.Identity.Enter(t.ctx, clock, batch)
					if err != nil {
						failed.Store(&err)
						return
					}
					for i, r := range res {
						switch r.Outcome {
						case store.Entered:
							entered[batch[i].Epoch].Add(1)
						case store.WrongEpoch:
							epoch.Store(r.Gate.Epoch)
						}
					}
				}
			})
		}
		defer wg.Wait()
		defer stop.Store(true)
		for e := uint32(1); e <= 2; e++ {
			time.Sleep(100 * time.Millisecond)
			began := time.Now()
			t.ok(t.Identity.AnnounceMove(t.ctx, id, store.GateOpen, e))
			t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, e, store.GateOpen, e+1))
			if took := time.Since(began); took > time.Second {
				t.Errorf("moving to epoch %d took %v", e+1, took)
			}
		}
		stop.Store(true)
		wg.Wait()
		if err := failed.Load(); err != nil {
			t.Fatal(*err)
		}
		for e := uint32(1); e <= 3; e++ {
			t.counted(id, e, entered[e].Load(), 0)
		}
		if entered[1].Load() == 0 {
			t.Error("no writer was at work")
		}
	}},
}

func (t *T) counted(id store.CampaignID, epoch uint32, kept, dropped int64) {
	t.Helper()
	k, d, err := t.Identity.EpochCounted(t.ctx, id, epoch)
	t.ok(err)
	t.same([]int64{k, d}, []int64{kept, dropped})
}

func (t *T) gateOf(id store.CampaignID) store.Gate {
	t.Helper()
	g, err := t.Identity.Gate(t.ctx, id)
	t.ok(err)
	return g
}
