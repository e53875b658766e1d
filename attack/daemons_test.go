package attack

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"fairlot/crypto/ledger"
)

// TestSeveralDaemons has three daemons on one folder and 16 writers over all of them, and again and again kills the one that holds the lease, or stops it for
// longer than the lease lasts and wakes it up. Another one must take over in seconds; nothing may be lost, doubled, half, or signed twice.
func TestSeveralDaemons(t *testing.T) {
	t.Parallel()
	strikes := fromEnv(t, "FAIRLOT_TAKEOVERS", 4)
	first := newDaemonOn(t, onPostgres(t))
	all := []*daemon{first}
	for i := range 2 {
		d := &daemon{t: t, program: first.program, on: first.on, database: first.database, root: first.root, dir: first.dir, work: first.work, temp: first.temp,
			log: filepath.Join(first.root, "stderr"+strconv.Itoa(i+2)+".log"), http: freePort(t), grpc: freePort(t)}
		t.Cleanup(d.kill)
		all = append(all, d)
	}
	for _, d := range all {
		d.serve()
	}
	registry, err := sql.Open("pgx", first.roomDSN("registry"))
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	holder := func() (door string, term int64) {
		t.Helper()
		if err := registry.QueryRow("SELECT door, term FROM lease").Scan(&door, &term); err != nil {
			t.Fatal(err)
		}
		return door, term
	}
	if door, _ := holder(); door != first.grpc {
		t.Fatalf("%s holds the lease, and %s began", door, first.grpc)
	}
	took := time.Duration(strikes)*9*time.Second + 4*time.Second
	c := first.openCampaign(batchOf, time.Now().Add(took))
	tokens := c.tokens(len(all) * int(took.Seconds()) * 150)
	var writing []*writers
	for i, d := range all {
		part := len(tokens) / len(all)
		w := &writers{t: t, c: c, addr: d.http, tokens: tokens[:(i+1)*part]}
		w.next.Store(int64(i * part))
		w.start([]int{6, 5, 5}[i])
		writing = append(writing, w)
	}
	var takeovers []time.Duration
	for i := range strikes {
		time.Sleep(300 * time.Millisecond)
		door, term := holder()
		d := all[slices.IndexFunc(all, func(d *daemon) bool { return d.grpc == door })]
		if i%2 == 0 {
			d.kill()
		} else if err := d.freeze(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for now := term; now == term; _, now = holder() {
			if time.Since(began) > 15*time.Second {
				t.Fatalf("nobody took over\n%s", d.lastLog())
			}
			time.Sleep(10 * time.Millisecond)
		}
		takeovers = append(takeovers, time.Since(began).Round(10*time.Millisecond))
		if i%2 == 0 {
			d.serve()
		} else {
			time.Sleep(500 * time.Millisecond)
			d.signal(syscall.SIGCONT)
		}
	}
	time.Sleep(time.Until(c.end))
	for _, w := range writing {
		w.wait()
	}
	for tries := 0; !c.closed(); tries++ { // through each door in turn: two do not hold the lease
		if tries > 60 {
			t.Fatalf("the campaign does not close\n%s", first.lastLog())
		}
		c.d = all[tries%len(all)]
		if err := c.close(); err != nil {
			time.Sleep(200 * time.Millisecond)
		}
	}
	if err := c.verify(); err != nil {
		t.Error(err)
	}
	leaves := c.entrants()
	var sent []*sent
	changed := 0
	for _, w := range writing {
		changed += w.retryAll()
		sent = append(sent, w.all()...)
	}
	for _, d := range all {
		d.stop()
		for _, line := range d.complaints() {
			t.Log(line)
		}
	}
	v := judge(sent, leaves, first.responses())
	v.changed, v.strikes = changed, strikes
	t.Logf("%d takeovers after %v; %v", len(takeovers), takeovers, v)
	if v.harm() > 0 {
		t.Errorf("%+v", v)
	}
	oneTree(t, registry)
}

// oneTree compares every checkpoint with the records.
func oneTree(t *testing.T, registry *sql.DB) {
	t.Helper()
	var key string
	if err := registry.QueryRow("SELECT log_key FROM installation").Scan(&key); err != nil {
		t.Fatal(err)
	}
	tree := new(ledger.Tree)
	for _, record := range blobs(t, registry, "SELECT record FROM log ORDER BY n") {
		if err := tree.Append(record); err != nil {
			t.Fatal(err)
		}
	}
	for _, note := range blobs(t, registry, "SELECT note FROM checkpoints ORDER BY size") {
		cp, err := ledger.VerifyCheckpoint(key, note)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Extends(cp.Size, cp.Root); err != nil {
			t.Error(err)
		}
	}
}

func blobs(t *testing.T, db *sql.DB, query string) (list [][]byte) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
