package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlot/draw"
	"fairlot/engine"
	"fairlot/entrant"
	"fairlot/store"
	"fairlot/verify"
)

// listOf is an exclusion list of these persons of a test.
func listOf(persons ...int) []byte {
	var all []entrant.Listed
	for _, i := range persons {
		all = append(all, entrant.Listed{IDType: "citizen", IDNumber: idNumber(i)})
	}
	return entrant.NewExclusion(all).Marshal()
}

// draft makes a draft with an exclusion list, nil for none.
func (w *world) draft(r engine.Rules, list []byte) engine.Campaign {
	w.t.Helper()
	ctx := context.Background()
	c := must(w.CreateCampaign(ctx, fmt.Sprintf("campaign-%d", slugs.Add(1)), r, ""))(w.t)
	if list != nil {
		c = must(w.SetExclusion(ctx, c.ID, slices.Clone(list)))(w.t)
	}
	return c
}

// openListed opens a campaign with an exclusion list.
func (w *world) openListed(r engine.Rules, persons ...int) engine.Campaign {
	w.t.Helper()
	c := w.draft(r, listOf(persons...))
	return must(w.OpenCampaign(context.Background(), c.ID, c.Etag))(w.t)
}

func (w *world) kept(c engine.Campaign) string {
	w.t.Helper()
	x, err := w.rooms.Identity.Exclusion(context.Background(), c.ID)
	if errors.Is(err, store.ErrNotFound) {
		return "nothing"
	}
	return fmt.Sprint(must(x, err)(w.t).Persons)
}

func (w *world) tagKey(c engine.Campaign) bool {
	w.t.Helper()
	_, err := w.keys.Get(fmt.Sprintf("tag-%x", c.ID))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	return err == nil
}

// TestExcludedFromTheDraw: who is on the list enters like everybody, is listed with chances 0, and never ranked; the responses stay; nothing of the list is left after
// the close; and three programs that share no code find the bundle right, and one in which the count is another wrong.
func TestExcludedFromTheDraw(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := k.timed()
	r.Draws[0].Tiers[0].Count = 20
	list := listOf(3, 5, 9, 7777)
	c := k.draft(r, list)
	c = must(k.OpenCampaign(ctx, c.ID, c.Etag))(t)
	open := must(draw.ParseRecord(c.OpenRecord))(t).(*draw.Open)
	if x := open.Excluded; x == nil || x.Count != 4 || x.Hash != draw.HashOf(list) {
		t.Fatalf("open says %+v", open.Excluded)
	}
	var all []*client
	for _, i := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 3, 10} { // one of them twice
		x := k.client(c, i, "")
		k.enter(x)
		all = append(all, x)
	}
	fix, _ := k.correction(c, all[5], "new@example.org")
	fixed := must(k.CorrectEntry(ctx, fix))(t)
	erased := all[9]
	must(k.EraseEntry(ctx, c.ID, erased.s))(t)
	k.goTo(c.Rules.EntriesEnd)
	k.work()
	for _, x := range all[:5] { // nobody is told before the close
		if s := must(k.EntryStatus(ctx, c.ID, x.got.ID))(t); s.Counting != engine.CountingCounted || s.Chances != 1 {
			t.Errorf("told before the close: %+v", s)
		}
	}
	k.drawn(c)
	for id, want := range map[store.EntrantID]string{
		all[3].got.ID: "0 excluded", all[5].got.ID: "0 superseded", fixed.ID: "0 excluded", all[10].got.ID: "0 duplicate", erased.got.ID: "0 erased", all[2].got.ID: "1 ",
	} {
		if row := must(k.rooms.Identity.Entrant(ctx, c.ID, id))(t); fmt.Sprint(row.Chances, " ", row.Zero) != want {
			t.Errorf("stands with chances %d %q, want %s", row.Chances, row.Zero, want)
		}
	}
	if s := must(k.EntryStatus(ctx, c.ID, fixed.ID))(t); s.Counting != engine.CountingNotCounted || s.Reason != "excluded" {
		t.Errorf("after the close: %+v", s)
	}
	if again := must(k.Enter(ctx, all[3].req))(t); !bytes.Equal(again.Note, all[3].got.Note) {
		t.Error("the receipt of an excluded entry is another one after the close")
	}
	k.wantAnswers(c, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 10})
	if k.kept(c) != "nothing" || k.tagKey(c) || !must(k.rooms.Identity.TagsDropped(ctx, c.ID))(t) {
		t.Errorf("left after the close: %s, tag key %v", k.kept(c), k.tagKey(c))
	}
	info := must(k.rooms.Registry.Draws(ctx, c.ID))(t)[0]
	rec := must(draw.ParseRecord(info.Close))(t).(*draw.Close)
	if got := fmt.Sprint(rec.Zero); got != "[{duplicate 1} {excluded 2} {erased 1} {superseded 1}]" {
		t.Errorf("the close record counts %s", got)
	}
	lines := must(draw.ParseRanking(info.Ranking))(t)
	if len(lines) != 8 {
		t.Errorf("%d are ranked, want 8", len(lines))
	}
	for _, l := range lines {
		if id := store.EntrantID(l.ID); id == all[3].got.ID || id == fixed.ID {
			t.Error("an excluded entry is ranked")
		}
	}
	var b bytes.Buffer
	if err := k.WriteBundle(ctx, c.ID, &b); err != nil {
		t.Fatal(err)
	}
	wantVerified(t, b.Bytes())
	threeAgree(t, b.Bytes(), "")
	lie := bytes.Replace(b.Bytes(), []byte("zero excluded 2\n"), []byte("zero excluded 1\n"), 1)
	if _, err := verify.Bundle(must(verify.Tar(bytes.NewReader(lie), int64(len(lie))))(t), verify.Options{}); err == nil || !strings.Contains(err.Error(), "log") {
		t.Errorf("another count verifies: %v", err)
	}
	threeAgree(t, lie, "log")
}

