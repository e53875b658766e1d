package monitor

import (
	"time"

	"fairlot/crypto/beacon"
	"fairlot/draw"
)

// form is how findings write a time.
const form = "2006-01-02 15:04:05 UTC"

func text(t time.Time) string { return t.UTC().Format(form) }

// state is what came of one draw.
type state struct {
	rules    *draw.DrawRules
	round    uint64 // in force
	deadline time.Time
	close    *draw.Close
	result   *draw.Result
	void     bool // one counts, or still can
	voids    []voided
	resultAt int64
	won      int64 // persons who can hold a seat
}

// inTime tells whether a record is cosigned in time, and whether it still can be.
func (j *judge) inTime(index int64, deadline time.Time) (met, may bool) {
	if ev := j.Evidence[j.about.open.Campaign]; ev != nil {
		met, _ = ev.Policy.InTime(ev.Checkpoints, index, deadline.Unix())
	}
	return met, !met && !j.Now.After(deadline)
}

// sawWithout tells whether the monitor itself saw the log without a record after the deadline, and when. No cosignature undoes that.
func (j *judge) sawWithout(index int64, deadline time.Time) (when time.Time, saw bool) {
	for _, s := range j.Sights {
		if s.Size <= index && s.Time.After(deadline) && s.Time.After(when) {
			when, saw = s.Time, true
		}
	}
	return when, saw
}

// late finds fault with a record that does not count for its deadline, and says whether it counts or still can. what names the record in both languages.
func (j *judge) late(kind Kind, index int64, deadline time.Time, en, zh string) bool {
	met, may := j.inTime(index, deadline)
	if when, saw := j.sawWithout(index, deadline); saw {
		j.find(kind, index, "entry %[1]d: %[2]s came after its deadline %[4]s: at %[5]s this monitor saw the log without it, whatever cosignatures say",
			"第 %[1]d 筆：%[3]s晚於期限 %[4]s：本監看程式在 %[5]s 看到的紀錄簿還沒有它，不論連署怎麼說", index, en, zh, text(deadline), text(when))
		return met || may
	}
	if !met && !may {
		j.find(kind, index, "entry %[1]d: %[2]s was not cosigned by enough witnesses by %[4]s, so it proves nothing", "第 %[1]d 筆：%[3]s在 %[4]s 前沒有足夠的見證人連署，不能算數", index, en, zh, text(deadline))
	}
	return met || may
}

// draw goes through the records of one draw, in order. before are the draws of smaller numbers.
func (j *judge) draw(c *campaign, n int, before []*state) *state {
	d := &state{rules: &c.open.Draws[n-1], round: c.open.Draws[n-1].Round}
	var mine []entry
	for _, e := range c.records {
		if _, about := e.rec.About(); about == n {
			mine = append(mine, e)
		}
	}
	for _, e := range mine { // first the round in force: all deadlines hang on it
		if a, ok := e.rec.(*draw.Amend); ok {
			deadline := d.rules.Deadline(d.round)
			switch {
			case a.Round <= d.round:
				j.find(LateAmend, e.index, "entry %d puts the draw off to round %d, which is no later than round %d", "第 %d 筆把抽獎改到第 %d 輪，並不晚於第 %d 輪", e.index, a.Round, d.round)
			case j.late(LateAmend, e.index, deadline, "putting the draw off", "延期"):
				d.round = a.Round
			}
		}
	}
	d.deadline = d.rules.Deadline(d.round)
	for _, e := range mine {
		if v, ok := e.rec.(*draw.Void); ok {
			counts := j.voidCounts(d, e, v)
			d.void = counts || d.void
			d.voids = append(d.voids, voided{e.index, counts, v.Reason == draw.ReasonBeaconDead})
		}
	}
	opened := map[string]int64{}
	called := int64(0)
	var closed entry
	for _, e := range mine {
		switch r := e.rec.(type) {
		case *draw.Amend:
			if d.result != nil {
				j.find(Order, e.index, "entry %d puts the draw off after its result", "第 %d 筆在開獎後才把抽獎延期", e.index)
			}
		case *draw.Close:
			if d.close != nil {
				j.find(SecondClose, e.index, "entry %d closes the draw a second time, after entry %d: proof of fraud, whatever it says", "第 %d 筆第二次截止同一抽獎，第 %d 筆已截止：不論內容，都是舞弊的證據", e.index, closed.index)
				continue
			}
			d.close, closed = r, e
			if !d.void {
				j.late(LateClose, e.index, d.deadline, "the close of the entry list", "名單截止")
			}
			j.register(c, e, r)
			j.earlier(c, n, e, r, before)
		case *draw.Result:
			if j.follows(d, e, r, closed); d.result == nil {
				d.result, d.resultAt = r, e.index
				d.won = d.seats()
				called = d.won
			}
		case *draw.Replace:
			if d.result == nil {
				j.find(Order, e.index, "entry %d replaces a winner before there is a result", "第 %d 筆在開獎前就替換得獎人", e.index)
			} else if r.Next > 0 {
				called++
			}
		case *draw.Opened:
			j.opened(d, e, r, opened, called)
		}
	}
	if d.close == nil && !d.void && j.Now.After(d.deadline) {
		j.find(LateClose, -1, "the draw was not closed by %s: whatever is listed now was not fixed before the randomness", "抽獎未在 %s 前截止：現在才列出的名單，不是亂數出現前就定下的", text(d.deadline))
	}
	if d.void && d.result != nil {
		j.find(Order, -1, "there is a result beside a void that counts", "抽獎已有效宣告作廢，卻又有結果")
	}
	return d
}

