package engine

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"fairlot/crypto/keys"
	"fairlot/store"
)

// awayEvery is how often a key folder that is away is said to be.
const awayEvery = time.Minute

// watched makes whatever a key store says, but that a secret is absent or damaged, which no waiting heals, store.ErrUnavailable too: callers are told to come again, as
// with a database that is away, and the operator reads why, once a minute at most.
type watched struct {
	from  Keys
	marks Marks
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	said time.Time
}

// Create implements Keys.
func (w *watched) Create(name string) ([32]byte, error) {
	key, err := w.from.Create(name)
	return key, w.away(err)
}

// Get implements Keys.
func (w *watched) Get(name string) ([32]byte, error) {
	key, err := w.from.Get(name)
	return key, w.away(err)
}

// Destroy implements Keys.
func (w *watched) Destroy(name string) error { return w.away(w.from.Destroy(name)) }

// Mark implements Marks.
func (w *watched) Mark(name string) (string, error) {
	text, err := w.marks.Mark(name)
	return text, w.away(err)
}

// SetMark implements Marks.
func (w *watched) SetMark(name, text string) error { return w.away(w.marks.SetMark(name, text)) }

// SwapMark implements Marks.
func (w *watched) SwapMark(name, old, new string) (bool, error) {
	done, err := w.marks.SwapMark(name, old, new)
	return done, w.away(err)
}

// AddLine implements Marks.
func (w *watched) AddLine(name, line string) error {
	err := w.marks.AddLine(name, line)
	if errors.Is(err, keys.ErrFull) {
		return err
	}
	return w.away(err)
}

// ListSize implements Marks.
func (w *watched) ListSize(name string) (size, most int64, err error) {
	size, most, err = w.marks.ListSize(name)
	return size, most, w.away(err)
}

// HasLine implements Marks.
func (w *watched) HasLine(name, line string) (bool, error) {
	there, err := w.marks.HasLine(name, line)
	return there, w.away(err)
}

// Lines implements Marks.
func (w *watched) Lines(name string) ([]string, error) {
	lines, err := w.marks.Lines(name)
	return lines, w.away(err)
}

func (w *watched) away(err error) error {
	if err == nil || gone(err) {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.now(); w.said.IsZero() || now.Sub(w.said) >= awayEvery || now.Before(w.said) {
		w.said = now
		w.log.Error("the key folder cannot be used: entries are refused until it can", "error", err.Error())
	}
	return unavailable{err}
}

// unavailable is an error that is store.ErrUnavailable too, and says only what it said.
type unavailable struct{ error }

func (u unavailable) Unwrap() []error { return []error{u.error, store.ErrUnavailable} }
