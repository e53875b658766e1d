package storetest

import (
	"strings"

	"fairlot/store"
)

var leaseTests = []test{
	{"the lease moves by compare-and-swap", func(t *T) {
		have, err := t.Registry.Lease(t.ctx)
		t.ok(err)
		t.same(have, store.Lease{})
		first := store.Lease{Term: 1, Beat: 1, Holder: random16(), Door: "127.0.0.1:9090"}
		t.is(t.Registry.SwapLease(t.ctx, first, store.Lease{Term: 2}), store.ErrConflict)
		t.ok(t.Registry.SwapLease(t.ctx, store.Lease{}, first))
		t.ok(t.Registry.SwapLease(t.ctx, store.Lease{}, first)) // as after a commit whose answer was lost
		beat := first
		beat.Beat = 1 << 40
		t.ok(t.Registry.SwapLease(t.ctx, first, beat))
		t.ok(t.Registry.SwapLease(t.ctx, first, beat))
		for _, stale := range []store.Lease{{}, first, {Term: 2, Beat: beat.Beat, Holder: beat.Holder, Door: beat.Door},
			{Term: beat.Term, Beat: beat.Beat, Holder: random16(), Door: beat.Door}, {Term: beat.Term, Beat: beat.Beat, Holder: beat.Holder}} {
			t.is(t.Registry.SwapLease(t.ctx, stale, store.Lease{Term: 9, Holder: random16()}), store.ErrConflict)
		}
		have, err = t.Registry.Lease(t.ctx)
		t.ok(err)
		t.same(have, beat)
		free := store.Lease{Term: 1, Beat: beat.Beat + 1}
		t.ok(t.Registry.SwapLease(t.ctx, beat, free))
		long := store.Lease{Term: 2, Beat: 1, Holder: random16(), Door: strings.Repeat("x", 255)}
		t.ok(t.Registry.SwapLease(t.ctx, free, long))
		have, err = t.Registry.Lease(t.ctx)
		t.ok(err)
		t.same(have, long)
	}},
	{"16 race for the lease, one has it", func(t *T) {
		old := store.Lease{}
		for term := range int64(6) {
			got := race(16, func(i int) string {
				return verdict(t.Registry.SwapLease(t.ctx, old, store.Lease{Term: term + 1, Beat: 1, Holder: [16]byte{byte(i + 1)}, Door: "d"}))
			})
			t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 15})
			var err error
			old, err = t.Registry.Lease(t.ctx)
			t.ok(err)
		}
	}},
}
