-- +goose Up
-- Whoever has the answer secret finds their response by its hash. No batch and no order is in it: the hash is random.
CREATE INDEX responses_secret ON responses (campaign, secret);
