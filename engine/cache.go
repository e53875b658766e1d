package engine

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/entrant"
	"fairlot/store"
	"fairlot/survey"
)

// opened is a campaign that is open or was: parsed once, and then the same forever, since an open record never changes. Only its lock moves.
type opened struct {
	id         store.CampaignID
	slug       string
	rules      Rules
	open       store.Hash
	notice     store.Hash
	survey     *survey.Definition // nil without a survey
	recipients custody.Recipients
	zone       *time.Location

	// work holds one token: whoever took it moves the gate, mixes, or closes. Others wait, each until its own deadline.
	work chan struct{}
	next uint32 // first epoch without a batch, 0 if not read yet; under work
	term int64  // of the lease in which next was read; under work
	lost lostKeys
	seen atomic.Pointer[store.Gate] // the gate as last read; it may have moved since
}

func (o *opened) draws() bool { return len(o.rules.Draws) > 0 }

// hides says that nobody may learn who has entered: all entrants get the same answers, whoever they are and whatever became of their responses.
func (o *opened) hides() bool { return o.draws() && o.counts0() }

// counts0 says that a second entry of a person is kept with chances 0 and not refused.
func (o *opened) counts0() bool { return o.rules.Proof == ProofNone }

func (o *opened) lock(ctx context.Context) error {
	select {
	case o.work <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *opened) unlock() { <-o.work }

// openCache holds every campaign that was asked for since the start; there are as many as an institution has campaigns.
type openCache struct {
	mu   sync.RWMutex
	byID map[store.CampaignID]*opened
}

// open returns a campaign that is open, ended or closed. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT.
func (e *Engine) open(ctx context.Context, id store.CampaignID) (*opened, error) {
	e.opened.mu.RLock()
	o := e.opened.byID[id]
	e.opened.mu.RUnlock()
	if o != nil {
		return o, nil
	}
	c, rules, err := e.campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.State == store.Draft {
		return nil, refuse(CampaignDraft, "the campaign is not open yet")
	}
	o, err = parseOpened(c, rules)
	if err != nil {
		return nil, fmt.Errorf("read campaign %x: %w", id[:], err)
	}
	e.opened.mu.Lock()
	defer e.opened.mu.Unlock()
	if first := e.opened.byID[id]; first != nil {
		return first, nil // its lock is the one that counts
	}
	if e.opened.byID == nil {
		e.opened.byID = map[store.CampaignID]*opened{}
	}
	e.opened.byID[id] = o
	return o, nil
}

func parseOpened(c store.Campaign, rules Rules) (*opened, error) {
	o := &opened{
		id: c.ID, slug: c.Slug, rules: rules,
		open: store.Hash(draw.HashOf(c.OpenRecord)), notice: store.Hash(draw.HashOf(noticeFile(rules))),
		zone: location(), work: make(chan struct{}, 1),
	}
	var err error
	if rules.Survey != "" {
		if o.survey, err = survey.Parse([]byte(rules.Survey)); err != nil {
			return nil, err
		}
	}
	if o.draws() {
		texts := make([]string, len(rules.Custodians))
		for i, k := range rules.Custodians {
			texts[i] = k.Recipient
		}
		if o.recipients, err = custody.ParseRecipients(texts...); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// sealPerson makes the lock and the envelopes of an entrant.
func (o *opened) sealPerson(id store.EntrantID, p *entrant.Texts, openings seal.Openings) (lock [][]byte, identity, contact []byte, err error) {
	s, err := custody.SealEntrant(custody.Entrant{
		Open: o.open, Campaign: o.id, ID: id, Threshold: o.rules.Threshold, To: o.recipients,
		Identity: p.Identity, Contact: p.Contact, Openings: openings,
	})
	return s.Lock, s.Identity, s.Contact, err
}

// sealers bounds how many entries are sealed at once: more would only make each slower.
func sealers() chan struct{} { return make(chan struct{}, runtime.GOMAXPROCS(0)) }
