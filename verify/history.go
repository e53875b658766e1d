package verify

import (
	"fmt"
	"math"
	"strings"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/draw"
)

// history is step 6: what counts among the campaign's records (SPEC section 7).
func (c *check) history() error {
	for i := range c.rules.Draws {
		d := &c.rules.Draws[i]
		c.out.Draws = append(c.out.Draws, Draw{N: i + 1, State: StateOpen, Round: d.Round,
			Quicknet: chainOf(d.Beacon) == beacon.Quicknet()})
	}
	mark := []byte("open " + c.open.hash.String() + "\n")
	var trail draw.TrailHead // the last one so far
	err := c.each(func(i int64, b []byte) error {
		if strings.HasPrefix(string(b), "fairlot/v1 audit\n") {
			return nextAudit(&trail, i, b)
		}
		if !strings.Contains(string(b), string(mark)) { // cheap; About decides
			return nil
		}
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return failedBy(2, 0, err)
		}
		open, n := rec.About()
		if open != c.open.hash {
			return nil
		}
		if i < c.open.index {
			return failed(6, n, fmt.Sprintf("entry %d is about the campaign, but comes before its open record", i))
		}
		if n > len(c.rules.Draws) {
			return failed(6, 0, fmt.Sprintf("entry %d is about draw %d, which the campaign does not have", i, n))
		}
		c.log = append(c.log, entry{i, draw.HashOf(b), rec})
		return nil
	})
	if err != nil {
		return err
	}
	c.out.Cases = c.cases()
	for i := range c.out.Draws {
		if err := c.drawHistory(&c.out.Draws[i]); err != nil {
			return err
		}
	}
	return nil
}

// cases counts what was opened for cases of the campaign. Nothing limits it, so it is only told; a sum stops at the greatest count.
func (c *check) cases() (all []CaseCount) {
	for _, purpose := range []string{"court", "breach", "person"} {
		n, numbers := CaseCount{Purpose: purpose}, map[[16]byte]bool{}
		for _, e := range c.log {
			if o, ok := e.rec.(*draw.Opened); ok && o.Case != nil && o.Purpose == purpose {
				numbers[*o.Case] = true
				n.Opened = min(n.Opened, math.MaxInt64-o.Count) + o.Count
			}
		}
		if n.Cases = len(numbers); n.Cases > 0 {
			all = append(all, n)
		}
	}
	return all
}

// nextAudit checks that a head of the audit trail is of a later day than the last one, with more acts.
func nextAudit(last *draw.TrailHead, i int64, b []byte) error {
	rec, err := draw.ParseRecord(b)
	if err != nil {
		return failedBy(2, 0, err)
	}
	a := rec.(*draw.TrailHead)
	if a.Day <= last.Day || a.Count <= last.Count {
		return failed(6, 0, fmt.Sprintf("entry %d: an audit of %s with %d acts follows one of %s with %d", i, a.Day, a.Count, last.Day, last.Count))
	}
	*last = *a
	return nil
}

func (c *check) drawHistory(d *Draw) error {
	rules := &c.rules.Draws[d.N-1]
	var voids []entry
	for _, e := range c.log {
		if _, n := e.rec.About(); n != d.N {
			continue
		}
		if err := c.apply(d, rules, e); err != nil {
			return err
		}
		if e.rec.Kind() == "void" {
			voids = append(voids, e)
		}
	}
	d.RoundTime = draw.RoundTime(rules.Beacon, d.Round)
	d.Deadline = rules.Deadline(d.Round)
	for _, e := range voids {
		counts, may, err := c.voidCounts(d, rules, e)
		if err != nil {
			return err
		}
		reason := e.rec.(*draw.Void).Reason
		inTime, _ := c.policy.InTime(c.cps, e.index, d.Deadline.Unix())
		d.voids = append(d.voids, voidEntry{e.index, reason, inTime})
		switch {
		case counts && d.Void == "":
			d.Void = reason
		case may && d.Voiding == "":
			d.Voiding, d.voidingIndex = reason, e.index
		case !counts && !may && d.Missed == "":
			d.Missed = reason
		}
	}
	switch {
	case d.Void != "" && d.Result != nil:
		return failed(6, d.N, "there is a result beside a void that counts")
	case len(voids) > 0 && d.Void == "" && d.Result == nil && c.opts.Now.IsZero():
		return failed(6, d.N, fmt.Sprintf("the void of entry %d does not count: in this bundle the policy's witnesses have not cosigned it %s", voids[0].index, inTime(d, rules, voids[0])))
	case d.Void != "":
		d.State, d.Voiding, d.Missed = StateVoid, "", ""
	case d.Result != nil:
		d.State = StateDrawn
	case d.Close != nil:
		d.State = StateClosed
	}
	if d.State == StateVoid || d.State == StateDrawn {
		d.NotAmended, d.Amending = max(d.NotAmended, d.Amending), 0
	}
	if d.Close != nil {
		d.InTime, d.Witnesses = c.policy.InTime(c.cps, d.closeIndex, d.Deadline.Unix())
	}
	return nil
}

