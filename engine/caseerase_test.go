package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/trail"
	"fairlot/engine"
	"fairlot/store"
)

// opened is what whoever opened an envelope of an entrant knows: ci and cc.
func (w *caseWorld) opened(i int) (ci, cc [32]byte) {
	return [32]byte(w.got[i].IdentityCommitment), [32]byte(w.got[i].ContactCommitment)
}

// TestErasedForCase: behind the close, who has lost the secret is erased once three persons had the name opened; with less nobody is.
func TestErasedForCase(t *testing.T) {
	w := newCaseWorld(t, 4)
	ctx := t.Context()
	erase := func(by engine.Actor, c engine.Case) (engine.EntryStatus, error) {
		ci, cc := w.opened(0)
		if c.Count == 1 {
			ci, cc = w.opened(slices.Index(w.ids, c.Entrants[0]))
		}
		_, st, err := w.EraseForCase(ctx, by, c.ID, ci, cc)
		return st, err
	}
	refused := func(name string, by engine.Actor, c engine.Case, want engine.Reason, words string) {
		t.Helper()
		if _, err := erase(by, c); reason(err) != want || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", name, err)
		}
		for i, id := range w.ids {
			if row := must(w.rooms.Identity.Entrant(ctx, w.c.ID, id))(t); row.Erasure != 0 || row.Zero != "" {
				t.Fatalf("%s: entrant %d was erased: %+v", name, i, row)
			}
		}
	}
	request := func(kind string, i int) engine.CaseRequest {
		r := w.request(kind, w.ids[i])
		r.Opens = []string{"identity"}
		return r
	}
	early := w.approved(request(engine.CaseErasure, 0))
	must(w.ReleaseCase(ctx, w.first, early.ID))(t)
	refused("before the close", w.first, early, engine.CaseState, "fairlot desk erase")
	w.mustClose(w.c)

	r := w.request(engine.CaseErasure, w.ids[1])
	refused("opens nothing", w.first, must(w.OpenCase(ctx, w.requester, r))(t), engine.CaseState, "--opens identity")
	r = w.request(engine.CaseErasure, w.ids[1])
	r.Opens = []string{"contact"}
	refused("opens the contact", w.first, w.approved(r), engine.CaseState, "--opens identity")
	refused("names nobody", w.first, must(w.OpenCase(ctx, w.requester, w.request(engine.CaseErasure)))(t), engine.CaseState, "names nobody")
	access := w.approved(request(engine.CaseAccess, 1))
	must(w.ReleaseCase(ctx, w.first, access.ID))(t)
	refused("asks for access", w.first, access, engine.CaseState, "case of kind access")

	c := must(w.OpenCase(ctx, w.requester, request(engine.CaseErasure, 1)))(t)
	refused("not approved", w.first, c, engine.CaseState, "2 more must approve it")
	must(w.ApproveCase(ctx, w.first, c.ID, c.Digest()))(t)
	refused("approved by one", w.first, c, engine.CaseState, "1 more must approve it")
	must(w.ApproveCase(ctx, w.second, c.ID, c.Digest()))(t)
	refused("not released", w.first, c, engine.CaseState, "nobody has had the name opened")
	row := must(w.rooms.Registry.Case(ctx, c.ID))(t) // what somebody who writes the registry could make of it
	row.Body = []byte(strings.Replace(string(row.Body), `"approvers"`, `"releaser":{"Token":"`+w.first.Token+`","Label":"Lin","At":"2026-01-01T00:00:00Z"},"approvers"`, 1))
	if err := w.rooms.Registry.SwapCase(ctx, row); err != nil {
		t.Fatal(err)
	}
	refused("said to be released", w.first, c, engine.CaseState, "nobody has had the name opened")
	must(w.ReleaseCase(ctx, w.first, c.ID))(t)
	mine, contact := w.opened(1)
	others, _ := w.opened(2)
	for name, x := range map[string][2][32]byte{"nothing": {}, "what is public": {[32]byte(must(w.rooms.Identity.Entrant(ctx, w.c.ID, w.ids[1]))(t).Person)}, "another's": {others, contact}, "the wrong way round": {contact, mine}} {
		if _, _, err := w.EraseForCase(ctx, w.first, c.ID, x[0], x[1]); reason(err) != engine.CaseState || !strings.Contains(err.Error(), "not what the custodians opened") {
			t.Errorf("three persons want it, and show %s: %v", name, err)
		}
	}
	refused("an auditor", w.staff("Tsai", engine.RoleAuditor), c, engine.RoleRefused, "")
	refused("an editor", w.staff("Hsu", engine.RoleEditor), c, engine.RoleRefused, "")
	refused("no such case", w.first, engine.Case{ID: [16]byte{9}}, engine.CaseNotFound, "")

	order := w.request(engine.CaseCourt, w.ids[1])
	order.Opens, order.Hold = nil, true
	hold := w.approved(order)
	refused("an order holds the entrant", w.first, c, engine.CaseState, "an order keeps this entry")
	ends := must(w.CloseCase(ctx, w.first, hold.ID, "done"))(t).Closer.At
	w.setClock(ends.AddDate(0, 0, 8))

	for range 2 { // again, and after a crash
		if st := must(erase(w.second, c))(t); st.ID != w.ids[1] || st.Erasure != store.ErasureWaits {
			t.Errorf("%+v", st)
		}
		w.reopen()
	}
	var lines int
	for _, a := range must(w.rooms.Registry.Acts(ctx, 0, 1000))(t) {
		if act := must(trail.Parse(a.Text))(t); act.Method == "Register/Erasure" {
			lines++
		}
	}
	if lines != 1 {
		t.Errorf("the register has %d lines", lines)
	}
	for i, id := range w.ids {
		if row := must(w.rooms.Identity.Entrant(ctx, w.c.ID, id))(t); (row.Erasure == store.ErasureWaits) != (i == 1) || row.Zero != "" || row.Chances == 0 {
			t.Errorf("entrant %d: %+v", i, row)
		}
	}
	must(w.CloseCase(ctx, w.first, c.ID, "done"))(t)
	if _, err := erase(w.first, c); reason(err) != engine.CaseState || !strings.Contains(err.Error(), "is closed (done)") {
		t.Errorf("closed: %v", err)
	}

	for name, spoil := range map[string]func(c engine.Case){
		"expired":       func(c engine.Case) { w.setClock(c.Expires) },
		"token revoked": func(engine.Case) { must(0, w.RevokeStaffToken(ctx, w.rows["Wu"].ID))(t) },
	} {
		c := w.approved(request(engine.CaseErasure, 2))
		must(w.ReleaseCase(ctx, w.first, c.ID))(t)
		spoil(c)
		if _, err := erase(w.first, c); reason(err) != engine.CaseState {
			t.Errorf("%s: %v", name, err)
		}
		if name == "token revoked" {
			w.second = w.staff("Wu", engine.RoleNotifier)
		}
	}
}

