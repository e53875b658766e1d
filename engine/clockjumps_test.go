package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
)

// TestClockJumps tells stories of clocks. What is done must be the same as with a true clock, no record twice, and nothing before its true time.
func TestClockJumps(t *testing.T) {
	stories := map[string]func(k *clockwork, c engine.Campaign){
		"a day ahead before the end, then right": func(k *clockwork, c engine.Campaign) {
			k.goTo(c.Rules.EntriesEnd.Add(-2 * time.Hour))
			k.look()
			k.jump(24 * time.Hour)
			k.both(5*time.Minute, 5*time.Second)
			k.jump(-24 * time.Hour)
			k.both(5*time.Minute, 5*time.Second)
		},
		"a day ahead for long, before objections have ended": func(k *clockwork, c engine.Campaign) {
			k.goTo(c.Rules.EntriesEnd.Add(time.Minute))
			k.both(time.Minute, time.Second)
			k.jump(24 * time.Hour)
			k.both(time.Hour, 10*time.Second)
			k.jump(-24 * time.Hour)
			k.both(time.Minute, time.Second)
		},
		"a day ahead from the start on": func(k *clockwork, c engine.Campaign) {
			k.goTo(c.Rules.EntriesEnd.Add(time.Minute))
			k.Work(context.Background())
			k.jump(24 * time.Hour)
			k.restart()
			k.both(time.Hour, 10*time.Second)
			k.jump(-24 * time.Hour)
			k.restart()
		},
		"a day back between close and draw": func(k *clockwork, c engine.Campaign) {
			k.goTo(c.Rules.ObjectionsEnd)
			k.both(10*time.Second, time.Second)
			k.wantState(c, store.Closed)
			k.jump(-24 * time.Hour)
			k.both(20*time.Minute, 10*time.Second)
			k.wantState(c, store.Closed)
			k.jump(24 * time.Hour)
			k.both(time.Minute, time.Second)
		},
		"jitter": func(k *clockwork, c engine.Campaign) {
			k.goTo(c.Rules.ObjectionsEnd.Add(-30 * time.Second))
			for i := range 30 {
				by := time.Duration(i%3-1) * 12 * time.Second
				k.jump(by)
				k.both(3*time.Second, time.Second)
				k.jump(-by)
			}
			k.wantState(c, store.Closed)
		},
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			k := newClockwork(t)
			c := k.open(k.timed())
			k.someEnter(c, 12)
			story(k, c)
			k.goTo(k.trueTime().Add(engine.SteadyFor))
			k.drawn(c)
			if got := fmt.Sprint(k.kinds()); got != fmt.Sprint(map[string]int{"open": 1, "close": 1, "result": 1}) {
				t.Errorf("the log holds %s", got)
			}
			k.Work(context.Background())
			k.wantClosed(must(k.FindCampaign(context.Background(), c.Slug, false))(t), 12, 0)
		})
	}
}

func (k *clockwork) trueTime() time.Time { return time.Unix(0, k.beacon.at.Load()).UTC() }

// both is pass, with the rest of what Run does, and with the promise that nothing irrevocable happens before its true time.
func (k *clockwork) both(d, step time.Duration) {
	k.t.Helper()
	for ; d > 0; d -= step {
		k.move(step)
		k.look()
		k.Work(context.Background())
		k.wantInTime()
	}
}

func (k *clockwork) wantInTime() {
	k.t.Helper()
	if what := k.earlyAt(k.trueTime()); what != "" {
		k.t.Fatal(what)
	}
}

// earlyAt says what happened before its time.
func (k *clockwork) earlyAt(now time.Time) string {
	k.t.Helper()
	for _, c := range must(k.ListCampaigns(context.Background(), store.CampaignID{}, 10, true))(k.t) {
		if c.State >= store.Ended && now.Before(c.Rules.EntriesEnd) {
			return "ended before its time"
		}
		if c.State >= store.Closed && now.Before(c.Rules.ObjectionsEnd) {
			return "closed before its time"
		}
	}
	return ""
}

// TestBelievingTheClockIsCaught: an engine whose clock is believed whatever it does ends and closes before the time, and the promise of the stories above
// sees it.
func TestBelievingTheClockIsCaught(t *testing.T) {
	for name, disarm := range map[string]func(k *clockwork){
		"a jump is not seen": func(k *clockwork) { k.SetElapsed(func() time.Duration { return k.now().Sub(start) }) },
		"the beacon says yes": func(k *clockwork) {
			k.beacon.at.Store(start.AddDate(9, 0, 0).UnixNano())
			k.SetElapsed(func() time.Duration { return k.now().Sub(start) })
		},
	} {
		k := newClockwork(t)
		c := k.open(k.timed())
		k.someEnter(c, 6)
		k.goTo(c.Rules.EntriesEnd.Add(-time.Hour))
		truth := k.trueTime()
		disarm(k)
		k.run = k.NewRunner()
		k.look()
		k.jump(26 * time.Hour)
		k.look()
		k.Work(context.Background())
		if k.earlyAt(truth) == "" {
			t.Errorf("%s: nothing came too early, so the stories are worth nothing", name)
		}
	}
}

// TestClockNeverErases: however far ahead the clock is, and for however long, nothing is destroyed before the beacon says that it is time.
func TestClockNeverErases(t *testing.T) {
	k := newClockwork(t)
	c := k.open(k.timed())
	k.someEnter(c, 12)
	k.drawn(c)
	k.jump(400 * 24 * time.Hour)
	k.restart()
	k.pass(2*time.Hour, 10*time.Second)
	k.wantState(c, store.Closed)
	k.beacon.away.Store(true) // nor if no relay can be asked
	k.pass(2*time.Hour, 10*time.Second)
	k.wantState(c, store.Closed)
	if leaves := must(k.rooms.Identity.Leaves(context.Background(), c.ID, store.EntrantID{}, 1))(t); len(must(k.rooms.Identity.Sealed(context.Background(), c.ID, []store.EntrantID{leaves[0].ID}))(t)) != 1 {
		t.Error("an envelope is gone")
	}
	k.beacon.away.Store(false)
	k.beacon.at.Add(int64(400 * 24 * time.Hour)) // the clock was right
	k.pass(2*time.Minute, time.Second)
	k.wantState(c, store.Erased)
}
