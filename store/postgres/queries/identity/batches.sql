-- name: Batches :many
SELECT first, last, cleared FROM batches WHERE campaign = $1 ORDER BY first;

-- name: PutBatch :execrows
INSERT INTO batches (campaign, first, last, cleared) VALUES ($1, $2, $3, false) ON CONFLICT (campaign, first) DO NOTHING;

-- name: SealedResponses :many
SELECT id, epoch, dropped, response FROM pending
WHERE campaign = sqlc.arg(campaign) AND epoch BETWEEN sqlc.arg(first) AND sqlc.arg(last) AND id > sqlc.arg(after) AND response IS NOT NULL
ORDER BY id LIMIT sqlc.arg(most)::bigint;

-- name: MarkCleared :execrows
UPDATE batches SET cleared = true WHERE campaign = $1 AND first = $2 AND last = $3;

-- name: ClearPending :exec
DELETE FROM pending WHERE campaign = sqlc.arg(campaign) AND epoch BETWEEN sqlc.arg(first) AND sqlc.arg(last);

-- name: ClearWaits :exec
UPDATE entrants SET waits = NULL, waits_epoch = 0
WHERE campaign = sqlc.arg(campaign) AND waits_epoch BETWEEN sqlc.arg(first) AND sqlc.arg(last) AND waits IS NOT NULL;