// TestErasedForCaseMeets: an order that comes while somebody is being erased for a case comes too late and is told so; a case that is closed meanwhile has its line in
// the register; a clock that has jumped erases nobody.
func TestErasedForCaseMeets(t *testing.T) {
	w := newCaseWorld(t, 3)
	ctx := t.Context()
	w.mustClose(w.c)
	wanted := func(i int) engine.Case {
		r := w.request(engine.CaseErasure, w.ids[i])
		r.Opens = []string{"identity"}
		c := w.approved(r)
		must(w.ReleaseCase(ctx, w.first, c.ID))(t)
		return c
	}
	erase := func(i int, c engine.Case) error {
		ci, cc := w.opened(i)
		_, _, err := w.EraseForCase(ctx, w.first, c.ID, ci, cc)
		return err
	}
	at := func(step string, f func()) {
		w.SetStep(func(name string) {
			if name == step {
				w.SetStep(nil)
				f()
			}
		})
	}

	order := w.request(engine.CaseCourt, w.ids[0])
	order.Opens, order.Hold = nil, true
	hold := must(w.OpenCase(ctx, w.requester, order))(t)
	must(w.ApproveCase(ctx, w.first, hold.ID, hold.Digest()))(t)
	late := make(chan error, 1)
	at("erasure for a case judged", func() {
		go func() {
			_, err := w.ApproveCase(ctx, w.second, hold.ID, hold.Digest())
			late <- err
		}()
		time.Sleep(50 * time.Millisecond) // as long as it needs, if nothing stops it
	})
	if err := erase(0, wanted(0)); err != nil {
		t.Error(err)
	}
	if err := <-late; reason(err) != engine.CaseState || !strings.Contains(err.Error(), "nothing is kept any more") {
		t.Errorf("three persons hold whom the daemon destroys: %v", err)
	}

	order.ID = [16]byte{7}
	if _, err := w.OpenCase(ctx, w.requester, order); reason(err) != engine.CaseState || !strings.Contains(err.Error(), "is being erased") {
		t.Errorf("a case that nobody could approve was opened: %v", err)
	}

	lines := func() (n int) {
		list, _, err := w.Modifications(ctx, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before, c := lines(), wanted(1)
	at("entry erased", func() { must(w.CloseCase(ctx, w.second, c.ID, "refused"))(t) })
	if err := erase(1, c); err != nil || lines() != before+1 {
		t.Errorf("closed meanwhile: %d lines more, %v", lines()-before, err)
	}

	c = wanted(2)
	w.SetJumped(true)
	if err := erase(2, c); reason(err) != engine.TooEarly {
		t.Errorf("with a clock that has jumped: %v", err)
	}
	w.SetJumped(false)
	both := make(chan error, 2)
	before = lines()
	for range 2 {
		go func() { both <- erase(2, c) }()
	}
	if err := errors.Join(<-both, <-both); err != nil || lines() != before+1 {
		t.Errorf("twice at once: %d lines more, %v", lines()-before, err)
	}
}

// TestErasedForCaseCutOff stops the engine at each step of an erasure for a case: the same call again ends it, and the register has a line, which the case shows.
func TestErasedForCaseCutOff(t *testing.T) {
	w := newCaseWorld(t, 3)
	ctx := t.Context()
	w.mustClose(w.c)
	for i, step := range []string{"erasure for a case judged", "entry erased", "case changed"} {
		r := w.request(engine.CaseErasure, w.ids[i])
		r.Opens = []string{"identity"}
		c := w.approved(r)
		must(w.ReleaseCase(ctx, w.first, c.ID))(t)
		ci, cc := w.opened(i)
		w.SetStep(func(name string) {
			if name == step {
				panic(crash{name})
			}
		})
		func() {
			defer func() {
				if got := recover(); got != (crash{step}) {
					t.Errorf("stopped by %v, not at %q", got, step)
				}
			}()
			w.EraseForCase(ctx, w.first, c.ID, ci, cc)
		}()
		w.SetStep(nil)
		w.reopen()
		before, _, err := w.Modifications(ctx, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.CloseCase(ctx, w.second, c.ID, "done"); reason(err) != engine.CaseState {
			t.Errorf("%s: closed as done before the call came again: %v", step, err)
		}
		if _, st, err := w.EraseForCase(ctx, w.second, c.ID, ci, cc); err != nil || st.Erasure != store.ErasureWaits {
			t.Errorf("%s: again: %+v, %v", step, st, err)
		}
		after, _, err := w.Modifications(ctx, 0, 100)
		if got := must(w.Case(ctx, c.ID))(t); err != nil || len(after) != len(before)+1 || !slices.Equal(got.Did, []string{engine.DidErasure}) {
			t.Errorf("%s: %d lines more, the case shows %v, %v", step, len(after)-len(before), got.Did, err)
		}
		must(w.CloseCase(ctx, w.second, c.ID, "done"))(t)
	}
}
