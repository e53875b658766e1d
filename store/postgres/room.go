package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"fairlot/store"
	"fairlot/store/judge"
)

const (
	// patience bounds every act but those that write whole tables anew, for callers without a deadline of their own.
	patience = 20 * time.Second
	// tryTime bounds one try of them: the server is gone, or the way to it, and nobody has said so. Waiting for a lock ends before.
	tryTime = 8 * time.Second
	// longPatience bounds those.
	longPatience = time.Hour
	// commitTime is how long a COMMIT may take before its outcome is given up as unknown.
	commitTime = 10 * time.Second
	// arriveTime is how long a new connection may take to say where it leads: nobody else bounds that.
	arriveTime = 5 * time.Second
	// rollbackTime is how long a connection may take to take everything back before it is thrown away.
	rollbackTime = 2 * time.Second

	conflictTries   = 25 // of a transaction that others keep getting in the way of
	connectionTries = 3  // of a transaction whose connection is cut before its COMMIT
)

// room is the pool of one room's app role.
type room struct {
	name   roomName
	pool   *pgxpool.Pool
	closed atomic.Bool
	past   judge.Past
	leads  atomic.Pointer[place] // where the first connection led

	citus bool          // the rows are on several servers
	turns chan struct{} // who holds a gate there now; nil: as many as there are connections
}

// Close waits for the acts at work and closes all connections. Again is nil.
func (d *room) Close() error {
	d.closed.Store(true)
	d.pool.Close()
	return nil
}

// errRaced says that another transaction has committed what this one took for absent: it must look again.
var errRaced = errors.New("another transaction was faster")

// unknownError is what became of a COMMIT without an answer that settles it. It is never tried again here: the caller repeats the act by
// its id or its compare-and-swap.
type unknownError struct{ cause error }

func (e *unknownError) Error() string { return "outcome unknown" }
func (e *unknownError) Unwrap() error { return e.cause }

// write runs fn in one transaction of the isolation that the database has as its default, and again after a serialization failure, a
// deadlock, a lost race or a connection cut before COMMIT. Once fn has returned nil the commit is carried through even if ctx ends,
// so that its outcome is not in doubt for that reason.
func (d *room) write(ctx context.Context, act string, fn func(ctx context.Context, tx pgx.Tx) error) error {
	return d.again(ctx, act, patience, func(ctx context.Context) error { return d.inTx(ctx, fn) })
}

// writeLong is write without a time limit on statements.
func (d *room) writeLong(ctx context.Context, act string, fn func(ctx context.Context, tx pgx.Tx) error) error {
	return d.again(ctx, act, longPatience, func(ctx context.Context) error {
		return d.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
				return err
			}
			return fn(ctx, tx)
		})
	})
}

// read runs fn, one statement, on a connection of its own.
func (d *room) read(ctx context.Context, act string, fn func(ctx context.Context, conn *pgxpool.Conn) error) error {
	return d.again(ctx, act, patience, func(ctx context.Context) error {
		conn, err := d.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		if d.past.Strange() {
			if err := d.look(ctx, conn); err != nil {
				return err
			}
		}
		return fn(ctx, conn)
	})
}

