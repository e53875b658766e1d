package attack

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
)

// cell is one row as it lies in a page: whatever the schema says, from the bytes alone.
type cell struct {
	page, offset int     // offset in the page: rows that were put there later lie lower, until the page is packed anew
	frame        int     // write-ahead log: number of the frame that shows this row first, 0 if the file itself does
	rowid        int64   // of a table with rowids
	size         int64   // of the row in bytes
	lengths      []int64 // of the values in bytes, also of those that are cut off
	values       []any   // int64, float64, []byte, string or nil; cut off where an overflow page begins

	// Of PostgreSQL alone.
	table string
	xmin  uint32
	marks map[string]string // what else a row can be put in order by
}

// room is one SQLite file with its write-ahead log, read without SQLite.
type room struct {
	size  int
	pages map[int][]byte // as the log leaves them
	file  map[int][]byte // as the file alone has them
	log   []frame        // in order
}

type frame struct {
	page   int
	commit bool
	body   []byte
}

// readRoom reads path and path-wal.
func readRoom(path string) (*room, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) < 100 || string(b[:15]) != "SQLite format 3" {
		return nil, errors.New("not a database")
	}
	r := &room{size: int(binary.BigEndian.Uint16(b[16:])), pages: map[int][]byte{}, file: map[int][]byte{}}
	if r.size == 1 {
		r.size = 65536
	}
	for n := 1; n*r.size <= len(b); n++ {
		r.file[n] = b[(n-1)*r.size : n*r.size]
		r.pages[n] = r.file[n]
	}
	wal, err := os.ReadFile(path + "-wal")
	if err != nil || len(wal) < 32 {
		return r, nil // no log is an empty log
	}
	salt := string(wal[16:24])
	for wal = wal[32:]; len(wal) >= 24+r.size && string(wal[8:16]) == salt; wal = wal[24+r.size:] {
		f := frame{page: int(binary.BigEndian.Uint32(wal)), commit: binary.BigEndian.Uint32(wal[4:]) != 0, body: wal[24 : 24+r.size]}
		r.log = append(r.log, f)
	}
	for i := len(r.log) - 1; i >= 0; i-- {
		if r.log[i].commit {
			for _, f := range r.log[:i+1] {
				r.pages[f.page] = f.body
			}
			break
		}
	}
	return r, nil
}

// cells are all rows in the pages as they stand, by page and, in a page, the earlier ones first. Rows that the log shows carry the frame that had them
// first.
func (r *room) cells() (list []cell) {
	first := map[string]int{}
	if len(r.log) > 0 {
		for n, b := range r.file {
			for _, c := range parsePage(n, b) {
				first[c.key()] = 0
			}
		}
		for i, f := range r.log {
			for _, c := range parsePage(f.page, f.body) {
				if _, ok := first[c.key()]; !ok {
					first[c.key()] = i + 1
				}
			}
		}
	}
	last := 0
	for n := range r.pages {
		last = max(last, n)
	}
	for n := 1; n <= last; n++ {
		for _, c := range parsePage(n, r.pages[n]) {
			c.frame = first[c.key()]
			list = append(list, c)
		}
	}
	return list
}

// key tells rows apart by their first values.
func (c *cell) key() string {
	var key []byte
	for _, v := range c.values[:min(len(c.values), 3)] {
		switch v := v.(type) {
		case []byte:
			key = append(key, v...)
		case string:
			key = append(key, v...)
		case int64:
			key = binary.BigEndian.AppendUint64(key, uint64(v))
		}
		key = append(key, '|')
	}
	return string(key)
}

// parsePage reads the cells of one b-tree page, those with the highest offset first. Other pages have none.
func parsePage(n int, b []byte) (list []cell) {
	if len(b) == 0 {
		return nil
	}
	head := 0
	if n == 1 {
		head = 100
	}
	kind, start := b[head], head+8
	if kind == 2 {
		start = head + 12
	}
	if kind != 2 && kind != 10 && kind != 13 {
		return nil
	}
	for i := range int(binary.BigEndian.Uint16(b[head+3:])) {
		if start+2*i+2 > len(b) {
			return nil
		}
		at := int(binary.BigEndian.Uint16(b[start+2*i:]))
		if c, ok := parseCell(b, at, kind); ok {
			c.page, c.offset = n, at
			list = append(list, c)
		}
	}
	// Insertion sort: pages hold some dozens of cells.
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].offset > list[j-1].offset; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}

func parseCell(b []byte, at int, kind byte) (c cell, ok bool) {
	rest := b[min(at, len(b)):]
	if kind == 2 {
		if len(rest) < 4 {
			return c, false
		}
		rest = rest[4:] // left child
	}
	size, rest, ok := varint(rest)
	if !ok {
		return c, false
	}
	c.size = size
	if kind == 13 {
		if c.rowid, rest, ok = varint(rest); !ok {
			return c, false
		}
	}
	payload := rest[:min(int64(len(rest)), max(size, 0))]
	headSize, types, ok := varint(payload)
	if !ok || headSize > int64(len(payload)) {
		return c, false
	}
	types = types[:headSize-int64(len(payload)-len(types))]
	body := payload[headSize:]
	for len(types) > 0 {
		var t int64
		if t, types, ok = varint(types); !ok {
			return c, false
		}
		c.lengths = append(c.lengths, max(0, (t-12)/2))
		if len(c.values) == len(c.lengths)-1 {
			if v, rest, ok := value(t, body); ok {
				c.values, body = append(c.values, v), rest
			}
		}
	}
	return c, len(c.values) > 0
}

func value(t int64, b []byte) (any, []byte, bool) {
	widths := []int{0, 1, 2, 3, 4, 6, 8, 8, 0, 0}
	switch {
	case t == 0:
		return nil, b, true
	case t == 8, t == 9:
		return t - 8, b, true
	case t < 8:
		w := widths[t]
		if len(b) < w {
			return nil, b, false
		}
		v := int64(int8(b[0]))
		for _, x := range b[1:w] {
			v = v<<8 | int64(x)
		}
		if t == 7 {
			return math.Float64frombits(uint64(v)), b[w:], true
		}
		return v, b[w:], true
	case t < 12:
		return nil, b, false
	}
	n := (t - 12) / 2
	if int64(len(b)) < n {
		return nil, b, false
	}
	if t%2 == 0 {
		return b[:n], b[n:], true
	}
	return string(b[:n]), b[n:], true
}

// varint reads SQLite's variable-length number.
func varint(b []byte) (v int64, rest []byte, ok bool) {
	for i := 0; i < 9 && i < len(b); i++ {
		if i == 8 {
			return v<<8 | int64(b[i]), b[9:], true
		}
		v = v<<7 | int64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, b[i+1:], true
		}
	}
	return 0, nil, false
}
