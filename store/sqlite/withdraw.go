package sqlite

import (
	"context"

	"fairlot/store"
)

// ResponseOf implements store.Answers.
func (d *Answers) ResponseOf(ctx context.Context, campaign store.CampaignID, secret store.Hash) (r store.Response, err error) {
	err = d.read(ctx, "read one response", func(t *tx) error {
		return t.one("SELECT id, secret, consents, closed FROM responses WHERE campaign = ? AND secret = ? ORDER BY id LIMIT 1",
			args{campaign[:], secret[:]}, into(r.ID[:]), into(r.Secret[:]), &r.Consents, &r.Closed)
	})
	return r, err
}

// Withdraw implements store.Answers.
func (d *Answers) Withdraw(ctx context.Context, campaign store.CampaignID, secret store.Hash) error {
	return d.writeThen(ctx, "withdraw response", func(t *tx) error {
		_, err := t.exec("DELETE FROM responses WHERE campaign = ? AND secret = ?", campaign[:], secret[:])
		return err
	}, d.truncateLog)
}
