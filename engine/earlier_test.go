package engine_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// staged opens a campaign with so many draws as near to each other as they may be, in which each but the first leaves earlier winners out, and has 15 entries of 12 persons.
func (j *jury) staged(draws int, changes ...func(*engine.Rules)) (engine.Campaign, []*client) {
	j.t.Helper()
	r := j.stages(j.timed(), draws)
	for _, change := range changes {
		change(&r)
	}
	c := j.open(r)
	var all []*client
	for i := range 15 {
		all = append(all, j.client(c, i%12, ""))
		j.enter(all[i])
	}
	return c, all
}

func (j *jury) stages(r engine.Rules, draws int) engine.Rules {
	r.Custodians = j.custodians
	first := r.Draws[0]
	r.Draws = nil
	for i := range draws {
		d := first
		d.EarlierWinnersOut = i > 0
		d.DrawTime = r.ObjectionsEnd.Add(4*time.Hour + time.Duration(i)*(engine.SettleRoom+time.Hour))
		r.Draws = append(r.Draws, d)
	}
	return r
}

// shut lets the campaign close by the clock.
func (j *jury) shut(c engine.Campaign) {
	j.t.Helper()
	j.goTo(c.Rules.ObjectionsEnd.Add(3 * time.Second))
	j.look()
	j.wantState(c, store.Closed)
}

// firstHeld is a campaign of two draws of which an officer held the first, and the clock has not looked since.
func (j *jury) firstHeld() engine.Campaign {
	j.t.Helper()
	c, _ := j.staged(2)
	j.shut(c)
	j.goTo(j.info(c, 1).RoundTime.Add(time.Second))
	must(j.RunDraw(context.Background(), c.ID, 1))(j.t)
	return c
}

// hold has a draw held by the clock, and what follows from it done.
func (j *jury) hold(c engine.Campaign, n int) {
	j.t.Helper()
	j.goTo(j.info(c, n).RoundTime.Add(time.Second))
	j.pass(5*time.Second, time.Second)
	if d := j.info(c, n); d.State != store.DrawDrawn {
		j.t.Fatalf("draw %d: %+v\n%s", n, d, j.errs.String())
	}
}

func (j *jury) replace(c engine.Campaign, n int, rank int64) {
	j.t.Helper()
	must(j.ReplaceWinner(context.Background(), c.ID, n, 1, rank, "declined"))(j.t)
}

// holders are who holds a seat of a draw now.
func (j *jury) holders(c engine.Campaign, n int) (ids []draw.EntrantID) {
	j.t.Helper()
	for _, s := range j.info(c, n).Seats {
		if s.Tier > 0 {
			ids = append(ids, draw.EntrantID(s.ID))
		}
	}
	return ids
}

// bundle is the campaign's bundle, and its files.
func (j *jury) bundle(c engine.Campaign) ([]byte, *verify.Files) {
	j.t.Helper()
	var b bytes.Buffer
	if err := j.WriteBundle(context.Background(), c.ID, &b); err != nil {
		j.t.Fatal(err)
	}
	return b.Bytes(), must(verify.Tar(bytes.NewReader(b.Bytes()), int64(b.Len())))(j.t)
}

// without are the ids that have chances 0 in the list of a draw.
func without(t testing.TB, bundle []byte, n int) map[draw.EntrantID]bool {
	t.Helper()
	out := map[draw.EntrantID]bool{}
	for r := tar.NewReader(bytes.NewReader(bundle)); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if h.Name != fmt.Sprintf("draw/%d/entrants.bin", n) {
			continue
		}
		for b := must(io.ReadAll(r))(t); len(b) > 0; b = b[draw.LeafSize:] {
			if b[18] == 0 && b[19] == 0 {
				out[draw.EntrantID(b[:16])] = true
			}
		}
		return out
	}
}

