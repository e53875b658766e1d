package engine

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"fairlot/store"
)

// tick is how often Run looks at the clock; it is also the shortest life of an epoch.
const tick = time.Second

// hooks are nil and false but in tests.
type hooks struct {
	step     func(name string) // called after each step of moving, mixing, logging and closing
	pause    func()            // called before the lease is tended
	stayIn   bool              // who won an earlier draw keeps their chances
	unmixed  bool              // batches are not shuffled, and row ids ascend
	sequence uint64            // last row id given while unmixed

	elapsed    func() time.Duration // a clock that never jumps, by which leases of jobs are measured
	renewEvery time.Duration        // how often they are renewed
	tick       time.Duration        // instead of the constant
}

func (e *Engine) step(name string) {
	if e.hooks.step != nil {
		e.hooks.step(name)
	}
}

func (e *Engine) pause() {
	if e.hooks.pause != nil {
		e.hooks.pause()
	}
}

// start makes what runs beside the callers. New calls it last.
func (e *Engine) start() { e.enter = newCommitter(e.Identity, e.Now, e.Meter) }

// Close stops taking entries, commits those that wait, lets go of the lease, and returns. Stop Run first by its context; the rooms are still open. Again is harmless.
func (e *Engine) Close() {
	e.enter.stop()
	e.closing.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := e.lease.release(ctx); err != nil {
			e.Log.Warn("let go of the lease: another daemon takes it in a few seconds", "error", err)
		}
		e.bumpLast(ctx)
	})
}

// Run keeps the lease and, while this engine holds it, does what the clock starts, until ctx ends: it ends campaigns, moves epochs, mixes, and
// carries on what a crash, or another engine, left in the middle (a closing that was begun, a record without its checkpoint, tags of a closed
// campaign); and it does the jobs that are due (jobs.go, runner.go): closing, drawing, erasing. One campaign that cannot be worked on does not hold up the others. It returns nil.
func (e *Engine) Run(ctx context.Context) error {
	var tending sync.WaitGroup
	defer tending.Wait()
	tending.Go(func() { e.keepLease(ctx) })
	tending.Go(func() { e.watchRooms(ctx) })
	tending.Go(func() { e.newRunner().run(ctx) }) // beside the rest: a draw may wait for relays, a close for a million entrants
	seen := looked{}
	t := time.NewTicker(cmp.Or(e.hooks.tick, tick))
	defer t.Stop()
	for {
		e.turn(ctx, &seen)
		select {
		case <-t.C:
		case <-e.lease.taken: // entries may be waiting for a move that was announced and not made
		case <-ctx.Done():
			return nil
		}
	}
}

// turn does once what is due, if this engine holds the lease, under a context that ends with it. What it remembers is of one term.
func (e *Engine) turn(ctx context.Context, seen *looked) {
	held, term, err := e.lease.holding()
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(held, cancel)()
	if seen.finished == nil || seen.term != term {
		if err := e.carryOn(ctx); err != nil {
			if ctx.Err() == nil {
				e.Log.Error("carry on the log", "error", err)
			}
			return
		}
		*seen = looked{term: term, finished: map[store.CampaignID]bool{}, said: map[store.CampaignID]string{}}
	}
	if err := e.signWaiting(ctx); err != nil && ctx.Err() == nil { // perhaps nothing is appended for a day
		e.Log.Error("sign the log", "error", err)
	}
	e.work(ctx, *seen)
	e.bumpIfDue(ctx)
}

// carryOn signs the record that was appended and could not be signed, or whose holder ended before it could.
func (e *Engine) carryOn(ctx context.Context) error {
	e.logMu.Lock()
	defer e.logMu.Unlock()
	return e.signLocked(ctx)
}

// signWaiting signs a record that could not be signed when it was appended, since the key folder or the registry was away for a moment. Nothing is handed out under one before.
func (e *Engine) signWaiting(ctx context.Context) error {
	if !e.unsigned.Load() {
		return nil
	}
	return e.carryOn(ctx)
}

// looked is what Run remembers of the campaigns from tick to tick.
type looked struct {
	term     int64
	finished map[store.CampaignID]bool   // closed, and need nothing any more
	said     map[store.CampaignID]string // the last error, which is not logged again every second
}

