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
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// amend has two persons put a draw off by so much.
func (j *jury) amend(c engine.Campaign, n int, by time.Duration) {
	j.t.Helper()
	ctx := context.Background()
	a := must(j.RequestAmend(ctx, chen, c.ID, n, j.info(c, n).RoundTime.Add(by)))(j.t)
	if a = must(j.Approve(ctx, lin, a.ID, a.Digest()))(j.t); a.State != store.ApprovalDone {
		j.t.Fatalf("approved: %+v", a)
	}
}

// closes goes to the end of objections and has the daemon close.
func (j *jury) closes(c engine.Campaign) {
	j.t.Helper()
	j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
	j.look()
	j.wantState(c, store.Closed)
}

// plain checks the bundle as everybody does.
func (j *jury) plain(c engine.Campaign) error {
	j.t.Helper()
	var b bytes.Buffer
	if err := j.WriteBundle(context.Background(), c.ID, &b); err != nil {
		j.t.Fatal(err)
	}
	_, err := verify.Bundle(must(verify.Tar(bytes.NewReader(b.Bytes()), int64(b.Len())))(j.t), verify.Options{})
	return err
}

// TestAmendRefusals tries what nobody may put off, or not so, or not alone. The mutant forgets who asked.
func TestAmendRefusals(t *testing.T) {
	t.Parallel()
	for _, mutant := range []bool{false, true} {
		j := newJury(t)
		if mutant {
			j.cfg.Registry = nameless{j.cfg.Registry}
			j.restart()
		}
		ctx := context.Background()
		c := j.opening(2)
		due := j.info(c, 1).RoundTime
		asked := must(j.RequestAmend(ctx, chen, c.ID, 1, due.Add(time.Hour)))(t)
		_, alone := j.Approve(ctx, engine.Actor{Token: "00000000000000d2", Label: "\uff23HEN.", Role: engine.RoleOfficer}, asked.ID, asked.Digest())
		if caught := alone == nil; caught != mutant {
			t.Errorf("mutant %v: put off alone: %v", mutant, alone)
		}
		if mutant {
			continue
		}
		if again := must(j.RequestAmend(ctx, lin, c.ID, 1, due.Add(time.Hour)))(t); again.ID != asked.ID {
			t.Error("asked for twice, and two approvals wait")
		}
		_, err := j.RequestAmend(ctx, lin, c.ID, 1, due.Add(time.Hour+3*time.Second))
		wantReason(t, err, engine.DrawState, "")
		_, err = j.Approve(ctx, wu, asked.ID, asked.Digest())
		wantReason(t, err, engine.RoleRefused, "")
		must(j.Withdraw(ctx, lin, asked.ID))(t)

		for what, at := range map[string]time.Time{
			"the same round": due, "the same round, a second before": due.Add(-time.Second), "an earlier one": due.Add(-24 * time.Hour), "no time": {}, "before the chain": time.Unix(0, 0),
			"behind the second draw": due.Add(2*time.Hour + time.Second), "far away": due.Add(91 * 24 * time.Hour), "in another age": time.Unix(1<<60, 0),
		} {
			if _, err := j.RequestAmend(ctx, chen, c.ID, 1, at); reason(err) != engine.FieldInvalid {
				t.Errorf("%s: %v", what, err)
			}
		}
		second := j.info(c, 2).RoundTime
		_, err = j.RequestAmend(ctx, chen, c.ID, 2, second.Add(90*24*time.Hour+time.Second))
		wantReason(t, err, engine.FieldInvalid, "draw_time")
		most := must(j.RequestAmend(ctx, chen, c.ID, 2, second.Add(90*24*time.Hour)))(t)
		must(j.Withdraw(ctx, chen, most.ID))(t)
		_, err = j.RequestAmend(ctx, chen, c.ID, 3, second.Add(time.Hour))
		wantReason(t, err, engine.DrawNotFound, "")
		draft := must(j.CreateCampaign(ctx, "a-draft-to-put-off", j.timed(), ""))(t)
		_, err = j.RequestAmend(ctx, chen, draft.ID, 1, second.Add(time.Hour))
		wantReason(t, err, engine.CampaignNotFound, "")
		j.SetJumped(true)
		_, err = j.RequestAmend(ctx, chen, c.ID, 1, due.Add(time.Hour))
		wantReason(t, err, engine.TooEarly, "")
		j.SetJumped(false)
		j.wantKinds(map[string]int{"open": 1})

		// What is declared void is not put off beside it; what was put off can be declared void, and put off no more.
		asked = must(j.RequestAmend(ctx, chen, c.ID, 2, second.Add(time.Hour)))(t)
		j.void(c, 2, "cancelled")
		_, err = j.Approve(ctx, lin, asked.ID, asked.Digest())
		wantReason(t, err, engine.DrawState, "")
		j.cosign(0, 1)
		_, err = j.RequestAmend(ctx, chen, c.ID, 2, second.Add(time.Hour))
		wantReason(t, err, engine.DrawState, "")
		j.amend(c, 1, 24*time.Hour) // the void draw is in nobody's way
		_, err = j.RequestAmend(ctx, chen, c.ID, 1, due.Add(48*time.Hour))
		wantReason(t, err, engine.DrawState, "")
		if !strings.Contains(err.Error(), "custodians have to cosign that before") {
			t.Error(err)
		}
		j.wantKinds(map[string]int{"open": 1, "void": 1, "amend": 1})
	}
}

