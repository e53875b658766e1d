package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"fairlot/crypto/ledger"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestVoidDraw has two officers void a draw through staff's door, custodians confirm it, and the public read it.
func TestVoidDraw(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("void"))
	req := &fairlotv1.VoidDrawRequest{Name: c.Name + "/draws/1", Reason: fairlotv1.VoidReason_VOID_REASON_KEYS_LOST}
	for _, token := range []string{"", d.notifier, d.auditor, d.admin} {
		want := refusal{code: codes.PermissionDenied, reason: engine.RoleRefused}
		if token == "" {
			want = refusal{code: codes.Unauthenticated, reason: engine.StaffTokenInvalid}
		}
		_, err := d.draws().VoidDraw(as(t, token), req)
		wantGRPC(t, err, want)
	}
	_, err := d.draws().VoidDraw(as(t, d.officer), &fairlotv1.VoidDrawRequest{Name: req.Name})
	wantGRPC(t, err, refusal{code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "reason"})
	_, err = d.draws().VoidDraw(as(t, d.officer), &fairlotv1.VoidDrawRequest{Name: req.Name, Reason: fairlotv1.VoidReason_VOID_REASON_BEACON_DEAD})
	wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.TooEarly, retry: true})
	asked, err := d.draws().VoidDraw(as(t, d.officer), req)
	must(t, err)
	if asked.Kind != fairlotv1.ApprovalKind_APPROVAL_KIND_VOID || asked.Draw != 1 || !strings.Contains(asked.Act, "\nreason keys-lost\n") {
		t.Errorf("asked for: %v", asked)
	}
	_, err = d.approvals().Approve(as(t, d.officer), &fairlotv1.ApproveRequest{Name: asked.Name, Digest: asked.Digest})
	wantGRPC(t, err, refusal{code: codes.PermissionDenied, reason: engine.ApprovalSelf})
	d.approve(t, asked)
	_, err = d.draws().VoidDraw(as(t, d.officer), req)
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
	read := func() (x struct {
		State, VoidReason string
		VoidDeadline      *string
		VoidCosignedBy    []string
	}) {
		t.Helper()
		resp, body := d.do(t, http.MethodGet, "/v1/"+req.Name, nil, nil)
		if resp.StatusCode != http.StatusOK || json.Unmarshal(body, &x) != nil {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		return x
	}
	if x := read(); x.State != "DRAW_STATE_PENDING" || x.VoidReason != "keys-lost" || x.VoidDeadline == nil || len(x.VoidCosignedBy) != 0 {
		t.Errorf("logged: %+v", x)
	}
	if !slices.Contains(todo(), fairlotv1.TodoKind_TODO_KIND_VOID) {
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
	if x := read(); x.State != "DRAW_STATE_VOID" || len(x.VoidCosignedBy) != 2 {
		t.Errorf("confirmed: %+v", x)
	}
	if slices.Contains(todo(), fairlotv1.TodoKind_TODO_KIND_VOID) {
		t.Errorf("to do: %v", todo())
	}
	_, err = d.draws().RunDraw(as(t, d.officer), &fairlotv1.RunDrawRequest{Name: req.Name})
	wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.DrawState})
	_, err = d.draws().PrepareRelease(as(t, d.notifier), &fairlotv1.PrepareReleaseRequest{Name: req.Name})
	wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.DrawState})
}

// TestVoidReasons compares the reasons of the contract with those of the engine, and the kinds of what waits that came with them.
func TestVoidReasons(t *testing.T) {
	var names []string
	for n := range int32(len(fairlotv1.VoidReason_name)) {
		if n > 0 {
			names = append(names, strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(fairlotv1.VoidReason_name[n], "VOID_REASON_")), "_", "-"))
		}
	}
	if !slices.Equal(names, engine.VoidReasons) {
		t.Errorf("the contract has %v, the engine %v", names, engine.VoidReasons)
	}
	if int(engine.TodoVoid) != int(fairlotv1.TodoKind_TODO_KIND_VOID) || int(engine.TodoVoidMissed) != int(fairlotv1.TodoKind_TODO_KIND_VOID_MISSED) {
		t.Error("the kinds of what waits differ")
	}
}
