package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/crypto/trail"
	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// nameless is a registry that forgets who asked: with it an engine takes one person for two.
type nameless struct{ store.Registry }

func (r nameless) Approval(ctx context.Context, id [16]byte) (store.Approval, error) {
	a, err := r.Registry.Approval(ctx, id)
	a.Requester.Label, a.Requester.Token = "", "0000000000000000"
	return a, err
}

// TestVoidTakesTwo tries to have a draw voided by one person, however they call themselves. The mutant forgets who asked.
func TestVoidTakesTwo(t *testing.T) {
	for _, mutant := range []bool{false, true} {
		j := newJury(t)
		if mutant {
			j.cfg.Registry = nameless{j.cfg.Registry}
			j.restart()
		}
		ctx := context.Background()
		c := j.opening(1)
		asked := must(j.RequestVoid(ctx, chen, c.ID, 1, "cancelled"))(t)
		if again := must(j.RequestVoid(ctx, lin, c.ID, 1, "cancelled"))(t); again.ID != asked.ID {
			t.Error("asked for twice, and two approvals wait")
		}
		alone := 0
		for _, by := range []engine.Actor{chen, {Token: "00000000000000d1", Label: " chen", Role: engine.RoleOfficer}, {Token: "00000000000000d2", Label: "\uff23HEN.", Role: engine.RoleOfficer}} {
			_, err := j.Approve(ctx, by, asked.ID, asked.Digest())
			if err == nil {
				alone++
				break
			}
			wantReason(t, err, engine.ApprovalSelf, "")
		}
		if caught := alone > 0; caught != mutant {
			t.Errorf("mutant %v: voided alone: %v", mutant, caught)
		}
		if mutant {
			continue
		}
		other := asked.Digest()
		other[0] ^= 1
		for name, x := range map[string]struct {
			by     engine.Actor
			digest [32]byte
			want   engine.Reason
		}{
			"a notifier": {wu, asked.Digest(), engine.RoleRefused}, "an editor": {editor, asked.Digest(), engine.RoleRefused},
			"another act than was shown": {lin, other, engine.ApprovalChanged},
		} {
			if _, err := j.Approve(ctx, x.by, asked.ID, x.digest); reason(err) != x.want {
				t.Errorf("approved by %s: %v, want %s", name, err, x.want)
			}
		}
		j.wantKinds(map[string]int{"open": 1})
		must(j.Approve(ctx, lin, asked.ID, asked.Digest()))(t)
		j.wantKinds(map[string]int{"open": 1, "void": 1})
		records := must(j.rooms.Registry.LogRecords(ctx, 1, 1))(t)
		if !strings.Contains(string(asked.Act), "record "+draw.HashOf(records[0]).String()+"\n") || !strings.Contains(string(records[0]), "draw 1\nreason cancelled\n") {
			t.Errorf("what was asked for:\n%s\nwhat was logged:\n%s", asked.Act, records[0])
		}
		_, err := j.RequestVoid(ctx, chen, c.ID, 1, "ordered")
		wantReason(t, err, engine.DrawState, "")
		_, err = j.RequestVoid(ctx, chen, c.ID, 1, "regret")
		wantReason(t, err, engine.FieldInvalid, "reason")
		_, err = j.RequestVoid(ctx, chen, c.ID, 2, "ordered")
		wantReason(t, err, engine.DrawNotFound, "")
		draft := must(j.CreateCampaign(ctx, "a-draft", j.timed(), ""))(t)
		_, err = j.RequestVoid(ctx, chen, draft.ID, 1, "ordered")
		wantReason(t, err, engine.CampaignNotFound, "")
	}
}

// TestVoidAskedForOnce asks for the void of one draw with two reasons: of two that wait one would be approved unseen beside the other.
func TestVoidAskedForOnce(t *testing.T) {
	j := newJury(t)
	ctx := context.Background()
	c := j.opening(2)
	first := must(j.RequestVoid(ctx, chen, c.ID, 1, "cancelled"))(t)
	_, err := j.RequestVoid(ctx, lin, c.ID, 1, "ordered")
	wantReason(t, err, engine.DrawState, "")
	if !strings.Contains(err.Error(), fmt.Sprintf("(cancelled): approve that (%x)", first.ID[:])) {
		t.Error(err)
	}
	must(j.RequestVoid(ctx, lin, c.ID, 2, "ordered"))(t) // of the other draw
	must(j.Withdraw(ctx, lin, first.ID))(t)
	second := must(j.RequestVoid(ctx, lin, c.ID, 1, "ordered"))(t)
	j.goTo(second.Expires) // one that waited too long is in nobody's way
	if _, err := j.RequestVoid(ctx, chen, c.ID, 1, "cancelled"); reason(err) == engine.DrawState {
		t.Error(err)
	}
}

