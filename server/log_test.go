package server_test

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestDesk moves a chance where there is no proof of person, and refuses what does not belong together.
func TestDesk(t *testing.T) {
	d := open(t)
	c := d.opened(t, withoutProof(d.lotteryRules("desk")))
	thief := d.entry(t, c, "")
	d.enter(t, thief)
	owner := d.entry(t, c, "")
	owner.body["identity"].(map[string]any)["idNumber"] = thief.body["identity"].(map[string]any)["idNumber"]
	got := d.enter(t, owner)
	third := d.entry(t, c, "")
	other := d.enter(t, third)
	ask := func() *fairlotv1.MoveChanceRequest {
		return &fairlotv1.MoveChanceRequest{Parent: c.Name, S: owner.s[:], Receipt: got.Receipt, Identity: owner.request(t).Identity, ContactCommitment: got.ContactCommitment}
	}
	move := func(req *fairlotv1.MoveChanceRequest) (*fairlotv1.EntryStatus, error) {
		return d.entries().MoveChance(as(t, d.officer), req)
	}
	_, err := move(ask())
	wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.TooEarly, retry: true}, owner.secrets()...)
	d.stopClock(c.EntriesEnd.AsTime())
	if _, err := d.entries().MoveChance(as(t, d.notifier), ask()); err == nil {
		t.Error("the notifier moved a chance")
	}
	mismatch := refusal{code: codes.InvalidArgument, reason: engine.ReceiptMismatch}
	d.unchanged(t, func() {
		for name, x := range map[string]struct {
			want  refusal
			spoil func(r *fairlotv1.MoveChanceRequest)
		}{
			"another secret":  {mismatch, func(r *fairlotv1.MoveChanceRequest) { r.S = thief.s[:] }},
			"another receipt": {mismatch, func(r *fairlotv1.MoveChanceRequest) { r.Receipt = other.Receipt }},
			"changed receipt": {mismatch, func(r *fairlotv1.MoveChanceRequest) {
				r.Receipt = strings.Replace(r.Receipt, "stratum 1", "stratum 2", 1)
			}},
			"no receipt":         {mismatch, func(r *fairlotv1.MoveChanceRequest) { r.Receipt = "Qname\n\x00" }},
			"another person":     {mismatch, func(r *fairlotv1.MoveChanceRequest) { r.Identity = third.request(t).Identity }},
			"another spelling":   {mismatch, func(r *fairlotv1.MoveChanceRequest) { r.Identity.Name += "x" }},
			"another contact":    {mismatch, func(r *fairlotv1.MoveChanceRequest) { r.ContactCommitment = other.ContactCommitment }},
			"wrong check digit":  {invalidAt(engine.IDInvalid, "identity.id_number"), func(r *fairlotv1.MoveChanceRequest) { r.Identity.IdNumber = wrongCheckDigit(r.Identity.IdNumber) }},
			"short secret":       {invalidAt(engine.FieldInvalid, "s"), func(r *fairlotv1.MoveChanceRequest) { r.S = r.S[:31] }},
			"no identity":        {invalidAt(engine.FieldInvalid, "identity"), func(r *fairlotv1.MoveChanceRequest) { r.Identity = nil }},
			"receipt over 4 KiB": {invalidAt(engine.FieldInvalid, "receipt"), func(r *fairlotv1.MoveChanceRequest) { r.Receipt = strings.Repeat("x", 4097) }},
			"another campaign":   {refusal{code: codes.NotFound, reason: engine.CampaignNotFound}, func(r *fairlotv1.MoveChanceRequest) { r.Parent = "campaigns/other" }},
		} {
			req := ask()
			x.spoil(req)
			_, err := move(req)
			t.Run(name, func(t *testing.T) { wantGRPC(t, err, x.want, append(owner.secrets(), third.secrets()...)...) })
		}
	})
	for range 2 {
		st, err := move(ask())
		if must(t, err); st.Counting != fairlotv1.EntryStatus_COUNTING_COUNTED || st.Chances != 1 {
			t.Errorf("moved: %v", st)
		}
	}
	d.stopClock(c.ObjectionsEnd.AsTime())
	_, err = move(ask())
	wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.TooLate})
}

