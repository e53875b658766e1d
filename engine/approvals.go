package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlot/crypto/trail"
	"fairlot/label"
	"fairlot/store"
)

// approvalLife is how long an approval waits for the second person.
const approvalLife = 72 * time.Hour

// carryOn is after which time the daemon does an act that was approved and that the approver's own call has not done.
const carryOn = 30 * time.Second

// Kinds of approvals. They stand in the approval's text.
const (
	ApproveOpen       = "open"
	ApproveCloseEarly = "close-early"
	ApproveVoid       = "void"
	ApproveRelease    = "release"
	ApproveAmend      = "amend"
)

// Approval is one act that two persons must want.
type Approval struct {
	store.Approval
	Expired bool // it waited too long
}

// Digest is the SHA-256 of exactly what will be done.
func (a Approval) Digest() [32]byte { return sha256.Sum256(a.Act) }

// approvalKind says who may approve, what would be done now, and how it is done. do must be harmless again, and do nothing but what a.Act says.
type approvalKind struct {
	roles []string
	now   func(e *Engine, ctx context.Context, a store.Approval) ([]byte, error)
	do    func(e *Engine, ctx context.Context, a store.Approval) error
}

func kindOf(kind string) approvalKind {
	switch kind {
	case ApproveOpen:
		return approvalKind{[]string{RoleOfficer}, (*Engine).openingNow, (*Engine).doOpening}
	case ApproveCloseEarly:
		return approvalKind{[]string{RoleOfficer}, (*Engine).earlyNow, (*Engine).doCloseEarly}
	case ApproveVoid:
		return approvalKind{[]string{RoleOfficer}, (*Engine).voidNow, (*Engine).doVoid}
	case ApproveAmend:
		return approvalKind{[]string{RoleOfficer}, (*Engine).amendNow, (*Engine).doAmend}
	case ApproveRelease:
		return approvalKind{[]string{RoleOfficer, RoleNotifier}, (*Engine).releaseNow, (*Engine).doRelease}
	}
	return approvalKind{}
}

// actText begins the text of an act: what an approval is about, one `key value` a line.
func actText(kind string, c store.Campaign, lines ...string) []byte {
	head := fmt.Sprintf("fairlot/v1 approval\nkind %s\ncampaign %x\nslug %s\n", kind, c.ID[:], c.Slug)
	return []byte(head + strings.Join(lines, "\n") + "\n")
}

// actValue is the value of a key in such a text, empty if it is absent.
func actValue(act []byte, key string) string {
	for line := range strings.Lines(string(act)) {
		if v, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), key+" "); ok {
			return v
		}
	}
	return ""
}

// lastMoment is until when what an act says can be logged, if there is such a time.
func lastMoment(act []byte) (time.Time, bool) {
	last, err := time.Parse(time.RFC3339, actValue(act, "log-by"))
	return last, err == nil
}

// request stores what by asks for, or returns the approval of the very same act that waits already, or is under way.
func (e *Engine) request(ctx context.Context, by Actor, a store.Approval) (Approval, error) {
	e.askMu.Lock()
	defer e.askMu.Unlock()
	all, err := e.unfinished(ctx)
	if err != nil {
		return Approval{}, err
	}
	return e.requestAmong(ctx, by, a, all)
}

// requestAmong is request for who holds askMu and has read what is unfinished. If a.Act was made after that, what was done of the same is among it or has left its mark.
func (e *Engine) requestAmong(ctx context.Context, by Actor, a store.Approval, all []Approval) (Approval, error) {
	for _, x := range all {
		if !x.Expired && x.Kind == a.Kind && bytes.Equal(x.Act, a.Act) && e.stand(ctx, x.Requester) == nil {
			return x, nil
		}
	}
	rand.Read(a.ID[:])
	a.State, a.Requester = store.ApprovalPending, store.Person{Token: by.Token, Label: by.Label}
	a.Requested = e.Now().UTC().Truncate(time.Second)
	a.Expires = a.Requested.Add(approvalLife)
	if last, ok := lastMoment(a.Act); ok && last.Before(a.Expires) {
		a.Expires = last.Add(time.Second) // it can still be logged at that second
	}
	if err := e.Registry.PutApproval(ctx, a); err != nil {
		return Approval{}, e.fault(err)
	}
	return Approval{Approval: a}, nil
}

// unfinished are the approvals that wait or are under way.
func (e *Engine) unfinished(ctx context.Context) (all []Approval, err error) {
	for after := ([16]byte{}); ; {
		page, err := e.Approvals(ctx, false, after, 100)
		if err != nil {
			return nil, err
		}
		for _, a := range page {
			after = a.ID
			all = append(all, a)
		}
		if len(page) < 100 {
			return all, nil
		}
	}
}

