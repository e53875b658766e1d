package attack

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// watched is what a stranger has who reads a daemon's metrics and traces. All of it is kept below the daemon's root, where canaries are looked for.
type watched struct {
	d   *daemon
	ops string

	mu     sync.Mutex
	traces *os.File
}

// watch makes the daemon show metrics and send traces from its next start on.
func (d *daemon) watch(t testing.TB) *watched {
	t.Helper()
	w := &watched{d: d, ops: freePort(t)}
	dir := filepath.Join(d.root, "watched")
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		w.traces, err = os.Create(filepath.Join(dir, "traces"))
	}
	if err != nil {
		t.Fatal(err)
	}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // the daemon may be killed while it sends
		w.mu.Lock()
		defer w.mu.Unlock()
		w.traces.Write(body)
	}))
	t.Cleanup(func() { collector.Close(); w.traces.Close() })
	d.extra = append(d.extra, "--ops", w.ops, "--traces", strings.TrimPrefix(collector.URL, "http://"))
	return w
}

// read keeps what the operators' door says now.
func (w *watched) read(t testing.TB) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(w.d.root, "watched", "metrics"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, path := range []string{"/metrics", "/readyz", "/livez"} {
		resp, err := client.Get("http://" + w.ops + path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(f, resp.Body); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}

// judge wants that enough was watched for the search to mean something, and that nothing of the entry path was traced.
func (w *watched) judge(t testing.TB, c *campaign) {
	t.Helper()
	metrics, err := os.ReadFile(filepath.Join(w.d.root, "watched", "metrics"))
	traces, err2 := os.ReadFile(filepath.Join(w.d.root, "watched", "traces"))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for _, want := range []string{"fairlot_entries_acknowledged_total", "fairlot_staff_call_seconds_count"} {
		if !bytes.Contains(metrics, []byte(want)) {
			t.Errorf("no %s in %d bytes of metrics", want, len(metrics))
		}
	}
	for _, want := range []string{"CloseCampaign", "move generation"} {
		if !bytes.Contains(traces, []byte(want)) {
			t.Errorf("no %s in %d bytes of traces", want, len(traces))
		}
	}
	for _, never := range []string{"EntryService/Enter", c.id, "attack.example", "127.0.0.1"} {
		if bytes.Contains(traces, []byte(never)) || never == c.id && bytes.Contains(metrics, []byte(never)) {
			t.Errorf("%s is told", never)
		}
	}
}
