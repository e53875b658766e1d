package engine_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/store"
)

// picky is an identity room that cannot take one entry, and so refuses every batch with it.
type picky struct {
	store.Identity
	held atomic.Int64 // entries of commits that wait or waited
	hold chan struct{}
	bad  map[store.EntrantID]bool
	mu   sync.Mutex
	most int // entries of the largest batch
}

func (d *picky) Enter(ctx context.Context, now func() time.Time, batch []store.Entry) ([]store.EntryResult, error) {
	d.held.Add(int64(len(batch)))
	<-d.hold
	d.mu.Lock()
	defer d.mu.Unlock()
	d.most = max(d.most, len(batch))
	for _, e := range batch {
		if d.bad == nil { // the first to come
			d.bad = map[store.EntrantID]bool{e.ID: true}
		}
		if d.bad[e.ID] {
			return nil, errors.New("enter batch: database error 22021")
		}
	}
	return d.Identity.Enter(ctx, now, batch)
}

// TestOneBadRowRefusesItselfOnly: entries that share a commit with one that the store cannot take are taken.
func TestOneBadRowRefusesItselfOnly(t *testing.T) {
	w := newWorld(t)
	d := &picky{Identity: w.rooms.Identity, hold: make(chan struct{})}
	w.cfg.Identity = d
	release := sync.OnceFunc(func() { close(d.hold) })
	w.reopen()
	t.Cleanup(release) // before the engine is closed, which waits for the commit
	c := w.open(surveyOnly(rules()))
	const n = 40
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		x := w.client(c, i, "")
		wg.Go(func() { _, errs[i] = w.Enter(context.Background(), x.req) })
	}
	waitFor(t, func() bool { return w.Queued()+int(d.held.Load()) == n }) // in the queue, or in the commit that is held
	release()
	wg.Wait()
	failed := 0
	for _, err := range errs {
		if err != nil {
			failed++
		}
	}
	if failed != 1 || d.most < 2 {
		t.Errorf("%d of %d failed, the largest commit was of %d", failed, n, d.most)
	}
}
