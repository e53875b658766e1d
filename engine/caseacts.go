package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlot/deadline"
	"fairlot/store"
)

// ApproveCase adds somebody to those who want what a case names to be opened: two beside whoever asked, all of different names. digest is that of the text that
// they saw. Again by the same token is the same. Reasons: CASE_NOT_FOUND, CASE_STATE, APPROVAL_SELF, APPROVAL_CHANGED, ROLE_REFUSED.
func (e *Engine) ApproveCase(ctx context.Context, by Actor, id [16]byte, digest [32]byte) (Case, error) {
	e.seatMu.Lock() // whom it is to hold is not being erased
	defer e.seatMu.Unlock()
	return e.changeCase(ctx, by, id, func(c *Case, now time.Time) (bool, error) {
		switch {
		case c.Digest() != digest:
			return false, refuse(ApprovalChanged, "this is not what the case says: look at it again")
		case slices.ContainsFunc(c.Approvers, func(a CaseAct) bool { return a.Token == by.Token }):
			return false, nil
		case c.Over:
			return false, refuse(CaseState, "the case is closed (%s)", c.Outcome)
		case c.Count == 0:
			return false, refuse(CaseState, "the case names nobody, so there is nothing to approve: once the entry is known, open a case that names it")
		case !c.wants():
			return false, refuse(CaseState, "the case opens no envelope and holds nobody, so there is nothing to approve: answer it and close it")
		case !now.Before(c.Expires):
			return false, refuse(CaseState, "the case expired at %s: close it, and open another if it is still wanted", c.Expires.Format(time.RFC3339))
		case c.Approved():
			return false, refuse(CaseState, "two persons have approved it already")
		case len(c.Entrants) == 0:
			return false, refuse(CaseState, "all that was sealed in this campaign is destroyed: there is nothing to open")
		case samePerson(c.Requester.person(), by):
			return false, refuse(ApprovalSelf, "you asked for this yourself: three persons must want it, so let two others approve it")
		case slices.ContainsFunc(c.Approvers, func(a CaseAct) bool { return samePerson(a.person(), by) }):
			return false, refuse(ApprovalSelf, "you have approved this already: three persons must want it, so let another one approve it")
		}
		if err := e.caseStands(ctx, *c); err != nil {
			return false, err
		}
		if err := e.someKept(ctx, *c); err != nil {
			return false, err
		}
		c.Approvers = append(c.Approvers, CaseAct{by.Token, by.Label, now})
		return true, nil
	})
}

// caseStands refuses a case if somebody who wanted it has lost their token since.
func (e *Engine) caseStands(ctx context.Context, c Case) error {
	err := e.stand(ctx, c.people()...)
	var own *Error
	if errors.As(err, &own) && own.Reason == ApprovalState {
		return refuse(CaseState, "a token by which this was asked for or approved is revoked since: close the case, and open another if it is still wanted")
	}
	return err
}

// people are those who want a case.
func (c Case) people() []store.Person {
	all := []store.Person{c.Requester.person()}
	for _, a := range c.Approvers {
		all = append(all, a.person())
	}
	return all
}

// ExtendCase puts the legal period of a person's request off, once, by at most as many days as the law allows. The reason is what the institution has to
// tell the person in writing, and names nobody. The very same again is the same. Reasons: CASE_NOT_FOUND, CASE_STATE, FIELD_INVALID, TOO_LATE, ROLE_REFUSED.
func (e *Engine) ExtendCase(ctx context.Context, by Actor, id [16]byte, days int, why string) (Case, error) {
	return e.changeCase(ctx, by, id, func(c *Case, now time.Time) (bool, error) {
		clock := c.Clock()
		switch {
		case c.Extended == days && c.ExtendWhy == why && c.Extender.Token == by.Token:
			return false, nil
		case clock == nil:
			return false, refuse(CaseState, "a case of kind %s has no legal period that could be extended", c.Kind)
		case c.Over:
			return false, refuse(CaseState, "the case is closed (%s)", c.Outcome)
		case c.Extended > 0:
			return false, refuse(CaseState, "the period was extended already, by %d days: the law allows that once", c.Extended)
		case !now.Before(c.Due):
			return false, refuse(TooLate, "the period ended at %s: it can be extended only while it runs", c.Due.Format(time.RFC3339))
		}
		var bad problems
		if !oneLine(why) {
			bad.add(FieldInvalid, Field{"reason", "form", "give the reason that the person is told, in one line of at most 200 bytes without invisible characters"})
		}
		received, err := deadline.ParseDay(c.Received)
		if err != nil {
			return false, fmt.Errorf("read case %x: %w", c.ID[:], err)
		}
		due, err := clock.Extended(taiwan, received, days)
		switch {
		case errors.Is(err, deadline.ErrExtension):
			bad.add(FieldInvalid, Field{"days", "range", fmt.Sprintf("the law allows 1 to %d days more", clock.More)})
		case err != nil:
			bad.add(FieldInvalid, Field{"days", "range", "the period cannot be counted: " + err.Error()})
		}
		if err := bad.err(); err != nil {
			return false, err
		}
		c.Extended, c.ExtendWhy, c.Extender, c.Due = days, why, CaseAct{by.Token, by.Label, now}, due.Time().UTC()
		return true, nil
	})
}

