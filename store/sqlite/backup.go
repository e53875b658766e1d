package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"fairlot/store"
)

// RoomCopy is one file that [Backup] wrote, as it reads itself.
type RoomCopy struct {
	File    string // registry.db, identity.db, answers.db
	Schema  int64  // the newest migration that it has
	Known   int64  // the newest migration that this program has
	Binding store.Binding
}

// Waiting is how many responses of one epoch wait in a copy of the identity room, sealed under that epoch's key and not mixed into the copy of the answers
// room. They can be read as long as the key is there.
type Waiting struct {
	Campaign  store.CampaignID
	Epoch     uint32
	Responses int64
}

// Held is what three copies hold together.
type Held struct {
	Rooms   []RoomCopy
	Waiting []Waiting
}

// ErrMoving says that the log or a campaign's state kept changing while the rooms were copied.
var ErrMoving = errors.New("campaigns kept opening, closing or drawing while the rooms were copied: try again when that is over")

// copyTries is how often all is copied anew because the registry went on meanwhile.
const copyTries = 5

// Backup copies the three files of dir, an installation that may be in use by another process, into the empty folder out, with mode 0600, durably.
// Nothing of dir is changed, not even its schema. The files hold live rows only, in the order of their keys: no free page, no write-ahead log. tell, if
// not nil, hears of each file before it is copied.
//
// Each file is of one moment, and the three of three moments, registry first and answers last; that these fit each other is
// seen to: responses that are mixed between the last two are in the answers at least, and if the log or the state of a campaign moves between the first and
// the last, all is copied again ([ErrMoving] after five times). On an error the caller removes what is in out.
func Backup(ctx context.Context, dir, out string, tell func(file string)) error {
	for try := 0; ; try++ {
		moved, err := backupOnce(ctx, dir, out, tell)
		if err != nil || !moved {
			return err
		}
		if try == copyTries-1 {
			return fmt.Errorf("back up the rooms: %w", ErrMoving)
		}
	}
}

func backupOnce(ctx context.Context, dir, out string, tell func(file string)) (moved bool, err error) {
	var before, after [32]byte
	for _, f := range []roomFile{registryFile, identityFile, answersFile} {
		if tell != nil {
			tell(f.name + ".db")
		}
		if f == registryFile {
			if before, err = registryState(ctx, dir); err != nil {
				return false, err
			}
		}
		if err := copyRoom(ctx, f, dir, out); err != nil {
			return false, fmt.Errorf("copy %s.db: %w", f.name, err)
		}
	}
	if after, err = registryState(ctx, dir); err != nil {
		return false, err
	}
	return before != after, syncDir(out)
}

// copyRoom writes one file anew at another place. VACUUM INTO reads one snapshot, and others write on meanwhile.
func copyRoom(ctx context.Context, f roomFile, dir, out string) error {
	db, err := lookInto(ctx, f, f.path(dir), url.Values{"mode": {"rw"}})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	target := f.path(out)
	if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return store.Saying(store.ErrUnavailable, "%v", err)
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // SQLite fills an empty file, and would make one that others may read
	if err != nil {
		return store.Saying(store.ErrUnavailable, "%v", err)
	}
	defer func() { _ = file.Close() }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", target); err != nil {
		return classify(ctx, "write the copy", err)
	}
	if err := file.Sync(); err != nil {
		return store.Saying(store.ErrUnavailable, "%v", err)
	}
	return nil
}

// lookInto opens a file as it is: its header must be the room's. Nothing is migrated.
func lookInto(ctx context.Context, f roomFile, path string, more url.Values) (_ *sql.DB, err error) {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, store.ErrNotFound
	} else if err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(errors.New("not a regular file"), err)
	}
	v := pragmas(busyTimeout)
	for name, values := range more {
		v[name] = values
	}
	db := sql.OpenDB(connector{dsn: dsn(path, v), attach: true})
	db.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	var app int32
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return nil, classify(ctx, "read the header", err)
	}
	if app != f.app {
		return nil, fmt.Errorf("application_id %#x is not that of the %s room", app, f.name)
	}
	return db, nil
}

