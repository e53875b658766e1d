package keys

import (
	"bytes"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// namings counts how often a file of a folder gets a name while do runs, as the kernel saw it.
func namings(t *testing.T, dir, name string, do func()) (n int) {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	// Both halves of a renaming, since the kernel makes one of equal events that follow each other.
	if _, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_MOVE); err != nil {
		t.Fatal(err)
	}
	do()
	b := make([]byte, 1<<20)
	got, err := syscall.Read(fd, b)
	if err != nil {
		t.Fatal(err)
	}
	for b = b[:got]; len(b) > 0; {
		event := (*syscall.InotifyEvent)(unsafe.Pointer(&b[0]))
		end := syscall.SizeofInotifyEvent + int(event.Len)
		if string(bytes.TrimRight(b[syscall.SizeofInotifyEvent:end], "\x00")) == name {
			n++
		}
		b = b[end:]
	}
	return n
}

// TestLinesAreWrittenTogether: a hundred lines that wait are one writing. The mutant is a hundred folders, each of which writes for itself.
func TestLinesAreWrittenTogether(t *testing.T) {
	write := func(folder func(i int) *Folder, dir string) int {
		return namings(t, dir, "erased", func() {
			f := folder(0)
			free, err := (&Folder{dir: dir}).lockLists()
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					if err := folder(i).AddLine("erased", fmt.Sprint("line ", i%90)); err != nil {
						t.Error(err)
					}
				})
			}
			waiting := func() int {
				f.lists.mu.Lock()
				defer f.lists.mu.Unlock()
				return len(f.lists.waiting)
			}
			for folder(1) == f && waiting() < 100 {
				time.Sleep(time.Millisecond)
			}
			free()
			wg.Wait()
			if lines, err := f.Lines("erased"); err != nil || len(lines) != 90 {
				t.Errorf("%d lines, %v", len(lines), err)
			}
		})
	}
	f, dir := folder(t)
	if n := write(func(int) *Folder { return f }, dir); n != 1 {
		t.Errorf("written %d times", n)
	}
	folders, dir := several(t, 100)
	if n := write(func(i int) *Folder { return folders[i] }, dir); n < 50 {
		t.Errorf("the mutant wrote %d times only", n)
	}
}
