package custodian

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/instant"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/verify"
)

var (
	// ErrNotClosed says that a draw of the campaign has no close record yet, so there is no entry list to vouch for, and no void or later round waits either.
	ErrNotClosed = errors.New("not closed yet")
	// ErrNotDead says that a void calls a beacon dead whose days are not over by this machine's clock.
	ErrNotDead = errors.New("its beacon cannot be called dead yet")
	// ErrClock says that it cannot be as early as this machine's clock says.
	ErrClock = errors.New("this machine's clock is wrong: set it, then repeat")
)

// Cosigned is what Cosign made.
type Cosigned struct {
	Note  []byte    // the checkpoint with the cosignature on it
	Pin   Pin       // to be stored before the note leaves
	Size  int64     // records that it covers
	Time  time.Time // that the cosignature states
	Again bool      // it is not new: this key cosigned before
	Late  []Late    // draws for which it comes too late to count
}

// Late is a draw whose deadline has passed.
type Late struct {
	Draw     int
	Deadline time.Time
}

// Cosign adds the custodian's cosignature to the newest checkpoint of a checked bundle: a statement that the log, with one
// close record for each draw, but for those that wait for an earlier one, or with a void or a later round that waits, was there at now, by which the bundle must have been checked (verify.Options.Now).
// Its steps made sure that there is no second close, and no list that was closed before it was known who is out of it. now must not be before
// what the bundle proves to be past, own cosignatures included, and who cosigned all of these records before gets that cosignature again: a second one with another
// time could make a late draw look as if it were in time. Errors wrap those of Number and Extended, ErrNotClosed, ErrNotDead or ErrClock.
func (k *Key) Cosign(c *bundle.Checked, pin Pin, now time.Time) (*Cosigned, error) {
	open := c.Outcome.Open
	if err := pin.Extended(c); err != nil {
		return nil, err
	}
	if _, err := k.Number(open); err != nil {
		return nil, err
	}
	if len(c.Outcome.Draws) == 0 {
		return nil, fmt.Errorf("the campaign has no draws: %w", ErrNotClosed)
	}
	var last int64 // of the records that are vouched for
	var notClosed error
	var closed, waits bool
	for i := range c.Outcome.Draws {
		d := &c.Outcome.Draws[i]
		if at, ok := c.CloseIndex(d.N); ok {
			last, closed = max(last, at), true
		} else if notClosed == nil && !waitsForEarlier(c.Outcome, i) {
			notClosed = fmt.Errorf("draw %d: %w: cosign after `fairlot campaign close`, before %s", d.N, ErrNotClosed, instant.Text(d.Deadline))
		}
		if dead := open.Draws[i].DeadAt(d.Round); d.Voiding == draw.ReasonBeaconDead && now.Before(dead) { // cosigned before the deadline it would count
			return nil, fmt.Errorf("draw %d: %w: the log declares it void, as if its round had not come by %s. Cosign nothing, unless this machine's clock is wrong, and ask the institution",
				d.N, ErrNotDead, instant.Text(dead))
		}
		if d.Voiding != "" {
			last, waits = max(last, d.VoidingIndex()), true
		}
		if d.Amending > 0 {
			last, waits = max(last, d.AmendingIndex()), true
		}
		if d.State == verify.StateDrawn && now.Before(d.RoundTime) {
			return nil, fmt.Errorf("%w: it says %s, but draw %d rests on a round of %s", ErrClock, instant.Text(now), d.N, instant.Text(d.RoundTime))
		}
	}
	if notClosed != nil && !waits {
		return nil, notClosed
	}
	if closed && now.Before(open.ObjectionsEnd) {
		return nil, fmt.Errorf("%w: it says %s, but the list could not be closed before %s", ErrClock, instant.Text(now), instant.Text(open.ObjectionsEnd))
	}
	next, err := NewPin(c)
	if err != nil {
		return nil, err
	}
	out, newest, err := k.own(c, last)
	if err != nil {
		return nil, err
	}
	if out == nil {
		if now.Before(newest) {
			return nil, fmt.Errorf("%w: it says %s, but you cosigned an earlier state of this log at %s", ErrClock, instant.Text(now), instant.Text(newest))
		}
		if out, err = k.fresh(c, now); err != nil {
			return nil, err
		}
	}
	out.Pin = next
	for i := range c.Outcome.Draws {
		d := &c.Outcome.Draws[i]
		if _, ok := c.CloseIndex(d.N); ok && d.State != verify.StateVoid && d.Voiding == "" && !d.InTime && out.Time.After(d.Deadline) {
			out.Late = append(out.Late, Late{d.N, d.Deadline})
		}
	}
	return out, nil
}

// waitsForEarlier tells whether draw i, from 0, leaves out who won before, and cannot be closed yet because an earlier draw has neither a result nor a void that counts.
func waitsForEarlier(o *verify.Outcome, i int) bool {
	return o.Open.Draws[i].EarlierWinnersOut && slices.ContainsFunc(o.Draws[:i], func(d verify.Draw) bool { return d.State != verify.StateDrawn && d.State != verify.StateVoid })
}

// fresh cosigns the newest checkpoint.
func (k *Key) fresh(c *bundle.Checked, now time.Time) (*Cosigned, error) {
	open := c.Outcome.Open
	note, cp, err := c.Newest()
	if err != nil {
		return nil, err
	}
	line, err := ledger.Cosign(k.Cosigner, open.Log, note, now)
	if err != nil {
		return nil, err
	}
	var allowed []string
	for _, x := range open.Custodians {
		allowed = append(allowed, x.VKey)
	}
	note, err = ledger.AddCosignature(open.Log, note, line, allowed)
	if err != nil {
		return nil, err
	}
	return &Cosigned{Note: note, Size: cp.Size, Time: now.UTC().Truncate(time.Second)}, nil
}

// own finds this custodian's earliest valid cosignature on a checkpoint of the bundle that covers the record at index, nil if there is none, and the newest
// time of all their cosignatures in the bundle.
func (k *Key) own(c *bundle.Checked, index int64) (first *Cosigned, newest time.Time, err error) {
	key, err := ledger.ParseVKey(c.Outcome.Open.Log)
	if err != nil {
		return nil, newest, err
	}
	names := map[string]bool{}
	for _, w := range c.Policy.Witnesses {
		if w.Key == k.Cosigner.VKey() {
			names[w.Name] = true
		}
	}
	notes, err := c.Checkpoints()
	if err != nil {
		return nil, newest, err
	}
	for _, note := range notes {
		w, err := c.Policy.VerifyUnder(key, c.Tree, note)
		if err != nil {
			return nil, newest, err
		}
		for _, s := range w.Cosignatures {
			at := time.Unix(int64(min(s.Time, math.MaxInt64>>1)), 0).UTC()
			if names[s.Witness] && at.After(newest) {
				newest = at
			}
			if names[s.Witness] && w.Size > index && (first == nil || at.Before(first.Time)) {
				first = &Cosigned{Note: note, Size: w.Size, Time: at, Again: true}
			}
		}
	}
	return first, newest, nil
}
