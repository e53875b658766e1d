package sqlite

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"fairlot/store"
)

const (
	noticeKey   = " WHERE campaign = ? AND draw = ? AND stratum = ? AND rank = ?"
	noticeFirst = 1 // state of a notice that nobody has worked on
)

// PutRelease implements store.Identity.
func (d *Identity) PutRelease(ctx context.Context, campaign store.CampaignID, draw int, r store.Release, notices []store.Notification) error {
	ids := joinIDs(r.IDs)
	return d.write(ctx, "put release", func(t *tx) error {
		known, again := map[store.EntrantID]bool{}, false
		err := t.each("SELECT ids FROM releases WHERE campaign = ? AND draw = ? AND purpose = ?", args{campaign[:], draw, r.Purpose}, func(scan func(...any) error) error {
			var have []byte
			if err := scan(&have); err != nil {
				return err
			}
			again = again || len(ids) > 0 && slices.Equal(have, ids)
			for chunk := range slices.Chunk(have, 16) {
				known[store.EntrantID(chunk)] = true
			}
			return nil
		})
		if err != nil || again {
			return err
		}
		if slices.ContainsFunc(r.IDs, func(id store.EntrantID) bool { return known[id] }) {
			return store.ErrExists
		}
		if _, err := t.exec(`INSERT INTO releases (campaign, draw, n, opened, ids, purpose)
			SELECT ?1, ?2, coalesce(max(n) + 1, 1), ?3, ?4, ?5 FROM releases WHERE campaign = ?1 AND draw = ?2`,
			campaign[:], draw, r.Opened[:], ids, r.Purpose); err != nil {
			return err
		}
		for _, n := range notices {
			// A winner released a second time keeps the notice: it may have been sent.
			if _, err := t.exec(`INSERT INTO notices (campaign, draw, stratum, rank, state, attempts, updated)
				VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING`,
				campaign[:], draw, n.Stratum, n.Rank, noticeFirst, unix(n.Updated)); err != nil {
				return err
			}
		}
		return nil
	})
}

func joinIDs(ids []store.EntrantID) []byte {
	out := make([]byte, 0, 16*len(ids))
	for _, id := range ids {
		out = append(out, id[:]...)
	}
	return out
}

// Releases implements store.Identity.
func (d *Identity) Releases(ctx context.Context, campaign store.CampaignID, draw int) (list []store.Release, err error) {
	err = d.read(ctx, "list releases", func(t *tx) error {
		return t.each("SELECT opened, ids, purpose FROM releases WHERE campaign = ? AND draw = ? ORDER BY n", args{campaign[:], draw},
			func(scan func(...any) error) error {
				var (
					r   store.Release
					ids []byte
				)
				err := scan(into(r.Opened[:]), &ids, &r.Purpose)
				for chunk := range slices.Chunk(ids, 16) {
					var id store.EntrantID
					err = errors.Join(err, into(id[:]).Scan(chunk))
					r.IDs = append(r.IDs, id)
				}
				list = append(list, r)
				return err
			})
	})
	return list, err
}

// Notifications implements store.Identity.
func (d *Identity) Notifications(ctx context.Context, campaign store.CampaignID, draw int) (list []store.Notification, err error) {
	err = d.read(ctx, "list notices", func(t *tx) error {
		return t.each("SELECT stratum, rank, state, attempts, updated FROM notices WHERE campaign = ? AND draw = ? ORDER BY stratum, rank",
			args{campaign[:], draw}, func(scan func(...any) error) error {
				var n store.Notification
				err := scan(&n.Stratum, &n.Rank, &n.State, &n.Attempts, at{&n.Updated})
				list = append(list, n)
				return err
			})
	})
	return list, err
}

// SetNotification implements store.Identity.
func (d *Identity) SetNotification(ctx context.Context, campaign store.CampaignID, draw, stratum int, rank int64, from, to store.NotificationState, attempt bool, now store.Time) (store.Notification, error) {
	n := store.Notification{Stratum: stratum, Rank: rank}
	err := d.write(ctx, "set notice", func(t *tx) error {
		key := args{campaign[:], draw, stratum, rank}
		if err := t.one("SELECT state, attempts FROM notices"+noticeKey, key, &n.State, &n.Attempts); err != nil {
			return err
		}
		if n.State != from { // another mailer took it: two would send it twice
			return store.ErrConflict
		}
		n.State = to
		if attempt {
			n.Attempts++
		}
		if err := (at{&n.Updated}).Scan(unix(now)); err != nil {
			return err
		}
		_, err := t.exec("UPDATE notices SET state = ?, attempts = ?, updated = ?"+noticeKey, append(args{n.State, n.Attempts, unix(now)}, key...)...)
		return err
	})
	if err != nil {
		return store.Notification{}, err
	}
	return n, nil
}

// DropSealed implements store.Identity. The rows of one call are those up to an id, so that pages are freed whole.
func (d *Identity) DropSealed(ctx context.Context, campaign store.CampaignID, keep []store.EntrantID, limit int) (done bool, err error) {
	const kept = " AND id NOT IN (SELECT unhex(value) FROM json_each(?))" // one parameter: of more than 32,766 SQLite refuses the statement
	list := make([]string, len(keep))
	for i, id := range keep {
		list[i] = hex.EncodeToString(id[:])
	}
	ids, err := json.Marshal(list)
	if err != nil {
		return false, err
	}
	err = d.writeThen(ctx, "drop envelopes", func(t *tx) error {
		var last store.EntrantID
		err := t.one("SELECT id FROM envelopes WHERE campaign = ?"+kept+" ORDER BY id LIMIT 1 OFFSET ?", args{campaign[:], string(ids), limit - 1}, into(last[:]))
		if done = errors.Is(err, store.ErrNotFound); done { // fewer are left: all of them, and what goes with the last
			for i := range last {
				last[i] = 0xff
			}
			err = nil
			for _, table := range []string{"releases", "notices", "claims", "erasures", "case_entrants"} {
				if len(keep) > 0 {
					break
				}
				if _, err := t.exec("DELETE FROM "+table+" WHERE campaign = ?", campaign[:]); err != nil {
					return err
				}
			}
		}
		if err != nil {
			return err
		}
		upTo := args{campaign[:], last[:], string(ids)}
		if _, err := t.exec("DELETE FROM envelopes WHERE campaign = ? AND id <= ?"+kept, upTo...); err != nil {
			return err
		}
		_, err = t.exec("UPDATE entrants SET consents = '' WHERE campaign = ? AND id <= ? AND consents <> ''"+kept, upTo...)
		return err
	}, d.truncateLog)
	return done && err == nil, err
}
