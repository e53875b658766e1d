package archive_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"fairlot/store"
	"fairlot/store/archive"
	"fairlot/store/postgres"
	"fairlot/store/postgres/pgtest"
	"fairlot/store/sqlite"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rooms is an empty installation on one engine.
type rooms struct {
	name    string
	archive func(ctx context.Context, room string, fill bool, do func(*archive.DB) error) error
	columns func(t *testing.T, room string) []string // table.column
}

func onSQLite(t *testing.T) rooms {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "rooms")
	must(t, sqlite.Create(dir))
	return rooms{"sqlite",
		func(ctx context.Context, room string, fill bool, do func(*archive.DB) error) error {
			return sqlite.Archive(ctx, dir, room, fill, do)
		},
		func(t *testing.T, room string) []string {
			db, err := sql.Open("sqlite", filepath.Join(dir, room+".db"))
			must(t, err)
			return list(t, db, "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'")
		}}
}

func onPostgres(t *testing.T, c *pgtest.Cluster, name string) rooms {
	t.Helper()
	admin := c.AdminDSN("postgres")
	owners, apps, err := postgres.Provision(t.Context(), postgres.DSNs{Registry: admin, Identity: admin, Answers: admin}, name)
	must(t, err)
	must(t, postgres.Create(t.Context(), owners, apps))
	return rooms{"postgres",
		func(ctx context.Context, room string, fill bool, do func(*archive.DB) error) error {
			return postgres.Archive(ctx, apps, room, fill, do)
		},
		func(t *testing.T, room string) []string {
			db, err := sql.Open("pgx", c.AdminDSN(name+"_"+room))
			must(t, err)
			return list(t, db, "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'")
		}}
}

func list(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	defer db.Close()
	r, err := db.Query(query)
	must(t, err)
	defer r.Close()
	for r.Next() {
		var s string
		must(t, r.Scan(&s))
		if !strings.HasPrefix(s, "goose_") {
			all = append(all, s)
		}
	}
	must(t, r.Err())
	return all
}

func (r rooms) write(t *testing.T, room string) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, r.archive(t.Context(), room, false, func(db *archive.DB) error {
		return archive.Write(t.Context(), &b, room, strings.Repeat("0a", 16), db)
	}))
	return b.Bytes()
}

func (r rooms) fill(t *testing.T, room string, b []byte) error {
	return r.archive(t.Context(), room, true, func(db *archive.DB) error {
		_, err := archive.Read(t.Context(), bytes.NewReader(b), room, db)
		return err
	})
}

// TestEveryColumnTravels fails when a table or column exists, on either engine, of which the export knows nothing.
func TestEveryColumnTravels(t *testing.T) {
	engines := []rooms{onSQLite(t), onPostgres(t, pgtest.Start(t), "columns")}
	for _, e := range engines {
		for _, room := range archive.Rooms() {
			for _, lack := range untold(e.columns(t, room), room) {
				t.Errorf("%s, %s room: %s is not exported: put it into archive.Tables, or into LeftOut with the reason", e.name, room, lack)
			}
			known := e.columns(t, room)
			for _, table := range archive.Tables(room) {
				for _, c := range table.Columns {
					if !slices.Contains(known, table.Name+"."+c.Name) {
						t.Errorf("%s, %s room: the export knows %s.%s, which is not there", e.name, room, table.Name, c.Name)
					}
				}
			}
		}
	}
	if untold([]string{"campaigns.new"}, "registry") == nil || untold([]string{"new.id"}, "answers") == nil {
		t.Error("a new column is not found out")
	}
}

func untold(columns []string, room string) (lack []string) {
	told := map[string]bool{}
	for _, table := range archive.Tables(room) {
		for _, c := range table.Columns {
			told[table.Name+"."+c.Name] = true
		}
	}
	for _, c := range columns {
		if _, left := archive.LeftOut()[c]; !left && !told[c] {
			lack = append(lack, c)
		}
	}
	return lack
}

// lengths of bytes that a schema checks.
var lengths = map[string]int{
	"binding.installation": 16, "campaigns.id": 16, "draws.campaign": 16, "files.hash": 32, "staff_tokens.id": 8, "staff_tokens.secret": 32, "jobs.id": 16, "jobs.campaign": 16, "jobs.holder": 16,
	"acts.hash": 32, "approvals.id": 16, "approvals.campaign": 16,
	"cases.id": 16, "cases.campaign": 16, "case_entrants.campaign": 16, "case_entrants.id": 16, "case_entrants.salt": 16, "exclusions.campaign": 16, "exclusions.mark": 32, "excluded_tags.tag": 32,
	"gates.campaign": 16, "gates.open_hash": 32, "entrants.id": 16, "entrants.person": 32, "pending.retry_mac": 32, "tags.tag": 32, "entry_tokens.hash": 32, "releases.opened": 32,
	"responses.id": 16, "responses.secret": 32, "texts.id": 16,
}

