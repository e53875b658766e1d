package postgres

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestPlacementsNameEveryTable compares placements with the migrations: no table of a room is left out, and whatever a table is spread by is in
// every unique key of it, as Citus asks.
func TestPlacementsNameEveryTable(t *testing.T) {
	s := newSet(t)
	ctx := context.Background()
	for _, r := range s.owners.rooms() {
		conn, err := pgx.Connect(ctx, r.dsn)
		if err != nil {
			t.Fatal(err)
		}
		rows, _ := conn.Query(ctx, `SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
			AND c.relname NOT LIKE 'goose%' AND c.relname !~ '_[0-9]+$' ORDER BY 1`)
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		var named []string
		for _, p := range placements[r.name] {
			named = append(named, p.table)
			if p.column == "" || p.column == local {
				continue
			}
			rows, _ := conn.Query(ctx, `SELECT i.indexrelid::regclass::text FROM pg_index i WHERE i.indrelid = $1::text::regclass AND i.indisunique
				AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND a.attname = $2)`, p.table, p.column)
			without, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil || len(without) > 0 {
				t.Errorf("%s room: %s is spread by %s, which is not in the unique keys %v (%v)", r.name, p.table, p.column, without, err)
			}
		}
		slices.Sort(named)
		if !slices.Equal(named, tables) {
			t.Errorf("%s room: placements name %v, and there are %v", r.name, named, tables)
		}
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}

// TestCitusIsAskedForWhereItIsNot wants a clear error from a server without Citus, and nothing made on it.
func TestCitusIsAskedForWhereItIsNot(t *testing.T) {
	skipWithout(t)
	if os.Getenv(citusVar) != "" {
		t.Skip("this server has Citus")
	}
	ctx := context.Background()
	_, _, err := ProvisionCitus(ctx, shared.admin, "no_citus")
	if err == nil || !strings.Contains(err.Error(), "has no Citus") {
		t.Fatalf("got %v", err)
	}
	conn, err := pgx.Connect(ctx, shared.admin.Registry)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var left int
	err = conn.QueryRow(ctx, "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'no_citus%') + (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'no_citus%')").Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d databases and roles are left: %v", left, err)
	}
}

// TestCitusKeepsRoomsApart undoes, one at a time, what keeps an app role from leaving its room by way of Citus, and wants each to be seen.
func TestCitusKeepsRoomsApart(t *testing.T) {
	admin := os.Getenv(citusVar)
	if admin == "" {
		t.Skipf("CANNOT run Citus: %s names no coordinator", citusVar)
	}
	ctx := context.Background()
	s := newSet(t)
	rooms, err := Open(ctx, s.apps)
	if err != nil {
		t.Fatal(err)
	}
	if err := rooms.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := findCitus(ctx, roomDSN{registryRoom, admin})
	if err != nil {
		t.Fatal(err)
	}
	answers, err := config(s.apps.rooms()[2])
	if err != nil {
		t.Fatal(err)
	}
	identity, err := config(s.apps.rooms()[1])
	if err != nil {
		t.Fatal(err)
	}
	app, worker := quote(answers.ConnConfig.User), c.workers[0]
	for _, m := range []struct {
		what, make, undo string
		node             *node
		database         string
		want             string
	}{
		{"commands to workers", "GRANT EXECUTE ON FUNCTION run_command_on_workers TO " + app, "REVOKE EXECUTE ON FUNCTION run_command_on_workers FROM " + app,
			&c.coordinator, answers.ConnConfig.Database, "run_command_on_workers"},
		{"functions of Citus on a worker", "GRANT EXECUTE ON FUNCTION worker_create_or_replace_object(text) TO " + app, "REVOKE EXECUTE ON FUNCTION worker_create_or_replace_object(text) FROM " + app,
			&worker, answers.ConnConfig.Database, "worker_create_or_replace_object"},
		{"passwords between nodes", "GRANT SELECT ON pg_dist_authinfo TO " + app, "REVOKE SELECT ON pg_dist_authinfo FROM " + app,
			&c.coordinator, answers.ConnConfig.Database, "pg_dist_authinfo"},
		{"another room's door on a worker", "GRANT CONNECT ON DATABASE " + quote(identity.ConnConfig.Database) + " TO " + app,
			"REVOKE CONNECT ON DATABASE " + quote(identity.ConnConfig.Database) + " FROM " + app, &worker, "", "it may connect to the identity room"},
	} {
		run := func(statement string) {
			t.Helper()
			err := c.on(ctx, m.node, m.database, func(conn *pgx.Conn) error {
				return execOn(ctx, conn, "SET citus.enable_ddl_propagation = off", statement)
			})
			if err != nil {
				t.Fatalf("%s: %v", m.what, err)
			}
		}
		run(m.make)
		rooms, err := Open(ctx, s.apps)
		if err == nil {
			_ = rooms.Close()
		}
		if err == nil || !strings.Contains(err.Error(), m.want) {
			t.Errorf("%s: got %v", m.what, err)
		}
		run(m.undo)
	}
}
