package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fairlot/cmd/fairlot/private"
	"fairlot/store"
	"fairlot/store/postgres"
)

// errNotFinished says that somebody has to run the SQL before init can go on. What is in the folder then stays.
var errNotFinished = errors.New("the installation is not finished")

// databases are the three PostgreSQL databases that init fills, empty so far.
type databases struct {
	owners, apps postgres.DSNs
	undo         func(context.Context) error // drops them, if this init has made them
	sql          string                      // file that somebody was asked to run, to make them
}

// defaultDatabase is what --database is if nobody says it.
const defaultDatabase = "fairlot"

// databases makes the databases or finds those that were made for this folder; nil without a DSN, which means SQLite.
func (c *initCmd) databases(ctx context.Context, pending bool) (*databases, error) {
	switch {
	case c.Distribute != "" && (pending || c.AdminDSNFile == ""):
		return nil, errors.New("--distribute needs --admin-dsn-file with a superuser's DSN: databases are made on every node, which only a superuser may")
	case pending:
		return c.waiting()
	case c.AdminDSNFile != "" && (c.OwnerDSNFile != "" || c.AppDSNFile != ""):
		return nil, errors.New("either --admin-dsn-file, which makes databases, or --owner-dsn-file and --app-dsn-file, which name databases that are made")
	case c.AdminDSNFile != "":
		return c.provision(ctx)
	case c.OwnerDSNFile != "" && c.AppDSNFile != "":
		return c.made(c.OwnerDSNFile, c.AppDSNFile)
	case c.Database != "" && c.Database != defaultDatabase && c.OwnerDSNFile == "" && c.AppDSNFile == "":
		return nil, errors.New("--database names what --admin-dsn-file makes: without that file the rooms would be in SQLite")
	case c.OwnerDSNFile != "" || c.AppDSNFile != "":
		return nil, errors.New("--owner-dsn-file and --app-dsn-file go together: an owner makes the tables of a room, an app role reads and writes its rows")
	}
	return nil, nil
}

// made names databases and roles that somebody else has made.
func (c *initCmd) made(ownerFile, appFile string) (*databases, error) {
	owners, err := readDSNs(ownerFile)
	if err != nil {
		return nil, fmt.Errorf("DSNs of the owners: %w", err)
	}
	apps, err := readDSNs(appFile)
	if err != nil {
		return nil, fmt.Errorf("DSNs of the app roles: %w", err)
	}
	return &databases{owners: owners, apps: apps}, nil
}

// waiting names those that somebody was asked to make.
func (c *initCmd) waiting() (*databases, error) {
	d, err := c.made(filepath.Join(c.Dir, ownerDSNs), filepath.Join(c.Dir, appDSNs))
	if err == nil {
		d.sql = filepath.Join(c.Dir, provisionSQL)
	}
	return d, err
}

func (c *initCmd) provision(ctx context.Context) (*databases, error) {
	admin, err := readDSNs(c.AdminDSNFile)
	switch {
	case err != nil && (strings.Contains(c.AdminDSNFile, "://") || strings.Contains(c.AdminDSNFile, "password=")):
		return nil, errors.New("--admin-dsn-file: this is a DSN and not the name of a file: write it into a file of mode 0600 and name that; an argument is seen by everybody on this machine, so change that password")
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("--admin-dsn-file: there is no file %s: write the DSN of a role that makes databases and roles into it, with mode 0600 (postgres://ROLE:PASSWORD@HOST:5432/postgres)", c.AdminDSNFile)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("--admin-dsn-file: this account may not read %s: give the file to it, with mode 0600, or run this as the account that owns the file", c.AdminDSNFile)
	case err != nil:
		return nil, fmt.Errorf("--admin-dsn-file: %w", err)
	}
	provision := postgres.Provision
	if c.Distribute == "citus" {
		provision = postgres.ProvisionCitus
	}
	owners, apps, err := provision(ctx, admin, c.Database)
	var blocked *postgres.NotAllowedError
	var taken *postgres.TakenError
	switch {
	case errors.As(err, &blocked):
		return nil, c.ask(owners, apps, blocked.SQL)
	case errors.As(err, &taken):
		return nil, c.taken(taken)
	case errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("--admin-dsn-file %s: %w: name one that is there, such as postgres; nothing was made", c.AdminDSNFile, err)
	case errors.Is(err, store.ErrUnavailable):
		return nil, fmt.Errorf("--admin-dsn-file %s: %w; nothing was made", c.AdminDSNFile, err)
	case err != nil:
		return nil, err
	}
	undo := func(ctx context.Context) error { return postgres.Withdraw(ctx, admin, c.Database) }
	return &databases{owners: owners, apps: apps, undo: undo}, nil
}

// taken says what lies under the names that were to be made, and how it is taken away if a killed init or import left it.
func (c *initCmd) taken(found *postgres.TakenError) error {
	where := ""
	if c.Distribute != "" {
		where = ", and each DROP on every worker too"
	}
	return fmt.Errorf("%w\nIf they are an installation's (some folder's %s names them), leave them alone and choose another --database. "+
		"If an init or import was killed, or the installation is over, let the role of --admin-dsn-file or a superuser run this in psql%s, then run the same command again:\n%s",
		found, appDSNs, where, strings.TrimSuffix(found.SQL, "\n"))
}

