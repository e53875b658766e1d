package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/trail"
	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
)

var (
	chen   = engine.Actor{Token: "00000000000000c1", Label: "Chen", Role: engine.RoleOfficer}
	lin    = engine.Actor{Token: "00000000000000c2", Label: "Lin", Role: engine.RoleOfficer}
	wu     = engine.Actor{Token: "00000000000000c3", Label: "Wu", Role: engine.RoleNotifier}
	editor = engine.Actor{Token: "00000000000000c4", Label: "Hsu", Role: engine.RoleEditor}
)

// lasting are rules that can still be opened when an approval has expired.
func lasting() engine.Rules {
	r := rules()
	r.EntriesEnd = start.AddDate(0, 0, 10)
	r.ObjectionsEnd, r.Draws[0].DrawTime = r.EntriesEnd, r.EntriesEnd.Add(72*time.Hour)
	return r
}

func reason(err error) engine.Reason {
	var own *engine.Error
	if errors.As(err, &own) {
		return own.Reason
	}
	return ""
}

// TestTwoPersons asks for an opening and tries to have it without a second person.
func TestTwoPersons(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := must(w.CreateCampaign(ctx, "two", lasting(), ""))(t)
	asked := must(w.RequestOpening(ctx, chen, c.ID, c.Etag, time.Time{}, true))(t)
	if again := must(w.RequestOpening(ctx, lin, c.ID, c.Etag, time.Time{}, true))(t); again.ID != asked.ID {
		t.Error("asked for twice, and two approvals wait")
	}
	other := asked.Digest()
	other[0] ^= 1
	elsewhere := engine.Actor{Token: "00000000000000d1", Label: " chen", Role: engine.RoleOfficer}
	for name, x := range map[string]struct {
		by     engine.Actor
		digest [32]byte
		want   engine.Reason
	}{
		"oneself":                    {chen, asked.Digest(), engine.ApprovalSelf},
		"oneself by another token":   {elsewhere, asked.Digest(), engine.ApprovalSelf},
		"a notifier":                 {wu, asked.Digest(), engine.RoleRefused},
		"an editor":                  {editor, asked.Digest(), engine.RoleRefused},
		"nobody":                     {engine.Actor{}, asked.Digest(), engine.RoleRefused},
		"another act than was shown": {lin, other, engine.ApprovalChanged},
	} {
		if _, err := w.Approve(ctx, x.by, asked.ID, x.digest); reason(err) != x.want {
			t.Errorf("approved by %s: %v, want %s", name, err, x.want)
		}
	}
	if _, err := w.Approve(ctx, lin, [16]byte{1}, other); reason(err) != engine.ApprovalNotFound {
		t.Errorf("an approval that is not there: %v", err)
	}
	if _, err := w.Withdraw(ctx, wu, asked.ID); reason(err) != engine.RoleRefused {
		t.Errorf("withdrawn by a notifier: %v", err)
	}
	if now := must(w.Registry.Campaign(ctx, c.ID))(t); now.State != store.Draft {
		t.Fatal("opened without a second person")
	}
	done := must(w.Approve(ctx, lin, asked.ID, asked.Digest()))(t)
	now := must(w.Registry.Campaign(ctx, c.ID))(t)
	if done.State != store.ApprovalDone || now.State != store.Open || done.Decider.Label != "Lin" {
		t.Errorf("approved: %+v, campaign %d", done, now.State)
	}
	for _, line := range []string{"record " + draw.HashOf(now.OpenRecord).String(), "etag " + c.Etag} {
		if !strings.Contains(string(asked.Act), line+"\n") {
			t.Errorf("what was asked for lacks %q:\n%s", line, asked.Act)
		}
	}
	if _, err := w.Approve(ctx, lin, asked.ID, asked.Digest()); reason(err) != engine.ApprovalState {
		t.Errorf("approved again: %v", err)
	}
	if _, err := w.Withdraw(ctx, chen, asked.ID); reason(err) != engine.ApprovalState {
		t.Errorf("withdrawn when done: %v", err)
	}
}

