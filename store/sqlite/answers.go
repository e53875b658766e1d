package sqlite

import (
	"context"

	"fairlot/store"
)

// Answers implements store.Answers on answers.db.
type Answers struct{ *room }

var _ store.Answers = (*Answers)(nil)

// PutMixed implements store.Answers.
func (d *Answers) PutMixed(ctx context.Context, campaign store.CampaignID, first, last uint32, responses []store.Response, texts []store.Text) error {
	return d.writeThen(ctx, "put mixed batch", func(t *tx) error {
		if last < first {
			return store.ErrConflict
		}
		var mixed int64
		if err := t.one("SELECT count(*) FROM mixed WHERE campaign = ? AND epoch BETWEEN ? AND ?", args{campaign[:], first, last}, &mixed); err != nil {
			return err
		}
		switch mixed {
		case int64(last) - int64(first) + 1:
			return nil
		case 0:
		default:
			return store.ErrConflict
		}
		for _, r := range responses {
			if _, err := t.exec("INSERT INTO responses (campaign, id, secret, consents, closed) VALUES (?, ?, ?, ?, ?)",
				campaign[:], r.ID[:], r.Secret[:], r.Consents, r.Closed); err != nil {
				return err
			}
		}
		for _, x := range texts {
			if _, err := t.exec("INSERT INTO texts (campaign, id, question, body) VALUES (?, ?, ?, ?)",
				campaign[:], x.ID[:], x.Question, x.Text); err != nil {
				return err
			}
		}
		for e := int64(first); e <= int64(last); e++ {
			if _, err := t.exec("INSERT INTO mixed (campaign, epoch) VALUES (?, ?)", campaign[:], e); err != nil {
				return err
			}
		}
		return nil
	}, d.truncateLog)
}

// Mixed implements store.Answers.
func (d *Answers) Mixed(ctx context.Context, campaign store.CampaignID, epoch uint32) (mixed bool, err error) {
	err = d.read(ctx, "read mixed epoch", func(t *tx) error {
		return t.one("SELECT EXISTS (SELECT 1 FROM mixed WHERE campaign = ? AND epoch = ?)", args{campaign[:], epoch}, &mixed)
	})
	return mixed, err
}

// LastMixed implements store.Answers.
func (d *Answers) LastMixed(ctx context.Context, campaign store.CampaignID) (epoch uint32, err error) {
	err = d.read(ctx, "read last mixed epoch", func(t *tx) error {
		return t.one("SELECT coalesce(max(epoch), 0) FROM mixed WHERE campaign = ?", args{campaign[:]}, &epoch)
	})
	return epoch, err
}

// Responses implements store.Answers.
func (d *Answers) Responses(ctx context.Context, campaign store.CampaignID, after [16]byte, limit int) (list []store.Response, err error) {
	err = d.read(ctx, "read responses", func(t *tx) error {
		return t.each("SELECT id, secret, consents, closed FROM responses WHERE campaign = ? AND id > ? ORDER BY id LIMIT ?",
			args{campaign[:], after[:], limit}, func(scan func(...any) error) error {
				var r store.Response
				err := scan(into(r.ID[:]), into(r.Secret[:]), &r.Consents, &r.Closed)
				list = append(list, r)
				return err
			})
	})
	return list, err
}

// Texts implements store.Answers.
func (d *Answers) Texts(ctx context.Context, campaign store.CampaignID, after [16]byte, limit int) (list []store.Text, err error) {
	err = d.read(ctx, "read texts", func(t *tx) error {
		return t.each("SELECT id, question, body FROM texts WHERE campaign = ? AND id > ? ORDER BY id LIMIT ?",
			args{campaign[:], after[:], limit}, func(scan func(...any) error) error {
				var x store.Text
				err := scan(into(x.ID[:]), &x.Question, &x.Text)
				list = append(list, x)
				return err
			})
	})
	return list, err
}
