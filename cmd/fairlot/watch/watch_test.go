package watch_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/cmd/fairlot/watch"
	"fairlot/draw"
	"fairlot/monitor"
	"fairlot/monitor/logtest"
)

// stage is a log behind a real listener, and a watcher with a state file that is read anew for each look, as by a program that ran anew.
type stage struct {
	t    *testing.T
	log  *logtest.Log
	url  string
	path string
	now  time.Time
	w    *watch.Watcher // of the last look
	// Front stands before the log; nil passes everything on.
	front atomic.Pointer[http.HandlerFunc]
}

func newStage(t *testing.T, l *logtest.Log) *stage {
	s := &stage{t: t, log: l, path: filepath.Join(t.TempDir(), "state.json"), now: l.Due(2000).Add(48 * time.Hour)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.front.Load(); f != nil {
			(*f)(w, r)
			return
		}
		s.log.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func (s *stage) look(more ...string) []watch.Report {
	s.t.Helper()
	state, err := watch.Read(s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.w = &watch.Watcher{State: state, Overdue: 24 * time.Hour, DayTimes: 10, Now: func() time.Time { return s.now }}
	all := s.w.Look(context.Background(), append([]string{s.url}, more...))
	if err := state.Write(s.path); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// found are the kinds of what one look finds at the first address; what could not be looked at ends the test.
func (s *stage) found() string {
	s.t.Helper()
	r := s.look()[0]
	if r.Err != nil {
		s.t.Fatal(r.Err)
	}
	return words(r.Findings)
}

func words(all []monitor.Finding) string {
	var out []string
	for _, f := range all {
		out = append(out, string(f.Kind))
	}
	return strings.Join(out, " ")
}

func TestHonestLogIsFollowed(t *testing.T) {
	t.Parallel()
	l := logtest.Life(t)
	s := newStage(t, l)
	records := l.Records
	for _, size := range []int{1, 4, 4, 17, 17} {
		l.Records = records[:size]
		s.now = l.Due(2000).Add(48 * time.Hour)
		if size < 9 {
			s.now = l.Due(1000).Add(time.Duration(size-5) * time.Minute)
		}
		if got := s.found(); got != "" {
			t.Errorf("at %d records: %s", size, got)
		}
	}
	info, err := os.Stat(s.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("state: %v, %v", info, err)
	}
	// A longer life under one watcher fetches only what is new.
	asked := []string{}
	pass := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		s.log.Handler().ServeHTTP(w, r)
	})
	s.front.Store(&pass)
	s.log.Add(&draw.TrailHead{Day: "2023-11-20", Count: 99, Head: draw.Hash{2}})
	s.w.Look(context.Background(), []string{s.url})
	if !slices.Equal(asked, []string{"/v1/log/checkpoint", "/v1/log/records?start=17&pageSize=100"}) {
		t.Errorf("asked for %v", asked)
	}
}

// TestLiesOnTheWire: what the operator's keys can sign, and only a follower sees. A copy of the honest log in each case shows that nothing else is found.
func TestLiesOnTheWire(t *testing.T) {
	t.Parallel()
	other := func(l *logtest.Log, at int) { // another history from a record on, signed
		l.Records, l.Notes = append(slices.Clone(l.Records[:at]), nil), maps.Clone(l.Notes)
		l.Records[at], _ = (&draw.Erased{Open: l.Hash, What: []string{"nothing"}, By: "operator"}).Marshal()
		l.Sign()
	}
	for name, c := range map[string]struct {
		lie         func(s *stage)
		want, after string // at the look after the lie, and after the honest log is shown again
	}{
		"two heads of one size": {func(s *stage) { other(s.log, 16) }, "fork", "fork"},
		"a rewritten log that grew": {func(s *stage) {
			other(s.log, 5)
			for len(s.log.Records) < 20 {
				s.log.Add(&draw.Erased{Open: s.log.Hash, What: []string{"nothing"}, By: "operator"})
			}
		}, "fork draw", "fork"},
		"a log that shrank": {func(s *stage) { s.log.Records = s.log.Records[:12] }, "shrunk", ""},
		"an empty log":      {func(s *stage) { s.log.Records = nil }, "shrunk", ""},
		"another key": {func(s *stage) {
			x := logtest.Life(s.t)
			*s.log = *x
		}, "key", ""},
		"other records than the head signs": {func(s *stage) {
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v1/log/records" {
					x := *s.log
					x.Records = slices.Clone(x.Records)
					x.Records[5] = x.Records[6]
					x.Handler().ServeHTTP(w, r)
					return
				}
				s.log.Handler().ServeHTTP(w, r)
			})
			s.front.Store(&h)
		}, "hidden", ""},
		"fewer records than the head signs": {func(s *stage) {
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				x := *s.log
				if r.URL.Path == "/v1/log/records" {
					x.Records = x.Records[:9]
				}
				x.Handler().ServeHTTP(w, r)
			})
			s.front.Store(&h)
		}, "hidden", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := logtest.Life(t)
			honest := *l
			s := newStage(t, l)
			if got := s.found(); got != "" {
				t.Fatalf("before the lie: %s", got)
			}
			c.lie(s)
			r := s.look()[0]
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if got := words(r.Findings); !strings.HasPrefix(got, strings.Split(c.want, " ")[0]) || (c.want == "fork" || c.want == "shrunk") && got != c.want {
				t.Errorf("found %q, want %q: %v", got, c.want, r.Findings)
			}
			if len(r.Findings) == 0 || len(r.Findings[0].Evidence) == 0 {
				t.Error("the finding has no signed note that proves it")
			}
			s.front.Store(nil)
			*s.log = honest
			if got := s.found(); got != c.after {
				t.Errorf("after the honest log came back: %q, want %q", got, c.after)
			}
		})
	}
}

