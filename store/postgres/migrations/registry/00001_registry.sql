-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS installation (
	id          integer NOT NULL PRIMARY KEY CHECK (id = 1),
	origin      text COLLATE "C" NOT NULL,
	institution text COLLATE "C" NOT NULL,
	log_key     text COLLATE "C" NOT NULL,
	receipt_key text COLLATE "C" NOT NULL
);

CREATE TABLE IF NOT EXISTS campaigns (
	id          bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
	slug        text COLLATE "C" NOT NULL UNIQUE,
	state       integer NOT NULL,
	version     bigint NOT NULL,
	request_id  text COLLATE "C" NOT NULL,
	rules       bytea NOT NULL,
	open_record bytea NOT NULL,
	tallies     bytea NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS campaigns_request ON campaigns (request_id) WHERE request_id <> '';

CREATE TABLE IF NOT EXISTS draws (
	campaign bytea NOT NULL REFERENCES campaigns (id),
	n        integer NOT NULL CHECK (n >= 1),
	state    integer NOT NULL,
	entrants bigint NOT NULL,
	close    bytea NOT NULL,
	result   bytea NOT NULL,
	ranking  bytea NOT NULL,
	PRIMARY KEY (campaign, n)
);

CREATE TABLE IF NOT EXISTS log (
	n      bigint NOT NULL PRIMARY KEY CHECK (n >= 0),
	record bytea NOT NULL
);

CREATE TABLE IF NOT EXISTS checkpoints (
	size bigint NOT NULL PRIMARY KEY CHECK (size >= 0),
	note bytea NOT NULL
);

CREATE TABLE IF NOT EXISTS files (
	hash bytea NOT NULL PRIMARY KEY CHECK (octet_length(hash) = 32),
	body bytea NOT NULL
);

CREATE TABLE IF NOT EXISTS staff_tokens (
	id      bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 8),
	secret  bytea NOT NULL CHECK (octet_length(secret) = 32),
	role    text COLLATE "C" NOT NULL,
	label   bytea NOT NULL, -- as typed: text has no NUL
	expires bigint NOT NULL,
	revoked boolean NOT NULL
);
ALTER TABLE staff_tokens ALTER COLUMN secret SET STATISTICS 0;
