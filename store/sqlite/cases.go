package sqlite

import (
	"context"
	"errors"
	"slices"

	"fairlot/store"
)

const selectCase = "SELECT id, campaign, closed, version, body FROM cases "

func scanCase(c *store.Case) []any {
	return []any{into(c.ID[:]), into(c.Campaign[:]), &c.Over, &c.Version, &c.Body}
}

func zeroOne(b bool) int {
	if b {
		return 1
	}
	return 0
}

// PutCase implements store.Registry.
func (d *Registry) PutCase(ctx context.Context, c store.Case) error {
	return d.write(ctx, "put case", func(t *tx) error {
		_, err := t.exec("INSERT INTO cases (id, campaign, closed, version, body) VALUES (?, ?, ?, 1, ?)", c.ID[:], c.Campaign[:], zeroOne(c.Over), full(c.Body))
		return err
	})
}

// Case implements store.Registry.
func (d *Registry) Case(ctx context.Context, id [16]byte) (c store.Case, err error) {
	err = d.read(ctx, "read case", func(t *tx) error {
		return t.one(selectCase+"WHERE id = ?", args{id[:]}, scanCase(&c)...)
	})
	return c, err
}

// Cases implements store.Registry.
func (d *Registry) Cases(ctx context.Context, unfinished bool, after [16]byte, limit int) (list []store.Case, err error) {
	err = d.read(ctx, "list cases", func(t *tx) error {
		return t.each(selectCase+"WHERE id > ? AND closed <= ? ORDER BY id LIMIT ?", args{after[:], zeroOne(!unfinished), limit}, func(scan func(...any) error) error {
			var c store.Case
			err := scan(scanCase(&c)...)
			list = append(list, c)
			return err
		})
	})
	return list, err
}

// SwapCase implements store.Registry.
func (d *Registry) SwapCase(ctx context.Context, c store.Case) error {
	return d.write(ctx, "change case", func(t *tx) error {
		n, err := t.exec("UPDATE cases SET closed = ?, version = version + 1, body = ? WHERE id = ? AND version = ?", zeroOne(c.Over), full(c.Body), c.ID[:], c.Version)
		if err != nil || n > 0 {
			return err
		}
		var present int64
		if err := t.one("SELECT version FROM cases WHERE id = ?", args{c.ID[:]}, &present); err != nil {
			return err
		}
		return store.ErrConflict
	})
}

// PutCaseEntrants implements store.Identity.
func (d *Identity) PutCaseEntrants(ctx context.Context, campaign store.CampaignID, id [16]byte, e store.CaseEntrants) error {
	return d.write(ctx, "put whom a case names", func(t *tx) error {
		_, err := t.exec("INSERT INTO case_entrants (campaign, id, salt, ids) VALUES (?, ?, ?, ?)", campaign[:], id[:], e.Salt[:], joinIDs(e.IDs))
		return err
	})
}

// CaseEntrants implements store.Identity.
func (d *Identity) CaseEntrants(ctx context.Context, campaign store.CampaignID, id [16]byte) (e store.CaseEntrants, err error) {
	err = d.read(ctx, "read whom a case names", func(t *tx) error {
		var ids []byte
		err := t.one("SELECT salt, ids FROM case_entrants WHERE campaign = ? AND id = ?", args{campaign[:], id[:]}, into(e.Salt[:]), &ids)
		for chunk := range slices.Chunk(ids, 16) {
			var one store.EntrantID
			err = errors.Join(err, into(one[:]).Scan(chunk))
			e.IDs = append(e.IDs, one)
		}
		return err
	})
	return e, err
}
