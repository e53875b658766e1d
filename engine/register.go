package engine

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlot/crypto/trail"
	"fairlot/store"
)

// What can be done to what is kept of a person, at their wish.
const (
	DidCorrection  = "correction"
	DidErasure     = "erasure"
	DidRestriction = "restriction"
)

// registerMethods are the acts of the audit trail that are lines of the register.
var registerMethods = map[string]string{DidCorrection: "Register/Correction", DidErasure: "Register/Erasure", DidRestriction: "Register/Restriction"}

// Modification is one line of the register: what was done to what is kept of some person, at their wish. It says nothing of whom.
type Modification struct {
	Act      int64 // its number in the audit trail
	By       CaseAct
	Did      string
	Case     [16]byte // zero: none
	Campaign store.CampaignID
}

// RecordModification puts into the register what was done under a person's case. The same again is another line: it may have been done again. The register is in the audit
// trail, and so is as append-only as that. Reasons: CASE_NOT_FOUND, CASE_STATE, FIELD_INVALID, ROLE_REFUSED.
func (e *Engine) RecordModification(ctx context.Context, by Actor, id [16]byte, did string) (Case, error) {
	if registerMethods[did] == "" {
		return Case{}, &Error{Reason: FieldInvalid, Text: "say what was done: correction, erasure or restriction", Fields: []Field{{"kind", "unknown", "correction, erasure or restriction"}}}
	}
	written := false
	return e.changeCase(ctx, by, id, func(c *Case, _ time.Time) (bool, error) {
		if err := mayRecord(*c, did); err != nil {
			return false, err
		}
		if !written { // first in the trail: a line that the case does not show is better than one that is in no trail
			if err := e.register(ctx, by, did, fmt.Sprintf("cases/%x", id[:])); err != nil {
				return false, err
			}
			written = true
		}
		c.Did = append(slices.Clone(c.Did), did)
		return true, nil
	})
}

// maxDid is how many lines one case may have.
const maxDid = 100

func mayRecord(c Case, did string) error {
	switch {
	case c.Over:
		return refuse(CaseState, "the case is closed (%s)", c.Outcome)
	case caseKinds[c.Kind].purpose != "person":
		return refuse(CaseState, "only what a person asked for themselves is in the register, and this is a case of kind %s", c.Kind)
	case len(c.Did) >= maxDid:
		return refuse(CaseState, "the register has %d lines of this case already: open another one", maxDid)
	}
	return nil
}

// RecordAtDesk puts into the register what was done at the desk: under a case, or without one in a campaign. Reasons: those of RecordModification.
func (e *Engine) RecordAtDesk(ctx context.Context, by Actor, campaign store.CampaignID, id [16]byte, did string) error {
	if id == ([16]byte{}) {
		return e.register(ctx, by, did, "campaigns/"+hexID(campaign))
	}
	_, err := e.RecordModification(ctx, by, id, did)
	return err
}

// MayRecordAtDesk refuses a case that RecordAtDesk would refuse, before anything is done.
func (e *Engine) MayRecordAtDesk(ctx context.Context, campaign store.CampaignID, id [16]byte, did string) error {
	if id == ([16]byte{}) {
		return nil
	}
	c, err := e.Case(ctx, id)
	if err == nil && c.Campaign != campaign {
		err = refuse(CaseState, "the case is about another campaign")
	}
	if err == nil {
		err = mayRecord(c, did)
	}
	return err
}

func (e *Engine) register(ctx context.Context, by Actor, did, resource string) error {
	_, err := e.appendAct(context.WithoutCancel(ctx), Act{By: by, Method: registerMethods[did], Resource: resource}, trail.OK, 0)
	return e.fault(err)
}

// Modifications returns up to limit lines of the register from acts after a number, by act, and the number to go on after; 0 at the end.
func (e *Engine) Modifications(ctx context.Context, after int64, limit int) (list []Modification, next int64, err error) {
	campaigns := map[[16]byte]store.CampaignID{}
	for {
		page, err := e.Registry.Acts(ctx, after, recordPage)
		if err != nil {
			return nil, 0, e.fault(err)
		}
		for _, row := range page {
			if after = row.N; !strings.Contains(string(row.Text), "\nmethod Register/") {
				continue
			}
			act, err := trail.Parse(row.Text)
			if err != nil {
				return nil, 0, fmt.Errorf("read act %d: %w", row.N, err)
			}
			m, err := e.modification(ctx, act, campaigns)
			if err != nil {
				return nil, 0, err
			}
			if m.Did == "" {
				continue
			}
			if list = append(list, m); len(list) == limit {
				return list, after, nil
			}
		}
		if len(page) < recordPage {
			return list, 0, nil
		}
	}
}

func (e *Engine) modification(ctx context.Context, act trail.Act, campaigns map[[16]byte]store.CampaignID) (m Modification, err error) {
	m = Modification{Act: act.Number, By: CaseAct{act.Actor, act.Label, act.Time}}
	for did, method := range registerMethods {
		if act.Method == method {
			m.Did = did
		}
	}
	kind, id, _ := strings.Cut(act.Resource, "/")
	if kind == "campaigns" {
		_, err = hex.Decode(m.Campaign[:], []byte(id[:min(len(id), 32)]))
		return m, err
	}
	if _, err = hex.Decode(m.Case[:], []byte(id[:min(len(id), 32)])); err != nil {
		return m, err
	}
	known, ok := campaigns[m.Case]
	if !ok {
		row, err := e.Registry.Case(ctx, m.Case)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return m, e.fault(err)
		}
		known = row.Campaign
		campaigns[m.Case] = known
	}
	m.Campaign = known
	return m, nil
}
