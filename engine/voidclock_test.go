package engine_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// notes is the newest checkpoint with the cosignatures of these custodians alone.
func (j *jury) notes(at time.Time, who ...int) []byte {
	j.t.Helper()
	key, note := j.Installation().LogKey, must(j.Checkpoint(context.Background()))(j.t)
	i := bytes.Index(note, []byte("\n\n")) + 2
	note = note[:i+bytes.IndexByte(note[i:], '\n')+1]
	var allowed []string
	for _, k := range j.custodians {
		allowed = append(allowed, k.Cosigner)
	}
	for _, i := range who {
		line := must(ledger.Cosign(j.cosigners[i], key, note, at))(j.t)
		note = must(ledger.AddCosignature(key, note, line, allowed))(j.t)
	}
	return note
}

// closed has a campaign opened and closed, and a void of its draw logged if there is a reason.
func (j *jury) closed(why string) engine.Campaign {
	j.t.Helper()
	c := j.opening(1)
	j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
	j.look()
	if why != "" {
		j.void(c, 1, why)
	}
	return c
}

func (j *jury) wantWhole(c engine.Campaign, what string, state verify.State) {
	j.t.Helper()
	if seen, plain := j.check(c); plain != nil || seen.Draws[0].State != state {
		j.t.Errorf("%s: the bundle: %v, %+v", what, plain, seen.Draws[0])
	}
}

// TestVoidAfterTheDraw hands a quorum's cosignatures in, made in time and kept, under a clock that went back behind the round, once the draw is drawn: a little, as
// when it is set right, and much.
func TestVoidAfterTheDraw(t *testing.T) {
	for _, back := range []time.Duration{2 * time.Second, time.Minute, 24 * time.Hour} {
		j := newJury(t)
		c := j.closed("ordered")
		kept := j.notes(j.now(), 0, 1)
		j.goTo(j.info(c, 1).RoundTime)
		j.pass(5*time.Second, time.Second)
		if d := j.info(c, 1); d.State != store.DrawDrawn {
			t.Fatalf("%+v", d)
		}
		back += 5 * time.Second
		j.jump(-back)
		_, err := j.AddCosignature(context.Background(), kept)
		wantReason(t, err, engine.CosignatureInvalid, "")
		j.jump(back)
		j.wantWhole(c, back.String()+" back", verify.StateDrawn)
	}
}

// TestVoidKept has the clock set back while the daemon is kept from the relays: as soon as it can ask one, and while the clock is known to have jumped, no kept
// cosignature is taken. Where neither is so the void counts, for all to see: THREAT_MODEL says who can bring that about.
func TestVoidKept(t *testing.T) {
	ctx := context.Background()
	for _, way := range []string{"relays", "jumped", "neither"} {
		j := newJury(t)
		c := j.closed("ordered")
		kept := j.notes(j.now(), 0, 1)
		j.beacon.away.Store(true)
		j.goTo(j.info(c, 1).RoundTime.Add(10 * time.Minute))
		j.look()
		_, err := j.AddCosignature(ctx, kept)
		wantReason(t, err, engine.CosignatureInvalid, "")
		j.jump(-11 * time.Minute)
		switch way {
		case "relays":
			j.beacon.away.Store(false)
			_, err = j.AddCosignature(ctx, kept)
			wantReason(t, err, engine.CosignatureInvalid, "")
		case "jumped":
			j.look()
			_, err = j.AddCosignature(ctx, kept)
			wantReason(t, err, engine.TooEarly, "")
		case "neither":
			must(j.AddCosignature(ctx, kept))(t)
		}
		j.beacon.away.Store(false)
		j.jump(11 * time.Minute)
		j.pass(15*time.Minute, time.Second)
		want := verify.StateDrawn
		if way == "neither" {
			want = verify.StateVoid
		}
		j.wantWhole(c, way, want)
	}
}

