package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/crypto/receipt"
	"fairlot/engine"
	"fairlot/store"
)

func TestLifeWithSurveyAndDraws(t *testing.T) {
	w := newWorld(t)
	r := rules()
	r.Draws = append(r.Draws, r.Draws[0])
	c := w.open(r)
	ctx := context.Background()
	tokens := w.tokens(c, 43)
	var persons []int
	for i, token := range tokens {
		x := w.client(c, i, token)
		w.enter(x)
		persons = append(persons, i)
		saved := receipt.Saved{S: x.s, Draws: true, Identity: [32]byte(x.got.IdentityCommitment), Contact: [32]byte(x.got.ContactCommitment), Note: x.got.Note}
		if got, err := saved.Check(w.rvkey); err != nil || got.Chances != 2 || got.Stratum != 1 || got.ID != x.got.ID || got.Open != c.OpenHash {
			t.Fatalf("receipt: %v, %v", got, err)
		}
		if i%6 == 5 {
			w.work()
		}
	}
	batches := must(w.rooms.Identity.Batches(ctx, c.ID))(t)
	if len(batches) < 4 {
		t.Fatalf("%d batches before the end", len(batches))
	}
	if n := len(w.responses(c)); n != 36 { // of seven full epochs of six, the last is kept back until the next is full
		t.Errorf("%d responses mixed before the end, want 36", n)
	}
	if _, err := w.CloseCampaign(ctx, c.ID); err == nil {
		t.Fatal("closed before the end")
	} else {
		wantReason(t, err, engine.TooEarly, "")
	}
	if _, err := w.Tallies(ctx, c.ID); err == nil {
		t.Error("statistics before the close")
	}
	closed := w.mustClose(c)
	w.wantClosed(closed, 43, 0)
	w.wantAnswers(c, persons)
	var table struct {
		Responses int
		Questions []struct {
			Name  string
			Cells []struct {
				Value string
				Count *int
			}
		}
	}
	b := must(w.Tallies(ctx, c.ID))(t)
	if err := json.Unmarshal(b, &table); err != nil || table.Responses != 43 || len(table.Questions) != 2 || *table.Questions[1].Cells[0].Count != 15 {
		t.Errorf("tallies %s, %v", b, err)
	}
	if again, err := w.CloseCampaign(ctx, c.ID); err != nil || again.State != store.Closed {
		t.Errorf("closing again: %v", err)
	}
	w.work()
	w.wantClosed(closed, 43, 0)
	if size := must(w.rooms.Registry.LogSize(ctx))(t); size != 3 {
		t.Errorf("%d records, want open and two closes", size)
	}
}

func TestSurveyOnly(t *testing.T) {
	w := newWorld(t)
	c := w.open(surveyOnly(rules()))
	ctx := context.Background()
	var persons []int
	var first *client
	for i := range 17 {
		x := w.client(c, i, "")
		w.enter(x)
		if i == 0 {
			first = x
		}
		got, err := receipt.Verify(w.rvkey, x.got.Note)
		if err != nil || got.Draws() || x.got.IdentityCommitment != nil {
			t.Fatalf("receipt %v, %v", got, err)
		}
		persons = append(persons, i)
		if i%5 == 4 {
			w.work()
		}
	}
	for path, change := range map[string]func(*engine.EnterRequest){
		"identity": func(r *engine.EnterRequest) { r.Identity = &engine.Identity{} },
		"contact":  func(r *engine.EnterRequest) { r.Contact = &engine.Contact{} },
		"token":    func(r *engine.EnterRequest) { r.Token = "x" },
	} {
		x := w.client(c, 99, "")
		change(&x.req)
		_, err := w.Enter(ctx, x.req)
		wantReason(t, err, engine.FieldInvalid, path)
	}
	if s := must(w.EntryStatus(ctx, c.ID, first.got.ID))(t); s.Counting != engine.CountingReceived {
		t.Errorf("status %v", s)
	}
	w.wantClosed(w.mustClose(c), 0, 0)
	w.wantAnswers(c, persons)
	if leaves := must(w.rooms.Identity.Leaves(ctx, c.ID, store.EntrantID{}, 10))(t); len(leaves) != 0 {
		t.Error("entrants are left")
	}
	_, err := w.Enter(ctx, first.req)
	wantReason(t, err, engine.CampaignClosed, "")
	_, err = w.EntryStatus(ctx, c.ID, first.got.ID)
	wantReason(t, err, engine.EntryNotFound, "")
}

func TestDrawOnly(t *testing.T) {
	w := newWorld(t)
	r := rules()
	r.Survey, r.Consents = "", nil
	c := w.open(r)
	for i, token := range w.tokens(c, 7) {
		w.enter(w.client(c, i, token))
		w.work()
	}
	x := w.client(c, 9, w.tokens(c, 1)[0])
	x.req.Response = []byte("{}")
	_, err := w.Enter(context.Background(), x.req)
	wantReason(t, err, engine.ResponseInvalid, "response_json")
	w.wantClosed(w.mustClose(c), 7, 0)
}

