package server_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"fairlot/draw"
	"fairlot/store"
)

// correcting is the body of a correction of e by the secret s to another contact, and the new secret.
func correcting(t *testing.T, e *entry, s draw.Secret) (map[string]any, draw.Secret) {
	t.Helper()
	var next draw.Secret
	rand.Read(next[:])
	r := next.R()
	c := e.clone(t)
	return map[string]any{
		"s": base64.StdEncoding.EncodeToString(s[:]), "r": base64.StdEncoding.EncodeToString(r[:]), "noticeHash": c.body["noticeHash"],
		"identity": c.body["identity"], "contact": map[string]any{"lang": "en", "email": "qbetter@canary.example"},
	}, next
}

// TestCorrect shows the secret at the public's door. What is refused changes nothing, the envelopes of before are in no file afterwards, and nothing of a person, old
// or new, is in a log.
func TestCorrect(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("correct"))
	codes := d.tokens(t, c, 3)
	one, two := d.entry(t, c, codes[0]), d.entry(t, c, codes[1])
	first := d.enter(t, one)
	second := d.enter(t, two)
	path := "/v1/" + c.Name + "/entries:correct"
	good, next := correcting(t, one, one.s)
	before := d.log.String()
	d.unchanged(t, func() {
		for name, x := range map[string]struct {
			path   string
			status int
			reason string
			spoil  func(b map[string]any)
		}{
			"a secret of nobody":       {path, 404, "ENTRY_NOT_FOUND", func(b map[string]any) { b["s"] = base64.StdEncoding.EncodeToString(make([]byte, 32)) }},
			"no secret":                {path, 400, "FIELD_INVALID", func(b map[string]any) { delete(b, "s") }},
			"the receipt":              {path, 400, "FIELD_INVALID", func(b map[string]any) { delete(b, "s"); b["receipt"] = first.Receipt }},
			"r of the old entry":       {path, 404, "ENTRY_NOT_FOUND", func(b map[string]any) { b["s"] = one.body["r"] }},
			"the secret once more":     {path, 400, "FIELD_INVALID", func(b map[string]any) { b["r"] = one.body["r"] }},
			"somebody else's entry":    {path, 409, "ENTRY_DIFFERS", func(b map[string]any) { b["r"] = two.body["r"] }},
			"another campaign":         {"/v1/campaigns/other/entries:correct", 404, "CAMPAIGN_NOT_FOUND", func(map[string]any) {}},
			"no person":                {path, 400, "FIELD_INVALID", func(b map[string]any) { delete(b, "identity") }},
			"no contact":               {path, 400, "FIELD_INVALID", func(b map[string]any) { delete(b, "contact") }},
			"an empty contact":         {path, 400, "FIELD_INVALID", func(b map[string]any) { b["contact"] = map[string]any{} }},
			"answers":                  {path, 400, "FIELD_INVALID", func(b map[string]any) { b["responseJson"] = "{}" }},
			"a stale notice":           {path, 400, "NOTICE_STALE", func(b map[string]any) { b["noticeHash"] = strings.Repeat("0", 64) }},
			"a check digit":            {path, 400, "ID_INVALID", func(b map[string]any) { spoilNumber(b) }},
			"the secret in an address": {path + "?s=" + hex.EncodeToString(one.s[:]), 400, "FIELD_INVALID", func(b map[string]any) { delete(b, "s") }},
		} {
			body := maps.Clone(good)
			x.spoil(body)
			resp, b := d.do(t, "POST", x.path, toJSON(t, body), nil)
			if resp.StatusCode != x.status || !strings.Contains(string(b), x.reason) {
				t.Errorf("%s: %d %s", name, resp.StatusCode, b)
			}
			wantNoSecret(t, name, string(b), append(one.secrets(), "qbetter@canary.example"))
		}
	})
	id, err := d.engine.FindCampaign(t.Context(), "correct", false)
	must(t, err)
	entrant := func(hexID string) (e store.EntrantID) {
		_, err := hex.Decode(e[:], []byte(hexID))
		must(t, err)
		return e
	}
	sealed, err := d.rooms.Identity.Sealed(t.Context(), id.ID, []store.EntrantID{entrant(first.Id), entrant(second.Id)})
	must(t, err)
	inFiles := func(s store.Sealed) (found int) {
		for _, b := range d.onDisk(t) {
			for _, needle := range append([][]byte{s.Identity[200:264], s.Contact[200:264]}, s.Lock[0][200:264]) {
				if bytes.Contains(b, needle) {
					found++
				}
			}
		}
		return found
	}
	if inFiles(sealed[0]) < 3 || inFiles(sealed[1]) < 3 {
		t.Fatal("this test does not find what is there")
	}
	wrong := maps.Clone(good)
	wrong["identity"] = two.clone(t).body["identity"]
	if resp, b := d.do(t, "POST", path, toJSON(t, wrong), nil); resp.StatusCode != 400 || !strings.Contains(string(b), "RECEIPT_MISMATCH") {
		t.Errorf("another person: %d %s", resp.StatusCode, b)
	}
	var answers []string
	for range 2 {
		resp, b := d.do(t, "POST", path, toJSON(t, good), nil)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", resp.StatusCode, b)
		}
		answers = append(answers, string(b))
	}
	if answers[0] != answers[1] {
		t.Errorf("the same again is answered\n%s\nand\n%s", answers[0], answers[1])
	}
	var got struct{ ID, Receipt string }
	must(t, json.Unmarshal([]byte(answers[0]), &got))
	if want := next.R().EntrantID(draw.Hash(id.OpenHash)); got.ID != hex.EncodeToString(want[:]) {
		t.Errorf("the new entry is %s", got.ID)
	}
	status := func(entry string) string {
		_, b := d.do(t, "GET", "/v1/"+c.Name+"/entries/"+entry+":status", nil, nil)
		return string(b)
	}
	if s := status(first.Id); !strings.Contains(s, `"superseded"`) || !strings.Contains(s, "COUNTING_NOT_COUNTED") {
		t.Errorf("the old entry: %s", s)
	}
	if s := status(got.ID); !strings.Contains(s, "COUNTING_COUNTED") {
		t.Errorf("the new entry: %s", s)
	}
	if n := inFiles(sealed[0]); n != 0 {
		t.Errorf("%d pieces of what was sealed before are in files", n)
	}
	if inFiles(sealed[1]) < 3 {
		t.Error("somebody else's are gone")
	}
	again, _ := correcting(t, one, one.s)
	if resp, b := d.do(t, "POST", path, toJSON(t, again), nil); resp.StatusCode != 409 || !strings.Contains(string(b), "ENTRY_CORRECTED") {
		t.Errorf("a second one of the old entry: %d %s", resp.StatusCode, b)
	}
	if d.log.String() != before {
		t.Errorf("public calls left lines: %s", strings.TrimPrefix(d.log.String(), before))
	}
	for file, b := range d.onDisk(t) {
		wantNoSecret(t, file, string(b), []string{"qbetter@canary.example", hex.EncodeToString(next[:]), string(next[:]), string(one.s[:])})
	}
}

func spoilNumber(b map[string]any) {
	id := maps.Clone(b["identity"].(map[string]any))
	id["idNumber"] = wrongCheckDigit(id["idNumber"].(string))
	b["identity"] = id
}
