-- +goose Up
-- Who holds a seat came to the desk and claimed the prize. By day: no time tells when somebody was there.
CREATE TABLE claims (
	campaign BLOB NOT NULL,
	draw     INTEGER NOT NULL,
	stratum  INTEGER NOT NULL,
	rank     INTEGER NOT NULL,
	day      TEXT NOT NULL,
	label    BLOB NOT NULL,
	way      TEXT NOT NULL,
	PRIMARY KEY (campaign, draw, stratum, rank)
) STRICT, WITHOUT ROWID;
