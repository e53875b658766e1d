package fairlot_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// migrationName is NNNNN_name.sql.
var migrationName = regexp.MustCompile(`^(\d{5})_[a-z0-9_]+\.sql$`)

// takes away what the program of before still reads: an upgrade must leave it running.
var takesAway = regexp.MustCompile(`(?i)\bDROP\s+(TABLE|COLUMN|DATABASE|SCHEMA)\b|\bRENAME\b|\bALTER\s+COLUMN\s+\w+\s+(TYPE|SET\s+NOT\s+NULL|DROP\s+DEFAULT)\b|\bTRUNCATE\b|\bDELETE\s+FROM\b`)

// added is a new column of an old table, with its rules.
var added = regexp.MustCompile(`(?i)\bADD\s+COLUMN\b[^;,]*`)

// wrongMigration says why a migration does not only go forward; empty if it does.
func wrongMigration(text string) string {
	var plain []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "-- +goose Down") {
			return "it goes back"
		}
		if !strings.HasPrefix(line, "--") {
			plain = append(plain, line)
		}
	}
	sql := strings.Join(plain, " ")
	if found := takesAway.FindString(sql); found != "" {
		return "the program of before cannot run after " + found
	}
	for _, found := range added.FindAllString(strings.ToUpper(sql), -1) {
		if strings.Contains(found, "NOT NULL") && !strings.Contains(found, "DEFAULT") { // an insert of before gives it no value
			return "the program of before cannot insert after " + found
		}
	}
	return ""
}

// TestMigrationsGoForward: numbers without gaps, the same on both engines, nothing back, nothing that stops the program of before.
func TestMigrationsGoForward(t *testing.T) {
	for _, room := range []string{"registry", "identity", "answers"} {
		var names [2][]string
		for i, engine := range []string{"sqlite", "postgres"} {
			files, err := filepath.Glob(path.Join("store", engine, "migrations", room, "*"))
			if err != nil || len(files) == 0 {
				t.Fatalf("%s %s: %v", engine, room, err)
			}
			slices.Sort(files)
			for n, f := range files {
				names[i] = append(names[i], filepath.Base(f))
				m := migrationName.FindStringSubmatch(filepath.Base(f))
				if m == nil || m[1] != fmt.Sprintf("%05d", n+1) {
					t.Errorf("%s: want number %05d: no gap, none twice", f, n+1)
				}
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				if why := wrongMigration(string(b)); why != "" {
					t.Errorf("%s: %s", f, why)
				}
			}
		}
		if !slices.Equal(names[0], names[1]) {
			t.Errorf("%s: the engines have other migrations: %q, %q", room, names[0], names[1])
		}
	}
	for _, bad := range []string{"-- +goose Up\nCREATE TABLE a (b int);\n-- +goose Down\nSELECT 1;", "DROP TABLE a;", "ALTER TABLE a DROP COLUMN b;", "ALTER TABLE a RENAME TO b;",
		"ALTER TABLE a ADD COLUMN b INTEGER NOT NULL;", "ALTER TABLE a ALTER COLUMN b SET NOT NULL;"} {
		if wrongMigration(bad) == "" {
			t.Errorf("not refused: %s", bad)
		}
	}
	for _, good := range []string{"ALTER TABLE a ADD COLUMN b INTEGER NOT NULL DEFAULT 2;", "DROP INDEX a;", "-- DROP TABLE a\nCREATE TABLE a (b int NOT NULL);"} {
		if why := wrongMigration(good); why != "" {
			t.Errorf("refused: %s: %s", good, why)
		}
	}
}

// TestReleasedMigrationsStay compares every migration with those of the release tags: what a release has run is never changed.
func TestReleasedMigrationsStay(t *testing.T) {
	tags, err := exec.Command("git", "tag", "--list", "v*").Output()
	if err != nil {
		t.Fatalf("git tag: %v", err)
	}
	if len(strings.Fields(string(tags))) == 0 {
		t.Log("there is no release yet")
	}
	for _, tag := range strings.Fields(string(tags)) {
		out, err := exec.Command("git", "ls-tree", "-r", "--name-only", tag, "store/sqlite/migrations", "store/postgres/migrations").Output()
		if err != nil {
			t.Fatalf("git ls-tree %s: %v", tag, err)
		}
		for _, f := range strings.Fields(string(out)) {
			old, err := exec.Command("git", "show", tag+":"+f).Output()
			if err != nil {
				t.Fatalf("git show %s:%s: %v", tag, f, err)
			}
			now, err := os.ReadFile(f)
			if err != nil || sha256.Sum256(now) != sha256.Sum256(old) {
				t.Errorf("%s was changed since %s: write a new migration instead (%v)", f, tag, err)
			}
		}
	}
}
