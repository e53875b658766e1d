package main

import (
	"strings"
	"testing"
	"time"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/verify"
)

// TestWhoMayClaim goes through rules, ages and who has come.
func TestWhoMayClaim(t *testing.T) {
	now := time.Date(2026, 11, 27, 16, 30, 0, 0, time.UTC) // in Taipei it is the 28th
	const self, proxy, guardian = fairlotv1.ClaimWay_CLAIM_WAY_SELF, fairlotv1.ClaimWay_CLAIM_WAY_PROXY, fairlotv1.ClaimWay_CLAIM_WAY_GUARDIAN
	for _, x := range []struct {
		name            string
		rules           bundle.Titles
		birth           string
		proxy, guardian bool
		want            fairlotv1.ClaimWay
		says            string
	}{
		{"no word in the rules", bundle.Titles{}, "", false, false, self, ""},
		{"no word of proxies", bundle.Titles{}, "1980-01-01", true, false, 0, "let nobody claim"},
		{"no word of guardians", bundle.Titles{}, "2020-01-01", false, true, 0, "know no guardians"},
		{"a child without a rule", bundle.Titles{}, "2020-01-01", false, false, self, ""},
		{"a proxy", bundle.Titles{Proxy: true}, "1980-01-01", true, false, proxy, ""},
		{"a child alone", bundle.Titles{GuardianBelow: 18}, "2020-01-01", false, false, 0, "the guardian must come"},
		{"a child's proxy", bundle.Titles{Proxy: true, GuardianBelow: 18}, "2020-01-01", true, false, 0, "the guardian must come"},
		{"a child's guardian", bundle.Titles{GuardianBelow: 18}, "2020-01-01", false, true, guardian, ""},
		{"an adult's guardian", bundle.Titles{GuardianBelow: 18}, "1980-01-01", false, true, 0, "18 or older"},
		{"on the birthday, in the campaign's zone", bundle.Titles{GuardianBelow: 18}, "2008-11-28", false, false, self, ""},
		{"the day before", bundle.Titles{GuardianBelow: 18}, "2008-11-29", false, false, 0, "the guardian must come"},
		{"no date of birth", bundle.Titles{GuardianBelow: 18}, "", false, false, 0, "no date of birth"},
	} {
		c := &bundle.Checked{Outcome: &verify.Outcome{Open: &draw.Open{Zone: "Asia/Taipei"}}, Titles: x.rules}
		got, err := (&came{Proxy: x.proxy, Guardian: x.guardian}).way(c, x.birth, now)
		if got != x.want || (err == nil) != (x.says == "") || err != nil && !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v, %v", x.name, got, err)
		}
	}
	if young, err := younger("2008-02-29", 18, time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)); err != nil || !young {
		t.Error("born on 29 February, of age on 28 February")
	}
	if young, err := younger("2008-02-29", 18, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)); err != nil || young {
		t.Error("born on 29 February, not of age on 1 March")
	}
}
