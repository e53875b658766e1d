package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
	"fairlot/store/postgres/internal/answersdb"
	"fairlot/store/postgres/internal/identitydb"
)

// Scrub implements store.Identity. A deleted row stays in its page until something is written over it. The tables out of which rows go
// are written into new files in the order of their keys, and the old files are deleted; entries wait meanwhile. Rows that an open
// transaction of another connection could still see are carried along. Envelopes, by far the largest table, are not touched.
func (d *Identity) Scrub(ctx context.Context) error {
	return d.writeLong(ctx, "scrub identity room", func(ctx context.Context, tx pgx.Tx) error {
		return identitydb.New(tx).RewriteFiles(ctx)
	})
}

// Rewrite implements store.Answers. Every row is deleted and inserted again by one transaction in the order of ids, because a row keeps
// the number of the transaction that wrote it, and a batch had one of its own. Then the tables are written into new files.
func (d *Answers) Rewrite(ctx context.Context, campaign store.CampaignID) error {
	err := d.writeLong(ctx, "rewrite responses", func(ctx context.Context, tx pgx.Tx) error {
		q := answersdb.New(tx)
		if err := rewriteResponses(ctx, q, campaign); err != nil {
			return err
		}
		return rewriteTexts(ctx, q, campaign)
	})
	if err != nil {
		return err
	}
	// In a transaction of its own: before the first has committed, the old rows could not be left behind.
	return d.writeLong(ctx, "rewrite responses", func(ctx context.Context, tx pgx.Tx) error {
		return answersdb.New(tx).RewriteFiles(ctx)
	})
}

func rewriteResponses(ctx context.Context, q *answersdb.Queries, campaign store.CampaignID) error {
	var after [16]byte
	for {
		page, err := responses(ctx, q, campaign, after, chunk)
		if err != nil || len(page) == 0 {
			return err
		}
		ids := make([][]byte, len(page))
		for i := range page {
			ids[i] = page[i].ID[:]
		}
		after = page[len(page)-1].ID
		n, err := q.DeleteResponses(ctx, answersdb.DeleteResponsesParams{Campaign: campaign[:], Ids: ids})
		if err != nil {
			return err
		}
		if n != int64(len(page)) { // another rewrite got here first
			return errRaced
		}
		if err := putResponses(ctx, q, campaign, page); err != nil {
			return err
		}
	}
}

func rewriteTexts(ctx context.Context, q *answersdb.Queries, campaign store.CampaignID) error {
	var after [16]byte
	for {
		page, err := texts(ctx, q, campaign, after, chunk)
		if err != nil || len(page) == 0 {
			return err
		}
		ids := make([][]byte, len(page))
		for i := range page {
			ids[i] = page[i].ID[:]
		}
		after = page[len(page)-1].ID
		n, err := q.DeleteTexts(ctx, answersdb.DeleteTextsParams{Campaign: campaign[:], Ids: ids})
		if err != nil {
			return err
		}
		if n != int64(len(page)) {
			return errRaced
		}
		if err := putTexts(ctx, q, campaign, page); err != nil {
			return err
		}
	}
}
