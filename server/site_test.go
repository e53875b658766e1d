package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"testing"
)

// TestSiteIsSentOnce asks for a script plainly, compressed, and again with what was sent: the bytes are the same, and the second time none.
func TestSiteIsSentOnce(t *testing.T) {
	d := open(t)
	plain, body := d.do(t, "GET", "/assets/app.js", nil, http.Header{"Accept-Encoding": {"identity"}})
	if plain.StatusCode != 200 || plain.Header.Get("Content-Encoding") != "" || len(body) == 0 || plain.Header.Get("ETag") == "" {
		t.Fatalf("plain: %s %v, %d bytes", plain.Status, plain.Header, len(body))
	}
	for _, not := range []string{"gzip;q=0", "br", "", "gzip; q=0.0"} {
		if resp, got := d.do(t, "GET", "/assets/app.js", nil, http.Header{"Accept-Encoding": {not}}); resp.Header.Get("Content-Encoding") != "" || !bytes.Equal(got, body) {
			t.Errorf("Accept-Encoding %q: %v", not, resp.Header)
		}
	}
	zipped, z := d.do(t, "GET", "/assets/app.js", nil, http.Header{"Accept-Encoding": {"br, gzip;q=0.5"}})
	if zipped.Header.Get("Content-Encoding") != "gzip" || len(z) >= len(body) || zipped.Header.Get("ETag") == plain.Header.Get("ETag") {
		t.Fatalf("compressed: %v, %d of %d bytes", zipped.Header, len(z), len(body))
	}
	r, err := gzip.NewReader(bytes.NewReader(z))
	must(t, err)
	got, err := io.ReadAll(r)
	must(t, err)
	if !bytes.Equal(got, body) {
		t.Error("unpacked, the script is another one")
	}
	again, rest := d.do(t, "GET", "/assets/app.js", nil, http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {zipped.Header.Get("ETag")}})
	if again.StatusCode != http.StatusNotModified || len(rest) != 0 {
		t.Errorf("again: %s, %d bytes", again.Status, len(rest))
	}
}
