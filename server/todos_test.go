package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestTodos has a draft open by itself through staff's door, and reads what waits with either role, and with none.
func TestTodos(t *testing.T) {
	d := open(t)
	ctx := as(t, d.officer)
	todos := fairlotv1.NewTodoServiceClient(d.conn)
	rules := d.lotteryRules("todos")
	rules.RetentionDays = 30
	c, err := d.campaigns().CreateCampaign(ctx, &fairlotv1.CreateCampaignRequest{Campaign: rules})
	must(t, err)
	if c.RetentionDays != 30 {
		t.Errorf("retention of %d days", c.RetentionDays)
	}
	at := func(x time.Time) *fairlotv1.OpenCampaignRequest {
		return &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, OpenTime: timestamppb.New(x), WithoutKeyCheck: true}
	}
	_, err = d.campaigns().OpenCampaign(ctx, at(d.now().Add(-time.Minute)))
	wantGRPC(t, err, invalidAt(engine.FieldInvalid, "open_time"))
	opens := d.now().Add(2 * time.Second).Truncate(time.Second)
	waiting, err := d.campaigns().OpenCampaign(ctx, at(opens))
	must(t, err)
	admin, _, err := d.engine.CreateStaffToken(t.Context(), engine.RoleAdmin, "Ho", 1)
	must(t, err)
	for _, token := range []string{d.officer, d.notifier, d.auditor, admin} {
		list, err := todos.ListTodos(as(t, token), &fairlotv1.ListTodosRequest{})
		must(t, err)
		var found *fairlotv1.Todo
		for _, x := range list.Todos {
			if x.Kind == fairlotv1.TodoKind_TODO_KIND_APPROVE {
				found = x
			}
		}
		if token == admin { // who may not list approvals either
			if found != nil {
				t.Errorf("an admin sees %v", found)
			}
			continue
		}
		if found == nil || found.Approval != waiting.Name || found.ApprovalKind != fairlotv1.ApprovalKind_APPROVAL_KIND_OPEN || found.Slug != c.Slug ||
			!found.ByTime.AsTime().Equal(waiting.ExpireTime.AsTime()) || !slices.Equal(found.Roles, []fairlotv1.Role{fairlotv1.Role_ROLE_OFFICER}) {
			t.Errorf("to do: %v", list)
		}
	}
	waiting, err = d.approvals().Approve(as(t, d.second), &fairlotv1.ApproveRequest{Name: waiting.Name, Digest: waiting.Digest})
	must(t, err)
	if waiting.State != fairlotv1.ApprovalState_APPROVAL_STATE_GIVEN || !waiting.DueTime.AsTime().Equal(opens) {
		t.Fatal(waiting)
	}
	for _, token := range []string{d.officer, d.notifier} {
		list, err := todos.ListTodos(as(t, token), &fairlotv1.ListTodosRequest{})
		must(t, err)
		if slices.ContainsFunc(list.Todos, func(x *fairlotv1.Todo) bool { return x.Kind == fairlotv1.TodoKind_TODO_KIND_APPROVE }) {
			t.Error("what was approved waits for a second person")
		}
		if !slices.ContainsFunc(list.Todos, func(x *fairlotv1.Todo) bool {
			return x.Kind == fairlotv1.TodoKind_TODO_KIND_OPEN && x.Campaign == c.Name && x.ByTime.AsTime().Equal(opens)
		}) {
			t.Errorf("to do: %v", list)
		}
	}
	_, err = todos.ListTodos(t.Context(), &fairlotv1.ListTodosRequest{})
	wantGRPC(t, err, refusal{code: codes.Unauthenticated, reason: engine.StaffTokenInvalid})
	stop := d.running(t)
	defer stop()
	eventually(t, "the draft opens", func() bool {
		got, err := d.campaigns().GetCampaign(t.Context(), &fairlotv1.GetCampaignRequest{Name: c.Name})
		return err == nil && got.State == fairlotv1.CampaignState_CAMPAIGN_STATE_OPEN && !d.now().Before(opens)
	})
}

// TestTodosOfCases: whoever may list cases sees under what they were asked for, and nobody else that there are any.
func TestTodosOfCases(t *testing.T) {
	d := open(t)
	ctx := as(t, d.officer)
	c := d.opened(t, d.lotteryRules("cases"))
	order := &fairlotv1.OpenCaseRequest{Name: "cases/" + strings.Repeat("c", 32), Campaign: c.Name, Kind: fairlotv1.CaseKind_CASE_KIND_ACCESS, Reference: "115 No. 7"}
	_, err := fairlotv1.NewCaseServiceClient(d.conn).OpenCase(ctx, order)
	must(t, err)
	roles := map[string]bool{engine.RoleOfficer: true, engine.RoleNotifier: true, engine.RoleAuditor: true, engine.RoleEditor: false, engine.RoleAdmin: false}
	for role, sees := range roles {
		token, _, err := d.engine.CreateStaffToken(t.Context(), role, "Ho "+role, 1)
		must(t, err)
		list, err := fairlotv1.NewTodoServiceClient(d.conn).ListTodos(as(t, token), &fairlotv1.ListTodosRequest{})
		must(t, err)
		found := slices.ContainsFunc(list.Todos, func(x *fairlotv1.Todo) bool { return x.Case == order.Name && x.CaseReference == order.Reference })
		if text := list.String(); found != sees || strings.Contains(text, order.Name) != sees || strings.Contains(text, order.Reference) != sees {
			t.Errorf("to do for a token of role %s: %s", role, text)
		}
	}
}
