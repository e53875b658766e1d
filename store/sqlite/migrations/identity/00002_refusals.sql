-- +goose Up
-- refusals: 2 and how many persons the token was refused for who had entered already. From 2, so that it takes one byte from the first on.
ALTER TABLE entry_tokens ADD COLUMN refusals INTEGER NOT NULL DEFAULT 2;

-- What an epoch holds is counted where responses wait, not by chances, which the desk may move from epoch to epoch.
DROP INDEX entrants_epoch;
CREATE INDEX pending_dropped ON pending (campaign, epoch, dropped);
