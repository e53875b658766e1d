package attack

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"fairlot/store/postgres/pgtest"
)

// heapPage is PostgreSQL's page size.
const heapPage = 8192

// relation is one table of a room and where its rows lie. Offsets in a page fall as rows are added, until the page is packed anew.
type relation struct {
	name, file string // below the data folder
	types      []string
	indexes    []string // files
}

// heaps reads rooms in PostgreSQL from the server's files: tables with their dead rows, indexes, and the write-ahead log.
type heaps struct {
	on      *pgtest.Cluster
	lsn     string            // how far the log was read
	logged  map[string]string // file, block and item: where the log put it
	commits map[uint32]string // transaction: when it was committed, by the log
}

func newHeaps(t testing.TB, on *pgtest.Cluster) *heaps {
	t.Helper()
	h := &heaps{on: on, logged: map[string]string{}, commits: map[uint32]string{}}
	if err := h.ask("postgres", "SELECT pg_current_wal_flush_lsn()::text", &h.lsn); err != nil {
		t.Fatal(err)
	}
	return h
}

// ask reads one value as the administrator.
func (h *heaps) ask(database, query string, into any) error {
	conn, err := pgx.Connect(context.Background(), h.on.AdminDSN(database))
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	return conn.QueryRow(context.Background(), query).Scan(into)
}

// sync brings everything to the disk and reads what the log has had since the last time.
func (h *heaps) sync() error {
	if err := h.on.Exec(context.Background(), "postgres", "CHECKPOINT"); err != nil {
		return err
	}
	var end string
	if err := h.ask("postgres", "SELECT pg_current_wal_flush_lsn()::text", &end); err != nil || end == h.lsn {
		return err
	}
	// Segments are named, because one that is kept for later may be the first that is found.
	first, err := segmentOf(h.lsn, 0)
	last, err2 := segmentOf(end, 1)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	out, err := h.on.Run("pg_waldump", "-s", h.lsn, "-e", end, filepath.Join(h.on.Data(), "pg_wal", first), last)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		heap := strings.HasPrefix(line, "rmgr: Heap ") && strings.Contains(line, "blkref")
		lsn := between(line, "lsn: ", ",")
		what := between(line, "desc: ", "\n")
		switch {
		case heap && (strings.HasPrefix(what, "INSERT") || strings.HasPrefix(what, "HOT_UPDATE") || strings.HasPrefix(what, "UPDATE")):
			item := between(what, "off ", " ")
			if i := strings.Index(what, "new off "); i >= 0 {
				item = between(what[i:], "new off ", " ")
			}
			rel, block := between(line, "blkref #0: rel 1663/", " "), between(line[strings.Index(line, "blkref"):], " blk ", " ")
			key := strings.Join([]string{"base/" + rel, strings.TrimSpace(block), strings.TrimRight(item, ",\n ")}, " ")
			if _, ok := h.logged[key]; !ok {
				h.logged[key] = lsnOrder(lsn)
			}
		case strings.HasPrefix(what, "COMMIT"):
			if tx, err := strconv.ParseUint(strings.TrimSpace(between(line, "tx:", ",")), 10, 32); err == nil {
				h.commits[uint32(tx)] = between(what+";", "COMMIT ", ";")
			}
		}
	}
	h.lsn = end
	return nil
}

// segmentOf names the file with the byte so many before a place in the log.
func segmentOf(lsn string, before uint32) (string, error) {
	var high, low uint32
	if _, err := fmt.Sscanf(lsn, "%X/%X", &high, &low); err != nil {
		return "", err
	}
	return fmt.Sprintf("00000001%08X%08X", high, (low-before)/(16<<20)), nil
}

// between is what stands in s after from and before to, up to the end if there is no to.
func between(s, from, to string) string {
	_, s, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	s, _, _ = strings.Cut(s, to)
	return s
}

// lsnOrder turns 0/1A2B into a text that sorts as places in the log do.
func lsnOrder(lsn string) string {
	high, low, _ := strings.Cut(lsn, "/")
	return fmt.Sprintf("%8s/%8s", high, low)
}

// cells are all rows in the files of a database, dead or not.
func (h *heaps) cells(database string) (list []cell, err error) {
	relations, err := h.relations(database)
	if err != nil {
		return nil, err
	}
	for _, r := range relations {
		b, err := os.ReadFile(filepath.Join(h.on.Data(), r.file))
		if err != nil {
			return nil, err
		}
		places := map[string]string{} // item: its places in the indexes
		for i, file := range r.indexes {
			index, err := os.ReadFile(filepath.Join(h.on.Data(), file))
			if err != nil {
				return nil, err
			}
			leaves(index, func(item string, page, offset int) {
				places[fmt.Sprint(i, " ", item)] = orderly(int64(page)<<20 | int64(1<<16-offset))
			})
		}
		for block := 0; (block+1)*heapPage <= len(b); block++ {
			page := b[block*heapPage : (block+1)*heapPage]
			for item, at := range items(page) {
				c, ok := tuple(page[at[0]:at[0]+at[1]], r.types)
				if !ok {
					continue
				}
				c.table, c.page, c.offset, c.rowid = r.name, block, at[0], int64(block)<<16|int64(item)
				key := fmt.Sprint(block, " ", item)
				c.marks["written"] = h.logged[r.file+" "+key]
				c.marks["committed"] = h.commits[c.xmin]
				for i := range r.indexes {
					c.marks[fmt.Sprint("index ", i, " place")] = places[fmt.Sprint(i, " ", key)]
				}
				list = append(list, c)
			}
		}
	}
	return list, nil
}

