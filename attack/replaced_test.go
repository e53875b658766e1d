package attack

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// replacing is a way in which somebody puts an older copy of a room in the place of one that a daemon works on. copied is called some time before; what it returns puts the
// copy there, and the newest room back.
type replacing struct {
	name    string
	on      func(t testing.TB) engine
	rooms   []string
	copied  func(t *testing.T, d *daemon, room string) (there, back func() error)
	restart bool // what was put back is the newest room, but not the one that the daemon has seen
}

var replacings = []replacing{
	{"sqlite, renamed", func(testing.TB) engine { return sqlite }, []string{"registry", "identity", "answers"}, renamedFile, false},
	{"postgres, renamed", onPostgres, []string{"registry", "identity", "answers"}, renamedDatabase, false},
	{"postgres, in place", func(t testing.TB) engine { return ownPostgres(t) }, []string{"identity"}, restoredInPlace, true},
}

// TestRoomReplacedUnderDaemon puts an older copy of a room in the place of the one that a daemon works on, within the hour in which both have the same generation. Nothing is
// acknowledged into the copy: entries are refused, the operators' door names the room and what to do, and with the newest room back nobody is missing.
func TestRoomReplacedUnderDaemon(t *testing.T) {
	t.Parallel()
	for _, way := range replacings {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			for _, room := range way.rooms {
				t.Run(room, func(t *testing.T) {
					if err := way.play(t, program, room); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// TestRoomReplacedIsSeen plays the same against a daemon that does not look which room it writes to. If it finds nothing wrong there, it is worth nothing.
func TestRoomReplacedIsSeen(t *testing.T) {
	t.Parallel()
	blind := mutated(t, edit{"store/judge/past.go", "	if was == nil {\n", "	if true {\n"}, edit{"store/sqlite/place.go", "case !os.SameFile(info, d.file):", "case !os.SameFile(info, d.file) && false:"},
		edit{"store/postgres/place.go", "*d.leads.Load() != p {", "*d.leads.Load() != p && false {"}, edit{"engine/enter.go", "if res.Gate.Epoch < gate.Epoch {", "if false {"},
		edit{"engine/enter.go", "case gate.Epoch < old:", "case false:"}, edit{"engine/enter.go", "g.Epoch < old.Epoch || ", ""})
	for _, way := range replacings {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			if err := way.play(t, blind, "identity"); err == nil || !strings.Contains(err.Error(), "acknowledged into an older copy") {
				t.Errorf("the mutant is not found out: %v", err)
			}
		})
	}
}

// play returns what the daemon did wrong.
func (way replacing) play(t *testing.T, program, room string) error {
	d := newDaemonOn(t, way.on(t))
	d.program = program
	ops := freePort(t)
	d.extra = []string{"--ops", ops}
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(60)
	receipts := map[*person]string{}
	enter := func(from, to int) {
		for i := from; i < to; i++ {
			p := c.newPerson(i, tokens[i])
			receipts[p] = c.mustEnter(t, p).receipt
		}
	}
	enter(0, 12)
	there, back := way.copied(t, d, room)
	enter(12, 30)

	if err := there(); err != nil {
		t.Fatal(err)
	}
	var wrong []error
	var refused []*person
	for i := 30; i < 40; i++ {
		p := c.newPerson(i, tokens[i])
		a, err := c.enter(d.http, p)
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case a.status == http.StatusOK:
			if receipts[p] = a.receipt; room == "identity" {
				wrong = append(wrong, errors.New("an entry was acknowledged into an older copy"))
			}
		case a.reason != "STORAGE_UNAVAILABLE":
			wrong = append(wrong, fmt.Errorf("refused with status %d, %q, want STORAGE_UNAVAILABLE: %s", a.status, a.reason, a.text))
		default:
			refused = append(refused, p)
		}
		time.Sleep(200 * time.Millisecond)
	}
	if len(refused) < 3 {
		wrong = append(wrong, fmt.Errorf("%d of 10 entries were refused", len(refused)))
	}
	if got := readyz(t, ops); !strings.Contains(got, "\n"+room+"-replaced: ") || !strings.Contains(got, "--put-back") {
		wrong = append(wrong, fmt.Errorf("/readyz says nothing of the %s room: %q", room, got))
	}
	if log := d.lastLog(); strings.Contains(log, "key is missing") || !strings.Contains(log, room+" room") {
		wrong = append(wrong, fmt.Errorf("the log names another cause, or none: %s", log))
	}

	if err := back(); err != nil {
		t.Fatal(err)
	}
	if way.restart {
		d.stop()
		if _, err := d.tryServe(); err != nil {
			return errors.Join(append(wrong, err)...)
		}
	}
	for began := time.Now(); readyz(t, ops) != "ready\n"; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			return errors.Join(append(wrong, fmt.Errorf("not ready with the newest room back: %q", readyz(t, ops)))...)
		}
	}
	for _, p := range refused {
		receipts[p] = c.mustEnter(t, p).receipt
	}
	for p, want := range receipts {
		if a, err := c.enter(d.http, p); err != nil || a.receipt != want {
			wrong = append(wrong, fmt.Errorf("whoever was acknowledged gets another answer: %v, %s", err, a.text))
		}
	}
	d.stop()
	db := d.room("identity")
	if n := count(t, db, "SELECT count(*) FROM entrants"); n != len(receipts) {
		wrong = append(wrong, fmt.Errorf("%d entrants, and %d were acknowledged", n, len(receipts)))
	}
	return errors.Join(wrong...)
}

