-- +goose NO TRANSACTION
-- +goose Up
-- What is kept of an exclusion list from the draft to the close: which list it was, by its mark, and the tag of each person on it. version is the draft's with which it came.
CREATE TABLE IF NOT EXISTS exclusions (
	campaign bytea NOT NULL PRIMARY KEY CHECK (octet_length(campaign) = 16),
	version  bigint NOT NULL,
	mark     bytea NOT NULL CHECK (octet_length(mark) = 32)
);
CREATE TABLE IF NOT EXISTS excluded_tags (
	campaign bytea NOT NULL,
	tag      bytea NOT NULL CHECK (octet_length(tag) = 32),
	PRIMARY KEY (campaign, tag)
);
ALTER TABLE exclusions ALTER COLUMN mark SET STATISTICS 0;
ALTER TABLE excluded_tags ALTER COLUMN tag SET STATISTICS 0;

-- In the order in which an entry takes them, and then what no entry takes.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION rewrite_files() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	CLUSTER public.entry_tokens USING entry_tokens_pkey;
	CLUSTER public.tags USING tags_pkey;
	CLUSTER public.pending USING pending_pkey;
	CLUSTER public.days USING days_pkey;
	CLUSTER public.excluded_tags USING excluded_tags_pkey;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rewrite_files() FROM PUBLIC;