// ask leaves in the folder what the next init goes on with, and prints the SQL for whoever may run it.
func (c *initCmd) ask(owners, apps postgres.DSNs, sql string) (err error) {
	made := []string{}
	defer func() {
		if !errors.Is(err, errNotFinished) {
			for _, name := range made {
				os.Remove(name)
			}
		}
	}()
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	for _, f := range []struct{ name, text string }{{appDSNs, apps.Text()}, {ownerDSNs, owners.Text()}, {provisionSQL, sql}} {
		path := filepath.Join(c.Dir, f.name)
		if err := private.Write(path, []byte(f.text)); err != nil {
			return err
		}
		made = append(made, path)
	}
	fmt.Print(sql)
	return fmt.Errorf("%w: the role of --admin-dsn-file may not make databases and roles. Let a superuser run what was printed, in psql (it is in %s too; "+
		"it holds no password, only what a server stores of one). Then run the same command again", errNotFinished, filepath.Join(c.Dir, provisionSQL))
}

// ownersIn is the file that has the owners' DSNs by now.
func (c *initCmd) ownersIn() string {
	if c.OwnerDSNFile != "" {
		return c.OwnerDSNFile
	}
	return filepath.Join(c.Dir, ownerDSNs)
}

// fill makes the schemas and opens the rooms. undo takes back what was made, databases of this init included.
func (d *databases) fill(ctx context.Context, ownersIn string) (rooms store.Rooms, undo func(context.Context) error, err error) {
	undo = d.undo
	if err := postgres.Create(ctx, d.owners, d.apps); err != nil {
		err = d.asked(err)
		if errors.Is(err, store.ErrExists) {
			err = fmt.Errorf("%w\nIf they are an installation's, leave them alone. If an init or import was killed, let each room's owner (%s has the DSNs) run this in psql, then run the same command again:\n%s",
				err, ownersIn, postgres.EmptySQL)
		}
		return rooms, undo, err
	}
	if undo == nil {
		undo = func(ctx context.Context) error { return postgres.Discard(ctx, d.owners) }
	}
	rooms, err = postgres.Open(ctx, d.apps)
	return rooms, undo, err
}

// asked says of databases that cannot be reached that somebody was asked to make them.
func (d *databases) asked(err error) error {
	if d.sql != "" && (errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUnavailable)) {
		return fmt.Errorf("%w. Was the SQL run? If not: let a superuser run %s in psql on each room's server, then run this again", err, d.sql)
	}
	return err
}

// pending tells whether the folder holds what ask left, and nothing else; an error if it cannot become an installation.
func (c *initCmd) pending() (bool, error) {
	names, err := os.ReadDir(c.Dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(names) == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	left := map[string]bool{}
	for _, n := range names {
		left[n.Name()] = true
	}
	if len(left) == 3 && left[appDSNs] && left[ownerDSNs] && left[provisionSQL] {
		return true, nil
	}
	return false, c.notEmpty(left)
}

// notEmpty says why nothing is made in a folder, and what to do if an init that was killed left it so.
func (c *initCmd) notEmpty(left map[string]bool) error {
	names := strings.Join(slices.Sorted(maps.Keys(left)), ", ")
	text := fmt.Sprintf("%s is not empty: it holds %s. An installation is made in a new folder", c.Dir, names)
	for name := range left {
		if !slices.Contains([]string{roomsDir, keysDir, tokenFile, appDSNs, ownerDSNs, provisionSQL}, name) {
			return errors.New(text)
		}
	}
	switch {
	case left[provisionSQL] && left[keysDir] && !left[tokenFile]: // as import leaves it
		return fmt.Errorf("%s. If you copied the keys here and began a fairlotd import, run that again. If an init was killed here, move %s elsewhere, keep the rest, and run this again", text, filepath.Join(c.Dir, keysDir))
	case left[provisionSQL]:
		return fmt.Errorf("%s. If an init was killed here, remove %s and %s, keep the rest, and run this again: it says what to do with the databases",
			text, filepath.Join(c.Dir, keysDir), filepath.Join(c.Dir, tokenFile))
	case left[keysDir] && (left[appDSNs] || left[roomsDir] && left[tokenFile]):
		return errors.New(text) // an installation
	case left[keysDir] && left[roomsDir]:
		return fmt.Errorf("%s. If no daemon ever ran on it, because an init was killed, remove the folder %s and run this again", text, c.Dir)
	}
	return fmt.Errorf("%s. It is no whole installation, so no daemon ran on it: if an init was killed here, remove the folder %s and run this again; if you copied the keys here, you want fairlotd import or restore",
		text, c.Dir)
}

// demoDatabases is the one way from the demo to a database server.
type demoDatabases struct{}

// Rows implements demo.Databases.
func (demoDatabases) Rows(ctx context.Context, dir string, w io.Writer) error {
	owners, err := readDSNs(filepath.Join(dir, ownerDSNs))
	if err != nil {
		return err
	}
	return postgres.Rows(ctx, owners, w)
}

// Drop implements demo.Databases.
func (demoDatabases) Drop(ctx context.Context, adminFile, name string) error {
	admin, err := readDSNs(adminFile)
	if err != nil {
		return err
	}
	return postgres.Withdraw(ctx, admin, name)
}
