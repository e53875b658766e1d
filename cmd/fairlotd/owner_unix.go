//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// asOwner refuses to write into an installation as another account than its daemon's, root included: the daemon could not open what it finds.
func asOwner(dir string) error {
	info, err := os.Stat(filepath.Join(dir, keysDir))
	if err != nil {
		return err
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Geteuid() {
		return fmt.Errorf("%s belongs to the account of number %d: do this as that account (sudo -u '#%d' fairlotd …)", filepath.Join(dir, keysDir), owner, owner)
	}
	return nil
}