func TestNobodyEntered(t *testing.T) {
	w := newWorld(t)
	w.wantClosed(w.mustClose(w.open(rules())), 0, 0)
	w.setClock(start)
	w.wantClosed(w.mustClose(w.open(surveyOnly(rules()))), 0, 0)
}

func TestFewerThanBatchKeepsNoRow(t *testing.T) {
	w := newWorld(t)
	r := rules()
	r.Batch = 12
	c := w.open(r)
	for i, token := range w.tokens(c, 11) {
		w.enter(w.client(c, i, token))
		w.work()
	}
	w.wantClosed(w.mustClose(c), 11, 0)
	w.wantAnswers(c, nil)
	var table struct{ Responses *int }
	if b := must(w.Tallies(context.Background(), c.ID))(t); json.Unmarshal(b, &table) != nil || table.Responses == nil || *table.Responses != 11 {
		t.Errorf("tallies %s", b)
	}
}

func TestNoProofAndDesk(t *testing.T) {
	w := newWorld(t)
	c := w.open(noProof(rules()))
	ctx := context.Background()
	var persons []int
	var thief, owner *client
	for i := range 13 {
		x := w.client(c, i, "")
		w.enter(x)
		persons = append(persons, i)
		if i == 3 {
			thief = x
			owner = w.client(c, 3, "")
			owner.req.Response = []byte(response(777))
			w.enter(owner) // kept with chances 0, and cannot tell
		}
		w.work()
	}
	for _, x := range []*client{thief, owner} {
		if got, err := receipt.Verify(w.rvkey, x.got.Note); err != nil || got.Chances != 0 || got.Stratum != 1 {
			t.Errorf("receipt %v, %v", got, err)
		}
		if s := must(w.EntryStatus(ctx, c.ID, x.got.ID))(t); s.Counting != engine.CountingReceived || s.Reason != "" {
			t.Errorf("before the end: %v", s)
		}
	}
	if len(owner.got.Note) != len(thief.got.Note) {
		t.Error("the receipts of first and second entry differ in length")
	}
	ask := engine.MoveChanceRequest{Campaign: c.ID, S: owner.s, Receipt: owner.got.Note, Identity: *owner.req.Identity, ContactCommitment: [32]byte(owner.got.ContactCommitment)}
	_, err := w.MoveChance(ctx, ask)
	wantReason(t, err, engine.TooEarly, "")
	w.setClock(c.Rules.EntriesEnd.Add(time.Hour))
	bad := ask
	bad.S[0]++
	_, err = w.MoveChance(ctx, bad)
	wantReason(t, err, engine.ReceiptMismatch, "")
	bad = ask
	bad.Identity.IDNumber = idNumber(4)
	_, err = w.MoveChance(ctx, bad)
	wantReason(t, err, engine.ReceiptMismatch, "")
	bad = ask
	bad.Identity.IDNumber = "A123456780"
	_, err = w.MoveChance(ctx, bad)
	wantReason(t, err, engine.IDInvalid, "identity.id_number")
	bad = ask
	bad.Receipt = bytes.Replace(ask.Receipt, []byte("stratum 1"), []byte("stratum 2"), 1)
	_, err = w.MoveChance(ctx, bad)
	wantReason(t, err, engine.ReceiptMismatch, "")
	for range 2 {
		if s, err := w.MoveChance(ctx, ask); err != nil || s.Counting != engine.CountingCounted || s.Chances != 1 {
			t.Fatalf("move: %v, %v", s, err)
		}
	}
	if s := must(w.EntryStatus(ctx, c.ID, thief.got.ID))(t); s.Counting != engine.CountingNotCounted || s.Reason != "superseded" {
		t.Errorf("thief: %v", s)
	}
	w.setClock(c.Rules.ObjectionsEnd)
	_, err = w.MoveChance(ctx, ask)
	wantReason(t, err, engine.TooLate, "")
	w.wantClosed(w.mustClose(c), 14, 1)
	w.wantAnswers(c, persons) // the answers did not move
}

