// Package store states what Fairlot keeps, in three rooms with no door between them: [Registry], [Identity], [Answers].
//
// It holds interfaces and plain values only; package sqlite implements them, and package storetest is the contract that
// every implementation passes. A room never learns what another holds: Registry nothing about one entrant, Identity no
// answer in the clear, Answers no entrant id, no time, no batch number on a row.
//
// All implementations are safe for concurrent use. Every method that changes something is one transaction: it happened
// in full and durably when the method returns nil, and not at all when it returns an error of this package. After
// [ErrUnavailable] the outcome of a change is unknown, and all of them may be repeated: each is idempotent or a
// compare-and-swap. Errors never carry a database's text, because that text quotes keys.
package store

import (
	"errors"
	"fmt"
	"time"
)

// Hash is a SHA-256.
type Hash = [32]byte

// CampaignID is the 16 random bytes that name a campaign.
type CampaignID [16]byte

// EntrantID is the id of SPEC section 4.
type EntrantID [16]byte

// Errors that every room may return, to be tested with errors.Is.
var (
	// ErrNotFound says that the thing asked for is not there.
	ErrNotFound = errors.New("not found")
	// ErrExists says that a unique name is taken (campaign id, slug, token id).
	ErrExists = errors.New("exists already")
	// ErrConflict says that a compare-and-swap lost: the state, etag, size or epoch is no longer the expected one.
	ErrConflict = errors.New("state has changed")
	// ErrUnavailable says that the storage is away, locked for too long, read-only or full. Nothing was acknowledged.
	ErrUnavailable = errors.New("storage unavailable")
	// ErrReplaced says that another room stands in the place of the one that was remembered: an older copy, or another installation's. It is an
	// ErrUnavailable too. Nothing was acknowledged.
	ErrReplaced = Saying(ErrUnavailable, "another room stands in the place of the one that was there")
)

// Saying is an error of a kind, by errors.Is, whose text is all that it says.
func Saying(kind error, format string, args ...any) error {
	return &saying{kind, fmt.Sprintf(format, args...)}
}

type saying struct {
	kind error
	text string
}

func (s *saying) Error() string { return s.text }
func (s *saying) Unwrap() error { return s.kind }

// Rooms are the three rooms of one installation, as a driver opens them. They may lie in different places.
type Rooms struct {
	Registry Registry
	Identity Identity
	Answers  Answers
}

// Close closes all three and returns every error. The rooms return [ErrUnavailable] afterwards.
func (r Rooms) Close() error {
	return errors.Join(r.Registry.Close(), r.Identity.Close(), r.Answers.Close())
}

// Time is stored as Unix seconds, UTC; the zero time as 0.
type Time = time.Time
