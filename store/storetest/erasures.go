package storetest

import (
	"fmt"
	"slices"

	"fairlot/store"
)

// erased demands that nothing sealed is left of an entrant, and says what its row is.
func (t *T) erased(c store.CampaignID, id store.EntrantID, want string) {
	t.Helper()
	s, err := t.Identity.Sealed(t.ctx, c, []store.EntrantID{id})
	t.ok(err)
	t.same(s, []store.Sealed{{ID: id}})
	t.row(c, id, want)
}

func (t *T) row(c store.CampaignID, id store.EntrantID, want string) {
	t.Helper()
	e, err := t.Identity.Entrant(t.ctx, c, id)
	t.ok(err)
	t.same(fmt.Sprint(e.Chances, " ", e.Zero, " ", e.Erasure), want)
}

func (t *T) erase(c store.CampaignID, id store.EntrantID, zero string, want store.Erasure) {
	t.Helper()
	got, err := t.Identity.Erase(t.ctx, c, id, zero, nil)
	t.ok(err)
	t.same(got, want)
}

var erasureTests = []test{
	{"before the close: chances, tag, envelopes and response", func(t *T) {
		id := t.gate()
		holder, twin, other := entry(id), entry(id), entry(id)
		twin.Tag, twin.DuplicateCounts0 = holder.Tag, true
		t.enter(holder, twin, other)
		_, err := t.Identity.Erase(t.ctx, random16(), holder.ID, "erased", nil)
		t.is(err, store.ErrNotFound)
		_, err = t.Identity.Erase(t.ctx, id, random16(), "erased", nil)
		t.is(err, store.ErrNotFound)
		t.counted(id, 1, 2, 1)
		for _, zero := range []string{"erased", "erased-at-desk"} { // the first reason stays
			t.erase(id, holder.ID, zero, store.ErasureDone)
			t.erased(id, holder.ID, "0 erased 0")
		}
		t.counted(id, 1, 1, 2)
		t.erase(id, twin.ID, "erased-at-desk", store.ErasureDone) // a duplicate just as well
		t.erased(id, twin.ID, "0 erased-at-desk 0")
		t.row(id, other.ID, "2  0")
		pending, err := t.Identity.SealedResponses(t.ctx, id, 1, 1, store.EntrantID{}, 10)
		t.ok(err)
		for _, p := range pending {
			t.same(p.Dropped, p.ID != other.ID)
		}
		again := entry(id) // of the same person: the tag is free
		again.Tag = holder.Tag
		t.outcomes(t.enter(again, holder), store.Entered, store.Exists)
		t.erase(id, twin.ID, "erased", store.ErasureDone) // which takes nobody else's tag
		third := entry(id)
		third.Tag = holder.Tag
		t.outcomes(t.enter(third), store.PersonEntered)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateClosed, 1))
		t.erase(id, holder.ID, "erased", store.ErasureDone)
		c, err := t.Identity.Counts(t.ctx, id)
		t.ok(err)
		t.same(c.Zero, map[string]int64{"erased": 1, "erased-at-desk": 1})
		waits, err := t.Identity.Erasures(t.ctx, id, store.EntrantID{}, 10)
		t.ok(err)
		t.same(len(waits), 0)
	}},
	{"a chance that nobody holds is given at the desk", func(t *T) {
		id := t.gate()
		holder, person, stranger := entry(id), entry(id), entry(id)
		person.Tag, person.DuplicateCounts0 = holder.Tag, true
		t.enter(holder, person, stranger)
		t.erase(id, holder.ID, "erased", store.ErasureDone)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateEnded, 1))
		t.is(t.Identity.MoveChance(t.ctx, id, *holder.Tag, stranger.ID), store.ErrConflict)
		t.is(t.Identity.MoveChance(t.ctx, id, *holder.Tag, holder.ID), store.ErrConflict) // what is erased stays so
		for range 2 {
			t.ok(t.Identity.MoveChance(t.ctx, id, *holder.Tag, person.ID))
			t.row(id, person.ID, "1  0")
			t.row(id, holder.ID, "0 erased 0")
		}
		t.erase(id, person.ID, "erased", store.ErasureDone) // after the end of entries too
		t.erased(id, person.ID, "0 erased 0")
	}},
	{"by the tag: who holds it alone", func(t *T) {
		id := t.gate()
		holder, twin, other := entry(id), entry(id), entry(id)
		twin.Tag, twin.DuplicateCounts0 = holder.Tag, true
		t.enter(holder, twin, other)
		nobodys := randomHash()
		for _, tag := range []*store.Hash{holder.Tag, &nobodys} {
			for _, e := range []store.EntrantID{twin.ID, other.ID} {
				_, err := t.Identity.Erase(t.ctx, id, e, "erased-at-desk", tag)
				t.is(err, store.ErrConflict)
			}
		}
		t.row(id, other.ID, "2  0")
		t.row(id, twin.ID, "0 duplicate 0")
		for range 2 {
			state, err := t.Identity.Erase(t.ctx, id, holder.ID, "erased-at-desk", holder.Tag)
			t.ok(err)
			t.same(state, store.ErasureDone)
			t.erased(id, holder.ID, "0 erased-at-desk 0")
		}
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateClosed, 1))
		_, err := t.Identity.Erase(t.ctx, id, other.ID, "erased-at-desk", other.Tag)
		t.is(err, store.ErrConflict)
		t.row(id, other.ID, "2  0")
	}},
	{"after the close: the list stands, and it waits", func(t *T) {
		id, other := t.gate(), t.gate()
		var ids []store.EntrantID
		var batch []store.Entry
		for range 5 {
			e := entry(id)
			ids, batch = append(ids, e.ID), append(batch, e)
		}
		foreign := entry(other)
		t.enter(append(batch, foreign)...)
		for _, c := range []store.CampaignID{id, other} {
			t.ok(t.Identity.MoveGate(t.ctx, c, store.GateOpen, 1, store.GateClosed, 1))
		}
		leaves, err := t.Identity.Leaves(t.ctx, id, store.EntrantID{}, 10)
		t.ok(err)
		slices.SortFunc(ids, func(a, b store.EntrantID) int { return slices.Compare(a[:], b[:]) })
		t.is(t.Identity.FinishErasure(t.ctx, id, ids[0]), store.ErrNotFound)
		sealed, err := t.Identity.Sealed(t.ctx, id, ids)
		t.ok(err)
		t.erase(other, foreign.ID, "erased", store.ErasureWaits)
		for _, e := range ids[:3] {
			for range 2 {
				t.erase(id, e, "erased", store.ErasureWaits)
			}
			t.row(id, e, "2  1")
		}
		still, err := t.Identity.Sealed(t.ctx, id, ids)
		t.ok(err)
		t.same(still, sealed)
		const waits, done = store.ErasureWaits, store.ErasureDone
		page, err := t.Identity.Erasures(t.ctx, id, store.EntrantID{}, 2)
		t.ok(err)
		t.same(page, []store.EntrantErasure{{ID: ids[0], State: waits}, {ID: ids[1], State: waits}})
		page, err = t.Identity.Erasures(t.ctx, id, page[1].ID, 2)
		t.ok(err)
		t.same(page, []store.EntrantErasure{{ID: ids[2], State: waits}})
		for range 2 {
			t.ok(t.Identity.FinishErasure(t.ctx, id, ids[1]))
			t.erased(id, ids[1], "2  2")
		}
		t.erase(id, ids[1], "erased", store.ErasureDone)
		page, err = t.Identity.Erasures(t.ctx, id, store.EntrantID{}, 9)
		t.ok(err)
		t.same(page, []store.EntrantErasure{{ID: ids[0], State: waits}, {ID: ids[1], State: done}, {ID: ids[2], State: waits}})
		after, err := t.Identity.Leaves(t.ctx, id, store.EntrantID{}, 10)
		t.ok(err)
		t.same(after, leaves)
		t.is(t.Identity.FinishErasure(t.ctx, id, foreign.ID), store.ErrNotFound)
		all, err := t.Identity.DropSealed(t.ctx, id, nil, 100) // of the whole campaign: nothing is left to wait for
		t.ok(err)
		t.same(all, true)
		page, err = t.Identity.Erasures(t.ctx, id, store.EntrantID{}, 9)
		t.ok(err)
		t.same(len(page), 0)
	}},
	{"erased at once with everything else", func(t *T) {
		id := t.gate()
		var ids []store.EntrantID
		var batch []store.Entry
		for range 12 {
			e := entry(id)
			ids, batch = append(ids, e.ID), append(batch, e)
		}
		t.enter(batch...)
		got := race(len(ids)*2+1, func(i int) string {
			if i == len(ids)*2 {
				return "gate " + verdict(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateClosed, 1))
			}
			state, err := t.Identity.Erase(t.ctx, id, ids[i/2], "erased", nil)
			return fmt.Sprint(state, verdict(err))
		})
		c, err := t.Identity.Counts(t.ctx, id)
		t.ok(err)
		waits, err := t.Identity.Erasures(t.ctx, id, store.EntrantID{}, 100)
		t.ok(err)
		// Whatever came first: each is in the count of the close or waits, none is in both or in neither.
		if int(c.Zero["erased"])+len(waits) != len(ids) || c.Entrants != int64(len(ids)) || c.Zero["erased"]+c.Strata[1] != c.Entrants {
			t.Fatalf("%v, counted %+v, %d wait", got, c, len(waits))
		}
		for _, e := range waits {
			t.row(id, e.ID, "2  1")
		}
	}},
	{"a campaign but for very many who are held", func(t *T) {
		id := t.gate()
		keep := make([]store.EntrantID, 40_000)
		for i := range keep {
			keep[i] = random16()
		}
		var batch []store.Entry
		for range 5 {
			batch = append(batch, entry(id))
		}
		t.enter(batch...)
		keep = append(keep, batch[1].ID, batch[3].ID)
		slices.SortFunc(keep, func(a, b store.EntrantID) int { return slices.Compare(a[:], b[:]) })
		done := false
		for range 3 {
			var err error
			done, err = t.Identity.DropSealed(t.ctx, id, keep, 2)
			t.ok(err)
		}
		t.same(done, true)
		for i, e := range batch {
			_, err := t.Identity.Sealed(t.ctx, id, []store.EntrantID{e.ID})
			if i == 1 || i == 3 {
				t.ok(err)
			} else {
				t.is(err, store.ErrNotFound)
			}
		}
	}},
}
