package sqlite

import (
	"context"
	"errors"

	"fairlot/store"
	"fairlot/store/judge"
)

// Identity implements store.Identity on identity.db.
type Identity struct{ *room }

var _ store.Identity = (*Identity)(nil)

// CreateGate implements store.Identity.
func (d *Identity) CreateGate(ctx context.Context, g store.Gate) error {
	return d.write(ctx, "create gate", func(t *tx) error {
		have, err := t.gate(g.Campaign)
		if err == nil && have.OpenHash != g.OpenHash {
			return store.ErrExists
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err = t.exec("INSERT INTO gates (campaign, state, epoch, moving, ends, open_hash) VALUES (?, ?, 1, 0, ?, ?)",
			g.Campaign[:], store.GateOpen, unix(g.End), g.OpenHash[:])
		return err
	})
}

func (t *tx) gate(id store.CampaignID) (store.Gate, error) {
	g := store.Gate{Campaign: id}
	err := t.one("SELECT state, epoch, moving, ends, open_hash FROM gates WHERE campaign = ?", args{id[:]},
		&g.State, &g.Epoch, &g.Moving, at{&g.End}, into(g.OpenHash[:]))
	return g, err
}

// Gate implements store.Identity.
func (d *Identity) Gate(ctx context.Context, id store.CampaignID) (g store.Gate, err error) {
	err = d.read(ctx, "read gate", func(t *tx) error {
		g, err = t.gate(id)
		return err
	})
	return g, err
}

// AnnounceMove implements store.Identity.
func (d *Identity) AnnounceMove(ctx context.Context, id store.CampaignID, state store.GateState, epoch uint32) error {
	return d.write(ctx, "announce gate move", func(t *tx) error {
		if _, err := t.gate(id); err != nil {
			return err
		}
		return t.swap("UPDATE gates SET moving = 1 WHERE campaign = ? AND state = ? AND epoch = ?", id[:], state, epoch)
	})
}

// MoveGate implements store.Identity.
func (d *Identity) MoveGate(ctx context.Context, id store.CampaignID, fromState store.GateState, fromEpoch uint32, toState store.GateState, toEpoch uint32) error {
	return d.write(ctx, "move gate", func(t *tx) error {
		g, err := t.gate(id)
		if err != nil {
			return err
		}
		// Moved already by a mover whose answer was lost. A move to itself is not that case: it takes an announcement back.
		same := fromState == toState && fromEpoch == toEpoch
		if g.State == toState && g.Epoch == toEpoch && !same {
			return nil
		}
		return t.swap("UPDATE gates SET state = ?, epoch = ?, moving = 0 WHERE campaign = ? AND state = ? AND epoch = ?",
			toState, toEpoch, id[:], fromState, fromEpoch)
	})
}

// MoveChance implements store.Identity.
func (d *Identity) MoveChance(ctx context.Context, campaign store.CampaignID, tag store.Hash, to store.EntrantID) error {
	return d.write(ctx, "move chance", func(t *tx) error {
		switch g, err := t.gate(campaign); {
		case err != nil:
			return err
		case g.State != store.GateEnded:
			return store.ErrConflict
		}
		taker, err := t.entrant(campaign, to)
		if err != nil {
			return err
		}
		var holder store.EntrantID
		err = t.one("SELECT id FROM tags WHERE campaign = ? AND tag = ?", args{campaign[:], tag[:]}, into(holder[:]))
		if errors.Is(err, store.ErrNotFound) {
			return t.takeTag(campaign, tag, taker)
		}
		if err != nil || holder == to {
			return err
		}
		old, err := t.entrant(campaign, holder)
		if err != nil {
			return err
		}
		if taker.Zero != judge.Duplicate && taker.Zero != judge.Superseded || old.Chances == 0 { // an entrant with a chance of its own must not get a second
			return store.ErrConflict
		}
		const set = "UPDATE entrants SET chances = ?, zero = ? WHERE campaign = ? AND id = ?"
		if _, err := t.exec(set, 0, judge.Superseded, campaign[:], holder[:]); err != nil {
			return err
		}
		if _, err := t.exec(set, old.Chances, "", campaign[:], to[:]); err != nil {
			return err
		}
		_, err = t.exec("UPDATE tags SET id = ? WHERE campaign = ? AND tag = ?", to[:], campaign[:], tag[:])
		return err
	})
}

// takeTag gives a tag that nobody holds to an entrant without a chance.
func (t *tx) takeTag(campaign store.CampaignID, tag store.Hash, taker store.Entrant) error {
	if taker.Zero != judge.Duplicate && taker.Zero != judge.Superseded {
		return store.ErrConflict
	}
	if _, err := t.exec("UPDATE entrants SET chances = 1, zero = '' WHERE campaign = ? AND id = ?", campaign[:], taker.ID[:]); err != nil {
		return err
	}
	_, err := t.exec("INSERT INTO tags (campaign, tag, id) VALUES (?, ?, ?)", campaign[:], tag[:], taker.ID[:])
	return err
}

// Counts implements store.Identity.
func (d *Identity) Counts(ctx context.Context, campaign store.CampaignID) (store.Counts, error) {
	c := store.Counts{Zero: map[string]int64{}, Days: map[string]int64{}, Strata: map[uint16]int64{}}
	err := d.read(ctx, "count entrants", func(t *tx) error {
		switch g, err := t.gate(campaign); {
		case err != nil:
			return err
		case g.State != store.GateClosed:
			return store.ErrConflict
		}
		err := t.each("SELECT stratum, chances > 0, zero, count(*) FROM entrants WHERE campaign = ? GROUP BY 1, 2, 3", args{campaign[:]},
			func(scan func(...any) error) error {
				var (
					stratum uint16
					counted bool
					zero    string
					n       int64
				)
				err := scan(&stratum, &counted, &zero, &n)
				c.Entrants += n
				if counted {
					c.Strata[stratum] += n
				} else {
					c.Zero[zero] += n
				}
				return err
			})
		if err != nil {
			return err
		}
		return t.each("SELECT day, entrants FROM days WHERE campaign = ?", args{campaign[:]}, func(scan func(...any) error) error {
			var (
				day string
				n   int64
			)
			err := scan(&day, &n)
			c.Days[day] = n
			return err
		})
	})
	if err != nil {
		return store.Counts{}, err
	}
	return c, nil
}

// DropTags implements store.Identity.
func (d *Identity) DropTags(ctx context.Context, campaign store.CampaignID) error {
	return d.drop(ctx, "drop tags", campaign, tagTables...)
}

// tagTables are those that serve only until the close.
var tagTables = []string{"tags", "entry_tokens", "days", "excluded_tags", "exclusions"}

// TagsDropped implements store.Identity.
func (d *Identity) TagsDropped(ctx context.Context, campaign store.CampaignID) (bool, error) {
	left := false
	err := d.read(ctx, "look for tags", func(t *tx) error {
		for _, table := range tagTables {
			var some bool
			if err := t.one("SELECT EXISTS (SELECT 1 FROM "+table+" WHERE campaign = ?)", args{campaign[:]}, &some); err != nil {
				return err
			}
			left = left || some
		}
		return nil
	})
	return err == nil && !left, err
}

// DropEntrants implements store.Identity.
func (d *Identity) DropEntrants(ctx context.Context, campaign store.CampaignID) error {
	return d.drop(ctx, "drop entrants", campaign, "pending", "envelopes", "tags", "erasures", "entrants")
}

func (d *Identity) drop(ctx context.Context, act string, campaign store.CampaignID, tables ...string) error {
	return d.writeThen(ctx, act, func(t *tx) error {
		for _, table := range tables {
			if _, err := t.exec("DELETE FROM "+table+" WHERE campaign = ?", campaign[:]); err != nil {
				return err
			}
		}
		return nil
	}, d.truncateLog)
}