// TestAmendKeepsTheOrder: a later draw with a longer margin has the earlier deadline, so that its amend can be missed while that of the first one counts.
func TestAmendKeepsTheOrder(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	r := j.timed()
	r.Custodians = j.custodians
	r.Draws = append(r.Draws, r.Draws[0])
	for i, hours := range []time.Duration{1, 3} {
		r.Draws[i].Margin, r.Draws[i].DrawTime = int64(hours)*3600, r.ObjectionsEnd.Add((4+time.Duration(i))*time.Hour)
	}
	c := j.open(r)
	j.amend(c, 2, 48*time.Hour)
	_, err := j.RequestAmend(t.Context(), chen, c.ID, 1, j.info(c, 1).RoundTime.Add(24*time.Hour))
	wantReason(t, err, engine.FieldInvalid, "draw_time")
	j.cosign(0, 1)
	j.amend(c, 1, 24*time.Hour)
}

// TestAmendInTime puts a draw off before the close, has custodians confirm that, and puts it off once more after the close; everything goes by the round in force.
func TestAmendInTime(t *testing.T) { t.Parallel(); newJury(t).amendInTime(t) }

func (j *jury) amendInTime(t *testing.T) {
	ctx := context.Background()
	c := j.opening(1)
	due := j.info(c, 1).RoundTime
	j.amend(c, 1, 24*time.Hour)
	wantAmend := func(what string, at, waits time.Time, by int) {
		t.Helper()
		d := j.info(c, 1)
		if !d.RoundTime.Equal(at) || (d.Amend != nil) != !waits.IsZero() || d.Amend != nil && (!d.Amend.Time.Equal(waits) || !d.Amend.Deadline.Equal(at.Add(-time.Hour)) || len(d.Amend.By) != by) {
			t.Errorf("%s: %+v, %+v", what, d, d.Amend)
		}
		if d.StatedTime.IsZero() != at.Equal(due) || !d.StatedTime.IsZero() && !d.StatedTime.Equal(due) {
			t.Errorf("%s: stated %v", what, d.StatedTime)
		}
	}
	wantAmend("logged", due, due.Add(24*time.Hour), 0)
	if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoAmend}) {
		t.Errorf("to do: %v", got)
	}
	if seen, plain := j.check(c); plain != nil || seen.Draws[0].Amended || !seen.Draws[0].RoundTime.Equal(due) || seen.Draws[0].Amending == 0 {
		t.Errorf("before it is cosigned: %v, %+v", plain, seen.Draws[0])
	}
	j.cosign(0)
	wantAmend("one custodian", due, due.Add(24*time.Hour), 1)
	j.cosign(1)
	wantAmend("two", due.Add(24*time.Hour), time.Time{}, 0)
	if seen, plain := j.check(c); plain != nil || !seen.Draws[0].Amended || seen.Draws[0].Amending != 0 {
		t.Errorf("once it is cosigned: %v, %+v", plain, seen.Draws[0])
	}

	j.closes(c)
	j.goTo(due.Add(time.Hour)) // the old round comes out, and nothing happens
	j.pass(5*time.Second, time.Second)
	_, err := j.RunDraw(ctx, c.ID, 1)
	wantReason(t, err, engine.RoundNotYet, "")
	if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoCosign, engine.TodoDraw}) {
		t.Errorf("to do after the old round: %v", got)
	}
	j.goTo(due.Add(24*time.Hour - 2*time.Hour - time.Second)) // the last moment
	j.amend(c, 1, 48*time.Hour)
	wantAmend("again", due.Add(24*time.Hour), due.Add(72*time.Hour), 0)
	j.restart() // what is in force is read from the log
	j.cosign(1, 2)
	wantAmend("twice", due.Add(72*time.Hour), time.Time{}, 0)
	if d := j.info(c, 1); len(d.CosignedBy) != 2 {
		t.Errorf("the close was cosigned with the amend, long before the new deadline: %+v", d)
	}
	j.goTo(due.Add(72*time.Hour - 2*time.Second))
	j.look()
	j.wantKinds(map[string]int{"open": 1, "amend": 2, "close": 1})
	j.pass(5*time.Second, time.Second)
	j.wantKinds(map[string]int{"open": 1, "amend": 2, "close": 1, "result": 1})
	d := j.info(c, 1)
	if result := must(j.rooms.Registry.LogRecords(ctx, 4, 1))(t)[0]; d.State != store.DrawDrawn || !strings.Contains(string(result), fmt.Sprintf("\nsignature %x\n", j.beacon.Sign(d.Round))) {
		t.Errorf("%+v\n%s", d, result)
	}
	if seen, plain := j.check(c); plain != nil || seen.Draws[0].State != verify.StateDrawn || !seen.Draws[0].InTime {
		t.Errorf("drawn: %v, %+v", plain, seen.Draws[0])
	}
	_, err = j.RequestAmend(ctx, chen, c.ID, 1, due.Add(100*time.Hour))
	wantReason(t, err, engine.DrawState, "")

	// Retention counts from the round that was drawn by.
	at := due.Add(72 * time.Hour).Add(37 * 24 * time.Hour)
	j.goTo(at.Add(-2 * time.Second))
	j.look()
	j.wantState(c, store.Closed)
	j.pass(2*time.Minute, time.Second)
	j.wantState(c, store.Erased)
	if _, plain := j.check(c); plain != nil {
		t.Error(plain)
	}
}

