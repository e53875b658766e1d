package attack

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestServerFull fills the disk under PostgreSQL, and makes room again: where the identity room lies, where the answers room lies, and where
// everything lies, write-ahead log included, so that the server itself goes down.
func TestServerFull(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"identity", "answers", "everything"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			v := serverFull(t, what, program)
			result := "passed"
			if v.harm() > 0 || v.broken != "" {
				result = "entries were harmed"
				t.Errorf("%s%s", v, v.broken)
			}
			row(t, "disk full and healed: "+what, engine{name: "postgres"}, v, result)
		})
	}
}

// TestServerFullSeesLoss fills the disk under a daemon that takes "no room" for a fault of its own.
func TestServerFullSeesLoss(t *testing.T) {
	t.Parallel()
	v := serverFull(t, "identity", brokenDaemon.built(t), "FAIRLOT_BROKEN=no room")
	result := "found out"
	if v.harm() == 0 && v.broken == "" {
		result = "NOT found out"
		t.Error("a daemon that does not know what a full disk says was not found out")
	}
	t.Log(v.broken)
	row(t, "mutant: a full disk is no reason to come again", engine{name: "postgres"}, v, result)
}

// serverFull runs one installation whose rooms fill, and are freed.
func serverFull(t *testing.T, what, program string, env ...string) (v verdict) {
	disk := newDisk(t, 160<<20)
	var on engine
	if what == "everything" {
		on = postgresIn(t, disk.dir, "max_wal_size=64MB", "min_wal_size=32MB")
	} else {
		on = ownPostgres(t)
	}
	d := newDaemonOn(t, on)
	d.program, d.env = program, env
	if what != "everything" {
		space := filepath.Join(disk.dir, "space")
		info, err := os.Stat(on.cluster.Data())
		if err != nil {
			t.Fatal(err)
		}
		owner := info.Sys().(*syscall.Stat_t)
		if err := errors.Join(os.Mkdir(space, 0o700), os.Chown(space, int(owner.Uid), int(owner.Gid)),
			on.cluster.Exec(t.Context(), "postgres", "CREATE TABLESPACE small LOCATION '"+space+"'", "ALTER DATABASE "+d.database+"_"+what+" SET TABLESPACE small")); err != nil {
			t.Fatal(err)
		}
	}
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(4000)
	var list []*sent
	enter := func(s *sent) answer {
		a, err := c.enter(d.http, s.person)
		s.tries++
		if s.acknowledged = err == nil && a.status == http.StatusOK; s.acknowledged {
			s.receipt = a.receipt
		} else if err != nil || a.reason != "STORAGE_UNAVAILABLE" && a.reason != "BUSY" {
			v.broken += fmt.Sprintf("refused with %v, status %d: %s\n", err, a.status, a.text)
		}
		return a
	}
	next := func() *sent {
		s := &sent{person: c.newPerson(len(list), tokens[len(list)])}
		list = append(list, s)
		return s
	}
	for range 12 {
		enter(next())
	}
	filler := filepath.Join(disk.dir, "filler")
	fill(t, filler)
	v.strikes++
	switch what {
	case "answers": // entries go on, and wait to be mixed
		for range 60 {
			if s := next(); enter(s).status != http.StatusOK {
				v.broken += "an entry was refused, whose room is not full\n"
			}
		}
		if err := within(30*time.Second, func() error {
			if len(d.complaints()) == 0 {
				for range 10 {
					enter(next())
				}
				fill(t, filler) // whatever the server has given up
				return errors.New("the daemon mixes as if there were room")
			}
			return nil
		}); err != nil {
			v.broken += err.Error() + "\n"
		}
	default:
		refused := 0
		for began := time.Now(); refused < 3 && time.Since(began) < time.Minute && len(list) < len(tokens)-20 && v.broken == ""; {
			fill(t, filler)
			if what == "everything" {
				_, _ = asked(on, "SELECT pg_switch_wal()::text") // the next segment is one more file
			}
			s := next()
			if enter(s); !s.acknowledged {
				refused++
			}
		}
		if refused == 0 {
			v.broken += "no entry was refused\n"
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := within(5*time.Second, func() error { _, err := asked(on, "SELECT 'here'"); return err }); err != nil {
		if err := errors.Join(on.cluster.Kill(), on.cluster.Start()); err != nil { // it went down: whoever made room starts it
			t.Fatal(err)
		}
		t.Log("the server went down, and was started")
	}
	healed := time.Now()
	for _, s := range list {
		if err := within(30*time.Second, func() error {
			if !s.acknowledged && enter(s).status != http.StatusOK {
				return errors.New("with room again an entry is refused")
			}
			return nil
		}); err != nil {
			v.broken += err.Error() + "\n" + d.lastLog()
			return v
		}
	}
	v.again = append(v.again, time.Since(healed))
	for range 10 {
		if s := next(); enter(s).status != http.StatusOK {
			v.broken += "with room again an entry is refused\n"
		}
	}
	if err := within(30*time.Second, func() error { // mixing goes on, once a later epoch is full too
		for range 6 {
			enter(next())
		}
		text, err := asked(engine{admin: d.roomDSN("answers")}, "SELECT count(*)::text FROM responses")
		if err == nil && len(text) < 2 {
			err = errors.New("nothing is mixed with room again: " + text)
		}
		return err
	}); err != nil {
		v.broken += err.Error() + "\n" + d.lastLog()
	}
	d.stop()
	d.checkRooms()
	listed := d.entered(t)
	for _, s := range list {
		v.sent++
		if s.acknowledged {
			v.acknowledged++
			if !listed[string(s.leaf.ID[:])] {
				v.lost++
			}
		}
	}
	return v
}

// fill writes to a file until its disk has no room.
func fill(t *testing.T, file string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<20); len(block) >= 512; {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
