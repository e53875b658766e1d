package custodian_test

import (
	"errors"
	"testing"
	"time"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/scene"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/verify"
)

// TestCosignAmend cosigns a later round before the close and after it, again, under a clock that is late, and after its deadline.
func TestCosignAmend(t *testing.T) {
	w := found(t, scene.Make)
	open, _ := w.scene.Open()
	deadline := open.Draws[0].Deadline(scene.Round)
	early := open.ObjectionsEnd.Add(-time.Hour)
	cosign := func(k *custodian.Key, now time.Time) (*custodian.Cosigned, error) {
		t.Helper()
		return k.Cosign(w.checkAt(w.scene, now), w.pin, now)
	}
	w.ok(w.scene.Amend(scene.Round + 1000))
	first := must(cosign(w.keys[0], early))(t)
	if first.Size != 2 || first.Again || len(first.Late) != 0 {
		t.Errorf("before the close: %+v", first)
	}
	w.ok(w.scene.Cosigned(first.Note))
	if again := must(cosign(w.keys[0], early.Add(time.Minute)))(t); !again.Again || !again.Time.Equal(first.Time) {
		t.Errorf("cosigned twice: %+v", again)
	}
	if d, _ := w.checkAt(w.scene, deadline).Draw(1); d.Amending != scene.Round+1000 || d.Amended || d.Round != scene.Round {
		t.Errorf("one of three cosigned: %+v", d)
	}
	if d, _ := w.checkAt(w.scene, deadline.Add(time.Second)).Draw(1); d.Amending != 0 || d.NotAmended != scene.Round+1000 {
		t.Errorf("after the deadline: %+v", d)
	}
	if _, err := cosign(w.keys[1], deadline.Add(time.Second)); !errors.Is(err, custodian.ErrNotClosed) {
		t.Errorf("after the deadline there is nothing to confirm: %v", err)
	}
	w.ok(w.scene.Close())
	if _, err := cosign(w.keys[1], early); !errors.Is(err, custodian.ErrClock) {
		t.Errorf("a close before the end of objections: %v", err)
	}
	w.ok(w.scene.Cosigned(must(cosign(w.keys[1], deadline))(t).Note))
	d, _ := w.check(w.scene).Draw(1)
	if d.Round != scene.Round+1000 || !d.Amended || d.Amending != 0 || d.NotAmended != 0 || !d.Deadline.Equal(open.Draws[0].Deadline(scene.Round+1000)) {
		t.Errorf("two of three cosigned: %+v", d)
	}
	if after := must(cosign(w.keys[2], d.Deadline))(t); after.Again || len(after.Late) != 0 { // the list has until the new deadline
		t.Errorf("the close after the amend: %+v", after)
	}
	if late := must(cosign(w.keys[2], d.Deadline.Add(time.Second)))(t); len(late.Late) != 1 {
		t.Errorf("the close after the new deadline: %+v", late)
	}
}

