// Package private reads and writes the files in which secrets come and go: keys, tokens, passwords, one-use codes,
// released shares. It never takes a secret from an argument, which every process of the machine could read.
//
// Invariants: a file that others can read is refused, nothing is overwritten by Write, and what was written is on disk
// when a call returns.
//
// First call: Read.
package private

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

var (
	// ErrOpenToOthers says that a file can be read or written by others than its owner.
	ErrOpenToOthers = errors.New("others can read it")
	// ErrTooLong says that a file is longer than anything that belongs there.
	ErrTooLong = errors.New("it is too long")
)

// Read returns the whole of a regular file that only its owner can read, or of a pipe (/dev/fd/3, /dev/stdin). limit is in
// bytes. Errors wrap fs.ErrNotExist, ErrOpenToOthers, ErrTooLong or are the system's.
func Read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("read %s: it is a folder", path)
	case info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("read %s: %w (mode %04o): it must be yours alone: run chmod 600 %s. If others may have read it, make a key, token or code anew; of a receipt or what is about a person, tell the person",
			path, ErrOpenToOthers, info.Mode().Perm(), path)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("read %s: %w (more than %d bytes)", path, ErrTooLong, limit)
	}
	return b, nil
}

// Write makes a new file of mode 0600. The error wraps fs.ErrExist if there is one already: nothing is overwritten.
func Write(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write %s: %w; nothing is overwritten, give another name", path, fs.ErrExist)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(path)
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncFolder(path)
}

// Replace writes a file of mode 0600 in place of the one that is there, if any: after a crash it is the old or the new one,
// in full.
func Replace(path string, b []byte) error {
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := Write(temp, b); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return err
	}
	return syncFolder(path)
}

func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
