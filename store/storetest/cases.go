package storetest

import "fairlot/store"

var casesTests = []test{
	{"case round trip", func(t *T) {
		c := store.Case{ID: random16(), Campaign: random16(), Body: []byte("body \x00\xff標")}
		_, err := t.Registry.Case(t.ctx, c.ID)
		t.is(err, store.ErrNotFound)
		t.is(t.Registry.SwapCase(t.ctx, c), store.ErrNotFound)
		t.ok(t.Registry.PutCase(t.ctx, c))
		t.is(t.Registry.PutCase(t.ctx, c), store.ErrExists)
		c.Version = 1
		got, err := t.Registry.Case(t.ctx, c.ID)
		t.ok(err)
		t.same(got, c)
	}},
	{"cases change by compare-and-swap", func(t *T) {
		c := store.Case{ID: random16(), Campaign: random16(), Body: []byte("a")}
		t.ok(t.Registry.PutCase(t.ctx, c))
		c.Version, c.Body = 1, []byte("b")
		t.ok(t.Registry.SwapCase(t.ctx, c))
		t.is(t.Registry.SwapCase(t.ctx, c), store.ErrConflict)
		c.Version, c.Over = 2, true
		other := c
		other.Campaign = random16() // is not moved
		got := race(6, func(int) string { return verdict(t.Registry.SwapCase(t.ctx, other)) })
		t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 5})
		c.Version = 3
		read, err := t.Registry.Case(t.ctx, c.ID)
		t.ok(err)
		t.same(read, c)
	}},
	{"cases are listed by the bytes of their ids", func(t *T) {
		var all, unfinished [][16]byte
		for i, id := range awkward() {
			t.ok(t.Registry.PutCase(t.ctx, store.Case{ID: id, Over: i%3 == 0, Body: []byte("x")}))
			all = append(all, id)
			if i%3 != 0 {
				unfinished = append(unfinished, id)
			}
		}
		for only, want := range map[bool][][16]byte{false: all, true: unfinished} {
			var got [][16]byte
			for after, more := ([16]byte{}), true; more; {
				page, err := t.Registry.Cases(t.ctx, only, after, 2)
				t.ok(err)
				for _, c := range page {
					after = c.ID
					got = append(got, c.ID)
				}
				more = len(page) == 2
			}
			t.same(got, want)
		}
	}},
	{"whom a case names is kept once, of its campaign, until the sealed goes", func(t *T) {
		id, other := t.gate(), t.gate()
		c := random16()
		e := store.CaseEntrants{Salt: random16(), IDs: []store.EntrantID{random16(), {}, random16()}}
		_, err := t.Identity.CaseEntrants(t.ctx, id, c)
		t.is(err, store.ErrNotFound)
		t.ok(t.Identity.PutCaseEntrants(t.ctx, id, c, e))
		t.ok(t.Identity.PutCaseEntrants(t.ctx, other, c, e))
		t.is(t.Identity.PutCaseEntrants(t.ctx, id, c, store.CaseEntrants{IDs: []store.EntrantID{random16()}}), store.ErrExists)
		got, err := t.Identity.CaseEntrants(t.ctx, id, c)
		t.ok(err)
		t.same(got, e)
		t.enter(entry(id), entry(id))
		done, err := t.Identity.DropSealed(t.ctx, id, nil, 2) // two of two: whether more are left is not known yet
		t.ok(err)
		if !done {
			_, err = t.Identity.CaseEntrants(t.ctx, id, c)
			t.ok(err)
			done, err = t.Identity.DropSealed(t.ctx, id, nil, 2)
			t.ok(err)
		}
		t.same(done, true)
		_, err = t.Identity.CaseEntrants(t.ctx, id, c)
		t.is(err, store.ErrNotFound)
		_, err = t.Identity.CaseEntrants(t.ctx, other, c)
		t.ok(err)
	}},
}
