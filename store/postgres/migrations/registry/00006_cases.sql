-- +goose NO TRANSACTION
-- +goose Up
-- Orders, notices and requests that staff work on; whom one names stands in the identity room.
CREATE TABLE IF NOT EXISTS cases (
	id       bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
	campaign bytea NOT NULL CHECK (octet_length(campaign) = 16),
	closed   integer NOT NULL CHECK (closed IN (0, 1)),
	version  bigint NOT NULL CHECK (version >= 1),
	body     bytea NOT NULL
);
CREATE INDEX IF NOT EXISTS cases_closed ON cases (closed, id);