// TestAmendOfAll puts all draws off, the last one first, though custodians confirm them together; and one that is logged behind waits for nobody.
func TestAmendOfAll(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	c := j.opening(2)
	first, second := j.info(c, 1).RoundTime, j.info(c, 2).RoundTime
	j.amend(c, 2, 48*time.Hour)
	j.amend(c, 1, 47*time.Hour)
	j.cosign(0, 1)
	if a, b := j.info(c, 1).RoundTime, j.info(c, 2).RoundTime; !a.Equal(first.Add(47*time.Hour)) || !b.Equal(second.Add(48*time.Hour)) {
		t.Errorf("%v, %v", a, b)
	}
}

// TestAmendNotCosigned lets the deadline of an amend pass: the draw is held at its round, loudly. A cosignature made in time counts if it is handed in before the round, and
// is refused afterwards, drawn or not; a registry into which it gets all the same fails for ever.
func TestAmendNotCosigned(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		j := newJury(t)
		ctx := context.Background()
		c := j.opening(1)
		j.closes(c)
		j.amend(c, 1, 24*time.Hour)
		j.cosign(0)
		kept := j.note(1, j.now())
		due := j.info(c, 1).RoundTime
		j.goTo(due.Add(-time.Hour + time.Second))
		j.look()
		if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoCosign, engine.TodoAmendMissed}) {
			t.Errorf("to do after the deadline: %v", got)
		}
		if !strings.Contains(j.errs.String(), "the draw is held at the round that was in force; tell the public") {
			t.Errorf("the daemon's log says nothing:\n%s", j.errs.String())
		}
		_, err := j.RequestAmend(ctx, chen, c.ID, 1, due.Add(30*time.Hour))
		wantReason(t, err, engine.TooLate, "")
		if !late {
			must(j.AddCosignature(ctx, kept))(t)
			if d := j.info(c, 1); !d.RoundTime.Equal(due.Add(24 * time.Hour)) {
				t.Errorf("handed in before the round: %+v", d)
			}
			j.goTo(due)
			j.pass(5*time.Second, time.Second)
			j.wantKinds(map[string]int{"open": 1, "amend": 1, "close": 1})
			continue
		}
		j.goTo(due)
		_, err = j.AddCosignature(ctx, kept) // the round is out, and not drawn yet
		wantReason(t, err, engine.CosignatureInvalid, "")
		j.pass(5*time.Second, time.Second)
		j.wantKinds(map[string]int{"open": 1, "amend": 1, "close": 1, "result": 1})
		if d := j.info(c, 1); d.State != store.DrawDrawn || !d.RoundTime.Equal(due) || d.Amend == nil {
			t.Errorf("%+v", d)
		}
		_, err = j.AddCosignature(ctx, kept)
		wantReason(t, err, engine.CosignatureInvalid, "")
		if !strings.Contains(fmt.Sprint(err), "would confirm that draw 1 of "+c.Slug+" is put off, but its round has come") {
			t.Error(err)
		}
		must(j.AddCosignature(ctx, j.note(1, j.now())))(t) // one of now confirms nothing, and is welcome
		if _, plain := j.check(c); plain != nil {
			t.Error(plain)
		}
		given := must(ledger.VerifyCheckpoint(j.Installation().LogKey, kept))(t)
		stored := must(j.rooms.Registry.Checkpoint(ctx, given.Size))(t)
		if err := j.rooms.Registry.SwapCheckpoint(ctx, given.Size, stored, kept); err != nil {
			t.Fatal(err)
		}
		if err := j.plain(c); err == nil || !strings.Contains(err.Error(), "step 9 beacon") {
			t.Errorf("what the refusal keeps out does no harm: %v", err)
		}
	}
}

