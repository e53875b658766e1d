package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/identitydb"
	"fairlot/store/postgres/internal/registrydb"
)

func zeroOne(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// PutCase implements store.Registry.
func (d *Registry) PutCase(ctx context.Context, c store.Case) error {
	return d.write(ctx, "put case", func(ctx context.Context, tx pgx.Tx) error {
		n, err := registrydb.New(tx).PutCase(ctx, registrydb.PutCaseParams{ID: c.ID[:], Campaign: c.Campaign[:], Closed: zeroOne(c.Over), Body: full(c.Body)})
		if err == nil && n == 0 {
			err = store.ErrExists
		}
		return err
	})
}

func oneCase(row registrydb.Case) (store.Case, error) {
	c := store.Case{Over: row.Closed == 1, Version: row.Version, Body: row.Body}
	return c, errors.Join(fill(c.ID[:], row.ID), fill(c.Campaign[:], row.Campaign))
}

// Case implements store.Registry.
func (d *Registry) Case(ctx context.Context, id [16]byte) (c store.Case, err error) {
	err = d.read(ctx, "read case", func(ctx context.Context, conn *pgxpool.Conn) error {
		row, err := registrydb.New(conn).ReadCase(ctx, id[:])
		if err == nil {
			c, err = oneCase(row)
		}
		return err
	})
	return c, err
}

// Cases implements store.Registry.
func (d *Registry) Cases(ctx context.Context, unfinished bool, after [16]byte, limit int) (list []store.Case, err error) {
	err = d.read(ctx, "list cases", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := registrydb.New(conn).Cases(ctx, registrydb.CasesParams{After: after[:], Last: zeroOne(!unfinished), Most: int64(limit)})
		if err != nil {
			return err
		}
		list, err = each(rows, oneCase)
		return err
	})
	return list, err
}

// SwapCase implements store.Registry.
func (d *Registry) SwapCase(ctx context.Context, c store.Case) error {
	return d.write(ctx, "change case", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		err := swapped(q.SwapCase(ctx, registrydb.SwapCaseParams{Closed: zeroOne(c.Over), Body: full(c.Body), ID: c.ID[:], Version: c.Version}))
		if errors.Is(err, store.ErrConflict) {
			if _, absent := q.ReadCase(ctx, c.ID[:]); absent != nil {
				err = absent
			}
		}
		return err
	})
}

// PutCaseEntrants implements store.Identity.
func (d *Identity) PutCaseEntrants(ctx context.Context, campaign store.CampaignID, id [16]byte, e store.CaseEntrants) error {
	ids := make([]byte, 0, 16*len(e.IDs))
	for _, one := range e.IDs {
		ids = append(ids, one[:]...)
	}
	return d.write(ctx, "put whom a case names", func(ctx context.Context, tx pgx.Tx) error {
		n, err := identitydb.New(tx).PutCaseEntrants(ctx, identitydb.PutCaseEntrantsParams{Campaign: campaign[:], ID: id[:], Salt: e.Salt[:], Ids: ids})
		if err == nil && n == 0 {
			err = store.ErrExists
		}
		return err
	})
}

// CaseEntrants implements store.Identity.
func (d *Identity) CaseEntrants(ctx context.Context, campaign store.CampaignID, id [16]byte) (e store.CaseEntrants, err error) {
	err = d.read(ctx, "read whom a case names", func(ctx context.Context, conn *pgxpool.Conn) error {
		row, err := identitydb.New(conn).CaseEntrants(ctx, identitydb.CaseEntrantsParams{Campaign: campaign[:], ID: id[:]})
		if err != nil {
			return err
		}
		err = fill(e.Salt[:], row.Salt)
		for part := range slices.Chunk(row.Ids, 16) {
			var one store.EntrantID
			err = errors.Join(err, fill(one[:], part))
			e.IDs = append(e.IDs, one)
		}
		return err
	})
	return e, err
}
