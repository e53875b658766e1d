-- +goose Up
CREATE TABLE gates (
	campaign  BLOB NOT NULL PRIMARY KEY CHECK (length(campaign) = 16),
	state     INTEGER NOT NULL,
	epoch     INTEGER NOT NULL,
	moving    INTEGER NOT NULL,
	ends      INTEGER NOT NULL,
	open_hash BLOB NOT NULL CHECK (length(open_hash) = 32)
) STRICT, WITHOUT ROWID;

-- Small rows: the entry list is read out of them. Everything bulky has a table of its own.
CREATE TABLE entrants (
	campaign BLOB NOT NULL,
	id       BLOB NOT NULL CHECK (length(id) = 16),
	epoch    INTEGER NOT NULL,
	stratum  INTEGER NOT NULL,
	chances  INTEGER NOT NULL,
	zero     TEXT NOT NULL,
	person   BLOB NOT NULL,
	consents TEXT NOT NULL,
	PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX entrants_epoch ON entrants (campaign, epoch, chances);

CREATE TABLE envelopes (
	campaign BLOB NOT NULL,
	id       BLOB NOT NULL,
	locks    BLOB NOT NULL,
	identity BLOB,
	contact  BLOB,
	PRIMARY KEY (campaign, id)
) STRICT, WITHOUT ROWID;

-- What waits to be mixed. By epoch, so that a batch lies together and its pages are freed whole.
CREATE TABLE pending (
	campaign  BLOB NOT NULL,
	epoch     INTEGER NOT NULL,
	id        BLOB NOT NULL,
	retry_mac BLOB NOT NULL,
	dropped   INTEGER NOT NULL,
	response  BLOB,
	PRIMARY KEY (campaign, epoch, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
	campaign BLOB NOT NULL,
	tag      BLOB NOT NULL CHECK (length(tag) = 32),
	id       BLOB NOT NULL,
	PRIMARY KEY (campaign, tag)
) STRICT, WITHOUT ROWID;

-- Counted at entry, so that no entrant's row has to carry a day.
CREATE TABLE days (
	campaign BLOB NOT NULL,
	day      TEXT NOT NULL,
	entrants INTEGER NOT NULL,
	PRIMARY KEY (campaign, day)
) STRICT, WITHOUT ROWID;

-- state: 2 unused, 3 used, 4 revoked. All three take one byte, so that a used token does not move in its page.
CREATE TABLE entry_tokens (
	campaign BLOB NOT NULL,
	hash     BLOB NOT NULL CHECK (length(hash) = 32),
	chances  INTEGER NOT NULL,
	expires  INTEGER NOT NULL,
	state    INTEGER NOT NULL,
	PRIMARY KEY (campaign, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
	campaign BLOB NOT NULL,
	first    INTEGER NOT NULL,
	last     INTEGER NOT NULL CHECK (last >= first),
	cleared  INTEGER NOT NULL,
	PRIMARY KEY (campaign, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE releases (
	campaign BLOB NOT NULL,
	draw     INTEGER NOT NULL,
	n        INTEGER NOT NULL,
	opened   BLOB NOT NULL CHECK (length(opened) = 32),
	ids      BLOB NOT NULL,
	PRIMARY KEY (campaign, draw, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE notices (
	campaign BLOB NOT NULL,
	draw     INTEGER NOT NULL,
	stratum  INTEGER NOT NULL,
	rank     INTEGER NOT NULL,
	state    INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	PRIMARY KEY (campaign, draw, stratum, rank)
) STRICT, WITHOUT ROWID;
