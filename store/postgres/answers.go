package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/answersdb"
)

// Answers implements store.Answers on the answers' database.
type Answers struct{ *room }

var _ store.Answers = (*Answers)(nil)

// chunk is how many rows go to the server in one statement.
const chunk = 2000

// PutMixed implements store.Answers.
func (d *Answers) PutMixed(ctx context.Context, campaign store.CampaignID, first, last uint32, responses []store.Response, texts []store.Text) error {
	return d.write(ctx, "put mixed batch", func(ctx context.Context, tx pgx.Tx) error {
		if last < first {
			return store.ErrConflict
		}
		q := answersdb.New(tx)
		epochs := make([]int64, 0, last-first+1)
		for e := int64(first); e <= int64(last); e++ {
			epochs = append(epochs, e)
		}
		// First of all, because another mixer of the same batch waits here until this one has committed.
		switch put, err := q.PutMixedEpochs(ctx, answersdb.PutMixedEpochsParams{Campaign: campaign[:], Epochs: epochs}); {
		case err != nil:
			return err
		case len(put) == 0:
			return nil
		case len(put) < len(epochs):
			return store.ErrConflict
		}
		for part := range slices.Chunk(responses, chunk) {
			if err := putResponses(ctx, q, campaign, part); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(texts, chunk) {
			if err := putTexts(ctx, q, campaign, part); err != nil {
				return err
			}
		}
		return nil
	})
}

// putResponses inserts rows in the order given.
func putResponses(ctx context.Context, q *answersdb.Queries, campaign store.CampaignID, list []store.Response) error {
	p := answersdb.PutResponsesParams{Campaign: campaign[:]}
	for i := range list {
		r := &list[i]
		p.Ids, p.Secrets = append(p.Ids, r.ID[:]), append(p.Secrets, r.Secret[:])
		p.Consents, p.Closed = append(p.Consents, int32(r.Consents)), append(p.Closed, r.Closed)
	}
	put, err := q.PutResponses(ctx, p)
	if err == nil && len(put) < len(list) {
		err = store.ErrExists
	}
	return err
}

func putTexts(ctx context.Context, q *answersdb.Queries, campaign store.CampaignID, list []store.Text) error {
	p := answersdb.PutTextsParams{Campaign: campaign[:]}
	for i := range list {
		x := &list[i]
		p.Ids, p.Questions, p.Bodies = append(p.Ids, x.ID[:]), append(p.Questions, []byte(x.Question)), append(p.Bodies, []byte(x.Text))
	}
	put, err := q.PutTexts(ctx, p)
	if err == nil && len(put) < len(list) {
		err = store.ErrExists
	}
	return err
}

// Mixed implements store.Answers.
func (d *Answers) Mixed(ctx context.Context, campaign store.CampaignID, epoch uint32) (mixed bool, err error) {
	err = d.read(ctx, "read mixed epoch", func(ctx context.Context, conn *pgxpool.Conn) error {
		n, err := answersdb.New(conn).MixedEpochs(ctx, answersdb.MixedEpochsParams{Campaign: campaign[:], First: int64(epoch), Last: int64(epoch)})
		mixed = n > 0
		return err
	})
	return mixed, err
}

// LastMixed implements store.Answers.
func (d *Answers) LastMixed(ctx context.Context, campaign store.CampaignID) (epoch uint32, err error) {
	err = d.read(ctx, "read last mixed epoch", func(ctx context.Context, conn *pgxpool.Conn) error {
		n, err := answersdb.New(conn).LastMixed(ctx, campaign[:])
		epoch = uint32(n)
		return err
	})
	return epoch, err
}

// Responses implements store.Answers.
func (d *Answers) Responses(ctx context.Context, campaign store.CampaignID, after [16]byte, limit int) (list []store.Response, err error) {
	err = d.readSettled(ctx, "read responses", func(ctx context.Context, conn *pgxpool.Conn) error {
		list, err = responses(ctx, answersdb.New(conn), campaign, after, limit)
		return err
	})
	return list, err
}

func responses(ctx context.Context, q *answersdb.Queries, campaign store.CampaignID, after [16]byte, limit int) ([]store.Response, error) {
	rows, err := q.Responses(ctx, answersdb.ResponsesParams{Campaign: campaign[:], After: after[:], Most: int64(limit)})
	if err != nil {
		return nil, err
	}
	return each(rows, func(row answersdb.ResponsesRow) (store.Response, error) {
		r := store.Response{Consents: uint16(row.Consents), Closed: row.Closed}
		return r, errors.Join(fill(r.ID[:], row.ID), fill(r.Secret[:], row.Secret))
	})
}

// Texts implements store.Answers.
func (d *Answers) Texts(ctx context.Context, campaign store.CampaignID, after [16]byte, limit int) (list []store.Text, err error) {
	err = d.readSettled(ctx, "read texts", func(ctx context.Context, conn *pgxpool.Conn) error {
		list, err = texts(ctx, answersdb.New(conn), campaign, after, limit)
		return err
	})
	return list, err
}

func texts(ctx context.Context, q *answersdb.Queries, campaign store.CampaignID, after [16]byte, limit int) ([]store.Text, error) {
	rows, err := q.Texts(ctx, answersdb.TextsParams{Campaign: campaign[:], After: after[:], Most: int64(limit)})
	if err != nil {
		return nil, err
	}
	return each(rows, func(row answersdb.TextsRow) (store.Text, error) {
		x := store.Text{Question: string(row.Question), Text: string(row.Body)}
		return x, fill(x.ID[:], row.ID)
	})
}
