package sqlite

import (
	"context"

	"fairlot/store"
)

func (t *tx) batches(campaign store.CampaignID) (list []store.Batch, err error) {
	err = t.each("SELECT first, last, cleared FROM batches WHERE campaign = ? ORDER BY first", args{campaign[:]},
		func(scan func(...any) error) error {
			var b store.Batch
			err := scan(&b.First, &b.Last, &b.Cleared)
			list = append(list, b)
			return err
		})
	return list, err
}

// PutBatch implements store.Identity.
func (d *Identity) PutBatch(ctx context.Context, campaign store.CampaignID, b store.Batch) error {
	return d.write(ctx, "put batch", func(t *tx) error {
		have, err := t.batches(campaign)
		if err != nil {
			return err
		}
		next := uint32(1)
		for _, h := range have {
			if h.First == b.First && h.Last == b.Last {
				return nil
			}
			next = h.Last + 1
		}
		if b.First != next || b.Last < b.First {
			return store.ErrConflict
		}
		_, err = t.exec("INSERT INTO batches (campaign, first, last, cleared) VALUES (?, ?, ?, 0)", campaign[:], b.First, b.Last)
		return err
	})
}

// Batches implements store.Identity.
func (d *Identity) Batches(ctx context.Context, campaign store.CampaignID) (list []store.Batch, err error) {
	err = d.read(ctx, "list batches", func(t *tx) error {
		list, err = t.batches(campaign)
		return err
	})
	return list, err
}

// SealedResponses implements store.Identity.
func (d *Identity) SealedResponses(ctx context.Context, campaign store.CampaignID, first, last uint32, after store.EntrantID, limit int) (list []store.SealedResponse, err error) {
	err = d.read(ctx, "read sealed responses", func(t *tx) error {
		return t.each(`SELECT id, epoch, dropped, response FROM pending
			WHERE campaign = ? AND epoch BETWEEN ? AND ? AND id > ? AND response IS NOT NULL ORDER BY id LIMIT ?`,
			args{campaign[:], first, last, after[:], limit}, func(scan func(...any) error) error {
				var r store.SealedResponse
				err := scan(into(r.ID[:]), &r.Epoch, &r.Dropped, &r.Response)
				list = append(list, r)
				return err
			})
	})
	return list, err
}

// ClearBatch implements store.Identity.
func (d *Identity) ClearBatch(ctx context.Context, campaign store.CampaignID, first, last uint32) error {
	return d.writeThen(ctx, "clear batch", func(t *tx) error {
		n, err := t.exec("UPDATE batches SET cleared = 1 WHERE campaign = ? AND first = ? AND last = ?", campaign[:], first, last)
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrNotFound
		}
		_, err = t.exec("DELETE FROM pending WHERE campaign = ? AND epoch BETWEEN ? AND ?", campaign[:], first, last)
		return err
	}, truncateLog)
}
