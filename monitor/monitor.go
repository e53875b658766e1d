// Package monitor judges a public log as somebody from outside can who follows it: from its records, its signed heads and
// the cosignatures on them it makes findings, each one thing that a log kept honestly does not show.
//
// It does no I/O and reads no clock: whoever fetches hands in what was fetched, and now is an argument. It judges records, not
// entry lists: package verify does that, and where a number follows only from the lists (seats of joined strata) a finding here
// is made only beyond the greatest number that the records allow. So it never accuses wrongly for want of a list, and verify
// may refuse what has no finding here.
//
// It does not stop at the first fault, as verify does.
//
// First calls: Heads for two signed heads, Look.Findings for records.
package monitor

import (
	"fmt"
	"slices"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/draw"
)

// Kind is a word of the closed list of findings.
type Kind string

// Kinds of findings.
const (
	Fork        Kind = "fork"         // two signed heads that are not of one log
	Shrunk      Kind = "shrunk"       // a head smaller than one seen before
	Hidden      Kind = "hidden"       // records that are not those of the signed head
	Key         Kind = "key"          // signed by another key than before
	BadRecord   Kind = "record"       // an entry that is no record, or of a newer format
	Order       Kind = "order"        // a record where none of its kind may stand
	SecondOpen  Kind = "second-open"  // a campaign opened twice
	DrawGap     Kind = "draw-gap"     // a draw number that is left out, or that no rules announce
	Overdue     Kind = "overdue"      // neither result nor void, long after the round
	SecondClose Kind = "second-close" // a draw closed twice
	LateClose   Kind = "late-close"   // not closed, or not cosigned, by the deadline
	LateAmend   Kind = "late-amend"   // put off too late, or to no later round
	LateVoid    Kind = "late-void"    // declared void too late, or without cause
	BadResult   Kind = "result"       // a second result, or one that does not follow
	Register    Kind = "register"     // more entrants than the register holds, more excluded ones than the exclusion list, or more earlier winners than seats
	Days        Kind = "days"         // strange counts of a day
	Opened      Kind = "opened"       // envelopes opened beyond what the rules explain
	Trail       Kind = "trail"        // heads of the audit trail that go back
	Verify      Kind = "verify"       // a bundle that does not verify
)

// Kinds are all kinds, in the order in which they are declared.
func Kinds() []Kind {
	return []Kind{Fork, Shrunk, Hidden, Key, BadRecord, Order, SecondOpen, DrawGap, Overdue, SecondClose, LateClose, LateAmend, LateVoid,
		BadResult, Register, Days, Opened, Trail, Verify}
}

// Finding is one thing that an honest log does not show. It is comparable but for Evidence.
type Finding struct {
	Kind     Kind
	Campaign string   // id in hex; empty: about the log as a whole
	Draw     int      // 0: about no single draw
	Entry    int64    // index of the record; −1: about none
	En, Zh   string   // one sentence, in English and in Chinese as used in Taiwan
	Evidence []string // signed notes that prove it, if any do
}

// Sight is a head that the monitor itself saw, and when last.
type Sight struct {
	Size int64
	Time time.Time
}

// Evidence is what a campaign's bundle holds besides the records: its policy, and checkpoints of this very log as Policy.VerifyUnder
// took them.
type Evidence struct {
	Policy      *ledger.Policy
	Checkpoints []ledger.Witnessed
}

// Look is all that is known of a log at one time.
type Look struct {
	Log      string   // the log's verifier key
	Records  [][]byte // from entry 0, as many as the head signs
	Now      time.Time
	Sights   []Sight // ascending by size; may be empty
	Evidence map[draw.CampaignID]*Evidence
	Overdue  time.Duration // how long after its round a draw may have neither result nor void
	DayTimes int           // a day with more than so many times the median of the other days is strange
}

// campaign is an open record with what the log says about it after.
type campaign struct {
	index   int64
	open    *draw.Open
	hash    draw.Hash
	records []entry
}

type entry struct {
	index int64
	rec   draw.Record
	hash  draw.Hash
}

// judge gathers findings.
type judge struct {
	*Look
	all   []Finding
	sigs  []draw.Signature // of all results, which refute a dead beacon
	about *campaign
	n     int
}

// find adds a finding about what is judged now. Both texts take the same arguments.
func (j *judge) find(kind Kind, index int64, en, zh string, args ...any) {
	f := Finding{Kind: kind, Draw: j.n, Entry: index, En: fmt.Sprintf(en, args...), Zh: fmt.Sprintf(zh, args...)}
	if j.about != nil {
		f.Campaign = j.about.open.Campaign.String()
	}
	j.all = append(j.all, f)
}

