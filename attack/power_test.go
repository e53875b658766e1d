package attack

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
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

// powered is a rig whose strike is a power cut. For a moment the daemon goes on with a dead disk: what it acknowledges then counts too.
func powered(t testing.TB) *rig {
	disk := newDisk(t, 512<<20)
	d := newDaemonIn(t, sqlite, t.TempDir(), filepath.Join(disk.dir, "installation"))
	return &rig{d: d, settle: disk.sync, mend: disk.back, strike: func() {
		if err := disk.cut(); err != nil {
			t.Error(err)
		}
		time.Sleep(rand.N(60 * time.Millisecond))
	}}
}
