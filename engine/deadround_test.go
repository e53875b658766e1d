package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/crypto/custody"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// dead is a campaign of three draws of which the first is void, since its beacon is dead, and the second, put off, is closed by that. beside is called before the first draw is due.
func (j *jury) dead(beside func(at time.Time)) engine.Campaign {
	j.t.Helper()
	c, _ := j.staged(3)
	beside(c.Rules.Draws[0].DrawTime)
	j.shut(c)
	j.cosign(0, 1)
	j.beacon.away.Store(true)
	j.goTo(j.info(c, 1).RoundTime.Add(time.Minute))
	j.amend(c, 3, 40*24*time.Hour)
	j.amend(c, 2, 40*24*time.Hour)
	j.cosign(0, 1)
	j.goTo(j.info(c, 1).RoundTime.Add(30*24*time.Hour + time.Minute))
	j.look()
	j.void(c, 1, "beacon-dead")
	j.cosign(0, 1)
	j.pass(time.Minute, 5*time.Second)
	if d := j.info(c, 2); d.State != store.DrawClosed || !j.info(c, 1).Void {
		j.t.Fatalf("%+v", d)
	}
	j.beacon.away.Store(false)
	return c
}

// TestDeadAfterAll has the round of a dead beacon come out after all, when the list of a later draw was closed by the void: the draw is held, the later list stands, and custodians
// cosign it although those who won now are in it.
func TestDeadAfterAll(t *testing.T) {
	t.Parallel()
	newJury(t).deadAfterAll(t)
}

func (j *jury) deadAfterAll(t *testing.T) {
	var keys []*custodian.Key
	for i := range j.custodians {
		k := must(custody.NewClassicKey())(t)
		j.custodians[i].Recipient = k.Recipient()
		keys = append(keys, &custodian.Key{Age: k, Cosigner: j.cosigners[i]})
	}
	c := j.dead(func(time.Time) {})
	must(j.RunDraw(t.Context(), c.ID, 1))(t)
	for i := range 2 {
		b, _ := j.bundle(c)
		file := filepath.Join(t.TempDir(), "bundle.tar")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		files := must(bundle.Open(t.Context(), file, nil))(t)
		checked := must(files.Check(verify.Options{Now: j.now()}))(t)
		made, err := keys[i].Cosign(checked, must(custodian.NewPin(checked))(t), j.now())
		if err != nil || len(made.Late) > 1 { // that of the first draw was not confirmed before, and is not now
			t.Fatalf("custodian %d: %+v, %v", i+1, made, err)
		}
		must(j.AddCosignature(t.Context(), made.Note))(t)
		files.Close()
	}
	j.hold(c, 2)
	j.cosign(0, 1)
	j.hold(c, 3)
	j.wantConfirmed(c)
	if out, _ := j.check(c); !out.Draws[1].InTime || !out.Draws[2].InTime {
		t.Errorf("in time: %+v", out.Draws)
	}
	j.wantCalledSince(c, 3, ids(j.info(c, 3))) // whom the first and the second draw left, though nobody knew of the first when the second was closed
}

// TestDeadRefutedByTheLog has another campaign's draw rest on the same round. Once that one is held its result refutes the void in every bundle of the installation, and nobody has to know
// that a draw is owed: the daemon holds it.
func TestDeadRefutedByTheLog(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	var other engine.Campaign
	c := j.dead(func(at time.Time) {
		r := j.timed()
		r.Custodians = j.custodians
		r.Draws[0].DrawTime = at
		other = j.open(r)
		j.someEnter(other, 6)
	})
	j.pass(3*time.Minute, 5*time.Second)
	if j.drawState(other) != store.DrawDrawn {
		t.Fatalf("the other campaign's draw: %+v", j.info(other, 1))
	}
	if d := j.info(c, 1); d.State != store.DrawDrawn || d.Void {
		t.Errorf("the draw whose void is refuted: %+v", d)
	}
	if err := j.plain(c); err != nil {
		t.Error(err)
	}
	if !strings.Contains(j.errs.String(), "and a result in the log has the round: a result is owed") {
		t.Errorf("not said: %s", j.errs.String())
	}
}

// TestDeadRefutedOnceErased: so it is when everybody of the campaign is erased by then. Nobody can be told that they won, and nobody who checks is told that the draw was not held.
func TestDeadRefutedOnceErased(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	c := j.opening(1)
	other := j.opening(1)
	j.shut(c)
	j.cosign(0, 1)
	j.beacon.away.Store(true)
	j.goTo(j.info(c, 1).RoundTime.Add(30*24*time.Hour + time.Minute))
	j.look()
	j.void(c, 1, "beacon-dead")
	j.cosign(0, 1)
	j.beacon.away.Store(false)
	j.beacon.lost.Store(j.info(c, 1).Round)
	j.pass(40*24*time.Hour, 12*time.Hour)
	j.wantState(c, store.Erased)
	if err := j.plain(c); err != nil {
		t.Error(err)
	}
	j.beacon.lost.Store(0)
	j.pass(5*time.Minute, 5*time.Second)
	if j.drawState(other) != store.DrawDrawn {
		t.Fatalf("the other campaign's draw: %+v", j.info(other, 1))
	}
	if err := j.plain(c); err != nil {
		t.Error(err)
	}
	if d := j.info(c, 1); d.State != store.DrawDrawn || d.Void {
		t.Errorf("%+v", d)
	}
	j.pass(5*time.Minute, time.Minute)
	j.wantState(c, store.Erased)
}
