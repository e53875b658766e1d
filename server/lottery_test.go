package server_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/crypto/tag"
	"fairlot/draw"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

const lotterySurvey = `{"title":{"default":"讀者問卷","en":"Readers' survey"},"locale":"zh-tw","clearInvisibleValues":"onHidden","elements":[
 {"type":"radiogroup","name":"often","title":{"default":"多久來一次？","en":"How often do you come?"},"isRequired":true,"choices":["weekly","monthly","rarely"]},
 {"type":"text","inputType":"number","name":"books","title":{"default":"幾本","en":"How many books?"},"min":0,"max":500,"step":1},
 {"type":"comment","name":"wish","title":{"default":"還希望什麼？","en":"What else?"},"maxLength":200,"visibleIf":"{often} = 'weekly'"}]}`

// custodian is one person's keys, as on their own machine.
type custodian struct {
	key      *custody.Key
	cosigner *ledger.Cosigner
}

// custodians are three, and the notifier.
var custodians = sync.OnceValue(func() *[4]custodian {
	var out [4]custodian
	for i := range out {
		var err error
		var skey string
		if out[i].key, err = custody.NewKey(); err == nil {
			if skey, _, err = ledger.GenerateCosigner(fmt.Sprintf("custodian%d.example", i+1)); err == nil {
				out[i].cosigner, err = ledger.NewCosigner(skey)
			}
		}
		if err != nil {
			panic(err)
		}
	}
	return &out
})

// lotteryRules are a campaign with a survey, one draw on the local beacon and one-use tokens. It lasts an hour from now.
func (d *doors) lotteryRules(slug string) *fairlotv1.Campaign {
	end := d.now().Truncate(time.Second).Add(time.Hour)
	c := &fairlotv1.Campaign{
		Slug: slug, Title: texts("秋天的書", "Autumn books"), Notice: texts("姓名加密保存。", "Names are sealed."), SurveyJson: lotterySurvey,
		Consents: []*fairlotv1.Consent{
			{Code: "rules", Text: texts("我同意", "I agree"), Required: true},
			{Code: "research", Text: texts("可供研究", "Use my answers"), AboutAnswers: true},
		},
		Draws: []*fairlotv1.DrawRules{{
			Tiers:      []*fairlotv1.Tier{{Count: 1, Title: texts("書", "A book")}, {Count: 2, Title: texts("筆", "A pen")}},
			Alternates: 2, ClaimDays: 7, MarginSeconds: 60, DrawTime: timestamppb.New(end.Add(2 * time.Minute)),
		}},
		Form: &fairlotv1.EntryForm{Birth: fairlotv1.FieldRule_FIELD_RULE_OPTIONAL, Guardian: fairlotv1.FieldRule_FIELD_RULE_OPTIONAL,
			Phone: fairlotv1.FieldRule_FIELD_RULE_OPTIONAL, Email: fairlotv1.FieldRule_FIELD_RULE_REQUIRED, Address: fairlotv1.FieldRule_FIELD_RULE_OPTIONAL},
		Proof: fairlotv1.Proof_PROOF_TOKEN, ChancesCap: 3, Batch: 5, EntriesEnd: timestamppb.New(end), Threshold: 2,
	}
	chain := d.beacon.Chain()
	c.Draws[0].Beacon = &fairlotv1.Beacon{Chain: chain.Hash[:], PeriodSeconds: int64(chain.Period), Genesis: chain.Genesis, Key: chain.Key[:]}
	for _, k := range custodians()[:3] {
		c.Custodians = append(c.Custodians, &fairlotv1.Custodian{Recipient: k.key.Recipient(), Cosigner: k.cosigner.VKey().String()})
	}
	c.Notifiers = []string{custodians()[3].key.Recipient()}
	return c
}

// withoutProof is the same with an objection period in place of tokens.
func withoutProof(c *fairlotv1.Campaign) *fairlotv1.Campaign {
	c.Proof, c.ChancesCap = fairlotv1.Proof_PROOF_NONE, 1
	c.ObjectionsEnd = timestamppb.New(c.EntriesEnd.AsTime().Add(30 * time.Minute))
	c.Draws[0].DrawTime = timestamppb.New(c.ObjectionsEnd.AsTime().Add(2 * time.Minute))
	return c
}

