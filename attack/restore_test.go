package attack

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// run runs the daemon's program to its end, with status 0, and returns what it printed.
func (d *daemon) run(args ...string) string {
	d.t.Helper()
	out, err := d.command(args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// missing counts the persons of whom the rooms of a daemon that is not running know nothing.
func (d *daemon) missing(persons []*person) (n int) {
	d.t.Helper()
	db := openRoom(d.t, d.rooms(), "identity")
	defer db.Close()
	for _, p := range persons {
		id, err := hex.DecodeString(p.entry)
		if err != nil {
			d.t.Fatal(err)
		}
		n += 1 - count(d.t, db, "SELECT count(*) FROM entrants WHERE id = ?", id)
	}
	return n
}

// TestRestoreDrill backs up a daemon that is taking entries, kills it later, takes its rooms away and brings the backup back. Nobody who was acknowledged before the
// backup began is missing, their answers are there but for those whose key went since, as was said beforehand, and the campaign goes on to its close.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(40*time.Second))
	tokens := c.tokens(200)
	var before []*person
	receipts := map[string]string{}
	for i := range 30 {
		p := c.newPerson(i, tokens[i])
		receipts[p.entry] = c.mustEnter(t, p).receipt
		before = append(before, p)
	}
	extra := revocableToken(t, d)

	// Others go on entering while it is made.
	var next atomic.Int64
	next.Store(30)
	end := make(chan struct{})
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				i := int(next.Add(1)) - 1
				if i >= 120 {
					return
				}
				c.mustEnter(t, c.newPerson(i, tokens[i]))
			}
		})
	}
	out := filepath.Join(t.TempDir(), "backup")
	said := d.run("backup", "--dir", d.dir, "--out", out)
	close(end)
	writers.Wait()
	noKeys(t, d, out)
	waiting := numberIn(t, said, `not mixed +(\d+) answers`)
	held := d.epochKeys()

	var after []*person
	for i := 130; i < 180 && !gone(held); i++ { // until epochs that waited are mixed, and their keys destroyed
		after = append(after, c.newPerson(i, tokens[i]))
		c.mustEnter(t, after[len(after)-1])
		time.Sleep(200 * time.Millisecond)
	}
	extra.revoke(t, d)
	d.kill()
	if err := os.RemoveAll(d.rooms()); err != nil {
		t.Fatal(err)
	}

	said = d.run("restore", "--from", out, "--dir", d.dir)
	lost := numberIn(t, said, `of (\d+) of them the key is gone`)
	if !strings.Contains(said, "--accept-restored") || numberIn(t, said, `answers: (\d+) were not mixed`) != waiting || lost > waiting {
		t.Errorf("restore says: %s", said)
	}
	if n := d.missing(before); n > 0 {
		t.Fatalf("%d who were acknowledged before the backup are missing", n)
	}
	if n := d.missing(after); n != len(after) {
		t.Errorf("%d of %d who entered after the backup are missing: this run shows nothing", n, len(after))
	}
	refused(t, d, "--accept-restored", d.serveArgs()...)
	d.extra = []string{"--accept-restored"}
	d.serve()
	d.stop()
	d.extra = nil
	d.serve()
	if !extra.works(d) {
		t.Error("the token that was revoked after the backup is revoked: the restore's warning says otherwise")
	}
	for _, p := range before {
		if got := c.mustEnter(t, p).receipt; got != receipts[p.entry] {
			t.Fatal("another receipt for the same entry")
		}
	}
	for _, p := range after {
		c.mustEnter(t, p) // who was lost enters again, with the same code
	}
	time.Sleep(time.Until(c.end.Add(time.Second)))
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	listed := map[string]int{}
	for _, l := range c.entrants() {
		listed[hex.EncodeToString(l.ID[:])]++
	}
	for _, p := range append(before, after...) {
		if listed[p.entry] != 1 {
			t.Errorf("an entry stands %d times in the list", listed[p.entry])
		}
	}
	d.stop()
	answered := map[int]bool{}
	for _, n := range d.responses() {
		if answered[n] {
			t.Errorf("answer %d twice", n)
		}
		answered[n] = true
	}
	unread := 0
	for _, p := range before {
		if !answered[p.n] {
			unread++
		}
	}
	if unread > lost {
		t.Errorf("%d answers given before the backup are missing, and the restore said %d", unread, lost)
	}
	if lost == 0 {
		t.Errorf("none of %d lost their key: this run shows nothing of that", waiting)
	}
	for _, p := range after {
		if !answered[p.n] {
			t.Error("an answer given after the restore is missing")
		}
	}
	t.Logf("%d in the list, %d answers; %d waited at the backup, %d of them lost their key", len(listed), len(answered), waiting, lost)
}

