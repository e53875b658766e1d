-- name: PutEntryTokens :exec
INSERT INTO entry_tokens (campaign, hash, chances, stratum, expires, state)
SELECT sqlc.arg(campaign), unnest(sqlc.arg(hashes)::bytea[]), unnest(sqlc.arg(chances)::integer[]), unnest(sqlc.arg(strata)::integer[]), unnest(sqlc.arg(expires)::bigint[]),
	sqlc.arg(state)::integer
ON CONFLICT (hash, campaign) DO NOTHING;

-- name: EntryTokens :many
SELECT hash, chances, stratum, expires, state, refusals FROM entry_tokens WHERE campaign = sqlc.arg(campaign) AND hash = ANY (sqlc.arg(hashes)::bytea[]);

-- name: SwapEntryTokens :execrows
UPDATE entry_tokens SET state = sqlc.arg(to_state)
WHERE campaign = sqlc.arg(campaign) AND hash = ANY (sqlc.arg(hashes)::bytea[]) AND state = sqlc.arg(from_state);

-- What was judged by must still stand, or the row is left out.
-- name: SpendEntryTokens :execrows
UPDATE entry_tokens SET state = sqlc.arg(to_state), refusals = sqlc.arg(to_refusals)
WHERE campaign = sqlc.arg(campaign) AND hash = ANY (sqlc.arg(hashes)::bytea[]) AND state = sqlc.arg(from_state) AND refusals = sqlc.arg(from_refusals);
