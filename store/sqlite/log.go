package sqlite

import (
	"bytes"
	"context"

	"fairlot/store"
)

func (t *tx) logSize() (n int64, err error) {
	err = t.one("SELECT coalesce(max(n) + 1, 0) FROM log", nil, &n)
	return n, err
}

// LogSize implements store.Registry.
func (d *Registry) LogSize(ctx context.Context) (n int64, err error) {
	err = d.read(ctx, "read log size", func(t *tx) error {
		n, err = t.logSize()
		return err
	})
	return n, err
}

// LogRecords implements store.Registry.
func (d *Registry) LogRecords(ctx context.Context, start int64, limit int) (list [][]byte, err error) {
	err = d.read(ctx, "read log", func(t *tx) error {
		return t.each("SELECT record FROM log WHERE n >= ? ORDER BY n LIMIT ?", args{start, limit}, func(scan func(...any) error) error {
			var b []byte
			err := scan(&b)
			list = append(list, b)
			return err
		})
	})
	return list, err
}

// Append implements store.Registry.
func (d *Registry) Append(ctx context.Context, size int64, record []byte, tr store.Transition) error {
	return d.write(ctx, "append record", func(t *tx) error {
		n, err := t.logSize()
		if err != nil {
			return err
		}
		if n != size { // another writer was faster: the caller's record may rest on a log that is no more
			return store.ErrConflict
		}
		if _, err := t.exec("INSERT INTO log (n, record) VALUES (?, ?)", size, full(record)); err != nil {
			return err
		}
		return t.transition(tr)
	})
}

func (t *tx) transition(tr store.Transition) error {
	id := tr.Campaign[:]
	if tr.From != 0 || tr.To != 0 {
		query, a := "UPDATE campaigns SET state = ? WHERE id = ? AND state = ?", args{tr.To, id, tr.From}
		if tr.From == store.Draft {
			query, a = query+" AND version = ?", append(a, tr.Version)
		}
		if err := t.swap(query, a...); err != nil {
			return err
		}
	}
	if len(tr.OpenRecord) > 0 {
		if err := t.swap("UPDATE campaigns SET open_record = ? WHERE id = ?", tr.OpenRecord, id); err != nil {
			return err
		}
	}
	for n := 1; n <= tr.Draws; n++ {
		_, err := t.exec("INSERT INTO draws (campaign, n, state, entrants, close, result, ranking) VALUES (?, ?, ?, 0, x'', x'', x'')",
			id, n, store.DrawPending)
		if err != nil {
			return err
		}
	}
	for hash, body := range tr.Files {
		if _, err := t.exec("INSERT INTO files (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING", hash[:], full(body)); err != nil {
			return err
		}
	}
	if tr.Draw == 0 {
		return nil
	}
	if err := t.swap("UPDATE draws SET state = ? WHERE campaign = ? AND n = ? AND state = ?", tr.DrawTo, id, tr.Draw, tr.DrawFrom); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE draws SET entrants = CASE WHEN ?1 = 0 THEN entrants ELSE ?1 END,
		close = coalesce(?2, close), result = coalesce(?3, result), ranking = coalesce(?4, ranking) WHERE campaign = ?5 AND n = ?6`,
		tr.Entrants, tr.Close, tr.Result, tr.Ranking, id, tr.Draw)
	return err
}

// PutCheckpoint implements store.Registry.
func (d *Registry) PutCheckpoint(ctx context.Context, size int64, note []byte) error {
	return d.write(ctx, "put checkpoint", func(t *tx) error {
		_, err := t.exec("INSERT INTO checkpoints (size, note) VALUES (?, ?) ON CONFLICT (size) DO NOTHING", size, full(note))
		return err
	})
}

func (t *tx) checkpoint(size int64) (note []byte, err error) {
	err = t.one("SELECT note FROM checkpoints WHERE size = ?", args{size}, &note)
	return note, err
}

// SwapCheckpoint implements store.Registry.
func (d *Registry) SwapCheckpoint(ctx context.Context, size int64, old, new []byte) error {
	return d.write(ctx, "swap checkpoint", func(t *tx) error {
		have, err := t.checkpoint(size)
		if err != nil {
			return err
		}
		if !bytes.Equal(have, old) { // a cosignature came in between: add to that note, or it is lost
			return store.ErrConflict
		}
		_, err = t.exec("UPDATE checkpoints SET note = ? WHERE size = ?", full(new), size)
		return err
	})
}

// Checkpoint implements store.Registry.
func (d *Registry) Checkpoint(ctx context.Context, size int64) (note []byte, err error) {
	err = d.read(ctx, "read checkpoint", func(t *tx) error {
		note, err = t.checkpoint(size)
		return err
	})
	return note, err
}

// CheckpointSizes implements store.Registry.
func (d *Registry) CheckpointSizes(ctx context.Context) (list []int64, err error) {
	err = d.read(ctx, "list checkpoints", func(t *tx) error {
		return t.each("SELECT size FROM checkpoints ORDER BY size", nil, func(scan func(...any) error) error {
			var n int64
			err := scan(&n)
			list = append(list, n)
			return err
		})
	})
	return list, err
}

// File implements store.Registry.
func (d *Registry) File(ctx context.Context, hash store.Hash) (body []byte, err error) {
	err = d.read(ctx, "read file", func(t *tx) error {
		return t.one("SELECT body FROM files WHERE hash = ?", args{hash[:]}, &body)
	})
	return body, err
}
