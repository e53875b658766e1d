package custodian

import (
	"encoding/json"
	"errors"
	"fmt"

	"fairlot/cmd/fairlot/release"
	"fairlot/crypto/custody"
	"fairlot/draw"
)

// DraftFormat is the first value of a draft file.
const DraftFormat = "fairlot key check 1"

// MaxDraft bounds a draft file in bytes.
const MaxDraft = 1 << 20

var (
	// ErrDraft says that bytes are no draft file.
	ErrDraft = errors.New("not a file that `fairlot campaign check --out` wrote")
	// ErrOtherKeys says that a campaign opened with other keys than those that this key's owner agreed to.
	ErrOtherKeys = errors.New("the campaign opened with other custodians, notifiers or another threshold than you agreed to before it opened")
)

// Draft is what a custodian or notifier looks at before a campaign opens: the list of keys, and a challenge to each of its holders. Nothing in it is
// trusted, and a statement says nothing but that the list is agreed to and the key held.
type Draft struct {
	Slug       string            `json:"slug"`
	Title      map[string]string `json:"title"`
	Keys       string            `json:"keys"`       // custody.KeyList's text
	Auditor    int               `json:"auditor"`    // number of the notifier who reads the audit sample and nothing else, from 1; 0: none
	Challenges map[string][]byte `json:"challenges"` // by recipient

	List custody.KeyList `json:"-"`
}

// Marshal prints the file.
func (d *Draft) Marshal() ([]byte, error) {
	b, err := json.MarshalIndent(struct {
		Format string `json:"format"`
		*Draft
	}{DraftFormat, d}, "", "  ")
	return append(b, '\n'), err
}

// ParseDraft reads a draft file; errors wrap ErrDraft or are those of custody.ParseKeyList.
func ParseDraft(b []byte) (*Draft, error) {
	var f struct {
		Format string `json:"format"`
		Draft
	}
	if err := release.Object(b, &f); err != nil || f.Format != DraftFormat || len(b) > MaxDraft {
		return nil, fmt.Errorf("read draft: %w", ErrDraft)
	}
	var err error
	if f.List, err = custody.ParseKeyList([]byte(f.Keys)); err != nil {
		return nil, fmt.Errorf("read draft: %w", err)
	}
	return &f.Draft, nil
}

// State answers the challenge to this custodian and signs that. Errors wrap ErrNotNamed or ErrKeysApart, or are custody's.
func (k *Key) State(d *Draft) (custody.Statement, error) {
	var holders []draw.Custodian
	for _, h := range d.List.Custodians {
		holders = append(holders, draw.Custodian{Recipient: h.Recipient, VKey: h.VKey})
	}
	if _, err := k.number(holders); err != nil {
		return custody.Statement{}, err
	}
	s, err := state(k.Age, d)
	if err != nil {
		return s, err
	}
	s.Signature, err = k.Cosigner.SignStatement(s.Signed())
	return s, err
}

// StateNotifier answers the challenge to a notifier. Errors wrap ErrNotNamed, or are custody's.
func StateNotifier(k *custody.Key, d *Draft) (custody.Statement, error) {
	if _, err := notifier(d.List.Notifiers, k.Recipient()); err != nil {
		return custody.Statement{}, err
	}
	return state(k, d)
}

func state(k *custody.Key, d *Draft) (custody.Statement, error) {
	file, ok := d.Challenges[k.Recipient()]
	if !ok {
		return custody.Statement{}, fmt.Errorf("%w: it holds no challenge to this key", ErrDraft)
	}
	secret, err := custody.OpenChallenge(k, file, d.List.Hash())
	if err != nil {
		return custody.Statement{}, err
	}
	return custody.NewStatement(d.List.Hash(), k.Recipient(), secret), nil
}

// ListOf is the list of keys of an open record.
func ListOf(open *draw.Open) custody.KeyList {
	l := custody.KeyList{Campaign: open.Campaign, Log: open.Log, Threshold: open.Threshold, Notifiers: open.Notifiers}
	for _, c := range open.Custodians {
		l.Custodians = append(l.Custodians, custody.Holder{Recipient: c.Recipient, VKey: c.VKey})
	}
	return l
}

// Agreed compares an open record with the list that was agreed to before; nil agrees to all. The error wraps ErrOtherKeys.
func Agreed(list []byte, open *draw.Open) error {
	if list == nil || string(list) == string(ListOf(open).Marshal()) {
		return nil
	}
	return fmt.Errorf("%w: do not serve this campaign, and tell the other custodians", ErrOtherKeys)
}
