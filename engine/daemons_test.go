package engine_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/crypto/keys"
	"fairlot/engine"
	"fairlot/store"
)

// beside starts a second engine on the rooms and keys of w, with connections and locks of its own, as another process has. Neither keeps the lease:
// both take themselves for its holder, which is the worst that can become of it.
func (w *world) beside() *world {
	w.t.Helper()
	o := &world{t: w.t, dir: w.dir, clock: w.clock, reach: w.reach, log: w.log, rcpt: w.rcpt, rvkey: w.rvkey, cfg: w.cfg}
	o.rooms = must(w.reach())(w.t)
	o.keys = must(keys.Open(filepath.Join(w.dir, "keys")))(w.t)
	o.cfg.Registry, o.cfg.Identity, o.cfg.Answers = o.rooms.Registry, o.rooms.Identity, o.rooms.Answers
	o.cfg.Keys, o.cfg.Marks = o.keys, o.keys
	o.Engine = must(engine.New(context.Background(), o.cfg))(w.t)
	w.t.Cleanup(func() { o.Engine.Close(); o.rooms.Close() })
	return o
}

// stopAt makes the engine stand still at the n-th coming of a step. stopped is closed there; resume lets it go on.
func (w *world) stopAt(step string, n int) (stopped chan struct{}, resume func()) {
	stopped, on := make(chan struct{}), make(chan struct{})
	count := 0
	w.SetStep(func(name string) {
		if name != step {
			return
		}
		if count++; count == n {
			close(stopped)
			<-on
		}
	})
	return stopped, sync.OnceFunc(func() { close(on) })
}

// goOn tells the rest of the story for an engine whose every act may come too late, and returns what was refused.
func (s *story) goOn() (refused error) {
	ctx := context.Background()
	for i, x := range s.clients {
		_, err := s.w.Enter(ctx, x.req)
		refused = errors.Join(refused, err)
		if i%6 == 5 {
			s.w.Work(ctx)
		}
	}
	s.w.setClock(s.c.Rules.EntriesEnd)
	s.w.Work(ctx)
	s.w.setClock(s.c.Rules.ObjectionsEnd)
	for range 20 { // as in run
		_, err := s.w.CloseCampaign(ctx, s.c.ID)
		refused = errors.Join(refused, err)
		if reason(err) != engine.StorageUnavailable {
			break
		}
	}
	s.w.Work(ctx)
	return refused
}

// TestTwoHoldersAtEachStep stops one engine at a step, lets another one tell the whole story to its end, and lets the first go on in the belief that
// it still holds the lease.
func TestTwoHoldersAtEachStep(t *testing.T) {
	w := newWorld(t)
	var steps []string
	s := newStory(w)
	w.SetStep(func(name string) { steps = append(steps, name) })
	if at := s.run(t); at != "" {
		t.Fatal(at)
	}
	w.SetStep(nil)
	other := w.beside()
	total := map[string]int{}
	for _, name := range steps {
		total[name]++
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(steps))) {
		for _, n := range slices.Compact([]int{1, (total[name] + 1) / 2, total[name]}) {
			t.Run(fmt.Sprintf("%s %d", strings.ReplaceAll(name, " ", "-"), n), func(t *testing.T) {
				w.t, other.t = t, t
				w.setClock(start)
				s := newStory(w)
				stopped, resume := w.stopAt(name, n)
				defer w.SetStep(nil)
				ended := make(chan struct{})
				var refused error
				go func() { defer close(ended); refused = s.goOn() }()
				defer func() { resume(); <-ended }() // a failure here must not stop all that come after it
				select {
				case <-stopped:
				case <-ended:
					t.Fatalf("the step never came: refused %v, logged %s", refused, &w.errs)
				}
				w.setClock(start)
				second := &story{w: other, c: s.c, clients: s.clients}
				if at := second.run(t); at != "" {
					t.Fatal(at)
				}
				resume()
				<-ended
				for range 2 {
					other.Work(context.Background())
				}
				second.check(t)
				wantOneLog(t, other)
			})
		}
	}
}

