-- +goose Up
CREATE TABLE installation (
	id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
	origin      TEXT NOT NULL,
	institution TEXT NOT NULL,
	log_key     TEXT NOT NULL,
	receipt_key TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE campaigns (
	id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
	slug        TEXT NOT NULL UNIQUE,
	state       INTEGER NOT NULL,
	version     INTEGER NOT NULL,
	request_id  TEXT NOT NULL,
	rules       BLOB NOT NULL,
	open_record BLOB NOT NULL,
	tallies     BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX campaigns_request ON campaigns (request_id) WHERE request_id <> '';

CREATE TABLE draws (
	campaign BLOB NOT NULL REFERENCES campaigns (id),
	n        INTEGER NOT NULL CHECK (n >= 1),
	state    INTEGER NOT NULL,
	entrants INTEGER NOT NULL,
	close    BLOB NOT NULL,
	result   BLOB NOT NULL,
	ranking  BLOB NOT NULL,
	PRIMARY KEY (campaign, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
	n      INTEGER NOT NULL PRIMARY KEY CHECK (n >= 0),
	record BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
	size INTEGER NOT NULL PRIMARY KEY CHECK (size >= 0),
	note BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
	hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
	body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_tokens (
	id      BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 8),
	secret  BLOB NOT NULL CHECK (length(secret) = 32),
	role    TEXT NOT NULL,
	label   TEXT NOT NULL,
	expires INTEGER NOT NULL,
	revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
