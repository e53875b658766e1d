package sqlite

import (
	"context"
	"errors"

	"fairlot/store"
)

func (t *tx) binding() (b store.Binding, err error) {
	err = t.one("SELECT installation, generation FROM binding", nil, into(b.Installation[:]), &b.Generation)
	return b, err
}

// Binding implements store.Bound.
func (d *room) Binding(ctx context.Context) (b store.Binding, err error) {
	err = d.read(ctx, "read binding", func(t *tx) error {
		b, err = t.binding()
		return err
	})
	return b, err
}

// PutBinding implements store.Bound.
func (d *room) PutBinding(ctx context.Context, b store.Binding) error {
	return d.write(ctx, "put binding", func(t *tx) error {
		switch have, err := t.binding(); {
		case err == nil && have != b:
			return store.ErrExists
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		_, err := t.exec("INSERT INTO binding (id, installation, generation) VALUES (1, ?, ?)", b.Installation[:], b.Generation)
		return err
	})
}

// SetGeneration implements store.Bound.
func (d *room) SetGeneration(ctx context.Context, from, to int64) error {
	return d.write(ctx, "set generation", func(t *tx) error {
		have, err := t.binding()
		if err != nil || have.Generation == to {
			return err
		}
		return t.swap("UPDATE binding SET generation = ? WHERE generation = ?", to, from)
	})
}
