package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/registrydb"
)

// lease returns the zero lease if there is no row.
func lease(ctx context.Context, q *registrydb.Queries) (store.Lease, error) {
	row, err := q.Lease(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Lease{}, nil
	}
	l := store.Lease{Term: row.Term, Beat: row.Beat, Door: row.Door}
	if err == nil {
		err = fill(l.Holder[:], row.Holder)
	}
	return l, err
}

// Lease implements store.Leases.
func (d *Registry) Lease(ctx context.Context) (l store.Lease, err error) {
	err = d.read(ctx, "read lease", func(ctx context.Context, conn *pgxpool.Conn) error {
		l, err = lease(ctx, registrydb.New(conn))
		return err
	})
	return l, err
}

// SwapLease implements store.Leases.
func (d *Registry) SwapLease(ctx context.Context, old, new store.Lease) error {
	return d.write(ctx, "swap lease", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		var n int64
		var err error
		if old == (store.Lease{}) {
			n, err = q.TakeLease(ctx, registrydb.TakeLeaseParams{Term: new.Term, Beat: new.Beat, Holder: new.Holder[:], Door: new.Door})
		} else {
			n, err = q.SwapLease(ctx, registrydb.SwapLeaseParams{Term: new.Term, Beat: new.Beat, Holder: new.Holder[:], Door: new.Door,
				OldTerm: old.Term, OldBeat: old.Beat, OldHolder: old.Holder[:], OldDoor: old.Door})
		}
		if err != nil || n == 1 {
			return err
		}
		have, err := lease(ctx, q)
		if err == nil && have != new {
			err = store.ErrConflict
		}
		return err
	})
}
