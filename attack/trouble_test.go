package attack

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestStorageTrouble takes the daemon's storage away in several ways. Nothing may be acknowledged while it is away, and everything goes on when it is back.
func TestStorageTrouble(t *testing.T) {
	t.Parallel()
	t.Run("locked", storageLocked)
	t.Run("full", storageFull)
	t.Run("read-only", storageReadOnly)
}

// storageLocked holds the write lock of the identity room in this process for longer than the daemon waits for it.
func storageLocked(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(20)
	first := c.newPerson(0, tokens[0])
	c.mustEnter(t, first)
	db := openRoom(t, d.rooms(), "identity")
	if _, err := db.Exec("PRAGMA busy_timeout = 5000"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	p := c.newPerson(1, tokens[1])
	unavailable(t, c, p)
	conn, ctx := d.staff()
	defer conn.Close()
	_, err := fairlotv1.NewEntryServiceClient(conn).CreateEntryTokens(ctx, &fairlotv1.CreateEntryTokensRequest{Parent: c.name, Count: 1})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("staff were told %v, want UNAVAILABLE", err)
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	c.mustEnter(t, p)
	db.Close()
	d.stop()
	if n := d.checkRooms(); n != 2 {
		t.Errorf("%d entrants, want 2", n)
	}
}

// unavailable wants an entry refused for want of storage.
func unavailable(t *testing.T, c *campaign, p *person) {
	t.Helper()
	a, err := c.enter(c.d.http, p)
	if err != nil || a.status != http.StatusServiceUnavailable || a.reason != "STORAGE_UNAVAILABLE" {
		t.Errorf("got %v, status %d, reason %q, want 503 and STORAGE_UNAVAILABLE: %s\n%s", err, a.status, a.reason, a.text, c.d.lastLog())
	}
}

// onSmallDisk puts a folder of the installation on a file system of its own of size bytes.
func onSmallDisk(t *testing.T, d *daemon, dir string, size int) {
	t.Helper()
	aside := filepath.Join(d.root, "aside")
	if err := os.Rename(dir, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d,mode=700", size), "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: cannot make a small file system here: %v: %s", err, bytes.TrimSpace(out))
	}
	t.Cleanup(func() {
		d.kill()
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	copyTree(t, aside, dir)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chmod(filepath.Join(dir, f.Name()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeyFolderFull fills the key folder's disk, so that no new epoch's key can be written: entries go on under the key that is there or are refused, nothing
// is mixed, a kill meanwhile costs nothing, and with room again epochs move on.
func TestKeyFolderFull(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		t.Parallel()
		d := newDaemonOn(t, on)
		keys := filepath.Join(d.dir, "keys")
		onSmallDisk(t, d, keys, 256<<10)
		d.serve()
		c := d.openCampaign(5, time.Now().Add(time.Hour))
		tokens := c.tokens(60)
		n, acknowledged := 0, []*person{}
		enter := func(times int) {
			for range times {
				p := c.newPerson(n, tokens[n])
				n++
				a, err := c.enter(d.http, p)
				switch {
				case err == nil && a.status == http.StatusOK:
					acknowledged = append(acknowledged, p)
				case err != nil || a.reason != "STORAGE_UNAVAILABLE" && a.reason != "BUSY":
					t.Errorf("key folder full: %v, status %d: %s", err, a.status, a.text)
				}
			}
		}
		enter(7)
		filler := filepath.Join(keys, "filler")
		if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk did not fill: %v", err)
		}
		enter(25)
		if err := within(20*time.Second, func() error { // the next epoch's key is written when its turn comes
			if !strings.Contains(strings.Join(d.complaints(), "\n"), "key folder cannot be used") {
				return errors.New("the log does not say that the key folder is full")
			}
			return nil
		}); err != nil {
			t.Errorf("%v: %s", err, d.lastLog())
		}
		enter(10)
		d.kill()
		d.checkRooms()
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		d.serve()
		before := len(acknowledged)
		enter(10)
		if len(acknowledged) != before+10 {
			t.Errorf("with room again %d of 10 were acknowledged", len(acknowledged)-before)
		}
		d.stop()
		d.checkRooms()
		listed := d.entered(t)
		for _, p := range acknowledged {
			if !listed[string(p.leaf.ID[:])] {
				t.Error("an acknowledged entry is lost")
			}
		}
		t.Logf("%d sent, %d acknowledged", n, len(acknowledged))
	})
}

// storageFull fills the disk of the rooms under writers, and frees it again.
func storageFull(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	onSmallDisk(t, d, d.rooms(), 24<<20)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	w := &writers{t: t, c: c, addr: d.http, tokens: c.tokens(3000)}
	w.start(8)
	time.Sleep(time.Second)
	for round := range 3 {
		filler := filepath.Join(d.rooms(), "filler")
		err := os.WriteFile(filler, make([]byte, 32<<20), 0o600)
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk did not fill: %v", err)
		}
		// What the log had room for may still go through; then everybody must be refused.
		var last answer
		p := w.extra()
		for range 200 {
			if last, err = c.enter(d.http, p); err == nil && last.reason == "STORAGE_UNAVAILABLE" {
				break
			}
			p = w.extra()
			time.Sleep(5 * time.Millisecond)
		}
		if err != nil || last.status != http.StatusServiceUnavailable || last.reason != "STORAGE_UNAVAILABLE" {
			t.Errorf("disk full: got %v, status %d, reason %q, want 503 and STORAGE_UNAVAILABLE: %s", err, last.status, last.reason, last.text)
		}
		if round == 1 {
			d.kill() // a full disk and a kill
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		if round == 1 {
			d.serve()
		}
		a, err := c.enter(d.http, p)
		for range 100 {
			if err == nil && a.status == http.StatusOK {
				break
			}
			time.Sleep(10 * time.Millisecond)
			a, err = c.enter(d.http, p)
		}
		if err != nil || a.status != http.StatusOK {
			t.Fatalf("not healed: %v, status %d: %s\n%s", err, a.status, a.text, d.lastLog())
		}
		time.Sleep(500 * time.Millisecond)
	}
	w.stop.Store(true)
	w.wait()
	d.stop()
	n := d.checkRooms()
	listed := d.entered(t)
	for _, s := range w.acknowledged() {
		if !listed[string(s.leaf.ID[:])] {
			t.Error("an acknowledged entry is lost")
		}
	}
	acknowledged := len(w.acknowledged())
	t.Logf("%d sent, %d acknowledged, %d in the room", len(w.all()), acknowledged, n)
	if acknowledged < 100 {
		t.Error("this run shows nothing")
	}
}

// extra is the writers' next person, so that tokens are used by one only.
func (w *writers) extra() *person {
	n := int(w.next.Add(1)) - 1
	s := &sent{person: w.c.newPerson(n, w.tokens[n])}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, s)
	return s.person
}

// entered are the ids that the identity room of a stopped daemon holds.
func (d *daemon) entered(t *testing.T) map[string]bool {
	t.Helper()
	db := d.room("identity")
	defer db.Close()
	rows, err := db.Query("SELECT id FROM entrants")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		all[string(id)] = true
	}
	return all
}

// storageReadOnly starts the daemon on rooms that cannot be written.
func storageReadOnly(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	onSmallDisk(t, d, d.rooms(), 24<<20)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(2)
	c.mustEnter(t, c.newPerson(0, tokens[0]))
	d.stop()
	remount := func(how string) {
		t.Helper()
		if out, err := exec.Command("mount", "-o", "remount,"+how, d.rooms()).CombinedOutput(); err != nil {
			t.Fatalf("remount %s: %v: %s", how, err, out)
		}
	}
	remount("ro")
	began := time.Now()
	d.start()
	p := c.newPerson(1, tokens[1])
	refused := false
	for !refused && time.Since(began) < 20*time.Second {
		select {
		case err := <-d.done: // it may say that it cannot work
			d.done <- err
			refused = true
			if err == nil || !strings.Contains(d.lastLog(), "fairlotd: ") {
				t.Errorf("read-only rooms: ended with %v and said: %s", err, d.lastLog())
			}
		default: // or serve, and refuse
			a, err := c.enter(d.http, p)
			if err == nil && a.status == http.StatusOK {
				t.Fatal("acknowledged on a read-only disk")
			}
			refused = err == nil && a.reason == "STORAGE_UNAVAILABLE"
			time.Sleep(20 * time.Millisecond)
		}
	}
	if !refused {
		t.Errorf("neither refused nor ended: %s", d.lastLog())
	}
	d.kill()
	remount("rw")
	d.serve()
	c.mustEnter(t, p)
	d.stop()
	if n := d.checkRooms(); n != 2 {
		t.Errorf("%d entrants, want 2", n)
	}
}

// TestSIGTERMFinishes asks the daemon to end while writers enter: it ends with status 0, and what it acknowledged is there.
func TestSIGTERMFinishes(t *testing.T) {
	t.Parallel()
	onEngines(t, sigtermFinishes)
}

func sigtermFinishes(t *testing.T, on engine) {
	t.Parallel()
	d := newDaemonOn(t, on)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	w := &writers{t: t, c: c, addr: d.http, tokens: c.tokens(5000)}
	w.start(16)
	for range 3 {
		time.Sleep(700 * time.Millisecond)
		began := time.Now()
		d.stop()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("ending took %v", took)
		}
		listed := d.entered(t)
		for _, s := range w.acknowledged() {
			if !listed[string(s.leaf.ID[:])] {
				t.Error("an acknowledged entry is lost")
			}
		}
		d.checkRooms()
		d.serve()
	}
	w.stop.Store(true)
	w.wait()
	if n := len(w.acknowledged()); n < 100 {
		t.Errorf("only %d were acknowledged: this run shows nothing", n)
	}
}

