package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/postgres/internal/registrydb"
)

// PutStaffToken implements store.Registry.
func (d *Registry) PutStaffToken(ctx context.Context, s store.StaffToken) error {
	return d.write(ctx, "put staff token", func(ctx context.Context, tx pgx.Tx) error {
		n, err := registrydb.New(tx).PutStaffToken(ctx, registrydb.PutStaffTokenParams{
			ID: s.ID[:], Secret: s.Secret[:], Role: s.Role, Label: []byte(s.Label), Expires: unix(s.Expires), Revoked: s.Revoked,
		})
		if err == nil && n == 0 {
			err = store.ErrExists
		}
		return err
	})
}

func staffToken(row registrydb.StaffToken) (store.StaffToken, error) {
	s := store.StaffToken{Role: row.Role, Label: string(row.Label), Expires: at(row.Expires), Revoked: row.Revoked}
	return s, errors.Join(fill(s.ID[:], row.ID), fill(s.Secret[:], row.Secret))
}

// StaffToken implements store.Registry.
func (d *Registry) StaffToken(ctx context.Context, id [8]byte) (s store.StaffToken, err error) {
	err = d.read(ctx, "read staff token", func(ctx context.Context, conn *pgxpool.Conn) error {
		row, err := registrydb.New(conn).StaffToken(ctx, id[:])
		if err == nil {
			s, err = staffToken(row)
		}
		return err
	})
	return s, err
}

// StaffTokens implements store.Registry.
func (d *Registry) StaffTokens(ctx context.Context) (list []store.StaffToken, err error) {
	err = d.read(ctx, "list staff tokens", func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := registrydb.New(conn).StaffTokens(ctx)
		if err != nil {
			return err
		}
		list, err = each(rows, staffToken)
		return err
	})
	return list, err
}

// RevokeStaffToken implements store.Registry.
func (d *Registry) RevokeStaffToken(ctx context.Context, id [8]byte) error {
	return d.write(ctx, "revoke staff token", func(ctx context.Context, tx pgx.Tx) error {
		n, err := registrydb.New(tx).RevokeStaffToken(ctx, id[:])
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// DropStaffTokens implements store.Registry.
func (d *Registry) DropStaffTokens(ctx context.Context, before store.Time) (dropped int, err error) {
	err = d.write(ctx, "drop staff tokens", func(ctx context.Context, tx pgx.Tx) error {
		n, err := registrydb.New(tx).DropStaffTokens(ctx, unix(before))
		dropped = int(n)
		return err
	})
	return dropped, err
}
