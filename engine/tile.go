package engine

import (
	"context"
	"errors"

	"fairlot/crypto/ledger"
)

// Tile returns a file of the log in the form of C2SP tlog-tiles, by its path, such as tile/0/000.p/7 or tile/entries/000.p/7; nil if there is no such file (yet). What it
// returns for a path never changes.
func (e *Engine) Tile(ctx context.Context, path string) ([]byte, error) {
	tile, err := ledger.ParseTile(path)
	if err != nil {
		return nil, nil
	}
	if start, n, ok := tile.Records(); ok {
		records, err := e.Registry.LogRecords(ctx, start, n)
		if err != nil || len(records) < n {
			return nil, e.fault(err)
		}
		var b []byte
		for _, r := range records {
			if b, err = ledger.AppendRecord(b, r); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	e.logMu.Lock()
	defer e.logMu.Unlock()
	b, err := e.tree.Tile(tile)
	if !errors.Is(err, ledger.ErrRange) {
		return b, err
	}
	if err := e.readTree(ctx); err != nil { // another daemon may have logged
		return nil, e.fault(err)
	}
	if b, err = e.tree.Tile(tile); errors.Is(err, ledger.ErrRange) {
		return nil, nil
	}
	return b, err
}