// wantOut wants that a list has chances 0 for these besides the duplicates, and that its close says so.
func (j *jury) wantOut(c engine.Campaign, n int, ids ...draw.EntrantID) {
	j.t.Helper()
	b, files := j.bundle(c)
	out := must(verify.Bundle(files, verify.Options{}))(j.t)
	slices.SortFunc(ids, func(a, b draw.EntrantID) int { return bytes.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	zero := without(j.t, b, n)
	for _, id := range ids {
		if !zero[id] {
			j.t.Errorf("draw %d: %s has chances and won before", n, id)
		}
	}
	want := []draw.Zero{{Reason: "duplicate", Count: 3}}
	if len(ids) > 0 {
		want = append(want, draw.Zero{Reason: "won-earlier", Count: int64(len(ids))})
	}
	if got := out.Draws[n-1].Close; got == nil || !slices.Equal(got.Zero, want) || len(zero) != 3+len(ids) {
		j.t.Errorf("draw %d: %d leaves without chances, close %+v; want %v", n, len(zero), got, want)
	}
}

// saidOf is what the other two verifiers say of a reason.
var saidOf = map[string]string{verify.ReasonBeacon: "quicknet", verify.ReasonWitness: "confirmed from outside in time"}

// wantThree runs the three verifiers on a bundle of this installation's chain, and wants their exit status, and the reason of an outcome or the name of the step that fails.
func (j *jury) wantThree(c engine.Campaign, status int, word string) {
	j.t.Helper()
	b, files := j.bundle(c)
	out, err := verify.Bundle(files, verify.Options{})
	if said := fmt.Sprint(err); err == nil && (status != out.Status || word != out.Reason) || err != nil && (status != 1 || !strings.Contains(said, word)) {
		j.t.Errorf("Go: %+v, %v; want %d %s", out, err, status, word)
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
		said, _ := cmd.CombinedOutput()
		if word := cmp.Or(saidOf[word], word); cmd.ProcessState.ExitCode() != status || !strings.Contains(string(said), word) {
			j.t.Errorf("%s ends with %d, want %d and the word %s:\n%s", run[0], cmd.ProcessState.ExitCode(), status, word, said)
		}
	}
}

// wantConfirmed wants that everything in the bundle holds and every close was cosigned in time.
func (j *jury) wantConfirmed(c engine.Campaign) {
	j.t.Helper()
	_, files := j.bundle(c)
	if out, err := verify.Bundle(files, verify.Options{}); err != nil || out.Reason != verify.ReasonBeacon {
		j.t.Errorf("the bundle: %+v, %v", out, err)
	}
}

// TestEarlierWinnersOut holds three draws by the clock, in each of which whoever holds a seat of those before has no chance, and has the bundle verified by three programs
// that share no code. The mutant leaves them in.
func TestEarlierWinnersOut(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		j := newJury(t)
		j.wantThree(j.earlierWinnersOut(t), 3, verify.ReasonBeacon) // that alone: every close was cosigned in time
	})
	t.Run("postgres", func(t *testing.T) {
		on := onPostgres(t)
		newJuryOn(t, newWorldIn(t, t.TempDir(), on.rooms(t, ""))).earlierWinnersOut(t)
		newJuryOn(t, newWorldIn(t, t.TempDir(), on.rooms(t, ""))).closedByTwo(t)
	})
	t.Run("mutant", func(t *testing.T) {
		j := newJury(t)
		c, _ := j.staged(2)
		j.SetStayIn()
		j.shut(c)
		j.cosign(0, 1)
		j.hold(c, 1)
		j.cosign(0, 1)
		j.hold(c, 2)
		j.wantThree(c, 1, "entrants")
	})
}

