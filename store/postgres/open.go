// Package postgres keeps the three rooms of package store in three PostgreSQL databases, of one server or of several.
//
// It is no general database layer: each database belongs to one room and has two roles of its own. The owner makes the
// tables and is used by [Create] and [Migrate] only; the app role, under which [Open] runs, may read and write rows of its own
// room and nothing else, and Open refuses to run where that is not so. Call [Provision] and Create once for an
// installation, Migrate after an upgrade, Open ever after.
//
// Every change is one transaction of the database's default isolation: read committed and serializable are both tested.
// Serialization failures, deadlocks and lost races are tried again in one place, and so is a connection cut before COMMIT; a
// COMMIT without an answer is store.ErrUnavailable and the caller's to repeat. Statements are bounded in time, so that nobody waits for a
// server that is gone.
//
// The queries are written in queries/, next to their room's migrations, compiled by sqlc, and held to what distributed
// kin of PostgreSQL accept by the rules in sqlc.yaml: no sequences, triggers, advisory locks, notifications, DDL or clock. No row
// is written by every entry: the gate is share-locked once a group commit, and days are counted in parts.
//
// What stays readable in a database's files, and for how long: a deleted row stays in its page until vacuum and reuse, or until
// Scrub and Rewrite write the tables anew; every row keeps the number of the transaction that wrote it, which in the
// identity room tells the order of group commits, and in the answers room one number for each batch, for the whole campaign after
// Rewrite; the write-ahead log and its archives keep everything in order. That is why responses lie in the identity
// room sealed only, and why epoch and tag keys are destroyed elsewhere.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
)

// DSNs are the connection strings of the three rooms, as URLs (postgres://role:password@host:port/database?…) or in libpq's
// keyword form. pool_max_conns sets the size of a pool. An attacker who can change one can read and forge that room.
type DSNs struct{ Registry, Identity, Answers string }

// roomName is a room's name in texts, names of databases and folders of migrations.
type roomName string

const (
	registryRoom roomName = "registry"
	identityRoom roomName = "identity"
	answersRoom  roomName = "answers"
)

// marker is a table that only this room has.
func (n roomName) marker() string {
	return map[roomName]string{registryRoom: "campaigns", identityRoom: "gates", answersRoom: "responses"}[n]
}

type roomDSN struct {
	name roomName
	dsn  string
}

func (d DSNs) rooms() []roomDSN {
	return []roomDSN{{registryRoom, d.Registry}, {identityRoom, d.Identity}, {answersRoom, d.Answers}}
}

// Sizes of pools where the DSN says nothing.
const (
	identityConns = 16
	otherConns    = 8
)

// Settings of every session where the DSN says nothing, in milliseconds.
var settings = map[string]string{
	"application_name":                    "fairlot",
	"statement_timeout":                   "15000",
	"lock_timeout":                        "5000",
	"idle_in_transaction_session_timeout": "15000", // ends a session whose daemon is gone, and its locks
}

// form says how a DSN is written.
const form = "want postgres://ROLE:PASSWORD@HOST:5432/DATABASE; in the password # / ? @ : % are written %23 %2F %3F %40 %3A %25"

// config reads a DSN. The error does not quote it: it has a password.
func config(r roomDSN) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(r.dsn)
	u, _ := url.Parse(r.dsn)
	if name := wrongParameter(u); err != nil && name != "" {
		return nil, fmt.Errorf("read the %s room's DSN: %s behind the question mark has a value that is none", r.name, name)
	}
	if err != nil || u != nil && u.Host != "" && u.Fragment != "" {
		return nil, fmt.Errorf("read the %s room's DSN: malformed: %s", r.name, form)
	}
	if c.ConnConfig.Database == "" || c.ConnConfig.User == "" {
		return nil, fmt.Errorf("read the %s room's DSN: it names no database or no role", r.name)
	}
	for name, value := range settings {
		if _, ok := c.ConnConfig.RuntimeParams[name]; !ok {
			c.ConnConfig.RuntimeParams[name] = value
		}
	}
	if c.ConnConfig.ConnectTimeout == 0 || c.ConnConfig.ConnectTimeout > 5*time.Second {
		c.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3}}
	c.ConnConfig.DialFunc = dialer.DialContext
	c.PingTimeout = 2 * time.Second
	c.ConnConfig.OnNotice = noteWarning
	// Of several hosts the one that takes writes, whoever it is at the moment, unless the DSN says otherwise.
	if several(&c.ConnConfig.Config) && c.ConnConfig.ValidateConnect == nil {
		c.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return c, nil
}

// wrongParameter names the parameter without which a DSN could be read, if there is one.
func wrongParameter(u *url.URL) string {
	if u == nil {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(u.Query())) {
		q, without := u.Query(), *u
		q.Del(name)
		without.RawQuery = q.Encode()
		if _, err := pgxpool.ParseConfig(without.String()); err == nil {
			return name
		}
	}
	return ""
}

// Check tells whether the DSNs can be read, without asking anybody. The error names the room and quotes nothing.
func (d DSNs) Check() error {
	for _, r := range d.rooms() {
		if _, err := config(r); err != nil {
			return err
		}
	}
	return nil
}

// several tells whether a DSN names more than one host. Another way to the same host, without TLS, is not another one.
func several(c *pgconn.Config) bool {
	return slices.ContainsFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.Host != c.Host || f.Port != c.Port })
}

