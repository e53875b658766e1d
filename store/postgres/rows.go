package postgres

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
)

// Rows writes every row of every table of the three rooms to w, as COPY … TO STDOUT (FORMAT binary) does, for those who search them. owners are
// the rooms' owners. What the server keeps besides, such as its log of writes, is not in it.
func Rows(ctx context.Context, owners DSNs, w io.Writer) error {
	for _, r := range owners.rooms() {
		if err := rows(ctx, r, w); err != nil {
			return fmt.Errorf("read the rows of the %s room: %w", r.name, err)
		}
	}
	return nil
}

func rows(ctx context.Context, r roomDSN, w io.Writer) error {
	c, err := config(r)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, c.ConnConfig)
	if err != nil {
		return explain(ctx, c.ConnConfig, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	list, _ := conn.Query(ctx, "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname")
	tables, err := pgx.CollectRows(list, pgx.RowTo[string])
	if err != nil {
		return classifyOwner(ctx, "list the tables", err)
	}
	for _, table := range tables {
		if _, err := conn.PgConn().CopyTo(ctx, w, "COPY "+quote(table)+" TO STDOUT (FORMAT binary)"); err != nil {
			return classifyOwner(ctx, "copy a table", err)
		}
	}
	return nil
}
