package backup

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPartialFolderIsNoLink puts something else where the unfinished backup is written: whoever may write beside it must not choose what is emptied,
// nor where the rooms go.
func TestPartialFolderIsNoLink(t *testing.T) {
	in := Installation{Lock: func(*os.File) error { return nil }}
	for name, put := range map[string]func(temp, victim string) error{
		"a link to a folder": func(temp, victim string) error { return os.Symlink(victim, temp) },
		"a link to nothing":  func(temp, victim string) error { return os.Symlink(victim+"-", temp) },
		"a file":             func(temp, _ string) error { return os.WriteFile(temp, nil, 0o600) },
	} {
		dir := t.TempDir()
		victim, temp := filepath.Join(dir, "keys"), filepath.Join(dir, ".out.partial")
		kept := filepath.Join(victim, "log.skey")
		if err := os.Mkdir(victim, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(kept, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := put(temp, victim); err != nil {
			t.Fatal(err)
		}
		if release, err := begin(in, temp); err == nil {
			release()
			t.Errorf("%s: a backup was begun there", name)
		}
		if _, err := os.Stat(kept); err != nil {
			t.Errorf("%s: what it leads to was emptied: %v", name, err)
		}
	}
	// A folder that a killed backup left is taken over.
	temp := filepath.Join(t.TempDir(), ".out.partial")
	if err := os.Mkdir(temp, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(temp, "registry.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	release, err := begin(in, temp)
	if err != nil {
		t.Fatal(err)
	}
	release()
	left, err := os.ReadDir(temp)
	info, err2 := os.Stat(temp)
	if err != nil || err2 != nil || len(left) != 0 || info.Mode().Perm() != 0o700 {
		t.Errorf("taken over: %v, %v, %v, %v", left, info.Mode(), err, err2)
	}
}
