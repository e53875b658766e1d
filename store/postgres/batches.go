package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/identitydb"
)

func batches(ctx context.Context, q *identitydb.Queries, campaign store.CampaignID) ([]store.Batch, error) {
	rows, err := q.Batches(ctx, campaign[:])
	if err != nil {
		return nil, err
	}
	return each(rows, func(row identitydb.BatchesRow) (store.Batch, error) {
		return store.Batch{First: uint32(row.First), Last: uint32(row.Last), Cleared: row.Cleared}, nil
	})
}

// PutBatch implements store.Identity. Batches leave no gap, so two that are put at the same time have one first epoch, which is their key.
func (d *Identity) PutBatch(ctx context.Context, campaign store.CampaignID, b store.Batch) error {
	return d.write(ctx, "put batch", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		have, err := batches(ctx, q, campaign)
		if err != nil {
			return err
		}
		next := uint32(1)
		for _, h := range have {
			if h.First == b.First && h.Last == b.Last {
				return nil
			}
			next = h.Last + 1
		}
		if b.First != next || b.Last < b.First {
			return store.ErrConflict
		}
		n, err := q.PutBatch(ctx, identitydb.PutBatchParams{Campaign: campaign[:], First: int64(b.First), Last: int64(b.Last)})
		if err == nil && n == 0 {
			err = errRaced
		}
		return err
	})
}

// Batches implements store.Identity.
func (d *Identity) Batches(ctx context.Context, campaign store.CampaignID) (list []store.Batch, err error) {
	err = d.read(ctx, "list batches", func(ctx context.Context, conn *pgxpool.Conn) error {
		list, err = batches(ctx, identitydb.New(conn), campaign)
		return err
	})
	return list, err
}

// SealedResponses implements store.Identity.
func (d *Identity) SealedResponses(ctx context.Context, campaign store.CampaignID, first, last uint32, after store.EntrantID, limit int) (list []store.SealedResponse, err error) {
	err = d.readSettled(ctx, "read sealed responses", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := identitydb.New(conn).SealedResponses(ctx, identitydb.SealedResponsesParams{
			Campaign: campaign[:], First: int64(first), Last: int64(last), After: after[:], Most: int64(limit),
		})
		if err != nil {
			return err
		}
		list, err = each(rows, func(row identitydb.SealedResponsesRow) (store.SealedResponse, error) {
			r := store.SealedResponse{Epoch: uint32(row.Epoch), Dropped: row.Dropped, Response: row.Response}
			return r, fill(r.ID[:], row.ID)
		})
		return err
	})
	return list, err
}

// ClearBatch implements store.Identity.
func (d *Identity) ClearBatch(ctx context.Context, campaign store.CampaignID, first, last uint32) error {
	return d.writeLong(ctx, "clear batch", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		n, err := q.MarkCleared(ctx, identitydb.MarkClearedParams{Campaign: campaign[:], First: int64(first), Last: int64(last)})
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrNotFound
		}
		if err := q.ClearPending(ctx, identitydb.ClearPendingParams{Campaign: campaign[:], First: int64(first), Last: int64(last)}); err != nil {
			return err
		}
		return q.ClearWaits(ctx, identitydb.ClearWaitsParams{Campaign: campaign[:], First: int64(first), Last: int64(last)}) // a correction takes rows in this order
	})
}
