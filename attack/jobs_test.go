package attack

import (
	"context"
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
	local, err := beacon.NewLocal(time.Now().Unix()-100, 1)
	if err != nil {
		t.Fatal(err)
	}
	relay := httptest.NewServer(local.Handler(time.Now))
	defer relay.Close()
	d := newDaemon(t)
	d.extra = []string{"--relay", relay.URL}
	d.serve()
	chain := local.Chain()
	c := d.openCampaign(5, time.Now().Add(8*time.Second), func(c *fairlotv1.Campaign) {
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
	for end := time.Now().Add(2 * time.Minute); !d.drawn(c); kills++ {
		if time.Now().After(end) {
			t.Fatalf("never drawn\n%s", d.lastLog())
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
		t.Errorf("killed %d times only", kills)
	}
	list := c.entrants()
	if len(entered) == 0 || len(list) != len(entered) {
		t.Errorf("%d receipts, %d entrants", len(entered), len(list))
	}
	conn, _ := d.staff()
	defer conn.Close()
	records, err := fairlotv1.NewLogServiceClient(conn).ListRecords(context.Background(), &fairlotv1.ListRecordsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, r := range records.Records {
		rec, err := draw.ParseRecord([]byte(r))
		if err != nil {
			t.Fatal(err)
		}
		kinds[rec.Kind()]++
	}
	if kinds["open"] != 1 || kinds["close"] != 1 || kinds["result"] != 1 || len(kinds) != 3 {
		t.Errorf("the log holds %v", kinds)
	}
	for _, line := range d.complaints() {
		if !strings.Contains(line, "storage") {
			t.Error(line)
		}
	}
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
