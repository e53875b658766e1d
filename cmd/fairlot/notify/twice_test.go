package notify

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// beside is a second run on the same daemon.
func beside(t *testing.T, d *daemon, server Server, change func(*Run)) Run {
	t.Helper()
	shared.once.Do(func() { shared.won = win(t) })
	if shared.won == nil {
		t.Fatal("no campaign")
	}
	r := Run{Service: d.client(t), Parent: "campaigns/x/draws/1", Notices: shared.won.notices, Server: server, Attempts: 1, Now: time.Now}
	if change != nil {
		change(&r)
	}
	return r
}

// once says that each winner got exactly one mail.
func (p *postman) once(t *testing.T, want int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	got := map[string]int{}
	for _, to := range p.to {
		got[to]++
	}
	if len(p.to) != want || len(got) != want {
		t.Errorf("mails by address %v, want %d, one each", got, want)
	}
}

// TestTwoRunsAtOnce: however they interleave, nobody gets two mails, and neither fails for the other's sake.
func TestTwoRunsAtOnce(t *testing.T) {
	for range 5 {
		p := &postman{}
		server := p.serve(t, "none")
		d := &daemon{state: map[int64]fairlotv1.NotificationState{1: pending, 2: pending, 3: unknown}}
		var wg sync.WaitGroup
		for range 2 {
			r := beside(t, d, server, func(r *Run) { r.ResendUnknown = true })
			wg.Go(func() {
				if _, err := r.All(context.Background(), shared.won.winners); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		p.once(t, 3)
		for rank, s := range d.state {
			if s != sent {
				t.Errorf("rank %d is %s", rank, StateName(s))
			}
		}
	}
}

// TestRunBesideALiveOne: the first run waits for the mail server's answer while another begins, with --resend-unknown.
func TestRunBesideALiveOne(t *testing.T) {
	p := &postman{}
	begun, goOn := make(chan struct{}), make(chan struct{})
	var first sync.Once
	server := p.serve(t, "none")
	server.Timeout = 20 * time.Second
	p.each = func(verb string, _ int) error {
		if verb == "DATA" {
			first.Do(func() { close(begun); <-goOn })
		}
		return nil
	}
	d := &daemon{state: map[int64]fairlotv1.NotificationState{1: pending}}
	live := beside(t, d, server, nil)
	winners := shared.won.winners[:1]
	done := make(chan error)
	var rows []Row
	go func() {
		var err error
		rows, err = live.All(context.Background(), winners)
		done <- err
	}()
	<-begun
	other := &postman{}
	second := beside(t, d, other.serve(t, "none"), func(r *Run) { r.ResendUnknown = true })
	seen, err := second.All(context.Background(), winners)
	expect(t, seen, err, "sending", nil)
	if seen[0].Done() || d.state[1] != sending || len(other.mails) != 0 {
		t.Errorf("row %+v, state %s, %d mails", seen[0], StateName(d.state[1]), len(other.mails))
	}
	close(goOn)
	err = <-done
	expect(t, rows, err, "sent", nil)
	p.once(t, 1)
}

// TestAbandonedSending: once no run can be at it, SENDING becomes UNKNOWN, which the same run does not send again.
func TestAbandonedSending(t *testing.T) {
	if Abandoned < 2*reportTimeout+MaxTimeout {
		t.Fatal("a living run can be silent for longer")
	}
	for age, want := range map[time.Duration]string{Abandoned - 5*time.Second: "sending", Abandoned + time.Second: "unknown", -time.Hour: "sending"} {
		p := &postman{}
		d := &daemon{state: map[int64]fairlotv1.NotificationState{1: sending}, moved: map[int64]time.Time{1: time.Now().Add(-age)}, tries: map[int64]int32{1: 1}}
		r := beside(t, d, p.serve(t, "none"), func(r *Run) { r.ResendUnknown = true })
		rows, err := r.All(context.Background(), shared.won.winners[:1])
		expect(t, rows, err, want, nil)
		if len(p.mails) != 0 {
			t.Errorf("%s old: %d mails", age, len(p.mails))
		}
		if want != "unknown" {
			continue
		}
		rows, err = r.All(context.Background(), shared.won.winners[:1])
		expect(t, rows, err, "sent", nil)
		p.once(t, 1)
	}
}

// TestSameStateAfterAnotherRun: another run came back to the state that this one saw, after an attempt of its own.
func TestSameStateAfterAnotherRun(t *testing.T) {
	p := &postman{}
	server := p.serve(t, "none")
	d := &daemon{state: map[int64]fairlotv1.NotificationState{1: pending, 2: pending}, tries: map[int64]int32{}, moved: map[int64]time.Time{}}
	p.each = func(verb string, try int) error {
		if verb == "DATA" && try == 1 { // during the first mail
			d.mu.Lock()
			d.tries[2]++
			d.mu.Unlock()
		}
		return nil
	}
	r := beside(t, d, server, nil)
	rows, err := r.All(context.Background(), shared.won.winners[:2])
	expect(t, rows, err, "sent pending", nil)
	if rows[1].Note != noteBusy || rows[1].Attempts != 0 {
		t.Errorf("row %+v", rows[1])
	}
	p.once(t, 1)
}

func TestTimeoutIsBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	server, err := NewServer(l.Addr().String(), "none")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []time.Duration{-1, MaxTimeout + 1} {
		server.Timeout = bad
		if _, err := server.dial(context.Background()); err == nil || !strings.Contains(err.Error(), "at most 2m") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
