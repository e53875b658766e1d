package postgres

import (
	"bytes"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/judge"
	"fairlot/store/postgres/internal/identitydb"
)

// Erase implements store.Identity. It takes rows in the order in which an entry does.
func (d *Identity) Erase(ctx context.Context, campaign store.CampaignID, id store.EntrantID, zero string, tag *store.Hash) (state store.Erasure, err error) {
	leave, err := d.turn(ctx, "erase entrant")
	if err != nil {
		return 0, err
	}
	defer leave()
	err = d.write(ctx, "erase entrant", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		gate, err := lockGate(ctx, q, campaign)
		if err != nil {
			return err
		}
		e, err := entrant(ctx, q, campaign, id[:])
		if err != nil {
			return err
		}
		corrected := false
		if e.Zero == judge.Superseded && zero != judge.Superseded {
			if corrected, err = q.Emptied(ctx, identitydb.EmptiedParams{Campaign: campaign[:], ID: id[:]}); err != nil {
				return err
			}
		}
		var fresh bool
		if state, fresh, err = judge.Erasure(gate, e, corrected, tag != nil); err != nil || !fresh {
			return err
		}
		if state == store.ErasureWaits {
			return q.PutErasure(ctx, identitydb.PutErasureParams{Campaign: campaign[:], ID: id[:], State: int32(state)})
		}
		if tag != nil {
			holder, err := q.TagHolder(ctx, identitydb.TagHolderParams{Campaign: campaign[:], Tag: tag[:]})
			if err == nil && !bytes.Equal(holder, id[:]) || errors.Is(err, pgx.ErrNoRows) {
				err = store.ErrConflict
			}
			if err != nil {
				return err
			}
		}
		if err := q.DropTagOf(ctx, identitydb.DropTagOfParams{Campaign: campaign[:], ID: id[:]}); err != nil {
			return err
		}
		if zero != judge.Superseded { // before the entrant's row, like whoever clears a batch
			w := judge.Waiter(e)
			if err := q.DropResponseOf(ctx, identitydb.DropResponseOfParams{Campaign: campaign[:], Epoch: int64(w.Epoch), ID: w.ID[:]}); err != nil {
				return err
			}
		}
		if err := swapChances(ctx, q, campaign, e, 0, zero); err != nil {
			return err
		}
		return unseal(ctx, q, campaign, id)
	})
	if err != nil {
		return 0, err
	}
	return state, nil
}

// unseal empties an entrant's envelopes. The row stays, so that the same entry sent again is known.
func unseal(ctx context.Context, q *identitydb.Queries, campaign store.CampaignID, id store.EntrantID) error {
	if err := q.DropConsents(ctx, identitydb.DropConsentsParams{None: "", Campaign: campaign[:], Ids: [][]byte{id[:]}}); err != nil {
		return err
	}
	return q.EmptyEnvelopes(ctx, identitydb.EmptyEnvelopesParams{Campaign: campaign[:], ID: id[:]})
}

// Erasures implements store.Identity.
func (d *Identity) Erasures(ctx context.Context, campaign store.CampaignID, after store.EntrantID, limit int) (list []store.EntrantErasure, err error) {
	err = d.readSettled(ctx, "list erasures", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := identitydb.New(conn).Erasures(ctx, identitydb.ErasuresParams{Campaign: campaign[:], After: after[:], Most: int64(limit)})
		if err != nil {
			return err
		}
		list, err = each(rows, func(row identitydb.ErasuresRow) (store.EntrantErasure, error) {
			e := store.EntrantErasure{State: store.Erasure(row.State)}
			return e, fill(e.ID[:], row.ID)
		})
		return err
	})
	return list, err
}

// FinishErasure implements store.Identity.
func (d *Identity) FinishErasure(ctx context.Context, campaign store.CampaignID, id store.EntrantID) error {
	return d.write(ctx, "finish erasure", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		if err := unseal(ctx, q, campaign, id); err != nil {
			return err
		}
		n, err := q.EndErasure(ctx, identitydb.EndErasureParams{ToState: int32(store.ErasureDone), Campaign: campaign[:], ID: id[:]})
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}