// threeAgree runs the verifiers that are programs of their own: all hold, or all fail at a step.
func threeAgree(t *testing.T, b []byte, step string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.tar")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, run := range [][]string{{"python3", "-B", "../spec/verify.py", file, "--assume-beacon"}, {"node", "../web/verify.mjs", file}} {
		program, err := exec.LookPath(run[0])
		if err != nil {
			t.Logf("NOT VERIFIED BY %s, which is not here", run[0])
			continue
		}
		cmd := exec.Command(program, run[1:]...)
		out, _ := cmd.CombinedOutput()
		want, says := 3, "verify: ok ("
		if step != "" {
			want, says = 1, step
		}
		if got := cmd.ProcessState.ExitCode(); got != want || !strings.Contains(string(out), says) {
			t.Errorf("%s ends with %d: %s", run[0], got, out)
		}
	}
}

// TestExclusionOfADraft: a list is set, replaced, sent again and taken back while the campaign is a draft, and only then; what is wrong with one is said by line, and changes nothing.
func TestExclusionOfADraft(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	one, two := listOf(1, 2, 3), listOf(4)
	c := w.draft(rules(), nil)
	if w.tagKey(c) || w.kept(c) != "nothing" {
		t.Error("something is kept of a draft without a list")
	}
	set := func(list []byte) engine.Campaign {
		t.Helper()
		sent := slices.Clone(list)
		c := must(w.SetExclusion(ctx, c.ID, sent))(t)
		if !bytes.Equal(sent, make([]byte, len(sent))) {
			t.Error("the list is not cleared")
		}
		return c
	}
	first := set(one)
	if x := first.Rules.Excluded; x.Persons != 3 || x.Hash != draw.HashOf(one) || first.Etag == c.Etag || w.kept(c) != "3" || !w.tagKey(c) {
		t.Errorf("set: %+v, kept %s", x, w.kept(c))
	}
	if again := set(one); again.Etag != first.Etag {
		t.Error("the same list again changes the draft")
	}
	if c = set(two); c.Rules.Excluded.Persons != 1 || w.kept(c) != "1" {
		t.Errorf("replaced: kept %s", w.kept(c))
	}
	for name, bad := range map[string][]byte{
		"not a list": []byte("A123456789\n"), "empty": nil, "a slip": append(slices.Clone(one), "resident A800000015\n"...), "only a salt": slices.Clone(one[:65]),
	} {
		_, err := w.SetExclusion(ctx, c.ID, bad)
		wantReason(t, err, engine.FieldInvalid, "list")
		if err != nil && strings.Contains(err.Error(), "A80000001") {
			t.Errorf("%s: the refusal says what stands there: %v", name, err)
		}
	}
	_, err := w.SetExclusion(ctx, store.CampaignID{9}, slices.Clone(one))
	wantReason(t, err, engine.CampaignNotFound, "")
	survey := w.draft(surveyOnly(rules()), nil)
	_, err = w.SetExclusion(ctx, survey.ID, slices.Clone(one))
	wantReason(t, err, engine.RulesInvalid, "")
	if w.kept(c) != "1" || w.kept(survey) != "nothing" || w.tagKey(survey) {
		t.Error("a refused list left something behind")
	}

	other := rules()
	other.Title = engine.Texts{"en": "Winter"}
	other.Excluded = &engine.Excluded{Persons: 99} // nobody but SetExclusion writes that
	c = must(w.UpdateCampaign(ctx, c.ID, c.Etag, other))(t)
	if c.Rules.Excluded == nil || c.Rules.Excluded.Persons != 1 {
		t.Errorf("an update of the draft changed the list: %+v", c.Rules.Excluded)
	}
	c = must(w.UpdateCampaign(ctx, c.ID, c.Etag, surveyOnly(rules())))(t)
	_, err = w.OpenCampaign(ctx, c.ID, c.Etag)
	wantReason(t, err, engine.RulesInvalid, "campaign.excluded")
	for range 2 {
		if c = must(w.RemoveExclusion(ctx, c.ID))(t); c.Rules.Excluded != nil || w.kept(c) != "0" {
			t.Errorf("taken back: %+v, kept %s", c.Rules.Excluded, w.kept(c))
		}
	}
	c = must(w.UpdateCampaign(ctx, c.ID, c.Etag, rules()))(t)
	c = must(w.OpenCampaign(ctx, c.ID, c.Etag))(t)
	if strings.Contains(string(c.OpenRecord), "excluded") {
		t.Error("a list that was taken back stands in the open record")
	}
	_, err = w.SetExclusion(ctx, c.ID, slices.Clone(one))
	wantReason(t, err, engine.CampaignOpen, "")
	_, err = w.RemoveExclusion(ctx, c.ID)
	wantReason(t, err, engine.CampaignOpen, "")
	w.enter(w.client(c, 4, w.tokens(c, 1)[0]))
	w.wantClosed(w.mustClose(c), 1, 0)

	gone := w.draft(rules(), one)
	if err := w.DeleteCampaign(ctx, gone.ID, gone.Etag); err != nil || w.tagKey(gone) || w.kept(gone) != "nothing" {
		t.Errorf("deleted: %v, kept %s, tag key %v", err, w.kept(gone), w.tagKey(gone))
	}
}

