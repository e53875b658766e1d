package engine

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/store"
)

const recordPage = 256

// appendRecord appends a record together with t, then signs the new tree. Losing the race for the log's size is tried again; losing a
// compare-and-swap of t is store.ErrConflict. The record is durable before its checkpoint is signed, and a missing checkpoint is signed
// by New, so a crash in between leaves nothing undone and no second tree of one size.
func (e *Engine) appendRecord(ctx context.Context, record []byte, t store.Transition) error {
	if _, err := draw.ParseRecord(record); err != nil {
		return fmt.Errorf("append record: %w", err)
	}
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return err
	}
	defer done()
	e.logMu.Lock()
	defer e.logMu.Unlock()
	for {
		if _, err := e.checkSigned(ctx); err != nil { // never append to a log that is behind
			return err
		}
		size, err := e.Registry.LogSize(ctx)
		if err != nil {
			return err
		}
		e.unsigned.Store(true)
		err = e.Registry.Append(ctx, size, record, t)
		if errors.Is(err, store.ErrConflict) {
			now, err2 := e.Registry.LogSize(ctx)
			if err2 != nil {
				return err2
			}
			if now != size {
				continue
			}
		}
		if err != nil {
			return err
		}
		e.step("appended")
		return e.signLocked(ctx)
	}
}

// errLogMoved says that the log has grown since what a record rests on was read.
var errLogMoved = errors.New("the log has grown meanwhile")

// appendAfter is appendAt without a transition.
func (e *Engine) appendAfter(ctx context.Context, size int64, record []byte) error {
	return e.appendAt(ctx, size, record, store.Transition{})
}

// appendAt is appendRecord for a record that rests on the first size records: errLogMoved if there are more, or t loses its compare-and-swap, and nothing is
// appended. In the log of two holders who decide one thing the second decision would be a false record for ever.
func (e *Engine) appendAt(ctx context.Context, size int64, record []byte, t store.Transition) error {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return err
	}
	defer done()
	e.logMu.Lock()
	defer e.logMu.Unlock()
	if _, err := e.checkSigned(ctx); err != nil { // never append to a log that is behind
		return err
	}
	e.unsigned.Store(true)
	err = e.Registry.Append(ctx, size, record, t)
	if errors.Is(err, store.ErrConflict) {
		return errLogMoved
	}
	if err != nil {
		return err
	}
	e.step("appended")
	return e.signLocked(ctx)
}

// signLocked brings the tree in memory up to the log and stores a checkpoint of it, if there is none. Before a checkpoint exists, the key folder
// remembers its tree: no second tree of that size is ever signed, whatever becomes of the registry. logMu is held.
func (e *Engine) signLocked(ctx context.Context) error {
	signed, err := e.checkSigned(ctx)
	if err != nil {
		return err
	}
	size := e.tree.Size()
	if size == 0 {
		e.unsigned.Store(false)
		return nil
	}
	root, err := e.tree.Root(size)
	if err != nil {
		return err
	}
	if err := e.rememberSigned(ctx, signed, size, root); err != nil {
		return err
	}
	e.step("signed")
	_, err = e.Registry.Checkpoint(ctx, size)
	if errors.Is(err, store.ErrNotFound) {
		e.step("checkpoint absent")
		var note []byte
		if note, err = ledger.SignCheckpoint(e.LogSigner, e.installation.Origin, size, root); err != nil {
			return err
		}
		err = e.Registry.PutCheckpoint(ctx, size, note)
	}
	if err == nil {
		e.unsigned.Store(false)
	}
	return err
}

func (e *Engine) readTree(ctx context.Context) error {
	for {
		page, err := e.Registry.LogRecords(ctx, e.tree.Size(), recordPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := e.remember(r); err != nil {
				return err
			}
		}
		if len(page) < recordPage {
			return nil
		}
	}
}

// logged is one record of the log with its index.
type logged struct {
	index  int64
	record draw.Record
}

type aboutKey struct {
	open draw.Hash
	draw int
}

