package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"fairlot/store"
	"fairlot/store/postgres/pgtest"
	"fairlot/store/storetest"
)

// adminVar and a room's name are the DSN of a role that may make databases and roles, on a server to test with instead of a throwaway one;
// adminVar and ADMIN is one for all rooms.
const adminVar = "FAIRLOT_TEST_DSN_"

// citusVar names a superuser on a Citus coordinator with workers, for the tests that run there.
const citusVar = "FAIRLOT_TEST_DSN_CITUS"

// server is what all tests of this package share: a server, and sets of three provisioned databases that are emptied and handed on.
type server struct {
	admin   DSNs
	cluster *pgtest.Cluster // nil with adminVar
	absent  error

	making    sync.Mutex // a node joins one database at a time
	provision func(ctx context.Context, admin DSNs, name string) (owners, apps DSNs, err error)

	mu      sync.Mutex
	made    int
	spoiled map[string]bool // names of sets that nobody gets any more
	free    []set
}

type set struct {
	name         string
	owners, apps DSNs
}

var shared = server{provision: Provision}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if one := os.Getenv(adminVar + "ADMIN"); one != "" {
		shared.admin = DSNs{one, one, one}
	} else {
		shared.admin = DSNs{os.Getenv(adminVar + "REGISTRY"), os.Getenv(adminVar + "IDENTITY"), os.Getenv(adminVar + "ANSWERS")}
	}
	if dsn := os.Getenv(citusVar); dsn != "" {
		shared.admin, shared.provision = DSNs{dsn, dsn, dsn}, ProvisionCitus
	}
	switch a := shared.admin; {
	case a != DSNs{} && (a.Registry == "" || a.Identity == "" || a.Answers == ""):
		fmt.Fprintf(os.Stderr, "%sREGISTRY, IDENTITY and ANSWERS go together\n", adminVar)
		return 1
	case a == DSNs{}:
		c, err := pgtest.New("log_statement=none")
		if errors.Is(err, pgtest.ErrAbsent) {
			shared.absent = err
			return m.Run()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = c.Close() }()
		one := c.AdminDSN("postgres")
		shared.cluster, shared.admin = c, DSNs{one, one, one}
	}
	code := m.Run()
	if shared.cluster == nil {
		for _, s := range shared.free {
			_ = drop(s.name)
		}
	}
	return code
}

// drop deletes what Provision made under a name, as far as it is there.
func drop(name string) error {
	return Withdraw(context.Background(), shared.admin, name)
}

// skipWithout skips a test where there is no server.
func skipWithout(t testing.TB) {
	t.Helper()
	if shared.absent != nil {
		t.Skipf("CANNOT run PostgreSQL: %v", shared.absent)
	}
}

// newSet returns three databases with schema and no row. They are handed on when the test has ended.
func newSet(t testing.TB) set {
	t.Helper()
	skipWithout(t)
	shared.mu.Lock()
	var s set
	if n := len(shared.free); n > 0 {
		s, shared.free = shared.free[n-1], shared.free[:n-1]
		shared.mu.Unlock()
	} else {
		shared.made++
		s.name = fmt.Sprintf("t%d_%d", os.Getpid(), shared.made)
		shared.mu.Unlock()
		var err error
		ctx := context.Background()
		shared.making.Lock()
		defer shared.making.Unlock()
		if s.owners, s.apps, err = shared.provision(ctx, shared.admin, s.name); err != nil {
			t.Fatal(err)
		}
		if err := Create(ctx, s.owners, s.apps); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := empty(s); err != nil {
			t.Errorf("empty the databases: %v", err)
			return
		}
		shared.mu.Lock()
		defer shared.mu.Unlock()
		if !shared.spoiled[s.name] {
			shared.free = append(shared.free, s)
		}
	})
	return s
}

// spoil keeps a set, whose roles' rights a test changes, from being handed on.
func spoil(s set) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.spoiled == nil {
		shared.spoiled = map[string]bool{}
	}
	shared.spoiled[s.name] = true
}

func empty(s set) error {
	ctx := context.Background()
	for _, r := range s.owners.rooms() {
		conn, err := pgx.Connect(ctx, r.dsn)
		if err != nil {
			return err
		}
		rows, _ := conn.Query(ctx, "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'goose%'")
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, table := range tables {
			if err == nil {
				_, err = conn.Exec(ctx, "DELETE FROM "+quote(table)+" WHERE true")
			}
			if err != nil { // draws before campaigns
				_, err = conn.Exec(ctx, "TRUNCATE "+quote(table)+" CASCADE")
			}
		}
		if err := errors.Join(err, conn.Close(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// with adds a parameter to all three DSNs.
func (d DSNs) with(name, value string) DSNs {
	add := func(dsn string) string {
		u, err := url.Parse(dsn)
		if err != nil {
			panic(err)
		}
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	return DSNs{add(d.Registry), add(d.Identity), add(d.Answers)}
}

func open(t testing.TB, dsns DSNs) store.Rooms {
	t.Helper()
	r, err := Open(context.Background(), dsns)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestContract(t *testing.T) {
	skipWithout(t)
	storetest.Run(t, func(t *testing.T) store.Rooms { return open(t, newSet(t).apps) })
}
