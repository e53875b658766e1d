-- name: DropTag :exec
DELETE FROM tags WHERE campaign = $1 AND tag = $2;

-- name: EntrantConsents :one
SELECT consents FROM entrants WHERE campaign = $1 AND id = $2;

-- name: PutCorrected :execrows
INSERT INTO entrants (campaign, id, epoch, stratum, chances, zero, person, consents, tries, waits, waits_epoch)
VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (campaign, id) DO NOTHING RETURNING 1;

-- Until the transaction is over nobody clears the batch of what waits.
-- name: StillWaits :many
SELECT 1 FROM pending WHERE campaign = $1 AND epoch = $2 AND id = $3 FOR SHARE;

-- name: CountTry :execrows
UPDATE entrants SET tries = sqlc.arg(tries)::integer + 1 WHERE campaign = sqlc.arg(campaign) AND id = sqlc.arg(id) AND tries = sqlc.arg(tries)::integer;
