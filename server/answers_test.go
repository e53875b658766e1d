package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestAnswerSecret shows and withdraws a response at the public's door, by its answer secret alone; the call leaves no line, and its answer names no entry.
func TestAnswerSecret(t *testing.T) {
	d := open(t)
	c := d.opened(t, surveyOnly())
	var all []*entry
	for range 60 {
		e := d.entry(t, c, "")
		d.enter(t, e)
		all = append(all, e)
	}
	call := func(what string, secret []byte) (int, string) {
		resp, b := d.do(t, "POST", "/v1/"+c.Name+"/answers:"+what, fmt.Appendf(nil, `{"answerSecret":%q}`, base64.StdEncoding.EncodeToString(secret)), nil)
		return resp.StatusCode, string(b)
	}
	secret := all[7].s[:] // which these entries have for an answer secret too
	if code, b := call("show", secret); code != 404 || !strings.Contains(b, "RESPONSE_NOT_FOUND") {
		t.Errorf("before it is mixed: %d %s", code, b)
	}
	d.stopClock(c.EntriesEnd.AsTime())
	_, err := fairlotv1.NewCampaignServiceClient(d.conn).CloseCampaign(as(t, d.officer), &fairlotv1.CloseCampaignRequest{Name: c.Name})
	must(t, err)
	before := d.log.String()
	code, b := call("show", secret)
	var shown struct{ ResponseJson string }
	must(t, json.Unmarshal([]byte(b), &shown))
	if code != 200 || !json.Valid([]byte(shown.ResponseJson)) {
		t.Errorf("%d %s", code, b)
	}
	for _, spoilt := range [][]byte{secret[:31], {}, make([]byte, 33)} {
		if code, b := call("withdraw", spoilt); code != 400 || !strings.Contains(b, "FIELD_INVALID") {
			t.Errorf("%d bytes: %d %s", len(spoilt), code, b)
		}
	}
	if code, _ := call("withdraw", make([]byte, 32)); code != 404 {
		t.Errorf("a secret of nobody: %d", code)
	}
	for range 2 {
		if code, b := call("withdraw", secret); code != 200 || !strings.Contains(b, `"statisticsMade":true`) {
			t.Errorf("withdrawn: %d %s", code, b)
		}
	}
	if code, _ := call("show", secret); code != 404 {
		t.Errorf("after it was withdrawn: %d", code)
	}
	if code, _ := call("show", all[8].s[:]); code != 200 {
		t.Errorf("somebody else's: %d", code)
	}
	if d.log.String() != before {
		t.Errorf("public calls left lines: %s", strings.TrimPrefix(d.log.String(), before))
	}
}
