package engine_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
)

// caseWorld is a campaign with entrants, and three members of staff whose tokens stand.
type caseWorld struct {
	*world
	c                        engine.Campaign
	ids                      []store.EntrantID
	secrets                  [][32]byte
	got                      []engine.Receipt
	requester, first, second engine.Actor
	rows                     map[string]store.StaffToken
}

func newCaseWorld(t *testing.T, entrants int) *caseWorld {
	w := &caseWorld{world: newWorld(t), rows: map[string]store.StaffToken{}}
	w.c = w.open(rules())
	for i, code := range w.tokens(w.c, entrants) {
		x := w.client(w.c, i, code)
		w.enter(x)
		w.ids, w.secrets, w.got = append(w.ids, x.got.ID), append(w.secrets, x.s), append(w.got, x.got)
	}
	for i, to := range []*engine.Actor{&w.requester, &w.first, &w.second} {
		*to = w.staff([]string{"Chen", "Lin", "Wu"}[i], []string{engine.RoleOfficer, engine.RoleOfficer, engine.RoleNotifier}[i])
	}
	return w
}

func (w *caseWorld) staff(label, role string) engine.Actor {
	_, row, err := w.CreateStaffToken(context.Background(), role, label, 90)
	if err != nil {
		w.t.Fatal(err)
	}
	w.rows[label] = row
	return engine.Actor{Token: hex.EncodeToString(row.ID[:]), Label: label, Role: role}
}

func (w *caseWorld) request(kind string, ids ...store.EntrantID) engine.CaseRequest {
	r := engine.CaseRequest{Campaign: w.c.ID, Kind: kind, Entrants: ids}
	rand.Read(r.ID[:])
	if kind == engine.CaseCourt {
		r.Ground, r.Reference, r.Opens = engine.GroundJudicial, "臺北地檢署 115 偵 1", []string{"identity", "contact"}
	}
	if kind == engine.CaseBreach {
		r.Ground = engine.GroundOthers
	}
	return r
}

func TestCaseTakesThreePersons(t *testing.T) {
	w := newCaseWorld(t, 3)
	ctx := t.Context()
	c := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseCourt, w.ids[0])))(t)
	other := c.Digest()
	other[0] ^= 1
	self := w.staff(" CHEN ", engine.RoleNotifier) // the requester's other token
	for name, x := range map[string]struct {
		by     engine.Actor
		digest [32]byte
		want   engine.Reason
	}{
		"the requester":                  {w.requester, c.Digest(), engine.ApprovalSelf},
		"the requester by another token": {self, c.Digest(), engine.ApprovalSelf},
		"an editor":                      {w.staff("Hsu", engine.RoleEditor), c.Digest(), engine.RoleRefused},
		"an auditor":                     {w.staff("Tsai", engine.RoleAuditor), c.Digest(), engine.RoleRefused},
		"nobody":                         {engine.Actor{}, c.Digest(), engine.RoleRefused},
		"who saw another text":           {w.first, other, engine.ApprovalChanged},
	} {
		if _, err := w.ApproveCase(ctx, x.by, c.ID, x.digest); reason(err) != x.want {
			t.Errorf("approved by %s: %v, want %s", name, err, x.want)
		}
	}
	one := must(w.ApproveCase(ctx, w.first, c.ID, c.Digest()))(t)
	if one.Approved() {
		t.Fatal("approved by two persons")
	}
	if again := must(w.ApproveCase(ctx, w.first, c.ID, c.Digest()))(t); again.Approved() || len(again.Approvers) != 1 {
		t.Fatalf("one person approved it twice: %+v", again.Approvers)
	}
	if _, err := w.ApproveCase(ctx, w.staff("ＬＩＮ", engine.RoleNotifier), c.ID, c.Digest()); reason(err) != engine.ApprovalSelf {
		t.Errorf("approved by the first approver's other token: %v", err)
	}
	if _, err := w.ApproveCase(ctx, self, c.ID, c.Digest()); reason(err) != engine.ApprovalSelf {
		t.Errorf("the requester is the second: %v", err)
	}
	two := must(w.ApproveCase(ctx, w.second, c.ID, c.Digest()))(t)
	if !two.Approved() || two.Digest() != c.Digest() {
		t.Errorf("not approved by three: %+v", two)
	}
	if _, err := w.ApproveCase(ctx, w.staff("Ho", engine.RoleOfficer), c.ID, c.Digest()); reason(err) != engine.CaseState {
		t.Errorf("a fourth: %v", err)
	}
	if _, err := w.ApproveCase(ctx, w.first, [16]byte{1}, c.Digest()); reason(err) != engine.CaseNotFound {
		t.Errorf("a case that is not there: %v", err)
	}
}

