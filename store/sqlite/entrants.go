package sqlite

import (
	"context"
	"encoding/binary"
	"errors"

	"fairlot/store"
)

func (t *tx) entrant(campaign store.CampaignID, id store.EntrantID) (store.Entrant, error) {
	e := store.Entrant{ID: id}
	var mac, waits []byte
	err := t.one(`SELECT e.epoch, e.stratum, e.chances, e.zero, e.person, p.retry_mac, coalesce(x.state, 0), e.tries, e.waits, e.waits_epoch
		FROM entrants e LEFT JOIN pending p ON p.campaign = e.campaign AND p.epoch = e.epoch AND p.id = e.id
			LEFT JOIN erasures x ON x.campaign = e.campaign AND x.id = e.id
		WHERE e.campaign = ? AND e.id = ?`, args{campaign[:], id[:]},
		&e.Epoch, &e.Stratum, &e.Chances, &e.Zero, into(e.Person[:]), &mac, &e.Erasure, &e.Tries, &waits, &e.Waits.Epoch)
	if err == nil && waits != nil {
		err = into(e.Waits.ID[:]).Scan(waits)
	}
	if err == nil && mac != nil {
		err = into(e.RetryMAC[:]).Scan(mac)
	}
	e.Mixed = mac == nil
	if err != nil {
		return store.Entrant{}, err
	}
	return e, nil
}

// Entrant implements store.Identity.
func (d *Identity) Entrant(ctx context.Context, campaign store.CampaignID, id store.EntrantID) (e store.Entrant, err error) {
	err = d.read(ctx, "read entrant", func(t *tx) error {
		e, err = t.entrant(campaign, id)
		return err
	})
	return e, err
}

// EpochCounted implements store.Identity.
func (d *Identity) EpochCounted(ctx context.Context, campaign store.CampaignID, epoch uint32) (kept, dropped int64, err error) {
	err = d.read(ctx, "count epoch", func(t *tx) error {
		return t.one("SELECT count(*) FILTER (WHERE NOT dropped), count(*) FILTER (WHERE dropped) FROM pending WHERE campaign = ? AND epoch = ?",
			args{campaign[:], epoch}, &kept, &dropped)
	})
	return kept, dropped, err
}

// Leaves implements store.Identity.
func (d *Identity) Leaves(ctx context.Context, campaign store.CampaignID, after store.EntrantID, limit int) (list []store.Leaf, err error) {
	err = d.read(ctx, "read leaves", func(t *tx) error {
		return t.each("SELECT id, stratum, chances, person FROM entrants WHERE campaign = ? AND id > ? ORDER BY id LIMIT ?",
			args{campaign[:], after[:], limit}, func(scan func(...any) error) error {
				var l store.Leaf
				err := scan(into(l.ID[:]), &l.Stratum, &l.Chances, into(l.Person[:]))
				list = append(list, l)
				return err
			})
	})
	return list, err
}

// Sealed implements store.Identity.
func (d *Identity) Sealed(ctx context.Context, campaign store.CampaignID, ids []store.EntrantID) ([]store.Sealed, error) {
	list := make([]store.Sealed, len(ids))
	err := d.read(ctx, "read envelopes", func(t *tx) error {
		for i, id := range ids {
			s := &list[i]
			s.ID = id
			var locks []byte
			err := t.one("SELECT locks, identity, contact FROM envelopes WHERE campaign = ? AND id = ?", args{campaign[:], id[:]},
				&locks, &s.Identity, &s.Contact)
			if err != nil {
				return err
			}
			if s.Lock, err = splitFrames(locks); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// joinFrames puts byte strings into one: u32 big-endian length and bytes, each.
func joinFrames(list [][]byte) []byte {
	out := []byte{}
	for _, b := range list {
		out = binary.BigEndian.AppendUint32(out, uint32(len(b)))
		out = append(out, b...)
	}
	return out
}

func splitFrames(b []byte) (list [][]byte, err error) {
	for len(b) > 0 {
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
			return nil, errors.New("frames are cut short")
		}
		n := 4 + int(binary.BigEndian.Uint32(b))
		list, b = append(list, b[4:n:n]), b[n:]
	}
	return list, nil
}
