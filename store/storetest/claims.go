package storetest

import (
	"sync"

	"fairlot/store"
)

var claimTests = []test{
	{"a seat is claimed once", func(t *T) {
		id, other := t.gate(), t.gate()
		b := store.Claim{Stratum: 2, Rank: 1, Day: "2027-03-02", Label: "Lin", Way: "proxy"}
		a := store.Claim{Stratum: 1, Rank: 12, Day: "2027-03-01", Label: "陳\xff", Way: "self"} // a label is bytes
		t.ok(t.Identity.PutClaim(t.ctx, id, 1, b))
		t.ok(t.Identity.PutClaim(t.ctx, id, 1, a))
		t.is(t.Identity.PutClaim(t.ctx, id, 1, a), store.ErrExists)
		t.is(t.Identity.PutClaim(t.ctx, id, 1, store.Claim{Stratum: 1, Rank: 12, Day: "2027-03-09", Label: "Wu", Way: "guardian"}), store.ErrExists)
		t.ok(t.Identity.PutClaim(t.ctx, id, 2, a))
		t.ok(t.Identity.PutClaim(t.ctx, other, 1, a))
		got, err := t.Identity.Claims(t.ctx, id, 1)
		t.ok(err)
		t.same(got, []store.Claim{a, b})
		for range 2 {
			t.ok(t.Identity.DropClaim(t.ctx, id, 1, 1, 12))
			t.ok(t.Identity.DropClaim(t.ctx, random16(), 1, 1, 12))
		}
		got, err = t.Identity.Claims(t.ctx, id, 1)
		t.ok(err)
		t.same(got, []store.Claim{b})
		for _, x := range []struct {
			c store.CampaignID
			n int
		}{{id, 2}, {other, 1}} { // of another draw, and another campaign
			got, err := t.Identity.Claims(t.ctx, x.c, x.n)
			t.ok(err)
			t.same(got, []store.Claim{a})
		}
		t.ok(t.Identity.PutClaim(t.ctx, id, 1, a)) // it was taken back
	}},
	{"two desks at once claim a seat once", func(t *T) {
		id := t.gate()
		const desks = 8
		errs := make([]error, desks)
		var all sync.WaitGroup
		for i := range desks {
			all.Go(func() {
				errs[i] = t.Identity.PutClaim(t.ctx, id, 1, store.Claim{Stratum: 1, Rank: 1, Day: "2027-03-01", Label: string(rune('a' + i)), Way: "self"})
			})
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				t.is(err, store.ErrExists)
			}
		}
		t.same(won, 1)
	}},
	{"claims go with what was sealed", func(t *T) {
		id, other := t.gate(), t.gate()
		c := store.Claim{Stratum: 1, Rank: 1, Day: "2027-03-01", Label: "Lin", Way: "self"}
		t.enter(entry(id), entry(id))
		t.ok(t.Identity.PutClaim(t.ctx, id, 1, c))
		t.ok(t.Identity.PutClaim(t.ctx, other, 1, c))
		for _, want := range []bool{false, true, true} { // of the entrants first, one call each
			left, err := t.Identity.Claims(t.ctx, id, 1)
			t.ok(err)
			if len(left) != 1 && !want {
				t.Fatal("gone before the envelopes")
			}
			done, err := t.Identity.DropSealed(t.ctx, id, nil, 2)
			t.ok(err)
			t.same(done, want)
		}
		left, err := t.Identity.Claims(t.ctx, id, 1)
		t.ok(err)
		t.same(len(left), 0)
		left, err = t.Identity.Claims(t.ctx, other, 1)
		t.ok(err)
		t.same(left, []store.Claim{c})
	}},
}
