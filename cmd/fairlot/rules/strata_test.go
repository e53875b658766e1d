package rules

import (
	"strings"
	"testing"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// branches are sound rules with three strata: prizes of their own in the first draw, shared ones in the second.
func branches() *fairlotv1.Campaign {
	c := sound()
	for _, name := range []string{"North", "Hill", "South"} {
		c.Strata = append(c.Strata, &fairlotv1.Stratum{Title: text(name)})
	}
	c.StrataBy = fairlotv1.StrataBy_STRATA_BY_TOKEN
	c.ChancesCap, c.Batch, c.Register = 1, 50, 300
	c.Draws[0].Tiers = []*fairlotv1.Tier{{Stratum: 1, Count: 1, Title: text("Book")}, {Stratum: 2, Count: 1, Title: text("Globe")}, {Stratum: 2, Count: 2, Title: text("Puzzle")}, {Stratum: 3, Count: 5, Title: text("Voucher")}}
	c.Draws[1].Tiers, c.Draws[1].Proportional = []*fairlotv1.Tier{{Count: 6, Title: text("Bag")}}, true
	return c
}

// TestStrataExplained: whose prizes are whose, the odds of each stratum, and what becomes of one that is too small, in both languages.
func TestStrataExplained(t *testing.T) {
	explained := func(c *fairlotv1.Campaign, lang string, in []int64) string {
		t.Helper()
		s, err := Of(c)
		if err != nil {
			t.Fatal(err)
		}
		s.In = in
		all := strings.Join(s.Explain(lang, nil), "\n")
		if strings.Contains(all, "%!") {
			t.Error(all)
		}
		return all
	}
	for _, x := range []struct {
		lang string
		in   []int64
		want []string
	}{
		{English, nil, []string{"Drawn in 3 strata: 1 North, 2 Hill, 3 South.", "The one-use code decides the stratum.", "fewer than 50 entrants with chances at the close is drawn together with the next",
			"Stratum 2 Hill, prize 2: 2 × Puzzle", "Stratum 3 South, prize 1: 5 × Voucher", "6 × Bag, shared among 3 strata",
			"With 300 entrants of one chance each, spread evenly over the strata:", "stratum 1 North, 100 entrants, prizes: 1; 1 % (about 1 in 100) to win.",
			"stratum 2 Hill, 100 entrants: 3 % (about 1 in 33) to win, 1 % (about 1 in 100) to win prize 1.", "stratum 3 South, 100 entrants, prizes: 2; 2 %"}},
		{English, []int64{120, 40, 160}, []string{"With so many entrants in each stratum", "stratum 1 North, 120 entrants, prizes: 1; 0.83 %",
			"stratum 2 Hill + 3 South, 200 entrants: 4 % (about 1 in 25) to win, 3 % (about 1 in 33) to win prize 1.", "stratum 2 Hill + 3 South, 200 entrants, prizes: 4; 2 %"}},
		{English, []int64{0, 0, 0}, []string{"stratum 1 North + 2 Hill + 3 South: nobody."}},
		{Chinese, []int64{120, 40, 160}, []string{"分 3 組抽獎：第 1 組「North中」、第 2 組「Hill中」、第 3 組「South中」。", "組別由一次性代碼決定。", "第 2 組「Hill中」第 2 獎：2 份 Puzzle中", "第 1 獎：6 份 Bag中，依各組有機會的人數比例分配到 3 組",
			"第 2 組「Hill中」、第 3 組「South中」 200 人：中獎 4%（約 25 分之 1）"}},
	} {
		all := explained(branches(), x.lang, x.in)
		for _, want := range x.want {
			if !strings.Contains(all, want) {
				t.Errorf("%s %v lacks %q:\n%s", x.lang, x.in, want, all)
			}
		}
	}
	more := branches()
	more.ChancesCap, more.StrataBy = 3, fairlotv1.StrataBy_STRATA_BY_ENTRANT
	if all := explained(more, English, nil); !strings.Contains(all, "one of them with 3 chances: 2.9 %") || !strings.Contains(all, "Entrants choose their stratum") {
		t.Error(all)
	}
	for _, spoil := range []func(c *fairlotv1.Campaign){
		func(c *fairlotv1.Campaign) { c.Draws[0].Tiers[3].Stratum = 4 },
		func(c *fairlotv1.Campaign) { c.Draws[0].Tiers[3].Stratum = 0 },
		func(c *fairlotv1.Campaign) { c.Draws[0].Proportional = true },
	} {
		c := branches()
		spoil(c)
		if _, err := Of(c); err == nil {
			t.Error("what no daemon opens was explained")
		}
	}
}

// TestStrataLinted: codes decide and every stratum is large: nothing hurts.
func TestStrataLinted(t *testing.T) {
	for _, x := range []struct {
		want string
		in   []int64
		by   fairlotv1.StrataBy
	}{
		{"", nil, fairlotv1.StrataBy_STRATA_BY_TOKEN}, {"", []int64{50, 50, 50}, fairlotv1.StrataBy_STRATA_BY_TOKEN},
		{"strata-chosen", nil, fairlotv1.StrataBy_STRATA_BY_ENTRANT},
		{"stratum-joined 1, prizes-joined 1, stratum-joined 2", []int64{50, 49, 200}, fairlotv1.StrataBy_STRATA_BY_TOKEN},
	} {
		c := branches()
		c.StrataBy = x.by
		s, err := Of(c)
		if err != nil {
			t.Fatal(err)
		}
		s.In = x.in
		var codes []string
		for _, f := range s.Lint(nil) {
			if f.Draw > 0 {
				f.Code += " " + string(rune('0'+f.Draw))
			}
			codes = append(codes, f.Code)
			if strings.Contains(f.EN+f.ZH, "%!") {
				t.Error(f.EN, f.ZH)
			}
		}
		if got := strings.Join(codes, ", "); got != x.want {
			t.Errorf("%v by %v: found %q, want %q", x.in, x.by, got, x.want)
		}
	}
	joined := branches()
	s, err := Of(joined)
	if err != nil {
		t.Fatal(err)
	}
	s.In = []int64{120, 40, 160} // the second goes to the third, whose prize 1 they both have; prize 2 the third lacks
	found := s.Lint(nil)
	if len(found) != 3 || found[1].Code != "prizes-joined" ||
		found[1].EN != "stratum 3, with those drawn together with it, then has prize 1: 6 × Voucher; prize 2: 2 × Puzzle. NOBODY GETS what the following say: stratum 2 Hill, prize 1: Globe." ||
		found[1].ZH != "第 3 組與併入的組一起抽時，獎項為：第 1 獎 6 份 Voucher中；第 2 獎 2 份 Puzzle中。沒有人會得到：第 2 組「Hill中」第 1 獎 Globe中。" {
		t.Errorf("%+v", found)
	}
	for want, spoil := range map[string]func(c *fairlotv1.Campaign){
		"strata-by":     func(c *fairlotv1.Campaign) { c.StrataBy = 0 },
		"stratum-empty": func(c *fairlotv1.Campaign) { c.Draws[0].Tiers = c.Draws[0].Tiers[:3] },
		"tiers-order": func(c *fairlotv1.Campaign) {
			c.Draws[0].Tiers[0], c.Draws[0].Tiers[1] = c.Draws[0].Tiers[1], c.Draws[0].Tiers[0]
		},
	} {
		c := branches()
		spoil(c)
		s, err := Of(c)
		if err != nil {
			t.Fatal(err)
		}
		if found := s.Lint(nil); len(found) != 1 || found[0].Code != want || strings.Contains(found[0].EN+found[0].ZH, "%!") {
			t.Errorf("%s: %+v", want, found)
		}
		s.In = []int64{120, 40, 160} // nothing of it may trip over what stands there
		for _, f := range s.Lint(nil) {
			if f.Code == "prizes-joined" && want == "tiers-order" {
				t.Errorf("the prizes of tiers in the wrong order are told: %s", f.EN)
			}
		}
		s.Explain(English, nil)
	}
	c := branches()
	c.StrataBy = fairlotv1.StrataBy_STRATA_BY_ENTRANT
	c.Draws = c.Draws[1:]
	if s, err := Of(c); err != nil || len(s.Lint(nil)) > 0 {
		t.Errorf("shared by numbers, the choice gains nothing: %v", err)
	}
}
