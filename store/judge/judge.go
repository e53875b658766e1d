// Package judge decides what becomes of the entries of one group commit, of a wish to be erased, and whether a room is still the one that it was: the one place of these rules, whichever engine keeps the rooms. An
// engine fills a [Batch] with what its transaction sees, lets it judge, and writes what it accepted.
//
// It is pure: no clock, no disk. A Batch is used by one goroutine.
package judge

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"fairlot/store"
)

// Codes of SPEC section 2.2 for chances 0.
const (
	Duplicate  = "duplicate"  // a second entry of one person
	Superseded = "superseded" // the chance was given to another entry of the same person
	Erased     = "erased"     // the person showed the secret of the entry
	Excluded   = "excluded"   // the person is on the exclusion list

	ErasedAtDesk = "erased-at-desk" // the person showed ID card and receipt
)

// The states of an entry token, as stored.
const (
	TokenUnused = iota + 2
	TokenUsed
	TokenRevoked
)

type (
	// EntrantKey names an entrant.
	EntrantKey struct {
		Campaign store.CampaignID
		ID       store.EntrantID
	}
	// HashKey names an entry token or a tag.
	HashKey struct {
		Campaign store.CampaignID
		Hash     store.Hash
	}
	// DayKey names a day of a campaign, YYYY-MM-DD in its zone.
	DayKey struct {
		Campaign store.CampaignID
		Day      string
	}
)

// Compare orders keys as they are stored.
func (k HashKey) Compare(other HashKey) int {
	return cmp.Or(bytes.Compare(k.Campaign[:], other.Campaign[:]), bytes.Compare(k.Hash[:], other.Hash[:]))
}

// Token is an entry token as of this moment of the batch.
type Token struct {
	State    int // 0: there is none
	Chances  uint16
	Stratum  uint16    // 0: it does not say it
	Expires  time.Time // zero never comes
	Refusals int       // from 0 on
	Before   int       // refusals before the batch
}

// Accepted is an entry that is to be written. Zero is why its chances are 0, a code of SPEC section 2.2, else empty.
type Accepted struct {
	*store.Entry
	Stratum uint16
	Chances uint16
	Zero    string
}

// TagRow is what is to be written among the tags, nil for nothing: the tag, if the entry is the one its person's chance stands on. A duplicate
// gets a row that no person has, so that writing it takes no less: the time would tell who has entered.
func (a Accepted) TagRow() *store.Hash {
	if a.Tag == nil {
		return nil
	}
	row := TagRow(*a.Tag, a.ID, a.Zero)
	return &row
}

// TagRow is what stands among the tags for an entrant whose chances are 0 for the reason zero, or who has some if it is empty.
func TagRow(tag store.Hash, id store.EntrantID, zero string) store.Hash {
	if zero == "" {
		return tag
	}
	return sha256.Sum256(slices.Concat([]byte("fairlot/v1 stands for a tag\n"), tag[:], id[:]))
}

// Correct judges the correction of entrant old by an entry, but for its tag: the errors and outcomes of store.Identity. there is the row of the entry's id, nil if
// there is none. At outcome 0 with no error what stands among the tags decides: the row is to be written if it is old's, and else a try is to be counted.
func Correct(gate store.Gate, now time.Time, old store.Entrant, there *store.Entrant) (r store.EntryResult, err error) {
	r.Gate = gate
	switch {
	case there != nil && old.Zero == Superseded:
		r.Outcome, r.Present = store.Exists, *there
	case gate.State != store.GateOpen || !now.Before(gate.End):
		r.Outcome = store.GateShut
	case there != nil:
		err = store.ErrExists
	case old.Zero != "" && old.Zero != Duplicate:
		err = store.ErrConflict
	case old.Tries >= store.CorrectionTries:
		r.Outcome = store.CorrectedOut
	}
	return r, err
}

// Waits is what an entry names that takes the place of old: whose response waits and goes when the person is erased.
func Waits(old store.Entrant) store.Waiting {
	if old.Mixed { // or it has none of its own, as it stands in another's place itself
		return old.Waits
	}
	return store.Waiting{ID: old.ID, Epoch: old.Epoch}
}

// Waiter is the entry whose sealed response goes when e is erased.
func Waiter(e store.Entrant) store.Waiting {
	if e.Waits.Epoch != 0 {
		return e.Waits
	}
	return store.Waiting{ID: e.ID, Epoch: e.Epoch}
}

// Corrected is the result of a correction that was written.
func Corrected(gate store.Gate, old store.Entrant) store.EntryResult {
	r := store.EntryResult{Outcome: store.Entered, Chances: old.Chances, Tries: old.Tries + 1, Gate: gate}
	if old.Zero == Duplicate {
		r.Outcome = store.EnteredDuplicate
	}
	return r
}

// Batch is what the entries of one group commit are judged by, and what was accepted. Where a map lacks a key the thing does not exist; a campaign
// without a gate is shut.
type Batch struct {
	Now      time.Time // read after the gates were locked
	Gates    map[store.CampaignID]store.Gate
	Present  map[EntrantKey]store.Entrant // there before, or accepted in this batch
	Tags     map[HashKey]bool             // taken before, or in this batch
	Tokens   map[HashKey]Token
	Days     map[DayKey]int64 // entrants accepted, by day
	Accepted []Accepted
	spent    map[HashKey]bool
}

