package engine_test

import (
	"context"
	"io/fs"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"fairlot/engine"
)

// brokenKeys is a key store on a disk that fails.
type brokenKeys struct {
	engine.Keys
	broken atomic.Bool
}

func (k *brokenKeys) Get(name string) ([32]byte, error) {
	if k.broken.Load() {
		return [32]byte{}, &fs.PathError{Op: "open", Path: name, Err: syscall.EIO}
	}
	return k.Keys.Get(name)
}

// TestKeyFolderAway takes the key folder's disk away: callers are told to come again, the operator is told why, once, and it goes on when it is back.
func TestKeyFolderAway(t *testing.T) {
	w := newWorld(t)
	k := &brokenKeys{Keys: w.keys}
	w.cfg.Keys = k
	w.reopen()
	c := w.open(rules())
	tokens := w.tokens(c, 2)
	w.enter(w.client(c, 0, tokens[0]))
	k.broken.Store(true)
	p := w.client(c, 1, tokens[1])
	for range 3 {
		_, err := w.Enter(context.Background(), p.req)
		wantReason(t, err, engine.StorageUnavailable, "")
	}
	if n := strings.Count(w.errs.String(), "the key folder cannot be used"); n != 1 {
		t.Errorf("said %d times, want once: %s", n, w.errs.String())
	}
	k.broken.Store(false)
	w.enter(p)
}
