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
	"time"

	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/store/archive"
)

// OpenRoom opens one room of an engine for reading, or for filling if fill, and calls do in one transaction.
type OpenRoom func(ctx context.Context, room string, fill bool, do func(*archive.DB) error) error

func exportName(room string) string { return room + ".export" }

// Export writes the rooms of a stopped installation as three files into out, under the conditions of [Make]. The caller holds the lock of the key folder.
func Export(ctx context.Context, in Installation, out string, now time.Time, open OpenRoom, tell func(string)) (m Manifest, err error) {
	o, err := readOwner(in.Keys)
	if err != nil {
		return m, err
	}
	out, temp, err := place(in, out)
	if err != nil {
		return m, err
	}
	release, err := begin(in, temp)
	if err != nil {
		return m, err
	}
	defer release()
	defer func() {
		if err != nil {
			_ = os.RemoveAll(temp)
		}
	}()
	m = Manifest{Export: true, Installation: o.installation, Made: now.UTC().Truncate(time.Second)}
	tree := &ledger.Tree{}
	for _, room := range archive.Rooms() {
		say(tell, "writing "+exportName(room))
		x := Room{File: exportName(room), Schema: 1}
		path := filepath.Join(temp, x.File)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return m, err
		}
		err = open(ctx, room, false, func(db *archive.DB) error {
			w := &watch{tree: tree, installation: o.installation, room: room, inner: db, generation: &x.Generation, waiting: &m.Waiting}
			return archive.Write(ctx, f, room, fmt.Sprintf("%x", o.installation), w)
		})
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return m, err
		}
		if x.Bytes, x.Hash, err = hashFile(path); err != nil {
			return m, err
		}
		m.Rooms = append(m.Rooms, x)
	}
	m.LogSize = tree.Size()
	if m.LogRoot, err = root(tree); err != nil {
		return m, err
	}
	if err := writeFile(filepath.Join(temp, manifestName), m.marshal(o.macKey)); err != nil {
		return m, err
	}
	return m, errors.Join(syncFolder(temp), os.Rename(temp, out), syncFolder(filepath.Dir(out)))
}

// watch looks at the rows that pass: whose they are, the log, and what waits to be mixed.
type watch struct {
	tree         *ledger.Tree
	installation [16]byte
	room         string
	inner        *archive.DB
	generation   *int64
	waiting      *int64
}

func (w *watch) Each(ctx context.Context, t archive.Table, row func([]any) error) error {
	return w.inner.Each(ctx, t, func(values []any) error {
		if err := w.see(t, values); err != nil {
			return err
		}
		return row(values)
	})
}

func (w *watch) Put(ctx context.Context, t archive.Table, values []any) error {
	if err := w.see(t, values); err != nil {
		return err
	}
	return w.inner.Put(ctx, t, values)
}

func (w *watch) see(t archive.Table, values []any) error {
	switch t.Name {
	case "binding":
		id, _ := values[1].([]byte)
		if len(id) != 16 || [16]byte(id) != w.installation {
			return fmt.Errorf("the %s room is of another installation than the key folder", w.room)
		}
		*w.generation, _ = values[2].(int64)
	case "log":
		record, _ := values[1].([]byte)
		if n, _ := values[0].(int64); n != w.tree.Size() {
			return fmt.Errorf("the log has no record %d", w.tree.Size())
		}
		return w.tree.Append(record)
	case "pending":
		if dropped, _ := values[4].(int64); dropped == 0 && values[5] != nil {
			*w.waiting++
		}
	}
	return nil
}

// CheckExport reads an export's manifest and compares it with the key folder, and that every file is as it was written.
func CheckExport(from string, in Installation) error {
	o, err := readOwner(in.Keys)
	if err != nil {
		return err
	}
	m, err := readManifest(from, o)
	if err != nil {
		return err
	}
	if !m.Export {
		return fmt.Errorf("%s is a backup, not an export: fairlotd restore brings it back", from)
	}
	for i, room := range archive.Rooms() {
		x := m.Rooms[i]
		if x.File != exportName(room) {
			return ErrManifest
		}
		n, sum, err := hashFile(filepath.Join(from, x.File))
		if err != nil {
			return err
		}
		if n != x.Bytes || sum != x.Hash {
			return fmt.Errorf("%s is not the file that was exported: it is damaged or was changed; export again", x.File)
		}
	}
	marks, err := keys.Open(in.Keys)
	if err != nil {
		return fmt.Errorf("key folder: %w", err)
	}
	g := m.Rooms[0].Generation
	switch at, err := engine.Generation(marks); {
	case errors.Is(err, fs.ErrNotExist):
		return nil // the daemon asks
	case err != nil:
		return err
	case at > g:
		return fmt.Errorf("a daemon ran on the installation after this export was made (the key folder says so): what it took is not in it; export again")
	case at < g:
		return fmt.Errorf("the key folder is older than the export: copy the newest one")
	}
	return nil
}

// Import fills the empty rooms that open opens with an export that [CheckExport] found good. Each room is filled in one transaction; after an error the caller takes back what is there.
func Import(ctx context.Context, in Installation, from string, open OpenRoom, tell func(string)) (Manifest, error) {
	o, err := readOwner(in.Keys)
	if err != nil {
		return Manifest{}, err
	}
	m, err := readManifest(from, o)
	if err != nil {
		return m, err
	}
	marks, err := keys.Open(in.Keys)
	if err != nil {
		return m, fmt.Errorf("key folder: %w", err)
	}
	tree := &ledger.Tree{}
	var waiting int64
	for i, room := range archive.Rooms() {
		say(tell, "reading "+exportName(room))
		if err := importRoom(ctx, m.Rooms[i], from, o, open, &watch{tree: tree, installation: o.installation, room: room, waiting: &waiting, generation: new(int64)}); err != nil {
			return m, err
		}
	}
	if at, err := root(tree); err != nil || at != m.LogRoot || tree.Size() != m.LogSize {
		return m, errors.Join(errors.New("the log that was read is not the one that was exported"), err)
	}
	if err := engine.CheckSigned(marks, tree); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	return m, nil
}

func importRoom(ctx context.Context, x Room, from string, o owner, open OpenRoom, w *watch) error {
	f, err := os.Open(filepath.Join(from, x.File))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return open(ctx, w.room, true, func(db *archive.DB) error {
		w.inner = db
		h := sha256.New()
		id, err := archive.Read(ctx, io.TeeReader(f, h), w.room, w)
		if err != nil {
			return fmt.Errorf("%s: %w", x.File, err)
		}
		if id != fmt.Sprintf("%x", o.installation) || [32]byte(h.Sum(nil)) != x.Hash {
			return fmt.Errorf("%s is not the file that was exported", x.File)
		}
		return nil
	})
}
