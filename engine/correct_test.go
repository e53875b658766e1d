package engine_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
)

// correction asks that the entry of a client get another contact, under a new secret.
func (w *world) correction(c engine.Campaign, x *client, email string) (engine.CorrectRequest, draw.Secret) {
	var s draw.Secret
	rand.Read(s[:])
	return engine.CorrectRequest{
		Campaign: c.ID, S: x.s, R: s.R(), NoticeHash: c.NoticeHash, Identity: *x.req.Identity, Contact: engine.Contact{Email: email},
	}, s
}

// TestCorrectContact: the new entry takes the chances, the old one is listed as superseded with nothing sealed kept, and its response is mixed; the close counts it.
func TestCorrectContact(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(rules())
	codes := w.tokens(c, 9)
	var all []*client
	for i := range 9 {
		all = append(all, w.client(c, i, codes[i]))
		w.enter(all[i])
	}
	ask, s := w.correction(c, all[3], "better@example.org")
	for name, x := range map[string]struct {
		reason engine.Reason
		field  string
		spoil  func(r *engine.CorrectRequest)
	}{
		"a secret of nobody": {engine.EntryNotFound, "", func(r *engine.CorrectRequest) { r.S[0] ^= 1 }},
		"another person":     {engine.ReceiptMismatch, "", func(r *engine.CorrectRequest) { r.Identity.IDNumber = idNumber(4) }},
		"a stranger":         {engine.ReceiptMismatch, "", func(r *engine.CorrectRequest) { r.Identity.IDNumber = idNumber(77) }},
		"the same secret":    {engine.FieldInvalid, "r", func(r *engine.CorrectRequest) { r.R = all[3].s.R() }},
		"another's entry":    {engine.EntryDiffers, "", func(r *engine.CorrectRequest) { r.R = all[4].s.R() }},
		"a stale notice":     {engine.NoticeStale, "", func(r *engine.CorrectRequest) { r.NoticeHash[0] ^= 1 }},
		"no address":         {engine.FieldInvalid, "contact.email", func(r *engine.CorrectRequest) { r.Contact.Email = "nobody" }},
	} {
		req := ask
		x.spoil(&req)
		_, err := w.CorrectEntry(ctx, req)
		t.Run(name, func(t *testing.T) {
			wantReason(t, err, x.reason, x.field)
			if own := err.(*engine.Error); (own.Left != nil) != (x.reason == engine.ReceiptMismatch) {
				t.Errorf("tries left: %v", own.Left)
			}
		})
	}
	wrong := ask
	wrong.Identity.IDNumber = idNumber(55)
	_, err := w.CorrectEntry(ctx, wrong)
	if own := err.(*engine.Error); own.Left == nil || *own.Left != store.CorrectionTries-3 || !strings.Contains(own.Text, "7 of 10 tries are left") { // two above
		t.Errorf("after three wrong numbers: %v", err)
	}
	got := must(w.CorrectEntry(ctx, ask))(t)
	if got.Left != store.CorrectionTries-4 {
		t.Errorf("%d corrections are left after three wrong numbers and one correction", got.Left)
	}
	if again := must(w.CorrectEntry(ctx, ask))(t); string(again.Note) != string(got.Note) {
		t.Error("the same request got another receipt")
	}
	other := ask
	other.Contact.Email = "third@example.org"
	_, err = w.CorrectEntry(ctx, other)
	wantReason(t, err, engine.EntryDiffers, "")
	other.R = all[8].s.R()
	other.R[0] ^= 1
	_, err = w.CorrectEntry(ctx, other)
	wantReason(t, err, engine.EntryCorrected, "")
	_, err = w.Enter(ctx, all[3].req)
	wantReason(t, err, engine.EntryCorrected, "")
	w.wantGone(c, all[3])
	_, err = w.EraseEntry(ctx, c.ID, all[3].s) // it would seem to erase the person, who stands in the new one
	wantReason(t, err, engine.EntryCorrected, "")
	_, err = w.EraseAtDesk(ctx, engine.EraseAtDeskRequest{Campaign: c.ID, Receipt: all[3].got.Note, IDType: all[3].req.Identity.IDType, IDNumber: all[3].req.Identity.IDNumber})
	wantReason(t, err, engine.EntryCorrected, "")
	if again := must(w.CorrectEntry(ctx, ask))(t); string(again.Note) != string(got.Note) {
		t.Error("after that the same request got another receipt")
	}
	better := &client{s: s, got: got, req: all[3].req}
	if n := len(w.sealedOf(c, better).Contact); n == 0 {
		t.Error("the new contact is not kept")
	}
	if st := must(w.EntryStatus(ctx, c.ID, got.ID))(t); st.Chances != 2 {
		t.Errorf("the new entry: %+v", st)
	}
	if st := must(w.EntryStatus(ctx, c.ID, all[3].got.ID))(t); st.Reason != "superseded" {
		t.Errorf("the old entry: %+v", st)
	}
	w.erase(c, all[5])
	gone, _ := w.correction(c, all[5], "x@example.org")
	_, err = w.CorrectEntry(ctx, gone)
	wantReason(t, err, engine.EntryErased, "")
	w.setClock(c.Rules.EntriesEnd)
	late, _ := w.correction(c, all[6], "x@example.org")
	_, err = w.CorrectEntry(ctx, late)
	wantReason(t, err, engine.CampaignEnded, "")
	if !strings.Contains(err.Error(), "desk") {
		t.Errorf("says not what to do: %v", err)
	}
	w.wantClosed(w.mustClose(c), 10, 2)
	w.wantAnswers(c, []int{0, 1, 2, 3, 4, 6, 7, 8})
	records := must(w.rooms.Registry.LogRecords(ctx, 0, 100))(t)
	if text := string(records[len(records)-1]); !strings.Contains(text, "zero erased 1\nzero superseded 1\n") {
		t.Errorf("the close says\n%s", text)
	}
	if again := must(w.CorrectEntry(ctx, ask))(t); string(again.Note) != string(got.Note) {
		t.Error("after the close the same request got another receipt")
	}
}