// remember takes a record of the log into the tree, and those about a draw into the index of that draw; what was opened for cases, and what was erased, stands under draw 0.
func (e *Engine) remember(record []byte) error {
	parsed, err := draw.ParseRecord(record)
	if err != nil {
		return fmt.Errorf("log entry %d is damaged, look for the newest copy of the registry room: %w", e.tree.Size(), err)
	}
	if o, ok := parsed.(*draw.Opened); ok {
		e.noteOpened(o)
	}
	if open, n := parsed.About(); n > 0 || parsed.Kind() == "opened" || parsed.Kind() == "erased" {
		key := aboutKey{open, n}
		e.about[key] = append(e.about[key], logged{e.tree.Size(), parsed})
	}
	if head, ok := parsed.(*draw.TrailHead); ok {
		e.trailHead = *head
	}
	return e.tree.Append(record)
}

// loggedAbout returns the records about one draw in log order.
func (e *Engine) loggedAbout(ctx context.Context, open draw.Hash, n int) ([]logged, error) {
	records, _, err := e.loggedUpTo(ctx, open, n)
	return records, err
}

// loggedUpTo is loggedAbout with the size of the log that it read.
func (e *Engine) loggedUpTo(ctx context.Context, open draw.Hash, n int) ([]logged, int64, error) {
	e.logMu.Lock()
	defer e.logMu.Unlock()
	if err := e.readTree(ctx); err != nil {
		return nil, 0, e.fault(err)
	}
	return slices.Clone(e.about[aboutKey{open, n}]), e.tree.Size(), nil
}

// Checkpoint returns the newest signed checkpoint with its cosignatures. Reason before the first record: CAMPAIGN_NOT_FOUND.
func (e *Engine) Checkpoint(ctx context.Context) ([]byte, error) {
	sizes, err := e.Registry.CheckpointSizes(ctx)
	if err != nil {
		return nil, e.fault(err)
	}
	if len(sizes) == 0 {
		return nil, refuse(CampaignNotFound, "the log is empty: no campaign was opened yet")
	}
	note, err := e.Registry.Checkpoint(ctx, sizes[len(sizes)-1])
	return note, e.fault(err)
}

// Records returns up to limit records from index start on, and at most 1 MiB of them; next is 0 at the end.
func (e *Engine) Records(ctx context.Context, start int64, limit int) (records [][]byte, next int64, err error) {
	page, err := e.Registry.LogRecords(ctx, start, limit)
	if err != nil {
		return nil, 0, e.fault(err)
	}
	total := 0
	for i, r := range page {
		if total += len(r); total > 1<<20 {
			return records, start + int64(i), nil
		}
		records = append(records, r)
	}
	if len(page) == limit {
		next = start + int64(limit)
	}
	return records, next, nil
}

// Consistency proves to an independent witness that the log's first size records begin with the first old ones, 1 ≤ old ≤ size. The error wraps ledger.ErrRange.
func (e *Engine) Consistency(ctx context.Context, old, size int64) ([]ledger.Hash, error) {
	e.logMu.Lock()
	defer e.logMu.Unlock()
	if err := e.readTree(ctx); err != nil {
		return nil, e.fault(err)
	}
	return e.tree.Consistency(old, size)
}

// AddCosignature stores the cosignatures of note, a checkpoint of this log, that custodians of any opened campaign or independent witnesses made. It returns the
// checkpoint of that size as it now stands. A cosignature of a time that cannot be is refused: the earlier of two stays for
// ever, so one made under a wrong clock would stand in the place of the right one. Reasons: COSIGNATURE_INVALID,
// TOO_EARLY (it would confirm a void, and the daemon's clock jumped).
func (e *Engine) AddCosignature(ctx context.Context, note []byte) ([]byte, error) {
	given, err := ledger.VerifyCheckpoint(e.installation.LogKey, note)
	if err != nil {
		return nil, refuse(CosignatureInvalid, "this is not a checkpoint of this log: cosign the one in the campaign's bundle")
	}
	if err := e.seen(ctx, given); err != nil {
		return nil, e.fault(err)
	}
	allowed, err := e.cosigners(ctx)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, line := range strings.Split(string(note[bytes.Index(note, []byte("\n\n"))+2:]), "\n") {
		if line != "" && !strings.HasPrefix(line, "— "+e.installation.Origin+" ") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, refuse(CosignatureInvalid, "there is no cosignature on this checkpoint: run `fairlot cosign` first")
	}
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	e.voidMu.Lock()
	defer e.voidMu.Unlock()
	for {
		stored, err := e.Registry.Checkpoint(ctx, given.Size)
		if errors.Is(err, store.ErrNotFound) {
			return nil, refuse(CosignatureInvalid, "the log has no checkpoint of size %d: cosign the one in the campaign's bundle", given.Size)
		}
		if err != nil {
			return nil, e.fault(err)
		}
		merged := stored
		for _, line := range lines {
			merged, err = ledger.AddCosignature(e.installation.LogKey, merged, line, allowed)
			if err != nil {
				return nil, refuse(CosignatureInvalid, "a cosignature was refused: %v", err)
			}
			if err := e.checkCosignedAt(ctx, line, given.Size); err != nil {
				return nil, err
			}
		}
		if err := e.mayCosign(ctx, merged); err != nil {
			return nil, e.fault(err)
		}
		err = e.Registry.SwapCheckpoint(ctx, given.Size, stored, merged)
		if errors.Is(err, store.ErrConflict) {
			continue // another custodian came first: merge with theirs
		}
		return merged, e.fault(err)
	}
}

