package attack

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestDemoOnPostgres plays the demo's whole story in PostgreSQL. It is told as on SQLite, and nothing of it stays on the server.
func TestDemoOnPostgres(t *testing.T) {
	t.Parallel()
	on := onPostgres(t)
	dir := filepath.Join(t.TempDir(), "demo")
	file := filepath.Join(t.TempDir(), "admin.dsn")
	if err := os.WriteFile(file, []byte(on.admin), 0o600); err != nil {
		t.Fatal(err)
	}
	tool := filepath.Dir(program)
	d := &daemon{t: t, program: program, work: t.TempDir(), temp: t.TempDir()}
	args := []string{"demo", "--exit", "--dir", dir, "--entries", "100", "--http", freePort(t), "--grpc", freePort(t), "--admin-dsn-file", file}
	if on.citus {
		args = append(args, "--distribute", "citus")
	}
	cmd := d.command(args...)
	if _, err := os.Stat(filepath.Join(tool, "fairlot")); err != nil { // it is built in the source tree
		cmd.Dir = ""
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("verify: ok (demo beacon)")) || !bytes.Contains(out, []byte("in all rows of the three databases")) {
		t.Fatalf("%v\n%s", err, out[max(0, len(out)-4000):])
	}
	conn, err := pgx.Connect(t.Context(), on.admin)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, _ := conn.Query(t.Context(), "SELECT datname::text FROM pg_database UNION ALL SELECT rolname::text FROM pg_roles")
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "fairlot_demo_") {
			t.Errorf("%s is left on the server", name)
		}
	}
}
