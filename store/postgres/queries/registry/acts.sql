-- name: LastActNumber :one
SELECT coalesce(max(n), 0)::bigint FROM acts;

-- name: AppendAct :execrows
INSERT INTO acts (n, hash, text) VALUES ($1, $2, $3) ON CONFLICT (n) DO NOTHING;

-- name: Acts :many
SELECT * FROM acts WHERE n > sqlc.arg(after) ORDER BY n LIMIT sqlc.arg(most)::bigint;

-- name: LastAct :one
SELECT * FROM acts ORDER BY n DESC LIMIT 1;
