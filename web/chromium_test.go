package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// axePath is where npm puts axe-core; it is used at check time only and never shipped.
const axePath = "node_modules/axe-core/axe.min.js"

// browser is a real Chromium, driven by keys alone. It collects what must not happen: requests to elsewhere, console errors, breaches of
// the content security policy.
type browser struct {
	t         *testing.T
	ctx       context.Context
	origin    string
	downloads string
	axe       string // source, empty if npm has not brought it

	mu  sync.Mutex
	bad []string
}

func newBrowser(t *testing.T, origin string) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: the site is not tested in a browser")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("accept-lang", "zh-TW,zh,en"), chromedp.Flag("lang", "zh-TW"))
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancelAlloc)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, origin: origin, downloads: t.TempDir()}
	if src, err := os.ReadFile(axePath); err == nil {
		b.axe = string(src)
	}
	if err := chromedp.Listen(ctx, b.watch); err != nil {
		t.Fatalf("chromium: %v", err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, cdlog.Enable, cdp.Empty{})
	if _, err := chromedp.CallBrowser(ctx, cdbrowser.SetDownloadBehavior,
		cdbrowser.SetDownloadBehaviorParams{Behavior: cdbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: b.downloads}); err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return b
}

func (b *browser) watch(ev any) {
	note := func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.bad = append(b.bad, fmt.Sprintf(format, args...))
	}
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || (u.Scheme != "data" && u.Scheme != "blob" && u.Scheme+"://"+u.Host != b.origin && e.Request.URL != "about:blank") {
			note("request to %s", e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		what, _ := json.Marshal(e.ExceptionDetails)
		note("exception: %s", what)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			args, _ := json.Marshal(e.Args)
			note("console %s: %s", e.Type, args)
		}
	case *cdlog.EventEntryAdded:
		// Refusals that the page handles are told by the browser as failed loads: they are no fault.
		if (e.Entry.Level == cdlog.EntryLevelWarning || e.Entry.Level == cdlog.EntryLevelError) && e.Entry.Source != cdlog.EntrySourceNetwork {
			note("%s: %s", e.Entry.Source, e.Entry.Text)
		}
	case *page.EventJavascriptDialogOpening:
		note("dialog: %s", e.Message)
		go chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
	}
}

// clean fails if anything happened that must not.
func (b *browser) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.bad {
		b.t.Error(s)
	}
	b.bad = nil
}

// try bounds one action in time and, if it fails, tells what the page says.
func try[T any](b *browser, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.fail(err.Error())
	}
	return v
}

