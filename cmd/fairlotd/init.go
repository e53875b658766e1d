package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/store/sqlite"
)

type initCmd struct {
	Dir         string `required:"" placeholder:"DIR" help:"Folder to make; it must not exist, or be empty."`
	Origin      string `required:"" placeholder:"NAME" help:"Name of the public log, by custom the site's host and a path, such as library.example/fairlot. Fixed forever."`
	Institution string `required:"" placeholder:"NAME" help:"The institution's name as it stands in every campaign. Fixed forever."`
}

func (c *initCmd) Run(ctx context.Context) (err error) {
	if names, err := os.ReadDir(c.Dir); err == nil && len(names) > 0 {
		return fmt.Errorf("%s is not empty: an installation is made in a new folder", c.Dir)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	logSecret, logKey, err := ledger.GenerateLogKey(c.Origin)
	if err != nil {
		return fmt.Errorf("origin %q: %w", c.Origin, err)
	}
	receiptSecret, receiptKey, err := ledger.GenerateLogKey(c.Origin + "/receipt")
	if err != nil {
		return fmt.Errorf("origin %q: %w", c.Origin, err)
	}
	in := store.Installation{Origin: c.Origin, Institution: c.Institution, LogKey: logKey, ReceiptKey: receiptKey}
	if err := engine.CheckInstallation(&in); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	defer func() {
		if err != nil { // nothing half made is left behind
			for _, name := range []string{roomsDir, keysDir, tokenFile} {
				os.RemoveAll(filepath.Join(c.Dir, name))
			}
		}
	}()
	if err := keys.Make(filepath.Join(c.Dir, keysDir)); err != nil {
		return err
	}
	if err := keys.PutText(filepath.Join(c.Dir, keysDir), logKeyName, logSecret); err != nil {
		return err
	}
	if err := keys.PutText(filepath.Join(c.Dir, keysDir), receiptName, receiptSecret); err != nil {
		return err
	}
	if err := sqlite.Create(filepath.Join(c.Dir, roomsDir)); err != nil {
		return err
	}
	rooms, err := sqlite.Open(filepath.Join(c.Dir, roomsDir))
	if err != nil {
		return err
	}
	defer rooms.Close()
	folder, err := keys.Open(filepath.Join(c.Dir, keysDir))
	if err != nil {
		return err
	}
	token, err := engine.MakeInstallation(ctx, rooms, folder, in, firstOfficer, time.Now())
	if err != nil {
		return err
	}
	if err := writeSecret(c.Dir, tokenFile, token+"\n"); err != nil {
		return err
	}
	fmt.Printf("made %s\n\n  log origin    %s\n  institution   %s\n  log key       %s\n  first token   %s (0600, an officer's, 90 days)\n\n",
		c.Dir, in.Origin, in.Institution, in.LogKey, filepath.Join(c.Dir, tokenFile))
	fmt.Printf("next: fairlotd serve --dir %s\n      fairlot --token-file %s campaign list\n", c.Dir, filepath.Join(c.Dir, tokenFile))
	return nil
}
