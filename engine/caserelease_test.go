package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
)

// approved opens a case and has two others want it.
func (w *caseWorld) approved(r engine.CaseRequest) engine.Case {
	w.t.Helper()
	c := must(w.OpenCase(context.Background(), w.requester, r))(w.t)
	for _, by := range []engine.Actor{w.first, w.second} {
		c = must(w.ApproveCase(context.Background(), by, c.ID, c.Digest()))(w.t)
	}
	return c
}

// announced are the opened records of cases in the log.
func (w *world) announced(c engine.Campaign) (all []*draw.Opened) {
	w.t.Helper()
	for _, b := range must(w.rooms.Registry.LogRecords(context.Background(), 0, 1000))(w.t) {
		if o, ok := must(draw.ParseRecord(b))(w.t).(*draw.Opened); ok && o.Case != nil && store.Hash(o.Open) == c.OpenHash {
			all = append(all, o)
		}
	}
	return all
}

// TestCaseIsReleased opens what a case of each kind names: no more, announced once, and fixed by the log.
func TestCaseIsReleased(t *testing.T) {
	for kind, purpose := range map[string]string{engine.CaseCourt: "court", engine.CaseBreach: "breach", engine.CaseAccess: "person"} {
		t.Run(kind, func(t *testing.T) {
			w := newCaseWorld(t, 4)
			ctx := t.Context()
			ids := w.ids[:2]
			if kind == engine.CaseAccess {
				ids = w.ids[:1]
			}
			c := w.approved(w.request(kind, ids...))
			r := must(w.ReleaseCase(ctx, w.first, c.ID))(t)
			if len(r.Entrants) != len(ids) || r.Case.Releaser.Token != w.first.Token {
				t.Fatalf("%d entrants, released by %+v", len(r.Entrants), r.Case.Releaser)
			}
			for _, e := range r.Entrants {
				row := must(w.rooms.Identity.Entrant(ctx, w.c.ID, e.ID))(t)
				if !slices.Contains(ids, e.ID) || len(e.Lock) != 3 || len(e.Contact) == 0 || (len(e.Identity) == 0) != (kind == engine.CaseBreach) || e.Person != row.Person {
					t.Errorf("%x: %d locks, %d and %d bytes", e.ID, len(e.Lock), len(e.Identity), len(e.Contact))
				}
			}
			for range 2 { // again, and after a crash
				again := must(w.ReleaseCase(ctx, w.second, c.ID))(t)
				if again.Opened != r.Opened || again.Case.Releaser != r.Case.Releaser {
					t.Error("the same release again is another one")
				}
				w.reopen()
			}
			all := w.announced(w.c)
			sum := c.Digest()
			if len(all) != 1 || all[0].Purpose != purpose || all[0].Count != int64(len(ids)) || *all[0].Case != [16]byte(sum[:16]) || all[0].Unproven {
				t.Errorf("the log has %+v", all)
			}
			if got := must(w.Openings(ctx, w.c.ID, 1))(t); !slices.Equal(got, []engine.Opening{{purpose, int64(len(ids)), 1}}) {
				t.Errorf("counted in public: %+v", got)
			}
		})
	}
}

