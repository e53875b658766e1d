package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlot/engine"
)

// loseKeys removes a campaign's keys of a use and returns what puts them back.
func (w *world) loseKeys(c engine.Campaign, use string) (restore func()) {
	w.t.Helper()
	lost := map[string][]byte{}
	for _, f := range must(filepath.Glob(filepath.Join(w.dir, "keys", fmt.Sprintf("%x-%s*.key", c.ID[:], use))))(w.t) {
		lost[f] = must(os.ReadFile(f))(w.t)
		if err := os.Remove(f); err != nil {
			w.t.Fatal(err)
		}
	}
	if len(lost) == 0 {
		w.t.Fatal("there is no key to lose")
	}
	return func() {
		for f, b := range lost {
			if err := os.WriteFile(f, b, 0o600); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// logged returns how many lines of the log hold all the words, and empties it.
func (w *world) logged(words ...string) (n int) {
lines:
	for line := range strings.Lines(w.errs.String()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue lines
			}
		}
		n++
	}
	w.errs.Reset()
	return n
}

// TestTagKeyLost loses the key of the tags while people enter. They are not told that the campaign is closed, operators are told once, and the close
// leaves no tag behind.
func TestTagKeyLost(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, at := range []string{"", "tag key made anew", "tags dropped", "scrubbed"} {
		w.setClock(start)
		c := w.open(rules())
		tokens := w.tokens(c, 20)
		for i := range 8 {
			w.enter(w.client(c, i, tokens[i]))
		}
		w.loseKeys(c, "tag")
		for range 2 {
			_, err := w.Enter(ctx, w.client(c, 9, tokens[9]).req)
			wantReason(t, err, engine.StorageUnavailable, "")
		}
		if n := w.logged("missing", "of tags"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		w.setClock(c.Rules.EntriesEnd)
		_, err := w.Enter(ctx, w.client(c, 9, tokens[9]).req)
		wantReason(t, err, engine.CampaignEnded, "")
		w.setClock(c.Rules.ObjectionsEnd.Add(time.Minute))
		if at != "" { // the close crashes, and goes on
			w.SetStep(func(name string) {
				if name == at {
					panic(crash{name})
				}
			})
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("step %q never came", at)
					}
				}()
				_, _ = w.CloseCampaign(ctx, c.ID)
			}()
			w.reopen()
			w.SetStep(nil)
		}
		closed := must(w.CloseCampaign(ctx, c.ID))(t)
		w.wantClosed(closed, 8, 0)
		if !must(w.rooms.Identity.TagsDropped(ctx, c.ID))(t) {
			t.Errorf("crashed at %q: tags are left after the close", at)
		}
		_, err = w.Enter(ctx, w.client(c, 9, tokens[9]).req)
		wantReason(t, err, engine.CampaignClosed, "")
		// A closed campaign is not worked on for ever.
		w.SetStep(func(name string) { t.Errorf("step %q after the end", name) })
		w.work()
		w.SetStep(nil)
	}
}

