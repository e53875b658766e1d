package sqlite

import (
	"context"
	"errors"
	"time"

	"fairlot/store"
	"fairlot/store/judge"
)

// Correct implements store.Identity.
func (d *Identity) Correct(ctx context.Context, now func() time.Time, old store.EntrantID, e store.Entry) (r store.EntryResult, err error) {
	err = d.writeThen(ctx, "correct entry", func(t *tx) error {
		c := e.Campaign
		gate, err := t.gate(c)
		if err != nil {
			return err
		}
		was, err := t.entrant(c, old)
		if err != nil {
			return err
		}
		var there *store.Entrant
		if row, err := t.entrant(c, e.ID); err == nil {
			there = &row
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if r, err = judge.Correct(gate, now(), was, there); err != nil || r.Outcome != 0 {
			return err
		}
		before, after := judge.TagRow(*e.Tag, old, was.Zero), judge.TagRow(*e.Tag, e.ID, was.Zero)
		var holder store.EntrantID
		err = t.one("SELECT id FROM tags WHERE campaign = ? AND tag = ?", args{c[:], before[:]}, into(holder[:]))
		if errors.Is(err, store.ErrNotFound) || err == nil && holder != old {
			r.Outcome, r.Tries = store.OtherPerson, was.Tries+1
			_, err = t.exec("UPDATE entrants SET tries = tries + 1 WHERE campaign = ? AND id = ?", c[:], old[:])
			return err
		}
		if err != nil {
			return err
		}
		var waits []byte
		w := judge.Waits(was)
		if w.Epoch != 0 {
			waits = w.ID[:]
		}
		for _, s := range []struct {
			query string
			args  args
		}{
			{"DELETE FROM tags WHERE campaign = ? AND tag = ?", args{c[:], before[:]}},
			{"INSERT INTO tags (campaign, tag, id) VALUES (?, ?, ?)", args{c[:], after[:], e.ID[:]}},
			{`INSERT INTO entrants (campaign, id, epoch, stratum, chances, zero, person, consents, tries, waits, waits_epoch)
				SELECT campaign, ?, 0, ?, chances, zero, ?, consents, tries + 1, ?, ? FROM entrants WHERE campaign = ? AND id = ?`,
				args{e.ID[:], e.Stratum, e.Person[:], waits, w.Epoch, c[:], old[:]}},
			{"INSERT INTO envelopes (campaign, id, locks, identity, contact) VALUES (?, ?, ?, ?, ?)",
				args{c[:], e.ID[:], joinFrames(e.Lock), e.Identity, e.Contact}},
			{"UPDATE entrants SET chances = 0, zero = ? WHERE campaign = ? AND id = ?", args{judge.Superseded, c[:], old[:]}},
			{`INSERT INTO days (campaign, day, entrants) VALUES (?, ?, 1)
				ON CONFLICT (campaign, day) DO UPDATE SET entrants = entrants + excluded.entrants`, args{c[:], e.Day}},
		} {
			if _, err := t.exec(s.query, s.args...); err != nil {
				return err
			}
		}
		r = judge.Corrected(gate, was)
		return t.unseal(c, old)
	}, d.truncateLog)
	if err != nil {
		return store.EntryResult{}, err
	}
	return r, nil
}
