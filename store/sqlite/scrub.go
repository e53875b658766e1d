package sqlite

import (
	"context"
	"database/sql"

	"fairlot/store"
)

// vacuum writes the whole file anew, every table in the order of its keys, through a copy in memory of the file's size. The caller
// holds the turn and then truncates the log. It has a connection of its own, the only kind that may attach: VACUUM does
// so itself, to the copy. No statement with a value from outside ever runs on it.
func (d *room) vacuum(ctx context.Context) error {
	db := sql.OpenDB(connector{dsn: writeDSN(d.path, d.busy), attach: true})
	defer func() { _ = db.Close() }()
	_, err := db.ExecContext(ctx, "VACUUM")
	return err
}

// The tables, and their keys, out of which rows go one by one or a campaign at a time, with what SQLite needs to hold a copy of them.
// The others keep their rows until the installation ends, and what they hold is sealed for custodians or public.
var scrubbed = []struct{ table, key string }{
	{"days", "1, 2"}, {"entry_tokens", "1, 2"}, {"excluded_tags", "1, 2"}, {"pending", "1, 2, 3"}, {"tags", "1, 2"},
}

// Scrub implements store.Identity. Freed pages are zeroed when they are freed; what remains are stale bytes between the rows of pages
// still in use. So the tables that lose rows are emptied and filled again from memory, free pages are given back, and the
// write-ahead log is emptied. Envelopes, by far the largest table, are not touched.
func (d *Identity) Scrub(ctx context.Context) error {
	return d.writeThen(ctx, "scrub identity room", func(t *tx) error {
		for _, s := range scrubbed {
			for _, query := range []string{
				"CREATE TEMP TABLE kept AS SELECT * FROM main." + s.table,
				"DELETE FROM main." + s.table,
				"INSERT INTO main." + s.table + " SELECT * FROM temp.kept ORDER BY " + s.key,
				"DROP TABLE temp.kept",
			} {
				// Not prepared ahead: each needs the table that the one before it made.
				if _, err := t.conn.ExecContext(t.ctx, query); err != nil {
					return err
				}
			}
		}
		return nil
	}, func(ctx context.Context, c *sql.Conn) error {
		if err := giveBack(ctx, c); err != nil {
			return err
		}
		return d.truncateLog(ctx, c)
	})
}

// giveBack cuts free pages off the file. The pragma does one page a step, so its rows are read to the end.
func giveBack(ctx context.Context, c *sql.Conn) error {
	rows, err := c.QueryContext(ctx, "PRAGMA incremental_vacuum")
	if err != nil {
		return err
	}
	for rows.Next() {
		continue
	}
	if err := rows.Err(); err != nil {
		_ = rows.Close()
		return err
	}
	return rows.Close()
}

// Rewrite implements store.Answers. Rows lie in their pages in the order they were inserted, whatever the key, and pages in the order
// they filled. VACUUM writes the tables of the file anew in key order, those of other campaigns too, and leaves no page of the old layout.
func (d *Answers) Rewrite(ctx context.Context, _ store.CampaignID) error {
	return d.writeThen(ctx, "rewrite responses", func(*tx) error { return nil }, func(ctx context.Context, c *sql.Conn) error {
		if err := d.vacuum(ctx); err != nil {
			return err
		}
		return d.truncateLog(ctx, c)
	})
}
