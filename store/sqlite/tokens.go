package sqlite

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"fairlot/store"
	"fairlot/store/judge"
)

// PutEntryTokens implements store.Identity.
func (d *Identity) PutEntryTokens(ctx context.Context, campaign store.CampaignID, tokens []store.EntryToken) error {
	// By hash: the order in which codes were made is often the order of the list they are handed out from.
	sorted := slices.SortedFunc(slices.Values(tokens), func(a, b store.EntryToken) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	return d.write(ctx, "put entry tokens", func(t *tx) error {
		for _, k := range sorted {
			n, err := t.exec("INSERT INTO entry_tokens (campaign, hash, chances, stratum, expires, state, refusals) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
				campaign[:], k.Hash[:], k.Chances, k.Stratum, unix(k.Expires), judge.TokenUnused, noRefusals)
			if err != nil {
				return err
			}
			if n == 1 {
				continue
			}
			var same bool // there already: fine if it is this one, used or not
			if err := t.one("SELECT chances = ? AND stratum = ? AND expires = ? FROM entry_tokens WHERE campaign = ? AND hash = ?",
				args{k.Chances, k.Stratum, unix(k.Expires), campaign[:], k.Hash[:]}, &same); err != nil {
				return err
			}
			if !same {
				return store.ErrExists
			}
		}
		return nil
	})
}

// RevokeEntryTokens implements store.Identity.
func (d *Identity) RevokeEntryTokens(ctx context.Context, campaign store.CampaignID, hashes []store.Hash) (int, error) {
	revoked := 0
	err := d.write(ctx, "revoke entry tokens", func(t *tx) error {
		for _, h := range hashes {
			err := t.swap("UPDATE entry_tokens SET state = ? WHERE campaign = ? AND hash = ? AND state = ?",
				judge.TokenRevoked, campaign[:], h[:], judge.TokenUnused)
			if errors.Is(err, store.ErrConflict) {
				continue
			}
			if err != nil {
				return err
			}
			revoked++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return revoked, nil
}
