package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"fairlot/crypto/trail"
	"fairlot/draw"
	"fairlot/store"
)

// actTries is how often an act is appended anew because another daemon's came first.
const actTries = 100

// Actor is who acts: a staff token, or one of trail.Daemon and trail.Machine without label and role.
type Actor struct {
	Token string // id, 16 hexadecimal digits
	Label string
	Role  string
}

// byDaemon is the actor of what the clock started.
var byDaemon = Actor{Token: trail.Daemon}

// Act is what the audit trail keeps of something that staff do. Resource must be fit for anybody's eyes among staff: never an entrant.
type Act struct {
	By       Actor
	Method   string
	Resource string
	NewRole  string // of the token that is made, if one is; never the token
	NewLabel string
	Request  *[32]byte
}

// BeginAct writes that an act is about to be done. It is durable when this returns, and only then may the act take effect: whatever crashes
// in between leaves the row. The number is for EndAct.
func (e *Engine) BeginAct(ctx context.Context, a Act) (int64, error) {
	n, err := e.appendAct(ctx, a, trail.Begun, 0)
	return n, e.fault(err)
}

// EndAct writes what became of act number n: trail.OK, or a code. An act whose outcome could not be written stays begun, and happened or not.
func (e *Engine) EndAct(ctx context.Context, a Act, n int64, outcome string) error {
	a.Request = nil // stands in the row that n names
	_, err := e.appendAct(context.WithoutCancel(ctx), a, outcome, n)
	return e.fault(err)
}

// RefusedAct writes that an act was tried and never begun.
func (e *Engine) RefusedAct(ctx context.Context, a Act, outcome string) error {
	_, err := e.appendAct(ctx, a, outcome, 0)
	return e.fault(err)
}

// clockActs are the acts that the clock started and that are not over, by the id of the job or approval. However often one is tried, it is begun
// once; one that a crash cut off stays begun, and whoever carries it on begins its own. Of one goroutine.
type clockActs map[[16]byte]clockAct

type clockAct struct {
	act      Act
	n        int64
	campaign store.CampaignID
}

// begin writes that an act is about to be done, unless that stands there already.
func (l clockActs) begin(ctx context.Context, e *Engine, id [16]byte, campaign store.CampaignID, method, resource string) error {
	if _, begun := l[id]; begun {
		return nil
	}
	a := Act{By: byDaemon, Method: method, Resource: resource}
	n, err := e.BeginAct(ctx, a)
	if err == nil {
		l[id] = clockAct{a, n, campaign}
	}
	return err
}

// end writes what became of an act; nil if it was not begun. After an error it is to be called again.
func (l clockActs) end(ctx context.Context, e *Engine, id [16]byte, outcome string) error {
	a, begun := l[id]
	if !begun {
		return nil
	}
	err := e.EndAct(ctx, a.act, a.n, outcome)
	if err == nil {
		delete(l, id)
	}
	return err
}

func outcomeOf(err error) string {
	var own *Error
	switch {
	case err == nil:
		return trail.OK
	case errors.As(err, &own):
		return string(own.Reason)
	}
	return "INTERNAL"
}

func (e *Engine) appendAct(ctx context.Context, a Act, outcome string, of int64) (int64, error) {
	e.actMu.Lock()
	defer e.actMu.Unlock()
	return appendAct(ctx, e.Registry, e.installation.LogKey, e.Now(), a, outcome, of)
}

// appendAct appends by compare-and-swap on the number: several daemons may write one trail.
func appendAct(ctx context.Context, reg store.Registry, logKey string, now time.Time, a Act, outcome string, of int64) (int64, error) {
	for range actTries {
		last, err := reg.LastAct(ctx)
		prev := last.Hash
		if errors.Is(err, store.ErrNotFound) {
			prev, err = trail.Genesis(logKey), nil
		}
		if err != nil {
			return 0, err
		}
		act := trail.Act{
			Number: last.N + 1, Time: now.UTC().Truncate(time.Second), Actor: a.By.Token, Label: trail.CleanLabel(a.By.Label), Role: a.By.Role,
			Method: a.Method, Resource: a.Resource, NewRole: a.NewRole, NewLabel: trail.CleanLabel(a.NewLabel), Request: a.Request, Of: of, Outcome: outcome, Prev: prev,
		}
		text, err := act.Marshal()
		if err != nil {
			return 0, fmt.Errorf("write the audit trail: %w", err)
		}
		err = reg.AppendAct(ctx, store.Act{N: act.Number, Hash: sha256.Sum256(text), Text: text})
		if !errors.Is(err, store.ErrConflict) {
			return act.Number, err
		}
	}
	return 0, &Error{Reason: Busy, Text: "too many daemons write the audit trail at once: try again", Retry: time.Second}
}

// logTrailHead puts the head of the audit trail into the log once a UTC day is over on which something was done: that of the last act of a day
// before today. Two engines never log one day twice: the record rests on the log that was read.
func (e *Engine) logTrailHead(ctx context.Context) error {
	today := dayOf(e.Now())
	e.logMu.Lock()
	done, err := e.trailDay == today, e.readTree(ctx)
	last, size := e.trailHead, e.tree.Size()
	e.logMu.Unlock()
	if done || err != nil {
		return err
	}
	head := draw.TrailHead{}
	for after, more := last.Count, true; more; {
		page, err := e.Registry.Acts(ctx, after, recordPage)
		if err != nil {
			return err
		}
		for _, a := range page {
			after = a.N
			act, err := trail.Parse(a.Text)
			if err != nil {
				return fmt.Errorf("read act %d: %w", a.N, err)
			}
			if day := dayOf(act.Time); day < today {
				head = draw.TrailHead{Day: day, Count: a.N, Head: a.Hash}
			}
		}
		more = len(page) == recordPage
	}
	if head.Day > last.Day { // not if the clock was turned back
		record, err := head.Marshal()
		if err != nil {
			return err
		}
		if err := e.appendAfter(ctx, size, record); err != nil {
			if errors.Is(err, errLogMoved) {
				return nil // the next tick looks again
			}
			return err
		}
	}
	e.logMu.Lock()
	defer e.logMu.Unlock()
	e.trailDay = today
	return nil
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Acts returns up to limit acts with a number greater than after, ascending, as they are kept.
func (e *Engine) Acts(ctx context.Context, after int64, limit int) ([]store.Act, error) {
	all, err := e.Registry.Acts(ctx, after, limit)
	return all, e.fault(err)
}
