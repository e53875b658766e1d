-- name: PutApproval :execrows
INSERT INTO approvals (id, kind, campaign, draw, act, state, requester, requester_label, requested, expires, decider, decider_label, decided, not_before, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (id) DO NOTHING;

-- name: Approval :one
SELECT * FROM approvals WHERE id = $1;

-- name: Approvals :many
SELECT * FROM approvals WHERE id > sqlc.arg(after) AND state <= sqlc.arg(last) ORDER BY id LIMIT sqlc.arg(most)::bigint;

-- name: MoveApproval :execrows
UPDATE approvals SET state = sqlc.arg(to_state), decider = sqlc.arg(decider), decider_label = sqlc.arg(decider_label), decided = sqlc.arg(decided), outcome = sqlc.arg(outcome)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(from_state);
