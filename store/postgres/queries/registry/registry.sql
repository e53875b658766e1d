-- name: Installation :one
SELECT origin, institution, log_key, receipt_key FROM installation;

-- name: PutInstallation :execrows
INSERT INTO installation (id, origin, institution, log_key, receipt_key) VALUES (1, $1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: CreateCampaign :execrows
INSERT INTO campaigns (id, slug, state, version, request_id, rules, open_record, tallies)
VALUES ($1, $2, $3, 1, $4, $5, '', '') ON CONFLICT DO NOTHING;

-- name: Campaign :one
SELECT * FROM campaigns WHERE id = $1;

-- name: CampaignBySlug :one
SELECT * FROM campaigns WHERE slug = $1;

-- name: CampaignByRequest :one
SELECT * FROM campaigns WHERE request_id = $1 AND request_id <> '';

-- name: Campaigns :many
SELECT * FROM campaigns WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most)::bigint;

-- name: UpdateDraft :execrows
UPDATE campaigns SET rules = $1, version = version + 1 WHERE id = $2 AND version = $3 AND state = $4;

-- name: DeleteDraft :execrows
DELETE FROM campaigns WHERE id = $1 AND version = $2 AND state = $3;

-- name: SwapCampaignState :execrows
UPDATE campaigns SET state = sqlc.arg(to_state) WHERE id = sqlc.arg(id) AND state = sqlc.arg(from_state);

-- name: OpenDraft :execrows
UPDATE campaigns SET state = sqlc.arg(to_state) WHERE id = sqlc.arg(id) AND state = sqlc.arg(from_state) AND version = sqlc.arg(version);

-- name: PutOpenRecord :execrows
UPDATE campaigns SET open_record = $1 WHERE id = $2;

-- name: SetGateMade :execrows
UPDATE campaigns SET gate_made = true WHERE id = $1;

-- name: PutTallies :execrows
UPDATE campaigns SET tallies = $1 WHERE id = $2 AND tallies = '';

-- name: Draws :many
SELECT n, state, entrants, close, result, ranking FROM draws WHERE campaign = $1 ORDER BY n;

-- name: MakeDraw :exec
INSERT INTO draws (campaign, n, state, entrants, close, result, ranking) VALUES ($1, $2, $3, 0, '', '', '');

-- name: MoveDraw :execrows
UPDATE draws SET state = sqlc.arg(to_state),
	entrants = CASE WHEN sqlc.arg(entrants)::bigint = 0 THEN entrants ELSE sqlc.arg(entrants)::bigint END,
	close = coalesce(sqlc.narg(close), close), result = coalesce(sqlc.narg(result), result), ranking = coalesce(sqlc.narg(ranking), ranking)
WHERE campaign = sqlc.arg(campaign) AND n = sqlc.arg(n) AND state = sqlc.arg(from_state);
