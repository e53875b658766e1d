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

// savedEntry enters somebody and returns what their page lets them save.
func (w *world) savedEntry(c *fairlotv1.Campaign, i int, token string) string {
	w.t.Helper()
	var s draw.Secret
	rand.Read(s[:])
	r := s.R()
	got, err := w.entries.Enter(context.Background(), &fairlotv1.EnterRequest{
		Parent: c.Name, R: r[:], NoticeHash: c.NoticeHash, Consents: []string{"rules"}, Token: token,
		Identity:     &fairlotv1.Identity{Name: "林小美", IdType: fairlotv1.IdType_ID_TYPE_CITIZEN, IdNumber: idNumber(i)},
		Contact:      &fairlotv1.Contact{Lang: "en", Email: fmt.Sprintf("p%d@example.org", i)},
		ResponseJson: answers, AnswerSecretHash: make([]byte, 32),
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

// TestBrowserErases lets a reader have their data erased by keys alone, in either language, before and after the close. Nothing is sent before they say yes.
func TestBrowserErases(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	c := w.open(w.full("erase-2026"))
	codes := w.tokens(c, 2)
	now, late := w.savedEntry(c, 60, codes[0]), w.savedEntry(c, 61, codes[1])
	check := func(lang, saved string) {
		b.visit("/check?lang=" + lang)
		b.tabTo("#paste")
		b.write(saved)
		b.tabTo("#check")
		b.press(kb.Enter)
		b.focused("#result-title")
	}
	check("en", now)
	b.says(".found", "You can have your name, ID number and contact destroyed now.")
	b.says(".found", "Answers that are mixed already stay")
	b.tabTo("#erase")
	b.press(kb.Enter)
	b.focused("#erase-question")
	b.inspect("erase-question")
	b.tabTo("#erase-no")
	b.press(kb.Enter)
	b.focused("#erase")
	check("en", now)
	b.says("#status", "It is in the draw with 1 chance.") // nothing happened
	b.tabTo("#erase")
	b.press(kb.Enter)
	b.tabTo("#erase-yes")
	b.press(kb.Enter)
	b.focused("#erase-title")
	b.says("#erased", "are destroyed. Nobody will write to you.")
	b.says("#status", "erased on request")
	b.inspect("erased")
	check("zh", now)
	b.says("#erased", "都已銷毀")
	b.says("#status", "已要求刪除")

	w.others(c, 6)
	w.ahead.Store(int64(48*time.Hour + 2*time.Minute))
	if _, err := w.campaigns.CloseCampaign(w.staff, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		t.Fatal(err)
	}
	check("zh", late)
	b.until(`document.querySelector("#listed") !== null`)
	b.says(".found", "要等最後一次抽獎之後才銷毀")
	b.tabTo("#erase")
	b.press(kb.Enter)
	b.tabTo("#erase-yes")
	b.press(kb.Enter)
	b.focused("#erase-title")
	b.says("#erased", "已記下您的刪除要求")
	b.says("#erased", "等候的最後一次抽獎")
	b.inspect("erase-waits")
	if b.eval(`document.querySelector("#erase") === null`) != "true" {
		t.Error("it can be asked for twice")
	}
	b.clean()
}
