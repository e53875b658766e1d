package store

import "context"

// Binding ties a room to its installation and to the other two rooms, so that a room brought back from an old copy, or from another
// installation, is known as such.
type Binding struct {
	Installation [16]byte // the same in all three rooms, forever
	Generation   int64    // from 1; the same in all three rooms but while it moves
}

// Bound is what every room can do.
type Bound interface {
	// Binding returns it, ErrNotFound before PutBinding.
	Binding(ctx context.Context) (Binding, error)
	// PutBinding writes it once. Nil if this very one stands already, ErrExists if another does.
	PutBinding(ctx context.Context, b Binding) error
	// SetGeneration moves the generation by compare-and-swap. Nil if `to` stands already, ErrConflict, ErrNotFound before PutBinding.
	SetGeneration(ctx context.Context, from, to int64) error
	// Remember makes every change through this value, from now on, look first whether the room is still the one that it is now, in the same
	// transaction: it is ErrReplaced, and nothing is changed, if the room has another installation or none, or a smaller generation than was seen, or was put
	// there since, as far as the engine can tell. Reads may say what another room says until that was found out, and are ErrReplaced from then on. With
	// the right room back all goes on. ErrNotFound before PutBinding.
	Remember(ctx context.Context) error
	// Same asks that now: nil, also if nothing is remembered, or ErrReplaced.
	Same(ctx context.Context) error
}
