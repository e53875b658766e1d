package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/registrydb"
)

// LogSize implements store.Registry.
func (d *Registry) LogSize(ctx context.Context) (n int64, err error) {
	err = d.read(ctx, "read log size", func(ctx context.Context, conn *pgxpool.Conn) error {
		n, err = registrydb.New(conn).LogSize(ctx)
		return err
	})
	return n, err
}

// LogRecords implements store.Registry.
func (d *Registry) LogRecords(ctx context.Context, start int64, limit int) (list [][]byte, err error) {
	err = d.read(ctx, "read log", func(ctx context.Context, conn *pgxpool.Conn) error {
		list, err = registrydb.New(conn).LogRecords(ctx, registrydb.LogRecordsParams{Start: start, Most: int64(limit)})
		return err
	})
	return list, err
}

// Append implements store.Registry.
func (d *Registry) Append(ctx context.Context, size int64, record []byte, tr store.Transition) error {
	return d.write(ctx, "append record", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		n, err := q.LogSize(ctx)
		if err != nil {
			return err
		}
		if n != size { // another writer was faster: the caller's record may rest on a log that is no more
			return store.ErrConflict
		}
		if err := swapped(q.AppendRecord(ctx, registrydb.AppendRecordParams{N: size, Record: full(record)})); err != nil {
			return err
		}
		return transition(ctx, q, tr)
	})
}

func transition(ctx context.Context, q *registrydb.Queries, tr store.Transition) error {
	id := tr.Campaign[:]
	var err error
	switch {
	case tr.From == store.Draft:
		err = swapped(q.OpenDraft(ctx, registrydb.OpenDraftParams{ToState: int32(tr.To), ID: id, FromState: int32(tr.From), Version: tr.Version}))
	case tr.From != 0 || tr.To != 0:
		err = swapped(q.SwapCampaignState(ctx, registrydb.SwapCampaignStateParams{ToState: int32(tr.To), ID: id, FromState: int32(tr.From)}))
	}
	if err == nil && len(tr.OpenRecord) > 0 {
		err = swapped(q.PutOpenRecord(ctx, registrydb.PutOpenRecordParams{OpenRecord: tr.OpenRecord, ID: id}))
	}
	for n := 1; err == nil && n <= tr.Draws; n++ {
		err = q.MakeDraw(ctx, registrydb.MakeDrawParams{Campaign: id, N: int32(n), State: int32(store.DrawPending)})
	}
	for hash, body := range tr.Files {
		if err == nil {
			err = q.PutFile(ctx, registrydb.PutFileParams{Hash: hash[:], Body: full(body)})
		}
	}
	if err == nil && tr.Draw != 0 {
		err = swapped(q.MoveDraw(ctx, registrydb.MoveDrawParams{
			ToState: int32(tr.DrawTo), Entrants: tr.Entrants, Close: tr.Close, Result: tr.Result, Ranking: tr.Ranking,
			Campaign: id, N: int32(tr.Draw), FromState: int32(tr.DrawFrom),
		}))
	}
	return err
}

// PutCheckpoint implements store.Registry.
func (d *Registry) PutCheckpoint(ctx context.Context, size int64, note []byte) error {
	return d.write(ctx, "put checkpoint", func(ctx context.Context, tx pgx.Tx) error {
		return registrydb.New(tx).PutCheckpoint(ctx, registrydb.PutCheckpointParams{Size: size, Note: full(note)})
	})
}

// SwapCheckpoint implements store.Registry.
func (d *Registry) SwapCheckpoint(ctx context.Context, size int64, old, new []byte) error {
	return d.write(ctx, "swap checkpoint", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		// A cosignature may have come in between: it must be added to that note, or it is lost.
		err := swapped(q.SwapCheckpoint(ctx, registrydb.SwapCheckpointParams{New: full(new), Size: size, Old: full(old)}))
		if errors.Is(err, store.ErrConflict) {
			if _, absent := q.Checkpoint(ctx, size); absent != nil {
				err = absent
			}
		}
		return err
	})
}

// Checkpoint implements store.Registry.
func (d *Registry) Checkpoint(ctx context.Context, size int64) (note []byte, err error) {
	err = d.read(ctx, "read checkpoint", func(ctx context.Context, conn *pgxpool.Conn) error {
		note, err = registrydb.New(conn).Checkpoint(ctx, size)
		return err
	})
	return note, err
}

// CheckpointSizes implements store.Registry.
func (d *Registry) CheckpointSizes(ctx context.Context) (list []int64, err error) {
	err = d.read(ctx, "list checkpoints", func(ctx context.Context, conn *pgxpool.Conn) error {
		list, err = registrydb.New(conn).CheckpointSizes(ctx)
		return err
	})
	return list, err
}

// File implements store.Registry.
func (d *Registry) File(ctx context.Context, hash store.Hash) (body []byte, err error) {
	err = d.read(ctx, "read file", func(ctx context.Context, conn *pgxpool.Conn) error {
		body, err = registrydb.New(conn).File(ctx, hash[:])
		return err
	})
	return body, err
}