// TestDatabaseRenamedAway takes each room's database away by its name. Callers are told to come again, and neither that the campaign has ended or is not there, nor of an internal error.
func TestDatabaseRenamedAway(t *testing.T) {
	t.Parallel()
	d := newDaemonOn(t, onPostgres(t))
	ops := freePort(t)
	d.extra = []string{"--ops", ops}
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(10)
	c.mustEnter(t, c.newPerson(0, tokens[0]))
	for i, room := range []string{"identity", "registry"} {
		there, back := renamed(t, d, room, false)
		if err := there(); err != nil {
			t.Fatal(err)
		}
		p := c.newPerson(i+1, tokens[i+1])
		if room == "identity" {
			unavailable(t, c, p)
		} else if resp, err := client.Get("http://" + d.http + "/v1/campaigns/attack"); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a campaign is asked for: %v, %v", resp, err)
		} else {
			resp.Body.Close()
		}
		waitReadyz(t, ops, "\n"+room+"-away: ") // the answer may be a second old
		if err := back(); err != nil {
			t.Fatal(err)
		}
		waitReadyz(t, ops, "ready\n")
		c.mustEnter(t, p)
	}
}

// waitReadyz waits until the operators' door says words.
func waitReadyz(t *testing.T, ops, words string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		got := readyz(t, ops)
		if got == words || words != "ready\n" && strings.Contains(got, words) {
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("/readyz says %q, want %q", got, words)
		}
	}
}

