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
	"fairlot/store/postgres/internal/identitydb"
)

// Codes of SPEC section 2.2 for chances 0.
const (
	zeroDuplicate  = "duplicate"  // a second entry of one person
	zeroSuperseded = "superseded" // the chance was given to another entry of the same person
)

// The states of an entry token.
const (
	tokenUnused = iota + 2
	tokenUsed
	tokenRevoked
)

type (
	entrantKey struct {
		campaign store.CampaignID
		id       store.EntrantID
	}
	hashKey struct {
		campaign store.CampaignID
		hash     store.Hash
	}
	dayKey struct {
		campaign store.CampaignID
		day      string
	}
	entryToken struct {
		state    int32 // 0: unknown
		chances  uint16
		expires  time.Time
		refusals int32 // as of this moment of the batch
		stored   int32 // refusals before the batch
	}
)

// groupCommit reads what the entries of a batch are judged by, judges them in the order given while it remembers what it accepted, and
// writes all of that in the order of ids: the order of arrival is not to be read off the pages, and two batches that
// have keys in common meet them in one order. What another transaction committed after this one looked makes the whole
// batch be judged again.
type groupCommit struct {
	now      time.Time
	gates    map[store.CampaignID]store.Gate
	present  map[entrantKey]store.Entrant // there before, or accepted in this batch
	tags     map[hashKey]bool             // taken before, or in this batch
	tokens   map[hashKey]entryToken       // as of this moment of the batch
	spent    map[hashKey]bool             // tokens to write
	days     map[dayKey]int64
	accepted []accepted
}

type accepted struct {
	*store.Entry
	chances uint16
	zero    string
}

