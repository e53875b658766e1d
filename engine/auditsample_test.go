package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// sampled are rules with an audit sample, whose auditor is the second notifier.
func sampled(r engine.Rules, size int) engine.Rules {
	r.Audit, r.Auditor, r.Notifiers = size, 2, []string{custodians()[0].Recipient, custodians()[1].Recipient}
	r.Notice = engine.Texts{"en": "We keep this apart. To audit the draw some are opened."}
	return r
}

// TestAuditSampleIsAnnounced: rules with a sample open only if the notice says so in each language and they name who reads it; the open record and the rules file have both.
func TestAuditSampleIsAnnounced(t *testing.T) {
	w := newWorld(t)
	for _, x := range []struct {
		name, path string
		spoil      func(*engine.Rules)
	}{
		{"without auditor", "campaign.auditor", func(r *engine.Rules) { r.Auditor = 0 }},
		{"an auditor who is none of the notifiers", "campaign.auditor", func(r *engine.Rules) { r.Auditor = 3 }},
		{"the one notifier", "campaign.notifiers", func(r *engine.Rules) { r.Notifiers, r.Auditor = r.Notifiers[:1], 1 }},
		{"an auditor of nothing", "campaign.auditor", func(r *engine.Rules) { r.Audit = 0 }},
		{"a notice that says nothing", "campaign.notice", func(r *engine.Rules) { r.Notice = engine.Texts{"en": "We keep this apart."} }},
		{"a notice that says it in one language", "campaign.notice", func(r *engine.Rules) { r.Notice["zh-Hant-TW"] = "個資分開保存。" }},
		{"without draws", "campaign.audit", func(r *engine.Rules) { *r = surveyOnly(*r); r.Audit = 5 }},
	} {
		r := sampled(rules(), 5)
		x.spoil(&r)
		c := must(w.CreateCampaign(t.Context(), "spoilt-"+strings.ReplaceAll(x.name, " ", "-"), r, ""))(t)
		_, err := w.OpenCampaign(t.Context(), c.ID, c.Etag)
		t.Log(x.name)
		wantReason(t, err, engine.RulesInvalid, x.path)
	}
	r := sampled(rules(), 5)
	r.Notice["zh-Hant-TW"] = "開獎後抽查若干人。"
	c := w.open(r)
	open := must(draw.ParseRecord(c.OpenRecord))(t).(*draw.Open)
	file := must(w.rooms.Registry.File(t.Context(), [32]byte(open.Rules)))(t)
	if open.Audit != 5 || !strings.Contains(string(file), "\nauditor 2\n") {
		t.Errorf("the open record has %d, the rules file\n%s", open.Audit, file)
	}
	plain := w.open(rules())
	open = must(draw.ParseRecord(plain.OpenRecord))(t).(*draw.Open)
	if file := must(w.rooms.Registry.File(t.Context(), [32]byte(open.Rules)))(t); open.Audit != 0 || strings.Contains(string(file), "auditor") {
		t.Errorf("without a sample the open record has %d, the rules file\n%s", open.Audit, file)
	}
}

var audit = engine.ReleaseOf{Purpose: engine.PurposeAudit}

// sampleOf is the sample of draw 1 as SPEC section 5 has it, made without package draw's: all with chances, in the order of the seed.
func (k *clockwork) sampleOf(c engine.Campaign, size int) (ids []store.EntrantID) {
	k.t.Helper()
	row := must(k.rooms.Registry.Draws(context.Background(), c.ID))(k.t)[0]
	seed := must(draw.ParseRecord(row.Result))(k.t).(*draw.Result).Seed
	key := func(id store.EntrantID) []byte {
		sum := sha256.Sum256(slices.Concat([]byte("fairlot/v1 audit\n"), seed[:], id[:]))
		return sum[:]
	}
	for _, l := range must(k.rooms.Identity.Leaves(context.Background(), c.ID, store.EntrantID{}, 1000))(k.t) {
		if l.Chances > 0 {
			ids = append(ids, l.ID)
		}
	}
	slices.SortFunc(ids, func(a, b store.EntrantID) int { return bytes.Compare(key(a), key(b)) })
	return ids[:min(size, len(ids))]
}

// by finds who made an entry.
func by(t *testing.T, all []*client, id store.EntrantID) *client {
	t.Helper()
	i := slices.IndexFunc(all, func(x *client) bool { return x.got.ID == id })
	if i < 0 {
		t.Fatalf("nobody has entry %x", id)
	}
	return all[i]
}

// TestAuditSampleIsOpened on both engines: exactly those of the sample, their identities alone, once, also after a copy has forgotten it, and of those who were erased
// nothing; others whom the seed did not pick stay sealed.
func TestAuditSampleIsOpened(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { auditSample(t, newClockwork(t), true) })
	t.Run("postgres", func(t *testing.T) {
		dir := t.TempDir()
		auditSample(t, newClockworkOn(t, newWorldIn(t, dir, onPostgres(t).rooms(t, dir))), false)
	})
}

