package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"fairlot/store"
)

// Sharing makes several engines work on one set of rooms and one key folder: entries are taken by all of them, and one at a time appends to the
// log, moves gates and mixes, whoever holds the lease of the registry room. No clock of one is compared with another's.
type Sharing struct {
	// Door is HOST:PORT of this daemon's staff door, for calls that came to a daemon without the lease.
	Door string
	// First says that no other engine was at work on these rooms when this one began: it takes the lease without waiting.
	First bool
}

// Times of the lease, all on the monotonic clock of whoever measures. A holder ends its work before another may begin:
// stepDown counts from before a renewal was sent, takeOver from after it was seen.
const (
	beatEvery = time.Second     // renewal, and look at another's
	beatAgain = beatEvery / 4   // after one that failed
	stepDown  = 3 * time.Second // without a renewal that went through
	takeOver  = 4 * time.Second // of another's standing still
	leaseAct  = 2 * time.Second // bounds a look or a renewal
)

// lease is this engine's side of the lease. An engine that shares with nobody holds it always.
type lease struct {
	sharing *Sharing
	rooms   store.Leases
	me      [16]byte
	taken   chan struct{} // tells Run, once or several times

	mu      sync.Mutex
	seen    store.Lease // as it stood last
	since   time.Time   // when it was first seen so
	renewed time.Time   // when the renewal that went through last was begun
	ctx     context.Context
	cancel  context.CancelFunc // nil if not held
	stop    *time.Timer        // ends the holding when no renewal goes through
	first   bool               // nobody else can be at work yet
	ended   bool               // released for good
}

func newLease(rooms store.Leases, sharing *Sharing) *lease {
	l := &lease{sharing: sharing, rooms: rooms, taken: make(chan struct{}, 1), first: sharing != nil && sharing.First}
	rand.Read(l.me[:])
	return l
}

// holding returns a context that ends with the lease, and the lease's term; errHolderAway if it is not held.
func (l *lease) holding() (context.Context, int64, error) {
	if l.sharing == nil {
		return context.Background(), 0, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel == nil || time.Since(l.renewed) >= stepDown { // a process that was stopped wakes before its timers do
		return nil, 0, errHolderAway
	}
	return l.ctx, l.seen.Term, nil
}

// errHolderAway refuses what only the holder of the lease may do.
var errHolderAway = &Error{Reason: HolderAway, Retry: 2 * time.Second,
	Text: "another daemon works on campaigns, or will in a moment: nothing was done, send the same call again"}

// tend looks at the lease once and renews it, takes it, or lets it go. It returns whether holding changed.
func (l *lease) tend(ctx context.Context) (changed bool, err error) {
	bounded, cancel := context.WithTimeout(ctx, leaseAct)
	defer cancel()
	l.mu.Lock()
	held, old := l.cancel != nil, l.seen
	l.mu.Unlock()
	began := time.Now()
	if held {
		next := old
		next.Beat++
		err := l.rooms.SwapLease(bounded, old, next)
		switch {
		case err == nil:
			return l.renew(next, began), nil
		case !errors.Is(err, store.ErrConflict):
			return false, err // the timer ends it if this goes on
		}
		l.drop() // another has taken it
		return true, nil
	}
	now, err := l.rooms.Lease(bounded)
	if err != nil {
		return false, err
	}
	if !l.mayTake(now) {
		return false, nil
	}
	next := store.Lease{Term: now.Term + 1, Beat: 1, Holder: l.me, Door: l.sharing.Door}
	began = time.Now()
	switch err := l.rooms.SwapLease(bounded, now, next); {
	case errors.Is(err, store.ErrConflict):
		return false, nil // another was faster
	case err != nil:
		return false, err
	}
	l.take(next, began)
	return true, nil
}

// mayTake notes what stands, and says whether it may be taken: if nobody holds it, or its holder has stood still for long enough.
func (l *lease) mayTake(now store.Lease) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	if now != l.seen || l.since.IsZero() {
		l.seen, l.since = now, time.Now()
	}
	return now.Holder == [16]byte{} || now.Holder == l.me || l.first || time.Since(l.since) >= takeOver
}

func (l *lease) take(now store.Lease, began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first = false
	l.seen, l.since, l.renewed = now, time.Now(), began
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.stop = time.AfterFunc(stepDown-time.Since(began), l.expire)
	l.tell()
}

func (l *lease) tell() {
	select {
	case l.taken <- struct{}{}:
	default:
	}
}

// renew notes a renewal. It came too late if the holding has ended meanwhile: then the lease is ours and idle until it is taken again.
func (l *lease) renew(now store.Lease, began time.Time) (late bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen, l.since = now, time.Now()
	if l.cancel == nil {
		return true
	}
	if time.Since(l.renewed) >= stepDown { // the timer is late: who asked meanwhile was told that it is not held
		l.tell()
	}
	l.renewed = began
	l.stop.Reset(stepDown - time.Since(began))
	return false
}

// expire ends a holding that no renewal kept up.
func (l *lease) expire() {
	l.mu.Lock()
	late := l.cancel != nil && time.Since(l.renewed) >= stepDown
	l.mu.Unlock()
	if late {
		l.drop()
	}
}

// drop ends the holding: whatever works under its context is told to stop.
func (l *lease) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel()
		l.stop.Stop()
		l.cancel = nil
		l.since = time.Now()
	}
}

// release ends the holding for good and lets others take the lease at once.
func (l *lease) release(ctx context.Context) error {
	l.mu.Lock()
	held, seen := l.cancel != nil, l.seen
	l.ended = true
	l.mu.Unlock()
	l.drop()
	if !held {
		return nil
	}
	err := l.rooms.SwapLease(ctx, seen, store.Lease{Term: seen.Term, Beat: seen.Beat + 1})
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	return err
}

// Holds tells whether this engine may append to the log, move gates and mix now. One that shares its rooms with nobody always may.
func (e *Engine) Holds() bool {
	_, _, err := e.lease.holding()
	return err == nil
}

// HolderDoor returns the staff door of the daemon that holds the lease, as far as it is known; empty if nobody does or this one shares with nobody.
func (e *Engine) HolderDoor(ctx context.Context) (string, error) {
	if e.lease.sharing == nil {
		return "", nil
	}
	l, err := e.Registry.Lease(ctx)
	return l.Door, e.fault(err)
}

// asHolder returns a context that ends with ctx or with the lease, and the function that must be called after the act. Reason: HOLDER_AWAY.
func (e *Engine) asHolder(ctx context.Context) (context.Context, context.CancelFunc, error) {
	held, _, err := e.lease.holding()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(held, cancel)
	return ctx, func() { stop(); cancel() }, nil
}

// keepLease tends the lease until ctx ends.
func (e *Engine) keepLease(ctx context.Context) {
	if e.lease.sharing == nil {
		return
	}
	t := time.NewTicker(beatEvery)
	defer t.Stop()
	said := ""
	for {
		e.pause()
		changed, err := e.lease.tend(ctx)
		t.Reset(beatEvery)
		switch {
		case err != nil && ctx.Err() == nil:
			t.Reset(beatAgain)
			if said != err.Error() {
				said = err.Error()
				e.Log.Warn("look at the lease", "error", err)
			}
		default:
			said = ""
		}
		if changed {
			e.sayLease()
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

func (e *Engine) sayLease() {
	if _, term, err := e.lease.holding(); err == nil {
		e.Log.Info("holding the lease: this daemon logs, moves gates and mixes", "term", term)
	} else {
		e.Log.Info("not holding the lease: this daemon takes entries, and another one logs, moves gates and mixes")
	}
}
