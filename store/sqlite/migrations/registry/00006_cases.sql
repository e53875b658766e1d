-- +goose Up
-- Orders, notices and requests that staff work on; whom one names stands in the identity room.
CREATE TABLE cases (
	id       BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
	campaign BLOB NOT NULL CHECK (length(campaign) = 16),
	closed   INTEGER NOT NULL CHECK (closed IN (0, 1)),
	version  INTEGER NOT NULL CHECK (version >= 1),
	body     BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cases_closed ON cases (closed, id);
