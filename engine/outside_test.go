package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/engine"
)

// TestIndependentWitnesses: with an installation's witnesses, one of two, a close needs custodians and one of them; neither is enough alone, and todo tells custodians only
// what custodians can do. A stranger's cosignature is not taken.
func TestIndependentWitnesses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t)
	var outside []*ledger.Cosigner
	text := "log " + w.Installation().LogKey + "\n"
	for i := range 3 { // the third is a stranger
		skey, vkey, err := ledger.GenerateCosigner(fmt.Sprintf("witness%d.example", i))
		if err != nil {
			t.Fatal(err)
		}
		outside = append(outside, must(ledger.NewCosigner(skey))(t))
		if i < 2 {
			text += fmt.Sprintf("witness w%d %s\n", i, vkey)
		}
	}
	w.cfg.Witnesses = must(ledger.ParsePolicy([]byte(text + "group any 1 w0 w1\nquorum any\n")))(t)
	j := newJuryOn(t, w)
	c := j.opening(1)
	j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
	j.look()
	witness := func(i int) error {
		key, note := j.Installation().LogKey, must(j.Checkpoint(ctx))(t)
		line := must(ledger.Cosign(outside[i], key, note, j.now()))(t)
		_, err := j.AddCosignature(ctx, must(ledger.AddCosignature(key, note, line, []string{outside[i].VKey().String()}))(t))
		return err
	}
	wantReason(t, witness(2), engine.CosignatureInvalid, "")
	if err := witness(1); err != nil {
		t.Fatal(err)
	}
	if got := j.info(c, 1).CosignedBy; !slices.Equal(got, []string{"outside-w1"}) {
		t.Errorf("cosigned by %v", got)
	}
	for _, x := range must(j.Todos(ctx))(t) {
		if x.Kind == engine.TodoCosign && x.Count != 2 {
			t.Errorf("custodians are told that %d cosignatures lack, want 2", x.Count)
		}
	}
	if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoCosign, engine.TodoDraw}) {
		t.Errorf("to do: %v", got)
	}
	j.cosign(0, 1)
	seen, err := j.check(c)
	if err != nil || !seen.Draws[0].InTime || len(seen.Draws[0].Witnesses) != 3 {
		t.Errorf("with two custodians and a witness: %+v, %v", seen.Draws, err)
	}
	if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoDraw}) {
		t.Errorf("to do: %v", got)
	}

	// Custodians alone.
	j = newJury(t)
	text = "log " + j.Installation().LogKey + text[len("log "+w.Installation().LogKey):]
	j.cfg.Witnesses = must(ledger.ParsePolicy([]byte(text + "group any 1 w0 w1\nquorum any\n")))(t)
	j.restart()
	c = j.opening(1)
	j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
	j.look()
	j.cosign(0, 1, 2)
	if seen, err := j.check(c); err != nil || seen.Draws[0].InTime {
		t.Errorf("with three custodians and no witness the close counts: %v", err)
	}
	if got := j.todo(1); !slices.Equal(got, []engine.TodoKind{engine.TodoDraw, engine.TodoWitness}) {
		t.Errorf("custodians have done what they can, and what waits is %v", got)
	}
}
