package storetest

import "fairlot/store"

// bound are the three rooms as what they have in common.
func (t *T) bound() []store.Bound { return []store.Bound{t.Registry, t.Identity, t.Answers} }

var bindingTests = []test{
	{"a room is bound once, each for itself", func(t *T) {
		for i, room := range t.bound() {
			_, err := room.Binding(t.ctx)
			t.is(err, store.ErrNotFound)
			t.is(room.SetGeneration(t.ctx, 0, 1), store.ErrNotFound)
			b := store.Binding{Installation: random16(), Generation: int64(i + 1)}
			t.ok(room.PutBinding(t.ctx, b))
			t.ok(room.PutBinding(t.ctx, b))
			t.is(room.PutBinding(t.ctx, store.Binding{Installation: random16(), Generation: b.Generation}), store.ErrExists)
			t.is(room.PutBinding(t.ctx, store.Binding{Installation: b.Installation, Generation: b.Generation + 1}), store.ErrExists)
			got, err := room.Binding(t.ctx)
			t.ok(err)
			t.same(got, b)
		}
	}},
	{"a generation moves by compare-and-swap", func(t *T) {
		for _, room := range t.bound() {
			id := random16()
			t.ok(room.PutBinding(t.ctx, store.Binding{Installation: id, Generation: 1}))
			t.is(room.SetGeneration(t.ctx, 2, 3), store.ErrConflict)
			t.ok(room.SetGeneration(t.ctx, 1, 1<<40))
			t.ok(room.SetGeneration(t.ctx, 1, 1<<40))
			t.is(room.SetGeneration(t.ctx, 1, 2), store.ErrConflict)
			got, err := room.Binding(t.ctx)
			t.ok(err)
			t.same(got, store.Binding{Installation: id, Generation: 1 << 40})
			won := race(8, func(i int) string { return verdict(room.SetGeneration(t.ctx, 1<<40, int64(i+2))) })
			t.same(won, map[string]int{"ok": 1, store.ErrConflict.Error(): 7})
		}
	}},
	{"a room that is remembered goes on as it did", func(t *T) {
		for _, room := range t.bound() {
			t.ok(room.Same(t.ctx))
			t.is(room.Remember(t.ctx), store.ErrNotFound)
			b := store.Binding{Installation: random16(), Generation: 7}
			t.ok(room.PutBinding(t.ctx, b))
			t.ok(room.Remember(t.ctx))
			t.ok(room.Same(t.ctx))
			moved := race(8, func(i int) string { // while others look
				if i > 0 {
					return verdict(room.Same(t.ctx))
				}
				for n := b.Generation; n < b.Generation+10; n++ {
					if err := room.SetGeneration(t.ctx, n, n+1); err != nil {
						return verdict(err)
					}
				}
				return "ok"
			})
			t.same(moved, map[string]int{"ok": 8})
			t.ok(room.Same(t.ctx))
		}
		t.ok(t.Registry.SetGateMade(t.ctx, t.draft("a")))
		t.outcomes(t.enter(entry(t.gate())), store.Entered)
		t.ok(t.Answers.PutMixed(t.ctx, store.CampaignID(random16()), 1, 1, nil, nil))
	}},
	{"a gate's making is recorded", func(t *T) {
		id, other := t.draft("a"), t.draft("b")
		t.is(t.Registry.SetGateMade(t.ctx, random16()), store.ErrNotFound)
		t.ok(t.Registry.SetGateMade(t.ctx, id))
		for c, want := range map[store.CampaignID]bool{id: true, other: false} {
			got, err := t.Registry.Campaign(t.ctx, c)
			t.ok(err)
			t.same(got.GateMade, want)
		}
	}},
	{"the last epoch that is mixed", func(t *T) {
		id := store.CampaignID(random16())
		for _, want := range []uint32{0, 3, 4, 1<<32 - 1} {
			if want == 3 {
				t.ok(t.Answers.PutMixed(t.ctx, id, 1, 3, nil, nil))
			} else if want > 3 {
				t.ok(t.Answers.PutMixed(t.ctx, id, want, want, nil, nil))
			}
			got, err := t.Answers.LastMixed(t.ctx, id)
			t.ok(err)
			t.same(got, want)
		}
		got, err := t.Answers.LastMixed(t.ctx, random16())
		t.ok(err)
		t.same(got, uint32(0))
	}},
}