// TestCosignVoid cosigns a void before the close, the close after it, and a void after a close that was cosigned already.
func TestCosignVoid(t *testing.T) {
	w := found(t, scene.Make)
	k := w.keys[0]
	open, _ := w.scene.Open()
	deadline := open.Draws[0].Deadline(open.Draws[0].Round)
	early := open.ObjectionsEnd.Add(-time.Hour)
	cosign := func(k *custodian.Key, now time.Time) (*custodian.Cosigned, error) {
		t.Helper()
		return k.Cosign(w.checkAt(w.scene, now), w.pin, now)
	}
	if _, err := cosign(k, early); !errors.Is(err, custodian.ErrNotClosed) {
		t.Errorf("neither closed nor void: %v", err)
	}
	w.ok(w.scene.Void("cancelled"))
	first := must(cosign(k, early))(t)
	if first.Size != 2 || first.Again || len(first.Late) != 0 {
		t.Errorf("a void before the close: %+v", first)
	}
	w.ok(w.scene.Cosigned(first.Note))
	if again := must(cosign(k, early.Add(time.Minute)))(t); !again.Again || !again.Time.Equal(first.Time) {
		t.Errorf("cosigned twice: %+v", again)
	}
	w.ok(w.scene.Close())
	if _, err := cosign(k, early.Add(time.Minute)); !errors.Is(err, custodian.ErrClock) {
		t.Errorf("a close before the end of objections: %v", err)
	}
	closed := must(cosign(k, deadline.Add(-time.Minute)))(t)
	if closed.Again || closed.Size != 3 {
		t.Errorf("the close after the void: %+v", closed)
	}
	w.ok(w.scene.Cosigned(closed.Note))
	w.ok(w.scene.Cosigned(must(cosign(w.keys[1], deadline))(t).Note))
	if d, _ := w.check(w.scene).Draw(1); d.State != verify.StateVoid || d.Void != "cancelled" {
		t.Errorf("two of three cosigned: %+v", d)
	}

	w = found(t, scene.Make)
	open, _ = w.scene.Open()
	deadline = open.Draws[0].Deadline(open.Draws[0].Round)
	w.ok(w.scene.Close())
	w.ok(w.scene.Cosigned(must(cosign(w.keys[0], deadline.Add(-time.Hour/2)))(t).Note))
	w.ok(w.scene.Void("ordered"))
	if _, err := cosign(w.keys[0], deadline.Add(-time.Hour/2-time.Second)); !errors.Is(err, custodian.ErrClock) {
		t.Errorf("a clock behind an own cosignature: %v", err)
	}
	if after := must(cosign(w.keys[0], deadline))(t); after.Again || after.Size != 3 {
		t.Errorf("the void after the close: %+v", after)
	}
	// After the deadline it waits for nothing any more, and who cosigned the close gets that again.
	if late := must(cosign(w.keys[0], deadline.Add(time.Second)))(t); !late.Again || late.Size != 2 || len(late.Late) != 0 {
		t.Errorf("after the deadline: %+v", late)
	}
	if late := must(cosign(w.keys[2], deadline.Add(time.Second)))(t); late.Again || len(late.Late) != 1 {
		t.Errorf("after the deadline, for the first time: %+v", late)
	}
}

// TestCosignBeaconDead: a custodian whose own days are not over, or who sees the round in a result, confirms no dead beacon.
func TestCosignBeaconDead(t *testing.T) {
	w := found(t, scene.Make)
	open, _ := w.scene.Open()
	w.ok(w.scene.Close())
	deadline, dead := open.Draws[0].Deadline(open.Draws[0].Round), open.Draws[0].DeadAt(open.Draws[0].Round)
	w.ok(w.scene.Cosigned(must(w.keys[0].Cosign(w.check(w.scene), w.pin, deadline))(t).Note))
	w.ok(w.scene.Void(draw.ReasonBeaconDead))
	if _, err := w.keys[1].Cosign(w.checkAt(w.scene, deadline), w.pin, deadline); !errors.Is(err, custodian.ErrNotDead) {
		t.Errorf("a beacon called dead before its round: %v", err)
	}
	for _, x := range []struct {
		now   time.Time
		fresh bool
	}{{dead.Add(-time.Second), false}, {dead, true}} {
		c := w.checkAt(w.scene, x.now)
		signed := must(w.keys[0].Cosign(c, w.pin, x.now))(t)
		if signed.Again == x.fresh || len(signed.Late) != 0 {
			t.Errorf("at %v: %+v", x.now, signed)
		}
		if d, _ := c.Draw(1); (d.Voiding != "") != x.fresh {
			t.Errorf("at %v: %+v", x.now, d)
		}
	}
	for i, k := range w.keys[:2] {
		w.ok(w.scene.Cosigned(must(k.Cosign(w.checkAt(w.scene, dead), w.pin, dead.Add(time.Duration(i)*time.Second)))(t).Note))
	}
	if d, _ := w.check(w.scene).Draw(1); d.State != verify.StateVoid {
		t.Errorf("two of three cosigned: %+v", d)
	}
	w.ok(w.scene.Draw()) // the round comes after all
	c := w.checkAt(w.scene, dead.Add(time.Hour))
	if d, _ := c.Draw(1); d.State != verify.StateDrawn || d.Missed != draw.ReasonBeaconDead || d.Voiding != "" {
		t.Errorf("drawn after all: %+v", d)
	}
	if _, err := ledger.VerifyCheckpoint(open.Log, must(w.keys[0].Cosign(c, w.pin, dead.Add(time.Hour)))(t).Note); err != nil {
		t.Error(err)
	}
}
