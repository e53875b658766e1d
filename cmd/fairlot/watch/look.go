package watch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/monitor"
	"fairlot/verify"
)

// Watcher follows logs. It is for one goroutine.
type Watcher struct {
	State    *State
	Keys     []string // verifier keys that logs may have; empty: whichever key a log has at the first look
	Overdue  time.Duration
	DayTimes int
	Verify   bool // also download whole bundles and verify them
	Now      func() time.Time

	cache map[string]*shown
}

// shown is what was fetched of a log and need not be fetched again while its head stands on it.
type shown struct {
	records  [][]byte
	tree     ledger.Tree
	evidence map[draw.CampaignID]*monitor.Evidence
	verified map[draw.CampaignID]int64 // size of the log at which a bundle was verified
}

// Report is what one look at a log came to. Err says that it could not be looked at, or not wholly; findings stand beside it.
type Report struct {
	URL      string
	Origin   string // empty: not known yet
	Size     int64
	Findings []monitor.Finding
	Err      error
}

// errGrew says that a bundle is of a later head than the records.
var errGrew = errors.New("the log grew while it was looked at")

// Look looks at every address once, and compares what they showed.
func (w *Watcher) Look(ctx context.Context, urls []string) []Report {
	if w.cache == nil {
		w.cache = map[string]*shown{}
	}
	var all []Report
	for _, url := range urls {
		var r Report
		for range 3 {
			if r = w.one(ctx, url); !errors.Is(r.Err, errGrew) {
				break
			}
		}
		all = append(all, r)
	}
	for i := range all {
		for k := range i {
			w.compare(&all[i], &all[k])
		}
	}
	return all
}

// one looks at one address. Two signed heads that contradict each other are found again at every look, whatever is shown since.
func (w *Watcher) one(ctx context.Context, url string) Report {
	seen, d := w.State.Of(url), door{url, http.DefaultClient}
	r := Report{URL: url}
	if key, err := ledger.ParseVKey(seen.Key); err == nil {
		r.Origin = key.Name
	}
	r.Err = w.follow(ctx, d, seen, &r)
	r.Findings = append(slices.Clone(seen.Proofs), r.Findings...)
	return r
}

