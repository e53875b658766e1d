package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"fairlot/store"
	"fairlot/store/judge"
)

// room is one open file: one connection that writes, a few that read.
type room struct {
	path   string
	busy   time.Duration
	w, r   *sql.DB
	m      *sql.DB       // of whoever moves the log into the file
	turn   chan struct{} // held by the writer; a channel serves its waiters in the order they came
	closed atomic.Bool
	file   fs.FileInfo // which was opened
	past   judge.Past

	moving  sync.Mutex    // held by whoever moves the log into the file: SQLite refuses a second one
	written chan struct{} // tells keepMoving of a commit
	ended   chan struct{} // closed when keepMoving has returned
	stop    func()        // tells it to
}

const readers = 4

// moveEvery is how often the log is moved into the file while there are commits: often enough that no commit has to, and no truncation finds much.
const moveEvery = 250 * time.Millisecond

// truncateWithin bounds how long a truncation waits, with the turn, for those who read: whoever wanted it comes again.
const truncateWithin = 500 * time.Millisecond

func newRoom(path string, busy time.Duration) *room {
	file, _ := os.Stat(path) // before the first connection; nil is in no place
	d := &room{
		path: path,
		file: file,
		busy: busy,
		w:    sql.OpenDB(connector{dsn: writeDSN(path, busy)}),
		r:    sql.OpenDB(connector{dsn: readDSN(path, busy)}),
		m:    sql.OpenDB(connector{dsn: readDSN(path, busy)}),
		turn: make(chan struct{}, 1),

		written: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	d.w.SetMaxOpenConns(1)
	d.r.SetMaxOpenConns(readers)
	d.r.SetMaxIdleConns(readers)
	d.m.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel(context.Background())
	d.stop = cancel
	go d.keepMoving(ctx)
	return d
}

// Close waits for the writer at work and closes the file. Again is nil.
func (d *room) Close() error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	if d.closed.Swap(true) {
		return nil
	}
	d.stop()
	<-d.ended
	// The readers first: the last connection to go empties the write-ahead log, and only a writer can.
	if err := errors.Join(d.m.Close(), d.r.Close(), d.w.Close()); err != nil {
		return classify(context.Background(), "close", err)
	}
	return nil
}

// errClosed is told apart from the database's own errors only inside this package.
var errClosed = errors.New("closed")

// tx is one transaction on one connection, with its prepared statements.
type tx struct {
	ctx   context.Context // for statements
	alive context.Context // the caller's
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (t *tx) prepare(query string) (*sql.Stmt, error) {
	if err := t.alive.Err(); err != nil {
		return nil, err
	}
	s, ok := t.stmts[query]
	if !ok {
		var err error
		if s, err = t.conn.PrepareContext(t.ctx, query); err != nil {
			return nil, err
		}
		t.stmts[query] = s
	}
	return s, nil
}

// exec returns the number of rows changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	s, err := t.prepare(query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// swap is exec for a compare-and-swap on one row: no row is store.ErrConflict.
func (t *tx) swap(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		err = store.ErrConflict
	}
	return err
}

// args keeps the arguments of a statement apart from where its columns go.
type args = []any

// one scans the only row; none is store.ErrNotFound.
func (t *tx) one(query string, a args, dst ...any) error {
	s, err := t.prepare(query)
	if err != nil {
		return err
	}
	err = s.QueryRowContext(t.ctx, a...).Scan(dst...)
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	return err
}

