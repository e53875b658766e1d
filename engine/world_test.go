package engine_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"fairlot/crypto/beacon"
	"fairlot/crypto/custody"
	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/crypto/tag"
	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/store/sqlite"
)

const surveyJSON = `{"clearInvisibleValues":"onHidden","pages":[{"name":"p1","elements":[
 {"type":"text","inputType":"number","name":"n","title":"A number","isRequired":true,"min":0,"max":1000000,"step":1},
 {"type":"radiogroup","name":"c","title":"A choice","isRequired":true,"choices":["red","green","blue"]},
 {"type":"comment","name":"t","title":"Words","visibleIf":"{c} = 'red'"}]}]}`

var start = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)

// noBeacon is out of reach.
type noBeacon struct{}

func (noBeacon) Fetch(context.Context, beacon.Chain, uint64) ([48]byte, error) {
	return [48]byte{}, beacon.ErrNoRelay
}

// world is one installation on real files, with a clock that the test moves.
type world struct {
	t     testing.TB
	dir   string
	rooms store.Rooms
	keys  *keys.Folder
	log   note.Signer
	rcpt  note.Signer
	rvkey string
	clock *atomic.Int64
	reach func() (store.Rooms, error) // opens the rooms once more
	errs  bytes.Buffer
	*engine.Engine
	cfg engine.Config
}

func (w *world) now() time.Time       { return time.Unix(0, w.clock.Load()).UTC() }
func (w *world) setClock(t time.Time) { w.clock.Store(t.UnixNano()) }
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	dir := t.TempDir()
	db := filepath.Join(dir, "db")
	if err := sqlite.Create(db); err != nil {
		t.Fatal(err)
	}
	return newWorldIn(t, dir, func() (store.Rooms, error) { return sqlite.Open(db) })
}