// TestOnePersonHoweverWritten: a second token for somebody is often made on another keyboard, and their name is spaced or composed otherwise on it.
func TestOnePersonHoweverWritten(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := must(w.CreateCampaign(ctx, "written", lasting(), ""))(t)
	for i, x := range [][2]string{
		{"陳 怡君", "陳\u3000怡君"}, {"陳 怡君", "陳怡君"}, {"Chen Yi-chun", "chen  yi-chun"}, {"Chen Yi-chun", "Chen\u00a0Yi\u2010chun"}, {"Chen", "\uff23\uff48\uff45\uff4e"},
		{"José", "Jose\u0301"}, {"Chen Yi-chun", "CHEN YICHUN."}, {"…", "…"},
	} {
		one := engine.Actor{Token: "00000000000000e1", Label: x[0], Role: engine.RoleOfficer}
		two := engine.Actor{Token: "00000000000000e2", Label: x[1], Role: engine.RoleOfficer}
		asked := must(w.RequestOpening(ctx, one, c.ID, c.Etag, time.Time{}, true))(t)
		if _, err := w.Approve(ctx, two, asked.ID, asked.Digest()); reason(err) != engine.ApprovalSelf {
			t.Errorf("%d: %q asked, %q approved: %v", i, x[0], x[1], err)
			return
		}
		must(w.Withdraw(ctx, one, asked.ID))(t)
	}
	for _, x := range [][2]string{{"陳怡君", "陳怡伶"}, {"Chen 1", "Chen 2"}, {"…", "!"}, {"Chen", "Cheng"}} {
		asked := must(w.RequestOpening(ctx, engine.Actor{Token: "00000000000000e1", Label: x[0], Role: engine.RoleOfficer}, c.ID, c.Etag, w.now().Add(time.Hour), true))(t)
		if _, err := w.Approve(ctx, engine.Actor{Token: "00000000000000e2", Label: x[1], Role: engine.RoleOfficer}, asked.ID, asked.Digest()); err != nil {
			t.Errorf("%q and %q are two persons: %v", x[0], x[1], err)
		}
		w.setClock(w.now().Add(time.Second))
	}
}

// TestRevokedTokensApproveNothing: what was asked for or approved by a token that is revoked since is not done, at once or by the clock.
func TestRevokedTokensApproveNothing(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := must(w.CreateCampaign(ctx, "revoked", lasting(), ""))(t)
	person := func(label string) (engine.Actor, [8]byte) {
		token, row, err := w.CreateStaffToken(ctx, engine.RoleOfficer, label, 0)
		if err != nil {
			t.Fatal(err)
		}
		return must(w.Authenticate(ctx, token))(t), row.ID
	}
	one, oneID := person("One")
	two, twoID := person("Two")
	three, _ := person("Three")

	timed := must(w.RequestOpening(ctx, one, c.ID, c.Etag, w.now().Add(time.Minute), true))(t)
	if a := must(w.Approve(ctx, two, timed.ID, timed.Digest()))(t); a.State != store.ApprovalGiven {
		t.Fatalf("approved: %+v", a)
	}
	if err := w.RevokeStaffToken(ctx, twoID); err != nil {
		t.Fatal(err)
	}
	w.setClock(w.now().Add(2 * time.Minute))
	if _, err := w.Approve(ctx, three, timed.ID, timed.Digest()); reason(err) != engine.ApprovalState {
		t.Errorf("carried on for an approver whose token was revoked: %v", err)
	}
	if a := must(w.Approval(ctx, timed.ID))(t); a.State != store.ApprovalLapsed || !strings.Contains(a.Outcome, "revoked") {
		t.Errorf("after the approver's token was revoked: %+v", a)
	}

	asked := must(w.RequestOpening(ctx, one, c.ID, c.Etag, time.Time{}, true))(t)
	if err := w.RevokeStaffToken(ctx, oneID); err != nil {
		t.Fatal(err)
	}
	if again := must(w.RequestOpening(ctx, three, c.ID, c.Etag, time.Time{}, true))(t); again.ID == asked.ID {
		t.Error("another's request is that of the revoked token")
	}
	if _, err := w.Approve(ctx, three, asked.ID, asked.Digest()); reason(err) != engine.ApprovalState {
		t.Errorf("asked for by a token that was revoked: %v", err)
	}
	if now := must(w.Registry.Campaign(ctx, c.ID))(t); now.State != store.Draft {
		t.Error("opened by one person and a revoked token")
	}
	four, _ := person("Four") // and others ask anew
	asked = must(w.RequestOpening(ctx, three, c.ID, c.Etag, time.Time{}, true))(t)
	if a := must(w.Approve(ctx, four, asked.ID, asked.Digest()))(t); a.State != store.ApprovalDone {
		t.Errorf("asked for anew: %+v", a)
	}
}

// TestApprovalsEnd lets a draft change, time pass, and whoever asked change their mind.
func TestApprovalsEnd(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := must(w.CreateCampaign(ctx, "ends", lasting(), ""))(t)
	ask := func(etag string) engine.Approval {
		return must(w.RequestOpening(ctx, chen, c.ID, etag, time.Time{}, true))(t)
	}

	changed := ask(c.Etag)
	other := lasting()
	other.Title["en"] = "Another title"
	c = must(w.UpdateCampaign(ctx, c.ID, c.Etag, other))(t)
	if _, err := w.Approve(ctx, lin, changed.ID, changed.Digest()); reason(err) != engine.EtagStale {
		t.Errorf("a changed draft: %v", err)
	}
	if now := must(w.Approval(ctx, changed.ID))(t); now.State != store.ApprovalLapsed || now.Outcome == "" {
		t.Errorf("after the draft changed: %+v", now)
	}
	taken := ask(c.Etag)
	must(w.Withdraw(ctx, chen, taken.ID))(t)
	refused := ask(c.Etag)
	must(w.Withdraw(ctx, lin, refused.ID))(t)
	for _, a := range []engine.Approval{changed, taken, refused} {
		if _, err := w.Approve(ctx, lin, a.ID, a.Digest()); reason(err) != engine.ApprovalState {
			t.Errorf("approved when it was over: %v", err)
		}
	}
	old := ask(c.Etag)
	w.setClock(w.now().Add(72*time.Hour - time.Second))
	if a := must(w.Approval(ctx, old.ID))(t); a.Expired {
		t.Error("expired early")
	}
	w.setClock(w.now().Add(time.Second))
	if _, err := w.Approve(ctx, lin, old.ID, old.Digest()); reason(err) != engine.ApprovalState {
		t.Errorf("approved after 72 hours: %v", err)
	}
	if now := must(w.Registry.Campaign(ctx, c.ID))(t); now.State != store.Draft {
		t.Error("opened")
	}
	if fresh := ask(c.Etag); fresh.ID == old.ID {
		t.Error("an expired approval was asked for again")
	}
	if all := must(w.Approvals(ctx, true, [16]byte{}, 10))(t); len(all) != 5 {
		t.Errorf("%d approvals", len(all))
	}
}