// TestCaseOpensNothing: whatever is missing, nothing leaves and nothing is announced.
func TestCaseOpensNothing(t *testing.T) {
	w := newCaseWorld(t, 3)
	ctx := t.Context()
	refused := func(name string, by engine.Actor, id [16]byte, want engine.Reason, words string) {
		t.Helper()
		got, err := w.ReleaseCase(ctx, by, id)
		if reason(err) != want || !strings.Contains(err.Error(), words) || len(got.Entrants) > 0 {
			t.Errorf("%s: %d entrants, %v", name, len(got.Entrants), err)
		}
	}
	none := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseCourt, w.ids[0])))(t)
	refused("not approved", w.requester, none.ID, engine.CaseState, "2 more must approve it")
	must(w.ApproveCase(ctx, w.first, none.ID, none.Digest()))(t)
	refused("approved by one", w.requester, none.ID, engine.CaseState, "1 more must approve it")

	c := w.approved(w.request(engine.CaseCourt, w.ids[0]))
	refused("an auditor", w.staff("Tsai", engine.RoleAuditor), c.ID, engine.RoleRefused, "")
	refused("an editor", w.staff("Hsu", engine.RoleEditor), c.ID, engine.RoleRefused, "")
	refused("no such case", w.first, [16]byte{9}, engine.CaseNotFound, "")
	must(w.CloseCase(ctx, w.first, c.ID, "withdrawn"))(t)
	refused("closed", w.first, c.ID, engine.CaseState, "closed (withdrawn)")

	empty := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseErasure, w.ids[0])))(t)
	refused("opens nothing", w.first, empty.ID, engine.CaseState, "opens no envelope")
	nobody := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseAccess)))(t)
	refused("names nobody", w.first, nobody.ID, engine.CaseState, "names nobody")

	gone := w.approved(w.request(engine.CaseCourt, w.ids[0]))
	if err := w.RevokeStaffToken(ctx, w.rows["Wu"].ID); err != nil {
		t.Fatal(err)
	}
	refused("an approver was revoked", w.first, gone.ID, engine.CaseState, "revoked since")
	w.second = w.staff("Wu", engine.RoleNotifier)

	// What somebody who writes the registry could make of it.
	forged := func(name, words string, f func(body string) string) {
		c := w.approved(w.request(engine.CaseCourt, w.ids[1]))
		row := must(w.rooms.Registry.Case(ctx, c.ID))(t)
		was := string(row.Body)
		if row.Body = []byte(f(was)); string(row.Body) == was {
			t.Fatalf("%s: nothing was forged in %s", name, was)
		}
		if err := w.rooms.Registry.SwapCase(ctx, row); err != nil {
			t.Fatal(err)
		}
		got, err := w.ReleaseCase(ctx, w.first, c.ID)
		if err == nil || !strings.Contains(err.Error(), words) || len(got.Entrants) > 0 {
			t.Errorf("%s: %d entrants, %v", name, len(got.Entrants), err)
		}
	}
	forged("approved by the requester", "not three persons", func(b string) string { return strings.ReplaceAll(b, `"Label":"Lin"`, `"Label":"Chen"`) })
	forged("approved by one twice", "not three persons", func(b string) string { return strings.ReplaceAll(b, w.second.Token, w.first.Token) })
	forged("approved by nobody's token", "no token", func(b string) string { return strings.ReplaceAll(b, w.second.Token, "") })
	forged("names others", "names others", func(b string) string { return strings.Replace(b, `"named":"`, `"named":"00`, 1) })

	e := w.approved(w.request(engine.CaseCourt, w.ids[2]))
	must(w.EraseEntry(ctx, w.c.ID, w.secrets[2]))(t)
	refused("who was erased", w.first, e.ID, engine.CaseState, "nothing is kept any more")

	old := w.approved(w.request(engine.CaseCourt, w.ids[0]))
	must(w.ReleaseCase(ctx, w.first, old.ID))(t)
	if n := len(w.announced(w.c)); n != 1 {
		t.Errorf("%d openings announced, want one", n)
	}
	w.setClock(old.Expires)
	refused("expired, after it was opened", w.first, old.ID, engine.CaseState, "expired at")
	if n := len(w.announced(w.c)); n != 1 {
		t.Errorf("%d openings announced, want one", n)
	}
}

