package sqlite

import (
	"context"

	"fairlot/store"
)

// PutStaffToken implements store.Registry.
func (d *Registry) PutStaffToken(ctx context.Context, s store.StaffToken) error {
	return d.write(ctx, "put staff token", func(t *tx) error {
		_, err := t.exec("INSERT INTO staff_tokens (id, secret, role, label, expires, revoked) VALUES (?, ?, ?, ?, ?, ?)",
			s.ID[:], s.Secret[:], s.Role, s.Label, unix(s.Expires), s.Revoked)
		return err
	})
}

const selectStaff = "SELECT id, secret, role, label, expires, revoked FROM staff_tokens "

func scanStaff(s *store.StaffToken) []any {
	return []any{into(s.ID[:]), into(s.Secret[:]), &s.Role, &s.Label, at{&s.Expires}, &s.Revoked}
}

// StaffToken implements store.Registry.
func (d *Registry) StaffToken(ctx context.Context, id [8]byte) (s store.StaffToken, err error) {
	err = d.read(ctx, "read staff token", func(t *tx) error {
		return t.one(selectStaff+"WHERE id = ?", args{id[:]}, scanStaff(&s)...)
	})
	return s, err
}

// StaffTokens implements store.Registry.
func (d *Registry) StaffTokens(ctx context.Context) (list []store.StaffToken, err error) {
	err = d.read(ctx, "list staff tokens", func(t *tx) error {
		return t.each(selectStaff+"ORDER BY id", nil, func(scan func(...any) error) error {
			var s store.StaffToken
			err := scan(scanStaff(&s)...)
			list = append(list, s)
			return err
		})
	})
	return list, err
}

// RevokeStaffToken implements store.Registry.
func (d *Registry) RevokeStaffToken(ctx context.Context, id [8]byte) error {
	return d.write(ctx, "revoke staff token", func(t *tx) error {
		n, err := t.exec("UPDATE staff_tokens SET revoked = 1 WHERE id = ?", id[:])
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// DropStaffTokens implements store.Registry.
func (d *Registry) DropStaffTokens(ctx context.Context, before store.Time) (dropped int, err error) {
	err = d.write(ctx, "drop staff tokens", func(t *tx) error {
		n, err := t.exec("DELETE FROM staff_tokens WHERE expires < ? AND expires <> 0", unix(before))
		dropped = int(n)
		return err
	})
	return dropped, err
}
