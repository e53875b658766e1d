package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// placement says where Citus keeps the rows of a table: by a column that every unique key of it holds, or whole on every node.
type placement struct {
	table  string
	column string // empty: a reference table; local: not handed to Citus at all
}

// local keeps a table on the coordinator alone, through which every daemon goes. Acts: Citus locks a reference table for an insert with a right that
// only those have who may also change its rows, and of acts the app role may only add some. Gates and moves: FOR SHARE on a reference table is a lock
// on the whole table, for which every group commit asks the first worker, and behind a waiting mover nobody gets it, announced or not.
const local = "-"

// placements name every table of a room, those that others refer to first. Rows that entries write are spread, each entry's to wherever its random
// id, tag or part leads, so that no shard takes part in every entry; all else is small and stands on every node.
var placements = map[roomName][]placement{
	registryRoom: {
		{"binding", ""}, {"installation", ""}, {"campaigns", ""}, {"draws", ""}, {"log", ""}, {"checkpoints", ""}, {"files", ""}, {"staff_tokens", ""},
		{"lease", ""}, {"jobs", ""}, {"acts", local}, {"approvals", ""}, {"cases", ""},
	},
	identityRoom: {
		{"binding", ""}, {"gates", local}, {"moves", local}, {"batches", ""}, {"releases", ""}, {"notices", ""}, {"claims", ""}, {"case_entrants", ""},
		{"exclusions", ""}, {"excluded_tags", ""},
		{"entrants", "id"}, {"envelopes", "id"}, {"pending", "id"}, {"erasures", "id"}, {"tags", "tag"}, {"entry_tokens", "hash"}, {"days", "part"},
	},
	answersRoom: {{"binding", ""}, {"mixed", ""}, {"responses", "id"}, {"texts", "id"}},
}

// distribute hands the tables to Citus where the database has it. What is distributed already is passed over, so that a migration that adds a
// table only has to name it in placements.
func distribute(ctx context.Context, db *sql.DB, name roomName) error {
	has, err := hasCitus(ctx, db)
	if err != nil || !has {
		return err
	}
	if _, err := db.ExecContext(ctx, preparedOnWorkers); err != nil {
		return classifyOwner(ctx, "make a function", err)
	}
	for _, p := range placements[name] {
		if p.column == local {
			continue
		}
		var done bool
		if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = to_regclass('public.' || $1))", p.table).Scan(&done); err != nil {
			return classifyOwner(ctx, "read the distribution", err)
		}
		if done {
			continue
		}
		query, args := "SELECT create_reference_table('public.' || $1)", []any{p.table}
		if p.column != "" {
			query, args = "SELECT create_distributed_table('public.' || $1, $2)", []any{p.table, p.column}
		}
		if _, err := db.ExecContext(ctx, query, args...); err != nil {
			return classifyOwner(ctx, "distribute table "+p.table, err)
		}
	}
	return nil
}

const citusThere = "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')"

func hasCitus(ctx context.Context, db *sql.DB) (has bool, err error) {
	return has, classifyOwner(ctx, "look for Citus", db.QueryRowContext(ctx, citusThere).Scan(&has))
}

// ProvisionCitus is [Provision] on Citus: each admin DSN names a superuser's database on a coordinator that has the extension and its
// workers. The databases are made on every node, the workers are made known to the coordinator, and the app role keeps of Citus's functions only
// those that its queries call. How the coordinator gets into the workers as these roles stands in pg_dist_authinfo of the databases, with the passwords, for
// superusers alone to read. After an error nothing stays.
func ProvisionCitus(ctx context.Context, admin DSNs, name string) (owners, apps DSNs, err error) {
	all := make([]citus, 3)
	for i, r := range admin.rooms() {
		if all[i], err = findCitus(ctx, r); err != nil {
			return owners, apps, fmt.Errorf("look at the %s room's server: %w", r.name, err)
		}
	}
	if owners, apps, err = Provision(ctx, admin, name); err != nil {
		return owners, apps, err
	}
	for i, r := range owners.rooms() {
		if err := all[i].spread(ctx, r, apps.rooms()[i]); err != nil {
			err = fmt.Errorf("spread the %s room: %w", r.name, err)
			return DSNs{}, DSNs{}, errors.Join(err, Withdraw(context.WithoutCancel(ctx), admin, name))
		}
	}
	return owners, apps, nil
}

// node is one server of a Citus cluster.
type node struct {
	host string
	port uint16
}

func (n node) String() string { return net.JoinHostPort(n.host, strconv.Itoa(int(n.port))) }

// citus is a cluster as its coordinator knows it.
type citus struct {
	admin       *pgx.ConnConfig
	coordinator node
	workers     []node
}

