package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
)

// On Citus a transaction is prepared on the workers, committed on the coordinator, and then committed on the workers. It lets go of the gate after
// the second step: in the third its rows may still be invisible, for a moment, or, where a worker has crashed, until somebody recovers it. So whoever must see all rows that came through a gate first waits until none of them is only prepared.

const (
	// turnsOnCitus bounds the transactions that hold gates at work there: each costs many times one on a single server, more of them get no more through
	// two cores, and a mover waits for every one.
	turnsOnCitus = 4

	settleEvery   = 20 * time.Millisecond
	settleRecover = 200 * time.Millisecond // then it is no transaction at work, or one of a server under heavy load, which recovery passes over
	settleTime    = 5 * time.Second
)

// preparedOnWorkers lets the app role see what is prepared on the workers of its own database, which takes a right to command them. A worker
// that does not answer is an error.
const preparedOnWorkers = `CREATE OR REPLACE FUNCTION public.prepared_on_workers() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
DECLARE r record;
BEGIN
	FOR r IN SELECT nodeport, nodename, success, result FROM run_command_on_workers(
		'SELECT coalesce(string_agg(gid, '' ''), '''') FROM pg_prepared_xacts WHERE database = current_database()')
	LOOP
		IF NOT r.success THEN
			RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = 'a worker does not answer';
		END IF;
		RETURN QUERY SELECT r.nodename || ' ' || r.nodeport || ' ' || gid FROM unnest(string_to_array(r.result, ' ')) AS gid;
	END LOOP;
END
$$`

// findWorkers sets what is special on Citus.
func (d *room) findWorkers(ctx context.Context, name roomName) error {
	err := d.row(ctx, "look for Citus", citusThere, nil, &d.citus)
	if d.citus && name == identityRoom {
		d.turns = make(chan struct{}, turnsOnCitus)
	}
	return err
}

// turn waits until whoever is going to hold a gate may go to work: a group commit, a correction, an erasure. The caller calls leave after it.
func (d *room) turn(ctx context.Context, act string) (leave func(), err error) {
	if d.turns == nil {
		return func() {}, nil
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case d.turns <- struct{}{}:
		return func() { <-d.turns }, nil
	case <-bounded.Done():
		return nil, classify(ctx, act, bounded.Err())
	}
}

// readSettled is read after settle.
func (d *room) readSettled(ctx context.Context, act string, fn func(ctx context.Context, conn *pgxpool.Conn) error) error {
	if err := d.settle(ctx, act); err != nil {
		return err
	}
	return d.read(ctx, act, fn)
}

// settle waits until all that other transactions had prepared on workers when it was called is committed or undone there, and has Citus recover what
// nobody is at work on any more. [store.ErrUnavailable] where that does not come about, or a worker is away.
func (d *room) settle(ctx context.Context, act string) error {
	if !d.citus {
		return nil
	}
	left, err := d.prepared(ctx, act)
	began, recovered := time.Now(), false
	for err == nil && len(left) > 0 {
		switch waited := time.Since(began); {
		case waited > settleTime:
			return classify(ctx, act, store.ErrUnavailable)
		case waited > settleRecover && !recovered:
			recovered = true
			err = d.read(ctx, act, func(ctx context.Context, conn *pgxpool.Conn) error {
				_, err := conn.Exec(ctx, "SELECT recover_prepared_transactions()")
				return err
			})
		default:
			select {
			case <-ctx.Done():
			case <-time.After(settleEvery):
			}
		}
		var now []string
		if err == nil {
			now, err = d.prepared(ctx, act)
		}
		left = slices.DeleteFunc(left, func(gid string) bool { return !slices.Contains(now, gid) })
	}
	return err
}

// prepared are the transactions that are prepared on workers now.
func (d *room) prepared(ctx context.Context, act string) (list []string, err error) {
	err = d.read(ctx, act, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, _ := conn.Query(ctx, "SELECT prepared_on_workers()")
		list, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return list, err
}
