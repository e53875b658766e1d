package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// Names in an installation's folder. The key folder is kept apart from every backup of the rooms. An installation has either rooms, on SQLite, or
// appDSNs, on PostgreSQL.
const (
	roomsDir     = "rooms"
	appDSNs      = "postgres.dsn"       // of the app roles: what serve opens
	ownerDSNs    = "postgres.owner.dsn" // of the owners: init and upgrade alone read it, and it may be kept elsewhere
	provisionSQL = "provision.sql"      // what somebody has to run before init can go on; there only until then
	keysDir      = "keys"
	tokenFile    = "admin.token"
	logKeyName   = "log.skey"
	receiptName  = "receipt.skey"
	firstAdmin   = "first admin, made by init"
)

// closeFolder closes an installation's folder to all but its owner, if it was there before and open, and says so. What is secret in it has modes of its own; its names and times
// are nobody's either.
func closeFolder(dir string) error {
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("close %s to others: %w", dir, err)
	}
	tellErr(fmt.Sprintf("%s was open to others (mode %04o): it is 0700 now", dir, info.Mode().Perm()))
	return nil
}

// writeSecret writes a new file that only its owner reads, durably.
func writeSecret(dir, name, text string) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
