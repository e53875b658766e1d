-- +goose NO TRANSACTION
-- +goose Up
-- refusals: how many persons the token was refused for who had entered already.
ALTER TABLE entry_tokens ADD COLUMN IF NOT EXISTS refusals integer NOT NULL DEFAULT 0;

-- What an epoch holds is counted where responses wait, not by chances, which the desk may move from epoch to epoch.
DROP INDEX IF EXISTS entrants_epoch;
CREATE INDEX IF NOT EXISTS pending_dropped ON pending (campaign, epoch, dropped);
