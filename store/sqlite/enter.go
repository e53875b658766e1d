package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"fairlot/store"
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

const noRefusals = 2 // as stored

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
		state    int // 0: unknown
		chances  uint16
		expires  time.Time
		refusals int // stored from noRefusals on
	}
)

// groupCommit judges the entries of a batch in the order given and remembers what it accepted, then writes all of that in the order
// of ids: the order of arrival is not to be read off the pages.
type groupCommit struct {
	*tx
	now      time.Time
	gates    map[store.CampaignID]store.Gate
	fresh    map[entrantKey]store.Entrant // accepted in this batch
	tags     map[hashKey]bool             // taken in this batch
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
	results := make([]store.EntryResult, len(batch))
	if len(batch) == 0 {
		return results, nil
	}
	err := d.write(ctx, "enter batch", func(t *tx) error {
		g := &groupCommit{
			tx: t, now: now(),
			gates: map[store.CampaignID]store.Gate{}, fresh: make(map[entrantKey]store.Entrant, len(batch)),
			tags: map[hashKey]bool{}, tokens: map[hashKey]entryToken{}, spent: map[hashKey]bool{}, days: map[dayKey]int64{},
		}
		for i := range batch {
			if err := g.judge(&batch[i], &results[i]); err != nil {
				return err
			}
		}
		return g.insert()
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// judge finds the outcome of one entry, in the order of checks that store.Identity states.
func (g *groupCommit) judge(e *store.Entry, r *store.EntryResult) (err error) {
	if r.Gate, err = g.gateOf(e.Campaign); err != nil {
		return err
	}
	key := entrantKey{e.Campaign, e.ID}
	var found bool
	if r.Present, found = g.fresh[key]; !found {
		r.Present, err = g.entrant(e.Campaign, e.ID)
		if found = err == nil; !found && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
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
		return nil
	}
	chances, zero := e.Chances, ""
	if e.Token != nil {
		tok, err := g.token(hashKey{e.Campaign, *e.Token})
		if err != nil {
			return err
		}
		if r.Outcome = tok.refuse(g.now); r.Outcome != 0 {
			return nil
		}
		chances = tok.chances
	}
	if e.Tag != nil {
		taken, err := g.tagTaken(hashKey{e.Campaign, *e.Tag})
		if err != nil {
			return err
		}
		if taken && !e.DuplicateCounts0 {
			r.Outcome = store.PersonEntered
			g.refuse(e)
			return nil
		}
		if taken {
			chances, zero = 0, zeroDuplicate
		}
	}
	g.accept(key, accepted{e, chances, zero})
	r.Outcome, r.Chances = store.Entered, chances
	if zero != "" {
		r.Outcome = store.EnteredDuplicate
	}
	return nil
}

// gateOf returns the gate as of this transaction. A campaign without a gate is shut.
func (g *groupCommit) gateOf(id store.CampaignID) (store.Gate, error) {
	gate, ok := g.gates[id]
	if ok {
		return gate, nil
	}
	gate, err := g.gate(id)
	if errors.Is(err, store.ErrNotFound) {
		gate, err = store.Gate{}, nil
	}
	g.gates[id] = gate
	return gate, err
}

func (g *groupCommit) token(key hashKey) (tok entryToken, err error) {
	tok, ok := g.tokens[key]
	if !ok {
		err = g.one("SELECT state, chances, expires, refusals FROM entry_tokens WHERE campaign = ? AND hash = ?", args{key.campaign[:], key.hash[:]},
			&tok.state, &tok.chances, at{&tok.expires}, &tok.refusals)
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		g.tokens[key] = tok
	}
	return tok, err
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
	if tok.refusals++; tok.refusals-noRefusals >= store.TokenRefusals {
		tok.state = tokenRevoked
	}
	g.tokens[k], g.spent[k] = tok, true
}

func (g *groupCommit) tagTaken(key hashKey) (bool, error) {
	if g.tags[key] {
		return true, nil
	}
	var one int
	err := g.one("SELECT 1 FROM tags WHERE campaign = ? AND tag = ?", args{key.campaign[:], key.hash[:]}, &one)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (g *groupCommit) accept(key entrantKey, a accepted) {
	g.fresh[key] = store.Entrant{
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

// insert writes what was accepted, table by table in the order of keys.
func (g *groupCommit) insert() error {
	slices.SortFunc(g.accepted, func(a, b accepted) int {
		return cmp.Or(bytes.Compare(a.Campaign[:], b.Campaign[:]), bytes.Compare(a.ID[:], b.ID[:]))
	})
	for _, a := range g.accepted {
		c, id := a.Campaign[:], a.ID[:]
		if _, err := g.exec("INSERT INTO entrants (campaign, id, epoch, stratum, chances, zero, person, consents) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			c, id, a.Epoch, a.Stratum, a.chances, a.zero, a.Person[:], strings.Join(a.Consents, "\n")); err != nil {
			return err
		}
		if _, err := g.exec("INSERT INTO envelopes (campaign, id, locks, identity, contact) VALUES (?, ?, ?, ?, ?)",
			c, id, joinFrames(a.Lock), a.Identity, a.Contact); err != nil {
			return err
		}
		if _, err := g.exec("INSERT INTO pending (campaign, epoch, id, retry_mac, dropped, response) VALUES (?, ?, ?, ?, ?, ?)",
			c, a.Epoch, id, a.RetryMAC[:], a.zero == zeroDuplicate, a.Response); err != nil {
			return err
		}
		if a.Tag != nil && a.zero == "" {
			if _, err := g.exec("INSERT INTO tags (campaign, tag, id) VALUES (?, ?, ?)", c, a.Tag[:], id); err != nil {
				return err
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(g.spent), func(a, b hashKey) int {
		return cmp.Or(bytes.Compare(a.campaign[:], b.campaign[:]), bytes.Compare(a.hash[:], b.hash[:]))
	}) {
		if err := g.swap("UPDATE entry_tokens SET state = ?, refusals = ? WHERE campaign = ? AND hash = ? AND state = ?",
			g.tokens[k].state, g.tokens[k].refusals, k.campaign[:], k.hash[:], tokenUnused); err != nil {
			return err
		}
	}
	for k, n := range g.days {
		if _, err := g.exec(`INSERT INTO days (campaign, day, entrants) VALUES (?, ?, ?)
			ON CONFLICT (campaign, day) DO UPDATE SET entrants = entrants + excluded.entrants`, k.campaign[:], k.day, n); err != nil {
			return err
		}
	}
	return nil
}
