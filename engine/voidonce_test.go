package engine_test

import (
	"context"
	"testing"
	"time"

	"fairlot/crypto/trail"
	"fairlot/store"
)

// TestVoidCutOff kills the daemon at each step of a void that was approved: it is carried on, logged once, and the trail says so.
func TestVoidCutOff(t *testing.T) {
	ctx := context.Background()
	seen := map[string]bool{}
	for n := 1; n < 50; n++ {
		j := newJury(t)
		c := j.opening(1)
		asked := must(j.RequestVoid(ctx, chen, c.ID, 1, "cancelled"))(t)
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
			if !seen["approved"] || !seen["void chosen"] || !seen["appended"] || !seen["signed"] || !seen["carried out"] {
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
		j.wantKinds(map[string]int{"open": 1, "void": 1})
		if rows, open := j.daemonRows(); rows["ApprovalService/Approve "+trail.OK] != 1 || open != 0 {
			t.Errorf("killed at %q: the trail: %v, %d open", died, rows, open)
		}
		j.cosign(0, 1)
		if d := j.info(c, 1); !d.Void {
			t.Errorf("killed at %q: %+v", died, d)
		}
	}
	t.Error("it never ends")
}

// TestVoidLoggedOnce stops an engine that has decided to log a void, and lets another one carry the same approval out. The mutant appends it all the same.
func TestVoidLoggedOnce(t *testing.T) {
	for _, forced := range []bool{false, true} {
		if twice := newJury(t).voidTwice(t, forced); twice != forced {
			t.Errorf("mutant %v: logged twice: %v", forced, twice)
		}
	}
}

// TestVoidOnPostgres tells both stories on the other engine of the rooms.
func TestVoidOnPostgres(t *testing.T) {
	on := onPostgres(t)
	fresh := func() *jury {
		dir := t.TempDir()
		return newJuryOn(t, newWorldIn(t, dir, on.rooms(t, dir)))
	}
	fresh().voidOfOneDraw(t)
	if fresh().voidTwice(t, false) {
		t.Error("logged twice")
	}
}

// voidTwice has two engines carry one approval out, the first of which was stopped when it was about to, and tells whether both logged the void.
func (j *jury) voidTwice(t *testing.T, forced bool) bool {
	ctx := context.Background()
	c := j.opening(1)
	other := j.beside()
	if forced {
		j.cfg.Registry = forcedRegistry{j.rooms.Registry}
		j.restart()
	}
	asked := must(j.RequestVoid(ctx, chen, c.ID, 1, "cancelled"))(t)
	stopped, resume := j.stopAt("void chosen", 1)
	ended := make(chan error, 1)
	go func() { _, err := j.Approve(ctx, lin, asked.ID, asked.Digest()); ended <- err }()
	<-stopped
	must(other.Approve(ctx, lin, asked.ID, asked.Digest()))(t)
	resume()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return j.kinds()["void"] > 1
}
