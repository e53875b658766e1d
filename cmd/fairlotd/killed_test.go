package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"fairlot/store/postgres"
	"fairlot/store/postgres/pgtest"
)

// program builds fairlotd as operators run it.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fairlotd")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// ran runs it to its end and returns whether it did what it was to do, and all that it said.
func ran(t *testing.T, program string, args ...string) (bool, string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return err == nil, string(out)
}

// killed starts it and kills it with signal 9 as soon as the database has the table. False if it was done before.
func killed(t *testing.T, c *pgtest.Cluster, database, table, program string, args ...string) bool {
	t.Helper()
	cmd := exec.Command(program, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for began := time.Now(); time.Since(began) < time.Minute; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %v", args, err)
			}
			return false
		default:
		}
		if there(t, c, database, table) {
			break
		}
	}
	_ = cmd.Process.Kill()
	if err := <-ended; err == nil {
		return false
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) { // what served it ends when it notices
		conn, err := pgx.Connect(t.Context(), c.AdminDSN("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		var left int
		err = conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()").Scan(&left)
		_ = conn.Close(context.Background())
		if err == nil && left == 0 {
			return true
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("sessions stay: %d, %v", left, err)
		}
	}
}

func there(t *testing.T, c *pgtest.Cluster, database, table string) (yes bool) {
	t.Helper()
	at, query := database, "SELECT to_regclass($1) IS NOT NULL"
	if table == "" {
		at, table, query = "postgres", database, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)"
	}
	conn, err := pgx.Connect(t.Context(), c.AdminDSN(at))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(context.Background()) }()
	return conn.QueryRow(t.Context(), query, table).Scan(&yes) == nil && yes
}

