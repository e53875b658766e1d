package engine

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"fairlot/crypto/seal"
	"fairlot/store"
)

const (
	page      = 256       // rows read at a time
	lastEpoch = 1<<32 - 1 // there is no epoch after it
)

// advance begins the next epoch once this one has k entries, whatever they count: callers wait while the gate moves, and if that
// happened after k persons and not after k entries, they would learn which entry was a duplicate. So an epoch may hold fewer than k responses,
// and forming batches sees to that. Its key is durable before the gate names it. Moving that is set already
// means that a mover died: its move is made. The caller holds o's lock.
func (e *Engine) advance(ctx context.Context, o *opened, gate store.Gate) (store.Gate, error) {
	if gate.State != store.GateOpen {
		return gate, nil
	}
	if !gate.Moving {
		kept, dropped, err := e.Identity.EpochCounted(ctx, o.id, gate.Epoch)
		if err != nil || kept+dropped < int64(o.rules.Batch) {
			return gate, err
		}
	}
	if gate.Epoch == lastEpoch {
		return gate, nil
	}
	if _, err := e.Keys.Create(epochKeyName(o.id, gate.Epoch+1)); err != nil {
		return gate, err
	}
	e.step("epoch key")
	moved, err := e.moveGate(ctx, gate, store.GateOpen, gate.Epoch+1)
	if err != nil {
		e.dropLateKey(ctx, o, gate.Epoch+1)
	}
	return moved, err
}

// dropLateKey destroys an epoch's key that was made again after another engine had moved on, mixed the epoch and destroyed its key. Nothing was
// ever sealed under the new one. Where this cannot be done, closing does it.
func (e *Engine) dropLateKey(ctx context.Context, o *opened, epoch uint32) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseAct)
	defer cancel()
	if mixed, err := e.Answers.Mixed(ctx, o.id, epoch); err == nil && mixed {
		_ = e.Keys.Destroy(epochKeyName(o.id, epoch))
	}
}

// mix mixes what can be mixed: a batch that was formed and not finished, then full epochs whose successor is full too, so that what is left at
// close is never fewer than k; with rest, everything up to the gate's epoch as one batch. The caller holds o's lock.
func (e *Engine) mix(ctx context.Context, o *opened, gate store.Gate, rest bool) error {
	_, term, err := e.lease.holding()
	if err != nil {
		return err
	}
	if o.next == 0 || o.term != term { // in another term others may have mixed
		o.term = term
		batches, err := e.Identity.Batches(ctx, o.id)
		if err != nil {
			return err
		}
		o.next = 1
		for i, b := range batches {
			if !b.Cleared {
				if err := e.mixBatch(ctx, o, b, rest && b.Last == gate.Epoch); err != nil {
					o.next = 0
					return err
				}
			} else if i == len(batches)-1 { // a crash may have come before its keys were destroyed
				if err := e.destroyEpochs(o, b); err != nil {
					o.next = 0
					return err
				}
			}
			o.next = b.Last + 1
		}
	}
	for {
		last, err := e.nextBatch(ctx, o, gate, rest)
		if err != nil || last == 0 {
			return err
		}
		b := store.Batch{First: o.next, Last: last}
		o.next = 0 // read again what became of it, if anything fails from here on
		if err := e.Identity.PutBatch(ctx, o.id, b); err != nil {
			return err
		}
		e.step("batch formed")
		if err := e.mixBatch(ctx, o, b, rest); err != nil {
			return err
		}
		o.next = last + 1
	}
}

// nextBatch returns the last epoch of the batch that begins with o.next, 0 if none can be formed yet.
func (e *Engine) nextBatch(ctx context.Context, o *opened, gate store.Gate, rest bool) (uint32, error) {
	if rest {
		if o.next > gate.Epoch {
			return 0, nil
		}
		return gate.Epoch, nil
	}
	k := int64(o.rules.Batch)
	count := func(epoch uint32, n *int64) error {
		kept, _, err := e.Identity.EpochCounted(ctx, o.id, epoch)
		*n += kept
		return err
	}
	var inside, after int64
	last := o.next
	for ; last+1 < gate.Epoch; last++ {
		if err := count(last, &inside); err != nil {
			return 0, err
		}
		if inside >= k {
			break
		}
	}
	for next := last + 1; next < gate.Epoch && after < k; next++ {
		if err := count(next, &after); err != nil {
			return 0, err
		}
	}
	if inside < k || after < k {
		return 0, nil
	}
	return last, nil
}

// mixBatch moves the responses of a formed batch into the answers room and forgets where they came from. Each step may be repeated, by another
// engine at the same time too: the answers room takes a batch once, and what follows only removes.
func (e *Engine) mixBatch(ctx context.Context, o *opened, b store.Batch, final bool) (err error) {
	ctx, end := e.Meter.Work(ctx, "mix batch")
	defer func() { end(err) }()
	done, err := e.Answers.Mixed(ctx, o.id, b.First)
	if err == nil && !done {
		err = e.putMixed(ctx, o, b, final)
	}
	if err != nil {
		return err
	}
	if err := e.Identity.ClearBatch(ctx, o.id, b.First, b.Last); err != nil {
		return err
	}
	e.step("batch cleared")
	return e.destroyEpochs(o, b)
}

