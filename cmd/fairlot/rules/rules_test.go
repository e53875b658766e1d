package rules

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

func text(s string) []*fairlotv1.LocalizedText {
	return []*fairlotv1.LocalizedText{{Lang: "zh-Hant-TW", Text: s + "中"}, {Lang: "en", Text: s}}
}

// sound are rules in which nothing is found.
func sound() *fairlotv1.Campaign {
	end := time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC)
	return &fairlotv1.Campaign{
		Title: text("Spring"), SurveyJson: "{}", Batch: 50, Register: 1000, ChancesCap: 3, Threshold: 2, RetentionDays: 30,
		Custodians: []*fairlotv1.Custodian{{}, {}, {}}, EntriesEnd: timestamppb.New(end),
		Draws: []*fairlotv1.DrawRules{{
			Tiers: []*fairlotv1.Tier{{Count: 1, Title: text("Reader")}, {Count: 9, Title: text("Bag")}}, Alternates: 5, ClaimDays: 14,
			DrawTime: timestamppb.New(end.Add(24 * time.Hour)),
		}, {
			Tiers: []*fairlotv1.Tier{{Count: 2, Title: text("Voucher")}}, Forfeit: true, DrawTime: timestamppb.New(end.Add(48 * time.Hour)),
		}},
	}
}

// TestLint breaks sound rules in one way each.
func TestLint(t *testing.T) {
	for _, x := range []struct {
		want  string
		spoil func(*fairlotv1.Campaign)
	}{
		{"", func(*fairlotv1.Campaign) {}},
		{"", func(c *fairlotv1.Campaign) { c.Batch = 0 }},
		{"", func(c *fairlotv1.Campaign) { c.SurveyJson, c.Batch = "", 2 }},
		{"", func(c *fairlotv1.Campaign) { c.Draws, c.Register, c.Custodians, c.Threshold = nil, 0, nil, 0 }},
		{"batch-small", func(c *fairlotv1.Campaign) { c.Batch = 49 }},
		{"register-missing", func(c *fairlotv1.Campaign) { c.Register = 0 }},
		{"retention-missing", func(c *fairlotv1.Campaign) { c.RetentionDays = 0 }},
		{"proof-none", func(c *fairlotv1.Campaign) { c.Proof = fairlotv1.Proof_PROOF_NONE }},
		{"threshold-one", func(c *fairlotv1.Campaign) { c.Threshold = 1 }},
		{"threshold-one", func(c *fairlotv1.Campaign) { c.Threshold, c.Custodians = 0, c.Custodians[:1] }},
		{"threshold-all", func(c *fairlotv1.Campaign) { c.Threshold = 3 }},
		{"beacon-other", func(c *fairlotv1.Campaign) { c.Draws[0].Beacon = &fairlotv1.Beacon{PeriodSeconds: 3} }},
		{"draw-early", func(c *fairlotv1.Campaign) { c.Draws[0].DrawTime = c.EntriesEnd }},
		{"draw-early", func(c *fairlotv1.Campaign) {
			c.ObjectionsEnd = timestamppb.New(c.Draws[0].DrawTime.AsTime().Add(-59 * time.Minute))
		}},
		{"cosign-short", func(c *fairlotv1.Campaign) {
			c.Draws[0].DrawTime = timestamppb.New(c.EntriesEnd.AsTime().Add(90 * time.Minute))
		}},
		{"margin-short", func(c *fairlotv1.Campaign) { c.Draws[0].MarginSeconds = 599 }},
		{"alternates-unused", func(c *fairlotv1.Campaign) { c.Draws[1].Alternates = 1 }},
		{"alternates-none", func(c *fairlotv1.Campaign) { c.Draws[0].Alternates = 0 }},
		{"claim-unlimited", func(c *fairlotv1.Campaign) { c.Draws[0].ClaimDays = 0 }},
		{"", func(c *fairlotv1.Campaign) { c.Audit, c.Notice = 59, text("An auditor sees some. 抽查") }},
		{"audit-small", func(c *fairlotv1.Campaign) { c.Audit, c.Notice = 58, text("An auditor sees some. 抽查") }},
		{"audit-notice", func(c *fairlotv1.Campaign) {
			c.Audit, c.Notice = 59, []*fairlotv1.LocalizedText{{Lang: "en", Text: "Auditing"}, {Lang: "zh-Hant-TW", Text: "個資"}}
		}},
		{"audit-notice", func(c *fairlotv1.Campaign) {
			c.Audit, c.Notice = 59, []*fairlotv1.LocalizedText{{Lang: "en", Text: "The plaudits"}}
		}},
		{"prizes-many", func(c *fairlotv1.Campaign) { c.Draws[0].Tiers[1].Count = 1000 }},
		{"", func(c *fairlotv1.Campaign) { c.Draws[1].EarlierWinnersOut = true }},
		{"", func(c *fairlotv1.Campaign) {
			c.Draws[1].EarlierWinnersOut = true
			c.Draws[1].DrawTime = timestamppb.New(c.Draws[0].DrawTime.AsTime().Add(3 * time.Hour))
		}},
		{"earlier-near", func(c *fairlotv1.Campaign) {
			c.Draws[1].EarlierWinnersOut = true
			c.Draws[1].DrawTime = timestamppb.New(c.Draws[0].DrawTime.AsTime().Add(3*time.Hour - 6*time.Second))
		}},
		{"earlier-first", func(c *fairlotv1.Campaign) { c.Draws[0].EarlierWinnersOut = true }},
		{"prizes-many", func(c *fairlotv1.Campaign) { c.Register, c.Draws[1].EarlierWinnersOut = 11, true }},
	} {
		c := sound()
		x.spoil(c)
		s, err := Of(c)
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, f := range s.Lint(nil) {
			codes = append(codes, f.Code)
			if f.EN == "" || f.ZH == "" || f.EN == f.ZH || strings.Contains(f.EN+f.ZH, "%!") {
				t.Errorf("%s: %q, %q", x.want, f.EN, f.ZH)
			}
		}
		if got := strings.Join(codes, " "); got != x.want {
			t.Errorf("found %q, want %q", got, x.want)
		}
	}
	s, _ := Of(sound())
	if f := s.Lint([]int64{9}); len(f) != 1 || f[0].Code != "prizes-many" {
		t.Errorf("ten prizes for nine: %v", f)
	}
}