// Findings judges the records. The order is that of the log: first what is about the log as a whole, then campaign by campaign.
func (l Look) Findings() []Finding {
	j := &judge{Look: &l}
	for _, c := range j.read() {
		j.about, j.n = c, 0
		j.campaign(c)
	}
	return j.all
}

// read parses all records and hands each to its campaign.
func (j *judge) read() []*campaign {
	var all []*campaign
	byHash, byID := map[draw.Hash]*campaign{}, map[draw.CampaignID]*campaign{}
	var trail draw.TrailHead
	for i, b := range j.Records {
		at := int64(i)
		rec, err := draw.ParseRecord(b)
		if err != nil {
			j.find(BadRecord, at, "entry %d cannot be read: %v", "第 %d 筆讀不懂：%v", at, err)
			continue
		}
		switch r := rec.(type) {
		case *draw.Open:
			if first := byID[r.Campaign]; first != nil {
				j.find(SecondOpen, at, "entry %d opens campaign %s again, which entry %d opened: two sets of rules for one campaign",
					"第 %d 筆再次開啟活動 %s，第 %d 筆已開啟過：同一活動有兩套規則", at, r.Campaign, first.index)
				continue
			}
			c := &campaign{index: at, open: r, hash: draw.HashOf(b)}
			byID[r.Campaign], byHash[c.hash] = c, c
			all = append(all, c)
			if r.Log != j.Log {
				j.find(Key, at, "entry %d opens campaign %s for another log key than this log's", "第 %d 筆開啟活動 %s，所列紀錄簿金鑰不是本紀錄簿的", at, r.Campaign)
			}
		case *draw.Origin:
			if at > 0 {
				j.find(Order, at, "entry %d says that the log begins here: that stands at entry 0 only", "第 %d 筆說紀錄簿由此開始：這只能是第 0 筆", at)
			}
		case *draw.TrailHead:
			if r.Day <= trail.Day || r.Count <= trail.Count {
				j.find(Trail, at, "entry %d: the audit trail of %s with %d acts follows one of %s with %d: acts were taken away",
					"第 %d 筆：稽核軌跡 %s 有 %d 筆，前一次 %s 卻有 %d 筆：有紀錄被拿掉", at, r.Day, r.Count, trail.Day, trail.Count)
				continue
			}
			trail = *r
		default:
			open, _ := rec.About()
			c := byHash[open]
			if c == nil {
				j.find(Order, at, "entry %d (%s) is about a campaign that was not opened before it", "第 %d 筆（%s）所屬的活動在此之前並未開啟", at, rec.Kind())
				continue
			}
			c.records = append(c.records, entry{at, rec, draw.HashOf(b)})
			if res, ok := rec.(*draw.Result); ok {
				j.sigs = append(j.sigs, res.Signature)
			}
		}
	}
	return all
}

func (j *judge) campaign(c *campaign) {
	o := c.open
	if err := o.CheckTimes(); err != nil {
		j.find(Order, c.index, "entry %d: the rules contradict themselves: %v", "第 %d 筆：規則自相矛盾：%v", c.index, err)
	}
	draws := make([]*state, len(o.Draws))
	for i := range draws {
		j.n = i + 1
		draws[i] = j.draw(c, i+1, draws[:i])
	}
	for i, d := range draws {
		j.n = i + 1
		later := slices.ContainsFunc(draws[i+1:], func(x *state) bool { return x.result != nil })
		j.unheld(d, later)
	}
	j.n = 0
	j.days(c, draws)
	listed, closed := int64(0), true
	for _, d := range draws {
		if d.close == nil {
			closed = false
		} else {
			listed = max(listed, d.close.Entrants)
		}
	}
	for _, e := range c.records {
		_, n := e.rec.About()
		if n > len(draws) {
			j.n = n
			j.find(DrawGap, e.index, "entry %d (%s) is about draw %d, which the rules do not announce: they announce %d", "第 %d 筆（%s）是第 %d 次抽獎，規則未公告：只公告 %d 次",
				e.index, e.rec.Kind(), n, len(draws))
			j.n = 0
		}
		if o, ok := e.rec.(*draw.Opened); ok && o.Case != nil && closed && len(draws) > 0 && o.Count > listed {
			j.find(Opened, e.index, "entry %d: %d persons were opened for a case (%s), but only %d ever entered", "第 %d 筆：為案件開啟了 %d 人（%s），但總共只有 %d 人參加", e.index, o.Count, o.Purpose, listed)
		}
	}
}
