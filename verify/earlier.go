package verify

import (
	"fmt"

	"fairlot/draw"
)

// wonEarlier is the reason in a close of those who are out as earlier winners.
const wonEarlier = "won-earlier"

// earlierOut is what step 7 wants of who won before: where they are out, every earlier draw was settled when the log came to the close of this one, and who held a seat
// of one then has no chances and is counted so, and nobody else is.
func (c *check) earlierOut(d *Draw, list *draw.List) error {
	if c.rules.Draws[d.N-1].EarlierWinnersOut {
		for i := range d.N - 1 {
			if e := &c.out.Draws[i]; !c.settledBefore(e, d) {
				return failed(7, d.N, fmt.Sprintf("entry %d closed the list when draw %d had no result yet and was not void, and its winners are to be out", d.closeIndex, e.N))
			}
		}
	}
	won := map[draw.EntrantID]bool{}
	err := heldBefore(c.out, d, c.rules.Draws, func(e *Draw, l draw.Line) error {
		leaf, at, ok, err := list.Find(l.ID)
		if err != nil || !ok {
			return err
		}
		if leaf.Chances > 0 {
			return failed(7, d.N, fmt.Sprintf("leaf %d has chances, and won draw %d, whose winners are out", at, e.N))
		}
		won[l.ID] = true
		return nil
	})
	if err != nil {
		return err
	}
	counted := int64(0)
	for _, z := range d.Close.Zero {
		if z.Reason == wonEarlier {
			counted = z.Count
		}
	}
	if counted != int64(len(won)) {
		return differs(7, d.N, "leaves of earlier winners who are out", counted, len(won))
	}
	return nil
}

// settledBefore tells whether nothing was awaited of e any more when the log came to the close of d (SPEC section 7). A void as beacon-dead that counted then
// still does if the round came after that: whoever closed the list could not know better. One that counts by later cosignatures alone never does, or the list would
// fail once the round came.
func (c *check) settledBefore(e, d *Draw) bool {
	if e.Result != nil && e.resultIndex < d.closeIndex {
		return true
	}
	dead := c.rules.Draws[e.N-1].DeadAt(e.Round).Unix()
	for _, v := range e.voids {
		if v.index < d.closeIndex && (v.inTime || v.reason == draw.ReasonBeaconDead && c.policy.SinceBefore(c.cps, v.index, dead, d.closeIndex)) {
			return true
		}
	}
	return false
}

// heldBefore calls f for each seat of an earlier draw that was held when the log came to the close of d; for none if d takes earlier winners in. Earlier draws passed all
// their steps before.
func heldBefore(out *Outcome, d *Draw, rules []draw.DrawRules, f func(e *Draw, l draw.Line) error) error {
	if !rules[d.N-1].EarlierWinnersOut {
		return nil
	}
	for i := range d.N - 1 {
		e := &out.Draws[i]
		if e.Result == nil || e.resultIndex > d.closeIndex {
			continue
		}
		seats := draw.NewSeats(e.Ranking, rules[i].Forfeit)
		for k, r := range e.Replaced {
			if e.replacedAt[k] > d.closeIndex {
				break
			}
			if err := seats.Apply(r); err != nil {
				return failedBy(12, e.N, err)
			}
		}
		for _, l := range seats.Winners(e.Ranking) {
			if err := f(e, l); err != nil {
				return err
			}
		}
	}
	return nil
}
