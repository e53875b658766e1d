-- +goose NO TRANSACTION
-- +goose Up
-- What a release opens envelopes for: notice, claim or tax, as its record in the log says.
ALTER TABLE releases ADD COLUMN IF NOT EXISTS purpose text COLLATE "C" NOT NULL DEFAULT 'notice';
