package attack

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	cryptorand "crypto/rand"
)

// tally counts, for each way of linking, what it found.
type tally map[string]*score

// score is how many pairs were linked that are true, and how far two orders agree: Kendall's sum over pairs of pairs, and its variance if they have
// nothing to do with each other.
type score struct {
	hits          int
	placed        int // answers whose entrant's epoch follows, see place
	sum, variance float64
}

func (y tally) of(way string) *score {
	if y[way] == nil {
		y[way] = &score{}
	}
	return y[way]
}

func (y tally) best() (way string, most int) {
	for w, s := range y {
		if s.hits > most || way == "" {
			way, most = w, s.hits
		}
	}
	return way, most
}

// agreeing is the way whose orders agree most, forwards or backwards, in standard deviations.
func (y tally) agreeing() (way string, most float64) {
	for w, s := range y {
		if s.variance == 0 {
			continue
		}
		if z := math.Abs(s.sum) / math.Sqrt(s.variance); z > most || way == "" {
			way, most = w, z
		}
	}
	return way, most
}

// tooMuch is how many standard deviations two orders may agree: some 300 ways are tried, and chance goes further once in a thousand runs.
const tooMuch = 5.0

// agree adds Kendall's sum of ranks.
func (s *score) agree(ranks []int) {
	n := float64(len(ranks))
	for i, a := range ranks {
		for _, b := range ranks[i+1:] {
			if a < b {
				s.sum++
			} else {
				s.sum--
			}
		}
	}
	s.variance += n * (n - 1) * (2*n + 5) / 18
}

// link ties every entrant of a group to an answer of it in every way it knows.
func (y tally) link(t testing.TB, entrants, answers []*item) {
	t.Helper()
	if len(entrants) != len(answers) {
		t.Errorf("%d entrants and %d answers in one group", len(entrants), len(answers))
		return
	}
	if len(entrants) == 0 {
		return
	}
	if len(entrants) == 1 { // whoever looks sees it come
		if entrants[0].n == answers[0].n {
			y.of("arrival by row place").hits++
		}
		return
	}
	sorted := map[string][]*item{}
	for _, a := range orders(answers) {
		sorted[a] = by(answers, a)
	}
	pages := map[int][]*item{} // of answers, in the order in which they were put there
	for _, a := range by(answers, "row place") {
		pages[a.page] = append(pages[a.page], a)
	}
	for _, e := range orders(entrants) {
		people := by(entrants, e)
		rank := map[int]int{}
		for i, p := range people {
			rank[p.n] = i
		}
		ranks := func(rows []*item) (list []int) {
			for _, r := range rows {
				list = append(list, rank[r.n])
			}
			return list
		}
		for _, rows := range pages {
			y.of(e + " by place in one page").agree(ranks(rows))
		}
		for a, rows := range sorted {
			y.of(e + " by " + a).agree(ranks(rows))
			up, down := 0, 0
			for i, p := range people {
				if p.n == rows[i].n {
					up++
				}
				if p.n == rows[len(rows)-1-i].n {
					down++
				}
			}
			y.of(e + " by " + a).hits += up
			y.of(e + " by " + a + " backwards").hits += down
		}
	}
	y.of("values in both rooms").hits += shared(entrants, answers)
}

// place ties classes instead of persons: where a column has as many values among answers as there are epochs, its first value is the first epoch's, and so on. It
// counts the answers whose entrant was in that epoch.
func (y tally) place(entrants, answers []*item) {
	epochs := map[int64]bool{}
	of := map[int]int64{}
	for _, e := range entrants {
		epochs[e.epoch], of[e.n] = true, e.epoch
	}
	inOrder := slices.Sorted(maps.Keys(epochs))
	for _, name := range orders(answers) {
		classes := map[string]bool{}
		for _, a := range answers {
			classes[a.features[name]] = true
		}
		if len(classes) < 2 || len(classes) > len(inOrder) || len(classes) < len(inOrder)-1 { // the rest may be mixed as one
			continue
		}
		names := slices.Sorted(maps.Keys(classes))
		for _, a := range answers {
			if i, _ := slices.BinarySearch(names, a.features[name]); of[a.n] == inOrder[i] || i == len(names)-1 && of[a.n] > inOrder[i] {
				y.of("epoch by "+name).placed++
			}
		}
	}
}

// placed is the way that tells the epoch of most.
func (y tally) placed() (way string, most int) {
	for w, s := range y {
		if s.placed > most {
			way, most = w, s.placed
		}
	}
	return way, most
}

// shared links by eight bytes that stand in rows of one entrant only, or in a hash of one of its values, and in an answer.
func shared(entrants, answers []*item) (hits int) {
	of := map[uint64]int{} // to the entrant's place, -1 if there are several
	for i, it := range entrants {
		windows(it.values, func(w uint64) {
			if was, ok := of[w]; ok && was != i {
				of[w] = -1
			} else {
				of[w] = i
			}
		})
	}
	for _, a := range answers {
		guess := -1
		windows(a.values, func(w uint64) {
			if i, ok := of[w]; ok && i >= 0 {
				guess = i
			}
		})
		if guess >= 0 && entrants[guess].n == a.n {
			hits++
		}
	}
	return hits
}

