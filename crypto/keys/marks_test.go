package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestMarks(t *testing.T) {
	f, dir := folder(t)
	if _, err := f.Mark("signed"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent mark: %v", err)
	}
	for _, text := range []string{"size 1\n", "size 2, and longer\n", "", "size 3\n"} {
		if err := f.SetMark("signed", text); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Mark("signed"); err != nil || got != text {
			t.Fatalf("got %q, %v, want %q", got, err, text)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "signed"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for _, name := range []string{"", ".x", "a/b", "A", campaign + "-tag.key", "../x"} {
		if err := f.SetMark(name, "x"); !errors.Is(err, ErrName) {
			t.Errorf("set %q: %v", name, err)
		}
	}
	if err := f.SetMark("signed", strings.Repeat("x", maxText+1)); err == nil {
		t.Error("a long text was taken")
	}
	// What a crash left half written is in nobody's way.
	left := filepath.Join(dir, partial+"signed")
	if err := os.WriteFile(left, []byte("half of something very long"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.SetMark("signed", "size 4\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Mark("signed"); err != nil || got != "size 4\n" {
		t.Fatal(got, err)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a half-written mark was left behind")
	}
}

// A reader beside the writer sees one text or another, never a half.
func TestMarksAreWhole(t *testing.T) {
	f, _ := folder(t)
	text := func(i int) string { return strings.Repeat(fmt.Sprint(i%10), 100*(i%10+1)) }
	if err := f.SetMark("generation", text(0)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 100 {
			if err := f.SetMark("generation", text(i)); err != nil {
				t.Error(err)
			}
		}
	})
	for range 300 {
		got, err := f.Mark("generation")
		if err != nil || got == "" || got != text(int(got[0]-'0')) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	wg.Wait()
}

// TestLists: sorted, each line once, whole after a crash, from two processes at once too; and nothing that is no line.
func TestLists(t *testing.T) {
	f, dir := folder(t)
	if got, err := f.Lines("erased"); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			other := &Folder{dir: dir} // another process locks the same way
			if err := other.AddLine("erased", fmt.Sprint("line ", i%20)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := f.Lines("erased")
	if err != nil || len(got) != 20 || got[0] != "line 0" || got[19] != "line 9" {
		t.Errorf("%q, %v", got, err)
	}
	for _, line := range []string{"", "a\nb", strings.Repeat("x", 201)} {
		if err := f.AddLine("erased", line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
	if err := f.AddLine("../x", "x"); !errors.Is(err, ErrName) {
		t.Error(err)
	}
	for _, text := range []string{"line 1", "line 2\nline 1\n"} { // cut off; out of order
		if err := os.WriteFile(filepath.Join(dir, "erased"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Lines("erased"); !errors.Is(err, ErrFile) {
			t.Errorf("%q: %v", text, err)
		}
		if err := f.AddLine("erased", "line 3"); !errors.Is(err, ErrFile) { // nothing of it is thrown away
			t.Errorf("added to %q: %v", text, err)
		}
	}
}
