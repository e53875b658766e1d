package storetest

import (
	"fmt"
	"slices"
	"time"

	"fairlot/store"
)

var identityTests = []test{
	{"leaves page by the bytes of the id", func(t *T) {
		id, other := t.gate(), t.gate()
		var batch []store.Entry
		var want []store.Leaf
		for i, x := range awkward() {
			e := entry(id)
			e.ID, e.Stratum, e.Chances = x, uint16(i), uint16(i%3)
			want = append(want, store.Leaf{ID: e.ID, Stratum: e.Stratum, Chances: e.Chances, Person: e.Person})
			batch = append(batch, e, entry(other))
		}
		slices.Reverse(batch)
		t.enter(batch...)
		for _, size := range []int{1, 5, 100} {
			var got []store.Leaf
			var after store.EntrantID
			for {
				page, err := t.Identity.Leaves(t.ctx, id, after, size)
				t.ok(err)
				got = append(got, page...)
				if len(page) < size {
					break
				}
				after = page[len(page)-1].ID
			}
			t.same(got, want)
		}
	}},
	{"sealed in the order named", func(t *T) {
		id := t.gate()
		a, b := entry(id), entry(id)
		b.Identity = []byte("b")
		t.enter(a, b)
		got, err := t.Identity.Sealed(t.ctx, id, []store.EntrantID{b.ID, a.ID, b.ID})
		t.ok(err)
		if len(got) != 3 || got[0].ID != b.ID || got[1].ID != a.ID || string(got[2].Identity) != "b" {
			t.Fatalf("%+v", got)
		}
		_, err = t.Identity.Sealed(t.ctx, id, []store.EntrantID{a.ID, random16()})
		t.is(err, store.ErrNotFound)
	}},
	{"a chance moves at the desk", func(t *T) {
		id := t.gate()
		thief, person, bystander := entry(id), entry(id), entry(id)
		thief.Chances = 5
		person.Tag, person.DuplicateCounts0 = thief.Tag, true
		t.enter(thief, person, bystander)
		tag := *thief.Tag
		t.is(t.Identity.MoveChance(t.ctx, id, tag, person.ID), store.ErrConflict) // still open
		t.is(t.Identity.MoveChance(t.ctx, random16(), tag, person.ID), store.ErrNotFound)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateEnded, 1))
		t.is(t.Identity.MoveChance(t.ctx, id, randomHash(), bystander.ID), store.ErrConflict) // nobody holds that, and it has a chance
		t.is(t.Identity.MoveChance(t.ctx, id, tag, random16()), store.ErrNotFound)
		t.is(t.Identity.MoveChance(t.ctx, id, tag, bystander.ID), store.ErrConflict) // has a chance already
		t.ok(t.Identity.MoveChance(t.ctx, id, tag, thief.ID))                        // holds it
		for range 2 {
			t.ok(t.Identity.MoveChance(t.ctx, id, tag, person.ID))
			for e, want := range map[store.EntrantID]string{thief.ID: "0 superseded", person.ID: "5 ", bystander.ID: "2 "} {
				got, err := t.Identity.Entrant(t.ctx, id, e)
				t.ok(err)
				t.same(fmt.Sprint(got.Chances, " ", got.Zero), want)
			}
		}
		// The chance moves, the answers stay: what is dropped was settled at entry.
		resp, err := t.Identity.SealedResponses(t.ctx, id, 1, 1, store.EntrantID{}, 10)
		t.ok(err)
		for _, r := range resp {
			t.same(r.Dropped, r.ID == person.ID)
		}
		t.ok(t.Identity.MoveChance(t.ctx, id, tag, thief.ID)) // and back
		t.ok(t.Identity.MoveChance(t.ctx, id, tag, person.ID))
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateEnded, 1, store.GateClosed, 1))
		t.is(t.Identity.MoveChance(t.ctx, id, tag, thief.ID), store.ErrConflict)
		c, err := t.Identity.Counts(t.ctx, id)
		t.ok(err)
		t.same(c.Zero, map[string]int64{"superseded": 1})
	}},
	{"what an epoch counts, the desk does not move", func(t *T) {
		id := t.gate()
		holder, twin := entry(id), entry(id)
		twin.Tag, twin.DuplicateCounts0, twin.Epoch = holder.Tag, true, 2
		t.enter(holder, entry(id))
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateOpen, 2))
		t.outcomes(t.enter(twin), store.EnteredDuplicate)
		t.counted(id, 1, 2, 0)
		t.counted(id, 2, 0, 1)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 2, store.GateEnded, 2))
		t.ok(t.Identity.MoveChance(t.ctx, id, *holder.Tag, twin.ID))
		t.counted(id, 1, 2, 0)
		t.counted(id, 2, 0, 1)
		t.counted(id, 3, 0, 0)
		t.counted(random16(), 1, 0, 0)
	}},
	{"counts", func(t *T) {
		id := t.gate()
		var batch []store.Entry
		for i := range 6 {
			e := entry(id)
			e.Stratum = uint16(1 + i%2)
			e.Day = fmt.Sprintf("2027-03-0%d", 1+i/4)
			batch = append(batch, e)
		}
		batch[5].Tag, batch[5].DuplicateCounts0 = batch[0].Tag, true
		t.enter(batch[:3]...)
		t.enter(batch[3:]...)
		t.enter(entry(t.gate()))
		_, err := t.Identity.Counts(t.ctx, id)
		t.is(err, store.ErrConflict)
		_, err = t.Identity.Counts(t.ctx, random16())
		t.is(err, store.ErrNotFound)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateClosed, 1))
		c, err := t.Identity.Counts(t.ctx, id)
		t.ok(err)
		t.same(c, store.Counts{
			Entrants: 6, Zero: map[string]int64{"duplicate": 1},
			Days: map[string]int64{"2027-03-01": 4, "2027-03-02": 2}, Strata: map[uint16]int64{1: 3, 2: 2},
		})
	}},
	{"dropped tags are gone", func(t *T) {
		id, other := t.gate(), t.gate()
		tok := randomHash()
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, []store.EntryToken{{Hash: tok, Chances: 1, Expires: end}}))
		e, o := entry(id), entry(other)
		t.dropped(random16(), true)
		t.dropped(id, false) // a token alone
		t.enter(e, o)
		for range 2 {
			t.ok(t.Identity.DropTags(t.ctx, id))
			t.dropped(id, true)
			t.dropped(other, false)
		}
		day, tag := t.gate(), t.gate()
		d, g := entry(day), entry(tag)
		d.Tag, g.Day = nil, ""
		t.enter(d, g)
		t.dropped(day, false)
		t.dropped(tag, false)
		second, held, withToken := entry(id), entry(other), entry(id)
		second.Tag, held.Tag, withToken.Token = e.Tag, o.Tag, &tok
		t.outcomes(t.enter(second, held, withToken), store.Entered, store.PersonEntered, store.TokenUnknown)
		t.ok(t.Identity.DropTags(t.ctx, id))
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateClosed, 1))
		c, err := t.Identity.Counts(t.ctx, id)
		t.ok(err)
		t.same(c.Entrants, int64(2))
		t.same(len(c.Days), 0)
	}},
	{"dropped entrants are gone", func(t *T) {
		id, other := t.gate(), t.gate()
		e, o := entry(id), entry(other)
		t.enter(e, o)
		for range 2 {
			t.ok(t.Identity.DropEntrants(t.ctx, id))
		}
		_, err := t.Identity.Entrant(t.ctx, id, e.ID)
		t.is(err, store.ErrNotFound)
		_, err = t.Identity.Sealed(t.ctx, id, []store.EntrantID{e.ID})
		t.is(err, store.ErrNotFound)
		t.same(t.leafCount(id), 0)
		t.same(t.leafCount(other), 1)
	}},
	{"batches follow each other", func(t *T) {
		id := t.gate()
		put := func(first, last uint32) error {
			return t.Identity.PutBatch(t.ctx, id, store.Batch{First: first, Last: last})
		}
		t.is(put(2, 3), store.ErrConflict) // leaves 1 out
		t.is(put(1, 0), store.ErrConflict)
		t.ok(put(1, 2))
		t.ok(put(1, 2))
		for _, b := range [][2]uint32{{1, 1}, {1, 3}, {2, 3}, {2, 2}, {4, 4}, {0, 0}, {3, 2}} {
			t.is(put(b[0], b[1]), store.ErrConflict)
		}
		got := race(16, func(i int) string { return verdict(put(3, uint32(3+i))) })
		t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 15})
		list, err := t.Identity.Batches(t.ctx, id)
		t.ok(err)
		if len(list) != 2 || list[0] != (store.Batch{First: 1, Last: 2}) || list[1].First != 3 {
			t.Fatalf("%+v", list)
		}
		none, err := t.Identity.Batches(t.ctx, random16())
		t.ok(err)
		t.same(len(none), 0)
	}},
	{"a batch is read by id and cleared", func(t *T) {
		id := t.gate()
		var want []store.EntrantID
		for epoch := uint32(1); epoch <= 3; epoch++ {
			for i, x := range awkward() {
				e := entry(id)
				e.ID, e.Epoch = store.EntrantID(x), epoch
				if uint32(i%3)+1 != epoch {
					continue
				}
				t.outcomes(t.enter(e), store.Entered)
				if epoch < 3 {
					want = append(want, e.ID)
				}
			}
			t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, epoch, store.GateOpen, epoch+1))
		}
		slices.SortFunc(want, func(a, b store.EntrantID) int { return slices.Compare(a[:], b[:]) })
		read := func(size int) (ids []store.EntrantID) {
			var after store.EntrantID
			for {
				page, err := t.Identity.SealedResponses(t.ctx, id, 1, 2, after, size)
				t.ok(err)
				for _, r := range page {
					ids, after = append(ids, r.ID), r.ID
				}
				if len(page) < size {
					return ids
				}
			}
		}
		t.same(read(4), want)
		t.same(read(100), want)
		t.is(t.Identity.ClearBatch(t.ctx, id, 1, 2), store.ErrNotFound)
		t.ok(t.Identity.PutBatch(t.ctx, id, store.Batch{First: 1, Last: 2}))
		t.is(t.Identity.ClearBatch(t.ctx, id, 1, 3), store.ErrNotFound)
		for range 2 {
			t.ok(t.Identity.ClearBatch(t.ctx, id, 1, 2))
			t.same(len(read(100)), 0)
		}
		list, err := t.Identity.Batches(t.ctx, id)
		t.ok(err)
		t.same(list, []store.Batch{{First: 1, Last: 2, Cleared: true}})
		e, err := t.Identity.Entrant(t.ctx, id, want[0])
		t.ok(err)
		if !e.Mixed || e.RetryMAC != (store.Hash{}) {
			t.Fatalf("%+v", e)
		}
		rest, err := t.Identity.SealedResponses(t.ctx, id, 3, 3, store.EntrantID{}, 100)
		t.ok(err)
		if len(rest) == 0 {
			t.Fatal("epoch 3 was cleared too")
		}
		t.counted(id, 1, 0, 0)
	}},
	{"releases and their notices", func(t *T) {
		id := t.gate()
		a := store.Release{Purpose: "notice", Opened: store.Hash{9}, IDs: []store.EntrantID{{2}, {1}, {0xff, 0}}}
		b := store.Release{Purpose: "notice", Opened: store.Hash{1}}
		notices := []store.Notification{{Stratum: 2, Rank: 1, Updated: noon}, {Stratum: 1, Rank: 1 << 40, State: 5, Attempts: 3, Updated: noon}}
		for range 2 {
			t.ok(t.Identity.PutRelease(t.ctx, id, 1, a, notices))
		}
		t.ok(t.Identity.PutRelease(t.ctx, id, 1, b, []store.Notification{{Stratum: 2, Rank: 3, Updated: end}}))
		t.ok(t.Identity.PutRelease(t.ctx, id, 2, b, nil))
		list, err := t.Identity.Releases(t.ctx, id, 1)
		t.ok(err)
		t.same(list, []store.Release{a, b})
		got, err := t.Identity.Notifications(t.ctx, id, 1)
		t.ok(err)
		t.same(got, []store.Notification{
			{Stratum: 1, Rank: 1 << 40, State: 1, Updated: noon}, {Stratum: 2, Rank: 1, State: 1, Updated: noon},
			{Stratum: 2, Rank: 3, State: 1, Updated: end},
		})
		other := a
		other.IDs = a.IDs[:1]
		t.is(t.Identity.PutRelease(t.ctx, id, 1, other, nil), store.ErrExists)
		twin := store.Release{Purpose: "notice", Opened: a.Opened, IDs: []store.EntrantID{{7}}}
		t.ok(t.Identity.PutRelease(t.ctx, id, 1, twin, nil))
		list, err = t.Identity.Releases(t.ctx, id, 1)
		t.ok(err)
		t.same(list, []store.Release{a, b, twin})
		tax := store.Release{Purpose: "tax", Opened: store.Hash{8}, IDs: a.IDs} // the same persons for something else
		for range 2 {
			t.ok(t.Identity.PutRelease(t.ctx, id, 1, tax, nil))
		}
		other.Purpose = "tax"
		t.is(t.Identity.PutRelease(t.ctx, id, 1, other, nil), store.ErrExists)
		lost := store.Release{Purpose: "claim", Opened: store.Hash{7}} // nobody knows whom they covered
		for range 2 {
			t.ok(t.Identity.PutRelease(t.ctx, id, 1, lost, nil))
		}
		list, err = t.Identity.Releases(t.ctx, id, 1)
		t.ok(err)
		t.same(list, []store.Release{a, b, twin, tax, lost, lost})
	}},
	{"a notice moves by compare-and-swap", func(t *T) {
		id := t.gate()
		t.ok(t.Identity.PutRelease(t.ctx, id, 1, store.Release{}, []store.Notification{{Stratum: 1, Rank: 1, Updated: noon}}))
		later := noon.Add(time.Minute)
		set := func(from, to store.NotificationState, attempt bool) (store.Notification, error) {
			return t.Identity.SetNotification(t.ctx, id, 1, 1, 1, from, to, attempt, later)
		}
		_, err := t.Identity.SetNotification(t.ctx, id, 1, 1, 2, 1, 2, true, later)
		t.is(err, store.ErrNotFound)
		_, err = set(2, 3, true)
		t.is(err, store.ErrConflict)
		got := race(16, func(int) string { _, err := set(1, 2, true); return verdict(err) })
		t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 15})
		n, err := set(2, 3, false)
		t.ok(err)
		want := store.Notification{Stratum: 1, Rank: 1, State: 3, Attempts: 1, Updated: later}
		t.same(n, want)
		list, err := t.Identity.Notifications(t.ctx, id, 1)
		t.ok(err)
		t.same(list, []store.Notification{want})
		// Released again, it is not notified again.
		t.ok(t.Identity.PutRelease(t.ctx, id, 1, store.Release{Opened: store.Hash{2}}, []store.Notification{{Stratum: 1, Rank: 1}}))
		list, err = t.Identity.Notifications(t.ctx, id, 1)
		t.ok(err)
		t.same(list, []store.Notification{want})
	}},
	{"scrub keeps what was not deleted", func(t *T) {
		id, gone := t.gate(), t.gate()
		tok := store.EntryToken{Hash: randomHash(), Chances: 1, Expires: end}
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, []store.EntryToken{tok}))
		e := entry(id)
		t.enter(e, entry(gone))
		t.ok(t.Identity.DropTags(t.ctx, gone))
		before := t.see(id)
		for range 2 {
			t.ok(t.Identity.Scrub(t.ctx))
			t.same(t.see(id), before)
		}
		twin, token := entry(id), entry(id)
		twin.Tag, token.Token = e.Tag, &tok.Hash
		t.outcomes(t.enter(twin, token), store.PersonEntered, store.Entered)
	}},
}

func (t *T) dropped(id store.CampaignID, want bool) {
	t.Helper()
	got, err := t.Identity.TagsDropped(t.ctx, id)
	t.ok(err)
	t.same(got, want)
}