func auditSample(t *testing.T, k *clockwork, restores bool) {
	ctx := t.Context()
	c := k.open(sampled(k.timed(), 5))
	var all []*client
	for i := range 9 {
		all = append(all, k.client(c, i, ""))
		k.enter(all[i])
	}
	_, _, err := k.ask(c, audit)
	wantReason(t, err, engine.DrawState, "")
	k.drawn(c)
	want := k.sampleOf(c, 5)
	if _, err := k.EraseEntry(ctx, c.ID, by(t, all, want[1]).s); err != nil {
		t.Fatal(err)
	}
	restore := func() {}
	if restores {
		k.stop()
		restore = k.copies("identity")
		if err := k.begin(); err != nil {
			t.Fatal(err)
		}
	}
	todo := func() []engine.Todo {
		return slices.DeleteFunc(must(k.Todos(ctx))(t), func(x engine.Todo) bool { return x.Kind != engine.TodoSample })
	}
	if list := todo(); len(list) != 1 || list[0].Draw != 1 || list[0].Count != 5 || !list[0].By.Equal(must(k.Draw(ctx, c.ID, 1))(t).RoundTime.Add(37*24*time.Hour)) {
		t.Errorf("to do: %+v", list)
	}
	_, waits, err := k.ask(c, audit)
	if err != nil || waits == nil || !strings.Contains(string(waits.Act), "\ncount 4\n") || !strings.Contains(string(waits.Act), "\nsample 5\n") {
		t.Fatalf("asked for: %+v, %v", waits, err)
	}
	for _, id := range want {
		if bytes.Contains(waits.Act, fmt.Appendf(nil, "%x", id[:])) {
			t.Error("the act names an entrant")
		}
	}
	_, err = k.Approve(ctx, one, waits.ID, waits.Digest())
	if err == nil {
		t.Fatal("one person alone opened the sample")
	}
	if got := k.openings(c); got != "" {
		t.Errorf("before anybody approved the log counts %s", got)
	}
	must(k.Approve(ctx, two, waits.ID, waits.Digest()))(t)

	check := func(when string, places []int64, gone ...int64) {
		t.Helper()
		releases, again, err := k.ask(c, audit)
		if err != nil || again != nil || len(releases) != 1 || releases[0].Requester != "one" || releases[0].Approver != "two" {
			t.Fatalf("%s: %+v, %v, %v", when, releases, again, err)
		}
		var got []int64
		for _, e := range releases[0].Entrants {
			got = append(got, e.Rank)
			if e.Stratum != 0 || e.ID != want[e.Rank-1] {
				t.Errorf("%s: entry %x at place %d of stratum %d, want %x", when, e.ID, e.Rank, e.Stratum, want[e.Rank-1])
			}
			kept := !slices.Contains(gone, e.Rank)
			if (len(e.Identity) > 0) != kept || (len(e.Locks) > 0) != kept || len(e.Contact) > 0 {
				t.Errorf("%s: place %d has %d locks, an identity of %d and a contact of %d bytes", when, e.Rank, len(e.Locks), len(e.Identity), len(e.Contact))
			}
		}
		if !slices.Equal(got, places) {
			t.Errorf("%s: opened places %v, want %v", when, got, places)
		}
		if got := k.openings(c); got != "audit 4" {
			t.Errorf("%s: the log counts %s", when, got)
		}
	}
	check("at first", []int64{1, 3, 4, 5})
	if list := todo(); len(list) != 0 {
		t.Errorf("still to do: %+v", list)
	}
	check("again", []int64{1, 3, 4, 5})
	if _, err := k.EraseEntry(ctx, c.ID, by(t, all, want[3]).s); err != nil {
		t.Fatal(err)
	}
	check("after another was erased", []int64{1, 3, 4, 5}, 4)
	if got := len(must(k.Notifications(ctx, c.ID, 1))(t)); got != 0 {
		t.Errorf("%d notices of a release that tells nobody", got)
	}
	if restores {
		k.stop()
		restore()
		k.cfg.AcceptRestored = true
		if err := k.begin(); err != nil {
			t.Fatal(err)
		}
		check("put back", []int64{1, 2, 3, 5}, 2) // which of the two it was who are erased now nothing says, and nothing is kept of either
	}
	good := k.wantEverywhere(c)
	if !restores {
		return
	}
	// An operator who opens more than the rules allow says so in the log, and no verifier takes it.
	record := must((&draw.Opened{Open: draw.Hash(c.OpenHash), Draw: 1, Purpose: engine.PurposeAudit, Count: 4, Unproven: true}).Marshal())(t)
	more := bytes.Replace(record, []byte("count 4\n"), []byte("count 6\n"), 1)
	k.cfg.Registry = k.rooms.Registry
	if err := k.rooms.Registry.Append(ctx, must(k.rooms.Registry.LogSize(ctx))(t), more, store.Transition{}); err != nil {
		t.Fatal(err)
	}
	k.stop()
	if err := k.begin(); err != nil { // which signs what is in the log
		t.Fatal(err)
	}
	bad := k.bundleOf(c)
	said := k.everyVerifier(c, bad)
	if _, err := verify.Bundle(must(verify.Tar(bytes.NewReader(bad), int64(len(bad))))(t), verify.Options{}); err != nil {
		said["fairlot"] = fmt.Sprint("verify: FAILED at ", err)
	}
	for program, last := range said {
		if !strings.HasPrefix(last, "verify: FAILED at step 13 opened") {
			t.Errorf("%s says %q of more than the sample", program, last)
		}
	}
	if bytes.Equal(good, bad) || said["fairlot"] == "" {
		t.Error("more than the sample is opened, and the bundle verifies")
	}
}

