-- What went in is counted by what comes back: Citus reports all that was offered, and calls a key that is there already an internal error.
-- name: PutMixedEpochs :many
INSERT INTO mixed (campaign, epoch) SELECT sqlc.arg(campaign), unnest(sqlc.arg(epochs)::bigint[]) ON CONFLICT (campaign, epoch) DO NOTHING RETURNING epoch;

-- name: MixedEpochs :one
SELECT count(*) FROM mixed WHERE campaign = sqlc.arg(campaign) AND epoch BETWEEN sqlc.arg(first) AND sqlc.arg(last);

-- name: LastMixed :one
SELECT coalesce(max(epoch), 0)::bigint FROM mixed WHERE campaign = $1;

-- name: PutResponses :many
INSERT INTO responses (campaign, id, secret, consents, closed)
SELECT sqlc.arg(campaign), unnest(sqlc.arg(ids)::bytea[]), unnest(sqlc.arg(secrets)::bytea[]), unnest(sqlc.arg(consents)::integer[]),
	unnest(sqlc.arg(closed)::bytea[])
ON CONFLICT (campaign, id) DO NOTHING RETURNING id;

-- name: PutTexts :many
INSERT INTO texts (campaign, id, question, body)
SELECT sqlc.arg(campaign), unnest(sqlc.arg(ids)::bytea[]), unnest(sqlc.arg(questions)::bytea[]), unnest(sqlc.arg(bodies)::bytea[])
ON CONFLICT (campaign, id) DO NOTHING RETURNING id;

-- name: Responses :many
SELECT id, secret, consents, closed FROM responses WHERE campaign = sqlc.arg(campaign) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most)::bigint;

-- name: Texts :many
SELECT id, question, body FROM texts WHERE campaign = sqlc.arg(campaign) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most)::bigint;

-- name: DeleteResponses :execrows
DELETE FROM responses WHERE campaign = sqlc.arg(campaign) AND id > sqlc.arg(after) AND id <= sqlc.arg(last);

-- name: DeleteTexts :execrows
DELETE FROM texts WHERE campaign = sqlc.arg(campaign) AND id > sqlc.arg(after) AND id <= sqlc.arg(last);

-- name: RewriteFiles :exec
SELECT rewrite_files();

-- name: WrittenSoFar :one
SELECT written_so_far();

-- name: IsOver :one
SELECT is_over(sqlc.arg(mark)::bigint);

-- name: ResponsesOf :many
SELECT id, secret, consents, closed FROM responses WHERE campaign = sqlc.arg(campaign) AND secret = sqlc.arg(secret) ORDER BY id LIMIT 1;

-- name: DropResponsesOf :execrows
DELETE FROM responses WHERE campaign = sqlc.arg(campaign) AND secret = sqlc.arg(secret);
