package verify

import (
	"bytes"
	"errors"
	"fmt"

	"fairlot/crypto/receipt"
	"fairlot/draw"
)

var (
	// ErrOtherCampaign means a receipt of another campaign than the bundle's.
	ErrOtherCampaign = errors.New("receipt is of another campaign")
	// ErrMissing means that a signed receipt's entrant is not in the entry list: proof of fraud.
	ErrMissing = errors.New("entry list does not hold the receipt's entrant")
	// ErrDiffers means that the leaf is not what the signed receipt says: proof of fraud.
	ErrDiffers = errors.New("entry list says something else than the receipt")
)

// Standing is what became of one entrant, as far as the bundle tells.
type Standing struct {
	Receipt receipt.Receipt
	Saved   bool           // the receipt was a saved copy, and its secret leads to it
	Draws   []DrawStanding // all draws of the campaign
}

// DrawStanding is one entrant in one draw. Without an entry list (state open, or void before the close) only N and State
// are set.
type DrawStanding struct {
	N       int
	State   State
	Listed  bool
	Index   int64 // place in the entry list, counting from 0
	Leaf    draw.Leaf
	Counted bool     // chances > 0
	Won     int      // if not counted because a seat of an earlier draw was held when the list was closed: which draw
	Reasons []string // if not counted and Won is 0: the reasons that the close record gives for leaves of chances 0, without those that cannot be this one's

	// After the draw, if counted.
	Score   draw.Score
	Stratum int   // effective stratum
	Rank    int64 // place in that stratum, from 1, also of those whom the ranking file does not list
	Of      int64 // leaves ranked there
	Seat    int   // tier of the seat held after all replacements, else 0
	// Alternate says that the rank is listed as alternate, called or not.
	Alternate bool
}

// Receipt looks a signed receipt or a saved copy up in a bundle whose outcome is at hand. It reads the entry lists and keeps
// none. Errors wrap ErrOtherCampaign or a *Contradiction, which is ErrMissing or ErrDiffers, or are those of package receipt: a receipt that is not the
// institution's accuses nobody.
func Receipt(files *Files, out *Outcome, b []byte) (*Standing, error) {
	s := &Standing{}
	var err error
	if bytes.HasPrefix(b, []byte("fairlot/v1 saved receipt\n")) {
		saved, perr := receipt.ParseSaved(b)
		if perr != nil {
			return nil, fmt.Errorf("check receipt: %w", perr)
		}
		s.Saved = true
		s.Receipt, err = saved.Check(out.Open.Receipt)
	} else {
		s.Receipt, err = receipt.Verify(out.Open.Receipt, b)
	}
	if err != nil {
		return nil, fmt.Errorf("check receipt: %w", err)
	}
	if draw.Hash(s.Receipt.Open) != out.OpenHash {
		return nil, fmt.Errorf("check receipt: %w", ErrOtherCampaign)
	}
	for i := range out.Draws {
		ds, err := standing(files, out, &out.Draws[i], s.Receipt)
		if err != nil {
			return nil, fmt.Errorf("check receipt, draw %d: %w", i+1, err)
		}
		s.Draws = append(s.Draws, ds)
	}
	return s, nil
}

func standing(files *Files, out *Outcome, d *Draw, r receipt.Receipt) (DrawStanding, error) {
	ds := DrawStanding{N: d.N, State: d.State}
	if d.Close == nil {
		return ds, nil
	}
	name := drawFile(d.N, "entrants.bin")
	f, err := files.Open(name)
	if err != nil {
		return ds, err
	}
	defer f.Close()
	list, err := draw.NewList(f, files.size[name])
	if err != nil {
		return ds, err
	}
	ds.Leaf, ds.Index, ds.Listed, err = list.Find(draw.EntrantID(r.ID))
	if err != nil {
		return ds, err
	}
	if !ds.Listed {
		return ds, &Contradiction{d.N, FindingMissing, ErrMissing}
	}
	ds.Counted = ds.Leaf.Chances > 0
	switch {
	case [32]byte(ds.Leaf.Person) != r.Person:
		return ds, &Contradiction{d.N, FindingPerson, fmt.Errorf("%w: person", ErrDiffers)}
	case ds.Leaf.Stratum != r.Stratum:
		return ds, &Contradiction{d.N, FindingStratum, fmt.Errorf("%w: stratum %d, the receipt has %d", ErrDiffers, ds.Leaf.Stratum, r.Stratum)}
	case ds.Counted && r.Chances > 0 && ds.Leaf.Chances != r.Chances:
		return ds, &Contradiction{d.N, FindingChances, fmt.Errorf("%w: chances %d, the receipt has %d", ErrDiffers, ds.Leaf.Chances, r.Chances)}
	}
	if !ds.Counted {
		return ds, notCounted(&ds, out, d)
	}
	if d.State != StateDrawn {
		return ds, nil
	}
	return ds, rank(&ds, d, list)
}

// notCounted finds why a leaf has no chances, as far as it can be seen.
func notCounted(ds *DrawStanding, out *Outcome, d *Draw) error {
	err := heldBefore(out, d, out.Open.Draws, func(e *Draw, l draw.Line) error {
		if l.ID == ds.Leaf.ID && ds.Won == 0 {
			ds.Won = e.N
		}
		return nil
	})
	if err != nil || ds.Won > 0 {
		return err
	}
	for _, z := range d.Close.Zero {
		if z.Reason != wonEarlier {
			ds.Reasons = append(ds.Reasons, z.Reason)
		}
	}
	return nil
}

func rank(ds *DrawStanding, d *Draw, list *draw.List) error {
	ds.Score = draw.ScoreOf(d.Seed, ds.Leaf.ID, ds.Leaf.Chances)
	ds.Stratum = d.Plan.Into[ds.Leaf.Stratum-1]
	ds.Rank = 1
	err := list.Each(func(l draw.Leaf) error {
		if l.Chances == 0 || d.Plan.Into[l.Stratum-1] != ds.Stratum {
			return nil
		}
		ds.Of++
		score := draw.ScoreOf(d.Seed, l.ID, l.Chances)
		c := bytes.Compare(score[:], ds.Score[:])
		if c < 0 || c == 0 && bytes.Compare(l.ID[:], ds.Leaf.ID[:]) < 0 {
			ds.Rank++
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, l := range d.Ranking {
		if l.ID == ds.Leaf.ID {
			ds.Alternate = l.Seat == 0
		}
	}
	for _, l := range d.Winners {
		if l.ID == ds.Leaf.ID {
			ds.Seat = l.Seat
		}
	}
	return nil
}
