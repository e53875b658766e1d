package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fairlot/engine"
)

type adminCmd struct {
	Dir string `required:"" placeholder:"DIR" help:"Installation made by init."`
	Out string `required:"" placeholder:"FILE" help:"New file for the token, mode 0600."`
}

// Run makes the token. Whoever can run it can write the installation's folder, and so could give itself any role; the audit trail has that it did.
func (c *adminCmd) Run(ctx context.Context) error {
	if _, err := os.Lstat(c.Out); err == nil {
		return fmt.Errorf("%s exists already: name a new file", c.Out)
	}
	unlock, err := lockFolder(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	rooms, err := openRooms(ctx, c.Dir)
	if err != nil {
		return err
	}
	defer rooms.Close()
	token, err := engine.MakeAdminToken(ctx, rooms.Registry, "made on the machine, none was left", time.Now())
	if err != nil {
		return err
	}
	if err := writeSecret(filepath.Dir(c.Out), filepath.Base(c.Out), token+"\n"); err != nil {
		return err
	}
	fmt.Printf("an admin's token, for 90 days, is in %s\n", c.Out)
	return nil
}
