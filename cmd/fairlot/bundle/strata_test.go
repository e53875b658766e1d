package bundle

import (
	"fmt"
	"testing"

	"fairlot/draw"
	"fairlot/verify"
)

// TestPrizesOfStrata reads whose prizes are whose, and finds the prize of a seat where the second stratum was joined to the third: what the third has by that
// number, else what the second has.
func TestPrizesOfStrata(t *testing.T) {
	c := &Checked{prizes: map[int]draw.Prizes{}, Titles: readTitles("fairlot/v1 rules\nstrata-by token\nstratum 1 en North\nstratum 1 zh-Hant-TW 北館\nstratum 2 zh-Hant-TW 山\nstratum x en no\n" +
		"stratum-tier 1 1 1 zh-Hant-TW 書\nstratum-tier 1 1 1 en Book\nstratum-tier 1 2 1 en Globe\nstratum-tier-value 1 2 1 20010\nstratum-tier 1 2 2 en Puzzle set\nstratum-tier-value 1 2 2 2000\n" +
		"stratum-tier 1 3 1 en Voucher\nstratum-tier 1 y 1 en no\nstratum-tier 1 1\ntier 2 1 en Bag of cloth\ntier-value 2 1 5\ntax-above 1000\n")}
	c.Outcome = &verify.Outcome{
		Open: &draw.Open{Draws: []draw.DrawRules{
			{Strata: 3, Tiers: []draw.Tier{{Stratum: 1, Tier: 1, Count: 1}, {Stratum: 2, Tier: 1, Count: 1}, {Stratum: 2, Tier: 2, Count: 1}, {Stratum: 3, Tier: 1, Count: 2}}},
			{Strata: 3, Proportional: 4},
		}},
		Draws: []verify.Draw{{N: 1, Ranking: []draw.Line{{Stratum: 1, Rank: 1, Seat: 1}, {Stratum: 3, Rank: 1, Seat: 1}}}, {N: 2, Ranking: []draw.Line{{Stratum: 3, Rank: 1, Seat: 1}}}},
	}
	for _, x := range []struct {
		draw, stratum, seat int
		want                string
		value               int64
		taxed               bool
	}{
		{1, 1, 1, "Book", 0, false}, {1, 3, 1, "Voucher", 0, false}, {1, 3, 2, "Puzzle set", 2000, true}, {1, 3, 0, "", 0, false}, {1, 1, 2, "", 0, false}, {2, 3, 1, "Bag of cloth", 5, false},
	} {
		at := c.Prize(x.draw, draw.Line{Stratum: x.stratum, Seat: x.seat})
		if got := In("en", c.Titles.Tier[at]); got != x.want || c.Titles.Value[at] != x.value || c.Titles.Taxed(at) != x.taxed {
			t.Errorf("draw %d, stratum %d, seat %d: %q worth %d, taxed %v", x.draw, x.stratum, x.seat, got, c.Titles.Value[at], c.Titles.Taxed(at))
		}
	}
	if got := fmt.Sprint(c.Titles.Stratum(1), "; ", c.Titles.Stratum(2), "; ", c.Titles.Stratum(3)); got != "1 北館 / North; 2 山; 3" || c.Titles.StrataBy != "token" || len(c.Titles.Strata) != 2 {
		t.Errorf("strata %s by %q", got, c.Titles.StrataBy)
	}
	if got := readTitles("tier 1 2 zh-Hant-TW 筆\ntier 1 2 en A pen\ntier-value 1 2 30\n"); got.Tier[[2]int{1, 2}]["en"] != "A pen" || got.Value[[2]int{1, 2}] != 30 {
		t.Errorf("without strata: %+v", got)
	}
}