func TestRunStopsAndEnds(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	w.setClock(c.Rules.EntriesEnd)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	waitFor(t, func() bool { return must(w.FindCampaign(ctx, c.Slug, false))(t).State >= store.Ended })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// troubled is an identity room whose commits fail, hang or answer late on demand.
type troubled struct {
	store.Identity
	hold  chan struct{} // if not nil, Enter waits for it
	fail  error         // returned instead of committing
	late  error         // returned after committing
	taken atomic.Int64  // entries that reached it
}

func (d *troubled) Enter(ctx context.Context, now func() time.Time, batch []store.Entry) ([]store.EntryResult, error) {
	d.taken.Add(int64(len(batch)))
	if d.hold != nil {
		<-d.hold
	}
	if d.fail != nil {
		return nil, d.fail
	}
	res, err := d.Identity.Enter(ctx, now, batch)
	if d.late != nil {
		return nil, d.late
	}
	return res, err
}

func TestStorageInTrouble(t *testing.T) {
	w := newWorld(t)
	d := &troubled{Identity: w.rooms.Identity}
	w.cfg.Identity = d
	w.reopen()
	c := w.open(surveyOnly(rules()))
	ctx := context.Background()
	x := w.client(c, 1, "")
	d.fail = store.ErrUnavailable
	_, err := w.Enter(ctx, x.req)
	wantReason(t, err, engine.StorageUnavailable, "")
	d.fail, d.late = nil, store.ErrUnavailable
	_, err = w.Enter(ctx, x.req)
	wantReason(t, err, engine.StorageUnavailable, "")
	d.late = nil
	w.enter(x) // it was committed: the receipt is fetched

	d.hold = make(chan struct{})
	short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	y := w.client(c, 2, "")
	begun := time.Now()
	if _, err := w.Enter(short, y.req); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 5*time.Second {
		t.Errorf("waited %v, %v", time.Since(begun), err)
	}
	// The queue is bounded: with a commit that hangs, some are told to come again at once, the others are committed when it goes on.
	const n = 1500
	clients := make([]*client, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	var answered atomic.Int64
	before := d.taken.Load()
	for i := range n {
		clients[i] = w.client(c, 10+i, "")
		wg.Go(func() {
			clients[i].got, errs[i] = w.Enter(ctx, clients[i].req)
			answered.Add(1)
		})
	}
	waitFor(t, func() bool { return answered.Load()+int64(w.Queued())+d.taken.Load()-before == n })
	close(d.hold)
	wg.Wait()
	w.enter(y)
	in := []int{1, 2}
	for i, err := range errs {
		var e *engine.Error
		switch {
		case err == nil:
			in = append(in, 10+i)
		case !errors.As(err, &e) || e.Reason != engine.Busy || e.Retry == 0:
			t.Fatal(err)
		}
	}
	if len(in) == n+2 || len(in) < 1000 {
		t.Errorf("%d of %d entered", len(in)-2, n)
	}
	w.mustClose(c)
	w.wantAnswers(c, in)
}

func TestCloseFinishesTheQueue(t *testing.T) {
	w := newWorld(t)
	d := &troubled{Identity: w.rooms.Identity, hold: make(chan struct{})}
	w.cfg.Identity = d
	w.reopen()
	c := w.open(surveyOnly(rules()))
	var wg sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		x := w.client(c, i, "")
		wg.Go(func() { _, errs[i] = w.Enter(context.Background(), x.req) })
	}
	waitFor(t, func() bool { return w.Queued()+int(d.taken.Load()) == len(errs) })
	closed := make(chan struct{})
	go func() {
		w.Engine.Close()
		close(closed)
	}()
	waitFor(t, w.Stopped) // Close has begun, and waits
	close(d.hold)
	<-closed
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	_, err := w.Enter(context.Background(), w.client(c, 99, "").req)
	wantReason(t, err, engine.Busy, "")
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited too long")
		}
	}
}

func TestNothingPersonalPrints(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	x := w.client(c, 1, "TOKEN")
	for _, v := range []any{x.req, &x.req, *x.req.Identity, x.req.Identity, *x.req.Contact, engine.MoveChanceRequest{Identity: *x.req.Identity}} {
		for _, s := range []string{sprint("%v", v), sprint("%+v", v), sprint("%#v", v), sprint("%s", v)} {
			if strings.Contains(s, "小明") || strings.Contains(s, "A1") || strings.Contains(s, "TOKEN") || strings.Contains(s, "@") {
				t.Errorf("prints %s", s)
			}
		}
	}
}

// TestSmallEpoch begins with what a mover leaves behind that died between announcing and moving: an epoch that comes out small. It is never a
// batch of its own, and an epoch is not mixed while what follows it is too small to be the rest.
func TestSmallEpoch(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, x := range []struct {
		sizes []int
		want  []store.Batch // before the close
	}{
		{[]int{2, 5, 5}, []store.Batch{{First: 1, Last: 2, Cleared: true}}},
		{[]int{5, 2}, nil},
		{[]int{5, 2, 5}, []store.Batch{{First: 1, Last: 1, Cleared: true}}},
		{[]int{2, 2, 2}, nil},
	} {
		w.setClock(start)
		c := w.open(surveyOnly(rules()))
		var persons []int
		for i, n := range x.sizes {
			for range n {
				persons = append(persons, len(persons))
				w.enter(w.client(c, len(persons)-1, ""))
			}
			if n < 5 {
				w.work()
				if err := w.rooms.Identity.AnnounceMove(ctx, c.ID, store.GateOpen, uint32(i+1)); err != nil {
					t.Fatal(err)
				}
			}
			w.work()
			if g := must(w.rooms.Identity.Gate(ctx, c.ID))(t); g.Epoch != uint32(i+2) || g.Moving {
				t.Fatalf("%v: gate %+v", x.sizes, g)
			}
		}
		if got := must(w.rooms.Identity.Batches(ctx, c.ID))(t); !slices.Equal(got, x.want) {
			t.Errorf("%v: batches %v, want %v", x.sizes, got, x.want)
		}
		w.mustClose(c)
		w.wantAnswers(c, persons)
	}
}
