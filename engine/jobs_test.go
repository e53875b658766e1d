package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/engine"
	"fairlot/store"
)

// TestLifeByTheClock opens, closes, draws and erases a campaign without anybody's call but the draft's and the release's.
func TestLifeByTheClock(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := k.timed()
	c := must(k.CreateCampaign(ctx, "by-itself", r, ""))(t)
	_, err := k.RequestOpening(ctx, one, c.ID, c.Etag, start, true)
	wantReason(t, err, engine.FieldInvalid, "open_time")
	_, err = k.RequestOpening(ctx, one, c.ID, c.Etag, r.EntriesEnd, true)
	wantReason(t, err, engine.RulesInvalid, "campaign.entries_end")
	_, err = k.RequestOpening(ctx, one, c.ID, "9", start.Add(time.Hour), true)
	wantReason(t, err, engine.EtagStale, "")
	k.timedOpening(c, start.Add(time.Hour))
	if todos := must(k.Todos(ctx))(t); find(todos, engine.TodoOpen) < 0 {
		t.Errorf("to do: %+v", todos)
	}
	for range 59 {
		k.move(time.Minute)
		k.Work(ctx)
	}
	k.wantState(c, store.Draft)
	k.move(time.Minute)
	k.Work(ctx)
	k.wantState(c, store.Open)
	c = must(k.FindCampaign(ctx, c.Slug, false))(t)
	k.someEnter(c, 12)
	k.goTo(r.EntriesEnd)
	k.Work(context.Background())
	k.look()
	k.wantState(c, store.Ended)
	k.goTo(r.ObjectionsEnd.Add(-time.Second))
	k.look()
	k.wantState(c, store.Ended)
	k.pass(4*time.Second, time.Second)
	k.wantState(c, store.Closed)
	due := must(k.Draw(ctx, c.ID, 1))(t).RoundTime
	k.goTo(due.Add(-time.Second))
	k.look()
	if k.drawState(c) != store.DrawClosed {
		t.Fatal("drawn before the round")
	}
	k.beacon.away.Store(true) // relays are away for a while
	k.pass(10*time.Minute, 5*time.Second)
	if k.drawState(c) != store.DrawClosed {
		t.Fatal("drawn without a round")
	}
	todos := must(k.Todos(ctx))(t)
	if i := find(todos, engine.TodoDraw); i < 0 || todos[i].Said != string(engine.BeaconUnavailable) || todos[i].Attempt < 5 || todos[i].Attempt > 100 {
		t.Errorf("a draw that waits for relays is shown as %+v", todos)
	}
	k.beacon.away.Store(false)
	k.pass(time.Minute, time.Second)
	if k.drawState(c) != store.DrawDrawn {
		t.Fatalf("not drawn\n%s", k.errs.String())
	}
	releases := k.releaseAll(c)
	if len(releases[0].Entrants) != 2 {
		t.Fatalf("%d released", len(releases[0].Entrants))
	}
	told := k.now().Add(5 * 24 * time.Hour) // a winner is told late: the claim period begins then
	k.goTo(told)
	must(k.ReportNotification(ctx, c.ID, 1, 1, 1, 1, 2))(t)
	k.goTo(told.Add(37*24*time.Hour - 2*time.Second))
	k.look()
	k.wantState(c, store.Closed)
	leaves := must(k.rooms.Identity.Leaves(ctx, c.ID, store.EntrantID{}, 100))(t)
	k.pass(2*time.Minute, time.Second)
	k.wantState(c, store.Erased)
	for _, l := range leaves {
		if _, err := k.rooms.Identity.Sealed(ctx, c.ID, []store.EntrantID{l.ID}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an envelope is left: %v", err)
		}
	}
	if n := must(k.Notifications(ctx, c.ID, 1))(t); len(n) != 0 {
		t.Error("notices are left")
	}
	_, _, err = k.PrepareRelease(ctx, one, c.ID, 1, engine.ReleaseOf{Purpose: engine.PurposeNotice, AcceptUnproven: true})
	wantReason(t, err, engine.CampaignClosed, "")
	_, err = k.ReplaceWinner(ctx, c.ID, 1, 1, 1, "late")
	wantReason(t, err, engine.CampaignClosed, "")
	if got := fmt.Sprint(k.kinds()); got != fmt.Sprint(map[string]int{"open": 1, "close": 1, "result": 1, "opened": 1, "erased": 1}) {
		t.Errorf("the log holds %s", got)
	}
	if rows := must(k.rooms.Registry.Jobs(ctx))(t); len(rows) != 0 {
		t.Errorf("rows of done jobs are left: %+v", rows)
	}
	var bundle strings.Builder // still to be checked by anybody
	if err := k.WriteBundle(ctx, c.ID, &bundle); err != nil {
		t.Fatal(err)
	}
	wantVerified(t, []byte(bundle.String()))
}

