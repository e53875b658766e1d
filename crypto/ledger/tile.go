package ledger

import (
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// Tile is one of the files of which C2SP tlog-tiles makes a log: up to 256 hashes of one level of the tree, or as many records. Make it with ParseTile; it is
// immutable.
type Tile struct{ t tlog.Tile }

// ParseTile reads the path of a tile,
//
//	tile/LEVEL/N[.p/WIDTH]
//	tile/entries/N[.p/WIDTH]
//
// in its one form; the error wraps ErrRange.
func ParseTile(path string) (Tile, error) {
	t, err := torchwood.ParseTilePath(path)
	if err != nil || t.L > 7 || torchwood.TilePath(t) != path || t.N > 1<<40 {
		return Tile{}, fmt.Errorf("read tile path: no such tile is in any log: %w", ErrRange)
	}
	return Tile{t}, nil
}

// Records tells which records an entry bundle holds; ok is false for a tile of hashes.
func (t Tile) Records() (start int64, n int, ok bool) {
	return t.t.N * torchwood.TileWidth, t.t.W, t.t.L == -1
}

// end is how many records a tree must have for this tile, or 2^62 for more than that.
func (t Tile) end() int64 {
	n := t.t.N*torchwood.TileWidth + int64(t.t.W)
	if t.t.L > 0 {
		if n >= 1<<(62-8*t.t.L) {
			return 1 << 62
		}
		n <<= 8 * t.t.L
	}
	return n
}

// Tile returns a tile of hashes, WIDTH times 32 bytes. It is the same in every tree that has it. The error wraps ErrRange if this one
// has not, or if the tile is one of records.
func (t *Tree) Tile(tile Tile) ([]byte, error) {
	if tile.t.L < 0 || tile.end() > t.n {
		return nil, fmt.Errorf("read tile: %w of %d", ErrRange, t.n)
	}
	b, err := tlog.ReadTileData(tile.t, tlog.HashReaderFunc(t.read))
	if err != nil {
		return nil, fmt.Errorf("read tile: %w", err)
	}
	return b, nil
}
