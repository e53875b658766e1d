package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/registrydb"
)

// PutJob implements store.Jobs.
func (d *Registry) PutJob(ctx context.Context, j store.Job) error {
	return d.write(ctx, "put job", func(ctx context.Context, tx pgx.Tx) error {
		return registrydb.New(tx).PutJob(ctx, registrydb.PutJobParams{
			ID: j.ID[:], Kind: j.Kind, Campaign: j.Campaign[:], Draw: int32(j.Draw), RunAt: unix(j.RunAt),
			Holder: j.Holder[:], Attempt: int32(j.Attempt), Said: j.Said,
		})
	})
}

func job(row registrydb.Job) (store.Job, error) {
	j := store.Job{Kind: row.Kind, Draw: int(row.Draw), RunAt: at(row.RunAt), Version: row.Version, Attempt: int(row.Attempt), Said: row.Said}
	return j, errors.Join(fill(j.ID[:], row.ID), fill(j.Campaign[:], row.Campaign), fill(j.Holder[:], row.Holder))
}

// Job implements store.Jobs.
func (d *Registry) Job(ctx context.Context, id store.JobID) (j store.Job, err error) {
	err = d.read(ctx, "read job", func(ctx context.Context, conn *pgxpool.Conn) error {
		row, err := registrydb.New(conn).Job(ctx, id[:])
		if err == nil {
			j, err = job(row)
		}
		return err
	})
	return j, err
}

// Jobs implements store.Jobs.
func (d *Registry) Jobs(ctx context.Context) (list []store.Job, err error) {
	err = d.read(ctx, "list jobs", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := registrydb.New(conn).Jobs(ctx)
		if err != nil {
			return err
		}
		list, err = each(rows, job)
		return err
	})
	return list, err
}

// SwapJob implements store.Jobs.
func (d *Registry) SwapJob(ctx context.Context, j store.Job) (swapped store.Job, err error) {
	err = d.write(ctx, "change job", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		n, err := q.SwapJob(ctx, registrydb.SwapJobParams{
			RunAt: unix(j.RunAt), Holder: j.Holder[:], Attempt: int32(j.Attempt), Said: j.Said, ID: j.ID[:], Version: j.Version,
		})
		if err != nil {
			return err
		}
		row, err := q.Job(ctx, j.ID[:])
		if err == nil && n == 0 {
			err = store.ErrConflict
		}
		if err == nil {
			swapped, err = job(row)
		}
		return err
	})
	if err != nil {
		return store.Job{}, err
	}
	return swapped, nil
}

// DropJob implements store.Jobs.
func (d *Registry) DropJob(ctx context.Context, id store.JobID, version int64) error {
	return d.write(ctx, "drop job", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		n, err := q.DropJob(ctx, registrydb.DropJobParams{ID: id[:], Version: version})
		if err != nil || n > 0 {
			return err
		}
		if _, err = q.Job(ctx, id[:]); errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err == nil {
			err = store.ErrConflict
		}
		return err
	})
}
