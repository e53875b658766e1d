package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/store"
)

// TodoKind is what waits. The numbers are those of the contract.
type TodoKind int

// What can wait. Opening, closing, drawing and erasing are done by the clock, and stand here to be seen, and to say why they are late.
const (
	TodoOpen        TodoKind = iota + 1
	TodoClose                // the close, after objections
	TodoCosign               // cosignatures of a close, before the deadline; after it those that were made in time, until the round
	TodoDraw                 // the draw, at its round
	TodoRelease              // contacts of winners that no release covers
	TodoNotice               // notices that are not sent
	TodoClaim                // claim periods that run, of seats that nobody has claimed
	TodoErase                // destroying what is sealed
	TodoToken                // a staff token that expires
	TodoApprove              // what was asked for and waits for a second person
	TodoVoid                 // cosignatures of a void, before the deadline
	TodoVoidMissed           // the draw, at its round, although a void is logged that was not cosigned in time
	TodoCase                 // a case that is not closed: the end of its legal period, or when it expires
	TodoCaseApprove          // a case that waits for the two others who must want it

	TodoKeys        TodoKind = 15 // holders of keys of a draft who have not shown them
	TodoCaseRelease TodoKind = 16 // envelopes of an approved case that nobody had opened yet
	TodoHold        TodoKind = 17 // entrants whom a case holds from the erasure of a campaign
	TodoUnclaimed   TodoKind = 20 // claim periods that are over, of seats that nobody has claimed
	TodoDraft       TodoKind = 21 // a draft whose custodians, threshold or notifiers cannot be a campaign's
	TodoWitness     TodoKind = 22 // independent witnesses' cosignatures of a close, which the daemon asks for again and again
	TodoAmend       TodoKind = 23 // cosignatures of an amend, before the deadline
	TodoAmendMissed TodoKind = 24 // the draw, at the round that was in force, although an amend is logged that was not cosigned in time
	TodoSample      TodoKind = 26 // an audit sample, of Count at most, that was not opened yet
	TodoWaits       TodoKind = 25 // a draw whose list cannot be closed before an earlier draw, Count, is settled
)

// names are for the log; who is whose turn it is.
var todoNames = map[TodoKind]struct{ name, who string }{
	TodoOpen: {"opening", "the daemon"}, TodoClose: {"close", "the daemon"}, TodoCosign: {"cosignatures", "custodians"}, TodoWitness: {"cosignatures of independent witnesses", "the operator"}, TodoDraw: {"draw", "the daemon"},
	TodoRelease: {"release", "notifier"}, TodoNotice: {"notices", "notifier"}, TodoClaim: {"claims", "officer"}, TodoUnclaimed: {"seats that nobody claimed in time", "officer"}, TodoErase: {"erasure", "the daemon"},
	TodoToken: {"staff token", "whoever makes tokens"}, TodoApprove: {"approval", ""},
	TodoVoid: {"cosignatures of a void", "custodians"}, TodoVoidMissed: {"result of a draw whose void does not count", "the daemon"},
	TodoAmend: {"cosignatures of a later round", "custodians"}, TodoAmendMissed: {"result of a draw that was not put off in time", "the daemon"},
	TodoCase: {"case", "officer or notifier"}, TodoCaseApprove: {"approval of a case", "officer or notifier"}, TodoCaseRelease: {"release of a case", "officer or notifier"},
	TodoSample: {"audit sample, which cannot be opened once envelopes are destroyed,", "notifier"},
	TodoWaits:  {"settling an earlier draw, for which the list of this one waits,", "the operator"},
	TodoHold:   {"hold of entrants, after which they are erased,", "officer or notifier"},
}

// Todo is one thing that waits for somebody.
type Todo struct {
	Kind     TodoKind
	Campaign store.CampaignID // zero: of no campaign
	Slug     string
	Draw     int       // 0: of no draw
	Since    time.Time // zero: it has not begun
	By       time.Time // the deadline, or when the clock starts it; zero: none
	Count    int64     // how many cosignatures, contacts, notices or claims; else 0
	Attempt  int       // how often the daemon tried
	Said     string    // the reason of its last failure
	Label    string    // of a token; of TodoKeys, who is missing; of TodoHold, closed if the case is; of TodoDraft, what to correct
	Approval *Approval // the one that waits, and Roles may approve it
	Roles    []string
	Case     [16]byte // zero: of no case
	CaseKind string
	// CaseReference is the law or order of the case, if one was given.
	CaseReference string
}

