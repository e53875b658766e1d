package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// lockWait bounds how long a mark waits for another process that is writing one. Only one that is stopped in the middle takes longer.
const lockWait = 5 * time.Second

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

// lock keeps other processes from writing marks and lists until it is freed.
func (f *Folder) lock() (free func() error, err error) {
	folder, err := os.Open(f.dir)
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		if err = tryLock(folder); err == nil {
			return folder.Close, nil
		}
		if errors.Is(err, syscall.EWOULDBLOCK) && time.Since(began) > lockWait {
			err = errLocked
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			folder.Close()
			return nil, err
		}
	}
}

// maxList bounds a list in bytes: over half a million lines of the kind that the engine keeps.
const maxList = 64 << 20

// AddLine puts a line of 1 to 200 bytes without LF into a list, durably when it returns; one that is there is not put twice. Lines are kept in the order
// of their bytes, and the file is written anew each time, so that it does not show when or in which order they came. Names are those of PutText.
func (f *Folder) AddLine(name, line string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("add to list %q: %w", name, err)
		}
	}()
	if !textName(name) {
		return ErrName
	}
	if line == "" || len(line) > 200 || strings.Contains(line, "\n") {
		return errors.New("not a line of 1 to 200 bytes")
	}
	free, err := f.lock()
	if err != nil {
		return err
	}
	defer free()
	lines, err := f.Lines(name)
	if err != nil {
		return err
	}
	at, there := slices.BinarySearch(lines, line)
	if there {
		return nil
	}
	text := strings.Join(slices.Insert(lines, at, line), "\n") + "\n"
	if len(text) > maxList {
		return fmt.Errorf("the list is full: longer than %d bytes", maxList)
	}
	return replace(f.dir, name, []byte(text))
}

// Lines returns a list in the order of its bytes; one that nothing was added to is empty. Errors wrap ErrName, ErrFile or ErrAccess.
func (f *Folder) Lines(name string) ([]string, error) {
	if !textName(name) {
		return nil, ErrName
	}
	b, err := get(f.dir, name, maxList)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read list %q: %w", name, err)
	}
	text, whole := strings.CutSuffix(string(b), "\n")
	if lines := strings.Split(text, "\n"); whole && slices.IsSorted(lines) {
		return lines, nil
	}
	return nil, fmt.Errorf("read list %q: %w", name, ErrFile)
}

// replace writes the file beside the old one and renames it over that. The folder is locked.
func replace(dir, name string, b []byte) error {
	temp, err := write(dir, name, b, func(temp string) error { return os.Rename(temp, filepath.Join(dir, name)) })
	if err != nil {
		_ = os.Remove(temp) // Open removes it otherwise
		return err
	}
	return syncFolder(dir)
}
