package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"fairlot/draw"
	"fairlot/store"
)

// zoneName is the time zone of a campaign's days and of the times that people read.
const zoneName = "Asia/Taipei"

func location() *time.Location {
	loc, err := time.LoadLocation(zoneName)
	if err != nil {
		// Taiwan has kept one offset since 1979, so a machine without zone data counts the same days.
		return time.FixedZone(zoneName, 8*3600)
	}
	return loc
}

// CreateCampaign makes a draft. The rules are checked as far as a draft can be: contradictions are refused when it opens.
// With a requestID that is known, the campaign made with it is returned. Reasons: SLUG_TAKEN, RULES_INVALID.
func (e *Engine) CreateCampaign(ctx context.Context, slug string, rules Rules, requestID string) (Campaign, error) {
	if _, ok := parseID(slug); ok {
		return Campaign{}, &Error{Reason: RulesInvalid, Text: "this slug looks like a campaign id: choose words", Fields: []Field{{"campaign.slug", "form", "choose words, as in autumn-reading"}}}
	}
	body, err := encodeRules(&rules)
	if err != nil {
		return Campaign{}, err
	}
	c := store.Campaign{Slug: slug, State: store.Draft, RequestID: requestID, Rules: body}
	rand.Read(c.ID[:])
	c, err = e.Registry.CreateCampaign(ctx, c)
	if errors.Is(err, store.ErrExists) {
		return Campaign{}, refuse(SlugTaken, "the slug %q is taken: choose another", slug)
	}
	if err != nil {
		return Campaign{}, e.fault(err)
	}
	return e.view(c)
}

// UpdateCampaign replaces a draft's rules. Statements that are still about its keys stay, and so does its exclusion list. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_OPEN, ETAG_STALE, RULES_INVALID.
func (e *Engine) UpdateCampaign(ctx context.Context, id store.CampaignID, etag string, rules Rules) (Campaign, error) {
	if _, err := encodeRules(&rules); err != nil {
		return Campaign{}, err
	}
	if err := e.draftOf(ctx, id, etag); err != nil {
		return Campaign{}, err
	}
	c, old, err := e.campaign(ctx, id)
	if err != nil {
		return Campaign{}, err
	}
	rules.Statements, rules.Excluded = e.keptStatements(c, old.Statements, rules), old.Excluded
	body, err := encodeRules(&rules)
	if err != nil {
		return Campaign{}, err
	}
	version, _ := strconv.ParseInt(etag, 10, 64)
	c, err = e.Registry.UpdateDraft(ctx, id, version, body)
	if err != nil {
		return Campaign{}, e.draftErr(err)
	}
	return e.view(c)
}

// DeleteCampaign deletes a draft, and then what was kept of its exclusion list, with the reasons of UpdateCampaign. What it is cut off from New does.
func (e *Engine) DeleteCampaign(ctx context.Context, id store.CampaignID, etag string) error {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return err
	}
	defer done()
	e.draftMu.Lock()
	defer e.draftMu.Unlock()
	if err := e.draftOf(ctx, id, etag); err != nil {
		return err
	}
	version, _ := strconv.ParseInt(etag, 10, 64)
	if err := e.Registry.DeleteDraft(ctx, id, version); err != nil {
		return e.draftErr(err)
	}
	e.step("draft deleted")
	return e.fault(e.dropExclusion(ctx, id))
}

// draftOf tells whether id is a draft at etag; the store's compare-and-swap decides again.
func (e *Engine) draftOf(ctx context.Context, id store.CampaignID, etag string) error {
	c, err := e.Registry.Campaign(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refuse(CampaignNotFound, "there is no such campaign")
	case err != nil:
		return e.fault(err)
	}
	return draftAt(c, etag)
}

// draftAt tells whether a campaign that was read is a draft at etag.
func draftAt(c store.Campaign, etag string) error {
	switch {
	case c.State != store.Draft:
		return refuse(CampaignOpen, "the campaign is open: its rules are public and cannot change")
	case etagOf(c) != etag:
		return refuse(EtagStale, "somebody else changed the draft: read it again and repeat your change")
	}
	return nil
}

