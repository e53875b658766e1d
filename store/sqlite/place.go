package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"fairlot/store"
	"fairlot/store/judge"
)

// inPlace tells whether the file that was opened is still the one at its place. Connections keep a file that was renamed, and new ones open whatever
// lies there now.
func (d *room) inPlace() error {
	switch info, err := os.Stat(d.path); {
	case errors.Is(err, fs.ErrNotExist):
		return d.past.Replaced("its file is not at its place any more")
	case err != nil:
		return store.ErrUnavailable
	case !os.SameFile(info, d.file):
		return d.past.Replaced("another file lies in the place of the one that was opened")
	}
	return nil
}

// look compares the room with the one that is remembered.
func (d *room) look(t *tx) error {
	if err := d.inPlace(); err != nil {
		return err
	}
	return d.past.Look(t.which)
}

func (t *tx) which() (r judge.Room, err error) {
	r.Binding, err = t.binding()
	return r, err
}

// Remember implements store.Bound.
func (d *room) Remember(ctx context.Context) error {
	return d.read(ctx, "remember the room", func(t *tx) error {
		r, err := t.which()
		if err == nil {
			d.past.Remember(r)
		}
		return err
	})
}

// Same implements store.Bound.
func (d *room) Same(ctx context.Context) error { return d.read(ctx, "look which room it is", d.look) }
