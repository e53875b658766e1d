-- +goose NO TRANSACTION
-- +goose Up
-- One row: which daemon appends to the log, moves gates and mixes. There is no time in it.
CREATE TABLE IF NOT EXISTS lease (
	id     integer NOT NULL PRIMARY KEY CHECK (id = 1),
	term   bigint NOT NULL CHECK (term >= 1),
	beat   bigint NOT NULL,
	holder bytea NOT NULL CHECK (octet_length(holder) = 16),
	door   text COLLATE "C" NOT NULL
);
