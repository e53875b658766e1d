// Package sqlite keeps the three rooms of package store in three SQLite files of one folder, for one machine.
//
// It is no general database layer: each file belongs to one room, no connection can attach a second one, and a file
// moved into another room's place is refused. Call [Create] once for an installation, [Open] ever after.
//
// Every connection runs with journal_mode=WAL, synchronous=FULL, secure_delete=ON and temp_store=MEMORY. One connection a
// room writes, first come first served, so a group commit never deadlocks and whoever moves a gate waits for
// at most the writers before it. Other processes may read and write the same files; a lock that they hold longer than
// five seconds is store.ErrUnavailable.
//
// What stays readable in the files, and for how long: the write-ahead log holds copies of changed pages until it is
// truncated, which ClearBatch, DropTags, DropEntrants, PutMixed, Rewrite and Scrub do. Until then it shows the order of
// commits; in the identity room that is the order of entries, with responses only sealed. Pages that are freed are
// zeroed, and so is the room of a deleted row; a page that stays in use may hold older copies between its rows (none was found in
// tests) until Scrub writes the tables that lose rows anew. What the file
// system or the disk keeps of a truncated file is beyond this package: that is why epoch and tag keys are destroyed elsewhere.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"

	"fairlot/store"
)

//go:embed migrations
var migrations embed.FS

// roomFile is one room's file: dir/name.db, and the application_id in its header that tells it from the others.
type roomFile struct {
	name string
	app  int32
}

var (
	registryFile = roomFile{"registry", 0x464c5201} // "FLR" 1
	identityFile = roomFile{"identity", 0x464c4901} // "FLI" 1
	answersFile  = roomFile{"answers", 0x464c4101}  // "FLA" 1
)

func (f roomFile) path(dir string) string { return filepath.Join(dir, f.name+".db") }

// Create makes the three files in dir with mode 0600, and dir itself with mode 0700 if it is absent (its parent must
// exist). If one of the files is there already it changes nothing and returns [store.ErrExists].
func Create(dir string) (err error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return store.Saying(store.ErrUnavailable, "create the folder of the databases: %v", err)
	}
	files := []roomFile{registryFile, identityFile, answersFile}
	for _, f := range files {
		if _, err := os.Lstat(f.path(dir)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("create %s.db: %w", f.name, store.ErrExists)
		}
	}
	var made []string
	defer func() {
		if err != nil {
			for _, p := range made {
				for _, suffix := range []string{"", "-wal", "-shm"} {
					_ = os.Remove(p + suffix)
				}
			}
		}
	}()
	for _, f := range files {
		file, err := os.OpenFile(f.path(dir), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("create %s.db: %w", f.name, store.ErrExists)
		}
		if err != nil {
			return store.Saying(store.ErrUnavailable, "create %s.db: %v", f.name, err)
		}
		made = append(made, f.path(dir))
		if err := errors.Join(file.Chmod(0o600), file.Close()); err != nil {
			return store.Saying(store.ErrUnavailable, "create %s.db: %v", f.name, err)
		}
		if err := create(f, dir); err != nil {
			return fmt.Errorf("create %s.db: %w", f.name, err)
		}
	}
	return syncDir(dir)
}

// create writes the header that cannot be changed later, then the schema.
func create(f roomFile, dir string) error {
	ctx := context.Background()
	db := sql.OpenDB(connector{dsn: newFileDSN(f.path(dir))})
	_, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", f.app))
	if err := errors.Join(err, db.Close()); err != nil {
		return classify(ctx, "write the header", err)
	}
	r, err := openFile(f, dir, busyTimeout)
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx, f, r.w), r.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return store.Saying(store.ErrUnavailable, "sync the folder of the databases: %v", err)
	}
	return nil
}

// Open opens the three files that [Create] made. It creates nothing: an absent file is [store.ErrNotFound]. A file of another room is
// refused, and a schema older than this program's with an error that asks for [Migrate]. A newer one is fine, because migrations only add.
func Open(dir string) (store.Rooms, error) { return open(dir, busyTimeout) }