// Open opens the three rooms under their app roles. It creates nothing: an absent database or schema is [store.ErrNotFound], a schema
// older than this program's an error that asks for [Migrate]. A newer one is fine, because migrations only add. It refuses to
// run, with a [*ReachError], if an app role can reach more than its own room, and, with another error, on a server that does not keep what it
// acknowledges (fsync or synchronous_commit off), on a standby, and on PostgreSQL older than 15.
func Open(ctx context.Context, dsns DSNs) (_ store.Rooms, err error) {
	var opened []*room
	defer func() {
		if err != nil {
			for _, r := range opened {
				_ = r.Close()
			}
		}
	}()
	for _, r := range dsns.rooms() {
		d, err := openRoom(ctx, r)
		if err != nil {
			return store.Rooms{}, fmt.Errorf("open the %s room: %w", r.name, err)
		}
		opened = append(opened, d)
	}
	if err := prove(ctx, dsns.rooms(), opened); err != nil {
		return store.Rooms{}, err
	}
	return store.Rooms{Registry: &Registry{opened[0]}, Identity: &Identity{opened[1]}, Answers: &Answers{opened[2]}}, nil
}

func openRoom(ctx context.Context, r roomDSN) (_ *room, err error) {
	c, err := config(r)
	if err != nil {
		return nil, err
	}
	if !hasPoolSize(r.dsn) {
		c.MaxConns = otherConns
		if r.name == identityRoom {
			c.MaxConns = identityConns
		}
	}
	if err := knock(ctx, c.ConnConfig); err != nil {
		return nil, err
	}
	d := &room{name: r.name}
	c.AfterConnect = d.arrive
	if d.pool, err = pgxpool.NewWithConfig(context.WithoutCancel(ctx), c); err != nil {
		return nil, errors.New("malformed pool settings")
	}
	defer func() {
		if err != nil {
			_ = d.Close()
		}
	}()
	if err := d.checkSchema(ctx, r.name); err != nil {
		return nil, err
	}
	if err := d.checkServer(ctx); err != nil {
		return nil, err
	}
	return d, d.findWorkers(ctx, r.name)
}

// hasPoolSize: ParseConfig fills in a size and does not say so.
func hasPoolSize(dsn string) bool {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return false
	}
	_, ok := c.RuntimeParams["pool_max_conns"]
	return ok
}

func (d *room) checkSchema(ctx context.Context, name roomName) error {
	var versions, marker bool
	err := d.row(ctx, "read the schema", "SELECT to_regclass('public.goose_db_version') IS NOT NULL, to_regclass('public.' || $1) IS NOT NULL",
		[]any{name.marker()}, &versions, &marker)
	switch {
	case err != nil:
		return err
	case !versions:
		return store.Saying(store.ErrNotFound, "the database is empty: it is filled by fairlotd init, or by pg_restore")
	case !marker:
		return fmt.Errorf("the database is not that of the %s room", name)
	}
	var have int64
	if err := d.row(ctx, "read the schema version", "SELECT coalesce(max(version_id), 0) FROM public.goose_db_version WHERE is_applied", nil, &have); err != nil {
		return err
	}
	want, err := newestMigration(name)
	if err == nil && have < want {
		err = fmt.Errorf("schema version %d is older than this program's %d: make a backup, then run fairlotd upgrade", have, want)
	}
	return err
}

// checkServer refuses a server that acknowledges what a power cut undoes, or that only reads.
func (d *room) checkServer(ctx context.Context) error {
	var standby bool
	var off, source, role, database string
	if err := d.row(ctx, "read the settings", `SELECT pg_is_in_recovery(), coalesce(s.name, ''), coalesce(s.source, ''), current_user::text, current_database()::text
		FROM (VALUES (1)) one LEFT JOIN pg_settings s ON s.name IN ('fsync', 'synchronous_commit') AND s.setting = 'off' ORDER BY s.name LIMIT 1`, nil,
		&standby, &off, &source, &role, &database); err != nil {
		return err
	}
	switch {
	case off != "":
		return fmt.Errorf("%s is off: the server would lose what it acknowledged; %s", off, setBy(off, source, role, database))
	case standby:
		return errors.New("the server is a standby and only reads: name the primary in the DSN, or all servers with target_session_attrs=read-write")
	}
	return nil
}

// setBy says where a setting comes from, by pg_settings.source, and how it is taken away there.
func setBy(name, source, role, database string) string {
	switch source {
	case "client":
		return "the DSN sets it, take it out there"
	case "user":
		return "the role has it: ALTER ROLE " + quote(role) + " RESET " + name
	case "database":
		return "the database has it: ALTER DATABASE " + quote(database) + " RESET " + name
	case "database user":
		return "the role has it in this database: ALTER ROLE " + quote(role) + " IN DATABASE " + quote(database) + " RESET " + name
	}
	return "set it to on in the server's postgresql.conf (ALTER SYSTEM SET " + name + " = on), then reload"
}

// row reads one row of a query that no room's sqlc package has.
func (d *room) row(ctx context.Context, act, query string, args []any, dst ...any) error {
	return d.read(ctx, act, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, query, args...).Scan(dst...)
	})
}

// address tells databases apart in texts, without role or password.
func address(c *pgx.ConnConfig) string { return host(c) + "/" + c.Database }

func host(c *pgx.ConnConfig) string { return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) }
