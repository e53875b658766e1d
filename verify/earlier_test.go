package verify_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fairlot/verify"
)

// TestEarlierByTheClock checks lists that leave out who won before as somebody does who is about to cosign: what they are does not depend on the time, nor on what could
// still be cosigned.
func TestEarlierByTheClock(t *testing.T) {
	closed := 0
	for _, v := range bundles(t) {
		if !strings.Contains(v.Name, "earlier") || v.Expect != "1 entrants" && v.Expect != "0 proven" || strings.HasPrefix(v.Name, "amend") {
			continue
		}
		for _, now := range []int64{1, inTime, inTime + 3600*24*60, 1 << 31} {
			files, err := verify.Folder(mapFS(v.Parts))
			if err != nil {
				t.Fatal(err)
			}
			opts := options(v)
			opts.Now = time.Unix(now, 0)
			var step *verify.StepError
			_, err = verify.Bundle(files, opts)
			if refused := errors.As(err, &step) && step.Step == 7; refused != (v.Expect == "1 entrants") || err != nil && !refused {
				t.Errorf("%s at %v: %v", v.Name, opts.Now, err)
			}
		}
		closed++
	}
	if closed < 17 {
		t.Errorf("%d vectors only", closed)
	}
}

// TestEarlierDeadComesBack has the round of a draw come that was void as beacon-dead when a later list was closed, before it is held: the custodian's tool takes the list.
func TestEarlierDeadComesBack(t *testing.T) {
	c := newCheat(truthOf(t, byName(t, "earlier-winner-dead-refuted")), nil)
	c.remove(c.first("result", 1))
	v := c.vectorOf(c.parts())
	for refuted, want := range map[bool]verify.State{false: verify.StateVoid, true: verify.StateClosed} {
		files, err := verify.Folder(mapFS(v.Parts))
		if err != nil {
			t.Fatal(err)
		}
		opts := verify.Options{Now: time.Unix(1<<31, 0)}
		if refuted {
			opts.Rounds = c.opts.Rounds
		}
		out, err := verify.Bundle(files, opts)
		if err != nil || out.Draws[0].State != want || out.Draws[1].State != verify.StateDrawn {
			t.Errorf("refuted %v: %+v, %v", refuted, out, err)
		}
	}
}
