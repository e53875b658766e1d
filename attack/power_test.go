package attack

import (
	"errors"
	"path/filepath"
	"testing"
)

// TestPowerCuts cuts the power of the file system that holds rooms and key folder, again and again while 64 writers enter and while the campaign is
// closed, and counts what became of every entry. FAULT_CUTS is the number of cuts.
func TestPowerCuts(t *testing.T) {
	v := strikes(t, fromEnv(t, "FAULT_CUTS", 20), func() *rig { return powered(t) })
	unharmed(t, "power cut", sqlite, v)
}

// TestPowerCutsSeeLoss cuts the power of daemons that do not wait for the disk: of the room, and of the key folder.
func TestPowerCutsSeeLoss(t *testing.T) {
	for what, program := range map[string]string{
		"synchronous=NORMAL":        mutant(t, "store/sqlite/conn.go", `"synchronous(FULL)"`, `"synchronous(NORMAL)"`),
		"keys written without sync": mutant(t, "crypto/keys/file.go", "\t_, err = f.Write(b)\n\tif err == nil {\n\t\terr = f.Sync()\n\t}\n", "\t_, err = f.Write(b)\n"),
	} {
		t.Run(what, func(t *testing.T) {
			v := strikes(t, 5, func() *rig {
				r := powered(t)
				r.d.program, r.mutant = program, true
				return r
			})
			foundOut(t, what, sqlite, v)
		})
	}
}

// powered is a rig whose strike is a power cut. The daemon stands still from the moment of the cut, as a machine without power does. It must: a call of
// fsync that is under way while ext4 shuts down may return 0 although nothing was written, and a daemon that believed it would acknowledge after the cut.
func powered(t testing.TB) *rig {
	disk := newDisk(t, 512<<20)
	d := newDaemonIn(t, sqlite, t.TempDir(), filepath.Join(disk.dir, "installation"))
	return &rig{d: d, settle: disk.sync, mend: disk.back, strike: func() {
		if err := errors.Join(d.freeze(), disk.cut()); err != nil {
			t.Error(err)
		}
	}}
}
