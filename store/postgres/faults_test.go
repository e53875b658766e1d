package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
	"fairlot/store/postgres/pgtest"
	"fairlot/store/storetest"
)

// newEntry makes an entry of about 5 kB.
func newEntry(c store.CampaignID) store.Entry {
	var (
		id   store.EntrantID
		tag  store.Hash
		body = make([]byte, 4800)
	)
	for _, b := range [][]byte{id[:], tag[:], body} {
		_, _ = rand.Read(b)
	}
	return store.Entry{
		Campaign: c, ID: id, Epoch: 1, Stratum: 1, Chances: 1, Tag: &tag, Day: "2027-03-01",
		Lock: [][]byte{body[:1000], body[1000:2000], body[2000:3000]}, Identity: body[3000:3700], Contact: body[3700:4300], Response: body[4300:],
	}
}

func newGate(t testing.TB, rooms store.Rooms) store.CampaignID {
	t.Helper()
	var c store.CampaignID
	_, _ = rand.Read(c[:])
	if err := rooms.Identity.CreateGate(t.Context(), store.Gate{Campaign: c, End: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	return c
}

// proxied leads the rooms' connections through proxies that ask next at every COMMIT.
func proxied(t testing.TB, d DSNs, next func() pgtest.Commit) DSNs {
	t.Helper()
	one := func(dsn string) string {
		through, err := pgtest.StartProxy(t, dsn, next).DSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		return through
	}
	return DSNs{one(d.Registry), one(d.Identity), one(d.Answers)}
}

// The whole contract under serializable, while a quarter of all commits is refused as a serialization failure or a deadlock.
func TestContractUnderConflicts(t *testing.T) {
	skipWithout(t)
	var refused atomic.Int64
	storetest.Run(t, func(t *testing.T) store.Rooms {
		dsns := newSet(t).apps.with("default_transaction_isolation", "serializable")
		r := open(t, proxied(t, dsns, func() pgtest.Commit {
			switch mathrand.IntN(8) {
			case 0:
				refused.Add(1)
				return pgtest.RefuseConflict
			case 1:
				refused.Add(1)
				return pgtest.RefuseDeadlock
			}
			return pgtest.Pass
		}))
		var level string
		err := r.Identity.(*Identity).row(t.Context(), "read the level", "SELECT current_setting('transaction_isolation')", nil, &level)
		if err != nil || level != "serializable" {
			t.Fatal(level, err)
		}
		return r
	})
	if refused.Load() < 100 {
		t.Errorf("only %d commits were refused", refused.Load())
	}
}

// A COMMIT whose answer is lost: the caller repeats, and what happened happened once.
func TestAmbiguousCommits(t *testing.T) {
	t.Parallel()
	var cuts [2]atomic.Int64
	var on atomic.Bool
	rooms := open(t, proxied(t, newSet(t).apps, func() pgtest.Commit {
		switch n := mathrand.IntN(6); {
		case on.Load() && n < 2:
			cuts[n].Add(1)
			return []pgtest.Commit{pgtest.CutBefore, pgtest.CutAfter}[n]
		}
		return pgtest.Pass
	}))
	c := newGate(t, rooms)
	on.Store(true)
	ctx := t.Context()
	// repeat does what every caller of a store does.
	repeat := func(f func() error) error {
		for range 60 {
			err := f()
			if !errors.Is(err, store.ErrUnavailable) {
				return err
			}
			if text := err.Error(); !strings.HasSuffix(text, ": outcome unknown: storage unavailable") {
				return fmt.Errorf("error text %q", text)
			}
		}
		return errors.New("never got through")
	}
	var (
		wg      sync.WaitGroup
		replays atomic.Int64
	)
	for range 6 {
		wg.Go(func() {
			for range 10 {
				batch := make([]store.Entry, 5)
				for i := range batch {
					batch[i] = newEntry(c)
				}
				err := repeat(func() error {
					res, err := rooms.Identity.Enter(ctx, time.Now, batch)
					for _, r := range res {
						if r.Outcome == store.Exists {
							replays.Add(1)
						} else if r.Outcome != store.Entered {
							t.Errorf("outcome %v", r.Outcome)
						}
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 20 {
			epochs := []uint32{uint32(i + 1), uint32(i + 1)}
			rows := []store.Response{{ID: newEntry(c).ID}, {ID: newEntry(c).ID}}
			if err := repeat(func() error { return rooms.Answers.PutMixed(ctx, c, epochs[0], epochs[1], rows, nil) }); err != nil {
				t.Error(err)
			}
			record := fmt.Append(nil, i)
			err := repeat(func() error { return rooms.Registry.Append(ctx, int64(i), record, store.Transition{}) })
			if err != nil && !errors.Is(err, store.ErrConflict) {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	for e := uint32(1); e <= 5; e++ {
		if err := repeat(func() error { return rooms.Identity.MoveGate(ctx, c, store.GateOpen, e, store.GateOpen, e+1) }); err != nil {
			t.Error(err)
		}
	}
	if err := repeat(func() error { return rooms.Identity.MoveGate(ctx, c, store.GateOpen, 6, store.GateClosed, 6) }); err != nil {
		t.Error(err)
	}
	on.Store(false)
	counts, err := rooms.Identity.Counts(ctx, c)
	if err != nil || counts.Entrants != 300 || counts.Days["2027-03-01"] != 300 || counts.Strata[1] != 300 {
		t.Errorf("%+v, %v", counts, err)
	}
	if list, err := rooms.Answers.Responses(ctx, c, [16]byte{}, 1000); err != nil || len(list) != 40 {
		t.Errorf("%d responses, %v", len(list), err)
	}
	records, err := rooms.Registry.LogRecords(ctx, 0, 1000)
	if err != nil || len(records) != 20 {
		t.Errorf("%d records, %v", len(records), err)
	}
	for i, r := range records {
		if string(r) != fmt.Sprint(i) {
			t.Errorf("record %d is %q", i, r)
		}
	}
	if cuts[0].Load() < 5 || cuts[1].Load() < 5 || replays.Load() == 0 {
		t.Errorf("%d cuts before, %d after, %d replays", cuts[0].Load(), cuts[1].Load(), replays.Load())
	}
}

// A server that takes its leave without a word while connections are used and idle: whoever writes then gets through soon after it is back, on new
// connections.
func TestSilentConnections(t *testing.T) {
	t.Parallel()
	dsns := newSet(t).apps
	proxy := pgtest.StartProxy(t, dsns.Identity, nil)
	var err error
	if dsns.Identity, err = proxy.DSN(dsns.Identity); err != nil {
		t.Fatal(err)
	}
	rooms := open(t, dsns)
	c := newGate(t, rooms)
	var wg sync.WaitGroup
	for range 16 { // fills the pool
		wg.Go(func() {
			if _, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{newEntry(c)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	proxy.Set(pgtest.HalfOpen)
	time.AfterFunc(time.Second, func() { proxy.Set(pgtest.Sound) })
	began := time.Now()
	for {
		_, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{newEntry(c)})
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > tryTime+3*time.Second {
		t.Errorf("got through after %v", took)
	}
}

// Two transactions that lock two rows crosswise: the server ends one, and it is tried again. On Citus the rows may be on two workers; those of a
// table that stands on every node are written by one transaction at a time.
func TestDeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	rooms := open(t, newSet(t).apps)
	ctx := t.Context()
	d, campaign := rooms.Identity.(*Identity), bytes.Repeat([]byte{1}, 16)
	parts := [2][]byte{bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)}
	err := d.write(ctx, "put days", func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO days (campaign, part, day, entrants) VALUES ($1, $2, 'd', 1), ($1, $3, 'd', 1)", campaign, parts[0], parts[1])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg    sync.WaitGroup
		tries atomic.Int64
		both  sync.WaitGroup
	)
	both.Add(2)
	for _, order := range [][2][]byte{parts, {parts[1], parts[0]}} {
		wg.Go(func() {
			first := true
			err := d.write(ctx, "cross", func(ctx context.Context, tx pgx.Tx) error {
				tries.Add(1)
				for i, part := range order {
					if _, err := tx.Exec(ctx, "UPDATE days SET entrants = entrants + 1 WHERE campaign = $1 AND part = $2", campaign, part); err != nil {
						return err
					}
					if i == 0 && first {
						first = false
						both.Done()
						both.Wait()
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var sum int64
	err = d.row(ctx, "add up", "SELECT sum(entrants)::bigint FROM days WHERE campaign = $1", []any{campaign}, &sum)
	if err != nil || sum != 6 || tries.Load() != 3 {
		t.Errorf("added up to %d after %d tries, %v", sum, tries.Load(), err)
	}
}

func TestGateMovesUnder64Writers(t *testing.T) {
	for _, level := range []string{"", "serializable"} {
		t.Run("level="+level, func(t *testing.T) {
			dsns := newSet(t).apps.with("pool_max_conns", "80")
			if level != "" {
				dsns = dsns.with("default_transaction_isolation", level)
			}
			rooms := open(t, dsns)
			c := newGate(t, rooms)
			var (
				wg      sync.WaitGroup
				stop    atomic.Bool
				epoch   atomic.Uint32
				entered [5]atomic.Int64
			)
			epoch.Store(1)
			for range 64 {
				wg.Go(func() {
					for !stop.Load() {
						batch := []store.Entry{newEntry(c), newEntry(c)}
						for i := range batch {
							batch[i].Epoch = epoch.Load()
						}
						res, err := rooms.Identity.Enter(t.Context(), time.Now, batch)
						if err != nil {
							t.Error(err)
							return
						}
						for i, r := range res {
							switch r.Outcome {
							case store.Entered:
								entered[batch[i].Epoch].Add(1)
							case store.WrongEpoch:
								epoch.Store(r.Gate.Epoch)
							case store.GateMoving:
								time.Sleep(time.Millisecond)
							}
						}
					}
				})
			}
			for e := uint32(1); e <= 3; e++ {
				for end := time.Now().Add(30 * time.Second); entered[e].Load() == 0 && time.Now().Before(end); {
					time.Sleep(10 * time.Millisecond)
				}
				time.Sleep(300 * time.Millisecond)
				began := time.Now()
				if err := errors.Join(rooms.Identity.AnnounceMove(t.Context(), c, store.GateOpen, e),
					rooms.Identity.MoveGate(t.Context(), c, store.GateOpen, e, store.GateOpen, e+1)); err != nil {
					t.Error(err)
				}
				took := time.Since(began)
				t.Logf("moved in %v", took)
				if took > time.Second {
					t.Errorf("moving to epoch %d took %v", e+1, took)
				}
			}
			stop.Store(true)
			wg.Wait()
			for e := range uint32(4) {
				n, dropped, err := rooms.Identity.EpochCounted(t.Context(), c, e+1)
				if err != nil || e < 3 && n == 0 || dropped != 0 || n != entered[e+1].Load() {
					t.Errorf("epoch %d: %d counted, %d acknowledged, %v", e+1, n, entered[e+1].Load(), err)
				}
			}
		})
	}
}

// kill -9 of the server under writers: nothing acknowledged is lost, no batch is there by half, and the same rooms go on.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	admin := cluster.AdminDSN("postgres")
	owners, apps, err := Provision(t.Context(), DSNs{admin, admin, admin}, "k")
	if err == nil {
		err = Create(t.Context(), owners, apps)
	}
	if err != nil {
		t.Fatal(err)
	}
	rooms := open(t, apps)
	c := newGate(t, rooms)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		ids  = map[store.EntrantID]bool{}
		stop atomic.Bool
	)
	for range 8 {
		wg.Go(func() {
			for !stop.Load() {
				batch := make([]store.Entry, 7)
				for i := range batch {
					batch[i] = newEntry(c)
				}
				_, err := rooms.Identity.Enter(t.Context(), time.Now, batch)
				switch {
				case err == nil:
					mu.Lock()
					for _, e := range batch {
						ids[e.ID] = true
					}
					mu.Unlock()
				case !errors.Is(err, store.ErrUnavailable):
					t.Error(err)
					return
				default:
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	for range 3 {
		time.Sleep(300 * time.Millisecond)
		if err := errors.Join(cluster.Kill(), cluster.Start()); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond)
	stop.Store(true)
	wg.Wait()
	leaves, err := rooms.Identity.Leaves(t.Context(), c, store.EntrantID{}, 1<<30)
	if err != nil || len(leaves)%7 != 0 {
		t.Fatalf("%d leaves, %v", len(leaves), err)
	}
	there := map[store.EntrantID]bool{}
	for _, l := range leaves {
		there[l.ID] = true
	}
	for id := range ids {
		if !there[id] {
			t.Fatal("an acknowledged entry is lost")
		}
	}
	if len(ids) == 0 || len(there) != len(leaves) {
		t.Fatalf("%d acknowledged, %d leaves", len(ids), len(leaves))
	}
	t.Logf("%d acknowledged, %d there", len(ids), len(leaves))
}

// A batch with one row that the database cannot take changes nothing and is not "unavailable": its caller enters the rows one by one.
func TestOneBadRow(t *testing.T) {
	t.Parallel()
	rooms := open(t, newSet(t).apps)
	c := newGate(t, rooms)
	batch := []store.Entry{newEntry(c), newEntry(c), newEntry(c)}
	batch[1].Consents = []string{"a\x00b"}
	if _, err := rooms.Identity.Enter(t.Context(), time.Now, batch); err == nil || errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("the batch: %v", err)
	}
	for i, e := range batch {
		res, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{e})
		if i == 1 && (err == nil || errors.Is(err, store.ErrUnavailable)) || i != 1 && (err != nil || res[0].Outcome != store.Entered) {
			t.Errorf("row %d: %v, %v", i, res, err)
		}
	}
}

func TestErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	rooms := open(t, newSet(t).apps)
	_, err := rooms.Registry.CreateCampaign(t.Context(), store.Campaign{ID: store.CampaignID{1}, Slug: "secret\x00"})
	if err == nil || err.Error() != "registry room: create campaign: database error 22021" {
		t.Errorf("%v", err)
	}
	c := store.CampaignID{1}
	row := []store.Response{{ID: [16]byte{1}}}
	if err := rooms.Answers.PutMixed(t.Context(), c, 1, 1, row, nil); err != nil {
		t.Fatal(err)
	}
	err = rooms.Answers.PutMixed(t.Context(), c, 2, 2, row, nil)
	if !errors.Is(err, store.ErrExists) || err.Error() != "answers room: put mixed batch: exists already" {
		t.Errorf("%v", err)
	}
	_, err = Open(t.Context(), DSNs{"postgres://r:geheim@127.0.0.1:1/d", "postgres://", "postgres://"})
	if !errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), "geheim") {
		t.Errorf("%v", err)
	}
	_, err = Open(t.Context(), DSNs{"postgres://r:geheim@%%/d", "", ""})
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("%v", err)
	}
}

// BenchmarkEnter measures durable entries of about 5 kB in group commits of several sizes, by one and by several committers.
func BenchmarkEnter(b *testing.B) {
	for _, committers := range []int{1, 4} {
		for _, n := range []int{1, 64, 512} {
			b.Run(fmt.Sprintf("committers=%d/batch=%d", committers, n), func(b *testing.B) {
				rooms := open(b, newSet(b).apps)
				c := newGate(b, rooms)
				batches := make(chan []store.Entry, b.N)
				for range b.N {
					batch := make([]store.Entry, n)
					for i := range batch {
						batch[i] = newEntry(c)
					}
					batches <- batch
				}
				close(batches)
				b.ResetTimer()
				var wg sync.WaitGroup
				for range committers {
					wg.Go(func() {
						for batch := range batches {
							if _, err := rooms.Identity.Enter(b.Context(), time.Now, batch); err != nil {
								b.Error(err)
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
