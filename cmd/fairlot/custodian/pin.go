package custodian

import (
	"errors"
	"fmt"
	"strings"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/crypto/ledger"
	"fairlot/draw"
)

var (
	// ErrOtherCampaign says that a bundle is of another campaign, or of the same with other rules, than the pinned one.
	ErrOtherCampaign = errors.New("the bundle is not of the campaign that this key was pinned to")
	// ErrForked says that a bundle's log does not begin with the log that was pinned: it was rewritten, or it is another.
	ErrForked = errors.New("the bundle's log does not continue the log that this key saw before")
	// ErrPin says that bytes are no pin.
	ErrPin = errors.New("not a pin file")
)

// Pin is what a key's owner remembers of a campaign. Its text:
//
//	fairlot/v1 pin
//	open HASH
//	log VKEY
//	size N
//	root HASH
//
// Who can change it can make a custodian cosign two logs: keep it beside the key.
type Pin struct {
	Open draw.Hash
	Log  string // verifier key of the log
	Size int64  // of the newest checkpoint that was seen, at least 1
	Root ledger.Hash
}

// NewPin remembers a checked bundle.
func NewPin(c *bundle.Checked) (Pin, error) {
	_, cp, err := c.Newest()
	if err != nil {
		return Pin{}, err
	}
	return Pin{c.Outcome.OpenHash, c.Outcome.Open.Log, cp.Size, cp.Root}, nil
}

// Marshal prints the pin.
func (p Pin) Marshal() []byte {
	return fmt.Appendf(nil, "fairlot/v1 pin\nopen %s\nlog %s\nsize %d\nroot %x\n", p.Open, p.Log, p.Size, p.Root[:])
}

// ParsePin reads a pin in its one encoding; errors wrap ErrPin.
func ParsePin(b []byte) (p Pin, err error) {
	lines := strings.Split(string(b), "\n")
	var open, root string
	if len(lines) == 6 {
		_, err = fmt.Sscanf(lines[1]+"\n"+lines[2]+"\n"+lines[3]+"\n"+lines[4], "open %s\nlog %s\nsize %d\nroot %s", &open, &p.Log, &p.Size, &root)
	}
	if err != nil {
		return Pin{}, fmt.Errorf("read pin: %w", ErrPin)
	}
	hash, err1 := draw.ParseHash(open)
	sum, err2 := draw.ParseHash(root)
	p.Open, p.Root = hash, ledger.Hash(sum)
	if err1 != nil || err2 != nil || p.Size < 1 || string(p.Marshal()) != string(b) {
		return Pin{}, fmt.Errorf("read pin: %w", ErrPin)
	}
	return p, nil
}

// Extended says whether a checked bundle is of the pinned campaign and its log continues the pinned one. Errors wrap
// ErrOtherCampaign or ErrForked.
func (p Pin) Extended(c *bundle.Checked) error {
	if c.Outcome.Open.Log != p.Log {
		return fmt.Errorf("%w: it was signed by another log's key", ErrForked)
	}
	if c.Outcome.OpenHash != p.Open {
		return fmt.Errorf("%w: pinned open %s, bundle has %s", ErrOtherCampaign, p.Open, c.Outcome.OpenHash)
	}
	if err := c.Tree.Extends(p.Size, p.Root); err != nil {
		return fmt.Errorf("%w: %w (seen before: %d records; now: %d). If the bundle is simply older, get the newest; if not, keep both bundles, they prove fraud",
			ErrForked, err, p.Size, c.Tree.Size())
	}
	return nil
}
