package sqlite

import (
	"context"
	"errors"

	"fairlot/store"
)

// Registry implements store.Registry on registry.db.
type Registry struct{ *room }

var _ store.Registry = (*Registry)(nil)

// Installation implements store.Registry.
func (d *Registry) Installation(ctx context.Context) (in store.Installation, err error) {
	err = d.read(ctx, "read installation", func(t *tx) error {
		return t.one("SELECT origin, institution, log_key, receipt_key FROM installation", nil,
			&in.Origin, &in.Institution, &in.LogKey, &in.ReceiptKey)
	})
	return in, err
}

// PutInstallation implements store.Registry.
func (d *Registry) PutInstallation(ctx context.Context, in store.Installation) error {
	return d.write(ctx, "put installation", func(t *tx) error {
		_, err := t.exec("INSERT INTO installation (id, origin, institution, log_key, receipt_key) VALUES (1, ?, ?, ?, ?)",
			in.Origin, in.Institution, in.LogKey, in.ReceiptKey)
		return err
	})
}

const selectCampaign = "SELECT id, slug, state, version, request_id, rules, open_record, tallies, gate_made FROM campaigns "

func scanCampaign(c *store.Campaign) []any {
	return []any{into(c.ID[:]), &c.Slug, &c.State, &c.Version, &c.RequestID, &c.Rules, &c.OpenRecord, &c.Tallies, &c.GateMade}
}

func (t *tx) campaign(id store.CampaignID) (c store.Campaign, err error) {
	err = t.one(selectCampaign+"WHERE id = ?", args{id[:]}, scanCampaign(&c)...)
	return c, err
}

// CreateCampaign implements store.Registry.
func (d *Registry) CreateCampaign(ctx context.Context, c store.Campaign) (made store.Campaign, err error) {
	err = d.write(ctx, "create campaign", func(t *tx) error {
		if c.RequestID != "" {
			err := t.one(selectCampaign+"WHERE request_id = ?1 AND request_id <> ''", args{c.RequestID}, scanCampaign(&made)...)
			if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		_, err := t.exec(`INSERT INTO campaigns (id, slug, state, version, request_id, rules, open_record, tallies)
			VALUES (?, ?, ?, 1, ?, ?, x'', x'')`, c.ID[:], c.Slug, store.Draft, c.RequestID, full(c.Rules))
		if err != nil {
			return err
		}
		made, err = t.campaign(c.ID)
		return err
	})
	if err != nil {
		return store.Campaign{}, err
	}
	return made, nil
}

// UpdateDraft implements store.Registry.
func (d *Registry) UpdateDraft(ctx context.Context, id store.CampaignID, version int64, rules []byte) (c store.Campaign, err error) {
	err = d.write(ctx, "update draft", func(t *tx) error {
		if c, err = t.draft(id, version); err != nil {
			return err
		}
		c.Version, c.Rules = version+1, full(rules)
		_, err := t.exec("UPDATE campaigns SET rules = ?, version = ? WHERE id = ?", c.Rules, c.Version, id[:])
		return err
	})
	if err != nil {
		return store.Campaign{}, err
	}
	return c, nil
}

// DeleteDraft implements store.Registry.
func (d *Registry) DeleteDraft(ctx context.Context, id store.CampaignID, version int64) error {
	return d.write(ctx, "delete draft", func(t *tx) error {
		if _, err := t.draft(id, version); err != nil {
			return err
		}
		_, err := t.exec("DELETE FROM campaigns WHERE id = ?", id[:])
		return err
	})
}

// draft returns a campaign that is in Draft at this version, and store.ErrConflict if it is not.
func (t *tx) draft(id store.CampaignID, version int64) (store.Campaign, error) {
	c, err := t.campaign(id)
	if err == nil && (c.State != store.Draft || c.Version != version) {
		err = store.ErrConflict
	}
	return c, err
}

// Campaign implements store.Registry.
func (d *Registry) Campaign(ctx context.Context, id store.CampaignID) (c store.Campaign, err error) {
	err = d.read(ctx, "read campaign", func(t *tx) error {
		c, err = t.campaign(id)
		return err
	})
	return c, err
}

// CampaignBySlug implements store.Registry.
func (d *Registry) CampaignBySlug(ctx context.Context, slug string) (c store.Campaign, err error) {
	err = d.read(ctx, "read campaign by slug", func(t *tx) error {
		return t.one(selectCampaign+"WHERE slug = ?", args{slug}, scanCampaign(&c)...)
	})
	return c, err
}

// Campaigns implements store.Registry.
func (d *Registry) Campaigns(ctx context.Context, after store.CampaignID, limit int) (list []store.Campaign, err error) {
	err = d.read(ctx, "list campaigns", func(t *tx) error {
		return t.each(selectCampaign+"WHERE id > ? ORDER BY id LIMIT ?", args{after[:], limit}, func(scan func(...any) error) error {
			var c store.Campaign
			err := scan(scanCampaign(&c)...)
			list = append(list, c)
			return err
		})
	})
	return list, err
}

// SetCampaignState implements store.Registry.
func (d *Registry) SetCampaignState(ctx context.Context, id store.CampaignID, from, to store.CampaignState) error {
	return d.write(ctx, "set campaign state", func(t *tx) error {
		c, err := t.campaign(id)
		if err != nil || c.State == to {
			return err
		}
		return t.swap("UPDATE campaigns SET state = ? WHERE id = ? AND state = ?", to, id[:], from)
	})
}

// SetGateMade implements store.Registry.
func (d *Registry) SetGateMade(ctx context.Context, id store.CampaignID) error {
	return d.write(ctx, "record a campaign's gate", func(t *tx) error {
		n, err := t.exec("UPDATE campaigns SET gate_made = 1 WHERE id = ?", id[:])
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// PutTallies implements store.Registry.
func (d *Registry) PutTallies(ctx context.Context, id store.CampaignID, tallies []byte) error {
	return d.write(ctx, "put tallies", func(t *tx) error {
		c, err := t.campaign(id)
		if err != nil || len(c.Tallies) > 0 {
			return err
		}
		_, err = t.exec("UPDATE campaigns SET tallies = ? WHERE id = ?", full(tallies), id[:])
		return err
	})
}

// Draws implements store.Registry.
func (d *Registry) Draws(ctx context.Context, id store.CampaignID) (list []store.Draw, err error) {
	err = d.read(ctx, "list draws", func(t *tx) error {
		return t.each("SELECT n, state, entrants, close, result, ranking FROM draws WHERE campaign = ? ORDER BY n", args{id[:]},
			func(scan func(...any) error) error {
				w := store.Draw{Campaign: id}
				err := scan(&w.N, &w.State, &w.Entrants, &w.Close, &w.Result, &w.Ranking)
				list = append(list, w)
				return err
			})
	})
	return list, err
}
