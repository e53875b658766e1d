package custodian

import (
	"errors"
	"fmt"
	"time"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/crypto/ledger"
)

// ErrNotClosed says that a draw of the campaign has no close record yet, so there is no entry list to vouch for.
var ErrNotClosed = errors.New("not closed yet")

// Cosigned is what Cosign made.
type Cosigned struct {
	Note []byte // the checkpoint with the cosignature added
	Pin  Pin    // to be stored before the note leaves
	Size int64  // records that it covers
	Late []Late // draws for which it comes too late to count
}

// Late is a draw whose deadline has passed.
type Late struct {
	Draw     int
	Deadline time.Time
}

// Cosign adds the custodian's cosignature to the newest checkpoint of a checked bundle: a statement that the log, with one
// close record for each draw, was there at now. Steps before it made sure that there is no second close. Errors wrap those
// of Number and Extended, or ErrNotClosed.
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
	out := &Cosigned{}
	for i := range c.Outcome.Draws {
		d := &c.Outcome.Draws[i]
		if _, ok := c.CloseIndex(d.N); !ok {
			return nil, fmt.Errorf("draw %d: %w: cosign after `fairlot campaign close`, before %s", d.N, ErrNotClosed, d.Deadline.Format(time.RFC3339))
		}
		if now.After(d.Deadline) {
			out.Late = append(out.Late, Late{d.N, d.Deadline})
		}
	}
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
	if out.Note, err = ledger.AddCosignature(open.Log, note, line, allowed); err != nil {
		return nil, err
	}
	out.Size = cp.Size
	out.Pin = Pin{c.Outcome.OpenHash, open.Log, cp.Size, cp.Root}
	return out, nil
}

// covered says whether the bundle holds this custodian's own valid cosignature on a checkpoint that covers the close of draw n.
func (k *Key) covered(c *bundle.Checked, n int) (bool, error) {
	index, ok := c.CloseIndex(n)
	if !ok {
		return false, nil
	}
	key, err := ledger.ParseVKey(c.Outcome.Open.Log)
	if err != nil {
		return false, err
	}
	own := map[string]bool{}
	for _, w := range c.Policy.Witnesses {
		if w.Key == k.Cosigner.VKey() {
			own[w.Name] = true
		}
	}
	notes, err := c.Checkpoints()
	if err != nil {
		return false, err
	}
	for _, note := range notes {
		w, err := c.Policy.VerifyUnder(key, c.Tree, note)
		if err != nil {
			return false, err
		}
		for _, s := range w.Cosignatures {
			if own[s.Witness] && w.Size > index {
				return true, nil
			}
		}
	}
	return false, nil
}
