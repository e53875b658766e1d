package sqlite

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"fairlot/store"
	"fairlot/store/judge"
)

// PutExclusion implements store.Identity.
func (d *Identity) PutExclusion(ctx context.Context, campaign store.CampaignID, x store.Exclusion, tags []store.Hash) error {
	sorted := slices.SortedFunc(slices.Values(tags), func(a, b store.Hash) int { return bytes.Compare(a[:], b[:]) })
	return d.write(ctx, "put exclusion list", func(t *tx) error {
		if err := t.noGate(campaign); err != nil {
			return err
		}
		if err := t.swap(`INSERT INTO exclusions (campaign, version, mark) VALUES (?, ?, ?)
			ON CONFLICT (campaign) DO UPDATE SET version = excluded.version, mark = excluded.mark WHERE exclusions.version <= excluded.version`,
			campaign[:], x.Version, x.Mark[:]); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM excluded_tags WHERE campaign = ?", campaign[:]); err != nil {
			return err
		}
		for _, tag := range sorted {
			if _, err := t.exec("INSERT INTO excluded_tags (campaign, tag) VALUES (?, ?)", campaign[:], tag[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// noGate refuses what is done to drafts only.
func (t *tx) noGate(campaign store.CampaignID) error {
	_, err := t.gate(campaign)
	switch {
	case err == nil:
		return store.ErrConflict
	case errors.Is(err, store.ErrNotFound):
		return nil
	}
	return err
}

// Exclusion implements store.Identity.
func (d *Identity) Exclusion(ctx context.Context, campaign store.CampaignID) (x store.Exclusion, err error) {
	err = d.read(ctx, "read exclusion list", func(t *tx) error {
		if err := t.one("SELECT version, mark FROM exclusions WHERE campaign = ?", args{campaign[:]}, &x.Version, into(x.Mark[:])); err != nil {
			return err
		}
		return t.one("SELECT count(*) FROM excluded_tags WHERE campaign = ?", args{campaign[:]}, &x.Persons)
	})
	if err != nil {
		return store.Exclusion{}, err
	}
	return x, nil
}

// Exclusions implements store.Identity.
func (d *Identity) Exclusions(ctx context.Context) (all []store.CampaignID, err error) {
	err = d.read(ctx, "list exclusion lists", func(t *tx) error {
		all = nil
		return t.each("SELECT campaign FROM exclusions", nil, func(scan func(...any) error) error {
			var id store.CampaignID
			err := scan(into(id[:]))
			all = append(all, id)
			return err
		})
	})
	return all, err
}

// DropExclusion implements store.Identity. The log is not emptied, which a reader could keep from happening: without their key, which is destroyed before, tags say nothing.
func (d *Identity) DropExclusion(ctx context.Context, campaign store.CampaignID) error {
	return d.write(ctx, "drop exclusion list", func(t *tx) error {
		if err := t.noGate(campaign); err != nil {
			return err
		}
		for _, table := range []string{"excluded_tags", "exclusions"} {
			if _, err := t.exec("DELETE FROM "+table+" WHERE campaign = ?", campaign[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Exclude implements store.Identity.
func (d *Identity) Exclude(ctx context.Context, campaign store.CampaignID) error {
	return d.write(ctx, "exclude entrants", func(t *tx) error {
		switch g, err := t.gate(campaign); {
		case err != nil:
			return err
		case g.State != store.GateClosed:
			return store.ErrConflict
		}
		var version int64
		if err := t.one("SELECT version FROM exclusions WHERE campaign = ?", args{campaign[:]}, &version); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE entrants SET chances = 0, zero = ?1 WHERE campaign = ?2 AND zero = '' AND chances > 0 AND id IN (
			SELECT t.id FROM tags t JOIN excluded_tags x ON x.campaign = t.campaign AND x.tag = t.tag WHERE t.campaign = ?2)`, judge.Excluded, campaign[:])
		return err
	})
}
