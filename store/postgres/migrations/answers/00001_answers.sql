-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS responses (
	campaign bytea NOT NULL,
	id       bytea NOT NULL CHECK (octet_length(id) = 16),
	secret   bytea NOT NULL CHECK (octet_length(secret) = 32),
	consents integer NOT NULL,
	closed   bytea,
	PRIMARY KEY (campaign, id)
);

-- Texts are bytes: PostgreSQL's text has no NUL.
CREATE TABLE IF NOT EXISTS texts (
	campaign bytea NOT NULL,
	id       bytea NOT NULL CHECK (octet_length(id) = 16),
	question bytea NOT NULL,
	body     bytea NOT NULL,
	PRIMARY KEY (campaign, id)
);

CREATE TABLE IF NOT EXISTS mixed (
	campaign bytea NOT NULL,
	epoch    bigint NOT NULL,
	PRIMARY KEY (campaign, epoch)
);

-- A statistic is a copy of values that outlives its rows.
ALTER TABLE responses ALTER COLUMN id SET STATISTICS 0, ALTER COLUMN secret SET STATISTICS 0,
	ALTER COLUMN consents SET STATISTICS 0, ALTER COLUMN closed SET STATISTICS 0;
ALTER TABLE texts ALTER COLUMN id SET STATISTICS 0, ALTER COLUMN question SET STATISTICS 0, ALTER COLUMN body SET STATISTICS 0;

-- The app role owns nothing, and only an owner may write a table's file anew. This one act is lent to it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION rewrite_files() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	CLUSTER public.responses USING responses_pkey;
	CLUSTER public.texts USING texts_pkey;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rewrite_files() FROM PUBLIC;

-- A rewrite carries deleted rows along while a transaction older than their deletion is under way, in whatever database of the
-- server. So whoever rewrites notes how far writing has come, and waits until all of that is over.
CREATE OR REPLACE FUNCTION written_so_far() RETURNS bigint LANGUAGE sql SET search_path = pg_catalog AS
	'SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint';
CREATE OR REPLACE FUNCTION is_over(mark bigint) RETURNS boolean LANGUAGE sql SET search_path = pg_catalog AS
	'SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= mark';
