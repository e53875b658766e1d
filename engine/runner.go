package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"fairlot/crypto/trail"
	"fairlot/store"
)

const (
	leaseFor    = 15 * time.Second // a row that was held and did not change for so long has lost its holder
	renewEvery  = 5 * time.Second
	retryMost   = time.Minute
	lookAgain   = time.Minute      // at a closed campaign that nothing is due for
	jumpFrom    = 30 * time.Second // between two looks: less is a clock being set right, or a busy machine
	steadyFor   = 10 * time.Minute
	sweepEvery  = time.Hour
	remindEvery = 24 * time.Hour
	tokensKept  = 30 * 24 * time.Hour // after their expiry
)

var errLeaseLost = errors.New("somebody else works on this job now")

// runner does jobs one after another. What it measures by itself (leases, pauses) it measures by a clock that never jumps, and it compares no
// time of its own with a time that another machine wrote.
type runner struct {
	e        *Engine
	id       [16]byte
	held     map[store.JobID]sighting
	pause    map[store.JobID]time.Duration // until when a job that failed is let alone
	said     map[store.JobID]string
	asleep   map[store.CampaignID]time.Duration // until when nothing is due
	acts     clockActs                          // by job
	reminded map[string]time.Duration

	wall         time.Time     // at the last look
	mono         time.Duration // at the last look; both zero before the first
	unsteadyTill time.Duration
	sweepAt      time.Duration
	began        time.Time
}

// sighting is since when a held row was seen to stand still.
type sighting struct {
	version int64
	since   time.Duration
}

func (e *Engine) newRunner() *runner {
	r := &runner{e: e, held: map[store.JobID]sighting{}, pause: map[store.JobID]time.Duration{}, said: map[store.JobID]string{},
		asleep: map[store.CampaignID]time.Duration{}, acts: clockActs{}, reminded: map[string]time.Duration{}, began: time.Now()}
	rand.Read(r.id[:])
	return r
}

