-- +goose Up
-- Who works on what the clock started, and what came of it.
CREATE TABLE jobs (
	id       BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
	kind     TEXT NOT NULL,
	campaign BLOB NOT NULL CHECK (length(campaign) = 16),
	draw     INTEGER NOT NULL,
	run_at   INTEGER NOT NULL,
	version  INTEGER NOT NULL CHECK (version >= 1),
	holder   BLOB NOT NULL CHECK (length(holder) = 16),
	attempt  INTEGER NOT NULL,
	said     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
