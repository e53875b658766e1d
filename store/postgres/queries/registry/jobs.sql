-- name: PutJob :exec
INSERT INTO jobs (id, kind, campaign, draw, run_at, version, holder, attempt, said) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8)
ON CONFLICT (id) DO NOTHING;

-- name: Job :one
SELECT * FROM jobs WHERE id = $1;

-- name: Jobs :many
SELECT * FROM jobs ORDER BY id;

-- name: SwapJob :execrows
UPDATE jobs SET run_at = sqlc.arg(run_at), version = version + 1, holder = sqlc.arg(holder), attempt = sqlc.arg(attempt), said = sqlc.arg(said)
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: DropJob :execrows
DELETE FROM jobs WHERE id = $1 AND version = $2;
