package postgres

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
	"fairlot/store/postgres/pgtest"
)

// ownServer is a cluster that the test may spoil, with the databases of an installation.
func ownServer(t *testing.T, settings ...string) (*pgtest.Cluster, DSNs) {
	t.Helper()
	cluster := pgtest.Start(t, settings...)
	admin := cluster.AdminDSN("postgres")
	owners, apps, err := Provision(t.Context(), DSNs{admin, admin, admin}, "k")
	if err == nil {
		err = Create(t.Context(), owners, apps)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cluster, apps
}

// Sessions that only read, as on a primary that became a standby: they are given up, and whoever writes gets through on new ones.
func TestReadOnlySessionsAreGivenUp(t *testing.T) {
	t.Parallel()
	cluster, apps := ownServer(t)
	set := func(value string) {
		t.Helper()
		if err := cluster.Exec(t.Context(), "postgres", "ALTER SYSTEM SET default_transaction_read_only = "+value, "SELECT pg_reload_conf()"); err != nil {
			t.Fatal(err)
		}
	}
	rooms := open(t, apps)
	c := newGate(t, rooms)
	enter := func() error {
		_, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{newEntry(c)})
		return err
	}
	// What a session reads of the setting is fixed for it, as what a standby is.
	conn, err := rooms.Identity.(*Identity).pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SET default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	conn.Release()
	for range 3 {
		if err := enter(); err != nil {
			t.Error(err)
		}
	}
	set("on")
	time.Sleep(200 * time.Millisecond) // until sessions have read it
	if err := enter(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("on a server that only reads: %v", err)
	}
	set("off")
	for began := time.Now(); ; {
		if err := enter(); err == nil {
			break
		} else if time.Since(began) > 10*time.Second {
			t.Fatal(err)
		}
	}
}

// A COMMIT that waits for a standby and is cancelled, as an operator cancels what hangs, is answered like any other, with a warning besides.
// Nothing may be acknowledged for it, nor for the repetition that finds the row there.
func TestCommitWithoutStandby(t *testing.T) {
	t.Parallel()
	cluster, apps := ownServer(t)
	rooms := open(t, apps)
	c := newGate(t, rooms)
	if err := cluster.Exec(t.Context(), "postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // until sessions have read it
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			_ = cluster.Exec(ctx, "postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
			time.Sleep(50 * time.Millisecond)
		}
	}()
	defer func() { cancel(); <-ended }()
	e := newEntry(c)
	for range 2 {
		if res, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{e}); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("acknowledged without a standby: %v, %v", res, err)
		}
	}
	there := 0
	conn, err := pgx.Connect(t.Context(), cluster.AdminDSN("k_identity"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM entrants").Scan(&there); err != nil || there != 1 {
		t.Errorf("%d entrants, %v: this shows nothing", there, err)
	}
	cancel()
	if err := cluster.Exec(t.Context(), "postgres", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; {
		res, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{e})
		if err == nil && res[0].Outcome == store.Exists {
			break
		}
		if time.Since(began) > 10*time.Second {
			t.Fatal(res, err)
		}
	}
}

// A DSN with several hosts leads to the one that takes writes, whatever their order, though it does not say so.
func TestSeveralHosts(t *testing.T) {
	t.Parallel()
	reader, primary := pgtest.Start(t, "default_transaction_read_only=on"), pgtest.Start(t)
	c, err := config(roomDSN{identityRoom, twoHosts(t, reader, primary, "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(t.Context(), c.ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var port string
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('port')").Scan(&port); err != nil || port != strconv.Itoa(primary.Port) {
		t.Errorf("led to port %s, %v; the primary is at %d", port, err, primary.Port)
	}
}

// twoHosts is a DSN of a database that names two servers, the first of which only reads.
func twoHosts(t *testing.T, reader, primary *pgtest.Cluster, database string) string {
	t.Helper()
	u, err := url.Parse(primary.AdminDSN(database))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("host", reader.Shared()+","+primary.Shared())
	q.Set("port", strconv.Itoa(reader.Port)+","+strconv.Itoa(primary.Port))
	u.RawQuery = q.Encode()
	return u.String()
}

// TestStandbyHearsLate names a server first that hears of a new database a moment later than the primary: pgx takes its word that there is none.
func TestStandbyHearsLate(t *testing.T) {
	t.Parallel()
	reader, primary := pgtest.Start(t, "default_transaction_read_only=on"), pgtest.Start(t)
	if err := primary.Exec(t.Context(), "postgres", "CREATE DATABASE late"); err != nil {
		t.Fatal(err)
	}
	r := roomDSN{identityRoom, twoHosts(t, reader, primary, "late")}
	reach := func() error {
		c, err := config(r)
		if err != nil {
			return err
		}
		conn, err := pgx.ConnectConfig(t.Context(), c.ConnConfig)
		if err == nil {
			err = conn.Close(context.Background())
		}
		return err
	}
	if err := reach(); err == nil {
		t.Fatal("the primary was reached past a server without the database: this shows nothing")
	}
	heard := make(chan error, 1)
	go func() {
		time.Sleep(500 * time.Millisecond)
		heard <- reader.Exec(context.Background(), "postgres", "SET default_transaction_read_only = off", "CREATE DATABASE late")
	}()
	awaitStandbys(t.Context(), r)
	if err := reach(); err != nil {
		t.Errorf("not reached after the wait: %v", err)
	}
	if err := <-heard; err != nil {
		t.Fatal(err)
	}
}
