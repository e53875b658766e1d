package store

import "context"

// Lease says which of several daemons on one set of rooms appends to the log, moves gates and mixes. It is one row that holds no time: a holder
// changes Beat to show that it lives, and whoever sees one Term and Beat for long enough on a clock of its own takes the next Term. Nothing is safe because of
// it: every act of a holder stands up to a second one. It only keeps them out of each other's way.
type Lease struct {
	Term   int64    // grows by one with each taking; 0 if it was never taken
	Beat   int64    // grows by one with each renewal
	Holder [16]byte // random, drawn by each daemon at its start; zero if nobody holds it
	Door   string   // HOST:PORT of the holder's staff door, at most 255 bytes; empty if nobody holds it
}

// Leases is the part of the registry room that keeps the lease.
type Leases interface {
	// Lease returns it, the zero Lease if it was never taken.
	Lease(ctx context.Context) (Lease, error)
	// SwapLease replaces old by new by compare-and-swap on the whole row. Nil if new stands already, ErrConflict.
	SwapLease(ctx context.Context, old, new Lease) error
}
