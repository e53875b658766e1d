-- +goose NO TRANSACTION
-- +goose Up
-- Who works on what the clock started, and what came of it.
CREATE TABLE IF NOT EXISTS jobs (
	id       bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
	kind     text COLLATE "C" NOT NULL,
	campaign bytea NOT NULL CHECK (octet_length(campaign) = 16),
	draw     integer NOT NULL,
	run_at   bigint NOT NULL,
	version  bigint NOT NULL CHECK (version >= 1),
	holder   bytea NOT NULL CHECK (octet_length(holder) = 16),
	attempt  integer NOT NULL,
	said     text COLLATE "C" NOT NULL
);