func (j *jury) earlierWinnersOut(t *testing.T) engine.Campaign {
	ctx := context.Background()
	c, all := j.staged(3)
	j.shut(c)
	j.wantKinds(map[string]int{"open": 1, "close": 1})
	if left := must(filepath.Glob(filepath.Join(j.dir, "keys", fmt.Sprintf("*%x*", c.ID[:]))))(t); len(left) > 0 {
		t.Errorf("keys are left: %v", left)
	}
	for _, n := range []int{2, 3} {
		if d := j.info(c, n); d.State != store.DrawPending || d.WaitsFor != 1 || d.Entrants != 0 {
			t.Errorf("draw %d waits: %+v", n, d)
		}
		if got := j.todo(n); !slices.Equal(got, []engine.TodoKind{engine.TodoWaits}) {
			t.Errorf("to do of draw %d: %v", n, got)
		}
		_, err := j.RunDraw(ctx, c.ID, n)
		wantReason(t, err, engine.DrawState, "")
	}
	if again := must(j.CloseCampaign(ctx, c.ID))(t); again.State != store.Closed {
		t.Errorf("closed again: %+v", again)
	}
	j.wantKinds(map[string]int{"open": 1, "close": 1})
	j.cosign(0, 1)

	j.hold(c, 1)
	first := j.holders(c, 1)
	if d := j.info(c, 2); len(first) != 2 || d.State != store.DrawClosed || d.WaitsFor != 0 || d.Entrants != 15 {
		t.Fatalf("draw 2 after %d won: %+v\n%s", len(first), d, j.errs.String())
	}
	if d := j.info(c, 3); d.State != store.DrawPending || d.WaitsFor != 2 {
		t.Errorf("draw 3: %+v", d)
	}
	j.wantOut(c, 2, first...)
	j.replace(c, 1, 1) // behind the close of draw 2, which stands; before that of draw 3
	j.wantOut(c, 2, first...)
	j.cosign(0, 1)

	j.hold(c, 2)
	for _, id := range j.holders(c, 2) {
		if slices.Contains(first, id) {
			t.Errorf("%s won both", id)
		}
	}
	before := append(j.holders(c, 1), j.holders(c, 2)...)
	j.wantOut(c, 3, before...)
	_, files := j.bundle(c)
	out := must(verify.Bundle(files, verify.Options{}))(t)
	for _, x := range all {
		got := must(verify.Receipt(files, out, x.got.Note))(t)
		for n, d := range got.Draws {
			won := 0
			for m := n; m > 0; m-- {
				if of := map[int][]draw.EntrantID{1: j.holders(c, 1), 2: j.holders(c, 2)}[m]; n == 1 && slices.Contains(first, draw.EntrantID(x.got.ID)) || n == 2 && slices.Contains(of, draw.EntrantID(x.got.ID)) {
					won = m
				}
			}
			if d.Won != won || d.Counted != (won == 0 && len(d.Reasons) == 0) || won > 0 && d.Reasons != nil || slices.Contains(d.Reasons, "won-earlier") {
				t.Errorf("draw %d: a receipt says %+v, want won %d", n+1, d, won)
			}
		}
	}
	j.cosign(0, 1)

	j.hold(c, 3)
	for _, id := range j.holders(c, 3) {
		if slices.Contains(before, id) {
			t.Errorf("%s won again", id)
		}
	}
	j.wantKinds(map[string]int{"open": 1, "close": 3, "result": 3, "replace": 1})
	if rows := must(j.rooms.Registry.Jobs(ctx))(t); len(rows) != 0 {
		t.Errorf("jobs are left: %+v", rows)
	}
	if said := j.errs.String(); strings.Contains(said, "in danger") || strings.Contains(said, "settling an earlier draw") || strings.Contains(said, "ERROR") {
		t.Errorf("logged: %s", said)
	}
	j.pass(40*24*time.Hour, 12*time.Hour)
	j.pass(5*time.Minute, time.Minute)
	j.wantState(c, store.Erased)
	j.wantConfirmed(c)
	return c
}

// hasty is a registry that lets the close of a draw that waited rest on a log that has grown.
type hasty struct{ store.Registry }

func (r hasty) Append(ctx context.Context, size int64, record []byte, t store.Transition) error {
	if t.Draw > 1 && t.DrawTo == store.DrawClosed {
		size, _ = r.LogSize(ctx)
	}
	return r.Registry.Append(ctx, size, record, t)
}

