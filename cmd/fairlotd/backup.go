package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlotd/backup"
	"fairlot/cmd/instant"
	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/engine"
)

type backupCmd struct {
	Dir string `required:"" placeholder:"DIR" help:"Installation made by init. Its daemon may be serving."`
	Out string `required:"" placeholder:"DIR" help:"New folder for the backup, outside of the installation, best on another machine's disk."`
}

// Run backs the rooms up. Keys are no part of it.
func (c *backupCmd) Run(ctx context.Context) error {
	in := installation(c.Dir)
	switch remote, err := onPostgres(c.Dir); {
	case err != nil:
		return err
	case remote:
		return fmt.Errorf("the rooms of %s are in PostgreSQL: back each database up with pg_dump, as docs/OPERATIONS.md says", c.Dir)
	}
	if err := asOwner(c.Dir); err != nil {
		return err
	}
	m, err := backup.Make(ctx, in, c.Out, time.Now(), tellErr)
	if err != nil {
		return err
	}
	fmt.Printf("made %s\n\n  of            %s\n  log           %d records\n", c.Out, instant.Text(m.Made), m.LogSize)
	for _, r := range m.Rooms {
		fmt.Printf("  %-13s %d bytes\n", r.File, r.Bytes)
	}
	fmt.Printf("  not mixed     %d answers: they can be read only with the keys that are in %s now, and those go as answers are mixed\n", m.Waiting, in.Keys)
	fmt.Printf("\nThe key folder is not in it. Keep %s and %s on other media, once (see OPERATIONS, Backups).\n", filepath.Join(in.Keys, logKeyName), filepath.Join(in.Keys, receiptName))
	fmt.Printf("next: practise, to know that it works: keys first, then fairlotd restore --from %s --dir DIR, on a machine that nobody reaches and that has no network, and destroy DIR afterwards.\n"+
		"      %s (see OPERATIONS, Practise a restore)\n", c.Out, drill)
	return nil
}

// drill is why a restore to practise needs a machine of its own.
const drill = "A daemon on a copy does not know that it is a drill: it closes, draws and signs with the real log key what is due, and a second history under that key is a fork that cannot be taken back."

type restoreCmd struct {
	From          string `placeholder:"DIR" xor:"how" help:"Backup made by fairlotd backup. This, --put-back or --make-databases."`
	PutBack       bool   `xor:"how" help:"The rooms were put back already, by pg_restore or a copy: look at them, and tell the next start."`
	MakeDatabases bool   `xor:"how" help:"Before pg_restore on a PostgreSQL server that is new: make databases and roles there, with nothing in them, and write their DSNs into the folder."`
	Dir           string `required:"" placeholder:"DIR" help:"Installation: a folder with the newest key folder as keys/, and without rooms; with --put-back the whole installation."`

	AdminDSNFile string `placeholder:"FILE" help:"With --make-databases: as of fairlotd init."`
	Database     string `default:"fairlot" placeholder:"NAME" help:"With --make-databases: as it was of fairlotd init, since dumps name the roles."`

	Witnessed []string `placeholder:"FILE" help:"Newest pin or checkpoint that a custodian has: a log that is behind it is refused. May be repeated."`
}

// Validate asks for one of two flags; were they required, the usage would show both as if both must be given.
func (c *restoreCmd) Validate() error {
	switch {
	case c.From == "" && !c.PutBack && !c.MakeDatabases:
		return errors.New("missing flags: --from=DIR, --put-back or --make-databases")
	case c.MakeDatabases && c.AdminDSNFile == "":
		return errors.New("--make-databases needs --admin-dsn-file, the DSN of a role on the new server")
	case !c.MakeDatabases && (c.AdminDSNFile != "" || c.Database != defaultDatabase):
		return errors.New("--admin-dsn-file and --database go with --make-databases alone")
	}
	return nil
}

