-- +goose Up
-- What is kept of an exclusion list from the draft to the close: which list it was, by its mark, and the tag of each person on it. version is the draft's with which it came.
CREATE TABLE exclusions (
	campaign BLOB NOT NULL PRIMARY KEY CHECK (length(campaign) = 16),
	version  INTEGER NOT NULL,
	mark     BLOB NOT NULL CHECK (length(mark) = 32)
) STRICT, WITHOUT ROWID;
CREATE TABLE excluded_tags (
	campaign BLOB NOT NULL,
	tag      BLOB NOT NULL CHECK (length(tag) = 32),
	PRIMARY KEY (campaign, tag)
) STRICT, WITHOUT ROWID;