// seats is the greatest number of persons who can have won: joined strata may leave fewer.
func (d *state) seats() int64 {
	n := int64(d.rules.Proportional)
	for _, t := range d.rules.Tiers {
		n += int64(t.Count)
	}
	if d.close != nil {
		n = min(n, counted(d.close))
	}
	return min(n, d.result.Ranked)
}

// counted is how many leaves have chances.
func counted(c *draw.Close) int64 {
	n := c.Entrants
	for _, z := range c.Zero {
		n -= z.Count
	}
	return n
}

// voidCounts tells whether a void counts or still can (SPEC section 7), and finds fault with it if not.
func (j *judge) voidCounts(d *state, e entry, v *draw.Void) bool {
	if v.Reason != draw.ReasonBeaconDead {
		return j.late(LateVoid, e.index, d.deadline, "declaring the draw void", "宣告作廢")
	}
	if met, may := j.inTime(e.index, d.deadline); met || may {
		return true
	}
	dead := d.rules.DeadAt(d.round)
	switch {
	case j.known(d):
		j.find(LateVoid, e.index, "entry %d says that the beacon was dead, but a result in this log holds the signature of round %d", "第 %d 筆說亂數源已停，但本紀錄簿的開獎結果就載有第 %d 輪的簽章", e.index, d.round)
		return false
	case j.Now.Before(dead):
		j.find(LateVoid, e.index, "entry %d says that the beacon is dead before the rules allow it: not before %s", "第 %d 筆宣稱亂數源已停，早於規則允許的 %s", e.index, text(dead))
		return false
	}
	if ev := j.Evidence[j.about.open.Campaign]; ev != nil {
		met, _ := ev.Policy.Since(ev.Checkpoints, e.index, dead.Unix())
		return met
	}
	return false
}

// known tells whether a result of this log, of any campaign, holds the signature of the round.
func (j *judge) known(d *state) bool {
	for _, s := range j.sigs {
		if beacon.Verify(d.chain(), d.round, s[:]) == nil {
			return true
		}
	}
	return false
}

func (d *state) chain() beacon.Chain {
	b := d.rules.Beacon
	return beacon.Chain{Hash: b.Chain, Scheme: b.Scheme, Period: uint32(b.Period), Genesis: b.Genesis, Key: b.Key}
}

