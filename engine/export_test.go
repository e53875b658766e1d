package engine

import (
	"context"
	"time"

	"fairlot/store"
)

// SetStep makes f hear of each step of moving, mixing and closing.
func (e *Engine) SetStep(f func(name string)) { e.hooks.step = f }

// SetJumped says whether the clock has jumped.
func (e *Engine) SetJumped(yes bool) { e.jumped.Store(yes) }

// SetUnmixed switches the shuffle off: rows keep the order of the sealed responses and their ids ascend.
func (e *Engine) SetUnmixed() { e.hooks.unmixed = true }

// SetStayIn leaves earlier winners in.
func (e *Engine) SetStayIn() { e.hooks.stayIn = true }

// SettleRoom and WaitsLate are the constants.
const (
	SettleRoom = settleRoom
	WaitsLate  = waitsLate
)

// OpenCampaign is openCampaign: what two persons want, without asking them, and without that anybody has shown a key.
func (e *Engine) OpenCampaign(ctx context.Context, id store.CampaignID, etag string) (Campaign, error) {
	return e.openCampaign(ctx, id, etag, true)
}

// Work does once what Run does every second.
func (e *Engine) Work(ctx context.Context) {
	e.work(ctx, looked{finished: map[store.CampaignID]bool{}, said: map[store.CampaignID]string{}})
}

// ForgetApproved forgets which approvals were begun.
func (e *Engine) ForgetApproved() { e.approved = clockActs{} }

// Runner does jobs when asked to, as Run does every second.
type Runner = runner

// NewRunner makes one that measures leases by elapsed.
func (e *Engine) NewRunner() *Runner { return e.newRunner() }

// SetElapsed gives the clock that never jumps to all runners made by e.
func (e *Engine) SetElapsed(f func() time.Duration) { e.hooks.elapsed = f }

// SetRenewEvery sets how often leases of jobs are renewed.
func (e *Engine) SetRenewEvery(d time.Duration) { e.hooks.renewEvery = d }

// Look does once what a runner does every second.
func (r *runner) Look(ctx context.Context) error { return r.look(ctx) }

// LeaseFor, SteadyFor and DropPage are the constants.
const (
	LeaseFor  = leaseFor
	SteadyFor = steadyFor
	DropPage  = dropPage
)

// CanonicalToken is canonicalToken.
var CanonicalToken = canonicalToken

// Queued is how many entries wait for a commit.
func (e *Engine) Queued() int { return len(e.enter.queue) }

// Stopped tells whether Close has begun.
func (e *Engine) Stopped() bool {
	e.enter.mu.RLock()
	defer e.enter.mu.RUnlock()
	return e.enter.stopped
}

// SetPause makes f be called before the lease is tended: a process that is stopped tends nothing.
func (e *Engine) SetPause(f func()) { e.hooks.pause = f }

// TakeOver is how long another holder must stand still.
const TakeOver = takeOver

// Tend looks at the lease once, as Run does every second.
func (e *Engine) Tend(ctx context.Context) { _, _ = e.lease.tend(ctx) }

// Turn is Work, and nothing without the lease.
func (e *Engine) Turn(ctx context.Context) { e.turn(ctx, &looked{}) }

// Turns returns a Turn that remembers what it looked at, as Run does.
func (e *Engine) Turns() func(ctx context.Context) {
	seen := &looked{}
	return func(ctx context.Context) { e.turn(ctx, seen) }
}

// SetTick is how often Run looks at the clock.
func (e *Engine) SetTick(d time.Duration) { e.hooks.tick = d }
