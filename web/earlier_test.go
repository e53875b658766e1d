package web_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestBrowserEarlierWinners holds the first of two draws and has the second closed without its winners: the site says before that it will be so, while it waits for which
// draw, and to a winner's receipt that it takes no part and why. A receipt that won nothing is told its rank in both.
func TestBrowserEarlierWinners(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	rules := w.full("earlier")
	second := proto.Clone(rules.Draws[0]).(*fairlotv1.DrawRules)
	second.EarlierWinnersOut = true
	second.DrawTime = timestamppb.New(second.DrawTime.AsTime().Add(3 * time.Hour))
	rules.Draws = append(rules.Draws, second)
	c := w.open(rules)
	receipts := w.others(c, 8)
	b.visit("/c/earlier?lang=en")
	b.says("main", "Whoever holds a prize of an earlier draw when the list of this one is closed does not take part in it.")
	b.visit("/c/earlier")
	b.says("main", "名單確定時已持有先前抽獎獎項的人，不參加這次抽獎。")

	w.ahead.Store(int64(49*time.Hour - 30*time.Minute))
	shut := func() {
		t.Helper()
		if _, err := w.campaigns.CloseCampaign(w.staff, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
			t.Fatal(err)
		}
	}
	held := func(n string) *fairlotv1.Draw {
		t.Helper()
		d, err := w.draws.RunDraw(w.staff, &fairlotv1.RunDrawRequest{Name: c.Name + "/draws/" + n})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	shut()
	b.visit("/c/earlier?lang=en")
	b.says(".waits", "Its list leaves earlier winners out, and is closed once draw 1 has its result or is void.")
	b.inspect("earlier-waits")
	b.visit("/c/earlier")
	b.says(".waits", "待第 1 次抽獎有結果或作廢後才確定")
	w.ahead.Store(int64(49*time.Hour + 2*time.Minute))
	first := held("1")
	shut()
	b.visit("/c/earlier?lang=en")
	if n := b.eval(`document.querySelectorAll(".waits").length`); n != "0" {
		t.Error("its list is closed, and it is said to wait")
	}
	receiptOf := func(id string) string {
		for _, r := range receipts {
			if strings.Contains(r, "\nid "+id+"\n") {
				return r
			}
		}
		t.Fatalf("no receipt of %s", id)
		return ""
	}
	seat := func(d *fairlotv1.Draw, tier bool) string {
		for _, s := range d.Seats {
			if (s.Tier > 0) == tier {
				return s.EntryId
			}
		}
		t.Fatal("no such seat")
		return ""
	}
	winner, loser := receiptOf(seat(first, true)), receiptOf(seat(first, false))
	b.checks("en", winner)
	b.until(`document.querySelector("#listed") !== null`)
	b.says(".found", "Draw 2: It won draw 1, so it takes no part in this one.")
	b.says("#listed", "not counted (0 chances): won an earlier draw")
	b.inspect("earlier-won")
	w.ahead.Store(int64(52*time.Hour + 2*time.Minute))
	held("2")
	b.checks("zh-Hant-TW", winner)
	b.until(`document.querySelector("#listed") !== null`)
	b.says(".found", "第 2 次抽獎：已在第 1 次抽獎得獎，不參加這次抽獎。")
	b.checks("en", loser)
	b.until(`document.querySelector("#listed") !== null`)
	if text := b.text(".found"); strings.Contains(text, "takes no part") || strings.Count(text, "Rank ") < 2 {
		t.Errorf("of a receipt that won nothing before: %s", text)
	}
	b.clean()
}