// follows finds fault with a result.
func (j *judge) follows(d *state, e entry, r *draw.Result, closed entry) {
	switch {
	case d.result != nil:
		j.find(BadResult, e.index, "entry %d is a second result", "第 %d 筆是第二個開獎結果", e.index)
	case d.close == nil:
		j.find(BadResult, e.index, "entry %d is a result before the entry list was closed", "第 %d 筆在名單截止前就開獎", e.index)
	case r.Close != closed.hash:
		j.find(BadResult, e.index, "entry %d is the result of another entry list than the one that was closed", "第 %d 筆開獎所用的名單，不是已截止的那一份", e.index)
	case beacon.Verify(d.chain(), d.round, r.Signature[:]) != nil:
		j.find(BadResult, e.index, "entry %d rests on a signature that is not round %d of the beacon", "第 %d 筆所用的簽章不是亂數源第 %d 輪", e.index, d.round)
	case r.Seed != draw.SeedOf(r.Close, r.Signature):
		j.find(BadResult, e.index, "entry %d has a seed that does not follow from entry list and beacon", "第 %d 筆的種子不是由名單與亂數源算出", e.index)
	}
}

// unheld finds draws that were announced and of which nothing came.
func (j *judge) unheld(d *state, later bool) {
	due := draw.RoundTime(d.rules.Beacon, d.round)
	if d.result != nil || d.void || !j.Now.After(due.Add(j.Overdue)) {
		return
	}
	if later {
		j.find(DrawGap, -1, "the draw was due at %s and has neither result nor void, but a later draw has a result: a number is left out", "抽獎應於 %s 舉行，沒有結果也沒有作廢，之後的抽獎卻已開獎：少了這一次", text(due))
		return
	}
	j.find(Overdue, -1, "the draw was due at %s and has neither result nor void: ask for the result, which anybody can compute from entry list and beacon", "抽獎應於 %s 舉行，至今沒有結果也沒有作廢：請要求公布，任何人都能由名單與亂數源算出", text(due))
}

// opened finds envelopes of a draw that were opened beyond the rules: before anybody was drawn, or of more persons than had been called by then.
func (j *judge) opened(d *state, e entry, o *draw.Opened, sums map[string]int64, called int64) {
	if d.result == nil {
		j.find(Opened, e.index, "entry %d: %d persons were opened for %s before anybody was drawn", "第 %d 筆：還沒有人中獎，就開啟了 %d 人的資料（%s）", e.index, o.Count, o.Purpose)
		return
	}
	limit := called
	if o.Purpose == "audit" {
		limit = int64(j.about.open.Audit)
	}
	if sums[o.Purpose] += o.Count; sums[o.Purpose] > limit || o.Count > limit {
		j.find(Opened, e.index, "entry %[1]d: with it %[2]d persons are opened for %[3]s, but by the rules at most %[4]d may be: somebody who is not drawn was opened",
			"第 %[1]d 筆：至此為「%[3]s」共開啟 %[2]d 人，依規則最多 %[4]d 人：有未中獎的人被開啟", e.index, sums[o.Purpose], o.Purpose, limit)
		sums[o.Purpose] = min(sums[o.Purpose], 1<<60) // a sum of few counts of at most 2^53 each does not overflow
	}
}

// register finds more entrants with chances than persons who could enter at all, and more excluded ones than persons who are to be.
func (j *judge) register(c *campaign, e entry, r *draw.Close) {
	if n := counted(r); c.open.Register > 0 && n > c.open.Register {
		j.find(Register, e.index, "entry %d lists %d entrants with chances, but only %d persons could enter: the pool is stuffed", "第 %d 筆列出 %d 名有機會的參加者，但可參加的只有 %d 人：名單灌水", e.index, n, c.open.Register)
	} else if n < 0 {
		j.find(Register, e.index, "entry %d counts more entries without chances than entries: %d too many", "第 %d 筆中無機會的筆數比總筆數還多：多出 %d 筆", e.index, -n)
	}
	var listed int64
	if x := c.open.Excluded; x != nil {
		listed = x.Count
	}
	for _, z := range r.Zero {
		if z.Reason == "excluded" && z.Count > listed {
			j.find(Register, e.index, "entry %d lists %d entries as excluded, but only %d persons are on the exclusion list: somebody lost their chances who is not on it", "第 %d 筆有 %d 筆登記列為排除，但排除名單上只有 %d 人：有不在名單上的人失去了機會", e.index, z.Count, listed)
		}
	}
}