// again is the one place where a transaction is repeated.
func (d *room) again(ctx context.Context, act string, limit time.Duration, try func(ctx context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	once := tryTime
	if limit > patience {
		once = limit
	}
	for conflicts, cuts := 0, 0; ; {
		err := bounded.Err()
		if err == nil {
			err = d.once(bounded, once, try)
		}
		if err == nil {
			return nil
		}
		if d.closed.Load() && bounded.Err() == nil {
			err = errClosed
		}
		switch again := d.repeatable(err); {
		case again == afterConflict && conflicts < conflictTries:
			conflicts++
		case again == afterCut && cuts < connectionTries:
			cuts++
		default:
			return classify(ctx, string(d.name)+" room: "+act, err)
		}
		// Full jitter, 1 to 128 ms: those who met once should not meet again.
		pause := time.Duration(rand.Int64N(int64(time.Millisecond) << min(conflicts+2*cuts, 7)))
		select {
		case <-bounded.Done():
		case <-time.After(pause):
		}
	}
}

// once is one try. One that had no answer in time is errSilent, and the other connections are given up with its own: they lead the same
// way, and each would cost as long again. So are those to a server that only reads.
func (d *room) once(ctx context.Context, limit time.Duration, try func(ctx context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := try(bounded)
	var unknown *unknownError
	switch {
	case errors.As(err, &unknown) && errors.Is(unknown.cause, context.DeadlineExceeded), isReadOnly(err):
		d.pool.Reset()
	case err != nil && bounded.Err() != nil && ctx.Err() == nil && !errors.As(err, &unknown):
		d.pool.Reset()
		return errSilent
	}
	return err
}

// errSilent says that the server did not answer in time, before COMMIT.
var errSilent = errors.New("the server did not answer")

func (d *room) inTx(ctx context.Context, fn func(ctx context.Context, tx pgx.Tx) error) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	steady := context.WithoutCancel(ctx)
	if err = d.look(ctx, tx); err == nil {
		err = fn(ctx, tx)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		undo, cancel := context.WithTimeout(steady, rollbackTime)
		defer cancel()
		_ = tx.Rollback(undo) // a connection that cannot is closed, which takes everything back too
		return err
	}
	done, cancel := context.WithTimeout(steady, commitTime)
	defer cancel()
	warned(conn.Conn().PgConn()) // what was said before COMMIT
	err = tx.Commit(done)
	if err == nil && warned(conn.Conn().PgConn()) {
		return &unknownError{errWarned}
	}
	if err == nil || isConflict(err) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return err
	}
	return &unknownError{err}
}

// errWarned says that a COMMIT was carried out with a warning: PostgreSQL so answers one that stopped waiting for its standby, because somebody
// cancelled it. The row is there for everybody to see, and is lost with its host.
var errWarned = errors.New("committed with a warning")

// noteWarning notes for the connection's user that the server warned. pgx calls it within calls on the connection.
func noteWarning(c *pgconn.PgConn, n *pgconn.Notice) {
	if n.SeverityUnlocalized == "WARNING" {
		c.CustomData()["warned"] = true
	}
}

// warned tells whether the server has warned since it was asked last.
func warned(c *pgconn.PgConn) bool {
	_, is := c.CustomData()["warned"]
	delete(c.CustomData(), "warned")
	return is
}

// Why a transaction may be tried again.
const (
	never = iota
	afterConflict
	afterCut
)

func (d *room) repeatable(err error) int {
	var unknown *unknownError
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &unknown), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return never
	case errors.Is(err, errSilent):
		return afterCut
	case errors.Is(err, errRaced), isConflict(err), d.citus && isInternal(err):
		return afterConflict
	case isReadOnly(err):
		return afterCut
	case errors.As(err, &pg):
		if strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "08") { // the server is going down, coming up, or gone
			return afterCut
		}
		return never
	case isCut(err):
		return afterCut
	}
	return never
}

// isConflict: serialization failure, deadlock. Nothing of the transaction is left.
func isConflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// isInternal: on Citus also a worker's serialization failure, which the coordinator hands on under this code. Before COMMIT nothing of the
// transaction is left.
func isInternal(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "XX000"
}

// isReadOnly: the server is a standby, or was told not to write.
func isReadOnly(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "25006"
}