// TestLogsHoldNothingPersonal makes every call that carries something about a person, well and badly, and reads the log.
func TestLogsHoldNothingPersonal(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("logs"))
	none := d.opened(t, withoutProof(d.lotteryRules("logs-none")))
	before := d.log.String()
	tokens := d.tokens(t, c, 3)
	secrets := append(tokens[:len(tokens):len(tokens)], d.officer, d.notifier, strings.Split(d.officer, "_")[2], "Qname")
	staffCalls := d.log.String()
	if staffCalls == before {
		t.Fatal("a staff call left no line")
	}
	e := d.entry(t, c, tokens[0])
	got := d.enter(t, e)
	d.enter(t, e)
	bad := d.entry(t, c, tokens[0])
	d.post(t, bad)
	d.post(t, bad.set("identity.idNumber", "A100000009").set("Qname", "Qname"))
	d.do(t, "POST", bad.path(), []byte(bad.secrets()[5]), nil)
	d.do(t, "GET", "/v1/"+c.Name+"/entries/"+got.Id+":status", nil, nil)
	d.do(t, "GET", "/v1/"+c.Name+"/entries/Qname:status", nil, nil)
	d.entries().Enter(t.Context(), e.request(t))
	d.entries().Enter(as(t, d.officer), d.entry(t, c, tokens[1]).request(t))
	if d.log.String() != staffCalls {
		t.Errorf("public calls left lines: %s", strings.TrimPrefix(d.log.String(), staffCalls))
	}
	x := d.entry(t, none, "")
	receipt := d.enter(t, x)
	d.stopClock(none.EntriesEnd.AsTime())
	req := &fairlotv1.MoveChanceRequest{Parent: none.Name, S: x.s[:], Receipt: receipt.Receipt, Identity: x.request(t).Identity, ContactCommitment: receipt.ContactCommitment}
	_, err := d.entries().MoveChance(as(t, d.officer), req)
	must(t, err)
	wrong := proto.Clone(req).(*fairlotv1.MoveChanceRequest)
	wrong.Identity.IdNumber = wrongCheckDigit(wrong.Identity.IdNumber)
	d.entries().MoveChance(as(t, d.officer), wrong)
	d.entries().RevokeEntryTokens(as(t, d.officer), &fairlotv1.RevokeEntryTokensRequest{Parent: c.Name, Tokens: append(tokens, "Qname")})
	d.invokeRaw(t, d.officer, "/fairlot.v1.EntryService/MoveChance", []byte("\xff Qname"))
	made, err := fairlotv1.NewStaffServiceClient(d.conn).CreateStaffToken(as(t, d.admin), &fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_NOTIFIER, Label: "Qname of the desk"})
	must(t, err)
	log := d.log.String()
	for _, who := range []*entry{e, bad, x} {
		secrets = append(secrets, who.secrets()...)
	}
	wantNoSecret(t, "the log", log, append(secrets, made.Token, got.Id, receipt.Id, wrong.Identity.IdNumber))
	for _, line := range []string{"s:[SECRET]", "receipt:[ENTRANT]", "identity:[IDENTITY]", "contact_commitment:[ENTRANT]", "tokens:[SECRET]", "MoveChance", `label:[STAFF]`, "code=InvalidArgument", "role=officer"} {
		if !strings.Contains(log, line) {
			t.Errorf("the log lacks %s", line)
		}
	}
}

var incidentLine = regexp.MustCompile(`incident=([0-9a-f]{12})`)

