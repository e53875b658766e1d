package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"fairlot/engine"
)

// crash is what the hook throws: the engine stops between two steps, and nothing after it runs.
type crash struct{ step string }

// story is one campaign's whole life; it may be begun again anywhere.
type story struct {
	w       *world
	c       engine.Campaign
	clients []*client
	done    int  // clients that have their receipt
	resumed bool // begin with what Run does when it starts
}

func newStory(w *world) *story {
	r := noProof(rules())
	r.Draws = append(r.Draws, r.Draws[0])
	s := &story{w: w, c: w.openListed(r, 12)}
	for i := range 27 {
		person := i
		if i == 9 || i == 20 {
			person = i - 3 // enters a second time
		}
		x := w.client(s.c, person, "")
		if person != i {
			x.req.Response = []byte(response(1000 + i))
		}
		s.clients = append(s.clients, x)
	}
	return s
}

// run tells the story from where it stands. It returns the step at which it crashed, empty at the end.
func (s *story) run(t *testing.T) (at string) {
	defer func() {
		if r := recover(); r != nil {
			c, ok := r.(crash)
			if !ok {
				panic(r)
			}
			at = c.step
		}
	}()
	ctx := context.Background()
	if s.resumed {
		s.w.work()
	}
	for s.done < len(s.clients) {
		if s.w.now().After(s.c.Rules.EntriesEnd) {
			t.Fatal("entries were not done in time")
		}
		s.w.enter(s.clients[s.done])
		s.done++
		if s.done%6 == 0 {
			s.w.work()
		}
	}
	s.w.setClock(s.c.Rules.EntriesEnd)
	s.w.work()
	s.w.setClock(s.c.Rules.ObjectionsEnd)
	for try := 0; ; try++ {
		_, err := s.w.CloseCampaign(ctx, s.c.ID)
		switch {
		case err == nil:
			return ""
		case reason(err) != engine.StorageUnavailable || try == 20: // while another engine reads, SQLite's log cannot be emptied, and whoever closes comes again
			t.Fatal(err)
		}
	}
}

func (s *story) check(t *testing.T) {
	t.Helper()
	var persons []int
	for i, x := range s.clients {
		if i != 9 && i != 20 {
			persons = append(persons, i)
		}
		if again, err := s.w.Enter(context.Background(), x.req); err != nil || string(again.Note) != string(x.got.Note) {
			t.Errorf("entrant %d: the receipt is another one now: %v", i, err)
		}
	}
	c, err := s.w.FindCampaign(context.Background(), s.c.Slug, false)
	if err != nil {
		t.Fatal(err)
	}
	s.w.wantClosed(c, 27, 3)
	s.w.wantAnswers(s.c, persons)
	if b, err := s.w.Tallies(context.Background(), s.c.ID); err != nil || len(b) == 0 {
		t.Errorf("tallies %s, %v", b, err)
	}
}

// TestCrashAtEachStep stops the engine once at every step that there is, goes on with another engine, and wants the same end.
func TestCrashAtEachStep(t *testing.T) {
	var steps []string
	w := newWorld(t)
	s := newStory(w)
	w.SetStep(func(name string) { steps = append(steps, name) })
	if at := s.run(t); at != "" {
		t.Fatal(at)
	}
	s.check(t)
	for _, name := range []string{"epoch key", "move announced", "moved", "ended", "batch formed", "mixed", "batch cleared", "epoch key destroyed",
		"batch opened", "rewritten", "tallied", "excluded", "counted", "appended", "signed", "draw closed", "tags dropped", "scrubbed", "tag key destroyed"} {
		if !slices.Contains(steps, name) {
			t.Errorf("step %q never came", name)
		}
	}
	for n, name := range steps {
		t.Run(fmt.Sprintf("%02d %s", n, name), func(t *testing.T) {
			w.t = t
			w.setClock(start)
			w.SetStep(nil)
			s := newStory(w)
			count := 0
			w.SetStep(func(name string) {
				if count++; count == n+1 {
					panic(crash{name})
				}
			})
			if at := s.run(t); at != name {
				t.Fatalf("crashed at %q", at)
			}
			w.reopen()
			if n%2 == 0 || s.done < len(s.clients) { // a daemon that starts goes on by itself; or its first caller comes before that
				w.work()
			}
			if at := s.run(t); at != "" {
				t.Fatal(at)
			}
			s.check(t)
		})
	}
}

// TestCrashAgainAndAgain stops the engine at two steps of five, in the crash's own repair too.
func TestCrashAgainAndAgain(t *testing.T) {
	w := newWorld(t)
	s := newStory(w)
	crashes := 0
	dice := rand.New(rand.NewPCG(1, 2))
	for {
		w.SetStep(func(name string) {
			if dice.IntN(5) < 2 {
				panic(crash{name})
			}
		})
		if s.run(t) == "" {
			break
		}
		if crashes++; crashes > 200 {
			t.Fatal("it never ends")
		}
		w.reopen()
		s.resumed = true
	}
	if crashes < 10 {
		t.Errorf("%d crashes", crashes)
	}
	s.check(t)
}

// TestRunFinishesAClosing leaves a closing half done and wants Run to end it without being asked.
func TestRunFinishesAClosing(t *testing.T) {
	for _, step := range []string{"moved", "tallied", "draw closed", "tags dropped"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t)
			s := newStory(w)
			w.SetStep(func(name string) {
				if name == step && !w.now().Before(s.c.Rules.ObjectionsEnd) {
					panic(crash{name})
				}
			})
			if s.run(t) != step {
				t.Fatal("no crash")
			}
			w.reopen()
			w.work()
			s.check(t)
		})
	}
}

func TestFewCrash(t *testing.T) {
	for _, step := range []string{"batch formed", "few tallied", "mixed", "batch cleared"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t)
			r := surveyOnly(rules())
			r.Batch = 50
			c := w.open(r)
			for i := range 15 {
				w.enter(w.client(c, i, ""))
			}
			w.SetStep(func(name string) {
				if name == step {
					panic(crash{name})
				}
			})
			w.setClock(c.Rules.ObjectionsEnd.Add(time.Second))
			func() {
				defer func() { _ = recover() }()
				_, _ = w.CloseCampaign(context.Background(), c.ID)
				t.Error("no crash")
			}()
			w.reopen()
			w.wantClosed(w.mustClose(c), 0, 0)
			w.wantAnswers(c, nil)
			if b := string(must(w.Tallies(context.Background(), c.ID))(t)); len(b) < 20 || b[:14] != `{"responses":15`[:14] {
				t.Errorf("tallies %s", b)
			}
		})
	}
}
