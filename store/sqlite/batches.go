package sqlite

import (
	"context"
	"time"

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

// A transaction that drops responses is short, so that entries have their turn in between: a first one drops this many, and a later one
// twice as many as the one before or half, so that it takes about this long.
const (
	clearedFirst = 64
	clearedMost  = 8192
	clearedTime  = 5 * time.Millisecond
)

// ClearBatch implements store.Identity.
func (d *Identity) ClearBatch(ctx context.Context, campaign store.CampaignID, first, last uint32) error {
	const act = "clear batch"
	limit := clearedFirst
	for more := true; more; {
		var took time.Duration
		if err := d.write(ctx, act, func(t *tx) error {
			began := time.Now()
			defer func() { took = time.Since(began) }()
			var one int
			if err := t.one("SELECT 1 FROM batches WHERE campaign = ? AND first = ? AND last = ?", args{campaign[:], first, last}, &one); err != nil {
				return err
			}
			n, err := t.exec(`DELETE FROM pending WHERE campaign = ?1 AND (epoch, id) IN
				(SELECT epoch, id FROM pending WHERE campaign = ?1 AND epoch BETWEEN ?2 AND ?3 LIMIT ?4)`, campaign[:], first, last, limit)
			if more = n > 0; more || err != nil {
				return err
			}
			_, err = t.exec("UPDATE entrants SET waits = NULL, waits_epoch = 0 WHERE campaign = ? AND waits_epoch BETWEEN ? AND ? AND waits IS NOT NULL", campaign[:], first, last)
			return err
		}); err != nil {
			return err
		}
		switch {
		case took < clearedTime/2:
			limit = min(2*limit, clearedMost)
		case took > clearedTime:
			limit = max(limit/2, clearedFirst)
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
