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

// several opens a folder as several processes would: each has its own Folder, and locks of open files are between them.
func several(t *testing.T, n int) (list []*Folder, dir string) {
	t.Helper()
	_, dir = folder(t)
	for range n {
		f, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	return list, dir
}

// TestCreateInSeveralProcesses makes one key in several folders at once, while others start and sweep. All must have one key: under a second
// one, what was sealed under the first is lost.
func TestCreateInSeveralProcesses(t *testing.T) {
	folders, dir := several(t, 8)
	for round := range 60 {
		name := fmt.Sprintf("epoch-%s-%d", campaign, round+1)
		var wg sync.WaitGroup
		got := make([][32]byte, len(folders))
		for i, f := range folders {
			wg.Go(func() {
				var err error
				if got[i], err = f.Create(name); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if _, err := Open(dir); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, f := range folders {
			if k, err := f.Get(name); err != nil || k != got[0] {
				t.Fatalf("another key, %v", err)
			}
		}
		for _, k := range got {
			if k != got[0] {
				t.Fatal("two keys under one name")
			}
		}
	}
}

// TestSweepSparesALivingKey leaves what a crash leaves between the naming of a key and the end of its first name.
func TestSweepSparesALivingKey(t *testing.T) {
	f, dir := folder(t)
	want, err := f.Create("tag-" + campaign)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, partial+campaign+"-tag.key.X")
	if err := os.Link(filepath.Join(dir, campaign+"-tag.key"), left); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err != nil {
		t.Fatal(err)
	}
	if k, err := f.Get("tag-" + campaign); err != nil || k != want {
		t.Errorf("the key is spoilt: %v", err)
	}
	if _, err := os.Lstat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Error("its first name was left")
	}
}

// TestDestroyInSeveralProcesses destroys one key from all sides while others start.
func TestDestroyInSeveralProcesses(t *testing.T) {
	folders, dir := several(t, 4)
	for range 40 {
		if _, err := folders[0].Create("tag-" + campaign); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, f := range folders {
			wg.Go(func() {
				if err := f.Destroy("tag-" + campaign); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if _, err := Open(dir); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Fatalf("left: %v, %v", left, err)
		}
	}
}

func TestSwapMark(t *testing.T) {
	folders, dir := several(t, 2)
	f := folders[0]
	try := func(old, new string, want bool) {
		t.Helper()
		if done, err := f.SwapMark("signed", old, new); err != nil || done != want {
			t.Fatalf("from %q to %q: %v, %v", old, new, done, err)
		}
	}
	try("1", "2", false)
	try("", "1", true)
	try("", "2", false)
	try("2", "3", false)
	try("1", "2", true)
	if got, err := folders[1].Mark("signed"); err != nil || got != "2" {
		t.Fatal(got, err)
	}
	if _, err := f.SwapMark("../x", "", "x"); !errors.Is(err, ErrName) {
		t.Error(err)
	}
	if _, err := f.SwapMark("signed", "2", strings.Repeat("x", maxText+1)); err == nil {
		t.Error("a long text was taken")
	}
	if err := os.Chmod(filepath.Join(dir, "signed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.SwapMark("signed", "2", "3"); !errors.Is(err, ErrAccess) {
		t.Errorf("readable by all: %v", err)
	}
}

// TestSwapMarkInSeveralProcesses counts in a mark. The mutant sets it without comparing, and loses counts.
func TestSwapMarkInSeveralProcesses(t *testing.T) {
	count := func(swap func(f *Folder, name, old, new string) (bool, error)) int {
		folders, _ := several(t, 6)
		if err := folders[0].SetMark("generation", "x"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, f := range folders {
			wg.Go(func() {
				for range 10 {
					for done := false; !done; {
						old, err := f.Mark("generation")
						if err != nil {
							t.Error(err)
							return
						}
						if done, err = swap(f, "generation", old, old+"x"); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		wg.Wait()
		got, err := folders[0].Mark("generation")
		if err != nil {
			t.Fatal(err)
		}
		return len(got)
	}
	if n := count((*Folder).SwapMark); n != 61 {
		t.Errorf("%d of 61", n)
	}
	for range 50 { // on a fast disk one round of it may go well
		if n := count(func(f *Folder, name, _, new string) (bool, error) { return true, f.SetMark(name, new) }); n != 61 {
			return
		}
	}
	t.Error("the mutant was not caught")
}
