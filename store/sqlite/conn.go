package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"strconv"
	"time"

	"modernc.org/sqlite"
)

// busyTimeout is how long a connection waits for another process's lock.
const busyTimeout = 5 * time.Second

// limitAttached is SQLITE_LIMIT_ATTACHED of sqlite3.h.
const limitAttached = 7

// pragmas are those of every connection. The driver runs them in alphabetical order, after busy_timeout.
func pragmas(busy time.Duration) url.Values {
	return url.Values{
		"mode":          {"rw"}, // never create
		"_busy_timeout": {strconv.FormatInt(busy.Milliseconds(), 10)},
		"_txlock":       {"immediate"},
		"_pragma": {
			"cell_size_check(1)",
			"foreign_keys(1)",
			"secure_delete(1)",
			"synchronous(FULL)",
			"temp_store(MEMORY)",
			"trusted_schema(0)",
		},
	}
}

func dsn(path string, v url.Values) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: v.Encode()}
	return u.String()
}

func writeDSN(path string, busy time.Duration) string {
	v := pragmas(busy)
	v.Add("_pragma", "cache_size(-16384)")
	v.Add("_pragma", "journal_mode(WAL)")
	v.Add("_pragma", "wal_autocheckpoint("+strconv.Itoa(walPages)+")")
	return dsn(path, v)
}

// walPages is after how many pages of log a commit moves them into the file (16 MiB): fewer, larger checkpoints than SQLite's own 1000.
const walPages = 4096

func readDSN(path string, busy time.Duration) string {
	v := pragmas(busy)
	v.Add("_pragma", "query_only(1)")
	return dsn(path, v)
}

// newFileDSN sets what is fixed by the first page written.
func newFileDSN(path string) string {
	v := pragmas(busyTimeout)
	v.Set("_auto_vacuum", "incremental")
	v.Add("_pragma", "journal_mode(WAL)")
	return dsn(path, v)
}

// connector opens connections that cannot attach another file.
type connector struct {
	dsn    string
	attach bool // for the one connection that rewrites the file: VACUUM attaches a database of its own, in memory
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	base, err := sqlite.NewConnector(c.dsn)
	if err != nil {
		return nil, err
	}
	conn, err := base.Connect(ctx)
	if err != nil {
		return nil, err
	}
	limit := 0
	if c.attach {
		limit = 1
	}
	if err := limitAttach(conn, limit); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c connector) Driver() driver.Driver { return &sqlite.Driver{} }

// limitAttach sets the limit on a bare connection. The driver's Limit wants a *sql.Conn, so one is put around it for a moment.
func limitAttach(conn driver.Conn, n int) error {
	db := sql.OpenDB(borrowed{conn})
	defer func() { _ = db.Close() }()
	c, err := db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_, err = sqlite.Limit(c, limitAttached, n)
	return err
}

// borrowed is a connector that lends one connection and a connection that does not close what it wraps.
type borrowed struct{ driver.Conn }

func (b borrowed) Connect(context.Context) (driver.Conn, error) { return b, nil }
func (b borrowed) Driver() driver.Driver                        { return &sqlite.Driver{} }
func (b borrowed) Unwrap() driver.Conn                          { return b.Conn }
func (b borrowed) Close() error                                 { return nil }
