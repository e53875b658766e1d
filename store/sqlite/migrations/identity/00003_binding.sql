-- +goose Up
-- One row: which installation this room belongs to, and how often the three rooms were moved on together.
CREATE TABLE binding (
	id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
	installation BLOB NOT NULL CHECK (length(installation) = 16),
	generation   INTEGER NOT NULL CHECK (generation >= 1)
) STRICT, WITHOUT ROWID;
