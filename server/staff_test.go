package server_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/crypto/trail"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestDrafts races, repeats and mistakes drafts.
func TestDrafts(t *testing.T) {
	d := open(t)
	ctx := as(t, d.officer)
	stale := refusal{code: codes.Aborted, reason: engine.EtagStale}
	create := func(c *fairlotv1.Campaign, id string) (*fairlotv1.Campaign, error) {
		return d.campaigns().CreateCampaign(ctx, &fairlotv1.CreateCampaignRequest{Campaign: c, RequestId: id})
	}
	const uuid = "7c3e8f0e-2f53-4f3c-8f0f-2f6a5d1f0a11"
	c, err := create(d.lotteryRules("drafts"), uuid)
	must(t, err)

	t.Run("same request", func(t *testing.T) {
		d.unchanged(t, func() {
			again, err := create(d.lotteryRules("drafts"), uuid)
			if must(t, err); again.Name != c.Name || again.Etag != c.Etag {
				t.Errorf("%s and %s", again.Name, c.Name)
			}
		})
	})
	t.Run("same request at once", func(t *testing.T) {
		names := make([]string, 8)
		var wg sync.WaitGroup
		for i := range names {
			wg.Go(func() {
				c, err := create(d.lotteryRules("at-once"), "at-once")
				if err != nil {
					t.Error(err)
					return
				}
				names[i] = c.Name
			})
		}
		wg.Wait()
		for _, n := range names {
			if n != names[0] || n == "" {
				t.Errorf("names %q", names)
			}
		}
	})
	t.Run("slug taken", func(t *testing.T) {
		d.unchanged(t, func() {
			_, err := create(d.lotteryRules("drafts"), "")
			wantGRPC(t, err, refusal{code: codes.AlreadyExists, reason: engine.SlugTaken})
			_, err = create(d.lotteryRules("drafts"), "another-request")
			wantGRPC(t, err, refusal{code: codes.AlreadyExists, reason: engine.SlugTaken})
		})
	})
	t.Run("slug like an id", func(t *testing.T) {
		_, err := create(d.lotteryRules(strings.Repeat("a", 32)), "")
		wantGRPC(t, err, invalidAt(engine.RulesInvalid, "campaign.slug"))
	})
	for _, slug := range []string{"", "Upper", "-dash", "a b", "a/b", "圖書館", strings.Repeat("a", 64), "..", "a\x00"} {
		t.Run("slug "+slug, func(t *testing.T) {
			_, err := create(d.lotteryRules(slug), "")
			wantGRPC(t, err, invalidAt(engine.FieldInvalid, "campaign.slug"))
		})
	}
	t.Run("update race", func(t *testing.T) {
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				mine := proto.Clone(c).(*fairlotv1.Campaign)
				mine.Register = int64(1000 + i)
				_, errs[i] = d.campaigns().UpdateCampaign(ctx, &fairlotv1.UpdateCampaignRequest{Campaign: mine})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantGRPC(t, err, stale)
			}
		}
		if won != 1 {
			t.Errorf("%d updates of one etag were taken", won)
		}
	})
	t.Run("stale", func(t *testing.T) {
		d.unchanged(t, func() {
			_, err := d.campaigns().UpdateCampaign(ctx, &fairlotv1.UpdateCampaignRequest{Campaign: c})
			wantGRPC(t, err, stale)
			_, err = d.campaigns().DeleteCampaign(ctx, &fairlotv1.DeleteCampaignRequest{Name: c.Name, Etag: c.Etag})
			wantGRPC(t, err, stale)
			_, err = d.campaigns().OpenCampaign(ctx, &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, WithoutKeyCheck: true})
			wantGRPC(t, err, stale)
			_, err = d.campaigns().OpenCampaign(ctx, &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: "nonsense", WithoutKeyCheck: true})
			wantGRPC(t, err, stale)
		})
	})
	c, err = d.campaigns().GetCampaign(ctx, &fairlotv1.GetCampaignRequest{Name: c.Name})
	must(t, err)
	t.Run("slug is fixed", func(t *testing.T) {
		mine := proto.Clone(c).(*fairlotv1.Campaign)
		mine.Slug = "another"
		d.unchanged(t, func() {
			_, err := d.campaigns().UpdateCampaign(ctx, &fairlotv1.UpdateCampaignRequest{Campaign: mine})
			wantGRPC(t, err, invalidAt(engine.FieldInvalid, "campaign.slug"))
		})
	})
	t.Run("one language twice", func(t *testing.T) {
		for path, spoil := range map[string]func(c *fairlotv1.Campaign){
			"campaign.title":  func(c *fairlotv1.Campaign) { c.Title = append(c.Title[:1:1], c.Title[0]) },
			"campaign.notice": func(c *fairlotv1.Campaign) { c.Notice = append(c.Notice[:1:1], c.Notice[0]) },
			"campaign.consents[1].text": func(c *fairlotv1.Campaign) {
				c.Consents[1].Text = append(c.Consents[1].Text[:1:1], c.Consents[1].Text[0])
			},
			"campaign.draws[0].tiers[1].title": func(c *fairlotv1.Campaign) { x := c.Draws[0].Tiers[1]; x.Title = append(x.Title[:1:1], x.Title[0]) },
		} {
			mine := proto.Clone(c).(*fairlotv1.Campaign)
			spoil(mine)
			d.unchanged(t, func() {
				_, err := d.campaigns().UpdateCampaign(ctx, &fairlotv1.UpdateCampaignRequest{Campaign: mine})
				wantGRPC(t, err, invalidAt(engine.FieldInvalid, path))
				mine.Slug = "twice"
				_, err = create(mine, "")
				wantGRPC(t, err, invalidAt(engine.FieldInvalid, path))
			})
		}
	})
	t.Run("not there", func(t *testing.T) {
		for _, name := range []string{"campaigns/" + strings.Repeat("0", 32), "campaigns/no-such"} {
			gone := refusal{code: codes.NotFound, reason: engine.CampaignNotFound}
			mine := proto.Clone(c).(*fairlotv1.Campaign)
			mine.Name = name
			_, err := d.campaigns().UpdateCampaign(ctx, &fairlotv1.UpdateCampaignRequest{Campaign: mine})
			wantGRPC(t, err, gone)
			_, err = d.campaigns().DeleteCampaign(ctx, &fairlotv1.DeleteCampaignRequest{Name: name, Etag: "1"})
			wantGRPC(t, err, gone)
			_, err = d.campaigns().OpenCampaign(ctx, &fairlotv1.OpenCampaignRequest{Name: name, Etag: "1", WithoutKeyCheck: true})
			wantGRPC(t, err, gone)
			_, err = d.campaigns().CloseCampaign(ctx, &fairlotv1.CloseCampaignRequest{Name: name})
			wantGRPC(t, err, gone)
			_, err = d.campaigns().GetTallies(ctx, &fairlotv1.GetTalliesRequest{Name: name})
			wantGRPC(t, err, gone)
			_, err = d.draws().RunDraw(ctx, &fairlotv1.RunDrawRequest{Name: name + "/draws/1"})
			wantGRPC(t, err, gone)
			_, err = d.entries().CreateEntryTokens(ctx, &fairlotv1.CreateEntryTokensRequest{Parent: name, Count: 1})
			wantGRPC(t, err, gone)
			for _, name := range []string{"", "campaigns/", "Qname", "campaigns/a/b", "/"} {
				mine.Name = name
				_, err = d.campaigns().UpdateCampaign(ctx, &fairlotv1.UpdateCampaignRequest{Campaign: mine})
				if code := status.Code(err); code != codes.NotFound && code != codes.InvalidArgument {
					t.Errorf("update of %q: %v", name, err)
				}
			}
		}
	})
	t.Run("a draft is no campaign yet", func(t *testing.T) {
		draft := refusal{code: codes.FailedPrecondition, reason: engine.CampaignDraft}
		_, err := d.campaigns().CloseCampaign(ctx, &fairlotv1.CloseCampaignRequest{Name: c.Name})
		wantGRPC(t, err, draft)
		_, err = d.campaigns().GetTallies(ctx, &fairlotv1.GetTalliesRequest{Name: c.Name})
		wantGRPC(t, err, draft)
		_, err = d.entries().CreateEntryTokens(ctx, &fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Count: 1})
		wantGRPC(t, err, draft)
		_, err = d.draws().RunDraw(ctx, &fairlotv1.RunDrawRequest{Name: c.Name + "/draws/1"})
		wantGRPC(t, err, refusal{code: codes.NotFound, reason: engine.CampaignNotFound})
	})
	t.Run("open twice", func(t *testing.T) {
		asked, err := d.campaigns().OpenCampaign(ctx, &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, WithoutKeyCheck: true})
		must(t, err)
		d.approve(t, asked)
		opened, err := d.campaigns().GetCampaign(ctx, &fairlotv1.GetCampaignRequest{Name: c.Name})
		must(t, err)
		already := refusal{code: codes.FailedPrecondition, reason: engine.CampaignOpen}
		d.unchanged(t, func() {
			for _, etag := range []string{c.Etag, opened.Etag} {
				_, err = d.campaigns().OpenCampaign(ctx, &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: etag, WithoutKeyCheck: true})
				wantGRPC(t, err, already)
				_, err = d.campaigns().DeleteCampaign(ctx, &fairlotv1.DeleteCampaignRequest{Name: c.Name, Etag: etag})
				wantGRPC(t, err, already)
				mine := proto.Clone(opened).(*fairlotv1.Campaign)
				mine.Etag = etag
				_, err = d.campaigns().UpdateCampaign(ctx, &fairlotv1.UpdateCampaignRequest{Campaign: mine})
				wantGRPC(t, err, already)
			}
		})
	})
	t.Run("open race", func(t *testing.T) {
		c, err := create(d.lotteryRules("open-race"), "")
		must(t, err)
		var wg sync.WaitGroup
		errs := make([]error, 6)
		asked, err := d.campaigns().OpenCampaign(ctx, &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, WithoutKeyCheck: true})
		must(t, err)
		again, err := d.campaigns().OpenCampaign(ctx, &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, WithoutKeyCheck: true})
		if must(t, err); again.Name != asked.Name {
			t.Error("asked for twice, and two approvals wait")
		}
		before, err := d.rooms.Registry.LogSize(t.Context())
		must(t, err)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = d.approvals().Approve(as(t, d.second), &fairlotv1.ApproveRequest{Name: asked.Name, Digest: asked.Digest})
			})
		}
		wg.Wait()
		for _, err := range errs {
			if code := status.Code(err); err != nil && code != codes.Aborted && code != codes.FailedPrecondition {
				t.Error(err)
			}
		}
		after, err := d.rooms.Registry.LogSize(t.Context())
		must(t, err)
		c, err = d.campaigns().GetCampaign(ctx, &fairlotv1.GetCampaignRequest{Name: c.Name})
		if must(t, err); c.State != fairlotv1.CampaignState_CAMPAIGN_STATE_OPEN || after != before+1 {
			t.Errorf("state %v, and %d records", c.State, after-before)
		}
	})
	t.Run("delete", func(t *testing.T) {
		c, err := create(d.lotteryRules("deleted"), "")
		must(t, err)
		_, err = d.campaigns().DeleteCampaign(ctx, &fairlotv1.DeleteCampaignRequest{Name: c.Name, Etag: c.Etag})
		must(t, err)
		_, err = d.campaigns().DeleteCampaign(ctx, &fairlotv1.DeleteCampaignRequest{Name: c.Name, Etag: c.Etag})
		wantGRPC(t, err, refusal{code: codes.NotFound, reason: engine.CampaignNotFound})
		_, err = create(d.lotteryRules("deleted"), "")
		must(t, err)
	})
}

