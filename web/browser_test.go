package web_test

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/receipt"
	"fairlot/entrant"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/web"
)

// TestBrowser lives a reader's life with the site, in Chromium, by keys alone, against the real server.
func TestBrowser(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	draft := w.full("library-2026")
	draft.Claim = both("領獎請帶證件到總館一樓服務台，週二至週六 9 時至 17 時，電話 02 2345 6789", "Bring your ID to the desk on the first floor, Tuesday to Saturday, 9 to 17; telephone 02 2345 6789")
	draft.Register = 12_000
	c := w.open(draft)

	b.visit("/")
	b.says("main", "2026 圖書館滿意度問卷暨抽獎")
	b.says("footer", "絕不會打電話")
	b.inspect("list")
	b.visit("/c/no-such-campaign")
	b.says("h1", "找不到")
	b.visit("/nowhere")
	b.says("main", "找不到")
	b.says("main", "Page not found")
	if code := b.eval(`performance.getEntriesByType("navigation")[0].responseStatus`); code != "404" {
		t.Errorf("a page that is none has status %s", code)
	}
	b.inspect("nowhere")
	b.visit("/")
	b.tabTo(".campaigns a")
	b.press(kb.Enter)
	b.until(`location.pathname === "/c/library-2026" && document.querySelector("#survey") !== null`)
	b.inspect("campaign")

	saved, sheet := enterInFull(t, w, b, c)
	checkSaved(t, b, saved)
	readFromPaper(t, b, sheet, saved)
	refuseTwice(t, w, b, c)
	b.clean()

	notes := w.others(c, 9)
	drawAndShow(t, w, b, c, saved)
	contradict(t, w, b, c, saved, notes)
	b.clean()
	if b.axe == "" {
		t.Skipf("axe-core is not in %s: accessibility was not checked; run web/build.sh", axePath)
	}
}