// TestCaseReleaseCutOff dies after each step of a release; what follows announces it once, and if it was closed meanwhile nothing leaves.
func TestCaseReleaseCutOff(t *testing.T) {
	w := newCaseWorld(t, 2)
	ctx := t.Context()
	for at := 1; ; at++ {
		c := w.approved(w.request(engine.CaseCourt, w.ids[at%2]))
		before, n := len(w.announced(w.c)), 0
		w.SetStep(func(string) {
			if n++; n == at {
				panic("cut")
			}
		})
		cut := func() (cut bool) {
			defer func() { cut = recover() != nil }()
			w.ReleaseCase(ctx, w.first, c.ID)
			return
		}()
		w.reopen()
		if got := must(w.ReleaseCase(ctx, w.second, c.ID))(t); len(got.Entrants) != 1 {
			t.Errorf("cut off at step %d: %d entrants", at, len(got.Entrants))
		}
		if n := len(w.announced(w.c)) - before; n != 1 {
			t.Errorf("cut off at step %d: announced %d times", at, n)
		}
		if !cut {
			if at < 4 {
				t.Errorf("only %d steps", at)
			}
			break
		}
	}
	c := w.approved(w.request(engine.CaseCourt, w.ids[0]))
	w.SetStep(func(name string) {
		if name == "case released" {
			w.SetStep(nil)
			must(w.CloseCase(ctx, w.second, c.ID, "withdrawn"))(t)
		}
	})
	if got, err := w.ReleaseCase(ctx, w.first, c.ID); reason(err) != engine.CaseState || len(got.Entrants) > 0 {
		t.Errorf("closed while it was released: %d entrants, %v", len(got.Entrants), err)
	}
}

// TestHold keeps whom an order names from the timetable, nobody else, and no longer than it stands.
func TestHold(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := k.timed()
	c := k.open(r)
	w := &caseWorld{world: k.world, c: c, rows: map[string]store.StaffToken{}}
	var all []*client
	for i := range 9 {
		all = append(all, k.client(c, i, ""))
		k.enter(all[i])
	}
	for i, to := range []*engine.Actor{&w.requester, &w.first, &w.second} {
		*to = w.staff([]string{"Chen", "Lin", "Wu"}[i], engine.RoleOfficer)
	}
	k.drawn(c)
	k.releaseAll(c)
	// The claim period begins with the round, and is 7 days; retention 30 more.
	due := must(k.Draw(ctx, c.ID, 1))(t).RoundTime.Add(37 * 24 * time.Hour)
	k.goTo(due.Add(-time.Hour))
	k.look()
	hold := func(days int, of ...*client) engine.Case {
		q := w.request(engine.CaseCourt)
		q.Hold, q.Opens, q.Days = true, nil, days
		for _, x := range of {
			q.Entrants = append(q.Entrants, x.got.ID)
		}
		return w.approved(q)
	}
	long, short, ended := hold(100, all[0], all[1]), hold(2, all[1], all[2]), hold(50, all[3])
	waits := w.request(engine.CaseCourt, all[4].got.ID) // two persons want it, the third does not yet
	waits.Hold, waits.Opens = true, nil
	notYet := must(w.OpenCase(ctx, w.requester, waits))(t)
	must(w.ApproveCase(ctx, w.first, notYet.ID, notYet.Digest()))(t)
	if i := find(must(k.Todos(ctx))(t), engine.TodoHold); i < 0 {
		t.Error("a hold is not shown in todo")
	}
	kept := func(want ...int) {
		t.Helper()
		for i, x := range all {
			_, err := k.rooms.Identity.Sealed(ctx, c.ID, []store.EntrantID{x.got.ID})
			if (err == nil) != slices.Contains(want, i) {
				t.Errorf("entrant %d: %v, want kept %v", i, err, want)
			}
		}
	}
	k.look()
	kept(0, 1, 2, 3, 4, 5, 6, 7, 8)
	k.pass(2*time.Hour, 2*time.Minute)
	kept(0, 1, 2, 3)
	k.wantState(c, store.Closed)
	if n := k.kinds()["erased"]; n != 1 {
		t.Errorf("%d erased records", n)
	}
	if _, err := w.ApproveCase(ctx, w.second, notYet.ID, notYet.Digest()); reason(err) != engine.CaseState {
		t.Errorf("held after the erasure: %v", err)
	}
	_, _, err := k.PrepareRelease(ctx, one, c.ID, 1, engine.ReleaseOf{Purpose: engine.PurposeNotice, AcceptUnproven: true})
	wantReason(t, err, engine.DrawState, "")
	if i := find(must(k.Todos(ctx))(t), engine.TodoNotice); i >= 0 {
		t.Error("notices to who was erased are still to do")
	}
	closed := must(w.CloseCase(ctx, w.first, ended.ID, "done"))(t)
	k.pass(4*time.Minute, time.Minute)
	kept(0, 1, 2, 3) // by one, what three wanted: another may see it yet
	todos := must(k.Todos(ctx))(t)
	i := slices.IndexFunc(todos, func(t engine.Todo) bool { return t.Kind == engine.TodoHold && t.Case == ended.ID })
	if i < 0 || !todos[i].By.Equal(closed.Closer.At.Add(7*24*time.Hour)) || todos[i].Label != "closed" {
		t.Errorf("a closed hold is not to be seen in todo: %d %+v", i, todos)
	}
	k.goTo(short.Expires.Add(-time.Minute))
	k.look()
	kept(0, 1, 2, 3)
	k.pass(4*time.Minute, time.Minute)
	kept(0, 1, 3)
	k.goTo(closed.Closer.At.Add(7*24*time.Hour - time.Minute))
	k.look()
	kept(0, 1, 3)
	k.pass(4*time.Minute, time.Minute)
	kept(0, 1)
	if slices.ContainsFunc(must(k.Todos(ctx))(t), func(t engine.Todo) bool { return t.Case == ended.ID }) {
		t.Error("a hold that is over is still to do")
	}
	q := w.request(engine.CaseCourt, all[0].got.ID) // the order to disclose comes while it is held
	open := w.approved(q)
	if got := must(w.ReleaseCase(ctx, w.first, open.ID))(t); len(got.Entrants) != 1 {
		t.Errorf("%d of who is held are opened", len(got.Entrants))
	}
	k.goTo(long.Expires.Add(-time.Minute))
	k.look()
	kept(0, 1)
	k.wantState(c, store.Closed)
	k.pass(4*time.Minute, time.Minute)
	kept()
	k.wantState(c, store.Erased)
	if n := k.kinds()["erased"]; n != 2 {
		t.Errorf("%d erased records", n)
	}
	var bundle strings.Builder
	if err := k.WriteBundle(ctx, c.ID, &bundle); err != nil {
		t.Fatal(err)
	}
	wantVerified(t, []byte(bundle.String()))
}