// TestDraftChangedDoesNotOpen: what opens by itself is the draft that was agreed on, or nothing.
func TestDraftChangedDoesNotOpen(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := k.timed()
	c := must(k.CreateCampaign(ctx, "changed", r, ""))(t)
	gone := must(k.CreateCampaign(ctx, "gone", r, ""))(t)
	k.timedOpening(c, start.Add(time.Hour))
	k.timedOpening(gone, start.Add(time.Hour))
	r.Draws[0].Alternates = 1
	must(k.UpdateCampaign(ctx, c.ID, c.Etag, r))(t)
	if err := k.DeleteCampaign(ctx, gone.ID, gone.Etag); err != nil {
		t.Fatal(err)
	}
	for range 120 {
		k.move(time.Minute)
		k.Work(ctx)
	}
	k.wantState(c, store.Draft)
	for _, a := range must(k.Approvals(ctx, true, [16]byte{}, 10))(t) {
		if a.State != store.ApprovalLapsed || a.Outcome == "" {
			t.Errorf("the approval is in state %d, %q", a.State, a.Outcome)
		}
	}
}

// TestNothingIsErasedUnasked: without a retention nothing goes, ever.
func TestNothingIsErasedUnasked(t *testing.T) {
	k := newClockwork(t)
	r := k.timed()
	r.Retention = 0
	c := k.open(r)
	k.someEnter(c, 6)
	k.drawn(c)
	k.goTo(start.AddDate(20, 0, 0))
	k.pass(3*time.Minute, time.Minute)
	k.wantState(c, store.Closed)
}

// TestKilledAtEachStepOfAJob has a runner die at every step of closing, drawing and erasing, and another one go on.
func TestKilledAtEachStepOfAJob(t *testing.T) {
	const most = 100
	for n := 1; ; n++ {
		if n > most {
			t.Fatal("it never ends")
		}
		k := newClockwork(t)
		c := k.open(k.timed())
		k.someEnter(c, 12)
		count, died := 0, ""
		k.SetStep(func(name string) {
			if count++; count == n {
				panic(crash{name})
			}
		})
		end := c.Rules.Draws[0].DrawTime.Add(38 * 24 * time.Hour)
		for range 200 {
			func() {
				defer func() {
					if r := recover(); r != nil {
						died = r.(crash).step
						k.restart() // without the step hook
					}
				}()
				for _, at := range []time.Time{c.Rules.ObjectionsEnd, c.Rules.Draws[0].DrawTime.Add(5 * time.Second), end} {
					if k.trueTime().Before(at) {
						k.goTo(at)
					}
					k.pass(5*time.Second, time.Second)
				}
			}()
			if k.state(c) == store.Erased {
				break
			}
		}
		k.SetStep(nil)
		k.wantState(c, store.Erased)
		if got := fmt.Sprint(k.kinds()); got != fmt.Sprint(map[string]int{"open": 1, "close": 1, "result": 1, "erased": 1}) {
			t.Fatalf("killed at %q (%d): the log holds %s", died, n, got)
		}
		k.pass(engine.LeaseFor+2*time.Minute, time.Second)
		if rows := must(k.rooms.Registry.Jobs(context.Background()))(t); len(rows) != 0 {
			t.Fatalf("killed at %q (%d): rows are left: %+v", died, n, rows)
		}
		if died == "" {
			if n < 15 {
				t.Errorf("only %d steps", n-1)
			}
			return
		}
	}
}

// overlap is a registry beside which it is counted how many work on a draw at once: the beacon is asked in the middle of it.
type overlap struct {
	*truth
	mu         sync.Mutex
	now, most  int
	hold       chan struct{} // closed to let them go on
	begun      chan struct{} // one for each that came
	afterClose time.Time
}

func (o *overlap) Fetch(ctx context.Context, c beacon.Chain, round uint64) ([48]byte, error) {
	if c.Time(round).Before(o.afterClose) {
		return o.truth.Fetch(ctx, c, round)
	}
	o.mu.Lock()
	o.now++
	o.most = max(o.most, o.now)
	o.mu.Unlock()
	defer func() { o.mu.Lock(); o.now--; o.mu.Unlock() }()
	o.begun <- struct{}{}
	select {
	case <-o.hold:
	case <-ctx.Done():
		return [48]byte{}, ctx.Err()
	}
	return o.truth.Fetch(ctx, c, round)
}

