package postgres

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/judge"
	"fairlot/store/postgres/internal/identitydb"
)

// PutExclusion implements store.Identity.
func (d *Identity) PutExclusion(ctx context.Context, campaign store.CampaignID, x store.Exclusion, tags []store.Hash) error {
	sorted := slices.SortedFunc(slices.Values(tags), func(a, b store.Hash) int { return bytes.Compare(a[:], b[:]) })
	return d.write(ctx, "put exclusion list", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		if err := noGate(ctx, q, campaign); err != nil {
			return err
		}
		written, err := q.PutExclusion(ctx, identitydb.PutExclusionParams{Campaign: campaign[:], Version: x.Version, Mark: x.Mark[:]})
		if err == nil && len(written) == 0 {
			err = store.ErrConflict
		}
		if err != nil {
			return err
		}
		if err := q.DropExcludedTags(ctx, campaign[:]); err != nil {
			return err
		}
		for part := range slices.Chunk(sorted, chunk) {
			p := identitydb.PutExcludedTagsParams{Campaign: campaign[:]}
			for i := range part {
				p.Tags = append(p.Tags, part[i][:])
			}
			if err := q.PutExcludedTags(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// noGate refuses what is done to drafts only.
func noGate(ctx context.Context, q *identitydb.Queries, campaign store.CampaignID) error {
	_, err := gate(ctx, q, campaign)
	switch {
	case err == nil:
		return store.ErrConflict
	case errors.Is(err, store.ErrNotFound):
		return nil
	}
	return err
}

// Exclusion implements store.Identity. A list that is replaced between its two statements has the other's number, and does not fit its mark then.
func (d *Identity) Exclusion(ctx context.Context, campaign store.CampaignID) (x store.Exclusion, err error) {
	err = d.read(ctx, "read exclusion list", func(ctx context.Context, conn *pgxpool.Conn) error {
		q := identitydb.New(conn)
		row, err := q.Exclusion(ctx, campaign[:])
		if err != nil {
			return err
		}
		x.Version = row.Version
		if err := fill(x.Mark[:], row.Mark); err != nil {
			return err
		}
		x.Persons, err = q.ExcludedPersons(ctx, campaign[:])
		return err
	})
	if err != nil {
		return store.Exclusion{}, err
	}
	return x, nil
}

// Exclusions implements store.Identity.
func (d *Identity) Exclusions(ctx context.Context) (all []store.CampaignID, err error) {
	err = d.read(ctx, "list exclusion lists", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := identitydb.New(conn).Exclusions(ctx)
		all = make([]store.CampaignID, len(rows))
		for i, row := range rows {
			err = errors.Join(err, fill(all[i][:], row))
		}
		return err
	})
	return all, err
}

// DropExclusion implements store.Identity.
func (d *Identity) DropExclusion(ctx context.Context, campaign store.CampaignID) error {
	return d.write(ctx, "drop exclusion list", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		if err := noGate(ctx, q, campaign); err != nil {
			return err
		}
		return errors.Join(q.DropExcludedTags(ctx, campaign[:]), q.DropExclusion(ctx, campaign[:]))
	})
}

// Exclude implements store.Identity. Behind a closed gate nobody else changes chances, once what was let in before is settled.
func (d *Identity) Exclude(ctx context.Context, campaign store.CampaignID) error {
	const act = "exclude entrants"
	switch g, err := d.Gate(ctx, campaign); {
	case err != nil:
		return err
	case g.State != store.GateClosed:
		return classify(ctx, act, store.ErrConflict)
	}
	if err := d.settle(ctx, act); err != nil {
		return err
	}
	return d.writeLong(ctx, act, func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		if _, err := q.Exclusion(ctx, campaign[:]); err != nil {
			return err
		}
		ids, err := q.ExcludedEntrants(ctx, campaign[:])
		if err != nil {
			return err
		}
		for part := range slices.Chunk(ids, chunk) {
			if err := q.Exclude(ctx, identitydb.ExcludeParams{Campaign: campaign[:], Ids: part, Zero: judge.Excluded}); err != nil {
				return err
			}
		}
		return nil
	})
}