// TestHoldOutlivesACopy: an identity room of before the case does not know whom it holds. Nothing is erased until somebody says what to do.
func TestHoldOutlivesACopy(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	c, by, _ := k.drawnBy(k.timed())
	w := &caseWorld{world: k.world, c: c, rows: map[string]store.StaffToken{}}
	for i, to := range []*engine.Actor{&w.requester, &w.first, &w.second} {
		*to = w.staff([]string{"Chen", "Lin", "Wu"}[i], engine.RoleOfficer)
	}
	q := w.request(engine.CaseCourt, by[1].got.ID)
	q.Hold, q.Opens, q.Days = true, nil, engine.MaxHoldDays
	k.stop()
	restore := k.copies("identity") // of before the case
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	k.restart()
	hold := w.approved(q)
	kept := func() bool {
		_, err := k.rooms.Identity.Sealed(ctx, c.ID, []store.EntrantID{by[1].got.ID})
		return err == nil
	}
	k.stop()
	restore()
	k.cfg.AcceptRestored = true
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	k.restart()
	k.pass(39*24*time.Hour, 6*time.Hour)
	if !kept() {
		t.Error("who is held was erased")
	}
	if todos := must(k.Todos(ctx))(t); find(todos, engine.TodoErase) < 0 || todos[find(todos, engine.TodoErase)].Said != string(engine.CaseState) {
		t.Errorf("to do: %+v", todos)
	}
	// Had the timetable been kept for all others before the copy came, the daemon starts all the same, and still erases nobody.
	record := must((&draw.Erased{Open: draw.Hash(c.OpenHash), What: []string{"consents-but-held", "envelopes-but-held", "locks-but-held"}, By: "operator"}).Marshal())(t)
	if err := k.rooms.Registry.Append(ctx, must(k.rooms.Registry.LogSize(ctx))(t), record, store.Transition{}); err != nil {
		t.Fatal(err)
	}
	k.stop()
	restore()
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	k.restart()
	if !kept() {
		t.Error("who is held was erased")
	}
	must(w.CloseCase(ctx, w.first, hold.ID, "withdrawn"))(t)
	k.pass(7*24*time.Hour-5*time.Minute, 6*time.Hour)
	if !kept() {
		t.Error("who was held was erased at once")
	}
	k.pass(10*time.Minute, time.Minute)
	k.wantState(c, store.Erased)
}