// TestInternalFaults breaks what is underneath: callers hear that it is not their fault and nothing of what it is, except that a key is gone; the log says it, and of whom
// it was about it says nothing.
func TestInternalFaults(t *testing.T) {
	t.Run("broken key", func(t *testing.T) {
		d := open(t)
		c := d.opened(t, d.lotteryRules("broken-key"))
		e := d.entry(t, c, d.tokens(t, c, 1)[0])
		keys, err := filepath.Glob(filepath.Join(d.dir, "keys", "*.key"))
		if must(t, err); len(keys) != 2 {
			t.Fatalf("keys %q", keys)
		}
		sound := map[string][]byte{}
		for _, path := range keys {
			sound[path], err = os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, []byte("broken"), 0o600))
		}
		away := refusal{code: codes.Unavailable, reason: engine.StorageUnavailable, retry: true}
		d.unchanged(t, func() {
			resp, body := d.post(t, e)
			wantHTTP(t, resp, body, away, append(e.secrets(), d.dir)...)
			_, err := d.entries().Enter(t.Context(), e.request(t))
			wantGRPC(t, err, away, append(e.secrets(), d.dir)...)
			if n := strings.Count(d.log.String(), "a key is missing from the key folder, or damaged"); n != 1 {
				t.Errorf("the log says it %d times", n)
			}
		})
		wantNoSecret(t, "the log", d.log.String(), e.secrets())
		for path, b := range sound {
			must(t, os.WriteFile(path, b, 0o600))
		}
		d.enter(t, e)
	})
	t.Run("broken row", func(t *testing.T) {
		d := open(t)
		c := d.opened(t, d.lotteryRules("broken-row"))
		db, err := sql.Open("sqlite", "file:"+filepath.Join(d.dir, "rooms", "registry.db"))
		must(t, err)
		defer db.Close()
		_, err = db.Exec("UPDATE campaigns SET rules = x'62726f6b656e'")
		must(t, err)
		internal := refusal{code: codes.Internal, reason: "INTERNAL"}
		resp, body := d.do(t, "GET", "/v1/"+c.Name, nil, nil)
		wantHTTP(t, resp, body, internal, d.dir, "rules")
		_, err = d.campaigns().GetCampaign(t.Context(), &fairlotv1.GetCampaignRequest{Name: c.Name})
		wantGRPC(t, err, internal, d.dir, "rules")
		found := incidentLine.FindAllStringSubmatch(d.log.String(), -1)
		if len(found) != 2 || !strings.Contains(string(body), found[0][1]) || !strings.Contains(err.Error(), found[1][1]) {
			t.Errorf("the log names %v, the answers %s and %v", found, body, err)
		}
	})
	t.Run("rooms gone", func(t *testing.T) {
		d := open(t)
		c := d.opened(t, d.lotteryRules("rooms-gone"))
		e := d.entry(t, c, d.tokens(t, c, 1)[0])
		must(t, d.rooms.Close())
		for _, get := range []string{"/v1/campaigns", "/v1/" + c.Name, "/v1/log/checkpoint", "/v1/log/records", "/v1/" + c.Name + "/draws/1", "/bundles/" + strings.TrimPrefix(c.Name, "campaigns/") + ".tar"} {
			resp, body := d.do(t, "GET", get, nil, nil)
			wantAway(t, get, resp, body, d.dir)
		}
		resp, body := d.post(t, e)
		wantAway(t, "enter", resp, body, append(e.secrets(), d.dir)...)
		_, err := d.campaigns().CreateCampaign(as(t, d.officer), &fairlotv1.CreateCampaignRequest{Campaign: d.lotteryRules("x")})
		for _, word := range append(innards[1:], d.dir) {
			if err == nil || strings.Contains(strings.TrimPrefix(err.Error(), "rpc error"), word) {
				t.Errorf("create: %v", err)
			}
		}
		wantNoSecret(t, "the log", d.log.String(), append(e.secrets(), d.officer))
	})
}

var awayReason = regexp.MustCompile(`"reason": ?"(INTERNAL|STORAGE_UNAVAILABLE)"`)

func wantAway(t *testing.T, what string, resp *http.Response, body []byte, secrets ...string) {
	t.Helper()
	if resp.StatusCode != 500 && resp.StatusCode != 503 || !awayReason.Match(body) {
		t.Errorf("%s: %s %s", what, resp.Status, body)
	}
	if resp.StatusCode == 503 && !strings.Contains(string(body), "RetryInfo") {
		t.Errorf("%s: when to try again is not said: %s", what, body)
	}
	wantNoSecret(t, "the answer to "+what, string(body), append(secrets, innards...))
}
