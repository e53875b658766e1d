-- +goose Up
-- stratum: in which whoever uses the token is drawn; 0: the token does not say it.
ALTER TABLE entry_tokens ADD COLUMN stratum INTEGER NOT NULL DEFAULT 0;
