package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"fairlot/crypto/tag"
	"fairlot/draw"
	"fairlot/entrant"
	"fairlot/store"
)

// Excluded names the exclusion list of a campaign; the list itself is with the institution and its auditors.
type Excluded struct {
	Persons int64
	Hash    draw.Hash // SHA-256 of the list file
}

const zeroExcluded = "excluded" // code of SPEC section 2.2

// errExcluded answers who sends an acknowledged entry once more after the close, when its receipt would have to say chances 0.
var errExcluded = refuse(CampaignClosed, "the campaign is closed, and this entry is listed without chances: look it up with the receipt that you have")

// SetExclusion makes a list that `fairlot exclusion new` wrote a draft's exclusion list, in the place of an earlier one. Of the list only tags are kept, in the identity room, under the
// key under which entries get theirs. The same list again changes nothing. Whoever stands on it is told nothing at entry, and has no chances from the close on. The list is
// cleared when this returns. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_OPEN, ETAG_STALE, RULES_INVALID (without draws), FIELD_INVALID, STORAGE_UNAVAILABLE.
func (e *Engine) SetExclusion(ctx context.Context, id store.CampaignID, list []byte) (Campaign, error) {
	defer clear(list)
	x, err := entrant.ParseExclusion(list)
	if err != nil {
		return Campaign{}, &Error{Reason: FieldInvalid, Text: "the exclusion list cannot be read: " + err.Error(), Fields: []Field{{"list", "form", err.Error()}}}
	}
	return e.changeExclusion(ctx, id, &Excluded{Persons: int64(len(x.Persons)), Hash: draw.HashOf(list)}, x.Persons)
}

// RemoveExclusion takes a draft's exclusion list back; without one it changes nothing. Reasons: those of SetExclusion but FIELD_INVALID and RULES_INVALID.
func (e *Engine) RemoveExclusion(ctx context.Context, id store.CampaignID) (Campaign, error) {
	return e.changeExclusion(ctx, id, nil, nil)
}

// changeExclusion writes the rules first: an opening of the version before then finds another one, and what is kept does not change behind it. Who is cut off between the two steps leaves
// a draft that does not open, and that says why.
func (e *Engine) changeExclusion(ctx context.Context, id store.CampaignID, to *Excluded, persons []entrant.Listed) (Campaign, error) {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return Campaign{}, err
	}
	defer done()
	e.draftMu.Lock()
	defer e.draftMu.Unlock()
	c, r, err := e.campaign(ctx, id)
	if err != nil {
		return Campaign{}, err
	}
	switch {
	case c.State != store.Draft:
		return Campaign{}, refuse(CampaignOpen, "the campaign is open: its exclusion list is public by count and hash, and cannot change")
	case to != nil && len(r.Draws) == 0:
		return Campaign{}, refuse(RulesInvalid, "a campaign without draws has no chances that anybody could be excluded from")
	}
	if same := to == nil && r.Excluded == nil || to != nil && r.Excluded != nil && *to == *r.Excluded; !same {
		r.Excluded = to
		body, err := encodeRules(&r)
		if err != nil {
			return Campaign{}, err
		}
		if c, err = e.Registry.UpdateDraft(ctx, id, c.Version, body); err != nil {
			return Campaign{}, e.draftErr(err)
		}
		e.step("exclusion named")
	}
	if err := e.keepExclusion(ctx, c, to, persons); err != nil {
		return Campaign{}, e.fault(err)
	}
	e.step("exclusion kept")
	return e.view(c)
}

