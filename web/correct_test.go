package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"fairlot/crypto/receipt"
)

// TestBrowserCorrects lets a reader correct their contact by keys alone: what is missing is named, another person's number is refused, an answer that was lost costs
// nothing, and the new receipt is checked, saved, and good. The old one says that another entry stands in its place. Nothing stays in the browser.
func TestBrowserCorrects(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	c := w.open(w.full("correct-2026"))
	codes := w.tokens(c, 2)
	old, other := w.savedEntry(c, 60, codes[0]), w.savedEntry(c, 61, codes[1])
	b.checks("en", old)
	b.says(".found", "You can correct it until entries end.")
	b.tabTo("#correct")
	b.press(kb.Enter)
	b.focused("#correct-title")
	b.inspect("correct")
	b.tabTo("#correct-send")
	b.press(kb.Enter)
	b.focused("#correct-problems")
	if n := b.eval(`document.querySelectorAll("#correct-problems li").length`); n != "4" {
		t.Errorf("%s mistakes are named, want 4: %s", n, b.text("#correct-problems"))
	}
	b.inspect("correct-problems")
	b.tabTo("#correct-problems a")
	b.press(kb.Enter)
	b.focused("#name") // the first mistake leads there
	b.write("林小美")
	b.tabTo("input[name=idType]")
	b.press(" ")
	b.fill("#idNumber", idNumber(77))
	b.fill("#email", "better@example.org")
	b.tabTo("#correct-send")
	b.press(kb.Enter)
	b.focused("#correct-problems")
	b.says("#correct-problems", "This is not the person of this receipt")
	b.says("#tries-left", "9 more tries are left.")
	if n := w.entrants(c); n != 2 {
		t.Errorf("%d entrants after a refusal, want 2", n)
	}
	b.fill("#idNumber", idNumber(60))
	w.lose.Store(true)
	b.tabTo("#correct-send")
	b.press(kb.Enter)
	b.until(`document.querySelector("#correct-send").textContent === "Send the same again"`)
	b.focused("#correct-problems")
	b.inspect("correct-unknown")
	w.lose.Store(false)
	b.tabTo("#correct-send")
	b.press(kb.Enter)
	b.focused("#receipt-title")
	if n := w.entrants(c); n != 3 {
		t.Errorf("%d entrants after the retry, want 3", n)
	}
	if n := b.eval(`document.querySelectorAll(".receipt .verdict.right").length`); n != "3" {
		t.Errorf("receipt checks: %s", b.text(".receipt .verdicts"))
	}
	b.says("#corrected", "only this new receipt counts")
	b.says("#corrections-left", "8 more corrections are possible.")
	b.says("#result-title", "another entry of the same person has taken its place")
	if left := b.eval(`document.querySelector("#paste").value`); left != "" {
		t.Errorf("the old receipt is still there to be checked: %s", left)
	}
	b.says("#corrected", "It is in the draw with 1 chance.")
	b.says("#status", "another entry of the same person stands in its place")
	if b.eval(`document.querySelector("#answer-secret") === null`) != "true" {
		t.Error("an answer secret is shown that leads nowhere")
	}
	b.inspect("corrected")
	b.tabTo("#download-receipt")
	b.press(kb.Enter)
	better := string(b.downloaded("fairlot-receipt-"))
	if _, err := receipt.ParseSaved([]byte(better)); err != nil || better == old {
		t.Errorf("the new receipt is\n%s\n%v", better, err)
	}
	printReceipt(t, b, []byte(better))
	if kept := b.eval(`localStorage.length + sessionStorage.length + document.cookie.length + location.href.length - (location.origin + "/check?lang=en").length`); kept != "0" {
		t.Errorf("something stays in the browser: %s", kept)
	}
	b.checks("en", better)
	b.says("#status", "It is in the draw with 1 chance.")
	b.checks("zh", old)
	b.says("#status", "已由同一人的另一筆取代")
	if b.eval(`document.querySelector("#correct") === null`) != "true" {
		t.Error("an entry that was corrected is offered to be corrected")
	}
	b.says("#erase-superseded", "只有那一份收據能刪除")
	b.tabTo("#erase")
	b.press(kb.Enter)
	b.tabTo("#erase-yes")
	b.press(kb.Enter)
	b.focused("#erase-trouble")
	b.says("#erase-trouble", "只有更正後的收據有效")
	b.bad = nil // the refusal is in the browser's console
	b.checks("zh", other)
	b.says(".found", "受理結束前可以更正")
	b.tabTo("#correct")
	b.press(kb.Enter)
	b.focused("#correct-title")
	b.says(".found", "您當初填的內容")
	b.inspect("correct-zh")
	b.tabTo("#correct-no")
	b.press(kb.Enter)
	b.focused("#correct")
	if text := b.text("main"); strings.Contains(text, "undefined") || w.entrants(c) != 3 {
		t.Errorf("%d entrants; the page says %s", w.entrants(c), text)
	}
	b.clean()
}
