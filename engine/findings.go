package engine

import (
	"context"
	"sync"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/monitor"
	"fairlot/store"
)

// What the site says of the log is judged by the monitor's own defaults, at most once in findingsAge.
const (
	findingsAge     = 30 * time.Second
	findingsOverdue = 24 * time.Hour
	findingsDays    = 10
)

// Findings is what a monitor would say of the log.
type Findings struct {
	Records int64
	Time    time.Time
	All     []monitor.Finding
}

// judged keeps the last findings.
type judged struct {
	mu   sync.Mutex
	last Findings
	at   time.Time // by the clock that runs
}

// Findings judges the log as `fairlot log monitor` does from outside, but for what only a follower sees: earlier heads and other addresses. It is the word of
// this installation about itself.
func (e *Engine) Findings(ctx context.Context) (Findings, error) {
	e.judged.mu.Lock()
	defer e.judged.mu.Unlock()
	if !e.judged.at.IsZero() && time.Since(e.judged.at) < findingsAge {
		return e.judged.last, nil
	}
	f, err := e.judgeLog(ctx)
	if err != nil {
		return Findings{}, e.fault(err)
	}
	e.judged.last, e.judged.at = f, time.Now()
	return f, nil
}

func (e *Engine) judgeLog(ctx context.Context) (Findings, error) {
	size, notes, err := e.checkpointsFor(ctx)
	if err != nil {
		return Findings{}, err
	}
	look := monitor.Look{Log: e.installation.LogKey, Now: e.Now(), Evidence: map[draw.CampaignID]*monitor.Evidence{}, Overdue: findingsOverdue, DayTimes: findingsDays}
	tree := &ledger.Tree{}
	for tree.Size() < size {
		page, err := e.Registry.LogRecords(ctx, tree.Size(), int(min(recordPage, size-tree.Size())))
		if err != nil {
			return Findings{}, err
		}
		if len(page) == 0 {
			return Findings{}, ledger.ErrRange
		}
		for _, r := range page {
			if err := tree.Append(r); err != nil {
				return Findings{}, err
			}
		}
		look.Records = append(look.Records, page...)
	}
	for _, b := range look.Records {
		rec, err := draw.ParseRecord(b)
		o, ok := rec.(*draw.Open)
		if err != nil || !ok {
			continue
		}
		text, err := e.Registry.File(ctx, store.Hash(o.Policy))
		if err != nil {
			return Findings{}, err
		}
		policy, err := ledger.ParsePolicy(text)
		if err != nil {
			return Findings{}, err
		}
		ev := &monitor.Evidence{Policy: policy}
		for _, note := range notes {
			if w, err := policy.Verify(tree, note); err == nil {
				ev.Checkpoints = append(ev.Checkpoints, w)
			}
		}
		look.Evidence[o.Campaign] = ev
	}
	return Findings{Records: size, Time: look.Now, All: look.Findings()}, nil
}
