package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlot/store/sqlite"
)

// TestAdmin makes an installation and one more admin's token for it; what cannot be done leaves no token behind.
func TestAdmin(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fairlot")
	if err := (&initCmd{Dir: dir, Origin: "a.example/fairlot", Institution: "Library"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "admin.token")
	if err := (&adminCmd{Dir: dir, Out: out}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(out)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("token file: %v, %v", info, err)
	}
	if b, err := os.ReadFile(out); err != nil || !strings.HasPrefix(string(b), "flst_") {
		t.Errorf("token file: %.5s, %v", b, err)
	}
	if err := (&adminCmd{Dir: dir, Out: out}).Run(t.Context()); err == nil {
		t.Error("an existing file was taken")
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&adminCmd{Dir: dir, Out: out + "2"}).Run(t.Context()); err == nil {
		t.Error("made beside a running daemon")
	}
	unlock()
	rooms, err := sqlite.Open(filepath.Join(dir, roomsDir))
	if err != nil {
		t.Fatal(err)
	}
	defer rooms.Close()
	all, err := rooms.Registry.StaffTokens(t.Context())
	if err != nil || len(all) != 2 {
		t.Errorf("%d tokens, want the first and the new one: %v", len(all), err)
	}
	for _, tok := range all {
		if tok.Role != "admin" {
			t.Errorf("role %s", tok.Role)
		}
	}
}