func readyz(t *testing.T, ops string) string {
	t.Helper()
	resp, err := client.Get("http://" + ops + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// renamedFile renames the file of the newest room away, with its write-ahead log, and a backup's into its place.
func renamedFile(t *testing.T, d *daemon, room string) (there, back func() error) {
	out := filepath.Join(t.TempDir(), "backup")
	d.run("backup", "--dir", d.dir, "--out", out)
	file, away := filepath.Join(d.rooms(), room+".db"), filepath.Join(t.TempDir(), room+".db")
	move := func(from, to string) error {
		var all error
		for _, suffix := range []string{"-shm", "-wal", ""} {
			if err := os.Rename(from+suffix, to+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				all = errors.Join(all, err)
			}
		}
		return all
	}
	there = func() error {
		return errors.Join(move(file, away), os.Rename(filepath.Join(out, room+".db"), file))
	}
	back = func() error {
		return errors.Join(move(file, file+".old"), move(away, file))
	}
	return there, back
}

// renamedDatabase renames the newest room's database away, which cuts the daemon off, and one that was restored from a dump into its place.
func renamedDatabase(t *testing.T, d *daemon, room string) (there, back func() error) {
	return renamed(t, d, room, true)
}

// renamed is renamedDatabase, or without replacing leaves nothing in its place.
func renamed(t *testing.T, d *daemon, room string, replacing bool) (there, back func() error) {
	ctx := context.Background()
	name := d.database + "_" + room
	exec := func(statements ...string) error { return d.on.cluster.Exec(ctx, "postgres", statements...) }
	rename := func(from, to string) error {
		return exec("ALTER DATABASE "+from+" ALLOW_CONNECTIONS false", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '"+from+"'",
			"ALTER DATABASE "+from+" RENAME TO "+to, "ALTER DATABASE "+to+" ALLOW_CONNECTIONS true")
	}
	if !replacing {
		return func() error { return rename(name, name+"_away") }, func() error { return rename(name+"_away", name) }
	}
	dumpOf(t, d, room)
	if err := exec("CREATE DATABASE "+name+"_copy TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' OWNER "+name+"_owner", "GRANT CONNECT ON DATABASE "+name+"_copy TO "+name+"_app"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.kill()
		_ = exec("DROP DATABASE IF EXISTS "+name+"_copy WITH (FORCE)", "DROP DATABASE IF EXISTS "+name+"_away WITH (FORCE)")
	})
	if said, err := d.on.cluster.Run("pg_restore", "--single-transaction", "-d", d.on.cluster.AdminDSN(name+"_copy"), dumpFile(d, room)); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	there = func() error { return errors.Join(rename(name, name+"_away"), rename(name+"_copy", name)) }
	back = func() error { return errors.Join(rename(name, name+"_copy"), rename(name+"_away", name)) }
	return there, back
}

// restoredInPlace restores a dump over the tables of the room, and then one of the newest room.
func restoredInPlace(t *testing.T, d *daemon, room string) (there, back func() error) {
	restore := func(file string) error {
		said, err := d.on.cluster.Run("pg_restore", "--clean", "--if-exists", "--single-transaction", "-d", d.on.cluster.AdminDSN(d.database+"_"+room), file)
		if err != nil {
			return fmt.Errorf("%w: %s", err, said)
		}
		return nil
	}
	old := dumpOf(t, d, room)
	there = func() error {
		settled(t, d) // or what is put back at the end is not the newest
		if err := os.Rename(old, old+".old"); err != nil {
			return err
		}
		dumpOf(t, d, room)
		return restore(old + ".old")
	}
	back = func() error { return restore(dumpFile(d, room)) }
	return there, back
}

// settled waits until nothing is mixed any more.
func settled(t *testing.T, d *daemon) {
	t.Helper()
	db, err := sql.Open("pgx", d.roomDSN("identity"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := func() int {
		return count(t, db, "SELECT coalesce(max(epoch), 0) * 1000 + (SELECT count(*) FROM pending) * 10 + (SELECT count(*) FROM batches WHERE NOT cleared) FROM gates")
	}
	for was, began := -1, time.Now(); was != now(); time.Sleep(3 * time.Second) {
		if was = now(); time.Since(began) > time.Minute {
			t.Fatal("mixing goes on and on")
		}
	}
}

func dumpFile(d *daemon, room string) string {
	return filepath.Join(d.on.cluster.Shared(), d.database+"_"+room+".dump")
}

func dumpOf(t *testing.T, d *daemon, room string) (file string) {
	t.Helper()
	file = dumpFile(d, room)
	if said, err := d.on.cluster.Run("pg_dump", "-Fc", "-f", file, d.on.cluster.AdminDSN(d.database+"_"+room)); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return file
}
