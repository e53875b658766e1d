package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/ledger"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestBrowserVoid reads what the site says of a draw that is declared void, confirmed by custodians, and of one that nobody confirmed, and checks a receipt of it.
func TestBrowserVoid(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	rules := w.full("void")
	cosigners := w.cosigners(rules)
	c := w.open(rules)
	missed := w.open(w.full("void-missed"))
	missedReceipt := w.others(missed, 6)[0]
	entered := w.others(c, 6)[0]
	for _, name := range []string{c.Name, missed.Name} {
		w.declareVoid(name + "/draws/1")
	}
	b.visit("/c/void")
	b.says(".void", "要有足夠的保管人在期限前副署才算數；否則照常抽獎")
	b.says("[aria-labelledby=result-1]", "名單有誤")
	b.says("[aria-labelledby=result-1]", "作廢須副署的期限")
	b.says("[aria-labelledby=result-1]", "尚無（須 2 位，目前 0 位）")
	b.says("[aria-labelledby=verify-title] .void", "尚未確認：在確認或開獎之前，這個指令的結果會是 FAILED")
	if b.eval(`document.querySelector("#send") !== null`) != "true" {
		t.Error("entries do not go on")
	}
	if !b.after("#result-1", "#send") {
		t.Error("where the draw stands comes before the form")
	}
	b.visit("/c/void?lang=en")
	b.says(".void", "That counts only if enough custodians cosign it in time; otherwise the draw is held.")
	b.says("[aria-labelledby=result-1]", "nobody yet (0 of 2 needed)")
	b.says("[aria-labelledby=verify-title] .void", "until they do, or the draw is held, this command ends with FAILED")
	b.inspect("void-waits")

	w.cosign(cosigners[:1])
	b.visit("/c/void?lang=en")
	b.says("[aria-labelledby=result-1]", "custodian-1 (1 of 2 needed)")
	w.cosign(cosigners[1:2])
	voidWhileOpen(t, b)
	b.visit("/check?lang=en")
	b.tabTo("#paste")
	b.write(entered)
	b.tabTo("#check")
	b.press(kb.Enter)
	b.focused("#result-title")
	b.says(".outcome", "This draw is void: nobody has won.")
	w.ahead.Store(int64(49*time.Hour - 30*time.Second)) // the deadline is a minute before the draw
	for _, x := range []*fairlotv1.Campaign{c, missed} {
		if _, err := w.campaigns.CloseCampaign(w.staff, &fairlotv1.CloseCampaignRequest{Name: x.Name}); err != nil {
			t.Fatal(err)
		}
	}
	b.visit("/c/void")
	b.says(".byline", "已作廢")
	b.says(".byline + .caution", "這個活動已不再受理")
	b.says("#result-1", "抽獎的現況")
	b.says(".void", "這次抽獎已作廢，並經保管人副署確認")
	b.says("[aria-labelledby=result-1]", "custodian-1, custodian-2")
	if text := b.text("main"); strings.Contains(text, "FAILED") || strings.Contains(text, "須 2 位，目前 2 位") {
		t.Errorf("a void that counts is told to wait: %s", text)
	}
	b.inspect("void")
	b.visit("/c/void?lang=en")
	b.says(".byline", "Void")
	b.says(".byline + .caution", "takes no more entries")
	if text := b.text("main"); strings.Contains(text, "then enter the draw") || strings.Contains(text, "Result of") {
		t.Errorf("a campaign that is over, and its draw void, invites or has a result: %s", text)
	}
	b.says("[aria-labelledby=result-1]", "the entry list is not what it should be")
	b.visit("/check?lang=en")
	b.tabTo("#paste")
	b.write(entered)
	b.tabTo("#check")
	b.press(kb.Enter)
	b.focused("#result-title")
	b.until(`document.querySelector("#listed") !== null`)
	b.says("#result-title", "This receipt holds.")
	b.says(".outcome", "This draw is void: nobody has won.")
	b.visit("/check")
	b.tabTo("#paste")
	b.write(entered)
	b.tabTo("#check")
	b.press(kb.Enter)
	b.until(`document.querySelector(".outcome") !== null`)
	b.says(".outcome", "這次抽獎已作廢，沒有得獎人")

	// Records with a void that nobody has confirmed do not verify until the draw is held: nothing is said of the list, and nobody is alarmed.
	b.checks("en", missedReceipt)
	b.until(`document.querySelector("#records-wrong") !== null`)
	b.says("#result-title", "This receipt is genuine, but the public records of this site do not verify.")
	b.says("#records-wrong", "Step 6 does not hold: The records follow the rules")
	b.says("#records-wrong.caution", "A draw has been declared void, and custodians have not confirmed that yet")
	silent(t, b)

	// Whoever's clock is past the deadline is told of no custodian who could still confirm it.
	b.visit("/c/void-missed")
	b.says("[aria-labelledby=verify-title] .void", "保管人尚未確認")
	b.eval(`(window.Date = class extends Date { constructor(...at) { at.length > 0 ? super(...at) : super(Date.now() + 49 * 3600e3); } }, document.querySelector("#lang-en").click())`)
	b.says("[aria-labelledby=verify-title] .void", "that was not confirmed in time: until the draw is held, this command ends with FAILED")
	b.says("[aria-labelledby=result-1]", "not enough custodians cosigned that in time")

	w.ahead.Store(int64(49*time.Hour + 2*time.Minute))
	if _, err := w.draws.RunDraw(w.staff, &fairlotv1.RunDrawRequest{Name: missed.Name + "/draws/1"}); err != nil {
		t.Fatal(err)
	}
	b.visit("/c/void-missed?lang=en")
	b.says("#result-1", "Result of the draw")
	b.says(".void", "that does not count, so it was drawn")
	if b.eval(`document.querySelector("[aria-labelledby=verify-title] .void") !== null`) != "false" {
		t.Error("of a draw that is drawn it still says that verify fails")
	}
	b.visit("/c/void-missed")
	b.says(".void", "那項宣告不算數，所以照常抽出")
	b.inspect("void-missed")
	b.clean()
}

