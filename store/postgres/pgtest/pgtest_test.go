package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestCluster(t *testing.T) {
	c := Start(t)
	ctx := t.Context()
	if err := c.Exec(ctx, "postgres", "CREATE ROLE r LOGIN PASSWORD 'p'", "CREATE DATABASE d"); err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(ctx, "d", "CREATE TABLE x (n int)", "INSERT INTO x VALUES (7)", "ALTER TABLE x OWNER TO r"); err != nil {
		t.Fatal(err)
	}
	if err := c.Clone(ctx, "d", "e", "r"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, dsn := range []string{c.DSN("r", "p", "e"), c.SocketDSN("r", "p", "e")} {
			conn, err := pgx.Connect(ctx, dsn)
			if err != nil {
				t.Fatal(err)
			}
			var n int
			if err := conn.QueryRow(ctx, "SELECT n FROM x").Scan(&n); err != nil || n != 7 {
				t.Error(n, err)
			}
			_ = conn.Close(ctx)
		}
		if _, err := pgx.Connect(ctx, c.DSN("r", "wrong", "e")); err == nil {
			t.Error("a wrong password lets in")
		}
		if _, err := pgx.Connect(ctx, c.DSN(Admin, "", "e")); err == nil {
			t.Error("the superuser comes in from the network")
		}
		if err := c.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil { // committed rows and roles outlive kill -9
			t.Fatal(err)
		}
	}
}
