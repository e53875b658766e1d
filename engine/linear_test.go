package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"fairlot/engine"
	"fairlot/store"
	"fairlot/store/postgres"
	"fairlot/store/postgres/pgtest"
)

// usualHistories is how many TestLinear makes on SQLite if FAULT_HISTORIES does not say so, and five times as many as on PostgreSQL.
const usualHistories = 300

// perInstallation is how many are made on one installation: very many campaigns make work slow, and very many installations use up the connections.
const perInstallation = 60

// judged is how many calls there were, in how many histories the campaign came to be erased, and the first history that no order of its calls explains.
type judged struct {
	calls, erased int
	bad           []porcupine.Operation
	at            string
}

// judgeHistories makes n histories, or as many as it takes.
func judgeHistories(t *testing.T, n int, seed uint64, on setting) (j judged) {
	t.Helper()
	for first := 0; first < n && j.bad == nil; first += perInstallation {
		whole := t.Run(fmt.Sprintf("from %d", first), func(t *testing.T) {
			l := newLinear(t, on)
			for i := first; i < min(n, first+perInstallation) && j.bad == nil; i++ {
				k := kinds[i%len(kinds)]
				model, history := l.history(t, k, rand.New(rand.NewPCG(seed, uint64(i))))
				j.calls += len(history)
				if history[len(history)-1].Output.(answer).what == "erased" {
					j.erased++
				}
				switch porcupine.CheckOperationsTimeout(model, history, time.Minute) {
				case porcupine.Illegal:
					j.bad, j.at = history, fmt.Sprintf("history %d of seed %d, %s", i, seed, k.name)
				case porcupine.Unknown:
					j.bad, j.at = history, fmt.Sprintf("history %d of seed %d, given up after a minute", i, seed)
				}
			}
		})
		if !whole {
			break
		}
	}
	return j
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

// TestLinear lets five callers enter, repeat, cancel, close, draw, do what the clock starts, and set the clock by days forwards and backwards and to
// the instants that decide, all at once, and asks of each history whether calls that came one after another could have had the same answers (Herlihy
// and Wing 1990). On PostgreSQL two engines share the rooms, and the lease goes from one to the other.
func TestLinear(t *testing.T) {
	n := faultHistories(t)
	t.Run("sqlite", func(t *testing.T) { linearizable(t, n, setting{}) })
	t.Run("postgres", func(t *testing.T) { linearizable(t, max(1, n/5), onPostgres(t)) })
}

func linearizable(t *testing.T, n int, on setting) {
	seed, began := rand.Uint64(), time.Now()
	j := judgeHistories(t, n, seed, on)
	name := strings.TrimPrefix(t.Name(), "TestLinear/")
	if j.bad != nil {
		for _, o := range j.bad {
			t.Logf("%d %8d–%8d µs %+v -> %+v", o.ClientId, o.Call/1000, o.Return/1000, o.Input, o.Output)
		}
		t.Logf("LINEAR| %s | %d | %d | %d | NO ORDER EXPLAINS ONE |", name, n, j.calls, j.erased)
		t.Fatalf("no order of calls explains %s", j.at)
	}
	t.Logf("seed %d, %v", seed, time.Since(began).Round(time.Second))
	t.Logf("LINEAR| %s | %d | %d | %d | all linearizable |", name, n, j.calls, j.erased)
	if n >= 100 && j.erased == 0 {
		t.Error("no campaign came to be erased: this shows nothing of it")
	}
}

// onPostgres are rooms in databases of their own, for each installation new ones, shared by two engines.
func onPostgres(t *testing.T) setting {
	cluster := pgtest.Start(t)
	admin := cluster.AdminDSN("postgres")
	made := 0
	return setting{shared: true, rooms: func(t testing.TB, _ string) func() (store.Rooms, error) {
		made++
		owners, apps, err := postgres.Provision(t.Context(), postgres.DSNs{Registry: admin, Identity: admin, Answers: admin}, fmt.Sprintf("l%d", made))
		if err == nil {
			err = postgres.Create(t.Context(), owners, apps)
		}
		if err != nil {
			t.Fatal(err)
		}
		return func() (store.Rooms, error) { return postgres.Open(context.Background(), apps) }
	}}
}

// TestLinearSeesFaults breaks the identity room in three ways. Each must be found, or the test above is worth nothing.
func TestLinearSeesFaults(t *testing.T) {
	for name, broken := range map[string]func(store.Identity) store.Identity{
		"acknowledges without writing":   func(i store.Identity) store.Identity { return &forgetful{Identity: i} },
		"looks at the clock too early":   func(i store.Identity) store.Identity { return lateComers{i} },
		"lets a person in a second time": func(i store.Identity) store.Identity { return doubling{i} },
	} {
		t.Run(name, func(t *testing.T) {
			j := judgeHistories(t, 600, 1, setting{change: func(c *engine.Config) { c.Identity = broken(c.Identity) }})
			if j.bad == nil {
				t.Fatalf("not found in %d calls", j.calls)
			}
			t.Logf("LINEAR| mutant: %s | | %d | %d | found out |", name, j.calls, j.erased)
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
		all[i] = store.EntryResult{Outcome: store.Entered, Stratum: e.Stratum, Chances: e.Chances}
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
