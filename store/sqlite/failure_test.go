package sqlite

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairlot/store"
)

// The tests that need another process run this binary again with a role.
const roleVar = "FAIRLOT_SQLITE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role, dir, _ := strings.Cut(os.Getenv(roleVar), " "); role {
	case "":
		os.Exit(m.Run())
	case "lock":
		holdLock(dir)
	case "enter":
		enterForever(dir)
	}
	os.Exit(2)
}

// child starts this binary in a role. It is killed when the test ends.
func child(t *testing.T, role, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVar+"="+role+" "+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}

// holdLock takes the write lock of identity.db and keeps it.
func holdLock(dir string) {
	d := newRoom(filepath.Join(dir, "identity.db"), busyTimeout)
	if _, err := d.w.Exec("BEGIN EXCLUSIVE; UPDATE gates SET moving = moving"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("locked")
	time.Sleep(time.Hour)
}

func TestLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "r")
	if err := Create(dir); err != nil {
		t.Fatal(err)
	}
	const busy = 700 * time.Millisecond // five seconds in earnest
	rooms, err := open(dir, busy)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rooms.Close() }()
	c := store.CampaignID{1}
	fillEntries(t, rooms, []store.CampaignID{c}, 1, 1)
	cmd, lines := child(t, "lock", dir)
	if !lines.Scan() || lines.Text() != "locked" {
		t.Fatal(lines.Text())
	}
	e := newEntry(c)
	began := time.Now()
	_, err = rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{e})
	if took := time.Since(began); !errors.Is(err, store.ErrUnavailable) || took < busy || took > busy+time.Second {
		t.Errorf("enter: %v after %v", err, took)
	}
	if err.Error() != "identity room: enter batch: storage unavailable" {
		t.Errorf("error text %q", err)
	}
	if _, err := rooms.Identity.Gate(t.Context(), c); err != nil {
		t.Errorf("reading beside a writer: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	res, err := rooms.Identity.Enter(t.Context(), time.Now, []store.Entry{e})
	if err != nil || res[0].Outcome != store.Entered {
		t.Errorf("afterwards: %v, %v", res, err)
	}
}

// enterForever enters batches and prints the ids that were acknowledged, after the acknowledgement.
func enterForever(dir string) {
	rooms, err := Open(dir)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	for range 4 {
		go func() {
			for {
				batch := make([]store.Entry, 7)
				line := ""
				for i := range batch {
					batch[i] = newEntry(store.CampaignID{1})
					line += " " + hex.EncodeToString(batch[i].ID[:])
				}
				res, err := rooms.Identity.Enter(context.Background(), time.Now, batch)
				if err != nil || res[6].Outcome != store.Entered {
					fmt.Println("error", err, res)
					return
				}
				fmt.Println("ok" + line)
			}
		}()
	}
	select {}
}

func TestKill9(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "r")
	rooms := newRooms(t, dir)
	c := store.CampaignID{1}
	fillEntries(t, rooms, []store.CampaignID{c}, 1, 7)
	_ = rooms.Close()
	acknowledged := map[store.EntrantID]bool{}
	last := 0
	for cycle := range 20 {
		cmd, lines := child(t, "enter", dir)
		stop := time.AfterFunc(time.Hour, func() {})
		for lines.Scan() {
			words := strings.Fields(lines.Text())
			if words[0] != "ok" {
				if cmd.ProcessState == nil && len(words) != 8 {
					t.Fatal(lines.Text())
				}
				continue
			}
			if len(acknowledged) == last { // the first of this cycle: kill it somewhere in what follows
				stop.Stop()
				stop = time.AfterFunc(time.Duration(cycle*3)*time.Millisecond, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
			}
			for _, w := range words[1:] {
				id, err := hex.DecodeString(w)
				if err != nil || len(id) != 16 {
					break // the line was cut by the kill
				}
				if acknowledged[store.EntrantID(id)] {
					t.Fatal("an id twice")
				}
				acknowledged[store.EntrantID(id)] = true
			}
		}
		_ = cmd.Wait()
		if len(acknowledged) == last {
			t.Fatal("nothing was entered in this cycle")
		}
		last = len(acknowledged)
		check(t, dir, c, acknowledged)
	}
	t.Logf("%d acknowledged entries over 20 kills", last)
}

// check opens the rooms after a crash: every acknowledged id is there, every entrant is whole, batches are there whole.
func check(t *testing.T, dir string, c store.CampaignID, acknowledged map[store.EntrantID]bool) {
	t.Helper()
	rooms, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rooms.Close() }()
	leaves, err := rooms.Identity.Leaves(t.Context(), c, store.EntrantID{}, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	there := map[store.EntrantID]bool{}
	for _, l := range leaves {
		if there[l.ID] {
			t.Fatal("a leaf twice")
		}
		there[l.ID] = true
	}
	for id := range acknowledged {
		if !there[id] {
			t.Fatal("an acknowledged entry is lost")
		}
	}
	if len(leaves)%7 != 0 {
		t.Fatalf("%d leaves: part of a batch of 7", len(leaves))
	}
	d := opened(rooms)["identity"]
	for query, want := range map[string]int{
		"SELECT count(*) FROM entrants JOIN envelopes USING (campaign, id) JOIN pending USING (campaign, epoch, id)": len(leaves),
		"SELECT count(*) FROM envelopes": len(leaves), "SELECT count(*) FROM pending": len(leaves), "SELECT count(*) FROM tags": len(leaves),
		"SELECT sum(entrants) FROM days": len(leaves), "SELECT count(*) FROM tags JOIN entrants USING (campaign, id)": len(leaves),
	} {
		var n int
		if err := d.r.QueryRowContext(t.Context(), query).Scan(&n); err != nil || n != want {
			t.Fatalf("%s: %d, %v; want %d", query, n, err, want)
		}
	}
	var sound string
	if err := d.r.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Fatal(sound, err)
	}
}

