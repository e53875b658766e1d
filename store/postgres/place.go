package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/judge"
)

// place is where a connection leads, for as long as it lives. A standby that is promoted is the same place.
type place struct {
	cluster  int64 // its system identifier; 0 where the role may not ask
	database int64 // its oid
}

// arrive refuses a new connection that leads elsewhere than the first one did: to a database that was renamed into the place of the room's.
func (d *room) arrive(ctx context.Context, conn *pgx.Conn) error {
	const database = "SELECT oid::bigint FROM pg_database WHERE datname = current_database()"
	ctx, cancel := context.WithTimeout(ctx, arriveTime)
	defer cancel()
	var p place
	err := conn.QueryRow(ctx, "SELECT system_identifier, ("+database+") FROM pg_control_system()", pgx.QueryExecModeExec).Scan(&p.cluster, &p.database)
	if isState(err, "42501") {
		err = conn.QueryRow(ctx, database, pgx.QueryExecModeExec).Scan(&p.database)
	}
	switch {
	case ctx.Err() != nil:
		return errSilent
	case err != nil:
		return err
	}
	if !d.leads.CompareAndSwap(nil, &p) && *d.leads.Load() != p {
		return d.past.Replaced("another database stands in the place of the one that was opened")
	}
	return nil
}

func isState(err error, code string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code
}

// look compares the room with the one that is remembered. As the first statement of a transaction it holds until the end of that: whoever restores a dump over
// the tables waits for it.
func (d *room) look(ctx context.Context, q rower) error {
	return d.past.Look(func() (judge.Room, error) { return d.which(ctx, q) })
}

// which reads which room it is. Tables that are made again have another oid; on Citus it is a node's own and says nothing.
func (d *room) which(ctx context.Context, q rower) (r judge.Room, err error) {
	var id []byte
	if d.citus {
		err = q.QueryRow(ctx, "SELECT installation, generation FROM binding").Scan(&id, &r.Generation)
	} else {
		err = q.QueryRow(ctx, "SELECT installation, generation, tableoid::bigint FROM binding").Scan(&id, &r.Generation, &r.Copy)
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows), isState(err, "42P01"):
		return r, store.ErrNotFound
	case err != nil:
		return r, err
	}
	return r, fill(r.Installation[:], id)
}

// Remember implements store.Bound.
func (d *room) Remember(ctx context.Context) error {
	return d.read(ctx, "remember the room", func(ctx context.Context, conn *pgxpool.Conn) error {
		r, err := d.which(ctx, conn)
		if err == nil {
			d.past.Remember(r)
		}
		return err
	})
}

// Same implements store.Bound.
func (d *room) Same(ctx context.Context) error {
	return d.read(ctx, "look which room it is", func(ctx context.Context, conn *pgxpool.Conn) error { return d.look(ctx, conn) })
}
