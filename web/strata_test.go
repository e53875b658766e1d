package web_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"fairlot/crypto/receipt"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// branches are three groups with prizes of their own, of which entrants choose one.
func branches(c *fairlotv1.Campaign) *fairlotv1.Campaign {
	c.SurveyJson, c.Consents = "", c.Consents[:1]
	for _, title := range [][]*fairlotv1.LocalizedText{both("北投總館", "Beitou main library"), both("山仔后分館", "Shanzihou branch"), both("木柵分館", "Muzha branch")} {
		c.Strata = append(c.Strata, &fairlotv1.Stratum{Title: title})
	}
	c.StrataBy = fairlotv1.StrataBy_STRATA_BY_ENTRANT
	c.Draws[0].Alternates = 1
	c.Draws[0].Tiers = []*fairlotv1.Tier{
		{Stratum: 1, Count: 1, Title: both("平板電腦", "Tablet computer")}, {Stratum: 2, Count: 1, Title: both("地球儀", "Globe")},
		{Stratum: 2, Count: 1, Title: both("拼圖", "Jigsaw puzzle")}, {Stratum: 3, Count: 2, Title: both("圖書禮券 500 元", "Book voucher of NT$500")},
	}
	return c
}

// chooses enters somebody in a group, and returns what their page lets them save.
func (w *world) chooses(c *fairlotv1.Campaign, i int, token string, stratum int32) string {
	w.t.Helper()
	var s draw.Secret
	rand.Read(s[:])
	r := s.R()
	got, err := w.entries.Enter(context.Background(), &fairlotv1.EnterRequest{
		Parent: c.Name, R: r[:], NoticeHash: c.NoticeHash, Consents: []string{"rules"}, Token: token, Stratum: stratum,
		Identity: &fairlotv1.Identity{Name: "林小美", IdType: fairlotv1.IdType_ID_TYPE_CITIZEN, IdNumber: idNumber(i)},
		Contact:  &fairlotv1.Contact{Lang: "en", Email: fmt.Sprintf("p%d@example.org", i)},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := receipt.Saved{S: s, Draws: true, Identity: [32]byte(got.IdentityCommitment), Contact: [32]byte(got.ContactCommitment), Note: []byte(got.Receipt)}.Format()
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// TestBrowserStrata chooses a group by keys, reads it on the receipt, keeps it through a correction, and finds results and receipts by group, the small one with the
// next. It looks at the form with few groups and with many.
func TestBrowserStrata(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	c := w.open(branches(w.full("branches")))
	codes := w.tokens(c, 16)
	b.visit("/c/branches")
	b.says("[aria-labelledby=prizes-title]", "分 3 組抽獎：北投總館、山仔后分館、木柵分館。 參加時由您自己選組。")
	b.says("[aria-labelledby=prizes-title]", "有效參加者不到 5 人的組，與下一組一起抽")
	b.says("[aria-labelledby=kept-title]", "其中只有收據編號、組別、機會數")
	if n := b.eval(`document.querySelectorAll("[aria-labelledby=group-title] fieldset legend, [name=stratum]:checked").length`); n != "1" {
		t.Errorf("%s legends and groups chosen beforehand, want the legend alone", n)
	}
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#error-summary")
	b.says("#error-summary", "組別：請選擇組別。")
	b.says("#stratum-error", "請選擇組別")
	b.inspect("group-missing")
	b.tabTo("#error-summary a[href='#stratum']")
	b.press(kb.Enter)
	b.focused("#stratum")
	b.press(kb.ArrowDown) // the second
	b.fill("#token", codes[0])
	b.fill("#name", "王小明")
	b.tabTo("input[name=idType]")
	b.press(" ")
	b.fill("#idNumber", idNumber(90))
	b.fill("#email", "wang@example.org")
	b.tabTo("#consent-rules")
	b.press(" ")
	b.tabTo("#lang-en")
	b.press(kb.Enter)
	b.until(`document.querySelector("[name=stratum]:checked")?.value === "2"`) // what was chosen stays
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#receipt-title")
	b.says(".receipt", "Shanzihou branch")
	b.says(".receipt .verdicts", "The group is the one that you chose")
	if n := b.eval(`document.querySelectorAll(".receipt .verdict.right").length`); n != "4" {
		t.Errorf("receipt checks: %s", b.text(".receipt .verdicts"))
	}
	b.inspect("group-receipt")
	b.tabTo("#download-receipt")
	b.press(kb.Enter)
	own := string(b.downloaded("fairlot-receipt-"))
	b.checks("en", own)
	b.says("#group", "Shanzihou branch")
	b.clean()

	var all []string
	for i := range 13 {
		stratum := int32(1)
		if i >= 6 {
			stratum = 3
		}
		all = append(all, w.chooses(c, i, codes[i+1], stratum))
	}
	w.ahead.Store(int64(49*time.Hour + 2*time.Minute))
	if _, err := w.campaigns.CloseCampaign(w.staff, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		t.Fatal(err)
	}
	d, err := w.draws.RunDraw(w.staff, &fairlotv1.RunDrawRequest{Name: c.Name + "/draws/1"})
	if err != nil {
		t.Fatal(err)
	}
	if d, err = w.draws.ReplaceWinner(w.staff, &fairlotv1.ReplaceWinnerRequest{Name: d.Name, Stratum: 3, Rank: 2, Reason: fairlotv1.ReplaceReason_REPLACE_REASON_DECLINED}); err != nil {
		t.Fatal(err)
	}
	b.visit("/c/branches?lang=en")
	for at, want := range map[string]string{
		"#group-1-1": "Beitou main library", "[aria-labelledby=group-1-1]": "Winner: Tablet computer", "#group-1-3": "Muzha branch", "#group-1-3 + p": "Drawn together with Shanzihou branch: fewer than 5 entrants counted there.",
		"[aria-labelledby=group-1-3]": "Winner: Jigsaw puzzle", "[aria-labelledby=group-1-3] tr.vacated": "Vacated: declined",
	} {
		b.says(at, want)
	}
	if got := b.eval(`[...document.querySelectorAll("[aria-labelledby=group-1-3] th[scope=rowgroup]")].map(e => e.textContent).join("|")`); got != "Winner: Book voucher of NT$500|Winner: Jigsaw puzzle" {
		t.Errorf("prizes of the last group: %s", got) // the second group's globe has the number of the voucher
	}
	b.inspect("group-results")
	became := map[string]string{}
	for _, s := range d.Seats {
		title := map[int32]string{1: "Tablet computer", 3: "Jigsaw puzzle", 4: "Book voucher of NT$500"}[s.Prize]
		switch {
		case s.Vacated != "":
			became[s.EntryId] = "It had won (" + title + "); the prize fell free: declined."
		case s.Called:
			became[s.EntryId] = "It has won: " + title + " (alternate called)"
		case s.Tier > 0:
			became[s.EntryId] = "It has won: " + title
		}
	}
	looked := 0
	for _, saved := range append(all, own) {
		b.checks("en", saved)
		b.until(`document.querySelector("#listed") !== null`)
		id := b.text(".found .number")
		if want := became[id]; want != "" {
			b.says(".outcome", want)
			looked++
		}
		if saved == own {
			b.says("#listed", "Group Shanzihou branch was too small and was drawn together with Muzha branch")
			b.inspect("group-listed")
		}
	}
	if looked != len(became) {
		t.Errorf("%d of %d winners found themselves", looked, len(became))
	}
	b.clean()

	w.ahead.Store(0)
	many := w.full("many")
	many.SurveyJson, many.Consents, many.StrataBy = "", many.Consents[:1], fairlotv1.StrataBy_STRATA_BY_ENTRANT
	many.Draws[0].Proportional, many.Draws[0].Tiers = true, many.Draws[0].Tiers[1:]
	for i := range 12 {
		many.Strata = append(many.Strata, &fairlotv1.Stratum{Title: both(fmt.Sprintf("第 %d 分館", i+1), fmt.Sprintf("Branch %d", i+1))})
	}
	w.open(many)
	b.visit("/c/many")
	b.says("[aria-labelledby=prizes-title]", "獎項依各組的參加人數比例分配")
	b.tabTo("#stratum")
	b.press(kb.ArrowDown + kb.ArrowDown)
	if v := b.eval(`document.querySelector("select#stratum").selectedOptions[0].textContent`); v != "第 2 分館" {
		t.Errorf("chosen by keys: %s", v)
	}
	b.inspect("group-many")
	b.clean()
}