// wantOneLog compares each checkpoint and the key folder's mark with the records.
func wantOneLog(t *testing.T, w *world) {
	t.Helper()
	fresh := must(engine.New(context.Background(), w.cfg))(t) // refuses a log that does not go on from what was signed
	fresh.Close()
	size := must(w.rooms.Registry.LogSize(context.Background()))(t)
	if mark := must(w.keys.Mark("signed"))(t); !strings.HasPrefix(mark, fmt.Sprintf("size %d\n", size)) {
		t.Errorf("%d records, signed %q", size, mark)
	}
}

// blindAnswers says of every epoch that it is not mixed: with it an engine lacks its second look.
type blindAnswers struct{ store.Answers }

func (blindAnswers) Mixed(context.Context, store.CampaignID, uint32) (bool, error) { return false, nil }

// lateIdentity lets somebody else come before the first responses are read.
type lateIdentity struct {
	store.Identity
	before func()
}

func (l *lateIdentity) SealedResponses(ctx context.Context, c store.CampaignID, first, last uint32, after store.EntrantID, limit int) ([]store.SealedResponse, error) {
	if before := l.before; before != nil {
		l.before = nil
		before()
	}
	return l.Identity.SealedResponses(ctx, c, first, last, after, limit)
}

// TestBatchClearedUnderOnesEyes lets one engine mix and clear the last batch just before another one reads it. What that one reads is empty, and must
// not become the statistics. The mutant does not look a second time whether the batch is mixed.
func TestBatchClearedUnderOnesEyes(t *testing.T) {
	tallies := func(blind bool) string {
		w := newWorld(t)
		c := w.open(surveyOnly(rules()))
		for i := range 12 {
			w.enter(w.client(c, i, ""))
		}
		w.setClock(c.Rules.ObjectionsEnd.Add(time.Minute))
		stopped, resume := w.stopAt("batch cleared", 1)
		ended := make(chan struct{})
		other := w.beside()
		other.cfg.Identity = &lateIdentity{other.rooms.Identity, func() {
			go func() { defer close(ended); _, _ = w.CloseCampaign(context.Background(), c.ID) }()
			<-stopped
		}}
		if blind {
			other.cfg.Answers = blindAnswers{other.rooms.Answers}
		}
		other.reopen()
		_, _ = other.CloseCampaign(context.Background(), c.ID)
		resume()
		<-ended
		w.Work(context.Background())
		return string(must(w.rooms.Registry.Campaign(context.Background(), c.ID))(t).Tallies)
	}
	if got := tallies(false); !strings.Contains(got, `"responses":12`) {
		t.Errorf("statistics %s", got)
	}
	if got := tallies(true); strings.Contains(got, `"responses":12`) {
		t.Error("the mutant was not caught")
	}
}

// lateMarks lets somebody else come between the reading of a mark and its setting.
type lateMarks struct {
	engine.Marks
	before  func()
	careful bool
}

func (m *lateMarks) SwapMark(name, old, new string) (bool, error) {
	if name == "signed" && m.before != nil {
		before := m.before
		m.before = nil
		before()
	}
	if m.careful {
		return m.Marks.SwapMark(name, old, new)
	}
	return true, m.Marks.SetMark(name, new)
}

// TestSignedNeverGoesBack lets another engine log and sign while one is about to remember an older tree. The mutant sets the mark without comparing.
func TestSignedNeverGoesBack(t *testing.T) {
	for _, careful := range []bool{true, false} {
		w := newWorld(t)
		other := w.beside()
		late := &lateMarks{Marks: w.keys, careful: careful}
		w.cfg.Marks = late
		w.reopen()
		late.before = func() { other.open(rules()); other.open(rules()) }
		w.open(rules())
		size := must(w.rooms.Registry.LogSize(context.Background()))(t)
		mark := must(w.keys.Mark("signed"))(t)
		if right := strings.HasPrefix(mark, fmt.Sprintf("size %d\n", size)); right != careful {
			t.Errorf("comparing %v: %d records, signed %q", careful, size, mark)
		}
	}
}

// rashRegistry puts a checkpoint in the place of the one that stands.
type rashRegistry struct{ store.Registry }

