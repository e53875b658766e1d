package storetest

import (
	"context"
	"time"

	"fairlot/store"
)

var enterTests = []test{
	{"round trip", func(t *T) {
		id := t.gate()
		e := entry(id)
		e.Stratum, e.Chances = 65535, 65534
		res := t.enter(e)
		t.outcomes(res, store.Entered)
		t.same(res[0].Chances, e.Chances)
		t.same(res[0].Gate, t.gateOf(id))
		got, err := t.Identity.Entrant(t.ctx, id, e.ID)
		t.ok(err)
		want := store.Entrant{ID: e.ID, Epoch: 1, Stratum: 65535, Chances: 65534, Person: e.Person, RetryMAC: e.RetryMAC}
		t.same(got, want)
		sealed, err := t.Identity.Sealed(t.ctx, id, []store.EntrantID{e.ID})
		t.ok(err)
		t.same(sealed, []store.Sealed{{ID: e.ID, Lock: e.Lock, Identity: e.Identity, Contact: e.Contact}})
		resp, err := t.Identity.SealedResponses(t.ctx, id, 1, 1, store.EntrantID{}, 10)
		t.ok(err)
		t.same(resp, []store.SealedResponse{{ID: e.ID, Epoch: 1, Response: e.Response}})
		_, err = t.Identity.Entrant(t.ctx, id, random16())
		t.is(err, store.ErrNotFound)
		_, err = t.Identity.Entrant(t.ctx, random16(), e.ID)
		t.is(err, store.ErrNotFound)
	}},
	{"an empty batch", func(t *T) { t.enter() }},
	{"without draws or survey", func(t *T) {
		id := t.gate()
		e := store.Entry{Campaign: id, ID: random16(), Epoch: 1}
		empty := store.Entry{Campaign: id, ID: random16(), Epoch: 1, Response: []byte{}}
		t.outcomes(t.enter(e, empty), store.Entered, store.Entered)
		resp, err := t.Identity.SealedResponses(t.ctx, id, 1, 1, store.EntrantID{}, 10)
		t.ok(err)
		if len(resp) != 1 || resp[0].ID != empty.ID || len(resp[0].Response) != 0 { // empty is a response, nil is none
			t.Fatalf("%+v", resp)
		}
		sealed, err := t.Identity.Sealed(t.ctx, id, []store.EntrantID{e.ID})
		t.ok(err)
		if len(sealed[0].Lock)+len(sealed[0].Identity)+len(sealed[0].Contact) != 0 {
			t.Fatalf("%+v", sealed)
		}
		t.counted(id, 1, 2, 0)
	}},
	{"the same id again shows what is there", func(t *T) {
		id := t.gate()
		e := entry(id)
		t.enter(e)
		again := entry(id)
		again.ID = e.ID
		for range 2 {
			res := t.enter(again)
			t.outcomes(res, store.Exists)
			t.same(res[0].Present, store.Entrant{ID: e.ID, Epoch: 1, Stratum: 1, Chances: 2, Person: e.Person, RetryMAC: e.RetryMAC})
		}
		// Its tag was not taken.
		other := entry(id)
		other.Tag = again.Tag
		t.outcomes(t.enter(other), store.Entered)
		// Ids of another campaign are other ids.
		e.Campaign = t.gate()
		t.outcomes(t.enter(e), store.Entered)
	}},
	{"one person twice", func(t *T) {
		id := t.gate()
		first, second, third := entry(id), entry(id), entry(id)
		second.Tag, third.Tag, third.DuplicateCounts0 = first.Tag, first.Tag, true
		t.outcomes(t.enter(first), store.Entered)
		t.outcomes(t.enter(second), store.PersonEntered)
		_, err := t.Identity.Entrant(t.ctx, id, second.ID)
		t.is(err, store.ErrNotFound)
		res := t.enter(third)
		t.outcomes(res, store.EnteredDuplicate)
		t.same(res[0].Chances, uint16(0))
		got, err := t.Identity.Entrant(t.ctx, id, third.ID)
		t.ok(err)
		t.same(got, store.Entrant{ID: third.ID, Epoch: 1, Stratum: 1, Zero: "duplicate", Person: third.Person, RetryMAC: third.RetryMAC})
		elsewhere := entry(t.gate())
		elsewhere.Tag = first.Tag
		t.outcomes(t.enter(elsewhere), store.Entered)
	}},
	{"twice within a batch is as in two batches", func(t *T) {
		id := t.gate()
		tok := randomHash()
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, []store.EntryToken{{Hash: tok, Chances: 3, Expires: end}}))
		a, b := entry(id), entry(id)
		sameID, sameTag, zero := entry(id), entry(id), entry(id)
		sameID.ID, sameTag.Tag, zero.Tag, zero.DuplicateCounts0 = a.ID, a.Tag, a.Tag, true
		a.Token, b.Token = &tok, &tok
		res := t.enter(a, sameID, sameTag, zero, b)
		t.outcomes(res, store.Entered, store.Exists, store.PersonEntered, store.EnteredDuplicate, store.TokenUsed)
		t.same(res[1].Present, store.Entrant{ID: a.ID, Epoch: 1, Stratum: 1, Chances: 3, Person: a.Person, RetryMAC: a.RetryMAC})
		t.same(t.leafCount(id), 2)
	}},
	{"a token lets in once, with its chances", func(t *T) {
		id := t.gate()
		h := []store.Hash{randomHash(), randomHash(), randomHash(), randomHash()}
		toks := []store.EntryToken{
			{Hash: h[0], Chances: 9, Expires: end}, {Hash: h[1], Chances: 1, Expires: noon},
			{Hash: h[2], Chances: 1, Expires: end}, {Hash: h[3], Chances: 4},
		}
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, toks))
		n, err := t.Identity.RevokeEntryTokens(t.ctx, id, []store.Hash{h[2], randomHash()})
		t.ok(err)
		t.same(n, 1)
		with := func(h store.Hash) store.Entry { e := entry(id); e.Token = &h; return e }
		first := with(h[0])
		res := t.enter(first, with(h[0]), with(h[1]), with(h[2]), with(randomHash()), with(h[3]))
		t.outcomes(res, store.Entered, store.TokenUsed, store.TokenExpired, store.TokenRevoked, store.TokenUnknown, store.Entered)
		t.same(res[0].Chances, uint16(9))
		t.outcomes(t.enter(with(h[0]), first), store.TokenUsed, store.Exists)
		// Put again, used and revoked ones stay so; a used one is not revoked.
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, toks))
		t.is(t.Identity.PutEntryTokens(t.ctx, id, []store.EntryToken{{Hash: h[0], Chances: 8, Expires: end}}), store.ErrExists)
		n, err = t.Identity.RevokeEntryTokens(t.ctx, id, []store.Hash{h[0], h[2]})
		t.ok(err)
		t.same(n, 0)
		t.outcomes(t.enter(with(h[0]), with(h[2])), store.TokenUsed, store.TokenRevoked)
		other := with(h[1])
		other.Campaign = t.gate()
		t.outcomes(t.enter(other), store.TokenUnknown)
	}},
	{"a token with a stratum says where its entry is drawn", func(t *T) {
		id := t.gate()
		h := []store.Hash{randomHash(), randomHash(), randomHash()}
		toks := []store.EntryToken{{Hash: h[0], Chances: 2, Stratum: 65535, Expires: end}, {Hash: h[1], Chances: 2, Expires: end}, {Hash: h[2], Chances: 2, Stratum: 7, Expires: end}}
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, toks))
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, toks))
		t.is(t.Identity.PutEntryTokens(t.ctx, id, []store.EntryToken{{Hash: h[0], Chances: 2, Stratum: 1, Expires: end}}), store.ErrExists)
		t.is(t.Identity.PutEntryTokens(t.ctx, id, []store.EntryToken{{Hash: h[1], Chances: 2, Stratum: 1, Expires: end}}), store.ErrExists)
		with := func(h store.Hash) store.Entry { e := entry(id); e.Token, e.Stratum = &h, 3; return e }
		a, b, double := with(h[0]), with(h[1]), with(h[2])
		double.Tag, double.DuplicateCounts0 = a.Tag, true
		res := t.enter(a, b, double, a)
		t.outcomes(res, store.Entered, store.Entered, store.EnteredDuplicate, store.Exists)
		t.same([]uint16{res[0].Stratum, res[1].Stratum, res[2].Stratum, res[3].Present.Stratum}, []uint16{65535, 3, 7, 65535})
		for e, want := range map[*store.Entry]uint16{&a: 65535, &b: 3, &double: 7} {
			got, err := t.Identity.Entrant(t.ctx, id, e.ID)
			t.ok(err)
			t.same(got.Stratum, want)
		}
	}},
	{"a refused entry uses no token", func(t *T) {
		id := t.gate()
		tok := randomHash()
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, []store.EntryToken{{Hash: tok, Chances: 1, Expires: end}}))
		first, second, third := entry(id), entry(id), entry(id)
		second.Tag, second.Token, third.Token = first.Tag, &tok, &tok
		t.outcomes(t.enter(first, second, third), store.Entered, store.PersonEntered, store.Entered)
	}},
	{"a token tries so many persons and no more", func(t *T) {
		id := t.gate()
		h := []store.Hash{randomHash(), randomHash(), randomHash()}
		var toks []store.EntryToken
		for _, h := range h {
			toks = append(toks, store.EntryToken{Hash: h, Chances: 1, Expires: end})
		}
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, toks))
		there := entry(id)
		t.enter(there)
		with := func(h store.Hash, tag *store.Hash) store.Entry { e := entry(id); e.Token, e.Tag = &h, tag; return e }
		fresh := func() *store.Hash { h := randomHash(); return &h }
		// One at a time, the last two in one batch with what comes after.
		for range store.TokenRefusals - 2 {
			t.outcomes(t.enter(with(h[0], there.Tag)), store.PersonEntered)
		}
		t.outcomes(t.enter(with(h[0], there.Tag), with(h[0], there.Tag), with(h[0], there.Tag), with(h[0], fresh())),
			store.PersonEntered, store.PersonEntered, store.TokenRevoked, store.TokenRevoked)
		t.outcomes(t.enter(with(h[0], there.Tag), with(h[0], fresh())), store.TokenRevoked, store.TokenRevoked)
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, toks)) // put again, it does not come back
		t.outcomes(t.enter(with(h[0], fresh())), store.TokenRevoked)
		n, err := t.Identity.RevokeEntryTokens(t.ctx, id, h[:1])
		t.ok(err)
		t.same(n, 0)
		// One less, and it still lets in, in the same batch too.
		for range store.TokenRefusals - 2 {
			t.outcomes(t.enter(with(h[1], there.Tag)), store.PersonEntered)
		}
		t.outcomes(t.enter(with(h[1], there.Tag), with(h[1], fresh()), with(h[1], there.Tag)), store.PersonEntered, store.Entered, store.TokenUsed)
		// A person without a token is refused without end, and other refusals do not count.
		for range store.TokenRefusals + 1 {
			t.outcomes(t.enter(with(h[0], there.Tag)), store.TokenRevoked)
			bare := entry(id)
			bare.Tag = there.Tag
			t.outcomes(t.enter(bare), store.PersonEntered)
			late := with(h[2], there.Tag)
			late.Epoch = 7
			t.outcomes(t.enter(late), store.WrongEpoch)
		}
		t.outcomes(t.enter(with(h[2], fresh())), store.Entered)
	}},
	{"order of checks", func(t *T) {
		id := t.gate()
		there := entry(id)
		t.enter(there)
		bad := entry(id) // everything is wrong with it
		tok := randomHash()
		bad.Tag, bad.Token, bad.Epoch = there.Tag, &tok, 7
		t.outcomes(t.enter(bad), store.WrongEpoch)
		bad.Epoch = 1
		t.outcomes(t.enter(bad), store.TokenUnknown)
		bad.Token = nil
		t.outcomes(t.enter(bad), store.PersonEntered)
		bad.Epoch, bad.Token = 7, &tok
		late, err := t.Identity.Enter(t.ctx, func() time.Time { return end }, []store.Entry{bad, there})
		t.ok(err)
		t.outcomes(late, store.GateShut, store.Exists)
		t.ok(t.Identity.AnnounceMove(t.ctx, id, store.GateOpen, 1))
		late, err = t.Identity.Enter(t.ctx, func() time.Time { return end }, []store.Entry{bad, there})
		t.ok(err)
		t.outcomes(late, store.GateMoving, store.Exists)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateEnded, 1))
		t.outcomes(t.enter(bad, there, entry(id)), store.GateShut, store.Exists, store.GateShut)
		t.outcomes(t.enter(entry(random16())), store.GateShut) // no such gate
	}},
	{"the end does not count", func(t *T) {
		id := t.gate()
		for _, c := range []struct {
			now  time.Time
			want store.Outcome
		}{{end.Add(-time.Nanosecond), store.Entered}, {end, store.GateShut}, {end.Add(time.Nanosecond), store.GateShut}} {
			res, err := t.Identity.Enter(t.ctx, func() time.Time { return c.now }, []store.Entry{entry(id)})
			t.ok(err)
			t.outcomes(res, c.want)
		}
	}},
	{"now is read under the lock", func(t *T) {
		// While now runs, nobody else can move the gate: a mover that starts then is seen by the next batch only. Where the commit is refused
		// and the batch tried again, the mover may come in between.
		id := t.gate()
		moved, tries := make(chan error, 1), 0
		res, err := t.Identity.Enter(t.ctx, func() time.Time {
			if tries++; tries > 1 {
				return noon
			}
			go func() { moved <- t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateEnded, 1) }()
			select {
			case err := <-moved:
				t.Errorf("the gate moved under the lock: %v", err)
				moved <- err
			case <-time.After(100 * time.Millisecond):
			}
			return noon
		}, []store.Entry{entry(id)})
		t.ok(err)
		if tries == 1 || len(res) == 1 && res[0].Outcome != store.GateShut {
			t.outcomes(res, store.Entered)
		}
		t.ok(<-moved)
		t.outcomes(t.enter(entry(id)), store.GateShut)
	}},
	{"a batch of several campaigns", func(t *T) {
		a, b := t.gate(), t.gate()
		t.ok(t.Identity.MoveGate(t.ctx, b, store.GateOpen, 1, store.GateOpen, 2))
		t.outcomes(t.enter(entry(a), entry(b), entry(a)), store.Entered, store.WrongEpoch, store.Entered)
	}},
	{"concurrent twins: one wins", func(t *T) {
		id := t.gate()
		tok := randomHash()
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, []store.EntryToken{{Hash: tok, Chances: 1, Expires: end}}))
		same, whole, spent := entry(id), entry(id), randomHash()
		t.ok(t.Identity.PutEntryTokens(t.ctx, id, []store.EntryToken{{Hash: spent, Chances: 1, Expires: end}}))
		whole.Token = &spent
		for _, c := range []struct {
			loser store.Outcome
			twin  func(e *store.Entry)
		}{
			{store.Exists, func(e *store.Entry) { e.ID = same.ID }},
			{store.PersonEntered, func(e *store.Entry) { e.Tag = same.Tag }},
			{store.TokenUsed, func(e *store.Entry) { e.Token = &tok }},
			{store.Exists, func(e *store.Entry) { *e = whole }}, // one entry by several ways at once
		} {
			got := race(16, func(int) store.Outcome {
				e := entry(id)
				c.twin(&e)
				res, err := t.Identity.Enter(t.ctx, clock, []store.Entry{entry(id), e})
				if err != nil {
					t.Error(err)
					return 0
				}
				return res[1].Outcome
			})
			t.same(got, map[store.Outcome]int{store.Entered: 1, c.loser: 15})
		}
		t.same(t.leafCount(id), 4*17)
	}},
	{"cancelled under the lock leaves nothing", func(t *T) {
		id := t.gate()
		ctx, cancel := context.WithCancel(t.ctx)
		e := entry(id)
		_, err := t.Identity.Enter(ctx, func() time.Time { cancel(); return noon }, []store.Entry{e, entry(id)})
		t.is(err, context.Canceled)
		t.same(t.leafCount(id), 0)
		t.outcomes(t.enter(e), store.Entered) // its tag is free too
	}},
	{"cancelled while waiting for the lock", func(t *T) {
		// Batches may share the lock, so it is a mover that waits for it.
		id := t.gate()
		ctx, cancel := context.WithCancel(t.ctx)
		waited := make(chan error, 1)
		_, err := t.Identity.Enter(t.ctx, func() time.Time {
			go func() { waited <- t.Identity.MoveGate(ctx, id, store.GateOpen, 1, store.GateEnded, 1) }()
			time.Sleep(50 * time.Millisecond)
			cancel()
			t.is(<-waited, context.Canceled)
			return noon
		}, []store.Entry{entry(id)})
		t.ok(err)
		t.same(t.leafCount(id), 1)
		t.same(t.gateOf(id).State, store.GateOpen)
	}},
	{"cancelled at any moment: all or nothing", func(t *T) {
		id := t.gate()
		for i := range 30 {
			ctx, cancel := context.WithTimeout(t.ctx, time.Duration(i)*150*time.Microsecond)
			before := t.leafCount(id)
			batch := make([]store.Entry, 20)
			for k := range batch {
				batch[k] = entry(id)
			}
			_, err := t.Identity.Enter(ctx, clock, batch)
			cancel()
			switch after := t.leafCount(id); {
			case err == nil && after != before+20, err != nil && after != before:
				t.Fatalf("error %v, %d leaves more", err, after-before)
			case err != nil:
				t.is(err, context.DeadlineExceeded)
			}
		}
	}},
}

func (t *T) leafCount(id store.CampaignID) int {
	t.Helper()
	l, err := t.Identity.Leaves(t.ctx, id, store.EntrantID{}, 1<<20)
	t.ok(err)
	return len(l)
}