// TestSplitView: each address alone looks honest, and together they show two logs of one key.
func TestSplitView(t *testing.T) {
	t.Parallel()
	l := logtest.Life(t)
	fork := *l
	fork.Records = slices.Clone(l.Records)
	fork.Notes = maps.Clone(l.Notes)
	fork.Records[16], _ = (&draw.Erased{Open: l.Hash, What: []string{"other"}, By: "operator"}).Marshal()
	fork.Sign()
	a, b := newStage(t, l), newStage(t, &fork)
	for _, s := range []*stage{a, b} {
		if got := s.found(); got != "" {
			t.Fatalf("alone: %s", got)
		}
	}
	for _, r := range a.look(b.url) {
		if words(r.Findings) != "fork" || r.Err != nil || len(r.Findings[0].Evidence) != 2 {
			t.Errorf("together: %+v", r)
		}
	}
	// Two honest addresses of one log, one of them behind.
	behind := *l
	c := newStage(t, &behind)
	behind.Records = l.Records[:16]
	a = newStage(t, l)
	for _, r := range a.look(c.url) {
		if len(r.Findings) > 0 || r.Err != nil {
			t.Errorf("one behind the other: %+v", r)
		}
	}
}

// TestBackdatedClose: witnesses and operator together date a close back, and a monitor that looked in time has seen the log without it.
func TestBackdatedClose(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, nil)
	s := newStage(t, l)
	s.now = l.Due(1000).Add(-30 * time.Second) // the deadline is a minute before the round
	if got := s.found(); got != "late-close" {
		t.Errorf("before the close: %q", got)
	}
	l.Closed()
	s.now = l.Due(1000).Add(time.Minute)
	if got := s.found(); got != "late-close" {
		t.Errorf("after it: %q", got)
	}
}