// TestCorrectionShowsNobody: with proof none a duplicate's correction looks like any other, and gains no chance; at the desk no chance goes to an entry whose
// contact was destroyed.
func TestCorrectionShowsNobody(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(noProof(rules()))
	first, second := w.client(c, 1, ""), w.client(c, 1, "")
	w.enter(first)
	w.enter(second)
	shows := func(x *client) (store.EntrantID, string) {
		req, _ := w.correction(c, x, "better@example.org")
		r, err := w.CorrectEntry(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		st := must(w.EntryStatus(ctx, c.ID, r.ID))(t)
		old := must(w.EntryStatus(ctx, c.ID, x.got.ID))(t)
		again, againErr := w.Enter(ctx, x.req)
		st.ID, old.ID = store.EntrantID{}, store.EntrantID{}
		return r.ID, fmt.Sprintf("%+v %+v %d %d %v", st, old, len(r.Note), len(again.Note), againErr)
	}
	two, b := shows(second)
	one, a := shows(first)
	if a != b {
		t.Errorf("a corrected duplicate shows\n%s\nanother\n%s", b, a)
	}
	w.setClock(c.Rules.EntriesEnd.Add(time.Second))
	desk := engine.MoveChanceRequest{Campaign: c.ID, S: second.s, Receipt: second.got.Note, Identity: *second.req.Identity}
	copy(desk.ContactCommitment[:], second.got.ContactCommitment)
	_, err := w.MoveChance(ctx, desk)
	wantReason(t, err, engine.EntryCorrected, "")
	for id, chances := range map[store.EntrantID]uint16{one: 1, two: 0, first.got.ID: 0, second.got.ID: 0} {
		if row := must(w.rooms.Identity.Entrant(ctx, c.ID, id))(t); row.Chances != chances {
			t.Errorf("%x: %+v", id, row)
		}
	}
	w.wantClosed(w.mustClose(c), 4, 3)
}

// loose is an identity room that is broken on purpose in the way that its name says.
type loose struct {
	store.Identity
	how  string
	tags map[store.EntrantID]*store.Hash
}

func (l *loose) Enter(ctx context.Context, now func() time.Time, batch []store.Entry) ([]store.EntryResult, error) {
	for _, e := range batch {
		l.tags[e.ID] = e.Tag
	}
	return l.Identity.Enter(ctx, now, batch)
}

func (l *loose) Correct(ctx context.Context, now func() time.Time, old store.EntrantID, e store.Entry) (store.EntryResult, error) {
	switch l.how {
	case "the old entry stays", "answers too": // as a new entry, beside the old one or after its erasure
		if l.how == "answers too" {
			if _, err := l.Erase(ctx, e.Campaign, old, "erased", nil); err != nil {
				return store.EntryResult{}, err
			}
		}
		tag := store.Hash(sha256.Sum256(e.ID[:]))
		gate, err := l.Gate(ctx, e.Campaign)
		if err != nil {
			return store.EntryResult{}, err
		}
		e.Tag, e.Epoch = &tag, gate.Epoch
		r, err := l.Identity.Enter(ctx, now, []store.Entry{e})
		return r[0], err
	case "of anybody":
		e.Tag = l.tags[old]
	case "without end":
		now = func() time.Time { return start }
	}
	return l.Identity.Correct(ctx, now, old, e)
}

// faultsOfCorrection has one entry of eight corrected while all answers wait, by the person, by somebody else, and at the closing instant by a clock that moves while
// the daemon works, and says what is wrong after it.
func faultsOfCorrection(t *testing.T, how string) (faults []string) {
	w := newWorld(t)
	ctx := context.Background()
	if how != "" {
		w.cfg.Identity = &loose{w.rooms.Identity, how, map[store.EntrantID]*store.Hash{}}
		w.reopen()
	}
	r := rules()
	r.Batch = 50
	c := w.open(r)
	codes := w.tokens(c, 8)
	var all []*client
	for i := range 8 {
		all = append(all, w.client(c, i, codes[i]))
		w.enter(all[i])
	}
	wait := func() string {
		rows := must(w.rooms.Identity.SealedResponses(ctx, c.ID, 1, 9, store.EntrantID{}, 100))(t)
		kept, dropped, err := w.rooms.Identity.EpochCounted(ctx, c.ID, 1)
		return fmt.Sprint(rows, kept, dropped, err)
	}
	before := wait()
	strange, _ := w.correction(c, all[2], "thief@example.org")
	strange.Identity.IDNumber = idNumber(99)
	if _, err := w.CorrectEntry(ctx, strange); err == nil {
		faults = append(faults, "another person's ID number corrects")
	}
	ask, _ := w.correction(c, all[3], "better@example.org")
	must(w.CorrectEntry(ctx, ask))(t)
	if wait() != before {
		faults = append(faults, "what waits to be mixed has changed")
	}
	if len(w.sealedOf(c, all[3]).Contact) > 0 {
		faults = append(faults, "the old contact is kept")
	}
	late, _ := w.correction(c, all[4], "late@example.org")
	w.cfg.Now = func() time.Time { // asked the first time it is before the end, under the lock it is not
		now := w.now()
		w.setClock(c.Rules.EntriesEnd)
		return now
	}
	w.reopen()
	w.setClock(c.Rules.EntriesEnd.Add(-time.Second))
	if _, err := w.CorrectEntry(ctx, late); err == nil {
		faults = append(faults, "corrected after the end")
	}
	var sum int
	for _, l := range must(w.rooms.Identity.Leaves(ctx, c.ID, store.EntrantID{}, 100))(t) {
		sum += int(l.Chances)
	}
	if sum != 16 {
		faults = append(faults, fmt.Sprintf("%d chances of 16", sum))
	}
	return faults
}

// TestBrokenCorrectionsAreCaught: a correction changes contact and place in the list, and nothing else; each way of breaking that is seen.
func TestBrokenCorrectionsAreCaught(t *testing.T) {
	if faults := faultsOfCorrection(t, ""); len(faults) > 0 {
		t.Error(faults)
	}
	for how, want := range map[string]string{
		"the old entry stays": "the old contact is kept", "of anybody": "another person's ID number corrects", "without end": "corrected after the end",
		"answers too": "what waits to be mixed has changed",
	} {
		if faults := faultsOfCorrection(t, how); !slices.Contains(faults, want) {
			t.Errorf("%s: not caught: %v", how, faults)
		}
	}
}

// TestCorrectionsRunOut: ten thousand in a loop, some with ID numbers of others, make ten more lines of the list and no chance, and find nobody's ID number.
func TestCorrectionsRunOut(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(rules())
	codes := w.tokens(c, 2)
	x, thief := w.client(c, 1, codes[0]), w.client(c, 2, codes[1])
	w.enter(x)
	w.enter(thief)
	last := x
	reasons := map[engine.Reason]int{}
	for i := range 10_000 {
		req, s := w.correction(c, last, fmt.Sprintf("p%d@example.org", i))
		got, err := w.CorrectEntry(ctx, req)
		var own *engine.Error
		switch {
		case err == nil:
			last = &client{s: s, req: x.req, got: got}
		case errors.As(err, &own):
			reasons[own.Reason]++
		default:
			t.Fatal(err)
		}
	}
	if reasons[engine.CorrectionsSpent] != 10_000-store.CorrectionTries || len(reasons) != 1 {
		t.Errorf("refused: %v", reasons)
	}
	for i := range 30 { // who found a receipt and tries whose it is: the right number comes too late
		req, _ := w.correction(c, thief, "x@example.org")
		req.Identity.IDNumber = idNumber(1000 + i)
		if i == store.CorrectionTries {
			req.Identity.IDNumber = idNumber(2)
		}
		_, err := w.CorrectEntry(ctx, req)
		wantReason(t, err, map[bool]engine.Reason{true: engine.ReceiptMismatch, false: engine.CorrectionsSpent}[i < store.CorrectionTries], "")
	}
	leaves := must(w.rooms.Identity.Leaves(ctx, c.ID, store.EntrantID{}, 100))(t)
	if len(leaves) != 2+store.CorrectionTries {
		t.Errorf("%d lines in the list", len(leaves))
	}
	for _, l := range leaves {
		if want := map[bool]uint16{true: 2}[l.ID == last.got.ID || l.ID == thief.got.ID]; l.Chances != want {
			t.Errorf("%x has %d chances", l.ID, l.Chances)
		}
	}
}

// TestCorrectionsAtOnce has one entry corrected by several at once, erased and closed: whoever is first, the person has one chance at most, and the list is whole.
func TestCorrectionsAtOnce(t *testing.T) {
	for _, end := range []string{"none", "erase", "close"} {
		w := newWorld(t)
		ctx := context.Background()
		r := rules()
		r.ObjectionsEnd = r.EntriesEnd
		c := w.open(r)
		codes := w.tokens(c, 6)
		var all []*client
		for i := range 6 {
			all = append(all, w.client(c, i, codes[i]))
			w.enter(all[i])
		}
		var wg sync.WaitGroup
		var got, same atomic.Int64
		shared, _ := w.correction(c, all[5], "shared@example.org")
		for i := range 8 {
			wg.Go(func() {
				req, _ := w.correction(c, all[1], fmt.Sprintf("p%d@example.org", i))
				if _, err := w.CorrectEntry(ctx, req); err == nil {
					got.Add(1)
				}
			})
			wg.Go(func() { // one request, sent many times
				if _, err := w.CorrectEntry(ctx, shared); err == nil {
					same.Add(1)
				}
			})
		}
		switch end {
		case "erase":
			wg.Go(func() {
				if _, err := w.EraseEntry(ctx, c.ID, all[1].s); err != nil && reason(err) != engine.EntryCorrected { // who was corrected first is erased by the newer receipt
					t.Errorf("erase: %v", err)
				}
			})
		case "close":
			wg.Go(func() { w.setClock(c.Rules.EntriesEnd); w.Work(ctx) })
		}
		wg.Wait()
		if got.Load() > 1 || end == "none" && (got.Load() != 1 || same.Load() != 8) {
			t.Errorf("%s: %d corrections of one entry, %d of 8 of the same", end, got.Load(), same.Load())
		}
		var sum, listed int
		for _, l := range must(w.rooms.Identity.Leaves(ctx, c.ID, store.EntrantID{}, 100))(t) {
			sum, listed = sum+int(l.Chances), listed+1
		}
		if gone := must(w.rooms.Identity.Entrant(ctx, c.ID, all[1].got.ID))(t).Zero == "erased"; sum != 12 && (!gone || sum != 10 && got.Load() == 0) {
			t.Errorf("%s: %d chances", end, sum)
		}
		if most := 6 + int(got.Load()) + 1; listed > most {
			t.Errorf("%s: %d listed, at most %d", end, listed, most)
		}
	}
}

// TestCorrectionCutOff kills the daemon when the correction is durable and before anything outside the rooms knows it: the same request again ends it.
func TestCorrectionCutOff(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(rules())
	x := w.client(c, 1, w.tokens(c, 1)[0])
	w.enter(x)
	ask, _ := w.correction(c, x, "better@example.org")
	func() {
		defer func() {
			if r := recover(); r != (crash{"entry corrected"}) {
				panic(r)
			}
		}()
		w.SetStep(func(name string) {
			if name == "entry corrected" {
				panic(crash{name})
			}
		})
		_, _ = w.CorrectEntry(ctx, ask)
	}()
	w.reopen()
	noted := func() bool {
		b, _ := os.ReadFile(w.list("erased", c))
		return strings.Contains(string(b), fmt.Sprintf("%x superseded", x.got.ID))
	}
	if noted() {
		t.Fatal("the daemon did not die where it should have")
	}
	got := must(w.CorrectEntry(ctx, ask))(t)
	if !noted() {
		t.Error("a copy of before would bring the old contact back")
	}
	if st := must(w.EntryStatus(ctx, c.ID, got.ID))(t); st.Chances != 2 {
		t.Errorf("%+v", st)
	}
	w.wantGone(c, x)
}

// TestCorrectedStaysCorrected brings back an identity room of before a correction: the old contact is destroyed again, and said to be; the person may enter anew.
func TestCorrectedStaysCorrected(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(rules())
	codes := w.tokens(c, 9)
	var all []*client
	for i := range 6 {
		all = append(all, w.client(c, i, codes[i]))
		w.enter(all[i])
	}
	w.stop()
	restore := w.copies("identity")
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
	ask, _ := w.correction(c, all[2], "better@example.org")
	must(w.CorrectEntry(ctx, ask))(t)
	w.stop()
	restore()
	w.cfg.AcceptRestored = true
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
	w.wantGone(c, all[2])
	if n := len(w.sealedOf(c, all[1]).Contact); n == 0 {
		t.Error("somebody else's contact is destroyed")
	}
	if row := must(w.rooms.Identity.Entrant(ctx, c.ID, all[2].got.ID))(t); row.Zero != "superseded" || row.Chances != 0 {
		t.Errorf("%+v", row)
	}
	if !strings.Contains(w.errs.String(), "must enter anew") {
		t.Errorf("the daemon says\n%s", w.errs.String())
	}
	again := w.client(c, 2, codes[7])
	again.req.Response, again.req.AnswerSecretHash = w.client(c, 62, "").req.Response, w.client(c, 62, "").req.AnswerSecretHash
	w.enter(again)
	w.wantClosed(w.mustClose(c), 7, 1)
}
