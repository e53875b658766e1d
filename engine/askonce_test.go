package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
)

// slowAsk takes its time over what is asked for: whoever comes meanwhile has looked already.
type slowAsk struct{ store.Registry }

func (r slowAsk) PutApproval(ctx context.Context, a store.Approval) error {
	time.Sleep(50 * time.Millisecond)
	return r.Registry.PutApproval(ctx, a)
}

// TestAskedAtOnce has several persons ask at the same moment for one draw to be put off to different times or to be void for different reasons, and for one draft to be opened:
// one approval waits for each, and who asked for something else is told of it.
func TestAskedAtOnce(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	ctx := context.Background()
	c := j.opening(1)
	draft := must(j.CreateCampaign(ctx, "draft", lasting(), ""))(t)
	j.cfg.Registry = slowAsk{j.cfg.Registry}
	j.restart()
	due := j.info(c, 1).RoundTime
	var asking sync.WaitGroup
	for i, why := range []string{"ordered", "cancelled", "ordered", "cancelled"} {
		for _, ask := range []func() error{
			func() error {
				_, err := j.RequestAmend(ctx, chen, c.ID, 1, due.Add(time.Duration(1+i)*time.Hour))
				return err
			},
			func() error { _, err := j.RequestVoid(ctx, chen, c.ID, 1, why); return err },
			func() error {
				_, err := j.RequestOpening(ctx, lin, draft.ID, draft.Etag, time.Time{}, true)
				return err
			},
		} {
			asking.Go(func() {
				if err := ask(); err != nil && reason(err) != engine.DrawState {
					t.Error(err)
				}
			})
		}
	}
	asking.Wait()
	waiting := map[string]int{}
	for _, a := range must(j.Approvals(ctx, false, [16]byte{}, 100))(t) {
		waiting[a.Kind]++
	}
	for _, kind := range []string{engine.ApproveAmend, engine.ApproveVoid, engine.ApproveOpen} {
		if waiting[kind] != 1 {
			t.Errorf("%d approvals to %s wait", waiting[kind], kind)
		}
	}
}

// TestAskedWhileItIsDone has somebody ask for a draw to be put off while the very same is approved and logged: nothing new waits, which would stand in the way of the next one.
func TestAskedWhileItIsDone(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	ctx := context.Background()
	c := j.opening(1)
	to := j.info(c, 1).RoundTime.Add(time.Hour)
	a := must(j.RequestAmend(ctx, chen, c.ID, 1, to))(t)
	seen := 0
	j.SetStep(func(name string) {
		if name != "approved" && name != "amend chosen" && name != "carried out" {
			return
		}
		seen++
		again, err := j.RequestAmend(ctx, chen, c.ID, 1, to)
		if name == "carried out" && reason(err) != engine.DrawState || name != "carried out" && (err != nil || again.ID != a.ID) {
			t.Errorf("asked when it is %s: %x, %v", name, again.ID, err)
		}
	})
	must(j.Approve(ctx, lin, a.ID, a.Digest()))(t)
	j.SetStep(nil)
	if waiting := must(j.Approvals(ctx, false, [16]byte{}, 100))(t); len(waiting) > 0 || seen != 3 {
		t.Errorf("%d approvals wait, and it was asked %d times", len(waiting), seen)
	}
}