// TestAmendDeadline has a quorum cosign an amend at the last second of its deadline, and one of them a second later.
func TestAmendDeadline(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, time.Second} {
		j := newJury(t)
		j.cfg.Now = j.now // stands still at that second
		j.restart()
		c := j.opening(1)
		due := j.info(c, 1).RoundTime
		j.closes(c)
		j.amend(c, 1, time.Hour)
		j.goTo(due.Add(-time.Hour))
		j.cosign(0)
		j.move(late)
		j.cosign(1)
		if d := j.info(c, 1); d.RoundTime.Equal(due) != (late > 0) || (d.Amend != nil) != (late > 0) {
			t.Errorf("a cosignature %v late puts a draw off to %v, %+v", late, d.RoundTime, d.Amend)
		}
	}
}

// TestAmendAfterTheRound hands in kept cosignatures of a quorum under a clock that went back behind the round: once the draw is drawn; while no relay could be asked; while the
// clock is known to have jumped. Where none of that holds the amend counts, for all to see: THREAT_MODEL says who can bring that about.
func TestAmendAfterTheRound(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, way := range []string{"drawn", "relays", "jumped", "neither"} {
		j := newJury(t)
		c := j.opening(1)
		j.closes(c)
		due := j.info(c, 1).RoundTime
		j.amend(c, 1, 24*time.Hour)
		kept := j.notes(j.now(), 0, 1)
		j.beacon.away.Store(way != "drawn")
		j.goTo(due.Add(10 * time.Minute))
		j.look()
		_, err := j.AddCosignature(ctx, kept)
		wantReason(t, err, engine.CosignatureInvalid, "")
		j.jump(-11 * time.Minute)
		j.beacon.away.Store(way == "jumped" || way == "neither")
		want := due
		switch way {
		case "drawn", "relays":
			_, err = j.AddCosignature(ctx, kept)
			wantReason(t, err, engine.CosignatureInvalid, "")
		case "jumped":
			j.look()
			_, err = j.AddCosignature(ctx, kept)
			wantReason(t, err, engine.TooEarly, "")
		case "neither":
			must(j.AddCosignature(ctx, kept))(t)
			want = due.Add(24 * time.Hour)
		}
		j.beacon.away.Store(false)
		j.jump(11 * time.Minute)
		j.pass(15*time.Minute, 5*time.Second)
		j.goTo(want.Add(time.Second))
		j.pass(2*time.Minute, 5*time.Second)
		j.wantWhole(c, way, verify.StateDrawn)
		if d := j.info(c, 1); !d.RoundTime.Equal(want) {
			t.Errorf("%s: %+v", way, d)
		}
	}
}

