package storetest

import (
	"fmt"
	"slices"

	"fairlot/store"
)

var logTests = []test{
	{"append and read", func(t *T) {
		t.same(size(t), int64(0))
		var want [][]byte
		for i := range 7 {
			rec := []byte(fmt.Sprintf("record %d\n\x00\xff", i))
			t.ok(t.Registry.Append(t.ctx, int64(i), rec, store.Transition{}))
			want = append(want, rec)
		}
		t.same(size(t), int64(7))
		all, err := t.Registry.LogRecords(t.ctx, 0, 100)
		t.ok(err)
		t.same(all, want)
		part, err := t.Registry.LogRecords(t.ctx, 3, 2)
		t.ok(err)
		t.same(part, want[3:5])
		none, err := t.Registry.LogRecords(t.ctx, 7, 2)
		t.ok(err)
		t.same(len(none), 0)
		t.is(t.Registry.Append(t.ctx, 6, []byte("x"), store.Transition{}), store.ErrConflict)
		t.is(t.Registry.Append(t.ctx, 8, []byte("x"), store.Transition{}), store.ErrConflict)
		t.same(size(t), int64(7))
	}},
	{"16 racing for each size, one wins", func(t *T) {
		for n := range int64(8) {
			got := race(16, func(i int) string {
				return verdict(t.Registry.Append(t.ctx, n, []byte{byte(i)}, store.Transition{Files: map[store.Hash][]byte{{byte(n), byte(i)}: {byte(i)}}}))
			})
			t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 15})
			rec, err := t.Registry.LogRecords(t.ctx, n, 1)
			t.ok(err)
			for i := range byte(16) { // the losers' files are not there either
				_, err := t.Registry.File(t.ctx, store.Hash{byte(n), i})
				if i == rec[0][0] {
					t.ok(err)
				} else {
					t.is(err, store.ErrNotFound)
				}
			}
		}
		t.same(size(t), int64(8))
	}},
	{"opening goes with its record", func(t *T) {
		id := t.draft("d")
		file := randomHash()
		open := store.Transition{
			Campaign: id, From: store.Draft, To: store.Open, Version: 1, OpenRecord: []byte("open\n"), Draws: 2,
			Files: map[store.Hash][]byte{file: []byte("規則"), {}: {}},
		}
		stale := open
		stale.Version = 2
		t.is(t.Registry.Append(t.ctx, 0, []byte("open"), stale), store.ErrConflict)
		t.same(size(t), int64(0))
		_, err := t.Registry.File(t.ctx, file)
		t.is(err, store.ErrNotFound)
		none, err := t.Registry.Draws(t.ctx, id)
		t.ok(err)
		t.same(len(none), 0)

		t.ok(t.Registry.Append(t.ctx, 0, []byte("open"), open))
		c, err := t.Registry.Campaign(t.ctx, id)
		t.ok(err)
		if c.State != store.Open || string(c.OpenRecord) != "open\n" || string(c.Rules) != "rules" {
			t.Fatalf("%+v", c)
		}
		draws, err := t.Registry.Draws(t.ctx, id)
		t.ok(err)
		if len(draws) != 2 || draws[0].N != 1 || draws[1].N != 2 || draws[1].State != store.DrawPending || draws[1].Campaign != id {
			t.Fatalf("%+v", draws)
		}
		body, err := t.Registry.File(t.ctx, file)
		t.ok(err)
		t.same(string(body), "規則")
		empty, err := t.Registry.File(t.ctx, store.Hash{})
		t.ok(err)
		t.same(len(empty), 0)
		t.is(t.Registry.Append(t.ctx, 1, []byte("open"), open), store.ErrConflict)
	}},
	{"an unknown campaign cannot move", func(t *T) {
		t.is(t.Registry.Append(t.ctx, 0, []byte("x"), store.Transition{Campaign: random16(), From: store.Open, To: store.Ended}), store.ErrConflict)
		t.same(size(t), int64(0))
	}},
	{"a draw moves with its record", func(t *T) {
		id := t.draft("d")
		t.ok(t.Registry.Append(t.ctx, 0, []byte("open"), store.Transition{Campaign: id, From: store.Draft, To: store.Open, Version: 1, Draws: 1}))
		shut := store.Transition{Campaign: id, Draw: 1, DrawFrom: store.DrawPending, DrawTo: store.DrawClosed, Entrants: 1 << 40, Close: []byte("close")}
		t.ok(t.Registry.Append(t.ctx, 1, []byte("close"), shut))
		t.is(t.Registry.Append(t.ctx, 2, []byte("close"), shut), store.ErrConflict)
		t.ok(t.Registry.Append(t.ctx, 2, []byte("result"), store.Transition{
			Campaign: id, Draw: 1, DrawFrom: store.DrawClosed, DrawTo: store.DrawDrawn, Result: []byte("result"), Ranking: []byte{},
		}))
		t.is(t.Registry.Append(t.ctx, 3, nil, store.Transition{Campaign: id, Draw: 2, DrawFrom: store.DrawPending, DrawTo: store.DrawClosed}), store.ErrConflict)
		draws, err := t.Registry.Draws(t.ctx, id)
		t.ok(err)
		w := draws[0]
		if w.State != store.DrawDrawn || w.Entrants != 1<<40 || string(w.Close) != "close" || string(w.Result) != "result" || len(w.Ranking) != 0 {
			t.Fatalf("%+v", w)
		}
	}},
	{"half a transition is none", func(t *T) {
		id := t.draft("d")
		t.is(t.Registry.Append(t.ctx, 0, []byte("x"), store.Transition{
			Campaign: id, From: store.Draft, To: store.Open, Version: 1, Files: map[store.Hash][]byte{{9}: {9}},
			Draw: 1, DrawFrom: store.DrawPending, DrawTo: store.DrawClosed, // there is no draw
		}), store.ErrConflict)
		c, err := t.Registry.Campaign(t.ctx, id)
		t.ok(err)
		_, missing := t.Registry.File(t.ctx, store.Hash{9})
		t.is(missing, store.ErrNotFound)
		t.same(c.State, store.Draft)
		t.same(size(t), int64(0))
	}},
	{"checkpoints", func(t *T) {
		_, err := t.Registry.Checkpoint(t.ctx, 1)
		t.is(err, store.ErrNotFound)
		t.is(t.Registry.SwapCheckpoint(t.ctx, 1, nil, []byte("n")), store.ErrNotFound)
		for _, n := range []int64{10, 9, 1} {
			t.ok(t.Registry.PutCheckpoint(t.ctx, n, []byte("note")))
		}
		t.ok(t.Registry.SwapCheckpoint(t.ctx, 9, []byte("note"), []byte("note\n— a\n")))
		t.ok(t.Registry.PutCheckpoint(t.ctx, 9, []byte("note"))) // by whoever signs late: the cosignature stays
		t.is(t.Registry.SwapCheckpoint(t.ctx, 9, []byte("note"), []byte("x")), store.ErrConflict)
		got := race(16, func(i int) string {
			return verdict(t.Registry.SwapCheckpoint(t.ctx, 9, []byte("note\n— a\n"), []byte{byte(i)}))
		})
		t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 15})
		sizes, err := t.Registry.CheckpointSizes(t.ctx)
		t.ok(err)
		if !slices.Equal(sizes, []int64{1, 9, 10}) {
			t.Fatal(sizes)
		}
		note, err := t.Registry.Checkpoint(t.ctx, 10)
		t.ok(err)
		t.same(string(note), "note")
	}},
}

func size(t *T) int64 {
	t.Helper()
	n, err := t.Registry.LogSize(t.ctx)
	t.ok(err)
	return n
}