// small mounts a tmpfs of that many bytes.
func small(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", bytes)); err != nil {
		t.Skipf("CANNOT mount a tmpfs (%v): a full or read-only disk is not tested", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	base := small(t, 4<<20)
	dir := filepath.Join(base, "r")
	rooms := newRooms(t, dir)
	defer func() { _ = rooms.Close() }()
	filler := filepath.Join(base, "filler")
	if err := os.WriteFile(filler, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	c := store.CampaignID{1}
	fillEntries(t, rooms, []store.CampaignID{c}, 1, 7)
	acknowledged := map[store.EntrantID]bool{}
	enter := func() error {
		batch := make([]store.Entry, 7)
		for i := range batch {
			batch[i] = newEntry(c)
		}
		_, err := rooms.Identity.Enter(t.Context(), time.Now, batch)
		if err == nil {
			for _, e := range batch {
				acknowledged[e.ID] = true
			}
		}
		return err
	}
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		err = enter()
	}
	if !errors.Is(err, store.ErrUnavailable) || len(acknowledged) == 0 {
		t.Fatalf("%v after %d", err, len(acknowledged))
	}
	for range 5 {
		if err := enter(); err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if _, err := rooms.Identity.Gate(t.Context(), c); err != nil {
		t.Errorf("reading on a full disk: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := enter(); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if err := rooms.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, dir, c, acknowledged)
}

func TestCreateOnAFullDisk(t *testing.T) {
	t.Parallel()
	base := small(t, 64<<10)
	dir := filepath.Join(base, "r")
	if err := Create(dir); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("create: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	base := small(t, 8<<20)
	dir := filepath.Join(base, "r")
	rooms := newRooms(t, dir)
	_ = rooms.Close()
	if err := syscall.Mount("tmpfs", base, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=8388608"); err != nil {
		t.Skipf("CANNOT mount it again read-only: %v", err)
	}
	if rooms, err := Open(dir); !errors.Is(err, store.ErrUnavailable) {
		if err == nil {
			_ = rooms.Close()
		}
		t.Errorf("open on a read-only file system: %v", err)
	}
	if err := Create(filepath.Join(base, "s")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("create on a read-only file system: %v", err)
	}
}

// A file that turns read-only under an open room: writes fail, reads go on.
func TestFileTurnsReadOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "r")
	rooms := newRooms(t, dir)
	d := opened(rooms)["registry"]
	conn, err := d.w.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if err := rooms.Registry.PutCheckpoint(t.Context(), 1, nil); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("write: %v", err)
	}
	if _, err := rooms.Registry.LogSize(t.Context()); err != nil {
		t.Errorf("read: %v", err)
	}
}
