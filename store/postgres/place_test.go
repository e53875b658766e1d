package postgres

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
	"fairlot/store/postgres/pgtest"
)

// TestRememberedRoom makes each room another one, row by row and table by table, under connections that stay: changes are refused and leave nothing, and all goes on with the
// right one back, but where only the daemon's own start may judge.
func TestRememberedRoom(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newSet(t)
	spoil(s)
	rooms := open(t, s.apps)
	for i, bound := range []store.Bound{rooms.Registry, rooms.Identity, rooms.Answers} {
		owner, err := pgx.Connect(ctx, s.owners.rooms()[i].dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = owner.Close(ctx) }()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(bound.PutBinding(ctx, store.Binding{Installation: [16]byte{1}, Generation: 5}))
		must(bound.Remember(ctx))
		change := func() error {
			switch i {
			case 0:
				return rooms.Registry.SwapLease(ctx, store.Lease{}, store.Lease{Term: 1, Beat: 1, Holder: [16]byte{1}})
			case 1:
				return rooms.Identity.CreateGate(ctx, store.Gate{Campaign: store.CampaignID{1}, End: at(1), OpenHash: store.Hash{1}})
			}
			return rooms.Answers.PutMixed(ctx, store.CampaignID{1}, 1, 1, nil, nil)
		}
		app, err := config(s.apps.rooms()[i])
		must(err)
		role := quote(app.ConnConfig.User)
		again := []string{"CREATE TABLE binding2 (LIKE binding INCLUDING ALL)", "INSERT INTO binding2 SELECT * FROM binding", "DROP TABLE binding", "ALTER TABLE binding2 RENAME TO binding",
			"GRANT SELECT, INSERT, UPDATE, DELETE ON binding TO " + role}
		for _, x := range []struct {
			make []string
			back string
		}{
			{[]string{"UPDATE binding SET generation = 4"}, "UPDATE binding SET generation = 5"},
			{[]string{"UPDATE binding SET installation = decode(repeat('00', 16), 'hex')"}, "UPDATE binding SET installation = decode('01' || repeat('00', 15), 'hex')"},
			{[]string{"DELETE FROM binding"}, "INSERT INTO binding (id, installation, generation) VALUES (1, decode('01' || repeat('00', 15), 'hex'), 5)"},
			{[]string{"ALTER TABLE binding RENAME TO away"}, "ALTER TABLE away RENAME TO binding"},
			{again, ""},
		} {
			if d := rooms.Identity.(*Identity).room; d.citus && x.back == "" { // THREAT_MODEL says that this is not noticed there
				continue
			}
			for _, q := range x.make {
				_, err := owner.Exec(ctx, q)
				must(err)
			}
			for what, err := range map[string]error{"a change": change(), "a look": bound.Same(ctx), "a move": bound.SetGeneration(ctx, 5, 6)} {
				if !errors.Is(err, store.ErrReplaced) || !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("room %d, %s: %s: %v", i, x.make[0], what, err)
				}
			}
			if _, err := bound.Binding(ctx); !errors.Is(err, store.ErrReplaced) { // it was found out before
				t.Errorf("room %d, %s: a read: %v", i, x.make[0], err)
			}
			if x.back == "" {
				break
			}
			_, err := owner.Exec(ctx, x.back)
			must(err)
			must(bound.Same(ctx))
		}
		other := open(t, s.apps) // a start takes the table as it is
		look := []store.Bound{other.Registry, other.Identity, other.Answers}[i]
		must(look.Remember(ctx))
		must(look.Same(ctx))
	}
	if _, err := rooms.Identity.Gate(ctx, store.CampaignID{1}); !rooms.Identity.(*Identity).citus && !errors.Is(err, store.ErrReplaced) {
		t.Errorf("a gate: %v", err)
	}
	other := open(t, s.apps)
	if _, err := other.Identity.Gate(ctx, store.CampaignID{1}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a change that was refused left a gate: %v", err)
	}
}

