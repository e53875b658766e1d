package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"fairlot/crypto/beacon"
	"fairlot/engine"
	"fairlot/store"
)

const (
	callers   = 5 // at once, in one history
	callsEach = 5
	requests  = 8 // different entries of one history; entry i+requests/2 is of the same person as entry i
)

// linear is one installation with a beacon, on which histories are made one after another, by one engine or by two that share it.
type linear struct {
	*world
	chain   *engine.Chain
	engines []*engine.Engine
	runners []*engine.Runner
	running []sync.Mutex // a runner does one look at a time

	clockMu sync.Mutex
	ahead   atomic.Int64 // how far the clock was set forwards in all: time that passes, for runners
}

// setting is where and how histories are made.
type setting struct {
	rooms  func(t testing.TB, dir string) func() (store.Rooms, error) // new ones, nil for SQLite's
	shared bool                                                       // by two engines
	change func(*engine.Config)                                       // may be nil
}

// tendEvery, with a lease that stands still for takeOver now and then.
const (
	tendEvery = 300 * time.Millisecond
	tendFor   = 6 * time.Second
	idleFor   = engine.TakeOver + time.Second
)

func newLinear(t testing.TB, on setting) *linear {
	l := &linear{}
	if on.rooms == nil {
		l.world = newWorld(t)
	} else {
		dir := t.TempDir()
		l.world = newWorldIn(t, dir, on.rooms(t, dir))
	}
	local, err := beacon.NewLocal(start.Unix()-100, 1)
	if err != nil {
		t.Fatal(err)
	}
	relay := httptest.NewServer(local.Handler(l.now))
	t.Cleanup(relay.Close)
	c := local.Chain()
	l.chain = &engine.Chain{Hash: c.Hash[:], Period: int64(c.Period), Genesis: c.Genesis, Key: c.Key[:]}
	l.cfg.Beacon = &beacon.Relays{URLs: []string{relay.URL}, Timeout: 20 * time.Second}
	if on.change != nil {
		on.change(&l.cfg)
	}
	if on.shared {
		l.cfg.Sharing = &engine.Sharing{Door: "first", First: true}
	}
	l.reopen()
	l.engines = []*engine.Engine{l.Engine}
	if on.shared {
		l.Engine.Tend(context.Background())
		l.cfg.Sharing = &engine.Sharing{Door: "second"}
		l.engines = append(l.engines, l.beside().Engine)
		l.passOn(t)
	}
	for _, e := range l.engines {
		e.SetElapsed(func() time.Duration { return time.Duration(l.ahead.Load()) })
		l.runners = append(l.runners, e.NewRunner())
	}
	l.running = make([]sync.Mutex, len(l.engines))
	return l
}

// passOn tends the leases, and lets whoever holds it forget that now and then, until the test ends.
func (l *linear) passOn(t testing.TB) {
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { stop(); wg.Wait() })
	for i, e := range l.engines {
		wg.Go(func() {
			for began := time.Now(); ctx.Err() == nil; time.Sleep(tendEvery) {
				turn := time.Since(began) % (2 * (tendFor + idleFor)) // the two are idle by turns
				if turn -= time.Duration(i) * (tendFor + idleFor); turn < tendFor || turn >= tendFor+idleFor {
					e.Tend(ctx)
				}
			}
		})
	}
}

// setClock sets the clock of all engines, and lets the runners' own time pass with it.
func (l *linear) setClock(t time.Time) {
	l.clockMu.Lock()
	defer l.clockMu.Unlock()
	l.ahead.Add(max(0, int64(t.Sub(l.now()))))
	l.world.setClock(t)
}

// any is one of the engines.
func (l *linear) any(rnd *rand.Rand) *engine.Engine { return l.engines[rnd.IntN(len(l.engines))] }

// holder gives a call to the engine that holds the lease, as daemons hand it on. cut says that a call before the last one may have done something.
func (l *linear) holder(f func(e *engine.Engine) answer) (a answer, cut bool) {
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		for _, e := range l.engines {
			if a = f(e); a.what != string(engine.HolderAway) && a.what != "unknown" || time.Since(began) > time.Minute {
				return a, cut
			}
			cut = cut || a.what == "unknown"
		}
	}
}

