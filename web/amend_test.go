package web_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestBrowserAmend reads what the site says of a draw that is to be put off, was put off, and was not confirmed to be put off in time.
func TestBrowserAmend(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	rules := w.full("amend")
	cosigners := w.cosigners(rules)
	c := w.open(rules)
	later := c.Draws[0].DrawTime.AsTime().Add(5 * 24 * time.Hour)
	asked, err := w.draws.AmendDraw(w.staff, &fairlotv1.AmendDrawRequest{Name: c.Name + "/draws/1", DrawTime: timestamppb.New(later)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.approvals.Approve(w.second, &fairlotv1.ApproveRequest{Name: asked.Name, Digest: asked.Digest}); err != nil {
		t.Fatal(err)
	}
	b.visit("/c/amend")
	b.says(".amend", "要有足夠的保管人在期限前副署才算數；否則照原時間抽獎")
	b.says("[aria-labelledby=result-1]", "宣告改期後的亂數公布時間")
	b.says("[aria-labelledby=result-1]", "尚無（須 2 位，目前 0 位）")
	if text := b.text("[aria-labelledby=dates-title]"); strings.Contains(text, "原定") {
		t.Errorf("nobody has confirmed it, and the dates say: %s", text)
	}
	if !b.after("#result-1", "#send") {
		t.Error("where the draw stands comes before the form")
	}
	b.visit("/c/amend?lang=en")
	b.says(".amend", "That counts only if enough custodians cosign it in time; otherwise the draw is held at its time.")
	b.inspect("amend-waits")
	b.eval(`(window.Date = class extends Date { constructor(...at) { at.length > 0 ? super(...at) : super(Date.now() + 49 * 3600e3); } }, document.querySelector("#lang-zh-Hant-TW").click())`)
	b.says(".amend", "沒有及時得到足夠的副署：宣告不算數，照原時間抽獎")

	w.cosign(cosigners[:2])
	b.visit("/c/amend?lang=en")
	b.says(".amend", "custodians have confirmed that: it goes by a later round")
	b.says("[aria-labelledby=dates-title] .put-off", "(put off; the rules said ")
	b.says("[aria-labelledby=result-1]", "Randomness due by the rules")
	if at := b.eval(`[...document.querySelectorAll("[aria-labelledby=dates-title] .put-off time")].map(e => e.dateTime.slice(0, 10)).join(" ")`); at != later.Format(time.DateOnly)+" "+later.AddDate(0, 0, -5).Format(time.DateOnly) {
		t.Errorf("the dates say %s", at)
	}
	if b.eval(`document.querySelector("#send") !== null`) != "true" {
		t.Error("entries do not go on")
	}
	b.inspect("amend")
	b.visit("/c/amend")
	b.says("[aria-labelledby=dates-title] .put-off", "（已改期，原定 ")
	b.says(".amend", "這次抽獎已改期，並經保管人副署確認")
	b.visit("/")
	b.says(".campaigns .put-off", "（已改期，原定 ")
	b.clean()
}