// TestCaseApproversMeet lets everybody approve at once: exactly two different names get in.
func TestCaseApproversMeet(t *testing.T) {
	w := newCaseWorld(t, 1)
	c := must(w.OpenCase(t.Context(), w.requester, w.request(engine.CaseCourt, w.ids[0])))(t)
	var all []engine.Actor
	for _, label := range []string{"A", "a", "B", "b", "C", "c"} {
		all = append(all, w.staff(label, engine.RoleOfficer))
	}
	var wg sync.WaitGroup
	for _, by := range all {
		wg.Go(func() { w.ApproveCase(context.Background(), by, c.ID, c.Digest()) })
	}
	wg.Wait()
	got := must(w.Case(t.Context(), c.ID))(t)
	if len(got.Approvers) != 2 || strings.EqualFold(got.Approvers[0].Label, got.Approvers[1].Label) {
		t.Errorf("approvers %+v", got.Approvers)
	}
}

func TestCaseIsRefused(t *testing.T) {
	w := newCaseWorld(t, 2)
	ctx := t.Context()
	edit := func(kind string, f func(r *engine.CaseRequest)) engine.CaseRequest {
		r := w.request(kind, w.ids[0])
		f(&r)
		return r
	}
	many := make([]store.EntrantID, engine.MaxCaseBreach+1)
	for i := range many {
		rand.Read(many[i][:])
	}
	for name, x := range map[string]struct {
		r     engine.CaseRequest
		want  engine.Reason
		field string
	}{
		"an unknown kind":            {edit("curiosity", func(*engine.CaseRequest) {}), engine.FieldInvalid, "kind"},
		"no id":                      {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.ID = [16]byte{} }), engine.FieldInvalid, "id"},
		"an order by consent":        {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Ground = engine.GroundConsent }), engine.FieldInvalid, "ground"},
		"an order without ground":    {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Ground = "" }), engine.FieldInvalid, "ground"},
		"a request by an authority":  {edit(engine.CaseAccess, func(r *engine.CaseRequest) { r.Ground = engine.GroundJudicial }), engine.FieldInvalid, "ground"},
		"an order without reference": {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Reference = "" }), engine.FieldInvalid, "reference"},
		"a reference of two lines":   {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Reference = "a\nground consent" }), engine.FieldInvalid, "reference"},
		"a reference too long":       {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Reference = strings.Repeat("a", 201) }), engine.FieldInvalid, "reference"},
		"an order for nobody":        {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Entrants = nil }), engine.FieldInvalid, "entrants"},
		"an order for nothing":       {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Opens = nil }), engine.FieldInvalid, "opens"},
		"one envelope twice":         {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Opens = []string{"contact", "contact"} }), engine.FieldInvalid, "opens"},
		"a third envelope":           {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Opens = []string{"answers"} }), engine.FieldInvalid, "opens"},
		"a breach that asks names":   {edit(engine.CaseBreach, func(r *engine.CaseRequest) { r.Opens = []string{"identity", "contact"} }), engine.FieldInvalid, "opens"},
		"a request that holds":       {edit(engine.CaseAccess, func(r *engine.CaseRequest) { r.Hold = true }), engine.FieldInvalid, "hold"},
		"a notifier who is not":      {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Notifier = 2 }), engine.FieldInvalid, "notifier"},
		"a reader of nothing":        {edit(engine.CaseErasure, func(r *engine.CaseRequest) { r.Notifier = 1 }), engine.FieldInvalid, "notifier"},
		"opens for so long":          {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Hold, r.Days = true, engine.MaxCaseDays+1 }), engine.FieldInvalid, "days"},
		"holds for too long":         {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Hold, r.Opens, r.Days = true, nil, engine.MaxHoldDays+1 }), engine.FieldInvalid, "days"},
		"a breach for nobody":        {edit(engine.CaseBreach, func(r *engine.CaseRequest) { r.Entrants = nil }), engine.FieldInvalid, "entrants"},
		"an order in bulk":           {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Entrants = many[:engine.MaxCaseCourt+1] }), engine.FieldInvalid, "entrants"},
		"a breach in bulk":           {edit(engine.CaseBreach, func(r *engine.CaseRequest) { r.Entrants = many }), engine.FieldInvalid, "entrants"},
		"a request for two":          {edit(engine.CaseAccess, func(r *engine.CaseRequest) { r.Entrants = w.ids[:2] }), engine.FieldInvalid, "entrants"},
		"somebody twice":             {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Entrants = []store.EntrantID{w.ids[0], w.ids[1], w.ids[0]} }), engine.FieldInvalid, "entrants"},
		"a stranger":                 {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Entrants = many[:1] }), engine.EntryNotFound, ""},
		"too long":                   {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Days = engine.MaxCaseDays + 1 }), engine.FieldInvalid, "days"},
		"no days":                    {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Days = -1 }), engine.FieldInvalid, "days"},
		"an order with a clock":      {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Received = "2026-11-20" }), engine.FieldInvalid, "received"},
		"from the future":            {edit(engine.CaseAccess, func(r *engine.CaseRequest) { r.Received = "2026-11-21" }), engine.FieldInvalid, "received"},
		"from long ago":              {edit(engine.CaseAccess, func(r *engine.CaseRequest) { r.Received = "2025-11-19" }), engine.FieldInvalid, "received"},
		"no day":                     {edit(engine.CaseAccess, func(r *engine.CaseRequest) { r.Received = "2026-02-30" }), engine.FieldInvalid, "received"},
		"another campaign":           {edit(engine.CaseCourt, func(r *engine.CaseRequest) { r.Campaign = store.CampaignID{1} }), engine.CampaignNotFound, ""},
	} {
		_, err := w.OpenCase(ctx, w.requester, x.r)
		if reason(err) != x.want {
			t.Errorf("%s: %v, want %s", name, err, x.want)
			continue
		}
		if own := err.(*engine.Error); x.field != "" && !slices.ContainsFunc(own.Fields, func(f engine.Field) bool { return f.Path == x.field }) {
			t.Errorf("%s: fields %+v, want %s", name, own.Fields, x.field)
		}
		if _, err := w.rooms.Identity.CaseEntrants(ctx, w.c.ID, x.r.ID); err == nil {
			t.Errorf("%s left something behind", name)
		}
	}
	if list := must(w.Cases(ctx, true, [16]byte{}, 100))(t); len(list) != 0 {
		t.Errorf("%d cases were left behind", len(list))
	}
}

