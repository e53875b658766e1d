package store

import "context"

// JobID is a hash of what a job is about, so that a job made twice is one.
type JobID [16]byte

// Job is one row: work that the clock starts, while somebody tries it. What is due follows from rules and states; a row says only who tries
// it, how often it was tried, and what came of that.
type Job struct {
	ID       JobID
	Kind     string
	Campaign CampaignID
	Draw     int      // 0: of no draw
	RunAt    Time     // when it became, or becomes, due
	Version  int64    // counts changes of the row, from 1
	Holder   [16]byte // who works on it; zero: nobody
	Attempt  int      // how often it was begun
	Said     string   // what the last attempt said: a reason's code, empty if none failed
}

// Jobs is the part of the registry that keeps jobs. It holds nothing about one entrant.
type Jobs interface {
	// PutJob inserts a job at version 1. One of that id that is there already stays as it is, and nil is returned.
	PutJob(ctx context.Context, j Job) error
	// Job returns one, ErrNotFound.
	Job(ctx context.Context, id JobID) (Job, error)
	// Jobs returns all, by id. There are about as many as campaigns that something is due for.
	Jobs(ctx context.Context) ([]Job, error)
	// SwapJob replaces RunAt, Holder, Attempt and Said by compare-and-swap on j.Version, and returns the job at its next version.
	// ErrConflict if the row has another version, ErrNotFound.
	SwapJob(ctx context.Context, j Job) (Job, error)
	// DropJob deletes a job by compare-and-swap on its version. Absent is nil; ErrConflict.
	DropJob(ctx context.Context, id JobID, version int64) error
}
