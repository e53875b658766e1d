package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlot/store"
)

// TestNobodyServes shows a daemon elsewhere, which locks no folder here, by its lease: while it lives nothing is exported, once it is silent it is.
func TestNobodyServes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fairlot")
	if err := (&initCmd{Dir: dir, Origin: "a.example/fairlot", Institution: "Library"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := nobodyServes(t.Context(), dir, time.Minute); err != nil { // at once: nobody holds it
		t.Fatal(err)
	}
	rooms, err := openRooms(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer rooms.Close()
	l := store.Lease{Term: 1, Beat: 1, Holder: [16]byte{7}, Door: "10.0.0.2:9090"}
	if err := rooms.Registry.SwapLease(t.Context(), store.Lease{}, l); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			case <-time.After(20 * time.Millisecond):
			}
			next := l
			next.Beat++
			if err := rooms.Registry.SwapLease(t.Context(), l, next); err != nil {
				stopped <- err
				return
			}
			l = next
		}
	}()
	if err := nobodyServes(t.Context(), dir, 20*time.Second); err == nil || !strings.Contains(err.Error(), "10.0.0.2:9090") {
		t.Errorf("beside a daemon: %v", err)
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if err := nobodyServes(t.Context(), dir, time.Second); err != nil {
		t.Errorf("after it died: %v", err)
	}
}

// TestAnotherAccount runs what writes into an installation as an account that does not own it.
func TestAnotherAccount(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := filepath.Join(t.TempDir(), "fairlot")
	if err := (&initCmd{Dir: dir, Origin: "a.example/fairlot", Institution: "Library"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(dir, keysDir), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	for name, err := range map[string]error{"backup": (&backupCmd{Dir: dir, Out: out}).Run(t.Context()), "export": (&exportCmd{Dir: dir, Out: out}).Run(t.Context()),
		"restore": (&restoreCmd{Dir: dir, From: out}).Run(t.Context()), "import": (&importCmd{Dir: dir, From: out}).Run(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "sudo -u '#12345'") && name != "import" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestImportSparesRooms: rooms beside SQL that waits for somebody are not this import's, so it must not come to the point where it takes them back.
func TestImportSparesRooms(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{keysDir, roomsDir} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{provisionSQL, appDSNs, ownerDSNs} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pending, err := (&importCmd{Dir: dir}).pending(); err == nil {
		t.Errorf("goes on (%v) where rooms are", pending)
	}
	if err := os.Remove(filepath.Join(dir, roomsDir)); err != nil {
		t.Fatal(err)
	}
	if pending, err := (&importCmd{Dir: dir}).pending(); err != nil || !pending {
		t.Errorf("what init left: %v, %v", pending, err)
	}
}