// TestClosedHoldIsTakenUp: what one closes another has three persons hold anew, in time. A close never holds for longer than the case.
func TestClosedHoldIsTakenUp(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	c, by, _ := k.drawnBy(k.timed())
	w := &caseWorld{world: k.world, c: c, rows: map[string]store.StaffToken{}}
	for i, to := range []*engine.Actor{&w.requester, &w.first, &w.second} {
		*to = w.staff([]string{"Chen", "Lin", "Wu"}[i], engine.RoleOfficer)
	}
	hold := func(days int, x *client) engine.Case {
		q := w.request(engine.CaseCourt, x.got.ID)
		q.Hold, q.Opens, q.Days = true, nil, days
		return w.approved(q)
	}
	kept := func(want ...bool) {
		t.Helper()
		for i, x := range []*client{by[1], by[2]} {
			if _, err := k.rooms.Identity.Sealed(ctx, c.ID, []store.EntrantID{x.got.ID}); (err == nil) != want[i] {
				t.Errorf("rank %d: %v", i+1, err)
			}
		}
	}
	k.goTo(must(k.Draw(ctx, c.ID, 1))(t).RoundTime.Add(37*24*time.Hour - time.Hour))
	first, short := hold(100, by[1]), hold(3, by[2])
	k.pass(2*time.Hour, 2*time.Minute)
	closed := must(w.CloseCase(ctx, w.second, first.ID, "withdrawn"))(t)
	must(w.CloseCase(ctx, w.second, short.ID, "withdrawn"))(t)
	k.goTo(short.Expires.Add(-time.Minute))
	k.look()
	kept(true, true)
	k.pass(4*time.Minute, time.Minute)
	kept(true, false)
	k.goTo(closed.Closer.At.Add(6 * 24 * time.Hour))
	again := hold(30, by[1])
	k.goTo(again.Expires.Add(-time.Minute))
	k.look()
	kept(true, false)
	k.pass(4*time.Minute, time.Minute)
	kept(false, false)
	k.wantState(c, store.Erased)
}

// TestCaseFitsOneAnswer: the longest texts and the longest kind of lock are no larger than what the limit of a case counts with.
func TestCaseFitsOneAnswer(t *testing.T) {
	key := must(custody.NewKey())(t)
	to := must(custody.ParseRecipients(key.Recipient()))(t)
	long := []byte("name " + strings.Repeat("a", seal.MaxText-6) + "\n")
	s := must(custody.SealEntrant(custody.Entrant{Threshold: 1, To: to, Identity: long, Contact: long, Openings: seal.NewOpenings([32]byte{1}, long, long)}))(t)
	lock, envelopes := len(s.Lock[0]), len(s.Identity)+len(s.Contact)+100
	t.Logf("a lock of %d bytes, envelopes of %d", lock, envelopes)
	if lock > 2100 || envelopes > 4200 {
		t.Errorf("a lock of %d bytes, envelopes of %d", lock, envelopes)
	}
}

