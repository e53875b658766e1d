package postgres

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
)

// ask reads one value as the administrator.
func ask[V any](t testing.TB, dsn, query string) (v V) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// inFiles says whether one of the texts is in a database's own files, after a checkpoint.
func inFiles(t testing.TB, dsn string, text []byte) bool {
	t.Helper()
	if err := statements(t, dsn, "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	oid := ask[string](t, dsn, "SELECT oid::text FROM pg_database WHERE datname = '"+c.Database+"'")
	found := false
	err = filepath.WalkDir(filepath.Join(shared.cluster.Data(), "base", oid), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		body, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		found = found || bytes.Contains(body, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRewriteLeavesNoOrder(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	admin := in(t, s.apps.Answers)
	rooms := open(t, s.apps)
	c := newGate(t, rooms)
	for e := uint32(1); e <= 5; e++ {
		var responses []store.Response
		var texts []store.Text
		for range 20 {
			responses = append(responses, store.Response{ID: newEntry(c).ID, Closed: []byte("closed")})
			texts = append(texts, store.Text{ID: newEntry(c).ID, Question: "q", Text: "text"})
		}
		if err := rooms.Answers.PutMixed(t.Context(), c, e, e, responses, texts); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"responses", "texts"} {
		order := "SELECT (array_agg(id ORDER BY ctid) = array_agg(id ORDER BY id))::text || count(DISTINCT xmin::text) FROM " + table
		if got := ask[string](t, admin, order); got != "false5" {
			t.Errorf("%s before: %s", table, got)
		}
	}
	if err := rooms.Answers.Rewrite(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"responses", "texts"} {
		order := "SELECT (array_agg(id ORDER BY ctid) = array_agg(id ORDER BY id))::text || count(DISTINCT xmin::text) FROM " + table
		if got := ask[string](t, admin, order); got != "true1" {
			t.Errorf("%s after: %s", table, got)
		}
	}
}

func TestScrubEmptiesTheFiles(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	admin := in(t, s.apps.Identity)
	rooms := open(t, s.apps)
	c := newGate(t, rooms)
	e := newEntry(c)
	tok := store.EntryToken{Hash: *newEntry(c).Tag, Chances: 1}
	e.Token = &tok.Hash
	if err := rooms.Identity.PutEntryTokens(t.Context(), c, []store.EntryToken{tok}); err != nil {
		t.Fatal(err)
	}
	if _, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{e, newEntry(c)}); err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"tag": e.Tag[:], "token": tok.Hash[:], "response": e.Response}
	for name, secret := range secrets {
		if !inFiles(t, admin, secret) {
			t.Errorf("the %s is nowhere: this test looks at the wrong files", name)
		}
	}
	// A transaction elsewhere on the server that began before the deletions and outlives them a little.
	other, err := pgx.Connect(t.Context(), in(t, s.apps.Registry))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), "BEGIN; SELECT pg_current_xact_id()"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	time.AfterFunc(300*time.Millisecond, func() {
		defer close(ended)
		_ = other.Close(context.Background()) // rolls back
	})
	defer func() { <-ended }()
	err = errors.Join(rooms.Identity.PutBatch(t.Context(), c, store.Batch{First: 1, Last: 1}), rooms.Identity.ClearBatch(t.Context(), c, 1, 1),
		rooms.Identity.DropTags(t.Context(), c), rooms.Identity.Scrub(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range secrets {
		if inFiles(t, admin, secret) {
			t.Errorf("the %s is still in the files", name)
		}
	}
	if !inFiles(t, admin, e.Identity) {
		t.Error("the envelope is gone")
	}
}

func TestStatisticsHoldNothing(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	rooms := open(t, s.apps)
	c := newGate(t, rooms)
	batch := make([]store.Entry, 300)
	var responses []store.Response
	for i := range batch {
		batch[i] = newEntry(c)
		responses = append(responses, store.Response{ID: newEntry(c).ID, Closed: []byte("closed")})
	}
	if _, err := rooms.Identity.Enter(t.Context(), time.Now, batch); err != nil {
		t.Fatal(err)
	}
	if err := rooms.Answers.PutMixed(t.Context(), c, 1, 1, responses, nil); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{s.apps.Identity, s.apps.Answers} {
		admin := in(t, dsn)
		if err := statements(t, admin, "ANALYZE"); err != nil {
			t.Fatal(err)
		}
		const stats = "SELECT coalesce(string_agg(tablename || '.' || attname, ' ' ORDER BY 1), '') FROM pg_stats WHERE schemaname = 'public' AND "
		if got := ask[string](t, admin, stats+"attname <> 'campaign' AND format_type((SELECT atttypid FROM pg_attribute a WHERE a.attrelid = ('public.' || tablename)::regclass AND a.attname = pg_stats.attname), 0) = 'bytea'"); strings.ReplaceAll(got, "gates.open_hash", "") != "" {
			t.Errorf("statistics of %s", got)
		}
		if got := ask[string](t, admin, stats+"attname = 'campaign'"); got == "" {
			t.Error("no statistics at all: this test looks at the wrong place")
		}
	}
}
