package keys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
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

// put writes a new file so that after a crash it is there in full or not at all. It never replaces one: fs.ErrExist, also if two processes
// put at once.
func put(dir, name string, b []byte) error {
	temp, err := write(dir, name+"."+rand.Text(), b, func(temp string) error {
		if err := os.Link(temp, filepath.Join(dir, name)); err != nil { // not a renaming, which replaces
			return err
		}
		return os.Remove(temp)
	})
	if err != nil {
		_ = os.Remove(temp) // Open removes it otherwise
		return err
	}
	return syncFolder(dir)
}

// write writes a file of [partial] durably, holding its lock, and hands its path to place. A starting process that sweeps may take the file away
// before the lock is had: then it is written again.
func write(dir, name string, b []byte, place func(temp string) error) (temp string, err error) {
	temp = filepath.Join(dir, partial+name)
	for range 200 {
		if err = writeOnce(temp, b, place); !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, fs.ErrNotExist) {
			break
		}
		if _, absent := os.Lstat(dir); absent != nil {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	return temp, err
}

func writeOnce(temp string, b []byte, place func(temp string) error) error {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := tryLock(f); err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return place(temp)
}

// tryLock locks a file, or the folder, for whoever opened it, until it is closed or its process ends. syscall.EWOULDBLOCK if another has it.
func tryLock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// sweep destroys what a crash left half written or half destroyed, unless another process is still at it.
func sweep(dir, name string) error {
	f, err := os.Open(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := tryLock(f); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil
		}
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink > 1 { // cut off after it was given its name: the key lives
		err = os.Remove(filepath.Join(dir, name))
	} else {
		err = destroy(dir, name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func get(dir, name string, limit int64) ([]byte, error) {
	b, _, err := getOne(dir, name, limit)
	return b, err
}

// getOne is get, and says which file it read.
func getOne(dir, name string, limit int64) ([]byte, fs.FileInfo, error) {
	f, info, err := open(dir, name, limit)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	return b, info, err
}

func open(dir, name string, limit int64) (*os.File, fs.FileInfo, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular() || info.Size() > limit:
		err = ErrFile
	case info.Mode().Perm()&private != 0:
		err = fmt.Errorf("the file %w: chmod 600 it", ErrAccess)
	default:
		return f, info, nil
	}
	f.Close()
	return nil, nil, err
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
	if err2 := os.Remove(path); err2 != nil && !errors.Is(err2, fs.ErrNotExist) { // gone: another process destroyed it too
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