// Migrate brings the schema of the three files forward, never back. It may be repeated after any error. A schema newer than this program is refused.
func Migrate(dir string) error {
	for _, f := range []roomFile{registryFile, identityFile, answersFile} {
		r, err := openFile(f, dir, busyTimeout)
		if err != nil {
			return fmt.Errorf("open %s.db: %w", f.name, err)
		}
		err = migrate(context.Background(), f, r.w)
		if err := errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("%s.db: %w", f.name, err)
		}
	}
	return nil
}

func open(dir string, busy time.Duration) (rooms store.Rooms, err error) {
	var opened []*room
	defer func() {
		if err != nil {
			for _, r := range opened {
				_ = r.Close()
			}
		}
	}()
	for _, f := range []roomFile{registryFile, identityFile, answersFile} {
		r, err := openRoom(f, dir, busy)
		if err != nil {
			return store.Rooms{}, fmt.Errorf("open %s.db: %w", f.name, err)
		}
		opened = append(opened, r)
	}
	return store.Rooms{Registry: &Registry{opened[0]}, Identity: &Identity{opened[1]}, Answers: &Answers{opened[2]}}, nil
}

func openRoom(f roomFile, dir string, busy time.Duration) (*room, error) {
	r, err := openFile(f, dir, busy)
	if err != nil {
		return nil, err
	}
	_, have, want, err := versions(context.Background(), f, r.w)
	if err == nil && have < want {
		err = fmt.Errorf("schema version %d is older than this program's %d: make a backup, then run fairlotd upgrade", have, want)
	}
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// openFile opens a room's file, whatever its schema.
func openFile(f roomFile, dir string, busy time.Duration) (_ *room, err error) {
	switch info, err := os.Stat(f.path(dir)); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, store.ErrNotFound
	case err != nil:
		return nil, store.Saying(store.ErrUnavailable, "%v", err)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("mode %04o lets others in, want 0600", info.Mode().Perm())
	}
	r := newRoom(f.path(dir), busy)
	defer func() {
		if err != nil {
			_ = r.Close()
		}
	}()
	ctx := context.Background()
	var app int32
	if err := r.w.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return nil, classify(ctx, "read the header", err)
	}
	if app != f.app {
		return nil, fmt.Errorf("application_id %#x is not that of the %s room", app, f.name)
	}
	return r, nil
}

// versions returns the schema's version and this program's.
func versions(ctx context.Context, f roomFile, db *sql.DB) (p *goose.Provider, have, want int64, err error) {
	folder, err := fs.Sub(migrations, "migrations/"+f.name)
	if err != nil {
		return nil, 0, 0, err
	}
	p, err = goose.NewProvider(goose.DialectSQLite3, db, folder, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, 0, 0, fmt.Errorf("read the migrations: %w", err)
	}
	have, want, err = p.GetVersions(ctx)
	if err != nil {
		return nil, 0, 0, classify(ctx, "read the schema version", err)
	}
	return p, have, want, nil
}

// migrate brings the schema forward. Nothing is written if it is current.
func migrate(ctx context.Context, f roomFile, db *sql.DB) error {
	p, have, want, err := versions(ctx, f, db)
	if err == nil && have > want {
		err = fmt.Errorf("schema version %d is newer than this program's %d: run the newer program", have, want)
	}
	if err == nil && have < want {
		if _, err = p.Up(ctx); err != nil {
			err = classify(ctx, fmt.Sprintf("migrate the schema from version %d to %d", have, want), err)
		}
	}
	return err
}

// newestMigration is the highest number of a room's folder.
func newestMigration(f roomFile) (newest int64, err error) {
	files, err := fs.Glob(migrations, "migrations/"+f.name+"/*.sql")
	if err != nil {
		return 0, err
	}
	for _, name := range files {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("read the migrations: %w", err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}