// TestNoSampleOpensNobody: rules without a sample, and a sample of whom nobody is left.
func TestNoSampleOpensNobody(t *testing.T) {
	k := newClockwork(t)
	c, _, _ := k.drawnBy(k.timed())
	_, _, err := k.ask(c, audit)
	wantReason(t, err, engine.FieldInvalid, "purpose")

	k = newClockwork(t)
	c = k.open(sampled(k.timed(), 1))
	var all []*client
	for i := range 6 {
		all = append(all, k.client(c, i, ""))
		k.enter(all[i])
	}
	k.drawn(c)
	_, waits, err := k.ask(c, audit)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.EraseEntry(t.Context(), c.ID, by(t, all, k.sampleOf(c, 1)[0]).s); err != nil {
		t.Fatal(err)
	}
	_, err = k.Approve(t.Context(), two, waits.ID, waits.Digest()) // it was asked for before the erasure
	wantReason(t, err, engine.DrawState, "")
	_, _, err = k.ask(c, audit)
	wantReason(t, err, engine.DrawState, "")
	if got := k.openings(c); got != "" {
		t.Errorf("the log counts %s", got)
	}
}

// TestAuditorReadsNoCase: what a case opens is for another notifier, by itself where there is only one.
func TestAuditorReadsNoCase(t *testing.T) {
	w := newCaseWorld(t, 1)
	w.c = w.open(sampled(rules(), 5))
	x := w.client(w.c, 1, w.tokens(w.c, 1)[0])
	w.enter(x)
	ask := w.request(engine.CaseCourt, x.got.ID)
	ask.Notifier = 2
	_, err := w.OpenCase(t.Context(), w.requester, ask)
	wantReason(t, err, engine.FieldInvalid, "notifier")
	ask.Notifier = 0
	if c := must(w.OpenCase(t.Context(), w.requester, ask))(t); c.Notifier != 1 {
		t.Errorf("it is read by notifier %d", c.Notifier)
	}
}

// TestEachDrawHasItsSample: of two draws each opens the sample of its own seed and its own list, from which earlier winners are gone, also once a copy has forgotten it.
func TestEachDrawHasItsSample(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	j := newJury(t)
	c, _ := j.staged(2, func(r *engine.Rules) { *r = sampled(*r, 11) }) // of twelve with chances, and of ten once two have won
	j.shut(c)
	j.cosign(0, 1)
	j.hold(c, 1)
	won := j.holders(c, 1)
	j.cosign(0, 1)
	j.hold(c, 2)
	j.stop()
	restore := j.copies("identity")
	if err := j.begin(); err != nil {
		t.Fatal(err)
	}
	ask := func(n int) ([]engine.Release, *engine.Approval) {
		t.Helper()
		of := audit
		of.AcceptUnproven = true
		releases, waits, err := j.PrepareRelease(ctx, one, c.ID, n, of)
		if err != nil {
			t.Fatal(err)
		}
		return releases, waits
	}
	for n := 1; n <= 2; n++ {
		_, waits := ask(n)
		must(j.Approve(ctx, two, waits.ID, waits.Digest()))(t)
	}
	check := func(when string) {
		t.Helper()
		_, files := j.bundle(c)
		out := must(verify.Bundle(files, verify.Options{}))(t)
		for n := 1; n <= 2; n++ {
			releases, _ := ask(n)
			var got []draw.EntrantID
			for _, e := range releases[0].Entrants {
				got = append(got, draw.EntrantID(e.ID))
			}
			d := out.Draws[n-1]
			if !slices.Equal(got, d.Audit) || len(got) != []int{11, 10}[n-1] || d.Opened["audit"] != int64(len(got)) {
				t.Errorf("%s: draw %d opens %v, its sample is %v; the log counts %d", when, n, got, d.Audit, d.Opened["audit"])
			}
			if n == 2 && slices.ContainsFunc(got, func(id draw.EntrantID) bool { return slices.Contains(won, id) }) {
				t.Errorf("%s: the sample of draw 2 holds who won draw 1", when)
			}
		}
	}
	check("at first")
	j.stop()
	restore()
	j.cfg.AcceptRestored = true
	if err := j.begin(); err != nil {
		t.Fatal(err)
	}
	check("put back")
	j.wantThree(c, verify.StatusUnconfirmed, verify.ReasonBeacon)
}
