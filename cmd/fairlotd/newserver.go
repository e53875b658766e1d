package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fairlot/store/postgres"
)

// makeDatabases makes empty databases and roles on a server that has none of them, under the names that dumps of the lost ones say, and puts their DSNs in the place of
// the folder's. After an error, other than that somebody has to run SQL first, the folder is as it was.
func (c *restoreCmd) makeDatabases(ctx context.Context) (err error) {
	if _, err := os.Lstat(filepath.Join(c.Dir, roomsDir)); err == nil {
		return fmt.Errorf("%s has its rooms in %s, in SQLite: bring those back with --from", c.Dir, roomsDir)
	}
	in := initCmd{Dir: c.Dir, AdminDSNFile: c.AdminDSNFile, Database: c.Database}
	_, err = os.Lstat(filepath.Join(c.Dir, provisionSQL))
	if err == nil { // somebody was asked to run it
		made, err := in.waiting()
		if err == nil {
			err = made.enclose(ctx)
		}
		if err == nil {
			err = os.Remove(filepath.Join(c.Dir, provisionSQL))
		}
		if err != nil {
			return err
		}
		c.fillThem(made)
		return nil
	}
	back, err := aside(c.Dir, appDSNs, ownerDSNs)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && !errors.Is(err, errNotFinished) {
			err = errors.Join(err, back())
		}
	}()
	made, err := in.provision(ctx)
	if err != nil {
		return err
	}
	err = made.enclose(ctx)
	if err == nil {
		err = writeSecret(c.Dir, ownerDSNs, made.owners.Text())
	}
	if err == nil {
		err = writeSecret(c.Dir, appDSNs, made.apps.Text())
	}
	if err != nil {
		for _, name := range []string{ownerDSNs, appDSNs} {
			os.Remove(filepath.Join(c.Dir, name))
		}
		return errors.Join(err, made.undo(context.WithoutCancel(ctx)))
	}
	c.fillThem(made)
	return nil
}

// enclose lets each app role into its database, which is empty, and nobody else.
func (d *databases) enclose(ctx context.Context) error {
	return d.asked(postgres.Enclose(ctx, d.owners, d.apps))
}

// fillThem says what comes next.
func (c *restoreCmd) fillThem(made *databases) {
	fmt.Printf("made databases and roles, with nothing in them\n\n  app DSNs      %s (0600, the daemon's)\n  owner DSNs    %s (0600)\n  those of the lost server, if there were any, are beside them as .old: remove them once this is done\n\n",
		filepath.Join(c.Dir, appDSNs), filepath.Join(c.Dir, ownerDSNs))
	fmt.Printf("next: pg_restore --clean --if-exists --single-transaction -d DATABASE DUMP, into each of the three, as its owner (password in ~/.pgpass)\n      fairlotd restore --put-back --dir %s\n", c.Dir)
}

// aside renames files of the folder to NAME.old, as far as they are there; back takes it back.
func aside(dir string, names ...string) (back func() error, err error) {
	var moved []string
	back = func() error {
		var all error
		for _, path := range moved {
			all = errors.Join(all, os.Rename(path+".old", path))
		}
		return all
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if _, err := os.Lstat(path + ".old"); err == nil {
			return nil, errors.Join(fmt.Errorf("%s is there: remove it if nothing needs it any more, then run this again", path+".old"), back())
		}
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, errors.Join(err, back())
		}
		moved = append(moved, path)
	}
	return back, nil
}
