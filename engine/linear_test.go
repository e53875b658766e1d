package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"fairlot/crypto/beacon"
	"fairlot/engine"
	"fairlot/store"
)

// FAULT_HISTORIES is the number of histories of TestLinear: 100,000 in the long form (./faults.sh linear).
const (
	usualHistories = 510
	callers        = 5 // at once, in one history
	callsEach      = 5
	requests       = 8 // different entries of one history; entry i+requests/2 is of the same person as entry i
)

// What a caller does.
const (
	callEnter = iota
	callClock
	callWork
	callShut  // first half of a closing: nobody enters any more
	callDrop  // second half: the entry list is public, without draws the entrants are gone
	callClose // end of a closing: the campaign says so
	callDraw
	callRead
)

type call struct {
	what, request int
	clock         time.Time
}

// answer is what the caller got to see.
type answer struct {
	what     string // "ok", a reason, "closed", "before", or "unknown" after a cancelled call
	entrants int64
	winners  string
}

// instants are the four moments that decide.
type instants struct{ end, objections, round int64 }

type kind struct {
	name   string
	rules  func(engine.Rules) engine.Rules
	draws  bool
	tokens bool
}

var kinds = []kind{
	{name: "survey only", rules: surveyOnly},
	{name: "proof none", rules: noProof, draws: true},
	{name: "tokens", draws: true, tokens: true, rules: func(r engine.Rules) engine.Rules { r.ChancesCap = 2; return r }},
}

// state is a campaign in one piece, as if calls came one after another.
type state struct {
	clock                        int64
	everEnd, everOver            bool // the clock once said that entries, objections had ended
	shut, dropped, closed        bool
	entered, persons, tokensUsed uint32
	winners                      string
}

// steps says what may come of one call: the states after it, none if the answer is impossible.
func (k kind) steps(at instants, s state, c call, a answer) []state {
	next := func(ok bool, change func(*state)) []state {
		if !ok {
			return nil
		}
		n := s
		change(&n)
		return []state{n}
	}
	same := func(ok bool) []state { return next(ok, func(*state) {}) }
	switch c.what {
	case callClock:
		return next(true, func(n *state) {
			n.clock = c.clock.UnixNano()
			n.everEnd = n.everEnd || n.clock >= at.end
			n.everOver = n.everOver || n.clock >= at.objections
		})
	case callEnter:
		return k.stepsOfEntry(at, s, c, a)
	case callWork: // it looks at the clock once and acts a little later
		var all []state
		if s.clock < at.end || s.shut {
			all = append(all, s)
		}
		if s.everEnd {
			n := s
			n.shut = true
			all = append(all, n)
		}
		return all
	case callShut:
		if a.what == string(engine.TooEarly) {
			return same(s.clock < at.objections)
		}
		return next(a.what == "ok" && s.everOver, func(n *state) { n.shut = true })
	case callDrop:
		return next(s.shut && (!k.draws || a.entrants == int64(ones(s.entered))), func(n *state) { n.dropped = true })
	case callClose:
		return next(s.dropped, func(n *state) { n.closed = true })
	case callDraw:
		switch a.what {
		case "ok":
			return next(s.closed && (s.winners == "" || s.winners == a.winners), func(n *state) { n.winners = a.winners })
		case string(engine.DrawState):
			return same(!s.closed)
		case string(engine.RoundNotYet):
			return same(s.dropped && s.clock < at.round)
		}
	case callRead:
		return same((a.what == "closed") == s.closed)
	}
	return nil
}

func (k kind) stepsOfEntry(at instants, s state, c call, a answer) []state {
	bit, person := uint32(1)<<c.request, uint32(1)<<(c.request%(requests/2))
	there, open := s.entered&bit != 0 && (k.draws || !s.dropped), !s.shut && s.clock < at.end
	taken := k.tokens && (s.persons&person != 0 || s.tokensUsed&bit != 0)
	with := s
	with.entered |= bit
	with.persons |= person
	with.tokensUsed |= bit
	switch {
	case a.what == "ok" && there:
		return []state{s}
	case a.what == "ok" && open && !taken:
		return []state{with}
	case a.what == string(engine.CampaignEnded) || a.what == string(engine.CampaignClosed):
		if !there && !open {
			return []state{s}
		}
	case a.what == string(engine.PersonEntered) || a.what == string(engine.TokenRevoked):
		if !there && open && k.tokens && s.persons&person != 0 {
			return []state{s}
		}
	case a.what == "unknown":
		if !there && open && !taken {
			return []state{s, with}
		}
		return []state{s}
	}
	return nil
}

