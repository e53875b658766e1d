package pgtest

import (
	"syscall"
	"testing"
	"time"

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

// TestKillAll has a process of the server stand still, as one does that waits for a lock of another that is gone.
func TestKillAll(t *testing.T) {
	c := Start(t)
	conn, err := pgx.Connect(t.Context(), c.AdminDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := c.KillAll(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("it outlives the server")
		}
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
}