func schemaVersion(ctx context.Context, db *sql.DB) (version int64, err error) {
	err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	return version, classify(ctx, "read the schema version", err)
}

// registryState is a hash of what must not move while the rooms are copied: the log's size and the states of campaigns and draws.
func registryState(ctx context.Context, dir string) (sum [32]byte, err error) {
	db, err := lookInto(ctx, registryFile, registryFile.path(dir), url.Values{"mode": {"rw"}})
	if err != nil {
		return sum, fmt.Errorf("read registry.db: %w", err)
	}
	defer func() { _ = db.Close() }()
	h := sha256.New()
	rows, err := db.QueryContext(ctx, `SELECT 'log', count(*), 0 FROM log
		UNION ALL SELECT hex(id), state, length(tallies) FROM campaigns WHERE state > 1
		UNION ALL SELECT hex(campaign) || n, state, length(ranking) FROM draws ORDER BY 1`)
	if err != nil {
		return sum, classify(ctx, "read the states", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		var a, b int64
		if err := rows.Scan(&name, &a, &b); err != nil {
			return sum, classify(ctx, "read the states", err)
		}
		fmt.Fprintln(h, name, a, b)
	}
	return [32]byte(h.Sum(nil)), classify(ctx, "read the states", rows.Err())
}

// Inspect reads three files that [Backup] wrote and that nobody has open, without leaving anything beside them, and checks that SQLite finds them sound. It
// calls record for each record of the log.
func Inspect(ctx context.Context, dir string, record func([]byte) error) (held Held, err error) {
	still := url.Values{"mode": {"ro"}, "immutable": {"1"}}
	mixed := map[Waiting]bool{}
	for _, f := range []roomFile{registryFile, answersFile, identityFile} { // the answers say what waits no more
		err := func() error {
			db, err := lookInto(ctx, f, f.path(dir), still)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			var verdict string
			if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
				return classify(ctx, "check the file", err)
			}
			if verdict != "ok" {
				return errors.New("the file is damaged")
			}
			c := RoomCopy{File: filepath.Base(f.path(dir))}
			if c.Schema, err = schemaVersion(ctx, db); err != nil {
				return err
			}
			if c.Known, err = newestMigration(f); err != nil {
				return err
			}
			err = db.QueryRowContext(ctx, "SELECT installation, generation FROM binding").Scan(into(c.Binding.Installation[:]), &c.Binding.Generation)
			if err != nil {
				return classify(ctx, "read binding", err)
			}
			held.Rooms = append(held.Rooms, c)
			switch f {
			case registryFile:
				return eachRecord(ctx, db, record)
			case answersFile:
				return eachWaiting(ctx, db, "SELECT campaign, epoch, 0 FROM mixed", func(w Waiting) { mixed[w] = true })
			}
			return eachWaiting(ctx, db, "SELECT campaign, epoch, count(*) FROM pending WHERE response IS NOT NULL AND NOT dropped GROUP BY 1, 2 ORDER BY 1, 2", func(w Waiting) {
				if !mixed[Waiting{w.Campaign, w.Epoch, 0}] {
					held.Waiting = append(held.Waiting, w)
				}
			})
		}()
		if err != nil {
			return Held{}, fmt.Errorf("%s.db: %w", f.name, err)
		}
	}
	return held, nil
}

func eachRecord(ctx context.Context, db *sql.DB, record func([]byte) error) error {
	rows, err := db.QueryContext(ctx, "SELECT record FROM log ORDER BY n")
	if err != nil {
		return classify(ctx, "read the log", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return classify(ctx, "read the log", err)
		}
		if err := record(b); err != nil {
			return err
		}
	}
	return classify(ctx, "read the log", rows.Err())
}

func eachWaiting(ctx context.Context, db *sql.DB, query string, f func(Waiting)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return classify(ctx, "read the epochs", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var w Waiting
		if err := rows.Scan(into(w.Campaign[:]), &w.Epoch, &w.Responses); err != nil {
			return classify(ctx, "read the epochs", err)
		}
		f(w)
	}
	return classify(ctx, "read the epochs", rows.Err())
}
