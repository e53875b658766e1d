package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/registrydb"
)

// Registry implements store.Registry on the registry's database.
type Registry struct{ *room }

var _ store.Registry = (*Registry)(nil)

// Installation implements store.Registry.
func (d *Registry) Installation(ctx context.Context) (in store.Installation, err error) {
	err = d.read(ctx, "read installation", func(ctx context.Context, conn *pgxpool.Conn) error {
		row, err := registrydb.New(conn).Installation(ctx)
		in = store.Installation(row)
		return err
	})
	return in, err
}

// PutInstallation implements store.Registry.
func (d *Registry) PutInstallation(ctx context.Context, in store.Installation) error {
	return d.write(ctx, "put installation", func(ctx context.Context, tx pgx.Tx) error {
		n, err := registrydb.New(tx).PutInstallation(ctx, registrydb.PutInstallationParams(in))
		if err == nil && n == 0 {
			err = store.ErrExists
		}
		return err
	})
}

func campaign(row registrydb.Campaign) (store.Campaign, error) {
	c := store.Campaign{
		Slug: row.Slug, State: store.CampaignState(row.State), Version: row.Version, RequestID: row.RequestID,
		Rules: row.Rules, OpenRecord: row.OpenRecord, Tallies: row.Tallies, GateMade: row.GateMade,
	}
	return c, fill(c.ID[:], row.ID)
}

// converted applies campaign to what a query returned.
func converted(row registrydb.Campaign, err error) (store.Campaign, error) {
	if err != nil {
		return store.Campaign{}, err
	}
	return campaign(row)
}

// CreateCampaign implements store.Registry.
func (d *Registry) CreateCampaign(ctx context.Context, c store.Campaign) (made store.Campaign, err error) {
	err = d.write(ctx, "create campaign", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		known := func() error {
			if c.RequestID == "" {
				return pgx.ErrNoRows
			}
			made, err = converted(q.CampaignByRequest(ctx, c.RequestID))
			return err
		}
		if err := known(); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		n, err := q.CreateCampaign(ctx, registrydb.CreateCampaignParams{
			ID: c.ID[:], Slug: c.Slug, State: int32(store.Draft), RequestID: c.RequestID, Rules: full(c.Rules),
		})
		if err != nil {
			return err
		}
		if n == 0 { // somebody has one of the three names: perhaps this very request, a moment ago
			if err := known(); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return store.ErrExists
		}
		made, err = converted(q.Campaign(ctx, c.ID[:]))
		return err
	})
	if err != nil {
		return store.Campaign{}, err
	}
	return made, nil
}

// UpdateDraft implements store.Registry.
func (d *Registry) UpdateDraft(ctx context.Context, id store.CampaignID, version int64, rules []byte) (c store.Campaign, err error) {
	err = d.write(ctx, "update draft", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		n, err := q.UpdateDraft(ctx, registrydb.UpdateDraftParams{Rules: full(rules), ID: id[:], Version: version, State: int32(store.Draft)})
		if err != nil {
			return err
		}
		if c, err = converted(q.Campaign(ctx, id[:])); err != nil {
			return err
		}
		return swapped(n, nil)
	})
	if err != nil {
		return store.Campaign{}, err
	}
	return c, nil
}

// DeleteDraft implements store.Registry.
func (d *Registry) DeleteDraft(ctx context.Context, id store.CampaignID, version int64) error {
	return d.write(ctx, "delete draft", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		n, err := q.DeleteDraft(ctx, registrydb.DeleteDraftParams{ID: id[:], Version: version, State: int32(store.Draft)})
		if err != nil || n == 1 {
			return err
		}
		if _, err := q.Campaign(ctx, id[:]); err != nil {
			return err
		}
		return store.ErrConflict
	})
}

// Campaign implements store.Registry.
func (d *Registry) Campaign(ctx context.Context, id store.CampaignID) (c store.Campaign, err error) {
	err = d.read(ctx, "read campaign", func(ctx context.Context, conn *pgxpool.Conn) error {
		c, err = converted(registrydb.New(conn).Campaign(ctx, id[:]))
		return err
	})
	return c, err
}

// CampaignBySlug implements store.Registry.
func (d *Registry) CampaignBySlug(ctx context.Context, slug string) (c store.Campaign, err error) {
	err = d.read(ctx, "read campaign by slug", func(ctx context.Context, conn *pgxpool.Conn) error {
		c, err = converted(registrydb.New(conn).CampaignBySlug(ctx, slug))
		return err
	})
	return c, err
}

// Campaigns implements store.Registry.
func (d *Registry) Campaigns(ctx context.Context, after store.CampaignID, limit int) (list []store.Campaign, err error) {
	err = d.read(ctx, "list campaigns", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := registrydb.New(conn).Campaigns(ctx, registrydb.CampaignsParams{After: after[:], Most: int64(limit)})
		if err != nil {
			return err
		}
		list, err = each(rows, campaign)
		return err
	})
	return list, err
}

// SetCampaignState implements store.Registry.
func (d *Registry) SetCampaignState(ctx context.Context, id store.CampaignID, from, to store.CampaignState) error {
	return d.write(ctx, "set campaign state", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		n, err := q.SwapCampaignState(ctx, registrydb.SwapCampaignStateParams{ToState: int32(to), ID: id[:], FromState: int32(from)})
		if err != nil || n == 1 {
			return err
		}
		c, err := q.Campaign(ctx, id[:])
		if err == nil && c.State != int32(to) {
			err = store.ErrConflict
		}
		return err
	})
}

// SetGateMade implements store.Registry.
func (d *Registry) SetGateMade(ctx context.Context, id store.CampaignID) error {
	return d.write(ctx, "record a campaign's gate", func(ctx context.Context, tx pgx.Tx) error {
		n, err := registrydb.New(tx).SetGateMade(ctx, id[:])
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// PutTallies implements store.Registry.
func (d *Registry) PutTallies(ctx context.Context, id store.CampaignID, tallies []byte) error {
	return d.write(ctx, "put tallies", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		n, err := q.PutTallies(ctx, registrydb.PutTalliesParams{Tallies: full(tallies), ID: id[:]})
		if err == nil && n == 0 {
			_, err = q.Campaign(ctx, id[:])
		}
		return err
	})
}

// Draws implements store.Registry.
func (d *Registry) Draws(ctx context.Context, id store.CampaignID) (list []store.Draw, err error) {
	err = d.read(ctx, "list draws", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := registrydb.New(conn).Draws(ctx, id[:])
		if err != nil {
			return err
		}
		list, err = each(rows, func(w registrydb.DrawsRow) (store.Draw, error) {
			return store.Draw{
				Campaign: id, N: int(w.N), State: store.DrawState(w.State), Entrants: w.Entrants, Close: w.Close, Result: w.Result, Ranking: w.Ranking,
			}, nil
		})
		return err
	})
	return list, err
}