// Approvals returns up to limit approvals with id greater than after, ascending; those that are over only if all are asked for.
func (e *Engine) Approvals(ctx context.Context, all bool, after [16]byte, limit int) ([]Approval, error) {
	page, err := e.Registry.Approvals(ctx, !all, after, limit)
	out := make([]Approval, len(page))
	for i, a := range page {
		out[i] = e.viewApproval(a)
	}
	return out, e.fault(err)
}

// Approval returns one. Reason: APPROVAL_NOT_FOUND.
func (e *Engine) Approval(ctx context.Context, id [16]byte) (Approval, error) {
	a, err := e.Registry.Approval(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return Approval{}, refuse(ApprovalNotFound, "there is no such approval: list them and check its name")
	}
	return e.viewApproval(a), e.fault(err)
}

func (e *Engine) viewApproval(a store.Approval) Approval {
	return Approval{a, a.State == store.ApprovalPending && !e.Now().Before(a.Expires)}
}

// samePerson tells whether an approval was asked for by the one who acts now: by the same token, or by one with the same label.
func samePerson(p store.Person, by Actor) bool {
	return p.Token == by.Token || label.Same(p.Label, by.Label)
}

// stand refuses persons whose tokens were revoked since. Expired ones stood when they were used.
func (e *Engine) stand(ctx context.Context, persons ...store.Person) error {
	for _, p := range persons {
		var id [8]byte
		if b, err := hex.DecodeString(p.Token); err != nil || copy(id[:], b) != len(id) {
			return errors.New("an approval names no token")
		}
		switch t, err := e.Registry.StaffToken(ctx, id); {
		case errors.Is(err, store.ErrNotFound): // dropped, long after it expired
		case err != nil:
			return e.fault(err)
		case t.Revoked:
			return refuse(ApprovalState, "a token by which this was asked for or approved is revoked since: ask for it again")
		}
	}
	return nil
}

// Approve does what was asked for, if by is another person with the right role, digest is that of what was asked for, and it would still do
// that. A repeated call carries on. Reasons: APPROVAL_NOT_FOUND, APPROVAL_STATE, APPROVAL_SELF, APPROVAL_CHANGED, ROLE_REFUSED, and those of
// the act itself, after which the approval has lapsed.
func (e *Engine) Approve(ctx context.Context, by Actor, id [16]byte, digest [32]byte) (Approval, error) {
	a, err := e.Approval(ctx, id)
	if err != nil {
		return a, err
	}
	kind := kindOf(a.Kind)
	last, ends := lastMoment(a.Act)
	switch {
	case !slices.Contains(kind.roles, by.Role):
		return a, refuse(RoleRefused, "this is approved by somebody who is %s", strings.Join(kind.roles, " or "))
	case samePerson(a.Requester, by):
		return a, refuse(ApprovalSelf, "you asked for this yourself: two persons must want it, so let somebody else approve it")
	case a.Expired && ends && e.Now().After(last):
		return a, refuse(TooLate, "this %s had to be approved and logged by %s, so that custodians could cosign it in time: a result is owed now", a.Kind, last.Format(time.RFC3339))
	case a.State == store.ApprovalDone:
		return a, refuse(ApprovalState, "this %s", endOf(a))
	case a.Expired || a.State != store.ApprovalPending && a.State != store.ApprovalGiven:
		return a, refuse(ApprovalState, "this cannot be approved any more, since it %s: ask for it again", endOf(a))
	case a.Digest() != digest:
		return a, refuse(ApprovalChanged, "this is not what was asked for: look at it again")
	}
	if a.State == store.ApprovalPending {
		err := e.stand(ctx, a.Requester)
		var now []byte
		if err == nil {
			now, err = kind.now(e, ctx, a.Approval)
		}
		if err == nil && !bytes.Equal(now, a.Act) {
			err = refuse(ApprovalChanged, "what was asked for is no longer what would be done: ask for it again, and look at it again")
		}
		if err != nil {
			return a, e.lapse(ctx, a.Approval, by, err)
		}
		from := a.State
		a.State, a.Decider, a.Decided = store.ApprovalGiven, store.Person{Token: by.Token, Label: by.Label}, e.Now().UTC().Truncate(time.Second)
		if err := e.moveApproval(ctx, from, a.Approval); err != nil {
			return a, err
		}
		e.step("approved")
	}
	if e.Now().Before(a.NotBefore) {
		return a, nil
	}
	return e.carryOut(ctx, a.Approval)
}

// carryOut does an act that was approved.
func (e *Engine) carryOut(ctx context.Context, a store.Approval) (Approval, error) {
	if err := kindOf(a.Kind).do(e, ctx, a); err != nil {
		return Approval{Approval: a}, e.lapse(ctx, a, Actor{Token: a.Decider.Token, Label: a.Decider.Label}, err)
	}
	e.step("carried out")
	a.State = store.ApprovalDone
	err := e.moveApproval(ctx, store.ApprovalGiven, a)
	var own *Error
	if errors.As(err, &own) && own.Reason == ApprovalState { // another call, or Run, has done it too
		now, err := e.Approval(ctx, a.ID)
		if err == nil && now.State == store.ApprovalDone {
			return now, nil
		}
	}
	return e.viewApproval(a), err
}