// voidWhileOpen reads what somebody is told who comes to a campaign that takes entries, and whose only draw custodians have confirmed to be void.
func voidWhileOpen(t *testing.T, b *browser) {
	t.Helper()
	b.visit("/c/void")
	b.says("#form-void", "這個活動的抽獎已作廢，不會有人得獎")
	b.says("#form-void", "仍會要您的姓名與證件號碼")
	b.says("[aria-labelledby=prizes-title] .void", "以下獎項不會抽出")
	b.says("[aria-labelledby=result-1]", "不會抽獎，也不會有得獎人")
	b.visit("/c/void?lang=en")
	b.says("#form-void", "void: nobody will win anything")
	b.says("#form-void", "if you do not want to give your personal data, do not send it")
	b.says("[aria-labelledby=prizes-title] .void", "will not be drawn")
	b.says("#result-1", "Where the draw stands")
	if text := b.text("main"); strings.Contains(text, "then enter the draw") || strings.Contains(text, "The list is public") {
		t.Errorf("an open campaign without a draw says: %s", text)
	}
	if above := b.eval(`document.querySelector("#form-void").compareDocumentPosition(document.querySelector("#name")) & Node.DOCUMENT_POSITION_FOLLOWING`); above == "0" {
		t.Error("the warning is not above the form")
	}
	b.inspect("void-open")
	b.visit("/?lang=en")
	if got := b.eval(`[...document.querySelectorAll(".campaigns li")].map(e => e.querySelector("a").href.includes("/c/void?") + " " + (e.querySelector(".void") !== null)).sort().join("|")`); got != "false false|true true" {
		t.Errorf("the list warns of: %s", got)
	}
	b.says(".campaigns .void", "nobody will win anything")
	b.says(".campaigns", "Draw: ")
	if low := b.eval(`[...document.querySelectorAll(".campaigns a, header a:not(.skip), footer a")].filter(e => e.getBoundingClientRect().height < 40).map(e => e.textContent).join("|")`); low != "" {
		t.Errorf("links too low for a finger: %s", low)
	}
	if text := b.eval(`document.getElementById(document.querySelector(".campaigns a").getAttribute("aria-describedby")).innerText`); !strings.Contains(text, "Draw: ") {
		t.Errorf("a link of the list is described by %q", text)
	}
	b.inspect("list-void")
	b.visit("/")
	b.says(".campaigns .void", "抽獎已作廢，不會有人得獎")
}