// work does for every campaign what is due now.
func (e *Engine) work(ctx context.Context, seen looked) {
	troubled := 0
	if err := errors.Join(e.workApproved(ctx), e.logTrailHead(ctx)); seen.say(e, ctx, store.CampaignID{}, err) {
		troubled++
	}
	err := e.eachCampaign(ctx, func(c store.Campaign) error {
		if c.State < store.Open || c.State > store.Closed || seen.finished[c.ID] {
			return ctx.Err()
		}
		err := e.workOn(ctx, c)
		if seen.say(e, ctx, c.ID, err) {
			troubled++
		}
		seen.finished[c.ID] = err == nil && c.State == store.Closed
		return ctx.Err()
	})
	if err != nil && ctx.Err() == nil {
		e.Log.Error("list campaigns", "error", err)
	}
	if err != nil {
		troubled++
	}
	if ctx.Err() == nil {
		e.noteRound(troubled)
	}
}

// say logs an error of the work on a campaign, of none if id is zero, once in a row, and tells whether there is one.
func (l looked) say(e *Engine, ctx context.Context, id store.CampaignID, err error) bool {
	switch {
	case err == nil:
		delete(l.said, id)
	case ctx.Err() == nil && l.said[id] != err.Error():
		l.said[id] = err.Error()
		if id == (store.CampaignID{}) {
			e.Log.Error("work on approvals and the audit trail", "error", err)
		} else {
			e.Log.Error("work on campaign", "campaign", hexID(id), "error", err)
		}
	}
	return err != nil
}

func (e *Engine) workOn(ctx context.Context, c store.Campaign) error {
	o, err := e.open(ctx, c.ID)
	if err != nil {
		return err
	}
	if err := o.lock(ctx); err != nil {
		return err
	}
	defer o.unlock()
	if c.State == store.Closed {
		return e.finish(ctx, o)
	}
	gate, err := e.gateOf(ctx, o, c)
	if err != nil {
		return err
	}
	if gate.State == store.GateClosed {
		return e.closeLocked(ctx, o)
	}
	if !e.jumped.Load() { // entries are refused by the clock all the same, but nothing is written down that could not be undone
		if gate, err = e.endIfDue(ctx, o, gate); err != nil {
			return err
		}
	}
	if o.survey == nil {
		return nil
	}
	if gate, err = e.advance(ctx, o, gate); err != nil {
		return err
	}
	if err := e.mix(ctx, o, gate, false); err != nil {
		return err
	}
	e.noteWaiting(c.ID, int64(gate.Epoch)-int64(o.next)+1)
	return nil
}

// endIfDue ends entries whose time has come. The caller holds o's lock.
func (e *Engine) endIfDue(ctx context.Context, o *opened, gate store.Gate) (store.Gate, error) {
	if gate.State == store.GateOpen && e.Now().Before(gate.End) {
		return gate, nil
	}
	return e.end(ctx, o, gate)
}

// end ends entries whatever the clock says now: whoever calls it has looked, and a clock that is set back afterwards undoes nothing. It begins
// with the identity room, where it is decided which entry counts. The caller holds o's lock.
func (e *Engine) end(ctx context.Context, o *opened, gate store.Gate) (_ store.Gate, err error) {
	if gate.State == store.GateOpen {
		if gate, err = e.moveGate(ctx, gate, store.GateEnded, gate.Epoch); err != nil {
			return gate, err
		}
	}
	c, err := e.Registry.Campaign(ctx, o.id)
	if err == nil && c.State == store.Open {
		err = e.Registry.SetCampaignState(ctx, o.id, store.Open, store.Ended)
		e.step("ended")
	}
	return gate, err
}

// moveGate announces the move, so that writers stand aside, and then makes it. A mover that died in between is carried on by the next one.
func (e *Engine) moveGate(ctx context.Context, g store.Gate, state store.GateState, epoch uint32) (_ store.Gate, err error) {
	ctx, end := e.Meter.Work(ctx, "move gate")
	defer func() { end(err) }()
	if err := e.Identity.AnnounceMove(ctx, g.Campaign, g.State, g.Epoch); err != nil {
		return g, err
	}
	e.step("move announced")
	if err := e.Identity.MoveGate(ctx, g.Campaign, g.State, g.Epoch, state, epoch); err != nil {
		return g, err
	}
	e.step("moved")
	g.State, g.Epoch, g.Moving = state, epoch, false
	return g, nil
}
