package web_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/verify"
)

// readCode reads a picture of a QR code and nothing else with a reader that shares nothing with the page's, and returns "" if it cannot. In pictures with more it
// fails to find one code in fifteen, which the page's own reader does not.
func readCode(t *testing.T, picture []byte) string {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	got, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		return ""
	}
	return got.GetText()
}

// photographed turns a picture by some degrees, lights it from one side, and saves it as a telephone would.
func photographed(t *testing.T, picture []byte) []byte {
	t.Helper()
	src, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	out := image.NewGray(image.Rect(0, 0, w+200, h+200))
	sin, cos := math.Sincos(5 * math.Pi / 180)
	for y := range h + 200 {
		for x := range w + 200 {
			dx, dy := float64(x-100-w/2), float64(y-100-h/2)
			at := image.Pt(int(cos*dx+sin*dy)+w/2, int(cos*dy-sin*dx)+h/2)
			light := 0.5 + 0.4*float64(x)/float64(w+200)
			v := 120.0 // the table under the sheet
			if at.In(src.Bounds()) {
				v = float64(color.GrayModel.Convert(src.At(at.X, at.Y)).(color.Gray).Y)
			}
			out.SetGray(x, y, color.Gray{Y: uint8(20 + light*v*0.9)})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, out, &jpeg.Options{Quality: 70}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b`)

// printReceipt prints the receipt that the page shows, in both languages: one sheet, black on white, nothing but the receipt, and a code from which a
// reader gets the saved copy back byte for byte. It returns a picture of what is printed around the code.
func printReceipt(t *testing.T, b *browser, saved []byte) []byte {
	t.Helper()
	try(b, chromedp.Evaluate[int](`window.print = () => { window.printed = 1 }, 0`))
	b.tabTo("#print-receipt")
	b.press(kb.Enter)
	b.until(`window.printed === 1`)
	if got := readCode(t, try(b, chromedp.ScreenshotScale(chromedp.CSS("svg.qr"), 2))); got != string(saved) {
		t.Errorf("the code on the screen says %q, want the saved copy", got)
	}
	was, secret := b.eval(`document.documentElement.lang`), b.eval(`document.querySelector("#answer-secret pre")?.textContent ?? ""`)
	var sheet []byte
	for lang, want := range map[string]string{"zh-Hant-TW": "誰拿到這份收據（拍下 QR 碼也算），誰就有這筆參加的密碼", "en": "Whoever has this receipt, also as a photograph of its QR code, has the secret of your entry"} {
		b.language(lang)
		for range 3 { // as of four draws
			b.eval(`(r => r.after(r.cloneNode(true)))(document.querySelector(".receipt .facts > div:nth-child(3)"))`)
		}
		const a4w, a4h = 210 / 25.4, 297 / 25.4
		got, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: a4w, PaperHeight: a4h, PreferCSSPageSize: new(true)})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(pdfPage.FindAll(got.Data, -1)); n != 1 {
			t.Errorf("%s: the receipt is printed on %d sheets, want 1", lang, n)
		}
		b.save("printed-"+lang+".pdf", got.Data)
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		b.width(710)                                                                 // A4 less the margins
		b.eval(`document.querySelector("#answer-secret")?.setAttribute("open", "")`) // and all the same it stays off the sheet
		b.says(".receipt .paper", want)
		if seen := b.eval(`[...document.querySelectorAll("main *, header *, footer *")].filter(e => e.checkVisibility() && !e.closest(".receipt") && !e.querySelector(".receipt") && !e.closest("footer")).map(e => e.tagName + "." + e.className).join(" ")`); seen != "" {
			t.Errorf("%s: beside the receipt are printed %s", lang, seen)
		}
		if controls := b.eval(`[...document.querySelectorAll("button, input, a")].filter(e => e.checkVisibility()).map(e => e.outerHTML).join(" ")`); controls != "" {
			t.Errorf("%s: controls are printed: %s", lang, controls)
		}
		if colours := b.eval(`[...document.querySelectorAll(".receipt, .receipt *")].filter(e => e.checkVisibility()).flatMap(e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.borderTopColor]; }).filter(c => { const [r, g, b] = c.match(/[0-9.]+/g); return r !== g || g !== b; }).join(" ")`); colours != "" {
			t.Errorf("%s: printed in colours: %s", lang, colours)
		}
		if text := b.text(".receipt"); strings.Contains(text, "answer secret") || secret != "" && strings.Contains(text, strings.TrimSpace(secret)) {
			t.Errorf("%s: the answer secret stands on the receipt's sheet: %s", lang, text)
		}
		b.eval(`document.querySelector("#answer-secret")?.removeAttribute("open")`)
		b.picture("printed-" + lang)
		b.width(710)
		printed := try(b, chromedp.ScreenshotScale(chromedp.CSS("svg.qr"), 3)) // some 300 dots an inch
		sheet = try(b, chromedp.ScreenshotScale(chromedp.CSS(".receipt .code"), 3))
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
		b.width(1280)
		if got := readCode(t, printed); got != string(saved) {
			t.Errorf("%s: the printed code says %q, want the saved copy", lang, got)
		}
	}
	b.language(was)
	return sheet
}

// language changes the page's language by its link.
func (b *browser) language(lang string) {
	b.t.Helper()
	b.tabTo("#lang-" + lang)
	b.press(kb.Enter)
	b.until(fmt.Sprintf(`document.documentElement.lang === %q`, lang))
}

// give chooses a file of these bytes in a file field.
func (b *browser) give(field, name string, content []byte) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	try(b, chromedp.SetUploadFiles(chromedp.CSS(field), []string{path}))
}

// records chooses public records to check against.
func (b *browser) records(name string, content []byte) {
	b.t.Helper()
	b.give("#records", name, content)
	b.until(fmt.Sprintf(`document.querySelector("#records-chosen code")?.textContent === %q`, name))
	b.focused("#records-drop")
}

// readFromPaper brings a printed receipt back by a photograph, saves it as a file again, and is told what to do with pictures that hold none.
func readFromPaper(t *testing.T, b *browser, sheet, saved []byte) {
	t.Helper()
	photo := photographed(t, sheet)
	b.save("photograph.jpg", photo)
	b.visit("/check?lang=en")
	b.tabTo("#photo")
	b.give("#photo", "photograph.jpg", photo)
	b.focused("#result-title")
	b.says("#result-title", "This receipt holds.")
	b.forget("fairlot-receipt-")
	b.tabTo("#save-again")
	b.press(kb.Enter)
	if got := b.downloaded("fairlot-receipt-"); !bytes.Equal(got, saved) {
		t.Errorf("from the photograph came %q, want the saved copy", got)
	}

	blank := image.NewGray(image.Rect(0, 0, 600, 400))
	var empty bytes.Buffer
	if err := png.Encode(&empty, blank); err != nil {
		t.Fatal(err)
	}
	b.visit("/check?lang=zh")
	b.give("#photo", "blank.png", empty.Bytes())
	b.focused("#error-summary")
	b.says("#error-summary", "這張照片裡找不到 QR 碼")
	b.inspect("photo-none")
	b.give("#photo", "broken.jpg", []byte("no picture"))
	b.until(`document.querySelector("#error-summary")?.innerText.includes("瀏覽器打不開這張照片") === true`)
	b.focused("#error-summary")

	// A desk's scanner types what it reads, and no dash that is not on its keyboard.
	b.checks("en", strings.Replace(string(saved), "\n— ", "\n- ", 1))
	b.says("#result-title", "This receipt holds.")
}

// save leaves a file in the folder FAIRLOT_SHOTS, if it is set.
func (b *browser) save(name string, content []byte) {
	b.t.Helper()
	if dir := os.Getenv("FAIRLOT_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

// forget removes what was downloaded under a name.
func (b *browser) forget(prefix string) {
	b.t.Helper()
	names, err := filepath.Glob(filepath.Join(b.downloads, prefix+"*"))
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// contradict plays an operator who signed receipts and publishes a list that honours them not: one is left out, one has fewer chances. The page makes
// evidence of both, which verifies against the records that it hands out with it. An honest receipt gives none, and its place and rank are the program's.
func contradict(t *testing.T, w *world, b *browser, c *fairlotv1.Campaign, saved []byte, notes []string) {
	t.Helper()
	check := func(lang, text string) {
		t.Helper()
		b.checks(lang, text)
		b.until(`document.querySelector("#listed") !== null`)
	}
	honest, err := receipt.ParseSaved(saved)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := honest.Check(w.receiptKey)
	if err != nil {
		t.Fatal(err)
	}
	var s draw.Secret
	s[0] = 7
	left := receipt.Receipt{Open: listed.Open, ID: s.R().EntrantID(listed.Open), Person: draw.PersonOf(honest.Identity, honest.Contact), Stratum: 1, Chances: 1}
	more := listed
	more.Chances++
	sign := func(r receipt.Receipt, secret [32]byte) string {
		t.Helper()
		note, err := receipt.Sign(w.receiptSigner, r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := receipt.Saved{S: secret, Draws: true, Identity: honest.Identity, Contact: honest.Contact, Note: note}.Format()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var checked *bundle.Checked
	for _, x := range []struct{ lang, text, finding, says string }{
		{"zh", sign(left, s), verify.FindingMissing, "收據的簽章正確，但這個活動裡沒有這筆資料"},
		{"en", sign(more, honest.S), verify.FindingChances, "The entry in the list does not fit the receipt!"},
	} {
		check(x.lang, x.text)
		b.says("#result-title", x.says)
		b.inspect("evidence-" + x.lang)
		b.forget("fairlot-")
		b.tabTo("#save-evidence")
		b.press(kb.Enter)
		text := b.downloaded("fairlot-evidence-")
		b.tabTo("#save-records")
		b.press(kb.Enter)
		records := filepath.Join(b.downloads, "fairlot-records-library-2026.tar")
		b.arrived(records)
		e, err := verify.ParseEvidence(text)
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if e.Finding != x.finding || e.Bundle != w.url+"/bundles/"+strings.TrimPrefix(c.Name, "campaigns/")+".tar" {
			t.Errorf("finding %s, bundle %s", e.Finding, e.Bundle)
		}
		files, err := bundle.Open(context.Background(), records, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { files.Close() })
		if checked, err = files.Check(verify.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := e.Check(files.Files, checked.Outcome, checked.Tree); err != nil {
			t.Errorf("%s: %v", x.finding, err)
		}
		for _, secret := range strings.Fields("s identity contact") {
			if strings.Contains(string(text), "\n"+secret+" ") {
				t.Errorf("the evidence holds %s", secret)
			}
		}
		e.Receipt = honest.Note
		if err := e.Check(files.Files, checked.Outcome, checked.Tree); !errors.Is(err, verify.ErrHonoured) {
			t.Errorf("evidence with an honest receipt: %v", err)
		}
	}
	apart(t, w, b, checked, []byte(sign(left, s)), saved)
	// The site itself sends records that do not verify: nothing is said of the list, and there is no evidence.
	id := listed.ID[:]
	w.spoil.Store(&id)
	b.checks("en", string(saved))
	b.until(`document.querySelector("#records-wrong") !== null`)
	b.says("#result-title", "This receipt is genuine, but the public records of this site do not verify.")
	b.says("#records-wrong", "Step 8 does not hold: The list is the one published at the close")
	silent(t, b)
	b.width(390)
	b.picture("check-records-wrong")
	b.width(1280)
	w.spoil.Store(nil)
	for _, text := range append(notes[:3:3], string(saved)) {
		check("en", text)
		st, err := verify.Receipt(checked.Files.Files, checked.Outcome, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		d := st.Draws[0]
		b.says("#listed", fmt.Sprintf("Entry %d of %d in the list", d.Index+1, checked.Outcome.Draws[0].Entrants))
		b.says("#listed", fmt.Sprintf("Rank %d of %d\n", d.Rank, d.Of))
		if b.eval(`document.querySelector("#evidence") === null`) != "true" {
			t.Errorf("an honest list gives evidence: %s", b.text(".found"))
		}
	}
}

// silent fails if a page whose records do not verify says where the receipt stands in them, or makes evidence.
func silent(t *testing.T, b *browser) {
	t.Helper()
	if b.eval(`document.querySelector("#evidence, #listed") === null`) != "true" {
		t.Errorf("records that do not verify are believed: %s", b.text(".found"))
	}
	for _, word := range []string{"Rank", "Not in the list", "does not fit the receipt", "It has won", "save it now"} {
		if text := b.text(".found"); strings.Contains(text, word) {
			t.Errorf("records that do not verify, and the page says %q: %s", word, text)
		}
	}
}

// fetched is a campaign's bundle as the site sends it.
func fetched(t *testing.T, w *world, c *fairlotv1.Campaign) []byte {
	t.Helper()
	answer, err := http.Get(w.url + "/bundles/" + strings.TrimPrefix(c.Name, "campaigns/") + ".tar")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	records, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status, err)
	}
	return records
}

// apart checks receipts against records that the reader has, the network being away: a list that leaves one out, one that does not, records that were altered, and
// those of another campaign.
func apart(t *testing.T, w *world, b *browser, checked *bundle.Checked, left, saved []byte) {
	t.Helper()
	neighbour := fetched(t, w, w.open(w.full("neighbour"))) // of the same institution, and so with the same log
	b.visit("/check?lang=en")
	for _, script := range []string{"bundle", "verify-worker"} {
		b.until(`performance.getEntriesByName(location.origin + "/assets/` + script + `.js")[0]?.responseEnd > 0`)
	}
	away := conditions{Offline: true, DownloadThroughput: -1, UploadThroughput: -1}
	call(b, networkConditions, away)
	defer func() {
		away.Offline = false
		call(b, networkConditions, away)
	}()
	records, err := os.ReadFile(filepath.Join(b.downloads, "fairlot-records-library-2026.tar"))
	if err != nil {
		t.Fatal(err)
	}
	check := func(text []byte) {
		t.Helper()
		try(b, chromedp.Evaluate[int](`document.querySelector("#paste").select(), 0`))
		b.tabTo("#paste")
		b.write(string(text))
		b.tabTo("#check")
		b.press(kb.Enter)
	}
	b.tabTo("#records-field summary")
	b.press(kb.Enter)
	b.records("mine.tar", records)
	check(saved)
	b.focused("#result-title")
	st, err := verify.Receipt(checked.Files.Files, checked.Outcome, saved)
	if err != nil {
		t.Fatal(err)
	}
	b.says("#result-title", "This receipt holds.")
	b.says("#apart", "Checked against mine.tar, without asking this site.")
	b.says("#listed", fmt.Sprintf("Entry %d of %d in the list", st.Draws[0].Index+1, checked.Outcome.Draws[0].Entrants))
	b.says("#listed", fmt.Sprintf("Rank %d of %d\n", st.Draws[0].Rank, st.Draws[0].Of))
	b.says(".found", "nobody outside confirmed the list in time")
	b.inspect("apart")
	if text := b.text("main"); strings.Contains(text, "just downloaded") {
		t.Errorf("of the reader's own file it says: %s", text)
	}

	// Whoever alters the records accuses nobody, and makes nobody a winner.
	unlisted, crowned := bytes.Clone(records), bytes.Clone(records)
	id := st.Receipt.ID
	unlisted[bytes.Index(unlisted, id[:])+15] ^= 1
	at := regexp.MustCompile("\x001 1 [0-9a-f]{32} ").FindIndex(crowned)[0] + len("\x001 1 ") // where ranking.txt begins
	if copy(crowned[at:], hex.EncodeToString(id[:])); bytes.Equal(crowned, records) {
		crowned[at] ^= 1 // it was the first of them
	}
	for _, x := range []struct {
		name, says string
		records    []byte
	}{
		{"unlisted.tar", "Step 8 does not hold: The list is the one published at the close", unlisted},
		{"crowned.tar", "Step 11 does not hold: The ranks, computed again, are the same", crowned},
	} {
		b.records(x.name, x.records)
		check(saved)
		b.until(`document.querySelector("#records-wrong") !== null`)
		b.focused("#result-title")
		b.says("#result-title", "These records do not verify: nothing follows from them for the receipt.")
		b.says("#apart", x.name)
		b.says("#records-wrong", x.says)
		silent(t, b)
	}
	b.inspect("apart-wrong")
	b.records("mine.tar", records)
	check(left)
	b.until(`document.querySelector("#result-title")?.textContent.startsWith("Not in the list!") === true`)
	b.forget("fairlot-evidence-")
	b.says("#evidence", "the file of records that you chose")
	b.tabTo("#save-evidence")
	b.press(kb.Enter)
	e, err := verify.ParseEvidence(b.downloaded("fairlot-evidence-"))
	if err == nil {
		err = e.Check(checked.Files.Files, checked.Outcome, checked.Tree)
	}
	if err != nil || e.Bundle != "" {
		t.Errorf("evidence from records at hand: %v, bundle %q", err, e.Bundle)
	}
	other, err := os.ReadFile(vectorFile(t, "worked-example", nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, records := range map[string][]byte{"other.tar": other, "neighbour.tar": neighbour} {
		b.records(name, records)
		check(saved)
		b.focused("#error-summary")
		b.says("#error-summary", "This receipt is of another campaign")
		if b.eval(`document.querySelector(".found") === null`) != "true" {
			t.Errorf("%s: it says of the receipt %s", name, b.text(".found"))
		}
	}
	b.records("none.tar", []byte("nothing"))
	check(saved)
	b.until(`document.querySelector("#error-summary")?.innerText.includes("These are not a campaign's records") === true`)
	b.tabTo("#records-drop")
	b.press(kb.Enter)
	b.focused("#records-field summary")
}
