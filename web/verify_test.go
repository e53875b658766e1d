package web_test

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"fairlot/draw/vectors"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// vectorFile writes a vector's bundle as an archive; change may alter the content of a member.
func vectorFile(t *testing.T, name string, change func(path string, b []byte) []byte) string {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, v := range all {
		if v.Name != name {
			continue
		}
		for _, p := range v.Parts {
			b := p.Data
			if change != nil {
				b = change(p.Path, bytes.Clone(b))
			}
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: p.Path, Size: int64(len(b)), Mode: 0o644, Format: tar.FormatUSTAR}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name+".tar")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// networkConditions is Chromium's switch of the whole network; the package has the newer one only, which Debian's Chromium may lack.
var networkConditions = cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

type conditions struct {
	Offline            bool    `json:"offline"`
	Latency            float64 `json:"latency"`
	DownloadThroughput float64 `json:"downloadThroughput"`
	UploadThroughput   float64 `json:"uploadThroughput"`
}

// TestBrowserVerifies verifies bundles on the site: one of this site that the campaign's page names, and files, the network being away. With the file
// TIME_BUNDLE (verify.TestTypeScriptLongList makes it) it takes the time from choosing that to the result.
func TestBrowserVerifies(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	c := w.open(w.full("verify"))
	w.others(c, 9)
	w.ahead.Store(int64(49*time.Hour + 2*time.Minute))
	if _, err := w.campaigns.CloseCampaign(w.staff, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.draws.RunDraw(w.staff, &fairlotv1.RunDrawRequest{Name: c.Name + "/draws/1"}); err != nil {
		t.Fatal(err)
	}

	// What a monitor finds: nobody outside has cosigned the list.
	b.visit("/c/verify?lang=en")
	b.tabTo("footer a[href^='/log']")
	b.press(kb.Enter)
	b.until(`location.pathname === "/log" && document.querySelector("#findings") !== null`)
	b.says("#findings-title", "One thing was found.")
	b.says("#findings", "the close of the entry list was not cosigned by enough witnesses by ")
	b.says("#findings", "late-close "+strings.TrimPrefix(c.Name, "campaigns/")+" draw 1")
	b.inspect("log")
	b.tabTo("#lang-zh-Hant-TW")
	b.press(kb.Enter)
	b.says("#findings-title", "發現 1 件異狀。")
	b.says("#findings", "名單截止在")
	b.inspect("log-zh")

	b.visit("/c/verify?lang=en")
	b.tabTo("[aria-labelledby=verify-title] a[href^='/verify']")
	b.press(kb.Enter)
	b.until(`location.pathname === "/verify" && document.querySelector("#bundle-address") !== null`)
	b.says("h1", "Verify a draw")
	if got, want := b.eval(`document.querySelector("#bundle-address").value`), "/bundles/"+strings.TrimPrefix(c.Name, "campaigns/")+".tar"; got != want {
		t.Errorf("the campaign's page names %q, want %q", got, want)
	}
	b.inspect("verify")
	b.tabTo("#verify")
	b.press(kb.Enter)
	b.until(`document.querySelector("#steps") !== null`)
	b.focused("#result-title")
	b.says("#result-title", "nobody outside confirmed the list in time") // the world has no witness
	if n := b.eval(`document.querySelectorAll("#steps .right").length`); n != "13" {
		t.Errorf("%s steps hold: %s", n, b.text("#steps"))
	}
	b.says("#verified-title", "Library survey 2026 with a draw") // a right outcome of another campaign says nothing of hers
	b.says(".found", "3 prizes, 2 alternates")
	b.inspect("verify-right")
	b.tabTo("#lang-zh-Hant-TW")
	b.press(kb.Enter)
	b.says("#result-title", "名單沒有及時得到外部見證")
	b.says("#steps", "名次重算後完全相同")
	b.inspect("verify-right-zh")

	// What is loaded needs no network; the page and its worker stay as they are.
	away := func(away bool) {
		call(b, networkConditions, conditions{Offline: away, DownloadThroughput: -1, UploadThroughput: -1})
	}
	away(true)
	choose := func(path string) {
		t.Helper()
		try(b, chromedp.SetUploadFiles(chromedp.CSS("#bundle-file"), []string{path}))
	}
	choose(vectorFile(t, "worked-example", nil))
	b.until(`document.querySelector("#result-title.right") !== null`)
	b.focused("#result-title")
	b.says("#result-title", "每一步都正確，抽獎得到證明")
	b.says(".found", "a4dc58113e52762d6d5239a8ef0f67da70c0abd8bad7519377478aa9b6a0665f")
	choose(vectorFile(t, "worked-example", func(path string, b []byte) []byte {
		if path == "draw/1/ranking.txt" {
			b[len(b)-2] ^= 1
		}
		return b
	}))
	b.until(`document.querySelector("#result-title.wrong") !== null`)
	b.says("#result-title", "不正確")
	b.says(".found .alarm", "第 11 步不成立：名次重算後完全相同")
	b.says(".found .alarm", "驗證程式的原文訊息（英文）：")
	if lang := b.eval(`document.querySelector(".found .alarm code").closest("[lang]").lang`); lang != "en" {
		t.Errorf("the verifier's English words are marked as %q", lang)
	}
	b.says("#steps li:last-child", "不符")
	if n := b.eval(`document.querySelectorAll("#verified-title").length`); n != "0" {
		t.Error("a file that does not verify is called by its own title")
	}
	b.inspect("verify-wrong")

	none := filepath.Join(t.TempDir(), "none.tar")
	if err := os.WriteFile(none, []byte("this is no bundle\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	choose(none)
	b.focused("#error-summary")
	b.says("#error-summary", "這不是活動紀錄")
	b.tabTo("#verify")
	b.press(kb.Enter)
	b.focused("#error-summary")
	b.says("#error-summary", "這個網址沒有檔案")
	away(false)

	// Nothing is fetched from elsewhere, and nothing asked for is an answer too.
	b.fill("#bundle-address", "https://elsewhere.example/bundles/1.tar")
	b.press(kb.Enter)
	b.says("#error-summary", "只能讀取這個網站上的網址")
	b.fill("#bundle-address", " ")
	b.press(kb.Enter)
	b.focused("#error-summary")
	b.says("#error-summary", "請選擇檔案，或輸入網址")
	b.inspect("verify-error")
	b.clean()

	if file := os.Getenv("TIME_BUNDLE"); file != "" {
		var took []time.Duration
		for range 11 {
			b.visit("/verify?lang=en")
			began := time.Now()
			choose(file)
			b.until(`document.querySelector("#steps") !== null`)
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		t.Logf("11 runs: from the file to the result %v (%v to %v)", took[5].Round(time.Millisecond), took[0].Round(time.Millisecond), took[10].Round(time.Millisecond))
	}
}