func TestCaseAgainIsOneCase(t *testing.T) {
	w := newCaseWorld(t, 2)
	ctx := t.Context()
	r := w.request(engine.CaseCourt, w.ids[1], w.ids[0])
	c := must(w.OpenCase(ctx, w.requester, r))(t)
	w.setClock(start.Add(time.Minute))
	again := must(w.OpenCase(ctx, w.requester, r))(t)
	if again.Digest() != c.Digest() || !again.Expires.Equal(c.Expires) {
		t.Error("a repeated request changed the case")
	}
	for name, f := range map[string]func(r *engine.CaseRequest){
		"fewer entrants": func(r *engine.CaseRequest) { r.Entrants = r.Entrants[:1] }, "another reference": func(r *engine.CaseRequest) { r.Reference += "0" },
		"other envelopes": func(r *engine.CaseRequest) { r.Opens = r.Opens[:1] }, "a hold": func(r *engine.CaseRequest) { r.Hold = true },
		"another ground": func(r *engine.CaseRequest) { r.Ground = engine.GroundOthers },
	} {
		x := r
		f(&x)
		if _, err := w.OpenCase(ctx, w.requester, x); reason(err) != engine.CaseState {
			t.Errorf("%s under the same id: %v", name, err)
		}
	}
	if _, err := w.OpenCase(ctx, w.first, r); reason(err) != engine.CaseState {
		t.Errorf("somebody else with the same id: %v", err)
	}
	// A crash between the two rooms: whom it names is there, the case is not.
	r = w.request(engine.CaseCourt, w.ids[0])
	salt := [16]byte{7}
	if err := w.rooms.Identity.PutCaseEntrants(ctx, w.c.ID, r.ID, store.CaseEntrants{Salt: salt, IDs: r.Entrants}); err != nil {
		t.Fatal(err)
	}
	if got := must(w.OpenCase(ctx, w.requester, r))(t); len(got.Entrants) != 1 {
		t.Errorf("carried on: %+v", got)
	}
}

