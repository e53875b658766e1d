package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"fairlot/draw"
	"fairlot/monitor/logtest"
)

func TestLogMonitor(t *testing.T) {
	l := logtest.New(t, nil)
	srv := httptest.NewServer(l.Handler())
	defer srv.Close()
	dir := t.TempDir()
	state, metrics := filepath.Join(dir, "state.json"), filepath.Join(dir, "fairlot.prom")
	for _, args := range [][]string{{}, {srv.URL}, {"ftp://x", "--state", state}, {srv.URL, "--state", state, "--once", "--every", "1m"}, {srv.URL, "--state", state, "--every", "1ms"},
		{srv.URL, "--state", state, "--day-times", "1"}, {srv.URL, "--state", state, "--key", "x"}, {srv.URL, "--state", state, "--lang", "fr"}, {srv.URL + "/?x", "--state", state}} {
		if code, out, errs := call(t, append([]string{"log", "monitor"}, args...)...); code != 2 || out != "" || !strings.HasPrefix(errs, "fairlot: ") {
			t.Errorf("%v: status %d, %q, %q", args, code, out, errs)
		}
	}
	// The campaign of 2023 was opened and never closed.
	code, out, errs := call(t, "log", "monitor", srv.URL+"/", "--state", state, "--metrics-file", metrics)
	if code != 1 || strings.Count(out, "late-close: "+srv.URL+" 00000000000000000000000000000001 draw ") != 2 || strings.Count(out, "\n") != 4 || !strings.Contains(errs, "1 record, 4 findings") {
		t.Errorf("status %d\n%s%s", code, out, errs)
	}
	f, err := os.Open(metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(f)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, m := range families["fairlot_monitor_findings"].GetMetric() {
		for _, p := range m.GetLabel() {
			if p.GetName() == "kind" {
				counts[p.GetValue()] = m.GetGauge().GetValue()
			}
		}
	}
	if counts["late-close"] != 2 || counts["overdue"] != 2 || counts["fork"] != 0 || len(counts) != 19 || families["fairlot_monitor_looked"].GetMetric()[0].GetGauge().GetValue() != 1 {
		t.Errorf("metrics %v", counts)
	}
	code, out, _ = call(t, "log", "monitor", srv.URL, "--state", state, "--lang", "zh")
	if code != 1 || !strings.Contains(out, "第 1 次抽獎: 抽獎未在 ") {
		t.Errorf("status %d\n%s", code, out)
	}
	code, out, _ = call(t, "log", "monitor", srv.URL, "--state", state, "--json")
	line, _, _ := strings.Cut(out, "\n")
	var got struct {
		Kind, Log, Campaign string
		Draw                int
		Text                map[string]string
	}
	if err := json.Unmarshal([]byte(line), &got); err != nil || code != 1 || got.Kind != "late-close" || got.Log != "log.example.org" || got.Draw != 1 || got.Text["en"] == "" || got.Text["zh-Hant-TW"] == "" {
		t.Errorf("status %d: %v, %+v\n%s", code, err, got, line)
	}
	// In time, nothing is found.
	fresh := logtest.New(t, func(o *draw.Open) {
		ahead := uint64(time.Since(time.Unix(logtest.Genesis, 0))/time.Second/3) + 10_000
		o.Draws[0].Round, o.Draws[1].Round = ahead, ahead+1000
		o.EntriesEnd = time.Now().UTC().Add(time.Hour).Truncate(time.Second)
		o.ObjectionsEnd = o.EntriesEnd
	})
	good := httptest.NewServer(fresh.Handler())
	if code, out, errs = call(t, "log", "monitor", good.URL, "--once", "--state", filepath.Join(dir, "good.json"), "--key", fresh.Key); code != 0 || out != "" {
		t.Errorf("an honest log: status %d\n%s%s", code, out, errs)
	}
	if code, _, errs = call(t, "log", "monitor", good.URL, "--state", filepath.Join(dir, "wrong.json"), "--key", l.Key); code != 1 {
		t.Errorf("a log of another key than the one asked for: status %d\n%s", code, errs)
	}
	good.Close()
	if code, out, errs = call(t, "log", "monitor", good.URL, "--state", filepath.Join(dir, "good.json")); code != 3 || out != "" || !strings.Contains(errs, "could not be looked at") {
		t.Errorf("an address where nobody is: status %d\n%s%s", code, out, errs)
	}
	if code, _, errs = call(t, "log", "monitor", srv.URL, "--state", filepath.Join(dir, "missing", "x.json")); code != 2 {
		t.Errorf("a state that cannot be kept: status %d\n%s", code, errs)
	}
	if code, _, errs = call(t, "log", "monitor", srv.URL, "--state", state, "--metrics-file", filepath.Join(dir, "missing", "x.prom")); code != 3 {
		t.Errorf("metrics that cannot be written: status %d\n%s", code, errs)
	}
}

// screen is where a command writes while a test reads.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestLogMonitorEvery: looking again and again, each finding is said once, when it comes; two at one state are refused.
func TestLogMonitorEvery(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, nil)
	l.Closed()
	second := logtest.Life(t)
	srv, other := httptest.NewServer(l.Handler()), httptest.NewServer(second.Handler())
	defer srv.Close()
	defer other.Close()
	state := filepath.Join(t.TempDir(), "state.json")
	ctx, stop := context.WithCancel(t.Context())
	var out, errs screen
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, []string{"log", "monitor", srv.URL, other.URL, "--state", state, "--every", "1s"}, strings.NewReader(""), &out, &errs)
	}()
	size := func() int { // of the state: it is written after each look, with the time
		b, _ := os.ReadFile(state)
		return len(b)
	}
	for range 100 {
		if size() > 0 && strings.Count(out.String(), "overdue: ") == 2 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if code, _, said := call(t, "log", "monitor", srv.URL, "--state", state); code != 2 || !strings.Contains(said, "another fairlot is working with it") {
		t.Errorf("a second monitor at one state: status %d, %s", code, said)
	}
	before, _ := os.ReadFile(state)
	for range 100 {
		if now, _ := os.ReadFile(state); !bytes.Equal(now, before) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	if code := <-ended; code != 1 || strings.Count(out.String(), "\n") != 2 || errs.String() != "" {
		t.Errorf("status %d\n%s%s", code, out.String(), errs.String())
	}
}
