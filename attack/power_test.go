package attack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPowerCuts cuts the power of the file system that holds rooms and key folder, again and again while 64 writers enter and while the campaign is
// closed, and counts what became of every entry. FAULT_CUTS is the number of cuts.
func TestPowerCuts(t *testing.T) {
	onEngines(t, func(t *testing.T, on engine) {
		t.Parallel()
		v := strikes(t, fromEnv(t, "FAULT_CUTS", 12), func() *rig { return powered(t, on.name) })
		unharmed(t, "power cut", on, v)
	})
}

// TestPowerCutsSeeLoss cuts the power of those who do not wait for the disk: SQLite, PostgreSQL, and the key folder.
func TestPowerCutsSeeLoss(t *testing.T) {
	const normal, unsynced = "WAL with synchronous=NORMAL", "key folder written without sync"
	for _, m := range []struct{ what, engine string }{{normal, "sqlite"}, {unsynced, "sqlite"}, {"fsync=off", "postgres"}} {
		t.Run(m.what, func(t *testing.T) {
			t.Parallel()
			var v verdict
			for v.strikes < 12 && v.lost+v.half == 0 && v.broken == "" { // on a busy machine the kernel may have written what nobody synced
				v = v.add(strikes(t, 4, func() *rig {
					r := powered(t, m.engine)
					r.d.program, r.d.env, r.mutant = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=" + m.what}, true
					if m.what == unsynced {
						r.underNewKey()
					}
					if m.engine == "postgres" {
						settle := r.settle
						r.settle = func() error { return errors.Join(settle(), sloppy(r.d.on, "fsync"), settle()) } // what sloppy wrote is on the disk too
					}
					return r
				}))
			}
			foundOut(t, m.what, engine{name: m.engine}, v)
		})
	}
}

// syncEdits do not wait for the disk, or do not look at what became of COMMIT.
func syncEdits() []edit {
	const folder, conn, lite, room = "crypto/keys/file.go", "store/sqlite/conn.go", "store/sqlite/room.go", "store/postgres/room.go"
	const full, sync, commit, tx, code = `"synchronous(FULL)"`, "	if err := f.Sync(); err != nil {\n", "_, err = conn.ExecContext(steady, \"COMMIT\")\n", "	err = tx.Commit(done)\n", "	if len(code) == 5 {\n"
	return []edit{osIn(conn), osIn(room),
		without(conn, full, `map[bool]string{false: `+full+`, true: "synchronous(NORMAL)"}[BROKEN]`, "WAL with synchronous=NORMAL"),
		without(folder, sync, "	if BROKEN {\n	} else if err := f.Sync(); err != nil {\n", "key folder written without sync"),
		without(lite, commit, commit+"	if BROKEN {\n		err = nil\n	}\n", "COMMIT unseen"),
		without(room, tx, tx+"	if BROKEN {\n		err = nil\n	}\n", "COMMIT unseen"),
		without(room, code, "	if len(code) == 5 && !(BROKEN && code[:2] == \"53\") {\n", "no room"),
	}
}

// powered is a rig whose strike is a power cut. The daemon stands still from the moment of the cut, as a machine without power does. It must: a call of
// fsync that is under way while ext4 shuts down may return 0 although nothing was written, and a daemon that believed it would acknowledge after the cut.
func powered(t testing.TB, engineName string) *rig {
	disk, on := newDisk(t, 1<<30), sqlite
	if engineName != sqlite.name {
		on = postgresIn(t, disk.dir, "max_wal_size=128MB")
	}
	d := newDaemonIn(t, on, t.TempDir(), filepath.Join(disk.dir, "installation"))
	return &rig{
		d: d,
		settle: func() error {
			if on.cluster != nil {
				if err := on.cluster.Exec(context.Background(), "postgres", "CHECKPOINT"); err != nil {
					return err
				}
			}
			return disk.sync()
		},
		strike: func() {
			if err := errors.Join(d.freeze(), disk.cut()); err != nil {
				t.Error(err)
			}
		},
		mend: func() error {
			if on.cluster == nil {
				return disk.back()
			}
			if err := errors.Join(on.cluster.KillAll(), disk.back()); err != nil {
				return err
			}
			return on.cluster.Start()
		},
	}
}

// underNewKey lets the strike wait for a key that was not there when the disk was last in order, and for entries under it.
func (r *rig) underNewKey() {
	settle, strike, old := r.settle, r.strike, map[string]bool{}
	list := func(each func(name string)) error {
		files, err := os.ReadDir(filepath.Join(r.d.dir, "keys"))
		for _, f := range files {
			each(f.Name())
		}
		return err
	}
	r.settle = func() error {
		return errors.Join(list(func(name string) { old[name] = true }), settle())
	}
	r.strike = func() {
		_ = within(5*time.Second, func() error { // none comes any more where one was lost
			err := errors.New("no new key")
			return errors.Join(list(func(name string) {
				if strings.HasSuffix(name, ".key") && !old[name] {
					err = nil
				}
			}), err)
		})
		time.Sleep(200 * time.Millisecond)
		strike()
	}
}

// sloppy turns one of a running server's settings off, and leaves the file of settings as it was: after its next start it is on again, so
// that the daemon, which would refuse the server, does not see it.
func sloppy(on engine, setting string) error {
	ctx := context.Background()
	if err := on.cluster.Exec(ctx, "postgres", "ALTER SYSTEM SET "+setting+" = off", "SELECT pg_reload_conf()"); err != nil {
		return err
	}
	for range 500 {
		got, err := asked(on, "SELECT current_setting('"+setting+"')")
		if err != nil {
			return err
		}
		if got == "off" {
			return on.cluster.Exec(ctx, "postgres", "ALTER SYSTEM RESET "+setting)
		}
	}
	return fmt.Errorf("%s does not turn off", setting)
}
