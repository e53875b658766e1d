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

// clearedAtOnce is how many responses one transaction drops, so that entries have their turn in between.
const clearedAtOnce = 64

// ClearBatch implements store.Identity.
func (d *Identity) ClearBatch(ctx context.Context, campaign store.CampaignID, first, last uint32) error {
	const act = "clear batch"
	for more := true; more; {
		if err := d.write(ctx, act, func(t *tx) error {
			var one int
			if err := t.one("SELECT 1 FROM batches WHERE campaign = ? AND first = ? AND last = ?", args{campaign[:], first, last}, &one); err != nil {
				return err
			}
			n, err := t.exec(`DELETE FROM pending WHERE campaign = ?1 AND (epoch, id) IN
				(SELECT epoch, id FROM pending WHERE campaign = ?1 AND epoch BETWEEN ?2 AND ?3 LIMIT ?4)`, campaign[:], first, last, clearedAtOnce)
			more = n > 0
			return err
		}); err != nil {
			return err
		}
	}
	// Nothing of them may be left in the log once the batch counts as cleared: after a failure or a crash before that, all this is done again.
	d.moveLog(ctx)
	if err := d.writeThen(ctx, act, func(*tx) error { return nil }, d.truncateLog); err != nil {
		return err
	}
	return d.write(ctx, act, func(t *tx) error {
		return t.swap("UPDATE batches SET cleared = 1 WHERE campaign = ? AND first = ? AND last = ?", campaign[:], first, last)
	})
}
