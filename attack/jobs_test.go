package attack

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/beacon"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestClosesAndDrawsByItself has the real daemon end, close and draw a campaign without anybody's call, while it is killed again and again. Each
// record is there once, and nobody who has a receipt is missing.
func TestClosesAndDrawsByItself(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		for _, fault := range byItself(t, newDaemonOn(t, on)) {
			t.Error(fault)
		}
	})
}

// TestClosesAndDrawsByItselfSeesTwice gives the same test a daemon that logs a result without moving the draw's state by compare-and-swap in the same transaction:
// what is done twice, by a second daemon or after a kill, is then there twice.
func TestClosesAndDrawsByItselfSeesTwice(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		d := newDaemonOn(t, on)
		d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=drawn twice"}
		faults := byItself(t, d)
		if len(faults) == 0 {
			t.Error("the mutant is not found out: the test is worth nothing")
		}
		t.Log(faults)
	})
}

// drawEdits log a result without moving the draw.
func drawEdits() []edit {
	const file, moved = "engine/draw.go", "store.Transition{Campaign: id, Draw: n, DrawFrom: store.DrawClosed, DrawTo: store.DrawDrawn, Result: record, Ranking: ranking}"
	return []edit{osIn(file), without(file, moved, "map[bool]store.Transition{false: "+moved+"}[BROKEN]", "drawn twice")}
}

// byItself lets a campaign's time pass while its daemon is killed, and returns what is wrong in the end.
func byItself(t *testing.T, d *daemon) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	local, err := beacon.NewLocal(time.Now().Unix()-100, 1)
	if err != nil {
		t.Fatal(err)
	}
	relay := httptest.NewServer(local.Handler(time.Now))
	defer relay.Close()
	d.extra = []string{"--relay", relay.URL}
	d.serve()
	chain := local.Chain()
	c := d.openCampaign(5, time.Now().Add(15*time.Second), func(c *fairlotv1.Campaign) {
		c.Draws[0].MarginSeconds, c.Draws[0].DrawTime = 1, timestamppb.New(c.EntriesEnd.AsTime().Add(4*time.Second))
		c.Draws[0].Beacon = &fairlotv1.Beacon{Chain: chain.Hash[:], Key: chain.Key[:], PeriodSeconds: int64(chain.Period), Genesis: chain.Genesis}
	})
	var entered []*person
	for i, token := range c.tokens(12) {
		p := c.newPerson(i, token)
		if a, err := c.enter(d.http, p); err == nil && a.receipt != "" {
			entered = append(entered, p)
		} else if time.Now().Before(c.end) {
			t.Fatalf("enter: %v %s", err, a.text)
		}
	}
	kills := 0
	for end := time.Now().Add(3 * time.Minute); !d.drawn(c); kills++ {
		results := d.kinds()["result"]
		if results > 1 {
			break
		}
		if soon := time.Now().Add(20 * time.Second); results == 1 && soon.Before(end) { // with the result the draw is over, in one transaction
			end = soon
		}
		if time.Now().After(end) {
			fault("never drawn\n%s", d.lastLog())
			return faults
		}
		time.Sleep(time.Duration(300+kills%7*250) * time.Millisecond) // somewhere in the middle of what it does
		if time.Now().After(c.end.Add(30 * time.Second)) {
			time.Sleep(3 * time.Second) // a slow machine must get there too
		}
		d.kill()
		d.serve()
	}
	d.stop()
	d.serve()
	if kills < 3 {
		fault("killed %d times only", kills)
	}
	list := c.entrants()
	if len(entered) == 0 || len(list) != len(entered) {
		fault("%d receipts, %d entrants", len(entered), len(list))
	}
	if kinds := d.kinds(); kinds["open"] != 1 || kinds["close"] != 1 || kinds["result"] != 1 || len(kinds) != 3 {
		fault("the log holds %v", kinds)
	}
	for _, line := range d.complaints() {
		if !strings.Contains(line, "storage") {
			fault("%s", line)
		}
	}
	return faults
}

// kinds counts the records of the public log.
func (d *daemon) kinds() map[string]int {
	d.t.Helper()
	conn, _ := d.staff()
	defer conn.Close()
	kinds := map[string]int{}
	records, err := fairlotv1.NewLogServiceClient(conn).ListRecords(context.Background(), &fairlotv1.ListRecordsRequest{})
	if err != nil {
		return kinds // it says so when somebody looks again
	}
	for _, r := range records.Records {
		rec, err := draw.ParseRecord([]byte(r))
		if err != nil {
			d.t.Fatal(err)
		}
		kinds[rec.Kind()]++
	}
	return kinds
}

// drawn tells whether the public sees the result.
func (d *daemon) drawn(c *campaign) bool {
	conn, _ := d.staff()
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	x, err := fairlotv1.NewDrawServiceClient(conn).GetDraw(ctx, &fairlotv1.GetDrawRequest{Name: c.name + "/draws/1"})
	return err == nil && x.State == fairlotv1.DrawState_DRAW_STATE_DRAWN
}