// TestExclusionThatWasLost: a draft does not open if its list's tags, or the key under which they are, are not those that its rules name; sent again, it does.
func TestExclusionThatWasLost(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for name, lose := range map[string]func(c engine.Campaign) error{
		"the tags": func(c engine.Campaign) error { return w.rooms.Identity.DropExclusion(ctx, c.ID) },
		"the key":  func(c engine.Campaign) error { return w.keys.Destroy(fmt.Sprintf("tag-%x", c.ID)) },
		"another key": func(c engine.Campaign) error {
			err := w.keys.Destroy(fmt.Sprintf("tag-%x", c.ID))
			_, err2 := w.keys.Create(fmt.Sprintf("tag-%x", c.ID))
			return errors.Join(err, err2)
		},
		"a list of the same number": func(c engine.Campaign) error {
			x := must(w.rooms.Identity.Exclusion(ctx, c.ID))(t)
			x.Mark[0] ^= 1
			return w.rooms.Identity.PutExclusion(ctx, c.ID, x, []store.Hash{{1}, {2}})
		},
		"one tag": func(c engine.Campaign) error {
			return w.rooms.Identity.PutExclusion(ctx, c.ID, must(w.rooms.Identity.Exclusion(ctx, c.ID))(t), []store.Hash{{1}})
		},
	} {
		list := listOf(0, 1)
		c := w.draft(rules(), list)
		if err := lose(c); err != nil {
			t.Fatal(name, err)
		}
		_, err := w.OpenCampaign(ctx, c.ID, c.Etag)
		wantReason(t, err, engine.RulesInvalid, "campaign.excluded")
		_, err = w.RequestOpening(ctx, chen, c.ID, c.Etag, start.AddDate(0, 0, 1), true)
		wantReason(t, err, engine.RulesInvalid, "campaign.excluded")
		again := must(w.SetExclusion(ctx, c.ID, slices.Clone(list)))(t)
		if again.Etag != c.Etag {
			t.Errorf("%s: sent again, it changes the rules", name)
		}
		c = must(w.OpenCampaign(ctx, c.ID, c.Etag))(t)
		codes := w.tokens(c, 3)
		for i := range 3 {
			w.enter(w.client(c, i, codes[i]))
		}
		w.setClock(c.Rules.ObjectionsEnd.Add(1))
		w.wantClosed(must(w.CloseCampaign(ctx, c.ID))(t), 3, 2)
		w.setClock(start)
	}
}

