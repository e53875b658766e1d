package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
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

	Succeeds    string `placeholder:"FILE" help:"The newest checkpoint of a log whose key is lost or stolen (its site's /log/checkpoint, or the last of a bundle's checkpoints): the first record of the new log says that it carries on after it. Wants --succeeds-key."`
	SucceedsKey string `placeholder:"VKEY" help:"That log's verifier key, which signed the checkpoint."`

	AdminDSNFile string `placeholder:"FILE" help:"Keep the rooms in PostgreSQL instead of SQLite: DSN of a role that makes databases and roles, in a file of mode 0600. One for all rooms, or a line a room: registry DSN, identity DSN, answers DSN."`
	Database     string `default:"fairlot" placeholder:"NAME" help:"Databases and roles made with --admin-dsn-file are called NAME_registry and so on."`
	OwnerDSNFile string `placeholder:"FILE" help:"Three empty PostgreSQL databases that are made already: DSNs of their owners, one a line as above."`
	AppDSNFile   string `placeholder:"FILE" help:"And DSNs of the roles under which the daemon runs."`
	Distribute   string `enum:",citus" default:"" placeholder:"citus" help:"Spread the rooms over the workers of Citus: --admin-dsn-file then names a superuser's database on a coordinator that has the extension and its workers."`
}

// succeeded reads the last checkpoint of the log that the new one carries on after, nil if there is none.
func (c *initCmd) succeeded() (*ledger.Checkpoint, error) {
	if c.Succeeds == "" && c.SucceedsKey == "" {
		return nil, nil
	}
	if c.Succeeds == "" || c.SucceedsKey == "" {
		return nil, errors.New("--succeeds and --succeeds-key go together")
	}
	f, err := os.Open(c.Succeeds)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	note, err := io.ReadAll(io.LimitReader(f, ledger.MaxCheckpoint+1))
	if err != nil {
		return nil, err
	}
	old, err := ledger.VerifyCheckpoint(c.SucceedsKey, note)
	if errors.Is(err, ledger.ErrKey) {
		return nil, fmt.Errorf("--succeeds-key %q: want the verifier key of a log, as the line `log` of any open record has it", c.SucceedsKey)
	}
	if err != nil {
		return nil, fmt.Errorf("--succeeds %s: %w", c.Succeeds, err)
	}
	if old.Origin == c.Origin {
		return nil, fmt.Errorf("origin %q is that of the old log: choose another, so that nobody takes one log for the other", c.Origin)
	}
	return &old, nil
}

// Run makes the installation, or goes on with one that waited for somebody to run SQL. After an error nothing half made stays.
func (c *initCmd) Run(ctx context.Context) (err error) {
	if strings.Contains(c.Origin, "://") || strings.HasSuffix(c.Origin, "/") {
		return fmt.Errorf("origin %q: it is a name and no address: leave https:// and a slash at its end away, as in library.example/fairlot", c.Origin)
	}
	old, err := c.succeeded()
	if err != nil {
		return err
	}
	pending, err := c.pending()
	if err != nil {
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
	remote, err := c.databases(ctx, pending)
	if err != nil {
		return err
	}
	var (
		rooms store.Rooms
		undo  func(context.Context) error // for databases
		files = []string{roomsDir, keysDir, tokenFile}
	)
	if remote != nil {
		undo = remote.undo
	}
	if !pending {
		files = append(files, appDSNs, ownerDSNs)
	}
	_, absent := os.Lstat(c.Dir)
	defer func() {
		if rooms.Registry != nil {
			err = errors.Join(err, rooms.Close())
		}
		if err == nil {
			return
		}
		if undo != nil {
			if e := undo(context.WithoutCancel(ctx)); e != nil {
				err = fmt.Errorf("%w; and what was made of the databases could not be taken back: %w", err, e)
			}
		}
		for _, name := range files {
			os.RemoveAll(filepath.Join(c.Dir, name))
		}
		if absent != nil {
			os.Remove(c.Dir) // it was made here
		}
	}()
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	if err := keys.Make(filepath.Join(c.Dir, keysDir)); err != nil {
		return err
	}
	if err := keys.PutText(filepath.Join(c.Dir, keysDir), logKeyName, logSecret); err != nil {
		return err
	}
	if err := keys.PutText(filepath.Join(c.Dir, keysDir), receiptName, receiptSecret); err != nil {
		return err
	}
	if remote != nil {
		if rooms, undo, err = remote.fill(ctx, c.ownersIn()); err != nil {
			return err
		}
	} else {
		if err := sqlite.Create(filepath.Join(c.Dir, roomsDir)); err != nil {
			return err
		}
		if rooms, err = sqlite.Open(filepath.Join(c.Dir, roomsDir)); err != nil {
			return err
		}
	}
	folder, err := keys.Open(filepath.Join(c.Dir, keysDir))
	if err != nil {
		return err
	}
	token, err := engine.MakeInstallation(ctx, rooms, folder, in, firstAdmin, time.Now())
	if err != nil {
		return err
	}
	if old != nil {
		if err := engine.Succeed(ctx, rooms.Registry, *old); err != nil {
			return err
		}
	}
	if err := writeSecret(c.Dir, tokenFile, token+"\n"); err != nil {
		return err
	}
	switch {
	case pending:
		if err := os.Remove(filepath.Join(c.Dir, provisionSQL)); err != nil {
			return err
		}
	case remote != nil:
		if err := writeSecret(c.Dir, ownerDSNs, remote.owners.Text()); err != nil {
			return err
		}
		if err := writeSecret(c.Dir, appDSNs, remote.apps.Text()); err != nil {
			return err
		}
	}
	if err := closeFolder(c.Dir); err != nil {
		return err
	}
	fmt.Printf("made %s\n\n  log origin    %s\n  institution   %s\n  log key       %s\n  first token   %s (0600, an admin's, 90 days)\n\n",
		c.Dir, in.Origin, in.Institution, in.LogKey, filepath.Join(c.Dir, tokenFile))
	if remote != nil {
		fmt.Printf("  app DSNs      %s (0600, the daemon's)\n  owner DSNs    %s (0600, for fairlotd upgrade alone: keep it on another machine)\n\n",
			filepath.Join(c.Dir, appDSNs), filepath.Join(c.Dir, ownerDSNs))
	}
	if c.AdminDSNFile != "" {
		fmt.Printf("  admin DSN     %s is needed no more: put it away, no daemon asks for it\n\n", c.AdminDSNFile)
	}
	fmt.Printf("next: fairlotd serve --dir %s\n      fairlot --token-file %s token create --role officer --label NAME --out officer.token   (one for each of two persons at least)\n", c.Dir, filepath.Join(c.Dir, tokenFile))
	return nil
}