// enterInFull makes mistakes, mends them, loses the answer once, and comes away with a receipt.
func enterInFull(t *testing.T, w *world, b *browser, c *fairlotv1.Campaign) (saved, sheet []byte) {
	token := w.tokens(c, 1)[0]
	b.says("html", "個資告知事項")
	b.says("#register", "可以參加的共有 12,000 人")
	b.says("[aria-labelledby=prizes-title]", "領獎方式：領獎請帶證件")
	if lang := b.eval(`document.documentElement.lang`); lang != "zh-Hant-TW" {
		t.Errorf("lang is %q", lang)
	}
	if n := b.eval(`document.querySelectorAll("input:checked").length`); n != "0" {
		t.Errorf("%s boxes are ticked beforehand", n)
	}
	b.tabTo("details summary")
	b.press(kb.Enter)
	b.says("details", "相符")

	// Nothing filled in: everything is named at once, in the summary and beside the fields.
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#error-summary")
	for _, want := range []string{"您多久來一次", "整體滿意度", "參加代碼", "姓名", "證件類別", "電子郵件", "同意參加抽獎"} {
		b.says("#error-summary", want)
	}
	b.says("#token-error", "請輸入參加代碼")
	b.inspect("errors")
	b.tabTo("#error-summary a[href='#token']")
	b.press(kb.Enter)
	b.focused("#token")

	// Language: what is typed stays.
	b.write(token)
	b.press(kb.Tab)
	b.write("王小明")
	b.tabTo("#lang-en")
	b.press(kb.Enter)
	b.until(`document.documentElement.lang === "en"`)
	b.focused("#lang-en")
	b.says("#error-summary", "Please correct")
	b.says("#survey", "How often do you come?")
	if v := b.eval(`document.querySelector("#token").value + document.querySelector("#name").value`); v != token+"王小明" {
		t.Errorf("after the language switch the form holds %q", v)
	}
	b.inspect("errors-en")

	b.tabTo("#survey input[type=radio]")
	b.press(" ") // every week
	b.tabTo("#survey input[type=checkbox]")
	b.press(" ")
	b.tabTo("#survey .sd-rating input[type=radio]")
	b.press(kb.ArrowRight)
	b.fill("#survey input[type=number]", "12")
	b.tabTo("#survey select")
	b.press(kb.ArrowDown)
	b.tabTo("#survey textarea")
	b.write("多一點夜間講座")
	b.tabTo("input[name=idType]")
	b.press(" ")
	b.fill("#idNumber", "a123456780")
	b.press(kb.Tab)
	b.says(".id-check", "mistyped")
	b.fill("#email", "not an address")
	b.tabTo("#consent-rules")
	b.press(" ")
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#error-summary")
	b.says("#error-summary", "ID number is mistyped")
	b.says("#error-summary", "e-mail address looks like")
	if n := b.eval(`document.querySelectorAll("#error-summary li").length`); n != "2" {
		t.Errorf("%s mistakes are named, want 2: %s", n, b.text("#error-summary"))
	}
	b.fill("#idNumber", "Ａ１２３４５６７８９")
	b.fill("#email", "ming@example.org")

	// The server takes the entry, the answer is lost: the page keeps s and sends the same again.
	w.lose.Store(true)
	b.tabTo("#send")
	b.press(kb.Enter)
	b.until(`document.querySelector("#send").textContent === "Send the same again"`)
	b.focused("#error-summary")
	if w.lost.Load() == 0 || w.entrants(c) != 1 {
		t.Errorf("%d answers lost, %d entrants, want some and 1", w.lost.Load(), w.entrants(c))
	}
	b.inspect("unknown")
	w.lose.Store(false)
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#receipt-title")
	if n := w.entrants(c); n != 1 {
		t.Errorf("%d entrants after the retry, want 1", n)
	}
	if n := b.eval(`document.querySelectorAll(".receipt .verdict.right").length`); n != "3" {
		t.Errorf("receipt checks: %s", b.text(".receipt .verdicts"))
	}
	b.inspect("receipt")
	b.tabTo("#download-receipt")
	b.press(kb.Enter)
	saved = b.downloaded("fairlot-receipt-")
	sheet = printReceipt(t, b, saved)
	b.tabTo("#answer-secret summary")
	b.press(kb.Enter)
	if away := b.eval(`JSON.stringify([...document.querySelectorAll("main a:not([target=_blank]):not([download])")].map(a => a.getAttribute("href")))`); away != `[]` {
		t.Errorf("links lead away from a receipt that may not be saved yet: %s", away)
	}
	b.tabTo("#answer-secret button")
	b.press(kb.Enter)
	secret := string(b.downloaded("fairlot-answer-secret"))
	if want := "fairlot/v1 answer secret\nopen " + c.OpenHash + "\nsecret "; !strings.HasPrefix(secret, want) || len(secret) != len(want)+65 {
		t.Errorf("answer secret file: %q", secret)
	}
	if left := b.eval(`JSON.stringify([localStorage.length, sessionStorage.length, document.cookie])`); left != `[0,0,""]` {
		t.Errorf("the browser keeps %s", left)
	}
	copied, err := receipt.ParseSaved(saved)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := copied.Check(w.receiptKey); err != nil || hex.EncodeToString(r.Open[:]) != c.OpenHash || r.Chances != 1 {
		t.Errorf("the saved copy: %v, %v", r, err)
	}
	return saved, sheet
}

// checks pastes a receipt into the receipt check, by keys alone, and waits for what it says.
func (b *browser) checks(lang, receipt string) {
	b.t.Helper()
	b.visit("/check?lang=" + lang)
	b.tabTo("#paste")
	b.write(receipt)
	b.tabTo("#check")
	b.press(kb.Enter)
	b.focused("#result-title")
}

