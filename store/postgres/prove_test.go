package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"fairlot/store"
	"fairlot/store/postgres/pgtest"
)

// statements runs statements on a DSN.
func statements(t testing.TB, dsn string, list ...string) error {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, s := range list {
		if _, err := conn.Exec(context.Background(), s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// in is the administrator's DSN with another database.
func in(t testing.TB, dsn string) string {
	t.Helper()
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if shared.cluster == nil {
		t.Skip("CANNOT look into databases of a server that is not ours")
	}
	return shared.cluster.AdminDSN(c.Database)
}

func names(t testing.TB, dsn string) (database, role string) {
	t.Helper()
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return quote(c.Database), quote(c.User)
}

func TestOpenRefusesReach(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	spoil(s)
	admin := in(t, s.apps.Identity)
	database, role := names(t, s.apps.Identity)
	answers, _ := names(t, s.apps.Answers)
	_, otherRole := names(t, s.apps.Answers)
	_, owner := names(t, s.owners.Identity)
	for _, c := range []struct{ do, undo string }{
		{"GRANT CONNECT ON DATABASE " + answers + " TO " + role, "REVOKE CONNECT ON DATABASE " + answers + " FROM " + role},
		{"GRANT CONNECT ON DATABASE " + answers + " TO PUBLIC", "REVOKE CONNECT ON DATABASE " + answers + " FROM PUBLIC"},
		{"GRANT " + otherRole + " TO " + role, "REVOKE " + otherRole + " FROM " + role},
		{"GRANT " + owner + " TO " + role, "REVOKE " + owner + " FROM " + role},
		{"GRANT pg_read_all_data TO " + role, "REVOKE pg_read_all_data FROM " + role},
		{"GRANT pg_read_server_files TO " + role, "REVOKE pg_read_server_files FROM " + role},
		{"ALTER ROLE " + role + " SUPERUSER", "ALTER ROLE " + role + " NOSUPERUSER"},
		{"ALTER ROLE " + role + " CREATEROLE", "ALTER ROLE " + role + " NOCREATEROLE"},
		{"ALTER ROLE " + role + " CREATEDB", "ALTER ROLE " + role + " NOCREATEDB"},
		{"ALTER ROLE " + role + " REPLICATION", "ALTER ROLE " + role + " NOREPLICATION"},
		{"ALTER TABLE moves OWNER TO " + role, "ALTER TABLE moves OWNER TO " + owner},
		{"ALTER TABLE envelopes OWNER TO " + role, "ALTER TABLE envelopes OWNER TO " + owner},
		{"GRANT CREATE ON SCHEMA public TO " + role, "REVOKE CREATE ON SCHEMA public FROM " + role},
		{"GRANT TEMPORARY ON DATABASE " + database + " TO PUBLIC", "REVOKE TEMPORARY ON DATABASE " + database + " FROM PUBLIC"},
		{"GRANT TRUNCATE ON tags TO " + role, "REVOKE TRUNCATE ON tags FROM " + role},
		{"GRANT EXECUTE ON FUNCTION pg_read_file(text) TO " + role, "REVOKE EXECUTE ON FUNCTION pg_read_file(text) FROM " + role},
		{"GRANT ALTER SYSTEM ON PARAMETER archive_command TO " + role, "REVOKE ALTER SYSTEM ON PARAMETER archive_command FROM " + role},
		{"CREATE FUNCTION peek() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT pg_read_file('PG_VERSION') $$", "DROP FUNCTION peek()"},
		{"ALTER ROLE " + role + " CREATEROLE; CREATE ROLE harmless; GRANT USAGE ON SCHEMA public TO harmless; " +
			"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO harmless; ALTER ROLE " + role + " SET role = harmless",
			"ALTER ROLE " + role + " RESET role; ALTER ROLE " + role + " NOCREATEROLE; DROP OWNED BY harmless; DROP ROLE harmless"},
		{"CREATE EXTENSION dblink", "DROP EXTENSION dblink"},
		{"CREATE EXTENSION postgres_fdw", "DROP EXTENSION postgres_fdw"},
	} {
		if err := statements(t, admin, c.do); err != nil {
			if strings.HasPrefix(c.do, "CREATE EXTENSION") {
				t.Logf("CANNOT try %s: %v", c.do, err)
				continue
			}
			t.Fatal(err)
		}
		rooms, err := Open(t.Context(), s.apps)
		var reach *ReachError
		if !errors.As(err, &reach) || reach.Room != "identity" && !strings.Contains(c.do, answers) {
			t.Errorf("%s: %v", c.do, err)
		}
		if table, ok := strings.CutPrefix(c.do, "ALTER TABLE "); ok && err != nil { // and not its indexes or its TOAST table
			if name, _, _ := strings.Cut(table, " "); !strings.Contains(err.Error(), "it owns: "+name+";") {
				t.Errorf("%s: %v", c.do, err)
			}
		}
		if err == nil {
			_ = rooms.Close()
		}
		if err := statements(t, admin, c.undo); err != nil {
			t.Fatal(err)
		}
		rooms, err = Open(t.Context(), s.apps)
		if err != nil {
			t.Fatalf("after %s: %v", c.undo, err)
		}
		_ = rooms.Close()
	}
	// Acts of staff are added, and never altered or removed.
	registry := in(t, s.apps.Registry)
	_, role = names(t, s.apps.Registry)
	for _, right := range []string{"UPDATE", "DELETE", "UPDATE (text)"} {
		if err := statements(t, registry, "GRANT "+right+" ON acts TO "+role); err != nil {
			t.Fatal(err)
		}
		rooms, err := Open(t.Context(), s.apps)
		var reach *ReachError
		if !errors.As(err, &reach) || reach.Room != "registry" {
			t.Errorf("with %s on acts: %v", right, err)
		}
		if err == nil {
			_ = rooms.Close()
		}
		if err := statements(t, registry, "REVOKE "+right+" ON acts FROM "+role); err != nil {
			t.Fatal(err)
		}
	}
	// What migrations make on Citus with the owner's rights, and its app roles call, is no reach.
	if err := statements(t, admin, preparedOnWorkers); err != nil {
		t.Fatal(err)
	}
	rooms, err := Open(t.Context(), s.apps)
	if err != nil {
		t.Fatalf("with the function that is made on Citus: %v", err)
	}
	_ = rooms.Close()
}

// A server that trusts everybody on the machine has no doors between the rooms.
func TestOpenRefusesTrust(t *testing.T) {
	t.Parallel()
	skipWithout(t)
	cluster := pgtest.Start(t)
	admin := cluster.AdminDSN("postgres")
	owners, apps, err := Provision(t.Context(), DSNs{admin, admin, admin}, "t")
	if err == nil {
		err = Create(t.Context(), owners, apps)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = open(t, apps).Close()
	hba := filepath.Join(cluster.Data(), "pg_hba.conf")
	for _, line := range []string{"local all all trust", "local t_answers all trust"} {
		was, err := os.ReadFile(hba)
		if err == nil {
			err = os.WriteFile(hba, append([]byte(line+"\n"), was...), 0o600)
		}
		if err == nil {
			err = cluster.Exec(t.Context(), "postgres", "SELECT pg_reload_conf(), pg_sleep(0.3)")
		}
		if err != nil {
			t.Fatal(err)
		}
		var reach *ReachError
		if _, err := Open(t.Context(), apps); !errors.As(err, &reach) || !strings.Contains(err.Error(), "asks for no password") {
			t.Errorf("%s: %v", line, err)
		}
		if err := os.WriteFile(hba, was, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenRefusesWrongRooms(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for name, d := range map[string]DSNs{
		"swapped":     {s.apps.Registry, s.apps.Answers, s.apps.Identity},
		"twice":       {s.apps.Registry, s.apps.Identity, s.apps.Identity},
		"owner":       {s.apps.Registry, s.owners.Identity, s.apps.Answers},
		"async":       {s.apps.Registry, s.apps.with("synchronous_commit", "off").Identity, s.apps.Answers},
		"no password": {s.apps.Registry, strings.Replace(s.apps.Identity, "@", "x@", 1), s.apps.Answers},
	} {
		if name == "no password" && shared.cluster == nil {
			continue // that server may trust everybody
		}
		rooms, err := Open(t.Context(), d)
		if err == nil {
			_ = rooms.Close()
			t.Errorf("%s: opened", name)
		}
	}
	absent := s.apps
	absent.Answers = strings.Replace(absent.Answers, "_answers?", "_none?", 1)
	if _, err := Open(t.Context(), absent); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("absent database: %v", err)
	}
	if err := Create(t.Context(), s.owners, s.apps); !errors.Is(err, store.ErrExists) {
		t.Errorf("created twice: %v", err)
	}
	if err := Migrate(t.Context(), s.owners, s.apps); err != nil {
		t.Errorf("migrated again: %v", err)
	}
}

func TestAppRoleChangesRowsOnly(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, statement := range []string{
		"CREATE TABLE x (n int)", "CREATE TEMP TABLE x (n int)", "DROP TABLE tags", "TRUNCATE tags", "ALTER TABLE tags ADD x int",
		"CREATE SCHEMA x", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "COPY tags TO '/tmp/x'", "COPY tags TO PROGRAM 'cat'",
		"SET ROLE " + strings.ReplaceAll(quote("x"), "x", "postgres"), "UPDATE goose_db_version SET version_id = 9", "SELECT pg_read_file('/etc/passwd')",
		"CREATE EXTENSION dblink", "LOAD 'auto_explain'",
	} {
		err := statements(t, s.apps.Identity, statement)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "42501" && pg.Code != "22023" {
			t.Errorf("%s: %v", statement, err)
		}
	}
	for _, statement := range []string{"UPDATE acts SET n = n + 1", "DELETE FROM acts", "TRUNCATE acts"} {
		err := statements(t, s.apps.Registry, statement)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("the audit trail only grows, but %s: %v", statement, err)
		}
	}
	if err := statements(t, s.apps.Registry, "INSERT INTO acts VALUES (1, sha256('x'), 'x')"); err != nil {
		t.Errorf("an act cannot be added: %v", err)
	}
}

// A DSN can name role, password and database twice, and what stands behind the question mark counts: the daemon would come in as the administrator.
func TestProvisionTakesNoOtherRole(t *testing.T) {
	for _, query := range []string{"user=admin", "user=admin&password=geheim", "password=geheim", "dbname=postgres", "database=postgres", "options=-c%20role%3Dadmin", "role=admin"} {
		admin := "postgres://admin:geheim@127.0.0.1:1/postgres?" + query
		p, err := newPlan(roomDSN{identityRoom, admin}, "n")
		if err != nil {
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("%s: %v", query, err)
			}
			continue
		}
		for role, dsn := range map[string]string{"n_identity_owner": p.ownerDSN, "n_identity_app": p.appDSN} {
			c, err := pgx.ParseConfig(dsn)
			if err != nil || c.User != role || c.Database != "n_identity" || c.Password == "geheim" || c.RuntimeParams["role"] != "" || c.RuntimeParams["options"] != "" {
				t.Errorf("%s: comes in as %s to %s, with %v: %v", query, c.User, c.Database, c.RuntimeParams, err)
			}
		}
	}
	if _, err := newPlan(roomDSN{identityRoom, "postgres://admin@/postgres?host=%2Ftmp&port=5433&sslmode=disable&target_session_attrs=read-write"}, "n"); err != nil {
		t.Error(err)
	}
}

func TestProvision(t *testing.T) {
	t.Parallel()
	skipWithout(t)
	if shared.cluster == nil {
		t.Skip("CANNOT make administrators on a server that is not ours")
	}
	ctx := t.Context()
	root := shared.cluster.AdminDSN("postgres")
	for _, name := range []string{"made", "byhand"} { // of an earlier run on this server
		if err := drop(name); err != nil {
			t.Fatal(err)
		}
	}
	_ = statements(t, root, "DROP ROLE IF EXISTS part_answers_app, maker, nobody")
	if err := statements(t, root, "CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'm'", "CREATE ROLE nobody LOGIN PASSWORD 'n'"); err != nil {
		t.Fatal(err)
	}
	maker, weak := shared.cluster.SocketDSN("maker", "m", "postgres"), shared.cluster.SocketDSN("nobody", "n", "postgres")
	owners, apps, err := Provision(ctx, DSNs{maker, maker, maker}, "made")
	if err == nil {
		err = Create(ctx, owners, apps)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = open(t, apps).Close()
	if err := statements(t, strings.Replace(maker, "/postgres?", "/made_identity?", 1)); err == nil {
		t.Error("the administrator's role can still connect")
	}
	if _, _, err := Provision(ctx, DSNs{root, root, root}, "made"); !errors.Is(err, store.ErrExists) {
		t.Errorf("twice: %v", err)
	}
	// One name taken: nothing else stays.
	if err := statements(t, root, "CREATE ROLE part_answers_app"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Provision(ctx, DSNs{root, root, root}, "part"); !errors.Is(err, store.ErrExists) {
		t.Errorf("in part: %v", err)
	}
	if err := statements(t, root, "CREATE DATABASE part_registry", "DROP DATABASE part_registry", "CREATE ROLE part_answers_owner", "DROP ROLE part_answers_owner"); err != nil {
		t.Errorf("something stayed: %v", err)
	}
	owners, apps, err = Provision(ctx, DSNs{root, weak, root}, "byhand")
	var blocked *NotAllowedError
	if !errors.As(err, &blocked) {
		t.Fatalf("weak: %v", err)
	}
	for _, dsn := range []string{owners.Identity, apps.Identity} {
		c, err := pgx.ParseConfig(dsn)
		if err != nil || strings.Contains(blocked.SQL, c.Password) {
			t.Errorf("the SQL has a password, %v", err)
		}
	}
	for statement := range strings.SplitSeq(blocked.SQL, ";\n") {
		if err := statements(t, root, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := Create(ctx, owners, apps); err != nil {
		t.Fatal(err)
	}
	_ = open(t, apps).Close()
	if _, _, err := Provision(ctx, DSNs{root, root, root}, `x"; DROP DATABASE`); err == nil {
		t.Error("an odd name")
	}
}

// What the query rules of sqlc.yaml are to queries, this is to migrations.
func TestMigrationsArePortable(t *testing.T) {
	deny := regexp.MustCompile(`(?i)\b(serial|bigserial|sequence|generated|trigger|advisory\w*|listen|notify|deferrable|timestamp\w*|timestamptz|now\s*\(|uuid|unlogged|inherits)\b`)
	err := fs.WalkDir(migrations, "migrations", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations, path)
		if err != nil {
			return err
		}
		if found := deny.FindString(string(text)); found != "" {
			t.Errorf("%s has %q", path, found)
		}
		if !strings.HasPrefix(string(text), "-- +goose NO TRANSACTION\n") || strings.Contains(string(text), "+goose Down") {
			t.Errorf("%s makes tables inside a transaction, or goes back", path)
		}
		return nil
	})
	if err != nil || !deny.MatchString("id SERIAL") {
		t.Error(err)
	}
}
