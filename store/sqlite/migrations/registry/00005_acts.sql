-- +goose Up
-- The audit trail. No query of this program changes or deletes a row.
CREATE TABLE acts (
	n    INTEGER NOT NULL PRIMARY KEY CHECK (n >= 1),
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	text BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What one member of staff asked for and another must want too.
CREATE TABLE approvals (
	id              BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
	kind            TEXT NOT NULL,
	campaign        BLOB NOT NULL CHECK (length(campaign) = 16),
	draw            INTEGER NOT NULL,
	act             BLOB NOT NULL,
	state           INTEGER NOT NULL,
	requester       TEXT NOT NULL,
	requester_label BLOB NOT NULL,
	requested       INTEGER NOT NULL,
	expires         INTEGER NOT NULL,
	decider         TEXT NOT NULL,
	decider_label   BLOB NOT NULL,
	decided         INTEGER NOT NULL,
	not_before      INTEGER NOT NULL,
	outcome         TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_state ON approvals (state, id);
