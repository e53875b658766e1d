package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/witness"
)

// How often witnesses are asked: soon after each record, and one that failed again and again less and less often.
const (
	witnessLook    = time.Second
	witnessWithin  = 10 * time.Second
	witnessWait    = 2 * time.Second
	witnessLongest = time.Minute
)

// asked is one witness, and how it stands with it.
type asked struct {
	witness.Other
	size  int64 // cosigned and stored last
	wait  time.Duration
	again time.Time
	said  string // the fault that the log has already
}

// witnesses ask the independent witnesses of --witnesses for their cosignatures.
type witnesses struct {
	policy *ledger.Policy
	all    []*asked
	behind atomic.Int64 // witnesses that have not cosigned the newest head
}

// readWitnesses reads a witness policy in the form of C2SP tlog-policy, each witness with its URL; the log is this one, and lines that begin with # and empty ones are passed over.
func readWitnesses(path, logKey string) (*witnesses, error) {
	w := &witnesses{}
	if path == "" {
		return w, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--witnesses: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, ledger.MaxPolicy+1))
	if err != nil || len(b) > ledger.MaxPolicy {
		return nil, fmt.Errorf("--witnesses: %s is longer than %d bytes, or cannot be read", path, ledger.MaxPolicy)
	}
	bad := func(n int, what string) error { return fmt.Errorf("--witnesses: %s, line %d: %s", path, n, what) }
	text := "log " + logKey + "\n"
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimSpace(line)
		words := strings.Fields(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case words[0] == "log" && line != "log "+logKey:
			return nil, bad(n, "it is for another log than this installation's")
		case words[0] == "log":
			continue
		case words[0] == "witness":
			if len(words) != 4 {
				return nil, bad(n, "want `witness NAME VKEY URL`")
			}
			u, err := url.Parse(words[3])
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
				return nil, bad(n, fmt.Sprintf("%q is no address of a witness", words[3]))
			}
			key, err := ledger.ParseVKey(words[2])
			if err != nil {
				return nil, bad(n, err.Error())
			}
			w.all = append(w.all, &asked{Other: witness.Other{Name: words[1], Key: key, URL: words[3], Client: &http.Client{Timeout: witnessWithin}}})
			words = words[:3]
		}
		text += strings.Join(words, " ") + "\n"
	}
	if w.policy, err = ledger.ParsePolicy([]byte(text)); err != nil {
		return nil, fmt.Errorf("--witnesses: %s (with a line for the log before it): %w", path, err)
	}
	return w, nil
}

// Run asks until ctx ends. Only the daemon that holds the lease asks: it alone signs.
func (w *witnesses) Run(ctx context.Context, eng *engine.Engine, log *slog.Logger) error {
	if len(w.all) == 0 {
		return nil
	}
	tick := time.NewTicker(witnessLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if !eng.Holds() {
			w.behind.Store(0) // another daemon asks, and tells its own
			continue
		}
		note, err := eng.Checkpoint(ctx)
		if err != nil {
			continue // no record yet, or the registry is away, which readiness says
		}
		w.ask(ctx, eng, note, log)
	}
}

// ask brings a head to every witness that has not cosigned it, at once.
func (w *witnesses) ask(ctx context.Context, eng *engine.Engine, note []byte, log *slog.Logger) {
	logKey := eng.Installation().LogKey
	head, err := ledger.VerifyCheckpoint(logKey, note)
	if err != nil {
		log.Error("the newest checkpoint is not this log's", "error", err)
		return
	}
	var all sync.WaitGroup
	for _, x := range w.all {
		if times, err := x.Key.Cosigned(logKey, note); err == nil && len(times) > 0 {
			x.size = head.Size
		}
		if x.size == head.Size || time.Now().Before(x.again) {
			continue
		}
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, witnessWithin)
			defer cancel()
			cosigned, err := x.Ask(ctx, logKey, note, func(old, size int64) ([]ledger.Hash, error) { return eng.Consistency(ctx, old, size) })
			if err == nil {
				_, err = eng.AddCosignature(ctx, cosigned)
			}
			x.done(head.Size, err, log)
		})
	}
	all.Wait()
	behind := int64(0)
	for _, x := range w.all {
		if x.size != head.Size {
			behind++
		}
	}
	w.behind.Store(behind)
}

// done notes how it went; a fault is logged when it is another one than before.
func (x *asked) done(size int64, err error, log *slog.Logger) {
	if err == nil {
		if x.said != "" {
			log.Info("a witness cosigns again", "witness", x.Name, "records", size)
		}
		x.size, x.wait, x.again, x.said = size, 0, time.Time{}, ""
		return
	}
	x.wait = min(max(2*x.wait, witnessWait), witnessLongest)
	x.again = time.Now().Add(x.wait)
	kind := "away"
	level, text := slog.LevelWarn, "a witness did not cosign; it is asked again"
	for sentinel, what := range map[error]string{
		witness.ErrFork:  "a witness says that this log does not continue what it cosigned: compare it with the newest backup and the public's bundles before anything else",
		witness.ErrAhead: "a witness has cosigned more records than this log has: an old copy of the registry was put back. Stop, see Restore in OPERATIONS",
		witness.ErrLied:  "a witness's answer does not verify under its key: ask whoever runs it",
	} {
		if errors.Is(err, sentinel) {
			kind, level, text = what, slog.LevelError, what
		}
	}
	if errors.Is(err, witness.ErrRefused) {
		kind = err.Error()
	}
	if x.said != kind {
		x.said = kind
		log.Log(context.Background(), level, text, "witness", x.Name, "error", err)
	}
}