// checkSaved pastes the copy into the receipt check, whole and damaged.
func checkSaved(t *testing.T, b *browser, saved []byte) {
	b.visit("/check?lang=en")
	b.tabTo("#paste")
	b.write("fairlot/v1 saved receipt\ns 00")
	b.tabTo("#check")
	b.press(kb.Enter)
	b.focused("#error-summary")
	b.says("#error-summary", "not a whole receipt")
	b.inspect("check-error")
	b.checks("en", string(saved))
	b.says(".found", "It is in the draw with 1 chance.")
	b.says("#result-title", "This receipt holds.")
	if n := b.eval(`document.querySelectorAll(".found .verdict.right").length`); n != "2" {
		t.Errorf("receipt check: %s", b.text(".found"))
	}
	b.inspect("check")

	// The signed part alone, as an institution may be shown it.
	copied, err := receipt.ParseSaved(saved)
	if err != nil {
		t.Fatal(err)
	}
	b.checks("en", string(copied.Note))
	b.says("#result-title", "This receipt holds.")
	b.says(".found", "only the signature and the state were checked")
	b.says("#status", "It is in the draw with 1 chance.")
	if n := b.eval(`document.querySelectorAll(".found .verdict").length`); n != "1" {
		t.Errorf("the signed part alone: %s", b.text(".found"))
	}

	// Another secret, and another signature, are called wrong.
	lines := strings.Split(string(saved), "\n")
	lines[1] = "s 0123" + lines[1][6:]
	b.checks("en", strings.Join(lines, "\n"))
	b.says(".found .verdict.wrong", "come from the secret")
	b.checks("en", strings.Replace(string(saved), "\nchances 1\n", "\nchances 2\n", 1))
	b.says(".found .verdict.wrong", "signed by the institution")
	b.says("#result-title", "was changed or is not from us")
	if b.eval(`document.querySelector("#status, .outcome") === null`) != "true" {
		t.Errorf("a changed receipt has a state: %s", b.text(".found"))
	}
	b.inspect("check-bad")
}

// refuseTwice enters the same person with another token; the refusal says what to do, and the token stays good.
func refuseTwice(t *testing.T, w *world, b *browser, c *fairlotv1.Campaign) {
	b.visit("/c/library-2026?lang=en")
	b.tabTo("#survey input[type=radio]")
	b.press(" ")
	b.tabTo("#survey .sd-rating input[type=radio]")
	b.press(" ")
	b.fill("#token", w.tokens(c, 1)[0])
	b.fill("#name", "Wang")
	b.tabTo("input[name=idType]")
	b.press(" ")
	b.fill("#idNumber", "A123456789")
	b.fill("#email", "other@example.org")
	b.tabTo("#consent-rules")
	b.press(" ")
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#error-summary")
	b.says("#error-summary", "This person has entered already")
	if n := w.entrants(c); n != 1 {
		t.Errorf("%d entrants, want 1", n)
	}
	b.fill("#token", "ooooo-00000-00000-0000")
	b.tabTo("#send")
	b.press(kb.Enter)
	b.until(`document.querySelector("#token-error") !== null`)
	b.says("#error-summary", "20 letters and digits, this has 19")
	b.fill("#token", "00000-00000-00000-00000")
	b.tabTo("#send")
	b.press(kb.Enter)
	b.until(`document.querySelector("#token-error")?.innerText.includes("not known") === true`)
	if got := b.eval(`[...document.querySelectorAll("#error-summary p, #error-summary li")].map(e => e.textContent).join("|")`); got != "Entry code: This entry code is not known. Compare it with your letter, character by character." {
		t.Errorf("an unknown token is called %q", got)
	}
	b.tabTo("#error-summary a[href='#token']")
	b.press(kb.Enter)
	b.focused("#token")
}