func (r rashRegistry) PutCheckpoint(ctx context.Context, size int64, note []byte) error {
	if have, err := r.Checkpoint(ctx, size); err == nil {
		return r.SwapCheckpoint(ctx, size, have, note)
	}
	return r.Registry.PutCheckpoint(ctx, size, note)
}

// TestLateSignerKeepsCosignatures stops an engine before it stores a checkpoint, lets another store it and a custodian cosign it. The mutant replaces it.
func TestLateSignerKeepsCosignatures(t *testing.T) {
	for _, rash := range []bool{false, true} {
		w := newWorld(t)
		other := w.beside()
		if rash {
			w.cfg.Registry = rashRegistry{w.rooms.Registry}
			w.reopen()
		}
		stopped, resume := w.stopAt("checkpoint absent", 1)
		ended := make(chan struct{})
		go func() { defer close(ended); w.open(rules()) }()
		<-stopped
		other.open(rules())
		ctx := context.Background()
		note := must(other.rooms.Registry.Checkpoint(ctx, 2))(t)
		cosigned := slices.Concat(note, []byte("a cosignature\n"))
		first, err := other.rooms.Registry.Checkpoint(ctx, 1)
		if errors.Is(err, store.ErrNotFound) {
			if err := other.rooms.Registry.PutCheckpoint(ctx, 1, cosigned); err != nil {
				t.Fatal(err)
			}
		} else if err := other.rooms.Registry.SwapCheckpoint(ctx, 1, first, cosigned); err != nil {
			t.Fatal(err)
		}
		resume()
		<-ended
		if kept := string(must(other.rooms.Registry.Checkpoint(ctx, 1))(t)) == string(cosigned); kept == rash {
			t.Errorf("replacing %v: the cosignature is there: %v", rash, kept)
		}
	}
}

// sharing starts an engine that keeps the lease, and its Run until the test ends.
func (w *world) sharing(door string, first bool, pause func()) *world {
	w.t.Helper()
	o := w.beside()
	o.Engine.Close()
	o.cfg.Sharing = &engine.Sharing{Door: door, First: first}
	o.Engine = must(engine.New(context.Background(), o.cfg))(w.t)
	o.SetPause(pause)
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = o.Engine.Run(ctx) })
	o.t.Cleanup(func() { cancel(); run.Wait() })
	return o
}

