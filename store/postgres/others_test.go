package postgres

import (
	"errors"
	"os"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"fairlot/store/postgres/pgtest"
)

// TestOtherDatabases looks what an app role has of the databases that let every role in, and runs the SQL with which docs/POSTGRESQL.md takes that away.
func TestOtherDatabases(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	ctx := t.Context()
	if err := cluster.Exec(ctx, "postgres", "CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'geheim'"); err != nil {
		t.Fatal(err)
	}
	maker := cluster.DSN("maker", "geheim", "postgres")
	make3 := func(name string) DSNs {
		t.Helper()
		owners, apps, err := Provision(ctx, DSNs{maker, maker, maker}, name)
		if err == nil {
			err = Create(ctx, owners, apps)
		}
		if err != nil {
			t.Fatal(err)
		}
		return apps
	}
	opens := func(apps DSNs) {
		t.Helper()
		rooms, err := Open(ctx, apps)
		if err != nil {
			t.Fatal(err)
		}
		_ = rooms.Close()
	}
	apps := make3("before")
	opens(apps)
	at := func(database string) string {
		c, err := config(roomDSN{identityRoom, apps.Identity})
		if err != nil {
			t.Fatal(err)
		}
		return cluster.DSN(c.ConnConfig.User, c.ConnConfig.Password, database)
	}
	refused := func(database, statement string) {
		t.Helper()
		var pg *pgconn.PgError
		if err := statements(t, at(database), statement); !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("in %s, %s: %v, want it refused for want of rights", database, statement, err)
		}
	}
	for _, database := range []string{"postgres", "template1"} {
		if err := statements(t, at(database), "SELECT datname, rolname FROM pg_database, pg_roles"); err != nil {
			t.Errorf("%s: %v: is it closed by default now? Then docs/POSTGRESQL.md says too much", database, err)
		}
		refused(database, "CREATE TABLE public.x(y int)")
		refused(database, "CREATE SCHEMA x")
		refused(database, "CREATE EXTENSION dblink")
		refused(database, "SELECT rolpassword FROM pg_authid")
	}
	if err := statements(t, at("postgres"), "CREATE TEMPORARY TABLE x(y int)"); err != nil {
		t.Error(err)
	}
	refused("template1", "CREATE TEMPORARY TABLE x(y int)")

	text, err := os.ReadFile("../../docs/POSTGRESQL.md")
	if err != nil {
		t.Fatal(err)
	}
	sql := regexp.MustCompile(`(?m)^(REVOKE CONNECT|GRANT CONNECT ON DATABASE postgres)[^;]*;`).FindAllString(string(text), -1)
	if len(sql) != 2 {
		t.Fatalf("docs/POSTGRESQL.md has %q", sql)
	}
	if err := cluster.Exec(ctx, "postgres", sql...); err != nil {
		t.Fatal(err)
	}
	refused("postgres", "SELECT 1")
	refused("template1", "SELECT 1")
	opens(apps)
	opens(make3("after"))
}
