package sqlite

import (
	"context"
	"errors"

	"fairlot/store"
	"fairlot/store/judge"
)

// Erase implements store.Identity.
func (d *Identity) Erase(ctx context.Context, campaign store.CampaignID, id store.EntrantID, zero string, tag *store.Hash) (state store.Erasure, err error) {
	err = d.writeThen(ctx, "erase entrant", func(t *tx) error {
		g, err := t.gate(campaign)
		if err != nil {
			return err
		}
		e, err := t.entrant(campaign, id)
		if err != nil {
			return err
		}
		corrected := 0
		if e.Zero == judge.Superseded && zero != judge.Superseded {
			if err := t.one("SELECT count(*) FROM envelopes WHERE campaign = ? AND id = ? AND length(locks) = 0", args{campaign[:], id[:]}, &corrected); err != nil {
				return err
			}
		}
		var fresh bool
		if state, fresh, err = judge.Erasure(g.State, e, corrected > 0, tag != nil); err != nil || !fresh {
			return err
		}
		if state == store.ErasureWaits {
			_, err := t.exec("INSERT INTO erasures (campaign, id, state) VALUES (?, ?, ?)", campaign[:], id[:], state)
			return err
		}
		if tag != nil {
			var holder store.EntrantID
			err := t.one("SELECT id FROM tags WHERE campaign = ? AND tag = ?", args{campaign[:], tag[:]}, into(holder[:]))
			if err == nil && holder != id || errors.Is(err, store.ErrNotFound) {
				err = store.ErrConflict
			}
			if err != nil {
				return err
			}
		}
		if _, err := t.exec("DELETE FROM tags WHERE campaign = ? AND id = ?", campaign[:], id[:]); err != nil {
			return err
		}
		if w := judge.Waiter(e); zero != judge.Superseded {
			if _, err := t.exec("UPDATE pending SET dropped = 1 WHERE campaign = ? AND id = ? AND epoch = ?", campaign[:], w.ID[:], w.Epoch); err != nil {
				return err
			}
		}
		if _, err := t.exec("UPDATE entrants SET chances = 0, zero = ? WHERE campaign = ? AND id = ?", zero, campaign[:], id[:]); err != nil {
			return err
		}
		return t.unseal(campaign, id)
	}, d.truncateLog)
	if err != nil {
		return 0, err
	}
	return state, nil
}

// unseal empties an entrant's envelopes. The row stays, so that the same entry sent again is known.
func (t *tx) unseal(campaign store.CampaignID, id store.EntrantID) error {
	if _, err := t.exec("UPDATE envelopes SET locks = x'', identity = NULL, contact = NULL WHERE campaign = ? AND id = ?", campaign[:], id[:]); err != nil {
		return err
	}
	_, err := t.exec("UPDATE entrants SET consents = '' WHERE campaign = ? AND id = ?", campaign[:], id[:])
	return err
}

// Erasures implements store.Identity.
func (d *Identity) Erasures(ctx context.Context, campaign store.CampaignID, after store.EntrantID, limit int) (list []store.EntrantErasure, err error) {
	err = d.read(ctx, "list erasures", func(t *tx) error {
		return t.each("SELECT id, state FROM erasures WHERE campaign = ? AND id > ? ORDER BY id LIMIT ?",
			args{campaign[:], after[:], limit}, func(scan func(...any) error) error {
				var e store.EntrantErasure
				err := scan(into(e.ID[:]), &e.State)
				list = append(list, e)
				return err
			})
	})
	return list, err
}

// FinishErasure implements store.Identity.
func (d *Identity) FinishErasure(ctx context.Context, campaign store.CampaignID, id store.EntrantID) error {
	return d.writeThen(ctx, "finish erasure", func(t *tx) error {
		n, err := t.exec("UPDATE erasures SET state = ? WHERE campaign = ? AND id = ?", store.ErasureDone, campaign[:], id[:])
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		return t.unseal(campaign, id)
	}, d.truncateLog)
}
