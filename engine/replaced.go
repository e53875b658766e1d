package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fairlot/store"
)

// Codes of Lack for a room in whose place another one stands.
const (
	LackOtherRegistry = "registry-replaced"
	LackOtherIdentity = "identity-replaced"
	LackOtherAnswers  = "answers-replaced"
)

// rememberRooms keeps which rooms are there, before anything of them is judged. One that belongs to no installation is refused by whoever judges.
func (e *Engine) rememberRooms(ctx context.Context) error {
	for _, r := range e.rooms() {
		if err := r.Remember(ctx); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// watchRooms looks every second, until ctx ends, whether the rooms are the ones that were there at the start. Changes are refused by the rooms themselves; this is what makes
// entries stand still whichever room it is, and what tells operators.
func (e *Engine) watchRooms(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		e.lookAtRooms(ctx)
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

func (e *Engine) lookAtRooms(ctx context.Context) {
	for i, r := range e.rooms() {
		bounded, cancel := context.WithTimeout(ctx, askWithin)
		_ = e.sameRoom(bounded, i, r)
		cancel()
	}
}

// sameRoom is Same of a room, whose answer entries go by from now on.
func (e *Engine) sameRoom(ctx context.Context, i int, r boundRoom) error {
	err := r.Same(ctx)
	switch other := errors.Is(err, store.ErrReplaced); {
	case err != nil && !other: // away, which says nothing about what is there
	case other && !e.replaced[i].Swap(true):
		e.Log.Error("no entry is taken", "found", insteadOf(err))
	case !other && e.replaced[i].Swap(false):
		e.Log.Info("the right room is back: entries are taken again", "room", r.name)
	}
	return err
}

// insteadOf says what is wrong and what to do.
func insteadOf(err error) string {
	return fmt.Sprintf("%v; nothing is written to it. If that is a mistake put the newest one back. If it is all there is left: stop every daemon, "+
		"fairlotd restore --put-back --dir DIR, then fairlotd serve, which says how to go on", err)
}

// errSetBack says that a gate stands at an earlier epoch than it was seen at. Gates only go on, so the identity room is an older state of itself,
// whatever its generation says.
var errSetBack = store.Saying(store.ErrReplaced, "identity room: an older state of itself stands there: a campaign's gate is further back than it was seen")

// setBack refuses entries from now on, until another start has judged the rooms.
func (e *Engine) setBack() error {
	if !e.back.Swap(true) {
		e.Log.Error("no entry is taken", "found", insteadOf(errSetBack))
	}
	return e.fault(errSetBack)
}

// rightRooms is an error while another room stands in the place of one of ours.
func (e *Engine) rightRooms() error {
	if e.back.Load() || e.replaced[0].Load() || e.replaced[1].Load() || e.replaced[2].Load() {
		return e.fault(store.ErrReplaced)
	}
	return nil
}
