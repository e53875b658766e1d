package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/tag"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store"
)

func invalidAt(reason engine.Reason, field string) refusal {
	return refusal{code: codes.InvalidArgument, reason: reason, field: field}
}

// TestEntryRefusals sends entries that are well-formed and not right, by name, by both doors.
func TestEntryRefusals(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("refusals"))
	none := d.opened(t, withoutProof(d.lotteryRules("no-proof")))
	only := d.opened(t, surveyOnly())
	r, err := d.entries().CreateEntryTokens(as(t, d.officer), &fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Count: 1, ExpireTime: timestamppb.New(d.now().Add(time.Minute))})
	must(t, err)
	expired := r.Tokens[0]
	tokens := d.tokens(t, c, 70)
	revoked, used := tokens[0], tokens[1]
	n, err := d.entries().RevokeEntryTokens(as(t, d.officer), &fairlotv1.RevokeEntryTokensRequest{Parent: c.Name, Tokens: []string{revoked, "nonsense"}})
	if must(t, err); n.Revoked != 1 {
		t.Fatalf("revoked %d", n.Revoked)
	}
	d.enter(t, d.entry(t, c, used))
	other := d.tokens(t, d.opened(t, d.lotteryRules("other")), 1)[0]
	d.stopClock(d.now().Add(2 * time.Minute))

	number := func(e *entry) string { return e.body["identity"].(map[string]any)["idNumber"].(string) }
	for name, x := range map[string]struct {
		want   refusal
		change func(e *entry)
	}{
		"wrong check digit":      {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", wrongCheckDigit(number(e))) }},
		"too short a number":     {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", number(e)[:9]) }},
		"too long a number":      {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", number(e)+"0") }},
		"no letter":              {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", "1"+number(e)[1:]) }},
		"third digit":            {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", "A3"+number(e)[2:]) }},
		"Arabic digits":          {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", "A١٢٣٤٥٦٧٨٩") }},
		"NUL in a number":        {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", number(e)[:5]+"\x00"+number(e)[5:]) }},
		"invisible in a number":  {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", number(e)[:5]+"\u200b"+number(e)[5:]) }},
		"citizen as resident":    {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idType", "ID_TYPE_RESIDENT") }},
		"resident as citizen":    {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", idNumber(tag.Resident, "A8", 777)) }},
		"resident, check digit":  {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { resident(e, wrongCheckDigit(idNumber(tag.Resident, "A9", 778))) }},
		"old form, check digit":  {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { resident(e, wrongCheckDigit(idNumber(tag.Resident, "AC", 779))) }},
		"old form, letter E":     {invalidAt(engine.IDInvalid, "identity.id_number"), func(e *entry) { resident(e, "AE"+number(e)[2:]) }},
		"no number":              {invalidAt(engine.FieldInvalid, "identity.id_number"), func(e *entry) { e.set("identity.idNumber", nil) }},
		"no kind of number":      {invalidAt(engine.FieldInvalid, "identity.id_type"), func(e *entry) { e.set("identity.idType", nil) }},
		"stale notice":           {refusal{code: codes.FailedPrecondition, reason: engine.NoticeStale}, func(e *entry) { e.set("noticeHash", strings.Repeat("0", 64)) }},
		"no notice":              {invalidAt(engine.FieldInvalid, "notice_hash"), func(e *entry) { e.set("noticeHash", nil) }},
		"missing consent":        {invalidAt(engine.ConsentMissing, "consents"), func(e *entry) { e.set("consents", []any{"research"}) }},
		"unknown consent":        {invalidAt(engine.FieldInvalid, "consents"), func(e *entry) { e.set("consents", []any{"rules", "Qname"}) }},
		"unknown campaign":       {refusal{code: codes.NotFound, reason: engine.CampaignNotFound}, func(e *entry) { e.parent = "campaigns/" + strings.Repeat("a", 32) }},
		"unknown slug":           {refusal{code: codes.NotFound, reason: engine.CampaignNotFound}, func(e *entry) { e.parent = "campaigns/no-such" }},
		"no token":               {invalidAt(engine.TokenMissing, "token"), func(e *entry) { e.set("token", nil) }},
		"blank token":            {invalidAt(engine.TokenMissing, "token"), func(e *entry) { e.set("token", " ") }},
		"malformed token":        {invalidAt(engine.TokenUnknown, "token"), func(e *entry) { e.set("token", "Qname-12345") }},
		"wrong token":            {invalidAt(engine.TokenUnknown, "token"), func(e *entry) { e.set("token", "00000-00000-00000-00000") }},
		"token of another":       {invalidAt(engine.TokenUnknown, "token"), func(e *entry) { e.set("token", other) }},
		"expired token":          {refusal{code: codes.FailedPrecondition, reason: engine.TokenExpired, field: "token"}, func(e *entry) { e.set("token", expired) }},
		"revoked token":          {refusal{code: codes.FailedPrecondition, reason: engine.TokenRevoked, field: "token"}, func(e *entry) { e.set("token", revoked) }},
		"used token":             {refusal{code: codes.FailedPrecondition, reason: engine.TokenUsed, field: "token"}, func(e *entry) { e.set("token", used) }},
		"hidden question":        {invalidAt(engine.ResponseInvalid, "response_json.wish"), func(e *entry) { e.set("responseJson", `{"often":"rarely","wish":"Qname"}`) }},
		"extra question":         {invalidAt(engine.ResponseInvalid, ""), func(e *entry) { e.set("responseJson", `{"often":"rarely","Qname":"x"}`) }},
		"missing question":       {invalidAt(engine.ResponseInvalid, "response_json.often"), func(e *entry) { e.set("responseJson", `{}`) }},
		"no response":            {invalidAt(engine.ResponseInvalid, ""), func(e *entry) { e.set("responseJson", nil) }},
		"response not JSON":      {invalidAt(engine.ResponseInvalid, "response_json"), func(e *entry) { e.set("responseJson", `Qname`) }},
		"response and garbage":   {invalidAt(engine.ResponseInvalid, "response_json"), func(e *entry) { e.set("responseJson", `{"often":"rarely"} Qname`) }},
		"answer twice":           {invalidAt(engine.ResponseInvalid, ""), func(e *entry) { e.set("responseJson", `{"often":"rarely","often":"weekly"}`) }},
		"answer of no choice":    {invalidAt(engine.ResponseInvalid, "response_json.often"), func(e *entry) { e.set("responseJson", `{"often":"Qname"}`) }},
		"answer of another type": {invalidAt(engine.ResponseInvalid, "response_json.often"), func(e *entry) { e.set("responseJson", `{"often":["rarely"]}`) }},
		"huge answer":            {invalidAt(engine.ResponseInvalid, "response_json.books"), func(e *entry) { e.set("responseJson", `{"often":"rarely","books":1e400}`) }},
		"long digits":            {invalidAt(engine.ResponseInvalid, "response_json.books"), func(e *entry) { e.set("responseJson", `{"often":"rarely","books":`+strings.Repeat("9", 5000)+`}`) }},
		"huge exponent":          {invalidAt(engine.ResponseInvalid, "response_json.books"), func(e *entry) { e.set("responseJson", `{"often":"rarely","books":1e999999999999}`) }},
		"tiny exponent":          {invalidAt(engine.ResponseInvalid, "response_json.books"), func(e *entry) { e.set("responseJson", `{"often":"rarely","books":1e-999999999}`) }},
		"broken number":          {invalidAt(engine.ResponseInvalid, "response_json.books"), func(e *entry) { e.set("responseJson", `{"often":"rarely","books":1.5}`) }},
		"deep answer": {invalidAt(engine.ResponseInvalid, ""), func(e *entry) {
			e.set("responseJson", `{"often":`+strings.Repeat("[", 10000)+strings.Repeat("]", 10000)+`}`)
		}},
		"long answer":              {invalidAt(engine.ResponseInvalid, "response_json.wish"), func(e *entry) { e.set("responseJson", `{"often":"weekly","wish":"`+strings.Repeat("字", 201)+`"}`) }},
		"NUL in an answer":         {invalidAt(engine.ResponseInvalid, "response_json.wish"), func(e *entry) { e.set("responseJson", `{"often":"weekly","wish":"Qname\u0000"}`) }},
		"half a pair in an answer": {invalidAt(engine.ResponseInvalid, ""), func(e *entry) { e.set("responseJson", `{"often":"weekly","wish":"Qname\ud83d"}`) }},
		"short answer secret":      {invalidAt(engine.FieldInvalid, "answer_secret_hash"), func(e *entry) { e.set("answerSecretHash", base64.StdEncoding.EncodeToString(make([]byte, 31))) }},
		"long answer secret":       {invalidAt(engine.FieldInvalid, "answer_secret_hash"), func(e *entry) { e.set("answerSecretHash", base64.StdEncoding.EncodeToString(make([]byte, 33))) }},
		"no answer secret":         {invalidAt(engine.FieldInvalid, "answer_secret_hash"), func(e *entry) { e.set("answerSecretHash", nil) }},
		"no identity":              {invalidAt(engine.FieldInvalid, "identity"), func(e *entry) { e.set("identity", nil) }},
		"no contact":               {invalidAt(engine.FieldInvalid, "contact"), func(e *entry) { e.set("contact", nil) }},
		"card not asked":           {invalidAt(engine.FieldInvalid, "identity.card"), func(e *entry) { e.set("identity.card", "Qcard") }},
		"no name":                  {invalidAt(engine.FieldInvalid, "identity.name"), func(e *entry) { e.set("identity.name", "") }},
		"spaces for a name":        {invalidAt(engine.FieldInvalid, "identity.name"), func(e *entry) { e.set("identity.name", " \u3000\u00a0") }},
		"impossible birth":         {invalidAt(engine.FieldInvalid, "identity.birth"), func(e *entry) { e.set("identity.birth", "1979-02-29") }},
		"birth to come":            {invalidAt(engine.FieldInvalid, "identity.birth"), func(e *entry) { e.set("identity.birth", "2999-01-01") }},
		"e-mail without host":      {invalidAt(engine.FieldInvalid, "contact.email"), func(e *entry) { e.set("contact.email", "qmail-at-home") }},
		"e-mail with line":         {invalidAt(engine.FieldInvalid, "contact.email"), func(e *entry) { e.set("contact.email", "qmail@canary.example\nBcc: all@canary.example") }},
		"two e-mails":              {invalidAt(engine.FieldInvalid, "contact.email"), func(e *entry) { e.set("contact.email", "qmail@canary.example, q2@canary.example") }},
		"words for a phone":        {invalidAt(engine.FieldInvalid, "contact.phone"), func(e *entry) { e.set("contact.phone", "Qphone please") }},
		"unknown language":         {invalidAt(engine.FieldInvalid, "contact.lang"), func(e *entry) { e.set("contact.lang", "fr") }},
		"all at once": {invalidAt(engine.FieldInvalid, "token"), func(e *entry) {
			e.set("token", "").set("identity.birth", "1979-02-29").set("responseJson", `{}`).set("consents", []any{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			e := d.entry(t, c, tokens[2])
			x.change(e)
			d.refused(t, e, x.want)
		})
	}
	t.Run("token where none is asked", func(t *testing.T) { d.refused(t, d.entry(t, none, tokens[3]), invalidAt(engine.FieldInvalid, "token")) })
	for _, part := range []string{"identity", "contact"} {
		t.Run(part+" on a survey", func(t *testing.T) {
			e := d.entry(t, only, "")
			e.set(part, d.entry(t, none, "").body[part])
			e.set("responseJson", `{"often":"weekly"}`)
			d.refused(t, e, invalidAt(engine.FieldInvalid, part))
		})
	}
	// The token that all of them named is still good.
	d.enter(t, d.entry(t, c, tokens[2]))
}

func resident(e *entry, number string) {
	e.set("identity.idType", "ID_TYPE_RESIDENT").set("identity.idNumber", number)
}

// TestIDForms enters with every form of an ID number, in every way people type it, and then with another spelling of the same.
func TestIDForms(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("forms"))
	wide := func(s string) string { return strings.Map(func(r rune) rune { return r - '!' + '！' }, s) }
	i := 0
	for _, kind := range []struct{ id, number string }{
		{"ID_TYPE_CITIZEN", "A1"}, {"ID_TYPE_CITIZEN", "Z2"}, {"ID_TYPE_CITIZEN", "I1"}, {"ID_TYPE_CITIZEN", "O2"},
		{"ID_TYPE_RESIDENT", "A8"}, {"ID_TYPE_RESIDENT", "W9"}, {"ID_TYPE_RESIDENT", "AA"}, {"ID_TYPE_RESIDENT", "BB"}, {"ID_TYPE_RESIDENT", "CC"}, {"ID_TYPE_RESIDENT", "ZD"},
	} {
		number := idNumber(strings.ToLower(strings.TrimPrefix(kind.id, "ID_TYPE_")), kind.number, 4400)
		spellings := []string{number, strings.ToLower(number), wide(number), wide(strings.ToLower(number)), " " + number[:3] + " " + number[3:] + "\u3000", number[:4] + "-" + number[4:]}
		t.Run(kind.number, func(t *testing.T) {
			first := i % len(spellings)
			i++
			d.enter(t, d.entry(t, c, d.tokens(t, c, 1)[0]).set("identity.idType", kind.id).set("identity.idNumber", spellings[first]))
			token := d.tokens(t, c, 1)[0]
			for i, again := range spellings {
				if 2*i%(store.TokenRefusals-1) == 0 { // by two doors each; one more, and the token is revoked
					d.enter(t, d.entry(t, c, token)) // a refused entry used nothing up
					token = d.tokens(t, c, 1)[0]
				}
				e := d.entry(t, c, token).set("identity.idType", kind.id).set("identity.idNumber", again)
				d.refused(t, e, refusal{code: codes.AlreadyExists, reason: engine.PersonEntered})
			}
		})
	}
}

// TestSameAgain repeats an entry, and changes it under the same r.
func TestSameAgain(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("again"))
	tokens := d.tokens(t, c, 12)
	e := d.entry(t, c, tokens[0])
	first := d.enter(t, e)
	same := func(t *testing.T) {
		t.Helper()
		d.unchanged(t, func() {
			if got := d.enter(t, e); got.Receipt != first.Receipt || !bytes.Equal(got.IdentityCommitment, first.IdentityCommitment) || !bytes.Equal(got.ContactCommitment, first.ContactCommitment) {
				t.Error("another receipt")
			}
			got, err := d.entries().Enter(t.Context(), e.request(t))
			if must(t, err); got.Receipt != first.Receipt {
				t.Error("another receipt by gRPC")
			}
		})
	}
	same(t)
	other := refusal{code: codes.AlreadyExists, reason: engine.EntryDiffers}
	changes := map[string]func(e *entry){
		"name":     func(e *entry) { e.set("identity.name", "別人 Qother") },
		"email":    func(e *entry) { e.set("contact.email", "qother@canary.example") },
		"nobody":   func(e *entry) { e.set("identity", nil).set("contact", nil) },
		"response": func(e *entry) { e.set("responseJson", `{"often":"rarely"}`) },
		"token":    func(e *entry) { e.set("token", tokens[1]) },
		"consents": func(e *entry) { e.set("consents", []any{"rules"}) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			x := e.clone(t)
			change(x)
			d.refused(t, x, other)
		})
	}
	for _, token := range tokens[1:] {
		d.enter(t, d.entry(t, c, token))
	}
	d.stopClock(c.EntriesEnd.AsTime())
	same(t)
	if _, err := d.campaigns().CloseCampaign(as(t, d.officer), &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		t.Fatal(err)
	}
	same(t) // the receipt is fetched as long as the entry is kept
	for _, name := range []string{"name", "email", "nobody"} {
		x := e.clone(t)
		changes[name](x)
		d.refused(t, x, other) // what is mixed cannot be compared any more; the person can
	}
}

// TestClosingInstant enters before, at and after the end, and in every state.
func TestClosingInstant(t *testing.T) {
	d := open(t)
	draft, err := d.campaigns().CreateCampaign(as(t, d.officer), &fairlotv1.CreateCampaignRequest{Campaign: d.lotteryRules("draft")})
	must(t, err)
	e := d.entry(t, draft, "00000-00000-00000-00000")
	d.refused(t, e, refusal{code: codes.FailedPrecondition, reason: engine.CampaignDraft})
	e.parent = "campaigns/draft" // who guesses a readable name does not learn that there is a draft
	d.refused(t, e, refusal{code: codes.NotFound, reason: engine.CampaignNotFound})

	c := d.opened(t, d.lotteryRules("instant"))
	tokens := d.tokens(t, c, 4)
	end := c.EntriesEnd.AsTime()
	d.stopClock(end.Add(-time.Nanosecond))
	d.enter(t, d.entry(t, c, tokens[0]))
	ended := refusal{code: codes.FailedPrecondition, reason: engine.CampaignEnded}
	for _, at := range []time.Time{end, end.Add(time.Nanosecond), end.Add(time.Minute)} {
		d.stopClock(at)
		d.refused(t, d.entry(t, c, tokens[1]), ended)
	}
	_, err = d.entries().CreateEntryTokens(as(t, d.officer), &fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Count: 1})
	wantGRPC(t, err, ended)
	closed, err := d.campaigns().CloseCampaign(as(t, d.officer), &fairlotv1.CloseCampaignRequest{Name: c.Name})
	if must(t, err); closed.State != fairlotv1.CampaignState_CAMPAIGN_STATE_CLOSED {
		t.Fatal(closed.State)
	}
	d.refused(t, d.entry(t, c, tokens[2]), refusal{code: codes.FailedPrecondition, reason: engine.CampaignClosed})
	draws, err := d.draws().GetDraw(t.Context(), &fairlotv1.GetDrawRequest{Name: c.Name + "/draws/1"})
	if must(t, err); draws.Entrants != 1 {
		t.Errorf("%d entrants, want the one who came in time", draws.Entrants)
	}
}

// TestDuplicateLooksLikeAny enters a person twice where there is no proof of person, and compares the answers: nobody learns from them who has
// entered.
func TestDuplicateLooksLikeAny(t *testing.T) {
	d := open(t)
	c := d.opened(t, withoutProof(d.lotteryRules("oracle")))
	known := d.entry(t, c, "")
	d.enter(t, known)
	d.enter(t, d.entry(t, c, ""))
	fresh := d.entry(t, c, "")
	dup := d.entry(t, c, "")
	dup.body["identity"].(map[string]any)["idNumber"] = known.body["identity"].(map[string]any)["idNumber"]
	shape := func(e *entry) ([]string, *fairlotv1.EnterResponse) {
		t.Helper()
		resp, body := d.post(t, e)
		out := []string{resp.Status, resp.Proto}
		for k, v := range resp.Header {
			if k != "Date" {
				out = append(out, k+": "+strings.Join(v, ","))
			}
		}
		var m map[string]string
		must(t, json.Unmarshal(body, &m))
		for k, v := range m {
			out = append(out, fmt.Sprintf("%s has %d bytes", k, len(v)))
		}
		slices.Sort(out)
		got := &fairlotv1.EnterResponse{}
		must(t, protojson.Unmarshal(body, got))
		return out, got
	}
	a, first := shape(fresh)
	b, second := shape(dup)
	if !slices.Equal(a, b) {
		t.Errorf("a duplicate looks otherwise:\n%q\n%q", a, b)
	}
	mask := func(r *fairlotv1.EnterResponse) string {
		lines := strings.Split(r.Receipt, "\n")
		for i, l := range lines {
			for _, key := range []string{"id ", "person ", "— "} {
				if strings.HasPrefix(l, key) {
					lines[i] = key + strings.Repeat("x", len(l))
				}
			}
		}
		return strings.Join(lines, "\n")
	}
	if mask(first) != mask(second) || strings.Contains(first.Receipt, "chances") {
		t.Errorf("the receipts differ:\n%s\n%s", first.Receipt, second.Receipt)
	}
	status := func(id string) string {
		resp, body := d.do(t, "GET", "/v1/"+c.Name+"/entries/"+id+":status", nil, nil)
		if resp.StatusCode != 200 {
			t.Fatal(resp.Status)
		}
		return strings.ReplaceAll(string(body), id, "ID")
	}
	if status(first.Id) != status(second.Id) || !strings.Contains(status(first.Id), "COUNTING_RECEIVED") {
		t.Errorf("before the end: %s, %s", status(first.Id), status(second.Id))
	}
	d.stopClock(c.EntriesEnd.AsTime())
	defer d.running(t)()
	eventually(t, "entries end", func() bool { return !strings.Contains(status(first.Id), "COUNTING_RECEIVED") })
	if a, b := status(first.Id), status(second.Id); !strings.Contains(a, "COUNTING_COUNTED") || !strings.Contains(b, "COUNTING_NOT_COUNTED") || !strings.Contains(b, "duplicate") {
		t.Errorf("after the end: %s, %s", a, b)
	}
}
