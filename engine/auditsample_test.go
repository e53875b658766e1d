package engine_test

import (
	"strings"
	"testing"

	"fairlot/draw"
	"fairlot/engine"
)

// sampled are rules with an audit sample, whose auditor is the second notifier.
func sampled(r engine.Rules, size int) engine.Rules {
	r.Audit, r.Auditor, r.Notifiers = size, 2, []string{custodians()[0].Recipient, custodians()[1].Recipient}
	r.Notice = engine.Texts{"en": "We keep this apart. To audit the draw some are opened."}
	return r
}

// TestAuditSampleIsAnnounced: rules with a sample open only if the notice says so in each language and they name who reads it; the open record and the rules file have both.
func TestAuditSampleIsAnnounced(t *testing.T) {
	w := newWorld(t)
	for _, x := range []struct {
		name, path string
		spoil      func(*engine.Rules)
	}{
		{"without auditor", "campaign.auditor", func(r *engine.Rules) { r.Auditor = 0 }},
		{"an auditor who is none of the notifiers", "campaign.auditor", func(r *engine.Rules) { r.Auditor = 3 }},
		{"the one notifier", "campaign.notifiers", func(r *engine.Rules) { r.Notifiers, r.Auditor = r.Notifiers[:1], 1 }},
		{"an auditor of nothing", "campaign.auditor", func(r *engine.Rules) { r.Audit = 0 }},
		{"a notice that says nothing", "campaign.notice", func(r *engine.Rules) { r.Notice = engine.Texts{"en": "We keep this apart."} }},
		{"a notice that says it in one language", "campaign.notice", func(r *engine.Rules) { r.Notice["zh-Hant-TW"] = "個資分開保存。" }},
		{"without draws", "campaign.audit", func(r *engine.Rules) { *r = surveyOnly(*r); r.Audit = 5 }},
	} {
		r := sampled(rules(), 5)
		x.spoil(&r)
		c := must(w.CreateCampaign(t.Context(), "spoilt-"+strings.ReplaceAll(x.name, " ", "-"), r, ""))(t)
		_, err := w.OpenCampaign(t.Context(), c.ID, c.Etag)
		t.Log(x.name)
		wantReason(t, err, engine.RulesInvalid, x.path)
	}
	r := sampled(rules(), 5)
	r.Notice["zh-Hant-TW"] = "開獎後抽查若干人。"
	c := w.open(r)
	open := must(draw.ParseRecord(c.OpenRecord))(t).(*draw.Open)
	file := must(w.rooms.Registry.File(t.Context(), [32]byte(open.Rules)))(t)
	if open.Audit != 5 || !strings.Contains(string(file), "\nauditor 2\n") {
		t.Errorf("the open record has %d, the rules file\n%s", open.Audit, file)
	}
	plain := w.open(rules())
	open = must(draw.ParseRecord(plain.OpenRecord))(t).(*draw.Open)
	if file := must(w.rooms.Registry.File(t.Context(), [32]byte(open.Rules)))(t); open.Audit != 0 || strings.Contains(string(file), "auditor") {
		t.Errorf("without a sample the open record has %d, the rules file\n%s", open.Audit, file)
	}
}