const tokenSoon = 14 * day // how long before a token expires it is told

// Todos returns what waits, for whom, since when and by when, by deadline; what has none comes first.
func (e *Engine) Todos(ctx context.Context) ([]Todo, error) {
	rows, err := e.Registry.Jobs(ctx)
	if err != nil {
		return nil, e.fault(err)
	}
	byID := map[store.JobID]store.Job{}
	for _, row := range rows {
		byID[row.ID] = row
	}
	var list []Todo
	err = e.eachCampaign(ctx, func(c store.Campaign) error {
		more, err := e.todosOf(ctx, c, byID)
		for _, t := range more {
			t.Campaign, t.Slug = c.ID, c.Slug
			list = append(list, t)
		}
		return err
	})
	if err != nil {
		return nil, e.fault(err)
	}
	approvals, err := e.unfinished(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range approvals {
		if a.State == store.ApprovalPending && !a.Expired {
			list = append(list, Todo{Kind: TodoApprove, Campaign: a.Campaign, Slug: actValue(a.Act, "slug"), Draw: a.Draw, Since: a.Requested, By: a.Expires,
				Approval: &a, Roles: kindOf(a.Kind).roles})
		}
		if a.Kind == ApproveOpen && a.State == store.ApprovalGiven && !a.NotBefore.IsZero() {
			list = append(list, Todo{Kind: TodoOpen, Campaign: a.Campaign, Slug: actValue(a.Act, "slug"), By: a.NotBefore})
		}
	}
	cases, err := e.todoCases(ctx)
	if err != nil {
		return nil, err
	}
	list = append(list, cases...)
	tokens, err := e.Registry.StaffTokens(ctx)
	if err != nil {
		return nil, e.fault(err)
	}
	now := e.Now()
	for _, t := range tokens {
		if left := t.Expires.Sub(now); !t.Revoked && left > 0 && left < tokenSoon {
			list = append(list, Todo{Kind: TodoToken, By: t.Expires, Label: t.Role + " " + t.Label})
		}
	}
	slices.SortStableFunc(list, func(a, b Todo) int { return a.By.Compare(b.By) })
	return list, nil
}

func (e *Engine) todosOf(ctx context.Context, c store.Campaign, rows map[store.JobID]store.Job) ([]Todo, error) {
	now := e.Now()
	var list []Todo
	add := func(kind TodoKind, d due) {
		row := rows[d.id()]
		t := Todo{Kind: kind, Draw: d.draw, By: d.at, Attempt: row.Attempt, Said: row.Said}
		if !now.Before(d.at) {
			t.Since = d.at
		}
		list = append(list, t)
	}
	if c.State == store.Draft {
		return e.todoKeys(c)
	}
	planned, err := e.planned(ctx, c, now)
	if err != nil {
		return nil, err
	}
	for _, d := range planned {
		switch v := d.voiding; {
		case d.kind == jobOnes: // done within a minute, and nobody's to do
		case d.waits != nil:
			t := Todo{Kind: TodoWaits, Draw: d.draw, By: d.at, Count: int64(d.waits.row.N)}
			if !now.Before(d.waits.due()) {
				t.Since = d.waits.due()
			}
			list = append(list, t)
		case v == nil && d.amend != nil && d.amend.missed:
			add(TodoAmendMissed, d)
			list[len(list)-1].Since = d.amend.deadline
		case v == nil:
			add(map[string]TodoKind{jobClose: TodoClose, jobDraw: TodoDraw, jobErase: TodoErase}[d.kind], d)
		case v.missed:
			add(TodoVoidMissed, d)
			if !v.refuted {
				list[len(list)-1].Since = v.deadline
			}
		case v.reason == draw.ReasonBeaconDead: // any other is drawn only if nobody confirms the void
			add(TodoDraw, d)
		}
	}
	if c.State > store.Closed {
		return list, nil
	}
	if gone, err := e.erasedButHeld(ctx, draw.HashOf(c.OpenRecord)); err != nil || gone {
		return list, err // what is left is for an order alone
	}
	drawings, err := e.drawings(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	for _, d := range drawings {
		var more []Todo
		if d.row.State == store.DrawDrawn {
			more, err = e.todoWinners(ctx, d)
		} else {
			more, err = e.todoBefore(ctx, d)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// todoKeys are those whom a draft names and who have not shown their keys. A draft whose keys cannot be a campaign's waits for its editor, once it names custodians.
func (e *Engine) todoKeys(c store.Campaign) ([]Todo, error) {
	r, err := decodeRules(c.Rules)
	if err != nil || len(r.Draws) == 0 {
		return nil, err
	}
	list, err := e.keyList(c, r)
	var own *Error
	if errors.As(err, &own) {
		if len(r.Custodians) == 0 { // hardly begun
			return nil, nil
		}
		var why []string
		for _, f := range own.Fields {
			why = append(why, strings.TrimPrefix(f.Path, "campaign.")+": "+f.Text)
		}
		return []Todo{{Kind: TodoDraft, Label: strings.Join(why, "; ")}}, nil
	}
	if err != nil {
		return nil, err
	}
	var who []string
	for _, f := range e.unshown(list, r) {
		var i int
		if n, _ := fmt.Sscanf(f.Path, "campaign.custodians[%d]", &i); n == 1 {
			who = append(who, fmt.Sprintf("custodian %d", i+1))
		} else if n, _ := fmt.Sscanf(f.Path, "campaign.notifiers[%d]", &i); n == 1 {
			who = append(who, fmt.Sprintf("notifier %d", i+1))
		}
	}
	if len(who) == 0 {
		return nil, nil
	}
	return []Todo{{Kind: TodoKeys, Count: int64(len(who)), Label: strings.Join(who, ", ")}}, nil
}

// todoBefore is what is still to be done before a draw is settled, but for the draw itself.
func (e *Engine) todoBefore(ctx context.Context, d *drawing) ([]Todo, error) {
	settled, v, err := e.settled(ctx, d)
	switch {
	case err != nil || settled:
		return nil, err
	case v != nil && !v.missed: // a cosignature of it is one of the close too
		t := Todo{Kind: TodoVoid, Draw: d.row.N, By: v.deadline, Count: max(int64(d.open.Threshold)-custodians(v.by), 1)}
		return []Todo{t}, nil
	case d.amend.waits(): // so is one of this
		return []Todo{{Kind: TodoAmend, Draw: d.row.N, By: d.amend.deadline, Count: max(int64(d.open.Threshold)-custodians(d.amend.by), 1)}}, nil
	case d.row.State == store.DrawPending:
		return nil, nil
	}
	return e.todoCosign(ctx, d)
}

// todoCosign is what custodians still have to do before a draw. Nothing that they cosign after the deadline counts; until the round what was cosigned before it can
// still be handed in.
func (e *Engine) todoCosign(ctx context.Context, d *drawing) ([]Todo, error) {
	if !e.Now().Before(d.due()) {
		return nil, nil
	}
	met, names, err := e.witnessed(ctx, d)
	if err != nil || met {
		return nil, err
	}
	t := Todo{Kind: TodoCosign, Draw: d.row.N, Since: d.open.ObjectionsEnd, By: d.rules.Deadline(d.rules.Round), Count: int64(d.open.Threshold) - custodians(names)}
	if t.Count <= 0 { // custodians have done what they can
		t.Kind, t.Count = TodoWitness, 0
	}
	return []Todo{t}, nil
}

// custodians counts those of a policy's names that are no independent witnesses.
func custodians(names []string) (n int64) {
	for _, name := range names {
		if !strings.HasPrefix(name, ledger.Outside) {
			n++
		}
	}
	return n
}

// todoWinners is what staff still have to do after a draw.
func (e *Engine) todoWinners(ctx context.Context, d *drawing) ([]Todo, error) {
	lines, seats, _, _, err := e.seats(ctx, d)
	if err != nil {
		return nil, err
	}
	releases, err := e.releasesFor(ctx, d, PurposeNotice)
	if err != nil {
		return nil, err
	}
	covered := covers(releases)
	drawn := d.chain.Time(d.rules.Round)
	release := Todo{Kind: TodoRelease, Draw: d.row.N, Since: drawn, By: drawn.Add(time.Duration(d.rules.ClaimDays) * day)}
	claimed, err := e.claimedSeats(ctx, d)
	if err != nil {
		return nil, err
	}
	holds := map[seatKey]bool{}
	for _, l := range seats.Winners(lines) {
		seat := seatKey{l.Stratum, int64(l.Rank)}
		holds[seat] = true
		if !covered[store.EntrantID(l.ID)] && !claimed[seat] {
			release.Count++
		}
	}
	notices, err := e.Identity.Notifications(ctx, d.campaign.ID, d.row.N)
	if err != nil {
		return nil, err
	}
	notice := Todo{Kind: TodoNotice, Draw: d.row.N, By: release.By}
	claim, over := Todo{Kind: TodoClaim, Draw: d.row.N}, Todo{Kind: TodoUnclaimed, Draw: d.row.N}
	for _, n := range notices {
		if !holds[seatKey{n.Stratum, n.Rank}] { // replaced
			continue
		}
		if n.State != notificationSent && n.State != notificationNoAddress {
			notice.Count++
			if notice.Since.IsZero() || n.Updated.Before(notice.Since) {
				notice.Since = n.Updated
			}
			continue
		}
		end := d.claimEnd(n)
		if end.IsZero() || claimed[seatKey{n.Stratum, n.Rank}] {
			continue
		}
		t := &claim
		if !e.Now().Before(end) {
			t = &over
		}
		t.Count++
		if t.By.IsZero() || end.Before(t.By) {
			t.Since, t.By = n.Updated, end
		}
	}
	if over.Count > 0 {
		over.Since = over.By
	}
	sample, err := e.todoSample(ctx, d)
	if err != nil {
		return nil, err
	}
	list := []Todo{release, notice, claim, over, sample}
	return slices.DeleteFunc(list, func(t Todo) bool { return t.Count == 0 }), nil
}

// remind writes into the log what waits for staff and is urgent, each thing once a day. It says how many, never who.
func (r *runner) remind(ctx context.Context) {
	list, err := r.e.Todos(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.e.Log.Warn("look for what waits for staff", "error", err)
		}
		return
	}
	now := r.e.Now()
	for _, t := range list {
		switch t.Kind {
		case TodoOpen, TodoClose, TodoDraw, TodoKeys, TodoDraft:
			continue // a job that fails says so by itself, and a draft is nobody's promise
		case TodoSample:
			if t.By.IsZero() {
				continue // nothing is destroyed: there is time
			}
		case TodoWaits:
			if t.Since.IsZero() || now.Sub(t.Since) < waitsLate {
				continue // the earlier draw is not late
			}
		}
		if t.By.Sub(now) > 2*day && t.Kind != TodoRelease {
			continue
		}
		names := todoNames[t.Kind]
		key := fmt.Sprintf("%d %x %d %s", t.Kind, t.Campaign[:], t.Draw, t.Label)
		if t.Case != ([16]byte{}) {
			names.name += fmt.Sprintf(" cases/%x", t.Case[:])
			key = names.name
		}
		if t.Approval != nil {
			names.who = strings.Join(t.Roles, " or ")
			names.name += fmt.Sprintf(" of %s: approvals/%x", t.Approval.Kind, t.Approval.ID[:])
			key = names.name
		}
		if at, ok := r.reminded[key]; ok && r.elapsed()-at < remindEvery {
			continue
		}
		r.reminded[key] = r.elapsed()
		role, _, _ := strings.Cut(t.Label, " ") // of a token; whose it is stands in fairlot todo, and in no log
		r.e.Log.Warn("waits for staff: fairlot todo", "what", strings.TrimSpace(names.name+" "+role), "who", names.who, "campaign", t.Slug, "draw", t.Draw, "count", t.Count, "by", t.By.UTC().Format(time.RFC3339))
	}
}