// TestPercent rounds up: what it says is never less than what it is.
func TestPercent(t *testing.T) {
	for _, x := range []struct {
		part, pool int64
		want       string
	}{{0, 7, "0.00 %"}, {1, 1_000_000_000, "0.01 %"}, {1, 3, "33.34 %"}, {1, 2, "50.00 %"}, {9_999, 10_000, "99.99 %"}, {999_999_999, 1_000_000_000, "100.00 %"}, {7, 7, "100.00 %"}, {0, 0, "0 %"}} {
		if got := Percent(x.part, x.pool); got != x.want {
			t.Errorf("%d of %d: %s, want %s", x.part, x.pool, got, x.want)
		}
	}
}

// TestExplain reads both languages line by line.
func TestExplain(t *testing.T) {
	c := sound()
	c.Audit = 59
	s, err := Of(c)
	if err != nil {
		t.Fatal(err)
	}
	en, zh := s.Explain(English, []int64{1000, 100}), s.Explain(Chinese, []int64{1000, 100})
	if len(en) != len(zh) {
		t.Fatalf("%d lines in English, %d in Chinese", len(en), len(zh))
	}
	for i := range en {
		if (en[i] == zh[i]) != (en[i] == "") || strings.Contains(en[i]+zh[i], "%!") {
			t.Errorf("%q, %q", en[i], zh[i])
		}
	}
	for lang, want := range map[string][]string{
		English: {"Spring", "  With 1,000 entrants, all 59 of the sample opened and none false: at most 48 of them are false (4.80 %), with 95 % confidence.", "2 of 3 custodians together open a winner's contact.", "  Prize 2: 9 × Bag", "  Whoever won an earlier draw has chances in this one too.", "  A prize that its winner does not take goes to nobody.",
			"  With 100 entrants of one chance each: 10 % (about 1 in 10) to win, 1 % (about 1 in 100) to win prize 1.", "    One of them with 3 chances: 27 % (about 1 in 3.7) to win."},
		Chinese: {"Spring中", "開啟得獎者的聯絡資料需要 3 位保管人中的 2 位。", "  第 2 獎：9 份 Bag中", "  若有 1,000 人參加，各有 1 個機會：中獎 1%（約 100 分之 1），得到第 1 獎 0.1%（約 1,000 分之 1）。"},
	} {
		lines := s.Explain(lang, []int64{1000, 100})
		for _, l := range want {
			if !slices.Contains(lines, l) {
				t.Errorf("no line %q in:\n%s", l, strings.Join(lines, "\n"))
			}
		}
	}
	out := sound()
	out.Draws[1].EarlierWinnersOut = true
	s, _ = Of(out)
	lines := s.Explain(English, []int64{100, 11, 12})
	for _, want := range []string{"  Whoever won an earlier draw has no chance in this one.", "  With 11 entrants of one chance each, whoever won nothing before: from 18 % (about 1 in 5.5) to certain to win.",
		"  With 12 entrants of one chance each, whoever won nothing before: from 17 % (about 1 in 6) to certain to win.", "  With 100 entrants of one chance each, whoever won nothing before: from 2 % (about 1 in 50) to 2.2 % (about 1 in 45) to win.",
		"    One of them with 3 chances: from 5.8 % (about 1 in 17) to 6.5 % (about 1 in 16) to win."} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	if zh := s.Explain(Chinese, []int64{100}); !slices.Contains(zh, "  若有 100 人參加，各有 1 個機會，先前未得獎者：中獎 2%（約 50 分之 1） 到 2.2%（約 45 分之 1）。") {
		t.Errorf("in Chinese:\n%s", strings.Join(zh, "\n"))
	}
	if _, err := Of(&fairlotv1.Campaign{Draws: []*fairlotv1.DrawRules{{}}}); err == nil || !strings.Contains(err.Error(), "title, entriesEnd, draws[0].drawTime, draws[0].tiers") {
		t.Errorf("an empty file: %v", err)
	}
}
