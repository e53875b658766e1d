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
	admin   string
	cluster *pgtest.Cluster // nil with an administrator's DSN
	made    atomic.Int64
}

func (s *pgServer) start(adminFile string) error {
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
	owners, apps, err := postgres.Provision(ctx, postgres.DSNs{Registry: s.admin, Identity: s.admin, Answers: s.admin}, name)
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
	return do(func(ctx context.Context, ids, bodies [][]byte) error {
		_, err := conn.Exec(ctx, "INSERT INTO fairlot_bench_raw (id, body) SELECT unnest($1::bytea[]), unnest($2::bytea[])", ids, bodies)
		return err
	})
}
