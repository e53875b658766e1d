package engine_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"fairlot/engine"
)

func TestRetry(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	ctx := context.Background()
	tokens := w.tokens(c, 20)
	x := w.client(c, 0, tokens[0])
	w.enter(x)
	same := func(when string) {
		t.Helper()
		if got, err := w.Enter(ctx, x.req); err != nil || got.ID != x.got.ID || !bytes.Equal(got.Note, x.got.Note) ||
			!bytes.Equal(got.ContactCommitment, x.got.ContactCommitment) || !bytes.Equal(got.IdentityCommitment, x.got.IdentityCommitment) {
			t.Errorf("%s: another receipt, %v", when, err)
		}
	}
	differs := func(when string, change func(*engine.EnterRequest)) {
		t.Helper()
		y := x.req
		id, to := *x.req.Identity, *x.req.Contact
		y.Identity, y.Contact = &id, &to
		change(&y)
		_, err := w.Enter(ctx, y)
		wantReason(t, err, engine.EntryDiffers, "")
		if err == nil {
			t.Error(when)
		}
	}
	other := map[string]func(*engine.EnterRequest){
		"name":     func(r *engine.EnterRequest) { r.Identity.Name = "other" },
		"email":    func(r *engine.EnterRequest) { r.Contact.Email = "other@example.org" },
		"no one":   func(r *engine.EnterRequest) { r.Identity, r.Contact = nil, nil },
		"response": func(r *engine.EnterRequest) { r.Response = []byte(response(1)) },
		"secret":   func(r *engine.EnterRequest) { r.AnswerSecretHash = bytes.Repeat([]byte{9}, 32) },
		"token":    func(r *engine.EnterRequest) { r.Token = tokens[1] },
		"consents": func(r *engine.EnterRequest) { r.Consents = nil },
		"notice":   func(r *engine.EnterRequest) { r.NoticeHash[0]++ },
	}
	same("at once")
	for name, change := range other {
		differs(name, change)
	}
	for i := 1; i < 20; i++ {
		w.enter(w.client(c, i, tokens[i]))
		w.work()
	}
	if row := must(w.rooms.Identity.Entrant(ctx, c.ID, x.got.ID))(t); !row.Mixed {
		t.Fatal("not mixed")
	}
	same("mixed")
	for _, name := range []string{"name", "email", "no one"} {
		differs(name+" when mixed", other[name])
	}
	y := w.client(c, 0, tokens[0]) // another r
	_, err := w.Enter(ctx, y.req)
	wantReason(t, err, engine.TokenUsed, "token")
	w.setClock(c.Rules.EntriesEnd)
	same("after the end, before the tick")
	w.work()
	same("ended")
	_, err = w.Enter(ctx, y.req)
	wantReason(t, err, engine.CampaignEnded, "")
	w.mustClose(c)
	same("closed")
	_, err = w.Enter(ctx, y.req)
	wantReason(t, err, engine.CampaignClosed, "")
}

func TestOnePersonAtOnce(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	tokens := w.tokens(c, 16)
	won, lost := w.together(c, 16, func(i int) *client { return w.client(c, 7, tokens[i]) })
	if len(won) != 1 || len(lost) != 15 {
		t.Fatalf("%d entered", len(won))
	}
	for _, err := range lost {
		wantReason(t, err, engine.PersonEntered, "")
	}
	// One token, sixteen persons.
	token := w.tokens(c, 1)[0]
	won, lost = w.together(c, 16, func(i int) *client { return w.client(c, 100+i, token) })
	if len(won) != 1 || len(lost) != 15 {
		t.Fatalf("%d entered with one token", len(won))
	}
	for _, err := range lost {
		wantReason(t, err, engine.TokenUsed, "")
	}
	// One request, sixteen times.
	x := w.client(c, 50, w.tokens(c, 1)[0])
	won, _ = w.together(c, 16, func(int) *client { y := *x; return &y })
	if len(won) != 16 {
		t.Fatalf("%d of 16 got the receipt", len(won))
	}
	for _, y := range won {
		if !bytes.Equal(y.got.Note, won[0].got.Note) {
			t.Error("two receipts of one entry")
		}
	}
	w.wantClosed(w.mustClose(c), 3, 0)
}

func (w *world) together(_ engine.Campaign, n int, make func(int) *client) (won []*client, lost []error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		x := make(i)
		wg.Go(func() {
			got, err := w.Enter(context.Background(), x.req)
			mu.Lock()
			defer mu.Unlock()
			if x.got = got; err != nil {
				lost = append(lost, err)
			} else {
				won = append(won, x)
			}
		})
	}
	wg.Wait()
	return won, lost
}

func TestClosingInstant(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	tokens := w.tokens(c, 40)
	w.setClock(c.Rules.EntriesEnd.Add(-time.Nanosecond))
	w.enter(w.client(c, 0, tokens[0]))
	w.setClock(c.Rules.EntriesEnd)
	_, err := w.Enter(context.Background(), w.client(c, 1, tokens[1]).req)
	wantReason(t, err, engine.CampaignEnded, "")
	// The clock passes the end while entries are under way: whoever has a receipt is in the list, and nobody else.
	w.setClock(c.Rules.EntriesEnd.Add(-time.Second))
	var once sync.Once
	won, lost := w.together(c, 32, func(i int) *client {
		if i == 16 {
			once.Do(func() { w.setClock(c.Rules.EntriesEnd) })
		}
		return w.client(c, 10+i, tokens[2+i])
	})
	for _, err := range lost {
		wantReason(t, err, engine.CampaignEnded, "")
	}
	closed := w.mustClose(c)
	w.wantClosed(closed, int64(1+len(won)), 0)
	for _, x := range won {
		if _, err := w.rooms.Identity.Entrant(context.Background(), c.ID, x.got.ID); err != nil {
			t.Error("acknowledged and lost")
		}
	}
}

// TestEntriesWhileEpochsMove lets many enter while the gate moves as fast as it can: whatever epoch an entry was sealed for, it is mixed once.
func TestEntriesWhileEpochsMove(t *testing.T) {
	w := newWorld(t)
	c := w.open(surveyOnly(rules()))
	ctx, stop := context.WithCancel(context.Background())
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		for ctx.Err() == nil {
			w.Work(ctx)
		}
	}()
	var wg sync.WaitGroup
	var persons []int
	for p := range 8 {
		for i := range 40 {
			persons = append(persons, p*40+i)
		}
		wg.Go(func() {
			for i := range 40 {
				x := w.client(c, p*40+i, "")
				if _, err := w.Enter(context.Background(), x.req); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	stop()
	<-moved
	if g := must(w.rooms.Identity.Gate(context.Background(), c.ID))(t); g.Epoch < 5 {
		t.Errorf("the gate moved to epoch %d only", g.Epoch)
	}
	w.mustClose(c)
	w.wantAnswers(c, persons)
}
