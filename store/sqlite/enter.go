package sqlite

import (
	"context"
	"errors"
	"strings"
	"time"

	"fairlot/store"
	"fairlot/store/judge"
)

// noRefusals is how no refusal of an entry token is stored: as 0 or 1 it would take less room than a token that was refused.
const noRefusals = 2

// groupCommit is one batch in its transaction.
type groupCommit struct {
	*tx
	*judge.Batch
}

// Enter implements store.Identity.
func (d *Identity) Enter(ctx context.Context, now func() time.Time, batch []store.Entry) (results []store.EntryResult, err error) {
	if len(batch) == 0 {
		return []store.EntryResult{}, nil
	}
	err = d.write(ctx, "enter batch", func(t *tx) error {
		g := groupCommit{t, judge.New(len(batch))}
		g.Now = now()
		for i := range batch {
			if err := g.load(&batch[i]); err != nil {
				return err
			}
		}
		results = g.Judge(batch)
		return g.insert()
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// load reads what is there of an entry's gate, id, token and tag.
func (g groupCommit) load(e *store.Entry) error {
	if _, ok := g.Gates[e.Campaign]; !ok {
		gate, err := g.gate(e.Campaign)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		g.Gates[e.Campaign] = gate
	}
	row, err := g.entrant(e.Campaign, e.ID)
	if err == nil {
		g.Present[judge.EntrantKey{Campaign: e.Campaign, ID: e.ID}] = row
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if e.Token != nil {
		var tok judge.Token
		err := g.one("SELECT state, chances, stratum, expires, refusals FROM entry_tokens WHERE campaign = ? AND hash = ?", args{e.Campaign[:], e.Token[:]},
			&tok.State, &tok.Chances, &tok.Stratum, at{&tok.Expires}, &tok.Refusals)
		if err == nil {
			tok.Refusals -= noRefusals
			g.Tokens[judge.HashKey{Campaign: e.Campaign, Hash: *e.Token}] = tok
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if e.Tag != nil {
		var one int
		err := g.one("SELECT 1 FROM tags WHERE campaign = ? AND tag = ?", args{e.Campaign[:], e.Tag[:]}, &one)
		if err == nil {
			g.Tags[judge.HashKey{Campaign: e.Campaign, Hash: *e.Tag}] = true
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// insert writes what was accepted, table by table in the order of keys.
func (g groupCommit) insert() error {
	g.Sort()
	for _, a := range g.Accepted {
		c, id := a.Campaign[:], a.ID[:]
		if _, err := g.exec("INSERT INTO entrants (campaign, id, epoch, stratum, chances, zero, person, consents) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			c, id, a.Epoch, a.Stratum, a.Chances, a.Zero, a.Person[:], strings.Join(a.Consents, "\n")); err != nil {
			return err
		}
		if _, err := g.exec("INSERT INTO envelopes (campaign, id, locks, identity, contact) VALUES (?, ?, ?, ?, ?)",
			c, id, joinFrames(a.Lock), a.Identity, a.Contact); err != nil {
			return err
		}
		if _, err := g.exec("INSERT INTO pending (campaign, epoch, id, retry_mac, dropped, response) VALUES (?, ?, ?, ?, ?, ?)",
			c, a.Epoch, id, a.RetryMAC[:], a.Zero == judge.Duplicate, a.Response); err != nil {
			return err
		}
		if tag := a.TagRow(); tag != nil {
			if _, err := g.exec("INSERT INTO tags (campaign, tag, id) VALUES (?, ?, ?)", c, tag[:], id); err != nil {
				return err
			}
		}
	}
	for _, k := range g.Spent() {
		if err := g.swap("UPDATE entry_tokens SET state = ?, refusals = ? WHERE campaign = ? AND hash = ? AND state = ?",
			g.Tokens[k].State, g.Tokens[k].Refusals+noRefusals, k.Campaign[:], k.Hash[:], judge.TokenUnused); err != nil {
			return err
		}
	}
	for k, n := range g.Days {
		if _, err := g.exec(`INSERT INTO days (campaign, day, entrants) VALUES (?, ?, ?)
			ON CONFLICT (campaign, day) DO UPDATE SET entrants = entrants + excluded.entrants`, k.Campaign[:], k.Day, n); err != nil {
			return err
		}
	}
	return nil
}
