package attack

import (
	"io"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"fairlot/draw"
)

// stopped is what came of a daemon that was ended under load.
type stopped struct {
	acknowledged, after int // after: of them those that were sent after the signal
	lost                int // acknowledged and not there
	unanswered          int // there, and nobody was told
	notReady            bool
	exit                error
	took                time.Duration
}

// stopUnderLoad ends a daemon by sig while 16 writers enter, each on a connection of its own, and looks for every entry in the room.
func stopUnderLoad(t *testing.T, on engine, sig syscall.Signal) (s stopped) {
	t.Helper()
	const writers, drain = 16, time.Second
	d := newDaemonOn(t, on)
	d.extra = []string{"--drain", drain.String()}
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(2000)
	once := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var (
		mu       sync.Mutex
		wg       sync.WaitGroup
		told     = map[draw.EntrantID]bool{} // entries, and whether they were acknowledged
		signal   time.Time
		next     int
		post     = func(p *person) (answer, error) { return c.enterWith(once, d.http, p) }
		unturned = "http://" + d.http + "/readyz"
	)
	for range writers {
		wg.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if n >= len(tokens) {
					return
				}
				p := c.newPerson(n, tokens[n])
				began := time.Now()
				a, err := post(p)
				mu.Lock()
				told[p.leaf.ID] = err == nil && a.status == http.StatusOK
				if told[p.leaf.ID] {
					s.acknowledged++
					if !signal.IsZero() && began.After(signal) {
						s.after++
					}
				}
				mu.Unlock()
				if err != nil {
					return // the door is shut
				}
			}
		})
	}
	for mu.Lock(); s.acknowledged < 50; mu.Lock() {
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
	}
	signal = time.Now()
	mu.Unlock()
	d.signal(sig)
	for time.Since(signal) < drain*3/4 && !s.notReady {
		if resp, err := once.Get(unturned); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			s.notReady = resp.StatusCode == http.StatusServiceUnavailable
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.exit = d.wait()
	s.took = time.Since(signal)
	wg.Wait()
	there := d.entered(t)
	for id, acknowledged := range told {
		switch {
		case acknowledged && !there[string(id[:])]:
			s.lost++
		case !acknowledged && there[string(id[:])]:
			s.unanswered++
		}
	}
	return s
}

// TestStopUnderLoad asks a daemon to end under 16 writers: it is not ready first and goes on serving, then answers everybody whose request it took,
// and ends with 0 in its time. Kill -9 in the place of SIGTERM is found out by the same questions.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		s := stopUnderLoad(t, on, syscall.SIGTERM)
		t.Logf("%d acknowledged, %d of them sent after SIGTERM; ended after %v", s.acknowledged, s.after, s.took.Round(time.Millisecond))
		if s.exit != nil || s.took > 15*time.Second || !s.notReady || s.after == 0 || s.lost > 0 || s.unanswered > 0 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("mutant", func(t *testing.T) {
		for range 5 {
			if s := stopUnderLoad(t, sqlite, syscall.SIGKILL); s.unanswered > 0 && s.exit != nil && !s.notReady {
				return
			}
		}
		t.Error("kill -9 passes for an orderly end")
	})
}