// Run brings the rooms back.
func (c *restoreCmd) Run(ctx context.Context) error {
	switch _, err := os.Stat(filepath.Join(c.Dir, keysDir)); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s has no key folder: make the folder, and put the newest key folder of the installation into it as %s (0700)", c.Dir, keysDir)
	case err != nil:
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
	if c.MakeDatabases {
		return c.makeDatabases(ctx)
	}
	in := installation(c.Dir)
	if err := witnessed(in.Keys, c.Witnessed); err != nil {
		return err
	}
	if c.PutBack {
		return c.told(ctx, in)
	}
	r, err := backup.Restore(ctx, in, c.From, tellErr)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := closeFolder(c.Dir); err != nil {
		return err
	}
	fmt.Printf("restored %s as it was at %s, with %d records in the log\n", c.Dir, instant.Text(r.Made), r.LogSize)
	if r.Waiting == 0 {
		fmt.Printf("\nanswers: all were mixed then, so none of them is lost for want of a key\n")
	} else {
		fmt.Printf("\nanswers: %d were not mixed then; of %d of them the key is gone since, and they cannot be read by anybody\n", r.Waiting, r.Lost)
	}
	c.next()
	return nil
}

// told makes the next start recover rooms that this program has not put back itself.
func (c *restoreCmd) told(ctx context.Context, in backup.Installation) error {
	if err := nobodyServes(ctx, c.Dir, silence); err != nil {
		return err
	}
	rooms, err := openRooms(ctx, c.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = rooms.Close() }()
	size, err := backup.Told(ctx, in, rooms)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	fmt.Printf("the rooms of %s have %d records in the log, none less than was signed; the next start is told that they were brought back\n", c.Dir, size)
	c.next()
	return nil
}

// next says what is lost and what to do.
func (c *restoreCmd) next() {
	fmt.Printf("\nwhat is lost, if it happened after the backup:\n")
	fmt.Printf("  entries: announce it; receipts are evidence, and those people enter again; codes that were used since can be used again\n")
	fmt.Printf("  answers mixed since, and those that waited then and whose key is gone\n")
	fmt.Printf("  revocations of staff tokens: look at `fairlot token list` and revoke again\n")
	fmt.Printf("  notices to winners: those not sent at that time become `unknown` and are sent only if a person decides so\n")
	fmt.Printf("  claims recorded since: those prizes look as if nobody had come; ask the desk before anything is replaced or handed out (OPERATIONS, Restore)\n\n")
	witnessed := ""
	if _, err := os.Lstat(filepath.Join(c.Dir, keysDir, "signed")); errors.Is(err, fs.ErrNotExist) {
		fmt.Printf("keys/signed is not there, so nobody can tell whether the log is the newest: take its newest copy from the key folder that was lost, or ask every custodian for the newest pin (KEYFILE.pin);\n" +
			"fairlotd serve refuses to start without\n\n")
		witnessed = " --witnessed FILE"
	}
	fmt.Printf("next: fairlotd serve --dir %s --accept-restored%s     once; then without the flag\n", c.Dir, witnessed)
	fmt.Printf("      fairlot verify, on the bundle of every campaign\n\n")
	fmt.Printf("to practise, not because rooms were lost? Serve only on a machine that nobody reaches and that has no network, and destroy %s afterwards.\n%s\n", c.Dir, drill)
}

func installation(dir string) backup.Installation {
	return backup.Installation{Dir: dir, Rooms: filepath.Join(dir, roomsDir), Keys: filepath.Join(dir, keysDir), Lock: tryLock}
}

func tellErr(text string) { fmt.Fprintln(os.Stderr, text) }

// witnessed takes what custodians have seen of the log into the key folder, before the log is signed or brought back.
func witnessed(keyDir string, files []string) error {
	if len(files) == 0 {
		return nil
	}
	text, err := keys.GetText(keyDir, logKeyName)
	if err != nil {
		return fmt.Errorf("key %s: %w", logKeyName, err)
	}
	_, vkey, err := ledger.NewLogSigner(text)
	if err != nil {
		return fmt.Errorf("key %s: %w", logKeyName, err)
	}
	folder, err := keys.Open(keyDir)
	if err != nil {
		return fmt.Errorf("key folder: %w", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		seen, err := ledger.VerifyCheckpoint(vkey.String(), b)
		if p, e := custodian.ParsePin(b); e == nil {
			seen, err = ledger.Checkpoint{Origin: vkey.Name, Size: p.Size, Root: p.Root}, nil
			if p.Log != vkey.String() {
				err = errors.New("it is of another log")
			}
		}
		if err != nil {
			return fmt.Errorf("%s is no pin and no signed checkpoint of %s: %w", file, vkey.Name, err)
		}
		if err := engine.Witness(folder, seen.Size, seen.Root); err != nil {
			return err
		}
	}
	return nil
}