// value makes the i-th value of a column: empty and large ones, NUL in bytes, other scripts in text.
func value(table string, c archive.Column, i int) any {
	name := table + "." + c.Name
	switch {
	case c.Null && i%3 == 1:
		return nil
	case c.Kind == archive.Text && table == "days":
		return fmt.Sprintf("2026-%02d-%02d", i/28%12+1, i%28+1)
	case c.Kind == archive.Text:
		return []string{fmt.Sprint(c.Name, i), fmt.Sprintf("圖書館 %d 𠮷\n\"\\<&>", i)}[i%2]
	case name == "binding.id", name == "installation.id":
		return int64(1)
	case name == "gates.epoch", name == "entrants.epoch", name == "pending.epoch", name == "mixed.epoch", name == "notices.rank", name == "log.n", name == "checkpoints.size", name == "draws.entrants", name == "binding.generation",
		name == "jobs.version", name == "cases.version", name == "acts.n":
		return int64(i + 1)
	case name == "batches.last":
		return int64(math.MaxUint32)
	case c.Kind == archive.Int && slices.Contains([]string{"gate_made", "revoked", "dropped", "cleared", "closed"}, c.Name):
		return int64(i % 2)
	case name == "jobs.run_at", name == "staff_tokens.expires", name == "gates.ends":
		return int64(math.MaxInt64 - i)
	case c.Kind == archive.Int:
		return int64(i%7 + 1)
	}
	n, ok := lengths[name]
	if !ok {
		n = []int{0, 40, 3000}[i%3]
		if strings.HasSuffix(c.Name, "campaign") || c.Name == "id" {
			n = 16
		}
	}
	b := make([]byte, n)
	_, _ = rand.Read(b)
	if n > 2 && !ok && (c.Name == "label" || c.Name == "question" || c.Name == "body") {
		b = []byte("字 a\x00b" + strings.Repeat("x", n))
	}
	if (c.Name == "label" || c.Name == "question" || c.Name == "body") && n <= 2 {
		b = []byte{}
	}
	return b
}

// TestRoundTrip fills every column of every table, moves the rows SQLite to PostgreSQL to SQLite, and wants the same bytes each time.
func TestRoundTrip(t *testing.T) {
	cluster := pgtest.Start(t)
	first, second, third := onSQLite(t), onPostgres(t, cluster, "trip"), onSQLite(t)
	for _, room := range archive.Rooms() {
		var campaigns [][]byte
		must(t, first.archive(t.Context(), room, true, func(db *archive.DB) error {
			for _, table := range archive.Tables(room) {
				n := 130
				if table.Name == "binding" || table.Name == "installation" {
					n = 1
				}
				for i := range n {
					row := make([]any, len(table.Columns))
					for j, c := range table.Columns {
						row[j] = value(table.Name, c, i)
						if table.Name == "draws" && c.Name == "campaign" {
							row[j] = campaigns[i]
						}
						if table.Name == "draws" && c.Name == "n" {
							row[j] = int64(1)
						}
					}
					if table.Name == "campaigns" {
						campaigns = append(campaigns, row[0].([]byte))
					}
					if err := db.Put(t.Context(), table, row); err != nil {
						return fmt.Errorf("%s: %w", table.Name, err)
					}
				}
			}
			return nil
		}))
		a := first.write(t, room)
		if n := bytes.Count(a, []byte("\n")); n < 300 {
			t.Fatalf("%s: %d lines: this shows nothing", room, n)
		}
		must(t, second.fill(t, room, a))
		b := second.write(t, room)
		must(t, third.fill(t, room, b))
		c := third.write(t, room)
		if !bytes.Equal(a, b) || !bytes.Equal(b, c) {
			t.Errorf("%s: not the same after a move: %s", room, difference(a, b, c))
		}
		if err := second.fill(t, room, a); !errors.Is(err, store.ErrExists) {
			t.Errorf("%s: filled a second time: %v", room, err)
		}
		if err := third.fill(t, room, a); !errors.Is(err, store.ErrExists) {
			t.Errorf("%s: filled a second time: %v", room, err)
		}
	}
}

func difference(all ...[]byte) string {
	first := bytes.Split(all[0], []byte("\n"))
	for _, other := range all[1:] {
		for i, line := range bytes.Split(other, []byte("\n")) {
			if i >= len(first) || !bytes.Equal(line, first[i]) {
				return fmt.Sprintf("line %d: %.200s", i+1, line)
			}
		}
	}
	return ""
}

// TestDamagedStreams cuts a stream off at every line and changes it; nothing of it stays in the room.
func TestDamagedStreams(t *testing.T) {
	full := onSQLite(t)
	must(t, full.archive(t.Context(), "answers", true, func(db *archive.DB) error {
		for _, table := range archive.Tables("answers") {
			for i := range map[bool]int{true: 1, false: 3}[table.Name == "binding"] {
				row := make([]any, len(table.Columns))
				for j, c := range table.Columns {
					row[j] = value(table.Name, c, i)
				}
				if err := db.Put(t.Context(), table, row); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	good := full.write(t, "answers")
	lines := bytes.SplitAfter(good, []byte("\n"))
	bad := map[string][]byte{"longer": append(bytes.Clone(good), "{}\n"...), "another room": bytes.Replace(good, []byte(`"room":"answers"`), []byte(`"room":"identity"`), 1),
		"another version": bytes.Replace(good, []byte("export 1"), []byte("export 2"), 1), "a column less": bytes.Replace(good, []byte(`"consents",`), nil, 1),
		"no number": bytes.Replace(good, []byte(",1,"), []byte(`,"1",`), 1)}
	for i := range lines[:len(lines)-1] {
		bad[fmt.Sprintf("cut off before line %d", i+1)] = bytes.Join(lines[:i], nil)
		if i > 0 {
			bad[fmt.Sprintf("without line %d", i+1)] = bytes.Join(slices.Delete(slices.Clone(lines), i, i+1), nil)
		}
	}
	target := onSQLite(t)
	for name, b := range bad {
		if err := target.fill(t, "answers", b); !errors.Is(err, archive.ErrStream) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, target.fill(t, "answers", good))
}