// Enter implements store.Identity.
func (d *Identity) Enter(ctx context.Context, now func() time.Time, batch []store.Entry) ([]store.EntryResult, error) {
	if len(batch) == 0 {
		return []store.EntryResult{}, nil
	}
	var results []store.EntryResult
	leave, err := d.turn(ctx)
	if err != nil {
		return nil, classify(ctx, "enter batch", err)
	}
	defer leave()
	err = d.write(ctx, "enter batch", func(ctx context.Context, tx pgx.Tx) error {
		g := &groupCommit{
			gates: map[store.CampaignID]store.Gate{}, present: make(map[entrantKey]store.Entrant, len(batch)),
			tags: make(map[hashKey]bool, len(batch)), tokens: map[hashKey]entryToken{}, spent: map[hashKey]bool{},
			days: map[dayKey]int64{},
		}
		if err := g.load(ctx, identitydb.New(tx), now, batch); err != nil {
			return err
		}
		results = make([]store.EntryResult, len(batch))
		for i := range batch {
			g.judge(&batch[i], &results[i])
		}
		if len(g.accepted) == 0 && len(g.spent) == 0 {
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
func (g *groupCommit) load(ctx context.Context, q *identitydb.Queries, now func() time.Time, batch []store.Entry) error {
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
	g.now = now()
	for id, k := range byCampaign {
		if len(k.tags) > 0 {
			taken, err := q.TagsOf(ctx, identitydb.TagsOfParams{Campaign: id[:], Tags: k.tags})
			if err != nil {
				return err
			}
			for _, t := range taken {
				key := hashKey{campaign: id}
				if err := fill(key.hash[:], t); err != nil {
					return err
				}
				g.tags[key] = true
			}
		}
		if len(k.tokens) > 0 {
			rows, err := q.EntryTokens(ctx, identitydb.EntryTokensParams{Campaign: id[:], Hashes: k.tokens})
			if err != nil {
				return err
			}
			for _, row := range rows {
				key := hashKey{campaign: id}
				if err := fill(key.hash[:], row.Hash); err != nil {
					return err
				}
				g.tokens[key] = entryToken{row.State, uint16(row.Chances), at(row.Expires), row.Refusals, row.Refusals}
			}
		}
		// Ids last: whoever is seen to have spent a token or taken a tag is then seen as present, and one entry that comes by two ways at once is not
		// refused because of itself.
		there, err := q.Present(ctx, identitydb.PresentParams{Campaign: id[:], Ids: k.ids})
		if err != nil {
			return err
		}
		if g.gates[id].State != store.GateOpen {
			there = k.ids // envelopes, in which ids are found fastest, may be erased by now, and nobody waits
		}
		for _, x := range there {
			e, err := entrant(ctx, q, id, x)
			if errors.Is(err, pgx.ErrNoRows) && g.gates[id].State != store.GateOpen {
				continue
			}
			if err != nil {
				return err
			}
			g.present[entrantKey{id, e.ID}] = e
		}
	}
	return nil
}

// loadGates share-locks every gate whose mover has not announced itself. A gate that could not be locked counts as moving, even if its
// mover is done by now: nobody enters through a gate that is not held. A campaign without a gate is shut.
func (g *groupCommit) loadGates(ctx context.Context, q *identitydb.Queries, campaigns [][]byte) error {
	locked, err := q.LockGates(ctx, campaigns)
	if err != nil {
		return err
	}
	for _, row := range locked {
		gate, err := gateRow(identitydb.GatesRow{Campaign: row.Campaign, State: row.State, Epoch: row.Epoch, Ends: row.Ends, OpenHash: row.OpenHash})
		if err != nil {
			return err
		}
		g.gates[gate.Campaign] = gate
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
		if _, ok := g.gates[gate.Campaign]; !ok {
			gate.Moving = true
			g.gates[gate.Campaign] = gate
		}
	}
	return nil
}

// judge finds the outcome of one entry, in the order of checks that store.Identity states.
func (g *groupCommit) judge(e *store.Entry, r *store.EntryResult) {
	r.Gate = g.gates[e.Campaign]
	key := entrantKey{e.Campaign, e.ID}
	var found bool
	r.Present, found = g.present[key]
	switch {
	case found:
		r.Outcome = store.Exists
	case r.Gate.Moving:
		r.Outcome = store.GateMoving
	case r.Gate.State != store.GateOpen || !g.now.Before(r.Gate.End):
		r.Outcome = store.GateShut
	case e.Epoch != r.Gate.Epoch:
		r.Outcome = store.WrongEpoch
	}
	if r.Outcome != 0 {
		return
	}
	chances, zero := e.Chances, ""
	if e.Token != nil {
		tok := g.tokens[hashKey{e.Campaign, *e.Token}]
		if r.Outcome = tok.refuse(g.now); r.Outcome != 0 {
			return
		}
		chances = tok.chances
	}
	if e.Tag != nil && g.tags[hashKey{e.Campaign, *e.Tag}] {
		if !e.DuplicateCounts0 {
			r.Outcome = store.PersonEntered
			g.refuse(e)
			return
		}
		chances, zero = 0, zeroDuplicate
	}
	g.accept(key, accepted{e, chances, zero})
	r.Outcome, r.Chances = store.Entered, chances
	if zero != "" {
		r.Outcome = store.EnteredDuplicate
	}
}

// refuse returns why a token does not let in, 0 if it does. A zero expiry never comes.
func (k entryToken) refuse(now time.Time) store.Outcome {
	switch {
	case k.state == 0:
		return store.TokenUnknown
	case k.state == tokenUsed:
		return store.TokenUsed
	case k.state == tokenRevoked:
		return store.TokenRevoked
	case !k.expires.IsZero() && !now.Before(k.expires):
		return store.TokenExpired
	}
	return 0
}

// refuse counts on an entry's token that its person had entered already.
func (g *groupCommit) refuse(e *store.Entry) {
	if e.Token == nil {
		return
	}
	k := hashKey{e.Campaign, *e.Token}
	tok := g.tokens[k]
	if tok.refusals++; tok.refusals >= store.TokenRefusals {
		tok.state = tokenRevoked
	}
	g.tokens[k], g.spent[k] = tok, true
}

func (g *groupCommit) accept(key entrantKey, a accepted) {
	g.present[key] = store.Entrant{
		ID: a.ID, Epoch: a.Epoch, Stratum: a.Stratum, Chances: a.chances, Zero: a.zero, Person: a.Person, RetryMAC: a.RetryMAC,
	}
	if a.Tag != nil {
		g.tags[hashKey{a.Campaign, *a.Tag}] = true
	}
	if a.Token != nil {
		k := hashKey{a.Campaign, *a.Token}
		tok := g.tokens[k]
		tok.state = tokenUsed
		g.tokens[k], g.spent[k] = tok, true
	}
	if a.Day != "" {
		g.days[dayKey{a.Campaign, a.Day}]++
	}
	g.accepted = append(g.accepted, a)
}

func compareHash(a, b hashKey) int {
	return cmp.Or(bytes.Compare(a.campaign[:], b.campaign[:]), bytes.Compare(a.hash[:], b.hash[:]))
}

// insert queues what was accepted, table by table in the order of keys: tokens, tags, entrants, envelopes, pending, days.
func (g *groupCommit) insert(ctx context.Context, p *pipeline) error {
	q := identitydb.New(p)
	if err := g.spendTokens(ctx, q, p); err != nil {
		return err
	}
	if len(g.accepted) == 0 {
		return nil
	}
	if err := g.insertTags(ctx, q, p); err != nil {
		return err
	}
	slices.SortFunc(g.accepted, func(a, b accepted) int {
		return cmp.Or(bytes.Compare(a.Campaign[:], b.Campaign[:]), bytes.Compare(a.ID[:], b.ID[:]))
	})
	var (
		n        = len(g.accepted)
		people   identitydb.PutEntrantsParams
		sealed   identitydb.PutEnvelopesParams
		pending  identitydb.PutPendingParams
		campaign = make([][]byte, n)
		ids      = make([][]byte, n)
		epochs   = make([]int64, n)
	)
	for i, a := range g.accepted {
		campaign[i], ids[i], epochs[i] = a.Campaign[:], a.ID[:], int64(a.Epoch)
		people.Strata, people.Chances = append(people.Strata, int32(a.Stratum)), append(people.Chances, int32(a.chances))
		people.Zeros, people.Persons = append(people.Zeros, a.zero), append(people.Persons, a.Person[:])
		people.Consents = append(people.Consents, strings.Join(a.Consents, "\n"))
		sealed.Locks, sealed.Identities = append(sealed.Locks, joinFrames(a.Lock)), append(sealed.Identities, a.Identity)
		sealed.Contacts = append(sealed.Contacts, a.Contact)
		pending.Macs, pending.Dropped = append(pending.Macs, a.RetryMAC[:]), append(pending.Dropped, a.zero == zeroDuplicate)
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
func (g *groupCommit) spendTokens(ctx context.Context, q *identitydb.Queries, p *pipeline) error {
	type change struct {
		campaign                store.CampaignID
		state, refusals, stored int32
	}
	alike := map[change][][]byte{}
	for _, k := range slices.SortedFunc(maps.Keys(g.spent), compareHash) {
		tok := g.tokens[k]
		c := change{k.campaign, tok.state, tok.refusals, tok.stored}
		alike[c] = append(alike[c], k.hash[:])
	}
	for _, c := range slices.SortedFunc(maps.Keys(alike), func(a, b change) int {
		return cmp.Or(bytes.Compare(a.campaign[:], b.campaign[:]), bytes.Compare(alike[a][0], alike[b][0]))
	}) {
		_, err := q.SpendEntryTokens(ctx, identitydb.SpendEntryTokensParams{
			ToState: c.state, ToRefusals: c.refusals, Campaign: c.campaign[:], Hashes: alike[c], FromState: tokenUnused, FromRefusals: c.stored,
		})
		if err != nil {
			return err
		}
		p.expect(len(alike[c]))
	}
	return nil
}

func (g *groupCommit) insertTags(ctx context.Context, q *identitydb.Queries, p *pipeline) error {
	holders := slices.DeleteFunc(slices.Clone(g.accepted), func(a accepted) bool { return a.Tag == nil || a.zero != "" })
	if len(holders) == 0 {
		return nil
	}
	slices.SortFunc(holders, func(a, b accepted) int {
		return compareHash(hashKey{a.Campaign, *a.Tag}, hashKey{b.Campaign, *b.Tag})
	})
	var tags identitydb.PutTagsParams
	for _, a := range holders {
		tags.Campaigns, tags.Tags, tags.Ids = append(tags.Campaigns, a.Campaign[:]), append(tags.Tags, a.Tag[:]), append(tags.Ids, a.ID[:])
	}
	_, err := q.PutTags(ctx, tags)
	p.expect(len(holders))
	return err
}

func (g *groupCommit) insertDays(ctx context.Context, q *identitydb.Queries, p *pipeline) error {
	if len(g.days) == 0 {
		return nil
	}
	part := make([]byte, 16)
	_, _ = rand.Read(part) // never fails
	days := identitydb.PutDaysParams{Part: part}
	for k, n := range g.days {
		days.Campaigns, days.Days, days.Entrants = append(days.Campaigns, k.campaign[:]), append(days.Days, k.day), append(days.Entrants, n)
	}
	p.expect(len(g.days))
	return q.PutDays(ctx, days)
}
