package postgres

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"fairlot/store"
)

// citusStart is a command that starts those servers of the Citus that are down.
const citusStart = "FAIRLOT_TEST_CITUS_START"

// TestCitusWorkerKilled kills a worker under writers, again and again, closes the gate while it is down, and wants in the list whatever was
// acknowledged and nothing that comes later: what the worker has only prepared is not to be seen until it is recovered. Rooms that do not wait for
// that must miss some. (Where the coordinator waited for the worker in vain it warns, and the entry is not acknowledged, but it is there.)
func TestCitusWorkerKilled(t *testing.T) {
	admin, start := os.Getenv(citusVar), os.Getenv(citusStart)
	if admin == "" || start == "" {
		t.Skipf("CANNOT kill a worker of Citus: %s names no coordinator, or %s no command that starts its servers", citusVar, citusStart)
	}
	c, err := findCitus(t.Context(), roomDSN{identityRoom, admin})
	if err != nil {
		t.Fatal(err)
	}
	apps := newSet(t).apps.with("pool_max_conns", "40")
	for _, kills := range []struct {
		mutant bool
		rounds int
	}{{false, 8}, {true, 40}} { // not every one that is caught is committed on the coordinator
		mutant := kills.mutant
		rooms := open(t, apps)
		d := rooms.Identity.(*Identity)
		d.turns = nil // the more are at work, the more are caught
		d.citus = !mutant
		var acknowledged, caught, lost int
		for i := range kills.rounds {
			a, p, l := killWorker(t, rooms, c, c.workers[i%len(c.workers)], apps.rooms()[1], start)
			acknowledged, caught, lost = acknowledged+a, caught+p, lost+l
			if t.Failed() || mutant && lost > 0 {
				break
			}
		}
		t.Logf("mutant %v: %d acknowledged, %d transactions were only prepared after a kill, %d entries missing", mutant, acknowledged, caught, lost)
		switch {
		case !mutant && lost > 0:
			t.Errorf("%d entries are not in the list", lost)
		case mutant && lost == 0:
			t.Errorf("nothing was missing without waiting: the test shows nothing")
		}
		if err := rooms.Close(); err != nil {
			t.Error(err)
		}
	}
}

// killWorker is one round: how many entries were acknowledged, how many transactions the worker had prepared when it came back, and how many
// entries the list lacks: acknowledged ones, or those that come in through the closed gate once they are recovered.
func killWorker(t *testing.T, rooms store.Rooms, c citus, worker node, room roomDSN, start string) (acknowledged, caught, lost int) {
	t.Helper()
	ctx := context.Background()
	gate := newGate(t, rooms)
	var (
		wg   sync.WaitGroup
		stop atomic.Bool
		mu   sync.Mutex
		ids  = map[store.EntrantID]bool{}
	)
	for range 24 {
		wg.Go(func() {
			for !stop.Load() {
				batch := []store.Entry{newEntry(gate), newEntry(gate)}
				for i := range batch {
					batch[i].Epoch = 1
				}
				ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
				res, err := rooms.Identity.Enter(ctx, time.Now, batch)
				cancel()
				if err != nil {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				mu.Lock()
				for i, r := range res {
					if r.Outcome == store.Entered {
						ids[batch[i].ID] = true
					}
				}
				mu.Unlock()
			}
		})
	}
	time.Sleep(2 * time.Second)
	var pid int
	err := c.on(ctx, &worker, "", func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)::int`).Scan(&pid)
	})
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	stop.Store(true)
	wg.Wait()
	if err != nil {
		t.Error(err)
		return 0, 0, 0
	}
	if err := rooms.Identity.MoveGate(ctx, gate, store.GateOpen, 1, store.GateClosed, 1); err != nil {
		t.Errorf("close while a worker is down: %v", err)
	}
	end := time.Now().Add(time.Minute)
	for {
		out, err := exec.Command("sh", "-c", start).CombinedOutput()
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Errorf("start the worker: %v: %s", err, out)
			return 0, 0, 0
		}
		time.Sleep(100 * time.Millisecond) // its processes are still ending
	}
	r, err := config(room)
	if err != nil {
		t.Fatal(err)
	}
	err = c.on(ctx, &worker, "", func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT count(*) FROM pg_prepared_xacts WHERE database = $1", r.ConnConfig.Database).Scan(&caught)
	})
	if err != nil {
		t.Error(err)
	}
	end = time.Now().Add(time.Minute)
	for {
		_, err = rooms.Identity.Counts(ctx, gate)
		if !errors.Is(err, store.ErrUnavailable) || time.Now().After(end) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	list, err2 := rooms.Identity.Leaves(ctx, gate, store.EntrantID{}, 1_000_000)
	if err := errors.Join(err, err2); err != nil {
		t.Errorf("read the list: %v", err)
		return 0, 0, 0
	}
	d := rooms.Identity.(*Identity)
	waits := d.citus
	d.citus = true
	all, err := d.Leaves(ctx, gate, store.EntrantID{}, 1_000_000)
	d.citus = waits
	if err != nil {
		t.Errorf("read the list again: %v", err)
	}
	acknowledged = len(ids)
	for _, l := range list {
		delete(ids, l.ID)
	}
	return acknowledged, caught, len(ids) + len(all) - len(list)
}

// TestWorkersConflictIsTriedAgain: the coordinator hands on a worker's serialization failure as an internal error, which elsewhere is one. An
// unknown COMMIT is never tried again.
func TestWorkersConflictIsTriedAgain(t *testing.T) {
	internal := &pgconn.PgError{Code: "XX000"}
	for _, c := range []struct {
		on   *room
		err  error
		want int
	}{
		{&room{citus: true}, internal, afterConflict},
		{&room{citus: true}, &unknownError{internal}, never},
		{&room{}, internal, never},
	} {
		if got := c.on.repeatable(c.err); got != c.want {
			t.Errorf("Citus %v, %v: %d, want %d", c.on.citus, c.err, got, c.want)
		}
	}
}

// TestTurnsAreTaken: with every turn taken nobody goes to work who would hold a gate, and whoever waits does so within their own time.
func TestTurnsAreTaken(t *testing.T) {
	t.Parallel()
	rooms := open(t, newSet(t).apps)
	d := rooms.Identity.(*Identity)
	c := newGate(t, rooms)
	e := newEntry(c)
	better := newEntry(c)
	better.Tag, better.Response, better.Chances, better.Consents = e.Tag, nil, 0, nil
	d.turns = make(chan struct{}, 1)
	for what, act := range map[string]func(ctx context.Context) error{
		"enter":   func(ctx context.Context) error { _, err := d.Enter(ctx, time.Now, []store.Entry{e}); return err },
		"correct": func(ctx context.Context) error { _, err := d.Correct(ctx, time.Now, e.ID, better); return err },
		"erase":   func(ctx context.Context) error { _, err := d.Erase(ctx, c, e.ID, "erased", nil); return err },
	} {
		d.turns <- struct{}{}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := act(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s without a turn: %v", what, err)
		}
		cancel()
		<-d.turns
		if err := act(t.Context()); err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) { // in whatever order
			t.Errorf("%s: %v", what, err)
		}
		if len(d.turns) > 0 {
			t.Errorf("%s keeps its turn", what)
		}
	}
}