// TestBrowserVoidReceipt enters a campaign of whose two draws custodians have confirmed one to be void, then both, and reads the receipt then and in the check:
// no word says that the entry is in a draw that is void, and each void says why and what follows.
func TestBrowserVoidReceipt(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	rules := w.full("void-two")
	rules.SurveyJson, rules.Consents = "", rules.Consents[:2]
	second := proto.Clone(rules.Draws[0]).(*fairlotv1.DrawRules)
	second.DrawTime = timestamppb.New(second.DrawTime.AsTime().Add(time.Hour))
	rules.Draws = append(rules.Draws, second)
	cosigners := w.cosigners(rules)
	c := w.open(rules)
	w.declareVoid(c.Name + "/draws/1")
	w.cosign(cosigners[:2])
	enter := func(token, id string) string {
		b.visit("/c/void-two?lang=en")
		b.fill("#token", token)
		b.fill("#name", "Mary O'Neil")
		b.tabTo("input[name=idType]")
		b.press(" ")
		b.fill("#idNumber", id)
		b.fill("#email", "mary@example.org")
		b.tabTo("#consent-rules")
		b.press(" ")
		b.tabTo("#send")
		b.press(kb.Enter)
		b.focused("#receipt-title")
		b.tabTo("#download-receipt")
		b.press(kb.Enter)
		return string(b.downloaded("fairlot-receipt-"))
	}
	check := func(page, saved string) {
		b.visit(page)
		b.tabTo("#paste")
		b.write(saved)
		b.tabTo("#check")
		b.press(kb.Enter)
		b.focused("#result-title")
	}
	const why = "This draw is void: nobody has won. The reason given: the entry list is not what it should be."
	tokens := w.tokens(c, 2)
	saved := enter(tokens[0], "A123456789")
	b.says(".receipt", "Draw 1: "+why)
	b.says(".receipt .void", "A void draw is not held")
	b.says(".receipt", "It is in the draw with 1 chance. Except in draw 1, which is void.")
	b.inspect("receipt-void-one")
	check("/check?lang=en", saved)
	b.says(".outcome", "Draw 1: "+why)
	b.says(".found .void", "A void draw is not held")
	b.says("#status", "Except in draw 1, which is void.")
	check("/check", saved)
	b.says("#status", "已計入抽獎，有 1 個機會。第 1 次抽獎除外：已作廢。")

	w.declareVoid(c.Name + "/draws/2")
	w.cosign(cosigners[:2])
	counts := func(selector string, words ...string) {
		t.Helper()
		for _, word := range words {
			if text := b.text(selector); strings.Contains(text, word) {
				t.Errorf("a receipt whose draws are void says %q: %s", word, text)
			}
		}
	}
	enter(tokens[1], "B123456780")
	b.says(".receipt", "Draw 2: "+why)
	counts(".receipt", "in the draw with", "1 chance")
	b.inspect("receipt-void")
	check("/check?lang=en", saved)
	b.says("#status", "Received; the draw is void, so it takes part in none.")
	counts(".found", "is in the draw", "chance")
	check("/check", saved)
	b.says(".outcome", "第 1 次抽獎：這次抽獎已作廢，沒有得獎人。理由：名單有誤。")
	b.says(".found .void", "作廢的抽獎不會舉行")
	b.says("#status", "已收到；抽獎已作廢，這筆不會參加抽獎。")
	counts(".found", "已計入", "機會")

	w.ahead.Store(int64(49*time.Hour - 30*time.Second))
	if _, err := w.campaigns.CloseCampaign(w.staff, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		t.Fatal(err)
	}
	check("/check?lang=en", saved)
	b.until(`document.querySelector("#listed") !== null`)
	b.says("#status", "Received; the draw is void")
	b.says("#listed", "In the list; as the draw is void, nobody is drawn from it")
	counts(".found", "is in the draw", "chance")
	b.inspect("check-void")
	b.clean()
}

// cosigners makes keys for the custodians of a campaign that is not open yet, and puts them into its rules.
func (w *world) cosigners(rules *fairlotv1.Campaign) (all []*ledger.Cosigner) {
	w.t.Helper()
	for _, k := range rules.Custodians {
		skey, vkey, err := ledger.GenerateCosigner(strings.Split(k.Cosigner, "+")[0])
		if err != nil {
			w.t.Fatal(err)
		}
		c, err := ledger.NewCosigner(skey)
		if err != nil {
			w.t.Fatal(err)
		}
		all, k.Cosigner = append(all, c), vkey
	}
	return all
}

// declareVoid has two officers declare a draw void.
func (w *world) declareVoid(name string) {
	w.t.Helper()
	asked, err := w.draws.VoidDraw(w.staff, &fairlotv1.VoidDrawRequest{Name: name, Reason: fairlotv1.VoidReason_VOID_REASON_LIST_WRONG})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.approvals.Approve(w.second, &fairlotv1.ApproveRequest{Name: asked.Name, Digest: asked.Digest}); err != nil {
		w.t.Fatal(err)
	}
}

// cosign has custodians cosign the newest checkpoint.
func (w *world) cosign(all []*ledger.Cosigner) {
	w.t.Helper()
	for _, k := range all {
		point, err := w.log.GetCheckpoint(w.staff, &fairlotv1.GetCheckpointRequest{})
		if err != nil {
			w.t.Fatal(err)
		}
		line, err := ledger.Cosign(k, w.engine.Installation().LogKey, []byte(point.Note), w.now())
		if err == nil {
			_, err = w.log.AddCosignature(w.staff, &fairlotv1.AddCosignatureRequest{Note: point.Note + line + "\n"})
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}