// TestExclusionCutOff stops the engine between the steps of a list that is set and of a draft that is deleted: nothing is opened that is not excluded from, and nothing is left of a draft that is gone.
func TestExclusionCutOff(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	cut := func(at string, do func() error) {
		t.Helper()
		w.SetStep(func(name string) {
			if name == at {
				panic(crash{name})
			}
		})
		func() {
			defer func() {
				if r := recover(); r == nil {
					t.Fatalf("step %q never came", at)
				}
			}()
			_ = do()
		}()
		w.reopen()
	}
	list, newer := listOf(1), listOf(2, 3)
	c := w.draft(rules(), list)
	cut("exclusion named", func() error { _, err := w.SetExclusion(ctx, c.ID, slices.Clone(newer)); return err })
	c = must(w.FindCampaign(ctx, c.Slug, true))(t)
	_, err := w.OpenCampaign(ctx, c.ID, c.Etag)
	wantReason(t, err, engine.RulesInvalid, "campaign.excluded")
	must(w.SetExclusion(ctx, c.ID, slices.Clone(newer)))(t)
	if w.kept(c) != "2" {
		t.Errorf("kept %s", w.kept(c))
	}
	cut("exclusion named", func() error { _, err := w.RemoveExclusion(ctx, c.ID); return err })
	if c = must(w.RemoveExclusion(ctx, c.ID))(t); w.kept(c) != "0" || c.Rules.Excluded != nil {
		t.Errorf("kept %s", w.kept(c))
	}
	for _, at := range []string{"draft deleted", "tag key of a draft destroyed"} {
		c := w.draft(rules(), list)
		cut(at, func() error { return w.DeleteCampaign(ctx, c.ID, c.Etag) })
		if w.kept(c) != "nothing" || w.tagKey(c) {
			t.Errorf("%s: kept %s, tag key %v", at, w.kept(c), w.tagKey(c))
		}
	}
	if w.kept(c) != "0" || !w.tagKey(c) {
		t.Error("a draft that is there was swept away")
	}
	open := engine.Campaign{ID: store.CampaignID{7}} // people enter, and the registry, an older one, does not know it
	must(w.keys.Create(fmt.Sprintf("tag-%x", open.ID)))(t)
	if err := errors.Join(w.rooms.Identity.PutExclusion(ctx, open.ID, store.Exclusion{Version: 1}, []store.Hash{{1}}),
		w.rooms.Identity.CreateGate(ctx, store.Gate{Campaign: open.ID, End: start})); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	if w.kept(open) != "1" || !w.tagKey(open) {
		t.Error("the tag key of a campaign with a gate was swept away")
	}
}

// TestExcludedAgainAfterRestore puts back an identity room from before the close: its entry list becomes the one that was closed, and the draw is held on it.
func TestExcludedAgainAfterRestore(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := k.timed()
	r.Survey, r.Consents = "", nil
	c := k.openListed(r, 2, 4)
	k.someEnter(c, 6)
	k.goTo(c.Rules.EntriesEnd)
	k.pass(5e9, 1e9)
	k.stop()
	restore := k.copies("identity")
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	k.restart()
	k.goTo(c.Rules.ObjectionsEnd)
	k.pass(5e9, 1e9)
	k.wantState(c, store.Closed)
	k.stop()
	restore()
	k.cfg.AcceptRestored = true
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	k.restart()
	k.drawn(c)
	var b bytes.Buffer
	if err := k.WriteBundle(ctx, c.ID, &b); err != nil {
		t.Fatal(err)
	}
	wantVerified(t, b.Bytes())
	k.Work(ctx)
	if k.kept(c) != "nothing" || k.tagKey(c) {
		t.Errorf("left: %s, tag key %v", k.kept(c), k.tagKey(c))
	}
}

