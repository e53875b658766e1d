package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fairlot/crypto/seal"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/store/postgres"
	"fairlot/survey"
	"fairlot/verify"
)

const (
	fillBatch  = 20_000 // most entries put into the rooms in one transaction
	mixedEpoch = 500    // responses of an epoch of the campaign that is mixed
	minMixed   = 4 * mixedEpoch
)

// workJob is one piece of a campaign's life, in a process of its own so that its memory can be read.
type workJob struct {
	Dir  string
	DSNs *postgres.DSNs
	Mix  bool // responses are mixed and counted; else entrants are closed, drawn and verified
	N    int
}

type workResult struct {
	Fill, Close, Draw, Verify, Mix float64 // seconds
	Peak                           float64 // MiB, of the process
}

type workCmd struct{}

// Run reads a job, does it, and prints what it took.
func (workCmd) Run(ctx context.Context) error {
	var job workJob
	if err := json.NewDecoder(os.Stdin).Decode(&job); err != nil {
		return err
	}
	p, err := newPlace(ctx, job.Dir, job.DSNs)
	if err != nil {
		return err
	}
	var res workResult
	if job.Mix {
		err = p.mix(ctx, job.N, &res)
	} else {
		err = p.life(ctx, job.Dir, job.N, &res)
	}
	if err = errors.Join(err, p.close()); err != nil {
		return err
	}
	res.Peak = memoryOf(os.Getpid(), "VmHWM")
	return json.NewEncoder(os.Stdout).Encode(res)
}

// timed runs f and notes its seconds.
func timed(into *float64, f func() error) error {
	began := time.Now()
	err := f()
	*into = time.Since(began).Seconds()
	return err
}

// fill puts n entries straight into the identity room, a batch a transaction.
func (p *place) fill(ctx context.Context, n int, next func(i int) (store.Entry, error)) error {
	for done := 0; done < n; {
		batch := make([]store.Entry, min(fillBatch, n-done))
		for i := range batch {
			var err error
			if batch[i], err = next(done + i); err != nil {
				return err
			}
		}
		results, err := p.rooms.Identity.Enter(ctx, func() time.Time { return p.now }, batch)
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.Outcome != store.Entered {
				return fmt.Errorf("an entry put into the rooms had outcome %d", r.Outcome)
			}
		}
		done += len(batch)
	}
	return nil
}

// life closes, draws and verifies a campaign of n entrants. Their envelopes are a few bytes: none of the three reads any.
func (p *place) life(ctx context.Context, dir string, n int, res *workResult) error {
	k, err := newKeys()
	if err != nil {
		return err
	}
	chain := p.local.Chain()
	c, err := openCampaign(ctx, p.Engine, drawRules(k, false, ending, drawing, &chain))
	if err != nil {
		return err
	}
	err = timed(&res.Fill, func() error {
		return p.fill(ctx, n, func(int) (store.Entry, error) {
			tag := store.Hash(random32())
			return store.Entry{
				Campaign: c.ID, ID: random16(), Epoch: 1, Stratum: 1, Chances: 1, Person: random32(), Day: "2026-01-05", Tag: &tag,
				Lock: [][]byte{{1}, {2}, {3}}, Identity: []byte{1}, Contact: []byte{1}, Consents: []string{"terms"}, RetryMAC: random32(),
			}, nil
		})
	})
	if err != nil {
		return err
	}
	p.now = ending.Add(time.Minute)
	if err := timed(&res.Close, func() error { _, err := p.CloseCampaign(ctx, c.ID); return err }); err != nil {
		return err
	}
	p.now = drawing.Add(time.Minute)
	if err := timed(&res.Draw, func() error { _, err := p.RunDraw(ctx, c.ID, 1); return err }); err != nil {
		return err
	}
	bundle, err := os.Create(filepath.Join(dir, "bundle.tar"))
	if err != nil {
		return err
	}
	defer bundle.Close()
	if err := p.WriteBundle(ctx, c.ID, bundle); err != nil {
		return err
	}
	info, err := bundle.Stat()
	if err != nil {
		return err
	}
	return timed(&res.Verify, func() error {
		files, err := verify.Tar(bundle, info.Size())
		if err == nil {
			_, err = verify.Bundle(files, verify.Options{})
		}
		return err
	})
}