func (h *heaps) relations(database string) (list []relation, err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, h.on.AdminDSN(database))
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT c.relname::text, pg_relation_filepath(c.oid),
			(SELECT array_agg(a.atttypid::regtype::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
			coalesce((SELECT array_agg(pg_relation_filepath(i.indexrelid) ORDER BY i.indexrelid) FROM pg_index i WHERE i.indrelid = c.oid), '{}')
		FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname !~ 'goose' ORDER BY c.relname`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r relation, err error) {
		return r, row.Scan(&r.name, &r.file, &r.types, &r.indexes)
	})
}

// items are a page's rows: item number to offset and length.
func items(page []byte) map[int][2]int {
	all := map[int][2]int{}
	for n, at := 1, 24; at+4 <= int(binary.LittleEndian.Uint16(page[12:])); n, at = n+1, at+4 {
		v := binary.LittleEndian.Uint32(page[at:])
		offset, flags, length := int(v&0x7fff), v>>15&3, int(v>>17)
		if flags != 2 && length > 0 && offset+length <= len(page) {
			all[n] = [2]int{offset, length}
		}
	}
	return all
}

// leaves goes over the entries of a b-tree's leaf pages: which item of the table, and where the entry lies.
func leaves(b []byte, each func(item string, page, offset int)) {
	for n := 1; (n+1)*heapPage <= len(b); n++ {
		page := b[n*heapPage : (n+1)*heapPage]
		special := int(binary.LittleEndian.Uint16(page[16:]))
		if special+16 > heapPage || binary.LittleEndian.Uint16(page[special+12:])&1 == 0 {
			continue
		}
		rightmost := binary.LittleEndian.Uint32(page[special+4:]) == 0
		for number, at := range items(page) {
			entry := page[at[0] : at[0]+at[1]]
			if number == 1 && !rightmost || binary.LittleEndian.Uint16(entry[6:])&0x2000 != 0 {
				continue // the page's upper bound, or a list of equal keys
			}
			block := int(binary.LittleEndian.Uint16(entry))<<16 | int(binary.LittleEndian.Uint16(entry[2:]))
			each(fmt.Sprint(block, " ", binary.LittleEndian.Uint16(entry[4:])), n, at[0])
		}
	}
}

// tuple reads one row.
func tuple(b []byte, types []string) (c cell, ok bool) {
	if len(b) < 24 || int(b[22]) > len(b) {
		return c, false
	}
	c.xmin = binary.LittleEndian.Uint32(b)
	c.marks = map[string]string{
		"xmin": orderly(int64(c.xmin)), "xmax": orderly(int64(binary.LittleEndian.Uint32(b[4:]))), "command": orderly(int64(binary.LittleEndian.Uint32(b[8:]))),
	}
	stored, nulls := int(binary.LittleEndian.Uint16(b[18:])&0x7ff), binary.LittleEndian.Uint16(b[20:])&1 != 0
	at := int(b[22])
	for i, kind := range types[:min(stored, len(types))] {
		if nulls && b[23+i/8]>>(i%8)&1 == 0 {
			c.values, c.lengths = append(c.values, nil), append(c.lengths, 0)
			continue
		}
		var v any
		length := int64(0)
		switch kind {
		case "bigint", "integer", "boolean":
			size := map[string]int{"bigint": 8, "integer": 4, "boolean": 1}[kind]
			at = (at + size - 1) / size * size
			if at+size > len(b) {
				return c, false
			}
			v = map[string]func() int64{
				"bigint":  func() int64 { return int64(binary.LittleEndian.Uint64(b[at:])) },
				"integer": func() int64 { return int64(int32(binary.LittleEndian.Uint32(b[at:]))) },
				"boolean": func() int64 { return int64(b[at]) },
			}[kind]()
			at += size
		case "bytea", "text":
			var value []byte
			if value, length, at, ok = varlena(b, at); !ok {
				return c, false
			}
			v = value
		default:
			return c, false
		}
		c.values, c.lengths = append(c.values, v), append(c.lengths, length)
		c.size += length
	}
	return c, len(c.values) > 0
}

// varlena reads a value of variable length; of one that is kept elsewhere or compressed only how long it is.
func varlena(b []byte, at int) (value []byte, length int64, next int, ok bool) {
	if at < len(b) && b[at] == 0 {
		at = (at + 3) &^ 3
	}
	if at >= len(b) {
		return nil, 0, 0, false
	}
	switch first := b[at]; {
	case first == 1: // elsewhere: tag, length of the whole with its header, length as stored, two numbers
		if at+18 > len(b) {
			return nil, 0, 0, false
		}
		return []byte{}, int64(binary.LittleEndian.Uint32(b[at+2:])) - 4, at + 18, true
	case first&1 == 1:
		n := int(first >> 1)
		if n < 1 || at+n > len(b) {
			return nil, 0, 0, false
		}
		return b[at+1 : at+n], int64(n - 1), at + n, true
	default:
		if at+4 > len(b) {
			return nil, 0, 0, false
		}
		n := int(binary.LittleEndian.Uint32(b[at:]) >> 2)
		if n < 4 || at+n > len(b) {
			return nil, 0, 0, false
		}
		return b[at+4 : at+n], int64(n - 4), at + n, true
	}
}

// views are what the server tells an administrator of its own work: all of pg_stat and the statistics of columns, as text.
func (h *heaps) views(database string) (text string, err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, h.on.AdminDSN(database))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT relname::text FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v' AND relname ~ '^pg_(stat|locks|prepared)' ORDER BY 1")
	if err != nil {
		return "", err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	for _, name := range names {
		var part string
		if err := conn.QueryRow(ctx, "SELECT coalesce(string_agg(v::text, E'\\n'), '') FROM "+pgx.Identifier{name}.Sanitize()+" v").Scan(&part); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		text += name + "\n" + part + "\n"
	}
	return text, nil
}

// TestHeapsAreRead checks the reader of PostgreSQL's files against PostgreSQL itself.
func TestHeapsAreRead(t *testing.T) {
	t.Parallel()
	on := ownPostgres(t, "autovacuum=off").cluster
	if err := on.Exec(t.Context(), "postgres", "CREATE DATABASE d"); err != nil {
		t.Fatal(err)
	}
	h := newHeaps(t, on)
	if err := on.Exec(t.Context(), "d",
		"CREATE TABLE x (n bigint, i integer, b boolean, v bytea, s text)", "CREATE INDEX ON x (n)", "ALTER TABLE x ALTER v SET STORAGE EXTERNAL",
		"INSERT INTO x SELECT g::bigint * 1000003, -g, g % 2 = 0, decode(md5(g::text), 'hex'), CASE WHEN g % 3 > 0 THEN repeat('y', g % 200) END FROM generate_series(1, 3000) g",
		"INSERT INTO x VALUES (7, 7, true, decode(repeat('ab', 5000), 'hex'), 'long')", "DELETE FROM x WHERE i = -5"); err != nil {
		t.Fatal(err)
	}
	if err := h.sync(); err != nil {
		t.Fatal(err)
	}
	cells, err := h.cells("d")
	if err != nil {
		t.Fatal(err)
	}
	if len(cells) != 3001 {
		t.Fatalf("%d rows, want 3001 with the dead one", len(cells))
	}
	conn, err := pgx.Connect(t.Context(), on.AdminDSN("d"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	dead := 0
	for _, c := range cells {
		var same bool
		v, s := c.values[3], c.values[4]
		if c.lengths[3] == 5000 {
			v = []byte(strings.Repeat("\xab", 5000)) // kept elsewhere
		}
		text, _ := s.([]byte)
		err := conn.QueryRow(t.Context(), `SELECT n = $2 AND i = $3 AND b = ($4 = 1) AND v = $5 AND s IS NOT DISTINCT FROM $6 AND xmin::text = $7 FROM x WHERE ctid = $1::tid`,
			fmt.Sprintf("(%d,%d)", c.rowid>>16, c.rowid&0xffff), c.values[0], c.values[1], c.values[2], v, optional(s != nil, string(text)), fmt.Sprint(c.xmin)).Scan(&same)
		if err != nil {
			dead++
			continue
		}
		if !same {
			t.Fatalf("row %v is read wrongly", c.values[:3])
		}
		if c.marks["written"] == "" || c.marks["committed"] == "" || c.marks["index 0 place"] == "" {
			t.Fatalf("row %v has marks %v", c.values[:3], c.marks)
		}
	}
	if dead != 1 {
		t.Errorf("%d dead rows, want 1", dead)
	}
	if text, err := h.views("d"); err != nil || !strings.Contains(text, "pg_stat_activity\n(") || !strings.Contains(text, "pg_stats\n(") {
		t.Errorf("views: %v, %d bytes", err, len(text))
	}
}

func optional(there bool, s string) *string {
	if !there {
		return nil
	}
	return &s
}
