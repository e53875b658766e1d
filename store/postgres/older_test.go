package postgres

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"fairlot/store"
	"fairlot/store/postgres/pgtest"
)

// A schema of an earlier program is refused with what to do, and Migrate does it, twice if need be.
func TestOlderSchema(t *testing.T) {
	t.Parallel()
	skipWithout(t)
	ctx := t.Context()
	if err := drop("older"); err != nil { // of an earlier run on this server
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop("older"); err != nil {
			t.Error(err)
		}
	})
	owners, apps, err := Provision(ctx, shared.admin, "older")
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range owners.rooms() {
		c, db, err := ownerDB(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := fs.Sub(migrations, "migrations/"+string(r.name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := goose.NewProvider(goose.DialectPostgres, db, folder, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
		if err == nil {
			_, err = p.UpTo(ctx, 1)
		}
		app, err2 := config(apps.rooms()[i])
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if err := execAll(ctx, db, "let the app role in", append(doors(c.Database, app.ConnConfig.User), "GRANT SELECT ON goose_db_version TO "+quote(app.ConnConfig.User))); err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
	}
	if _, err := Open(ctx, apps); err == nil || !strings.Contains(err.Error(), "open the registry room: schema version 1 is older") || !strings.Contains(err.Error(), "fairlotd upgrade") {
		t.Fatalf("opened: %v", err)
	}
	for range 2 {
		if err := Migrate(ctx, owners, apps); err != nil {
			t.Fatal(err)
		}
		r, err := Open(ctx, apps)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
}

// A server that says it is PostgreSQL 14 is refused. It is this one, with another number on its way.
func TestOlderServer(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	c, err := pgx.ParseConfig(s.apps.with("sslmode", "disable").Registry)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				network, address := pgconn.NetworkAddress(c.Host, c.Port)
				server, err := net.Dial(network, address)
				if err != nil {
					return
				}
				defer func() { _ = server.Close() }()
				go func() { _, _ = io.Copy(server, client) }()
				for buf := make([]byte, 64<<10); ; {
					n, err := server.Read(buf)
					if at := bytes.Index(buf[:n], []byte("server_version\x00")); at >= 0 {
						copy(buf[at+len("server_version\x00"):], "14")
					}
					if _, err2 := client.Write(buf[:n]); err != nil || err2 != nil {
						return
					}
				}
			}()
		}
	}()
	through := c.Copy()
	through.Host, through.Port = "127.0.0.1", uint16(l.Addr().(*net.TCPAddr).Port)
	if err := knock(context.Background(), through); err == nil || !strings.Contains(err.Error(), "is PostgreSQL 14, and 15 is the oldest") {
		t.Errorf("%v", err)
	}
	if err := knock(context.Background(), c); err != nil {
		t.Errorf("the server itself: %v", err)
	}
}

// The rooms on three servers, each with its own administrator.
func TestSeparateServers(t *testing.T) {
	t.Parallel()
	skipWithout(t)
	var admin DSNs
	for _, dsn := range []*string{&admin.Registry, &admin.Identity, &admin.Answers} {
		*dsn = pgtest.Start(t).AdminDSN("postgres")
	}
	owners, apps, err := Provision(t.Context(), admin, "apart")
	if err == nil {
		err = Create(t.Context(), owners, apps)
	}
	if err != nil {
		t.Fatal(err)
	}
	rooms := open(t, apps)
	c := newGate(t, rooms)
	if _, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{newEntry(c)}); err != nil {
		t.Error(err)
	}
	_ = rooms.Close()
	// A role of the same name and password, and the right to connect, are a way from one server to the other.
	app, err := pgx.ParseConfig(apps.Identity)
	if err != nil {
		t.Fatal(err)
	}
	role := quote(app.User)
	if err := statements(t, admin.Answers, "CREATE ROLE "+role+" LOGIN PASSWORD '"+app.Password+"'", "GRANT CONNECT ON DATABASE apart_answers TO "+role); err != nil {
		t.Fatal(err)
	}
	var reach *ReachError
	if _, err := Open(t.Context(), apps); !errors.As(err, &reach) || reach.Room != "identity" {
		t.Errorf("opened: %v", err)
	}
	// One name taken on the last server: nothing stays on the others.
	if err := statements(t, admin.Answers, "CREATE ROLE half_answers_app"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Provision(t.Context(), admin, "half"); !errors.Is(err, store.ErrExists) {
		t.Errorf("in part: %v", err)
	}
	if err := statements(t, admin.Registry, "CREATE DATABASE half_registry", "CREATE ROLE half_registry_app", "CREATE ROLE half_registry_owner"); err != nil {
		t.Errorf("something stayed: %v", err)
	}
}
