package sqlite

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fairlot/store"
)

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// residue counts how many needles can be found in a room's file and log.
func residue(t *testing.T, dir, name string, needles [][]byte) (found int) {
	t.Helper()
	var all []byte
	for _, suffix := range []string{".db", ".db-wal", ".db-shm"} {
		b, err := os.ReadFile(filepath.Join(dir, name+suffix))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	seen := map[[8]byte]bool{}
	for i := 0; i+8 <= len(all); i++ {
		seen[[8]byte(all[i:])] = true
	}
	for _, n := range needles {
		if seen[[8]byte(n)] {
			found++
		}
	}
	return found
}

func fillEntries(t testing.TB, rooms store.Rooms, campaigns []store.CampaignID, batches, each int) (tags, responses, tokens [][]byte) {
	t.Helper()
	for _, c := range campaigns {
		if err := rooms.Identity.CreateGate(t.Context(), store.Gate{Campaign: c, End: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	for range batches {
		batch := make([]store.Entry, each)
		for i := range batch {
			e := newEntry(campaigns[i%len(campaigns)])
			tok := store.Hash(random(32))
			e.Token = &tok
			if err := rooms.Identity.PutEntryTokens(t.Context(), e.Campaign, []store.EntryToken{{Hash: tok, Chances: 1}}); err != nil {
				t.Fatal(err)
			}
			if i%len(campaigns) == 0 {
				tags, responses, tokens = append(tags, e.Tag[:]), append(responses, e.Response), append(tokens, tok[:])
			}
			batch[i] = e
		}
		res, err := rooms.Identity.Enter(t.Context(), time.Now, batch)
		if err != nil || res[each-1].Outcome != store.Entered {
			t.Fatal(res, err)
		}
	}
	return tags, responses, tokens
}

// newEntry makes an entry of about 5 kB.
func newEntry(c store.CampaignID) store.Entry {
	tag := store.Hash(random(32))
	return store.Entry{
		Campaign: c, ID: store.EntrantID(random(16)), Epoch: 1, Stratum: 1, Chances: 1, Person: store.Hash(random(32)), Day: "2027-03-01", Tag: &tag,
		Lock: [][]byte{random(950), random(950), random(950)}, Identity: random(500), Contact: random(700), Response: random(1000), RetryMAC: store.Hash(random(32)),
	}
}

func TestDroppedIsUnreadable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	rooms := newRooms(t, dir)
	a, b := store.CampaignID{1}, store.CampaignID{2}
	tags, responses, tokens := fillEntries(t, rooms, []store.CampaignID{a, b}, 12, 40)
	for what, needles := range map[string][][]byte{"tags": tags, "responses": responses, "tokens": tokens} {
		if n := residue(t, dir, "identity", needles); n != len(needles) {
			t.Fatalf("%d of %d %s found before: the search is worth nothing", n, len(needles), what)
		}
	}
	logHolds := func(pages int64, after string) {
		t.Helper()
		if info, err := os.Stat(filepath.Join(dir, "identity.db-wal")); err != nil || info.Size() > 32+pages*(4096+24) {
			t.Errorf("log after %s: %v, %v", after, info.Size(), err)
		}
	}
	if err := rooms.Identity.PutBatch(t.Context(), a, store.Batch{First: 1, Last: 1}); err != nil {
		t.Fatal(err)
	}
	if err := rooms.Identity.ClearBatch(t.Context(), a, 1, 1); err != nil {
		t.Fatal(err)
	}
	logHolds(2, "clearing") // the mark that it is cleared
	if err := rooms.Identity.DropTags(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	logHolds(0, "dropping")
	t.Logf("before the scrub: %d tags, %d responses, %d tokens of %d",
		residue(t, dir, "identity", tags), residue(t, dir, "identity", responses), residue(t, dir, "identity", tokens), len(tags))
	if err := rooms.Identity.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	for what, needles := range map[string][][]byte{"tags": tags, "responses": responses, "tokens": tokens} {
		if n := residue(t, dir, "identity", needles); n != 0 {
			t.Errorf("%d %s are still readable", n, what)
		}
	}
}

// TestClearedMeansGone keeps a snapshot of the room open, as a backup does, while a batch is cleared. It does not count as cleared while the log still
// holds it, whoever else writes waits a moment only, and the next try does the rest.
func TestClearedMeansGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	rooms := newRooms(t, dir)
	a := store.CampaignID{1}
	_, responses, _ := fillEntries(t, rooms, []store.CampaignID{a}, 3, 40)
	if err := rooms.Identity.PutBatch(t.Context(), a, store.Batch{First: 1, Last: 1}); err != nil {
		t.Fatal(err)
	}
	end := reads(t, rooms.Identity.(*Identity).room, 1)
	began := time.Now()
	if err := rooms.Identity.ClearBatch(t.Context(), a, 1, 1); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("cleared beside a snapshot: %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it kept the turn for %v", took)
	}
	list, err := rooms.Identity.Batches(t.Context(), a)
	if err != nil || len(list) != 1 || list[0].Cleared {
		t.Errorf("counts as cleared: %v, %v", list, err)
	}
	end()
	if err := rooms.Identity.ClearBatch(t.Context(), a, 1, 1); err != nil {
		t.Fatal(err)
	}
	if list, err := rooms.Identity.Batches(t.Context(), a); err != nil || len(list) != 1 || !list[0].Cleared {
		t.Errorf("not cleared: %v, %v", list, err)
	}
	if n := residue(t, dir, "identity", responses); n != 0 {
		t.Errorf("%d responses are still readable", n)
	}
}

// TestReadersHoldNoWriterUp holds every reading connection. Writing, a truncation that fails, and closing the room keep their bounds.
func TestReadersHoldNoWriterUp(t *testing.T) {
	rooms := newRooms(t, filepath.Join(t.TempDir(), "r"))
	a := store.CampaignID{1}
	fillEntries(t, rooms, []store.CampaignID{a}, 1, 10)
	end := reads(t, rooms.Identity.(*Identity).room, readers)
	bounded := func(what string, f func() error) {
		t.Helper()
		done := make(chan error, 1)
		go func() { done <- f() }()
		select {
		case err := <-done:
			t.Logf("%s: %v", what, err)
		case <-time.After(3 * time.Second):
			t.Errorf("%s takes longer than three seconds", what)
		}
	}
	bounded("entering", func() error {
		_, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{newEntry(a)})
		return err
	})
	bounded("dropping", func() error { return rooms.Identity.DropTags(t.Context(), a) })
	end()
	bounded("closing", rooms.Close)
}

// reads begins n snapshots, which end when the function is called.
func reads(t *testing.T, d *room, n int) (end func()) {
	t.Helper()
	stop, begun, ended := make(chan struct{}), make(chan error, n), make(chan error, n)
	for range n {
		go func() {
			ended <- d.read(context.Background(), "hold", func(tx *tx) error {
				var count int
				begun <- tx.one("SELECT count(*) FROM entrants", nil, &count)
				<-stop
				return nil
			})
		}()
	}
	for range n {
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		close(stop)
		for range n {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
}

// The order of entries within a group commit is not in the file: the same batch in any order gives the same bytes.
func TestArrivalOrderIsNotInTheFile(t *testing.T) {
	batch := make([]store.Entry, 100)
	for i := range batch {
		batch[i] = newEntry(store.CampaignID{1})
	}
	sum := func() [32]byte {
		dir := filepath.Join(t.TempDir(), "r")
		rooms := newRooms(t, dir)
		if err := rooms.Identity.CreateGate(t.Context(), store.Gate{Campaign: store.CampaignID{1}, End: time.Unix(1<<40, 0)}); err != nil {
			t.Fatal(err)
		}
		if _, err := rooms.Identity.Enter(t.Context(), time.Now, batch); err != nil {
			t.Fatal(err)
		}
		if err := rooms.Identity.Scrub(t.Context()); err != nil { // empties the log
			t.Fatal(err)
		}
		return contents(t, filepath.Join(dir, "identity.db"), "entrants", "envelopes", "tags", "pending")
	}
	first := sum()
	for i := range batch[:50] {
		batch[i], batch[99-i] = batch[99-i], batch[i]
	}
	if sum() != first {
		t.Error("the same batch in another order gives another file")
	}
}

// Rewritten, the file shows nothing of the batches in which its rows came.
func TestRewriteForgetsTheBatches(t *testing.T) {
	const n = 600
	rows := make([]store.Response, n)
	for i := range rows {
		rows[i] = store.Response{ID: [16]byte(random(16)), Closed: random(200)}
	}
	c := store.CampaignID{1}
	sums := map[bool][][32]byte{}
	for _, order := range []func(i int) int{func(i int) int { return i }, func(i int) int { return n - 1 - i }, func(i int) int { return i * 7 % n }} {
		dir := filepath.Join(t.TempDir(), "r")
		rooms := newRooms(t, dir)
		for e := range uint32(12) {
			var batch []store.Response
			for i := range n / 12 {
				batch = append(batch, rows[order(int(e)*n/12+i)])
			}
			if err := rooms.Answers.PutMixed(t.Context(), c, e+1, e+1, batch, nil); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(filepath.Join(dir, "answers.db-wal")); err != nil || info.Size() != 0 {
				t.Fatalf("log after a batch: %v, %v", info.Size(), err)
			}
		}
		for _, rewritten := range []bool{false, true} {
			if rewritten {
				if err := rooms.Answers.Rewrite(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			sums[rewritten] = append(sums[rewritten], contents(t, filepath.Join(dir, "answers.db"), "responses", "mixed"))
		}
	}
	if s := sums[true]; s[0] != s[1] || s[1] != s[2] {
		t.Error("rewritten files of the same rows differ")
	}
	if s := sums[false]; s[0] == s[1] || s[1] == s[2] {
		t.Error("files differ not even before: the comparison is worth nothing")
	}
}

// contents hashes all pages of some tables with their numbers, as they lie in the file. Page 1 with its change counters and the table of
// migrations with its time stay out.
func contents(t *testing.T, path string, tables ...string) [32]byte {
	t.Helper()
	d := newRoom(path, busyTimeout)
	defer func() { _ = d.Close() }()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var size int
	if err := d.r.QueryRowContext(t.Context(), "PRAGMA page_size").Scan(&size); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, table := range tables {
		rows, err := d.r.QueryContext(t.Context(), "SELECT pageno FROM dbstat WHERE name = ? ORDER BY pageno", table)
		if err != nil {
			t.Fatal(err)
		}
		pages := 0
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				t.Fatal(err)
			}
			pages++
			all.WriteByte(byte(n))
			all.WriteByte(byte(n >> 8))
			all.Write(file[(n-1)*size : n*size])
		}
		if rows.Err() != nil || pages == 0 {
			t.Fatalf("%s: %d pages, %v", table, pages, rows.Err())
		}
	}
	return sha256.Sum256(all.Bytes())
}
