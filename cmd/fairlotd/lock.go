package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fairlot/engine"
)

// startWithin bounds how long a daemon waits for another one that is starting.
const startWithin = 30 * time.Second

// serveLock is what a daemon holds of its folder: all of it where the rooms are SQLite files, since two would form epochs and sign the log side by side; its
// share of it where they are in PostgreSQL. Whoever could have the whole folder at its start knows that no other daemon is at work.
type serveLock struct {
	*os.File
	shared, first bool
}

// lockToServe takes it. Daemons that share a folder start one after another.
func lockToServe(ctx context.Context, dir string) (*serveLock, error) {
	l := &serveLock{}
	var err error
	if l.shared, err = onPostgres(dir); err != nil {
		return nil, err
	}
	if l.File, err = os.OpenFile(filepath.Join(dir, keysDir, "lock"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("%s has no key folder that can be used: %w", dir, err)
	}
	if tryLock(l.File) == nil {
		l.first = true
		return l, nil
	}
	for began := time.Now(); l.shared && time.Since(began) < startWithin && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if tryShare(l.File) == nil {
			return l, nil
		}
	}
	l.Close()
	return nil, fmt.Errorf("%s is in use by another fairlotd: stop it first", dir)
}

// sharing is what the engine is told; door is the address of this daemon's staff door.
func (l *serveLock) sharing(door string) *engine.Sharing {
	if !l.shared {
		return nil
	}
	return &engine.Sharing{Door: door, First: l.first}
}

// letIn lets other daemons start.
func (l *serveLock) letIn() error {
	if !l.shared {
		return nil
	}
	return tryShare(l.File)
}
