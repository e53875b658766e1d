package attack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
)

// TestPowerCuts cuts the power of the file system that holds rooms and key folder, again and again while 64 writers enter and while the campaign is
// closed, and counts what became of every entry. FAULT_CUTS is the number of cuts.
func TestPowerCuts(t *testing.T) {
	onEngines(t, func(t *testing.T, on engine) {
		v := strikes(t, fromEnv(t, "FAULT_CUTS", 20), func() *rig { return powered(t, on.name) })
		unharmed(t, "power cut", on, v)
	})
}

// TestPowerCutsSeeLoss cuts the power of those who do not wait for the disk: SQLite, PostgreSQL, and the key folder.
func TestPowerCutsSeeLoss(t *testing.T) {
	normal := mutant(t, "store/sqlite/conn.go", `"synchronous(FULL)"`, `"synchronous(NORMAL)"`)
	unsynced := mutant(t, "crypto/keys/file.go", "if err := f.Sync(); err != nil {", "if err := error(nil); err != nil {")
	for _, m := range []struct {
		what, engine, program string
	}{
		{"WAL with synchronous=NORMAL", "sqlite", normal},
		{"key folder written without sync", "sqlite", unsynced},
		{"fsync=off", "postgres", program},
	} {
		t.Run(m.what, func(t *testing.T) {
			t.Parallel()
			cuts := 4
			if m.program == unsynced {
				byChance(t)
				cuts = 40
			}
			v := strikes(t, cuts, func() *rig {
				r := powered(t, m.engine)
				r.d.program, r.mutant = m.program, true
				if m.engine == "postgres" {
					settle := r.settle
					r.settle = func() error { return errors.Join(settle(), sloppy(r.d.on, "fsync"), settle()) } // what sloppy wrote is on the disk too
				}
				return r
			})
			foundOut(t, m.what, engine{name: m.engine}, v)
		})
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
			if err := errors.Join(on.cluster.Kill(), disk.back()); err != nil {
				return err
			}
			return on.cluster.Start()
		},
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
