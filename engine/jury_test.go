package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// jury is a clockwork whose custodians can cosign: two of three are enough.
type jury struct {
	*clockwork
	cosigners  []*ledger.Cosigner
	custodians []engine.Custodian
}

func newJury(t *testing.T) *jury {
	t.Helper()
	return newJuryOn(t, newWorld(t))
}

func newJuryOn(t *testing.T, w *world) *jury {
	t.Helper()
	j := &jury{clockwork: newClockworkOn(t, w)}
	for i := range 3 {
		k := must(custody.NewClassicKey())(t)
		skey, vkey, err := ledger.GenerateCosigner(fmt.Sprintf("custodian%d", i+1))
		if err != nil {
			t.Fatal(err)
		}
		j.cosigners = append(j.cosigners, must(ledger.NewCosigner(skey))(t))
		j.custodians = append(j.custodians, engine.Custodian{Recipient: k.Recipient(), Cosigner: vkey})
	}
	return j
}

// opening opens a campaign with so many draws, four hours after the end of objections and two hours apart.
func (j *jury) opening(draws int) engine.Campaign {
	j.t.Helper()
	r := j.timed()
	r.Custodians = j.custodians
	first := r.Draws[0]
	r.Draws = nil
	for i := range draws {
		d := first
		d.DrawTime = r.ObjectionsEnd.Add(time.Duration(4+2*i) * time.Hour)
		r.Draws = append(r.Draws, d)
	}
	c := j.open(r)
	j.someEnter(c, 12)
	return c
}

// void has two persons want the void of a draw.
func (j *jury) void(c engine.Campaign, n int, why string) {
	j.t.Helper()
	ctx := context.Background()
	a := must(j.RequestVoid(ctx, chen, c.ID, n, why))(j.t)
	if a = must(j.Approve(ctx, lin, a.ID, a.Digest()))(j.t); a.State != store.ApprovalDone {
		j.t.Fatalf("approved: %+v", a)
	}
}

// note is the newest checkpoint with the cosignature of one custodian.
func (j *jury) note(i int, at time.Time) []byte {
	j.t.Helper()
	key, note := j.Installation().LogKey, must(j.Checkpoint(context.Background()))(j.t)
	line := must(ledger.Cosign(j.cosigners[i], key, note, at))(j.t)
	var allowed []string
	for _, k := range j.custodians {
		allowed = append(allowed, k.Cosigner)
	}
	return must(ledger.AddCosignature(key, note, line, allowed))(j.t)
}

// cosign hands cosignatures of the newest checkpoint in.
func (j *jury) cosign(who ...int) {
	j.t.Helper()
	for _, i := range who {
		must(j.AddCosignature(context.Background(), j.note(i, j.now())))(j.t)
	}
}

// check checks the bundle as everybody does, and as a custodian does now.
func (j *jury) check(c engine.Campaign) (seen *verify.Outcome, plain error) {
	j.t.Helper()
	var b bytes.Buffer
	if err := j.WriteBundle(context.Background(), c.ID, &b); err != nil {
		j.t.Fatal(err)
	}
	files := must(verify.Tar(bytes.NewReader(b.Bytes()), int64(b.Len())))(j.t)
	_, plain = verify.Bundle(files, verify.Options{})
	return must(verify.Bundle(files, verify.Options{Now: j.now()}))(j.t), plain
}

func (j *jury) info(c engine.Campaign, n int) engine.DrawInfo {
	j.t.Helper()
	return must(j.Draw(context.Background(), c.ID, n))(j.t)
}

func (j *jury) wantKinds(want map[string]int) {
	j.t.Helper()
	if got := fmt.Sprint(j.kinds()); got != fmt.Sprint(want) {
		j.t.Errorf("the log holds %s, want %v", got, want)
	}
}

// todo is what waits of a draw, by kind.
func (j *jury) todo(n int) (kinds []engine.TodoKind) {
	j.t.Helper()
	for _, x := range must(j.Todos(context.Background()))(j.t) {
		if x.Draw == n {
			kinds = append(kinds, x.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}