// findCitus reads the cluster and refuses one on which an entry could be half committed, or which cannot be administered.
func findCitus(ctx context.Context, r roomDSN) (citus, error) {
	c, err := config(r)
	if err != nil {
		return citus{}, err
	}
	c.ConnConfig.RuntimeParams["statement_timeout"], c.ConnConfig.RuntimeParams["lock_timeout"] = "0", "0" // nodes are joined one at a time
	found := citus{admin: c.ConnConfig}
	if err := knock(ctx, c.ConnConfig); err != nil {
		return found, err
	}
	err = found.on(ctx, nil, "", func(conn *pgx.Conn) error {
		var has bool
		if err := conn.QueryRow(ctx, citusThere).Scan(&has); err != nil {
			return err
		}
		if !has {
			return &plainError{fmt.Sprintf("%s has no Citus: name a database of a coordinator with the extension and its workers, or leave --distribute away", address(c.ConnConfig))}
		}
		rows, _ := conn.Query(ctx, "SELECT nodename, nodeport, groupid FROM pg_dist_node WHERE noderole = 'primary' AND isactive ORDER BY groupid")
		var host string
		var port, group int32
		_, err := pgx.ForEachRow(rows, []any{&host, &port, &group}, func() error {
			if n := (node{host, uint16(port)}); group == 0 {
				found.coordinator = n
			} else {
				found.workers = append(found.workers, n)
			}
			return nil
		})
		return err
	})
	switch {
	case err != nil:
		return found, plain(ctx, "look for Citus", err)
	case len(found.workers) == 0:
		return found, fmt.Errorf("the Citus at %s has no workers: add them there with citus_add_node", address(c.ConnConfig))
	case found.coordinator.host == "":
		return found, fmt.Errorf("the Citus at %s does not know the coordinator's own address: set it there with citus_set_coordinator_host", address(c.ConnConfig))
	}
	for _, n := range append([]node{found.coordinator}, found.workers...) {
		err := found.on(ctx, &n, "", func(conn *pgx.Conn) error {
			var prepared int
			var super bool
			err := conn.QueryRow(ctx, "SELECT current_setting('max_prepared_transactions')::int, rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&prepared, &super)
			switch {
			case err != nil:
				return err
			case !super:
				return &plainError{fmt.Sprintf("the role is no superuser on %s, and only one can add Citus to a database", n)}
			case prepared == 0:
				return &plainError{fmt.Sprintf("max_prepared_transactions is 0 on %s, so no entry could be committed on two nodes together: set it to max_connections there and start that server again", n)}
			}
			return nil
		})
		if err != nil {
			return found, plain(ctx, "look at node "+n.String(), err)
		}
	}
	return found, nil
}

// plainError is one that may be shown as it is.
type plainError struct{ text string }

func (e *plainError) Error() string { return e.text }

func plain(ctx context.Context, act string, err error) error {
	var own *plainError
	if errors.As(err, &own) {
		return own
	}
	return classifyOwner(ctx, act, err)
}

// on connects as the administrator to a node (nil: as the DSN says) and a database (empty: the DSN's own).
func (c citus) on(ctx context.Context, n *node, database string, do func(*pgx.Conn) error) error {
	to := c.admin.Copy()
	if n != nil {
		to = moved(to, *n)
	}
	if database != "" {
		to.Database = database
	}
	conn, err := pgx.ConnectConfig(ctx, to)
	if err != nil {
		return &plainError{explain(ctx, to, err).Error()}
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return do(conn)
}

// moved is a configuration with another server's address.
func moved(c *pgx.ConnConfig, n node) *pgx.ConnConfig {
	c = c.Copy()
	c.Host, c.Port, c.Fallbacks = n.host, n.port, nil
	return c
}

// called are the functions of Citus that the queries of an app role call: in transactions over several nodes and after them, in reading the
// catalogue, in handing rows from one node to another. None takes a command or a name of a server that is not in the cluster.
var called = []string{
	"assign_distributed_transaction_id", "relation_is_a_known_shard", "citus_table_is_visible", "read_intermediate_result", "read_intermediate_results",
	"lock_shard_resources", "citus_backend_gpid", "citus_calculate_gpid", "citus_version", "recover_prepared_transactions",
}

func calledList() string { return "'" + strings.Join(called, "', '") + "'" }

// spread makes a provisioned, empty database one of all nodes.
func (c citus) spread(ctx context.Context, owner, app roomDSN) error {
	o, err := config(owner)
	if err != nil {
		return err
	}
	a, err := config(app)
	if err != nil {
		return err
	}
	database, roles := o.ConnConfig.Database, []*pgx.ConnConfig{o.ConnConfig, a.ConnConfig}
	var verifiers [2]string
	err = c.on(ctx, nil, "", func(conn *pgx.Conn) error {
		for i, r := range roles {
			if err := conn.QueryRow(ctx, "SELECT rolpassword FROM pg_authid WHERE rolname = $1", r.User).Scan(&verifiers[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return plain(ctx, "read the roles", err)
	}
	for _, n := range c.workers {
		err := c.on(ctx, &n, "", func(conn *pgx.Conn) error {
			for i, r := range roles {
				var there bool // Citus makes roles on the workers too, where it is set so
				if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)", r.User).Scan(&there); err != nil {
					return err
				}
				if !there {
					if _, err := conn.Exec(ctx, "CREATE ROLE "+quote(r.User)+" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '"+verifiers[i]+"'"); err != nil {
						return err
					}
				}
			}
			return execOn(ctx, conn, "CREATE DATABASE "+quote(database)+" OWNER "+quote(o.ConnConfig.User)+" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
				"REVOKE ALL ON DATABASE "+quote(database)+" FROM PUBLIC", "GRANT CONNECT ON DATABASE "+quote(database)+" TO "+quote(a.ConnConfig.User))
		})
		if err != nil {
			return plain(ctx, "make the database on "+n.String(), err)
		}
	}
	for _, n := range append([]node{c.coordinator}, c.workers...) {
		err := c.on(ctx, &n, database, func(conn *pgx.Conn) error {
			return execOn(ctx, conn, "CREATE EXTENSION citus", lockCitus(o.ConnConfig.User, a.ConnConfig.User),
				"REVOKE ALL ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO "+quote(a.ConnConfig.User))
		})
		if err != nil {
			return plain(ctx, "add Citus to the database on "+n.String(), err)
		}
	}
	err = c.on(ctx, &c.coordinator, database, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT citus_set_coordinator_host($1, $2)", c.coordinator.host, int(c.coordinator.port)); err != nil {
			return err
		}
		for _, n := range c.workers {
			if _, err := conn.Exec(ctx, "SELECT citus_add_node($1, $2)", n.host, int(n.port)); err != nil {
				return err
			}
		}
		// One shard a worker, one connection to it. Else a batch of entries touches as many shards as it has entries, opens a connection for each,
		// and takes turns with others about shards, lest they deadlock.
		for _, set := range []string{
			"ALTER ROLE " + quote(o.ConnConfig.User) + " IN DATABASE " + quote(database) + " SET citus.shard_count = " + strconv.Itoa(len(c.workers)),
			"ALTER ROLE " + quote(a.ConnConfig.User) + " IN DATABASE " + quote(database) + " SET citus.multi_shard_modify_mode = 'sequential'",
		} {
			if _, err := conn.Exec(ctx, set); err != nil {
				return err
			}
		}
		for _, r := range roles { // of hexadecimal digits: nothing to escape
			if _, err := conn.Exec(ctx, "INSERT INTO pg_dist_authinfo (nodeid, rolename, authinfo) VALUES (0, $1, $2)", r.User, "password="+r.Password); err != nil {
				return err
			}
		}
		return nil
	})
	return plain(ctx, "join the nodes", err)
}

func execOn(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// lockCitus takes the functions of Citus away from everybody but the owner, who distributes tables with them, and gives the app role
// those that its queries call.
func lockCitus(owner, app string) string {
	return `DO $$
DECLARE f record;
BEGIN
	SET LOCAL citus.enable_ddl_propagation = off;
	FOR f IN SELECT p.oid::regprocedure AS name, p.proname IN (` + calledList() + `) AS called FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid WHERE e.extname LIKE 'citus%'
	LOOP
		EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', f.name);
		EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO ` + quote(owner) + `', f.name);
		IF f.called THEN
			EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO ` + quote(app) + `', f.name);
		END IF;
	END LOOP;
END $$`
}

// unspread drops a room's database from the workers; where Citus is absent there are none.
func unspread(ctx context.Context, r roomDSN, database string) error {
	c, err := findCitus(ctx, r)
	if err != nil || len(c.workers) == 0 {
		return nil // not a Citus, or one that ProvisionCitus would refuse
	}
	for _, n := range c.workers {
		err := c.on(ctx, &n, "", func(conn *pgx.Conn) error {
			return execOn(ctx, conn, "DROP DATABASE IF EXISTS "+quote(database)+" WITH (FORCE)")
		})
		if err != nil {
			return plain(ctx, "drop the database on "+n.String(), err)
		}
	}
	return nil
}

// nodesOf are the workers of the cluster that a room's database belongs to; none where Citus is absent.
func (d *room) nodesOf(ctx context.Context) (list []node, err error) {
	var has bool
	if err := d.row(ctx, "look for Citus", citusThere, nil, &has); err != nil || !has {
		return nil, err
	}
	err = d.read(ctx, "read the nodes", func(ctx context.Context, conn *pgxpool.Conn) error {
		list = nil
		rows, _ := conn.Query(ctx, "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid <> 0")
		var n node
		var port int32
		_, err := pgx.ForEachRow(rows, []any{&n.host, &port}, func() error {
			n.port = uint16(port)
			list = append(list, n)
			return nil
		})
		return err
	})
	return list, err
}
