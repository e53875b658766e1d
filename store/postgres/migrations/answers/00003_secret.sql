-- +goose NO TRANSACTION
-- +goose Up
-- Whoever has the answer secret finds their response by its hash. No batch and no order is in it: the hash is random.
CREATE INDEX IF NOT EXISTS responses_secret ON responses (secret, campaign);
