-- +goose Up
-- waits: of an entry that stands in another's place, the one whose response still waits to be mixed, under epoch waits_epoch. Who is erased takes it along; once it is mixed nothing says it any more.
ALTER TABLE entrants ADD COLUMN waits BLOB;
ALTER TABLE entrants ADD COLUMN waits_epoch INTEGER NOT NULL DEFAULT 0;
CREATE INDEX entrants_waits ON entrants (campaign, waits_epoch) WHERE waits IS NOT NULL;