// TestApprovedIsCarriedOn cuts the opening off after each of its steps; the daemon does what was approved, once, and says so in the trail.
func TestApprovedIsCarriedOn(t *testing.T) {
	for _, at := range []string{"approved", "appended", "carried out"} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t)
			ctx := context.Background()
			c := must(w.CreateCampaign(ctx, "cut", lasting(), ""))(t)
			asked := must(w.RequestOpening(ctx, chen, c.ID, c.Etag, time.Time{}, true))(t)
			w.SetStep(func(name string) {
				if name == at {
					panic("cut")
				}
			})
			func() {
				defer func() { recover() }()
				w.Approve(ctx, lin, asked.ID, asked.Digest())
				t.Error("was not cut off")
			}()
			w.SetStep(nil)
			w.Engine.Close()
			w.Engine = nil
			w.reopen()
			w.work()
			if a := must(w.Approval(ctx, asked.ID))(t); a.State != store.ApprovalGiven {
				t.Errorf("the caller's own try was not given time: state %d", a.State)
			}
			w.setClock(w.now().Add(31 * time.Second))
			w.work()
			a, now := must(w.Approval(ctx, asked.ID))(t), must(w.Registry.Campaign(ctx, c.ID))(t)
			if a.State != store.ApprovalDone || now.State != store.Open || must(w.Registry.LogSize(ctx))(t) != 1 {
				t.Errorf("approval %d, campaign %d", a.State, now.State)
			}
			rows := must(w.Acts(ctx, 0, 100))(t)
			act := must(trail.Parse(rows[len(rows)-1].Text))(t)
			if act.Actor != trail.Daemon || act.Outcome != trail.OK || act.Method != "ApprovalService/Approve" {
				t.Errorf("the trail ends with %+v", act)
			}
		})
	}
}

// TestTrailHeads lets days go by: each on which something was done gets one head in the log, and no other.
func TestTrailHeads(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	act := engine.Act{By: chen, Method: "Test/Act"}
	do := func() {
		t.Helper()
		n := must(w.BeginAct(ctx, act))(t)
		if err := w.EndAct(ctx, act, n, trail.OK); err != nil {
			t.Fatal(err)
		}
	}
	heads := func() (all []*draw.TrailHead) {
		t.Helper()
		for _, r := range must(w.Registry.LogRecords(ctx, 0, 100))(t) {
			if h, ok := must(draw.ParseRecord(r))(t).(*draw.TrailHead); ok {
				all = append(all, h)
			}
		}
		return all
	}
	check := func(when string, want int) {
		t.Helper()
		w.work()
		w.work()
		if got := heads(); len(got) != want {
			t.Fatalf("%s: %d heads, want %d", when, len(got), want)
		}
	}
	day := func(n int) { w.setClock(start.UTC().Truncate(24*time.Hour).AddDate(0, 0, n).Add(time.Hour)) }
	day(0)
	do()
	check("on the first day", 0)
	day(1)
	check("the next morning", 1)
	do()
	day(2)
	w.reopen()
	check("after a night without a daemon", 2)
	day(4)
	check("after days on which nothing was done", 2)
	do()
	day(3) // the clock is turned back
	do()
	check("on a day before", 2)
	day(6)
	check("at last", 3)
	last := heads()[2]
	rows := must(w.Acts(ctx, 0, 100))(t)
	if n := int64(len(rows)); last.Count != n || store.Hash(last.Head) != rows[n-1].Hash {
		t.Errorf("the last head is of act %d, and there are %d", last.Count, n)
	}
	var in []trail.Head
	for _, h := range heads() {
		in = append(in, trail.Head{Day: h.Day, Count: h.Count, Hash: h.Head})
	}
	chain := trail.NewChain(w.Installation().LogKey, in)
	for _, r := range rows {
		must(chain.Add(r.N, r.Hash, r.Text))(t)
	}
	if err := chain.Close(); err != nil || len(chain.Open()) != 0 {
		t.Errorf("%v, open %v", err, chain.Open())
	}
}
