package keys

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// long puts a list of n lines into a folder as a daemon before this one left it, and returns some line of it.
func long(t *testing.T, dir, name string, n int) string {
	t.Helper()
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("%s %032x superseded", campaign, i)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return lines[n/3]
}

// TestOneLineAgainAndAgain: two hundred callers who repeat one line of a long list, as anybody may who holds one secret, keep nobody from setting a mark and no
// other line from being added, are all answered, and write nothing.
func TestOneLineAgainAndAgain(t *testing.T) {
	f, dir := folder(t)
	line := long(t, dir, "erased", 20_000)
	before, err := os.Stat(filepath.Join(dir, "erased"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var stop atomic.Bool
	var repeats, failed atomic.Int64
	for range 200 {
		wg.Go(func() {
			for ; !stop.Load(); runtime.Gosched() {
				if repeats.Add(1); f.AddLine("erased", line) != nil {
					failed.Add(1)
				}
			}
		})
	}
	for repeats.Load() < 200 {
		time.Sleep(time.Millisecond)
	}
	for i := range 8 {
		if err := f.SetMark("signed", fmt.Sprint(i)); err != nil {
			t.Error(err)
		}
		if err := f.AddLine("withdrawn", fmt.Sprint(i)); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	wg.Wait()
	if n := failed.Load(); n > 0 {
		t.Errorf("%d of %d repeats failed", n, repeats.Load())
	}
	if after, err := os.Stat(filepath.Join(dir, "erased")); err != nil || !os.SameFile(before, after) {
		t.Errorf("written anew: %v", err)
	}
}

// TestListsBesideAStoppedProcess: while another process has the lock of the lists and does not go on, a line that is known to be there is answered, marks are set,
// and a new line is refused; while it has the lock of the marks, lines are added.
func TestListsBesideAStoppedProcess(t *testing.T) {
	f, dir := folder(t)
	other := &Folder{dir: dir}
	if err := f.AddLine("erased", "there"); err != nil {
		t.Fatal(err)
	}
	free, err := other.lockLists()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.AddLine("erased", "there"); err != nil {
		t.Error(err)
	}
	if there, err := f.HasLine("erased", "there"); err != nil || !there {
		t.Error(there, err)
	}
	if err := f.SetMark("signed", "1"); err != nil {
		t.Error(err)
	}
	if err := f.AddLine("erased", "new"); !errors.Is(err, errLocked) {
		t.Error(err)
	}
	free()
	if free, err = other.lock(); err != nil {
		t.Fatal(err)
	}
	if err := f.AddLine("erased", "new"); err != nil {
		t.Error(err)
	}
	free()
}

// TestLineNotDurableYet: a line that another process has written, but that a power cut could still take back, is seen, and not acknowledged before that process is
// done. HasLine, which sees it, is the mutant.
func TestLineNotDurableYet(t *testing.T) {
	f, dir := folder(t)
	if err := f.AddLine("erased", "a"); err != nil {
		t.Fatal(err)
	}
	free, err := (&Folder{dir: dir}).lockLists()
	if err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(dir, partial+"erased")
	if err := os.WriteFile(temp, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(dir, "erased")); err != nil {
		t.Fatal(err)
	}
	if there, err := f.HasLine("erased", "b"); err != nil || !there {
		t.Fatal("the line is not seen", err)
	}
	done := make(chan error, 1)
	go func() { done <- f.AddLine("erased", "b") }()
	select {
	case err := <-done:
		t.Fatalf("acknowledged: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	free()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestListsOfBusyProcesses: a process that adds without end lets another one add too, and no line is lost.
func TestListsOfBusyProcesses(t *testing.T) {
	folders, dir := several(t, 2)
	long(t, dir, "erased", 5000)
	var wg sync.WaitGroup
	var stop atomic.Bool
	var busy atomic.Int64
	for range 50 {
		wg.Go(func() {
			for !stop.Load() {
				if err := folders[0].AddLine("erased", fmt.Sprint("busy ", busy.Add(1))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 10 {
		if err := folders[1].AddLine("erased", fmt.Sprint("other ", i)); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	wg.Wait()
	lines, err := folders[1].Lines("erased")
	if want := 5000 + 10 + int(busy.Load()); err != nil || len(lines) != want || len(slices.Compact(lines)) != want {
		t.Errorf("%d lines of %d, %v", len(lines), want, err)
	}
}

// TestSearch finds each line of lists of all lengths, and none that is not in them, where a search through all lines agrees.
func TestSearch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		var lines []string
		for range n {
			lines = append(lines, strings.Repeat(string(rune('a'+random.IntN(26))), 1+random.IntN(maxLine)))
		}
		slices.Sort(lines)
		lines = slices.Compact(lines)
		var text string
		for _, line := range lines {
			text += line + "\n"
		}
		for length := 1; length <= maxLine; length++ {
			for c := 'a'; c <= 'z'; c++ {
				line := strings.Repeat(string(c), length)
				_, want := slices.BinarySearch(lines, line)
				if got, err := search(strings.NewReader(text), int64(len(text)), line); err != nil || got != want {
					t.Fatalf("%d lines: %q: %v, %v", len(lines), line, got, err)
				}
			}
		}
	}
	for _, text := range []string{strings.Repeat("x", 500) + "\n", "a\n" + strings.Repeat("x", 500) + "\n", "a"} {
		if there, err := search(strings.NewReader(text), int64(len(text)), "z"); !errors.Is(err, ErrFile) {
			t.Errorf("%.5q: %v, %v", text, there, err)
		}
	}
}

// TestListIsFull: what fits to the byte is taken, one line more is refused, and what is there is answered still.
func TestListIsFull(t *testing.T) {
	f, dir := folder(t)
	if size, most, err := f.ListSize("erased"); err != nil || size != 0 || most != 64<<20 {
		t.Errorf("an empty list has %d of %d bytes, %v", size, most, err)
	}
	const most = 1000
	f.lists.most = most
	line := func(i int) string { return fmt.Sprintf("%0*d", 99, i) }
	for i := range most / 100 {
		if err := f.AddLine("erased", line(i)); err != nil {
			t.Fatal(i, err)
		}
	}
	if size, of, err := f.ListSize("erased"); err != nil || size != most || of != most {
		t.Errorf("%d of %d bytes, %v", size, of, err)
	}
	if err := f.AddLine("erased", "y"); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "longer than 1000 bytes") {
		t.Error(err)
	}
	again := &Folder{dir: dir}
	again.lists.most = most
	for _, g := range []*Folder{f, again} {
		if err := g.AddLine("erased", line(3)); err != nil {
			t.Error(err)
		}
	}
	if err := f.AddLine("withdrawn", "y"); err != nil {
		t.Error(err)
	}
}
