-- +goose NO TRANSACTION
-- +goose Up
-- One row: which installation this room belongs to, and how often the three rooms were moved on together.
CREATE TABLE IF NOT EXISTS binding (
	id           integer NOT NULL PRIMARY KEY CHECK (id = 1),
	installation bytea NOT NULL CHECK (octet_length(installation) = 16),
	generation   bigint NOT NULL CHECK (generation >= 1)
);