// lapse ends an approval whose act was refused, and returns why. Trouble that passes ends nothing.
func (e *Engine) lapse(ctx context.Context, a store.Approval, by Actor, why error) error {
	var own *Error
	if passes(why) || !errors.As(why, &own) {
		return e.fault(why)
	}
	from := a.State
	a.State, a.Outcome, a.Decider, a.Decided = store.ApprovalLapsed, own.Text, store.Person{Token: by.Token, Label: by.Label}, e.Now().UTC().Truncate(time.Second)
	if err := e.moveApproval(ctx, from, a); err != nil {
		return err
	}
	return own
}

// Withdraw ends an approval that waits: by whoever asked for it, or by somebody who could approve it. Reasons: APPROVAL_NOT_FOUND, APPROVAL_STATE,
// ROLE_REFUSED.
func (e *Engine) Withdraw(ctx context.Context, by Actor, id [16]byte) (Approval, error) {
	a, err := e.Approval(ctx, id)
	if err != nil {
		return a, err
	}
	switch {
	case !samePerson(a.Requester, by) && !slices.Contains(kindOf(a.Kind).roles, by.Role):
		return a, refuse(RoleRefused, "this is withdrawn by whoever asked for it, or refused by somebody who could approve it")
	case a.State != store.ApprovalPending:
		return a, refuse(ApprovalState, "there is nothing to withdraw: it %s", endOf(a))
	}
	a.State, a.Decider, a.Decided = store.ApprovalWithdrawn, store.Person{Token: by.Token, Label: by.Label}, e.Now().UTC().Truncate(time.Second)
	if err := e.moveApproval(ctx, store.ApprovalPending, a.Approval); err != nil {
		return a, err
	}
	a.Expired = false
	return a, nil
}

func (e *Engine) moveApproval(ctx context.Context, from store.ApprovalState, to store.Approval) error {
	err := e.Registry.MoveApproval(ctx, from, to)
	if errors.Is(err, store.ErrConflict) {
		return refuse(ApprovalState, "somebody else has just decided this: look at it again")
	}
	return e.fault(err)
}

// endOf says in words how an approval ended.
func endOf(a Approval) string {
	switch a.State {
	case store.ApprovalPending:
		return "has waited too long"
	case store.ApprovalGiven:
		return "was approved, and is under way"
	case store.ApprovalDone:
		return "was approved and is done"
	case store.ApprovalWithdrawn:
		return "was withdrawn or refused"
	}
	return "was approved, but could not be done: " + a.Outcome
}

// workApproved does what was approved and is due, and what a crash cut off between the approval and the act.
func (e *Engine) workApproved(ctx context.Context) error {
	all, err := e.unfinished(ctx)
	if err != nil {
		return err
	}
	var errs []error
	waits := map[[16]byte]time.Time{} // since or until when
	given := map[[16]byte]bool{}
	for _, a := range all {
		if a.State != store.ApprovalGiven {
			continue
		}
		given[a.ID] = true
		now, at := e.Now(), a.NotBefore
		if at.IsZero() {
			at = a.Decided
		}
		if now.Before(at) || !a.NotBefore.IsZero() && e.jumped.Load() || now.Sub(a.Decided) < carryOn && a.NotBefore.IsZero() {
			waits[a.ID] = at
			continue
		}
		err := e.approved.begin(ctx, e, a.ID, a.Campaign, "ApprovalService/Approve", fmt.Sprintf("approvals/%x", a.ID[:]))
		if err == nil {
			if _, err = e.carryOut(ctx, a.Approval); !passes(err) {
				errs = append(errs, e.approved.end(ctx, e, a.ID, outcomeOf(err)))
			} else {
				waits[a.ID] = at
			}
		}
		errs = append(errs, err)
	}
	e.noteDue(&e.vitals.approved, waits)
	for id := range e.approved { // what another call finished, or what could not be written at the end
		if !given[id] {
			errs = append(errs, e.endApproved(ctx, id))
		}
	}
	return errors.Join(errs...)
}

// endApproved writes what became of an approval that Run began to carry out and that waits no more.
func (e *Engine) endApproved(ctx context.Context, id [16]byte) error {
	a, err := e.Approval(ctx, id)
	if err != nil {
		return err
	}
	outcome := trail.OK
	if a.State != store.ApprovalDone {
		outcome = string(ApprovalState)
	}
	return e.approved.end(ctx, e, id, outcome)
}