// TestCaseRegistryNamesNobody looks at every byte that the registry keeps of a case: neither an id nor a hash of it without salt.
func TestCaseRegistryNamesNobody(t *testing.T) {
	w := newCaseWorld(t, 1)
	r := w.request(engine.CaseAccess, w.ids[0])
	a := must(w.OpenCase(t.Context(), w.requester, r))(t)
	r.ID[0] ^= 1
	b := must(w.OpenCase(t.Context(), w.requester, r))(t)
	if a.Named == b.Named {
		t.Error("two cases about one entrant can be told from the registry alone")
	}
	row := must(w.rooms.Registry.Case(t.Context(), a.ID))(t)
	if strings.Contains(string(row.Body), hex.EncodeToString(w.ids[0][:])) || strings.Contains(string(a.Text()), hex.EncodeToString(w.ids[0][:])) {
		t.Error("the registry's row holds an entrant's id")
	}
}

func TestCaseClocks(t *testing.T) {
	w := newCaseWorld(t, 1) // Friday 20 November 2026, noon in Taiwan
	ctx := t.Context()
	open := func(kind, received string, ids ...store.EntrantID) engine.Case {
		t.Helper()
		r := w.request(kind, ids...)
		r.Received = received
		return must(w.OpenCase(ctx, w.requester, r))(t)
	}
	access := open(engine.CaseAccess, "", w.ids[0])
	if access.Received != "2026-11-20" || access.Due.Format(time.RFC3339) != "2026-12-07T04:00:00Z" { // 5 December is a Saturday: Monday noon
		t.Errorf("access: received %s, due %s", access.Received, access.Due)
	}
	change := open(engine.CaseErasure, "2026-11-18")
	if change.Due.Format(time.RFC3339) != "2026-12-18T16:00:00Z" || change.Count != 0 { // Friday 18 December
		t.Errorf("erasure: due %s, names %d", change.Due, change.Count)
	}
	if _, err := w.ApproveCase(ctx, w.first, change.ID, change.Digest()); reason(err) != engine.CaseState {
		t.Errorf("a case that names nobody was approved: %v", err)
	}
	court := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseCourt, w.ids[0])))(t)
	for name, x := range map[string]struct {
		id   [16]byte
		days int
		why  string
		want engine.Reason
	}{
		"an order":         {court.ID, 5, "much to do", engine.CaseState},
		"by too many days": {access.ID, 16, "much to do", engine.FieldInvalid},
		"by none":          {access.ID, 0, "much to do", engine.FieldInvalid},
		"without reason":   {access.ID, 5, "", engine.FieldInvalid},
		"in two lines":     {access.ID, 5, "a\nb", engine.FieldInvalid},
	} {
		if _, err := w.ExtendCase(ctx, w.first, x.id, x.days, x.why); reason(err) != x.want {
			t.Errorf("extended %s: %v, want %s", name, err, x.want)
		}
	}
	for range 2 { // again is the same
		got := must(w.ExtendCase(ctx, w.first, access.ID, 15, "many requests"))(t)
		if got.Due.Format(time.RFC3339) != "2026-12-21T16:00:00Z" || got.Extended != 15 || got.Digest() != access.Digest() { // 20 December is a Sunday, which moves to the end of Monday
			t.Errorf("extended: due %s", got.Due)
		}
	}
	if _, err := w.ExtendCase(ctx, w.first, access.ID, 1, "once more"); reason(err) != engine.CaseState {
		t.Errorf("extended twice: %v", err)
	}
	w.setClock(change.Due)
	if _, err := w.ExtendCase(ctx, w.first, change.ID, 1, "late"); reason(err) != engine.TooLate {
		t.Errorf("extended after its end: %v", err)
	}
}

