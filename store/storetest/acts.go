package storetest

import (
	"time"

	"fairlot/store"
)

var actsTests = []test{
	{"acts follow each other without a gap", func(t *T) {
		_, err := t.Registry.LastAct(t.ctx)
		t.is(err, store.ErrNotFound)
		none, err := t.Registry.Acts(t.ctx, 0, 10)
		t.ok(err)
		t.same(len(none), 0)
		t.is(t.Registry.AppendAct(t.ctx, store.Act{N: 2}), store.ErrConflict)
		t.is(t.Registry.AppendAct(t.ctx, store.Act{N: 0}), store.ErrConflict)
		var all []store.Act
		for n := range int64(5) {
			a := store.Act{N: n + 1, Hash: randomHash(), Text: []byte("act \x00\xff標\n")}
			t.ok(t.Registry.AppendAct(t.ctx, a))
			t.is(t.Registry.AppendAct(t.ctx, a), store.ErrConflict)
			all = append(all, a)
		}
		t.is(t.Registry.AppendAct(t.ctx, store.Act{N: 7}), store.ErrConflict)
		last, err := t.Registry.LastAct(t.ctx)
		t.ok(err)
		t.same(last, all[4])
		got, err := t.Registry.Acts(t.ctx, 0, 3)
		t.ok(err)
		t.same(got, all[:3])
		got, err = t.Registry.Acts(t.ctx, 3, 3)
		t.ok(err)
		t.same(got, all[3:])
	}},
	{"of those who append at once one comes next", func(t *T) {
		got := race(8, func(i int) string {
			return verdict(t.Registry.AppendAct(t.ctx, store.Act{N: 1, Hash: store.Hash{byte(i)}, Text: []byte{byte(i)}}))
		})
		t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 7})
	}},
	{"approval round trip", func(t *T) {
		a := store.Approval{ID: random16(), Kind: "open", Campaign: random16(), Draw: 3, Act: []byte("act\n"), State: store.ApprovalPending,
			Requester: store.Person{Token: "00ff", Label: "王小姐\x00"}, Requested: noon, Expires: end, NotBefore: end.Add(time.Second)}
		_, err := t.Registry.Approval(t.ctx, a.ID)
		t.is(err, store.ErrNotFound)
		t.ok(t.Registry.PutApproval(t.ctx, a))
		t.is(t.Registry.PutApproval(t.ctx, a), store.ErrExists)
		got, err := t.Registry.Approval(t.ctx, a.ID)
		t.ok(err)
		t.same(got, a)
		bare := store.Approval{ID: random16(), Act: []byte("x"), State: store.ApprovalPending} // zero times come back as such
		t.ok(t.Registry.PutApproval(t.ctx, bare))
		got, err = t.Registry.Approval(t.ctx, bare.ID)
		t.ok(err)
		t.same(got, bare)
	}},
	{"approvals move by compare-and-swap", func(t *T) {
		a := store.Approval{ID: random16(), Act: []byte("x"), State: store.ApprovalPending}
		t.is(t.Registry.MoveApproval(t.ctx, store.ApprovalPending, a), store.ErrNotFound)
		t.ok(t.Registry.PutApproval(t.ctx, a))
		given := a
		given.State, given.Decider, given.Decided = store.ApprovalGiven, store.Person{Token: "ab", Label: "b\x00"}, noon
		given.Act, given.Kind, given.Draw = []byte("other"), "other", 9 // are not moved
		t.ok(t.Registry.MoveApproval(t.ctx, store.ApprovalPending, given))
		t.is(t.Registry.MoveApproval(t.ctx, store.ApprovalPending, given), store.ErrConflict)
		got, err := t.Registry.Approval(t.ctx, a.ID)
		t.ok(err)
		a.State, a.Decider, a.Decided = given.State, given.Decider, given.Decided
		t.same(got, a)
		a.State, a.Outcome = store.ApprovalLapsed, "the draft changed"
		got2 := race(6, func(int) string { return verdict(t.Registry.MoveApproval(t.ctx, store.ApprovalGiven, a)) })
		t.same(got2, map[string]int{"ok": 1, store.ErrConflict.Error(): 5})
		got, err = t.Registry.Approval(t.ctx, a.ID)
		t.ok(err)
		t.same(got, a)
	}},
	{"approvals are listed by the bytes of their ids", func(t *T) {
		for i, id := range awkward() {
			t.ok(t.Registry.PutApproval(t.ctx, store.Approval{ID: id, Act: []byte("x"), State: store.ApprovalState(i%5 + 1)}))
		}
		var all, unfinished [][16]byte
		for i, id := range awkward() {
			all = append(all, id)
			if i%5 < 2 {
				unfinished = append(unfinished, id)
			}
		}
		for _, only := range []bool{false, true} {
			var got [][16]byte
			for after := ([16]byte{}); ; {
				page, err := t.Registry.Approvals(t.ctx, only, after, 2)
				t.ok(err)
				for _, a := range page {
					after = a.ID
					got = append(got, a.ID)
				}
				if len(page) < 2 {
					break
				}
			}
			if want := map[bool][][16]byte{false: all, true: unfinished}[only]; len(got) != len(want) {
				t.Fatalf("%d approvals, want %d", len(got), len(want))
			} else {
				t.same(got, want)
			}
		}
	}},
}