// TestVoidDeadEarly has the clock run ahead, by more than the days after which a beacon is dead: no relay has the round, as it is not due.
func TestVoidDeadEarly(t *testing.T) {
	ctx := context.Background()
	j := newJury(t)
	c := j.closed("")
	due := j.info(c, 1).RoundTime
	ahead := due.Add(31 * 24 * time.Hour).Sub(j.now())
	j.jump(ahead)
	_, err := j.RequestVoid(ctx, chen, c.ID, 1, "beacon-dead")
	wantReason(t, err, engine.TooEarly, "")
	j.beacon.away.Store(true) // nor if nobody can be asked, while the clock is known to have jumped
	j.look()
	_, err = j.RequestVoid(ctx, chen, c.ID, 1, "beacon-dead")
	wantReason(t, err, engine.TooEarly, "")
	j.beacon.away.Store(false)
	j.jump(-ahead)
	j.pass(15*time.Minute, time.Second)
	j.void(c, 1, "list-wrong") // a true one is still taken
	j.cosign(0, 1)
	j.goTo(due)
	j.pass(5*time.Second, time.Second)
	j.wantWhole(c, "a true void", verify.StateVoid)
}

// TestVoidDeadInTime draws beside a dead beacon's void that was logged early, while no relay could be asked, and counts by cosignatures from before the deadline.
func TestVoidDeadInTime(t *testing.T) {
	ctx := context.Background()
	j := newJury(t)
	c := j.closed("")
	due := j.info(c, 1).RoundTime
	ahead := due.Add(31 * 24 * time.Hour).Sub(j.now())
	j.beacon.away.Store(true)
	j.jump(ahead)
	j.void(c, 1, "beacon-dead")
	j.jump(-ahead)
	j.beacon.away.Store(false)
	j.cosign(0, 1)
	if d := j.info(c, 1); !d.Void {
		t.Fatalf("%+v", d)
	}
	j.goTo(due.Add(time.Second))
	j.pass(5*time.Second, time.Second)
	_, err := j.RunDraw(ctx, c.ID, 1)
	wantReason(t, err, engine.DrawState, "")
	j.wantWhole(c, "counts by the deadline", verify.StateVoid)
}

// TestVoidDeadBackdated hands cosignatures of a dead beacon's void in that say a time before the deadline: one must not make it count no more, two must not make it
// stand beside a result.
func TestVoidDeadBackdated(t *testing.T) {
	ctx := context.Background()
	j := newJury(t)
	c := j.closed("")
	early := j.now()
	j.beacon.away.Store(true)
	j.goTo(j.info(c, 1).RoundTime.Add(30 * 24 * time.Hour))
	j.void(c, 1, "beacon-dead")
	_, err := j.AddCosignature(ctx, j.notes(early, 0, 2))
	wantReason(t, err, engine.CosignatureInvalid, "")
	j.cosign(0, 2)
	for _, who := range [][]int{{0}, {2}, {0, 2}, {0, 1, 2}} {
		_, err := j.AddCosignature(ctx, j.notes(early, who...))
		wantReason(t, err, engine.CosignatureInvalid, "")
		if d := j.info(c, 1); !d.Void {
			t.Errorf("after %v: %+v", who, d)
		}
	}
	must(j.AddCosignature(ctx, j.notes(j.now(), 1)))(t) // one more of now is welcome
	j.wantWhole(c, "void", verify.StateVoid)
	j.beacon.away.Store(false)
	must(j.RunDraw(ctx, c.ID, 1))(t)
	j.wantWhole(c, "drawn after all", verify.StateDrawn)
}

// TestVoidHostage has custodians who do not want the void of one draw: they cosign after its deadline, which witnesses the list of a later draw, confirms nothing, and is
// too late for the draw itself.
func TestVoidHostage(t *testing.T) {
	j := newJury(t)
	c := j.opening(2)
	j.void(c, 1, "cancelled")
	j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
	j.look()
	j.goTo(j.info(c, 1).RoundTime.Add(time.Second))
	j.pass(5*time.Second, time.Second)
	j.cosign(0, 1)
	j.goTo(j.info(c, 2).RoundTime.Add(time.Second))
	j.pass(5*time.Second, time.Second)
	seen, plain := j.check(c)
	if plain != nil || seen.Draws[0].State != verify.StateDrawn || seen.Draws[0].InTime || seen.Draws[1].State != verify.StateDrawn || !seen.Draws[1].InTime {
		t.Errorf("%v, %+v", plain, seen.Draws)
	}
}
