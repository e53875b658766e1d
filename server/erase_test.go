package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestErase shows the secret at the public's door, and ID card and receipt at staff's. What is refused changes nothing, and nothing of a person is in a log.
func TestErase(t *testing.T) {
	d := open(t)
	c := d.opened(t, withoutProof(d.lotteryRules("erase")))
	one, two, three := d.entry(t, c, ""), d.entry(t, c, ""), d.entry(t, c, "")
	d.enter(t, one)
	second := d.enter(t, two)
	third := d.enter(t, three)
	path := "/v1/" + c.Name + "/entries:erase"
	body := func(s []byte) []byte { return fmt.Appendf(nil, `{"s":%q}`, base64.StdEncoding.EncodeToString(s)) }
	before := d.log.String()
	d.unchanged(t, func() {
		for name, x := range map[string]struct {
			path   string
			body   []byte
			status int
			reason string
		}{
			"a secret of nobody": {path, body(make([]byte, 32)), 404, "ENTRY_NOT_FOUND"},
			"another campaign":   {"/v1/campaigns/other/entries:erase", body(one.s[:]), 404, "CAMPAIGN_NOT_FOUND"},
			"a short secret":     {path, body(one.s[:31]), 400, "FIELD_INVALID"},
			"no secret":          {path, []byte("{}"), 400, "FIELD_INVALID"},
			"the entry's id":     {path, []byte(`{"id":"` + second.Id + `"}`), 400, "FIELD_INVALID"},
			"in the address":     {path + "?s=" + fmt.Sprintf("%x", one.s[:]), []byte("{}"), 400, "FIELD_INVALID"},
		} {
			resp, b := d.do(t, "POST", x.path, x.body, nil)
			if resp.StatusCode != x.status || !strings.Contains(string(b), x.reason) {
				t.Errorf("%s: %d %s", name, resp.StatusCode, b)
			}
			wantNoSecret(t, name, string(b), one.secrets())
		}
		resp, _ := d.do(t, "GET", path, nil, nil)
		if resp.StatusCode != http.StatusNotImplemented && resp.StatusCode != http.StatusMethodNotAllowed && resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET: %d", resp.StatusCode)
		}
	})
	for range 2 {
		resp, b := d.do(t, "POST", path, body(one.s[:]), nil)
		var got struct{ Counting, Reason, Erasure string }
		must(t, json.Unmarshal(b, &got))
		if resp.StatusCode != 200 || got.Counting != "COUNTING_NOT_COUNTED" || got.Reason != "erased" || got.Erasure != "ERASURE_DONE" {
			t.Errorf("%d %s", resp.StatusCode, b)
		}
	}
	if d.log.String() != before {
		t.Errorf("public calls left lines: %s", strings.TrimPrefix(d.log.String(), before))
	}
	ask := func() *fairlotv1.EraseAtDeskRequest {
		id := two.request(t).Identity
		return &fairlotv1.EraseAtDeskRequest{Parent: c.Name, Receipt: second.Receipt, IdType: id.IdType, IdNumber: id.IdNumber}
	}
	if _, err := d.entries().EraseAtDesk(as(t, d.notifier), ask()); err == nil {
		t.Error("the notifier erased somebody")
	}
	mismatch := refusal{code: codes.InvalidArgument, reason: engine.ReceiptMismatch}
	d.unchanged(t, func() {
		for name, x := range map[string]struct {
			want  refusal
			spoil func(r *fairlotv1.EraseAtDeskRequest)
		}{
			"another receipt":   {mismatch, func(r *fairlotv1.EraseAtDeskRequest) { r.Receipt = third.Receipt }},
			"no receipt":        {mismatch, func(r *fairlotv1.EraseAtDeskRequest) { r.Receipt = "Qname\n\x00" }},
			"another card":      {mismatch, func(r *fairlotv1.EraseAtDeskRequest) { r.IdNumber = three.request(t).Identity.IdNumber }},
			"wrong check digit": {invalidAt(engine.IDInvalid, "id_number"), func(r *fairlotv1.EraseAtDeskRequest) { r.IdNumber = wrongCheckDigit(r.IdNumber) }},
			"no kind":           {invalidAt(engine.FieldInvalid, "id_type"), func(r *fairlotv1.EraseAtDeskRequest) { r.IdType = 0 }},
			"another campaign":  {refusal{code: codes.NotFound, reason: engine.CampaignNotFound}, func(r *fairlotv1.EraseAtDeskRequest) { r.Parent = "campaigns/other" }},
		} {
			req := ask()
			x.spoil(req)
			_, err := d.entries().EraseAtDesk(as(t, d.officer), req)
			t.Run(name, func(t *testing.T) { wantGRPC(t, err, x.want, append(two.secrets(), three.secrets()...)...) })
		}
	})
	for range 2 {
		st, err := d.entries().EraseAtDesk(as(t, d.officer), ask())
		if must(t, err); st.Reason != "erased-at-desk" || st.Erasure != fairlotv1.EntryStatus_ERASURE_DONE {
			t.Errorf("at the desk: %v", st)
		}
	}
	// What staff did stands in the register, each time; what the person did with the secret does not.
	cases := fairlotv1.NewCaseServiceClient(d.conn)
	list, err := cases.ListModifications(as(t, d.officer), &fairlotv1.ListModificationsRequest{})
	must(t, err)
	for _, m := range list.Modifications {
		if m.Kind != fairlotv1.ModificationKind_MODIFICATION_KIND_ERASURE || m.Case != "" || m.Campaign != c.Name || m.By.GetLabel() == "" {
			t.Errorf("the register says %v", m)
		}
		wantNoSecret(t, "the register", m.String(), append(two.secrets(), second.Id))
	}
	if len(list.Modifications) != 2 {
		t.Errorf("%d lines in the register, want one for each of two calls", len(list.Modifications))
	}
	// Under a case that is none of this person's campaign, or over, nothing is done.
	order := &fairlotv1.OpenCaseRequest{Name: "cases/" + strings.Repeat("a", 32), Campaign: c.Name, Kind: fairlotv1.CaseKind_CASE_KIND_ERASURE}
	_, err = cases.OpenCase(as(t, d.officer), order)
	must(t, err)
	id := three.request(t).Identity
	req := &fairlotv1.EraseAtDeskRequest{Parent: c.Name, Receipt: third.Receipt, IdType: id.IdType, IdNumber: id.IdNumber}
	req.Case = "cases/" + strings.Repeat("b", 32)
	if _, err := d.entries().EraseAtDesk(as(t, d.officer), req); err == nil {
		t.Error("erased under a case that is not there")
	}
	if st, err := d.entries().GetEntryStatus(t.Context(), &fairlotv1.GetEntryStatusRequest{Name: c.Name + "/entries/" + third.Id}); err != nil || st.Reason != "" {
		t.Errorf("refused, and %v, %v", st, err)
	}
	req.Case = order.Name
	_, err = d.entries().EraseAtDesk(as(t, d.officer), req)
	must(t, err)
	list, err = cases.ListModifications(as(t, d.officer), &fairlotv1.ListModificationsRequest{PageToken: fmt.Sprint(list.Modifications[1].Act)})
	must(t, err)
	if len(list.Modifications) != 1 || list.Modifications[0].Case != order.Name || list.Modifications[0].Campaign != c.Name {
		t.Errorf("under a case the register says %v", list.Modifications)
	}
	_, err = cases.CloseCase(as(t, d.officer), &fairlotv1.CloseCaseRequest{Name: order.Name, Outcome: fairlotv1.CaseOutcome_CASE_OUTCOME_DONE})
	must(t, err)
	if _, err := d.entries().EraseAtDesk(as(t, d.officer), req); err == nil {
		t.Error("erased under a case that is over")
	}
	wantNoSecret(t, "the log", d.log.String(), append(append(one.secrets(), two.secrets()...), second.Id, third.Id))
}