// TestRulesThatCannotOpen spoils rules one by one, and all at once.
func TestRulesThatCannotOpen(t *testing.T) {
	d := open(t)
	ctx := as(t, d.officer)
	classic, err := custody.NewClassicKey()
	must(t, err)
	_, logKey, err := ledger.GenerateLogKey("wrong.example")
	must(t, err)
	n := 0
	try := func(t *testing.T, c *fairlotv1.Campaign, want refusal) {
		t.Helper()
		n++
		c.Slug = fmt.Sprintf("spoilt-%d", n)
		draft, err := d.campaigns().CreateCampaign(ctx, &fairlotv1.CreateCampaignRequest{Campaign: c})
		if err != nil { // some are refused as drafts already
			wantGRPC(t, err, want)
			return
		}
		d.unchanged(t, func() {
			_, err = d.campaigns().OpenCampaign(ctx, &fairlotv1.OpenCampaignRequest{Name: draft.Name, Etag: draft.Etag, WithoutKeyCheck: true})
			wantGRPC(t, err, want)
		})
	}
	later := func(c *fairlotv1.Campaign, after time.Duration) *timestamppb.Timestamp {
		return timestamppb.New(c.EntriesEnd.AsTime().Add(after))
	}
	rules := func(f func(c *fairlotv1.Campaign)) func() *fairlotv1.Campaign {
		return func() *fairlotv1.Campaign { c := d.lotteryRules("x"); f(c); return c }
	}
	alone := func(f func(c *fairlotv1.Campaign)) func() *fairlotv1.Campaign {
		return func() *fairlotv1.Campaign { c := surveyOnly(); f(c); return c }
	}
	type spoilt struct {
		field string
		make  func() *fairlotv1.Campaign
	}
	for name, x := range map[string]spoilt{
		"no survey, no draw":        {"campaign.survey_json", alone(func(c *fairlotv1.Campaign) { c.SurveyJson = "" })},
		"survey not JSON":           {"campaign.survey_json", alone(func(c *fairlotv1.Campaign) { c.SurveyJson = "{" })},
		"survey with unknown type":  {"campaign.survey_json elements[0].type", alone(func(c *fairlotv1.Campaign) { c.SurveyJson = strings.Replace(survey, "radiogroup", "signaturepad", 1) })},
		"entries end in the past":   {"campaign.entries_end", rules(func(c *fairlotv1.Campaign) { c.EntriesEnd = timestamppb.New(d.now().Add(-time.Second)) })},
		"objections end first":      {"campaign.objections_end", rules(func(c *fairlotv1.Campaign) { c.ObjectionsEnd = later(c, -time.Second) })},
		"consent twice":             {"campaign.consents[1].code", rules(func(c *fairlotv1.Campaign) { c.Consents[1].Code = "rules" })},
		"consent about no answers":  {"campaign.consents[1].about_answers", rules(func(c *fairlotv1.Campaign) { c.SurveyJson = "" })},
		"form without draw":         {"campaign.form", alone(func(c *fairlotv1.Campaign) { c.Form = d.lotteryRules("x").Form; c.Draws = nil })},
		"custodians without draw":   {"campaign.custodians", alone(func(c *fairlotv1.Campaign) { c.Custodians = d.lotteryRules("x").Custodians })},
		"person consent, no person": {"campaign.consents", alone(func(c *fairlotv1.Campaign) { c.Consents = d.lotteryRules("x").Consents[:1] })},
		"no proof, no objections":   {"campaign.objections_end", rules(func(c *fairlotv1.Campaign) { c.Proof, c.ChancesCap = fairlotv1.Proof_PROOF_NONE, 1 })},
		"no proof, many chances":    {"campaign.chances_cap", rules(func(c *fairlotv1.Campaign) { withoutProof(c).ChancesCap = 2 })},
		"nowhere to write":          {"campaign.form", rules(func(c *fairlotv1.Campaign) { c.Form.Email = fairlotv1.FieldRule_FIELD_RULE_OPTIONAL })},
		"no custodian":              {"campaign.custodians", rules(func(c *fairlotv1.Campaign) { c.Custodians = nil })},
		"threshold too high":        {"campaign.threshold", rules(func(c *fairlotv1.Campaign) { c.Threshold = 4 })},
		"blank in the notice": {"campaign.notice", rules(func(c *fairlotv1.Campaign) {
			c.Notice[0].Text += "\n四、請洽：【待填：承辦單位及電話】。"
		})},
		"blank in the description": {"campaign.description", rules(func(c *fairlotv1.Campaign) { c.Description = texts("說明", "By [TO FILL IN: who") })},
		"blank in a prize":         {"campaign.draws[0].tiers[0].title", rules(func(c *fairlotv1.Campaign) { c.Draws[0].Tiers[0].Title[0].Text = "【待填】" })},
		"blank in the survey": {"campaign.survey_json", rules(func(c *fairlotv1.Campaign) {
			c.SurveyJson = strings.Replace(survey, `"title":`, `"title":"[TO FILL IN: x]","was":`, 1)
		})},
		"a sample without an auditor": {"campaign.auditor", rules(func(c *fairlotv1.Campaign) { c.Audit = 5 })},
		"a sample unannounced":        {"campaign.notice", rules(func(c *fairlotv1.Campaign) { c.Audit, c.Auditor = 5, 1 })},
		"no notifier":                 {"campaign.notifiers", rules(func(c *fairlotv1.Campaign) { c.Notifiers = nil })},
		"drawn within the margin":     {"campaign.draws[0].draw_time", rules(func(c *fairlotv1.Campaign) { c.Draws[0].DrawTime = later(c, 59*time.Second) })},
		"draws out of order": {"campaign.draws[1].draw_time", rules(func(c *fairlotv1.Campaign) {
			two := proto.Clone(c.Draws[0]).(*fairlotv1.DrawRules)
			two.DrawTime = later(c, 100*time.Second)
			c.Draws = append(c.Draws, two)
		})},
		"mixed recipients":  {"campaign.custodians", rules(func(c *fairlotv1.Campaign) { c.Custodians[1].Recipient = classic.Recipient() })},
		"a recipient twice": {"campaign.custodians", rules(func(c *fairlotv1.Campaign) { c.Custodians[1].Recipient = c.Custodians[0].Recipient })},
		"plugin recipient": {"campaign.custodians", rules(func(c *fairlotv1.Campaign) {
			c.Custodians[1].Recipient = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"
		})},
		"no recipient at all": {"campaign.custodians", rules(func(c *fairlotv1.Campaign) { c.Custodians[1].Recipient = "age1nonsense" })},
		"plugin for a notifier": {"campaign.notifiers", rules(func(c *fairlotv1.Campaign) {
			c.Notifiers = []string{"age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"}
		})},
		"a notifier twice":      {"campaign.notifiers", rules(func(c *fairlotv1.Campaign) { c.Notifiers = append(c.Notifiers, c.Notifiers[0]) })},
		"cosigner is a log key": {"campaign.custodians[2].cosigner", rules(func(c *fairlotv1.Campaign) { c.Custodians[2].Cosigner = logKey })},
		"cosigner with a slip":  {"campaign.custodians[0].cosigner", rules(func(c *fairlotv1.Campaign) { c.Custodians[0].Cosigner = slip(c.Custodians[0].Cosigner) })},
		"cosigner of nothing":   {"campaign.custodians[1].cosigner", rules(func(c *fairlotv1.Campaign) { c.Custodians[1].Cosigner = "Qname Qname Qname" })},
		"a cosigner twice":      {"campaign.custodians", rules(func(c *fairlotv1.Campaign) { c.Custodians[1].Cosigner = c.Custodians[0].Cosigner })},
		"beacon with other key": {"campaign.draws[0].beacon", rules(func(c *fairlotv1.Campaign) { c.Draws[0].Beacon.Key = bytes.Repeat([]byte{7}, 96) })},
		"title of two lines":    {"campaign.title", rules(func(c *fairlotv1.Campaign) { c.Title[0].Text = "a\nb" })},
		"title of spaces":       {"campaign.title", rules(func(c *fairlotv1.Campaign) { c.Title[0].Text = "   " })},
		"invisible in a title":  {"campaign.title", rules(func(c *fairlotv1.Campaign) { c.Title[1].Text = "a\u202eb" })},
		"beacon that is late":   {"campaign.draws[0].beacon", rules(func(c *fairlotv1.Campaign) { c.Draws[0].Beacon.Genesis = 253402300799 })},
		"blank notice":          {"campaign.notice", rules(func(c *fairlotv1.Campaign) { c.Notice[0].Text = " \n " })},
		"NUL in a notice":       {"campaign.notice", rules(func(c *fairlotv1.Campaign) { c.Notice[0].Text = "a\x00b" })},
		"override in a notice":  {"campaign.notice", rules(func(c *fairlotv1.Campaign) { c.Notice[1].Text = "a\u202eb" })},
		"notice with a tag":     {"campaign.notice", rules(func(c *fairlotv1.Campaign) { c.Notice = texts("a\n[en]\nb", "c") })},
		"NUL in a description":  {"campaign.description", rules(func(c *fairlotv1.Campaign) { c.Description = texts("a", "a\x00b") })},
		"long tier title":       {"campaign.draws[0].tiers[0].title", rules(func(c *fairlotv1.Campaign) { c.Draws[0].Tiers[0].Title[0].Text = strings.Repeat("字", 667) })},
	} {
		t.Run(name, func(t *testing.T) { try(t, x.make(), invalidAt(engine.RulesInvalid, x.field)) })
	}
	for name, x := range map[string]spoilt{
		"no title":           {"campaign.title", rules(func(c *fairlotv1.Campaign) { c.Title = nil })},
		"no notice":          {"campaign.notice", rules(func(c *fairlotv1.Campaign) { c.Notice = nil })},
		"no end":             {"campaign.entries_end", rules(func(c *fairlotv1.Campaign) { c.EntriesEnd = nil })},
		"no draw time":       {"campaign.draws[0].draw_time", rules(func(c *fairlotv1.Campaign) { c.Draws[0].DrawTime = nil })},
		"no tier":            {"campaign.draws[0].tiers", rules(func(c *fairlotv1.Campaign) { c.Draws[0].Tiers = nil })},
		"tier of none":       {"campaign.draws[0].tiers[0].count", rules(func(c *fairlotv1.Campaign) { c.Draws[0].Tiers[0].Count = 0 })},
		"unknown language":   {"campaign.title[0].lang", rules(func(c *fairlotv1.Campaign) { c.Title[0].Lang = "fr" })},
		"unknown proof":      {"campaign.proof", rules(func(c *fairlotv1.Campaign) { c.Proof = 9 })},
		"negative register":  {"campaign.register", rules(func(c *fairlotv1.Campaign) { c.Register = -1 })},
		"sample of 2,501":    {"campaign.audit", rules(func(c *fairlotv1.Campaign) { c.Audit = 2501 })},
		"negative sample":    {"campaign.audit", rules(func(c *fairlotv1.Campaign) { c.Audit = -1 })},
		"short chain hash":   {"campaign.draws[0].beacon.chain", rules(func(c *fairlotv1.Campaign) { c.Draws[0].Beacon.Chain = []byte("x") })},
		"consent code":       {"campaign.consents[0].code", rules(func(c *fairlotv1.Campaign) { c.Consents[0].Code = "Not A Code" })},
		"no campaign at all": {"campaign", func() *fairlotv1.Campaign { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			d.unchanged(t, func() {
				_, err := d.campaigns().CreateCampaign(ctx, &fairlotv1.CreateCampaignRequest{Campaign: x.make()})
				wantGRPC(t, err, invalidAt(engine.FieldInvalid, x.field))
			})
		})
	}
	t.Run("all at once", func(t *testing.T) {
		c := d.lotteryRules("x")
		c.EntriesEnd, c.Threshold, c.Notifiers, c.Custodians[0].Cosigner = timestamppb.New(d.now().Add(-time.Hour)), 4, nil, "not a key at all"
		for _, field := range []string{"campaign.entries_end", "campaign.threshold", "campaign.notifiers", "campaign.custodians[0].cosigner"} {
			try(t, proto.Clone(c).(*fairlotv1.Campaign), invalidAt(engine.RulesInvalid, field))
		}
	})
}

