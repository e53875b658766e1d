package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Mark returns a short text that SetMark set. Names are those of PutText. Errors wrap fs.ErrNotExist, ErrName or ErrAccess.
func (f *Folder) Mark(name string) (string, error) { return GetText(f.dir, name) }

// SetMark sets a short text of at most 4,096 bytes in place of the one that was there. After a crash one of the two is there in full; when it
// returns nil, the new one is durable.
func (f *Folder) SetMark(name, text string) error {
	_, err := f.swapMark(name, text, func(string, error) (bool, error) { return true, nil })
	return err
}

// SwapMark sets a mark, as SetMark does, by compare-and-swap among all processes: only if it says old, or is absent and old is empty. It returns
// whether it did.
func (f *Folder) SwapMark(name, old, new string) (bool, error) {
	return f.swapMark(name, new, func(have string, err error) (bool, error) {
		if errors.Is(err, fs.ErrNotExist) {
			return old == "", nil
		}
		return old != "" && have == old, err
	})
}

// lockWait bounds how long a mark, or those who add to lists, wait for another process that is writing. Only one that is stopped in the middle takes longer.
// lockLook is how often they look.
const (
	lockWait = 5 * time.Second
	lockLook = 2 * time.Millisecond
)

var errLocked = errors.New("another process holds the key folder, and does not go on")

func (f *Folder) swapMark(name, text string, may func(have string, err error) (bool, error)) (done bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("set mark %q: %w", name, err)
		}
	}()
	if !textName(name) {
		return false, ErrName
	}
	if len(text) > maxText {
		return false, fmt.Errorf("longer than %d bytes", maxText)
	}
	free, err := f.lock()
	if err != nil {
		return false, err
	}
	defer free()
	if may, err := may(GetText(f.dir, name)); err != nil || !may {
		return false, err
	}
	return true, replace(f.dir, name, []byte(text))
}

// lock keeps other processes from writing marks until it is freed.
func (f *Folder) lock() (free func() error, err error) {
	folder, err := os.Open(f.dir)
	if err != nil {
		return nil, err
	}
	return lockOpen(folder)
}

// lockOpen waits until it has the lock of an open file. Freeing it, or an error, closes the file.
func lockOpen(file *os.File) (free func() error, err error) {
	for began := time.Now(); ; time.Sleep(lockLook) {
		if err = tryLock(file); err == nil {
			return file.Close, nil
		}
		if errors.Is(err, syscall.EWOULDBLOCK) && time.Since(began) > lockWait {
			err = errLocked
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			file.Close()
			return nil, err
		}
	}
}

// replace writes the file beside the old one and renames it over that. Whoever calls it holds the lock of the name.
func replace(dir, name string, b []byte) error {
	temp, err := write(dir, name, b, func(temp string) error { return os.Rename(temp, filepath.Join(dir, name)) })
	if err != nil {
		_ = os.Remove(temp) // Open removes it otherwise
		return err
	}
	return syncFolder(dir)
}