// newWorldIn has its keys in a folder, and new rooms of any engine.
func newWorldIn(t testing.TB, dir string, reach func() (store.Rooms, error)) *world {
	t.Helper()
	w := &world{t: t, dir: dir, clock: new(atomic.Int64), reach: reach}
	w.setClock(start)
	ctx := context.Background()
	kf := filepath.Join(w.dir, "keys")
	if err := keys.Make(kf); err != nil {
		t.Fatal(err)
	}
	w.rooms = must(reach())(t)
	t.Cleanup(func() { w.rooms.Close() })
	w.keys = must(keys.Open(kf))(t)
	lskey, lvkey, err := ledger.GenerateLogKey("example.org/draws")
	if err != nil {
		t.Fatal(err)
	}
	w.log, _, err = ledger.NewLogSigner(lskey)
	if err != nil {
		t.Fatal(err)
	}
	rskey, rvkey, err := receipt.GenerateKey("example.org/draws")
	if err != nil {
		t.Fatal(err)
	}
	w.rcpt, w.rvkey = must(receipt.NewSigner(rskey))(t), rvkey
	// Made a year later by the clock of the trail, so that no head of it comes into a log whose records a test counts; approvals_test has its own acts.
	_, err = engine.MakeInstallation(ctx, w.rooms, w.keys, store.Installation{Origin: "example.org/draws", Institution: "Library", LogKey: lvkey, ReceiptKey: rvkey}, "admin", start.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	w.cfg = engine.Config{
		Registry: w.rooms.Registry, Identity: w.rooms.Identity, Answers: w.rooms.Answers, Keys: w.keys, Marks: w.keys, Beacon: noBeacon{},
		LogSigner: w.log, ReceiptSigner: w.rcpt, Now: w.now, Log: slog.New(slog.NewTextHandler(&w.errs, nil)),
	}
	w.reopen()
	t.Cleanup(func() {
		if w.Engine != nil {
			w.Engine.Close()
		}
	})
	return w
}

// reopen starts another engine on the same rooms, as after a crash.
func (w *world) reopen() {
	w.t.Helper()
	if w.Engine != nil {
		w.Engine.Close()
	}
	w.Engine = must(engine.New(context.Background(), w.cfg))(w.t)
}

func (w *world) work() {
	w.t.Helper()
	w.Work(context.Background())
	if w.errs.Len() > 0 {
		w.t.Fatalf("work: %s", w.errs.String())
	}
}

var custodians = sync.OnceValue(func() (out []engine.Custodian) {
	for i := range 3 {
		k, err := custody.NewClassicKey()
		_, vkey, err2 := ledger.GenerateCosigner(fmt.Sprintf("custodian%d", i+1))
		if err != nil || err2 != nil {
			panic(errors.Join(err, err2))
		}
		out = append(out, engine.Custodian{Recipient: k.Recipient(), Cosigner: vkey})
	}
	return out
})

// rules are those of a campaign with a survey and one draw, proof token, batch 5.
func rules() engine.Rules {
	end := start.Add(48 * time.Hour)
	return engine.Rules{
		Title: engine.Texts{"en": "Autumn"}, Description: engine.Texts{"en": "d"}, Notice: engine.Texts{"en": "We keep this apart."},
		Survey: surveyJSON,
		Consents: []engine.Consent{
			{Code: "rules", Text: engine.Texts{"en": "I agree"}, Required: true},
			{Code: "research", Text: engine.Texts{"en": "Use my answers"}, AboutAnswers: true},
			{Code: "news", Text: engine.Texts{"en": "Write to me"}},
			{Code: "open-data", Text: engine.Texts{"en": "Publish my answers"}, AboutAnswers: true},
		},
		Draws: []engine.DrawRules{{Tiers: []engine.Tier{{Count: 2, Title: engine.Texts{"en": "Book"}}}, Alternates: 2, ClaimDays: 7, DrawTime: end.Add(72 * time.Hour)}},
		Form:  engine.Form{Birth: engine.Optional, Email: engine.Required, Phone: engine.Optional},
		Proof: engine.ProofToken, ChancesCap: 3, Batch: 5,
		EntriesEnd: end, Custodians: custodians(), Threshold: 2, Notifiers: []string{custodians()[0].Recipient},
	}
}

func noProof(r engine.Rules) engine.Rules {
	r.Proof, r.ChancesCap, r.ObjectionsEnd = engine.ProofNone, 1, r.EntriesEnd.Add(24*time.Hour)
	return r
}

func surveyOnly(r engine.Rules) engine.Rules {
	r.Draws, r.Form, r.Custodians, r.Notifiers, r.Threshold, r.ChancesCap = nil, engine.Form{}, nil, nil, 0, 0
	r.Consents = slices.DeleteFunc(r.Consents, func(c engine.Consent) bool { return !c.AboutAnswers })
	r.Proof = engine.ProofNone
	return r
}

var slugs atomic.Int64

func (w *world) open(r engine.Rules) engine.Campaign {
	w.t.Helper()
	ctx := context.Background()
	c := must(w.CreateCampaign(ctx, fmt.Sprintf("campaign-%d", slugs.Add(1)), r, ""))(w.t)
	c, err := w.OpenCampaign(ctx, c.ID, c.Etag)
	var e *engine.Error
	if errors.As(err, &e) {
		w.t.Fatal(e, e.Fields)
	}
	return must(c, err)(w.t)
}

// idNumber is the i-th valid citizen's number.
func idNumber(i int) string {
	for d := range 10 {
		if n, err := tag.Canonical(tag.Citizen, fmt.Sprintf("A1%07d%d", i, d)); err == nil {
			return n
		}
	}
	panic("no check digit")
}

// client is what an entrant's browser holds.
type client struct {
	s   draw.Secret
	req engine.EnterRequest
	got engine.Receipt
}

// client makes the i-th person's entry, with a response that nobody else sends.
func (w *world) client(c engine.Campaign, i int, token string) *client {
	x := &client{}
	rand.Read(x.s[:])
	x.req = engine.EnterRequest{Campaign: c.ID, R: x.s.R(), NoticeHash: c.NoticeHash, Token: token}
	for _, k := range c.Rules.Consents {
		if k.Required || i%2 == 0 {
			x.req.Consents = append(x.req.Consents, k.Code)
		}
	}
	if c.Rules.Survey != "" {
		x.req.Response = []byte(response(i))
		x.req.AnswerSecretHash = bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 16)
	}
	if len(c.Rules.Draws) > 0 {
		x.req.Identity = &engine.Identity{Name: "  王　小明 ", IDType: "citizen", IDNumber: idNumber(i), Birth: "1980-02-29"}
		x.req.Contact = &engine.Contact{Email: fmt.Sprintf("p%d@example.org", i)}
	}
	return x
}

func response(i int) string {
	choice := []string{"red", "green", "blue"}[i%3]
	if choice == "red" {
		return fmt.Sprintf(`{"n":%d,"c":"red","t":"words %d"}`, i, i)
	}
	return fmt.Sprintf(`{ "c":"%s", "n":%d }`, choice, i)
}

func (w *world) enter(x *client) {
	w.t.Helper()
	r, err := w.Enter(context.Background(), x.req)
	var e *engine.Error
	if errors.As(err, &e) {
		w.t.Fatal(e, e.Fields)
	}
	x.got = must(r, err)(w.t)
}