// history lets several callers loose on one new campaign and returns what they did and saw.
func (l *linear) history(t testing.TB, k kind, rnd *rand.Rand) (porcupine.Model, []porcupine.Operation) {
	ctx := context.Background()
	k.shared = len(l.engines) > 1
	l.setClock(start)
	r := rules()
	r.Batch = 2
	r = k.rules(r)
	for i := range r.Draws {
		r.Draws[i].Beacon, r.Draws[i].Alternates = l.chain, 1
	}
	if k.draws {
		r.Retention = 1
	}
	c := l.opening(t, r)
	var tokens []string
	if k.tokens {
		tokens = l.tokens(c, requests)
	}
	clients := make([]*client, requests)
	for i := range clients {
		token := ""
		if k.tokens {
			token = tokens[i]
		}
		clients[i] = l.client(c, i%(requests/2), token)
	}
	over := c.Rules.ObjectionsEnd
	if over.IsZero() {
		over = c.Rules.EntriesEnd
	}
	at := instants{end: c.Rules.EntriesEnd.UnixNano(), objections: over.UnixNano()}
	clocks := []time.Time{c.Rules.EntriesEnd.Add(-24 * time.Hour), c.Rules.EntriesEnd.Add(-1), c.Rules.EntriesEnd.Add(-1), c.Rules.EntriesEnd,
		c.Rules.EntriesEnd.Add(24 * time.Hour), over.Add(-1), over, over.Add(24 * time.Hour)}
	if k.draws {
		info, err := l.Draw(ctx, c.ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		erase := info.RoundTime.Add(time.Duration(r.Draws[0].ClaimDays+r.Retention) * 24 * time.Hour)
		at.round, at.erase = info.RoundTime.UnixNano(), erase.UnixNano()
		clocks = append(clocks, info.RoundTime, info.RoundTime.Add(24*time.Hour), erase.Add(-1), erase)
	}
	first := c.Rules.EntriesEnd.Add(-time.Minute)
	l.setClock(first)

	var (
		mu      sync.Mutex
		history []porcupine.Operation
		wg      sync.WaitGroup
		began   = time.Now()
	)
	note := func(caller int, from time.Duration, c call, a answer) {
		to := time.Since(began)
		if a.what == "unknown" {
			to = time.Hour
		}
		mu.Lock()
		defer mu.Unlock()
		history = append(history, porcupine.Operation{ClientId: caller, Input: c, Call: int64(from), Output: a, Return: int64(to)})
	}
	closing := func(caller int, from time.Duration) {
		a, cut := l.close(ctx, k, c.ID)
		if cut && a.what != "ok" {
			for _, what := range []int{callShut, callDrop, callClose} {
				note(caller, from, call{what: what}, answer{what: maybe})
			}
		}
		note(caller, from, call{what: callShut}, a)
		if a.what == "ok" {
			note(caller, from, call{what: callDrop}, a)
			note(caller, from, call{what: callClose}, a)
		}
	}
	looking := func(caller int, from time.Duration, rnd *rand.Rand) {
		if !l.look(ctx, rnd.IntN(len(l.engines))) {
			return
		}
		for _, what := range []int{callShut, callDrop, callClose, callDraw, callErase} {
			if k.draws || what <= callClose {
				note(caller, from, call{what: what}, answer{what: maybe})
			}
		}
	}
	drawing := func(caller int, from time.Duration) {
		a, cut := l.draw(ctx, c.ID)
		if cut && a.what != "ok" {
			note(caller, from, call{what: callDraw}, answer{what: maybe})
		}
		note(caller, from, call{what: callDraw}, a)
	}
	for caller := range callers {
		seed := rnd.Uint64()
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, 1))
			for range callsEach {
				from := time.Since(began)
				switch n := rnd.IntN(100); {
				case n < 50:
					x := call{what: callEnter, request: rnd.IntN(requests)}
					note(caller, from, x, l.entry(ctx, rnd, clients[x.request].req))
				case n < 70:
					x := call{what: callClock, clock: clocks[rnd.IntN(len(clocks))]}
					l.setClock(x.clock)
					note(caller, from, x, answer{})
				case n < 75: // nothing without the lease, nor by a clock that jumped
					l.any(rnd).Turn(ctx)
					note(caller, from, call{what: callWork}, answer{what: maybe})
				case n < 82:
					looking(caller, from, rnd)
				case n < 90:
					closing(caller, from)
				case n < 95 && k.draws:
					drawing(caller, from)
				default:
					note(caller, from, call{what: callRead}, l.read(ctx, l.any(rnd), c.Slug))
				}
			}
		})
	}
	wg.Wait()
	// What the public sees in the end belongs to the history.
	from := time.Since(began)
	l.setClock(over.Add(240 * time.Hour))
	note(0, from, call{what: callClock, clock: l.now()}, answer{})
	closing(0, time.Since(began))
	for i := range clients {
		from := time.Since(began)
		note(0, from, call{what: callEnter, request: i}, outcome(l.any(rnd).Enter(ctx, clients[i].req)))
	}
	if k.draws {
		drawing(0, time.Since(began))
	}
	for range 3 * rnd.IntN(2) { // what the clock starts last of all: a draw that nobody made, the erasure
		l.setClock(l.now().Add(240 * time.Hour))
		note(0, time.Since(began), call{what: callClock, clock: l.now()}, answer{})
		looking(0, time.Since(began), rnd)
	}
	for i := range clients {
		from := time.Since(began)
		note(0, from, call{what: callEnter, request: i}, outcome(l.any(rnd).Enter(ctx, clients[i].req)))
	}
	from = time.Since(began)
	note(0, from, call{what: callRead}, l.read(ctx, l.any(rnd), c.Slug))
	return k.model(at, first), history
}

