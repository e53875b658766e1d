package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"fairlot/store"
)

// opened returns the room inside each interface.
func opened(r store.Rooms) map[string]*room {
	return map[string]*room{"registry": r.Registry.(*Registry).room, "identity": r.Identity.(*Identity).room, "answers": r.Answers.(*Answers).room}
}

// eachConn runs f on every connection of every pool at once, so that none is looked at twice.
func eachConn(t *testing.T, rooms store.Rooms, f func(name string, c *sql.Conn)) {
	t.Helper()
	for name, d := range opened(rooms) {
		for pool, db := range map[string]*sql.DB{"writer": d.w, "reader": d.r} {
			for i := range db.Stats().MaxOpenConnections {
				c, err := db.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = c.Close() }()
				f(fmt.Sprintf("%s, %s %d", name, pool, i), c)
			}
		}
	}
}

func TestPragmas(t *testing.T) {
	rooms := newRooms(t, filepath.Join(t.TempDir(), "r"))
	n := 0
	eachConn(t, rooms, func(name string, c *sql.Conn) {
		n++
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "foreign_keys": "1", "busy_timeout": "5000",
			"temp_store": "2", "trusted_schema": "0", "cell_size_check": "1", "auto_vacuum": "2",
		} {
			var got string
			if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s = %q, %v; want %q", name, pragma, got, err, want)
			}
		}
		_, err := c.ExecContext(t.Context(), "CREATE TABLE x (y)")
		if reader := strings.Contains(name, "reader"); reader != (err != nil) {
			t.Errorf("%s: writing gave %v", name, err)
		}
	})
	if n != 3*(1+readers) {
		t.Errorf("looked at %d connections", n)
	}
}

func TestAttachIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	rooms := newRooms(t, dir)
	eachConn(t, rooms, func(name string, c *sql.Conn) {
		for _, target := range []string{filepath.Join(dir, "answers.db"), ":memory:", ""} {
			if _, err := c.ExecContext(t.Context(), "ATTACH ? AS other", target); err == nil || !strings.Contains(err.Error(), "too many attached databases") {
				t.Errorf("%s: ATTACH %q gave %v", name, target, err)
			}
		}
	})
}

// A transaction that goes through database/sql takes the write lock at once, as those of this package do.
func TestTransactionsBeginImmediate(t *testing.T) {
	rooms := newRooms(t, filepath.Join(t.TempDir(), "r"))
	d := opened(rooms)["identity"]
	tx, err := d.w.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	other := newRoom(d.path, 0)
	defer func() { _ = other.Close() }()
	if _, err := other.w.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err == nil {
		t.Error("two writers at once")
	}
}

func TestTables(t *testing.T) {
	rooms := newRooms(t, filepath.Join(t.TempDir(), "r"))
	for name, d := range opened(rooms) {
		rows, err := d.r.QueryContext(t.Context(), "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			var (
				table      string
				wr, strict bool
			)
			if err := rows.Scan(&table, &wr, &strict); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(table, "sqlite_") || table == "goose_db_version" {
				continue // not ours, and without a row about anybody
			}
			n++
			if !wr || !strict {
				t.Errorf("%s.%s: without rowid %v, strict %v", name, table, wr, strict)
			}
		}
		if err := rows.Err(); err != nil || n < 3 {
			t.Errorf("%s: %d tables, %v", name, n, err)
		}
	}
}

func TestFileModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	rooms := newRooms(t, dir)
	if err := rooms.Registry.PutInstallation(t.Context(), store.Installation{}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	_ = rooms.Close()
	if err := os.Chmod(filepath.Join(dir, "identity.db"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "mode 0640") {
		t.Errorf("a file that others may read: %v", err)
	}
}

func TestCreateAndOpen(t *testing.T) {
	base := t.TempDir()
	if _, err := Open(base); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("open without files: %v", err)
	}
	if left, _ := os.ReadDir(base); len(left) != 0 {
		t.Errorf("open made %v", left)
	}
	if err := Create(filepath.Join(base, "a", "b")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("create without the parent folder: %v", err)
	}
	// One file there already: nothing else is made, and it stays as it is.
	if err := os.WriteFile(filepath.Join(base, "answers.db"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Create(base); !errors.Is(err, store.ErrExists) {
		t.Errorf("create over a file: %v", err)
	}
	if left, _ := os.ReadDir(base); len(left) != 1 {
		t.Errorf("create left %v", left)
	}

	// A name that a URI could misread.
	dir := filepath.Join(base, "50% of?mode=memory#1 &c 館")
	rooms := newRooms(t, dir)
	if err := rooms.Registry.PutInstallation(t.Context(), store.Installation{Origin: "o"}); err != nil {
		t.Fatal(err)
	}
	if err := rooms.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 3 {
		t.Errorf("closed rooms leave %v", files)
	}
	if err := Create(dir); !errors.Is(err, store.ErrExists) {
		t.Errorf("create again: %v", err)
	}
	rooms, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if in, err := rooms.Registry.Installation(t.Context()); err != nil || in.Origin != "o" {
		t.Errorf("reopened: %+v, %v", in, err)
	}
	_ = rooms.Close()

	// Rooms in each other's place.
	swap := func(a, b string) {
		for _, m := range [][2]string{{a, "x"}, {b, a}, {"x", b}} {
			if err := os.Rename(filepath.Join(dir, m[0]), filepath.Join(dir, m[1])); err != nil {
				t.Fatal(err)
			}
		}
	}
	swap("identity.db", "answers.db")
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "identity room") {
		t.Errorf("swapped rooms: %v", err)
	}
	swap("identity.db", "answers.db")

	// A newer schema: the program before an upgrade goes on with it, and does not migrate it.
	d := newRoom(filepath.Join(dir, "identity.db"), busyTimeout)
	_, err = d.w.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	if rooms, err := Open(dir); err != nil || rooms.Close() != nil {
		t.Errorf("newer schema: %v", err)
	}
	if err := Migrate(dir); err == nil || !strings.Contains(err.Error(), "identity.db: schema version 999 is newer") {
		t.Errorf("newer schema: %v", err)
	}

	// No database at all.
	if err := os.WriteFile(filepath.Join(dir, "registry.db"), []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("garbage: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "registry.db")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one file gone: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "registry.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open made a file: %v", err)
	}
}

// No error carries a key, a value or SQLite's own words.
func TestErrorsSayNothing(t *testing.T) {
	rooms := newRooms(t, filepath.Join(t.TempDir(), "r"))
	d := opened(rooms)["registry"]
	for _, query := range []string{
		"INSERT INTO campaigns (id, slug) VALUES ('canary', 'canary')", "SELECT canary", "INSERT INTO log VALUES (1, 'canary'), (1, 'canary')",
		"INSERT INTO files VALUES (x'00', x'00')", "canary",
	} {
		err := d.write(context.Background(), "try", func(t *tx) error { _, err := t.exec(query); return err })
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "SQL") || strings.Contains(err.Error(), "constraint") {
			t.Errorf("%s: %v", query, err)
		}
		if errors.Unwrap(err) != nil && !errors.Is(err, store.ErrExists) {
			t.Errorf("%s: wraps %T", query, errors.Unwrap(err))
		}
	}
}

// A schema of an earlier program is refused with what to do, and Migrate does it, twice if need be.
func TestOlderSchema(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []roomFile{registryFile, identityFile, answersFile} {
		if err := os.WriteFile(f.path(dir), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(connector{dsn: newFileDSN(f.path(dir))})
		_, err := db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA application_id = %d", f.app))
		if err == nil {
			var p *goose.Provider
			if p, _, _, err = versions(t.Context(), f, db); err == nil {
				_, err = p.UpTo(t.Context(), 1)
			}
		}
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "open registry.db: schema version 1 is older") || !strings.Contains(err.Error(), "fairlotd upgrade") {
		t.Fatalf("opened: %v", err)
	}
	for range 2 {
		if err := Migrate(dir); err != nil {
			t.Fatal(err)
		}
		rooms, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := rooms.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