// TestVoidOfOneDraw voids the first draw of two before the close: the campaign closes on time, custodians confirm the void with the close, and the second
// draw goes its way to the erasure.
func TestVoidOfOneDraw(t *testing.T) { newJury(t).voidOfOneDraw(t) }

func (j *jury) voidOfOneDraw(t *testing.T) {
	ctx := context.Background()
	c := j.opening(2)
	j.void(c, 1, "rules-broken")
	if seen, plain := j.check(c); plain == nil || seen.Draws[0].Voiding != "rules-broken" || seen.Draws[0].State != verify.StateOpen {
		t.Errorf("before it is cosigned: %v, %+v", plain, seen.Draws[0])
	}
	if d := j.info(c, 1); d.Void || d.VoidReason != "rules-broken" || !d.VoidDeadline.Equal(d.RoundTime.Add(-time.Hour)) {
		t.Errorf("%+v", d)
	}
	if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoVoid}) {
		t.Errorf("to do: %v", got)
	}
	j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
	j.look()
	j.wantState(c, store.Closed)
	j.wantKinds(map[string]int{"open": 1, "void": 1, "close": 2})
	j.cosign(0)
	if d := j.info(c, 1); d.Void || len(d.VoidBy) != 1 {
		t.Errorf("one custodian is enough: %+v", d)
	}
	j.cosign(1)
	if d := j.info(c, 1); !d.Void || len(d.VoidBy) != 2 {
		t.Errorf("cosigned: %+v", d)
	}
	if d := j.info(c, 2); d.Void || d.VoidReason != "" {
		t.Errorf("the other draw: %+v", d)
	}
	if seen, plain := j.check(c); plain != nil || seen.Draws[0].State != verify.StateVoid || seen.Draws[1].State != verify.StateClosed {
		t.Errorf("once it is cosigned: %v, %+v", plain, seen.Draws)
	}
	if got := j.todo(1); len(got) != 0 {
		t.Errorf("to do of a void draw: %v", got)
	}
	_, err := j.RequestVoid(ctx, chen, c.ID, 1, "ordered")
	wantReason(t, err, engine.DrawState, "")
	for _, n := range []int{1, 2} {
		j.goTo(j.info(c, n).RoundTime.Add(time.Second))
		j.pass(5*time.Second, time.Second)
		_, err := j.RunDraw(ctx, c.ID, 1)
		wantReason(t, err, engine.DrawState, "")
	}
	_, _, err = j.PrepareRelease(ctx, wu, c.ID, 1, engine.ReleaseOf{Purpose: engine.PurposeNotice, AcceptUnproven: true})
	wantReason(t, err, engine.DrawState, "")
	_, err = j.ReplaceWinner(ctx, c.ID, 1, 1, 1, "late")
	wantReason(t, err, engine.DrawState, "")
	if d := j.info(c, 2); d.State != store.DrawDrawn || len(d.Seats) == 0 {
		t.Fatalf("the other draw: %+v\n%s", d, j.errs.String())
	}
	j.wantKinds(map[string]int{"open": 1, "void": 1, "close": 2, "result": 1})
	if rows := must(j.rooms.Registry.Jobs(ctx))(t); len(rows) != 0 {
		t.Errorf("jobs are left: %+v", rows)
	}
	at := j.info(c, 2).RoundTime.Add(37 * 24 * time.Hour)
	j.goTo(at.Add(-2 * time.Second))
	j.look()
	j.wantState(c, store.Closed)
	j.pass(2*time.Minute, time.Second)
	j.wantState(c, store.Erased)
	if _, plain := j.check(c); plain != nil {
		t.Error(plain)
	}
	rows, _ := j.daemonRows()
	if rows["DrawService/RunDraw "+trail.Begun] != 1 {
		t.Errorf("the trail: %v", rows)
	}
}

// TestVoidOfTheOnlyDraw has the only draw voided, before its close and after it: the campaign is settled then, and erased on the timetable, without a claim period.
func TestVoidOfTheOnlyDraw(t *testing.T) {
	for _, after := range []bool{false, true} {
		j := newJury(t)
		c := j.opening(1)
		closes := func() {
			j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
			j.look()
			j.wantState(c, store.Closed)
		}
		if after {
			closes()
			j.cosign(0, 1) // the close alone
			j.move(time.Hour)
		}
		j.void(c, 1, "list-wrong")
		if d := j.info(c, 1); d.Void || len(d.VoidBy) != 0 {
			t.Errorf("after %v: cosignatures of before it count: %+v", after, d)
		}
		j.cosign(1, 2)
		if d := j.info(c, 1); !d.Void {
			t.Errorf("after %v: %+v", after, d)
		}
		if !after {
			closes()
		}
		if seen, plain := j.check(c); plain != nil || seen.Draws[0].State != verify.StateVoid || seen.Draws[0].Close == nil {
			t.Errorf("after %v: %v", after, plain)
		}
		at := j.info(c, 1).RoundTime.Add(30 * 24 * time.Hour)
		j.goTo(at.Add(-2 * time.Second))
		j.look()
		j.wantState(c, store.Closed)
		j.pass(2*time.Minute, time.Second)
		j.wantState(c, store.Erased)
		j.wantKinds(map[string]int{"open": 1, "void": 1, "close": 1, "erased": 1})
	}
}