// TestAmendMovesAVoid declares a draw void that is being put off: the void's deadline is that of the round in force in the end.
func TestAmendMovesAVoid(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	c := j.opening(1)
	due := j.info(c, 1).RoundTime
	j.closes(c)
	j.amend(c, 1, 24*time.Hour)
	alone := j.notes(j.now(), 0, 1) // of before the void
	j.void(c, 1, "ordered")
	if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoVoid}) {
		t.Errorf("to do: %v", got)
	}
	must(j.AddCosignature(context.Background(), alone))(t)
	j.goTo(due.Add(time.Hour))
	j.look()
	if d := j.info(c, 1); d.Void || !d.VoidDeadline.Equal(due.Add(23*time.Hour)) {
		t.Errorf("%+v", d)
	}
	j.cosign(0, 1)
	if d := j.info(c, 1); !d.Void {
		t.Errorf("%+v", d)
	}
	j.wantWhole(c, "void at the later round", verify.StateVoid)
}

// TestAmendCutOff kills the daemon at each step of an amend that was approved: it is carried on, logged once, and the trail says so.
func TestAmendCutOff(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	seen := map[string]bool{}
	for n := 1; n < 50; n++ {
		j := newJury(t)
		c := j.opening(1)
		due := j.info(c, 1).RoundTime
		asked := must(j.RequestAmend(ctx, chen, c.ID, 1, due.Add(time.Hour)))(t)
		count, died := 0, ""
		j.SetStep(func(name string) {
			if count++; count == n {
				panic(crash{name})
			}
		})
		func() {
			defer func() {
				if r := recover(); r != nil {
					died = r.(crash).step
				}
			}()
			must(j.Approve(ctx, lin, asked.ID, asked.Digest()))(t)
		}()
		j.SetStep(nil)
		if died == "" {
			if !seen["approved"] || !seen["amend chosen"] || !seen["appended"] || !seen["signed"] || !seen["carried out"] {
				t.Errorf("only cut off at %v", seen)
			}
			return
		}
		seen[died] = true
		j.restart()
		j.move(31 * time.Second)
		j.Work(ctx)
		j.Work(ctx)
		if a := must(j.Approval(ctx, asked.ID))(t); a.State != store.ApprovalDone {
			t.Errorf("killed at %q: approval %d, %s", died, a.State, a.Outcome)
		}
		j.wantKinds(map[string]int{"open": 1, "amend": 1})
		if rows, open := j.daemonRows(); rows["ApprovalService/Approve "+trail.OK] != 1 || open != 0 {
			t.Errorf("killed at %q: the trail: %v, %d open", died, rows, open)
		}
		j.cosign(0, 1)
		if d := j.info(c, 1); !d.RoundTime.Equal(due.Add(time.Hour)) {
			t.Errorf("killed at %q: %+v", died, d)
		}
	}
	t.Error("it never ends")
}

