package engine

import (
	"context"
	"math"

	"fairlot/draw"
	"fairlot/store"
)

// purposes are those of opened records, in the order in which they are told: of draws, then of cases.
var purposes = []string{"notice", "claim", "tax", "audit", "court", "breach", "person"}

// Opening counts what the log announced as opened in a campaign for one purpose.
type Opening struct {
	Purpose string
	Count   int64 // persons' envelopes
	Cases   int   // different cases; 0 of draws
}

// Openings counts what the log announced as opened in a campaign of some draws, by purpose, without those that nothing was opened for. Reasons:
// CAMPAIGN_NOT_FOUND.
func (e *Engine) Openings(ctx context.Context, id store.CampaignID, draws int) ([]Opening, error) {
	c, err := e.Registry.Campaign(ctx, id)
	if err != nil {
		return nil, e.fault(err)
	}
	if draws == 0 || c.OpenRecord == nil {
		return nil, nil
	}
	sums, cases := map[string]int64{}, map[string]map[[16]byte]bool{}
	for n := range draws + 1 { // 0: for cases
		records, err := e.loggedAbout(ctx, draw.HashOf(c.OpenRecord), n)
		if err != nil {
			return nil, e.fault(err)
		}
		for _, l := range records {
			o, ok := l.record.(*draw.Opened)
			if !ok {
				continue
			}
			sums[o.Purpose] = min(sums[o.Purpose], math.MaxInt64-o.Count) + o.Count
			if o.Case != nil {
				if cases[o.Purpose] == nil {
					cases[o.Purpose] = map[[16]byte]bool{}
				}
				cases[o.Purpose][*o.Case] = true
			}
		}
	}
	var all []Opening
	for _, p := range purposes {
		if sums[p] > 0 {
			all = append(all, Opening{p, sums[p], len(cases[p])})
		}
	}
	return all, nil
}
