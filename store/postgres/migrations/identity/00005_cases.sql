-- +goose NO TRANSACTION
-- +goose Up
-- Whom a case names: ids of 16 bytes, one after another.
CREATE TABLE IF NOT EXISTS case_entrants (
	campaign bytea NOT NULL CHECK (octet_length(campaign) = 16),
	id       bytea NOT NULL CHECK (octet_length(id) = 16),
	salt     bytea NOT NULL CHECK (octet_length(salt) = 16),
	ids      bytea NOT NULL,
	PRIMARY KEY (campaign, id)
);
