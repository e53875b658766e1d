package ledger

import (
	"testing"

	"filippo.io/torchwood"
)

func FuzzParseTile(f *testing.F) {
	for _, path := range []string{"tile/0/000", "tile/1/x001/x234/067.p/12", "tile/entries/000.p/1"} {
		f.Add(path)
	}
	tree := &Tree{}
	for _, record := range []string{"a\n", "b\n", "c\n"} {
		if err := tree.Append([]byte(record)); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := ParseTile(path)
		if err != nil {
			return
		}
		if torchwood.TilePath(tile.t) != path {
			t.Fatalf("two paths of a tile: %q and %q", path, torchwood.TilePath(tile.t))
		}
		if start, n, ok := tile.Records(); ok && (start < 0 || n < 1 || n > torchwood.TileWidth) {
			t.Fatalf("%s holds %d records from %d", path, n, start)
		}
		if b, err := tree.Tile(tile); err == nil && len(b) != len(Hash{})*tile.t.W {
			t.Fatalf("%s has %d bytes", path, len(b))
		}
	})
}

// FuzzConsistency: no proof but that of the tree itself shows that the same size has another root, and none of any length makes it panic.
func FuzzConsistency(f *testing.F) {
	tree := &Tree{}
	for _, record := range []string{"a\n", "b\n", "c\n", "d\n", "e\n"} {
		if err := tree.Append([]byte(record)); err != nil {
			f.Fatal(err)
		}
	}
	root := func(n int64) Hash {
		h, err := tree.Root(n)
		if err != nil {
			f.Fatal(err)
		}
		return h
	}
	right, err := tree.Consistency(3, 5)
	if err != nil {
		f.Fatal(err)
	}
	var bytes []byte
	for _, h := range right {
		bytes = append(bytes, h[:]...)
	}
	f.Add(int64(3), int64(5), bytes)
	f.Fuzz(func(t *testing.T, old, size int64, b []byte) {
		var proof []Hash
		for ; len(b) >= len(Hash{}); b = b[len(Hash{}):] {
			proof = append(proof, Hash(b))
		}
		other := root(3)
		other[0]++
		if err := CheckConsistency(proof, old, other, size, root(5)); err == nil && old == 3 && size == 5 {
			t.Fatal("another tree is shown to go on")
		}
		CheckInclusion(proof, size, root(5), old, []byte("x\n"))
	})
}
