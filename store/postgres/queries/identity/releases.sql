-- name: Releases :many
SELECT n, opened, purpose, ids FROM releases WHERE campaign = $1 AND draw = $2 ORDER BY n;

-- name: PutRelease :execrows
INSERT INTO releases (campaign, draw, n, opened, purpose, ids) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (campaign, draw, n) DO NOTHING;

-- name: MakeNotice :exec
INSERT INTO notices (campaign, draw, stratum, rank, state, attempts, updated) VALUES ($1, $2, $3, $4, $5, 0, $6)
ON CONFLICT (campaign, draw, stratum, rank) DO NOTHING;

-- name: Notices :many
SELECT stratum, rank, state, attempts, updated FROM notices WHERE campaign = $1 AND draw = $2 ORDER BY stratum, rank;

-- name: NoticeState :one
SELECT state FROM notices WHERE campaign = $1 AND draw = $2 AND stratum = $3 AND rank = $4;

-- name: SwapNotice :one
UPDATE notices SET state = sqlc.arg(to_state), attempts = attempts + sqlc.arg(more)::integer, updated = sqlc.arg(updated)
WHERE campaign = sqlc.arg(campaign) AND draw = sqlc.arg(draw) AND stratum = sqlc.arg(stratum) AND rank = sqlc.arg(rank) AND state = sqlc.arg(from_state)
RETURNING attempts;

-- name: DropReleases :exec
DELETE FROM releases WHERE campaign = $1;

-- name: DropNotices :exec
DELETE FROM notices WHERE campaign = $1;
