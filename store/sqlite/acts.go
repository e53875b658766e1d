package sqlite

import (
	"context"

	"fairlot/store"
)

// AppendAct implements store.Registry.
func (d *Registry) AppendAct(ctx context.Context, a store.Act) error {
	return d.write(ctx, "append act", func(t *tx) error {
		var last int64
		if err := t.one("SELECT coalesce(max(n), 0) FROM acts", nil, &last); err != nil {
			return err
		}
		if a.N != last+1 {
			return store.ErrConflict
		}
		_, err := t.exec("INSERT INTO acts (n, hash, text) VALUES (?, ?, ?)", a.N, a.Hash[:], full(a.Text))
		return err
	})
}

func scanAct(a *store.Act) []any { return []any{&a.N, into(a.Hash[:]), &a.Text} }

// Acts implements store.Registry.
func (d *Registry) Acts(ctx context.Context, after int64, limit int) (list []store.Act, err error) {
	err = d.read(ctx, "read acts", func(t *tx) error {
		return t.each("SELECT n, hash, text FROM acts WHERE n > ? ORDER BY n LIMIT ?", args{after, limit}, func(scan func(...any) error) error {
			var a store.Act
			err := scan(scanAct(&a)...)
			list = append(list, a)
			return err
		})
	})
	return list, err
}

// LastAct implements store.Registry.
func (d *Registry) LastAct(ctx context.Context) (a store.Act, err error) {
	err = d.read(ctx, "read the last act", func(t *tx) error {
		return t.one("SELECT n, hash, text FROM acts ORDER BY n DESC LIMIT 1", nil, scanAct(&a)...)
	})
	return a, err
}
