package custodian

import (
	"errors"
	"fmt"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/draw"
)

var (
	// ErrNotNamed says that a campaign's open record, or its draft, does not name this key.
	ErrNotNamed = errors.New("the campaign does not name this key")
	// ErrKeysApart says that it pairs this key's recipient with somebody else's cosigning key, or the other way round.
	ErrKeysApart = errors.New("the campaign pairs this recipient with another cosigning key")
)

// Number finds the key among the custodians of an open record, from 1. Errors wrap ErrNotNamed or ErrKeysApart.
func (k *Key) Number(open *draw.Open) (int, error) { return k.number(open.Custodians) }

func (k *Key) number(custodians []draw.Custodian) (int, error) {
	recipient, vkey := k.Age.Recipient(), k.Cosigner.VKey().String()
	for i, c := range custodians {
		switch {
		case c.Recipient == recipient && c.VKey == vkey:
			return i + 1, nil
		case c.Recipient == recipient || c.VKey == vkey:
			return 0, fmt.Errorf("custodian %d: %w: do not serve this campaign, somebody mixed up the public lines", i+1, ErrKeysApart)
		}
	}
	return 0, fmt.Errorf("%w: the campaign has other custodians", ErrNotNamed)
}

// Notifier finds a notifier's recipient among the notifiers of an open record, from 1. The error wraps ErrNotNamed.
func Notifier(open *draw.Open, recipient string) (int, error) {
	return notifier(open.Notifiers, recipient)
}

func notifier(notifiers []string, recipient string) (int, error) {
	for i, n := range notifiers {
		if n == recipient {
			return i + 1, nil
		}
	}
	return 0, fmt.Errorf("%w: the campaign has other notifiers", ErrNotNamed)
}

// CheckPin compares a bundle with a pin, or makes the pin if there is none yet (old is nil). It returns the pin to keep.
func CheckPin(old *Pin, c *bundle.Checked) (Pin, error) {
	if old != nil {
		if err := old.Extended(c); err != nil {
			return Pin{}, err
		}
	}
	return NewPin(c)
}
