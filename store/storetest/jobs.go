package storetest

import (
	"bytes"
	"slices"

	"fairlot/store"
)

func someJob() store.Job {
	return store.Job{ID: random16(), Kind: "close", Campaign: random16(), Draw: 3, RunAt: noon, Holder: random16(), Attempt: 2, Said: "TOO_EARLY"}
}

var jobTests = []test{
	{"a job is put once and comes back whole", func(t *T) {
		j := someJob()
		_, err := t.Registry.Job(t.ctx, j.ID)
		t.is(err, store.ErrNotFound)
		t.ok(t.Registry.PutJob(t.ctx, j))
		other := someJob()
		other.ID = j.ID
		t.ok(t.Registry.PutJob(t.ctx, other))
		got, err := t.Registry.Job(t.ctx, j.ID)
		t.ok(err)
		j.Version = 1
		t.same(got, j)
		z := store.Job{ID: random16(), Version: 99} // the zero time comes back as the zero time, and a row begins at version 1
		t.ok(t.Registry.PutJob(t.ctx, z))
		z.Version = 1
		got, err = t.Registry.Job(t.ctx, z.ID)
		t.ok(err)
		t.same(got, z)
	}},
	{"jobs are listed by the bytes of the id", func(t *T) {
		ids := awkward()
		for i := len(ids) - 1; i >= 0; i-- {
			t.ok(t.Registry.PutJob(t.ctx, store.Job{ID: ids[i]}))
		}
		list, err := t.Registry.Jobs(t.ctx)
		t.ok(err)
		var got [][16]byte
		for _, j := range list {
			got = append(got, j.ID)
		}
		t.same(got, ids)
	}},
	{"a job changes at its version only", func(t *T) {
		j := someJob()
		t.ok(t.Registry.PutJob(t.ctx, j))
		j.Version = 1
		next := store.Job{ID: j.ID, Version: 1, RunAt: end, Holder: random16(), Attempt: 3, Said: ""}
		got, err := t.Registry.SwapJob(t.ctx, next)
		t.ok(err)
		next.Version, next.Kind, next.Campaign, next.Draw = 2, j.Kind, j.Campaign, j.Draw // what it is about never changes
		t.same(got, next)
		again, err := t.Registry.Job(t.ctx, j.ID)
		t.ok(err)
		t.same(again, next)
		_, err = t.Registry.SwapJob(t.ctx, j)
		t.is(err, store.ErrConflict)
		next.Version = 3
		_, err = t.Registry.SwapJob(t.ctx, next)
		t.is(err, store.ErrConflict)
		_, err = t.Registry.SwapJob(t.ctx, someJob())
		t.is(err, store.ErrNotFound)
		t.is(t.Registry.DropJob(t.ctx, j.ID, 1), store.ErrConflict)
		t.ok(t.Registry.DropJob(t.ctx, j.ID, 2))
		t.ok(t.Registry.DropJob(t.ctx, j.ID, 2))
		_, err = t.Registry.Job(t.ctx, j.ID)
		t.is(err, store.ErrNotFound)
	}},
	{"a job raced for has one holder", func(t *T) {
		j := someJob()
		t.ok(t.Registry.PutJob(t.ctx, j))
		got := race(16, func(i int) string {
			_, err := t.Registry.SwapJob(t.ctx, store.Job{ID: j.ID, Version: 1, Holder: [16]byte{byte(i + 1)}, Attempt: 1})
			return verdict(err)
		})
		t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 15})
	}},
	{"staff tokens long expired are dropped", func(t *T) {
		old, fresh, forever := store.StaffToken{ID: [8]byte{1}, Expires: noon.Add(-1e9)}, store.StaffToken{ID: [8]byte{2}, Expires: noon}, store.StaffToken{ID: [8]byte{3}}
		for _, s := range []store.StaffToken{old, fresh, forever} {
			t.ok(t.Registry.PutStaffToken(t.ctx, s))
		}
		for _, want := range []int{1, 0} {
			n, err := t.Registry.DropStaffTokens(t.ctx, noon)
			t.ok(err)
			t.same(n, want)
		}
		list, err := t.Registry.StaffTokens(t.ctx)
		t.ok(err)
		t.same(list, []store.StaffToken{fresh, forever})
	}},
	{"what is sealed goes but of those to be kept, and the rest once nobody is", func(t *T) {
		c, k := t.gate(), random16()
		var ids []store.EntrantID
		for range 7 {
			e := entry(c)
			t.enter(e)
			ids = append(ids, e.ID)
		}
		t.ok(t.Identity.PutCaseEntrants(t.ctx, c, k, store.CaseEntrants{IDs: ids[:1]}))
		t.ok(t.Identity.PutRelease(t.ctx, c, 1, store.Release{IDs: ids[:1]}, []store.Notification{{Stratum: 1, Rank: 1, State: 1, Updated: noon}}))
		slices.SortFunc(ids, func(a, b store.EntrantID) int { return bytes.Compare(a[:], b[:]) })
		keep := []store.EntrantID{ids[6], ids[0], ids[3], random16()} // the last is of nobody here
		for _, want := range []bool{false, false, true, true} {
			done, err := t.Identity.DropSealed(t.ctx, c, keep, 2)
			t.ok(err)
			t.same(done, want)
		}
		for i, id := range ids {
			sealed, err := t.Identity.Sealed(t.ctx, c, []store.EntrantID{id})
			if i%3 != 0 {
				t.is(err, store.ErrNotFound)
				continue
			}
			t.ok(err)
			t.same(len(sealed[0].Lock) > 0, true)
		}
		_, err := t.Identity.CaseEntrants(t.ctx, c, k)
		t.ok(err)
		releases, err := t.Identity.Releases(t.ctx, c, 1)
		t.ok(err)
		t.same(len(releases), 1)
		done, err := t.Identity.DropSealed(t.ctx, c, nil, 100)
		t.ok(err)
		t.same(done, true)
		_, err = t.Identity.CaseEntrants(t.ctx, c, k)
		t.is(err, store.ErrNotFound)
		_, err = t.Identity.Sealed(t.ctx, c, ids[:1])
		t.is(err, store.ErrNotFound)
	}},
	{"what is sealed goes, the entry list stays", func(t *T) {
		c, other := t.gate(), t.gate()
		var ids []store.EntrantID
		for range 7 {
			e := entry(c)
			t.enter(e)
			ids = append(ids, e.ID)
		}
		kept := entry(other)
		t.enter(kept)
		for i, campaign := range []store.CampaignID{c, other} {
			t.ok(t.Identity.PutRelease(t.ctx, campaign, 1, store.Release{Opened: store.Hash{byte(i + 1)}, IDs: ids[:1]}, []store.Notification{{Stratum: 1, Rank: 1, State: 1, Updated: noon}}))
		}
		leaves, err := t.Identity.Leaves(t.ctx, c, store.EntrantID{}, 100)
		t.ok(err)
		beside := t.see(other)
		for i, want := range []bool{false, false, true, true} {
			done, err := t.Identity.DropSealed(t.ctx, c, nil, 3)
			t.ok(err)
			t.same(done, want)
			left := 0
			for _, id := range ids {
				if _, err := t.Identity.Sealed(t.ctx, c, []store.EntrantID{id}); err == nil {
					left++
				} else {
					t.is(err, store.ErrNotFound)
				}
			}
			t.same(left, max(0, 7-3*(i+1)))
			releases, err := t.Identity.Releases(t.ctx, c, 1)
			t.ok(err)
			notices, err := t.Identity.Notifications(t.ctx, c, 1)
			t.ok(err)
			if (len(releases)+len(notices) == 0) != want {
				t.Fatalf("%d releases, %d notices, done %v", len(releases), len(notices), want)
			}
		}
		after, err := t.Identity.Leaves(t.ctx, c, store.EntrantID{}, 100)
		t.ok(err)
		t.same(after, leaves)
		if t.see(other) != beside {
			t.Error("another campaign lost something")
		}
		t.ok(t.Identity.MoveGate(t.ctx, c, store.GateOpen, 1, store.GateEnded, 1))
		again := entry(c)
		again.ID = ids[0]
		t.outcomes(t.enter(again, entry(c)), store.Exists, store.GateShut) // who is in the list is known for ever
	}},
}
