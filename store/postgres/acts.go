package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/registrydb"
)

// AppendAct implements store.Registry.
func (d *Registry) AppendAct(ctx context.Context, a store.Act) error {
	return d.write(ctx, "append act", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		last, err := q.LastActNumber(ctx)
		if err != nil {
			return err
		}
		if a.N != last+1 {
			return store.ErrConflict
		}
		return swapped(q.AppendAct(ctx, registrydb.AppendActParams{N: a.N, Hash: a.Hash[:], Text: full(a.Text)}))
	})
}

func act(row registrydb.Act) (store.Act, error) {
	a := store.Act{N: row.N, Text: row.Text}
	return a, fill(a.Hash[:], row.Hash)
}

// Acts implements store.Registry.
func (d *Registry) Acts(ctx context.Context, after int64, limit int) (list []store.Act, err error) {
	err = d.read(ctx, "read acts", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := registrydb.New(conn).Acts(ctx, registrydb.ActsParams{After: after, Most: int64(limit)})
		if err != nil {
			return err
		}
		list, err = each(rows, act)
		return err
	})
	return list, err
}

// LastAct implements store.Registry.
func (d *Registry) LastAct(ctx context.Context) (a store.Act, err error) {
	err = d.read(ctx, "read the last act", func(ctx context.Context, conn *pgxpool.Conn) error {
		row, err := registrydb.New(conn).LastAct(ctx)
		if err == nil {
			a, err = act(row)
		}
		return err
	})
	return a, err
}
