-- +goose NO TRANSACTION
-- +goose Up
-- The audit trail. The app role may add rows and read them, no more (migrate.go).
CREATE TABLE IF NOT EXISTS acts (
	n    bigint NOT NULL PRIMARY KEY CHECK (n >= 1),
	hash bytea NOT NULL CHECK (octet_length(hash) = 32),
	text bytea NOT NULL
);

-- What one member of staff asked for and another must want too.
CREATE TABLE IF NOT EXISTS approvals (
	id              bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
	kind            text COLLATE "C" NOT NULL,
	campaign        bytea NOT NULL CHECK (octet_length(campaign) = 16),
	draw            integer NOT NULL,
	act             bytea NOT NULL,
	state           integer NOT NULL,
	requester       text COLLATE "C" NOT NULL,
	requester_label bytea NOT NULL, -- as typed: text has no NUL
	requested       bigint NOT NULL,
	expires         bigint NOT NULL,
	decider         text COLLATE "C" NOT NULL,
	decider_label   bytea NOT NULL,
	decided         bigint NOT NULL,
	not_before      bigint NOT NULL,
	outcome         text COLLATE "C" NOT NULL
);
CREATE INDEX IF NOT EXISTS approvals_state ON approvals (state, id);
