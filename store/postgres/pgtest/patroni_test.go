package pgtest

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestHA runs the example of deploy/ha: rows are written one by one while the primary hands over, and then while its host dies. Whatever a
// COMMIT was answered for is there afterwards, by both ways to the primary.
func TestHA(t *testing.T) {
	if testing.Short() {
		t.Skip("three nodes take a minute to come up")
	}
	ha := StartHA(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	run(t, ctx, ha, "CREATE TABLE acknowledged(i int PRIMARY KEY)")
	var settings [3]string
	query(t, ctx, ha, "SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'), current_setting('data_checksums')", &settings[0], &settings[1], &settings[2])
	if settings[0] != "on" || settings[1] == "" || settings[2] != "on" {
		t.Errorf("the primary runs with synchronous_commit, standby names, checksums %q", settings)
	}

	stop, done := make(chan struct{}), make(chan struct{})
	var acknowledged []int
	var written atomic.Int64
	go func() { // one writer, who connects again and goes on with the next number whenever it breaks
		defer close(done)
		for i := 0; ; {
			conn, err := pgx.Connect(ctx, ha.AdminDSN("postgres"))
			for err == nil {
				i++
				within, cancel := context.WithTimeout(ctx, 5*time.Second)
				_, err = conn.Exec(within, "INSERT INTO acknowledged VALUES ("+strconv.Itoa(i)+")")
				cancel()
				if err == nil {
					acknowledged = append(acknowledged, i)
					written.Add(1)
				}
				select {
				case <-stop:
					_ = conn.Close(ctx)
					return
				default:
				}
			}
			if conn != nil {
				_ = conn.Close(ctx)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	some := func(n int64) {
		t.Helper()
		for from := written.Load(); written.Load() < from+n; time.Sleep(10 * time.Millisecond) {
			if ctx.Err() != nil {
				t.Fatal("nothing is written any more")
			}
		}
	}
	some(100)
	first, _ := ha.Primary(ctx)
	began := time.Now()
	second, err := ha.Switchover(ctx)
	if err != nil {
		t.Fatal(err)
	}
	some(1)
	t.Logf("handed over from %s to %s: writing again after %v", first.Name, second.Name, time.Since(began).Round(time.Millisecond))
	if _, err := ha.Wait(ctx, 2); err != nil {
		t.Fatal(err)
	}
	some(100)
	began = time.Now()
	third, killed, err := ha.Failover(ctx)
	if err != nil {
		t.Fatal(err)
	}
	some(1)
	t.Logf("%s killed, %s took over: writing again after %v", killed.Name, third.Name, time.Since(began).Round(time.Millisecond))
	some(50)
	close(stop)
	<-done
	if err := killed.Restart(); err != nil {
		t.Fatal(err)
	}
	if _, err := ha.Wait(ctx, 2); err != nil {
		t.Fatal("the killed node does not come back:", err)
	}
	direct, err := pgx.Connect(ctx, ha.DirectDSN("postgres", ha.superuser, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = direct.Close(ctx) }()
	rows, err := direct.Query(ctx, "SELECT i FROM acknowledged")
	if err != nil {
		t.Fatal(err)
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	have := map[int]bool{}
	for _, i := range there {
		have[i] = true
	}
	for _, i := range acknowledged {
		if !have[i] {
			t.Errorf("row %d was acknowledged and is gone", i)
		}
	}
	t.Logf("%d acknowledged, %d there", len(acknowledged), len(there))
}

func run(t *testing.T, ctx context.Context, ha *HA, sql string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, ha.AdminDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}

func query(t *testing.T, ctx context.Context, ha *HA, sql string, into ...any) {
	t.Helper()
	conn, err := pgx.Connect(ctx, ha.AdminDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := conn.QueryRow(ctx, sql).Scan(into...); err != nil {
		t.Fatal(err)
	}
}