func (d *daemon) epochKeys() []string {
	names, err := filepath.Glob(filepath.Join(d.dir, "keys", "*-epoch-*.key"))
	if err != nil {
		d.t.Fatal(err)
	}
	return names
}

// gone tells whether one of the files is there no more.
func gone(files []string) bool {
	for _, f := range files {
		if _, err := os.Lstat(f); os.IsNotExist(err) {
			return true
		}
	}
	return false
}

// TestRestoreDrillPostgres is the drill with pg_dump and pg_restore, as OPERATIONS says it, while people enter. The daemon is killed and started within the hour, so nothing but
// `fairlotd restore` tells it that its rooms are old.
func TestRestoreDrillPostgres(t *testing.T) {
	t.Parallel()
	on := ownPostgres(t)
	d := newDaemonOn(t, on)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(60)
	var before, after []*person
	receipts := map[string]string{}
	for i := range 22 {
		p := c.newPerson(i, tokens[i])
		receipts[p.entry] = c.mustEnter(t, p).receipt
		before = append(before, p)
	}
	end := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 30; i < 50; i++ {
			select {
			case <-end:
				return
			default:
				c.mustEnter(t, c.newPerson(i, tokens[i]))
			}
		}
	})
	file := func(room string) string { return filepath.Join(on.cluster.Shared(), room+".dump") }
	for _, room := range []string{"registry", "identity", "answers"} { // in this order
		if _, err := on.cluster.Run("pg_dump", "-Fc", "-f", file(room), on.cluster.AdminDSN(d.database+"_"+room)); err != nil {
			t.Fatal(err)
		}
	}
	close(end)
	writer.Wait()
	for i := range 3 {
		p := c.newPerson(50+i, tokens[50+i])
		c.mustEnter(t, p)
		after = append(after, p)
	}
	d.kill()
	d.room("identity").Close() // waits until its sessions are gone
	for _, room := range []string{"registry", "identity", "answers"} {
		if _, err := on.cluster.Run("pg_restore", "--clean", "--if-exists", "--single-transaction", "-d", on.cluster.AdminDSN(d.database+"_"+room), file(room)); err != nil {
			t.Fatal(err)
		}
	}
	missing := func(persons []*person) (n int) {
		db := d.room("identity")
		defer db.Close()
		for _, p := range persons {
			id, err := hex.DecodeString(p.entry)
			if err != nil {
				t.Fatal(err)
			}
			n += 1 - count(t, db, "SELECT count(*) FROM entrants WHERE id = $1", id)
		}
		return n
	}
	if n := missing(before); n > 0 {
		t.Fatalf("%d who were acknowledged before the backup are missing", n)
	}
	if n := missing(after); n != len(after) {
		t.Errorf("%d of %d who entered after the backup are missing: this run shows nothing", n, len(after))
	}
	d.run("restore", "--put-back", "--dir", d.dir)
	refused(t, d, "--accept-restored", d.serveArgs()...)
	d.extra = []string{"--accept-restored"}
	d.serve()
	d.stop()
	d.extra = nil
	d.serve()
	for _, p := range before {
		if got := c.mustEnter(t, p).receipt; got != receipts[p.entry] {
			t.Fatal("another receipt for the same entry")
		}
	}
	for _, p := range after {
		c.mustEnter(t, p)
	}
}