// TestErasedAfterTheCloseStaysListed puts back an identity room from before the close when somebody asked behind it to be erased: the entry list becomes the one that was
// closed, the draw is held on it, and then nothing is kept of them.
func TestErasedAfterTheCloseStaysListed(t *testing.T) {
	for _, listed := range [][]int{nil, {0, 4}} {
		k := newClockwork(t)
		ctx := context.Background()
		r := k.timed()
		r.Survey, r.Consents = "", nil
		c := k.draft(r, nil)
		if listed != nil {
			c = must(k.SetExclusion(ctx, c.ID, listOf(listed...)))(t)
		}
		c = must(k.OpenCampaign(ctx, c.ID, c.Etag))(t)
		var all []*client
		for i := range 6 {
			all = append(all, k.client(c, i, ""))
			k.enter(all[i])
		}
		k.erase(c, all[5])
		k.goTo(c.Rules.EntriesEnd)
		k.pass(5e9, 1e9)
		k.stop()
		restore := k.copies("identity")
		if err := k.begin(); err != nil {
			t.Fatal(err)
		}
		k.restart()
		k.goTo(c.Rules.ObjectionsEnd)
		k.pass(5e9, 1e9)
		k.wantState(c, store.Closed)
		for _, i := range []int{0, 1, 5, 0} { // the last but one was erased before
			k.erase(c, all[i])
		}
		k.stop()
		restore()
		k.cfg.AcceptRestored = true
		if err := k.begin(); err != nil {
			t.Fatal(err)
		}
		k.restart()
		k.drawn(c)
		k.pass(2*time.Minute, 10*time.Second)
		for _, i := range []int{0, 1, 5} {
			k.wantGone(c, all[i])
		}
		var b bytes.Buffer
		if err := k.WriteBundle(ctx, c.ID, &b); err != nil {
			t.Fatal(err)
		}
		wantVerified(t, b.Bytes())
	}
}

// TestSampleOfExcludedAfterRestore puts back an identity room from before the close once the audit sample was opened: the release covers whom it covered, nobody who is on
// the list, and of who was erased behind the close nothing.
func TestSampleOfExcludedAfterRestore(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := sampled(k.timed(), 5)
	r.Survey, r.Consents = "", nil
	listed := []int{0, 1, 2, 3, 4, 5}
	c := k.openListed(r, listed...)
	var all []*client
	for i := range 13 {
		all = append(all, k.client(c, i, ""))
		k.enter(all[i])
	}
	k.stop()
	restore := k.copies("identity")
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	k.restart()
	k.drawn(c)
	k.erase(c, by(t, all, k.sampleOf(c, 5)[1]))
	_, a, err := k.ask(c, audit)
	if err != nil {
		t.Fatal(err)
	}
	must(k.Approve(ctx, two, a.ID, a.Digest()))(t)
	who := func() (ids []store.EntrantID) {
		got, again, err := k.ask(c, audit)
		if err != nil || again != nil || len(got) != 1 {
			t.Fatalf("%+v, %v, %v", got, again, err)
		}
		for _, x := range got[0].Entrants {
			ids = append(ids, x.ID)
		}
		return ids
	}
	before := who()
	k.stop()
	restore()
	k.cfg.AcceptRestored = true
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	if after := who(); len(before) != 4 || !slices.Equal(before, after) {
		t.Errorf("after the restore %x are covered, before %x", after, before)
	}
}

// TestExclusionAfterOlderRegistry puts back a registry in which the draft is older than the list that is kept: another list can be sent.
func TestExclusionAfterOlderRegistry(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.draft(rules(), listOf(9))
	w.stop()
	restore := w.copies("registry")
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		must(w.SetExclusion(ctx, c.ID, listOf(i)))(t)
	}
	w.stop()
	restore()
	w.cfg.AcceptRestored = true
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
	c = must(w.FindCampaign(ctx, c.Slug, true))(t)
	_, err := w.OpenCampaign(ctx, c.ID, c.Etag)
	wantReason(t, err, engine.RulesInvalid, "campaign.excluded")
	if c = must(w.SetExclusion(ctx, c.ID, listOf(7, 8)))(t); w.kept(c) != "2" {
		t.Errorf("kept %s", w.kept(c))
	}
	must(w.OpenCampaign(ctx, c.ID, c.Etag))(t)
}

// TestExcludedReceiptIsNotMadeAnew: with codes a receipt says chances, and one that would have to say 0 is not signed.
func TestExcludedReceiptIsNotMadeAnew(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.openListed(rules(), 1)
	codes := w.tokens(c, 3)
	var all []*client
	for i := range 3 {
		all = append(all, w.client(c, i, codes[i]))
		w.enter(all[i])
		if again := must(w.Enter(ctx, all[i].req))(t); !bytes.Equal(again.Note, all[i].got.Note) {
			t.Error("another receipt")
		}
		if !strings.Contains(string(all[i].got.Note), "\nchances 2\n") {
			t.Errorf("entrant %d has another receipt than the others", i)
		}
	}
	w.wantClosed(w.mustClose(c), 3, 1)
	if again := must(w.Enter(ctx, all[0].req))(t); !bytes.Equal(again.Note, all[0].got.Note) {
		t.Error("another receipt after the close")
	}
	_, err := w.Enter(ctx, all[1].req)
	wantReason(t, err, engine.CampaignClosed, "")
}