// drawAndShow ends, closes and draws the campaign, and reads the results and the public list on the site.
func drawAndShow(t *testing.T, w *world, b *browser, c *fairlotv1.Campaign, saved []byte) {
	w.ahead.Store(int64(49*time.Hour + 2*time.Minute))
	if _, err := w.campaigns.CloseCampaign(w.staff, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		t.Fatal(err)
	}
	d, err := w.draws.RunDraw(w.staff, &fairlotv1.RunDrawRequest{Name: c.Name + "/draws/1"})
	if err != nil {
		t.Fatal(err)
	}
	b.visit("/c/library-2026")
	b.says("main", "已抽出")
	b.says("[aria-labelledby=result-1]", "領獎方式：領獎請帶證件")
	b.says("[aria-labelledby=result-1] .unconfirmed", "名單沒有在期限前得到足夠保管人的副署") // the world has no witness
	b.says("[aria-labelledby=result-1]", "用收據查自己的名次")
	b.says("main", "對外人不能證明任何事")
	b.says("main", "正取：平板電腦")
	b.says("main", d.Seats[0].EntryId[:12])
	b.says("main", "fairlot verify "+w.url+"/bundles/"+strings.TrimPrefix(c.Name, "campaigns/")+".tar")
	if b.eval(`document.querySelector("#send") === null`) != "true" {
		t.Error("a closed campaign shows the entry form")
	}
	b.inspect("results")
	if _, err := w.draws.ReplaceWinner(w.staff, &fairlotv1.ReplaceWinnerRequest{Name: d.Name, Rank: 1, Reason: fairlotv1.ReplaceReason_REPLACE_REASON_DECLINED}); err != nil {
		t.Fatal(err)
	}
	b.visit("/c/library-2026")
	b.says("tr.vacated", "已空出：放棄")
	b.says("tr.vacated", d.Seats[0].EntryId[:12])
	b.says("main", "備取遞補")
	if n := b.eval(`document.querySelector("main").innerText.split("正取：平板電腦").length - 1`); n != "1" {
		t.Errorf("the first prize is named %s times", n)
	}
	w.open(w.full("later-2026"))
	b.visit("/?lang=en")
	if got := b.eval(`[...document.querySelectorAll(".campaigns .state")].map(e => e.textContent).join("|")`); got != "Open|Drawn" {
		t.Errorf("the list of campaigns: %s", got)
	}
	b.says(".campaigns", "before ")
	b.visit("/check?lang=en")
	name := filepath.Join(t.TempDir(), "receipt.txt")
	if err := os.WriteFile(name, saved, 0o600); err != nil {
		t.Fatal(err)
	}
	try(b, chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{name}))
	b.focused("#result-title")
	b.until(`document.querySelector("#listed") !== null`)
	b.says("#result-title", "This receipt holds.")
	b.says("#listed", "In the list, 1 chance")
	b.says("#status", "It was in the draw, which is over, with 1 chance.")
	now, err := w.draws.GetDraw(w.staff, &fairlotv1.GetDrawRequest{Name: d.Name})
	if err != nil {
		t.Fatal(err)
	}
	id, want, rank := b.text(".found .number"), "It has not won, and is not among the alternates.", ""
	for _, s := range now.Seats {
		if s.EntryId != id {
			continue
		}
		rank = fmt.Sprintf("Rank %d of ", s.Rank)
		switch {
		case s.Vacated != "":
			want = "It had won (Tablet computer); the prize fell free: declined."
		case s.Called:
			want = "It has won: Tablet computer (alternate called)"
		case s.Tier > 0:
			want = "It has won: Book voucher of NT$500"
		default:
			want = fmt.Sprintf("It is an alternate, rank %d", s.Rank)
		}
	}
	b.says(".outcome", want)
	if strings.HasPrefix(want, "It has won") {
		b.says(".claim-days", "within 30 days after they are told")
	} else if n := b.eval(`document.querySelectorAll(".claim-days").length`); n != "0" {
		t.Error("who has not won is told until when to claim")
	}
	b.says("#listed", rank)
	if n := b.eval(`[...document.querySelectorAll("a[href^='/']")].filter(a => !/^\/(assets|bundles)\//.test(a.getAttribute("href")) && !a.getAttribute("href").includes("lang=")).length`); n != "0" {
		t.Errorf("%s links lose the language", n)
	}
	b.inspect("listed")
}

