package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"fairlot/engine"
	"fairlot/store"
)

// TestMixingIsNotSeen asks in every way what a caller can ask about an own entry, before it is mixed and after, in a campaign without proof of
// person. All answers are the same: who saw when an epoch is mixed could count, and tell a duplicate from somebody new.
func TestMixingIsNotSeen(t *testing.T) {
	w := newWorld(t)
	c := w.open(noProof(rules()))
	ctx := context.Background()
	x := w.client(c, 0, "")
	w.enter(x)
	asks := map[string]func(*engine.EnterRequest){
		"the same":        func(*engine.EnterRequest) {},
		"other answers":   func(r *engine.EnterRequest) { r.Response = []byte(response(1)) },
		"no answers":      func(r *engine.EnterRequest) { r.Response = []byte("{") },
		"another secret":  func(r *engine.EnterRequest) { r.AnswerSecretHash = bytes.Repeat([]byte{9}, 32) },
		"other consents":  func(r *engine.EnterRequest) { r.Consents = nil },
		"another notice":  func(r *engine.EnterRequest) { r.NoticeHash[0]++ },
		"a token":         func(r *engine.EnterRequest) { r.Token = "00000-00000-00000-00000" },
		"another name":    func(r *engine.EnterRequest) { r.Identity.Name = "other" },
		"another number":  func(r *engine.EnterRequest) { r.Identity.IDNumber = idNumber(1) },
		"another contact": func(r *engine.EnterRequest) { r.Contact.Email = "other@example.org" },
		"nobody":          func(r *engine.EnterRequest) { r.Identity, r.Contact = nil, nil },
	}
	answers := func() map[string]string {
		out := map[string]string{}
		for name, change := range asks {
			y := x.req
			id, to := *x.req.Identity, *x.req.Contact
			y.Identity, y.Contact = &id, &to
			change(&y)
			got, err := w.Enter(ctx, y)
			out[name] = fmt.Sprintf("%x %v", got.Note, err)
		}
		out["status"] = fmt.Sprint(must(w.EntryStatus(ctx, c.ID, x.got.ID))(t))
		return out
	}
	before := answers()
	for i := 1; i < 15; i++ {
		w.enter(w.client(c, i, ""))
		w.work()
	}
	if row := must(w.rooms.Identity.Entrant(ctx, c.ID, x.got.ID))(t); !row.Mixed {
		t.Fatal("not mixed")
	}
	for name, after := range answers() {
		if after != before[name] {
			t.Errorf("%s: %s, once mixed %s", name, before[name], after)
		}
	}
	for name, differs := range map[string]bool{"other answers": false, "other consents": false, "another name": true, "another number": true, "another contact": true, "nobody": true} {
		if got := before[name] != before["the same"]; got != differs {
			t.Errorf("%s is refused: %v", name, got)
		}
	}
	if row := must(w.rooms.Identity.Entrant(ctx, c.ID, must(w.lastEntry(c))(t)))(t); row.RetryMAC != (store.Hash{}) {
		t.Error("a MAC is kept that nobody compares")
	}
}

// lastEntry enters one more and returns its id.
func (w *world) lastEntry(c engine.Campaign) (store.EntrantID, error) {
	x := w.client(c, 999, "")
	w.enter(x)
	return x.got.ID, nil
}

// TestDuplicatesMoveTheGateToo: callers wait while the gate moves, so it moves after the same number of entries whether a person was there before
// or not. What is mixed together are k responses nevertheless.
func TestDuplicatesMoveTheGateToo(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, entered := range []bool{true, false} {
		c := w.open(noProof(rules()))
		for i := range 5 { // epoch 1
			w.enter(w.client(c, i, ""))
		}
		w.work()
		for i := range 4 {
			w.enter(w.client(c, 10+i, ""))
			w.work()
		}
		if g := must(w.rooms.Identity.Gate(ctx, c.ID))(t); g.Epoch != 2 {
			t.Fatalf("epoch %d", g.Epoch)
		}
		guess := 20
		if entered {
			guess = 1
		}
		w.enter(w.client(c, guess, ""))
		w.work()
		if g := must(w.rooms.Identity.Gate(ctx, c.ID))(t); g.Epoch != 3 {
			t.Errorf("had entered %v: epoch %d", entered, g.Epoch)
		}
		want := []store.Batch{{First: 1, Last: 1, Cleared: true}}
		if entered {
			want = nil // four responses are no rest
		}
		if got := must(w.rooms.Identity.Batches(ctx, c.ID))(t); !slices.Equal(got, want) {
			t.Errorf("had entered %v: batches %v", entered, got)
		}
	}
}

// TestMovedChanceMakesNoBatch: a chance that the desk moves into an epoch brings no response with it.
func TestMovedChanceMakesNoBatch(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(noProof(rules()))
	var persons []int
	enter := func(n int) {
		for range n {
			persons = append(persons, len(persons))
			w.enter(w.client(c, len(persons)-1, ""))
		}
	}
	enter(6) // one more than k: the chance leaves k behind
	w.work()
	enter(4)
	owner := w.client(c, 0, "") // whose chance somebody took
	owner.req.Response = []byte(response(777))
	w.enter(owner)
	w.work() // epoch 2: four responses and a duplicate
	enter(1)
	w.setClock(c.Rules.EntriesEnd)
	w.work()
	ask := engine.MoveChanceRequest{Campaign: c.ID, S: owner.s, Receipt: owner.got.Note, Identity: *owner.req.Identity, ContactCommitment: [32]byte(owner.got.ContactCommitment)}
	must(w.MoveChance(ctx, ask))(t)
	w.work()
	if got := must(w.rooms.Identity.Batches(ctx, c.ID))(t); len(got) != 0 {
		t.Errorf("batches %v, but what follows has four responses", got)
	}
	w.wantClosed(w.mustClose(c), 12, 1)
	w.wantAnswers(c, persons)
}
