package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/identitydb"
)

// PutClaim implements store.Identity.
func (d *Identity) PutClaim(ctx context.Context, campaign store.CampaignID, draw int, c store.Claim) error {
	return d.write(ctx, "put claim", func(ctx context.Context, tx pgx.Tx) error {
		n, err := identitydb.New(tx).PutClaim(ctx, identitydb.PutClaimParams{
			Campaign: campaign[:], Draw: int32(draw), Stratum: int32(c.Stratum), Rank: c.Rank, Day: c.Day, Label: []byte(c.Label), Way: c.Way,
		})
		if err == nil && n == 0 {
			return store.ErrExists
		}
		return err
	})
}

// DropClaim implements store.Identity.
func (d *Identity) DropClaim(ctx context.Context, campaign store.CampaignID, draw, stratum int, rank int64) error {
	return d.write(ctx, "drop claim", func(ctx context.Context, tx pgx.Tx) error {
		return identitydb.New(tx).DropClaim(ctx, identitydb.DropClaimParams{Campaign: campaign[:], Draw: int32(draw), Stratum: int32(stratum), Rank: rank})
	})
}

// Claims implements store.Identity.
func (d *Identity) Claims(ctx context.Context, campaign store.CampaignID, draw int) (list []store.Claim, err error) {
	err = d.read(ctx, "list claims", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := identitydb.New(conn).Claims(ctx, identitydb.ClaimsParams{Campaign: campaign[:], Draw: int32(draw)})
		if err != nil {
			return err
		}
		list, err = each(rows, func(row identitydb.ClaimsRow) (store.Claim, error) {
			return store.Claim{Stratum: int(row.Stratum), Rank: row.Rank, Day: row.Day, Label: string(row.Label), Way: row.Way}, nil
		})
		return err
	})
	return list, err
}
