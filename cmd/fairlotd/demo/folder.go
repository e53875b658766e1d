package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The marker makes a folder the demo's own: only a folder with exactly this file is ever emptied.
const (
	markerName = ".fairlot-demo"
	markerText = "This folder belongs to `fairlotd demo`, which empties it each time it starts.\nAll persons in it are made up.\n"
)

// takeFolder makes the demo's folder anew and keeps other demos off it until release is called. A folder that exists, is not empty and
// lacks the marker is refused untouched; so is a link, and a folder where another demo runs.
func takeFolder(dir string) (release func(), err error) {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("demo: make the folder: %w", err)
		}
	case err != nil:
		return nil, fmt.Errorf("demo: look at the folder: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("demo: %s is not a folder: choose another with --dir", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("demo: look into the folder: %w", err)
	}
	marker := filepath.Join(dir, markerName)
	if len(entries) > 0 {
		if text, err := os.ReadFile(marker); err != nil || string(text) != markerText {
			return nil, fmt.Errorf("demo: %s holds something that is not the demo's: nothing was touched; choose another folder with --dir", dir)
		}
	} else if err := os.WriteFile(marker, []byte(markerText), 0o600); err != nil {
		return nil, fmt.Errorf("demo: mark the folder: %w", err)
	}
	lock, err := os.OpenFile(marker, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("demo: open the marker: %w", err)
	}
	if err := tryLock(lock); err != nil {
		lock.Close()
		return nil, fmt.Errorf("demo: %s is in use by another demo: end it, or choose another folder with --dir", dir)
	}
	for _, e := range entries {
		if e.Name() == markerName {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			lock.Close()
			return nil, fmt.Errorf("demo: empty the folder: %w", err)
		}
	}
	return func() { lock.Close() }, nil
}
