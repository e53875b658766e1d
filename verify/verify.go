package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/draw"
)

// Round is a beacon signature that a caller has from elsewhere than the bundle.
type Round struct {
	Chain     draw.Hash
	Round     uint64
	Signature []byte
}

// Options tune a check. The zero value is the usual one.
type Options struct {
	// Rounds are signatures that can refute a void with reason beacon-dead. They are verified; a wrong one changes nothing.
	Rounds []Round
	// Now is the time by the clock of somebody who works with the bundle, as custodians do; zero: a plain check, of what stands for good. With it a void that does
	// not count and has no result beside it is no failure yet: Draw.Voiding or Draw.Missed says what it is. Else nobody could cosign it after a check.
	Now time.Time
	// Report is called after each step that held, in order; nil for nobody.
	Report func(Step)
}

// entry is one record of the campaign with its place in the log.
type entry struct {
	index int64
	hash  draw.Hash
	rec   draw.Record
}

// check carries what later steps need.
type check struct {
	files  *Files
	opts   Options
	tree   ledger.Tree
	open   entry
	rules  *draw.Open
	policy *ledger.Policy
	cps    []ledger.Witnessed
	log    []entry // the campaign's records after open, in order
	out    *Outcome
}

// Bundle runs the steps of SPEC section 9. If one fails the error is a *StepError (exit status 1); any other error is one
// of reading the files. It reads log and entry lists more than once and keeps neither.
func Bundle(files *Files, opts Options) (*Outcome, error) {
	c := &check{files: files, opts: opts, out: &Outcome{}}
	for i, step := range []func() error{c.bundle, c.records, c.named, c.witnessed, c.opening, c.history} {
		if err := step(); err != nil {
			return nil, err
		}
		c.held(i+1, 0)
	}
	if err := c.drawFiles(); err != nil {
		return nil, err
	}
	for i := range c.out.Draws {
		if err := c.draw(&c.out.Draws[i]); err != nil {
			return nil, err
		}
	}
	c.conclude()
	return c.out, nil
}

func (c *check) held(step, n int) {
	if c.opts.Report != nil {
		c.opts.Report(Step{step, Steps()[step-1], n})
	}
}

// bundle is step 1, but for the draws' files: which those must be is known after step 6 only.
func (c *check) bundle() error {
	if _, ok := c.files.Has(logFile); !ok {
		return failed(1, 0, "log.bin is missing")
	}
	checkpoints, files := 0, 0
	for _, name := range c.files.names {
		switch size := c.files.size[name]; {
		case strings.HasPrefix(name, "checkpoints/"):
			checkpoints++
			if size > ledger.MaxCheckpoint {
				return failed(1, 0, fmt.Sprintf("%s is %d bytes long, more than %d", name, size, ledger.MaxCheckpoint))
			}
		case strings.HasPrefix(name, "files/"):
			files++
			if size > draw.MaxRules {
				return failed(1, 0, fmt.Sprintf("%s is %d bytes long, more than %d", name, size, draw.MaxRules))
			}
		}
	}
	if checkpoints == 0 {
		return failed(1, 0, "there is no checkpoint")
	}
	if files < 1 || files > 3 {
		return failed(1, 0, fmt.Sprintf("there are %d files in files/, want 1 to 3", files))
	}
	return nil
}

// each reads the log record by record.
func (c *check) each(f func(index int64, b []byte) error) error {
	r, err := c.files.Open(logFile)
	if err != nil {
		return err
	}
	defer r.Close()
	rr := ledger.NewRecordReader(io.NewSectionReader(r, 0, c.files.size[logFile]))
	for i := int64(0); ; i++ {
		b, err := rr.Next()
		if errors.Is(err, io.EOF) && !errors.Is(err, ledger.ErrTruncated) {
			return nil
		}
		if errors.Is(err, ledger.ErrTruncated) || errors.Is(err, ledger.ErrRecordSize) {
			return failedBy(2, 0, fmt.Errorf("entry %d: %w", i, err))
		}
		if err != nil {
			return fmt.Errorf("read bundle: %w", err)
		}
		if err := f(i, b); err != nil {
			return err
		}
	}
}

// records is step 2.
func (c *check) records() error {
	return c.each(func(i int64, b []byte) error {
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return failedBy(2, 0, fmt.Errorf("entry %d: %w", i, err))
		}
		if rec.Kind() == "origin" && i > 0 {
			return failed(2, 0, fmt.Sprintf("entry %d: an origin record stands at the start of a log only", i))
		}
		return c.tree.Append(b)
	})
}

