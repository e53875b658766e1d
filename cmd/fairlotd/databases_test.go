package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
	"fairlot/store/postgres/pgtest"
)

// dsnFile is a file of mode 0600 with text in it.
func dsnFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func remoteInit(t *testing.T, dsn string) *initCmd {
	t.Helper()
	return &initCmd{Dir: filepath.Join(t.TempDir(), "fairlot"), Origin: "a.example/fairlot", Institution: "Library",
		AdminDSNFile: dsnFile(t, dsn+"\n"), Database: "fairlot"}
}

// leftovers are the databases and roles whose names begin so.
func leftovers(t *testing.T, c *pgtest.Cluster, begin string) (names []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.AdminDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, _ := conn.Query(t.Context(), "SELECT datname::text FROM pg_database WHERE starts_with(datname, $1) UNION ALL SELECT rolname::text FROM pg_roles WHERE starts_with(rolname, $1)", begin)
	if names, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		t.Fatal(err)
	}
	return names
}

func TestInitOnPostgres(t *testing.T) {
	cluster := pgtest.Start(t)
	ctx := t.Context()
	if err := cluster.Exec(ctx, "postgres", "CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'geheim'", "CREATE ROLE nobody LOGIN PASSWORD 'geheim'"); err != nil {
		t.Fatal(err)
	}
	c := remoteInit(t, cluster.DSN("maker", "geheim", "postgres"))
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{appDSNs, ownerDSNs, tokenFile} {
		if info, err := os.Stat(filepath.Join(c.Dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(c.Dir, roomsDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder of SQLite beside the databases")
	}
	if err := (&adminCmd{Dir: c.Dir, Out: filepath.Join(t.TempDir(), "token")}).Run(ctx); err != nil {
		t.Error(err)
	}
	if err := (&upgradeCmd{Dir: c.Dir}).Run(ctx); err != nil {
		t.Error(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "owners")
	if err := os.Rename(filepath.Join(c.Dir, ownerDSNs), elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := (&upgradeCmd{Dir: c.Dir}).Run(ctx); err == nil || !strings.Contains(err.Error(), "--owner-dsn-file") {
		t.Errorf("without owners: %v", err)
	}
	if err := (&upgradeCmd{Dir: c.Dir, OwnerDSNFile: elsewhere}).Run(ctx); err != nil {
		t.Error(err)
	}

	t.Run("taken", func(t *testing.T) {
		before := leftovers(t, cluster, "fairlot")
		again := remoteInit(t, cluster.AdminDSN("postgres"))
		if err := again.Run(ctx); err == nil || !strings.Contains(err.Error(), "--database") {
			t.Errorf("the same names again: %v", err)
		}
		if len(before) != 9 || fmt.Sprint(before) != fmt.Sprint(leftovers(t, cluster, "fairlot")) {
			t.Errorf("%v became %v", before, leftovers(t, cluster, "fairlot"))
		}
		nothing(t, again.Dir)
	})
	t.Run("undone", func(t *testing.T) {
		for role, dsn := range map[string]string{"maker": cluster.DSN("maker", "geheim", "postgres"), "root": cluster.AdminDSN("postgres")} {
			late := remoteInit(t, dsn)
			late.Database = "late"
			if err := os.Mkdir(late.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			stopped, cancel := context.WithCancel(ctx)
			stop := cancelWhenFilled(t, cluster, cancel)
			err := late.Run(stopped)
			stop()
			if err == nil {
				t.Errorf("%s: interrupted, and yet made", role)
			}
			if left := leftovers(t, cluster, "late"); len(left) > 0 {
				t.Errorf("%s: %v stayed, %v", role, left, err)
			}
			if names, err := os.ReadDir(late.Dir); err != nil || len(names) > 0 {
				t.Errorf("%s: %v, %v", role, names, err)
			}
		}
	})
	t.Run("by hand", func(t *testing.T) {
		hand := remoteInit(t, cluster.DSN("nobody", "geheim", "postgres"))
		hand.Database = "hand"
		if err := hand.Run(ctx); !errors.Is(err, errNotFinished) {
			t.Fatal(err)
		}
		if _, err := openRooms(ctx, hand.Dir); err == nil || !strings.Contains(err.Error(), "not finished") {
			t.Errorf("served: %v", err)
		}
		if err := hand.Run(ctx); err == nil || !strings.Contains(err.Error(), "Was the SQL run? If not: let a superuser run "+filepath.Join(hand.Dir, provisionSQL)) {
			t.Errorf("before the SQL was run: %v", err)
		}
		sql, err := os.ReadFile(filepath.Join(hand.Dir, provisionSQL))
		if err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(string(sql), ";\n") {
			if err := cluster.Exec(ctx, "postgres", statement); err != nil {
				t.Fatal(err)
			}
		}
		hand.AdminDSNFile = ""
		if err := hand.Run(ctx); err != nil {
			t.Fatal(err)
		}
		rooms, err := openRooms(ctx, hand.Dir)
		if err != nil {
			t.Fatal(err)
		}
		_ = rooms.Close()
		if _, err := os.Lstat(filepath.Join(hand.Dir, provisionSQL)); err == nil {
			t.Error("the SQL stayed")
		}
		if err := hand.Run(ctx); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Errorf("made twice: %v", err)
		}
		// Its databases, named for another installation, are not empty; nothing of them is touched.
		other := remoteInit(t, "")
		other.AdminDSNFile, other.OwnerDSNFile, other.AppDSNFile = "", filepath.Join(hand.Dir, ownerDSNs), filepath.Join(hand.Dir, appDSNs)
		if err := other.Run(ctx); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Errorf("made over another: %v", err)
		}
		nothing(t, other.Dir)
		if rooms, err = openRooms(ctx, hand.Dir); err != nil {
			t.Fatal(err)
		}
		_ = rooms.Close()
	})
	t.Run("refused", func(t *testing.T) {
		for what, dsn := range map[string]string{
			"wrong password": cluster.DSN("maker", "falsch", "postgres"), "no server": "postgres://maker:geheim@127.0.0.1:1/postgres",
			"no role": cluster.DSN("absent", "geheim", "postgres"), "no database": cluster.DSN("maker", "geheim", "absent"),
			"no DSN": "geheim", "two lines": "registry postgres://maker:geheim@127.0.0.1:1/postgres\nidentity x", "empty": "",
			"no TLS":   strings.Replace(cluster.DSN("maker", "geheim", "postgres"), "sslmode=disable", "sslmode=require", 1),
			"no value": cluster.DSN("maker", "geheim", "postgres") + "&sslmode=sometimes",
		} {
			bad := remoteInit(t, dsn)
			bad.Database = "bad"
			err := bad.Run(ctx)
			if err == nil || strings.Contains(err.Error(), "geheim") || strings.Contains(err.Error(), "falsch") || !regexp.MustCompile(
				`password|no PostgreSQL answers|no database|DSN|TLS`).MatchString(err.Error()) || !strings.HasPrefix(err.Error(), "--admin-dsn-file") ||
				strings.HasSuffix(err.Error(), store.ErrUnavailable.Error()) || strings.HasSuffix(err.Error(), store.ErrNotFound.Error()) {
				t.Errorf("%s: %v", what, err)
			}
			t.Logf("%s: %v", what, err)
			nothing(t, bad.Dir)
		}
		open := remoteInit(t, cluster.AdminDSN("postgres"))
		if err := os.Chmod(open.AdminDSNFile, 0o640); err != nil {
			t.Fatal(err)
		}
		if err := open.Run(ctx); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("a file that others can read: %v", err)
		}
		if left := leftovers(t, cluster, "bad"); len(left) > 0 {
			t.Errorf("%v stayed", left)
		}
	})
}

// cancelWhenFilled cancels as soon as database late_answers has its tables, shortly before the end of init.
func cancelWhenFilled(t *testing.T, c *pgtest.Cluster, cancel context.CancelFunc) (stop func()) {
	ctx, end := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			conn, err := pgx.Connect(ctx, c.AdminDSN("late_answers"))
			if err != nil {
				continue
			}
			var there bool
			err = conn.QueryRow(ctx, "SELECT to_regclass('responses') IS NOT NULL").Scan(&there)
			_ = conn.Close(context.Background())
			if err == nil && there {
				cancel()
				return
			}
		}
	}()
	return func() { end(); <-done }
}

func nothing(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s was left: %v", dir, err)
	}
}