// clockAhead is how far a custodian's clock may be ahead of the daemon's.
const clockAhead = 5 * time.Minute

// checkCosignedAt refuses the time of a cosignature, one that ledger.AddCosignature took, if it lies ahead of the daemon's clock, or if the
// checkpoint covers a close that could not be made yet: no close comes before its campaign's objections have ended.
func (e *Engine) checkCosignedAt(ctx context.Context, line string, size int64) error {
	fields := strings.Split(line, " ")
	raw, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil || len(fields) != 3 || len(raw) < 12 {
		return refuse(CosignatureInvalid, "a cosignature was refused: this is no signature line")
	}
	name, hash, seconds := fields[1], binary.BigEndian.Uint32(raw), binary.BigEndian.Uint64(raw[4:])
	const todo = "set the clock of that machine right and cosign again"
	if latest := e.Now().Add(clockAhead); seconds > uint64(latest.Unix()) {
		return refuse(CosignatureInvalid, "the cosignature of %s is of a time that has not come yet: %s", name, todo)
	}
	at := time.Unix(int64(seconds), 0).UTC()
	return e.eachCampaign(ctx, func(c store.Campaign) error {
		if c.State == store.Draft {
			return nil
		}
		r, err := decodeRules(c.Rules)
		if err != nil || !at.Before(r.ObjectionsEnd) || !slices.ContainsFunc(r.Custodians, func(k Custodian) bool {
			key, err := ledger.ParseVKey(k.Cosigner)
			return err == nil && key.Name == name && key.Hash == hash
		}) {
			return err
		}
		for n := range r.Draws {
			records, err := e.loggedAbout(ctx, draw.HashOf(c.OpenRecord), n+1)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(records, func(l logged) bool { _, is := l.record.(*draw.Close); return is && l.index < size }) {
				return refuse(CosignatureInvalid, "the cosignature of %s says %s, but this checkpoint holds the close of %s, whose objections ended at %s: %s",
					name, at.Format(time.RFC3339), c.Slug, r.ObjectionsEnd.UTC().Format(time.RFC3339), todo)
			}
		}
		return nil
	})
}

// cosigners are the cosigning keys of all opened campaigns, and of independent witnesses.
func (e *Engine) cosigners(ctx context.Context) ([]string, error) {
	var keys []string
	seen := map[string]bool{}
	if e.Witnesses != nil {
		keys = e.Witnesses.VKeys()
	}
	err := e.eachCampaign(ctx, func(c store.Campaign) error {
		if c.State == store.Draft {
			return nil
		}
		r, err := decodeRules(c.Rules)
		for _, k := range r.Custodians {
			if !seen[k.Cosigner] {
				seen[k.Cosigner] = true
				keys = append(keys, k.Cosigner)
			}
		}
		return err
	})
	return keys, e.fault(err)
}

// eachCampaign calls f for every campaign, drafts too, ascending by id.
func (e *Engine) eachCampaign(ctx context.Context, f func(store.Campaign) error) error {
	var after store.CampaignID
	for {
		page, err := e.Registry.Campaigns(ctx, after, 100)
		if err != nil {
			return err
		}
		for _, c := range page {
			after = c.ID
			if err := f(c); err != nil {
				return err
			}
		}
		if len(page) < 100 {
			return nil
		}
	}
}
