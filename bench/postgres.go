package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"fairlot/store/postgres"
	"fairlot/store/postgres/pgtest"
)

var errNoServer = pgtest.ErrAbsent

// pgServer is the server that is measured: a throwaway cluster with PostgreSQL's own settings, or one that is there already.
type pgServer struct {
	admin      string
	cluster    *pgtest.Cluster // nil with an administrator's DSN
	distribute string          // as fairlotd init takes it
	made       atomic.Int64
}

func (s *pgServer) start(adminFile, distribute string) error {
	s.distribute = distribute
	if adminFile != "" {
		b, err := os.ReadFile(adminFile)
		s.admin = strings.TrimSpace(string(b))
		return err
	}
	c, err := pgtest.New()
	if err != nil {
		return err
	}
	s.cluster, s.admin = c, c.AdminDSN("postgres")
	return nil
}

func (s *pgServer) stop() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Close()
}

// rooms makes three databases and returns the app roles' DSNs.
func (s *pgServer) rooms(ctx context.Context, name string) (postgres.DSNs, error) {
	provision := postgres.Provision
	if s.distribute != "" {
		provision = postgres.ProvisionCitus
	}
	owners, apps, err := provision(ctx, postgres.DSNs{Registry: s.admin, Identity: s.admin, Answers: s.admin}, name)
	if err != nil {
		return apps, err
	}
	return apps, postgres.Create(ctx, owners, apps)
}

func (s *pgServer) name() string { return fmt.Sprintf("bench_%d_%d", os.Getpid(), s.made.Add(1)) }

// drop removes what rooms and init made under a name.
func (s *pgServer) drop(ctx context.Context, name string) error {
	return postgres.Withdraw(ctx, postgres.DSNs{Registry: s.admin, Identity: s.admin, Answers: s.admin}, name)
}

// asRooms spreads the plain table as the rooms are: a shard a worker, one after another over one connection.
var asRooms = []string{
	"SELECT set_config('citus.shard_count', count(*)::text, false) FROM pg_dist_node WHERE noderole = 'primary' AND isactive AND groupid <> 0",
	"SET citus.multi_shard_modify_mode = 'sequential'",
	"SELECT create_distributed_table('fairlot_bench_raw', 'id')",
}

// withRaw makes a plain table beside the rooms.
func (s *pgServer) withRaw(ctx context.Context, do func(inserter) error) (err error) {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if _, err := conn.Exec(ctx, "CREATE TABLE fairlot_bench_raw (id bytea PRIMARY KEY, body bytea NOT NULL)"); err != nil {
		return err
	}
	defer func() {
		_, e := conn.Exec(context.WithoutCancel(ctx), "DROP TABLE fairlot_bench_raw")
		err = errors.Join(err, e)
	}()
	// As the entrants' tables: sealed bytes do not compress.
	if _, err := conn.Exec(ctx, "ALTER TABLE fairlot_bench_raw ALTER COLUMN body SET STORAGE EXTERNAL"); err != nil {
		return err
	}
	if s.distribute != "" {
		for _, as := range asRooms {
			if _, err := conn.Exec(ctx, as); err != nil {
				return err
			}
		}
	}
	return do(func(ctx context.Context, ids, bodies [][]byte) error {
		_, err := conn.Exec(ctx, "INSERT INTO fairlot_bench_raw (id, body) SELECT unnest($1::bytea[]), unnest($2::bytea[])", ids, bodies)
		return err
	})
}