// TestCosignaturesAreFetched: what hangs on cosignatures is judged with the bundle, and not at all without it.
func TestCosignaturesAreFetched(t *testing.T) {
	t.Parallel()
	l := logtest.Life(t)
	s := newStage(t, l)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bundles/") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.log.Handler().ServeHTTP(w, r)
	})
	s.front.Store(&h)
	if r := s.look()[0]; r.Err == nil || len(r.Findings) != 0 {
		t.Errorf("without bundles: %+v", r)
	}
	late := logtest.New(t, nil)
	late.Close(late.CloseOf(1))
	late.Close(late.CloseOf(2))
	late.Cosign(2, late.Due(1000).Add(-59*time.Second))
	late.Add(late.ResultOf(1, 1000))
	late.Add(late.ResultOf(2, 2000))
	if got := newStage(t, late).found(); got != "late-close" {
		t.Errorf("cosigned a second too late: %q", got)
	}
	// A bundle of another history than the log's.
	split := logtest.Life(t)
	s = newStage(t, split)
	x := *split
	x.Records = slices.Clone(split.Records)
	x.Records[16], _ = (&draw.Erased{Open: split.Hash, What: []string{"other"}, By: "operator"}).Marshal()
	h2 := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bundles/") {
			x.Handler().ServeHTTP(w, r)
			return
		}
		split.Handler().ServeHTTP(w, r)
	})
	s.front.Store(&h2)
	if got := s.found(); !strings.HasPrefix(got, "fork") {
		t.Errorf("a bundle of another history: %q", got)
	}
}

// TestVerifyCountsTheLists: an operator whose records agree with each other and not with the entry list.
func TestVerifyCountsTheLists(t *testing.T) {
	t.Parallel()
	l := logtest.Life(t)
	s := newStage(t, l)
	for _, want := range []string{"", "verify"} {
		w := &watch.Watcher{State: &watch.State{}, Overdue: time.Hour, DayTimes: 10, Verify: true, Now: func() time.Time { return s.now }}
		r := w.Look(context.Background(), []string{s.url})[0]
		if words(r.Findings) != want || r.Err != nil {
			t.Errorf("found %+v, want %q", r, want)
		}
		l.Leaves = l.Leaves[:len(l.Leaves)-1]
	}
}

// TestUnreachable: what cannot be fetched or read is no finding, and takes no memory.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	l := logtest.Life(t)
	for name, f := range map[string]http.HandlerFunc{
		"errors":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"not found":    http.NotFound,
		"a page":       func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
		"without end":  func(w http.ResponseWriter, r *http.Request) { endless(w, r) },
		"no records":   func(w http.ResponseWriter, r *http.Request) { noRecords(l, w, r) },
		"cut off":      func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
		"empty object": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") },
	} {
		s := newStage(t, l)
		s.front.Store(&f)
		if r := s.look()[0]; r.Err == nil && name != "empty object" || name != "empty object" && len(r.Findings) > 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	for b := []byte(strings.Repeat("{", 1<<16)); r.Context().Err() == nil; {
		if _, err := w.Write(b); err != nil {
			return
		}
	}
}

func noRecords(l *logtest.Log, w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/log/records" {
		w.WriteHeader(500)
		return
	}
	l.Handler().ServeHTTP(w, r)
}

func TestStateFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	for text, bad := range map[string]bool{`{"logs":[]}`: false, "": true, "[]": true, `{"logs":[null]}`: true, `{"logs":[{"proofs":[{}]}]}`: true} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Read(path); (err != nil) != bad {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Read(path); err == nil {
		t.Error("a state that others can read is taken")
	}
	// A state whose head was altered is no head that was seen.
	l := logtest.Life(t)
	s := newStage(t, l)
	s.found()
	b, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	var state watch.State
	if err := json.Unmarshal(b, &state); err != nil {
		t.Fatal(err)
	}
	state.Logs[0].Note = strings.Replace(state.Logs[0].Note, "\n17\n", "\n18\n", 1)
	if err := state.Write(s.path); err != nil {
		t.Fatal(err)
	}
	if r := s.look()[0]; r.Err == nil {
		t.Errorf("an altered head in the state: %+v", r)
	}
}