// New makes a batch of n entries into which nothing was read yet.
func New(n int) *Batch {
	return &Batch{
		Gates: map[store.CampaignID]store.Gate{}, Present: make(map[EntrantKey]store.Entrant, n), Tags: make(map[HashKey]bool, n),
		Tokens: make(map[HashKey]Token, n), Days: map[DayKey]int64{}, spent: make(map[HashKey]bool, n),
	}
}

// Judge finds the outcome of each entry in the order given, and remembers what it accepted.
func (b *Batch) Judge(entries []store.Entry) []store.EntryResult {
	results := make([]store.EntryResult, len(entries))
	for i := range entries {
		b.judge(&entries[i], &results[i])
	}
	return results
}

// judge checks in the order that store.Identity states.
func (b *Batch) judge(e *store.Entry, r *store.EntryResult) {
	r.Gate = b.Gates[e.Campaign]
	key := EntrantKey{e.Campaign, e.ID}
	var found bool
	r.Present, found = b.Present[key]
	switch {
	case found:
		r.Outcome = store.Exists
	case r.Gate.Moving:
		r.Outcome = store.GateMoving
	case r.Gate.State != store.GateOpen || !b.Now.Before(r.Gate.End):
		r.Outcome = store.GateShut
	case e.Epoch != r.Gate.Epoch:
		r.Outcome = store.WrongEpoch
	}
	if r.Outcome != 0 {
		return
	}
	a := Accepted{Entry: e, Stratum: e.Stratum, Chances: e.Chances}
	if e.Token != nil {
		tok := b.Tokens[HashKey{e.Campaign, *e.Token}]
		if r.Outcome = tok.refuse(b.Now); r.Outcome != 0 {
			return
		}
		a.Chances = tok.Chances
		if tok.Stratum != 0 {
			a.Stratum = tok.Stratum
		}
	}
	if e.Tag != nil && b.Tags[HashKey{e.Campaign, *e.Tag}] {
		if !e.DuplicateCounts0 {
			r.Outcome = store.PersonEntered
			b.countRefusal(e)
			return
		}
		a.Chances, a.Zero = 0, Duplicate
	}
	b.accept(key, a)
	r.Outcome, r.Stratum, r.Chances = store.Entered, a.Stratum, a.Chances
	if a.Zero != "" {
		r.Outcome = store.EnteredDuplicate
	}
}

// refuse returns why a token does not let in, 0 if it does.
func (t Token) refuse(now time.Time) store.Outcome {
	switch {
	case t.State == 0:
		return store.TokenUnknown
	case t.State == TokenUsed:
		return store.TokenUsed
	case t.State == TokenRevoked:
		return store.TokenRevoked
	case !t.Expires.IsZero() && !now.Before(t.Expires):
		return store.TokenExpired
	}
	return 0
}

// countRefusal counts on an entry's token that its person had entered already.
func (b *Batch) countRefusal(e *store.Entry) {
	if e.Token == nil {
		return
	}
	k := HashKey{e.Campaign, *e.Token}
	tok := b.Tokens[k]
	if tok.Refusals++; tok.Refusals >= store.TokenRefusals {
		tok.State = TokenRevoked
	}
	b.Tokens[k], b.spent[k] = tok, true
}

func (b *Batch) accept(key EntrantKey, a Accepted) {
	b.Present[key] = store.Entrant{
		ID: a.ID, Epoch: a.Epoch, Stratum: a.Stratum, Chances: a.Chances, Zero: a.Zero, Person: a.Person, RetryMAC: a.RetryMAC,
	}
	if a.Tag != nil {
		b.Tags[HashKey{a.Campaign, *a.Tag}] = true
	}
	if a.Token != nil {
		k := HashKey{a.Campaign, *a.Token}
		tok := b.Tokens[k]
		tok.State = TokenUsed
		b.Tokens[k], b.spent[k] = tok, true
	}
	if a.Day != "" {
		b.Days[DayKey{a.Campaign, a.Day}]++
	}
	b.Accepted = append(b.Accepted, a)
}

// Sort puts what was accepted into the order of ids, in which it is to be written: the order of arrival must not be read off the pages, and two
// batches that have keys in common meet them in one order.
func (b *Batch) Sort() {
	slices.SortFunc(b.Accepted, func(x, y Accepted) int {
		return cmp.Or(bytes.Compare(x.Campaign[:], y.Campaign[:]), bytes.Compare(x.ID[:], y.ID[:]))
	})
}

// Spent is the tokens that changed, in the order of their keys.
func (b *Batch) Spent() []HashKey { return slices.SortedFunc(maps.Keys(b.spent), HashKey.Compare) }

// Erasure decides about a wish to be erased by how an entrant stands: what the wish comes to, and whether it is new, so that something must be written for it. Behind
// the close it waits, and an ID card, which no tag can be compared with any more, is store.ErrConflict; so is an entry that was corrected, since the person stands in another.
func Erasure(gate store.GateState, e store.Entrant, corrected, byCard bool) (state store.Erasure, fresh bool, err error) {
	switch {
	case e.Zero == Erased || e.Zero == ErasedAtDesk:
		return store.ErasureDone, false, nil
	case e.Erasure != 0:
		return e.Erasure, false, nil
	case corrected:
		return 0, false, store.ErrConflict
	case gate != store.GateClosed:
		return store.ErasureDone, true, nil
	case byCard:
		return 0, false, store.ErrConflict
	}
	return store.ErasureWaits, true, nil
}
