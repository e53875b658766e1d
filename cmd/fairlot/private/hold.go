package private

import (
	"errors"
	"fmt"
	"os"
)

// ErrHeld says that another process works with a file.
var ErrHeld = errors.New("another fairlot is working with it; wait until it ended")

// Hold takes a file for this process until release is called or the process ends: what is remembered beside a key is read and
// written by one process at a time. The error wraps ErrHeld or is the system's. Where the system has no such locks, nothing is
// held.
func Hold(path string) (release func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("use %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
