package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/store/sqlite"
)

// Restored says what a restore brought back.
type Restored struct {
	Manifest
	// Lost of the Manifest's Waiting have no key in the key folder any more: they were mixed since, into an answers room that is not this one.
	Lost int64
}

// Restore puts the rooms of the backup in from where in.Rooms says, which must be absent or empty. Key folder and log must fit: it refuses a backup of another
// installation, one that was changed, one newer than this program, and a log that lacks what was signed ([engine.ErrOldLog]). Whoever calls
// holds the lock of the key folder. Nothing is put anywhere before all was checked; after an error no room is there.
//
// The key folder is told that the rooms are older than it, so that the daemon starts on them with --accept-restored only, which makes the rooms fit each other and keeps
// notices that may have been sent from being sent again.
func Restore(ctx context.Context, in Installation, from string, tell func(string)) (r Restored, err error) {
	o, err := readOwner(in.Keys)
	if err != nil {
		return r, fmt.Errorf("%w: put the newest key folder of the installation there first", err)
	}
	if r.Manifest, err = readManifest(from, o); err != nil {
		return r, err
	}
	if r.Export {
		return r, fmt.Errorf("%s is an export, not a backup: fairlotd import reads it", from)
	}
	if left, err := os.ReadDir(in.Rooms); err == nil && len(left) > 0 {
		return r, fmt.Errorf("%s is not empty: move what is there away first, and keep it until the restored installation serves; newer rooms than the backup's are worth more", in.Rooms)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return r, err
	}
	marks, err := keys.Open(in.Keys)
	if err != nil {
		return r, fmt.Errorf("key folder: %w", err)
	}
	temp := filepath.Join(filepath.Dir(in.Rooms), "."+filepath.Base(in.Rooms)+".restoring")
	if err := errors.Join(os.RemoveAll(temp), os.Mkdir(temp, 0o700)); err != nil {
		return r, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(temp)
		}
	}()
	for _, room := range r.Rooms {
		say(tell, "copying "+room.File)
		if err := copyChecked(ctx, from, temp, room); err != nil {
			return r, err
		}
	}
	say(tell, "checking the log and the rooms")
	tree := &ledger.Tree{}
	held, err := sqlite.Inspect(ctx, temp, tree.Append)
	if err != nil {
		return r, fmt.Errorf("check the copies: %w", err)
	}
	if err := engine.CheckSigned(marks, tree); err != nil && !errors.Is(err, fs.ErrNotExist) { // without the mark the daemon says what to do
		return r, err
	}
	for _, room := range held.Rooms {
		if room.Schema > room.Known {
			return r, fmt.Errorf("%s of the backup has schema version %d, newer than this program's %d: restore with the program that made it", room.File, room.Schema, room.Known)
		}
	}
	for _, w := range held.Waiting {
		_, err := marks.Get(fmt.Sprintf("epoch-%x-%d", w.Campaign, w.Epoch))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.Lost += w.Responses
		case err != nil:
			return r, err
		}
	}
	var generations []int64
	for _, room := range held.Rooms {
		generations = append(generations, room.Binding.Generation)
	}
	if err := engine.MarkRestored(marks, generations...); err != nil {
		return r, err
	}
	if err := errors.Join(syncFolder(temp), removeEmpty(in.Rooms), os.Rename(temp, in.Rooms), syncFolder(filepath.Dir(in.Rooms))); err != nil {
		return r, err
	}
	return r, nil
}

// copyChecked copies one file and compares what it copied with the manifest.
func copyChecked(ctx context.Context, from, to string, room Room) error {
	switch room.File {
	case "registry.db", "identity.db", "answers.db":
	default:
		return ErrManifest
	}
	src, err := os.Open(filepath.Join(from, room.File))
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenFile(filepath.Join(to, room.File), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(dst, h), io.LimitReader(reader{ctx, src}, room.Bytes+1))
	if err == nil {
		err = dst.Sync()
	}
	if err := errors.Join(err, dst.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", room.File, err)
	}
	if n != room.Bytes || [32]byte(h.Sum(nil)) != room.Hash {
		return fmt.Errorf("%s of the backup is not the file that was backed up: it is damaged or was changed; take another backup", room.File)
	}
	return nil
}

// reader ends when the context does.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

func removeEmpty(dir string) error {
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Told is what is left to do for rooms that were put back by other means, such as pg_restore: it compares them with the key folder and makes the next start ask for
// --accept-restored. It returns the size of the log. The caller holds the lock of the key folder.
func Told(ctx context.Context, in Installation, rooms store.Rooms) (int64, error) {
	o, err := readOwner(in.Keys)
	if err != nil {
		return 0, err
	}
	marks, err := keys.Open(in.Keys)
	if err != nil {
		return 0, fmt.Errorf("key folder: %w", err)
	}
	var generations []int64
	for _, r := range []store.Bound{rooms.Registry, rooms.Identity, rooms.Answers} {
		b, err := r.Binding(ctx)
		if err != nil {
			return 0, err
		}
		if b.Installation != o.installation {
			return 0, fmt.Errorf("a room is of another installation than the key folder (%s)", o.origin)
		}
		generations = append(generations, b.Generation)
	}
	tree := &ledger.Tree{}
	for {
		page, err := rooms.Registry.LogRecords(ctx, tree.Size(), 256)
		if err != nil {
			return 0, err
		}
		for _, record := range page {
			if err := tree.Append(record); err != nil {
				return 0, err
			}
		}
		if len(page) == 0 {
			break
		}
	}
	if err := engine.CheckSigned(marks, tree); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	return tree.Size(), engine.MarkRestored(marks, generations...)
}
