package attack

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // reads copies of the rooms
)

func sum(b []byte) []byte {
	h := sha256.Sum256(b)
	return h[:]
}

// openRoom opens one room's file for the test's own eyes.
func openRoom(t testing.TB, dir, room string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, room+".db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func count(t testing.TB, db *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// checkRooms looks into the rooms of a daemon that is not running and checks that every entry in them is whole: every entrant has an envelope, a
// tag, a used token and a response, which is either sealed or mixed and never both, never neither. Before the close only. It returns the number of
// entrants.
func (d *daemon) checkRooms() int {
	t := d.t
	t.Helper()
	identity, answers := d.room("identity"), d.room("answers")
	defer identity.Close()
	defer answers.Close()
	for name, db := range map[string]*sql.DB{"identity": identity, "answers": answers} {
		if d.on.admin != "" {
			break // PostgreSQL has no such question
		}
		var verdict string
		if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
			t.Errorf("%s.db: integrity %q, %v", name, verdict, err)
		}
	}
	entrants := count(t, identity, "SELECT count(*) FROM entrants")
	for what, query := range map[string]string{
		"envelopes":      "SELECT count(*) FROM entrants JOIN envelopes USING (campaign, id)",
		"all envelopes":  "SELECT count(*) FROM envelopes",
		"tags":           "SELECT count(DISTINCT id) FROM tags JOIN entrants USING (campaign, id)",
		"all tags":       "SELECT count(*) FROM tags",
		"used tokens":    "SELECT count(*) FROM entry_tokens WHERE state = 3",
		"counted by day": "SELECT CAST(coalesce(sum(entrants), 0) AS bigint) FROM days",
	} {
		if n := count(t, identity, query); n != entrants {
			t.Errorf("%d entrants, but %d %s", entrants, n, what)
		}
	}
	rows, err := answers.Query("SELECT epoch FROM mixed")
	if err != nil {
		t.Fatal(err)
	}
	mixed, taken := 0, []string{"-1"}
	for rows.Next() {
		var epoch int
		if err := rows.Scan(&epoch); err != nil {
			t.Fatal(err)
		}
		mixed += count(t, identity, fmt.Sprintf("SELECT count(*) FROM entrants WHERE epoch = %d", epoch))
		taken = append(taken, fmt.Sprint(epoch))
	}
	// What was mixed is dropped in pieces, and then the batch is cleared.
	if n := count(t, identity, "SELECT count(*) FROM pending") + count(t, identity, "SELECT count(*) FROM entrants e WHERE epoch IN ("+strings.Join(taken, ",")+
		") AND NOT EXISTS (SELECT 1 FROM pending p WHERE p.campaign = e.campaign AND p.epoch = e.epoch AND p.id = e.id)"); n != entrants {
		t.Errorf("%d entrants, but %d sealed or mixed", entrants, n)
	}
	if n := count(t, identity, "SELECT count(*) FROM pending p JOIN batches b ON b.campaign = p.campaign AND p.epoch BETWEEN b.first AND b.last AND b.cleared"); n > 0 {
		t.Errorf("%d responses wait in batches that were cleared", n)
	}
	if n := count(t, answers, "SELECT count(*) FROM responses"); n != mixed {
		t.Errorf("%d entrants of mixed epochs, but %d responses", mixed, n)
	}
	return entrants
}

// responses are the numbers that the answers room holds, in the order of the file. The daemon must not be running.
func (d *daemon) responses() (list []int) {
	d.t.Helper()
	db := d.room("answers")
	defer db.Close()
	rows, err := db.Query("SELECT closed FROM responses")
	if err != nil {
		d.t.Fatal(err)
	}
	for rows.Next() {
		var closed []byte
		if err := rows.Scan(&closed); err != nil {
			d.t.Fatal(err)
		}
		list = append(list, number(closed))
	}
	if err := rows.Err(); err != nil {
		d.t.Fatal(err)
	}
	return list
}

// number is the answer to n in a canonical response, -1 if it has none.
func number(closed []byte) int {
	v := struct{ N *int }{}
	if json.Unmarshal(closed, &v) != nil || v.N == nil {
		return -1
	}
	return *v.N
}