// each calls row for every row.
func (t *tx) each(query string, a args, row func(scan func(...any) error) error) error {
	s, err := t.prepare(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(t.ctx, a...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			_ = rows.Close()
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

func (t *tx) end() {
	for _, s := range t.stmts {
		_ = s.Close()
	}
}

// write runs fn in one transaction that holds the file's write lock from its first statement on. Once fn has returned nil the
// commit is carried through even if ctx ends, so that its outcome is never in doubt for that reason.
func (d *room) write(ctx context.Context, act string, fn func(t *tx) error) error {
	return d.writeThen(ctx, act, fn, nil)
}

// writeThen is write, followed by then on the same connection before another writer has its turn.
func (d *room) writeThen(ctx context.Context, act string, fn func(t *tx) error, then func(ctx context.Context, c *sql.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return d.classify(ctx, act, err)
	}
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return d.classify(ctx, act, ctx.Err())
	}
	defer func() { <-d.turn }()
	if d.closed.Load() {
		return d.classify(ctx, act, errClosed)
	}
	if err := d.inPlace(); err != nil { // what lies there is not even opened
		return d.classify(ctx, act, err)
	}
	conn, err := d.w.Conn(ctx)
	if err != nil {
		return d.classify(ctx, act, err)
	}
	defer func() { _ = conn.Close() }()
	err = inTx(ctx, conn, "BEGIN IMMEDIATE", func(t *tx) error {
		if err := d.look(t); err != nil {
			return err
		}
		return fn(t)
	})
	if err != nil {
		if errors.Is(err, store.ErrReplaced) {
			discard(conn) // it may have been made when another file lay there, and would lead to that one for ever
		}
		return d.classify(ctx, act, err)
	}
	select {
	case d.written <- struct{}{}:
	default:
	}
	if then != nil {
		if err := then(context.WithoutCancel(ctx), conn); err != nil {
			return d.classify(context.WithoutCancel(ctx), act, err)
		}
	}
	return nil
}

// inTx begins, runs fn, and commits or rolls back. Statements are not interrupted half-way: an interrupted connection would be thrown
// away. The caller's context is looked at between them.
func inTx(ctx context.Context, conn *sql.Conn, begin string, fn func(t *tx) error) error {
	steady := context.WithoutCancel(ctx)
	_, err := conn.ExecContext(ctx, begin)
	if err == nil {
		t := &tx{ctx: steady, alive: ctx, conn: conn, stmts: map[string]*sql.Stmt{}}
		err = fn(t)
		if err == nil {
			err = ctx.Err()
		}
		t.end()
	}
	if err == nil {
		_, err = conn.ExecContext(steady, "COMMIT")
	}
	if err == nil {
		return nil
	}
	// SQLite itself has rolled back after some errors; then this one says so, which is why a plain query decides.
	_, _ = conn.ExecContext(steady, "ROLLBACK")
	if _, e := conn.ExecContext(steady, "BEGIN"); e != nil {
		discard(conn) // still inside: never to be used again
	} else {
		_, _ = conn.ExecContext(steady, "ROLLBACK")
	}
	return err
}

// discard throws a connection away.
func discard(conn *sql.Conn) { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) }

// read runs fn on one snapshot. fn may not change anything.
func (d *room) read(ctx context.Context, act string, fn func(t *tx) error) error {
	if err := ctx.Err(); err != nil {
		return d.classify(ctx, act, err)
	}
	if d.closed.Load() {
		return d.classify(ctx, act, errClosed)
	}
	if err := d.inPlace(); err != nil {
		return d.classify(ctx, act, err)
	}
	conn, err := d.r.Conn(ctx)
	if err == nil {
		defer func() { _ = conn.Close() }()
		err = inTx(ctx, conn, "BEGIN", func(t *tx) error {
			if d.past.Strange() {
				if err := d.look(t); err != nil {
					return err
				}
			}
			err := fn(t)
			if e := d.inPlace(); e != nil { // the file is opened by the first statement, after the look before it
				return e
			}
			return err
		})
		if errors.Is(err, store.ErrReplaced) {
			discard(conn)
		}
	}
	if err != nil && d.closed.Load() && ctx.Err() == nil {
		err = errClosed
	}
	return d.classify(ctx, act, err)
}

// keepMoving moves the log into the file beside the writers, until ctx ends.
func (d *room) keepMoving(ctx context.Context) {
	defer close(d.ended)
	for {
		select {
		case <-d.written:
		case <-ctx.Done():
			return
		}
		d.moveLog(ctx)
		select {
		case <-time.After(moveEvery):
		case <-ctx.Done():
			return
		}
	}
}

// moveLog moves as much of the log into the file as no reader needs, without keeping writers waiting. It may fail: what stays is moved later, in the
// end by a commit that finds walPages of it.
func (d *room) moveLog(ctx context.Context) {
	d.moving.Lock()
	defer d.moving.Unlock()
	if d.inPlace() != nil { // a log is moved into the file that it is of, or into none
		return
	}
	_, _ = d.m.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
}

// truncateLog moves the rest of the log into the file and empties it. The caller holds the turn.
func (d *room) truncateLog(ctx context.Context, conn *sql.Conn) error {
	d.moving.Lock()
	defer d.moving.Unlock()
	wait := func(t time.Duration) error {
		_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", t.Milliseconds()))
		return err
	}
	if err := wait(min(d.busy, truncateWithin)); err != nil {
		return err
	}
	var busy, pages, moved int
	err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	if err := errors.Join(err, wait(d.busy)); err != nil {
		return err
	}
	if busy != 0 {
		return store.ErrUnavailable
	}
	return nil
}

func (d *room) classify(ctx context.Context, act string, err error) error {
	return classify(ctx, strings.TrimSuffix(filepath.Base(d.path), ".db")+" room: "+act, err)
}

// classify turns an error into one of package store's, or the context's. The database's own text quotes keys and values, so it is
// dropped: only its number is kept, and only where it is no known case.
func classify(ctx context.Context, act string, err error) error {
	if err == nil {
		return nil
	}
	if e := ctx.Err(); e != nil {
		return fmt.Errorf("%s: %w", act, e)
	}
	if errors.Is(err, store.ErrReplaced) {
		return fmt.Errorf("%s: %w", act, err)
	}
	for _, known := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrUnavailable} {
		if errors.Is(err, known) {
			return fmt.Errorf("%s: %w", act, known)
		}
	}
	if errors.Is(err, errClosed) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("%s: %w", act, store.ErrUnavailable)
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: unexpected %T", act, err)
	}
	switch e.Code() & 0xff {
	case 19: // CONSTRAINT
		if e.Code() == 19|6<<8 || e.Code() == 19|8<<8 { // PRIMARYKEY, UNIQUE
			return fmt.Errorf("%s: %w", act, store.ErrExists)
		}
	case 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 22, 26:
		// BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOLFS, NOTADB
		return fmt.Errorf("%s: %w", act, store.ErrUnavailable)
	}
	return fmt.Errorf("%s: database error %d", act, e.Code())
}

// into scans a blob of exactly its own length.
type into []byte

// Scan implements sql.Scanner.
func (b into) Scan(src any) error {
	v, ok := src.([]byte)
	if !ok || len(v) != len(b) {
		return fmt.Errorf("column has not %d bytes", len(b))
	}
	copy(b, v)
	return nil
}

// at scans Unix seconds, 0 as the zero time.
type at struct{ t *time.Time }

// Scan implements sql.Scanner.
func (a at) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return errors.New("column is no integer")
	}
	*a.t = time.Time{}
	if v != 0 {
		*a.t = time.Unix(v, 0).UTC()
	}
	return nil
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// full makes a nil blob an empty one, for columns that are never NULL.
func full(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
