package custodian_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/fairlot/scene"
	"fairlot/cmd/fairlot/unseal"
	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

var bothKinds = []seal.Kind{seal.Identity, seal.Contact}

// caseRequest is a request as the custodians' file has it.
func caseRequest(t *testing.T, res *fairlotv1.ReleaseCaseResponse) (*release.Case, error) {
	t.Helper()
	return release.ParseCase(must(release.CaseLocks(res))(t))
}

// shares hands over the shares of custodians, all files.
func shares(t *testing.T, c *bundle.Checked, w *town, req *release.Case, keys ...*custodian.Key) (files [][]byte) {
	t.Helper()
	for _, k := range keys {
		plan := must(k.ShareCase(c, w.pin, custodian.Released{}, req, time.Now()))(t)
		for _, part := range plan.Parts {
			files = append(files, must(plan.Seal(c.Outcome.Open, req.Text.Notifier, part))(t))
		}
	}
	return files
}

// TestCaseIsShared opens what cases of each kind name, before and after the entry list is public, and nothing else.
func TestCaseIsShared(t *testing.T) {
	w := found(t, scene.Make)
	for _, x := range []struct {
		kind   string
		opens  []seal.Kind
		places []int
		closed bool
	}{{"court", bothKinds, []int{0, 2}, false}, {"court", bothKinds[:1], []int{1}, true}, {"breach", bothKinds[1:], []int{0, 1, 2, 3, 4}, true}, {"access", bothKinds, []int{4}, true}} {
		if x.closed && !slices.ContainsFunc(w.scene.Records, func(b []byte) bool { return strings.HasPrefix(string(b), "fairlot/v1 close\n") }) {
			w.ok(w.scene.Close())
		}
		text := w.scene.Case(x.kind, 24*time.Hour, x.opens, x.places...)
		opened := must(w.scene.LogCase(text.Purpose(), text.Mark(), text.Count))(t)
		res := w.scene.CaseAnswer(text, opened, x.places...)
		req := must(caseRequest(t, res))(t)
		c := w.check(w.scene)
		plan := must(w.keys[0].ShareCase(c, w.pin, custodian.Released{}, req, time.Now()))(t)
		if plan.Listed != x.closed || len(plan.Parts) != len(x.opens) || len(plan.Parts[0].Shares) != len(x.places) || len(plan.Skipped) > 0 {
			t.Errorf("%s: plan %+v", x.kind, plan)
		}
		sealed := must(release.ParseCase(must(release.MarshalCase(res))(t)))(t)
		files := shares(t, c, w, req, w.keys[0], w.keys[2])
		persons, listed, err := unseal.OpenCase(c, w.notifier, sealed, files)
		if err != nil || listed != x.closed || len(persons) != len(x.places) {
			t.Fatalf("%s: %v, %d persons", x.kind, err, len(persons))
		}
		for i, p := range persons {
			e := w.scene.Entrants[x.places[i]]
			if p.ID != e.Leaf.ID || (p.Identity != nil) != slices.Contains(x.opens, seal.Identity) || (p.Contact != nil) != slices.Contains(x.opens, seal.Contact) ||
				p.Identity != nil && p.Identity.Name != e.Card.Name {
				t.Errorf("%s: opened %v, contact %v of %s", x.kind, p.Identity != nil, p.Contact != nil, p)
			}
		}
		// One custodian opens nothing, and nobody but the notifier whom it names reads what they gave.
		if _, _, err := unseal.OpenCase(c, w.notifier, sealed, shares(t, c, w, req, w.keys[1])); !errors.Is(err, unseal.ErrShares) {
			t.Errorf("%s: one custodian: %v", x.kind, err)
		}
		if _, err := custody.ReadReleased(w.keys[1].Age, files[0], plan.Parts[0].Release); !errors.Is(err, custody.ErrWrongKey) {
			t.Errorf("%s: another custodian reads the shares: %v", x.kind, err)
		}
		if _, _, err := unseal.OpenCase(c, w.notifier, req, files); !errors.Is(err, unseal.ErrShares) {
			t.Errorf("%s: without envelopes: %v", x.kind, err)
		}
	}
}

