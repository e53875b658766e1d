package rules

import (
	"strings"
	"testing"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestNoticeOfAudit: a number that a notice states as the sample's bound is recognised, and no other one.
func TestNoticeOfAudit(t *testing.T) {
	for _, x := range []struct {
		lang, notice string
		sentences    int
		most         int64
	}{
		{"en", "We keep it 30 days. To audit the draw, names of at most 300 entrants are opened. At most 900 people win.", 1, 300},
		{"en", "An auditor sees up to 1,000 persons; the auditor has no more than 1,500 names.", 2, 1500},
		{"en", "The auditor has at most 30 days, and answers within up to 500 hours.", 1, 0},
		{"en", "The auditor sees three hundred.", 1, 0},
		{"en", "Nothing of the kind, at most 5 persons.", 0, 0},
		{"zh-Hant-TW", "保存 30 日。為查核有無虛構的登記，每次抽獎另由亂數抽出至多 300 名參加者。得獎者至多 900 名。", 1, 300},
		{"zh-Hant-TW", "抽查最多１，０００人", 1, 1000},
		{"zh-Hant-TW", "查核至多 30 日，抽查三百人", 1, 0},
		{"fr", "un audit de at most 300 persons", 0, 0},
	} {
		if s, most := NoticeOfAudit(x.lang, x.notice); len(s) != x.sentences || most != x.most {
			t.Errorf("%s: %q, %d", x.notice, s, most)
		}
	}
}

// TestNoticeBoundsTheSample: more opened than the notice promises is found, in its language; as many, fewer, and a notice without a number are not, and are told in the explanation.
func TestNoticeBoundsTheSample(t *testing.T) {
	for audit, want := range map[int32]string{300: "", 299: "", 301: "audit-number"} {
		c := sound()
		c.Audit = audit
		c.Notice = []*fairlotv1.LocalizedText{{Lang: "en", Text: "It is audited: at most 300 persons."}, {Lang: "zh-Hant-TW", Text: "抽查若干人。"}}
		s, err := Of(c)
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, f := range s.Lint(nil) {
			codes = append(codes, f.Code)
			if f.Code == "audit-number" && (!strings.Contains(f.EN, "301") || !strings.Contains(f.EN, "300") || !strings.Contains(f.ZH, "301") || !strings.Contains(f.ZH, "300")) {
				t.Errorf("%q, %q", f.EN, f.ZH)
			}
		}
		if got := strings.Join(codes, " "); got != want {
			t.Errorf("%d: found %q, want %q", audit, got, want)
		}
		for lang, want := range map[string]string{English: `  Compare with what the notice says (en): "It is audited: at most 300 persons"`, Chinese: "  請與告知事項（zh-Hant-TW）的說法核對：「抽查若干人」"} {
			if all := strings.Join(s.Explain(lang, nil), "\n"); !strings.Contains(all, want) {
				t.Errorf("no %q in\n%s", want, all)
			}
		}
	}
}
