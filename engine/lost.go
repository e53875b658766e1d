package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"fairlot/crypto/keys"
	"fairlot/crypto/tag"
	"fairlot/store"
)

// lostKeys are the keys of a campaign that are gone though they are needed, each told to operators once a start.
type lostKeys struct {
	mu   sync.Mutex
	told map[string]bool
}

// keyLost tells operators that a key is gone, and returns what callers are told.
func (e *Engine) keyLost(o *opened, name, use string) *Error {
	o.lost.mu.Lock()
	defer o.lost.mu.Unlock()
	if !o.lost.told[name] {
		if o.lost.told == nil {
			o.lost.told = map[string]bool{}
		}
		o.lost.told[name] = true
		e.Log.Error("a key is missing from the key folder, or damaged", "campaign", hexID(o.id), "key", use)
	}
	return &Error{Reason: StorageUnavailable, Text: "a key of this campaign is missing or damaged: nothing was acknowledged, tell the institution", Retry: time.Minute}
}

// gone tells whether no waiting brings a key back: it is absent, or its file is not what was written.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, keys.ErrFile) }

func tagKeyUse() string { return "of tags" }

func epochKeyUse(epoch uint32) string { return fmt.Sprintf("of epoch %d", epoch) }

// tagKey returns the key of a campaign's tags. If it is gone the gate, read again, says why: it is destroyed at close, and lost before.
func (e *Engine) tagKey(ctx context.Context, o *opened) (tag.Key, error) {
	key, err := e.Keys.Get(tagKeyName(o.id))
	if !gone(err) {
		return key, e.fault(err)
	}
	gate, err := e.gate(ctx, o)
	if err != nil {
		return key, err
	}
	if gate.State == store.GateClosed {
		return key, shut(gate)
	}
	if err := e.Identity.Same(ctx); err != nil { // another room's campaigns have other keys
		return key, e.fault(err)
	}
	return key, e.keyLost(o, tagKeyName(o.id), tagKeyUse())
}
