-- +goose Up
-- One row: which daemon appends to the log, moves gates and mixes. There is no time in it.
CREATE TABLE lease (
	id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
	term   INTEGER NOT NULL CHECK (term >= 1),
	beat   INTEGER NOT NULL,
	holder BLOB NOT NULL CHECK (length(holder) = 16),
	door   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