func ones(b uint32) (n int) {
	for ; b != 0; b &= b - 1 {
		n++
	}
	return n
}

func (k kind) model(at instants, clock time.Time) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{state{clock: clock.UnixNano()}} },
		Step: func(s, in, out any) []any {
			var all []any
			for _, n := range k.steps(at, s.(state), in.(call), out.(answer)) {
				all = append(all, n)
			}
			return all
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%v -> %v", in, out) },
	}
	return m.ToModel()
}

// linear is one installation with a beacon, on which histories are made one after another.
type linear struct {
	*world
	chain *engine.Chain
}

func newLinear(t testing.TB, change func(*engine.Config)) *linear {
	l := &linear{world: newWorld(t)}
	local, err := beacon.NewLocal(start.Unix()-100, 1)
	if err != nil {
		t.Fatal(err)
	}
	relay := httptest.NewServer(local.Handler(l.now))
	t.Cleanup(relay.Close)
	c := local.Chain()
	l.chain = &engine.Chain{Hash: c.Hash[:], Period: int64(c.Period), Genesis: c.Genesis, Key: c.Key[:]}
	l.cfg.Beacon = &beacon.Relays{URLs: []string{relay.URL}, Timeout: 20 * time.Second}
	if change != nil {
		change(&l.cfg)
	}
	l.reopen()
	return l
}

// history lets several callers loose on one new campaign and returns what they did and saw.
func (l *linear) history(t testing.TB, k kind, rnd *rand.Rand) (porcupine.Model, []porcupine.Operation) {
	ctx := context.Background()
	l.setClock(start)
	r := rules()
	r.Batch = 2
	r = k.rules(r)
	for i := range r.Draws {
		r.Draws[i].Beacon, r.Draws[i].Alternates = l.chain, 1
	}
	c := l.open(r)
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
		at.round = info.RoundTime.UnixNano()
		clocks = append(clocks, info.RoundTime, info.RoundTime.Add(24*time.Hour))
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
				case n < 80:
					l.Work(ctx)
					note(caller, from, call{what: callWork}, answer{})
				case n < 90:
					a := l.close(ctx, k, c.ID)
					note(caller, from, call{what: callShut}, a)
					if a.what == "ok" {
						note(caller, from, call{what: callDrop}, a)
						note(caller, from, call{what: callClose}, a)
					}
				case n < 95 && k.draws:
					note(caller, from, call{what: callDraw}, l.draw(ctx, c.ID))
				default:
					now, err := l.FindCampaign(ctx, c.Slug, false)
					a := answer{what: "before"}
					if err != nil {
						a.what = err.Error()
					} else if now.State == store.Closed {
						a.what = "closed"
					}
					note(caller, from, call{what: callRead}, a)
				}
			}
		})
	}
	wg.Wait()
	// What the public sees in the end belongs to the history.
	from := time.Since(began)
	l.setClock(over.Add(240 * time.Hour))
	note(0, from, call{what: callClock, clock: l.now()}, answer{})
	from = time.Since(began)
	a := l.close(ctx, k, c.ID)
	for _, what := range []int{callShut, callDrop, callClose} {
		note(0, from, call{what: what}, a)
	}
	for i := range clients {
		from := time.Since(began)
		note(0, from, call{what: callEnter, request: i}, outcome(l.Enter(ctx, clients[i].req)))
	}
	if k.draws {
		from := time.Since(began)
		note(0, from, call{what: callDraw}, l.draw(ctx, c.ID))
	}
	return k.model(at, first), history
}

// entry enters, and now and then goes away before the answer comes.
func (l *linear) entry(ctx context.Context, rnd *rand.Rand, req engine.EnterRequest) answer {
	if rnd.IntN(8) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rnd.IntN(3000))*time.Microsecond)
		defer cancel()
	}
	return outcome(l.Enter(ctx, req))
}

func outcome[T any](_ T, err error) answer {
	var e *engine.Error
	switch {
	case err == nil:
		return answer{what: "ok"}
	case errors.As(err, &e):
		return answer{what: string(e.Reason)}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return answer{what: "unknown"}
	}
	return answer{what: err.Error()}
}

func (l *linear) close(ctx context.Context, k kind, id store.CampaignID) answer {
	c, err := l.CloseCampaign(ctx, id)
	a := outcome(c, err)
	if err == nil && k.draws {
		info, err := l.Draw(ctx, id, 1)
		if err != nil {
			return answer{what: err.Error()}
		}
		a.entrants = info.Entrants
	}
	return a
}