// TestDraftRoundTrip reads a draft with everything in it, sends it back unchanged, and reads the same.
func TestDraftRoundTrip(t *testing.T) {
	d := open(t)
	want := withoutProof(d.lotteryRules("round-trip"))
	want.Description, want.Register = texts("第一行\n\n  · 第二行", "First line\n\n\tsecond"), 1234
	want.Form.Card = fairlotv1.FieldRule_FIELD_RULE_REQUIRED
	want.Draws[0].Forfeit = true
	want.Draws[0].Tiers[0].Value, want.TaxAbove = 20010, 2000
	want.Audit, want.Auditor = 300, 2
	want.Strata, want.StrataBy = []*fairlotv1.Stratum{{Title: texts("北館", "North")}, {Title: texts("南館", "South")}}, fairlotv1.StrataBy_STRATA_BY_ENTRANT
	want.Draws[0].Tiers[0].Stratum, want.Draws[0].Tiers[1].Stratum = 1, 2
	shared := proto.Clone(want.Draws[0]).(*fairlotv1.DrawRules)
	shared.Tiers, shared.Proportional = []*fairlotv1.Tier{{Count: 6, Title: texts("袋", "A bag")}}, true
	want.Draws = append(want.Draws, shared)
	want.WinnerList = &fairlotv1.WinnerList{Name: fairlotv1.NameMask_NAME_MASK_ENDS, CompoundSurnames: true, IdNumber: fairlotv1.IDMask_ID_MASK_MIDDLE}
	want.Claim = texts("憑收據與身分證件至總館服務台領取，電話 02-0000-0000", "At the main library's desk with receipt and identity document, telephone 02-0000-0000")
	first, err := d.campaigns().CreateCampaign(as(t, d.officer), &fairlotv1.CreateCampaignRequest{Campaign: want})
	must(t, err)
	second, err := d.campaigns().UpdateCampaign(as(t, d.officer), &fairlotv1.UpdateCampaignRequest{Campaign: first})
	must(t, err)
	read, err := d.campaigns().GetCampaign(as(t, d.officer), &fairlotv1.GetCampaignRequest{Name: "campaigns/round-trip"})
	must(t, err)
	if !proto.Equal(second, read) || first.Etag == second.Etag || len(first.NoticeHash) != 64 {
		t.Errorf("read %v, written %v", read, second)
	}
	for _, got := range []*fairlotv1.Campaign{first, second} {
		got = proto.Clone(got).(*fairlotv1.Campaign)
		got.Name, got.State, got.Etag, got.NoticeHash = "", 0, "", ""
		if !proto.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
}

// TestEntryTokenRequests asks for tokens as nobody should.
func TestEntryTokenRequests(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("token-requests"))
	none := d.opened(t, withoutProof(d.lotteryRules("token-none")))
	d.unchanged(t, func() {
		for field, req := range map[string]*fairlotv1.CreateEntryTokensRequest{
			"count":       {Parent: c.Name, Count: 10001},
			"chances":     {Parent: c.Name, Count: 1, Chances: 4},
			"expire_time": {Parent: c.Name, Count: 1, ExpireTime: timestamppb.New(d.now().Add(-time.Second))},
			"parent":      {Parent: none.Name, Count: 1},
			"stratum":     {Parent: c.Name, Count: 1, Stratum: 1},
		} {
			_, err := d.entries().CreateEntryTokens(as(t, d.officer), req)
			wantGRPC(t, err, invalidAt(engine.FieldInvalid, field))
		}
		for _, count := range []int32{0, -1} {
			_, err := d.entries().CreateEntryTokens(as(t, d.officer), &fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Count: count})
			wantGRPC(t, err, invalidAt(engine.FieldInvalid, "count"))
		}
		_, err := d.entries().CreateEntryTokens(as(t, d.notifier), &fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Count: 1})
		wantGRPC(t, err, refusal{code: codes.PermissionDenied, reason: engine.RoleRefused})
		for _, tokens := range [][]string{nil, {strings.Repeat("Q", 65)}} {
			_, err := d.entries().RevokeEntryTokens(as(t, d.officer), &fairlotv1.RevokeEntryTokensRequest{Parent: c.Name, Tokens: tokens})
			wantGRPC(t, err, refusal{code: codes.InvalidArgument, reason: engine.FieldInvalid}, strings.Repeat("Q", 65))
		}
	})
	token := d.tokens(t, c, 1)[0]
	for path, b := range d.onDisk(t) {
		if bytes.Contains(b, []byte(token)) || bytes.Contains(b, []byte(strings.ReplaceAll(token, "-", ""))) {
			t.Errorf("%s holds a token", path)
		}
	}
}

