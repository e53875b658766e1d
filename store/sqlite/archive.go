package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"fairlot/store"
	"fairlot/store/archive"
)

// dialect is where these tables differ from the export's.
var dialect = archive.Dialect{
	Read: map[string]string{
		"staff_tokens.label": "CAST(label AS BLOB)", "texts.question": "CAST(question AS BLOB)", "texts.body": "CAST(body AS BLOB)",
		"entry_tokens.refusals": "refusals - 2",
	},
	Write: map[string]func(any) any{
		"staff_tokens.label": asText, "texts.question": asText, "texts.body": asText,
		"entry_tokens.refusals": func(v any) any { return v.(int64) + 2 },
	},
	More: map[string]map[string]any{"gates": {"moving": 0}},
}

func asText(v any) any { return string(v.([]byte)) }

func fileOf(room string) (roomFile, error) {
	for _, f := range []roomFile{registryFile, identityFile, answersFile} {
		if f.name == room {
			return f, nil
		}
	}
	return roomFile{}, fmt.Errorf("no room %q", room)
}

// Archive opens one room of dir, on this program's schema, for [archive.Write], or if fill for [archive.Read], and calls do in one transaction; what do puts is durable when Archive returns
// nil. A room to be filled must have no rows: [store.ErrExists]. No other process may be at work on it.
func Archive(ctx context.Context, dir, room string, fill bool, do func(*archive.DB) error) error {
	f, err := fileOf(room)
	if err != nil {
		return err
	}
	db, err := lookInto(ctx, f, f.path(dir), url.Values{"mode": {"rw"}})
	if err != nil {
		return fmt.Errorf("open %s.db: %w", room, err)
	}
	defer func() { _ = db.Close() }()
	if err := isCurrent(ctx, f, db); err != nil {
		return fmt.Errorf("open %s.db: %w", room, err)
	}
	a, err := archive.Begin(ctx, db, dialect, !fill)
	if err != nil {
		return classify(ctx, "begin", err)
	}
	defer a.Rollback()
	if fill {
		empty, err := a.Empty(ctx, room)
		if err != nil {
			return classify(ctx, "look into the room", err)
		}
		if !empty {
			return fmt.Errorf("fill %s.db: %w", room, store.ErrExists)
		}
	}
	if err := do(a); err != nil {
		return quiet(ctx, room, err)
	}
	if fill {
		return classify(ctx, "commit", a.Commit(ctx))
	}
	return nil
}

// quiet takes a database's own text out of an error; others keep theirs.
func quiet(ctx context.Context, room string, err error) error {
	var own interface{ Code() int }
	if errors.As(err, &own) {
		return classify(ctx, "move rows of "+room, err)
	}
	return err
}

func isCurrent(ctx context.Context, f roomFile, db *sql.DB) error {
	have, err := schemaVersion(ctx, db)
	if err != nil {
		return err
	}
	want, err := newestMigration(f)
	if err == nil && have != want {
		err = fmt.Errorf("schema version %d is not this program's %d: fairlotd upgrade first", have, want)
	}
	return err
}