// TestRegister has a line for each thing that staff did at a person's wish, of who and when and what, and nothing of whom.
func TestRegister(t *testing.T) {
	w := newCaseWorld(t, 2)
	ctx := t.Context()
	c := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseErasure, w.ids[0])))(t)
	court := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseCourt, w.ids[0])))(t)
	for name, x := range map[string]struct {
		by   engine.Actor
		id   [16]byte
		did  string
		want engine.Reason
	}{
		"what nobody does": {w.first, c.ID, "disclosure", engine.FieldInvalid},
		"of an order":      {w.first, court.ID, engine.DidErasure, engine.CaseState},
		"of no case":       {w.first, [16]byte{8}, engine.DidErasure, engine.CaseNotFound},
		"by an auditor":    {w.staff("Tsai", engine.RoleAuditor), c.ID, engine.DidErasure, engine.RoleRefused},
	} {
		if _, err := w.RecordModification(ctx, x.by, x.id, x.did); reason(err) != x.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.CloseCase(ctx, w.first, c.ID, "done"); reason(err) != engine.CaseState {
		t.Errorf("closed as done while the register says nothing: %v", err)
	}
	if list, next, err := w.Modifications(ctx, 0, 10); err != nil || len(list) != 0 || next != 0 {
		t.Errorf("%+v, %d, %v", list, next, err)
	}
	must(w.RecordModification(ctx, w.first, c.ID, engine.DidRestriction))(t)
	w.setClock(start.Add(time.Hour))
	if got := must(w.RecordModification(ctx, w.second, c.ID, engine.DidErasure))(t); !slices.Equal(got.Did, []string{"restriction", "erasure"}) {
		t.Errorf("the case says %v", got.Did)
	}
	if err := w.RecordAtDesk(ctx, w.requester, w.c.ID, [16]byte{}, engine.DidErasure); err != nil {
		t.Fatal(err)
	}
	must(w.CloseCase(ctx, w.first, c.ID, "done"))(t)
	if _, err := w.RecordModification(ctx, w.first, c.ID, engine.DidErasure); reason(err) != engine.CaseState {
		t.Errorf("recorded after its end: %v", err)
	}
	if err := w.MayRecordAtDesk(ctx, store.CampaignID{1}, c.ID, engine.DidErasure); reason(err) != engine.CaseState {
		t.Errorf("a case of another campaign at the desk: %v", err)
	}
	var got []string
	for after, more := int64(0), true; more; {
		list, next, err := w.Modifications(ctx, after, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.Campaign != w.c.ID {
				t.Errorf("campaign %x", m.Campaign)
			}
			got = append(got, fmt.Sprintf("%s %s %s %v", m.By.At.Format("15:04"), m.By.Label, m.Did, m.Case == c.ID))
		}
		after, more = next, next != 0
	}
	if fmt.Sprint(got) != "[04:00 Lin restriction true 05:00 Wu erasure true 05:00 Chen erasure false]" {
		t.Errorf("the register says %v", got)
	}
	for _, a := range must(w.Acts(ctx, 0, 1000))(t) {
		if strings.Contains(string(a.Text), fmt.Sprintf("%x", w.ids[0][:])) {
			t.Error("the register names an entrant")
		}
	}
}

// TestHoldOfACorrectedEntry: nothing is kept under an entry that was corrected, so three persons are not let believe that it is held.
func TestHoldOfACorrectedEntry(t *testing.T) {
	w := newCaseWorld(t, 1)
	ctx := t.Context()
	x := w.client(w.c, 7, w.tokens(w.c, 1)[0])
	w.enter(x)
	before := w.request(engine.CaseCourt, x.got.ID)
	before.Hold, before.Opens = true, nil
	opened := must(w.OpenCase(ctx, w.requester, before))(t)
	ask, _ := w.correction(w.c, x, "new@example.org")
	got := must(w.CorrectEntry(ctx, ask))(t)
	q := w.request(engine.CaseCourt, w.ids[0], x.got.ID)
	q.Hold, q.Opens = true, nil
	_, err := w.OpenCase(ctx, w.requester, q)
	wantReason(t, err, engine.CaseState, "")
	_, err = w.ApproveCase(ctx, w.first, opened.ID, opened.Digest())
	wantReason(t, err, engine.CaseState, "")
	q = w.request(engine.CaseCourt, w.ids[0], got.ID)
	q.Hold, q.Opens = true, nil
	w.approved(q)
}