// slip changes one letter in the middle of a key.
func slip(key string) string {
	b := []byte(key)
	i := len(b) - 10
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

// TestStaffTokens makes, lists and revokes, and refuses what is no token.
func TestStaffTokens(t *testing.T) {
	d := open(t)
	staff := fairlotv1.NewStaffServiceClient(d.conn)
	ctx := as(t, d.admin)
	for name, x := range map[string]struct {
		req   *fairlotv1.CreateStaffTokenRequest
		field string
	}{
		"no role":     {&fairlotv1.CreateStaffTokenRequest{Label: "x"}, "role"},
		"public role": {&fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_PUBLIC, Label: "x"}, "role"},
		"role 99":     {&fairlotv1.CreateStaffTokenRequest{Role: 99, Label: "x"}, "role"},
		"no label":    {&fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_OFFICER}, "label"},
		"long label":  {&fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_OFFICER, Label: strings.Repeat("字", 34)}, "label"},
		"ten years":   {&fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_OFFICER, Label: "x", Days: 3650}, "days"},
		"minus days":  {&fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_OFFICER, Label: "x", Days: -1}, "days"},
	} {
		t.Run(name, func(t *testing.T) {
			d.unchanged(t, func() {
				_, err := staff.CreateStaffToken(ctx, x.req)
				wantGRPC(t, err, invalidAt(engine.FieldInvalid, x.field))
			})
		})
	}
	made, err := staff.CreateStaffToken(ctx, &fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_NOTIFIER, Label: "desk", Days: 1})
	must(t, err)
	list := func(ctx context.Context) error {
		_, err := fairlotv1.NewNotificationServiceClient(d.conn).ListNotifications(ctx, &fairlotv1.ListNotificationsRequest{Parent: "campaigns/x/draws/1"})
		return err
	}
	if err := list(as(t, made.Token)); status.Code(err) != codes.NotFound {
		t.Fatal(err)
	}
	_, err = staff.ListStaffTokens(as(t, made.Token), &fairlotv1.ListStaffTokensRequest{})
	wantGRPC(t, err, refusal{code: codes.PermissionDenied, reason: engine.RoleRefused}, made.Token)
	all, err := staff.ListStaffTokens(ctx, &fairlotv1.ListStaffTokensRequest{})
	must(t, err)
	if len(all.Tokens) != 6 || strings.Contains(all.String(), strings.Split(made.Token, "_")[2]) {
		t.Errorf("%d tokens: %v", len(all.Tokens), all)
	}
	rows := d.acts(t, 0)
	rows = slices.DeleteFunc(rows, func(a trail.Act) bool {
		return a.Method != "StaffService/CreateStaffToken" || a.Outcome == string(engine.FieldInvalid)
	})
	if len(rows) != 2 || rows[0].NewRole != "notifier" || rows[0].NewLabel != "desk" || rows[1].NewRole != "notifier" || rows[1].NewLabel != "desk" {
		t.Errorf("the trail does not say for whom a token was made: %+v", rows)
	}
	for _, a := range d.acts(t, 0) {
		if a.NewRole == "public" || a.NewRole == "unspecified" || a.NewRole == "99" {
			t.Errorf("the trail has a role that is none: %+v", a)
		}
	}
	for path, b := range d.onDisk(t) {
		if bytes.Contains(b, []byte(strings.Split(made.Token, "_")[2])) {
			t.Errorf("%s holds the token", path)
		}
	}
	now := d.now()
	d.stopClock(now.Add(25 * time.Hour))
	invalid := refusal{code: codes.Unauthenticated, reason: engine.StaffTokenInvalid}
	wantGRPC(t, list(as(t, made.Token)), invalid, made.Token)
	d.stopClock(now)
	for range 2 { // revoking twice is the same
		_, err = staff.RevokeStaffToken(ctx, &fairlotv1.RevokeStaffTokenRequest{Id: made.Description.Id})
		must(t, err)
	}
	wantGRPC(t, list(as(t, made.Token)), invalid, made.Token)
	wantGRPC(t, list(t.Context()), invalid)
	_, err = staff.RevokeStaffToken(ctx, &fairlotv1.RevokeStaffTokenRequest{Id: strings.Repeat("0", 16)})
	wantGRPC(t, err, refusal{code: codes.NotFound, reason: engine.StaffTokenNotFound})
	_, err = staff.RevokeStaffToken(ctx, &fairlotv1.RevokeStaffTokenRequest{Id: "Qname"})
	wantGRPC(t, err, invalidAt(engine.FieldInvalid, "id"))
}
