package keys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Mark returns a short text that SetMark set. Names are those of PutText. Errors wrap fs.ErrNotExist, ErrName or ErrAccess.
func (f *Folder) Mark(name string) (string, error) { return GetText(f.dir, name) }

// SetMark sets a short text of at most 4,096 bytes in place of the one that was there. After a crash one of the two is there in full; when it
// returns nil, the new one is durable.
func (f *Folder) SetMark(name, text string) error {
	if !textName(name) {
		return fmt.Errorf("set mark %q: %w", name, ErrName)
	}
	if len(text) > maxText {
		return fmt.Errorf("set mark %s: longer than %d bytes", name, maxText)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := replace(f.dir, name, []byte(text)); err != nil {
		return fmt.Errorf("set mark %s: %w", name, err)
	}
	return nil
}

// replace writes the file beside the old one and renames it over that.
func replace(dir, name string, b []byte) error {
	temp := filepath.Join(dir, partial+name)
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(temp) // Open removes it otherwise
		return err
	}
	return syncFolder(dir)
}