// TestRestoreWaitsForEntries drops the tables, as pg_restore --clean does, while a transaction is under way that has looked which room it is.
func TestRestoreWaitsForEntries(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newSet(t)
	spoil(s)
	rooms := open(t, s.apps)
	d := rooms.Identity.(*Identity).room
	if err := rooms.Identity.PutBinding(ctx, store.Binding{Installation: [16]byte{1}, Generation: 1}); err != nil {
		t.Fatal(err)
	}
	if err := rooms.Identity.Remember(ctx); err != nil {
		t.Fatal(err)
	}
	owner, err := pgx.Connect(ctx, s.owners.Identity)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close(ctx) }()
	if _, err := owner.Exec(ctx, "SET lock_timeout = '300ms'"); err != nil {
		t.Fatal(err)
	}
	err = d.write(ctx, "hold", func(context.Context, pgx.Tx) error {
		if _, err := owner.Exec(ctx, "DROP TABLE binding"); !isState(err, "55P03") {
			t.Errorf("the table was dropped under a transaction: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestDatabaseElsewhere has new connections lead to another database than the first ones, of the same server.
func TestDatabaseElsewhere(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, elsewhere := newSet(t), newSet(t)
	rooms := open(t, s.apps)
	d := rooms.Identity.(*Identity).room
	u, err := url.Parse(elsewhere.apps.Identity)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	c := d.pool.Config().ConnConfig
	c.User, c.Password, c.Database = u.User.Username(), password, u.Path[1:]
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := d.arrive(ctx, conn); !errors.Is(err, store.ErrReplaced) {
		t.Errorf("another database: %v", err)
	}
	server := pgtest.Start(t) // another one: its databases may have the same numbers
	away, err := pgx.Connect(ctx, server.AdminDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = away.Close(ctx) }()
	was := d.leads.Load()
	var there place
	if err := away.QueryRow(ctx, "SELECT system_identifier, $1::bigint FROM pg_control_system()", was.database).Scan(&there.cluster, &there.database); err != nil || there == *was {
		t.Errorf("another server: %v, %v, and %v", err, there, *was)
	}
	if err := d.arrive(ctx, away); !errors.Is(err, store.ErrReplaced) {
		t.Errorf("another server: %v", err)
	}
	if err := rooms.Identity.Same(ctx); err != nil {
		t.Errorf("the first one: %v", err)
	}
}

// TestArrivalIsBounded lets a server fall silent right after it has let a connection in, as a host that is frozen does: whoever waits for the connection is not held up for ever.
func TestArrivalIsBounded(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	rooms := open(t, s.apps)
	p := pgtest.StartProxy(t, s.apps.Identity, nil)
	dsn, err := p.DSN(s.apps.Identity)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	p.Set(pgtest.Blackhole)
	done := make(chan error, 1)
	go func() { done <- rooms.Identity.(*Identity).arrive(t.Context(), conn) }()
	select {
	case err := <-done:
		if !errors.Is(err, errSilent) {
			t.Errorf("a server that says nothing: %v", err)
		}
	case <-time.After(2 * arriveTime):
		t.Error("the connection is waited for and waited for")
	}
}

// TestDatabaseGone renames a room's database away, takes a table out of it, and its app role's rights: all of it is storage that is away for a while, and nothing that is not there.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cluster := pgtest.Start(t)
	admin := cluster.AdminDSN("postgres")
	owners, apps, err := Provision(ctx, DSNs{admin, admin, admin}, "gone")
	if err == nil {
		err = Create(ctx, owners, apps)
	}
	if err != nil {
		t.Fatal(err)
	}
	rooms := open(t, apps)
	if err := rooms.Registry.PutBinding(ctx, store.Binding{Installation: [16]byte{1}, Generation: 1}); err != nil {
		t.Fatal(err)
	}
	if err := rooms.Registry.Remember(ctx); err != nil {
		t.Fatal(err)
	}
	role := `"gone_registry_app"`
	for _, x := range []struct{ database, do, undo string }{
		{"postgres", "ALTER DATABASE gone_registry RENAME TO away", "ALTER DATABASE away RENAME TO gone_registry"},
		{"gone_registry", "ALTER TABLE campaigns RENAME TO away", "ALTER TABLE away RENAME TO campaigns"},
		{"gone_registry", "REVOKE SELECT, UPDATE ON campaigns FROM " + role, "GRANT SELECT, UPDATE ON campaigns TO " + role},
	} {
		if x.database == "postgres" {
			if err := cluster.Exec(ctx, "postgres", "ALTER DATABASE gone_registry ALLOW_CONNECTIONS false", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'gone_registry'"); err != nil {
				t.Fatal(err)
			}
		}
		if err := cluster.Exec(ctx, x.database, x.do); err != nil {
			t.Fatal(err)
		}
		_, read := rooms.Registry.Campaign(ctx, store.CampaignID{1})
		for what, err := range map[string]error{"a read": read, "a change": rooms.Registry.SetGateMade(ctx, store.CampaignID{1})} {
			if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %s: %v", x.do, what, err)
			}
		}
		if err := cluster.Exec(ctx, x.database, x.undo); err != nil {
			t.Fatal(err)
		}
		if x.database == "postgres" {
			if err := cluster.Exec(ctx, "postgres", "ALTER DATABASE gone_registry ALLOW_CONNECTIONS true"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := rooms.Registry.Campaign(ctx, store.CampaignID{1}); !errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("after %s: %v", x.undo, err)
		}
	}
}
