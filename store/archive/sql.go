package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Dialect is where one engine's tables differ from the export's.
type Dialect struct {
	// Dollar: parameters are $1, $2 instead of ?.
	Dollar bool
	// From is what rows are read from, by table, where it is not the table by itself.
	From map[string]string
	// Read is the expression of a column, by table.column, where it is not the column itself. Write turns a value of the export into the engine's.
	Read  map[string]string
	Write map[string]func(any) any
	// More are columns of the engine's own with their values, by table.
	More map[string]map[string]any
}

// DB is one room behind database/sql: a [Source] and a [Sink] in one transaction. It is for one goroutine. Whoever makes it closes the database.
type DB struct {
	tx      *sql.Tx
	d       Dialect
	waiting []any // rows of one table, not yet inserted
	table   Table
}

// Begin begins reading or filling a room. Errors are the engine's: whoever calls strips what they quote.
func Begin(ctx context.Context, db *sql.DB, d Dialect, readOnly bool) (*DB, error) {
	opts := &sql.TxOptions{ReadOnly: readOnly && d.Dollar}
	if d.Dollar {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &DB{tx: tx, d: d}, nil
}

// Each implements [Source].
func (a *DB) Each(ctx context.Context, t Table, row func([]any) error) error {
	var exprs, keys []string
	for i, c := range t.Columns {
		e := c.Name
		if x, ok := a.d.Read[t.Name+"."+c.Name]; ok {
			e = x
		}
		exprs = append(exprs, e)
		if i < t.Key {
			keys = append(keys, fmt.Sprint(i+1))
		}
	}
	from := t.Name
	if x, ok := a.d.From[t.Name]; ok {
		from = x
	}
	rows, err := a.tx.QueryContext(ctx, "SELECT "+strings.Join(exprs, ", ")+" FROM "+from+" ORDER BY "+strings.Join(keys, ", "))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		values, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
		for i, c := range t.Columns {
			switch c.Kind {
			case Bytes:
				into[i] = &values[i]
			case Text:
				into[i] = new(string)
			default:
				into[i] = new(int64)
			}
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i := range values {
			switch v := into[i].(type) {
			case *string:
				values[i] = *v
			case *int64:
				values[i] = *v
			default:
				if values[i] == nil && !t.Columns[i].Null { // a driver's empty bytes
					values[i] = []byte{}
				}
			}
		}
		if err := row(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// perInsert is how many rows go into one statement.
const perInsert = 50

// Put implements [Sink].
func (a *DB) Put(ctx context.Context, t Table, row []any) error {
	if a.table.Name != t.Name {
		if err := a.flush(ctx); err != nil {
			return err
		}
		a.table = t
	}
	for i, v := range row {
		if f, ok := a.d.Write[t.Name+"."+t.Columns[i].Name]; ok && v != nil {
			v = f(v)
		}
		a.waiting = append(a.waiting, v)
	}
	if len(a.waiting) >= perInsert*len(t.Columns) {
		return a.flush(ctx)
	}
	return nil
}

func (a *DB) flush(ctx context.Context) error {
	if len(a.waiting) == 0 {
		return nil
	}
	width := len(a.table.Columns)
	var names []string
	for _, c := range a.table.Columns {
		names = append(names, c.Name)
	}
	var more []any
	for name, v := range a.d.More[a.table.Name] {
		names, more = append(names, name), append(more, v)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "INSERT INTO %s (%s) VALUES ", a.table.Name, strings.Join(names, ", "))
	var args []any
	for at := 0; at < len(a.waiting); at += width {
		if at > 0 {
			text.WriteString(", ")
		}
		row := append(append([]any{}, a.waiting[at:at+width]...), more...)
		for i := range row {
			text.WriteString(map[bool]string{true: "(", false: ", "}[i == 0])
			if a.d.Dollar {
				fmt.Fprintf(&text, "$%d", len(args)+i+1)
			} else {
				text.WriteString("?")
			}
		}
		text.WriteString(")")
		args = append(args, row...)
	}
	a.waiting = a.waiting[:0]
	_, err := a.tx.ExecContext(ctx, text.String(), args...)
	return err
}

// Empty tells whether no table of the room has a row.
func (a *DB) Empty(ctx context.Context, room string) (bool, error) {
	for _, t := range Tables(room) {
		var one int
		switch err := a.tx.QueryRowContext(ctx, "SELECT 1 FROM "+t.Name+" LIMIT 1").Scan(&one); {
		case err == nil:
			return false, nil
		case !errors.Is(err, sql.ErrNoRows):
			return false, err
		}
	}
	return true, nil
}

// Commit makes what was put durable.
func (a *DB) Commit(ctx context.Context) error {
	if err := a.flush(ctx); err != nil {
		return err
	}
	return a.tx.Commit()
}

// Rollback takes back what was not committed.
func (a *DB) Rollback() { _ = a.tx.Rollback() }
