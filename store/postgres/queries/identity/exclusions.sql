-- The row stays locked until the transaction ends: of two lists that come at once the one of the newer draft stands. What comes back is counted, as Citus reports every row as written.
-- name: PutExclusion :many
INSERT INTO exclusions AS was (campaign, version, mark) VALUES ($1, $2, $3)
ON CONFLICT (campaign) DO UPDATE SET version = excluded.version, mark = excluded.mark WHERE was.version <= excluded.version RETURNING version;

-- name: PutExcludedTags :exec
INSERT INTO excluded_tags (campaign, tag) SELECT sqlc.arg(campaign), unnest(sqlc.arg(tags)::bytea[]);

-- name: Exclusion :one
SELECT version, mark FROM exclusions WHERE campaign = $1;

-- name: ExcludedPersons :one
SELECT count(*) FROM excluded_tags WHERE campaign = $1;

-- name: Exclusions :many
SELECT campaign FROM exclusions;

-- name: ExcludedEntrants :many
SELECT t.id FROM tags t JOIN excluded_tags x ON x.campaign = t.campaign AND x.tag = t.tag WHERE t.campaign = $1;

-- name: Exclude :exec
UPDATE entrants SET chances = 0, zero = sqlc.arg(zero) WHERE campaign = sqlc.arg(campaign) AND id = ANY (sqlc.arg(ids)::bytea[]) AND zero = '' AND chances > 0;

-- name: DropExcludedTags :exec
DELETE FROM excluded_tags WHERE campaign = $1;

-- name: DropExclusion :exec
DELETE FROM exclusions WHERE campaign = $1;