// TestSecondDaemonRefused starts a second daemon on a folder that one serves, and init on it.
func TestSecondDaemonRefused(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	refused(t, d, "in use by another", "serve", "--dir", d.dir, "--http", freePort(t), "--grpc", freePort(t))
	refused(t, d, "is not empty", "init", "--dir", d.dir, "--origin", "other.example/fairlot", "--institution", "Other")
	c.mustEnter(t, c.newPerson(0, c.tokens(1)[0])) // the first has not noticed
	d.kill()
	d.serve() // the kernel frees the lock of one that was killed
}

// TestOffLoopbackRefused tries addresses that others could reach, and ports that are taken.
func TestOffLoopbackRefused(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.org:8080", "localhost.example.org:0"} {
		refused(t, d, "can be reached from outside", "serve", "--dir", d.dir, "--http", addr, "--grpc", freePort(t))
		refused(t, d, "can be reached from outside", "serve", "--dir", d.dir, "--http", freePort(t), "--grpc", addr)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	refused(t, d, "is it taken", "serve", "--dir", d.dir, "--http", lis.Addr().String(), "--grpc", freePort(t))
	refused(t, d, "is it taken", "serve", "--dir", d.dir, "--http", freePort(t), "--grpc", lis.Addr().String())
	refused(t, d, "is not HOST:PORT", "serve", "--dir", d.dir, "--http", "8080", "--grpc", freePort(t))
	refused(t, d, "no installation", "serve", "--dir", d.temp, "--http", freePort(t), "--grpc", freePort(t))
}

// refused runs the program, which must end soon with status 1 and say why in one line.
func refused(t *testing.T, d *daemon, why string, args ...string) {
	t.Helper()
	cmd := d.command(args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out.String(), why) {
			t.Errorf("%v: %v, want status 1 and %q, said: %s", args, err, why, out.String())
		}
	case <-time.After(10 * time.Second):
		cmd.Process.Kill()
		<-done
		t.Errorf("%v: went on, want status 1 and %q", args, why)
	}
}
