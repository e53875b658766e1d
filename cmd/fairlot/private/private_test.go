package private

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReadRefusesWhatOthersCanRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := Write(path, []byte("s")); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(path, 1); err != nil || string(b) != "s" {
		t.Fatalf("own file: %q, %v", b, err)
	}
	if _, err := Read(path, 0); !errors.Is(err, ErrTooLong) {
		t.Errorf("longer than the limit: %v", err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, 10); !errors.Is(err, ErrOpenToOthers) {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestReadTakesADescriptor(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	w.WriteString("token")
	w.Close()
	defer r.Close()
	b, err := Read(filepath.Join("/dev/fd", itoa(int(r.Fd()))), 100)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no /dev/fd on this system")
	}
	if err != nil || string(b) != "token" {
		t.Errorf("got %q, %v", b, err)
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func TestWriteOverwritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := Write(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("two")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second write: %v", err)
	}
	if err := Replace(path, []byte("three")); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	info, err := os.Stat(path)
	if err != nil || string(b) != "three" || info.Mode().Perm() != 0o600 {
		t.Errorf("got %q, mode %v, %v", b, info.Mode(), err)
	}
}

func TestHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := Write(path, []byte("x")); err != nil {
		t.Fatal(err)
	}
	release, err := Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(path); !errors.Is(err, ErrHeld) {
		t.Errorf("held twice: %v", err)
	}
	release()
	if release, err = Hold(path); err != nil {
		t.Errorf("after it was let go: %v", err)
	} else {
		release()
	}
	if _, err := Hold(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no file: %v", err)
	}
}
