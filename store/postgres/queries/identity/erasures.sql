-- name: DropTagOf :exec
DELETE FROM tags WHERE campaign = $1 AND id = $2;

-- name: EmptyEnvelopes :exec
UPDATE envelopes SET locks = '', identity = NULL, contact = NULL WHERE campaign = $1 AND id = $2;

-- name: DropResponseOf :exec
UPDATE pending SET dropped = true WHERE campaign = $1 AND epoch = $2 AND id = $3;

-- name: PutErasure :exec
INSERT INTO erasures (campaign, id, state) VALUES ($1, $2, $3) ON CONFLICT (campaign, id) DO NOTHING;

-- name: Erasures :many
SELECT id, state FROM erasures WHERE campaign = sqlc.arg(campaign) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most)::bigint;

-- name: EndErasure :execrows
UPDATE erasures SET state = sqlc.arg(to_state) WHERE campaign = sqlc.arg(campaign) AND id = sqlc.arg(id);

-- name: DropErasures :exec
DELETE FROM erasures WHERE campaign = $1;

-- name: Emptied :one
SELECT count(*) > 0 FROM envelopes WHERE campaign = $1 AND id = $2 AND length(locks) = 0;
