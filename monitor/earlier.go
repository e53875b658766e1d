package monitor

import "fairlot/draw"

// voided is a void record of a draw.
type voided struct {
	index  int64
	counts bool // or still can
	dead   bool // its reason is that the beacon is dead
}

// earlier finds fault with a close for what it makes of who won before (SPEC section 7): closed before that was known, or with more of them than can have won.
func (j *judge) earlier(c *campaign, n int, e entry, r *draw.Close, before []*state) {
	var won int64
	if c.open.Draws[n-1].EarlierWinnersOut {
		for i, d := range before {
			if !j.settled(d, e.index) {
				j.find(Order, e.index, "entry %[1]d closes the list before draw %[2]d has a result, although whoever wins that one should be out of it", "第 %[1]d 筆在第 %[2]d 次抽獎有結果前就結束名單，但那次的得獎人本不應在內", e.index, i+1)
				break
			}
		}
		for _, d := range before {
			if d.result != nil && d.resultAt < e.index {
				won += d.won
			}
		}
	}
	for _, z := range r.Zero {
		if z.Reason == "won-earlier" && z.Count > won {
			j.find(Register, e.index, "entry %d lists %d entries as winners of earlier draws who are out, but only %d can be: somebody lost their chances who won nothing", "第 %d 筆有 %d 筆登記列為先前得獎而不參加，但最多只有 %d 筆：有沒得獎的人失去了機會", e.index, z.Count, won)
		}
	}
}

// settled tells whether nothing was awaited of a draw any more when the log came to an entry, or whether that may still come out so. A beacon that was dead then may have
// come back since.
func (j *judge) settled(d *state, index int64) bool {
	if d.result != nil && d.resultAt < index {
		return true
	}
	for _, v := range d.voids {
		if v.index >= index {
			continue
		}
		if v.dead && j.deadBefore(d, v.index, index) || !v.dead && v.counts {
			return true
		}
	}
	return false
}

// deadBefore is settled by a void as beacon-dead. A daemon closes the list only once that void counts on the heads that it has, so a bundle in which it counts by later ones
// alone tells that it did not.
func (j *judge) deadBefore(d *state, void, index int64) bool {
	if met, may := j.inTime(void, d.deadline); met || may {
		return true
	}
	if ev, from := j.Evidence[j.about.open.Campaign], d.rules.DeadAt(d.round).Unix(); ev != nil {
		if ev.Policy.SinceBefore(ev.Checkpoints, void, from, index) {
			return true
		}
		if later, _ := ev.Policy.Since(ev.Checkpoints, void, from); later {
			return false
		}
	}
	return !j.known(d)
}
