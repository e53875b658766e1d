package postgres

import (
	"bytes"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
	"fairlot/store/judge"
	"fairlot/store/postgres/internal/identitydb"
)

// PutEntryTokens implements store.Identity.
func (d *Identity) PutEntryTokens(ctx context.Context, campaign store.CampaignID, tokens []store.EntryToken) error {
	// By hash: the order in which codes were made is often the order of the list they are handed out from.
	sorted := slices.SortedFunc(slices.Values(tokens), func(a, b store.EntryToken) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	return d.write(ctx, "put entry tokens", func(ctx context.Context, tx pgx.Tx) error {
		q := identitydb.New(tx)
		for part := range slices.Chunk(sorted, chunk) {
			if err := putTokens(ctx, q, campaign, part); err != nil {
				return err
			}
		}
		return nil
	})
}

func putTokens(ctx context.Context, q *identitydb.Queries, campaign store.CampaignID, tokens []store.EntryToken) error {
	p := identitydb.PutEntryTokensParams{Campaign: campaign[:], State: judge.TokenUnused}
	for i := range tokens {
		k := &tokens[i]
		p.Hashes, p.Expires = append(p.Hashes, k.Hash[:]), append(p.Expires, unix(k.Expires))
		p.Chances, p.Strata = append(p.Chances, int32(k.Chances)), append(p.Strata, int32(k.Stratum))
	}
	if err := q.PutEntryTokens(ctx, p); err != nil {
		return err
	}
	rows, err := q.EntryTokens(ctx, identitydb.EntryTokensParams{Campaign: campaign[:], Hashes: p.Hashes})
	if err != nil {
		return err
	}
	type terms struct {
		chances, stratum int32
		expires          int64
	}
	stored := make(map[string]terms, len(rows))
	for _, row := range rows {
		stored[string(row.Hash)] = terms{row.Chances, row.Stratum, row.Expires}
	}
	for i := range p.Hashes { // there already: fine if it is this one, used or not
		if stored[string(p.Hashes[i])] != (terms{p.Chances[i], p.Strata[i], p.Expires[i]}) {
			return store.ErrExists
		}
	}
	return nil
}

// RevokeEntryTokens implements store.Identity.
func (d *Identity) RevokeEntryTokens(ctx context.Context, campaign store.CampaignID, hashes []store.Hash) (int, error) {
	sorted := slices.SortedFunc(slices.Values(hashes), func(a, b store.Hash) int { return bytes.Compare(a[:], b[:]) })
	revoked := 0
	err := d.write(ctx, "revoke entry tokens", func(ctx context.Context, tx pgx.Tx) error {
		revoked = 0
		q := identitydb.New(tx)
		for part := range slices.Chunk(sorted, chunk) {
			p := identitydb.SwapEntryTokensParams{ToState: judge.TokenRevoked, Campaign: campaign[:], FromState: judge.TokenUnused}
			for i := range part {
				p.Hashes = append(p.Hashes, part[i][:])
			}
			n, err := q.SwapEntryTokens(ctx, p)
			if err != nil {
				return err
			}
			revoked += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return revoked, nil
}