// TestEarlierSeatMoves has a seat of the first draw change hands, and the log grow by what matters nothing, between the making of the second one's list and its close.
func TestEarlierSeatMoves(t *testing.T) {
	for _, mutant := range []bool{false, true} {
		j := newJury(t)
		if mutant {
			j.cfg.Registry = hasty{j.cfg.Registry}
			j.restart()
		}
		c := j.firstHeld()
		made := 0
		j.SetStep(func(name string) {
			if name != "list made" {
				return
			}
			if made++; made == 1 {
				j.replace(c, 1, 1)
			} else if made == 2 {
				r := surveyOnly(rules())
				r.EntriesEnd = j.now().Add(time.Hour)
				j.open(r)
			}
		})
		must(j.CloseCampaign(context.Background(), c.ID))(t)
		j.SetStep(nil)
		_, files := j.bundle(c)
		_, plain := verify.Bundle(files, verify.Options{})
		var failed *verify.StepError
		if caught := errors.As(plain, &failed) && (failed.Step == 7 || failed.Step == 8); caught != mutant || !mutant && made != 3 {
			t.Errorf("mutant %v: list made %d times: %v", mutant, made, plain)
		}
		if !mutant {
			j.wantOut(c, 2, j.holders(c, 1)...)
		}
	}
}

// TestEarlierClosedByTwo stops one engine with the list made, has a seat change hands and the draw closed by another engine, and lets the first go on.
func TestEarlierClosedByTwo(t *testing.T) { newJury(t).closedByTwo(t) }

func (j *jury) closedByTwo(t *testing.T) {
	ctx := context.Background()
	c := j.firstHeld()
	other := j.beside()
	stopped, resume := j.stopAt("list made", 1)
	ended := make(chan error)
	go func() { _, err := j.CloseCampaign(ctx, c.ID); ended <- err }()
	<-stopped
	must(other.ReplaceWinner(ctx, c.ID, 1, 1, 2, "declined"))(t)
	must(other.CloseCampaign(ctx, c.ID))(t)
	row := must(other.rooms.Registry.Draws(ctx, c.ID))(t)[1]
	resume()
	if err := <-ended; err != nil {
		t.Errorf("the first: %v", err)
	}
	j.wantKinds(map[string]int{"open": 1, "close": 2, "result": 1, "replace": 1})
	j.wantOut(c, 2, j.holders(c, 1)...)
	if again := must(j.rooms.Registry.Draws(ctx, c.ID))(t)[1]; !bytes.Equal(again.Close, row.Close) {
		t.Error("the text of the close is another one now")
	}
	wantOneLog(t, other)
}

// TestEarlierCrash stops the closing of a draw that waited at each of its steps, and lets the clock of the next daemon end it.
func TestEarlierCrash(t *testing.T) {
	ctx := context.Background()
	j := newJury(t)
	var steps []string
	c := j.firstHeld()
	j.SetStep(func(name string) { steps = append(steps, name) })
	must(j.CloseCampaign(ctx, c.ID))(t)
	for _, name := range []string{"list made", "appended", "signed", "draw closed"} {
		if !slices.Contains(steps, name) {
			t.Errorf("step %q never came: %v", name, steps)
		}
	}
	for n, name := range steps {
		j := newJury(t)
		c := j.firstHeld()
		count := 0
		j.SetStep(func(name string) {
			if count++; count == n+1 {
				panic(crash{name})
			}
		})
		func() {
			defer func() {
				if at, ok := recover().(crash); !ok || at.step != name {
					t.Errorf("crashed at %v, want %q", at, name)
				}
			}()
			_, err := j.CloseCampaign(ctx, c.ID)
			t.Errorf("no crash at %q: %v", name, err)
		}()
		j.restart()
		j.pass(5*time.Second, time.Second)
		j.wantKinds(map[string]int{"open": 1, "close": 2, "result": 1})
		j.wantOut(c, 2, j.holders(c, 1)...)
		wantOneLog(t, j.world)
	}
}

