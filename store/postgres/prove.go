package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"fairlot/store"
)

// ReachError says why an app role could reach more than the rows of its own room.
type ReachError struct {
	Room   string // registry, identity or answers
	Reason string
}

// Error implements error.
func (e *ReachError) Error() string {
	return fmt.Sprintf("the app role of the %s room could leave it: %s; take that away, then start again", e.Room, e.Reason)
}

// reaches are questions to the catalogue. Each names what it found, or nothing.
var reaches = []struct{ reason, query string }{
	{"it takes off its own rights at login, and can take them back: it acts as", `SELECT current_user::text WHERE current_user <> session_user`},
	{"it is superuser or may make databases, roles, replicas or pass row security", `SELECT rolname::text FROM pg_roles
		WHERE rolname = current_user AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)`},
	{"it is a member of a role", `SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
		WHERE r.rolname = current_user`},
	{"it owns", `SELECT c.relname::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = current_user AND c.relkind NOT IN ('t', 'i', 'I')
		UNION ALL SELECT p.proname::text FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE r.rolname = current_user
		UNION ALL SELECT n.nspname::text FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE r.rolname = current_user
		UNION ALL SELECT d.datname::text FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname = current_user`},
	{"it may make schemas or temporary tables in", `SELECT current_database()::text
		WHERE has_database_privilege(current_database(), 'CREATE') OR has_database_privilege(current_database(), 'TEMPORARY')`},
	{"it may make objects in schema", `SELECT nspname::text FROM pg_namespace WHERE has_schema_privilege(oid, 'CREATE')`},
	{"there is an extension that leads to other databases", `SELECT extname::text FROM pg_extension WHERE extname IN ('dblink', 'plproxy', 'pg_background', 'pg_cron', 'http')`},
	{"there is a foreign data wrapper", `SELECT fdwname::text FROM pg_foreign_data_wrapper`},
	{"there is an untrusted language", `SELECT lanname::text FROM pg_language WHERE NOT lanpltrusted AND lanname NOT IN ('internal', 'c')`},
	{"it may reach the server's files by", `SELECT p.proname::text FROM pg_proc p WHERE p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir',
		'pg_stat_file', 'lo_import', 'lo_export') AND has_function_privilege(p.oid, 'EXECUTE')`},
	{"it may change the server's settings, here", `SELECT parname FROM pg_parameter_acl
		WHERE has_parameter_privilege(parname, 'SET') OR has_parameter_privilege(parname, 'ALTER SYSTEM')`},
	{"it may act with another role's rights by the function", `SELECT p.proname::text FROM pg_proc p WHERE p.prosecdef AND has_function_privilege(p.oid, 'EXECUTE')
		AND p.oid IS DISTINCT FROM to_regprocedure('public.rewrite_files()') AND p.oid IS DISTINCT FROM to_regprocedure('public.prepared_on_workers()')
		AND NOT EXISTS (SELECT 1 FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
			AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname LIKE 'citus%')`},
	{"it may truncate, or make triggers on", `SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'TRUNCATE, TRIGGER, REFERENCES')`},
	{"it may alter or remove what staff did, in", `SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relname = 'acts' AND (has_any_column_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE'))`},
	{"it may command other nodes by", `SELECT p.proname::text FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid
		WHERE e.extname LIKE 'citus%' AND has_function_privilege(p.oid, 'EXECUTE') AND p.proname NOT IN (` + calledList() + `)`},
	{"it may read or write how nodes let each other in, in", `SELECT relname::text FROM pg_class
		WHERE relname = 'pg_dist_authinfo' AND has_table_privilege(oid, 'SELECT')
			OR relname IN ('pg_dist_authinfo', 'pg_dist_poolinfo', 'pg_dist_node') AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE')`},
}

// prove shows that no app role reaches another room: by what the catalogue grants it, and by trying.
func prove(ctx context.Context, dsns []roomDSN, opened []*room) error {
	configs := make([]*pgx.ConnConfig, len(dsns))
	for i, r := range dsns {
		c, err := config(r)
		if err != nil {
			return err
		}
		configs[i] = c.ConnConfig
	}
	for i, r := range dsns {
		for _, q := range reaches {
			var found string
			err := opened[i].row(ctx, "read the role's rights", q.query+" LIMIT 1", nil, &found)
			if err == nil {
				return &ReachError{string(r.name), q.reason + ": " + found}
			}
			if !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("prove the %s room: %w", r.name, err)
			}
		}
		for j, other := range dsns {
			if i == j {
				continue
			}
			if configs[i].User == configs[j].User && address(configs[i]) == address(configs[j]) {
				return &ReachError{string(r.name), "the " + string(other.name) + " room has the same role and database"}
			}
			if err := refused(ctx, r, other, opened[i], configs[i], configs[j]); err != nil {
				return err
			}
			if err := asked(ctx, r, other, configs[i], configs[j]); err != nil {
				return err
			}
		}
		if err := proveNodes(ctx, dsns, opened, configs, i); err != nil {
			return err
		}
	}
	return nil
}

