package engine_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// wantAgreed wants that three verifiers that share no code come to one exit status about the bundle of this moment, and that it is no failure.
func (j *jury) wantAgreed(c engine.Campaign, when string) {
	j.t.Helper()
	b, files := j.bundle(c)
	out, err := verify.Bundle(files, verify.Options{})
	if err != nil {
		j.t.Fatalf("%s: %v\n%s", when, err, j.errs.String())
	}
	file := filepath.Join(j.t.TempDir(), "bundle.tar")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		j.t.Fatal(err)
	}
	python := []string{"python3", "-B", "../spec/verify.py", file}
	chain := j.beacon.Chain()
	for n := range c.Rules.Draws {
		round := j.info(c, n+1).Round
		sig := j.beacon.Sign(round)
		python = append(python, "--known", fmt.Sprintf("%x:%d:%s", chain.Hash, round, hex.EncodeToString(sig[:])))
	}
	for _, run := range [][]string{python, {"node", "../web/verify.mjs", file}} {
		if _, err := exec.LookPath(run[0]); err != nil {
			j.t.Logf("NOT VERIFIED BY %s, which is not here", run[0])
			continue
		}
		cmd := exec.Command(run[0], run[1:]...)
		if said, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != out.Status {
			j.t.Errorf("%s: %s ends with %d, want %d:\n%s", when, run[0], cmd.ProcessState.ExitCode(), out.Status, said)
		}
	}
}

// TestEverythingAtOnce: strata with prizes of their own and shared ones, an exclusion list, earlier winners out, an audit sample of each draw, a draw put off, erasures and
// replacements in between; at each moment three verifiers agree, and an identity room of the moment before is brought back and nothing is lost by it.
func TestEverythingAtOnce(t *testing.T) {
	for _, restores := range []bool{false, true} {
		newJury(t).everythingAtOnce(t, restores)
	}
}

func (j *jury) everythingAtOnce(t *testing.T, restores bool) {
	ctx := t.Context()
	r := branches(j.timed())
	r.Survey, r.Consents = "", nil
	r.Custodians, r.Batch = j.custodians, 3
	r = sampled(r, 4)
	first := r.Draws[0]
	r.Draws = nil
	for i := range 3 {
		d := first
		d.EarlierWinnersOut = i > 0
		d.DrawTime = r.ObjectionsEnd.Add(4*time.Hour + time.Duration(i)*(engine.SettleRoom+4*time.Hour))
		if i == 1 {
			d.Proportional, d.Tiers = true, []engine.Tier{{Count: 4, Title: engine.Texts{"en": "Pen"}}}
		}
		r.Draws = append(r.Draws, d)
	}
	c := j.openListed(r, 1, 8, 15, 900)
	all := j.chooses(c, 4, 8, 5)
	fix, s := j.correction(c, all[8], "new@example.org")
	fixed := must(j.CorrectEntry(ctx, fix))(t)
	fixedClient := &client{s: s, got: fixed, req: all[8].req}
	j.erase(c, all[15]) // listed, and gone before the close
	restore := func() {}
	copied := func() {
		j.stop()
		restore = j.copies("identity")
		if err := j.begin(); err != nil {
			t.Fatal(err)
		}
		j.restart()
	}
	back := func() {
		if !restores {
			return
		}
		j.stop()
		restore()
		j.cfg.AcceptRestored = true
		if err := j.begin(); err != nil {
			t.Fatal(err)
		}
		j.restart()
	}
	if restores {
		copied()
	}
	j.shut(c)
	j.wantAgreed(c, "closed")
	j.erase(c, all[2])
	j.erase(c, fixedClient)
	back()
	j.wantAgreed(c, "closed and restored")
	j.amend(c, 1, time.Hour)
	j.wantAgreed(c, "an amend waits")
	j.cosign(0, 1)
	j.wantAgreed(c, "an amend counts")
	if restores {
		copied()
	}
	j.hold(c, 1)
	j.wantAgreed(c, "first held")
	back()
	j.pass(3*time.Second, time.Second)
	j.wantAgreed(c, "first held and restored")
	if d := j.info(c, 2); d.State != store.DrawClosed {
		t.Fatalf("draw 2: %+v\n%s", d, j.errs.String())
	}
	for _, x := range j.info(c, 1).Seats {
		if x.Tier > 0 {
			must(j.ReplaceWinner(ctx, c.ID, 1, x.Stratum, x.Rank, "declined"))(t)
			break
		}
	}
	j.wantAgreed(c, "replaced behind the close of 2")
	j.cosign(0, 1)
	j.amend(c, 2, 30*time.Minute)
	j.cosign(1, 2)
	j.wantAgreed(c, "second put off")
	if restores {
		copied()
	}
	j.hold(c, 2)
	j.wantAgreed(c, "second held")
	sample := func(n int) (ids []store.EntrantID) {
		t.Helper()
		of := engine.ReleaseOf{Purpose: engine.PurposeAudit, AcceptUnproven: true}
		_, a, err := j.PrepareRelease(ctx, one, c.ID, n, of)
		if err != nil {
			t.Fatal(err)
		}
		must(j.Approve(ctx, two, a.ID, a.Digest()))(t)
		got, _, err := j.PrepareRelease(ctx, one, c.ID, n, of)
		if err != nil || len(got) != 1 || len(got[0].Entrants) == 0 {
			t.Fatalf("sample of draw %d: %+v, %v", n, got, err)
		}
		for _, x := range got[0].Entrants {
			ids = append(ids, x.ID)
		}
		return ids
	}
	sample(1)
	sample(2)
	j.wantAgreed(c, "samples opened")
	back()
	j.pass(3*time.Second, time.Second)
	j.wantAgreed(c, "second held, samples opened, and restored")
	for n := 1; n <= 2; n++ {
		got, a, err := j.PrepareRelease(ctx, one, c.ID, n, engine.ReleaseOf{Purpose: engine.PurposeAudit, AcceptUnproven: true})
		if err != nil || a != nil || len(got) != 1 {
			t.Errorf("sample of draw %d after the restore: %+v, %+v, %v", n, got, a, err)
		}
	}
	j.cosign(0, 1)
	for n := 1; n <= 2; n++ { // behind the close of 3
		for _, x := range slices.Backward(j.info(c, n).Seats) {
			if x.Tier > 0 {
				must(j.ReplaceWinner(ctx, c.ID, n, x.Stratum, x.Rank, "declined"))(t)
				break
			}
		}
	}
	j.hold(c, 3)
	// Who is in the sample of the third draw had chances in it, so they held no seat of an earlier one when its list was closed. They may hold one now: as an alternate who was
	// called since, by staff as above, or by the daemon in the place of one who is erased.
	j.wantCalledSince(c, 3, sample(3))
	j.wantAgreed(c, "third held")
	_, files := j.bundle(c)
	if out, err := verify.Bundle(files, verify.Options{}); err != nil || out.Reason != verify.ReasonBeacon {
		t.Errorf("at the end: %+v, %v", out, err)
	}
	j.pass(2*time.Minute, 10*time.Second)
	j.wantGone(c, all[2])
	j.wantGone(c, fixedClient)
	j.pass(60*24*time.Hour, 12*time.Hour)
	j.pass(5*time.Minute, time.Minute)
	j.wantState(c, store.Erased)
	j.wantAgreed(c, "erased")
}
