package engine_test

import (
	"strings"
	"testing"

	"fairlot/crypto/trail"
	"fairlot/engine"
	"fairlot/store"
)

// TestErasedForCase: behind the close, who has lost the secret is erased once three persons had the name opened; with less nobody is.
func TestErasedForCase(t *testing.T) {
	w := newCaseWorld(t, 4)
	ctx := t.Context()
	erase := func(by engine.Actor, c engine.Case) (engine.EntryStatus, error) {
		_, st, err := w.EraseForCase(ctx, by, c.ID)
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
