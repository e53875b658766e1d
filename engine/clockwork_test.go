package engine_test

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// truth is a beacon of one key that goes by the true time, whatever clock the engine has.
type truth struct {
	*beacon.Local
	at   atomic.Int64 // Unix nanoseconds
	away atomic.Bool
	lost atomic.Uint64 // a round that no relay has
}

func (b *truth) Fetch(_ context.Context, c beacon.Chain, round uint64) ([48]byte, error) {
	switch {
	case b.away.Load() || round == b.lost.Load():
		return [48]byte{}, beacon.ErrNoRelay
	case c.Time(round).After(time.Unix(0, b.at.Load())):
		return [48]byte{}, beacon.ErrNotYet
	}
	return b.Sign(round), nil
}

// clockwork is an installation whose true time passes when the test says so; its clock may be wrong.
type clockwork struct {
	*world
	beacon  *truth
	elapsed atomic.Int64
	run     *engine.Runner
	second  *atomic.Int64 // the own time of the second of two runners
}

func newClockwork(t *testing.T) *clockwork {
	t.Helper()
	return newClockworkOn(t, newWorld(t))
}

func newClockworkOn(t *testing.T, w *world) *clockwork {
	t.Helper()
	k := &clockwork{world: w, beacon: &truth{Local: must(beacon.NewLocal(start.Unix()-1000, 3))(t)}}
	k.cfg.Beacon = k.beacon
	var ticks atomic.Int64
	k.cfg.Now = func() time.Time { return k.now().Add(time.Duration(ticks.Add(1))) } // no two looks at a real clock are alike
	k.beacon.at.Store(start.UnixNano())
	k.restart()
	return k
}

// restart starts another engine and another runner.
func (k *clockwork) restart() {
	k.t.Helper()
	k.reopen()
	k.SetElapsed(func() time.Duration { return time.Duration(k.elapsed.Load()) })
	k.run = k.NewRunner()
}

// pass lets true time pass in steps, and looks after each.
func (k *clockwork) pass(d, step time.Duration) {
	k.t.Helper()
	for ; d > 0; d -= step {
		k.move(min(step, d))
		k.look()
	}
}

func (k *clockwork) move(d time.Duration) {
	k.elapsed.Add(int64(d))
	k.beacon.at.Add(int64(d))
	k.setClock(k.now().Add(d))
}

// goTo moves the true time to an instant without looking.
func (k *clockwork) goTo(at time.Time) { k.move(at.Sub(time.Unix(0, k.beacon.at.Load()))) }

// reopenBeside starts another engine on the same rooms while the one before lives on.
func (k *clockwork) reopenBeside() {
	k.t.Helper()
	k.Engine = must(engine.New(context.Background(), k.cfg))(k.t)
	k.t.Cleanup(k.Engine.Close)
}

func (k *clockwork) look() {
	k.t.Helper()
	if err := k.run.Look(context.Background()); err != nil {
		k.t.Fatal(err)
	}
}

// jump makes the clock wrong by d, and right again by −d.
func (k *clockwork) jump(d time.Duration) { k.setClock(k.now().Add(d)) }

// timed are rules with one draw on the test's beacon and a year's retention.
func (k *clockwork) timed() engine.Rules {
	r := noProof(rules())
	c := k.beacon.Chain()
	r.Draws[0].Beacon = &engine.Chain{Hash: c.Hash[:], Period: int64(c.Period), Genesis: c.Genesis, Key: c.Key[:]}
	r.Draws[0].DrawTime = r.ObjectionsEnd.Add(2 * time.Hour)
	r.Retention = 30
	return r
}

func (k *clockwork) state(c engine.Campaign) store.CampaignState {
	k.t.Helper()
	return must(k.FindCampaign(context.Background(), c.Slug, true))(k.t).State
}

func (k *clockwork) wantState(c engine.Campaign, want store.CampaignState) {
	k.t.Helper()
	if got := k.state(c); got != want {
		k.t.Fatalf("campaign in state %d, want %d\n%s", got, want, k.errs.String())
	}
}

func (k *clockwork) drawState(c engine.Campaign) store.DrawState {
	k.t.Helper()
	return must(k.Draw(context.Background(), c.ID, 1))(k.t).State
}

// kinds counts the records of the log by kind, but for heads of the audit trail: what the daemon does by itself leaves acts on many days.
func (k *clockwork) kinds() map[string]int {
	k.t.Helper()
	out := map[string]int{}
	for _, b := range must(k.rooms.Registry.LogRecords(context.Background(), 0, 10000))(k.t) {
		out[must(draw.ParseRecord(b))(k.t).Kind()]++
	}
	delete(out, "audit")
	return out
}

func (k *clockwork) someEnter(c engine.Campaign, n int) {
	k.t.Helper()
	for i := range n {
		k.enter(k.client(c, i, ""))
	}
}

// wantVerified wants that everything in a bundle holds; no witness was there in time.
func wantVerified(t *testing.T, b []byte) {
	t.Helper()
	files := must(verify.Tar(bytes.NewReader(b), int64(len(b))))(t)
	out, err := verify.Bundle(files, verify.Options{})
	if err != nil || out.Status != verify.StatusUnconfirmed || out.Draws[0].State != verify.StateDrawn {
		t.Errorf("the bundle does not verify: %v", err)
	}
}

func find(todos []engine.Todo, kind engine.TodoKind) int {
	for i, t := range todos {
		if t.Kind == kind {
			return i
		}
	}
	return -1
}

var one, two = engine.Actor{Token: "0000000000000001", Label: "one", Role: engine.RoleOfficer}, engine.Actor{Token: "0000000000000002", Label: "two", Role: engine.RoleOfficer}

// timedOpening has two persons want the opening of a draft at an instant.
func (k *clockwork) timedOpening(c engine.Campaign, at time.Time) {
	k.t.Helper()
	ctx := context.Background()
	a := must(k.RequestOpening(ctx, one, c.ID, c.Etag, at, true))(k.t)
	must(k.Approve(ctx, two, a.ID, a.Digest()))(k.t)
}

// releaseAll opens the contacts of all who hold a seat.
func (k *clockwork) releaseAll(c engine.Campaign) []engine.Release {
	k.t.Helper()
	ctx := context.Background()
	_, a, err := k.PrepareRelease(ctx, one, c.ID, 1, engine.ReleaseOf{Purpose: engine.PurposeNotice, AcceptUnproven: true})
	if err != nil {
		k.t.Fatal(err)
	}
	must(k.Approve(ctx, two, a.ID, a.Digest()))(k.t)
	all, _, err := k.PrepareRelease(ctx, one, c.ID, 1, engine.ReleaseOf{Purpose: engine.PurposeNotice, AcceptUnproven: true})
	return must(all, err)(k.t)
}

// drawn takes a campaign to its result by the clock.
func (k *clockwork) drawn(c engine.Campaign) {
	k.t.Helper()
	for range 5 {
		k.goTo(c.Rules.ObjectionsEnd)
		k.pass(5*time.Second, time.Second)
		k.goTo(c.Rules.Draws[0].DrawTime.Add(6 * time.Second))
		k.pass(5*time.Second, time.Second)
		if k.state(c) >= store.Closed && k.drawState(c) == store.DrawDrawn {
			return
		}
	}
	k.t.Fatalf("not drawn\n%s", k.errs.String())
}
