package sqlite

import (
	"context"
	"errors"

	"fairlot/store"
)

// PutJob implements store.Jobs.
func (d *Registry) PutJob(ctx context.Context, j store.Job) error {
	return d.write(ctx, "put job", func(t *tx) error {
		_, err := t.exec(`INSERT INTO jobs (id, kind, campaign, draw, run_at, version, holder, attempt, said)
			VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			j.ID[:], j.Kind, j.Campaign[:], j.Draw, unix(j.RunAt), j.Holder[:], j.Attempt, j.Said)
		return err
	})
}

const selectJob = "SELECT id, kind, campaign, draw, run_at, version, holder, attempt, said FROM jobs "

func scanJob(j *store.Job) []any {
	return []any{into(j.ID[:]), &j.Kind, into(j.Campaign[:]), &j.Draw, at{&j.RunAt}, &j.Version, into(j.Holder[:]), &j.Attempt, &j.Said}
}

func (t *tx) job(id store.JobID) (j store.Job, err error) {
	err = t.one(selectJob+"WHERE id = ?", args{id[:]}, scanJob(&j)...)
	return j, err
}

// Job implements store.Jobs.
func (d *Registry) Job(ctx context.Context, id store.JobID) (j store.Job, err error) {
	err = d.read(ctx, "read job", func(t *tx) error {
		j, err = t.job(id)
		return err
	})
	return j, err
}

// Jobs implements store.Jobs.
func (d *Registry) Jobs(ctx context.Context) (list []store.Job, err error) {
	err = d.read(ctx, "list jobs", func(t *tx) error {
		return t.each(selectJob+"ORDER BY id", nil, func(scan func(...any) error) error {
			var j store.Job
			err := scan(scanJob(&j)...)
			list = append(list, j)
			return err
		})
	})
	return list, err
}

// SwapJob implements store.Jobs.
func (d *Registry) SwapJob(ctx context.Context, j store.Job) (swapped store.Job, err error) {
	err = d.write(ctx, "change job", func(t *tx) error {
		if _, err := t.job(j.ID); err != nil {
			return err
		}
		if err := t.swap("UPDATE jobs SET run_at = ?, version = version + 1, holder = ?, attempt = ?, said = ? WHERE id = ? AND version = ?",
			unix(j.RunAt), j.Holder[:], j.Attempt, j.Said, j.ID[:], j.Version); err != nil {
			return err
		}
		swapped, err = t.job(j.ID)
		return err
	})
	if err != nil {
		return store.Job{}, err
	}
	return swapped, nil
}

// DropJob implements store.Jobs.
func (d *Registry) DropJob(ctx context.Context, id store.JobID, version int64) error {
	return d.write(ctx, "drop job", func(t *tx) error {
		err := t.swap("DELETE FROM jobs WHERE id = ? AND version = ?", id[:], version)
		if errors.Is(err, store.ErrConflict) {
			if _, e := t.job(id); errors.Is(e, store.ErrNotFound) {
				return nil
			}
		}
		return err
	})
}
