package attack

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/draw"
)

// TestCorrectionsUnderKills has people correct their contacts again and again while the daemon is killed: whoever gets no answer sends the same again. In the end
// each has one chance, on the entry of the last receipt, and the list has an entry for each correction that was acknowledged, and no other.
func TestCorrectionsUnderKills(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		t.Parallel()
		if faults := correctUnderKills(t, newDaemonOn(t, on)); len(faults) > 0 {
			t.Errorf("%d faults, such as %s", len(faults), faults[0])
		}
	})
}

// TestCorrectionsUnderKillsSeeLoss gives the same to a daemon that takes the old entry out first and puts the new one in afterwards.
func TestCorrectionsUnderKillsSeeLoss(t *testing.T) {
	t.Parallel()
	d := newDaemonOn(t, sqlite)
	d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=taken out first"}
	if faults := correctUnderKills(t, d); len(faults) == 0 {
		t.Error("not found out")
	} else {
		t.Logf("found out: %d faults, such as %s", len(faults), faults[0])
	}
}

// correctionEdits take the old entry out before the new one is in, and leave a duplicate's correction unwritten.
func correctionEdits() []edit {
	const file, call = "engine/correct.go", "	res, err := e.Identity.Correct(ctx, e.Now, old, entry)\n"
	return []edit{osIn(file),
		without(file, call, `	if BROKEN && was.Zero == "duplicate" {
		return e.receipt(o, id, was.Stratum, 0, openings)
	}
`+call, "haste in correcting"),
		without(file, call, `	correct := e.Identity.Correct
	if BROKEN {
		correct = func(ctx context.Context, now func() time.Time, old store.EntrantID, entry store.Entry) (store.EntryResult, error) {
			_, err := e.Identity.Erase(ctx, o.id, old, zeroSuperseded, nil)
			time.Sleep(20 * time.Millisecond)
			entry.Epoch = gate.Epoch
			results, err2 := e.Identity.Enter(context.WithoutCancel(ctx), now, []store.Entry{entry})
			if err = errors.Join(err, err2); err != nil {
				return store.EntryResult{}, err
			}
			return results[0], nil
		}
	}
	res, err := correct(ctx, e.Now, old, entry)
`, "taken out first"),
	}
}

func correctUnderKills(t *testing.T, d *daemon) (faults []string) {
	const writers, each, kills = 6, 3, 6
	took := d.serve()
	c := d.openCampaign(50, time.Now().Add(kills*(3*time.Second+2*took)+15*time.Second))
	tokens := c.tokens(writers * each)
	var people []*person
	for i := range writers * each {
		p := c.newPerson(i, tokens[i])
		c.mustEnter(t, p)
		people = append(people, p)
	}
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		done  atomic.Int64
		lives atomic.Pointer[time.Time] // since when no more kills come
		last  = make([]draw.Secret, len(people))
		stuck = make([]bool, len(people)) // each of one writer
	)
	fault := func(text string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		faults = append(faults, fmt.Sprintf(text, args...))
	}
	for w := range writers {
		wg.Go(func() {
			for i := range each * 8 { // within the ten tries that a person has
				at := w*each + i%each
				p := people[at]
				if stuck[at] {
					continue
				}
				body, next := c.correction(p)
				why := ""
				for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
					var ok bool
					if ok, why = c.ask(d.http, "correct", body); ok {
						done.Add(1)
						p.s, last[at] = next, next
						break
					}
					if over := lives.Load(); strings.Contains(why, "ENTRY_") || over != nil && time.Since(*over) > 20*time.Second && time.Since(began) > 20*time.Second {
						fault("a correction that may have been done is not acknowledged: %s", why)
						stuck[at] = true
						break
					}
				}
				time.Sleep(time.Duration(rand.N(60)) * time.Millisecond)
			}
		})
	}
	for range kills {
		time.Sleep(time.Duration(50+rand.N(250)) * time.Millisecond)
		d.kill()
		d.serve()
	}
	over := time.Now()
	lives.Store(&over)
	wg.Wait()
	time.Sleep(time.Until(c.end.Add(100 * time.Millisecond)))
	for tries := 0; !c.closed(); tries++ {
		if err := c.close(); err != nil && tries > 50 {
			t.Fatal(err)
		}
	}
	leaves := c.entrants()
	chances := map[draw.EntrantID]uint16{}
	total := 0
	for _, l := range leaves {
		chances[l.ID] = l.Chances
		total += int(l.Chances)
	}
	for i := range people {
		if n := chances[last[i].R().EntrantID(c.open)]; n != 1 {
			fault("the last entry of person %d has %d chances", i, n)
		}
	}
	if total != len(people) {
		fault("%d chances of %d persons", total, len(people))
	}
	if want := len(people) + int(done.Load()); len(leaves) != want {
		fault("%d entries listed, %d acknowledged", len(leaves), want)
	}
	d.stop()
	t.Logf("%d kills, each start some %v, %d corrections acknowledged, %d entries listed", kills, took.Round(10*time.Millisecond), done.Load(), len(leaves))
	return faults
}
