package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"fairlot/store"
	"fairlot/store/archive"
)

// dialect is where these tables differ from the export's.
var dialect = archive.Dialect{
	Dollar: true,
	From:   map[string]string{"days": "(SELECT campaign, day, sum(entrants)::bigint AS entrants FROM days GROUP BY campaign, day) AS d"},
	Read: map[string]string{
		"campaigns.gate_made": "gate_made::int", "staff_tokens.revoked": "revoked::int", "pending.dropped": "dropped::int", "batches.cleared": "cleared::int",
	},
	Write: map[string]func(any) any{
		"campaigns.gate_made": asBool, "staff_tokens.revoked": asBool, "pending.dropped": asBool, "batches.cleared": asBool,
	},
	More: map[string]map[string]any{"days": {"part": []byte{0}}},
}

func asBool(v any) any { return v.(int64) != 0 }

// Archive opens one room under its app role, on this program's schema, for [archive.Write], or if fill for [archive.Read], and calls do in one transaction; what do puts is durable when
// Archive returns nil. A room to be filled must have no rows: [store.ErrExists]. No daemon may be at work on it.
func Archive(ctx context.Context, apps DSNs, room string, fill bool, do func(*archive.DB) error) error {
	for _, r := range apps.rooms() {
		if string(r.name) == room {
			return archiveRoom(ctx, r, fill, do)
		}
	}
	return fmt.Errorf("no room %q", room)
}

func archiveRoom(ctx context.Context, r roomDSN, fill bool, do func(*archive.DB) error) error {
	c, err := config(r)
	if err != nil {
		return err
	}
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		c.ConnConfig.RuntimeParams[name] = "0" // a whole table is one statement
	}
	db := stdlib.OpenDB(*c.ConnConfig)
	defer func() { _ = db.Close() }()
	if err := isCurrent(ctx, r.name, db); err != nil {
		return err
	}
	a, err := archive.Begin(ctx, db, dialect, !fill)
	if err != nil {
		return classify(ctx, "begin", err)
	}
	defer a.Rollback()
	if fill {
		empty, err := a.Empty(ctx, string(r.name))
		if err != nil {
			return classify(ctx, "look into the room", err)
		}
		if !empty {
			return fmt.Errorf("fill the %s room: %w", r.name, store.ErrExists)
		}
	}
	if err := do(a); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) { // its text quotes values
			return classify(ctx, "move rows of the "+string(r.name)+" room", err)
		}
		return err
	}
	if fill {
		return classify(ctx, "commit", a.Commit(ctx))
	}
	return nil
}

func isCurrent(ctx context.Context, name roomName, db *sql.DB) error {
	var have int64
	err := db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM public.goose_db_version WHERE is_applied").Scan(&have)
	if err != nil {
		return classify(ctx, "read the schema version", err)
	}
	want, err := newestMigration(name)
	if err == nil && have != want {
		err = fmt.Errorf("schema version %d of the %s room is not this program's %d: fairlotd upgrade first", have, name, want)
	}
	return err
}
