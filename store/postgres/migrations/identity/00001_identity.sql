-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS gates (
	campaign  bytea NOT NULL PRIMARY KEY CHECK (octet_length(campaign) = 16),
	state     integer NOT NULL,
	epoch     bigint NOT NULL,
	ends      bigint NOT NULL,
	open_hash bytea NOT NULL CHECK (octet_length(open_hash) = 32)
);

-- The announcements of movers. Not a column of the gate: whoever wants to write a row that others share-lock all the time
-- waits as long as the mover would. One that no longer fits its gate's state and epoch says nothing.
CREATE TABLE IF NOT EXISTS moves (
	campaign bytea NOT NULL,
	state    integer NOT NULL,
	epoch    bigint NOT NULL,
	PRIMARY KEY (campaign, state, epoch)
);

-- Where rows are looked up by many keys at once, the random part comes first in the index: a planner without statistics walks
-- over a whole campaign otherwise, and new tables have none.

-- Small rows: the entry list is read out of them. Everything bulky has a table of its own.
CREATE TABLE IF NOT EXISTS entrants (
	campaign bytea NOT NULL,
	id       bytea NOT NULL CHECK (octet_length(id) = 16),
	epoch    bigint NOT NULL,
	stratum  integer NOT NULL,
	chances  integer NOT NULL,
	zero     text COLLATE "C" NOT NULL,
	person   bytea NOT NULL CHECK (octet_length(person) = 32),
	consents text COLLATE "C" NOT NULL,
	PRIMARY KEY (campaign, id)
);
CREATE INDEX IF NOT EXISTS entrants_epoch ON entrants (campaign, epoch, chances);

CREATE TABLE IF NOT EXISTS envelopes (
	campaign bytea NOT NULL,
	id       bytea NOT NULL,
	locks    bytea NOT NULL,
	identity bytea,
	contact  bytea,
	PRIMARY KEY (id, campaign)
);

-- What waits to be mixed.
CREATE TABLE IF NOT EXISTS pending (
	campaign  bytea NOT NULL,
	epoch     bigint NOT NULL,
	id        bytea NOT NULL,
	retry_mac bytea NOT NULL CHECK (octet_length(retry_mac) = 32),
	dropped   boolean NOT NULL,
	response  bytea,
	PRIMARY KEY (campaign, epoch, id)
);

CREATE TABLE IF NOT EXISTS tags (
	campaign bytea NOT NULL,
	tag      bytea NOT NULL CHECK (octet_length(tag) = 32),
	id       bytea NOT NULL,
	PRIMARY KEY (tag, campaign)
);

-- Counted at entry, so that no entrant's row has to carry a day. One row a group commit under a random part: a row that every
-- commit wrote would let them through one at a time.
CREATE TABLE IF NOT EXISTS days (
	campaign bytea NOT NULL,
	part     bytea NOT NULL,
	day      text COLLATE "C" NOT NULL,
	entrants bigint NOT NULL,
	PRIMARY KEY (campaign, part, day)
);

-- state: 2 unused, 3 used, 4 revoked.
CREATE TABLE IF NOT EXISTS entry_tokens (
	campaign bytea NOT NULL,
	hash     bytea NOT NULL CHECK (octet_length(hash) = 32),
	chances  integer NOT NULL,
	expires  bigint NOT NULL,
	state    integer NOT NULL,
	PRIMARY KEY (hash, campaign)
);

CREATE TABLE IF NOT EXISTS batches (
	campaign bytea NOT NULL,
	first    bigint NOT NULL,
	last     bigint NOT NULL CHECK (last >= first),
	cleared  boolean NOT NULL,
	PRIMARY KEY (campaign, first)
);

CREATE TABLE IF NOT EXISTS releases (
	campaign bytea NOT NULL,
	draw     integer NOT NULL,
	n        integer NOT NULL,
	opened   bytea NOT NULL CHECK (octet_length(opened) = 32),
	ids      bytea NOT NULL,
	PRIMARY KEY (campaign, draw, n)
);

CREATE TABLE IF NOT EXISTS notices (
	campaign bytea NOT NULL,
	draw     integer NOT NULL,
	stratum  integer NOT NULL,
	rank     bigint NOT NULL,
	state    integer NOT NULL,
	attempts integer NOT NULL,
	updated  bigint NOT NULL,
	PRIMARY KEY (campaign, draw, stratum, rank)
);

-- A statistic is a copy of values that outlives its rows.
ALTER TABLE entrants ALTER COLUMN id SET STATISTICS 0, ALTER COLUMN person SET STATISTICS 0, ALTER COLUMN consents SET STATISTICS 0;
ALTER TABLE envelopes ALTER COLUMN id SET STATISTICS 0, ALTER COLUMN locks SET STATISTICS 0,
	ALTER COLUMN identity SET STATISTICS 0, ALTER COLUMN contact SET STATISTICS 0;
ALTER TABLE pending ALTER COLUMN id SET STATISTICS 0, ALTER COLUMN retry_mac SET STATISTICS 0, ALTER COLUMN response SET STATISTICS 0;
ALTER TABLE tags ALTER COLUMN tag SET STATISTICS 0, ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE days ALTER COLUMN part SET STATISTICS 0;
ALTER TABLE entry_tokens ALTER COLUMN hash SET STATISTICS 0;
ALTER TABLE releases ALTER COLUMN opened SET STATISTICS 0, ALTER COLUMN ids SET STATISTICS 0;

-- Sealed bytes do not compress.
ALTER TABLE envelopes ALTER COLUMN locks SET STORAGE EXTERNAL, ALTER COLUMN identity SET STORAGE EXTERNAL, ALTER COLUMN contact SET STORAGE EXTERNAL;
ALTER TABLE pending ALTER COLUMN response SET STORAGE EXTERNAL;

-- The app role owns nothing, and only an owner may write a table's file anew. This one act is lent to it, for the tables
-- out of which rows go one by one or a campaign at a time. In the order in which an entry takes them.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION rewrite_files() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	CLUSTER public.entry_tokens USING entry_tokens_pkey;
	CLUSTER public.tags USING tags_pkey;
	CLUSTER public.pending USING pending_pkey;
	CLUSTER public.days USING days_pkey;
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
