package attack

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/draw"
)

// TestErasuresUnderKills has people erase themselves while the daemon is killed: whoever gets no answer asks again. In the end nothing sealed, no tag and no chance is left of
// whom an erasure was acknowledged to, their responses are not mixed, and all of that is there of everybody else. Who asks behind the close waits, and the list stands.
func TestErasuresUnderKills(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		if faults := eraseUnderKills(t, newDaemonOn(t, on)); len(faults) > 0 {
			t.Errorf("%d faults, such as %s", len(faults), faults[0])
		}
	})
}

// TestErasuresUnderKillsSeeHaste gives the same to a daemon that erases a moment after it has answered.
func TestErasuresUnderKillsSeeHaste(t *testing.T) {
	t.Parallel()
	d := newDaemonOn(t, sqlite)
	d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=haste in erasing"}
	if faults := eraseUnderKills(t, d); len(faults) == 0 {
		t.Error("not found out")
	} else {
		t.Logf("found out: %d faults, such as %s", len(faults), faults[0])
	}
}

// erasureEdits erase a moment after the answer.
func erasureEdits() []edit {
	const call = "			state, err = e.Identity.Erase(ctx, o.id, id, zero, holds)\n"
	return []edit{without("engine/forget.go", call, `			if BROKEN {
				go func() {
					time.Sleep(200 * time.Millisecond)
					e.Identity.Erase(context.WithoutCancel(ctx), o.id, id, zero, holds)
				}()
			} else {
	`+call+`			}
`, "haste in erasing")}
}

func eraseUnderKills(t *testing.T, d *daemon) (faults []string) {
	const erasers, each, kills = 4, 5, 4
	took := d.serve()
	c := d.openCampaign(50, time.Now().Add(kills*(3*time.Second+2*took)+10*time.Second))
	tokens := c.tokens(2 * erasers * each)
	var people []*person
	for i, token := range tokens {
		p := c.newPerson(i, token)
		c.mustEnter(t, p)
		people = append(people, p)
	}
	var (
		mu    sync.Mutex
		lives atomic.Pointer[time.Time] // since when no more kills come
	)
	fault := func(text string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		faults = append(faults, fmt.Sprintf(text, args...))
	}
	erase := func(p *person) {
		body, err := json.Marshal(map[string]any{"s": p.s[:]})
		if err != nil {
			panic(err)
		}
		for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			done, why := c.ask(d.http, "erase", body)
			if done {
				return
			}
			if over := lives.Load(); strings.Contains(why, "ENTRY_") || over != nil && time.Since(*over) > 20*time.Second && time.Since(began) > 20*time.Second {
				fault("an erasure is not acknowledged: %s", why)
				return
			}
		}
	}
	gone := map[draw.EntrantID]bool{}
	var wg sync.WaitGroup
	for w := range erasers {
		mine := people[w*each : (w+1)*each]
		for _, p := range mine {
			gone[p.leaf.ID] = true
		}
		wg.Go(func() {
			for _, p := range mine {
				erase(p)
				time.Sleep(rand.N(200 * time.Millisecond))
			}
		})
	}
	for range kills {
		time.Sleep(100*time.Millisecond + rand.N(200*time.Millisecond))
		d.kill()
		d.serve()
	}
	over := time.Now()
	lives.Store(&over)
	wg.Wait()
	d.kill()
	identity := d.room("identity")
	for what, x := range map[string]struct {
		query string
		left  bool // of those who were erased, or of the others
	}{
		"envelopes":          {"SELECT id FROM envelopes WHERE length(locks) > 0 OR identity IS NOT NULL OR contact IS NOT NULL", false},
		"a tag":              {"SELECT id FROM tags", false},
		"consents":           {"SELECT id FROM entrants WHERE consents <> ''", false},
		"a response to mix":  {"SELECT id FROM pending WHERE NOT dropped", false},
		"a dropped response": {"SELECT id FROM pending WHERE dropped", true},
	} {
		there := map[draw.EntrantID]bool{}
		for _, id := range blobs(t, identity, x.query) {
			there[draw.EntrantID(id)] = true
		}
		for _, p := range people {
			if erased := gone[p.leaf.ID]; there[p.leaf.ID] != (erased == x.left) {
				fault("%s of person %d, erased %v: %v", what, p.n, erased, there[p.leaf.ID])
			}
		}
	}
	identity.Close()
	d.serve()
	time.Sleep(time.Until(c.end.Add(100 * time.Millisecond)))
	for tries := 0; !c.closed(); tries++ {
		if err := c.close(); err != nil && tries > 50 {
			t.Fatal(err)
		}
	}
	late := people[len(people)-1]
	erase(late)
	list := c.entrants()
	if len(list) != len(people) {
		fault("%d entries listed of %d", len(list), len(people))
	}
	for _, l := range list {
		if (l.Chances == 0) != gone[l.ID] {
			fault("erased %v, and %d chances in the list", gone[l.ID], l.Chances)
		}
	}
	d.stop()
	identity = d.room("identity")
	defer identity.Close()
	if waits := blobs(t, identity, "SELECT id FROM erasures"); len(waits) != 1 || draw.EntrantID(waits[0]) != late.leaf.ID {
		fault("%d erasures wait for the draw, want the one", len(waits))
	}
	t.Logf("%d kills, each start some %v, %d erased of %d", kills, took.Round(10*time.Millisecond), len(gone), len(people))
	return faults
}
