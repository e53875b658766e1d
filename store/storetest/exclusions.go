package storetest

import (
	"fmt"
	"slices"

	"fairlot/store"
)

var exclusionTests = []test{
	{"an exclusion list is kept, replaced, taken back and dropped", func(t *T) {
		id, other := store.CampaignID(random16()), store.CampaignID(random16())
		_, err := t.Identity.Exclusion(t.ctx, id)
		t.is(err, store.ErrNotFound)
		t.ok(t.Identity.DropExclusion(t.ctx, id))
		many := make([]store.Hash, 2500)
		for i := range many {
			many[i] = randomHash()
		}
		t.ok(t.Identity.PutExclusion(t.ctx, other, store.Exclusion{Version: 7, Mark: store.Hash{7}}, many))
		first := store.Exclusion{Version: 3, Mark: store.Hash{1}}
		for range 2 {
			t.ok(t.Identity.PutExclusion(t.ctx, id, first, many[:2]))
			t.listed(id, store.Exclusion{Version: 3, Mark: store.Hash{1}, Persons: 2})
		}
		t.is(t.Identity.PutExclusion(t.ctx, id, store.Exclusion{Version: 2, Mark: store.Hash{9}}, many), store.ErrConflict) // came late
		t.listed(id, store.Exclusion{Version: 3, Mark: store.Hash{1}, Persons: 2})
		t.ok(t.Identity.PutExclusion(t.ctx, id, store.Exclusion{Version: 4, Mark: store.Hash{4}}, many[1:4]))
		t.listed(id, store.Exclusion{Version: 4, Mark: store.Hash{4}, Persons: 3})
		t.ok(t.Identity.PutExclusion(t.ctx, id, store.Exclusion{Version: 5}, nil))
		t.listed(id, store.Exclusion{Version: 5})
		all, err := t.Identity.Exclusions(t.ctx)
		t.ok(err)
		slices.SortFunc(all, func(a, b store.CampaignID) int { return slices.Compare(a[:], b[:]) })
		want := []store.CampaignID{id, other}
		slices.SortFunc(want, func(a, b store.CampaignID) int { return slices.Compare(a[:], b[:]) })
		t.same(all, want)
		for range 2 {
			t.ok(t.Identity.DropExclusion(t.ctx, id))
		}
		_, err = t.Identity.Exclusion(t.ctx, id)
		t.is(err, store.ErrNotFound)
		t.listed(other, store.Exclusion{Version: 7, Mark: store.Hash{7}, Persons: 2500})
	}},
	{"of exclusion lists that come at once the newest stands", func(t *T) {
		id := store.CampaignID(random16())
		race(16, func(i int) string {
			return verdict(t.Identity.PutExclusion(t.ctx, id, store.Exclusion{Version: int64(i), Mark: store.Hash{byte(i)}}, []store.Hash{randomHash(), randomHash()}))
		})
		t.listed(id, store.Exclusion{Version: 15, Mark: store.Hash{15}, Persons: 2})
	}},
	{"no exclusion list changes once there is a gate", func(t *T) {
		id := store.CampaignID(random16())
		x := store.Exclusion{Version: 1, Mark: store.Hash{1}}
		t.ok(t.Identity.PutExclusion(t.ctx, id, x, []store.Hash{{1}}))
		t.ok(t.Identity.CreateGate(t.ctx, store.Gate{Campaign: id, End: end, OpenHash: store.Hash{1}}))
		t.is(t.Identity.PutExclusion(t.ctx, id, store.Exclusion{Version: 2}, nil), store.ErrConflict)
		t.is(t.Identity.PutExclusion(t.ctx, id, x, []store.Hash{{1}}), store.ErrConflict)
		t.is(t.Identity.DropExclusion(t.ctx, id), store.ErrConflict)
		x.Persons = 1
		t.listed(id, x)
	}},
	{"who is listed has no chances, and keeps everything else", func(t *T) {
		id, other := store.CampaignID(random16()), store.CampaignID(random16())
		plain, listed, twin, moved, mover, erased := entry(id), entry(id), entry(id), entry(id), entry(id), entry(id)
		elsewhere := entry(other)
		twin.Tag, twin.DuplicateCounts0 = listed.Tag, true
		mover.Tag, mover.DuplicateCounts0 = moved.Tag, true
		elsewhere.Tag = listed.Tag
		tags := []store.Hash{*listed.Tag, *moved.Tag, *erased.Tag, randomHash()}
		t.ok(t.Identity.PutExclusion(t.ctx, id, store.Exclusion{Version: 1}, tags))
		for _, c := range []store.CampaignID{id, other} {
			t.ok(t.Identity.CreateGate(t.ctx, store.Gate{Campaign: c, End: end, OpenHash: store.Hash{1}}))
		}
		t.enter(plain, listed, moved, erased, elsewhere)
		t.enter(twin, mover)
		fixed := entry(id)
		fixed.Tag = listed.Tag
		res, err := t.Identity.Correct(t.ctx, clock, listed.ID, fixed)
		t.ok(err)
		t.same(res.Outcome, store.Entered)
		_, err = t.Identity.Erase(t.ctx, id, erased.ID, "erased", nil)
		t.ok(err)
		t.is(t.Identity.Exclude(t.ctx, id), store.ErrConflict) // entries are not over
		t.is(t.Identity.Exclude(t.ctx, random16()), store.ErrNotFound)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateEnded, 1))
		t.ok(t.Identity.MoveChance(t.ctx, id, *moved.Tag, mover.ID))
		t.is(t.Identity.Exclude(t.ctx, id), store.ErrConflict)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateEnded, 1, store.GateClosed, 1))
		t.ok(t.Identity.MoveGate(t.ctx, other, store.GateOpen, 1, store.GateClosed, 1))
		t.is(t.Identity.Exclude(t.ctx, other), store.ErrNotFound) // has no list
		responses := func() []store.SealedResponse {
			list, err := t.Identity.SealedResponses(t.ctx, id, 1, 1, store.EntrantID{}, 100)
			t.ok(err)
			return list
		}
		before := responses()
		for range 2 {
			t.ok(t.Identity.Exclude(t.ctx, id))
			for e, want := range map[store.EntrantID]string{
				plain.ID: "2 ", listed.ID: "0 superseded", twin.ID: "0 duplicate", moved.ID: "0 superseded", mover.ID: "0 excluded",
				erased.ID: "0 erased", fixed.ID: "0 excluded",
			} {
				got, err := t.Identity.Entrant(t.ctx, id, e)
				t.ok(err)
				t.same(fmt.Sprint(got.Chances, " ", got.Zero), want)
			}
			got, err := t.Identity.Entrant(t.ctx, other, elsewhere.ID)
			t.ok(err)
			t.same(got.Chances, uint16(2))
			c, err := t.Identity.Counts(t.ctx, id)
			t.ok(err)
			t.same(c.Zero, map[string]int64{"superseded": 2, "duplicate": 1, "excluded": 2, "erased": 1})
			t.same(responses(), before)
		}
		sealed, err := t.Identity.Sealed(t.ctx, id, []store.EntrantID{fixed.ID})
		t.ok(err)
		t.same(string(sealed[0].Contact), "contact")
		t.dropped(id, false)
		t.ok(t.Identity.DropTags(t.ctx, id))
		t.dropped(id, true)
		t.is(t.Identity.Exclude(t.ctx, id), store.ErrNotFound)
		_, err = t.Identity.Exclusion(t.ctx, id)
		t.is(err, store.ErrNotFound)
	}},
	{"a list alone is something that tags leave behind", func(t *T) {
		id := store.CampaignID(random16())
		t.ok(t.Identity.PutExclusion(t.ctx, id, store.Exclusion{Version: 1}, nil))
		t.dropped(id, false)
		t.ok(t.Identity.DropTags(t.ctx, id))
		t.dropped(id, true)
	}},
}

func (t *T) listed(id store.CampaignID, want store.Exclusion) {
	t.Helper()
	got, err := t.Identity.Exclusion(t.ctx, id)
	t.ok(err)
	t.same(got, want)
}
