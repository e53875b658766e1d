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
}
