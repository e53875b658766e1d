package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/answersdb"
)

// ResponseOf implements store.Answers.
func (d *Answers) ResponseOf(ctx context.Context, campaign store.CampaignID, secret store.Hash) (r store.Response, err error) {
	err = d.read(ctx, "read one response", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := answersdb.New(conn).ResponsesOf(ctx, answersdb.ResponsesOfParams{Campaign: campaign[:], Secret: secret[:]})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return store.ErrNotFound
		}
		r = store.Response{Consents: uint16(rows[0].Consents), Closed: rows[0].Closed}
		return errors.Join(fill(r.ID[:], rows[0].ID), fill(r.Secret[:], rows[0].Secret))
	})
	return r, err
}

// Withdraw implements store.Answers. A rewrite that is under way puts rows anew, which a statement of before does not see: so it looks once more.
func (d *Answers) Withdraw(ctx context.Context, campaign store.CampaignID, secret store.Hash) error {
	return d.write(ctx, "withdraw response", func(ctx context.Context, tx pgx.Tx) error {
		q := answersdb.New(tx)
		if _, err := q.DropResponsesOf(ctx, answersdb.DropResponsesOfParams{Campaign: campaign[:], Secret: secret[:]}); err != nil {
			return err
		}
		left, err := q.ResponsesOf(ctx, answersdb.ResponsesOfParams{Campaign: campaign[:], Secret: secret[:]})
		if err == nil && len(left) > 0 {
			err = errRaced
		}
		return err
	})
}
