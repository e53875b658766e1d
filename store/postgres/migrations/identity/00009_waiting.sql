-- +goose NO TRANSACTION
-- +goose Up
-- waits: of an entry that stands in another's place, the one whose response still waits to be mixed, under epoch waits_epoch. Who is erased takes it along; once it is mixed nothing says it any more.
ALTER TABLE entrants ADD COLUMN IF NOT EXISTS waits bytea;
ALTER TABLE entrants ADD COLUMN IF NOT EXISTS waits_epoch bigint NOT NULL DEFAULT 0;
ALTER TABLE entrants ALTER COLUMN waits SET STATISTICS 0, ALTER COLUMN waits_epoch SET STATISTICS 0;
CREATE INDEX IF NOT EXISTS entrants_waits ON entrants (campaign, waits_epoch) WHERE waits IS NOT NULL;
