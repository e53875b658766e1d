package judge

import (
	"errors"
	"fmt"
	"sync/atomic"

	"fairlot/store"
)

// Room tells one room from another.
type Room struct {
	store.Binding
	Copy int64 // another number for a room that was made by reading a copy back, as far as the engine can tell; else 0
}

// Past is which room an engine works on: the rule of store.Bound.Remember, for both engines. The zero value remembers none. It is safe for concurrent use.
type Past struct {
	known   atomic.Pointer[Room] // with the greatest generation that was seen
	strange atomic.Bool
}

// Remember takes r for the right room.
func (p *Past) Remember(r Room) {
	p.known.Store(&r)
	p.strange.Store(false)
}

// Look compares the room that read finds, which must not be of a moment before the call, with the one that is remembered.
func (p *Past) Look(read func() (Room, error)) error {
	was := p.known.Load()
	if was == nil {
		return nil
	}
	now, err := read()
	switch {
	case errors.Is(err, store.ErrNotFound):
		return p.Replaced("a room of no installation stands there")
	case err != nil:
		return err
	case now.Installation != was.Installation:
		return p.Replaced("another installation's room stands there")
	case now.Generation < was.Generation:
		return p.Replaced(fmt.Sprintf("an older copy stands there, of generation %d, and %d was seen", now.Generation, was.Generation))
	case now.Copy != was.Copy:
		return p.Replaced("another copy stands there, put back while somebody worked on the room")
	}
	if now.Generation > was.Generation {
		p.known.CompareAndSwap(was, &now)
	}
	p.strange.Store(false)
	return nil
}

// Replaced is store.ErrReplaced with its reason. Strange tells from then on, until Look finds the right room again, that nothing read is to be believed.
func (p *Past) Replaced(how string) error {
	p.strange.Store(true)
	return store.Saying(store.ErrReplaced, "%s", how)
}

// Strange tells whether another room was found last.
func (p *Past) Strange() bool { return p.strange.Load() }