func windows(values [][]byte, f func(uint64)) {
	each := func(b []byte) {
		for i := 0; i+8 <= len(b); i++ {
			f(binary.BigEndian.Uint64(b[i:]))
		}
	}
	for _, v := range values {
		each(v)
		if len(v) >= 16 {
			h1, h2, h5 := sha256.Sum256(v), sha1.Sum(v), md5.Sum(v)
			each(h1[:])
			each(h2[:])
			each(h5[:])
		}
	}
}

// TestLinkerWins gives the same attack program files that were made wrongly, each in one way. It must link at least 95 % in each, or it is worth nothing; and
// no more than chance where nothing is wrong.
func TestLinkerWins(t *testing.T) {
	t.Parallel()
	const n = 400
	const schema = "campaign BLOB NOT NULL, id BLOB NOT NULL, secret BLOB NOT NULL, consents INTEGER NOT NULL, closed BLOB"
	const own = "CREATE TABLE responses (" + schema + ", PRIMARY KEY (campaign, id)) STRICT, WITHOUT ROWID"
	type row struct {
		id, secret []byte
		closed     string
		at         int
	}
	for _, v := range []struct {
		name, table string
		wrong       func(i int, entrant, person []byte, r *row)
		unpadded    bool // sealed responses are as long as what is in them
		shuffled    bool
		alone       bool // one transaction a row
		wins        bool
	}{
		{name: "nothing wrong", table: own, shuffled: true},
		{name: "ascending ids", table: own, wrong: func(i int, _, _ []byte, r *row) { binary.BigEndian.PutUint64(r.id, uint64(i)) }, wins: true},
		{name: "times", table: "CREATE TABLE responses (" + schema + ", at INTEGER, PRIMARY KEY (campaign, id)) STRICT, WITHOUT ROWID", shuffled: true,
			wrong: func(i int, _, _ []byte, r *row) { r.at = 1790000000 + 7*i }, wins: true},
		{name: "one transaction in the order of arrival, with rowids", table: "CREATE TABLE responses (" + schema + ", PRIMARY KEY (campaign, id)) STRICT", wins: true},
		{name: "one transaction a row, log kept", table: own, alone: true, wins: true},
		{name: "a key in both rooms", table: own, shuffled: true, wrong: func(_ int, _, person []byte, r *row) { r.secret = person }, wins: true},
		{name: "ids made from ids", table: own, shuffled: true, wrong: func(_ int, entrant, _ []byte, r *row) { r.id = sum(entrant)[:16] }, wins: true},
		{name: "sealed without padding", table: own, shuffled: true, unpadded: true, wins: true,
			wrong: func(_ int, _, _ []byte, r *row) {
				var k int
				fmt.Sscanf(r.closed, `{"n":%d}`, &k)
				r.closed = fmt.Sprintf(`{"n":%d,"x":"%s"}`, k, bytes.Repeat([]byte("x"), k+4-len(fmt.Sprint(k))))
			}},
	} {
		t.Run(v.name, func(t *testing.T) {
			dir := t.TempDir()
			campaign := random(16)
			identity, answers := variant(t, dir, "identity"), variant(t, dir, "answers")
			for db, text := range map[*sql.DB]string{
				identity: "CREATE TABLE pending (campaign BLOB NOT NULL, epoch INTEGER NOT NULL, id BLOB NOT NULL, retry_mac BLOB NOT NULL, dropped INTEGER NOT NULL, response BLOB, PRIMARY KEY (campaign, epoch, id)) STRICT, WITHOUT ROWID",
				answers:  v.table,
			} {
				if _, err := db.Exec(text); err != nil {
					t.Fatal(err)
				}
			}
			truth, arrival := map[string]int{}, map[string]int{}
			rows := make([]row, n)
			begin(t, identity)
			for i, number := range rand.Perm(n) {
				entrant, person := random(16), random(32)
				truth[string(entrant)], arrival[string(entrant)] = number, i
				rows[i] = row{id: random(16), secret: random(32), closed: fmt.Sprintf(`{"n":%d}`, number)}
				if v.wrong != nil {
					v.wrong(i, entrant, person, &rows[i])
				}
				size := 600
				if v.unpadded {
					size = 66 + len(rows[i].closed)
				}
				do(t, identity, "INSERT INTO pending VALUES (?, 1, ?, ?, 0, ?)", campaign, entrant, person, random(size))
			}
			do(t, identity, "COMMIT")
			if v.shuffled {
				rand.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			}
			if !v.alone {
				begin(t, answers)
			}
			for _, r := range rows {
				args := []any{campaign, r.id, r.secret, 0, []byte(r.closed)}
				marks := "?, ?, ?, ?, ?"
				if r.at != 0 {
					args, marks = append(args, r.at), marks+", ?"
				}
				do(t, answers, "INSERT INTO responses VALUES ("+marks+")", args...)
			}
			if !v.alone {
				do(t, answers, "COMMIT")
			}
			got := dump(t, dir)
			entrants := got.entrants(truth)
			for id, it := range entrants {
				it.features["arrival"] = orderly(int64(arrival[id]))
			}
			found := tally{}
			found.link(t, values(entrants), values(got.answers(number)))
			way, most := found.best()
			order, z := found.agreeing()
			t.Logf("%d of %d by %s; %s agree by %.1f standard deviations", most, n, way, order, z)
			if !v.wins && z > tooMuch {
				t.Errorf("%s agree by %.1f standard deviations", order, z)
			}
			if v.wins && most < n*95/100 {
				t.Errorf("linked only %d of %d", most, n)
			}
			if !v.wins && most > 12 {
				t.Errorf("linked %d of %d where nothing is wrong: the judge is", most, n)
			}
		})
	}
}