// refused tries to get from one room into another: with the first one's role and password to the second one's server and database.
func refused(ctx context.Context, from, to roomDSN, opened *room, own, other *pgx.ConnConfig) error {
	reach := &ReachError{string(from.name), "it may connect to the " + string(to.name) + " room"}
	var may bool
	if err := opened.row(ctx, "read the role's rights", `SELECT EXISTS (SELECT 1 FROM pg_database
		WHERE datname = $1 AND datname <> current_database() AND has_database_privilege(oid, 'CONNECT'))`, []any{other.Database}, &may); err != nil {
		return fmt.Errorf("prove the %s room: %w", from.name, err)
	}
	if may {
		return reach
	}
	return knocked(ctx, from, to, own, other)
}

// knocked tries a door: with one room's role and password at the other room's server and database.
func knocked(ctx context.Context, from, to roomDSN, own, other *pgx.ConnConfig) error {
	reach := &ReachError{string(from.name), "it may connect to the " + string(to.name) + " room"}
	c := other.Copy()
	c.User, c.Password = own.User, own.Password
	return shut(ctx, from, to, c, reach)
}

// asked tries to come in as the other room's role without its password and certificate, which a server does not ask for where pg_hba.conf
// trusts everybody.
func asked(ctx context.Context, from, to roomDSN, own, other *pgx.ConnConfig) error {
	c := other.Copy()
	c.Password = own.Password + "-"
	c.TLSConfig = withoutCertificate(c.TLSConfig)
	for _, f := range c.Fallbacks {
		f.TLSConfig = withoutCertificate(f.TLSConfig)
	}
	return shut(ctx, from, to, c, &ReachError{string(from.name), "the server of the " + string(to.name) + " room asks for no password; write scram-sha-256 into its pg_hba.conf"})
}

func withoutCertificate(c *tls.Config) *tls.Config {
	if c != nil {
		c = c.Clone()
		c.Certificates, c.GetClientCertificate = nil, nil
	}
	return c
}

// shut wants a connection refused for want of rights.
func shut(ctx context.Context, from, to roomDSN, c *pgx.ConnConfig, reach *ReachError) error {
	conn, err := pgx.ConnectConfig(ctx, c)
	if err == nil {
		_ = conn.Close(ctx)
		return reach
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "42501" || strings.HasPrefix(pg.Code, "28")) {
		return nil
	}
	return store.Saying(store.ErrUnavailable, "prove the %s room: the door of the %s room gives no answer", from.name, to.name)
}

// proveNodes shows the same of room i on each worker of Citus, which all roles are known to, too: nobody gets from one room into another by way of a
// worker, and on the room's own part of it the role may no more than on the coordinator.
func proveNodes(ctx context.Context, dsns []roomDSN, opened []*room, configs []*pgx.ConnConfig, i int) error {
	own, err := opened[i].nodesOf(ctx)
	if err != nil {
		return err
	}
	for _, n := range own {
		if err := proveNode(ctx, dsns[i], moved(configs[i], n)); err != nil {
			return fmt.Errorf("on worker %s: %w", n, err)
		}
	}
	for j, other := range dsns {
		if i == j {
			continue
		}
		nodes, err := opened[j].nodesOf(ctx)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			if err := knocked(ctx, dsns[i], other, configs[i], moved(configs[j], n)); err != nil {
				return fmt.Errorf("on worker %s: %w", n, err)
			}
		}
	}
	return nil
}

func proveNode(ctx context.Context, r roomDSN, c *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return fmt.Errorf("prove the %s room: %w", r.name, explain(ctx, c, err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, q := range reaches {
		var found string
		err := conn.QueryRow(ctx, q.query+" LIMIT 1").Scan(&found)
		if err == nil {
			return &ReachError{string(r.name), q.reason + ": " + found}
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return classify(ctx, "prove the "+string(r.name)+" room", err)
		}
	}
	var fsync, commit string
	var prepared int
	err = conn.QueryRow(ctx, "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('max_prepared_transactions')::int").Scan(&fsync, &commit, &prepared)
	switch {
	case err != nil:
		return classify(ctx, "read the settings", err)
	case fsync == "off" || commit == "off":
		return fmt.Errorf("the server has fsync=%s and synchronous_commit=%s: it would lose what it acknowledged", fsync, commit)
	case prepared == 0:
		return errors.New("max_prepared_transactions is 0: nothing can be committed on two nodes together")
	}
	return nil
}
