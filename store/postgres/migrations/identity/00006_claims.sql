-- +goose NO TRANSACTION
-- +goose Up
-- Who holds a seat came to the desk and claimed the prize. By day: no time tells when somebody was there.
CREATE TABLE IF NOT EXISTS claims (
	campaign bytea NOT NULL,
	draw     integer NOT NULL,
	stratum  integer NOT NULL,
	rank     bigint NOT NULL,
	day      text COLLATE "C" NOT NULL,
	label    bytea NOT NULL,
	way      text COLLATE "C" NOT NULL,
	PRIMARY KEY (campaign, draw, stratum, rank)
);
