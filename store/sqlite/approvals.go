package sqlite

import (
	"context"

	"fairlot/store"
)

const selectApproval = `SELECT id, kind, campaign, draw, act, state, requester, requester_label, requested, expires, decider, decider_label, decided,
	not_before, outcome FROM approvals `

// label scans a text that may hold any bytes.
type label struct{ s *string }

// Scan implements sql.Scanner.
func (l label) Scan(src any) error {
	b, _ := src.([]byte)
	*l.s = string(b)
	return nil
}

func scanApproval(a *store.Approval) []any {
	return []any{into(a.ID[:]), &a.Kind, into(a.Campaign[:]), &a.Draw, &a.Act, &a.State, &a.Requester.Token, label{&a.Requester.Label},
		at{&a.Requested}, at{&a.Expires}, &a.Decider.Token, label{&a.Decider.Label}, at{&a.Decided}, at{&a.NotBefore}, &a.Outcome}
}

// PutApproval implements store.Registry.
func (d *Registry) PutApproval(ctx context.Context, a store.Approval) error {
	return d.write(ctx, "put approval", func(t *tx) error {
		_, err := t.exec(`INSERT INTO approvals (id, kind, campaign, draw, act, state, requester, requester_label, requested, expires,
			decider, decider_label, decided, not_before, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			a.ID[:], a.Kind, a.Campaign[:], a.Draw, full(a.Act), a.State, a.Requester.Token, full([]byte(a.Requester.Label)), unix(a.Requested), unix(a.Expires),
			a.Decider.Token, full([]byte(a.Decider.Label)), unix(a.Decided), unix(a.NotBefore), a.Outcome)
		return err
	})
}

// Approval implements store.Registry.
func (d *Registry) Approval(ctx context.Context, id [16]byte) (a store.Approval, err error) {
	err = d.read(ctx, "read approval", func(t *tx) error {
		return t.one(selectApproval+"WHERE id = ?", args{id[:]}, scanApproval(&a)...)
	})
	return a, err
}

// Approvals implements store.Registry.
func (d *Registry) Approvals(ctx context.Context, unfinished bool, after [16]byte, limit int) (list []store.Approval, err error) {
	last := store.ApprovalLapsed
	if unfinished {
		last = store.ApprovalGiven
	}
	err = d.read(ctx, "list approvals", func(t *tx) error {
		return t.each(selectApproval+"WHERE id > ? AND state <= ? ORDER BY id LIMIT ?", args{after[:], last, limit}, func(scan func(...any) error) error {
			var a store.Approval
			err := scan(scanApproval(&a)...)
			list = append(list, a)
			return err
		})
	})
	return list, err
}

// MoveApproval implements store.Registry.
func (d *Registry) MoveApproval(ctx context.Context, from store.ApprovalState, a store.Approval) error {
	return d.write(ctx, "move approval", func(t *tx) error {
		n, err := t.exec(`UPDATE approvals SET state = ?, decider = ?, decider_label = ?, decided = ?, outcome = ? WHERE id = ? AND state = ?`,
			a.State, a.Decider.Token, full([]byte(a.Decider.Label)), unix(a.Decided), a.Outcome, a.ID[:], from)
		if err != nil || n > 0 {
			return err
		}
		var present int64
		if err := t.one("SELECT state FROM approvals WHERE id = ?", args{a.ID[:]}, &present); err != nil {
			return err
		}
		return store.ErrConflict
	})
}
