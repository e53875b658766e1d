package engine_test

import (
	"context"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// TestEarlierDeadComesBack has the beacon of a first draw dead for as long as its rules say, so that the second one's list is closed, and come back after that. Both draws
// then stand, whoever won the first stays in the second, and no custodian can undo that with a cosignature of long ago.
func TestEarlierDeadComesBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	j := newJury(t)
	c, _ := j.staged(2, func(r *engine.Rules) { r.Draws[1].DrawTime = r.Draws[1].DrawTime.Add(40 * 24 * time.Hour) })
	j.shut(c)
	early := j.now()
	j.cosign(0, 1)
	j.beacon.away.Store(true)
	j.goTo(j.info(c, 1).RoundTime.Add(30 * 24 * time.Hour))
	j.void(c, 1, "beacon-dead")
	j.pass(2*time.Minute, time.Minute)
	if d := j.info(c, 2); d.State != store.DrawPending {
		t.Errorf("before the void counts: %+v", d)
	}
	backdated := j.notes(early, 0)
	j.cosign(0, 1)
	j.pass(2*time.Minute, time.Minute)
	j.wantOut(c, 2)
	j.cosign(0, 1)
	j.wantConfirmedDead(c, verify.StateVoid)
	_, err := j.AddCosignature(ctx, backdated)
	wantReason(t, err, engine.CosignatureInvalid, "")

	j.beacon.away.Store(false)
	must(j.RunDraw(ctx, c.ID, 1))(t)
	j.wantConfirmedDead(c, verify.StateDrawn)
	_, err = j.AddCosignature(ctx, backdated)
	wantReason(t, err, engine.CosignatureInvalid, "")
	j.replace(c, 1, 1)
	j.hold(c, 2)
	j.wantConfirmedDead(c, verify.StateDrawn)
	j.wantThree(c, 3, verify.ReasonBeacon) // that alone: both lists were cosigned in time
}

// wantConfirmedDead wants that the bundle verifies as it stands for everybody and for a custodian, with the first draw so.
func (j *jury) wantConfirmedDead(c engine.Campaign, first verify.State) {
	j.t.Helper()
	if seen, plain := j.check(c); plain != nil || seen.Draws[0].State != first || seen.Draws[1].Close == nil {
		j.t.Errorf("the bundle: %+v, %v", seen, plain)
	}
}
