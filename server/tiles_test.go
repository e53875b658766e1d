package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"fairlot/draw"
	"fairlot/store"
)

// TestTilesAreRead has a client that others wrote follow the log: head, entries in full and partial tiles, an inclusion proof and a consistency proof, all computed by it from what it fetched.
func TestTilesAreRead(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	const more = 600
	var want [][]byte
	for i := range more {
		b, err := (&draw.Erased{Open: draw.Hash{byte(i), byte(i >> 8)}, What: []string{"test"}, By: "operator"}).Marshal()
		must(t, err)
		must(t, d.rooms.Registry.Append(ctx, int64(i), b, store.Transition{}))
		want = append(want, b)
	}
	if resp, _ := d.do(t, "GET", "/log/checkpoint", nil, nil); resp.StatusCode != http.StatusNotFound || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("before anything is signed: %s", resp.Status)
	}
	c := d.opened(t, d.lotteryRules("tiles"))
	want = append(want, []byte(c.OpenRecord))

	fetcher, err := torchwood.NewTileFetcher(d.site.URL + "/log/")
	must(t, err)
	client, err := torchwood.NewClient(fetcher)
	must(t, err)
	signed, err := fetcher.ReadEndpoint(ctx, "checkpoint")
	must(t, err)
	key, err := note.NewVerifier(d.engine.Installation().LogKey)
	must(t, err)
	n, err := note.Open(signed, note.VerifierList(key))
	must(t, err)
	head, err := torchwood.ParseCheckpoint(n.Text)
	must(t, err)
	if head.N != more+1 {
		t.Fatalf("the head signs %d records, want %d", head.N, more+1)
	}
	got := 0
	for i, b := range client.AllEntries(ctx, head.Tree, 0) {
		if i != int64(got) || !bytes.Equal(b, want[i]) {
			t.Fatalf("entry %d, at place %d, is %q", i, got, b)
		}
		got++
	}
	if must(t, client.Err()); got != more+1 {
		t.Errorf("read %d entries", got)
	}
	entry, proof, err := client.Entry(ctx, head.Tree, 517)
	must(t, err)
	if must(t, tlog.CheckRecord(proof, head.N, head.Hash, 517, tlog.RecordHash(entry))); !bytes.Equal(entry, want[517]) {
		t.Errorf("entry 517 is %q", entry)
	}
	hashes := torchwood.TileHashReaderWithContext(ctx, head.Tree, fetcher)
	old, err := tlog.TreeHash(300, hashes)
	must(t, err)
	grown, err := tlog.ProveTree(head.N, 300, hashes)
	must(t, err)
	must(t, tlog.CheckTree(grown, head.N, head.Hash, 300, old))
	// One byte changed on the way is seen by such a client.
	bad, err := torchwood.NewTileFetcher(d.site.URL+"/log/", torchwood.WithHTTPClient(&http.Client{Transport: flipped{}}))
	must(t, err)
	client, err = torchwood.NewClient(bad)
	must(t, err)
	for range client.AllEntries(ctx, head.Tree, 0) {
	}
	if client.Err() == nil {
		t.Error("a client takes altered tiles: this test shows nothing")
	}
}

// flipped changes a bit of each answer.
type flipped struct{}

func (flipped) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			*flipping
			closer
		}{&flipping{r: resp.Body}, resp.Body}
	}
	return resp, err
}

type closer interface{ Close() error }

type flipping struct {
	r    interface{ Read([]byte) (int, error) }
	done bool
}

func (f *flipping) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if n > 10 && !f.done {
		b[10] ^= 1
		f.done = true
	}
	return n, err
}

// TestTileAddresses: types, caching, and that nothing else is served under /log/.
func TestTileAddresses(t *testing.T) {
	d := open(t)
	d.opened(t, d.lotteryRules("tiles"))
	resp, body := d.do(t, "GET", "/log/checkpoint", nil, nil)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || resp.Header.Get("Cache-Control") != "no-cache" || !bytes.HasPrefix(body, []byte("test.example/fairlot\n")) {
		t.Errorf("checkpoint: %s %v %s", resp.Status, resp.Header, body)
	}
	for _, path := range []string{"tile/0/000.p/1", "tile/entries/000.p/1"} {
		resp, body := d.do(t, "GET", "/log/"+path, nil, nil)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/octet-stream" || resp.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || len(body) == 0 {
			t.Errorf("%s: %s %v, %d bytes", path, resp.Status, resp.Header, len(body))
		}
	}
	for _, path := range []string{"tile/0/000", "tile/0/000.p/2", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/00/000.p/1", "tile/1/000.p/1", "tile/0/001.p/1", "tile/0/0.p/1", "tile/0/x000/000.p/1", "tile/entries/000",
		"tile/entries/000.p/2", "tile/entries/x999/x999/x999/x999/x999/999", "tile/63/000.p/1", "tile/64/000.p/1", "tile/-1/000.p/1", "tile/data/000.p/1", "tile/7/x999/x999/999.p/255", "tile/", "tile", "", "tile/0/000.p/1/", "tile/8/0/000.p/1",
		"tile/0/%2e%2e/%2e%2e/keys/log.skey", "tile/entries/..%2f..%2fkeys", fmt.Sprintf("tile/0/%0300d", 0)} {
		if resp, body := d.do(t, "GET", "/log/"+path, nil, nil); resp.StatusCode < 300 || resp.Header.Get("Cache-Control") == "public, max-age=31536000, immutable" {
			t.Errorf("%s: %s %.80s", path, resp.Status, body)
		}
	}
	if resp, _ := d.do(t, "POST", "/log/checkpoint", []byte("{}"), nil); resp.StatusCode != 405 {
		t.Errorf("POST: %s", resp.Status)
	}
}
