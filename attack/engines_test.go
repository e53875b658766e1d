package attack

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // reads the rooms

	"fairlot/store/postgres"
	"fairlot/store/postgres/pgtest"
)

// engine is where a daemon keeps its rooms.
type engine struct {
	name    string
	admin   string          // DSN of who makes databases, "" for SQLite
	citus   bool            // the rooms are spread over its workers
	cluster *pgtest.Cluster // the server, nil for SQLite and for a server that is not ours
	answers *pgtest.Cluster // the server of the answers room where that has its own
}

var sqlite = engine{name: "sqlite"}

// sharedServer is the server of all tests that do not hurt it.
var sharedServer struct {
	once sync.Once
	on   engine
	err  error
}

func endShared() {
	if sharedServer.on.cluster != nil {
		_ = sharedServer.on.cluster.Close()
	}
}

// citusVar names a superuser on a Citus coordinator with workers, and citusStart a command that starts those of its servers that are down.
const (
	citusVar   = "FAIRLOT_TEST_DSN_CITUS"
	citusStart = "FAIRLOT_TEST_CITUS_START"
)

// onPostgres is a server shared by tests that leave it alone: FAIRLOT_TEST_DSN_CITUS's or FAIRLOT_TEST_DSN_ADMIN's, or a throwaway one.
func onPostgres(t testing.TB) engine {
	t.Helper()
	sharedServer.once.Do(func() {
		sharedServer.on = engine{name: "postgres", admin: os.Getenv("FAIRLOT_TEST_DSN_ADMIN")}
		if dsn := os.Getenv(citusVar); dsn != "" {
			sharedServer.on = engine{name: "citus", admin: dsn, citus: true}
		}
		if sharedServer.on.admin != "" {
			return
		}
		if sharedServer.on.cluster, sharedServer.err = pgtest.New(); sharedServer.err == nil {
			sharedServer.on.admin = sharedServer.on.cluster.AdminDSN("postgres")
		}
	})
	if errors.Is(sharedServer.err, pgtest.ErrAbsent) {
		t.Skipf("CANNOT run PostgreSQL: %v", sharedServer.err)
	}
	if sharedServer.err != nil {
		t.Fatal(sharedServer.err)
	}
	return sharedServer.on
}

// ownPostgres is a server that the test may kill, fill and cut off, with settings as in postgresql.conf.
func ownPostgres(t testing.TB, settings ...string) engine {
	t.Helper()
	return postgresIn(t, "", settings...)
}

// postgresIn is ownPostgres with its files in a folder of choice.
func postgresIn(t testing.TB, dir string, settings ...string) engine {
	t.Helper()
	c := pgtest.StartIn(t, dir, settings...)
	return engine{name: "postgres", admin: c.AdminDSN("postgres"), cluster: c}
}

// onEngines runs a test on SQLite and on PostgreSQL.
func onEngines(t *testing.T, test func(t *testing.T, on engine)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqlite) })
	t.Run("postgres", func(t *testing.T) { test(t, onPostgres(t)) })
}

var installations atomic.Int64

// initArgs are what fairlotd init has to be told of the engine.
func (d *daemon) initArgs() []string {
	d.t.Helper()
	if d.on.admin == "" {
		return nil
	}
	d.database = fmt.Sprintf("a%d_%d", os.Getpid(), installations.Add(1))
	file := filepath.Join(d.root, "admin.dsn")
	dsns := d.on.admin
	if d.on.answers != nil {
		dsns = "registry " + dsns + "\nidentity " + dsns + "\nanswers " + d.on.answers.AdminDSN("postgres") + "\n"
	}
	if err := os.WriteFile(file, []byte(dsns), 0o600); err != nil {
		d.t.Fatal(err)
	}
	on, database := d.on, d.database
	d.t.Cleanup(func() {
		d.kill()
		if on.cluster != nil && on != sharedServer.on {
			return // it dies with the test
		}
		if err := postgres.Withdraw(context.Background(), postgres.DSNs{Registry: on.admin, Identity: on.admin, Answers: on.admin}, database); err != nil {
			d.t.Error(err)
		}
	})
	args := []string{"--admin-dsn-file", file, "--database", d.database}
	if d.on.citus {
		args = append(args, "--distribute", "citus")
	}
	return args
}

// room opens one room for the test's own eyes: registry, identity or answers. No daemon may be running. It is a copy of a file of SQLite, and on
// PostgreSQL the database itself, once the sessions of a daemon that was killed are gone; Citus keeps some of its own.
func (d *daemon) room(name string) *sql.DB {
	t := d.t
	t.Helper()
	if d.on.admin == "" {
		dir := filepath.Join(t.TempDir(), "rooms")
		copyTree(t, d.rooms(), dir)
		return openRoom(t, dir, name)
	}
	db, err := sql.Open("pgx", d.roomDSN(name))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	for began := time.Now(); count(t, db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name NOT LIKE 'citus\\_internal%'") > 0; {
		if time.Since(began) > 20*time.Second {
			t.Fatal("sessions of a dead daemon stay")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if d.on.citus { // what the dead left prepared on workers would come in later
		count(t, db, "SELECT recover_prepared_transactions()")
	}
	return db
}

// roomDSN is the administrator's way into a room on PostgreSQL.
func (d *daemon) roomDSN(name string) string {
	d.t.Helper()
	u, err := url.Parse(d.on.admin)
	if err != nil {
		d.t.Fatal(err)
	}
	u.Path = "/" + d.database + "_" + name
	if d.on.citus { // tags lie elsewhere than the entrants that they are joined to
		q := u.Query()
		q.Set("citus.enable_repartition_joins", "on")
		u.RawQuery = q.Encode()
	}
	return u.String()
}