// TestEarlierHeldBack keeps the first draw from being held until the round of the second is known to the operator, who would then choose by its result which list is
// closed. It is said before it is too late, and after that nobody can make it look as if the list had been closed in time.
func TestEarlierHeldBack(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	c, _ := j.staged(2)
	j.shut(c)
	j.cosign(0, 1)
	j.beacon.away.Store(true)
	j.goTo(j.info(c, 1).RoundTime)
	j.pass(engine.WaitsLate-time.Minute, time.Minute)
	if strings.Contains(j.errs.String(), "in danger") {
		t.Errorf("a draw is said to be in danger already: %s", j.errs.String())
	}
	j.pass(3*time.Minute, time.Minute)
	if !strings.Contains(j.errs.String(), "in danger") || !strings.Contains(j.errs.String(), "amend this draw to a later round before then") {
		t.Errorf("not said in time: %s", j.errs.String())
	}
	list := must(j.Todos(context.Background()))(t)
	if i := find(list, engine.TodoWaits); i < 0 || list[i].Draw != 2 || list[i].Count != 1 || list[i].Since.IsZero() || !list[i].By.Equal(j.info(c, 2).RoundTime.Add(-time.Hour)) {
		t.Errorf("to do: %+v", list)
	}
	j.errs.Reset()
	j.goTo(j.info(c, 2).RoundTime.Add(-time.Hour + time.Second))
	j.look()
	if !strings.Contains(j.errs.String(), "can never be confirmed from outside") {
		t.Errorf("not said after the deadline: %s", j.errs.String())
	}
	j.goTo(j.info(c, 2).RoundTime.Add(time.Minute))
	j.beacon.away.Store(false)
	must(j.RunDraw(context.Background(), c.ID, 1))(t)
	j.replace(c, 1, 1) // so that another list is closed
	must(j.CloseCampaign(context.Background(), c.ID))(t)
	j.wantOut(c, 2, j.holders(c, 1)...)
	j.cosign(0, 1, 2)
	j.pass(2*time.Minute, 10*time.Second)
	if !strings.Contains(j.errs.String(), "closed after the deadline for cosignatures") || j.info(c, 2).State != store.DrawDrawn {
		t.Errorf("closed late: %+v\n%s", j.info(c, 2), j.errs.String())
	}
	j.wantThree(c, 3, verify.ReasonWitness)
	if out, _ := j.check(c); !out.Draws[0].InTime || out.Draws[1].InTime {
		t.Errorf("in time: %v, %v", out.Draws[0].InTime, out.Draws[1].InTime)
	}
}

// TestEarlierStrataAndSample has strata, of which one is too small for the second draw without who won the first, and an audit sample, which is drawn from the second
// draw's own list, also when a copy of the identity room has forgotten whom it was opened for.
func TestEarlierStrataAndSample(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	j := newJury(t)
	r := sampled(j.stages(branches(j.timed()), 2), 12)
	c := j.open(r)
	j.chooses(c, 6, 5, 7)
	j.shut(c)
	j.cosign(0, 1)
	j.hold(c, 1)
	j.cosign(0, 1)
	j.hold(c, 2)
	if in := j.info(c, 2).RankedIn; !slices.Equal(j.info(c, 1).RankedIn, []int{1, 2, 3}) || !slices.Equal(in, []int{1, 3, 3}) {
		t.Errorf("ranked in %v", in)
	}
	j.stop()
	restore := j.copies("identity")
	if err := j.begin(); err != nil {
		t.Fatal(err)
	}
	of := engine.ReleaseOf{Purpose: engine.PurposeAudit, AcceptUnproven: true}
	_, a, err := j.PrepareRelease(ctx, one, c.ID, 2, of)
	if err != nil {
		t.Fatal(err)
	}
	must(j.Approve(ctx, two, a.ID, a.Digest()))(t)
	_, files := j.bundle(c)
	want := must(verify.Bundle(files, verify.Options{}))(t).Draws[1].Audit
	opened := func(when string) {
		t.Helper()
		releases, _, err := j.PrepareRelease(ctx, one, c.ID, 2, of)
		if err != nil || len(releases) != 1 || len(releases[0].Entrants) != 12 || len(want) != 12 {
			t.Fatalf("%s: %+v, %v", when, releases, err)
		}
		for i, x := range releases[0].Entrants {
			if draw.EntrantID(x.ID) != want[i] || slices.Contains(j.holders(c, 1), want[i]) {
				t.Errorf("%s: place %d of the sample is %x, want %s", when, i+1, x.ID, want[i])
			}
		}
	}
	opened("at first")
	j.stop()
	restore()
	j.cfg.AcceptRestored = true
	if err := j.begin(); err != nil {
		t.Fatal(err)
	}
	opened("put back")
	j.wantThree(c, 3, verify.ReasonBeacon)
}

