package attack

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mrand "math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/crypto/custody"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestKillWhileCasesAreReleased kills the daemon while staff have approved cases released: each is announced once, none that was not approved, and what came
// out before it was killed had been announced.
func TestKillWhileCasesAreReleased(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		if found := killReleases(t, newDaemonOn(t, on), 6); len(found) > 0 {
			t.Errorf("%s", strings.Join(found, "; "))
		}
	})
}

// TestKillSeesCasesAnnouncedTwice gives the same kills a daemon that does not look whether a case is announced already.
func TestKillSeesCasesAnnouncedTwice(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=announced twice"}
	if found := strings.Join(killReleases(t, d, 2), "; "); !strings.Contains(found, " times") {
		t.Errorf("a case that is announced twice is not seen: %s", found)
	}
}

// killReleases returns what is wrong with the log and what came out.
func killReleases(t *testing.T, d *daemon, kills int) (found []string) {
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	p := c.newPerson(0, c.tokens(1)[0])
	c.mustEnter(t, p)
	conn, chen := d.as("officer", "Chen")
	lin, wu := second(d.as("officer", "Lin")), second(d.as("notifier", "Wu"))
	svc := fairlotv1.NewCaseServiceClient(conn)
	marks := map[[16]byte]string{} // of approved cases; the rest may not be announced
	var names []string
	for i := range 12 {
		var id [16]byte
		rand.Read(id[:])
		x, err := svc.OpenCase(chen, &fairlotv1.OpenCaseRequest{Name: "cases/" + hex.EncodeToString(id[:]), Campaign: c.name, Kind: fairlotv1.CaseKind_CASE_KIND_ACCESS, Entries: []string{hex.EncodeToString(p.leaf.ID[:])}})
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, x.Name)
		if i%3 == 2 { // two persons want it
			_, err = svc.ApproveCase(lin.ctx, &fairlotv1.ApproveCaseRequest{Name: x.Name, Digest: x.Digest})
		} else {
			for _, by := range []caller{lin, wu} {
				if err == nil {
					_, err = svc.ApproveCase(by.ctx, &fairlotv1.ApproveCaseRequest{Name: x.Name, Digest: x.Digest})
				}
			}
			text, err := custody.ParseCase([]byte(x.Text))
			if err != nil {
				t.Fatal(err)
			}
			marks[text.Mark()] = x.Name
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	conn.Close()
	lin.conn.Close()
	wu.conn.Close()
	var mu sync.Mutex
	out := map[string]bool{}
	for kill := range kills {
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		var answered atomic.Int64
		for range 3 {
			conn, bearer := d.as("officer", "Lin")
			svc := fairlotv1.NewCaseServiceClient(conn)
			wg.Go(func() {
				defer conn.Close()
				for ctx.Err() == nil {
					name := names[mrand.IntN(min(len(names), 4*(kill+1)))]
					call, cancel := context.WithTimeout(bearer, 5*time.Second)
					res, err := svc.ReleaseCase(call, &fairlotv1.ReleaseCaseRequest{Name: name})
					cancel()
					answered.Add(1)
					if err == nil && len(res.Entrants) > 0 {
						mu.Lock()
						out[name] = true
						mu.Unlock()
					}
				}
			})
		}
		// On a busy machine too each has been asked for more than once.
		for end := time.Now().Add(10 * time.Second); answered.Load() < 24 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(mrand.N(50 * time.Millisecond))
		d.kill()
		stop()
		wg.Wait()
		d.serve()
	}
	d.stop()
	announced := map[[16]byte]int{}
	each(t, d.room("registry"), "SELECT record FROM log ORDER BY n", func(scan func(...any) error) error {
		var record []byte
		if err := scan(&record); err != nil {
			return err
		}
		r, err := draw.ParseRecord(record)
		if o, ok := r.(*draw.Opened); ok {
			announced[*o.Case]++
		}
		return err
	})
	for mark, n := range announced {
		if marks[mark] == "" {
			found = append(found, "a case was announced that three persons did not want")
		} else if n > 1 {
			found = append(found, fmt.Sprintf("a case was announced %d times", n))
		}
		delete(out, marks[mark])
	}
	for name := range out {
		found = append(found, name+" came out, and the log does not say so")
	}
	if len(announced) == 0 {
		found = append(found, "nothing was released: this run shows nothing")
	}
	return found
}
