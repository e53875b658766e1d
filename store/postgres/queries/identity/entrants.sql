-- name: Present :many
SELECT id FROM envelopes WHERE campaign = sqlc.arg(campaign) AND id = ANY (sqlc.arg(ids)::bytea[]);

-- name: Entrant :one
SELECT e.id, e.epoch, e.stratum, e.chances, e.zero, e.person, p.retry_mac, coalesce(x.state, 0)::integer AS erasure, e.tries, e.waits, e.waits_epoch
FROM entrants e LEFT JOIN pending p ON p.campaign = e.campaign AND p.epoch = e.epoch AND p.id = e.id
	LEFT JOIN erasures x ON x.campaign = e.campaign AND x.id = e.id
WHERE e.campaign = sqlc.arg(campaign) AND e.id = sqlc.arg(id);

-- name: TagsOf :many
SELECT tag FROM tags WHERE campaign = sqlc.arg(campaign) AND tag = ANY (sqlc.arg(tags)::bytea[]);

-- How many rows went in is counted by what comes back: Citus reports all that were offered.
-- name: PutTags :execrows
INSERT INTO tags (campaign, tag, id)
SELECT unnest(sqlc.arg(campaigns)::bytea[]), unnest(sqlc.arg(tags)::bytea[]), unnest(sqlc.arg(ids)::bytea[])
ON CONFLICT (tag, campaign) DO NOTHING RETURNING 1;

-- name: PutEntrants :execrows
INSERT INTO entrants (campaign, id, epoch, stratum, chances, zero, person, consents)
SELECT unnest(sqlc.arg(campaigns)::bytea[]), unnest(sqlc.arg(ids)::bytea[]), unnest(sqlc.arg(epochs)::bigint[]),
	unnest(sqlc.arg(strata)::integer[]), unnest(sqlc.arg(chances)::integer[]), unnest(sqlc.arg(zeros)::text[]),
	unnest(sqlc.arg(persons)::bytea[]), unnest(sqlc.arg(consents)::text[])
ON CONFLICT (campaign, id) DO NOTHING RETURNING 1;

-- name: PutEnvelopes :exec
INSERT INTO envelopes (campaign, id, locks, identity, contact)
SELECT unnest(sqlc.arg(campaigns)::bytea[]), unnest(sqlc.arg(ids)::bytea[]), unnest(sqlc.arg(locks)::bytea[]),
	unnest(sqlc.arg(identities)::bytea[]), unnest(sqlc.arg(contacts)::bytea[]);

-- name: PutPending :exec
INSERT INTO pending (campaign, epoch, id, retry_mac, dropped, response)
SELECT unnest(sqlc.arg(campaigns)::bytea[]), unnest(sqlc.arg(epochs)::bigint[]), unnest(sqlc.arg(ids)::bytea[]),
	unnest(sqlc.arg(macs)::bytea[]), unnest(sqlc.arg(dropped)::boolean[]), unnest(sqlc.arg(responses)::bytea[]);

-- name: PutDays :exec
INSERT INTO days (campaign, part, day, entrants)
SELECT unnest(sqlc.arg(campaigns)::bytea[]), sqlc.arg(part), unnest(sqlc.arg(days)::text[]), unnest(sqlc.arg(entrants)::bigint[]);

-- name: EpochCounted :one
SELECT count(*) FILTER (WHERE NOT dropped) AS kept, count(*) FILTER (WHERE dropped) AS dropped FROM pending WHERE campaign = $1 AND epoch = $2;

-- name: Leaves :many
SELECT id, stratum, chances, person FROM entrants WHERE campaign = sqlc.arg(campaign) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most)::bigint;

-- name: Envelopes :many
SELECT id, locks, identity, contact FROM envelopes WHERE campaign = sqlc.arg(campaign) AND id = ANY (sqlc.arg(ids)::bytea[]);

-- name: SealedIDs :many
SELECT id FROM envelopes WHERE campaign = sqlc.arg(campaign) AND id <> ALL (sqlc.arg(keep)::bytea[]) ORDER BY id LIMIT sqlc.arg(page)::integer;

-- name: DropSealed :exec
DELETE FROM envelopes WHERE campaign = sqlc.arg(campaign) AND id = ANY (sqlc.arg(ids)::bytea[]);

-- name: DropConsents :exec
UPDATE entrants SET consents = sqlc.arg(none)::text WHERE campaign = sqlc.arg(campaign) AND id = ANY (sqlc.arg(ids)::bytea[]);
