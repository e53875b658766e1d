package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/registrydb"
)

// PutApproval implements store.Registry.
func (d *Registry) PutApproval(ctx context.Context, a store.Approval) error {
	return d.write(ctx, "put approval", func(ctx context.Context, tx pgx.Tx) error {
		n, err := registrydb.New(tx).PutApproval(ctx, registrydb.PutApprovalParams{
			ID: a.ID[:], Kind: a.Kind, Campaign: a.Campaign[:], Draw: int32(a.Draw), Act: full(a.Act), State: int32(a.State),
			Requester: a.Requester.Token, RequesterLabel: []byte(a.Requester.Label), Requested: unix(a.Requested), Expires: unix(a.Expires),
			Decider: a.Decider.Token, DeciderLabel: []byte(a.Decider.Label), Decided: unix(a.Decided), NotBefore: unix(a.NotBefore), Outcome: a.Outcome,
		})
		if err == nil && n == 0 {
			err = store.ErrExists
		}
		return err
	})
}

func approval(row registrydb.Approval) (store.Approval, error) {
	a := store.Approval{
		Kind: row.Kind, Draw: int(row.Draw), Act: row.Act, State: store.ApprovalState(row.State),
		Requester: store.Person{Token: row.Requester, Label: string(row.RequesterLabel)}, Requested: at(row.Requested), Expires: at(row.Expires),
		Decider: store.Person{Token: row.Decider, Label: string(row.DeciderLabel)}, Decided: at(row.Decided), NotBefore: at(row.NotBefore), Outcome: row.Outcome,
	}
	return a, errors.Join(fill(a.ID[:], row.ID), fill(a.Campaign[:], row.Campaign))
}

// Approval implements store.Registry.
func (d *Registry) Approval(ctx context.Context, id [16]byte) (a store.Approval, err error) {
	err = d.read(ctx, "read approval", func(ctx context.Context, conn *pgxpool.Conn) error {
		row, err := registrydb.New(conn).Approval(ctx, id[:])
		if err == nil {
			a, err = approval(row)
		}
		return err
	})
	return a, err
}

// Approvals implements store.Registry.
func (d *Registry) Approvals(ctx context.Context, unfinished bool, after [16]byte, limit int) (list []store.Approval, err error) {
	last := store.ApprovalLapsed
	if unfinished {
		last = store.ApprovalGiven
	}
	err = d.read(ctx, "list approvals", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := registrydb.New(conn).Approvals(ctx, registrydb.ApprovalsParams{After: after[:], Last: int32(last), Most: int64(limit)})
		if err != nil {
			return err
		}
		list, err = each(rows, approval)
		return err
	})
	return list, err
}

// MoveApproval implements store.Registry.
func (d *Registry) MoveApproval(ctx context.Context, from store.ApprovalState, a store.Approval) error {
	return d.write(ctx, "move approval", func(ctx context.Context, tx pgx.Tx) error {
		q := registrydb.New(tx)
		err := swapped(q.MoveApproval(ctx, registrydb.MoveApprovalParams{
			ToState: int32(a.State), Decider: a.Decider.Token, DeciderLabel: []byte(a.Decider.Label), Decided: unix(a.Decided), Outcome: a.Outcome,
			ID: a.ID[:], FromState: int32(from),
		}))
		if errors.Is(err, store.ErrConflict) {
			if _, absent := q.Approval(ctx, a.ID[:]); absent != nil {
				err = absent
			}
		}
		return err
	})
}