func (b *browser) fail(why string) {
	b.t.Helper()
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.activeElement.outerHTML.slice(0, 200) + "\n" + document.body.innerText.slice(0, 2500)`))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Fatalf("%s\nnoted: %q\nthe focus and the page:\n%s", why, b.bad, text)
}

func call[P, R any](b *browser, cmd cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, cmd, params); err != nil {
		b.t.Fatalf("%s: %v", cmd.Method, err)
	}
}

// eval returns the value of an expression as text. It runs beside the page's policy, which forbids scripts made from strings.
func (b *browser) eval(js string) string {
	b.t.Helper()
	return try(b, chromedp.Evaluate[string](`String(`+js+`)`))
}

// visit opens a page and waits until it is drawn.
func (b *browser) visit(path string) {
	b.t.Helper()
	try(b, chromedp.Navigate(b.origin+path))
	b.until(`document.querySelector("main h1") !== null && !["載入中…", "Loading…"].includes(document.querySelector("main h1").textContent)`)
}

// until waits for a condition.
func (b *browser) until(js string) {
	b.t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if b.eval(js) == "true" {
			return
		}
	}
	b.fail("never came true: " + js)
}

// tabTo presses Tab until the focus is on an element that fits, as somebody without a mouse would.
func (b *browser) tabTo(selector string) {
	b.t.Helper()
	fits := fmt.Sprintf(`(e => e !== null && e.matches(%q) ? getComputedStyle(e).outlineStyle + " " + getComputedStyle(e).outlineWidth : "")(document.activeElement)`, selector)
	for range 120 {
		b.press(kb.Tab)
		if ring := b.eval(fits); ring != "" {
			if strings.HasPrefix(ring, "none") || strings.HasSuffix(ring, " 0px") {
				b.t.Errorf("%s has the focus and does not show it: %s", selector, ring)
			}
			return
		}
	}
	b.fail(selector + " cannot be reached by Tab")
}

func (b *browser) press(keys string) { b.t.Helper(); try(b, chromedp.KeyEvent(keys)) }

// write puts text where the focus is, as an input method does.
func (b *browser) write(text string) {
	b.t.Helper()
	call(b, input.InsertText, input.InsertTextParams{Text: text})
}

// fill replaces what stands in a field.
func (b *browser) fill(selector, text string) {
	b.t.Helper()
	b.tabTo(selector)
	for range []rune(b.eval(`document.activeElement.value`)) {
		b.press(kb.Backspace)
	}
	b.write(text)
}

func (b *browser) focused(selector string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`document.activeElement !== null && document.activeElement.matches(%q)`, selector))
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	return b.eval(fmt.Sprintf(`(document.querySelector(%q)?.innerText ?? "")`, selector))
}

func (b *browser) says(selector, want string) {
	b.t.Helper()
	if got := b.text(selector); !strings.Contains(got, want) {
		b.t.Errorf("%s says %q, want %q in it", selector, got, want)
	}
}

func (b *browser) width(px int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: px, Height: 900, DeviceScaleFactor: 1, Mobile: px < 500})
}

// brokenWords are the header's words, of Latin letters, that stand on more than one line.
const brokenWords = `[...document.querySelectorAll("header a:not(.skip)")].flatMap(a => [...a.textContent.matchAll(/[A-Za-z]+/g)].filter(m => {
	const r = document.createRange();
	r.setStart(a.firstChild, m.index);
	r.setEnd(a.firstChild, m.index + m[0].length);
	return new Set([...r.getClientRects()].map(x => x.top)).size > 1;
}).map(m => m[0])).join(" ")`

// after tells whether an element comes after another in the page.
func (b *browser) after(selector, other string) bool {
	b.t.Helper()
	return b.eval(fmt.Sprintf(`document.querySelector(%q).compareDocumentPosition(document.querySelector(%q)) & Node.DOCUMENT_POSITION_FOLLOWING`, other, selector)) != "0"
}

// inspect looks at the present page at five widths: no word of the header is broken, nothing scrolls sideways, axe finds nothing serious, in light and dark.
func (b *browser) inspect(name string) {
	b.t.Helper()
	for _, px := range []int64{1280, 768, 390, 360, 320} {
		b.width(px)
		if over := b.eval(`document.documentElement.scrollWidth - document.documentElement.clientWidth`); over != "0" {
			b.t.Errorf("%s: at %d px the page scrolls sideways by %s px: %s", name, px, over, b.eval(
				`[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth).map(e => e.tagName + "." + e.className).slice(0, 5).join(", ")`))
		}
		if broken := b.eval(brokenWords); broken != "" {
			b.t.Errorf("%s: at %d px the header breaks inside %s", name, px, broken)
		}
		b.picture(fmt.Sprintf("%s-%d", name, px))
		b.width(px) // a picture of the whole page changes it
		if px == 1280 || px == 320 {
			b.axeCheck(fmt.Sprintf("%s at %d px", name, px))
		}
	}
	b.width(1280)
	dark := func(value string) {
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}})
	}
	dark("dark")
	b.axeCheck(name + " in the dark")
	b.picture(name + "-dark")
	dark("light")
}

// picture leaves a picture of the whole page in the folder FAIRLOT_SHOTS, if it is set.
func (b *browser) picture(name string) {
	b.t.Helper()
	if dir := os.Getenv("FAIRLOT_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), try(b, chromedp.FullScreenshot(100)), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *browser) axeCheck(name string) {
	b.t.Helper()
	if b.axe == "" {
		return
	}
	if b.eval(`typeof axe`) == "undefined" {
		try(b, chromedp.Evaluate[int](b.axe+";0"))
	}
	found := try(b, chromedp.Evaluate[[]string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r =>
		r.violations.filter(v => v.impact === "serious" || v.impact === "critical").map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + " " +
			n.any.concat(n.all).map(a => a.message).join("; ")).join(" | ")))`, chromedp.EvalAwaitPromise))
	for _, v := range found {
		b.t.Errorf("%s: axe: %s", name, v)
	}
}

// arrived waits until a download is there whole.
func (b *browser) arrived(path string) {
	b.t.Helper()
	for range 100 {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.fail("no file " + path + " was downloaded")
}

// downloaded waits for a file and returns it.
func (b *browser) downloaded(prefix string) []byte {
	b.t.Helper()
	for range 100 {
		names, _ := filepath.Glob(filepath.Join(b.downloads, prefix+"*.txt"))
		if len(names) > 0 {
			if data, err := os.ReadFile(names[0]); err == nil && len(data) > 0 {
				return data
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.fail("no file " + prefix + " was downloaded")
	return nil
}