// follow fetches the head and what it signs, and adds to r what was found but for what seen keeps.
func (w *Watcher) follow(ctx context.Context, d door, seen *Seen, r *Report) error {
	before, had, err := seen.head()
	if err != nil {
		return err
	}
	now := w.Now()
	note, err := d.head(ctx)
	if errors.Is(err, errEmpty) {
		if had {
			r.Findings = append(r.Findings, monitor.Finding{Kind: monitor.Shrunk, Entry: -1, Evidence: []string{before.Note},
				En: fmt.Sprintf("the log is shown empty, but had %d records before", before.Size), Zh: fmt.Sprintf("紀錄簿顯示為空，先前卻有 %d 筆", before.Size)})
		} else {
			seen.saw(0, now)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if seen.Key == "" {
		if seen.Key, err = w.firstKey(ctx, d); err != nil {
			return err
		}
	}
	cp, err := ledger.VerifyCheckpoint(seen.Key, note)
	if err != nil {
		r.Findings = append(r.Findings, monitor.Finding{Kind: monitor.Key, Entry: -1, Evidence: []string{string(note)},
			En: "the head is not signed by the log's key " + seen.Key + ": another log is shown, or its key was changed", Zh: "簽章不是紀錄簿金鑰 " + seen.Key + " 所簽：顯示的是另一份紀錄簿，或金鑰被換掉"})
		return nil
	}
	r.Origin, r.Size = cp.Origin, cp.Size
	s, hidden, err := w.show(ctx, d, cp)
	if err != nil {
		return err
	}
	head := monitor.Head{Size: cp.Size, Root: cp.Root, Note: string(note)}
	var heads *monitor.Finding
	if had && (hidden == nil || before.Size == cp.Size) { // two heads of one size need no record
		heads = monitor.Heads(before, head, &s.tree)
	}
	switch {
	case heads != nil && heads.Kind == monitor.Fork:
		seen.prove(*heads)
	case heads != nil:
		r.Findings = append(r.Findings, *heads)
	case hidden == nil:
		seen.Note = string(note)
		seen.saw(cp.Size, now)
	}
	if hidden != nil {
		hidden.Evidence = []string{string(note)}
		r.Findings = append(r.Findings, *hidden)
		return nil
	}
	look := monitor.Look{Log: seen.Key, Records: s.records, Now: now, Sights: seen.Sights, Evidence: s.evidence, Overdue: w.Overdue, DayTimes: w.DayTimes}
	found := look.Findings()
	more, err := w.evidence(ctx, d, s, seen.Key, found)
	if err != nil { // without cosignatures nothing can be said of what hangs on them
		r.Findings = append(r.Findings, slices.DeleteFunc(found, timed)...)
		return err
	}
	r.Findings = append(append(r.Findings, more...), look.Findings()...)
	if w.Verify {
		more, err = w.bundles(ctx, d, s)
		r.Findings = append(r.Findings, more...)
	}
	return err
}

// firstKey is the key that the first campaign of a log names, which must be one of those given, if any.
func (w *Watcher) firstKey(ctx context.Context, d door) (string, error) {
	if len(w.Keys) == 1 {
		return w.Keys[0], nil
	}
	records, err := d.records(ctx, 0, 100)
	if err != nil {
		return "", err
	}
	for _, b := range records {
		rec, err := draw.ParseRecord(b)
		if err != nil {
			continue
		}
		if o, ok := rec.(*draw.Open); ok {
			if len(w.Keys) > 0 && !slices.Contains(w.Keys, o.Log) {
				return "", fmt.Errorf("%s: its log has the key %s, which is none of those given with --key", d.url, o.Log)
			}
			return o.Log, nil
		}
	}
	return "", fmt.Errorf("%s: its first records name no key: give it with --key", d.url)
}

// show brings in the records under a head. Those fetched before are kept if the head stands on them.
func (w *Watcher) show(ctx context.Context, d door, cp ledger.Checkpoint) (*shown, *monitor.Finding, error) {
	s := w.cache[d.url]
	for _, again := range []bool{true, false} {
		if !again || s == nil || s.tree.Size() > cp.Size {
			s = &shown{evidence: map[draw.CampaignID]*monitor.Evidence{}, verified: map[draw.CampaignID]int64{}}
			again = false
		}
		more, err := d.records(ctx, s.tree.Size(), cp.Size)
		if err != nil {
			return nil, nil, err
		}
		for _, b := range more {
			if err := s.tree.Append(b); err != nil {
				return s, &monitor.Finding{Kind: monitor.Hidden, Entry: s.tree.Size(), En: fmt.Sprintf("entry %d is shown with a length that no record has", s.tree.Size()),
					Zh: fmt.Sprintf("第 %d 筆的長度不是任何紀錄該有的", s.tree.Size())}, nil
			}
			s.records = append(s.records, b)
		}
		if root, err := s.tree.Root(cp.Size); err == nil && root == cp.Root {
			w.cache[d.url] = s
			return s, nil, nil
		}
		delete(w.cache, d.url)
		if !again {
			break
		}
	}
	return s, &monitor.Finding{Kind: monitor.Hidden, Entry: -1, En: fmt.Sprintf("the records shown (%d) are not those of the signed head of size %d", s.tree.Size(), cp.Size),
		Zh: fmt.Sprintf("顯示的紀錄（%d 筆）不是大小 %d 的簽章所涵蓋的那些", s.tree.Size(), cp.Size)}, nil
}

// timed tells whether a finding hangs on cosignatures, which are in a campaign's bundle.
func timed(f monitor.Finding) bool {
	switch f.Kind {
	case monitor.LateClose, monitor.LateAmend, monitor.LateVoid, monitor.DrawGap, monitor.Overdue, monitor.Order:
		return f.Campaign != ""
	}
	return false
}

// evidence fetches the papers of campaigns of which something was found that their cosignatures may explain. A campaign whose close was
// cosigned in time is asked for once.
func (w *Watcher) evidence(ctx context.Context, d door, s *shown, key string, found []monitor.Finding) ([]monitor.Finding, error) {
	var wanted []string
	for _, f := range found {
		if timed(f) && !slices.Contains(wanted, f.Campaign) {
			wanted = append(wanted, f.Campaign)
		}
	}
	var more []monitor.Finding
	for _, b := range s.records {
		rec, err := draw.ParseRecord(b)
		if err != nil {
			continue
		}
		o, ok := rec.(*draw.Open)
		if !ok || !slices.Contains(wanted, o.Campaign.String()) {
			continue
		}
		wanted = slices.DeleteFunc(wanted, func(id string) bool { return id == o.Campaign.String() })
		p, err := d.papers(ctx, o.Campaign, s.records)
		if err != nil {
			return nil, err
		}
		ev, f, err := weigh(o, p, s, key)
		if err != nil {
			return nil, fmt.Errorf("%s: campaign %s: %w", d.url, o.Campaign, err)
		}
		s.evidence[o.Campaign] = ev
		more = append(more, f...)
	}
	return more, nil
}

// weigh takes from a bundle's front what is of this very log.
func weigh(o *draw.Open, p *papers, s *shown, key string) (*monitor.Evidence, []monitor.Finding, error) {
	if p.differs >= 0 {
		return nil, []monitor.Finding{{Kind: monitor.Fork, Campaign: o.Campaign.String(), Entry: p.differs,
			En: fmt.Sprintf("the campaign's bundle shows another entry %d than the log does", p.differs), Zh: fmt.Sprintf("活動的驗證檔中第 %d 筆，和紀錄簿顯示的不同", p.differs)}}, nil
	}
	if p.longer {
		return nil, nil, errGrew
	}
	b, ok := p.files[o.Policy]
	if !ok {
		return nil, nil, errors.New("its bundle lacks the witness policy that the rules name")
	}
	policy, err := ledger.ParsePolicy(b)
	if err != nil {
		return nil, nil, err
	}
	vkey, err := ledger.ParseVKey(key)
	if err != nil {
		return nil, nil, err
	}
	ev, more := &monitor.Evidence{Policy: policy}, []monitor.Finding(nil)
	for _, note := range p.checkpoints {
		c, err := policy.VerifyUnder(vkey, &s.tree, note)
		switch {
		case errors.Is(err, ledger.ErrFork):
			more = append(more, monitor.Finding{Kind: monitor.Fork, Campaign: o.Campaign.String(), Entry: -1, Evidence: []string{string(note)},
				En: fmt.Sprintf("the campaign's bundle holds a signed head that is not of this log: %v", err), Zh: "活動的驗證檔載有已簽章、但不屬於這份紀錄簿的摘要"})
		case err == nil:
			ev.Checkpoints = append(ev.Checkpoints, c)
		}
	}
	return ev, more, nil
}

// bundles downloads whole bundles of campaigns of which the log says something new, and verifies them.
func (w *Watcher) bundles(ctx context.Context, d door, s *shown) (all []monitor.Finding, err error) {
	size := s.tree.Size()
	for _, b := range s.records {
		rec, perr := draw.ParseRecord(b)
		o, ok := rec.(*draw.Open)
		if perr != nil || !ok || s.verified[o.Campaign] == size {
			continue
		}
		files, err := bundle.Open(ctx, d.url+"/bundles/"+o.Campaign.String()+".tar", nil)
		var step *verify.StepError
		if err == nil {
			_, err = verify.Bundle(files.Files, verify.Options{Now: w.Now()})
			files.Close()
		}
		switch {
		case errors.As(err, &step):
			all = append(all, monitor.Finding{Kind: monitor.Verify, Campaign: o.Campaign.String(), Draw: step.Draw, Entry: -1,
				En: fmt.Sprintf("the campaign's bundle does not verify: %v", step), Zh: fmt.Sprintf("活動的驗證檔驗證不過：%v", step)})
		case err != nil:
			return all, err
		default:
			s.verified[o.Campaign] = size
		}
	}
	return all, nil
}

// compare finds two addresses that show two logs under one key.
func (w *Watcher) compare(a, b *Report) {
	x, y := w.State.Of(a.URL), w.State.Of(b.URL)
	if a.Err != nil || b.Err != nil || x.Key == "" || x.Key != y.Key || x.Note == "" || y.Note == "" {
		return
	}
	big, small := x, y
	if b.Size > a.Size {
		big, small = y, x
	}
	before, _, err1 := small.head()
	now, _, err2 := big.head()
	s := w.cache[big.URL]
	if err1 != nil || err2 != nil || s == nil || s.tree.Size() < before.Size {
		return
	}
	f := monitor.Heads(before, now, &s.tree)
	if f == nil || f.Kind != monitor.Fork {
		return
	}
	f.En, f.Zh = fmt.Sprintf("%s and %s show two logs under one key: %s", small.URL, big.URL, f.En), fmt.Sprintf("%s 與 %s 在同一金鑰下給人看兩份紀錄簿：%s", small.URL, big.URL, f.Zh)
	for _, r := range []*Report{a, b} {
		if w.State.Of(r.URL).prove(*f) {
			r.Findings = append(r.Findings, *f)
		}
	}
}

// Address is the form in which an address is kept: without a slash at its end.
func Address(url string) string { return strings.TrimRight(url, "/") }
