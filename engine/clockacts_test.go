package engine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/crypto/trail"
	"fairlot/store"
)

// stuck is a registry that takes acts but, while it is away, no record of the log: an act is begun and cannot be done.
type stuck struct {
	store.Registry
	away atomic.Bool
}

func (r *stuck) Append(ctx context.Context, size int64, record []byte, t store.Transition) error {
	if r.away.Load() {
		return store.ErrUnavailable
	}
	return r.Registry.Append(ctx, size, record, t)
}

// daemonRows are the rows that the daemon wrote, counted by method and outcome, and how many acts are begun and not over.
func (k *clockwork) daemonRows() (rows map[string]int, open int) {
	k.t.Helper()
	chain := trail.NewChain(k.Installation().LogKey, nil)
	rows = map[string]int{}
	for _, a := range must(k.Acts(context.Background(), 0, 10000))(k.t) {
		act := must(chain.Add(a.N, a.Hash, a.Text))(k.t)
		if act.Actor == trail.Daemon {
			rows[act.Method+" "+act.Outcome]++
		}
	}
	return rows, len(chain.Open())
}

// life lives a campaign from a timed opening to its erasure. The registry is away for a while when it opens, closes and draws; look does once what Run
// does every second.
func (k *clockwork) life(look func()) {
	k.t.Helper()
	reg := &stuck{Registry: k.cfg.Registry}
	k.cfg.Registry = reg
	k.restart()
	ctx := context.Background()
	c := must(k.CreateCampaign(ctx, "trail", k.timed(), ""))(k.t)
	k.timedOpening(c, start.Add(time.Hour))
	late := func(what string, want int64) {
		if n := k.Vitals().JobsLate; n != want {
			k.t.Errorf("%s: %d late, want %d", what, n, want)
		}
	}
	stuckAt := func(what string, at time.Time, done func() bool) {
		k.t.Helper()
		k.goTo(at.Add(-2 * time.Second))
		look()
		late("before the "+what, 0)
		reg.away.Store(true)
		for range 6 {
			k.move(10 * time.Second)
			look()
		}
		late("the "+what+" soon after its time", 0)
		for range 6 {
			k.move(10 * time.Second)
			look()
		}
		late("the "+what+" long after its time", 1)
		reg.away.Store(false)
		for range 70 {
			k.move(time.Second)
			look()
		}
		if !done() {
			k.t.Fatalf("the %s is never done\n%s", what, k.errs.String())
		}
		late("after the "+what, 0)
	}
	stuckAt("opening", start.Add(time.Hour), func() bool { return k.state(c) == store.Open })
	c = must(k.FindCampaign(ctx, c.Slug, false))(k.t)
	k.someEnter(c, 6)
	k.goTo(c.Rules.EntriesEnd)
	k.Work(ctx)
	stuckAt("close", c.Rules.ObjectionsEnd, func() bool { return k.state(c) == store.Closed })
	stuckAt("draw", must(k.Draw(ctx, c.ID, 1))(k.t).RoundTime, func() bool { return k.drawState(c) == store.DrawDrawn })
	k.goTo(c.Rules.Draws[0].DrawTime.AddDate(0, 0, 45))
	for range 120 {
		k.move(time.Second)
		look()
	}
	k.wantState(c, store.Erased)
}

var clockMethods = []string{"ApprovalService/Approve", "CampaignService/CloseCampaign", "DrawService/RunDraw", "Daemon/EraseCampaign"}

// notOnce says which of the daemon's acts is not there exactly once, begun and done.
func notOnce(rows map[string]int) string {
	for _, m := range clockMethods {
		if rows[m+" "+trail.Begun] != 1 || rows[m+" "+trail.OK] != 1 {
			return fmt.Sprintf("%s: %v", m, rows)
		}
	}
	if len(rows) != 2*len(clockMethods) {
		return fmt.Sprint(rows)
	}
	return ""
}

// TestClockWritesTheTrail: what the clock opens, closes, draws and erases is in the audit trail, once each however often it is tried.
func TestClockWritesTheTrail(t *testing.T) {
	k := newClockwork(t)
	k.life(func() { k.look(); k.Work(context.Background()) })
	rows, open := k.daemonRows()
	if wrong := notOnce(rows); wrong != "" || open != 0 {
		t.Errorf("%d acts are open; %s", open, wrong)
	}
}

// TestForgetfulClockIsCaught: an engine that forgets between two tries what it has begun writes an act again and again, and notOnce sees it.
func TestForgetfulClockIsCaught(t *testing.T) {
	k := newClockwork(t)
	k.life(func() {
		k.run = k.NewRunner()
		k.look()
		k.ForgetApproved()
		k.Work(context.Background())
	})
	rows, _ := k.daemonRows()
	for _, m := range clockMethods[:3] {
		if rows[m+" "+trail.Begun] < 2 {
			t.Errorf("%s is not begun anew: %v", m, rows)
		}
	}
	if notOnce(rows) == "" {
		t.Error("nothing is seen: the test above is worth nothing")
	}
}

// TestKilledInAnAct: a process that ends between the begin of an act and its end leaves it begun, and the next one begins and ends its own.
func TestKilledInAnAct(t *testing.T) {
	for _, step := range []string{"act begun", "job worked on"} {
		k := newClockwork(t)
		c := k.open(k.timed())
		k.someEnter(c, 6)
		k.goTo(c.Rules.ObjectionsEnd)
		k.Work(context.Background())
		k.SetStep(func(name string) {
			if name == step {
				panic(crash{name})
			}
		})
		func() {
			defer func() { _ = recover().(crash) }()
			k.pass(5*time.Second, time.Second)
		}()
		rows, open := k.daemonRows()
		if open != 1 || rows["CampaignService/CloseCampaign "+trail.Begun] != 1 || len(rows) != 1 {
			t.Errorf("killed at %q: %d open, %v", step, open, rows)
		}
		k.restart()
		k.drawn(c)
		rows, open = k.daemonRows()
		again := 2
		if step == "job worked on" { // it was done, and nobody tries it again
			again = 1
		}
		if open != 1 || rows["CampaignService/CloseCampaign "+trail.Begun] != again || rows["CampaignService/CloseCampaign "+trail.OK] != again-1 {
			t.Errorf("after a kill at %q: %d open, %v", step, open, rows)
		}
	}
}