// run looks for jobs until ctx ends.
func (r *runner) run(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		if err := r.look(ctx); err != nil && ctx.Err() == nil {
			r.say(store.JobID{}, "look for jobs", due{}, err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// elapsed is the time since the runner was made, whatever happens to the machine's clock meanwhile.
func (r *runner) elapsed() time.Duration {
	if f := r.e.hooks.elapsed; f != nil {
		return f()
	}
	return time.Since(r.began)
}

// steady tells whether the clock has gone as time goes for long enough. A clock that jumped may jump back, and what cannot be undone waits for that.
func (r *runner) steady() bool {
	wall, mono := r.e.Now(), r.elapsed()
	first := r.wall.IsZero()
	jump := wall.Sub(r.wall) - (mono - r.mono)
	r.wall, r.mono = wall, mono
	if !first && jump.Abs() >= jumpFrom {
		r.unsteadyTill = mono + steadyFor
		r.e.Log.Warn("the clock jumped: campaigns are neither opened, ended, closed nor erased by it until it has gone evenly for a while. Set it right",
			"by", jump.Round(time.Second).String(), "while", steadyFor.String())
	}
	ok := mono >= r.unsteadyTill
	r.e.jumped.Store(!ok)
	return ok
}

// look does every job that is due now.
func (r *runner) look(ctx context.Context) error {
	steady := r.steady()
	held, _, err := r.e.lease.holding()
	if err != nil { // another engine does them
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(held, cancel)()
	r.sweep(ctx, steady)
	rows, err := r.e.Registry.Jobs(ctx)
	if err != nil {
		return err
	}
	list, err := r.find(ctx, rows)
	if err != nil {
		return err
	}
	waits := map[[16]byte]time.Time{}
	for _, d := range list {
		waits[d.id()] = d.at
	}
	r.e.noteDue(&r.e.vitals.jobs, waits)
	byID := map[store.JobID]store.Job{}
	for _, row := range rows {
		byID[row.ID] = row
	}
	for _, d := range list {
		if !steady && d.kind != jobDraw && !(d.kind == jobClose && d.draw > 0) || r.elapsed() < r.pause[d.id()] {
			continue
		}
		row, known := byID[d.id()]
		if err := r.try(ctx, d, row, known); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// find returns what is due, and drops rows of jobs that are not wanted any more: somebody else did them, or their draft is gone.
func (r *runner) find(ctx context.Context, rows []store.Job) ([]due, error) {
	now := r.e.Now()
	var list []due
	wanted, looked := map[store.JobID]bool{}, map[store.CampaignID]bool{}
	err := r.e.eachCampaign(ctx, func(c store.Campaign) error {
		if r.elapsed() < r.asleep[c.ID] {
			return ctx.Err()
		}
		var all []due
		if c.State != store.Draft {
			var err error
			if all, err = r.e.planned(ctx, c, now); err != nil {
				r.say(due{campaign: c.ID}.id(), "find a campaign's jobs", due{campaign: c.ID}, err)
				return ctx.Err()
			}
		}
		looked[c.ID] = true
		rest := lookAgain
		for _, d := range all {
			if d.voiding != nil && d.voiding.refuted {
				r.say(due{kind: "void", campaign: d.campaign, draw: d.draw}.id(), "a draw is void as if its beacon were dead, and a result in the log has the round: a result is owed, and the draw is held", d, errVoidMissed)
			} else if d.voiding != nil && d.voiding.missed {
				r.say(due{kind: "void", campaign: d.campaign, draw: d.draw}.id(), "a void was logged, and custodians did not cosign it in time: a result is owed, and the draw is held at its round", d, errVoidMissed)
			}
			if a := d.amend; a != nil && a.missed {
				r.say(due{kind: "amend", campaign: d.campaign, draw: d.draw}.id(), "a later round was logged, and custodians did not cosign it in time: the draw is held at the round that was in force; tell the public", d, errAmendMissed)
			}
			if d.waits != nil {
				if err := d.warnWaiting(now); err != nil {
					r.say(due{kind: "waits", campaign: d.campaign, draw: d.draw}.id(), "a draw is in danger: its list waits for an earlier draw", d, err)
				}
				continue
			}
			wanted[d.id()] = true
			if wait := d.at.Sub(now); wait > 0 {
				rest = min(rest, wait)
			} else {
				rest, list = 0, append(list, d)
			}
		}
		if c.State >= store.Closed {
			r.asleep[c.ID] = r.elapsed() + rest
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	for id, a := range r.acts { // done by another call, or its end could not be written
		if !wanted[id] && looked[a.campaign] {
			if err := r.acts.end(ctx, r.e, id, trail.OK); err != nil {
				return nil, err
			}
		}
	}
	for _, row := range rows {
		switch {
		case wanted[row.ID] || r.elapsed() < r.asleep[row.Campaign] && !looked[row.Campaign] || r.busy(row):
		default:
			if err := r.e.Registry.DropJob(ctx, row.ID, row.Version); err != nil && !errors.Is(err, store.ErrConflict) {
				return nil, err
			}
			r.forget(row.ID)
		}
	}
	return list, nil
}

func (r *runner) forget(id store.JobID) {
	delete(r.held, id)
	delete(r.pause, id)
	delete(r.said, id)
}

// busy tells whether another runner works on a row: it changes while somebody does.
func (r *runner) busy(row store.Job) bool {
	if row.Holder == [16]byte{} || row.Holder == r.id {
		return false
	}
	s, ok := r.held[row.ID]
	if !ok || s.version != row.Version {
		r.held[row.ID] = sighting{row.Version, r.elapsed()}
		return true
	}
	return r.elapsed()-s.since < leaseFor
}

// try takes a job, unless somebody has it, does it, and says in its row what came of that.
func (r *runner) try(ctx context.Context, d due, row store.Job, known bool) error {
	if !known {
		if err := r.e.Registry.PutJob(ctx, store.Job{ID: d.id(), Kind: d.kind, Campaign: d.campaign, Draw: d.draw, RunAt: d.at}); err != nil {
			return err
		}
		var err error
		if row, err = r.e.Registry.Job(ctx, d.id()); errors.Is(err, store.ErrNotFound) {
			return nil // another runner did it meanwhile
		} else if err != nil {
			return err
		}
	}
	if r.busy(row) {
		return nil
	}
	row.Holder, row.Attempt = r.id, row.Attempt+1
	row, err := r.e.Registry.SwapJob(ctx, row)
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		return nil // another runner was faster
	}
	if err != nil {
		return err
	}
	r.e.step("job taken")
	row, err = r.work(ctx, d, row)
	r.e.step("job worked on")
	return r.leave(ctx, d, row, err)
}

// work does the job and renews the lease meanwhile. Whoever loses it stops.
func (r *runner) work(ctx context.Context, d due, row store.Job) (store.Job, error) {
	working, stop := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop(nil)
	wg.Go(func() {
		every := renewEvery
		if r.e.hooks.renewEvery > 0 {
			every = r.e.hooks.renewEvery
		}
		t := time.NewTicker(every)
		defer t.Stop()
		for last := time.Now(); ; {
			select {
			case <-t.C:
			case <-working.Done():
				return
			}
			next, err := r.e.Registry.SwapJob(working, row)
			if err == nil {
				row, last = next, time.Now()
			}
			if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) || time.Since(last) > leaseFor-every {
				stop(errLeaseLost)
				return
			}
		}
	})
	err := r.e.do(working, d, func() error {
		method, resource := d.act()
		err := r.acts.begin(working, r.e, d.id(), d.campaign, method, resource)
		r.e.step("act begun")
		return err
	})
	stop(nil)
	wg.Wait()
	if cause := context.Cause(working); errors.Is(cause, errLeaseLost) {
		err = cause
	}
	return row, err
}

// leave drops the row of a job that was done, and gives back one that was not. At the end of the daemon it does so all the same, so that the
// next one need not wait for the lease.
func (r *runner) leave(ctx context.Context, d due, row store.Job, err error) error {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	delete(r.asleep, d.campaign)
	if err == nil {
		r.forget(row.ID)
		r.e.noteDone(row.ID)
		if err := r.acts.end(ctx, r.e, row.ID, trail.OK); err != nil {
			r.say(row.ID, "the audit trail lacks an outcome, which is written later", d, err)
		}
		r.e.Log.Info("done by the clock", "job", d.kind, "campaign", hexID(d.campaign), "draw", d.draw)
		err = r.e.Registry.DropJob(ending, row.ID, row.Version)
		if errors.Is(err, store.ErrConflict) {
			return nil
		}
		return err
	}
	if errors.Is(err, errLeaseLost) { // whoever has it begins an act of their own
		return r.acts.end(ctx, r.e, row.ID, string(HolderAway))
	}
	row.Holder = [16]byte{}
	if ctx.Err() == nil {
		row.Said = reasonOf(err)
		r.pause[row.ID] = r.elapsed() + pauseAfter(row.Attempt, err)
		r.say(row.ID, "a job has to wait", d, err)
	}
	if _, err := r.e.Registry.SwapJob(ending, row); err != nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return ctx.Err()
}

// reasonOf is what a row keeps of an error.
func reasonOf(err error) string {
	var own *Error
	if errors.As(err, &own) {
		return string(own.Reason)
	}
	return "INTERNAL"
}

// pauseAfter is how long a job is let alone after a failure: as long as the refusal says, else twice as long each time; a minute at most.
func pauseAfter(attempt int, err error) time.Duration {
	var own *Error
	if errors.As(err, &own) && own.Retry > 0 {
		return min(max(own.Retry, tick), retryMost)
	}
	return min(tick<<min(max(attempt-1, 0), 10), retryMost)
}

// say logs an error about a job once, until it is another one.
func (r *runner) say(id store.JobID, what string, d due, err error) {
	if text := err.Error(); r.said[id] != text {
		r.said[id] = text
		r.e.Log.Warn(what, "job", d.kind, "campaign", hexID(d.campaign), "draw", d.draw, "error", err)
	}
}

// sweep, once an hour, reminds staff in the log of what waits for them, and drops tokens that expired long ago.
func (r *runner) sweep(ctx context.Context, steady bool) {
	if r.elapsed() < r.sweepAt {
		return
	}
	first := r.sweepAt == 0
	r.sweepAt = r.elapsed() + sweepEvery
	r.remind(ctx)
	r.remindLists(ctx)
	if err := r.e.sweepExclusions(ctx); err != nil && ctx.Err() == nil {
		r.e.Log.Warn("drop what is kept for deleted drafts", "error", err)
	}
	if !steady || first { // a clock that was wrong from the start has had an hour to be set right
		return
	}
	n, err := r.e.Registry.DropStaffTokens(ctx, r.e.Now().Add(-tokensKept))
	if err != nil && ctx.Err() == nil {
		r.e.Log.Warn("drop expired staff tokens", "error", err)
	} else if n > 0 {
		r.e.Log.Info("dropped staff tokens that expired over 30 days ago", "count", n)
	}
}
