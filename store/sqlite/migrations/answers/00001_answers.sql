-- +goose Up
CREATE TABLE responses (
	campaign BLOB NOT NULL,
	id       BLOB NOT NULL CHECK (length(id) = 16),
	secret   BLOB NOT NULL CHECK (length(secret) = 32),
	consents INTEGER NOT NULL,
	closed   BLOB,
	PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE texts (
	campaign BLOB NOT NULL,
	id       BLOB NOT NULL CHECK (length(id) = 16),
	question TEXT NOT NULL,
	body     TEXT NOT NULL,
	PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mixed (
	campaign BLOB NOT NULL,
	epoch    INTEGER NOT NULL,
	PRIMARY KEY (campaign, epoch)
) STRICT, WITHOUT ROWID;
