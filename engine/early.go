package engine

import (
	"context"
	"errors"
	"time"

	"fairlot/store"
)

// RequestCloseEarly asks for the close of a campaign without draws before the end of its entries, which another person must approve. The end of a campaign
// with draws is a promise to entrants that nobody may break: TOO_EARLY, whoever asks. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT, CAMPAIGN_ENDED, TOO_EARLY.
func (e *Engine) RequestCloseEarly(ctx context.Context, by Actor, id store.CampaignID) (Approval, error) {
	a := store.Approval{Kind: ApproveCloseEarly, Campaign: id}
	var err error
	if a.Act, err = e.earlyNow(ctx, a); err != nil {
		return Approval{}, err
	}
	return e.request(ctx, by, a)
}

func (e *Engine) earlyNow(ctx context.Context, a store.Approval) ([]byte, error) {
	o, err := e.open(ctx, a.Campaign)
	if err != nil {
		return nil, err
	}
	c, err := e.Registry.Campaign(ctx, a.Campaign)
	end := o.rules.EntriesEnd.UTC().Format(time.RFC3339)
	switch {
	case err != nil:
		return nil, e.fault(err)
	case o.draws():
		return nil, refuse(TooEarly, "entries end at %s, as the open record promises to everybody who enters the draw: nobody can close before that", end)
	case c.State != store.Open || !e.Now().Before(o.rules.EntriesEnd):
		return nil, refuse(CampaignEnded, "entries have ended by themselves: close the campaign as usual")
	}
	return actText(ApproveCloseEarly, c, "entries-end "+end), nil
}

// doCloseEarly ends the entries now and closes. Once they have ended, a closing that was cut off is carried on by the next try.
func (e *Engine) doCloseEarly(ctx context.Context, a store.Approval) error {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return err
	}
	defer done()
	o, err := e.open(ctx, a.Campaign)
	if err != nil {
		return err
	}
	if err := o.lock(ctx); err != nil {
		return err
	}
	defer o.unlock()
	gate, err := e.Identity.Gate(ctx, o.id)
	if err != nil {
		return e.fault(err)
	}
	c, err := e.Registry.Campaign(ctx, o.id)
	if err != nil {
		return e.fault(err)
	}
	if c.State >= store.Closed {
		return nil // by an earlier try
	}
	if o.draws() {
		return errors.New("close early: the campaign has draws") // never asked for
	}
	if gate.State == store.GateOpen {
		if _, err := e.moveGate(ctx, gate, store.GateEnded, gate.Epoch); err != nil {
			return e.fault(err)
		}
	}
	return e.fault(e.closeLocked(ctx, o))
}
