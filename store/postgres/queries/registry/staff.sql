-- name: PutStaffToken :execrows
INSERT INTO staff_tokens (id, secret, role, label, expires, revoked) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING;

-- name: StaffToken :one
SELECT * FROM staff_tokens WHERE id = $1;

-- name: StaffTokens :many
SELECT * FROM staff_tokens ORDER BY id;

-- name: RevokeStaffToken :execrows
UPDATE staff_tokens SET revoked = true WHERE id = $1;

-- name: DropStaffTokens :execrows
DELETE FROM staff_tokens WHERE expires < sqlc.arg(before) AND expires <> 0;
