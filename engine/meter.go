package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"fairlot/draw"
	"fairlot/store"
)

// Meter takes durations of what the engine does. No method is told whose entry or which campaign it was about, and none may keep anybody
// waiting. All are called by many goroutines at once.
type Meter interface {
	// Sealed says that one entrant's lock and envelopes took this long.
	Sealed(took time.Duration)
	// Committed says that one group commit of so many entries took this long, whether it succeeded or not.
	Committed(entries int, took time.Duration)
	// Work begins a piece of the daemon's own work, never an entry; the function returned ends it. The names are those in Works.
	Work(ctx context.Context, name string) (context.Context, func(error))
}

// Works are the names that Meter.Work is given.
var Works = []string{"move gate", "mix batch", "close campaign", "move generation"}

// noMeter is the Meter of a Config that has none.
type noMeter struct{}

func (noMeter) Sealed(time.Duration)         {}
func (noMeter) Committed(int, time.Duration) {}
func (noMeter) Work(ctx context.Context, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

// vitals is what Run and the log leave for Vitals.
type vitals struct {
	mu       sync.Mutex
	worked   time.Time                  // when Run last looked at every campaign without an error
	waiting  map[store.CampaignID]int64 // epochs that are not mixed, by campaign
	troubled int                        // campaigns on which the last round of Run could not work
	opened   map[string]int64           // persons opened, by purpose, of the whole log
	jobs     map[[16]byte]time.Time     // what is due by the clock and not done, since when
	approved map[[16]byte]time.Time     // what was approved and is not done, since or until when
	unsigned time.Time                  // since when Lacks sees records without a checkpoint, zero if all have one
}

// Vitals are what an engine says of itself at one moment. It asks no database.
type Vitals struct {
	Queue         int              // entries that wait for a commit
	EpochsWaiting int64            // epochs of all campaigns whose responses are not mixed yet; one campaign has about two
	Worked        time.Time        // when the work that the clock starts was last done on every campaign; zero before
	JobsLate      int64            // what the clock should have started over a minute ago and is not done
	Troubled      int              // campaigns that could not be worked on at the last round
	Opened        map[string]int64 // persons whose envelopes were opened, by purpose, as the log counts them
	Records       int64            // of the log, as far as this process has read it
}

// Vitals returns them.
func (e *Engine) Vitals() Vitals {
	v := Vitals{Queue: len(e.enter.queue), Opened: map[string]int64{}}
	e.logMu.Lock()
	v.Records = e.tree.Size()
	e.logMu.Unlock()
	e.vitals.mu.Lock()
	defer e.vitals.mu.Unlock()
	v.Worked, v.Troubled = e.vitals.worked, e.vitals.troubled
	for _, n := range e.vitals.waiting {
		v.EpochsWaiting += n
	}
	for _, due := range []map[[16]byte]time.Time{e.vitals.jobs, e.vitals.approved} {
		for _, at := range due {
			if e.Now().Sub(at) > lateAfter {
				v.JobsLate++
			}
		}
	}
	for purpose, n := range e.vitals.opened {
		v.Opened[purpose] = n
	}
	return v
}

// noteWaiting keeps how many epochs of a campaign are not mixed.
func (e *Engine) noteWaiting(id store.CampaignID, n int64) {
	e.vitals.mu.Lock()
	defer e.vitals.mu.Unlock()
	if n == 0 {
		delete(e.vitals.waiting, id)
		return
	}
	e.vitals.waiting[id] = n
}

// noteRound keeps how a round of Run went.
func (e *Engine) noteRound(troubled int) {
	e.vitals.mu.Lock()
	defer e.vitals.mu.Unlock()
	if e.vitals.troubled = troubled; troubled == 0 {
		e.vitals.worked = e.Now()
	}
}

// noteDue keeps what is due in the place of what was.
func (e *Engine) noteDue(place *map[[16]byte]time.Time, due map[[16]byte]time.Time) {
	e.vitals.mu.Lock()
	defer e.vitals.mu.Unlock()
	*place = due
}

// noteDone takes away a job that is done.
func (e *Engine) noteDone(id [16]byte) {
	e.vitals.mu.Lock()
	defer e.vitals.mu.Unlock()
	delete(e.vitals.jobs, id)
}

// noteOpened counts a record of the log.
func (e *Engine) noteOpened(o *draw.Opened) {
	e.vitals.mu.Lock()
	defer e.vitals.mu.Unlock()
	e.vitals.opened[o.Purpose] += o.Count
}

// Lack is one thing without which the daemon cannot do its work. Code is one of LackCodes; Text says what to do.
type Lack struct{ Code, Text string }

// Codes of Lack.
const (
	LackRegistry = "registry-away"
	LackIdentity = "identity-away"
	LackAnswers  = "answers-away"
	LackKeys     = "keys-unreadable"
	LackBehind   = "log-behind"
	LackUnsigned = "log-unsigned"
	LackHolder   = "no-lease-holder"
)

// LackCodes are all of them.
var LackCodes = []string{LackRegistry, LackOtherRegistry, LackIdentity, LackOtherIdentity, LackAnswers, LackOtherAnswers, LackKeys, LackBehind, LackUnsigned, LackHolder}

// askWithin bounds each question of Lacks.
const askWithin = time.Second

// unsignedFor is how long the newest record may lack a checkpoint: between appending and signing lies a moment.
const unsignedFor = 5 * time.Second

// Lacks asks each room, the key folder and the log whether they are there, a second each at most and all at once, and returns what is missing,
// in the order of the codes; none if entries can be taken. It changes nothing.
func (e *Engine) Lacks(ctx context.Context) []Lack {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	rooms := e.rooms()
	asked := [...]struct {
		code, replaced string
		ask            func() error
	}{
		{LackRegistry, LackOtherRegistry, func() error { return e.sameRoom(ctx, 0, rooms[0]) }},
		{LackIdentity, LackOtherIdentity, func() error { return e.sameRoom(ctx, 1, rooms[1]) }},
		{LackAnswers, LackOtherAnswers, func() error { return e.sameRoom(ctx, 2, rooms[2]) }},
		{LackKeys, "", func() error { _, _, err := readSigned(e.Marks); return err }},
	}
	said := make([]chan error, len(asked))
	for i, a := range asked {
		said[i] = make(chan error, 1)
		go func() { said[i] <- a.ask() }()
	}
	var lacks []Lack
	for i, a := range asked {
		var err error
		select {
		case err = <-said[i]:
		case <-ctx.Done(): // a driver that minds no context does not hold us up
			err = fmt.Errorf("no answer within %v", askWithin)
		}
		if err == nil && i == 1 && e.back.Load() {
			err = errSetBack
		}
		switch {
		case errors.Is(err, store.ErrReplaced):
			lacks = append(lacks, Lack{a.replaced, insteadOf(err)})
		case err != nil:
			lacks = append(lacks, Lack{a.code, err.Error()})
		}
	}
	if len(lacks) > 0 {
		return lacks
	}
	lacks = e.lacksOfLog(ctx)
	if e.lease.deserted() {
		lacks = append(lacks, Lack{LackHolder, fmt.Sprintf("no daemon has shown for %v that it signs the log and mixes", desertedFor)})
	}
	return lacks
}

// desertedFor is how long nobody may hold the lease; taking it over lasts a few seconds.
const desertedFor = 15 * time.Second

// deserted tells whether nobody was seen to hold the lease for too long.
func (l *lease) deserted() bool {
	if l.sharing == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cancel == nil && !l.since.IsZero() && time.Since(l.since) >= desertedFor
}

// lateAfter is how long what the clock starts may be due before it counts as late.
const lateAfter = time.Minute

// lacksOfLog compares the log with what was signed of it.
func (e *Engine) lacksOfLog(ctx context.Context) []Lack {
	signed, _, err := readSigned(e.Marks)
	if err != nil {
		return []Lack{{LackKeys, err.Error()}}
	}
	size, err := e.Registry.LogSize(ctx)
	if err != nil {
		return []Lack{{LackRegistry, err.Error()}}
	}
	if size < signed {
		return []Lack{{LackBehind, fmt.Sprintf("%v: its log has %d records, and %d were signed", ErrOldLog, size, signed)}}
	}
	if size == 0 {
		return nil
	}
	_, err = e.Registry.Checkpoint(ctx, size)
	e.vitals.mu.Lock()
	defer e.vitals.mu.Unlock()
	switch {
	case err == nil:
		e.vitals.unsigned = time.Time{}
	case !errors.Is(err, store.ErrNotFound):
		return []Lack{{LackRegistry, err.Error()}}
	case e.vitals.unsigned.IsZero():
		e.vitals.unsigned = e.Now()
	case e.Now().Sub(e.vitals.unsigned) >= unsignedFor:
		return []Lack{{LackUnsigned, fmt.Sprintf("the log's %d records have no checkpoint", size)}}
	}
	return nil
}
