package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fairlot/cmd/fairlotd/backup"
	"fairlot/cmd/instant"
	"fairlot/store/archive"
	"fairlot/store/postgres"
	"fairlot/store/sqlite"
)

type exportCmd struct {
	Dir string `required:"" placeholder:"DIR" help:"Installation made by init, on either engine. Every daemon of it must be stopped."`
	Out string `required:"" placeholder:"DIR" help:"New folder for the export, outside of the installation."`
}

// Run writes the rooms as three files that either engine reads. Keys are no part of it.
func (c *exportCmd) Run(ctx context.Context) error {
	remote, err := onPostgres(c.Dir)
	if err != nil {
		return err
	}
	if err := asOwner(c.Dir); err != nil {
		return err
	}
	unlock, err := lockFolder(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := nobodyServes(ctx, c.Dir, silence); err != nil {
		return err
	}
	open := func(ctx context.Context, room string, fill bool, do func(*archive.DB) error) error {
		return sqlite.Archive(ctx, filepath.Join(c.Dir, roomsDir), room, fill, do)
	}
	if remote {
		apps, err := readDSNs(filepath.Join(c.Dir, appDSNs))
		if err != nil {
			return err
		}
		open = func(ctx context.Context, room string, fill bool, do func(*archive.DB) error) error {
			return postgres.Archive(ctx, apps, room, fill, do)
		}
	}
	m, err := backup.Export(ctx, installation(c.Dir), c.Out, time.Now(), open, tellErr)
	if err != nil {
		return err
	}
	fmt.Printf("made %s, with %d records in the log\n\nThe key folder is not in it: copy %s by itself, with its modes, to the new installation's folder as %s/.\n",
		c.Out, m.LogSize, filepath.Join(c.Dir, keysDir), keysDir)
	fmt.Printf("Do not start a daemon on %s again, or the log forks; what it took would not be in the export.\n", c.Dir)
	fmt.Printf("next: fairlotd import --from %s --dir NEW [--admin-dsn-file FILE]\n", c.Out)
	return nil
}

type importCmd struct {
	From string `required:"" placeholder:"DIR" help:"Export made by fairlotd export."`
	Dir  string `required:"" placeholder:"DIR" help:"Folder of the new installation: in it the key folder of the exported one as keys/, and nothing else."`

	AdminDSNFile string `placeholder:"FILE" help:"Put the rooms into PostgreSQL instead of SQLite; as of fairlotd init."`
	Database     string `default:"fairlot" placeholder:"NAME" help:"As of fairlotd init."`
	OwnerDSNFile string `placeholder:"FILE" help:"As of fairlotd init."`
	AppDSNFile   string `placeholder:"FILE" help:"As of fairlotd init."`
	Distribute   string `enum:",citus" default:"" placeholder:"citus" help:"As of fairlotd init."`
}

// Run fills new rooms with an export. After an error no room is there.
func (c *importCmd) Run(ctx context.Context) (err error) {
	pending, err := c.pending()
	if err != nil {
		return err
	}
	if err := asOwner(c.Dir); err != nil {
		return err
	}
	unlock, err := lockFolder(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	in := initCmd{Dir: c.Dir, AdminDSNFile: c.AdminDSNFile, Database: c.Database, OwnerDSNFile: c.OwnerDSNFile, AppDSNFile: c.AppDSNFile, Distribute: c.Distribute}
	if err := backup.CheckExport(c.From, installation(c.Dir)); err != nil { // before anything is made
		return err
	}
	remote, err := in.databases(ctx, pending)
	if err != nil {
		return err
	}
	temp := filepath.Join(c.Dir, "."+roomsDir+".importing")
	if err := os.RemoveAll(temp); err != nil { // of a run that was killed
		return err
	}
	made := []string{roomsDir, filepath.Base(temp)}
	undo := func(context.Context) error { return nil }
	defer func() {
		if err == nil {
			return
		}
		if e := undo(context.WithoutCancel(ctx)); e != nil {
			err = fmt.Errorf("%w; and what was made of the databases could not be taken back: %w", err, e)
		}
		for _, name := range made {
			os.RemoveAll(filepath.Join(c.Dir, name))
		}
	}()
	open := func(ctx context.Context, room string, fill bool, do func(*archive.DB) error) error {
		return sqlite.Archive(ctx, temp, room, fill, do)
	}
	if remote != nil {
		rooms, take, err := remote.fill(ctx, in.ownersIn())
		if take != nil {
			undo = take
		}
		if err != nil {
			return err
		}
		if err := rooms.Close(); err != nil {
			return err
		}
		open = func(ctx context.Context, room string, fill bool, do func(*archive.DB) error) error {
			return postgres.Archive(ctx, remote.apps, room, fill, do)
		}
	} else if err := sqlite.Create(temp); err != nil {
		return err
	}
	m, err := backup.Import(ctx, installation(c.Dir), c.From, open, tellErr)
	if err != nil {
		return err
	}
	switch {
	case pending:
		err = os.Remove(filepath.Join(c.Dir, provisionSQL))
	case remote == nil:
		err = os.Rename(temp, filepath.Join(c.Dir, roomsDir))
	default:
		made = append(made, ownerDSNs, appDSNs)
		if err = writeSecret(c.Dir, ownerDSNs, remote.owners.Text()); err == nil {
			err = writeSecret(c.Dir, appDSNs, remote.apps.Text())
		}
	}
	if err != nil {
		return err
	}
	if err := closeFolder(c.Dir); err != nil {
		return err
	}
	fmt.Printf("filled %s as it was at %s, with %d records in the log\nnext: fairlotd serve --dir %s\n      fairlot verify, on the bundle of every campaign\n", c.Dir, instant.Text(m.Made), m.LogSize, c.Dir)
	fmt.Printf("Serve one installation of this export and never two: each has the log key, nobody can tell them apart, and two histories under one key are a fork that cannot be taken back.\n")
	return nil
}

// silence is how long a lease that is held must stand still until its holder counts as gone.
const silence = 10 * time.Second

// nobodyServes makes sure that no daemon is at work on the rooms, on another machine perhaps, where no lock of a folder is seen: the lease says who is, and whether they live.
func nobodyServes(ctx context.Context, dir string, wait time.Duration) error {
	rooms, err := openRooms(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = rooms.Close() }()
	first, err := rooms.Registry.Lease(ctx)
	if err != nil || first.Holder == [16]byte{} {
		return err
	}
	tellErr(fmt.Sprintf("a daemon at %s did not say that it ended: looking for %v whether it lives", first.Door, wait))
	for end := time.Now().Add(wait); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait / 20):
		}
		now, err := rooms.Registry.Lease(ctx)
		if err != nil {
			return err
		}
		if now != first {
			return fmt.Errorf("a daemon is serving these rooms (staff's door %s): stop every daemon of the installation first", now.Door)
		}
	}
	return nil
}

// pending looks at the folder: keys and nothing else, or also what init leaves when somebody has to run SQL first.
func (c *importCmd) pending() (bool, error) {
	if info, err := os.Stat(filepath.Join(c.Dir, keysDir)); err != nil || !info.IsDir() {
		return false, fmt.Errorf("%s has no key folder: make the folder, and copy the exported installation's key folder into it as %s (0700)", c.Dir, keysDir)
	}
	names := []string{roomsDir, appDSNs, ownerDSNs}
	_, err := os.Lstat(filepath.Join(c.Dir, provisionSQL))
	if err == nil { // init left the DSNs; rooms it did not, and after an error they would be taken for this import's
		names = names[:1]
	}
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(c.Dir, name)); !errors.Is(err, os.ErrNotExist) {
			if name == ownerDSNs { // written before appDSNs, which came first in this loop
				return false, fmt.Errorf("%s has %s and no %s: if an import was killed here, remove that file and run this again, which says what to do with the databases", c.Dir, ownerDSNs, appDSNs)
			}
			return false, fmt.Errorf("%s has %s already: an import makes a new installation", c.Dir, name)
		}
	}
	return err == nil, nil
}
