-- +goose NO TRANSACTION
-- +goose Up
-- Persons who asked to be erased when the entry list was fixed already. state: 1 waits for the draws, 2 done. Before that their row of entrants says it.
CREATE TABLE IF NOT EXISTS erasures (
	campaign bytea NOT NULL,
	id       bytea NOT NULL CHECK (octet_length(id) = 16),
	state    integer NOT NULL,
	PRIMARY KEY (campaign, id)
);
ALTER TABLE erasures ALTER COLUMN id SET STATISTICS 0;
