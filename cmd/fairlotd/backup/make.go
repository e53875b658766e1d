package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/store/sqlite"
)

// Installation says where the parts of one lie.
type Installation struct {
	Dir, Rooms, Keys string
	// Lock takes an open folder for this process or fails at once.
	Lock func(*os.File) error
}

// Make backs the rooms up into out, a folder that must not exist and lies outside the installation; its parent must exist. The daemon may serve meanwhile. Until
// all is durable the folder is named `.NAME.partial`; after an error it is removed, and what a kill left of it by the next Make of that name. tell, if not nil, hears of each
// step.
func Make(ctx context.Context, in Installation, out string, now time.Time, tell func(string)) (_ Manifest, err error) {
	o, err := readOwner(in.Keys)
	if err != nil {
		return Manifest{}, err
	}
	out, temp, err := place(in, out)
	if err != nil {
		return Manifest{}, err
	}
	release, err := begin(in, temp)
	if err != nil {
		return Manifest{}, err
	}
	defer release()
	defer func() {
		if err != nil {
			_ = os.RemoveAll(temp)
		}
	}()
	if err := sqlite.Backup(ctx, in.Rooms, temp, func(file string) { say(tell, "copying "+file) }); err != nil {
		return Manifest{}, err
	}
	say(tell, "checking the copies")
	m, err := describe(ctx, temp, now)
	if err != nil {
		return Manifest{}, fmt.Errorf("check the copies: %w", err)
	}
	if m.Installation != o.installation {
		return Manifest{}, fmt.Errorf("the rooms in %s are of another installation than the key folder (%s)", in.Rooms, o.origin)
	}
	if err := writeFile(filepath.Join(temp, manifestName), m.marshal(o.macKey)); err != nil {
		return Manifest{}, err
	}
	if err := errors.Join(syncFolder(temp), os.Rename(temp, out), syncFolder(filepath.Dir(out))); err != nil {
		return Manifest{}, err
	}
	return m, nil
}

func say(tell func(string), text string) {
	if tell != nil {
		tell(text)
	}
}

// place makes sure that out is new and outside of what it is a backup of, through whatever links.
func place(in Installation, out string) (abs, temp string, err error) {
	if abs, err = filepath.Abs(out); err != nil {
		return "", "", err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", "", fmt.Errorf("the folder in which the backup shall be made: %w", err)
	}
	abs = filepath.Join(parent, filepath.Base(abs))
	if _, err := os.Lstat(abs); err == nil {
		return "", "", fmt.Errorf("%s exists already: name a new folder", abs)
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", "", err
	}
	for _, dir := range []string{in.Dir, in.Rooms, in.Keys} {
		real, err := filepath.EvalSymlinks(dir)
		if errors.Is(err, os.ErrNotExist) { // no folder of rooms: they are in PostgreSQL
			continue
		}
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err != nil {
			return "", "", err
		}
		if abs == real || strings.HasPrefix(abs, strings.TrimSuffix(real, "/")+"/") {
			return "", "", fmt.Errorf("%s lies inside %s: a backup beside what it is a backup of is lost with it, and rooms do not belong beside keys", abs, real)
		}
	}
	return abs, filepath.Join(parent, "."+filepath.Base(abs)+".partial"), nil
}

// begin makes the folder for the copies and keeps others off it. One that a killed run left is taken away first.
func begin(in Installation, temp string) (release func(), err error) {
	err = os.Mkdir(temp, 0o700)
	if errors.Is(err, os.ErrExist) {
		if release, err = hold(in, temp); err != nil {
			return nil, err
		}
		err = os.RemoveAll(temp) // follows no link
		release()
		if err == nil {
			err = os.Mkdir(temp, 0o700)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make the folder of the backup: %w", err)
	}
	return hold(in, temp)
}

// hold locks a folder. Whoever may write beside it must not lead us elsewhere by a link.
func hold(in Installation, temp string) (release func(), err error) {
	info, err := os.Lstat(temp)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is in the way, and no folder that a backup left: see who put it there, and take it away", temp)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(temp)
	if err != nil {
		return nil, err
	}
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) || in.Lock(f) != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another backup is being written to %s", temp)
	}
	return func() { _ = f.Close() }, nil
}

// describe reads three copies for the manifest.
func describe(ctx context.Context, dir string, now time.Time) (m Manifest, err error) {
	tree := &ledger.Tree{}
	held, err := sqlite.Inspect(ctx, dir, tree.Append)
	if err != nil {
		return m, err
	}
	m = Manifest{Installation: held.Rooms[0].Binding.Installation, Made: now.UTC().Truncate(time.Second), LogSize: tree.Size()}
	if m.LogRoot, err = root(tree); err != nil {
		return m, err
	}
	for _, r := range held.Rooms {
		if r.Binding.Installation != m.Installation {
			return m, fmt.Errorf("%s is of another installation than %s", r.File, held.Rooms[0].File)
		}
		x := Room{File: r.File, Schema: r.Schema, Generation: r.Binding.Generation}
		if x.Bytes, x.Hash, err = hashFile(filepath.Join(dir, r.File)); err != nil {
			return m, err
		}
		m.Rooms = append(m.Rooms, x)
	}
	for _, w := range held.Waiting {
		m.Waiting += w.Responses
	}
	return m, nil
}

// root is that of the whole tree, also of an empty one.
func root(tree *ledger.Tree) (ledger.Hash, error) {
	if tree.Size() == 0 {
		return ledger.Hash(sha256.Sum256(nil)), nil
	}
	return tree.Root(tree.Size())
}

func hashFile(path string) (n int64, sum [32]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, sum, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	n, err = io.Copy(h, f)
	return n, [32]byte(h.Sum(nil)), err
}

func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
