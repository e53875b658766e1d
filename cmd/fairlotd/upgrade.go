package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"fairlot/store/postgres"
	"fairlot/store/sqlite"
)

type upgradeCmd struct {
	Dir          string `required:"" placeholder:"DIR" help:"Installation made by init."`
	OwnerDSNFile string `placeholder:"FILE" help:"DSNs of the rooms' owners, mode 0600, if they are not kept in DIR/postgres.owner.dsn. PostgreSQL only."`
}

// Run brings the rooms' schemas forward and renews the app roles' rights; what is current stays as it is.
func (c *upgradeCmd) Run(ctx context.Context) error {
	remote, err := onPostgres(c.Dir)
	if err != nil {
		return err
	}
	if remote {
		err = c.postgres(ctx)
	} else {
		err = c.sqlite()
	}
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	fmt.Printf("the rooms of %s are those of this program\n", c.Dir)
	return nil
}

// sqlite works on files that a daemon must not have open.
func (c *upgradeCmd) sqlite() error {
	if c.OwnerDSNFile != "" {
		return fmt.Errorf("%s is on SQLite: there are no owners", c.Dir)
	}
	unlock, err := lockFolder(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	return sqlite.Migrate(filepath.Join(c.Dir, roomsDir))
}

// postgres may run beside daemons: migrations only add.
func (c *upgradeCmd) postgres(ctx context.Context) error {
	path := c.OwnerDSNFile
	if path == "" {
		path = filepath.Join(c.Dir, ownerDSNs)
	}
	owners, err := readDSNs(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there: name the owners' DSNs with --owner-dsn-file", path)
	}
	if err != nil {
		return err
	}
	apps, err := readDSNs(filepath.Join(c.Dir, appDSNs))
	if err != nil {
		return err
	}
	return postgres.Migrate(ctx, owners, apps)
}