// TestVoidNotCosigned lets the deadline of a void pass: a result is owed and comes by itself, loudly. A cosignature made in time counts if it is handed in before the
// round, and is refused afterwards; a registry into which it gets all the same fails for ever.
func TestVoidNotCosigned(t *testing.T) {
	for _, late := range []bool{false, true} {
		j := newJury(t)
		ctx := context.Background()
		c := j.opening(1)
		j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
		j.look()
		j.void(c, 1, "ordered")
		if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoVoid}) {
			t.Errorf("to do: %v", got)
		}
		j.cosign(0)
		kept := j.note(1, j.now())
		due := j.info(c, 1).RoundTime
		j.goTo(due.Add(-time.Hour + time.Second))
		j.look()
		if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoCosign, engine.TodoVoidMissed}) {
			t.Errorf("to do after the deadline: %v", got)
		}
		if !strings.Contains(j.errs.String(), "custodians did not cosign it in time: a result is owed") {
			t.Errorf("the daemon's log says nothing:\n%s", j.errs.String())
		}
		if seen, plain := j.check(c); plain == nil || seen.Draws[0].Missed != "ordered" {
			t.Errorf("after the deadline: %v", plain)
		}
		if !late {
			must(j.AddCosignature(ctx, kept))(t)
			if d := j.info(c, 1); !d.Void {
				t.Errorf("handed in before the round: %+v", d)
			}
			j.goTo(due)
			j.pass(5*time.Second, time.Second)
			j.wantKinds(map[string]int{"open": 1, "void": 1, "close": 1})
			continue
		}
		j.goTo(due)
		if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoVoidMissed}) {
			t.Errorf("to do at the round: %v", got)
		}
		_, err := j.AddCosignature(ctx, kept) // the round is out, and not drawn yet
		wantReason(t, err, engine.CosignatureInvalid, "")
		j.pass(5*time.Second, time.Second)
		j.wantKinds(map[string]int{"open": 1, "void": 1, "close": 1, "result": 1})
		if d := j.info(c, 1); d.State != store.DrawDrawn || d.Void || d.VoidReason != "ordered" || len(d.Seats) == 0 {
			t.Errorf("%+v", d)
		}
		_, err = j.AddCosignature(ctx, kept)
		wantReason(t, err, engine.CosignatureInvalid, "")
		must(j.AddCosignature(ctx, j.note(1, j.now())))(t) // one of now confirms nothing, and is welcome
		if _, plain := j.check(c); plain != nil {
			t.Error(plain)
		}
		given := must(ledger.VerifyCheckpoint(j.Installation().LogKey, kept))(t)
		stored := must(j.rooms.Registry.Checkpoint(ctx, given.Size))(t)
		if err := j.rooms.Registry.SwapCheckpoint(ctx, given.Size, stored, kept); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := j.WriteBundle(ctx, c.ID, &b); err != nil {
			t.Fatal(err)
		}
		files := must(verify.Tar(bytes.NewReader(b.Bytes()), int64(b.Len())))(t)
		if _, err := verify.Bundle(files, verify.Options{}); err == nil || !strings.Contains(err.Error(), "a result beside a void that counts") {
			t.Errorf("what the refusal keeps out does no harm: %v", err)
		}
	}
}

