package engine

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"fairlot/draw"
	"fairlot/store"
)

// announced are words of which a notice has one, in each language, that tells of the audit sample. `fairlot rules lint` has them too.
var announced = map[string]*regexp.Regexp{"zh-Hant-TW": regexp.MustCompile(`抽查|查核|稽核`), "en": regexp.MustCompile(`(?i)\baudit`)}

// noticeOfAudit is what a notice can say of the audit sample.
var noticeOfAudit = map[string]string{
	"zh-Hant-TW": "為查核有無虛構的登記，開獎後由亂數抽出若干名參加者，將其姓名及證號開啟給查核人與名冊核對。",
	"en":         "To audit the draw for false entries, names and ID numbers of some entrants, picked by its randomness, are opened after it to an auditor, who compares them with the register.",
}

// checkAudit finds what keeps rules with an audit sample from opening: nobody's identity is opened for it whom the notice does not tell, and by nobody whom the public
// rules do not name.
func (r *Rules) checkAudit() (fields []Field) {
	bad := func(path, reason, text string) {
		fields = append(fields, Field{"campaign." + path, reason, text})
	}
	switch {
	case r.Audit == 0 && r.Auditor > 0:
		bad("auditor", "unused", "without an audit sample there is nobody to open to an auditor: give audit too, or leave auditor out")
	case r.Audit == 0:
	case len(r.Draws) == 0:
		bad("audit", "unused", "without draws there is no sample of entrants: leave audit out")
	default:
		if r.Auditor < 1 || r.Auditor > len(r.Notifiers) {
			bad("auditor", "range", "say which of notifiers is the auditor's key, from 1: the public rules name who reads the audit sample")
		}
		if len(r.Notifiers) < 2 {
			bad("notifiers", "required", "name a second key for the auditor (`fairlot keys new notifier`, on the auditor's machine): it reads the audit sample alone, and the other one writes to winners")
		}
		for _, lang := range languages {
			if s, ok := r.Notice[lang]; ok && !announced[lang].MatchString(s) {
				bad("notice", "unannounced", "there is an audit sample, and the notice in "+lang+" does not say so: write for instance: "+noticeOfAudit[lang])
			}
		}
	}
	return fields
}

// sample is the audit sample of a drawn draw in its order, also those of whom nothing is kept any more: lines without a stratum, whose rank is the place in the sample.
func (e *Engine) sample(ctx context.Context, d *drawing, leaves draw.Leaves) ([]draw.Line, error) {
	if d.open.Audit == 0 {
		text := "the rules have no audit sample: nobody is opened for it"
		return nil, &Error{Reason: FieldInvalid, Text: text, Fields: []Field{{"purpose", "rules", text}}}
	}
	record, err := draw.ParseRecord(d.row.Result)
	if err != nil {
		return nil, err
	}
	result, ok := record.(*draw.Result)
	if !ok {
		return nil, fmt.Errorf("the result of draw %d is a record of kind %s", d.row.N, record.Kind())
	}
	ids, err := draw.Audit(leaves, result.Seed, d.open.Audit)
	if err != nil {
		return nil, e.fault(err)
	}
	lines := make([]draw.Line, len(ids))
	for i, id := range ids {
		lines[i] = draw.Line{Rank: i + 1, ID: id}
	}
	return lines, nil
}

// lostSample is whom a release for audit covered that counts so many: those who are not erased, and if these are fewer, of those who were since the first of the sample.
// Who of them it was does not matter: nothing is kept of any. logMu is held, and the tree is read.
func (e *Engine) lostSample(ctx context.Context, d *drawing, count int) ([]draw.Line, error) {
	leaves, err := e.leavesLocked(ctx, d)
	if err != nil {
		return nil, err
	}
	lines, err := e.sample(ctx, d, leaves)
	if err != nil {
		return nil, err
	}
	var kept, gone []draw.Line
	for _, l := range lines {
		row, err := e.Identity.Entrant(ctx, d.campaign.ID, store.EntrantID(l.ID))
		if err != nil {
			return nil, err
		}
		if erased(row) {
			gone = append(gone, l)
		} else {
			kept = append(kept, l)
		}
	}
	covered := append(kept, gone...)[:min(count, len(lines))]
	slices.SortFunc(covered, func(a, b draw.Line) int { return a.Rank - b.Rank })
	return covered, nil
}

// todoSample is the audit sample of a drawn draw that no release covers, until envelopes may be destroyed.
func (e *Engine) todoSample(ctx context.Context, d *drawing) (Todo, error) {
	if d.open.Audit == 0 {
		return Todo{}, nil
	}
	made, err := e.releasesFor(ctx, d, PurposeAudit)
	if err != nil || len(made) > 0 {
		return Todo{}, err
	}
	o, err := e.open(ctx, d.campaign.ID)
	if err != nil {
		return Todo{}, err
	}
	t := Todo{Kind: TodoSample, Draw: d.row.N, Since: d.due(), Count: int64(d.open.Audit)}
	if o.rules.Retention > 0 {
		t.By = d.due().Add(time.Duration(int64(d.rules.ClaimDays)+o.rules.Retention) * day)
	}
	return t, nil
}