func (d *doors) campaigns() fairlotv1.CampaignServiceClient {
	return fairlotv1.NewCampaignServiceClient(d.conn)
}
func (d *doors) entries() fairlotv1.EntryServiceClient {
	return fairlotv1.NewEntryServiceClient(d.conn)
}
func (d *doors) draws() fairlotv1.DrawServiceClient { return fairlotv1.NewDrawServiceClient(d.conn) }

// opened makes a campaign of these rules and opens it.
func (d *doors) opened(t *testing.T, rules *fairlotv1.Campaign) *fairlotv1.Campaign {
	t.Helper()
	c, err := d.campaigns().CreateCampaign(as(t, d.officer), &fairlotv1.CreateCampaignRequest{Campaign: rules})
	must(t, err)
	asked, err := d.campaigns().OpenCampaign(as(t, d.officer), &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, WithoutKeyCheck: true})
	must(t, err)
	d.approve(t, asked)
	c, err = d.campaigns().GetCampaign(as(t, d.officer), &fairlotv1.GetCampaignRequest{Name: c.Name})
	must(t, err)
	return c
}

func (d *doors) approvals() fairlotv1.ApprovalServiceClient {
	return fairlotv1.NewApprovalServiceClient(d.conn)
}

// approve approves as the second officer.
func (d *doors) approve(t *testing.T, a *fairlotv1.Approval) *fairlotv1.Approval {
	t.Helper()
	a, err := d.approvals().Approve(as(t, d.second), &fairlotv1.ApproveRequest{Name: a.Name, Digest: a.Digest})
	must(t, err)
	if a.State != fairlotv1.ApprovalState_APPROVAL_STATE_DONE {
		t.Fatalf("approved, and now %v", a)
	}
	return a
}

func (d *doors) tokens(t *testing.T, c *fairlotv1.Campaign, n int) []string {
	t.Helper()
	r, err := d.entries().CreateEntryTokens(as(t, d.officer), &fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Count: int32(n), Chances: 2})
	must(t, err)
	return r.Tokens
}

// idNumber is the i-th valid number that begins with two given characters.
func idNumber(kind, prefix string, i int) string {
	for check := range 10 {
		if n, err := tag.Canonical(kind, fmt.Sprintf("%s%07d%d", prefix, i, check)); err == nil {
			return n
		}
	}
	panic("no check digit fits")
}

// wrongCheckDigit is a number that is right but for its last digit.
func wrongCheckDigit(number string) string {
	return number[:9] + string('0'+(number[9]-'0'+1)%10)
}

// entry is what an entrant's browser holds and sends. Its personal values stand nowhere else in the tests.
type entry struct {
	s      draw.Secret
	parent string
	body   map[string]any
}

// entry makes up a person who enters c.
func (d *doors) entry(t *testing.T, c *fairlotv1.Campaign, token string) *entry {
	t.Helper()
	d.persons++
	e := &entry{parent: c.Name}
	rand.Read(e.s[:])
	r := e.s.R()
	secret := sha256.Sum256(e.s[:])
	e.body = map[string]any{
		"r": base64.StdEncoding.EncodeToString(r[:]), "noticeHash": c.NoticeHash, "consents": []any{},
		"responseJson": fmt.Sprintf(`{"often":"weekly","wish":"愿望哨兵 Qwish%d"}`, d.persons), "answerSecretHash": base64.StdEncoding.EncodeToString(secret[:]),
	}
	for _, k := range c.Consents {
		e.body["consents"] = append(e.body["consents"].([]any), k.Code)
	}
	if len(c.Draws) > 0 {
		e.body["identity"] = map[string]any{"name": fmt.Sprintf("王哨兵 Qname%d", d.persons), "idType": "ID_TYPE_CITIZEN", "idNumber": idNumber("citizen", "A1", d.persons), "birth": "1979-03-17", "guardian": fmt.Sprintf("陳監護 Qguard%d", d.persons)}
		e.body["contact"] = map[string]any{"lang": "en", "email": fmt.Sprintf("qmail%d@canary.example", d.persons), "phone": fmt.Sprintf("+886 912 34%04d", d.persons), "address": fmt.Sprintf("臺北市哨兵路 %d 號 Qaddr", d.persons)}
	}
	if token != "" {
		e.body["token"] = token
	}
	return e
}

