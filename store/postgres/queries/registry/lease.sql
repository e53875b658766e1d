-- name: Lease :one
SELECT term, beat, holder, door FROM lease WHERE id = 1;

-- name: TakeLease :execrows
INSERT INTO lease (id, term, beat, holder, door)
VALUES (1, sqlc.arg(term), sqlc.arg(beat), sqlc.arg(holder), sqlc.arg(door)) ON CONFLICT (id) DO NOTHING;

-- name: SwapLease :execrows
UPDATE lease SET term = sqlc.arg(term), beat = sqlc.arg(beat), holder = sqlc.arg(holder), door = sqlc.arg(door)
WHERE id = 1 AND term = sqlc.arg(old_term) AND beat = sqlc.arg(old_beat) AND holder = sqlc.arg(old_holder) AND door = sqlc.arg(old_door);