// opening opens a campaign, which only the holder of the lease may.
func (l *linear) opening(t testing.TB, r engine.Rules) (c engine.Campaign) {
	t.Helper()
	ctx := context.Background()
	draft, err := l.CreateCampaign(ctx, fmt.Sprintf("campaign-%d", slugs.Add(1)), r, "")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := l.holder(func(e *engine.Engine) answer {
		var err error
		c, err = e.OpenCampaign(ctx, draft.ID, draft.Etag)
		return outcome(c, err)
	})
	if a.what == "ok" {
		return c
	}
	// It was opened by a call that was cut off. Whoever has the lease makes the gate if that call did not.
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(10 * time.Millisecond) {
		for _, e := range l.engines {
			e.Turn(ctx)
		}
		if _, err = l.rooms.Identity.Gate(ctx, draft.ID); err == nil {
			break
		}
	}
	if err == nil {
		c, err = l.FindCampaign(ctx, draft.Slug, false)
	}
	if err != nil {
		t.Fatal(a.what, err)
	}
	return c
}

// look is what the clock starts by itself, unless this engine's runner is at it already.
func (l *linear) look(ctx context.Context, i int) bool {
	if !l.running[i].TryLock() {
		return false
	}
	defer l.running[i].Unlock()
	_ = l.runners[i].Look(ctx) // whatever it met, it is tried again by the next one
	return true
}

func (l *linear) read(ctx context.Context, e *engine.Engine, slug string) answer {
	c, err := e.FindCampaign(ctx, slug, false)
	switch {
	case err != nil:
		return answer{what: err.Error()}
	case c.State == store.Erased:
		return answer{what: "erased"}
	case c.State == store.Closed:
		return answer{what: "closed"}
	}
	return answer{what: "before"}
}

// entry enters, and now and then goes away before the answer comes.
func (l *linear) entry(ctx context.Context, rnd *rand.Rand, req engine.EnterRequest) answer {
	if rnd.IntN(8) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rnd.IntN(3000))*time.Microsecond)
		defer cancel()
	}
	return outcome(l.any(rnd).Enter(ctx, req))
}

func outcome[T any](_ T, err error) answer {
	var e *engine.Error
	switch {
	case err == nil:
		return answer{what: "ok"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &e) && e.Reason == engine.StorageUnavailable:
		return answer{what: "unknown"}
	case errors.As(err, &e):
		return answer{what: string(e.Reason)}
	}
	return answer{what: err.Error()}
}

func (l *linear) close(ctx context.Context, k kind, id store.CampaignID) (answer, bool) {
	return l.holder(func(e *engine.Engine) answer {
		c, err := e.CloseCampaign(ctx, id)
		a := outcome(c, err)
		if err == nil && k.draws {
			info, err := e.Draw(ctx, id, 1)
			if err != nil {
				return answer{what: err.Error()}
			}
			a.entrants = info.Entrants
		}
		return a
	})
}

func (l *linear) draw(ctx context.Context, id store.CampaignID) (answer, bool) {
	return l.holder(func(e *engine.Engine) answer {
		info, err := e.RunDraw(ctx, id, 1)
		a := outcome(info, err)
		var all strings.Builder
		for _, s := range info.Seats {
			fmt.Fprintf(&all, "%+v\n", s)
		}
		a.winners = all.String()
		return a
	})
}