// CloseCase ends a case: done, partly, refused or withdrawn. Nothing is opened for it afterwards; what it holds it holds for custody.HoldOutlasts days more, so that one person does
// not have destroyed at once what three wanted kept. The very same again is the same. Reasons: CASE_NOT_FOUND,
// CASE_STATE, FIELD_INVALID, ROLE_REFUSED.
func (e *Engine) CloseCase(ctx context.Context, by Actor, id [16]byte, outcome string) (Case, error) {
	return e.changeCase(ctx, by, id, func(c *Case, now time.Time) (bool, error) {
		switch {
		case !slices.Contains(caseOutcomes, outcome):
			return false, &Error{Reason: FieldInvalid, Text: "say how it ended: " + strings.Join(caseOutcomes, ", "),
				Fields: []Field{{"outcome", "unknown", "one of " + strings.Join(caseOutcomes, ", ")}}}
		case c.Over && c.Outcome == outcome && c.Closer.Token == by.Token:
			return false, nil
		case c.Over:
			return false, refuse(CaseState, "the case is closed already (%s)", c.Outcome)
		case (c.Kind == CaseCorrection || c.Kind == CaseErasure) && (outcome == "done" || outcome == "partly") && len(c.Did) == 0:
			return false, refuse(CaseState, "the register of modifications has nothing of this case: record what was done first (fairlot case record), then close it")
		}
		c.Over, c.Outcome, c.Closer = true, outcome, CaseAct{by.Token, by.Label, now}
		return true, nil
	})
}

// caseRoles may work on cases.
var caseRoles = []string{RoleOfficer, RoleNotifier}

var errCaseRole = refuse(RoleRefused, "cases are for somebody who is %s", strings.Join(caseRoles, " or "))

// caseTries is how often a change is tried anew because another one came first.
const caseTries = 5

// changeCase changes a case by compare-and-swap; change says whether there is something to write.
func (e *Engine) changeCase(ctx context.Context, by Actor, id [16]byte, change func(c *Case, now time.Time) (bool, error)) (Case, error) {
	if !slices.Contains(caseRoles, by.Role) {
		return Case{}, errCaseRole
	}
	for range caseTries {
		c, err := e.Case(ctx, id)
		if err != nil {
			return Case{}, err
		}
		changed, err := change(&c, e.Now().UTC().Truncate(time.Second))
		if err != nil || !changed {
			return c, err
		}
		body, err := json.Marshal(c)
		if err != nil {
			return Case{}, fmt.Errorf("write a case: %w", err)
		}
		e.step("case changed")
		switch err := e.Registry.SwapCase(ctx, store.Case{ID: c.ID, Over: c.Over, Version: c.version, Body: body}); {
		case errors.Is(err, store.ErrConflict):
			continue
		case err != nil:
			return Case{}, e.fault(err)
		}
		return c, nil
	}
	return Case{}, &Error{Reason: Busy, Text: "too many work on this case at once: look at it and try again", Retry: time.Second}
}

// holdClosed is the label of TodoHold of a case that was closed.
const holdClosed = "closed"

// todoCases is what waits of cases: approvals before they expire, answers before the law's day, and what holds still keep.
func (e *Engine) todoCases(ctx context.Context) (list []Todo, err error) {
	for after, more := ([16]byte{}), true; more; {
		page, err := e.Cases(ctx, true, after, recordPage)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			after = c.ID
			if c.Over {
				if c.holds(e.Now()) {
					list = append(list, Todo{Kind: TodoHold, Campaign: c.Campaign, Slug: c.Slug, Since: c.Closer.At, By: c.holdEnds(), Count: int64(c.Count), Label: holdClosed, Case: c.ID, CaseKind: c.Kind, CaseReference: c.Reference, Roles: caseRoles})
				}
				continue
			}
			t := Todo{Kind: TodoCase, Campaign: c.Campaign, Slug: c.Slug, Since: c.Requester.At, By: c.Due, Case: c.ID, CaseKind: c.Kind, CaseReference: c.Reference, Roles: caseRoles}
			if t.By.IsZero() {
				t.By = c.Expires
			}
			list = append(list, t)
			if c.wants() && !c.Approved() && e.Now().Before(c.Expires) {
				t.Kind, t.By, t.Count = TodoCaseApprove, c.Expires, int64(caseApprovers-len(c.Approvers))
				list = append(list, t)
			}
			t.By, t.Count = c.Expires, int64(c.Count)
			if c.stands(e.Now()) && len(c.Opens) > 0 && c.Releaser.Token == "" {
				t.Kind = TodoCaseRelease
				list = append(list, t)
			}
			if c.stands(e.Now()) && c.Hold {
				t.Kind = TodoHold
				list = append(list, t)
			}
		}
		more = len(page) == recordPage
	}
	return list, nil
}
