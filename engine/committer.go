package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"fairlot/store"
)

const (
	maxQueue = 1024 // entries that may wait for a commit; more are told to come again
	maxGroup = 256  // entries of one commit
)

// errQueue says that the queue is full, or that the committer has stopped.
var errQueue = &Error{Reason: Busy, Text: "very many people are entering right now: try again in a moment", Retry: time.Second}

// committer is the group commit: one goroutine takes whatever waits and commits it in one transaction, so that many callers share one
// write to the disk. It waits for nobody: while one commit runs, the next group gathers.
type committer struct {
	identity store.Identity
	now      func() time.Time
	meter    Meter
	sealing  chan struct{}
	writing  chan struct{} // holds one token while a group is written

	mu      sync.RWMutex // guards stopped, and the queue against being closed under a sender
	stopped bool
	queue   chan *pending
	done    chan struct{}
}

type pending struct {
	entry  store.Entry
	result store.EntryResult
	err    error
	ready  chan struct{}
}

func newCommitter(identity store.Identity, now func() time.Time, meter Meter) *committer {
	c := &committer{identity: identity, now: now, meter: meter, sealing: sealers(), writing: make(chan struct{}, 1), queue: make(chan *pending, maxQueue), done: make(chan struct{})}
	go c.run()
	return c
}

// commit hands an entry in and waits for its outcome, or for ctx. After ctx has ended the outcome is unknown: the entry may be committed.
func (c *committer) commit(ctx context.Context, entry store.Entry) (store.EntryResult, error) {
	p := &pending{entry: entry, ready: make(chan struct{})}
	if !c.offer(p) {
		return store.EntryResult{}, errQueue
	}
	select {
	case <-p.ready:
		return p.result, p.err
	case <-ctx.Done():
		return store.EntryResult{}, ctx.Err()
	}
}

func (c *committer) offer(p *pending) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.stopped {
		return false
	}
	select {
	case c.queue <- p:
		return true
	default:
		return false
	}
}

// stop refuses new entries, commits those that wait, and returns when that is done. Again is harmless.
func (c *committer) stop() {
	c.mu.Lock()
	if !c.stopped {
		c.stopped = true
		close(c.queue)
	}
	c.mu.Unlock()
	<-c.done
}

// settle waits until the group that is being written is committed.
func (c *committer) settle(ctx context.Context) error {
	select {
	case c.writing <- struct{}{}:
		<-c.writing
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *committer) run() {
	defer close(c.done)
	for p := range c.queue {
		group := []*pending{p}
	gather:
		for len(group) < maxGroup {
			select {
			case p, more := <-c.queue:
				if !more {
					break gather
				}
				group = append(group, p)
			default:
				break gather
			}
		}
		c.writing <- struct{}{}
		c.write(group)
		<-c.writing
		for _, p := range group {
			p.entry = store.Entry{}
			close(p.ready)
		}
	}
}

// write commits a group. A caller who has gone does not stop the others, so it runs under no caller's context; the store bounds its own waits.
func (c *committer) write(group []*pending) {
	batch := make([]store.Entry, len(group))
	for i, p := range group {
		batch[i] = p.entry
	}
	began := time.Now()
	results, err := c.identity.Enter(context.Background(), c.now, batch)
	c.meter.Committed(len(batch), time.Since(began))
	if err == nil && len(results) != len(batch) {
		err = errors.New("commit entries: the store answered another number of entries")
	}
	if err != nil && !errors.Is(err, store.ErrUnavailable) && len(group) > 1 {
		for i := range group { // one entry that the store cannot take must not refuse the others
			c.write(group[i : i+1])
		}
		return
	}
	for i, p := range group {
		if p.err = err; err == nil {
			p.result = results[i]
		}
	}
}
