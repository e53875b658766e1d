package server_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/trail"
	"fairlot/engine"
	"fairlot/entrant"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// acts are the rows of the audit trail after number after.
func (d *doors) acts(t *testing.T, after int64) (all []trail.Act) {
	t.Helper()
	rows, err := d.rooms.Registry.Acts(t.Context(), after, 1000)
	must(t, err)
	for _, r := range rows {
		a, err := trail.Parse(r.Text)
		must(t, err)
		all = append(all, a)
	}
	return all
}

// wellFormed is a request of each method that only staff may call, and the resource that the trail names. Some are done, some are refused by the engine.
func wellFormed(d *doors, t *testing.T, c *fairlotv1.Campaign, asked *fairlotv1.Approval, tokenID string) map[string]struct {
	req      proto.Message
	resource string
} {
	draft := proto.Clone(c).(*fairlotv1.Campaign)
	e := d.entry(t, c, "00000-00000-00000-00000").request(t)
	draw, digest, order := c.Name+"/draws/1", strings.Repeat("0", 64), "cases/"+strings.Repeat("a", 32)
	type x = struct {
		req      proto.Message
		resource string
	}
	return map[string]x{
		"ApprovalService/Approve":                {&fairlotv1.ApproveRequest{Name: asked.Name, Digest: digest}, asked.Name},
		"ApprovalService/GetApproval":            {&fairlotv1.GetApprovalRequest{Name: asked.Name}, ""},
		"ApprovalService/ListApprovals":          {&fairlotv1.ListApprovalsRequest{}, ""},
		"ApprovalService/Withdraw":               {&fairlotv1.WithdrawRequest{Name: asked.Name}, asked.Name},
		"AuditService/ListActs":                  {&fairlotv1.ListActsRequest{}, ""},
		"CampaignService/AddKeyStatement":        {&fairlotv1.AddKeyStatementRequest{Name: c.Name, Statement: "Qstatement"}, c.Name},
		"CampaignService/SetExclusionList":       {&fairlotv1.SetExclusionListRequest{Name: c.Name, List: entrant.NewExclusion([]entrant.Listed{{IDType: "citizen", IDNumber: "A123456789"}}).Marshal()}, c.Name},
		"CampaignService/RemoveExclusionList":    {&fairlotv1.RemoveExclusionListRequest{Name: c.Name}, c.Name},
		"CampaignService/GetOpeningCheck":        {&fairlotv1.GetOpeningCheckRequest{Name: c.Name}, ""},
		"CampaignService/GetKeyCheck":            {&fairlotv1.GetKeyCheckRequest{Name: c.Name}, ""},
		"CaseService/ApproveCase":                {&fairlotv1.ApproveCaseRequest{Name: order, Digest: digest}, order},
		"CaseService/CloseCase":                  {&fairlotv1.CloseCaseRequest{Name: order, Outcome: fairlotv1.CaseOutcome_CASE_OUTCOME_DONE}, order},
		"CaseService/ExtendCase":                 {&fairlotv1.ExtendCaseRequest{Name: order, Days: 1, Reason: "because"}, order},
		"CaseService/GetCase":                    {&fairlotv1.GetCaseRequest{Name: order}, order},
		"CaseService/ListCases":                  {&fairlotv1.ListCasesRequest{}, ""},
		"CaseService/ListModifications":          {&fairlotv1.ListModificationsRequest{}, ""},
		"CaseService/RecordModification":         {&fairlotv1.RecordModificationRequest{Name: order, Kind: fairlotv1.ModificationKind_MODIFICATION_KIND_ERASURE}, order},
		"CaseService/ReleaseCase":                {&fairlotv1.ReleaseCaseRequest{Name: order}, order},
		"CaseService/EraseForCase":               {&fairlotv1.EraseForCaseRequest{Name: order, IdentityCommitment: make([]byte, 32), ContactCommitment: make([]byte, 32)}, order},
		"CaseService/OpenCase":                   {&fairlotv1.OpenCaseRequest{Name: order, Campaign: c.Name, Kind: fairlotv1.CaseKind_CASE_KIND_ACCESS, Entries: []string{strings.Repeat("c", 32)}}, order},
		"CampaignService/CloseCampaign":          {&fairlotv1.CloseCampaignRequest{Name: c.Name}, c.Name},
		"CampaignService/CloseCampaignEarly":     {&fairlotv1.CloseCampaignEarlyRequest{Name: c.Name}, c.Name},
		"CampaignService/CreateCampaign":         {&fairlotv1.CreateCampaignRequest{Campaign: d.lotteryRules("another"), RequestId: "r"}, "campaigns/another"},
		"CampaignService/DeleteCampaign":         {&fairlotv1.DeleteCampaignRequest{Name: c.Name, Etag: "9"}, c.Name},
		"CampaignService/GetTallies":             {&fairlotv1.GetTalliesRequest{Name: c.Name}, c.Name},
		"CampaignService/OpenCampaign":           {&fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, WithoutKeyCheck: true}, c.Name},
		"CampaignService/UpdateCampaign":         {&fairlotv1.UpdateCampaignRequest{Campaign: draft}, c.Name},
		"DrawService/PrepareRelease":             {&fairlotv1.PrepareReleaseRequest{Name: draw}, draw},
		"DrawService/ReplaceWinner":              {&fairlotv1.ReplaceWinnerRequest{Name: draw, Rank: 1, Reason: fairlotv1.ReplaceReason_REPLACE_REASON_LATE}, draw},
		"ClaimService/RecordClaim":               {&fairlotv1.RecordClaimRequest{Name: draw, R: make([]byte, 32), Way: fairlotv1.ClaimWay_CLAIM_WAY_SELF}, draw},
		"ClaimService/ListClaims":                {&fairlotv1.ListClaimsRequest{Parent: draw}, ""},
		"DrawService/RunDraw":                    {&fairlotv1.RunDrawRequest{Name: draw}, draw},
		"DrawService/AmendDraw":                  {&fairlotv1.AmendDrawRequest{Name: draw, DrawTime: timestamppb.New(d.now().AddDate(0, 1, 0))}, draw},
		"DrawService/VoidDraw":                   {&fairlotv1.VoidDrawRequest{Name: draw, Reason: fairlotv1.VoidReason_VOID_REASON_ORDERED}, draw},
		"EntryService/CreateEntryTokens":         {&fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Count: 2}, c.Name},
		"EntryService/MoveChance":                {&fairlotv1.MoveChanceRequest{Parent: c.Name, S: make([]byte, 32), Receipt: "Qreceipt", Identity: e.Identity, ContactCommitment: make([]byte, 32)}, c.Name},
		"EntryService/EraseAtDesk":               {&fairlotv1.EraseAtDeskRequest{Parent: c.Name, Receipt: "Qreceipt", IdType: e.Identity.IdType, IdNumber: e.Identity.IdNumber}, c.Name},
		"EntryService/RevokeEntryTokens":         {&fairlotv1.RevokeEntryTokensRequest{Parent: c.Name, Tokens: []string{"QQQQQ-QQQQQ-QQQQQ-QQQQQ"}}, c.Name},
		"LogService/AddCosignature":              {&fairlotv1.AddCosignatureRequest{Note: "Qnote"}, ""},
		"NotificationService/ListNotifications":  {&fairlotv1.ListNotificationsRequest{Parent: draw}, ""},
		"NotificationService/ReportNotification": {&fairlotv1.ReportNotificationRequest{Parent: draw, Stratum: 1, Rank: 1, From: pending, To: sending}, draw},
		"StaffService/CreateStaffToken":          {&fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_ANALYST, Label: "the desk"}, ""},
		"StaffService/ListStaffTokens":           {&fairlotv1.ListStaffTokensRequest{}, ""},
		"StaffService/RevokeStaffToken":          {&fairlotv1.RevokeStaffTokenRequest{Id: tokenID}, "tokens/" + tokenID},
		"TodoService/ListTodos":                  {&fairlotv1.ListTodosRequest{}, ""},
	}
}