// TestTagKeyLostAtTheDesk loses it when entries have ended.
func TestTagKeyLostAtTheDesk(t *testing.T) {
	w := newWorld(t)
	c := w.open(noProof(rules()))
	x, twin := w.client(c, 1, ""), w.client(c, 1, "")
	w.enter(x)
	w.enter(twin)
	w.setClock(c.Rules.EntriesEnd)
	w.loseKeys(c, "tag")
	_, err := w.MoveChance(context.Background(), engine.MoveChanceRequest{
		Campaign: c.ID, S: twin.s, Receipt: twin.got.Note, Identity: *twin.req.Identity, ContactCommitment: [32]byte(twin.got.ContactCommitment),
	})
	wantReason(t, err, engine.StorageUnavailable, "")
	if n := w.logged("missing", "of tags"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

// TestEpochKeyLost loses the key that waiting responses are sealed under, or leaves an empty file of it, as a disk does that lied. Nobody new is taken, receipts are still given, and the close says which key it
// wants, until it has it.
func TestEpochKeyLost(t *testing.T) {
	for _, empty := range []bool{false, true} {
		t.Run(fmt.Sprintf("empty %v", empty), func(t *testing.T) { epochKeyLost(t, empty) })
	}
}

func epochKeyLost(t *testing.T, empty bool) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(rules())
	tokens := w.tokens(c, 20)
	var clients []*client
	for i := range 8 {
		clients = append(clients, w.client(c, i, tokens[i]))
		w.enter(clients[i])
	}
	restore := w.loseKeys(c, "epoch-1")
	if empty {
		name := filepath.Join(w.dir, "keys", fmt.Sprintf("%x-epoch-1.key", c.ID[:]))
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		_, err := w.Enter(ctx, w.client(c, 9, tokens[9]).req)
		wantReason(t, err, engine.StorageUnavailable, "")
	}
	if again := must(w.Enter(ctx, clients[3].req))(t); string(again.Note) != string(clients[3].got.Note) {
		t.Error("another receipt")
	}
	if n := w.logged("or damaged", "of epoch 1"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	w.setClock(c.Rules.ObjectionsEnd.Add(time.Minute))
	for range 2 {
		_, err := w.CloseCampaign(ctx, c.ID)
		wantReason(t, err, engine.StorageUnavailable, "")
		if err == nil || !strings.Contains(err.Error(), "epoch 1 is missing") {
			t.Errorf("close: %v", err)
		}
	}
	w.logged()
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); w.Run(running) }()
	time.Sleep(2500 * time.Millisecond)
	stop()
	<-done
	if n := w.logged("work on campaign", "epoch 1 is missing"); n != 1 {
		t.Errorf("the daemon says it %d times in three rounds", n)
	}
	restore()
	w.wantClosed(w.mustClose(c), 8, 0)
	w.wantAnswers(c, []int{0, 1, 2, 3, 4, 5, 6, 7})
}

// TestEntriesWhileItCloses enters while the campaign ends and closes. Everybody gets a receipt or a reason, and who has a receipt is in the list.
func TestEntriesWhileItCloses(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for range 12 {
		w.setClock(start)
		c := w.open(rules())
		tokens := w.tokens(c, 40)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var persons []int
		for i, token := range tokens {
			wg.Go(func() {
				x := w.client(c, i, token)
				time.Sleep(time.Duration(i) * 400 * time.Microsecond)
				_, err := w.Enter(ctx, x.req)
				var own *engine.Error
				switch {
				case err == nil:
					mu.Lock()
					persons = append(persons, i)
					mu.Unlock()
				case !errors.As(err, &own) || own.Reason != engine.CampaignEnded && own.Reason != engine.CampaignClosed:
					t.Error(err)
				}
			})
		}
		time.Sleep(6 * time.Millisecond)
		w.setClock(c.Rules.ObjectionsEnd.Add(time.Minute))
		closed := must(w.CloseCampaign(ctx, c.ID))(t)
		wg.Wait()
		w.wantClosed(closed, int64(len(persons)), 0)
		if len(persons) >= c.Rules.Batch {
			w.wantAnswers(c, persons)
		}
	}
	if w.errs.Len() > 0 {
		t.Error(w.errs.String())
	}
}

// lateKeys does something before a key of a use is read for the first time.
type lateKeys struct {
	engine.Keys
	use string
	do  func()
}

func (k *lateKeys) Get(name string) ([32]byte, error) {
	if k.do != nil && strings.HasPrefix(name, k.use) {
		do := k.do
		k.do = nil
		do()
	}
	return k.Keys.Get(name)
}

// TestKeyDestroyedUnderAnEntry closes the campaign between reading the gate and reading a key: the campaign is closed, and no key is lost.
func TestKeyDestroyedUnderAnEntry(t *testing.T) {
	for _, use := range []string{"tag-", "epoch-"} {
		w := newWorld(t)
		late := &lateKeys{Keys: w.keys, use: use}
		w.cfg.Keys = late
		w.reopen()
		c := w.open(rules())
		tokens := w.tokens(c, 2)
		w.enter(w.client(c, 0, tokens[0]))
		late.do = func() { w.mustClose(c) }
		_, err := w.Enter(context.Background(), w.client(c, 1, tokens[1]).req)
		wantReason(t, err, engine.CampaignClosed, "")
		if w.errs.Len() > 0 {
			t.Error(w.errs.String())
		}
	}
}