// TestEarlierAmend puts the second draw off while it waits for one that is late: then its list is closed in time. The first cannot be put off so far that the second could not be closed.
func TestEarlierAmend(t *testing.T) {
	ctx := context.Background()
	j := newJury(t)
	c, _ := j.staged(2)
	j.shut(c)
	j.cosign(0, 1)
	first, second := j.info(c, 1).RoundTime, j.info(c, 2).RoundTime
	_, err := j.RequestAmend(ctx, chen, c.ID, 1, first.Add(time.Minute))
	wantReason(t, err, engine.FieldInvalid, "draw_time")
	j.beacon.away.Store(true)
	j.goTo(first.Add(engine.WaitsLate))
	j.look()
	a := must(j.RequestAmend(ctx, chen, c.ID, 2, second.Add(24*time.Hour)))(t)
	must(j.Approve(ctx, lin, a.ID, a.Digest()))(t)
	j.cosign(0, 1)
	list := must(j.Todos(ctx))(t)
	if i := find(list, engine.TodoWaits); i < 0 || !list[i].By.Equal(second.Add(23*time.Hour)) {
		t.Errorf("to do: %+v", list)
	}
	j.goTo(second.Add(time.Hour))
	j.beacon.away.Store(false)
	j.pass(2*time.Minute, time.Minute)
	j.wantOut(c, 2, j.holders(c, 1)...)
	j.cosign(0, 1)
	j.hold(c, 2)
	j.wantConfirmed(c)
}

// TestEarlierVoid voids the first draw, so that nobody won it, and in another campaign the second while its list waits: then it is closed beside its void, and the third waits
// for neither.
func TestEarlierVoid(t *testing.T) {
	j := newJury(t)
	c, _ := j.staged(2)
	j.shut(c)
	j.void(c, 1, "ordered")
	j.pass(2*time.Minute, time.Minute)
	if d := j.info(c, 2); d.WaitsFor != 1 {
		t.Errorf("custodians may still confirm the void: %+v", d)
	}
	j.cosign(0, 1)
	j.pass(2*time.Minute, time.Minute)
	j.wantOut(c, 2)
	j.cosign(0, 1)
	j.goTo(j.info(c, 1).RoundTime.Add(2 * time.Second))
	j.look()
	j.hold(c, 2)
	j.wantConfirmed(c)

	j = newJury(t)
	c, _ = j.staged(3)
	j.shut(c)
	j.void(c, 2, "ordered")
	j.cosign(0, 1)
	if d := j.info(c, 2); !d.Void || d.WaitsFor != 1 || len(j.todo(2)) != 0 {
		t.Errorf("void while it waits: %+v, to do %v", d, j.todo(2))
	}
	j.hold(c, 1)
	j.pass(2*time.Minute, time.Minute)
	j.wantKinds(map[string]int{"open": 1, "void": 1, "close": 3, "result": 1})
	j.wantOut(c, 2, j.holders(c, 1)...)
	j.wantOut(c, 3, j.holders(c, 1)...)
	j.cosign(0, 1)
	j.hold(c, 3)
	j.wantConfirmed(c)
}

// TestEarlierErasure has somebody ask for their erasure when one list is closed and another one waits: their line stays as it is, and their envelopes until every draw is settled.
func TestEarlierErasure(t *testing.T) {
	ctx := context.Background()
	j := newJury(t)
	c, all := j.staged(2)
	j.shut(c)
	must(j.EraseEntry(ctx, c.ID, all[0].s))(t)
	sealed := func() bool { return len(j.sealedOf(c, all[0]).Lock) > 0 }
	for n := range 2 {
		j.pass(2*time.Minute, time.Minute)
		if !sealed() {
			t.Fatalf("erased before draw %d", n+1)
		}
		j.hold(c, n+1)
	}
	j.pass(2*time.Minute, time.Minute)
	if sealed() {
		t.Error("never erased")
	}
	for n := range 2 {
		if slices.Contains(j.holders(c, n+1), draw.EntrantID(all[0].got.ID)) {
			t.Errorf("who is erased holds a seat of draw %d", n+1)
		}
	}
	if _, plain := j.check(c); plain != nil {
		t.Error(plain)
	}
}