// TestExcludedBesideEarlierWinners: who is listed has no chances in a later draw either, whose list is made when the tags are gone.
func TestExcludedBesideEarlierWinners(t *testing.T) {
	j := newJury(t)
	r := j.timed()
	r.Custodians = j.custodians
	second := r.Draws[0]
	second.EarlierWinnersOut = true
	second.DrawTime = r.ObjectionsEnd.Add(5*time.Hour + engine.SettleRoom)
	r.Draws[0].DrawTime = r.ObjectionsEnd.Add(4 * time.Hour)
	r.Draws = append(r.Draws, second)
	c := j.openListed(r, 3, 7)
	j.someEnter(c, 12)
	j.shut(c)
	j.Work(t.Context())
	if j.kept(c) != "nothing" {
		t.Errorf("kept %s after the first close", j.kept(c))
	}
	j.hold(c, 1)
	j.hold(c, 2)
	for i, want := range []string{"[{excluded 2}]", "[{excluded 2} {won-earlier 2}]"} {
		d := must(j.rooms.Registry.Draws(t.Context(), c.ID))(t)[i]
		if rec := must(draw.ParseRecord(d.Close))(t).(*draw.Close); fmt.Sprint(rec.Zero) != want || d.State != store.DrawDrawn {
			t.Errorf("the close record of draw %d counts %v, want %s", i+1, rec.Zero, want)
		}
	}
	b, _ := j.bundle(c)
	threeAgree(t, b, "")
}

// TestExclusionUnderOnesEyes has lists come and go while the draft is opened and deleted: whatever opens excludes exactly whom its record names, and what is gone leaves nothing. An
// opening that was asked for before another list came is not carried out.
func TestExclusionUnderOnesEyes(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	lists := [][]byte{listOf(1), listOf(2, 3)}
	opened, deleted := 0, 0
	for round := range 30 {
		w.setClock(start)
		c := w.draft(rules(), lists[0])
		var busy sync.WaitGroup
		for _, list := range lists {
			busy.Go(func() {
				for range 3 {
					_, _ = w.SetExclusion(ctx, c.ID, slices.Clone(list))
				}
			})
		}
		busy.Go(func() { _, _ = w.RemoveExclusion(ctx, c.ID) })
		busy.Go(func() {
			for range 20 {
				now, err := w.FindCampaign(ctx, c.Slug, true)
				if err != nil {
					return
				}
				if round%3 == 0 {
					err = w.DeleteCampaign(ctx, c.ID, now.Etag)
				} else {
					_, err = w.OpenCampaign(ctx, c.ID, now.Etag)
				}
				if err == nil {
					return
				}
			}
		})
		busy.Wait()
		now, err := w.FindCampaign(ctx, c.Slug, true)
		switch {
		case err != nil:
			deleted++
			if w.kept(c) != "nothing" || w.tagKey(c) {
				t.Errorf("round %d: deleted, and kept are %s, tag key %v", round, w.kept(c), w.tagKey(c))
			}
			continue
		case now.State != store.Open:
			continue
		}
		opened++
		want := map[draw.Hash]int64{draw.HashOf(lists[0]): 1, draw.HashOf(lists[1]): 2}
		var zero int64
		if x := now.Rules.Excluded; x != nil {
			zero = want[x.Hash]
		}
		for i, token := range w.tokens(now, 4) {
			w.enter(w.client(now, i, token))
		}
		w.wantClosed(w.mustClose(now), 4, zero)
	}
	t.Logf("%d opened, %d deleted", opened, deleted)
	if opened < 5 || deleted < 5 {
		t.Errorf("%d opened and %d deleted: this shows nothing", opened, deleted)
	}
	w.setClock(start)
	c := w.draft(rules(), lists[0])
	a := must(w.RequestOpening(ctx, chen, c.ID, c.Etag, time.Time{}, true))(t)
	must(w.SetExclusion(ctx, c.ID, slices.Clone(lists[1])))(t)
	if _, err := w.Approve(ctx, lin, a.ID, a.Digest()); reason(err) != engine.EtagStale {
		t.Errorf("approved although another list came: %v", err)
	}
}
