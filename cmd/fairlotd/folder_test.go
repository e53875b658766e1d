package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFolderIsClosed makes an installation in an empty folder that others may look into, and brings one back into such a folder.
func TestFolderIsClosed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fairlot")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	closed := func(what string) {
		t.Helper()
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("after %s: %v, %v", what, info.Mode(), err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	wrong := initCmd{Dir: dir, Origin: "https://a.example", Institution: "Library"}
	if err := wrong.Run(t.Context()); err == nil {
		t.Fatal("an address was taken for an origin")
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("an init that made nothing changed the folder: %v, %v", info.Mode(), err)
	}
	if err := (&initCmd{Dir: dir, Origin: "a.example/fairlot", Institution: "Library"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	closed("init")
	out := filepath.Join(t.TempDir(), "backup")
	if err := (&backupCmd{Dir: dir, Out: out}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, roomsDir)); err != nil {
		t.Fatal(err)
	}
	if err := (&restoreCmd{Dir: dir, From: out}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	closed("restore")
}