// TestLinkerSeesPlaces mixes batch after batch without shuffling, under random ids. No pair can be told for sure then, but rows that came into one page lie there in
// the order of arrival. With a shuffle they do not.
func TestLinkerSeesPlaces(t *testing.T) {
	t.Parallel()
	const batches, batch = 20, 90
	for _, shuffled := range []bool{false, true} {
		dir := t.TempDir()
		campaign := random(16)
		for name := range map[string]bool{"identity": true, "answers": true} {
			do(t, variant(t, dir, name), "CREATE TABLE responses (campaign BLOB NOT NULL, id BLOB NOT NULL, secret BLOB NOT NULL, consents INTEGER NOT NULL, closed BLOB, PRIMARY KEY (campaign, id)) STRICT, WITHOUT ROWID")
		}
		db := variant(t, dir, "answers")
		found := tally{}
		numbers, seen := rand.Perm(batches*batch), map[int]bool{}
		for b := range batches {
			var entrants, answers []*item
			begin(t, db)
			order := make([]int, batch)
			for i := range order {
				order[i] = numbers[b*batch+i]
				entrants = append(entrants, &item{n: order[i], features: map[string]string{"arrival": orderly(int64(i))}})
			}
			if shuffled {
				rand.Shuffle(batch, func(i, j int) { order[i], order[j] = order[j], order[i] })
			}
			for _, n := range order {
				do(t, db, "INSERT INTO responses VALUES (?, ?, ?, 0, ?)", campaign, random(16), random(32), fmt.Appendf(nil, `{"n":%d}`, n))
			}
			do(t, db, "COMMIT")
			for n, it := range dump(t, dir).answers(number) {
				if !seen[n] {
					seen[n] = true
					answers = append(answers, it)
				}
			}
			found.link(t, entrants, answers)
		}
		order, z := found.agreeing()
		t.Logf("shuffled %v: %s agree by %.1f standard deviations", shuffled, order, z)
		if (z > tooMuch) == shuffled {
			t.Errorf("shuffled %v: %s agree by %.1f standard deviations, the bound is %.1f", shuffled, order, z, tooMuch)
		}
	}
}

func random(size int) []byte {
	b := make([]byte, size)
	cryptorand.Read(b)
	return b
}

// variant makes a database whose log is never moved into the file.
func variant(t *testing.T, dir, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, name+".db")+"?_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(0)&_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func begin(t *testing.T, db *sql.DB) { t.Helper(); do(t, db, "BEGIN IMMEDIATE") }

func do(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

// TestPagesAreRead checks the reader of files against SQLite itself.
func TestPagesAreRead(t *testing.T) {
	dir := t.TempDir()
	db := variant(t, dir, "answers")
	do(t, db, "CREATE TABLE a (id BLOB NOT NULL PRIMARY KEY, n INTEGER NOT NULL, s TEXT NOT NULL) STRICT, WITHOUT ROWID")
	do(t, db, "CREATE TABLE b (n INTEGER NOT NULL, s TEXT NOT NULL) STRICT")
	var want, got []string
	for i := range 2000 {
		id := sum(fmt.Append(nil, i))
		n := int64(i-1000) * int64(i) * 7919 * 104729
		do(t, db, "INSERT INTO a VALUES (?, ?, ?)", id, n, fmt.Sprint("text ", i))
		do(t, db, "INSERT INTO b VALUES (?, ?)", n, fmt.Sprint("other ", i))
		want = append(want, fmt.Sprintf("%x %d text %d", id, n, i), fmt.Sprintf("%d other %d", n, i))
		if i == 1000 { // one half in the file, the other in the log
			do(t, db, "PRAGMA wal_checkpoint(TRUNCATE)")
		}
	}
	r, err := readRoom(filepath.Join(dir, "answers.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.cells() {
		switch {
		case len(c.values) == 3 && isBytes(c.values[0]):
			got = append(got, fmt.Sprintf("%x %d %s", c.values[0], c.values[1], c.values[2]))
		case len(c.values) == 2 && c.rowid > 0:
			got = append(got, fmt.Sprintf("%d %s", c.values[0], c.values[1]))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("read %d rows, want %d", len(got), len(want))
	}
}

func isBytes(v any) bool { _, ok := v.([]byte); return ok }