func (e *Engine) putMixed(ctx context.Context, o *opened, b store.Batch, final bool) error {
	responses, texts, err := e.openBatch(ctx, o, b)
	var lost *lostEpochError
	if err != nil && !errors.As(err, &lost) {
		return err
	}
	e.step("batch opened")
	// Another engine may have mixed this batch meanwhile and cleared it while it was read here. What is not mixed now was read whole.
	if mixed, err := e.Answers.Mixed(ctx, o.id, b.First); err != nil || mixed {
		return err
	}
	if lost != nil {
		if err := e.Identity.Same(ctx); err != nil { // an older copy holds responses that were mixed
			return err
		}
		told := e.keyLost(o, epochKeyName(o.id, lost.epoch), epochKeyUse(lost.epoch))
		told.Text = lost.Error()
		return told
	}
	if final && b.First == 1 && len(responses) < o.rules.Batch {
		// Fewer than k in all: they are counted here and now, and no row of them is kept.
		if err := e.tallyFew(ctx, o, responses); err != nil {
			return err
		}
		e.step("few tallied")
		responses, texts = nil, nil
	}
	if err := e.shuffle(responses, texts); err != nil {
		return err
	}
	if err := e.Answers.PutMixed(ctx, o.id, b.First, b.Last, responses, texts); err != nil {
		return err
	}
	e.step("mixed")
	return nil
}

// lostEpochError says that an epoch's key is gone, though responses were sealed under it.
type lostEpochError struct{ epoch uint32 }

func (e *lostEpochError) Error() string {
	return fmt.Sprintf("the key of epoch %d is missing or damaged, and responses wait under it: docs/OPERATIONS.md says what to do", e.epoch)
}

func (e *Engine) destroyEpochs(o *opened, b store.Batch) error {
	for epoch := b.First; ; epoch++ {
		if err := e.Keys.Destroy(epochKeyName(o.id, epoch)); err != nil {
			return err
		}
		e.step("epoch key destroyed")
		if epoch == b.Last {
			return nil
		}
	}
}

// openBatch opens every response of a batch but those of duplicates and of the erased. One that does not open stops it: nothing is lost silently.
func (e *Engine) openBatch(ctx context.Context, o *opened, b store.Batch) ([]store.Response, []store.Text, error) {
	keys := map[uint32]seal.Key{}
	defer clear(keys)
	var responses []store.Response
	var texts []store.Text
	if o.survey == nil {
		return nil, nil, nil
	}
	var after store.EntrantID
	for {
		rows, err := e.Identity.SealedResponses(ctx, o.id, b.First, b.Last, after, page)
		if err != nil {
			return nil, nil, err
		}
		for _, row := range rows {
			after = row.ID
			if row.Dropped {
				continue
			}
			key, ok := keys[row.Epoch]
			if !ok {
				k, err := e.Keys.Get(epochKeyName(o.id, row.Epoch))
				if gone(err) {
					return nil, nil, &lostEpochError{row.Epoch}
				}
				if err != nil {
					return nil, nil, fmt.Errorf("mix epoch %d: %w", row.Epoch, err)
				}
				key = k
				keys[row.Epoch] = key
			}
			r, t, err := o.openResponse(key, row)
			if err != nil {
				return nil, nil, fmt.Errorf("mix epoch %d: %w", row.Epoch, err)
			}
			responses, texts = append(responses, r), append(texts, t...)
		}
		if len(rows) < page {
			return responses, texts, nil
		}
	}
}

func (o *opened) openResponse(key seal.Key, row store.SealedResponse) (store.Response, []store.Text, error) {
	sealed, err := seal.OpenResponse(key, seal.Place{Open: o.open, Epoch: row.Epoch, ID: row.ID}, row.Response, o.survey.PaddedSize())
	if err != nil {
		return store.Response{}, nil, err
	}
	checked, violations := o.survey.Check(sealed.Body)
	if violations != nil {
		return store.Response{}, nil, fmt.Errorf("a sealed response does not fit the survey: %w", violations)
	}
	var texts []store.Text
	for _, t := range checked.Texts() {
		texts = append(texts, store.Text{Question: t.Question, Text: t.Text})
	}
	r := store.Response{Secret: sealed.Secret, Consents: sealed.Consent, Closed: checked.Closed()}
	clear(sealed.Body)
	return r, texts, nil
}

// shuffle puts responses and texts, each for itself, into an order that tells nothing (Fisher–Yates with crypto/rand), and gives every row a
// random id.
func (e *Engine) shuffle(responses []store.Response, texts []store.Text) error {
	if !e.hooks.unmixed {
		if err := permute(len(responses), func(i, j int) { responses[i], responses[j] = responses[j], responses[i] }); err != nil {
			return err
		}
		if err := permute(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] }); err != nil {
			return err
		}
	}
	for i := range responses {
		responses[i].ID = e.rowID()
	}
	for i := range texts {
		texts[i].ID = e.rowID()
	}
	return nil
}

func (e *Engine) rowID() (id [16]byte) {
	if e.hooks.unmixed {
		e.hooks.sequence++
		binary.BigEndian.PutUint64(id[:], e.hooks.sequence)
		return id
	}
	rand.Read(id[:])
	return id
}

func permute(n int, swap func(i, j int)) error {
	for i := n - 1; i > 0; i-- {
		j, err := rand.Int(rand.Reader, big.NewInt(int64(i+1)))
		if err != nil {
			return err
		}
		swap(i, int(j.Int64()))
	}
	return nil
}
