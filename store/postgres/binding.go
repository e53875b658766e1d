package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
)

// rower is a transaction or a connection.
type rower interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// Binding implements store.Bound.
func (d *room) Binding(ctx context.Context) (b store.Binding, err error) {
	err = d.read(ctx, "read binding", func(ctx context.Context, conn *pgxpool.Conn) error {
		r, err := d.which(ctx, conn)
		b = r.Binding
		return err
	})
	return b, err
}

// PutBinding implements store.Bound.
func (d *room) PutBinding(ctx context.Context, b store.Binding) error {
	return d.write(ctx, "put binding", func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "INSERT INTO binding (id, installation, generation) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING",
			b.Installation[:], b.Generation)
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		have, err := d.which(ctx, tx)
		if err == nil && have.Binding != b {
			err = store.ErrExists
		}
		return err
	})
}

// SetGeneration implements store.Bound.
func (d *room) SetGeneration(ctx context.Context, from, to int64) error {
	return d.write(ctx, "set generation", func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "UPDATE binding SET generation = $1 WHERE id = 1 AND generation = $2", to, from)
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		have, err := d.which(ctx, tx)
		if err == nil && have.Generation != to {
			err = store.ErrConflict
		}
		return err
	})
}
