-- +goose NO TRANSACTION
-- +goose Up
-- tries: how often a person's contact was corrected, or another's ID number was tried with this entry's secret. A new entry goes on counting from the one in whose place it stands.
ALTER TABLE entrants ADD COLUMN IF NOT EXISTS tries integer NOT NULL DEFAULT 0;
ALTER TABLE entrants ALTER COLUMN tries SET STATISTICS 0;
