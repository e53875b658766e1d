package judge

import (
	"errors"
	"testing"

	"fairlot/store"
)

func TestPast(t *testing.T) {
	a, b := store.Binding{Installation: [16]byte{1}, Generation: 5}, store.Binding{Installation: [16]byte{2}, Generation: 9}
	var p Past
	look := func(r Room, err error) error { return p.Look(func() (Room, error) { return r, err }) }
	if err := look(Room{b, 1}, nil); err != nil {
		t.Fatalf("nothing is remembered: %v", err)
	}
	p.Remember(Room{a, 1})
	older, newer := a, a
	older.Generation, newer.Generation = 4, 6
	away := errors.New("away")
	for i, x := range []struct {
		room Room
		err  error
		want error
	}{
		{Room{a, 1}, nil, nil}, {Room{older, 1}, nil, store.ErrReplaced}, {Room{a, 1}, nil, nil}, {Room{a, 2}, nil, store.ErrReplaced}, {Room{b, 1}, nil, store.ErrReplaced},
		{Room{}, store.ErrNotFound, store.ErrReplaced}, {Room{}, away, away}, {Room{newer, 1}, nil, nil}, {Room{a, 1}, nil, store.ErrReplaced}, {Room{newer, 1}, nil, nil},
	} {
		was := p.Strange()
		err := look(x.room, x.err)
		if !errors.Is(err, x.want) || x.want == store.ErrReplaced && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%d: %v, want %v", i, err, x.want)
		}
		if want := x.want == store.ErrReplaced || x.want != nil && was; p.Strange() != want {
			t.Errorf("%d: strange %v", i, p.Strange())
		}
	}
	// Whoever began to read before the generation moved on, and looks afterwards, has not seen an older copy.
	err := p.Look(func() (Room, error) {
		moved := newer
		moved.Generation++
		if err := look(Room{moved, 1}, nil); err != nil {
			t.Fatal(err)
		}
		return Room{newer, 1}, nil
	})
	if err != nil || p.known.Load().Generation != newer.Generation+1 {
		t.Errorf("%v, generation %d", err, p.known.Load().Generation)
	}
}
