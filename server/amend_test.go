package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/ledger"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestAmendDraw has two officers put a draw off through staff's door, custodians confirm it, and the public read it.
func TestAmendDraw(t *testing.T) {
	t.Parallel()
	d := open(t)
	c := d.opened(t, d.lotteryRules("amend"))
	name := c.Name + "/draws/1"
	due := c.Draws[0].DrawTime.AsTime()
	req := &fairlotv1.AmendDrawRequest{Name: name, DrawTime: timestamppb.New(due.Add(24 * time.Hour))}
	for _, token := range []string{"", d.notifier, d.auditor, d.admin} {
		want := refusal{code: codes.PermissionDenied, reason: engine.RoleRefused}
		if token == "" {
			want = refusal{code: codes.Unauthenticated, reason: engine.StaffTokenInvalid}
		}
		_, err := d.draws().AmendDraw(as(t, token), req)
		wantGRPC(t, err, want)
	}
	for _, at := range []*timestamppb.Timestamp{nil, timestamppb.New(due.Add(-time.Hour)), timestamppb.New(due.Add(92 * 24 * time.Hour)), {Seconds: 1<<63 - 1, Nanos: 1}, {Seconds: -1 << 63}} {
		_, err := d.draws().AmendDraw(as(t, d.officer), &fairlotv1.AmendDrawRequest{Name: name, DrawTime: at})
		wantGRPC(t, err, refusal{code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "draw_time"})
	}
	_, err := d.draws().AmendDraw(as(t, d.officer), &fairlotv1.AmendDrawRequest{Name: c.Name + "/draws/9", DrawTime: req.DrawTime})
	wantGRPC(t, err, refusal{code: codes.NotFound, reason: engine.DrawNotFound})
	asked, err := d.draws().AmendDraw(as(t, d.officer), req)
	must(t, err)
	if asked.Kind != fairlotv1.ApprovalKind_APPROVAL_KIND_AMEND || asked.Draw != 1 || !strings.Contains(asked.Act, "\nto ") {
		t.Errorf("asked for: %v", asked)
	}
	_, err = d.approvals().Approve(as(t, d.officer), &fairlotv1.ApproveRequest{Name: asked.Name, Digest: asked.Digest})
	wantGRPC(t, err, refusal{code: codes.PermissionDenied, reason: engine.ApprovalSelf})
	d.approve(t, asked)
	_, err = d.draws().AmendDraw(as(t, d.officer), req)
	wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.DrawState})

	todo := func() (kinds []fairlotv1.TodoKind) {
		t.Helper()
		list, err := fairlotv1.NewTodoServiceClient(d.conn).ListTodos(as(t, d.officer), &fairlotv1.ListTodosRequest{})
		must(t, err)
		for _, x := range list.Todos {
			kinds = append(kinds, x.Kind)
		}
		return kinds
	}
	type amend struct {
		Round               string
		RoundTime, Deadline time.Time
		CosignedBy          []string
	}
	read := func() (x struct {
		State, Round string
		RoundTime    time.Time
		StatedTime   *time.Time
		Amend        *amend
	}) {
		t.Helper()
		resp, body := d.do(t, http.MethodGet, "/v1/"+name, nil, nil)
		if resp.StatusCode != http.StatusOK || json.Unmarshal(body, &x) != nil {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		return x
	}
	x := read()
	if x.State != "DRAW_STATE_PENDING" || x.RoundTime.Sub(due) >= time.Hour || x.StatedTime != nil || x.Amend == nil || x.Amend.RoundTime.Sub(due) < 24*time.Hour ||
		!x.Amend.Deadline.Before(x.RoundTime) || len(x.Amend.CosignedBy) != 0 || x.Amend.Round == x.Round {
		t.Errorf("logged: %+v", x)
	}
	if !slices.Contains(todo(), fairlotv1.TodoKind_TODO_KIND_AMEND) {
		t.Errorf("to do: %v", todo())
	}
	log := fairlotv1.NewLogServiceClient(d.conn)
	point, err := log.GetCheckpoint(t.Context(), &fairlotv1.GetCheckpointRequest{})
	must(t, err)
	for _, k := range custodians()[:2] {
		line, err := ledger.Cosign(k.cosigner, d.engine.Installation().LogKey, []byte(point.Note), d.now())
		must(t, err)
		_, err = log.AddCosignature(as(t, d.officer), &fairlotv1.AddCosignatureRequest{Note: point.Note + line + "\n"})
		must(t, err)
	}
	if now := read(); now.Amend != nil || now.StatedTime == nil || !now.StatedTime.Equal(x.RoundTime) || !now.RoundTime.Equal(x.Amend.RoundTime) || now.Round != x.Amend.Round {
		t.Errorf("confirmed: %+v, before %+v", now, x)
	}
	if slices.Contains(todo(), fairlotv1.TodoKind_TODO_KIND_AMEND) {
		t.Errorf("to do: %v", todo())
	}
	if int(engine.TodoAmend) != int(fairlotv1.TodoKind_TODO_KIND_AMEND) || int(engine.TodoAmendMissed) != int(fairlotv1.TodoKind_TODO_KIND_AMEND_MISSED) {
		t.Error("the kinds of what waits differ")
	}
}
