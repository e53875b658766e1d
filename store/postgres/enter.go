package postgres

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
	"fairlot/store/judge"
	"fairlot/store/postgres/internal/identitydb"
)

// groupCommit reads what the entries of a batch are judged by, judges them, and writes what was accepted. What another transaction committed
// after this one looked makes the whole batch be judged again.
type groupCommit struct{ *judge.Batch }

// Enter implements store.Identity.
func (d *Identity) Enter(ctx context.Context, now func() time.Time, batch []store.Entry) ([]store.EntryResult, error) {
	if len(batch) == 0 {
		return []store.EntryResult{}, nil
	}
	var results []store.EntryResult
	leave, err := d.turn(ctx, "enter batch")
	if err != nil {
		return nil, err
	}
	defer leave()
	err = d.write(ctx, "enter batch", func(ctx context.Context, tx pgx.Tx) error {
		g := groupCommit{judge.New(len(batch))}
		if err := g.load(ctx, identitydb.New(tx), now, batch); err != nil {
			return err
		}
		results = g.Judge(batch)
		if len(g.Accepted) == 0 && len(g.Spent()) == 0 {
			return nil
		}
		p := &pipeline{}
		if err := g.insert(ctx, p); err != nil {
			return err
		}
		return p.send(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// load locks the gates, reads the clock under the locks, then reads what is there of tags and tokens, then of ids.
func (g groupCommit) load(ctx context.Context, q *identitydb.Queries, now func() time.Time, batch []store.Entry) error {
	type keys struct{ ids, tags, tokens [][]byte }
	byCampaign := map[store.CampaignID]*keys{}
	var campaigns [][]byte
	for i := range batch {
		e := &batch[i]
		k := byCampaign[e.Campaign]
		if k == nil {
			k = &keys{}
			byCampaign[e.Campaign] = k
			campaigns = append(campaigns, e.Campaign[:])
		}
		k.ids = append(k.ids, e.ID[:])
		if e.Tag != nil {
			k.tags = append(k.tags, e.Tag[:])
		}
		if e.Token != nil {
			k.tokens = append(k.tokens, e.Token[:])
		}
	}
	if err := g.loadGates(ctx, q, campaigns); err != nil {
		return err
	}
	g.Now = now()
	for id, k := range byCampaign {
		if len(k.tags) > 0 {
			taken, err := q.TagsOf(ctx, identitydb.TagsOfParams{Campaign: id[:], Tags: k.tags})
			if err != nil {
				return err
			}
			for _, t := range taken {
				key := judge.HashKey{Campaign: id}
				if err := fill(key.Hash[:], t); err != nil {
					return err
				}
				g.Tags[key] = true
			}
		}
		if len(k.tokens) > 0 {
			rows, err := q.EntryTokens(ctx, identitydb.EntryTokensParams{Campaign: id[:], Hashes: k.tokens})
			if err != nil {
				return err
			}
			for _, row := range rows {
				key := judge.HashKey{Campaign: id}
				if err := fill(key.Hash[:], row.Hash); err != nil {
					return err
				}
				g.Tokens[key] = judge.Token{State: int(row.State), Chances: uint16(row.Chances), Stratum: uint16(row.Stratum), Expires: at(row.Expires), Refusals: int(row.Refusals), Before: int(row.Refusals)}
			}
		}
		// Ids last: whoever is seen to have spent a token or taken a tag is then seen as present, and one entry that comes by two ways at once is not
		// refused because of itself.
		there, err := q.Present(ctx, identitydb.PresentParams{Campaign: id[:], Ids: k.ids})
		if err != nil {
			return err
		}
		if g.Gates[id].State != store.GateOpen {
			there = k.ids // envelopes, in which ids are found fastest, may be erased by now, and nobody waits
		}
		for _, x := range there {
			e, err := entrant(ctx, q, id, x)
			if errors.Is(err, pgx.ErrNoRows) && g.Gates[id].State != store.GateOpen {
				continue
			}
			if err != nil {
				return err
			}
			g.Present[judge.EntrantKey{Campaign: id, ID: e.ID}] = e
		}
	}
	return nil
}

// loadGates share-locks every gate whose mover has not announced itself. A gate that could not be locked counts as moving, even if its
// mover is done by now: nobody enters through a gate that is not held. A campaign without a gate is shut.
func (g groupCommit) loadGates(ctx context.Context, q *identitydb.Queries, campaigns [][]byte) error {
	locked, err := q.LockGates(ctx, campaigns)
	if err != nil {
		return err
	}
	for _, row := range locked {
		gate, err := gateRow(identitydb.GatesRow{Campaign: row.Campaign, State: row.State, Epoch: row.Epoch, Ends: row.Ends, OpenHash: row.OpenHash})
		if err != nil {
			return err
		}
		g.Gates[gate.Campaign] = gate
	}
	if len(locked) == len(campaigns) {
		return nil
	}
	rows, err := q.Gates(ctx, campaigns)
	if err != nil {
		return err
	}
	for _, row := range rows {
		gate, err := gateRow(row)
		if err != nil {
			return err
		}
		if _, ok := g.Gates[gate.Campaign]; !ok {
			gate.Moving = true
			g.Gates[gate.Campaign] = gate
		}
	}
	return nil
}

// insert queues what was accepted, table by table in the order of keys: tokens, tags, entrants, envelopes, pending, days.
func (g groupCommit) insert(ctx context.Context, p *pipeline) error {
	q := identitydb.New(p)
	if err := g.spendTokens(ctx, q, p); err != nil {
		return err
	}
	if len(g.Accepted) == 0 {
		return nil
	}
	if err := g.insertTags(ctx, q, p); err != nil {
		return err
	}
	g.Sort()
	var (
		n        = len(g.Accepted)
		people   identitydb.PutEntrantsParams
		sealed   identitydb.PutEnvelopesParams
		pending  identitydb.PutPendingParams
		campaign = make([][]byte, n)
		ids      = make([][]byte, n)
		epochs   = make([]int64, n)
	)
	for i, a := range g.Accepted {
		campaign[i], ids[i], epochs[i] = a.Campaign[:], a.ID[:], int64(a.Epoch)
		people.Strata, people.Chances = append(people.Strata, int32(a.Stratum)), append(people.Chances, int32(a.Chances))
		people.Zeros, people.Persons = append(people.Zeros, a.Zero), append(people.Persons, a.Person[:])
		people.Consents = append(people.Consents, strings.Join(a.Consents, "\n"))
		sealed.Locks, sealed.Identities = append(sealed.Locks, joinFrames(a.Lock)), append(sealed.Identities, a.Identity)
		sealed.Contacts = append(sealed.Contacts, a.Contact)
		pending.Macs, pending.Dropped = append(pending.Macs, a.RetryMAC[:]), append(pending.Dropped, a.Zero == judge.Duplicate)
		pending.Responses = append(pending.Responses, a.Response)
	}
	people.Campaigns, people.Ids, people.Epochs = campaign, ids, epochs
	sealed.Campaigns, sealed.Ids = campaign, ids
	pending.Campaigns, pending.Ids, pending.Epochs = campaign, ids, epochs
	_, err := q.PutEntrants(ctx, people)
	p.expect(n)
	err = errors.Join(err, q.PutEnvelopes(ctx, sealed))
	p.expect(n)
	err = errors.Join(err, q.PutPending(ctx, pending))
	p.expect(n)
	return errors.Join(err, g.insertDays(ctx, q, p))
}

// spendTokens queues one statement for all tokens of a campaign that change alike. A refusal that another batch counted in between
// is errRaced, so that none is lost.
func (g groupCommit) spendTokens(ctx context.Context, q *identitydb.Queries, p *pipeline) error {
	type change struct {
		campaign                store.CampaignID
		state, refusals, stored int32
	}
	alike := map[change][][]byte{}
	for _, k := range g.Spent() {
		tok := g.Tokens[k]
		c := change{k.Campaign, int32(tok.State), int32(tok.Refusals), int32(tok.Before)}
		alike[c] = append(alike[c], k.Hash[:])
	}
	for _, c := range slices.SortedFunc(maps.Keys(alike), func(a, b change) int {
		return cmp.Or(bytes.Compare(a.campaign[:], b.campaign[:]), bytes.Compare(alike[a][0], alike[b][0]))
	}) {
		_, err := q.SpendEntryTokens(ctx, identitydb.SpendEntryTokensParams{
			ToState: c.state, ToRefusals: c.refusals, Campaign: c.campaign[:], Hashes: alike[c], FromState: judge.TokenUnused, FromRefusals: c.stored,
		})
		if err != nil {
			return err
		}
		p.expect(len(alike[c]))
	}
	return nil
}

func (g groupCommit) insertTags(ctx context.Context, q *identitydb.Queries, p *pipeline) error {
	type row struct {
		judge.HashKey
		id store.EntrantID
	}
	var rows []row
	for _, a := range g.Accepted {
		if tag := a.TagRow(); tag != nil {
			rows = append(rows, row{judge.HashKey{Campaign: a.Campaign, Hash: *tag}, a.ID})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b row) int { return a.Compare(b.HashKey) })
	var tags identitydb.PutTagsParams
	for i := range rows {
		r := &rows[i]
		tags.Campaigns, tags.Tags, tags.Ids = append(tags.Campaigns, r.Campaign[:]), append(tags.Tags, r.Hash[:]), append(tags.Ids, r.id[:])
	}
	_, err := q.PutTags(ctx, tags)
	p.expect(len(rows))
	return err
}

func (g groupCommit) insertDays(ctx context.Context, q *identitydb.Queries, p *pipeline) error {
	if len(g.Days) == 0 {
		return nil
	}
	part := make([]byte, 16)
	_, _ = rand.Read(part) // never fails
	days := identitydb.PutDaysParams{Part: part}
	for k, n := range g.Days {
		days.Campaigns, days.Days, days.Entrants = append(days.Campaigns, k.Campaign[:]), append(days.Days, k.Day), append(days.Entrants, n)
	}
	p.expect(len(g.Days))
	return q.PutDays(ctx, days)
}
