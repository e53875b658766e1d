package web_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestBrowserAnswers shows a reader their answers by the answer secret and lets them take them back, by keys alone. Before they answer the page says what cannot be
// found again.
func TestBrowserAnswers(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	survey := w.full("answers-2026")
	survey.Draws, survey.Form, survey.Custodians, survey.Notifiers, survey.Threshold, survey.ChancesCap, survey.Proof = nil, nil, nil, nil, 0, 0, 0
	survey.Consents = survey.Consents[2:]
	c := w.open(survey)
	b.visit("/c/answers-2026?lang=en")
	b.says("#free-text", "cannot be shown to you or withdrawn later")
	secret := make([]byte, 32)
	for i := range 6 {
		secret[0] = byte(i + 1)
		hash := sha256.Sum256(secret)
		req := &fairlotv1.EnterRequest{Parent: c.Name, R: append(make([]byte, 31), byte(i+1)), NoticeHash: c.NoticeHash, Consents: []string{"research"},
			ResponseJson: `{"visit":"weekly","services":["loans","ebooks"],"content":4,"hour":"evening","recommend":true}`, AnswerSecretHash: hash[:]}
		if _, err := w.entries.Enter(context.Background(), req); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf("fairlot/v1 answer secret\nopen %s\nsecret %x\n", c.OpenHash, secret)
	show := func(lang, what string) {
		b.visit("/answers?lang=" + lang)
		b.tabTo("#paste")
		b.write(what)
		b.tabTo("#show")
		b.press(kb.Enter)
	}
	show("en", "fairlot/v1 saved receipt\ns 00")
	b.focused("#error-summary")
	b.says("#error-summary", "This is not an answer secret.")
	show("zh", text)
	b.focused("#error-summary")
	b.says("#error-summary", "最晚在活動結束時")
	b.inspect("answers-not-yet")
	w.ahead.Store(int64(48*time.Hour + 2*time.Minute))
	if _, err := w.campaigns.CloseCampaign(w.staff, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		t.Fatal(err)
	}
	b.bad = nil // the refusals above are in the browser's console
	show("en", text)
	b.focused("#result-title")
	b.says(".found", "These answers were given")
	for _, words := range []string{"Every week", "Loans; E-books", "Evening", "Would you recommend us?\nYes"} { // as the form said them
		b.says(".found", words)
	}
	b.says(".found", "My answers may be used for research")
	b.says(".found", "cannot be found again, shown or withdrawn")
	b.tabTo("#withdraw")
	b.press(kb.Enter)
	b.focused("#withdraw-question")
	b.inspect("answers")
	b.tabTo("#withdraw-yes")
	b.press(kb.Enter)
	b.until(`document.querySelector("#result-title")?.innerText.includes("are deleted")`)
	b.says("#result-title", "The statistics of this campaign were made before")
	b.inspect("answers-gone")
	b.clean()
	show("en", strings.Replace(text, "secret 06", "secret 05", 1)) // somebody else's are there
	b.focused("#result-title")
	b.visit("/answers?lang=zh")
	show("zh", strings.Replace(text, "secret 06", "secret 05", 1))
	b.focused("#result-title")
	b.says(".found", "每週")
	show("zh", text)
	b.focused("#error-summary")
	b.says("#error-summary", "也可能已經撤回")
}