// lessOne is an identity room that has lost a leaf; otherRanking a registry whose ranking of the first draw is another one.
type lessOne struct{ store.Identity }

func (r lessOne) Leaves(ctx context.Context, c store.CampaignID, after store.EntrantID, limit int) ([]store.Leaf, error) {
	l, err := r.Identity.Leaves(ctx, c, after, limit)
	return l[min(1, len(l)):], err
}

type otherRanking struct{ store.Registry }

func (r otherRanking) Draws(ctx context.Context, c store.CampaignID) ([]store.Draw, error) {
	rows, err := r.Registry.Draws(ctx, c)
	if len(rows) > 0 && len(rows[0].Ranking) > 0 {
		rows[0].Ranking = rows[0].Ranking[:bytes.IndexByte(rows[0].Ranking, '\n')+1]
	}
	return rows, err
}

// TestEarlierOtherRooms has a damaged room under the engine when a draw that waited is to be closed: nothing is logged, and it is said which room it is.
func TestEarlierOtherRooms(t *testing.T) {
	ctx := context.Background()
	j := newJury(t)
	c := j.firstHeld()
	right := j.cfg
	for room, damage := range map[string]func(){
		"identity": func() { j.cfg.Identity = lessOne{j.cfg.Identity} },
		"registry": func() { j.cfg.Registry = otherRanking{j.cfg.Registry} },
	} {
		damage()
		j.restart()
		_, err := j.CloseCampaign(ctx, c.ID)
		wantReason(t, err, engine.StorageUnavailable, "")
		if err != nil && !strings.Contains(err.Error(), "the "+room+" room") {
			t.Errorf("%s: %v", room, err)
		}
		j.cfg = right
	}
	j.restart()
	j.wantKinds(map[string]int{"open": 1, "close": 1, "result": 1})
	must(j.CloseCampaign(ctx, c.ID))(t)
	j.wantOut(c, 2, j.holders(c, 1)...)
}

// TestEarlierRules opens nothing that could not be closed in time.
func TestEarlierRules(t *testing.T) {
	w := newWorld(t)
	for name, x := range map[string]struct {
		change func(d []engine.DrawRules)
		path   string
	}{
		"the first draw":                      {func(d []engine.DrawRules) { d[0].EarlierWinnersOut = true }, "campaign.draws[0].earlier_winners_out"},
		"a second too near":                   {func(d []engine.DrawRules) { d[1].DrawTime = d[1].DrawTime.Add(-time.Second) }, "campaign.draws[1].draw_time"},
		"too near with a larger margin":       {func(d []engine.DrawRules) { d[1].Margin++ }, "campaign.draws[1].draw_time"},
		"before the one before":               {func(d []engine.DrawRules) { d[1].DrawTime = d[0].DrawTime.Add(-time.Second) }, "campaign.draws[1].draw_time"},
		"too near to one that takes them in":  {func(d []engine.DrawRules) { d[2].EarlierWinnersOut = true }, "campaign.draws[2].draw_time"},
		"as near as may be":                   {func([]engine.DrawRules) {}, ""},
		"near, but earlier winners take part": {func(d []engine.DrawRules) { d[1].EarlierWinnersOut, d[1].DrawTime = false, d[0].DrawTime }, ""},
	} {
		r := rules()
		r.Draws = append(r.Draws, r.Draws[0], r.Draws[0])
		for i := 1; i < 3; i++ {
			r.Draws[i].Margin, r.Draws[i].DrawTime = 3600, r.Draws[0].DrawTime.Add(engine.SettleRoom+time.Hour)
		}
		r.Draws[1].EarlierWinnersOut = true
		x.change(r.Draws)
		c := must(w.CreateCampaign(context.Background(), strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), ",", ""), r, ""))(t)
		_, err := w.OpenCampaign(context.Background(), c.ID, c.Etag)
		if x.path == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if x.path != "" {
			wantReason(t, err, engine.RulesInvalid, x.path)
		}
	}
}
