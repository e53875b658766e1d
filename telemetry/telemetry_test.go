package telemetry

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func read(t *testing.T, tel *Telemetry) string {
	t.Helper()
	w := httptest.NewRecorder()
	tel.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// busy moves every metric.
func busy(t *testing.T) *Telemetry {
	tel := New("test", []string{"stopping", "keys-unreadable"})
	tel.SetVitals(func() Vitals {
		return Vitals{Queue: 700, EpochsWaiting: 3, Opened: map[string]int64{"notice": 2}, LeaseHeld: true, Lacking: []string{"stopping"}}
	})
	for i := range 2 * Step {
		tel.Sealed(time.Millisecond)
		tel.Committed(1+i%20, time.Millisecond)
		tel.Entered([]string{"", "TOKEN_USED", "BUSY"}[i%3])
	}
	for range Step {
		tel.Entered("")
	}
	_, end := tel.StaffCall(t.Context(), "/fairlot.v1.CampaignService/ListCampaigns")
	end("officer", "OK")
	_, done := tel.Work(t.Context(), "mix batch")
	done(errors.New("no"))
	return tel
}

var nameOfLine = regexp.MustCompile(`^(fairlot_[a-z_]+?)(?:_bucket|_sum|_count)?(?:\{| )`)

// TestMetricsAreListed compares what is shown with the list that documents and the dashboard are held to.
func TestMetricsAreListed(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(read(t, busy(t))) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		m := nameOfLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("a line of something else: %s", line)
		}
		if strings.Contains(line, "# {") {
			t.Errorf("an exemplar: %s", line)
		}
		seen[m[1]] = true
	}
	for _, m := range Metrics {
		if !seen[m.Name] {
			t.Errorf("%s is listed and not shown", m.Name)
		}
		delete(seen, m.Name)
	}
	for name := range seen {
		t.Errorf("%s is shown and not listed", name)
	}
}

// TestDashboardAndDocs holds the dashboard and OPERATIONS to the list: no name that is not shown, and none left out.
func TestDashboardAndDocs(t *testing.T) {
	text, err := os.ReadFile("../deploy/grafana/fairlot.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../docs/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	check := func(where, text string) map[string]bool {
		named := map[string]bool{}
		for _, name := range regexp.MustCompile(`fairlot_[a-z_]+`).FindAllString(text, -1) {
			at := slices.IndexFunc(Metrics, func(m Metric) bool {
				rest, ok := strings.CutPrefix(name, m.Name)
				return ok && (rest == "" || rest == "_bucket" || rest == "_sum" || rest == "_count")
			})
			if at < 0 {
				t.Errorf("%s names %s, which is not shown", where, name)
				continue
			}
			named[Metrics[at].Name] = true
		}
		return named
	}
	var exprs strings.Builder
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d %q", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			exprs.WriteString(q.Expr + "\n")
		}
	}
	panels := check("the dashboard", exprs.String())
	_, section, _ := strings.Cut(string(docs), "\n## Health and metrics")
	section, _, _ = strings.Cut(section, "\n## ")
	table := check("OPERATIONS", section)
	for _, m := range Metrics {
		if !panels[m.Name] {
			t.Errorf("no panel shows %s", m.Name)
		}
		if !table[m.Name] {
			t.Errorf("OPERATIONS says nothing of %s", m.Name)
		}
	}
}

// TestSteps reads after each call, as a stranger would who reads often: what one entry moves is never seen to move by fewer than Step calls, and
// the call that makes a step is not the same one each time.
func TestSteps(t *testing.T) {
	tel := New("test", nil)
	tel.SetVitals(func() Vitals { return Vitals{Queue: 1} })
	calm := func() string {
		var kept []string
		for line := range strings.Lines(read(t, tel)) {
			if !strings.HasPrefix(line, "fairlot_memory_bytes") && !strings.HasPrefix(line, "fairlot_open_files") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	was, last := calm(), 0
	widths := map[int]bool{}
	for i := 1; i <= 12*Step; i++ {
		tel.Sealed(time.Duration(i) * time.Microsecond)
		tel.Committed(1, time.Millisecond)
		tel.Entered([]string{"", "PERSON_ENTERED"}[i%2])
		if now := calm(); now != was {
			if i-last < Step {
				t.Fatalf("call %d is seen %d calls after the step before", i, i-last)
			}
			widths[i-last] = true
			was, last = now, i
		}
	}
	if len(widths) < 3 {
		t.Errorf("steps of %v calls only", widths)
	}
	tel.Entered("STORAGE_UNAVAILABLE")
	if !strings.Contains(read(t, tel), `fairlot_entry_faults_total{reason="STORAGE_UNAVAILABLE"} 1`) {
		t.Error("a fault is not shown at once")
	}
	if !strings.Contains(read(t, tel), "\nfairlot_entry_queue 0\n") {
		t.Error("one entry in the queue is seen")
	}
}

// TestHistograms compares ours with what was put in.
func TestHistograms(t *testing.T) {
	b := newBuckets([]float64{1, 2, 4})
	for _, v := range []float64{.5, 1, 1.5, 3, 9} {
		b.take(v)
	}
	if b.count != 5 || b.sum != 15 || !slices.Equal(b.counts, []uint64{2, 1, 1}) {
		t.Errorf("%+v", b)
	}
	c := b.clone()
	b.take(1)
	if c.counts[0] != 2 {
		t.Error("a clone moves with its original")
	}
}

// TestTraces sends spans to a collector and looks at the bytes: names and results, and not what an error said.
func TestTraces(t *testing.T) {
	var mu sync.Mutex
	var got []byte
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = z
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, b...)
	}))
	defer collector.Close()
	tel := New("test", nil)
	if err := tel.SendTraces(t.Context(), strings.TrimPrefix(collector.URL, "http://"), "test"); err != nil {
		t.Fatal(err)
	}
	ctx, end := tel.StaffCall(context.Background(), "/fairlot.v1.CampaignService/CloseCampaign")
	_, done := tel.Work(ctx, "mix batch")
	done(errors.New("secret of A123456789"))
	end("officer", "FailedPrecondition")
	for i := range 2 * Step {
		tel.Entered("")
		tel.Sealed(time.Duration(i))
		tel.Committed(1, time.Duration(i))
	}
	if err := tel.StopTraces(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	text := string(got)
	for _, want := range []string{"CloseCampaign", "mix batch", "officer", "FailedPrecondition", "fairlotd"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %d bytes", want, len(text))
		}
	}
	host, _ := os.Hostname()
	for _, never := range []string{"A123456789", "Enter", "host.name", strconv.Quote(host), "process.pid"} {
		if strings.Contains(text, never) {
			t.Errorf("%s is sent", never)
		}
	}
}
