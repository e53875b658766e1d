-- name: PutCaseEntrants :execrows
INSERT INTO case_entrants (campaign, id, salt, ids) VALUES ($1, $2, $3, $4) ON CONFLICT (campaign, id) DO NOTHING;

-- name: CaseEntrants :one
SELECT salt, ids FROM case_entrants WHERE campaign = $1 AND id = $2;

-- name: DropCaseEntrants :exec
DELETE FROM case_entrants WHERE campaign = $1;