// set changes one value by its path; nil takes it out.
func (e *entry) set(path string, v any) *entry {
	at := e.body
	parts := strings.Split(path, ".")
	for _, p := range parts[:len(parts)-1] {
		at = at[p].(map[string]any)
	}
	if last := parts[len(parts)-1]; v == nil {
		delete(at, last)
	} else {
		at[last] = v
	}
	return e
}

// clone copies an entry, so that it can be changed by itself.
func (e *entry) clone(t *testing.T) *entry {
	t.Helper()
	c := &entry{s: e.s, parent: e.parent}
	must(t, json.Unmarshal(toJSON(t, e.body), &c.body))
	return c
}

// secrets are the values that nobody but the entrant may see again, as sent and in hex.
func (e *entry) secrets() []string {
	r := e.s.R()
	out := []string{hex.EncodeToString(e.s[:]), base64.StdEncoding.EncodeToString(e.s[:]), hex.EncodeToString(r[:]), base64.StdEncoding.EncodeToString(r[:]), base64.RawURLEncoding.EncodeToString(r[:])}
	for _, part := range []string{"identity", "contact"} {
		m, _ := e.body[part].(map[string]any)
		for k, v := range m {
			if s, ok := v.(string); ok && k != "idType" && k != "lang" && len(s) > 3 {
				out = append(out, s)
			}
		}
	}
	for _, k := range []string{"token", "responseJson", "answerSecretHash"} {
		if s, ok := e.body[k].(string); ok && len(s) > 3 {
			out = append(out, s)
		}
	}
	if _, wish, ok := strings.Cut(fmt.Sprint(e.body["responseJson"]), "愿望哨兵 "); ok {
		out = append(out, strings.Trim(wish, `"}`))
	}
	return out
}

func (e *entry) path() string { return "/v1/" + e.parent + "/entries" }

// post sends the entry by the public's door.
func (d *doors) post(t *testing.T, e *entry) (*http.Response, []byte) {
	t.Helper()
	return d.do(t, "POST", e.path(), toJSON(t, e.body), nil)
}

// request is the entry for the other door.
func (e *entry) request(t *testing.T) *fairlotv1.EnterRequest {
	t.Helper()
	req := &fairlotv1.EnterRequest{}
	must(t, protojson.Unmarshal(toJSON(t, e.body), req))
	req.Parent = e.parent
	return req
}

// enter sends the entry and wants a receipt.
func (d *doors) enter(t *testing.T, e *entry) *fairlotv1.EnterResponse {
	t.Helper()
	resp, body := d.post(t, e)
	if resp.StatusCode != 200 {
		t.Fatalf("%s: %s", resp.Status, body)
	}
	got := &fairlotv1.EnterResponse{}
	must(t, protojson.Unmarshal(body, got))
	if !bytes.Contains([]byte(got.Receipt), []byte(got.Id)) {
		t.Fatalf("receipt %s", got.Receipt)
	}
	return got
}

// refused sends the entry by both doors, wants the same refusal and nothing left behind. Only a person who entered before is counted on the token.
func (d *doors) refused(t *testing.T, e *entry, want refusal) {
	t.Helper()
	counted := ""
	if want.reason == engine.PersonEntered {
		counted = "identity.entry_tokens"
	}
	d.unchangedBut(t, counted, func() {
		resp, body := d.post(t, e)
		wantHTTP(t, resp, body, want, e.secrets()...)
		_, err := d.entries().Enter(t.Context(), e.request(t))
		wantGRPC(t, err, want, e.secrets()...)
	})
}

func unhexN(t *testing.T, s string, n int) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != n {
		t.Fatalf("%q is not %d bytes in hex", s, n)
	}
	return b
}

func unhex(t *testing.T, s string) [32]byte { return [32]byte(unhexN(t, s, 32)) }