// TestVoidTooLate asks for a void, approves it, and has it carried on after a kill, each a second after custodians could still have cosigned it.
func TestVoidTooLate(t *testing.T) {
	ctx := context.Background()
	for _, at := range []string{"asked", "approved", "carried on"} {
		j := newJury(t)
		j.cfg.Now = j.now // stands still at the last moment
		j.restart()
		c := j.opening(1)
		last := j.info(c, 1).RoundTime.Add(-2 * time.Hour)
		j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
		j.look()
		j.goTo(last)
		asked := must(j.RequestVoid(ctx, chen, c.ID, 1, "cancelled"))(t)
		if at == "carried on" {
			j.SetStep(func(name string) {
				if name == "approved" {
					panic("cut")
				}
			})
			func() {
				defer func() { recover() }()
				j.Approve(ctx, lin, asked.ID, asked.Digest())
				t.Error("was not cut off")
			}()
			j.SetStep(nil)
			j.restart()
		}
		j.move(time.Second)
		switch at {
		case "asked":
			_, err := j.RequestVoid(ctx, lin, c.ID, 1, "ordered")
			wantReason(t, err, engine.TooLate, "")
			continue
		case "approved":
			for range 2 { // days later it is no use either to ask for it again
				_, err := j.Approve(ctx, lin, asked.ID, asked.Digest())
				wantReason(t, err, engine.TooLate, "")
				j.move(4 * 24 * time.Hour)
			}
		case "carried on":
			j.move(time.Minute)
			j.Work(ctx)
		}
		a := must(j.Approval(ctx, asked.ID))(t)
		if at == "approved" && (!a.Expired || !a.Expires.Equal(last.Add(time.Second))) {
			t.Errorf("waits on until %v, want %v", a.Expires, last)
		}
		if at == "carried on" && (a.State != store.ApprovalLapsed || !strings.Contains(a.Outcome, "a result is owed")) {
			t.Errorf("%s too late: %+v", at, a)
		}
		j.wantKinds(map[string]int{"open": 1, "close": 1})
	}
}

// TestVoidBeaconDead waits for a round that does not come. Only after the days of the rules is its beacon dead, and only while nobody has the round.
func TestVoidBeaconDead(t *testing.T) {
	j := newJury(t)
	ctx := context.Background()
	c := j.opening(2)
	j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
	j.look()
	j.beacon.away.Store(true)
	_, err := j.RequestVoid(ctx, chen, c.ID, 1, "beacon-dead")
	wantReason(t, err, engine.TooEarly, "")
	dead := j.info(c, 1).RoundTime.Add(30 * 24 * time.Hour)
	j.goTo(dead.Add(-time.Second))
	_, err = j.RequestVoid(ctx, chen, c.ID, 1, "beacon-dead")
	wantReason(t, err, engine.TooEarly, "")
	j.move(time.Second)
	_, err = j.RequestVoid(ctx, chen, c.ID, 1, "cancelled")
	wantReason(t, err, engine.TooLate, "")
	j.beacon.away.Store(false)
	_, err = j.RequestVoid(ctx, chen, c.ID, 1, "beacon-dead")
	wantReason(t, err, engine.DrawState, "")
	j.beacon.away.Store(true)
	asked := must(j.RequestVoid(ctx, chen, c.ID, 1, "beacon-dead"))(t)
	j.beacon.away.Store(false) // it comes before the second person looks
	_, err = j.Approve(ctx, lin, asked.ID, asked.Digest())
	wantReason(t, err, engine.DrawState, "")
	j.beacon.away.Store(true)
	j.wantKinds(map[string]int{"open": 1, "close": 2})

	j.void(c, 1, "beacon-dead")
	if got := j.todo(1); !slices.Contains(got, engine.TodoVoid) || !slices.Contains(got, engine.TodoDraw) {
		t.Errorf("to do: %v", got)
	}
	if seen, plain := j.check(c); plain == nil || seen.Draws[0].Voiding != "beacon-dead" {
		t.Errorf("before it is cosigned: %v, %+v", plain, seen.Draws[0])
	}
	j.cosign(0, 2)
	if d := j.info(c, 1); !d.Void || !d.VoidDeadline.IsZero() {
		t.Errorf("%+v", d)
	}
	if got := j.todo(1); len(got) != 0 {
		t.Errorf("to do of a void draw: %v", got)
	}
	_, err = j.RunDraw(ctx, c.ID, 1)
	wantReason(t, err, engine.DrawState, "")
	j.pass(2*time.Minute, time.Second) // no job tries it
	j.move(time.Hour * 2)              // the second draw's days are over too
	j.void(c, 2, "beacon-dead")
	j.cosign(0, 2)
	if _, plain := j.check(c); plain != nil {
		t.Error(plain)
	}
	j.pass(2*time.Minute, time.Second)
	j.wantState(c, store.Closed) // its envelopes are kept for the days of retention from then on
	if rows := must(j.rooms.Registry.Jobs(ctx))(t); len(rows) != 0 {
		t.Errorf("jobs are left: %+v", rows)
	}

	j.beacon.away.Store(false) // after all: then the void is refuted, and an officer draws
	if d := must(j.RunDraw(ctx, c.ID, 1))(t); d.State != store.DrawDrawn || d.Void {
		t.Errorf("%+v", d)
	}
	if seen, plain := j.check(c); plain != nil || seen.Draws[0].State != verify.StateDrawn || seen.Draws[1].State != verify.StateVoid {
		t.Errorf("drawn after all: %v, %+v", plain, seen.Draws)
	}
}
