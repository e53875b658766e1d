-- +goose Up
-- What a release opens envelopes for: notice, claim or tax, as its record in the log says.
ALTER TABLE releases ADD COLUMN purpose TEXT NOT NULL DEFAULT 'notice';