// TestTrailOfEveryMethod calls each method of the contract that takes a token, as everybody, and reads the rows back: what the contract leaves in
// the trail leaves two rows if it was begun and one if it was not, of who called, with the outcome that the caller got; what only reads leaves none;
// who has no token leaves none. Nothing of an entrant is in a row.
func TestTrailOfEveryMethod(t *testing.T) {
	d := open(t)
	c, err := d.campaigns().CreateCampaign(as(t, d.officer), &fairlotv1.CreateCampaignRequest{Campaign: d.lotteryRules("rows")})
	must(t, err)
	asked, err := d.campaigns().OpenCampaign(as(t, d.officer), &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, WithoutKeyCheck: true})
	must(t, err)
	_, spare, err := d.engine.CreateStaffToken(t.Context(), engine.RoleAnalyst, "spare", 1)
	must(t, err)
	tokens := map[fairlotv1.Role]string{}
	for _, r := range staffRoles() {
		tokens[r], _, err = d.engine.CreateStaffToken(t.Context(), strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_")), "L"+r.String(), 1)
		must(t, err)
	}
	requests := wellFormed(d, t, c, asked, hex.EncodeToString(spare.ID[:]))
	last := func() int64 {
		a, err := d.rooms.Registry.LastAct(t.Context())
		must(t, err)
		return a.N
	}
	// call sends a request as one role, and returns the outcome that the caller sees, and the rows.
	call := func(name string, m protoreflect.MethodDescriptor, role fairlotv1.Role, req proto.Message) (string, []trail.Act) {
		t.Helper()
		before := last()
		err := d.conn.Invoke(as(t, tokens[role]), "/fairlot.v1."+name, req, dynamicpb.NewMessage(m.Output()))
		return seen(err), d.acts(t, before)
	}
	outcomes := map[string]bool{}
	for full, m := range methods(t) {
		name := strings.TrimPrefix(full, "/fairlot.v1.")
		access := proto.GetExtension(m.Options(), fairlotv1.E_Access).(*fairlotv1.Access)
		empty := dynamicpb.NewMessage(m.Input())
		if slices.Contains(access.Roles, fairlotv1.Role_ROLE_PUBLIC) {
			if _, rows := call(name, m, fairlotv1.Role_ROLE_OFFICER, empty); len(rows) > 0 {
				t.Errorf("%s is public, and leaves %v", name, rows)
			}
			continue
		}
		x, ok := requests[name]
		if !ok {
			t.Errorf("%s has no request in this test", name)
			continue
		}
		delete(requests, name)
		before := last()
		for _, token := range []string{"", "flst_0123456789abcdef_" + strings.Repeat("0", 64)} {
			if err := d.conn.Invoke(as(t, token), full, x.req, dynamicpb.NewMessage(m.Output())); err == nil {
				t.Errorf("%s: done without a token", name)
			}
		}
		if rows := d.acts(t, before); len(rows) > 0 {
			t.Errorf("%s: callers without a token leave %v", name, rows)
		}
		check := func(role fairlotv1.Role, a trail.Act, outcome, resource string, req proto.Message) {
			t.Helper()
			want := strings.ToLower(strings.TrimPrefix(role.String(), "ROLE_"))
			if a.Outcome != outcome || a.Method != name || a.Resource != resource || a.Role != want || a.Label != "L"+role.String() || len(a.Actor) != 16 || strings.Split(tokens[role], "_")[1] != a.Actor {
				t.Errorf("%s as %s: the row is %+v, want outcome %s of %s", name, want, a, outcome, resource)
			}
			newRole, newLabel := "", ""
			if made, ok := req.(*fairlotv1.CreateStaffTokenRequest); ok && made.Label != "" {
				newRole, newLabel = "analyst", made.Label
			}
			if a.NewRole != newRole || a.NewLabel != newLabel {
				t.Errorf("%s as %s: the row has a new token of role %q and label %q", name, want, a.NewRole, a.NewLabel)
			}
			if text, err := a.Marshal(); err != nil || strings.ContainsAny(string(text), "Q") {
				t.Errorf("%s: the row holds what no row may: %s", name, text)
			}
		}
		resource := x.resource
		if access.Trail == fairlotv1.Trail_TRAIL_NONE {
			resource = nameOfRequest(x.req)
		}
		for _, role := range staffRoles() {
			if !slices.Contains(access.Roles, role) {
				outcome, rows := call(name, m, role, x.req)
				if outcome != string(engine.RoleRefused) || len(rows) != 1 || rows[0].Of != 0 {
					t.Errorf("%s as %s: %s, and %d rows, want one", name, role, outcome, len(rows))
				} else {
					check(role, rows[0], outcome, resource, x.req)
				}
			}
		}
		role := access.Roles[0]
		if outcome, rows := call(name, m, role, empty); outcome == string(engine.FieldInvalid) {
			if len(rows) != 1 || rows[0].Of != 0 {
				t.Errorf("%s with an empty request: %d rows, want one", name, len(rows))
			} else {
				check(role, rows[0], outcome, "", &fairlotv1.CreateStaffTokenRequest{})
			}
		}
		outcome, rows := call(name, m, role, x.req)
		outcomes[outcome] = true
		if access.Trail == fairlotv1.Trail_TRAIL_NONE {
			if len(rows) > 0 || outcome != trail.OK && name != "NotificationService/ListNotifications" && name != "ClaimService/ListClaims" { // of a draw that is not there
				t.Errorf("%s only reads: %s, and leaves %v", name, outcome, rows)
			}
			continue
		}
		if len(rows) != 2 || rows[1].Of != rows[0].Number || rows[0].Of != 0 || outcome == string(engine.FieldInvalid) && name != "EntryService/MoveChance" && name != "CampaignService/AddKeyStatement" {
			t.Errorf("%s: %s, and rows %+v, want two", name, outcome, rows)
			continue
		}
		check(role, rows[0], trail.Begun, x.resource, x.req)
		check(role, rows[1], outcome, x.resource, x.req)
		if digest := rows[0].Request != nil; digest != (access.Trail == fairlotv1.Trail_TRAIL_UNSPECIFIED) || rows[1].Request != nil {
			t.Errorf("%s: a digest of the request: %v", name, digest)
		}
	}
	for name := range requests {
		t.Errorf("%s is in this test and not in the contract", name)
	}
	if !outcomes[trail.OK] || len(outcomes) < 5 {
		t.Errorf("outcomes %v", outcomes)
	}
}

// nameOfRequest is the name or parent of a request, empty if it has none.
func nameOfRequest(req proto.Message) string {
	for _, name := range []protoreflect.Name{"name", "parent"} {
		if f := req.ProtoReflect().Descriptor().Fields().ByName(name); f != nil {
			return req.ProtoReflect().Get(f).String()
		}
	}
	return ""
}

// seen is the outcome of a call as its caller sees it.
func seen(err error) string {
	if err == nil {
		return trail.OK
	}
	for _, x := range status.Convert(err).Details() {
		if info, ok := x.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return status.Code(err).String()
}
