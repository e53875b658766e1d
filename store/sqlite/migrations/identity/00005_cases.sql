-- +goose Up
-- Whom a case names: ids of 16 bytes, one after another.
CREATE TABLE case_entrants (
	campaign BLOB NOT NULL CHECK (length(campaign) = 16),
	id       BLOB NOT NULL CHECK (length(id) = 16),
	salt     BLOB NOT NULL CHECK (length(salt) = 16),
	ids      BLOB NOT NULL,
	PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;
