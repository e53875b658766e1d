package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fairlot/engine"
	"fairlot/store"
	"fairlot/store/sqlite"
)

// exchanged is an identity room that can be another one from now on, as if a server's files were brought back under it: the rooms themselves notice nothing.
type exchanged struct{ store.Identity }

// exchange makes the engine's identity room such a one, and starts again.
func (w *world) exchange() *exchanged {
	x := &exchanged{w.rooms.Identity}
	w.cfg.Identity = x
	w.reopen()
	return x
}

func (w *world) unavailable(x *client) {
	w.t.Helper()
	_, err := w.Enter(context.Background(), x.req)
	var e *engine.Error
	if !errors.As(err, &e) || e.Reason != engine.StorageUnavailable || e.Retry == 0 {
		w.t.Errorf("got %v, want STORAGE_UNAVAILABLE and when to try again", err)
	}
}

func (w *world) lacks(code string) bool {
	return slices.ContainsFunc(w.Lacks(context.Background()), func(l engine.Lack) bool { return l.Code == code })
}

// TestRoomWithoutTheCampaign has an identity room under the engine that knows nothing of its campaign: whoever enters is told to come again, and not that entries have ended.
func TestRoomWithoutTheCampaign(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	x := w.exchange()
	c := w.open(rules())
	codes := w.tokens(c, 3)
	w.enter(w.client(c, 0, codes[0]))
	right := x.Identity
	x.Identity = other.rooms.Identity
	p := w.client(c, 1, codes[1])
	w.unavailable(p)
	x.Identity = right
	w.enter(p)
	if w.errs.Len() > 0 {
		t.Errorf("logged: %s", w.errs.String())
	}
}

// TestGateFurtherBack brings the identity room back to an earlier state of the same generation, once while the epoch's key of that time is there, and once when it is destroyed:
// nothing is acknowledged into it, and the cause is named.
func TestGateFurtherBack(t *testing.T) {
	for _, destroyed := range []bool{false, true} {
		w := newWorld(t)
		x := w.exchange()
		c := w.open(rules())
		codes := w.tokens(c, 40)
		w.entered(c, 0, codes[:10])
		if err := w.rooms.Identity.Scrub(context.Background()); err != nil { // empties the write-ahead log, so that the file is all
			t.Fatal(err)
		}
		old := filepath.Join(t.TempDir(), "db")
		if err := sqlite.Create(old); err != nil {
			t.Fatal(err)
		}
		kept := &world{t: t, dir: filepath.Dir(old)}
		kept.putRoom("identity", must(os.ReadFile(filepath.Join(w.dir, "db", "identity.db")))(t))
		earlier := must(sqlite.Open(old))(t)
		defer earlier.Close()
		if destroyed {
			w.entered(c, 10, codes[10:30])
		} else {
			w.enter(w.client(c, 10, codes[10]))
			gate := must(w.rooms.Identity.Gate(context.Background(), c.ID))(t)
			if err := w.rooms.Identity.MoveGate(context.Background(), c.ID, gate.State, gate.Epoch, gate.State, gate.Epoch+1); err != nil {
				t.Fatal(err)
			}
			must(w.keys.Create(fmt.Sprintf("epoch-%x-%d", c.ID[:], gate.Epoch+1)))(t)
			w.enter(w.client(c, 11, codes[11]))
		}
		w.errs.Reset()
		right := x.Identity
		x.Identity = earlier.Identity
		p := w.client(c, 35, codes[35])
		w.unavailable(p)
		w.unavailable(w.client(c, 36, codes[36]))
		if !w.lacks(engine.LackOtherIdentity) {
			t.Errorf("key destroyed %v: lacks %v", destroyed, w.Lacks(context.Background()))
		}
		if log := w.errs.String(); strings.Count(log, "no entry is taken") != 1 || strings.Contains(log, "key is missing") {
			t.Errorf("key destroyed %v: logged: %s", destroyed, log)
		}
		x.Identity = right
		w.reopen() // another start judges the rooms
		w.enter(p)
		if w.lacks(engine.LackOtherIdentity) {
			t.Error("the right room is back")
		}
	}
}
