-- name: LogSize :one
SELECT coalesce(max(n) + 1, 0)::bigint FROM log;

-- name: LogRecords :many
SELECT record FROM log WHERE n >= sqlc.arg(start) ORDER BY n LIMIT sqlc.arg(most)::bigint;

-- name: AppendRecord :execrows
INSERT INTO log (n, record) VALUES ($1, $2) ON CONFLICT (n) DO NOTHING;

-- name: PutCheckpoint :exec
INSERT INTO checkpoints (size, note) VALUES ($1, $2) ON CONFLICT (size) DO NOTHING;

-- name: SwapCheckpoint :execrows
UPDATE checkpoints SET note = sqlc.arg(new) WHERE size = sqlc.arg(size) AND note = sqlc.arg(old);

-- name: Checkpoint :one
SELECT note FROM checkpoints WHERE size = $1;

-- name: CheckpointSizes :many
SELECT size FROM checkpoints ORDER BY size;

-- name: PutFile :exec
INSERT INTO files (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING;

-- name: File :one
SELECT body FROM files WHERE hash = $1;