func (l *linear) draw(ctx context.Context, id store.CampaignID) answer {
	info, err := l.RunDraw(ctx, id, 1)
	a := outcome(info, err)
	var all strings.Builder
	for _, s := range info.Seats {
		fmt.Fprintf(&all, "%+v\n", s)
	}
	a.winners = all.String()
	return a
}

// judgeHistories makes n histories and returns how many calls there were, and the first history that no order of its calls explains.
func judgeHistories(t *testing.T, n int, seed uint64, change func(*engine.Config)) (calls int, bad []porcupine.Operation, at string) {
	t.Helper()
	var l *linear
	for i := range n {
		if i%60 == 0 { // an installation with very many campaigns makes work slow
			l = newLinear(t, change)
		}
		k := kinds[i%len(kinds)]
		model, history := l.history(t, k, rand.New(rand.NewPCG(seed, uint64(i))))
		calls += len(history)
		switch porcupine.CheckOperationsTimeout(model, history, time.Minute) {
		case porcupine.Illegal:
			return calls, history, fmt.Sprintf("history %d of seed %d, %s", i, seed, k.name)
		case porcupine.Unknown:
			t.Logf("history %d of seed %d was given up after a minute", i, seed)
			return calls, history, "undecided"
		}
	}
	return calls, nil, ""
}

func faultHistories(t testing.TB) int {
	s := os.Getenv("FAULT_HISTORIES")
	if s == "" {
		return usualHistories
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatal("FAULT_HISTORIES must be a whole number from 1")
	}
	return n
}

// TestLinear lets five callers enter, repeat, cancel, close, draw and set the clock by a day forwards and backwards and to the closing instant, all at
// once, and asks of each history whether calls that came one after another could have had the same answers (Herlihy and Wing 1990).
func TestLinear(t *testing.T) {
	n := faultHistories(t)
	seed := rand.Uint64()
	calls, bad, at := judgeHistories(t, n, seed, nil)
	if bad != nil {
		for _, o := range bad {
			t.Logf("%d %8d–%8d µs %+v -> %+v", o.ClientId, o.Call/1000, o.Return/1000, o.Input, o.Output)
		}
		t.Fatalf("no order of calls explains %s", at)
	}
	t.Logf("%d histories, %d calls, all linearizable (seed %d)", n, calls, seed)
}

// TestLinearSeesFaults breaks the identity room in three ways. Each must be found, or the test above is worth nothing.
func TestLinearSeesFaults(t *testing.T) {
	for name, broken := range map[string]func(store.Identity) store.Identity{
		"acknowledges without writing":   func(i store.Identity) store.Identity { return &forgetful{Identity: i} },
		"looks at the clock too early":   func(i store.Identity) store.Identity { return lateComers{i} },
		"lets a person in a second time": func(i store.Identity) store.Identity { return doubling{i} },
	} {
		t.Run(name, func(t *testing.T) {
			calls, bad, _ := judgeHistories(t, 600, 1, func(c *engine.Config) { c.Identity = broken(c.Identity) })
			if bad == nil {
				t.Fatalf("not found in %d calls", calls)
			}
			t.Logf("found after %d calls", calls)
		})
	}
}

type forgetful struct {
	store.Identity
	n int
}

func (f *forgetful) Enter(ctx context.Context, now func() time.Time, batch []store.Entry) ([]store.EntryResult, error) {
	if f.n++; f.n%10 != 0 {
		return f.Identity.Enter(ctx, now, batch)
	}
	all := make([]store.EntryResult, len(batch))
	for i, e := range batch {
		all[i] = store.EntryResult{Outcome: store.Entered, Chances: e.Chances}
	}
	return all, nil
}

type lateComers struct{ store.Identity }

func (l lateComers) Enter(ctx context.Context, _ func() time.Time, batch []store.Entry) ([]store.EntryResult, error) {
	return l.Identity.Enter(ctx, func() time.Time { return start }, batch)
}

type doubling struct{ store.Identity }

func (d doubling) Enter(ctx context.Context, now func() time.Time, batch []store.Entry) ([]store.EntryResult, error) {
	for i := range batch {
		if t := batch[i].Tag; t != nil && batch[i].Token != nil {
			other := *t
			other[0] ^= batch[i].ID[0]
			batch[i].Tag = &other
		}
	}
	return d.Identity.Enter(ctx, now, batch)
}
