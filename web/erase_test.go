package web_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
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
	codes := w.tokens(c, 8)
	now, late := w.savedEntry(c, 60, codes[0]), w.savedEntry(c, 61, codes[1])
	b.checks("en", now)
	b.says(".found", "You can have your name, ID number and contact destroyed now.")
	b.says("#erase-answers", "Answers that wait to be mixed go too, also if you corrected your contact")
	b.says("#erase-lead", "While entries are open you may enter again")
	b.tabTo("#erase")
	b.press(kb.Enter)
	b.focused("#erase-question")
	b.inspect("erase-question")
	b.tabTo("#erase-no")
	b.press(kb.Enter)
	b.focused("#erase")
	b.checks("en", now)
	b.says("#status", "It is in the draw with 1 chance.") // nothing happened
	b.tabTo("#erase")
	b.press(kb.Enter)
	b.tabTo("#erase-yes")
	b.press(kb.Enter)
	b.focused("#erase-title")
	b.says("#erased", "are destroyed. Nobody will write to you.")
	b.says("#status", "erased on request")
	b.inspect("erased")
	b.checks("zh", now)
	b.says("#erased", "都已銷毀")
	b.says("#status", "已要求刪除")

	var all []string
	for i := range 6 {
		all = append(all, w.savedEntry(c, 70+i, codes[2+i]))
	}
	w.ahead.Store(int64(48*time.Hour + 2*time.Minute))
	if _, err := w.campaigns.CloseCampaign(w.staff, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		t.Fatal(err)
	}
	b.checks("en", now)
	b.until(`document.querySelector("#listed") !== null`)
	b.says("#listed", "In the list, not counted (0 chances): erased on request")
	b.says("#listed", " of 8 in the list")
	got, err := http.Get(w.url + "/bundles/" + strings.TrimPrefix(c.Name, "campaigns/") + ".tar")
	if err != nil {
		t.Fatal(err)
	}
	records, err := io.ReadAll(got.Body)
	got.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	b.records("records.tar", records)
	b.tabTo("#check")
	b.press(kb.Enter)
	b.until(`document.querySelector("#apart") !== null`)
	b.says("#listed", "The reasons given for entries that are not counted: erased on request")
	b.checks("zh", late)
	b.until(`document.querySelector("#listed") !== null`)
	b.says("#erase-lead", "要等最後一次抽獎之後才銷毀")
	if text := b.text(".found"); strings.Contains(text, "等候混合的答案") || strings.Contains(text, "可以重新參加") { // true before the close only
		t.Errorf("after the close the page says %s", text)
	}
	b.says("#erase-answers", "您的答案會留著：最遲在結束時都已混合")
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

	w.ahead.Store(int64(49*time.Hour + 2*time.Minute))
	d, err := w.draws.RunDraw(w.staff, &fairlotv1.RunDrawRequest{Name: c.Name + "/draws/1"})
	if err != nil {
		t.Fatal(err)
	}
	wins := map[bool]string{}
	for _, saved := range all {
		won := slices.ContainsFunc(d.Seats, func(s *fairlotv1.Seat) bool { return s.Tier > 0 && strings.Contains(saved, s.EntryId) })
		wins[won] = saved
	}
	for won, saved := range wins {
		b.checks("en", saved)
		b.until(`document.querySelector("#listed") !== null`)
		b.says("#erase-lead", "The draws are held, so this is done within a minute or so.")
		b.says("#erase-answers", "Whoever has the answer secret can still withdraw them.")
		b.tabTo("#erase")
		b.press(kb.Enter)
		b.focused("#erase-question")
		if said := strings.Contains(b.text("#erase-question"), "you lose it: it goes to the next in order"); said != won {
			t.Errorf("won %v: %s", won, b.text("#erase-question"))
		}
		if won {
			b.inspect("erase-won")
		}
		b.tabTo("#erase-no")
		b.press(kb.Enter)
		b.focused("#erase")
	}
	b.checks("zh", late)
	b.until(`document.querySelector("#listed") !== null`)
	if text := b.text("#erased"); strings.Contains(text, "會在抽獎之後銷毀") { // done, or within a minute
		t.Errorf("after the draw the page says %s", text)
	}
	b.clean()
}
