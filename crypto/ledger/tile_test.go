package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// TestTiles compares tiles with their definition in C2SP tlog-tiles, on its example of a tree of 70,000 records.
func TestTiles(t *testing.T) {
	t.Parallel()
	const size = 70_000
	var tree Tree
	record := func(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(i)) }
	for i := range size {
		if err := tree.Append(record(i)); err != nil {
			t.Fatal(err)
		}
	}
	part := func(from, to int) Hash { // MTH(D[from:to]), from those records alone
		var p Tree
		for i := from; i < to; i++ {
			if err := p.Append(record(i)); err != nil {
				t.Fatal(err)
			}
		}
		root, err := p.Root(p.Size())
		if err != nil {
			t.Fatal(err)
		}
		return root
	}
	for path, spans := range map[string][][2]int{ // some hashes of a tile: which, and of how many records each
		"tile/0/000": {{0, 1}, {255, 1}}, "tile/0/272": {{255, 1}}, "tile/0/273.p/112": {{0, 1}, {111, 1}}, "tile/1/000": {{0, 256}, {255, 256}}, "tile/1/001.p/17": {{16, 256}}, "tile/2/000.p/1": {{0, 65536}},
		"tile/0/273.p/5": {{4, 1}}, "tile/1/000.p/3": {{2, 256}},
	} {
		tile, err := ParseTile(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := tree.Tile(tile)
		if err != nil || len(b) != 32*tile.t.W {
			t.Fatalf("%s: %d bytes, %v", path, len(b), err)
		}
		for _, s := range spans {
			from := (int(tile.t.N)*256 + s[0]) * s[1]
			if want := part(from, from+s[1]); !bytes.Equal(b[32*s[0]:32*s[0]+32], want[:]) {
				t.Errorf("%s: hash %d is another than that of records %d to %d", path, s[0], from, from+s[1])
			}
		}
	}
	for _, path := range []string{"tile/0/273", "tile/0/273.p/113", "tile/0/274.p/1", "tile/1/001", "tile/1/001.p/18", "tile/2/000", "tile/2/000.p/2", "tile/3/000.p/1", "tile/7/000.p/1", "tile/entries/000"} {
		tile, err := ParseTile(path)
		if err == nil {
			_, err = tree.Tile(tile)
		}
		if !errors.Is(err, ErrRange) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"", "tile/0/0", "tile/0/000.p/256", "tile/0/000.p/0", "tile/8/0/000", "tile/0/x000/000", "checkpoint", "tile/64/000", "/tile/0/000", "tile/0/x999/x999/x999/x999/x999/x999/x999/999"} {
		if _, err := ParseTile(path); !errors.Is(err, ErrRange) {
			t.Errorf("%q is taken for a tile: %v", path, err)
		}
	}
	for _, c := range []struct {
		path  string
		start int64
		n     int
	}{{"tile/entries/000", 0, 256}, {"tile/entries/x001/234.p/7", 1234 * 256, 7}} {
		tile, err := ParseTile(c.path)
		if start, n, ok := tile.Records(); err != nil || !ok || start != c.start || n != c.n {
			t.Errorf("%s: %d, %d, %v, %v", c.path, start, n, ok, err)
		}
	}
}