func eventually(t *testing.T, within time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > within {
			t.Fatalf("not within %v: %s", within, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

// TestLease has one of three engines hold the lease, stops its process, and wants another to take over in seconds and the first to know that it does not hold it
// any more before that. A clean end hands it over at once. Wall clocks play no part: they jump by a day.
func TestLease(t *testing.T) {
	w := newWorld(t)
	var still sync.RWMutex
	a := w.sharing("a", true, func() { still.RLock(); defer still.RUnlock() })
	if !a.Holds() {
		t.Fatal("the first does not hold the lease")
	}
	b := w.sharing("b", false, nil)
	c := w.sharing("c", false, nil)
	held := func() int {
		n := 0
		for _, x := range []*world{a, b, c} {
			if x.Holds() {
				n++
			}
		}
		return n
	}
	draft := must(b.CreateCampaign(context.Background(), "shared", rules(), ""))(t)
	for i := range 30 {
		w.setClock(start.Add(time.Duration(1-2*(i%2)) * 24 * time.Hour))
		if b.Holds() || c.Holds() || !a.Holds() {
			t.Fatal("the lease moved without need")
		}
		_, err := b.OpenCampaign(context.Background(), draft.ID, draft.Etag)
		wantReason(t, err, engine.HolderAway, "")
		time.Sleep(100 * time.Millisecond)
	}
	w.setClock(start)
	still.Lock()
	most := 0
	took := eventually(t, 2*engine.TakeOver+2*time.Second, "takeover", func() bool { most = max(most, held()); return b.Holds() || c.Holds() })
	t.Logf("taken over after %v", took.Round(time.Millisecond))
	still.Unlock()
	if most > 1 {
		t.Error("two held the lease at once")
	}
	next, last := b, c
	if c.Holds() {
		next, last = c, b
	}
	if door := must(a.HolderDoor(context.Background()))(t); door != next.cfg.Sharing.Door {
		t.Errorf("door %q", door)
	}
	if a.Holds() {
		t.Error("the first still holds it")
	}
	next.Engine.Close()
	took = eventually(t, 3*time.Second, "handing over", func() bool { return a.Holds() || last.Holds() })
	t.Logf("handed over after %v", took.Round(time.Millisecond))
}

// stuckIdentity cannot move gates while the way to it is cut.
type stuckIdentity struct {
	store.Identity
	cut atomic.Bool
}

func (c *stuckIdentity) MoveGate(ctx context.Context, id store.CampaignID, from store.GateState, fromEpoch uint32, to store.GateState, epoch uint32) error {
	if c.cut.Load() {
		return store.ErrUnavailable
	}
	return c.Identity.MoveGate(ctx, id, from, fromEpoch, to, epoch)
}

// TestAnnouncedMoveGoesOn cuts a holder off between the announcement of a move and the move, until it has lost the lease. When it has it again, it makes the move at
// once: callers wait for that, and not for the next look at the clock, which never comes here.
func TestAnnouncedMoveGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open(noProof(rules()))
	for i := range c.Rules.Batch {
		w.enter(w.client(c, i, ""))
	}
	rooms := &stuckIdentity{Identity: w.rooms.Identity}
	rooms.cut.Store(true)
	w.Engine.Close()
	w.cfg.Identity, w.cfg.Sharing = rooms, &engine.Sharing{Door: "a", First: true}
	w.Engine = must(engine.New(t.Context(), w.cfg))(t)
	w.SetTick(time.Hour)
	w.SetPause(func() {
		for rooms.cut.Load() {
			time.Sleep(time.Millisecond)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { _ = w.Run(ctx) })
	t.Cleanup(func() { cancel(); run.Wait() })
	gate := func() store.Gate { return must(w.rooms.Identity.Gate(t.Context(), store.CampaignID(c.ID)))(t) }
	eventually(t, 10*time.Second, "an announcement", func() bool { return gate().Moving })
	eventually(t, 10*time.Second, "the lease's end", func() bool { return !w.Holds() })
	rooms.cut.Store(false)
	defer func() {
		if t.Failed() {
			t.Logf("holds %v, logged %s", w.Holds(), &w.errs)
		}
	}()
	took := eventually(t, 10*time.Second, "the move", func() bool { return !gate().Moving })
	t.Logf("moved %v after the way was sound again", took.Round(time.Millisecond))
	w.enter(w.client(c, int(c.Rules.Batch), ""))
}

// forcedRegistry appends at whatever size the log has: it is the store without its compare-and-swap.
type forcedRegistry struct{ store.Registry }

func (r forcedRegistry) Append(ctx context.Context, _ int64, record []byte, t store.Transition) error {
	size, err := r.LogSize(ctx)
	if err != nil {
		return err
	}
	return r.Registry.Append(ctx, size, record, t)
}

// TestSeatReplacedTwice stops an engine that has decided on a replacement, and lets another one make it. In the log the second would be a false record for
// ever. The mutant appends it all the same.
func TestSeatReplacedTwice(t *testing.T) {
	for _, forced := range []bool{false, true} {
		k := newClockwork(t)
		c := k.open(noProof(rules()))
		k.someEnter(c, 8)
		k.drawn(c)
		other := k.beside()
		if forced {
			k.cfg.Registry = forcedRegistry{k.rooms.Registry}
			k.restart()
		}
		stopped, resume := k.stopAt("seat chosen", 1)
		ended := make(chan error, 1)
		go func() { _, err := k.ReplaceWinner(context.Background(), c.ID, 1, 1, 1, "declined"); ended <- err }()
		<-stopped
		if _, err := other.ReplaceWinner(context.Background(), c.ID, 1, 1, 1, "declined"); err != nil {
			t.Fatal(err)
		}
		resume()
		err := <-ended
		_, broken := other.Draw(context.Background(), c.ID, 1)
		var refused *engine.Error
		if right := errors.As(err, &refused) && refused.Reason == engine.SeatUnknown && broken == nil; right == forced {
			t.Errorf("forced %v: %v, then %v", forced, err, broken)
		}
	}
}