// mix mixes n responses of a campaign that is open, as Run does it, and then closes it, which counts them.
func (p *place) mix(ctx context.Context, n int, res *workResult) error {
	c, err := openCampaign(ctx, p.Engine, surveyRules(ending))
	if err != nil {
		return err
	}
	if err := timed(&res.Fill, func() error { return p.fillEpochs(ctx, c, n/mixedEpoch) }); err != nil {
		return err
	}
	err = timed(&res.Mix, func() error {
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- p.Run(running) }()
		defer func() { stop(); <-ended }()
		for {
			batches, err := p.rooms.Identity.Batches(ctx, c.ID)
			if err != nil {
				return err
			}
			// What waits for its successor stays until the close.
			if l := len(batches); l > 0 && batches[l-1].Cleared && int(batches[l-1].Last) >= n/mixedEpoch-2 {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case err := <-ended:
				ended <- err
				return fmt.Errorf("mixing ended early: %w", err)
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	if err != nil {
		return err
	}
	p.now = ending.Add(time.Minute)
	return timed(&res.Close, func() error { _, err := p.CloseCampaign(ctx, c.ID); return err })
}

// fillEpochs puts full epochs of really sealed responses into the identity room, each under its own key.
func (p *place) fillEpochs(ctx context.Context, c engine.Campaign, epochs int) error {
	def, err := survey.Parse([]byte(surveyText))
	if err != nil {
		return err
	}
	for epoch := uint32(1); epoch <= uint32(epochs); epoch++ {
		key, err := p.folder.Create(fmt.Sprintf("epoch-%x-%d", c.ID[:], epoch))
		if err != nil {
			return err
		}
		if epoch > 1 {
			if err := p.rooms.Identity.AnnounceMove(ctx, c.ID, store.GateOpen, epoch-1); err != nil {
				return err
			}
			if err := p.rooms.Identity.MoveGate(ctx, c.ID, store.GateOpen, epoch-1, store.GateOpen, epoch); err != nil {
				return err
			}
		}
		err = p.fill(ctx, mixedEpoch, func(i int) (store.Entry, error) {
			response, violations := def.Check([]byte(answersOf(i)))
			if violations != nil {
				return store.Entry{}, violations
			}
			id := random16()
			sealed, err := seal.SealResponse(key, seal.Place{Open: c.OpenHash, Epoch: epoch, ID: id},
				seal.Response{Secret: random32(), Body: response.Canonical()}, def.PaddedSize())
			return store.Entry{Campaign: c.ID, ID: id, Epoch: epoch, Day: "2026-01-05", Response: sealed, RetryMAC: random32()}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	lifeSection = "a campaign's life"
	mixSection  = "mixing and statistics"
)

// life measures campaigns of each size.
func (w *workshop) life(ctx context.Context, engine string) error {
	peaks := map[int]float64{}
	for _, n := range w.Sizes {
		w.tell("%s: closing, drawing and verifying %d entrants", engine, n)
		var res workResult
		err := w.inRooms(ctx, engine, func(dir string, dsns *postgres.DSNs) error {
			return w.child(ctx, "work", workJob{Dir: dir, DSNs: dsns, N: n}, &res)
		})
		if err != nil {
			return err
		}
		each := func(seconds float64) float64 { return seconds / float64(n) * 1e6 }
		size := number(float64(n)) + " entrants: "
		w.table.put(engine, lifeSection, size+"close", "s", res.Close)
		w.table.put(engine, lifeSection, size+"draw", "s", res.Draw)
		w.table.put(engine, lifeSection, size+"verify", "s", res.Verify)
		w.table.put(engine, lifeSection, size+"all three, an entrant", "µs", each(res.Close+res.Draw+res.Verify))
		peaks[n] = res.Peak
	}
	small, large := w.Sizes[0], w.Sizes[len(w.Sizes)-1]
	if large > small {
		w.table.put(engine, memorySection, "close, draw and verify in one process, more for each million entrants", "MiB", (peaks[large]-peaks[small])/float64(large-small)*1e6)
	}
	var low, high float64
	for _, n := range w.Sizes {
		if n < flatFrom && n != large {
			continue // what a campaign costs at all, its records and signatures, is not an entrant's
		}
		x := w.table.last(engine, lifeSection, number(float64(n))+" entrants: all three, an entrant")
		if low == 0 || x < low {
			low = x
		}
		high = max(high, x)
	}
	w.table.goal(engine, lifeSection, "cost of an entrant, dearest size over cheapest, from 10,000 on", "×", "≤ 1.15", high/low)
	return nil
}

// flatFrom is the size from which the cost of an entrant is compared.
const flatFrom = 10_000

// mix measures mixing and statistics.
func (w *workshop) mix(ctx context.Context, engine string) error {
	var res workResult
	err := w.inRooms(ctx, engine, func(dir string, dsns *postgres.DSNs) error {
		return w.child(ctx, "work", workJob{Dir: dir, DSNs: dsns, Mix: true, N: w.Mixed}, &res)
	})
	if err != nil {
		return err
	}
	n := number(float64(w.Mixed))
	w.table.put(engine, mixSection, "mix "+n+" responses while open", "s", res.Mix)
	w.table.put(engine, mixSection, "responses mixed", "1/s", float64(w.Mixed)/res.Mix)
	w.table.put(engine, mixSection, "close: rewrite and count "+n+" responses", "s", res.Close)
	w.table.put(engine, memorySection, "mixing and counting "+n+" responses, peak of the process", "MiB", res.Peak)
	return nil
}