// TestBrowserOtherKinds opens a survey that asks nobody who they are, and a draw without survey or proof.
func TestBrowserOtherKinds(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	survey := w.full("survey-only")
	survey.Draws, survey.Form, survey.Custodians, survey.Notifiers, survey.Threshold, survey.ChancesCap, survey.Proof = nil, nil, nil, nil, 0, 0, 0
	survey.Consents = survey.Consents[2:]
	survey = w.open(survey)
	b.visit("/c/survey-only")
	b.says("main", "這份問卷不問您是誰")
	if n := b.eval(`document.querySelectorAll("#name, #idNumber, #token, #email").length`); n != "0" {
		t.Errorf("a survey without draws asks %s personal fields", n)
	}
	b.tabTo("#survey input[type=radio]")
	b.press(" ")
	b.tabTo("#survey .sd-rating input[type=radio]")
	b.press(" ")
	b.inspect("survey-only")
	b.fill("#survey input[type=number]", "1.5")
	b.tabTo("#survey textarea")
	b.write("   ")
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#error-summary")
	b.says("#error-summary", "去年讀了幾本書？請填整數。")
	b.tabTo("#error-summary a")
	b.press(kb.Enter)
	b.focused("#survey input[type=number]")
	b.press(kb.Backspace + kb.Backspace + kb.Backspace)
	b.write("2")
	b.tabTo("#send")
	b.press(kb.Enter) // the form library has nothing to say against spaces; the server has
	b.until(`document.querySelector("#error-summary")?.innerText.includes("不能只有空格")`)
	b.says("#survey [data-name=why]", "不能只有空格")
	b.tabTo("#error-summary a")
	b.press(kb.Enter)
	b.focused("#survey textarea")
	b.press(kb.Backspace + kb.Backspace + kb.Backspace)
	b.write("謝謝")
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#receipt-title")
	b.tabTo("#download-receipt")
	b.press(kb.Enter)
	copied, err := receipt.ParseSaved(b.downloaded("fairlot-receipt-"))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := copied.Check(w.receiptKey); err != nil || r.Draws() || hex.EncodeToString(r.Open[:]) != survey.OpenHash {
		t.Errorf("the saved copy: %v, %v", r, err)
	}
	b.clean()

	only := w.full("draw-only")
	only.SurveyJson, only.Consents, only.Proof, only.ChancesCap = "", only.Consents[:2], fairlotv1.Proof_PROOF_NONE, 1
	only.ObjectionsEnd = timestamppb.New(only.EntriesEnd.AsTime().Add(30 * time.Minute))
	list := entrant.NewExclusion([]entrant.Listed{{IDType: "resident", IDNumber: "AA00000009"}, {IDType: "citizen", IDNumber: idNumber(40)}}) // of whom one enters below, and is told nothing
	w.open(only, list.Marshal())
	b.visit("/c/draw-only?lang=en")
	b.says("main", "Exclusion list: 2 persons, such as staff and their families, may enter and cannot win")
	b.says("main", list.Hash().String())
	b.says("main", "a draw without a survey")
	if b.eval(`document.querySelector("#survey, #token") === null`) != "true" {
		t.Error("a draw without survey and token asks for one")
	}
	b.fill("#name", "Mary O'Neil")
	b.tabTo("input[name=idType]")
	b.press(kb.ArrowDown)
	b.fill("#idNumber", "aa-0000 0009")
	b.fill("#birth", "1985-3-9")
	b.fill("#email", "mary@example.org")
	b.tabTo("#consent-rules")
	b.press(" ")
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#error-summary")
	b.says("#birth-error", "1985-03-09")
	b.fill("#birth", "1985-03-09")
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#receipt-title")
	b.says(".receipt", "only after entries have ended")
	if n := b.eval(`document.querySelectorAll(".receipt .verdict.right").length`); n != "3" {
		t.Errorf("receipt checks: %s", b.text(".receipt .verdicts"))
	}
	b.inspect("draw-only")
	b.tabTo("#download-receipt")
	b.press(kb.Enter)
	b.downloaded("fairlot-receipt-")
	b.clean()

	b.visit("/c/draw-only")
	b.says("main", "名單上有 2 人（例如館員及其家屬），可以登記，但不會得獎")
	// Somebody between the reader and the server puts another identity into the receipt's commitment: the page says so.
	w.forge.Store(true)
	b.visit("/c/draw-only")
	b.fill("#name", "李四")
	b.tabTo("input[name=idType]")
	b.press(" ")
	b.fill("#idNumber", idNumber(7))
	b.fill("#email", "li@example.org")
	b.tabTo("#consent-rules")
	b.press(" ")
	b.tabTo("#send")
	b.press(kb.Enter)
	b.focused("#receipt-title")
	b.says(".receipt .alarm", "收據核對不符")
	b.says(".receipt .verdict.wrong", "身分與聯絡資料")
	b.inspect("forged")
	b.clean()
}

