-- name: CreateGate :execrows
INSERT INTO gates (campaign, state, epoch, ends, open_hash) VALUES ($1, $2, 1, $3, $4) ON CONFLICT (campaign) DO NOTHING;

-- name: Gates :many
SELECT g.campaign, g.state, g.epoch, g.ends, g.open_hash,
	EXISTS (SELECT 1 FROM moves m WHERE m.campaign = g.campaign AND m.state = g.state AND m.epoch = g.epoch) AS moving
FROM gates g WHERE g.campaign = ANY (sqlc.arg(campaigns)::bytea[]);

-- Those whose mover has announced itself are left out, and left unlocked.
-- name: LockGates :many
SELECT g.campaign, g.state, g.epoch, g.ends, g.open_hash FROM gates g
WHERE g.campaign = ANY (sqlc.arg(campaigns)::bytea[])
	AND NOT EXISTS (SELECT 1 FROM moves m WHERE m.campaign = g.campaign AND m.state = g.state AND m.epoch = g.epoch)
ORDER BY g.campaign FOR SHARE OF g;

-- One whose mover has announced itself is left out, and left unlocked.
-- name: LockGate :one
SELECT g.state FROM gates g
WHERE g.campaign = $1 AND NOT EXISTS (SELECT 1 FROM moves m WHERE m.campaign = g.campaign AND m.state = g.state AND m.epoch = g.epoch)
FOR SHARE OF g;

-- name: Announce :exec
INSERT INTO moves (campaign, state, epoch) VALUES ($1, $2, $3) ON CONFLICT (campaign, state, epoch) DO NOTHING;

-- name: MoveGate :execrows
UPDATE gates SET state = sqlc.arg(to_state), epoch = sqlc.arg(to_epoch)
WHERE campaign = sqlc.arg(campaign) AND state = sqlc.arg(from_state) AND epoch = sqlc.arg(from_epoch);

-- name: DropAnnouncement :exec
DELETE FROM moves WHERE campaign = $1 AND state = $2 AND epoch = $3;

-- name: TagHolder :one
SELECT id FROM tags WHERE campaign = $1 AND tag = $2 FOR UPDATE;

-- name: SetTagHolder :exec
UPDATE tags SET id = $1 WHERE campaign = $2 AND tag = $3;

-- name: SwapChances :execrows
UPDATE entrants SET chances = sqlc.arg(to_chances), zero = sqlc.arg(to_zero)
WHERE campaign = sqlc.arg(campaign) AND id = sqlc.arg(id) AND chances = sqlc.arg(from_chances) AND zero = sqlc.arg(from_zero);

-- name: CountEntrants :many
SELECT stratum, (chances > 0)::boolean AS counted, zero, count(*) AS n FROM entrants WHERE campaign = $1 GROUP BY 1, 2, 3;

-- name: CountDays :many
SELECT day, sum(entrants)::bigint AS n FROM days WHERE campaign = $1 GROUP BY day;

-- name: TagsLeft :one
SELECT (EXISTS (SELECT 1 FROM tags t WHERE t.campaign = sqlc.arg(campaign)) OR EXISTS (SELECT 1 FROM entry_tokens k WHERE k.campaign = sqlc.arg(campaign))
	OR EXISTS (SELECT 1 FROM days d WHERE d.campaign = sqlc.arg(campaign)) OR EXISTS (SELECT 1 FROM excluded_tags x WHERE x.campaign = sqlc.arg(campaign))
	OR EXISTS (SELECT 1 FROM exclusions l WHERE l.campaign = sqlc.arg(campaign)))::boolean;

-- name: DropTags :exec
DELETE FROM tags WHERE campaign = $1;

-- name: DropEntryTokens :exec
DELETE FROM entry_tokens WHERE campaign = $1;

-- name: DropDays :exec
DELETE FROM days WHERE campaign = $1;

-- name: DropEntrants :exec
DELETE FROM entrants WHERE campaign = $1;

-- name: DropEnvelopes :exec
DELETE FROM envelopes WHERE campaign = $1;

-- name: DropPending :exec
DELETE FROM pending WHERE campaign = $1;

-- name: RewriteFiles :exec
SELECT rewrite_files();

-- name: WrittenSoFar :one
SELECT written_so_far();

-- name: IsOver :one
SELECT is_over(sqlc.arg(mark)::bigint);
