package engine

import (
	"context"
	"encoding/json"

	"fairlot/store"
	"fairlot/survey"
)

// Tallies returns the statistics that were made at close, JSON of survey.Table; nil for a campaign without a survey. Reasons:
// CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT, TOO_EARLY.
func (e *Engine) Tallies(ctx context.Context, id store.CampaignID) ([]byte, error) {
	o, err := e.open(ctx, id)
	if err != nil {
		return nil, err
	}
	c, err := e.Registry.Campaign(ctx, id)
	if err != nil {
		return nil, e.fault(err)
	}
	if c.State < store.Closed { // an unfinished closing shows nothing yet
		return nil, refuse(TooEarly, "statistics are made once, when the campaign closes")
	}
	if o.survey == nil {
		return nil, nil
	}
	return c.Tallies, nil
}

// tallyAll counts the rows of the answers room, which hold nothing but mixed responses.
func (e *Engine) tallyAll(ctx context.Context, o *opened) error {
	t := survey.NewTally(o.survey)
	var after [16]byte
	for {
		rows, err := e.Answers.Responses(ctx, o.id, after, page)
		if err != nil {
			return err
		}
		for _, r := range rows {
			after = r.ID
			if err := t.Add(r.Closed); err != nil {
				return err
			}
		}
		if len(rows) < page {
			return e.putTallies(ctx, o, t)
		}
	}
}

func (e *Engine) tallyFew(ctx context.Context, o *opened, responses []store.Response) error {
	if o.survey == nil {
		return nil
	}
	t := survey.NewTally(o.survey)
	for _, r := range responses {
		if err := t.Add(r.Closed); err != nil {
			return err
		}
	}
	return e.putTallies(ctx, o, t)
}

// putTallies stores what may be published; the first statistics stay, so a closing that is repeated publishes no second ones.
func (e *Engine) putTallies(ctx context.Context, o *opened, t *survey.Tally) error {
	b, err := json.Marshal(t.Result(survey.DefaultMinCell))
	if err != nil {
		return err
	}
	return e.Registry.PutTallies(ctx, o.id, b)
}