// named is step 3.
func (c *check) named() error {
	content := map[draw.Hash][]byte{}
	var campaign *draw.CampaignID
	for _, name := range c.files.names {
		base, ok := strings.CutPrefix(name, "files/")
		if !ok {
			continue
		}
		b, err := c.files.read(name, draw.MaxRules)
		if err != nil {
			return err
		}
		hash := draw.HashOf(b)
		if hash.String() != base {
			return differs(3, 0, name+" is another file", base, hash)
		}
		content[hash] = b
		if bytes.HasPrefix(b, []byte("fairlot/v1 rules\n")) {
			if campaign != nil {
				return failed(3, 0, "there are two rules files")
			}
			id, err := draw.ParseRules(b)
			if err != nil {
				return failedBy(3, 0, err)
			}
			campaign = &id
		}
	}
	if campaign == nil {
		return failed(3, 0, "there is no rules file")
	}
	if err := c.findOpen(*campaign); err != nil {
		return err
	}
	wanted := map[draw.Hash]bool{c.rules.Rules: true, c.rules.Notice: true, c.rules.Policy: true}
	for hash := range wanted {
		if _, ok := content[hash]; !ok {
			return failed(3, 0, fmt.Sprintf("file %s, which open names, is missing", hash))
		}
	}
	if len(content) != len(wanted) {
		return failed(3, 0, "there is a file that open does not name")
	}
	if id, err := draw.ParseRules(content[c.rules.Rules]); err != nil || id != *campaign {
		return failed(3, 0, "the file that open names as rules is not the rules file")
	}
	policy, err := ledger.ParsePolicy(content[c.rules.Policy])
	if err != nil {
		return failedBy(3, 0, err)
	}
	c.policy = policy
	return nil
}

func (c *check) findOpen(campaign draw.CampaignID) error {
	err := c.each(func(i int64, b []byte) error {
		if !bytes.HasPrefix(b, []byte("fairlot/v1 open\n")) {
			return nil
		}
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return failedBy(2, 0, err)
		}
		if o, ok := rec.(*draw.Open); ok && o.Campaign == campaign {
			if c.rules != nil {
				return failed(3, 0, fmt.Sprintf("entries %d and %d both open the campaign", c.open.index, i))
			}
			c.open, c.rules = entry{i, draw.HashOf(b), rec}, o
		}
		return nil
	})
	if err == nil && c.rules == nil {
		return failed(3, 0, fmt.Sprintf("no entry of the log opens campaign %s", campaign))
	}
	return err
}

// witnessed is step 4.
func (c *check) witnessed() error {
	key, err := ledger.ParseVKey(c.rules.Log)
	if err != nil {
		return failedBy(4, 0, err)
	}
	whole := false
	for _, name := range c.files.names {
		base, ok := strings.CutPrefix(name, "checkpoints/")
		if !ok {
			continue
		}
		b, err := c.files.read(name, ledger.MaxCheckpoint)
		if err != nil {
			return err
		}
		w, err := c.policy.VerifyUnder(key, &c.tree, b)
		if err != nil {
			return failedBy(4, 0, fmt.Errorf("%s: %w", name, err))
		}
		if fmt.Sprint(w.Size) != base {
			return differs(4, 0, name+" has another size", base, w.Size)
		}
		whole = whole || w.Size == c.tree.Size()
		c.cps = append(c.cps, w)
	}
	if !whole {
		return failed(4, 0, fmt.Sprintf("no checkpoint covers the whole log of %d entries", c.tree.Size()))
	}
	return nil
}

// opening is step 5.
func (c *check) opening() error {
	if got := c.policy.Log.String(); got != c.rules.Log {
		return differs(5, 0, "the policy is for another log", c.rules.Log, got)
	}
	if err := c.rules.CheckTimes(); err != nil {
		return failedBy(5, 0, err)
	}
	pinned := beacon.Quicknet()
	for i := range c.rules.Draws {
		chain := chainOf(c.rules.Draws[i].Beacon)
		if chain.Hash == pinned.Hash && chain != pinned {
			return failed(5, i+1, "the beacon is named quicknet, but its constants are others")
		}
	}
	return nil
}

func chainOf(b draw.Beacon) beacon.Chain {
	return beacon.Chain{Hash: b.Chain, Scheme: b.Scheme, Period: uint32(b.Period), Genesis: b.Genesis, Key: b.Key}
}

// conclude finds the weakest outcome of SPEC section 9.
func (c *check) conclude() {
	o := c.out
	o.Open, o.OpenHash, o.Records = c.rules, c.open.hash, c.tree.Size()
	drawn, witness, chain := len(o.Draws) > 0, true, true
	for i := range o.Draws {
		d := &o.Draws[i]
		switch d.State {
		case StateVoid:
		case StateDrawn:
			witness = witness && d.InTime
			chain = chain && d.Quicknet
		default:
			drawn = false
		}
	}
	o.Status = StatusUnconfirmed
	switch {
	case !drawn:
		o.Reason = ReasonDrawn
	case !witness:
		o.Reason = ReasonWitness
	case !chain:
		o.Reason = ReasonBeacon
	default:
		o.Status, o.Reason = StatusProven, ReasonProven
	}
}