// keepExclusion makes what is kept of a draft's list fit its rules.
func (e *Engine) keepExclusion(ctx context.Context, c store.Campaign, to *Excluded, persons []entrant.Listed) error {
	had, err := e.Identity.Exclusion(ctx, c.ID)
	if to == nil {
		if errors.Is(err, store.ErrNotFound) || err == nil && had.Persons == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		return e.Identity.PutExclusion(ctx, c.ID, store.Exclusion{Version: c.Version}, nil)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	key, err := e.Keys.Create(tagKeyName(c.ID))
	if err != nil {
		return err
	}
	defer clear(key[:])
	x := store.Exclusion{Version: c.Version, Mark: exclusionMark(key, to.Hash)}
	if had.Mark == x.Mark && had.Persons == to.Persons {
		return nil
	}
	tags := make([]store.Hash, len(persons))
	for i, p := range persons {
		tags[i] = store.Hash(tag.Of(key, p.IDType, p.IDNumber))
	}
	return e.Identity.PutExclusion(ctx, c.ID, x, tags)
}

// exclusionMark tells which list tags were made of, and under which key. No tag is like it: an ID has no such kind.
func exclusionMark(key tag.Key, list draw.Hash) store.Hash {
	m := hmac.New(sha256.New, key[:])
	fmt.Fprintf(m, "fairlot/v1 exclusion\n%s\n", list)
	return store.Hash(m.Sum(nil))
}

// checkExclusion refuses to open a draft whose list is not kept as its rules name it, under the key that entries will get their tags from.
func (e *Engine) checkExclusion(ctx context.Context, id store.CampaignID, r Rules) error {
	if r.Excluded == nil {
		return nil
	}
	lost := &Error{Reason: RulesInvalid, Text: "what is kept of the exclusion list does not fit the rules any more: send the list again",
		Fields: []Field{{"campaign.excluded", "lost", "send the list again: fairlot exclusion set"}}}
	had, err := e.Identity.Exclusion(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return lost
	}
	if err != nil {
		return e.fault(err)
	}
	key, err := e.Keys.Get(tagKeyName(id))
	if gone(err) {
		return lost
	}
	if err != nil {
		return e.fault(err)
	}
	defer clear(key[:])
	if mark := exclusionMark(key, r.Excluded.Hash); !hmac.Equal(mark[:], had.Mark[:]) || had.Persons != r.Excluded.Persons {
		return lost
	}
	return nil
}

// exclude takes the chances of whoever stands on the exclusion list, once the gate is closed. Again changes nothing. With the tags of the entrants those of the list are gone too: then it was done.
func (e *Engine) exclude(ctx context.Context, o *opened) error {
	if o.rules.Excluded == nil {
		return nil
	}
	err := e.Identity.Exclude(ctx, o.id)
	if errors.Is(err, store.ErrNotFound) {
		if dropped, err := e.Identity.TagsDropped(ctx, o.id); err != nil || dropped {
			return err
		}
		err = fmt.Errorf("close campaign %x: the tags of its exclusion list are not in the identity room", o.id[:])
	}
	return err
}

// dropExclusion destroys what is kept for a draft that was deleted, its key first: what the database's files still show of the tags then says nothing. A campaign with a gate is no
// draft, whatever the registry knows of it: people entered, or may, under that key.
func (e *Engine) dropExclusion(ctx context.Context, id store.CampaignID) error {
	if _, err := e.Identity.Exclusion(ctx, id); errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if _, err := e.Identity.Gate(ctx, id); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := e.Keys.Destroy(tagKeyName(id)); err != nil {
		return err
	}
	e.step("tag key of a draft destroyed")
	return e.Identity.DropExclusion(ctx, id)
}

// sweepExclusions finishes the deletion of drafts that somebody was cut off in, or whose key folder was away.
func (e *Engine) sweepExclusions(ctx context.Context) error {
	if err := e.rightRooms(); err != nil {
		return err
	}
	kept, err := e.Identity.Exclusions(ctx)
	if err != nil {
		return err
	}
	for _, id := range kept {
		if _, err := e.Registry.Campaign(ctx, id); !errors.Is(err, store.ErrNotFound) {
			if err != nil {
				return err
			}
			continue
		}
		if err := e.dropExclusion(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// dropNewerExclusion drops what is kept of a list of a draft that a copy of the registry made older: the list has to be sent again, which would not take the place of a newer one.
func (e *Engine) dropNewerExclusion(ctx context.Context, c store.Campaign) error {
	had, err := e.Identity.Exclusion(ctx, c.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && had.Version <= c.Version {
		return nil
	}
	if err != nil {
		return err
	}
	return e.Identity.DropExclusion(ctx, c.ID)
}