// isCut says that an error comes from the way to the server, not from the server or from this package.
func isCut(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// errClosed says that the room was closed.
var errClosed = errors.New("closed")

func sentinel(err error) error {
	for _, known := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrUnavailable} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

// classify turns an error into one of package store's, or the context's. The database's own text quotes keys and values, so it is
// dropped: only its SQLSTATE is kept, and only where it is no known case.
func classify(ctx context.Context, act string, err error) error {
	var pg *pgconn.PgError
	var unknown *unknownError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		return fmt.Errorf("%s: outcome unknown: %w", act, store.ErrUnavailable)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", act, ctx.Err())
	case errors.Is(err, store.ErrReplaced):
		return fmt.Errorf("%s: %w", act, err)
	case sentinel(err) != nil:
		return fmt.Errorf("%s: %w", act, sentinel(err))
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("%s: %w", act, store.ErrNotFound)
	case errors.Is(err, errLength):
		return fmt.Errorf("%s: %w", act, errLength)
	case errors.As(err, &pg):
		return classifyState(act, pg.Code)
	case isCut(err), errors.Is(err, errSilent), errors.Is(err, errClosed), errors.Is(err, errRaced), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", act, store.ErrUnavailable)
	}
	return fmt.Errorf("%s: unexpected %T", act, err)
}

func classifyState(act, code string) error {
	switch {
	case code == "3D000", code == "42P01": // no such database, no such table: somebody is putting a room back
		return fmt.Errorf("%s: %w", act, store.ErrUnavailable)
	case code == "42501": // as after a dump that was restored without its rights
		return store.Saying(store.ErrUnavailable, "%s: the role lacks a right that it had at the start: fairlotd upgrade renews the app roles' rights", act)
	case code == "23505":
		return fmt.Errorf("%s: %w", act, store.ErrExists)
	}
	if len(code) == 5 {
		switch code[:2] {
		case "08", "25", "28", "40", "53", "55", "57", "58", "F0", "XX":
			// connection, read-only or dead transaction, refused at the door, conflict, no room, lock not had, cancelled or going
			// down, system, configuration, corrupted
			return fmt.Errorf("%s: %w", act, store.ErrUnavailable)
		}
	}
	return fmt.Errorf("%s: database error %s", act, code)
}

// swapped is what a compare-and-swap on one row returns: no row is store.ErrConflict.
func swapped(n int64, err error) error {
	if err == nil && n == 0 {
		err = store.ErrConflict
	}
	return err
}

// pipeline collects statements to be sent together. It implements the DBTX of the generated packages for :exec queries only; what
// these return then says nothing, send does.
type pipeline struct {
	batch pgx.Batch
	want  []int64
}

var errPipeline = errors.New("a pipeline has no rows")

// Exec implements DBTX.
func (p *pipeline) Exec(_ context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	p.batch.Queue(query, args...)
	return pgconn.CommandTag{}, nil
}

// Query implements DBTX.
func (p *pipeline) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errPipeline }

// QueryRow implements DBTX.
func (p *pipeline) QueryRow(context.Context, string, ...any) pgx.Row { return noRow{} }

type noRow struct{}

func (noRow) Scan(...any) error { return errPipeline }

// expect says how many rows the statement queued last must change.
func (p *pipeline) expect(n int) { p.want = append(p.want, int64(n)) }

// send returns errRaced if a statement changed fewer rows than expected.
func (p *pipeline) send(ctx context.Context, tx pgx.Tx) (err error) {
	results := tx.SendBatch(ctx, &p.batch)
	defer func() {
		if e := results.Close(); err == nil {
			err = e
		}
	}()
	for _, want := range p.want {
		tag, err := results.Exec()
		if err != nil {
			return err
		}
		if tag.RowsAffected() != want {
			return errRaced
		}
	}
	return nil
}

var errLength = errors.New("a column has another length than it must have")

// fill copies a column of exactly its own length.
func fill(dst, src []byte) error {
	if len(dst) != len(src) {
		return errLength
	}
	copy(dst, src)
	return nil
}

// unix is the stored form of a time; the zero time is 0.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func at(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// full makes a nil byte string an empty one, for columns that are never NULL.
func full(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// each converts rows. None is nil.
func each[R, V any](rows []R, convert func(R) (V, error)) ([]V, error) {
	var list []V
	for _, row := range rows {
		v, err := convert(row)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
