-- name: PutCase :execrows
INSERT INTO cases (id, campaign, closed, version, body) VALUES ($1, $2, $3, 1, $4) ON CONFLICT (id) DO NOTHING;

-- name: ReadCase :one
SELECT * FROM cases WHERE id = $1;

-- name: Cases :many
SELECT * FROM cases WHERE id > sqlc.arg(after) AND closed <= sqlc.arg(last) ORDER BY id LIMIT sqlc.arg(most)::bigint;

-- name: SwapCase :execrows
UPDATE cases SET closed = sqlc.arg(closed), version = version + 1, body = sqlc.arg(body) WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);