func (e *Engine) draftErr(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return refuse(CampaignNotFound, "there is no such campaign")
	case errors.Is(err, store.ErrConflict):
		return refuse(EtagStale, "somebody else changed the draft: read it again and repeat your change")
	}
	return e.fault(err)
}

// FindCampaign returns a campaign by its id in 32 hexadecimal digits or by its slug. Drafts are there for staff only.
// Reason: CAMPAIGN_NOT_FOUND.
func (e *Engine) FindCampaign(ctx context.Context, idOrSlug string, staff bool) (Campaign, error) {
	var c store.Campaign
	var err error
	if id, ok := parseID(idOrSlug); ok {
		c, err = e.Registry.Campaign(ctx, id)
	} else {
		c, err = e.Registry.CampaignBySlug(ctx, idOrSlug)
	}
	if errors.Is(err, store.ErrNotFound) || err == nil && c.State == store.Draft && !staff {
		return Campaign{}, refuse(CampaignNotFound, "there is no campaign of this name: check the address")
	}
	if err != nil {
		return Campaign{}, e.fault(err)
	}
	return e.view(c)
}

// ListCampaigns returns up to limit campaigns with id greater than after, ascending; drafts for staff only.
func (e *Engine) ListCampaigns(ctx context.Context, after store.CampaignID, limit int, staff bool) ([]Campaign, error) {
	var out []Campaign
	for len(out) < limit {
		page, err := e.Registry.Campaigns(ctx, after, limit)
		if err != nil {
			return nil, e.fault(err)
		}
		for _, c := range page {
			after = c.ID
			if (c.State == store.Draft && !staff) || len(out) == limit {
				continue
			}
			v, err := e.view(c)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		if len(page) < limit {
			break
		}
	}
	return out, nil
}

// campaign returns the row and its rules, for use inside the engine.
func (e *Engine) campaign(ctx context.Context, id store.CampaignID) (store.Campaign, Rules, error) {
	c, err := e.Registry.Campaign(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return c, Rules{}, refuse(CampaignNotFound, "there is no such campaign")
	}
	if err != nil {
		return c, Rules{}, e.fault(err)
	}
	r, err := decodeRules(c.Rules)
	return c, r, err
}

func (e *Engine) view(c store.Campaign) (Campaign, error) {
	r, err := decodeRules(c.Rules)
	if err != nil {
		return Campaign{}, err
	}
	v := Campaign{ID: c.ID, Slug: c.Slug, State: c.State, Etag: etagOf(c), Rules: r, OpenRecord: c.OpenRecord}
	v.NoticeHash = store.Hash(draw.HashOf(noticeFile(r)))
	if c.OpenRecord != nil {
		v.OpenHash = store.Hash(draw.HashOf(c.OpenRecord))
	}
	return v, nil
}

// fault turns an error of a room into the caller's: storage away is something to try again, a cancelled call stays what it is.
func (e *Engine) fault(err error) error {
	var own *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	case errors.Is(err, store.ErrConflict) || errors.Is(err, errLogMoved): // another engine did meanwhile what this one was about to do
		return errHolderAway
	case errors.Is(err, store.ErrUnavailable):
		return &Error{Reason: StorageUnavailable, Text: "the storage is not available: nothing was acknowledged, try again in a moment", Retry: time.Second}
	}
	return err
}

func etagOf(c store.Campaign) string { return strconv.FormatInt(c.Version, 10) }

// ParseCampaignID reads a campaign id of 32 lower-case hexadecimal digits.
func ParseCampaignID(s string) (store.CampaignID, bool) { return parseID(s) }

func parseID(s string) (id store.CampaignID, ok bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) || hex.EncodeToString(b) != s {
		return id, false
	}
	return store.CampaignID(b), true
}

func encodeRules(r *Rules) ([]byte, error) {
	r.normalise()
	if fields := r.checkTexts(); len(fields) > 0 {
		return nil, &Error{Reason: RulesInvalid, Text: "some texts cannot be published as they are", Fields: fields}
	}
	return json.Marshal(r)
}

func decodeRules(b []byte) (Rules, error) {
	var r Rules
	err := json.Unmarshal(b, &r)
	return r, err
}
