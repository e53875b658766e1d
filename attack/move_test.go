package attack

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMoveBetweenEngines moves a whole installation in the middle of a campaign, SQLite to PostgreSQL and back, with the real programs. Whoever entered before gets the same receipt,
// new people enter on every engine, the log goes on from the tree that was there, and the close lists each once.
func TestMoveBetweenEngines(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	other := onPostgres(t)
	d.serve()
	takes := 45 * time.Second
	if other.citus {
		takes *= 4
	}
	c := d.openCampaign(5, time.Now().Add(takes))
	tokens := c.tokens(60)
	receipts := map[string]string{}
	var all []*person
	enter := func(n int) {
		t.Helper()
		for range n {
			p := c.newPerson(len(all), tokens[len(all)])
			receipts[p.entry] = c.mustEnter(t, p).receipt
			all = append(all, p)
		}
		for _, p := range all {
			if got := c.mustEnter(t, p).receipt; got != receipts[p.entry] {
				t.Fatal("another receipt for the same entry")
			}
		}
	}
	enter(17)
	for _, on := range []engine{other, sqlite} {
		refused(t, d, "in use by another fairlotd", "export", "--dir", d.dir, "--out", filepath.Join(t.TempDir(), "e"))
		d.stop()
		out := filepath.Join(t.TempDir(), "export")
		d.run("export", "--dir", d.dir, "--out", out)
		from := d.dir
		if on.admin != "" { // an export that a daemon has outrun
			d.serve()
			enter(1)
			d.stop()
			late := t.TempDir()
			copyTree(t, filepath.Join(from, "keys"), filepath.Join(late, "keys"))
			private(t, filepath.Join(late, "keys"))
			refused(t, d, "after this export was made", "import", "--from", out, "--dir", late)
			out = filepath.Join(t.TempDir(), "export")
			d.run("export", "--dir", d.dir, "--out", out)
		}
		d.dir, d.on = filepath.Join(t.TempDir(), "moved"), on
		args := append([]string{"import", "--from", out, "--dir", d.dir}, d.initArgs()...)
		refused(t, d, "has no key folder", args...)
		copyTree(t, filepath.Join(from, "keys"), filepath.Join(d.dir, "keys"))
		private(t, filepath.Join(d.dir, "keys"))
		if on.admin != "" && !on.citus {
			refused(t, d, "has no Citus", append(slices.Clone(args), "--distribute", "citus")...)
		}
		bad := filepath.Join(t.TempDir(), "bad")
		copyTree(t, out, bad)
		b, err := os.ReadFile(filepath.Join(bad, "identity.export"))
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(filepath.Join(bad, "identity.export"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, d, "damaged or was changed", append([]string{"import", "--from", bad}, args[3:]...)...)
		d.run(args...)
		refused(t, d, "already", args...)
		token, err := os.ReadFile(filepath.Join(from, "admin.token"))
		if err == nil {
			err = os.WriteFile(filepath.Join(d.dir, "admin.token"), token, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		d.serve()
		enter(13)
	}
	time.Sleep(time.Until(c.end.Add(time.Second)))
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	listed := map[string]int{}
	for _, l := range c.entrants() {
		listed[hex.EncodeToString(l.ID[:])]++
	}
	for _, p := range all {
		if listed[p.entry] != 1 {
			t.Errorf("an entry stands %d times in the list", listed[p.entry])
		}
	}
	d.stop()
	answers := d.responses()
	if len(listed) != len(all) || len(answers) != len(all) {
		t.Errorf("%d entered, %d are listed, %d answers are there", len(all), len(listed), len(answers))
	}
	if strings.Contains(d.lastLog(), "level=ERROR") {
		t.Error(d.lastLog())
	}
}

// private gives a copied key folder the modes that it must have.
func private(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err == nil {
		err = os.Chmod(dir, 0o700)
	}
	for _, f := range files {
		if err == nil {
			err = os.Chmod(filepath.Join(dir, f.Name()), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