// TestOpenSaysWhy opens an installation whose databases are in trouble, as serve does.
func TestOpenSaysWhy(t *testing.T) {
	cluster := pgtest.Start(t)
	ctx := t.Context()
	c := remoteInit(t, cluster.AdminDSN("postgres"))
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(c.Dir, appDSNs)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	password := regexp.MustCompile(`identity postgres://[^:]+:([0-9a-f]+)@`).FindStringSubmatch(string(good))[1]
	root := func(database string, statements ...string) {
		t.Helper()
		if err := cluster.Exec(ctx, database, statements...); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		what, want string
		do, undo   func()
	}{
		{"wrong password", "does not take the password of role fairlot_identity_app", func() {
			rewrite(t, path, strings.Replace(string(good), password, "falsch", 1))
		}, nil},
		{"no role", path + " names them: open the identity room: the server at ", func() { rewrite(t, path, strings.Replace(string(good), "fairlot_identity_app", "absent_app", 1)) }, nil},
		{"unknown setting", "does not know a setting of the DSN: schmoo", func() { rewrite(t, path, strings.Replace(string(good), "?host=", "?schmoo=1&host=", 1)) }, nil},
		{"no value", "read " + path + ": read the registry room's DSN: target_session_attrs behind the question mark has a value that is none", func() {
			rewrite(t, path, strings.Replace(string(good), "?host=", "?target_session_attrs=perhaps&host=", 1))
		}, nil},
		{"malformed", "read " + path + ": read the registry room's DSN: malformed", func() {
			rewrite(t, path, strings.Replace(string(good), "registry postgres://", "registry postgres://%zz", 1))
		}, nil},
		{"no database", " has no database absent", func() { rewrite(t, path, strings.Replace(string(good), "fairlot_identity?", "absent?", 1)) }, nil},
		{"no server", "no PostgreSQL answers", func() {
			rewrite(t, path, strings.ReplaceAll(string(good), "host="+url.QueryEscape(socketDir(string(good))), "host=/nowhere"))
		}, nil},
		{"rooms exchanged", "not that of the identity room", func() {
			rewrite(t, path, strings.NewReplacer("identity p", "answers p", "answers p", "identity p").Replace(string(good)))
		}, nil},
		{"older schema", "fairlotd upgrade", func() {
			root("fairlot_identity", "UPDATE goose_db_version SET is_applied = false WHERE version_id > 1")
		},
			func() { root("fairlot_identity", "UPDATE goose_db_version SET is_applied = true") }},
		{"synchronous_commit off", `ALTER ROLE "fairlot_answers_app" RESET synchronous_commit`, func() { root("postgres", "ALTER ROLE fairlot_answers_app SET synchronous_commit = off") },
			func() { root("postgres", "ALTER ROLE fairlot_answers_app RESET synchronous_commit") }},
		{"synchronous_commit off in the database", `ALTER DATABASE "fairlot_answers" RESET synchronous_commit`, func() { root("postgres", "ALTER DATABASE fairlot_answers SET synchronous_commit = off") },
			func() { root("postgres", "ALTER DATABASE fairlot_answers RESET synchronous_commit") }},
		{"synchronous_commit off in the DSN", "the DSN sets it", func() { rewrite(t, path, strings.ReplaceAll(string(good), "?host=", "?synchronous_commit=off&host=")) }, nil},
		{"fsync off", "ALTER SYSTEM SET fsync = on", func() { root("postgres", "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf(), pg_sleep(0.3)") },
			func() { root("postgres", "ALTER SYSTEM RESET fsync", "SELECT pg_reload_conf(), pg_sleep(0.3)") }},
		{"a room within reach", "could leave it", func() { root("postgres", "GRANT CONNECT ON DATABASE fairlot_answers TO fairlot_identity_app") },
			func() { root("postgres", "REVOKE CONNECT ON DATABASE fairlot_answers FROM fairlot_identity_app") }},
		{"no connection left", "no connection left", func() { root("postgres", "ALTER ROLE fairlot_identity_app CONNECTION LIMIT 0") },
			func() { root("postgres", "ALTER ROLE fairlot_identity_app CONNECTION LIMIT -1") }},
		{"not let in", "does not let role fairlot_identity_app in", func() { root("postgres", "ALTER ROLE fairlot_identity_app NOLOGIN") },
			func() { root("postgres", "ALTER ROLE fairlot_identity_app LOGIN") }},
	} {
		x.do()
		rooms, err := openRooms(ctx, c.Dir)
		if err == nil {
			_ = rooms.Close()
		}
		if err == nil || !strings.Contains(err.Error(), x.want) || !strings.Contains(err.Error(), path) || strings.HasSuffix(err.Error(), store.ErrUnavailable.Error()) || strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "falsch") {
			t.Errorf("%s: %v, want %q", x.what, err, x.want)
		}
		t.Logf("%s: %v", x.what, err)
		rewrite(t, path, string(good))
		if x.undo != nil {
			x.undo()
		}
		if rooms, err = openRooms(ctx, c.Dir); err != nil {
			t.Fatalf("after %s: %v", x.what, err)
		}
		_ = rooms.Close()
	}
}

func socketDir(text string) string {
	m := regexp.MustCompile(`host=([^&\n]+)`).FindStringSubmatch(text)
	dir, _ := url.QueryUnescape(m[1])
	return dir
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestInitOnCitusThatIsNone wants init to say what is missing, and to leave nothing behind.
func TestInitOnCitusThatIsNone(t *testing.T) {
	cluster := pgtest.Start(t)
	c := remoteInit(t, cluster.AdminDSN("postgres"))
	c.Distribute = "citus"
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "has no Citus") {
		t.Errorf("got %v", err)
	}
	if names := leftovers(t, cluster, "fairlot"); len(names) > 0 {
		t.Errorf("left on the server: %v", names)
	}
	if _, err := os.Lstat(c.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder is left")
	}
	c.AdminDSNFile = ""
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "--distribute needs --admin-dsn-file") {
		t.Errorf("got %v", err)
	}
}