// careless is a registry whose compare-and-swap on jobs always wins: the mutant. Its first two callers wait for each other, so that both saw the job free.
type careless struct {
	store.Registry
	calls atomic.Int64
	both  chan struct{}
}

func (r *careless) SwapJob(ctx context.Context, j store.Job) (store.Job, error) {
	switch r.calls.Add(1) {
	case 1:
		select {
		case <-r.both:
		case <-time.After(10 * time.Second):
		}
	case 2:
		close(r.both)
	}
	for {
		row, err := r.Registry.Job(ctx, j.ID)
		if err != nil {
			return row, err
		}
		j.Version = row.Version
		if out, err := r.Registry.SwapJob(ctx, j); !errors.Is(err, store.ErrConflict) {
			return out, err
		}
	}
}

// twoRunners has two engines on the same rooms take the same draw while the relay is slow, and wants so many to work on it at once. Between the two
// looks the second one's own time goes on by `later`.
func twoRunners(t *testing.T, wrap func(store.Registry) store.Registry, renew time.Duration, together bool, later time.Duration, want int) {
	t.Helper()
	k := newClockwork(t)
	c := k.open(k.timed())
	k.someEnter(c, 6)
	k.goTo(c.Rules.ObjectionsEnd)
	k.pass(3*time.Second, time.Second)
	k.wantState(c, store.Closed)
	o := &overlap{truth: k.beacon, hold: make(chan struct{}), begun: make(chan struct{}, 10), afterClose: c.Rules.ObjectionsEnd.Add(time.Minute)}
	k.cfg.Beacon, k.cfg.Registry = o, wrap(k.rooms.Registry)
	k.goTo(c.Rules.Draws[0].DrawTime.Add(5 * time.Second))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var runners [2]*engine.Runner
	var engines [2]*engine.Engine
	for i := range runners {
		k.reopenBeside()
		engines[i] = k.Engine
		var mine atomic.Int64
		mine.Store(k.elapsed.Load())
		k.SetElapsed(func() time.Duration { return time.Duration(mine.Load()) })
		k.SetRenewEvery(renew)
		runners[i] = k.NewRunner()
		k.second = &mine
	}
	var wg sync.WaitGroup
	wg.Go(func() { runners[0].Look(ctx) })
	if !together {
		<-o.begun
		runners[1].Look(ctx) // sees that it is held
		k.second.Add(int64(later))
		time.Sleep(100 * time.Millisecond) // leases are renewed meanwhile
	}
	wg.Go(func() { runners[1].Look(ctx) })
	patience, working := 300*time.Millisecond, 0
	if want > 1 {
		patience = 10 * time.Second
	}
	if !together {
		working = 1
	}
	for enough := time.After(patience); working < 2; {
		select {
		case <-o.begun:
			working++
		case <-enough:
			working = 2
		}
	}
	close(o.hold)
	wg.Wait()
	for range 3 {
		k.second.Add(int64(2 * time.Minute))
		runners[1].Look(ctx)
	}
	if d := must(engines[1].Draw(ctx, c.ID, 1))(t); d.State != store.DrawDrawn {
		t.Error("not drawn in the end")
	}
	if n := k.kinds()["result"]; n != 1 {
		t.Errorf("%d results", n)
	}
	if o.most != want {
		t.Errorf("%d worked on it at once, want %d", o.most, want)
	}
}

// TestTwoRunnersAtOnce: whoever is second leaves a job alone while the first one works on it, however slowly; a dead one's job is taken over. A store whose
// compare-and-swap always wins lets both work at once, and the same test sees it; even then there is one result.
func TestTwoRunnersAtOnce(t *testing.T) {
	honest := func(r store.Registry) store.Registry { return r }
	mutant := func(r store.Registry) store.Registry { return &careless{Registry: r, both: make(chan struct{})} }
	for range 5 {
		twoRunners(t, honest, time.Hour, true, 0, 1)
	}
	twoRunners(t, honest, 5*time.Millisecond, false, engine.LeaseFor+time.Second, 1) // a slow job is not taken from its runner
	twoRunners(t, honest, time.Hour, false, engine.LeaseFor+time.Second, 2)          // one that is not renewed is taken over
	twoRunners(t, mutant, time.Hour, true, 0, 2)
}
