package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"fairlot/draw"
	"fairlot/verify"
)

const poolSection = "verifying and drawing, from files alone"

// pools measures what auditors do, for each size: no room takes part, so the engines' columns are two measurings of the same.
func (w *workshop) pools(ctx context.Context, engine string) error {
	var cheapest, dearest float64 // of an entrant
	var smallest poolResult
	for at, n := range w.Pools {
		w.tell("verifying and drawing %d entrants", n)
		if w.made == nil {
			w.made = map[int]pool{}
		}
		p, ok := w.made[n]
		if !ok {
			var err error
			if p, err = makePool(w.dir, n); err != nil {
				return err
			}
			w.made[n] = p
		}
		var res poolResult
		if err := w.child(ctx, "pool", poolJob{p.bundle, n}, &res); err != nil {
			return err
		}
		size := number(float64(n)) + " entrants: "
		w.table.put(engine, poolSection, size+"verify", "s", res.Verify)
		w.table.put(engine, poolSection, size+"four SHA-256 blocks an entrant, all cores", "s", res.Limit)
		w.table.goal(engine, poolSection, size+"verify, times those blocks", "×", "≤ 1.3", res.Verify/res.Limit)
		w.table.put(engine, poolSection, size+"rank the first 1,000", "s", res.Rank)
		if shuffled, err := shuffle(ctx, p.lines); err == nil {
			w.table.put(engine, poolSection, size+"shuf -n 1000 of as many lines", "s", shuffled)
			w.table.goal(engine, poolSection, size+"rank, times shuf", "×", "≤ 1.5", res.Rank/shuffled)
		} else if !errors.Is(err, exec.ErrNotFound) {
			return err
		}
		w.table.goal(engine, memorySection, size+"verify, peak of the process", "MiB", "< 64", res.Peak)
		if at == 0 {
			smallest = res
		}
		if n >= flatFrom {
			each := (res.Verify + res.Rank) / float64(n)
			if cheapest == 0 || each < cheapest {
				cheapest = each
			}
			dearest = max(dearest, each)
		}
		if n >= flatFrom && at > 0 {
			// A bundle costs signatures and a pairing, however few are in it.
			more := (res.Verify + res.Rank - smallest.Verify - smallest.Rank) / float64(n-w.Pools[0])
			w.table.put(engine, poolSection, size+"verify and rank, an entrant beyond a bundle of "+number(float64(w.Pools[0])), "ns", more*1e9)
		}
	}
	if cheapest > 0 {
		w.table.goal(engine, poolSection, "cost of an entrant, dearest size over cheapest, from 10,000 on", "×", "≤ 1.15", dearest/cheapest)
	}
	return nil
}

// shuffle is how long shuf takes to pick 1,000 lines, with the file read once before.
func shuffle(ctx context.Context, lines string) (seconds float64, err error) {
	program, err := exec.LookPath("shuf")
	if err != nil {
		return 0, err
	}
	for range 2 {
		if e := timed(&seconds, func() error { return exec.CommandContext(ctx, program, "-n", "1000", "-o", os.DevNull, lines).Run() }); e != nil {
			return 0, fmt.Errorf("shuf: %w", e)
		}
	}
	return seconds, nil
}

type poolJob struct {
	Bundle string
	N      int
}

type poolResult struct {
	Verify, Rank, Limit float64 // seconds
	Peak                float64 // MiB
}

type poolCmd struct{}

// Run verifies and ranks in a process of its own, and then does nothing but hash.
func (poolCmd) Run() error {
	var job poolJob
	if err := json.NewDecoder(os.Stdin).Decode(&job); err != nil {
		return err
	}
	f, err := os.Open(job.Bundle)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var res poolResult
	var out *verify.Outcome
	var files *verify.Files
	err = repeated(&res.Verify, func() error {
		if files, err = verify.Tar(f, info.Size()); err == nil {
			out, err = verify.Bundle(files, verify.Options{})
		}
		return err
	})
	if err != nil {
		return err
	}
	entrants, err := files.Open("draw/1/entrants.bin")
	if err != nil {
		return err
	}
	defer entrants.Close()
	list, err := draw.NewList(entrants, int64(job.N)*draw.LeafSize)
	if err != nil {
		return err
	}
	d := out.Draws[0]
	if err := repeated(&res.Rank, func() error { _, err := draw.Rank(d.Plan, list, d.Seed); return err }); err != nil {
		return err
	}
	res.Peak = memoryOf(os.Getpid(), "VmHWM")
	_ = repeated(&res.Limit, func() error { hashBlocks(job.N); return nil })
	return json.NewEncoder(os.Stdout).Encode(res)
}

// repeated does f once to warm up, then again for a fifth of a second at least, and takes the mean of these.
func repeated(into *float64, f func() error) error {
	if err := f(); err != nil {
		return err
	}
	began, n := time.Now(), 0
	for n == 0 || time.Since(began) < time.Second/5 {
		if err := f(); err != nil {
			return err
		}
		n++
	}
	*into = time.Since(began).Seconds() / float64(n)
	return nil
}

// hashBlocks does the hashing of n entrants with nothing around it, on all cores: a leaf, a node of the tree and a score are four blocks.
func hashBlocks(n int) {
	var working sync.WaitGroup
	cores := runtime.GOMAXPROCS(0)
	for core := range cores {
		working.Go(func() {
			var b [65]byte
			for i := core; i < n; i += cores {
				b[0], b[1], b[2], b[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
				leaf, score := sha256.Sum256(b[:53]), sha256.Sum256(b[:52])
				copy(b[33:], leaf[:])
				node := sha256.Sum256(b[:])
				b[4] ^= node[0] ^ score[0]
			}
		})
	}
	working.Wait()
}
