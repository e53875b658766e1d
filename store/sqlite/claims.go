package sqlite

import (
	"context"

	"fairlot/store"
)

// PutClaim implements store.Identity.
func (d *Identity) PutClaim(ctx context.Context, campaign store.CampaignID, draw int, c store.Claim) error {
	return d.write(ctx, "put claim", func(t *tx) error {
		n, err := t.exec("INSERT INTO claims (campaign, draw, stratum, rank, day, label, way) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			campaign[:], draw, c.Stratum, c.Rank, c.Day, []byte(c.Label), c.Way)
		if err == nil && n == 0 {
			return store.ErrExists
		}
		return err
	})
}

// DropClaim implements store.Identity.
func (d *Identity) DropClaim(ctx context.Context, campaign store.CampaignID, draw, stratum int, rank int64) error {
	return d.write(ctx, "drop claim", func(t *tx) error {
		_, err := t.exec("DELETE FROM claims"+noticeKey, campaign[:], draw, stratum, rank)
		return err
	})
}

// Claims implements store.Identity.
func (d *Identity) Claims(ctx context.Context, campaign store.CampaignID, draw int) (list []store.Claim, err error) {
	err = d.read(ctx, "list claims", func(t *tx) error {
		return t.each("SELECT stratum, rank, day, label, way FROM claims WHERE campaign = ? AND draw = ? ORDER BY stratum, rank",
			args{campaign[:], draw}, func(scan func(...any) error) error {
				var (
					c     store.Claim
					label []byte
				)
				err := scan(&c.Stratum, &c.Rank, &c.Day, &label, &c.Way)
				c.Label = string(label)
				list = append(list, c)
				return err
			})
	})
	return list, err
}