// TestBrowserSaysHowLong reads on three campaigns what is kept how long: with a time, without one, and where nobody is asked who they are.
func TestBrowserSaysHowLong(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	timed, untimed, survey := w.full("timed"), w.full("untimed"), w.full("asks-nobody")
	timed.RetentionDays = 45
	survey.Draws, survey.Form, survey.Custodians, survey.Notifiers, survey.Threshold, survey.ChancesCap, survey.Proof = nil, nil, nil, nil, 0, 0, 0
	survey.Consents = survey.Consents[2:]
	for _, c := range []*fairlotv1.Campaign{timed, untimed, survey} {
		w.open(c)
	}
	const kept = "[aria-labelledby=kept-title]"
	for _, x := range []struct {
		path       string
		says, nots []string
	}{
		{"/c/timed?lang=zh", []string{"資料保存多久", "最後一次領獎期限屆滿 45 天後銷毀", "公開名單", "混合後的答案"}, []string{"不會自動銷毀"}},
		{"/c/timed?lang=en", []string{"What is kept, and how long", "destroyed 45 days after the last claim period", "entry list", "Mixed answers"}, []string{"No time is set"}},
		{"/c/untimed?lang=zh", []string{"沒有訂定銷毀期限", "不會自動銷毀"}, []string{"天後"}},
		{"/c/untimed?lang=en", []string{"No time is set", "nothing destroys them by itself"}, []string{"days after"}},
		{"/c/asks-nobody?lang=zh", []string{"混合後的答案"}, []string{"聯絡資料", "公開名單"}},
		{"/c/asks-nobody?lang=en", []string{"Mixed answers"}, []string{"contact", "entry list"}},
	} {
		b.visit(x.path)
		for _, want := range x.says {
			b.says(kept, want)
		}
		text := b.text(kept)
		for _, never := range x.nots {
			if strings.Contains(text, never) {
				t.Errorf("%s says %q: %s", x.path, never, text)
			}
		}
	}
	b.inspect("kept")
	b.clean()
}

// TestBrowserWithoutScripts finds words at the top of the page, in both languages.
func TestBrowserWithoutScripts(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.width(320)
	try(b, chromedp.Navigate(w.url+"/"))
	b.says("body", "請向圖書館詢問其他參加方式")
	b.says("body", "ask the library how else to take part")
	if in := b.eval(`document.querySelector("noscript").getBoundingClientRect().top < 200 && document.querySelector("noscript p").getBoundingClientRect().left > 0`); in != "true" {
		t.Error("the words are not at the top of the page")
	}
	b.picture("without-scripts-320")
	b.clean()
}

// TestStrings sees to it that every reason of the contract has its sentence in both languages.
func TestStrings(t *testing.T) {
	src, err := fs.ReadFile(web.Files(), "assets/app.js")
	if err != nil {
		t.Fatal(err)
	}
	for n, name := range fairlotv1.ErrorReason_name {
		short := strings.TrimPrefix(name, "ERROR_REASON_")
		if n != 0 && strings.Count(string(src), short+":") < 2 {
			t.Errorf("%s has no sentence in both languages", short)
		}
	}
	if _, err := fs.Stat(web.Files(), "index.html"); err != nil {
		t.Error(err)
	}
}
