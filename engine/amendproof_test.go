package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/verify"
)

// TestAmendIsVerified issues a bundle of two draws, the first put off in time and the second too late, and has the three programs check it; then with the cosignatures of the
// first left out, and with kept ones of the second put in: then a draw rests on a round that is not in force, and each program says so at its step.
func TestAmendIsVerified(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	ctx := context.Background()
	c := j.opening(2)
	j.closes(c)
	first, second := j.info(c, 1), j.info(c, 2)
	j.cosign(0, 1)
	j.amend(c, 1, time.Hour)
	bare := must(j.Checkpoint(ctx))(t) // of the first amend
	j.cosign(0, 1)
	j.amend(c, 2, time.Hour)
	kept := j.notes(j.now(), 0, 1)
	for _, due := range []time.Time{first.RoundTime, first.RoundTime.Add(time.Hour), second.RoundTime} {
		j.goTo(due.Add(time.Second))
		j.pass(5*time.Second, time.Second)
	}
	j.wantKinds(map[string]int{"open": 1, "amend": 2, "close": 2, "result": 2})
	put := func(note []byte) (before []byte) {
		t.Helper()
		size := must(ledger.VerifyCheckpoint(j.Installation().LogKey, note))(t).Size
		before = must(j.rooms.Registry.Checkpoint(ctx, size))(t)
		if err := j.rooms.Registry.SwapCheckpoint(ctx, size, before, note); err != nil {
			t.Fatal(err)
		}
		return before
	}
	j.threeSay(c, "as it is", "")
	whole := put(bare)
	j.threeSay(c, "without the cosignatures that put it off", "beacon")
	put(whole)
	put(kept)
	j.threeSay(c, "with cosignatures that were kept back", "beacon")
}

// threeSay has three programs that share no code check the bundle: at which step it fails, or empty that nothing is wrong with it but the test's beacon.
func (j *jury) threeSay(c engine.Campaign, what, step string) {
	j.t.Helper()
	var b bytes.Buffer
	if err := j.WriteBundle(context.Background(), c.ID, &b); err != nil {
		j.t.Fatal(err)
	}
	out, err := verify.Bundle(must(verify.Tar(bytes.NewReader(b.Bytes()), int64(b.Len())))(j.t), verify.Options{})
	if step == "" && (err != nil || out.Reason != verify.ReasonBeacon || !out.Draws[0].Amended || out.Draws[1].Amended || out.Draws[1].NotAmended == 0) ||
		step != "" && (err == nil || !strings.Contains(err.Error(), " "+step)) {
		j.t.Errorf("%s: Go says %v, %+v", what, err, out)
	}
	file := filepath.Join(j.t.TempDir(), "bundle.tar")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		j.t.Fatal(err)
	}
	python := []string{"python3", "-B", "../spec/verify.py", file}
	chain := j.beacon.Chain()
	for n := range 2 { // it knows no BLS
		for _, at := range []time.Duration{0, time.Hour} {
			round := chain.RoundAt(c.Rules.Draws[n].DrawTime.Add(at))
			python = append(python, "--known", fmt.Sprintf("%x:%d:%x", chain.Hash, round, j.beacon.Sign(round)))
		}
	}
	want := []string{"verify: ok (", "quicknet"}
	if step != "" {
		want = []string{"verify: FAILED at step", step}
	}
	for _, run := range [][]string{python, {"node", "../web/verify.mjs", file}} {
		program, err := exec.LookPath(run[0])
		if err != nil {
			j.t.Logf("NOT VERIFIED BY %s, which is not here", run[0])
			continue
		}
		said, _ := exec.Command(program, run[1:]...).CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		for _, w := range want {
			if last := lines[len(lines)-1]; !strings.Contains(last, w) || strings.Contains(last, "not checked") {
				j.t.Errorf("%s: %s says %s, want %q in it", what, run[0], last, w)
			}
		}
	}
}
