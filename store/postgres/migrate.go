package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"fairlot/store"
)

//go:embed migrations
var migrations embed.FS

// Create makes the schemas of an installation in three empty databases, as their owners, and gives the app roles their rights: to their
// own database and its rows. It takes the right to connect away from everybody else. If one of the databases has a schema it changes
// nothing and returns [store.ErrExists]; after any other error the databases are empty again, as far as their servers answer.
func Create(ctx context.Context, owners, apps DSNs) error {
	for _, r := range owners.rooms() {
		empty, err := isEmpty(ctx, r)
		if err == nil && !empty {
			err = fmt.Errorf("the database is not empty: %w", store.ErrExists)
		}
		if err != nil {
			return fmt.Errorf("create the %s room: %w", r.name, err)
		}
	}
	if err := Migrate(ctx, owners, apps); err != nil {
		_ = Discard(context.WithoutCancel(ctx), owners) // the first error says more
		return err
	}
	return nil
}

// Migrate brings the schemas forward, never back, and renews the app roles' rights. Several may run at once; one does the work, the
// others wait. A schema newer than this program is refused. It may be repeated after any error.
func Migrate(ctx context.Context, owners, apps DSNs) error {
	for i, r := range owners.rooms() {
		app, err := config(apps.rooms()[i])
		if err != nil {
			return err
		}
		if err := migrate(ctx, r, app.ConnConfig.User); err != nil {
			return fmt.Errorf("migrate the %s room: %w", r.name, err)
		}
	}
	return nil
}

// Discard empties the three databases again, as their owners: what [Create] made is gone, with every row. Again is nil.
func Discard(ctx context.Context, owners DSNs) error {
	var all error
	for _, r := range owners.rooms() {
		_, db, err := ownerDB(ctx, r)
		if err == nil {
			err = execAll(ctx, db, "empty the database", []string{"DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public AUTHORIZATION pg_database_owner"})
			_ = db.Close()
		}
		if err != nil {
			all = errors.Join(all, fmt.Errorf("discard the %s room: %w", r.name, err))
		}
	}
	return all
}

// Enclose gives each app role the right to connect to its database, takes it from everybody else, and does no more, as the owners. [Create] and [Migrate] do it too: this
// is for databases that a dump is restored into, which says nothing of that right. It may be repeated.
func Enclose(ctx context.Context, owners, apps DSNs) error {
	for i, r := range owners.rooms() {
		app, err := config(apps.rooms()[i])
		if err != nil {
			return err
		}
		c, db, err := ownerDB(ctx, r)
		if err == nil {
			err = execAll(ctx, db, "close the database to others", doors(c.Database, app.ConnConfig.User))
			_ = db.Close()
		}
		if err != nil {
			return fmt.Errorf("enclose the %s room: %w", r.name, err)
		}
	}
	return nil
}

// ownerDB connects as a room's owner.
func ownerDB(ctx context.Context, r roomDSN) (*pgx.ConnConfig, *sql.DB, error) {
	c, err := config(r)
	if err == nil {
		err = knock(ctx, c.ConnConfig)
	}
	if err != nil {
		return nil, nil, err
	}
	c.ConnConfig.RuntimeParams["statement_timeout"] = "0"
	return c.ConnConfig, stdlib.OpenDB(*c.ConnConfig), nil
}

func isEmpty(ctx context.Context, r roomDSN) (empty bool, err error) {
	_, db, err := ownerDB(ctx, r)
	if err != nil {
		return false, err
	}
	defer func() { _ = db.Close() }()
	err = db.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM pg_class c WHERE relnamespace = 'public'::regnamespace
		AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))`).Scan(&empty)
	return empty, classifyOwner(ctx, "look into the database", err)
}

// classifyOwner is classify for what owners and administrators do.
func classifyOwner(ctx context.Context, act string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return fmt.Errorf("%s: the role may not", act)
	}
	return classify(ctx, act, err)
}

func migrate(ctx context.Context, r roomDSN, app string) error {
	c, db, err := ownerDB(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if c.User == app {
		return errors.New("owner and app role must be two")
	}
	folder, err := fs.Sub(migrations, "migrations/"+string(r.name))
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresTableLocker(lock.WithTableLockTimeout(time.Second, 300))
	if err != nil {
		return fmt.Errorf("make the lock of migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, folder,
		goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true), goose.WithLocker(locker))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	// Nobody else may come in while the tables are made.
	if err := execAll(ctx, db, "close the database to others", doors(c.Database, app)); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return classifyOwner(ctx, "bring the schema forward", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return classifyOwner(ctx, "read the schema version", err)
	}
	if have > want {
		return fmt.Errorf("schema version %d is newer than this program's %d: run the newer program", have, want)
	}
	if err := distribute(ctx, db, r.name); err != nil {
		return err
	}
	return execAll(ctx, db, "grant the app role its rights", grants(r.name, app))
}

func doors(database, app string) []string {
	d, a := pgx.Identifier{database}.Sanitize(), pgx.Identifier{app}.Sanitize()
	return []string{
		"REVOKE ALL ON DATABASE " + d + " FROM PUBLIC", "GRANT CONNECT ON DATABASE " + d + " TO " + a,
		"REVOKE ALL ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO " + a,
	}
}

func grants(name roomName, app string) []string {
	a := pgx.Identifier{app}.Sanitize()
	list := []string{
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + a,
		"REVOKE ALL ON goose_lock, goose_db_version FROM " + a, "GRANT SELECT ON goose_db_version TO " + a,
	}
	if name == registryRoom { // the audit trail only grows
		list = append(list, "REVOKE UPDATE, DELETE ON acts FROM "+a)
	} else {
		list = append(list, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO "+a)
	}
	return list
}

func execAll(ctx context.Context, db *sql.DB, act string, statements []string) error {
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return classifyOwner(ctx, act, err)
		}
	}
	return nil
}

// newestMigration is the highest number of a room's folder.
func newestMigration(name roomName) (newest int64, err error) {
	files, err := fs.Glob(migrations, "migrations/"+string(name)+"/*.sql")
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		number, _, _ := strings.Cut(path.Base(f), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the migrations: %s has no number", f)
		}
		newest = max(newest, n)
	}
	return newest, nil
}
