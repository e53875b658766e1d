package sqlite

import (
	"context"
	"errors"

	"fairlot/store"
)

// lease returns the zero lease if there is no row.
func (t *tx) lease() (l store.Lease, err error) {
	err = t.one("SELECT term, beat, holder, door FROM lease", nil, &l.Term, &l.Beat, into(l.Holder[:]), &l.Door)
	if errors.Is(err, store.ErrNotFound) {
		return store.Lease{}, nil
	}
	return l, err
}

// Lease implements store.Leases.
func (d *Registry) Lease(ctx context.Context) (l store.Lease, err error) {
	err = d.read(ctx, "read lease", func(t *tx) error {
		l, err = t.lease()
		return err
	})
	return l, err
}

// SwapLease implements store.Leases.
func (d *Registry) SwapLease(ctx context.Context, old, new store.Lease) error {
	return d.write(ctx, "swap lease", func(t *tx) error {
		have, err := t.lease()
		switch {
		case err != nil || have == new:
			return err
		case have != old:
			return store.ErrConflict
		}
		_, err = t.exec(`INSERT INTO lease (id, term, beat, holder, door) VALUES (1, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET term = excluded.term, beat = excluded.beat, holder = excluded.holder, door = excluded.door`,
			new.Term, new.Beat, new.Holder[:], new.Door)
		return err
	})
}