func TestCaseEnds(t *testing.T) {
	w := newCaseWorld(t, 1)
	ctx := t.Context()
	c := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseCourt, w.ids[0])))(t)
	must(w.ApproveCase(ctx, w.first, c.ID, c.Digest()))(t)
	if err := w.RevokeStaffToken(ctx, w.rows["Lin"].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ApproveCase(ctx, w.second, c.ID, c.Digest()); reason(err) != engine.CaseState {
		t.Errorf("approved after the first approver was revoked: %v", err)
	}
	if _, err := w.CloseCase(ctx, w.requester, c.ID, "forgotten"); reason(err) != engine.FieldInvalid {
		t.Errorf("closed as forgotten: %v", err)
	}
	for range 2 {
		if got := must(w.CloseCase(ctx, w.requester, c.ID, "withdrawn"))(t); !got.Over || got.Outcome != "withdrawn" {
			t.Errorf("closed: %+v", got)
		}
	}
	if _, err := w.CloseCase(ctx, w.requester, c.ID, "done"); reason(err) != engine.CaseState {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := w.ApproveCase(ctx, w.second, c.ID, c.Digest()); reason(err) != engine.CaseState {
		t.Errorf("approved after its end: %v", err)
	}
	if list := must(w.Cases(ctx, false, [16]byte{}, 10))(t); len(list) != 0 {
		t.Errorf("a closed case is listed among those that wait")
	}
	old := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseCourt, w.ids[0])))(t)
	w.setClock(old.Expires)
	if _, err := w.ApproveCase(ctx, w.second, old.ID, old.Digest()); reason(err) != engine.CaseState {
		t.Errorf("approved when it had expired: %v", err)
	}
}

func TestCaseTodos(t *testing.T) {
	w := newCaseWorld(t, 1)
	ctx := t.Context()
	c := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseAccess, w.ids[0])))(t)
	find := func(kind engine.TodoKind) *engine.Todo {
		for _, x := range must(w.Todos(ctx))(t) {
			if x.Kind == kind && x.Case == c.ID {
				return &x
			}
		}
		return nil
	}
	if x := find(engine.TodoCaseApprove); x == nil || x.Count != 2 || !x.By.Equal(c.Expires) {
		t.Errorf("approval: %+v", x)
	}
	if x := find(engine.TodoCase); x == nil || !x.By.Equal(c.Due) {
		t.Errorf("case: %+v", x)
	}
	must(w.ApproveCase(ctx, w.first, c.ID, c.Digest()))(t)
	must(w.ApproveCase(ctx, w.second, c.ID, c.Digest()))(t)
	if x := find(engine.TodoCaseApprove); x != nil {
		t.Errorf("approval of an approved case: %+v", x)
	}
	must(w.CloseCase(ctx, w.first, c.ID, "done"))(t)
	if x := find(engine.TodoCase); x != nil {
		t.Errorf("a closed case: %+v", x)
	}
}
