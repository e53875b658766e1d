package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
	"fairlot/store/sqlite"
)

// stop closes engine and rooms, as the end of the daemon does.
func (w *world) stop() {
	w.t.Helper()
	if w.Engine != nil {
		w.Engine.Close()
	}
	w.Engine = nil
	if err := w.rooms.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// begin opens rooms and engine again. The rooms stay open if the engine refuses them.
func (w *world) begin() error {
	w.t.Helper()
	w.rooms = must(sqlite.Open(filepath.Join(w.dir, "db")))(w.t)
	w.cfg.Registry, w.cfg.Identity, w.cfg.Answers = w.rooms.Registry, w.rooms.Identity, w.rooms.Answers
	e, err := engine.New(context.Background(), w.cfg)
	if err == nil {
		w.Engine = e
	}
	return err
}

// copies takes a copy of some rooms while nothing runs, and returns what brings it back.
func (w *world) copies(rooms ...string) (restore func()) {
	w.t.Helper()
	kept := map[string][]byte{}
	for _, room := range rooms {
		kept[room] = must(os.ReadFile(filepath.Join(w.dir, "db", room+".db")))(w.t)
	}
	return func() {
		w.t.Helper()
		for room, b := range kept {
			w.putRoom(room, b)
		}
	}
}

// list is the path of a campaign's list in the key folder.
func (w *world) list(name string, c engine.Campaign) string {
	return filepath.Join(w.dir, "keys", fmt.Sprintf("%s-%x", name, c.ID))
}

// changeList takes a campaign's list away, unless it is to stay as it is `of this program`, and puts its lines where an earlier program had them if it is to be `of an earlier one`.
func (w *world) changeList(name string, c engine.Campaign, to string) {
	w.t.Helper()
	if to == "of this program" {
		return
	}
	lines := must(os.ReadFile(w.list(name, c)))(w.t)
	if err := os.Remove(w.list(name, c)); err != nil {
		w.t.Fatal(err)
	}
	if to == "of an earlier one" {
		var all string
		for line := range strings.Lines(string(lines)) {
			all += fmt.Sprintf("%x %s", c.ID, line)
		}
		if err := os.WriteFile(filepath.Join(w.dir, "keys", name), []byte(all), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) putRoom(room string, b []byte) {
	w.t.Helper()
	path := filepath.Join(w.dir, "db", room+".db")
	os.Remove(path + "-wal")
	os.Remove(path + "-shm")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) wantRefused(want error, words ...string) {
	w.t.Helper()
	err := w.begin()
	if !errors.Is(err, want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
	for _, s := range words {
		if !strings.Contains(err.Error(), s) {
			w.t.Errorf("%q says nothing of %q", err, s)
		}
	}
	w.stop()
}

func TestRoomOfAnotherInstallation(t *testing.T) {
	for _, room := range []string{"registry", "identity", "answers"} {
		t.Run(room, func(t *testing.T) {
			w, other := newWorld(t), newWorld(t)
			empty := filepath.Join(t.TempDir(), "db")
			if err := sqlite.Create(empty); err != nil {
				t.Fatal(err)
			}
			w.open(rules())
			w.stop()
			other.stop()
			restore := w.copies(room)
			for _, accept := range []bool{false, true} {
				w.cfg.AcceptRestored = accept
				for _, from := range []string{empty, filepath.Join(other.dir, "db")} {
					w.putRoom(room, must(os.ReadFile(filepath.Join(from, room+".db")))(t))
					if err := w.begin(); err == nil || room != "registry" && (!errors.Is(err, engine.ErrOtherRoom) || !strings.Contains(err.Error(), room+" room")) {
						t.Errorf("accepting %v: %v", accept, err)
					}
					w.stop()
				}
			}
			restore()
			w.cfg.AcceptRestored = false
			if err := w.begin(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// entered enters n new persons with work in between, five at a time, so that epochs fill and are mixed.
func (w *world) entered(c engine.Campaign, from int, codes []string) {
	w.t.Helper()
	for i, code := range codes {
		w.enter(w.client(c, from+i, code))
		if i%5 == 4 {
			w.Work(context.Background())
		}
	}
}

func TestOldRoomRefused(t *testing.T) {
	for _, rooms := range [][]string{{"registry"}, {"identity"}, {"answers"}, {"identity", "answers"}, {"registry", "identity", "answers"}} {
		t.Run(strings.Join(rooms, " "), func(t *testing.T) {
			w := newWorld(t)
			c := w.open(rules())
			codes := w.tokens(c, 60)
			w.entered(c, 0, codes[:15])
			w.stop()
			restore := w.copies(rooms...)
			newest := w.copies("registry", "identity", "answers")
			if err := w.begin(); err != nil {
				t.Fatal(err)
			}
			w.stop() // nothing happened between: the copy is old all the same
			newest2 := w.copies("registry", "identity", "answers")
			restore()
			w.wantRefused(engine.ErrOldRoom, rooms[0]+" room", "--accept-restored")
			newest()
			w.wantRefused(engine.ErrOldRoom)
			newest2()
			if err := w.begin(); err != nil {
				t.Fatal(err)
			}
			w.entered(c, 15, codes[15:45])
			mixed := len(w.responses(c))
			w.stop()
			restore()
			w.wantRefused(engine.ErrOldRoom)
			w.cfg.AcceptRestored = true
			if err := w.begin(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(w.errs.String(), "brought back from") {
				t.Error("nothing was logged")
			}
			w.stop()
			w.cfg.AcceptRestored = false
			if err := w.begin(); err != nil { // once is enough
				t.Fatal(err)
			}
			w.errs.Reset()
			before := len(w.responses(c))
			w.entered(c, 45, codes[45:])
			w.mustClose(c)
			// Whoever entered after that keeps answer and chance, whatever was lost before.
			after := 0
			for _, r := range w.responses(c) {
				if number(r) >= 45 {
					after++
				}
			}
			if after != 15 {
				t.Errorf("%d of 15 answers given after the restore are there (%d mixed before, %d kept)", after, mixed, before)
			}
			if w.errs.Len() > 0 {
				t.Error(w.errs.String())
			}
		})
	}
}

// A copy of one generation is told by what the other rooms hold.
func TestOldRoomOfTheSameGeneration(t *testing.T) {
	for room, words := range map[string]string{"identity": "is mixed further than it knows", "answers": "was mixed further than it knows"} {
		t.Run(room, func(t *testing.T) {
			w := newWorld(t)
			c := w.open(rules())
			codes := w.tokens(c, 40)
			w.entered(c, 0, codes[:10])
			mark := must(w.keys.Mark("generation"))(t)
			b := must(w.rooms.Identity.Binding(context.Background()))(t)
			if err := w.rooms.Identity.Scrub(context.Background()); err != nil { // empties the write-ahead log, so that the file is all
				t.Fatal(err)
			}
			restore := w.copies(room)
			w.entered(c, 10, codes[10:40])
			w.stop()
			restore()
			// As if the daemon had been killed before the next move.
			w.rooms = must(sqlite.Open(filepath.Join(w.dir, "db")))(t)
			for _, r := range []store.Bound{w.rooms.Registry, w.rooms.Identity, w.rooms.Answers} {
				if have := must(r.Binding(context.Background()))(t); have.Generation != b.Generation {
					if err := r.SetGeneration(context.Background(), have.Generation, b.Generation); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := w.keys.SetMark("generation", mark); err != nil {
				t.Fatal(err)
			}
			w.stop()
			w.wantRefused(engine.ErrOldRoom, room+" room", words)
		})
	}
}

func TestGateIsMadeOnce(t *testing.T) {
	w := newWorld(t)
	w.stop()
	restore := w.copies("identity")
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
	c := w.open(rules())
	w.entered(c, 0, w.tokens(c, 3))
	w.stop()
	restore()
	w.wantRefused(engine.ErrOldRoom)
	w.cfg.AcceptRestored = true
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rooms.Identity.Gate(context.Background(), c.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the gate was made a second time: %v", err)
	}
	got := must(w.FindCampaign(context.Background(), c.Slug, true))(t)
	if got.State != store.Erased {
		t.Errorf("state %d", got.State)
	}
	w.stop()
	w.cfg.AcceptRestored = false
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
}

func TestOldKeyFolder(t *testing.T) {
	w := newWorld(t)
	mark := must(w.keys.Mark("generation"))(t)
	w.reopen()
	w.stop()
	now := must(w.keys.Mark("generation"))(t)
	for text, want := range map[string]error{mark: engine.ErrOldRoom, "running 0\n": nil, "running 3": nil, "RUNNING 3\n": nil, "running 03\n": nil, "": nil} {
		if err := w.keys.SetMark("generation", text); err != nil {
			t.Fatal(err)
		}
		err := w.begin()
		if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), "key folder") {
			t.Errorf("%q: %v", text, err)
		}
		w.stop()
	}
	if err := w.keys.SetMark("generation", now); err != nil {
		t.Fatal(err)
	}
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
}

// TestRunMovesTheGeneration shows that a copy taken while the daemon runs is old an hour later.
func TestRunMovesTheGeneration(t *testing.T) {
	w := newWorld(t)
	at := func() int64 { return must(w.rooms.Answers.Binding(context.Background()))(t).Generation }
	first := at()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	time.Sleep(50 * time.Millisecond)
	if at() != first {
		t.Error("moved at once")
	}
	w.setClock(start.Add(time.Hour))
	for range 300 {
		if at() > first {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	<-done
	if got := at(); got != first+1 {
		t.Errorf("generation %d, was %d", got, first)
	}
}

// cut stands before rooms and marks, and lets a number of changes through; the next one is made or not, and then nothing goes any more.
type cut struct {
	left int
	made bool
}

var errCut = errors.New("cut off")

func (c *cut) do(change func() error) error {
	c.left--
	if c.left > 0 || c.left == 0 && c.made {
		if err := change(); err != nil || c.left > 0 {
			return err
		}
	}
	return errCut
}

type cutRegistry struct {
	store.Registry
	*cut
}

func (r cutRegistry) SetGeneration(ctx context.Context, from, to int64) error {
	return r.do(func() error { return r.Registry.SetGeneration(ctx, from, to) })
}

func (r cutRegistry) PutCheckpoint(ctx context.Context, size int64, note []byte) error {
	return r.do(func() error { return r.Registry.PutCheckpoint(ctx, size, note) })
}

type cutIdentity struct {
	store.Identity
	*cut
}

func (r cutIdentity) SetGeneration(ctx context.Context, from, to int64) error {
	return r.do(func() error { return r.Identity.SetGeneration(ctx, from, to) })
}

type cutAnswers struct {
	store.Answers
	*cut
}

func (r cutAnswers) SetGeneration(ctx context.Context, from, to int64) error {
	return r.do(func() error { return r.Answers.SetGeneration(ctx, from, to) })
}

type cutMarks struct {
	engine.Marks
	*cut
}

func (m cutMarks) SwapMark(name, old, new string) (done bool, err error) {
	err = m.do(func() error { done, err = m.Marks.SwapMark(name, old, new); return err })
	return done, err
}

func (m cutMarks) SetMark(name, text string) error {
	return m.do(func() error { return m.Marks.SetMark(name, text) })
}

// TestStartCutOffAnywhere cuts a start off at each of its changes, and the start after that too, and wants an honest start to go through.
func TestStartCutOffAnywhere(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	w.Engine.Close()
	w.Engine = nil
	ctx := context.Background()
	honest := w.cfg
	try := func(n int, made bool) (through bool) {
		t.Helper()
		k := &cut{n, made}
		w.cfg.Registry, w.cfg.Identity = cutRegistry{honest.Registry, k}, cutIdentity{honest.Identity, k}
		w.cfg.Answers, w.cfg.Marks = cutAnswers{honest.Answers, k}, cutMarks{honest.Marks, k}
		e, err := engine.New(ctx, w.cfg)
		if err == nil {
			k.left = 1
			e.Close() // cut off at its first change
			return true
		}
		if !errors.Is(err, errCut) {
			t.Fatalf("cut off at change %d (made %v): %v", n, made, err)
		}
		return false
	}
	cuts := 0
	for n := 1; ; n++ {
		through := false
		for _, made := range []bool{false, true} {
			for again := range 8 {
				through = try(n, made)
				if !through && again > 0 {
					try(again, !made)
				}
				e, err := engine.New(ctx, honest)
				if err != nil {
					t.Fatalf("after a cut at change %d (made %v): %v", n, made, err)
				}
				if _, err := e.FindCampaign(ctx, c.Slug, false); err != nil {
					t.Fatal(err)
				}
				e.Close()
				cuts++
			}
		}
		if through {
			break
		}
	}
	if cuts < 80 {
		t.Errorf("only %d cuts", cuts)
	}
}