// TestRestoreDrillSeesLoss copies the files of the rooms as a careless script does. If the drill finds nobody missing then, it is worth nothing.
func TestRestoreDrillSeesLoss(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.serve()
	c := d.openCampaign(50, time.Now().Add(time.Hour))
	tokens := c.tokens(20)
	var before []*person
	for i := range tokens {
		before = append(before, c.newPerson(i, tokens[i]))
		c.mustEnter(t, before[i])
	}
	db, err := os.ReadFile(filepath.Join(d.rooms(), "identity.db")) // without its write-ahead log
	if err != nil {
		t.Fatal(err)
	}
	d.kill()
	for _, suffix := range []string{"-wal", "-shm"} {
		os.Remove(filepath.Join(d.rooms(), "identity.db"+suffix))
	}
	if err := os.WriteFile(filepath.Join(d.rooms(), "identity.db"), db, 0o600); err != nil {
		t.Fatal(err)
	}
	if n := d.missing(before); n == 0 {
		t.Error("a copy without the write-ahead log was not found out")
	}
}

func numberIn(t *testing.T, text, pattern string) int {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %q in: %s", pattern, text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// noKeys wants a backup for its owner only, with the three rooms and the manifest and not one key in it.
func noKeys(t *testing.T, d *daemon, out string) {
	t.Helper()
	var secrets [][]byte
	err := filepath.WalkDir(filepath.Join(d.dir, "keys"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		if at := bytes.LastIndex(b, []byte("key ")); strings.HasSuffix(path, ".key") && at > 0 && len(b) > at+68 {
			raw, err := hex.DecodeString(string(b[at+4 : at+68]))
			if err != nil {
				return err
			}
			secrets = append(secrets, raw, b[at+4:at+68])
		} else if strings.HasSuffix(path, ".skey") {
			secrets = append(secrets, b)
		}
		return nil
	})
	if err != nil || len(secrets) < 4 {
		t.Fatalf("%d secrets: %v", len(secrets), err)
	}
	files, err := os.ReadDir(out)
	if err != nil || len(files) != 4 {
		t.Fatalf("%d files in the backup: %v", len(files), err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the backup: %v, %v", info.Mode(), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(out, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s: %v, %v", f.Name(), info.Mode(), err)
		}
		for _, s := range secrets {
			if bytes.Contains(b, s) {
				t.Errorf("%s holds a key", f.Name())
			}
		}
	}
}

// TestBackupLeavesNothingHalf kills a backup again and again, fills its disk, and points it where it must not write.
func TestBackupLeavesNothingHalf(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.serve()
	c := d.openCampaign(50, time.Now().Add(time.Hour))
	tokens := c.tokens(20)
	for i := range tokens {
		c.mustEnter(t, c.newPerson(i, tokens[i]))
	}
	parent := t.TempDir()
	out := filepath.Join(parent, "backup")
	for i := range 12 {
		cmd := d.command("backup", "--dir", d.dir, "--out", out)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 15 * time.Millisecond)
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()
		if _, err := os.Stat(out); err == nil { // it was faster: then it is whole
			if _, err := os.Stat(filepath.Join(out, "manifest")); err != nil {
				t.Fatal("half a backup under the name of a whole one")
			}
			os.RemoveAll(out)
		}
	}
	d.run("backup", "--dir", d.dir, "--out", out)
	if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	os.Symlink(filepath.Join(d.dir, "keys"), filepath.Join(parent, "link"))
	for _, where := range []string{out, filepath.Join(d.dir, "b"), filepath.Join(d.dir, "keys", "b"), filepath.Join(d.rooms(), "b"), filepath.Join(parent, "link", "b")} {
		if outp, err := d.command("backup", "--dir", d.dir, "--out", where).CombinedOutput(); err == nil {
			t.Errorf("backed up to %s: %s", where, outp)
		}
	}
	small := filepath.Join(parent, "small")
	if os.Mkdir(small, 0o700) == nil && syscall.Mount("tmpfs", small, "tmpfs", 0, "size=100k") == nil {
		defer syscall.Unmount(small, 0)
		refused(t, d, "copy", "backup", "--dir", d.dir, "--out", filepath.Join(small, "b"))
		if left, err := os.ReadDir(small); err != nil || len(left) != 0 {
			t.Errorf("left on the full disk: %v, %v", left, err)
		}
	} else {
		t.Log("no file system could be mounted here: a full disk was not tried")
	}
	c.mustEnter(t, c.newPerson(99, c.tokens(1)[0])) // the daemon has not noticed
}
