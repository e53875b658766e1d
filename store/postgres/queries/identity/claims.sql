-- name: PutClaim :execrows
INSERT INTO claims (campaign, draw, stratum, rank, day, label, way) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (campaign, draw, stratum, rank) DO NOTHING;

-- name: DropClaim :exec
DELETE FROM claims WHERE campaign = $1 AND draw = $2 AND stratum = $3 AND rank = $4;

-- name: Claims :many
SELECT stratum, rank, day, label, way FROM claims WHERE campaign = $1 AND draw = $2 ORDER BY stratum, rank;

-- name: DropClaims :exec
DELETE FROM claims WHERE campaign = $1;
