-- +goose Up
-- Persons who asked to be erased when the entry list was fixed already. state: 1 waits for the draws, 2 done. Before that their row of entrants says it.
CREATE TABLE erasures (
	campaign BLOB NOT NULL,
	id       BLOB NOT NULL CHECK (length(id) = 16),
	state    INTEGER NOT NULL,
	PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;
