package custodian

import (
	"fmt"
	"slices"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/release"
	"fairlot/crypto/custody"
	"fairlot/draw"
	"fairlot/verify"
)

// Readers are the numbers of the notifiers whom the shares of a release of a draw are sealed to: for the audit sample the auditor whom the rules file names, for
// everything else all others. None: the rules name no auditor, or have nobody besides.
func Readers(c *bundle.Checked, purpose custody.Purpose) (numbers []int) {
	open, auditor := c.Outcome.Open, c.Titles.Auditor
	if open.Audit == 0 || auditor < 1 || auditor > len(open.Notifiers) || len(open.Notifiers) == 1 {
		auditor = 0
	}
	for n := 1; n <= len(open.Notifiers); n++ {
		if (n == auditor) == (purpose == custody.Audit) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// Reads refuses a notifier's key to which the shares of a release are not sealed. Errors wrap ErrNotNamed or ErrReader.
func (h *Held) Reads(open *draw.Open, recipient string) error {
	n, err := Notifier(open, recipient)
	if err == nil && !slices.Contains(h.Readers, n) {
		err = fmt.Errorf("%w: it is that of notifier %d, and this release is for notifier %d", ErrReader, n, h.Readers[0])
	}
	return err
}

// saidErased is why nothing of an entrant in the sample is handed over. Whoever made the request says so, and nothing proves it: to the auditor nobody of them counts as true.
const saidErased = "no lock of this entry is there any more: erased, so the institution says"

// sample checks that a release names nobody but entrants of the audit sample, each at the place that the seed gives them, and that it is the only one of its draw. It may
// leave some out.
func (h *Held) sample(c *bundle.Checked, d *verify.Draw, rel *release.Release) error {
	size := c.Outcome.Open.Audit
	switch {
	case size == 0:
		return fmt.Errorf("%w: the rules have none, and nobody is opened for it", ErrNoSample)
	case len(h.Readers) != 1:
		return fmt.Errorf("%w: the public rules do not name the auditor, so that nobody may read the sample", ErrNoSample)
	case rel.Ordinal > 1:
		return fmt.Errorf("%w: the sample of a draw is opened once, and this is release %d of it", ErrNoSample, rel.Ordinal)
	case len(rel.Entrants) > size:
		return fmt.Errorf("%w: the request names %d, and the sample is of %d at most", ErrNoSample, len(rel.Entrants), size)
	}
	places := map[draw.EntrantID]int{}
	for i, id := range d.Audit {
		places[id] = i + 1
	}
	h.Vacated = map[draw.EntrantID]string{}
	seen := map[draw.EntrantID]bool{}
	for _, e := range rel.Entrants {
		place := places[e.ID]
		switch {
		case seen[e.ID]:
			return fmt.Errorf("%w: entry %s stands twice", ErrRequest, e.ID)
		case place == 0:
			return fmt.Errorf("entry %s is %w of draw %d: the seed did not pick it", e.ID, ErrNoSample, d.N)
		case e.Stratum != 0 || e.Rank != place:
			return fmt.Errorf("%w: entry %s has place %d in the sample, not place %d", ErrRequest, e.ID, place, e.Rank)
		}
		seen[e.ID] = true
		h.Lines = append(h.Lines, draw.Line{Rank: place, ID: e.ID})
		if len(e.Locks) == 0 {
			h.Vacated[e.ID] = saidErased
		}
	}
	return nil
}