// TestAmendCarriedOnTooLate kills the daemon between approval and log, and has it come back a second after custodians could still have cosigned the amend.
func TestAmendCarriedOnTooLate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	j := newJury(t)
	c := j.opening(1)
	due := j.info(c, 1).RoundTime
	j.closes(c)
	j.goTo(due.Add(-2*time.Hour - time.Second))
	asked := must(j.RequestAmend(ctx, chen, c.ID, 1, due.Add(time.Hour)))(t)
	if !asked.Expires.Equal(due.Add(-2*time.Hour + time.Second)) {
		t.Errorf("waits until %v", asked.Expires)
	}
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
	j.move(time.Minute)
	j.Work(ctx)
	if a := must(j.Approval(ctx, asked.ID))(t); a.State != store.ApprovalLapsed || !strings.Contains(a.Outcome, "it is held at its round") {
		t.Errorf("%+v", a)
	}
	j.wantKinds(map[string]int{"open": 1, "close": 1})
}

// TestAmendLoggedOnce stops an engine that has decided to log an amend, and lets another one log the same one, another one, or the result. The mutant appends it all the same.
func TestAmendLoggedOnce(t *testing.T) {
	t.Parallel()
	for _, forced := range []bool{false, true} {
		if twice := newJury(t).amendTwice(t, forced); twice != forced {
			t.Errorf("mutant %v: logged twice: %v", forced, twice)
		}
	}
}

// TestAmendOnPostgres tells both stories on the other engine of the rooms.
func TestAmendOnPostgres(t *testing.T) {
	on := onPostgres(t)
	fresh := func() *jury {
		dir := t.TempDir()
		return newJuryOn(t, newWorldIn(t, dir, on.rooms(t, dir)))
	}
	fresh().amendInTime(t)
	if fresh().amendTwice(t, false) {
		t.Error("logged twice")
	}
}

// amendTwice has two engines carry two approvals out, the first of which was stopped when it was about to, and tells whether both logged theirs.
func (j *jury) amendTwice(t *testing.T, forced bool) bool {
	ctx := context.Background()
	c := j.opening(1)
	due := j.info(c, 1).RoundTime
	other := j.beside()
	if forced {
		j.cfg.Registry = forcedRegistry{j.rooms.Registry}
		j.restart()
	}
	asked := must(j.RequestAmend(ctx, chen, c.ID, 1, due.Add(time.Hour)))(t)
	stopped, resume := j.stopAt("amend chosen", 1)
	ended := make(chan error, 1)
	go func() { _, err := j.Approve(ctx, lin, asked.ID, asked.Digest()); ended <- err }()
	<-stopped
	must(other.Approve(ctx, lin, asked.ID, asked.Digest()))(t)
	resume()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return j.kinds()["amend"] > 1
}

// TestAmendNotBehindAResult stops an engine that is about to log an amend, by a clock that went back, until another one has logged the result: behind it an amend would make the log fail for
// ever. The mutant appends it all the same.
func TestAmendNotBehindAResult(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, forced := range []bool{false, true} {
		j := newJury(t)
		c := j.opening(1)
		due := j.info(c, 1).RoundTime
		j.closes(c)
		other := j.beside()
		if forced {
			j.cfg.Registry = forcedRegistry{j.rooms.Registry}
			j.restart()
		}
		asked := must(j.RequestAmend(ctx, chen, c.ID, 1, due.Add(time.Hour)))(t)
		stopped, resume := j.stopAt("amend chosen", 1)
		ended := make(chan error, 1)
		go func() { _, err := j.Approve(ctx, lin, asked.ID, asked.Digest()); ended <- err }()
		<-stopped
		j.goTo(due.Add(time.Second))
		must(other.RunDraw(ctx, c.ID, 1))(t)
		resume()
		err := <-ended
		plain := j.plain(c)
		if right := reason(err) == engine.DrawState && plain == nil; right == forced {
			t.Errorf("mutant %v: %v; the bundle: %v", forced, err, plain)
		}
	}
}