func (w *world) tokens(c engine.Campaign, n int) []string {
	w.t.Helper()
	return must(w.CreateEntryTokens(context.Background(), c.ID, n, 2, 0, time.Time{}))(w.t)
}

func (w *world) mustClose(c engine.Campaign) engine.Campaign {
	w.t.Helper()
	w.setClock(c.Rules.ObjectionsEnd.Add(time.Minute))
	return must(w.CloseCampaign(context.Background(), c.ID))(w.t)
}

// responses are the rows of the answers room in the order of the file.
func (w *world) responses(c engine.Campaign) []store.Response {
	w.t.Helper()
	return must(w.rooms.Answers.Responses(context.Background(), c.ID, [16]byte{}, 100000))(w.t)
}

func number(r store.Response) int {
	var v struct{ N int }
	if json.Unmarshal(r.Closed, &v) != nil {
		return -1
	}
	return v.N
}

// wantAnswers checks that the answers room holds the responses of exactly these persons, once each.
func (w *world) wantAnswers(c engine.Campaign, persons []int) {
	w.t.Helper()
	want, words := map[int]int{}, map[string]int{}
	for _, i := range persons {
		want[i]++
		if i%3 == 0 {
			words[fmt.Sprintf("words %d", i)]++
		}
	}
	for _, r := range w.responses(c) {
		i := number(r)
		want[i]--
		if r.Secret != [32]byte(bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 16)) || (r.Consents == 3) != (i%2 == 0) {
			w.t.Errorf("response %d has another secret or consents %d", i, r.Consents)
		}
		if strings.Contains(string(r.Closed), "words") {
			w.t.Errorf("response %d holds words", i)
		}
	}
	for i, n := range want {
		if n != 0 {
			w.t.Errorf("response %d is missing %d times", i, n)
		}
	}
	for _, x := range must(w.rooms.Answers.Texts(context.Background(), c.ID, [16]byte{}, 100000))(w.t) {
		words[x.Text]--
	}
	for s, n := range words {
		if n != 0 {
			w.t.Errorf("text %q is missing %d times", s, n)
		}
	}
}

// wantClosed checks the log, the list and what must be gone.
func (w *world) wantClosed(c engine.Campaign, entrants int64, zero int64) {
	w.t.Helper()
	ctx := context.Background()
	if c.State != store.Closed {
		w.t.Fatalf("state %d", c.State)
	}
	leaves := must(w.rooms.Identity.Leaves(ctx, c.ID, store.EntrantID{}, 100000))(w.t)
	var list draw.Slice
	for _, l := range leaves {
		list = append(list, draw.Leaf{ID: draw.EntrantID(l.ID), Stratum: l.Stratum, Chances: l.Chances, Person: draw.Person(l.Person)})
	}
	root := must(draw.RootOf(list))(w.t)
	records := must(w.rooms.Registry.LogRecords(ctx, 0, 1000))(w.t)
	closes := map[int]int{}
	for _, b := range records {
		rec, ok := must(draw.ParseRecord(b))(w.t).(*draw.Close)
		if !ok || store.Hash(rec.Open) != c.OpenHash {
			continue
		}
		closes[rec.Draw]++
		var days, zeros int64
		for _, d := range rec.Days {
			days += d.Count
		}
		for _, z := range rec.Zero {
			zeros += z.Count
		}
		if rec.Root != root || rec.Entrants != entrants || days != entrants || zeros != zero {
			w.t.Errorf("close of draw %d: %d entrants, %d in days, %d zero; want %d, %d zero", rec.Draw, rec.Entrants, days, zeros, entrants, zero)
		}
	}
	for n := range c.Rules.Draws {
		if closes[n+1] != 1 {
			w.t.Errorf("draw %d has %d close records", n+1, closes[n+1])
		}
	}
	if left := must(filepath.Glob(filepath.Join(w.dir, "keys", fmt.Sprintf("%x-*", c.ID[:]))))(w.t); len(left) > 0 {
		w.t.Errorf("keys left: %v", left)
	}
}

func wantReason(t testing.TB, err error, reason engine.Reason, path string) {
	t.Helper()
	var e *engine.Error
	if !errors.As(err, &e) || e.Reason != reason {
		t.Errorf("got %v, want %s", err, reason)
		return
	}
	if path != "" && !slices.ContainsFunc(e.Fields, func(f engine.Field) bool { return f.Path == path }) {
		t.Errorf("%s: fields %v, want %s among them", reason, e.Fields, path)
	}
}
