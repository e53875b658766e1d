-- +goose Up
-- tries: how often a person's contact was corrected, or another's ID number was tried with this entry's secret. A new entry goes on counting from the one in whose place it stands.
ALTER TABLE entrants ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
