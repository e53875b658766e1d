package attack

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store/postgres/pgtest"
)

const (
	answeredWithin = 25 * time.Second        // every entry, though its caller names no deadline
	callWithin     = 2 * time.Second         // deadline of staff's calls
	callGrace      = 2 * time.Second         // how much later they may return, on a busy machine
	healedWithin   = 15 * time.Second        // the first entry after the link is sound again
	partedFor      = 10 * time.Second        // how long the link is not
	soundFor       = 2500 * time.Millisecond // before and between
)

// TestPartitions parts the daemon from PostgreSQL in four ways, under writers: everybody is answered in time, acknowledged or told when to come
// again; staff's calls keep their deadlines; nothing is lost or doubled; entries go on soon after. FAULT_PARTITIONS is the number of partitions of each kind.
func TestPartitions(t *testing.T) {
	n := fromEnv(t, "FAULT_PARTITIONS", 1)
	on := onPostgres(t)
	for _, link := range []pgtest.Link{pgtest.Blackhole, pgtest.HalfOpen, pgtest.Reset, pgtest.Slow} {
		t.Run(link.String(), func(t *testing.T) {
			t.Parallel()
			v := parted(t, on, link, n, false)
			unharmed(t, "partition: "+link.String(), on, v, healedWithin)
		})
	}
}

// TestPartitionsSeeLoss resets the connections of a daemon behind one who acknowledges before forwarding.
func TestPartitionsSeeLoss(t *testing.T) {
	t.Parallel()
	on := onPostgres(t)
	foundOut(t, "partition, acknowledged before it is written", on, parted(t, on, pgtest.Reset, 1, true))
}

// throughProxy leads the daemon's three databases through a proxy.
func (d *daemon) throughProxy() *pgtest.Proxy {
	d.t.Helper()
	file := filepath.Join(d.dir, "postgres.dsn")
	text, err := os.ReadFile(file)
	if err != nil {
		d.t.Fatal(err)
	}
	p := pgtest.StartProxy(d.t, d.on.admin, nil)
	lines := strings.Split(string(text), "\n")
	led := 0
	for i, line := range lines {
		before, dsn, found := strings.Cut(line, "postgres://")
		if !found {
			continue
		}
		through, err := p.DSN("postgres://" + dsn)
		if err != nil {
			d.t.Fatal(err)
		}
		lines[i] = before + through
		led++
	}
	if led != 3 {
		d.t.Fatalf("%d databases in postgres.dsn, want 3", led)
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return p
}

// staffCall makes a staff call with a deadline and returns how long it took.
func (c *campaign) staffCall() (time.Duration, error) {
	conn, ctx := c.d.staff()
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	began := time.Now()
	_, err := fairlotv1.NewEntryServiceClient(conn).CreateEntryTokens(ctx, &fairlotv1.CreateEntryTokensRequest{Parent: c.name, Count: 1})
	return time.Since(began), err
}

// parted parts the daemon n times.
func parted(t *testing.T, on engine, link pgtest.Link, n int, lie bool) (v verdict) {
	d := newDaemonOn(t, on)
	proxy := d.throughProxy()
	d.serve()
	c := d.openCampaign(batchOf, time.Now().Add(soundFor+time.Duration(n)*(partedFor+soundFor+healedWithin/2)))
	w := &writers{t: t, c: c, addr: d.http, tokens: c.tokens(20000)}
	if lie {
		liar := newLiar(c)
		defer liar.Close()
		w.addr = strings.TrimPrefix(liar.URL, "http://")
	}
	w.start(16) // four of these run at once
	defer func() {
		proxy.Set(pgtest.Sound)
		w.stop.Store(true)
		w.wait()
	}()
	for range n {
		time.Sleep(soundFor)
		if w.done.Load() == w.seen {
			v.quiet++
		}
		proxy.Set(link)
		v.strikes++
		for over := time.Now().Add(partedFor + rand.N(time.Second)); time.Now().Before(over); time.Sleep(500 * time.Millisecond) {
			if took, err := c.staffCall(); took > callWithin+callGrace {
				t.Errorf("a staff call with a deadline of %v took %v: %v", callWithin, took, err)
			}
		}
		proxy.Set(pgtest.Sound)
		healed := time.Now()
		for w.seen = w.done.Load(); w.done.Load() == w.seen; time.Sleep(5 * time.Millisecond) {
			if time.Since(healed) > healedWithin || time.Now().After(c.end) {
				v.broken = "no entry was acknowledged after the link was sound again\n" + d.lastLog()
				return v
			}
		}
		v.again = append(v.again, time.Since(healed))
	}
	time.Sleep(time.Until(c.end))
	w.wait()
	if v.broken = w.untold(); v.broken != "" {
		return v
	}
	for tries := 0; !c.closed(); tries++ {
		if tries > 100 {
			v.broken = "the campaign does not close\n" + d.lastLog()
			return v
		}
		if c.close() != nil {
			time.Sleep(100 * time.Millisecond)
		}
	}
	leaves, changed := c.entrants(), 0
	if !lie {
		changed = w.retryAll()
	}
	d.stop()
	judged := judge(w.all(), leaves, d.responses())
	judged.strikes, judged.quiet, judged.again, judged.changed, judged.mixedBefore = v.strikes, v.quiet, v.again, changed, judged.present
	told := &w.calls
	t.Logf("answers: %v; the slowest took %v", told.told, told.slowest.Round(time.Millisecond))
	if !lie && (told.slowest > answeredWithin || told.bare > 0 || told.told["no answer"] > 0) {
		t.Errorf("the slowest answer took %v, want %v at most; %d had none; %d refusals did not say when to come again", told.slowest, answeredWithin, told.told["no answer"], told.bare)
	}
	return judged
}
