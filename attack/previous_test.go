package attack

import (
	"os"
	"testing"
	"time"
)

// TestPreviousOnNewSchema is for check.sh previous: FAIRLOTD_PREVIOUS names the daemon of the newest release. It makes the installation, the present daemon brings the rooms to its schema and
// takes entries, the previous one goes on with them, and the present one after it. Without the variable the present daemon stands for the previous one.
func TestPreviousOnNewSchema(t *testing.T) {
	t.Parallel()
	previous := os.Getenv("FAIRLOTD_PREVIOUS")
	if previous == "" {
		previous = program
	}
	d := newDaemon(t)
	d.program = previous
	if err := os.RemoveAll(d.dir); err != nil {
		t.Fatal(err)
	}
	d.run("init", "--dir", d.dir, "--origin", "attack.example/fairlot", "--institution", "Library")
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(30)
	receipts := map[string]string{}
	var all []*person
	for i, by := range []string{previous, program, previous, program} {
		d.stop()
		d.program = by
		if by == program {
			d.run("upgrade", "--dir", d.dir)
		}
		d.serve()
		for n := range 6 {
			p := c.newPerson(6*i+n, tokens[6*i+n])
			receipts[p.entry] = c.mustEnter(t, p).receipt
			all = append(all, p)
		}
		for _, p := range all {
			if got := c.mustEnter(t, p).receipt; got != receipts[p.entry] {
				t.Fatal("another receipt for the same entry")
			}
		}
	}
	d.stop()
	if n := d.missing(all); n > 0 {
		t.Errorf("%d entries are missing", n)
	}
}
