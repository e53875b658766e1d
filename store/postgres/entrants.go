package postgres

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/identitydb"
)

// entrant reads one row. pgx.ErrNoRows.
func entrant(ctx context.Context, q *identitydb.Queries, campaign store.CampaignID, id []byte) (store.Entrant, error) {
	row, err := q.Entrant(ctx, identitydb.EntrantParams{Campaign: campaign[:], ID: id})
	if err != nil {
		return store.Entrant{}, err
	}
	e := store.Entrant{
		Epoch: uint32(row.Epoch), Stratum: uint16(row.Stratum), Chances: uint16(row.Chances), Zero: row.Zero, Mixed: row.RetryMac == nil,
		Erasure: store.Erasure(row.Erasure), Tries: int(row.Tries), Waits: store.Waiting{Epoch: uint32(row.WaitsEpoch)},
	}
	err = errors.Join(fill(e.ID[:], row.ID), fill(e.Person[:], row.Person))
	if !e.Mixed {
		err = errors.Join(err, fill(e.RetryMAC[:], row.RetryMac))
	}
	if row.Waits != nil {
		err = errors.Join(err, fill(e.Waits.ID[:], row.Waits))
	}
	return e, err
}

// Entrant implements store.Identity.
func (d *Identity) Entrant(ctx context.Context, campaign store.CampaignID, id store.EntrantID) (e store.Entrant, err error) {
	err = d.read(ctx, "read entrant", func(ctx context.Context, conn *pgxpool.Conn) error {
		e, err = entrant(ctx, identitydb.New(conn), campaign, id[:])
		return err
	})
	return e, err
}

// EpochCounted implements store.Identity.
func (d *Identity) EpochCounted(ctx context.Context, campaign store.CampaignID, epoch uint32) (kept, dropped int64, err error) {
	err = d.readSettled(ctx, "count epoch", func(ctx context.Context, conn *pgxpool.Conn) error {
		row, err := identitydb.New(conn).EpochCounted(ctx, identitydb.EpochCountedParams{Campaign: campaign[:], Epoch: int64(epoch)})
		kept, dropped = row.Kept, row.Dropped
		return err
	})
	return kept, dropped, err
}

// Leaves implements store.Identity.
func (d *Identity) Leaves(ctx context.Context, campaign store.CampaignID, after store.EntrantID, limit int) (list []store.Leaf, err error) {
	err = d.readSettled(ctx, "read leaves", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := identitydb.New(conn).Leaves(ctx, identitydb.LeavesParams{Campaign: campaign[:], After: after[:], Most: int64(limit)})
		if err != nil {
			return err
		}
		list, err = each(rows, func(row identitydb.LeavesRow) (store.Leaf, error) {
			l := store.Leaf{Stratum: uint16(row.Stratum), Chances: uint16(row.Chances)}
			return l, errors.Join(fill(l.ID[:], row.ID), fill(l.Person[:], row.Person))
		})
		return err
	})
	return list, err
}

// Sealed implements store.Identity.
func (d *Identity) Sealed(ctx context.Context, campaign store.CampaignID, ids []store.EntrantID) (list []store.Sealed, err error) {
	err = d.read(ctx, "read envelopes", func(ctx context.Context, conn *pgxpool.Conn) error {
		keys := make([][]byte, len(ids))
		for i := range ids {
			keys[i] = ids[i][:]
		}
		rows, err := identitydb.New(conn).Envelopes(ctx, identitydb.EnvelopesParams{Campaign: campaign[:], Ids: keys})
		if err != nil {
			return err
		}
		there := make(map[store.EntrantID]store.Sealed, len(rows))
		for _, row := range rows {
			s := store.Sealed{Identity: row.Identity, Contact: row.Contact}
			if err := fill(s.ID[:], row.ID); err != nil {
				return err
			}
			if s.Lock, err = splitFrames(row.Locks); err != nil {
				return err
			}
			there[s.ID] = s
		}
		list = make([]store.Sealed, len(ids))
		for i, id := range ids {
			var ok bool
			if list[i], ok = there[id]; !ok {
				return store.ErrNotFound
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
			return nil, errLength
		}
		n := 4 + int(binary.BigEndian.Uint32(b))
		list, b = append(list, b[4:n:n]), b[n:]
	}
	return list, nil
}