// TestCaseRefusals shows a custodian's tool everything that a dishonest institution could: each is refused, with its reason.
func TestCaseRefusals(t *testing.T) {
	w := found(t, scene.Make)
	w.ok(w.scene.Close())
	honest := w.scene.Case("court", 24*time.Hour, bothKinds[:1], 0, 1)
	opened := must(w.scene.LogCase("court", honest.Mark(), 2))(t)
	logged := func(purpose custody.Purpose, c custody.Case, count int) draw.Hash {
		t.Helper()
		return must(w.scene.LogCase(purpose, c.Mark(), count))(t)
	}
	expired := w.scene.Case("court", -time.Second, bothKinds[:1], 0)
	later := expired
	later.Expires = later.Expires.Add(48 * time.Hour) // what it was approved with, and what is shown now
	other := w.scene.Case("court", 24*time.Hour, bothKinds[:1], 0)
	other.Campaign[0] ^= 1
	relabelled := w.scene.Case("court", 24*time.Hour, bothKinds[:1], 1)
	wide := w.scene.Case("court", 24*time.Hour, bothKinds[:1], 2)
	wider := wide
	wider.Opens = bothKinds
	twice := w.scene.Case("court", 24*time.Hour, bothKinds[:1], 3)
	few := w.scene.Case("court", 24*time.Hour, bothKinds[:1], 3, 4)
	nobody := w.scene.Case("court", 24*time.Hour, bothKinds[:1], 4)
	nobody.Notifier = 2
	stranger := w.scene.Case("court", 24*time.Hour, bothKinds[:1], 4)
	stranger.Named = custody.NamedHash([16]byte{5}, [][16]byte{{9}})
	x1, x2 := logged("court", expired, 1), logged("court", other, 1)
	x3, x4 := logged("person", relabelled, 1), logged("court", wide, 1)
	x5, _ := logged("court", twice, 1), logged("court", twice, 1)
	x6, x7, x8 := logged("court", few, 1), logged("court", nobody, 1), logged("court", stranger, 1)
	// What no daemon would have opened, logged all the same.
	lies := map[string]custody.Case{}
	lie := func(name string, c custody.Case, f func(c *custody.Case)) {
		f(&c)
		lies[name] = c
	}
	lie("an order that lasts for years", w.scene.Case("court", 24*time.Hour, bothKinds[:1], 0), func(c *custody.Case) { c.Expires = c.Expires.AddDate(2, 0, 0) })
	lie("a request of consent about two", w.scene.Case("access", 24*time.Hour, bothKinds[:1], 0, 1), func(*custody.Case) {})
	lie("an order by consent", w.scene.Case("court", 24*time.Hour, bothKinds[:1], 0), func(c *custody.Case) { c.Ground = "consent" })
	lie("a breach that asks who they are", w.scene.Case("breach", 24*time.Hour, bothKinds, 0), func(*custody.Case) {})
	lie("a kind that nobody knows", w.scene.Case("court", 24*time.Hour, bothKinds[:1], 0), func(c *custody.Case) { c.Kind = "curiosity" })
	unlogged := w.scene.Case("court", 24*time.Hour, bothKinds[:1], 1, 2)
	answers := map[string]*fairlotv1.ReleaseCaseResponse{}
	for name, c := range lies {
		purpose := c.Purpose()
		if purpose == "" {
			purpose = custody.Court
		}
		answers[name] = w.scene.CaseAnswer(c, logged(purpose, c, c.Count), []int{0, 1}[:c.Count]...)
	}
	c := w.check(w.scene)
	for name, a := range answers {
		if _, err := w.keys[0].ShareCase(c, w.pin, custodian.Released{}, must(caseRequest(t, a))(t), time.Now()); !errors.Is(err, custodian.ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}

	type answer = *fairlotv1.ReleaseCaseResponse
	act := func(f func(answer)) answer {
		a := w.scene.CaseAnswer(honest, opened, 0, 1)
		f(a)
		return a
	}
	asStranger := w.scene.CaseAnswer(stranger, x8, 4)
	asStranger.Case.Entries, asStranger.Entrants[0].EntryId = []string{"09" + strings.Repeat("0", 30)}, "09"+strings.Repeat("0", 30)
	for name, x := range map[string]struct {
		answer answer
		want   error
		words  string
	}{
		"expired":                         {w.scene.CaseAnswer(expired, x1, 0), custodian.ErrCaseOver, ""},
		"expired, and given a later day":  {w.scene.CaseAnswer(later, x1, 0), custodian.ErrOpened, "0 times"},
		"another campaign's":              {w.scene.CaseAnswer(other, x2, 0), custodian.ErrRequest, "campaign"},
		"a relabelled purpose":            {w.scene.CaseAnswer(relabelled, x3, 1), custodian.ErrOpened, "purpose person"},
		"more envelopes than approved":    {w.scene.CaseAnswer(wider, x4, 2), custodian.ErrOpened, "0 times"},
		"announced twice":                 {w.scene.CaseAnswer(twice, x5, 3), custodian.ErrOpened, "2 times"},
		"announced for fewer":             {w.scene.CaseAnswer(few, x6, 3, 4), custodian.ErrOpened, "announces 1"},
		"for a notifier who is not":       {w.scene.CaseAnswer(nobody, x7, 4), custodian.ErrRequest, "notifiers"},
		"who never entered":               {asStranger, custodian.ErrCaseEntrant, "public list"},
		"not announced":                   {w.scene.CaseAnswer(unlogged, opened, 1, 2), custodian.ErrOpened, "0 times"},
		"another record than announced":   {w.scene.CaseAnswer(honest, x1, 0, 1), custodian.ErrOpened, "the request says"},
		"somebody else":                   {w.scene.CaseAnswer(honest, opened, 0, 2), release.ErrCaseRequest, "put in, left out or replaced"},
		"somebody more":                   {w.scene.CaseAnswer(honest, opened, 0, 1, 2), release.ErrCaseRequest, "put in, left out or replaced"},
		"somebody else's lock":            {act(func(a answer) { a.Entrants[0].Locks = w.scene.Entrants[3].Locks }), nil, "lock of entry"},
		"a lock of who is not named":      {act(func(a answer) { a.Entrants[1].EntryId = w.scene.Entrants[3].Leaf.ID.String() }), release.ErrCaseRequest, "does not name"},
		"another person than the list's":  {act(func(a answer) { a.Entrants[0].Person = w.scene.Entrants[3].Leaf.Person[:] }), custodian.ErrCaseEntrant, "another person"},
		"approved by the requester":       {act(func(a answer) { a.Case.Approvers[0].Token = honest.Requester }), custodian.ErrCaseApproval, ""},
		"approved by the requester again": {act(func(a answer) { a.Case.Approvers[1].Label = " CHEN." }), custodian.ErrCaseApproval, "are one"},
		"approved by one twice":           {act(func(a answer) { a.Case.Approvers[1] = a.Case.Approvers[0] }), custodian.ErrCaseApproval, "are one"},
		"approved by one":                 {act(func(a answer) { a.Case.Approvers = a.Case.Approvers[:1] }), custodian.ErrCaseApproval, "two must"},
		"asked for by another":            {act(func(a answer) { a.Case.Requester.Token = "0000000000000009" }), custodian.ErrCaseApproval, "another token"},
		"approved by the requester, wide": {act(func(a answer) { a.Case.Approvers[1].Label = "ＣＨＥＮ\u3164" }), custodian.ErrCaseApproval, "are one"},
		"approved before it was asked for": {act(func(a answer) {
			a.Case.Approvers[1].Time = timestamppb.New(a.Case.Requester.Time.AsTime().Add(-25 * time.Hour))
		}), custodian.ErrCaseApproval, "a day before it was asked for"},
		"approved tomorrow": {act(func(a answer) { a.Case.Approvers[1].Time = timestamppb.New(time.Now().Add(time.Hour)) }), custodian.ErrCaseApproval, "has not come yet"},
		"asked for tomorrow": {act(func(a answer) {
			for _, x := range append(a.Case.Approvers, a.Case.Requester) {
				x.Time = timestamppb.New(time.Now().Add(11 * time.Minute))
			}
		}), custodian.ErrCaseApproval, "has not come yet"},
		"approved when it had expired": {act(func(a answer) { a.Case.Approvers[1].Time = a.Case.ExpireTime }), custodian.ErrCaseApproval, "expired"},
		"another text":                 {act(func(a answer) { a.Case.Text = strings.Replace(a.Case.Text, "115 No. 1", "115 No. 2", 1) }), custodian.ErrOpened, "0 times"},
		"no text":                      {act(func(a answer) { a.Case.Text = "" }), release.ErrCaseRequest, ""},
		"too few locks":                {act(func(a answer) { a.Entrants[0].Locks = a.Entrants[0].Locks[:2] }), custodian.ErrRequest, "lock files"},
	} {
		req, err := caseRequest(t, x.answer)
		if err == nil {
			_, err = w.keys[0].ShareCase(c, w.pin, custodian.Released{}, req, time.Now())
		}
		if err == nil || x.want != nil && !errors.Is(err, x.want) || !strings.Contains(err.Error(), x.words) {
			t.Errorf("%s: %v, want %v %s", name, err, x.want, x.words)
		}
	}

	// The same once more is the same; the same record for somebody else is not, whatever the log says.
	req := must(caseRequest(t, w.scene.CaseAnswer(honest, opened, 0, 1)))(t)
	plan := must(w.keys[0].ShareCase(c, w.pin, custodian.Released{}, req, time.Now()))(t)
	if _, err := w.keys[0].ShareCase(c, w.pin, plan.Released, req, time.Now()); err != nil {
		t.Errorf("again: %v", err)
	}
	forged := must(plan.Released.With(plan.Index+1, opened, req.Named))(t)
	if _, err := forged.With(plan.Index, opened, req.Named[:1]); !errors.Is(err, custodian.ErrReleasedOthers) {
		t.Errorf("others under the same record: %v", err)
	}
	// Who was erased since is named and left out; who gave no such envelope too.
	gone := w.scene.CaseAnswer(honest, opened, 0, 1)
	gone.Entrants = gone.Entrants[:1]
	plan = must(w.keys[0].ShareCase(c, w.pin, custodian.Released{}, must(caseRequest(t, gone))(t), time.Now()))(t)
	if len(plan.Skipped) != 1 || !plan.Skipped[0].Gone || len(plan.Parts[0].Shares) != 1 {
		t.Errorf("somebody was erased: %+v", plan)
	}
	// Shares of one case open no other.
	second := must(caseRequest(t, w.scene.CaseAnswer(wide, x4, 2)))(t)
	sealed := must(release.ParseCase(must(release.MarshalCase(w.scene.CaseAnswer(wide, x4, 2)))(t)))(t)
	if _, _, err := unseal.OpenCase(c, w.notifier, sealed, shares(t, c, w, req, w.keys[0], w.keys[1])); err == nil {
		t.Error("shares of another case were taken")
	}
	if got, _, err := unseal.OpenCase(c, w.notifier, sealed, shares(t, c, w, second, w.keys[0], w.keys[1])); err != nil || len(got) != 1 {
		t.Errorf("its own shares: %v", err)
	}
	mine := w.scene.CaseAnswer(wide, x4, 2)
	mine.Entrants[0].IdentityEnvelope = w.scene.Entrants[3].Identity
	sealed = must(release.ParseCase(must(release.MarshalCase(mine))(t)))(t)
	if _, _, err := unseal.OpenCase(c, w.notifier, sealed, shares(t, c, w, second, w.keys[0], w.keys[1])); !errors.Is(err, unseal.ErrShares) {
		t.Errorf("another's envelope: %v", err)
	}
}
