package witness

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"fairlot/crypto/ledger"
)

// clockBack is how far the clock may be behind the last cosignature's time.
const clockBack = 5 * time.Second

var (
	// ErrUnknownLog means an origin that the witness was not told to follow.
	ErrUnknownLog = errors.New("unknown log")
	// ErrSize means an old size above the checkpoint's.
	ErrSize = errors.New("old size is above the checkpoint's")
	// ErrFork means a tree that does not begin with the one cosigned before. The request is evidence: the log signed it.
	ErrFork = errors.New("the tree does not begin with the one that was cosigned before")
	// ErrState means that what the witness keeps is not what it signed: an old copy was put back, or the clock was set back. It signs nothing until somebody has looked.
	ErrState = errors.New("this witness has signed more than it remembers, or its clock went back")
)

// Conflict says that the request's old size is not the size cosigned last, which is Size.
type Conflict struct{ Size int64 }

func (c *Conflict) Error() string {
	return fmt.Sprintf("the newest tree that was cosigned has size %d", c.Size)
}

// Held is what a witness keeps of one log: the newest checkpoint that it meant to cosign, signed by the log, and when.
type Held struct {
	Key  string `json:"key"` // the log's verifier key
	Note string `json:"note"`
	Time int64  `json:"time"` // Unix seconds
}

// Witness cosigns checkpoints of the logs that it was told of. It is safe for concurrent use.
type Witness struct {
	cosigner *ledger.Cosigner
	logs     map[string]string // key by origin
	keep     func([]Held) error
	now      func() time.Time

	mu   sync.Mutex // over the rest, from the check to the durable state: two requests at once cannot roll it back
	held map[string]Held
	size map[string]ledger.Checkpoint
	lost bool              // ErrState was found
	step func(name string) // for tests: between check and state
}

// New makes a witness of logs, given by their verifier keys, that goes on from held. keep must make its argument durable before it
// returns; what is held of logs that are not followed any more is kept all the same, so that nobody begins anew by leaving a log out
// once. Errors wrap ledger.ErrKey, ledger.ErrCheckpoint or ledger.ErrLogSignature.
func New(cosigner *ledger.Cosigner, logs []string, held []Held, keep func([]Held) error, now func() time.Time) (*Witness, error) {
	w := &Witness{cosigner: cosigner, logs: map[string]string{}, keep: keep, now: now, held: map[string]Held{}, size: map[string]ledger.Checkpoint{}, step: func(string) {}}
	for _, h := range held {
		c, err := ledger.VerifyCheckpoint(h.Key, []byte(h.Note))
		if err != nil {
			return nil, fmt.Errorf("what is kept of a log: %w", err)
		}
		if _, twice := w.held[c.Origin]; twice {
			return nil, fmt.Errorf("what is kept of log %s: %w: it stands there twice", c.Origin, ledger.ErrKey)
		}
		w.held[c.Origin], w.size[c.Origin] = h, c
	}
	for _, l := range logs {
		k, err := ledger.ParseVKey(l)
		if err != nil || k.Alg != ledger.AlgLog {
			return nil, fmt.Errorf("log %q: %w", l, ledger.ErrKey)
		}
		if have, ok := w.logs[k.Name]; ok && have != l {
			return nil, fmt.Errorf("log %s: %w: two keys have this name", k.Name, ledger.ErrKey)
		}
		if h, ok := w.held[k.Name]; ok && h.Key != l {
			return nil, fmt.Errorf("log %s: %w: it had another key when it was cosigned before", k.Name, ledger.ErrKey)
		}
		w.logs[k.Name] = l
	}
	return w, nil
}

// Sizes are the sizes cosigned last, by origin.
func (w *Witness) Sizes() map[string]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]int64{}
	for origin := range w.logs {
		all[origin] = w.size[origin].Size
	}
	return all
}

// Lost tells whether the witness refuses everything because of ErrState.
func (w *Witness) Lost() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

// Add answers a request with the signature line, LF included. Errors wrap ErrRequest, ErrUnknownLog, ErrSize, ErrFork, ErrState, *Conflict,
// ledger.ErrCheckpoint, ledger.ErrLogSignature, or are the keeper's.
func (w *Witness) Add(body []byte) ([]byte, error) {
	r, err := ParseRequest(body)
	if err != nil {
		return nil, err
	}
	origin, _, _ := bytes.Cut(r.Checkpoint, []byte("\n"))
	key, ok := w.logs[string(origin)]
	if !ok {
		return nil, ErrUnknownLog
	}
	c, err := ledger.VerifyCheckpoint(key, r.Checkpoint)
	if err != nil {
		return nil, err
	}
	if r.Old > c.Size {
		return nil, ErrSize
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost {
		return nil, ErrState
	}
	last, now := w.size[c.Origin], w.now()
	if c.Size > last.Size && w.signed(r.Checkpoint, key) {
		w.lost = true
		return nil, ErrState
	}
	for _, h := range w.held {
		if now.Before(time.Unix(h.Time, 0).Add(-clockBack)) {
			return nil, ErrState
		}
	}
	switch {
	case r.Old != last.Size:
		return nil, &Conflict{last.Size}
	case r.Old == c.Size && r.Old > 0 && c.Root != last.Root:
		return nil, fmt.Errorf("%w: %w", ErrFork, &Conflict{last.Size})
	case r.Old == 0 && len(r.Proof) > 0, r.Old == 0 && c.Size == 0 && c.Root != emptyRoot():
		return nil, ErrFork
	case r.Old > 0 && ledger.CheckConsistency(r.Proof, r.Old, last.Root, c.Size, c.Root) != nil:
		return nil, ErrFork
	}
	w.step("checked")
	bare, err := ledger.Bare(key, r.Checkpoint)
	if err != nil {
		return nil, err
	}
	next := maps.Clone(w.held)
	next[c.Origin] = Held{key, string(bare), now.Unix()}
	if err := w.keep(sorted(next)); err != nil {
		return nil, fmt.Errorf("keep what is cosigned: %w", err)
	}
	w.held, w.size[c.Origin] = next, c
	line, err := ledger.Cosign(w.cosigner, key, r.Checkpoint, now)
	if err != nil {
		return nil, err
	}
	return []byte(line + "\n"), nil
}

// Witnessed hands in a checkpoint that bears this witness's own cosignature, from a bundle or the log. One beyond what is kept shows that an old copy of the
// state was put back: the error wraps ErrState, and nothing is signed any more.
func (w *Witness) Witnessed(note []byte) error {
	origin, _, _ := bytes.Cut(note, []byte("\n"))
	key, ok := w.logs[string(origin)]
	if !ok {
		return ErrUnknownLog
	}
	c, err := ledger.VerifyCheckpoint(key, note)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.size[c.Origin]
	if w.signed(note, key) && (c.Size > last.Size || c.Size == last.Size && c.Root != last.Root) {
		w.lost = true
		return ErrState
	}
	return nil
}

// signed tells whether a checkpoint bears a valid cosignature of this witness.
func (w *Witness) signed(note []byte, key string) bool {
	times, err := w.cosigner.VKey().Cosigned(key, note)
	return err == nil && len(times) > 0
}

func emptyRoot() ledger.Hash {
	root, _ := new(ledger.Tree).Root(0)
	return root
}

func sorted(held map[string]Held) []Held {
	var all []Held
	for _, origin := range slices.Sorted(maps.Keys(held)) {
		all = append(all, held[origin])
	}
	return all
}