func (c *check) apply(d *Draw, rules *draw.DrawRules, e entry) error {
	bad := func(what string) error { return failed(6, d.N, fmt.Sprintf("entry %d: %s", e.index, what)) }
	switch r := e.rec.(type) {
	case *draw.Amend:
		if d.Result != nil {
			return bad("an amend after the result")
		}
		deadline, now := rules.Deadline(d.Round), c.opts.Now
		met, _ := c.policy.InTime(c.cps, e.index, deadline.Unix())
		switch {
		case met && r.Round > d.Round:
			d.Round, d.Amended = r.Round, true
		case r.Round > max(d.Round, d.Amending) && !now.IsZero() && now.Unix() <= deadline.Unix():
			d.Amending, d.amendIndex = r.Round, e.index
		default:
			d.NotAmended = r.Round
		}
	case *draw.Close:
		if d.Close != nil {
			return bad("a second close, which is proof of fraud")
		}
		d.Close, d.CloseHash, d.closeIndex = r, e.hash, e.index
	case *draw.Result:
		if d.Result != nil {
			return bad("a second result")
		}
		if d.Close == nil {
			return bad("a result before the close")
		}
		d.Result, d.resultIndex = r, e.index
	case *draw.Replace:
		if d.Result == nil {
			return bad("a replacement before the result")
		}
		d.Replaced, d.replacedAt = append(d.Replaced, r), append(d.replacedAt, e.index)
	case *draw.Opened:
		if d.Result == nil {
			return bad("envelopes opened before the result")
		}
		d.opened = append(d.opened, r)
	}
	return nil
}

// voidCounts tells whether a void counts, and if not whether it would if the quorum cosigned it at Options.Now.
func (c *check) voidCounts(d *Draw, rules *draw.DrawRules, e entry) (counts, may bool, err error) {
	now := c.opts.Now
	may = !now.IsZero() && d.Result == nil && now.Unix() <= d.Deadline.Unix()
	if met, _ := c.policy.InTime(c.cps, e.index, d.Deadline.Unix()); met {
		return true, false, nil
	}
	if e.rec.(*draw.Void).Reason != draw.ReasonBeaconDead {
		return false, may, nil
	}
	dead := rules.DeadAt(d.Round)
	met, _ := c.policy.Since(c.cps, e.index, dead.Unix())
	if !met && (now.IsZero() || now.Before(dead)) {
		return false, may, nil
	}
	alive, err := c.roundKnown(rules.Beacon, d.Round)
	return met && !alive, may || !met && !alive, err
}

// inTime says in words when a void would have to be cosigned.
func inTime(d *Draw, rules *draw.DrawRules, e entry) string {
	s := "by " + d.Deadline.UTC().Format(time.RFC3339)
	if e.rec.(*draw.Void).Reason == draw.ReasonBeaconDead {
		s += ", nor from " + rules.DeadAt(d.Round).UTC().Format(time.RFC3339) + " on while no signature of the round is known"
	}
	return s
}

// roundKnown tells whether a signature of the round is at hand: given by the caller, or in any result record of the log.
func (c *check) roundKnown(b draw.Beacon, round uint64) (bool, error) {
	chain := chainOf(b)
	for _, r := range c.opts.Rounds {
		if r.Chain == b.Chain && r.Round == round && beacon.Verify(chain, round, r.Signature) == nil {
			return true, nil
		}
	}
	known := false
	err := c.each(func(_ int64, b []byte) error {
		if known || !strings.HasPrefix(string(b), "fairlot/v1 result\n") {
			return nil
		}
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return failedBy(2, 0, err)
		}
		if r, ok := rec.(*draw.Result); ok {
			known = beacon.Verify(chain, round, r.Signature[:]) == nil
		}
		return nil
	})
	return known, err
}

// drawFiles is the rest of step 1: the draws' files are those that the history asks for.
func (c *check) drawFiles() error {
	want := map[string]bool{}
	for i := range c.out.Draws {
		d := &c.out.Draws[i]
		if d.Close != nil {
			want[drawFile(d.N, "entrants.bin")] = true
		}
		if d.Result != nil {
			want[drawFile(d.N, "ranking.txt")] = true
		}
	}
	for _, name := range c.files.names {
		if strings.HasPrefix(name, "draw/") && !want[name] {
			return failed(1, 0, fmt.Sprintf("file %s has no record that it belongs to", name))
		}
		delete(want, name)
	}
	for name := range want {
		return failed(1, 0, fmt.Sprintf("file %s is missing", name))
	}
	return nil
}
