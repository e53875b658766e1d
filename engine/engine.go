// Package engine is the life of a campaign: draft, open, enter, mix, close, draw, release, notify.
//
// It knows no gRPC and no SQL: the three rooms, the clock, the beacon and the keys are handed in. What it promises is in
// docs/SPEC.md (the draw) and docs/FORMATS.md (what only we read). First call: [New], then [Engine.Run] in a goroutine for the
// work that the clock starts (ending, epochs, mixing). All methods are safe for concurrent use. Their errors are [*Error] with a reason for the
// caller, or anything else for an internal fault. Nothing personal stands in an error or a log line.
package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/store"
)

// Keys keeps secrets of 32 bytes outside every database and its backups. The key folder of one host stands behind it now; a KMS fits
// the same place. Names are `[a-z0-9-]{1,100}`. Create and Put are durable when they return. An attacker who reads the folder
// together with the databases reads the responses that are not mixed yet and, until close, every ID number's tag.
type Keys interface {
	// Create draws a new random secret under name, or returns the one that is there.
	Create(name string) ([32]byte, error)
	// Get returns a secret; an error that is fs.ErrNotExist if it is absent or destroyed.
	Get(name string) ([32]byte, error)
	// Destroy overwrites and removes it; absent is nil.
	Destroy(name string) error
}

// Beacon fetches a verified round signature; beacon.Relays is one.
type Beacon interface {
	// Fetch returns the 48 bytes of the signature of round, verified.
	Fetch(ctx context.Context, chain beacon.Chain, round uint64) ([48]byte, error)
}

// Config is all that an Engine works with. Every field is required but Log, Meter, Sharing and AcceptRestored.
type Config struct {
	Registry store.Registry
	Identity store.Identity
	Answers  store.Answers
	Keys     Keys
	Marks    Marks
	Beacon   Beacon
	// LogSigner signs checkpoints, ReceiptSigner receipts. Whoever has the first can fork the log, and the witnesses then show it.
	LogSigner, ReceiptSigner note.Signer
	// Now is the clock. It is truncated to whole seconds where it is stored.
	Now func() time.Time
	// Log takes what operators must know; nil discards.
	Log *slog.Logger
	// Meter takes durations; nil discards.
	Meter Meter
	// Sharing is nil if no other engine can be at work on these rooms or with these keys, which the caller must see to.
	Sharing *Sharing
	// Witnesses are independent witnesses of the log whose cosignatures are taken, nil for none. With a quorum, campaigns that open from now on need it beside
	// their custodians.
	Witnesses *ledger.Policy
	// AcceptRestored makes New take rooms that are older copies, and give up what was acknowledged since. Never a log that is behind.
	AcceptRestored bool
}

// Engine is one installation's engine. Make it with New.
type Engine struct {
	Config
	installation store.Installation

	logMu     sync.Mutex            // one appender at a time in this process; the store's compare-and-swap guards the rest
	tree      *ledger.Tree          // of the log, under logMu
	about     map[aboutKey][]logged // records about a draw, under logMu
	trailHead draw.TrailHead        // the newest in the log, under logMu
	trailDay  string                // UTC day on which the trail's head was looked after last, under logMu
	unsigned  atomic.Bool           // a record may be in the log without a checkpoint: Run signs it
	seatMu    sync.Mutex            // replacements and releases come one after another
	voidMu    sync.Mutex            // a result is logged, or a cosignature taken that may confirm a void
	draftMu   sync.Mutex            // exclusion lists of drafts change, and drafts go, one after another
	askMu     sync.Mutex            // approvals are asked for one after another: of two that differ one is told of the other
	actMu     sync.Mutex            // acts of this process come one after another
	approved  clockActs             // approvals that Run carries out, and only it
	enter     *committer            // group commit of entries (enter.go)
	opened    openCache             // parsed rules of open campaigns (cache.go)
	answers   pace                  // of calls with an answer secret (withdraw.go)
	vitals    vitals                // what Vitals says (meter.go)
	judged    judged                // what Findings says (findings.go)
	hooks     hooks                 // set by tests only (run.go)
	jumped    atomic.Bool           // the clock jumped a short while ago (runner.go)
	rounds    sync.Map              // of ofRound: whether it is, since it takes milliseconds to see (void.go)
	noRelay   atomic.Int64          // when the log said last why no relay gives a round, Unix seconds (draw.go)
	replaced  [3]atomic.Bool        // in the place of that room another one was found last (replaced.go)
	back      atomic.Bool           // a gate was found further back than it was (replaced.go)

	lease   *lease     // who may log, move gates and mix (lease.go)
	bumpMu  sync.Mutex // moves of the generation come one after another
	bumped  time.Time  // when it was moved last, under bumpMu
	closing sync.Once
}
