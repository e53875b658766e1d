package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/answersdb"
	"fairlot/store/postgres/internal/identitydb"
)

// overTime is how long a rewrite waits for the writing transactions that began before it.
const overTime = 30 * time.Second

// rewriter is what the packages of both rooms have.
type rewriter interface {
	WrittenSoFar(ctx context.Context) (int64, error)
	IsOver(ctx context.Context, mark int64) (bool, error)
	RewriteFiles(ctx context.Context) error
}

// rewriteFiles writes tables into new files in the order of their keys and deletes the old files, once no transaction is left that
// might still ask for what was deleted. store.ErrUnavailable if one does not end.
func (d *room) rewriteFiles(ctx context.Context, act string, on func(answersdb.DBTX) rewriter) error {
	var mark int64
	err := d.read(ctx, act, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		mark, err = on(conn).WrittenSoFar(ctx)
		return err
	})
	for began := time.Now(); err == nil; {
		over := false
		err = d.read(ctx, act, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
			over, err = on(conn).IsOver(ctx, mark)
			return err
		})
		if over {
			break
		}
		if err == nil && time.Since(began) > overTime {
			err = classify(ctx, act, store.ErrUnavailable)
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err != nil {
		return err
	}
	return d.writeLong(ctx, act, func(ctx context.Context, tx pgx.Tx) error { return on(tx).RewriteFiles(ctx) })
}

// Scrub implements store.Identity. A deleted row stays in its page until something is written over it. The tables out of which rows go
// are written anew; entries wait meanwhile. What a reading transaction of this database that began earlier (a dump) could still see is
// carried along. Envelopes, by far the largest table, are not touched.
func (d *Identity) Scrub(ctx context.Context) error {
	return d.rewriteFiles(ctx, "scrub identity room", func(db answersdb.DBTX) rewriter { return identitydb.New(db) })
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
	return d.rewriteFiles(ctx, "rewrite responses", func(db answersdb.DBTX) rewriter { return answersdb.New(db) })
}

func rewriteResponses(ctx context.Context, q *answersdb.Queries, campaign store.CampaignID) error {
	var after [16]byte
	for {
		page, err := responses(ctx, q, campaign, after, chunk)
		if err != nil || len(page) == 0 {
			return err
		}
		last := page[len(page)-1].ID
		n, err := q.DeleteResponses(ctx, answersdb.DeleteResponsesParams{Campaign: campaign[:], After: after[:], Last: last[:]})
		if err != nil {
			return err
		}
		if n != int64(len(page)) { // another rewrite got here first
			return errRaced
		}
		if err := putResponses(ctx, q, campaign, page); err != nil {
			return err
		}
		after = last
	}
}

func rewriteTexts(ctx context.Context, q *answersdb.Queries, campaign store.CampaignID) error {
	var after [16]byte
	for {
		page, err := texts(ctx, q, campaign, after, chunk)
		if err != nil || len(page) == 0 {
			return err
		}
		last := page[len(page)-1].ID
		n, err := q.DeleteTexts(ctx, answersdb.DeleteTextsParams{Campaign: campaign[:], After: after[:], Last: last[:]})
		if err != nil {
			return err
		}
		if n != int64(len(page)) {
			return errRaced
		}
		if err := putTexts(ctx, q, campaign, page); err != nil {
			return err
		}
		after = last
	}
}
