package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"fairlot/crypto/custody"
	"fairlot/crypto/seal"

	_ "modernc.org/sqlite" // the raw inserts
)

// Names in the table that other parts ask for.
const (
	limitSection   = "limits of this machine"
	sealingRow     = "lock and seal, all cores"
	sealingCostRow = "lock and seal, processor time for one entrant"
	rawRow         = "raw inserts of the same bytes, 64 callers"
	rawP99Row      = "raw insert, p99 at half of the peak of entries"
)

// limits measures what no entry can be faster than.
func (w *workshop) limits(ctx context.Context, engine string) error {
	rate, cost, err := sealing(ctx, w.Each)
	if err != nil {
		return err
	}
	w.table.put(engine, limitSection, sealingRow, "1/s", rate)
	w.table.put(engine, limitSection, sealingCostRow, "ms", cost*1000)
	rate, err = syncing(ctx, w.dir, w.Each)
	if err != nil {
		return err
	}
	w.table.put(engine, limitSection, "write 8 KiB and fsync, one after another", "1/s", rate)
	return w.withRaw(ctx, engine, func(db inserter) error {
		took, rate, err := rawInserts(ctx, db, w.Each, 0)
		if err != nil {
			return err
		}
		w.table.put(engine, limitSection, rawRow, "1/s", rate)
		w.table.put(engine, limitSection, "raw insert, p99 at 64 callers", "ms", millis(quantile(took, 0.99)))
		return nil
	})
}

// entryBytes is about what one entry of the measured campaign leaves in the identity room: three locks of post-quantum recipients, two
// envelopes, the sealed response, keys and hashes.
const entryBytes = 9000

// sealing is how many entrants' locks and envelopes all cores seal in a second, with nothing else to do, and the seconds of processor time
// that one takes.
func sealing(ctx context.Context, long time.Duration) (rate, cost float64, err error) {
	k, err := newKeys()
	if err != nil {
		return 0, 0, err
	}
	to, err := custody.ParseRecipients(k.recipients...)
	if err != nil {
		return 0, 0, err
	}
	identity, contact := []byte("name 陳大文\nid-type citizen\nid-number A123456789\n"), []byte("lang zh-Hant-TW\nphone 0900-000-000\nemail p@example.org\naddress 臺北市虛構路1號\n")
	var n atomic.Int64
	began, cpu := time.Now(), cpuOf(os.Getpid())
	err = each(make([]struct{}, runtime.GOMAXPROCS(0)), func(struct{}) error {
		for ctx.Err() == nil && time.Since(began) < long {
			e := custody.Entrant{Open: [32]byte{1}, ID: random16(), Threshold: 2, To: to, Identity: identity, Contact: contact, Openings: seal.NewOpenings(random32(), identity, contact)}
			if _, err := custody.SealEntrant(e); err != nil {
				return err
			}
			n.Add(1)
		}
		return ctx.Err()
	})
	return float64(n.Load()) / time.Since(began).Seconds(), (cpuOf(os.Getpid()) - cpu) / float64(n.Load()), err
}

// syncing is how many times a second a file is appended to durably.
func syncing(ctx context.Context, dir string, long time.Duration) (float64, error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close(); _ = os.Remove(f.Name()) }()
	block, n, began := make([]byte, 8192), 0, time.Now()
	for ; ctx.Err() == nil && time.Since(began) < long; n++ {
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(began).Seconds(), ctx.Err()
}

// inserter puts rows into one plain table in one durable transaction.
type inserter func(ctx context.Context, ids, bodies [][]byte) error

// withRaw makes a plain table on the engine.
func (w *workshop) withRaw(ctx context.Context, engine string, do func(inserter) error) (err error) {
	if engine != sqliteEngine {
		return w.server.withRaw(ctx, do)
	}
	file := filepath.Join(w.dir, "raw.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, db.Close())
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(file + suffix)
		}
	}()
	if _, err := db.ExecContext(ctx, "CREATE TABLE raw (id BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID"); err != nil {
		return err
	}
	return do(func(ctx context.Context, ids, bodies [][]byte) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		put, err := tx.PrepareContext(ctx, "INSERT INTO raw (id, body) VALUES (?, ?)")
		if err != nil {
			return err
		}
		defer put.Close()
		for i := range ids {
			if _, err := put.ExecContext(ctx, ids[i], bodies[i]); err != nil {
				return err
			}
		}
		return tx.Commit()
	})
}

// rawInserts is 64 callers who insert rows of an entry's bytes through one group commit, with no entry around it: as fast as they can, or
// arriving at random at a rate, as callersJob says.
func rawInserts(ctx context.Context, put inserter, long time.Duration, rate float64) ([]time.Duration, float64, error) {
	type waiting struct {
		id, body []byte
		done     chan error
	}
	queue := make(chan waiting, 1024)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for first := range queue {
			group := []waiting{first}
		gather:
			for len(group) < 256 {
				select {
				case x, more := <-queue:
					if !more {
						break gather
					}
					group = append(group, x)
				default:
					break gather
				}
			}
			ids, bodies := make([][]byte, len(group)), make([][]byte, len(group))
			for i, x := range group {
				ids[i], bodies[i] = x.id, x.body
			}
			err := put(ctx, ids, bodies)
			for _, x := range group {
				x.done <- err
			}
		}
	}()
	body := make([]byte, entryBytes)
	for i := range body {
		body[i] = byte(i*7) ^ byte(i>>8)
	}
	began := time.Now()
	end := began.Add(long)
	var arrivals <-chan time.Time
	if rate > 0 {
		arrivals = arrive(ctx, began, end, rate)
	}
	took := make([][]time.Duration, 64)
	indexes := make([]int, len(took))
	for i := range indexes {
		indexes[i] = i
	}
	err := each(indexes, func(i int) error {
		done := make(chan error)
		for ctx.Err() == nil {
			from := time.Now()
			if arrivals != nil {
				var more bool
				if from, more = <-arrivals; !more {
					return nil
				}
			} else if from.After(end) {
				return nil
			}
			id := random16()
			queue <- waiting{id[:], body, done}
			if err := <-done; err != nil {
				return err
			}
			took[i] = append(took[i], time.Since(from))
		}
		return ctx.Err()
	})
	close(queue)
	<-ended
	all := slices.Concat(took...)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("no row was inserted in %v", long)
	}
	if err != nil {
		return nil, 0, err
	}
	slices.Sort(all)
	return all, float64(len(all)) / time.Since(began).Seconds(), nil
}