// psql runs the SQL in a text that was printed, as the role of a DSN.
func psql(t *testing.T, c *pgtest.Cluster, dsn, text string) {
	t.Helper()
	args := []string{dsn, "-X", "-v", "ON_ERROR_STOP=1"}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "DROP ") || strings.HasPrefix(line, "GRANT ") {
			args = append(args, "-c", line)
		}
	}
	if len(args) == 4 {
		t.Fatalf("no SQL in %s", text)
	}
	if out, err := c.Run("psql", args...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestKilledInit kills fairlotd init at two places: the next one says what lies on the server and in the folder and how it is taken away, and exactly that
// lets a third one make the installation.
func TestKilledInit(t *testing.T) {
	cluster, fairlotd := pgtest.Start(t), program(t)
	if err := cluster.Exec(t.Context(), "postgres", "CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'geheim'"); err != nil {
		t.Fatal(err)
	}
	maker := cluster.DSN("maker", "geheim", "postgres")
	for what, at := range map[string][2]string{"between databases": {"_identity", ""}, "between tables": {"_identity", "gates"}} {
		t.Run(what, func(t *testing.T) {
			for _, name := range []string{"first", "second", "third", "fourth", "fifth"} {
				name += map[bool]string{true: "_bare", false: "_full"}[at[1] == ""]
				dir := filepath.Join(t.TempDir(), "fairlot")
				args := []string{"init", "--dir", dir, "--origin", "a.example/fairlot", "--institution", "Library", "--admin-dsn-file", dsnFile(t, maker+"\n"), "--database", name}
				if !killed(t, cluster, name+at[0], at[1], fairlotd, args...) {
					t.Logf("%s was made before it was killed", name)
					continue
				}
				left := leftovers(t, cluster, name)
				if len(left) < 4 {
					t.Fatalf("killed too early: %v", left)
				}
				if names, _ := os.ReadDir(dir); len(names) > 0 {
					ok, text := ran(t, fairlotd, args...)
					if ok || !strings.Contains(text, "if an init was killed here, remove the folder "+dir+" and run this again") {
						t.Fatalf("over what a killed init left in the folder: %v, %s", names, text)
					}
					if err := os.RemoveAll(dir); err != nil {
						t.Fatal(err)
					}
				}
				ok, text := ran(t, fairlotd, args...)
				if ok || !strings.Contains(text, "If an init or import was killed") || !strings.Contains(text, "choose another --database") {
					t.Fatalf("over what a killed init left: %s", text)
				}
				for _, n := range left {
					if !strings.Contains(text, " "+n) {
						t.Errorf("%s is not named: %s", n, text)
					}
				}
				nothing(t, dir)
				psql(t, cluster, maker, text)
				if still := leftovers(t, cluster, name); len(still) > 0 {
					t.Fatalf("after the SQL that init printed: %v", still)
				}
				if ok, text := ran(t, fairlotd, args...); !ok {
					t.Fatalf("once all was taken away: %s", text)
				}
				rooms, err := openRooms(t.Context(), dir)
				if err != nil {
					t.Fatal(err)
				}
				_ = rooms.Close()

				// Beside an installation that lives the same is said, and nothing of it is touched.
				other := append([]string{}, args...)
				other[2] = filepath.Join(t.TempDir(), "other")
				if ok, text := ran(t, fairlotd, other...); ok || !strings.Contains(text, "leave them alone and choose another --database") {
					t.Errorf("over an installation: %s", text)
				}
				if rooms, err = openRooms(t.Context(), dir); err != nil {
					t.Fatal(err)
				}
				_ = rooms.Close()
				return
			}
			t.Fatal("five times it was faster than the kill")
		})
	}
}

// TestKilledImport kills fairlotd import, once into databases that it made and once into those that others made.
func TestKilledImport(t *testing.T) {
	cluster, fairlotd := pgtest.Start(t), program(t)
	old, export := filepath.Join(t.TempDir(), "old"), filepath.Join(t.TempDir(), "export")
	if err := (&initCmd{Dir: old, Origin: "a.example/fairlot", Institution: "Library"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := (&exportCmd{Dir: old, Out: export}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh := func(t *testing.T) string {
		dir := filepath.Join(t.TempDir(), "new")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-a", filepath.Join(old, keysDir), filepath.Join(dir, keysDir)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return dir
	}
	opens := func(t *testing.T, dir string) {
		rooms, err := openRooms(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer rooms.Close()
		if in, err := rooms.Registry.Installation(t.Context()); err != nil || in.Origin != "a.example/fairlot" {
			t.Errorf("imported %v, %v", in, err)
		}
	}
	names := []string{"one", "two", "three", "four", "five"}
	t.Run("own databases", func(t *testing.T) {
		for _, name := range names {
			dir := fresh(t)
			args := []string{"import", "--from", export, "--dir", dir, "--admin-dsn-file", dsnFile(t, cluster.AdminDSN("postgres")+"\n"), "--database", name}
			if !killed(t, cluster, name+"_answers", "responses", fairlotd, args...) {
				continue
			}
			ok, text := ran(t, fairlotd, args...)
			if ok || !strings.Contains(text, "If an init or import was killed") || !strings.Contains(text, "database "+name+"_answers") {
				t.Fatalf("over what a killed import left: %s", text)
			}
			psql(t, cluster, cluster.AdminDSN("postgres"), text)
			if ok, text = ran(t, fairlotd, args...); !ok {
				t.Fatalf("once all was taken away: %s", text)
			}
			opens(t, dir)
			return
		}
		t.Fatal("five times it was faster than the kill")
	})
	t.Run("databases of others", func(t *testing.T) {
		for _, name := range names {
			name = "other_" + name
			one := cluster.AdminDSN("postgres")
			owners, apps, err := postgres.Provision(t.Context(), postgres.DSNs{Registry: one, Identity: one, Answers: one}, name)
			if err != nil {
				t.Fatal(err)
			}
			dir := fresh(t)
			args := []string{"import", "--from", export, "--dir", dir, "--owner-dsn-file", dsnFile(t, owners.Text()), "--app-dsn-file", dsnFile(t, apps.Text())}
			if !killed(t, cluster, name+"_identity", "gates", fairlotd, args...) {
				continue
			}
			ok, text := ran(t, fairlotd, args...)
			if ok || !strings.Contains(text, "If an init or import was killed") {
				t.Fatalf("over what a killed import left: %s", text)
			}
			for _, dsn := range []string{owners.Registry, owners.Identity, owners.Answers} {
				psql(t, cluster, dsn, text)
			}
			if ok, text = ran(t, fairlotd, args...); !ok {
				t.Fatalf("once all was emptied: %s", text)
			}
			opens(t, dir)
			return
		}
		t.Fatal("five times it was faster than the kill")
	})
}
