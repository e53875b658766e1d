package keys

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// PutText writes a signing key or another short text into the folder dir, mode 0600, durably. name is 1 to 100 of `[a-z0-9.-]` and does not
// start with a dot or end with `.key`; text is at most 4,096 bytes. The error is fs.ErrExist if the file is there: nothing is ever overwritten.
func PutText(dir, name, text string) error {
	if !textName(name) {
		return fmt.Errorf("write %q: %w", name, ErrName)
	}
	if len(text) > maxText {
		return fmt.Errorf("write %s: longer than %d bytes", name, maxText)
	}
	return put(dir, name, []byte(text))
}

// GetText reads what PutText wrote. Errors wrap fs.ErrNotExist, ErrName or ErrAccess.
func GetText(dir, name string) (string, error) {
	if !textName(name) {
		return "", fmt.Errorf("read %q: %w", name, ErrName)
	}
	b, err := get(dir, name, maxText)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return string(b), nil
}

func textName(name string) bool {
	return name != "" && len(name) <= 100 && name[0] != '.' && !strings.HasSuffix(name, suffix) &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// put writes a new file so that after a crash it is there in full or not at all. It never replaces one; one process works on a folder.
func put(dir, name string, b []byte) error {
	temp := filepath.Join(dir, partial+name)
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err == nil {
		if _, err2 := os.Lstat(filepath.Join(dir, name)); !errors.Is(err2, fs.ErrNotExist) {
			err = fs.ErrExist
		}
	}
	if err == nil {
		err = os.Rename(temp, filepath.Join(dir, name))
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	return syncFolder(dir)
}

func get(dir, name string, limit int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, ErrFile
	}
	if info.Mode().Perm()&private != 0 {
		return nil, fmt.Errorf("the file %w: chmod 600 it", ErrAccess)
	}
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// destroy takes the file's name away, so that no reader finds zeros under it, then overwrites its bytes and removes it. What a crash leaves has
// a name of [partial], which destroy takes too, and Open destroys.
func destroy(dir, name string) error {
	path := filepath.Join(dir, name)
	if !strings.HasPrefix(name, partial) {
		unnamed := filepath.Join(dir, partial+name)
		err := os.Rename(path, unnamed)
		if err == nil {
			_ = syncFolder(dir) // before zeros are written; the last one below reports
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) { // absent: an earlier call may have come so far and no further
			path = unnamed
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(make([]byte, min(info.Size(), maxText)), 0)
	}
	if err == nil {
		err = f.Sync()
	}
	if err2 := f.Close(); err == nil {
		err = err2
	}
	// An overwriting that is refused (a full or read-only disk) must not keep the key from being removed.
	if err2 := os.Remove(path); err2 != nil {
		return err2
	}
	if err2 := syncFolder(dir); err2 != nil {
		return err2
	}
	return err
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
