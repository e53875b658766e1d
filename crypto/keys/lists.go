package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxList  = 64 << 20 // bytes of a list: over a million lines of the kind that the engine keeps
	maxLine  = 200      // bytes of a line
	listLock = ".lists" // whose lock (flock) is for whoever writes a list; empty, and never removed
)

// breath is how long a process leaves the lists to others between two writings: longer than those who wait sleep between two looks.
const breath = 2*lockLook + time.Millisecond

// ErrFull says that a list takes no more lines. What is in it is there and answered as ever.
var ErrFull = errors.New("the list is full")

// lists is what a process knows of the lists of its folder, and who waits to add to one.
type lists struct {
	mu      sync.Mutex
	waiting []*adding
	most    int64               // bytes of one; 0: maxList
	busy    bool                // some goroutine sees to those who wait
	seen    map[string]seenList // by name
}

// seenList is the file of a list that was read in full and found in order. Lists are replaced, never changed: the same file has the same lines.
type seenList struct {
	file    fs.FileInfo
	durable bool // that it has this name will outlive a power cut
}

func (s seenList) is(file fs.FileInfo) bool {
	return s.file != nil && os.SameFile(s.file, file) && s.file.Size() == file.Size() && s.file.ModTime().Equal(file.ModTime())
}

// adding is a line that waits to be added.
type adding struct {
	name, line string
	done       chan error
}

// mostOf is how many bytes a list may have.
func (l *lists) mostOf() int64 {
	if l.most == 0 {
		return maxList
	}
	return l.most
}

// ListSize is how many bytes a list has, and how many it may have; of one that nothing was added to it has none. Errors wrap ErrName or are the file system's.
func (f *Folder) ListSize(name string) (size, most int64, err error) {
	if !textName(name) {
		return 0, 0, ErrName
	}
	info, err := os.Lstat(filepath.Join(f.dir, name))
	if err == nil {
		size = info.Size()
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return size, f.lists.mostOf(), err
}

// AddLine puts a line of 1 to 200 bytes without LF into a list, durably when it returns; one that is there is not put twice. Lines are kept in the order
// of their bytes, and the file is written anew each time, so that it does not show when or in which order they came. Names are those of PutText.
//
// Into a list of 64 MiB no more goes (ErrFull). A line that this process knows to be there costs no lock and no writing. Those that come while a list is written are written together.
func (f *Folder) AddLine(name, line string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("add to list %q: %w", name, err)
		}
	}()
	if !textName(name) {
		return ErrName
	}
	if line == "" || len(line) > maxLine || strings.Contains(line, "\n") {
		return errors.New("not a line of 1 to 200 bytes")
	}
	there, seen, err := f.look(name, line)
	if err != nil || there && seen.durable {
		return err
	}
	a := &adding{name: name, line: line, done: make(chan error, 1)}
	f.lists.mu.Lock()
	f.lists.waiting = append(f.lists.waiting, a)
	if !f.lists.busy {
		f.lists.busy = true
		go f.addWaiting()
	}
	f.lists.mu.Unlock()
	return <-a.done
}

// HasLine tells whether a line is in a list. It waits for no lock. Errors are those of Lines.
func (f *Folder) HasLine(name, line string) (bool, error) {
	if !textName(name) {
		return false, ErrName
	}
	there, seen, err := f.look(name, line)
	if err == nil && seen.file == nil { // a file that this process has not read yet, or none
		var lines []string
		if lines, err = f.Lines(name); err == nil {
			_, there = slices.BinarySearch(lines, line)
		}
	}
	if err != nil {
		return false, fmt.Errorf("look into list %q: %w", name, err)
	}
	return there, nil
}

// Lines returns a list in the order of its bytes; one that nothing was added to is empty. Errors wrap ErrName, ErrFile or ErrAccess.
func (f *Folder) Lines(name string) ([]string, error) {
	if !textName(name) {
		return nil, ErrName
	}
	lines, file, err := f.readList(name)
	if err != nil {
		return nil, fmt.Errorf("read list %q: %w", name, err)
	}
	if file != nil && !f.lists.of(name).is(file) {
		f.lists.note(name, seenList{file: file})
	}
	return lines, nil
}

func (l *lists) of(name string) seenList {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[name]
}

func (l *lists) note(name string, s seenList) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]seenList{}
	}
	l.seen[name] = s
}

// look finds a line in the list as it stands, if this process has seen that file; else seen is none.
func (f *Folder) look(name, line string) (there bool, seen seenList, err error) {
	if seen = f.lists.of(name); seen.file == nil {
		return false, seen, nil
	}
	file, info, err := open(f.dir, name, maxList)
	if errors.Is(err, fs.ErrNotExist) {
		return false, seenList{}, nil
	}
	if err != nil {
		return false, seenList{}, err
	}
	defer file.Close()
	if !seen.is(info) {
		return false, seenList{}, nil
	}
	there, err = search(file, info.Size(), line)
	return there, seen, err
}

// search finds a line among lines in order, each ended by LF, size bytes in all.
func search(r io.ReaderAt, size int64, line string) (bool, error) {
	var window [2 * (maxLine + 1)]byte // has the whole line of any byte in its middle
	for low, high := int64(0), size; low < high; {
		middle := low + (high-low)/2
		from := max(low, middle-maxLine-1)
		b := window[:min(int64(len(window)), high-from)]
		if _, err := r.ReadAt(b, from); err != nil {
			return false, err
		}
		at := int(middle - from)
		begin, end := bytes.LastIndexByte(b[:at], '\n')+1, bytes.IndexByte(b[at:], '\n')+at
		if begin == 0 && from > low || end < at {
			return false, ErrFile // a line that is too long
		}
		switch strings.Compare(line, string(b[begin:end])) {
		case 0:
			return true, nil
		case -1:
			high = from + int64(begin)
		case 1:
			low = from + int64(end) + 1
		}
	}
	return false, nil
}

func (f *Folder) readList(name string) ([]string, fs.FileInfo, error) {
	b, file, err := getOne(f.dir, name, maxList)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	text, whole := strings.CutSuffix(string(b), "\n")
	if lines := strings.Split(text, "\n"); whole && slices.IsSorted(lines) {
		return lines, file, nil
	}
	return nil, nil, ErrFile
}

// addWaiting adds for all who wait until nobody does. One goroutine of a process runs it.
func (f *Folder) addWaiting() {
	for {
		free, err := f.lockLists()
		f.lists.mu.Lock()
		batch := f.lists.waiting // those too who came while another process had the lock
		f.lists.waiting = nil
		f.lists.mu.Unlock()
		lists := map[string][]*adding{}
		for _, a := range batch {
			lists[a.name] = append(lists[a.name], a)
		}
		for name, batch := range lists {
			f.addTo(name, batch, err)
		}
		if err == nil {
			_ = free() // closing a file that was not written to
		}
		time.Sleep(breath)
		f.lists.mu.Lock()
		f.lists.busy = len(f.lists.waiting) > 0
		busy := f.lists.busy
		f.lists.mu.Unlock()
		if !busy {
			return
		}
	}
}

// lockLists keeps other processes from writing lists until it is freed; not from marks, which must not wait for a long list.
func (f *Folder) lockLists() (free func() error, err error) {
	file, err := os.OpenFile(filepath.Join(f.dir, listLock), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return lockOpen(file)
}

// addTo adds lines to one list, whose lock is held, and answers all who wait for that.
func (f *Folder) addTo(name string, batch []*adding, err error) {
	var lines []string
	var file fs.FileInfo
	if err == nil {
		lines, file, err = f.readList(name)
	}
	var fresh []string
	for _, a := range batch {
		if _, there := slices.BinarySearch(lines, a.line); !there {
			fresh = append(fresh, a.line)
		}
	}
	slices.Sort(fresh)
	fresh = slices.Compact(fresh)
	var text []byte
	var full bool
	if err == nil && len(fresh) > 0 {
		text = merge(lines, fresh)
		full = int64(len(text)) > f.lists.mostOf()
	}
	switch seen := f.lists.of(name); {
	case err != nil:
	case len(fresh) > 0 && !full:
		if err = replace(f.dir, name, text); err == nil {
			file, err = os.Lstat(filepath.Join(f.dir, name))
		}
	case !seen.durable || !seen.is(file):
		err = syncFolder(f.dir) // whoever gave the file its name may have died before that was durable
	}
	if err == nil && file != nil {
		f.lists.note(name, seenList{file: file, durable: true})
	}
	for _, a := range batch {
		if _, new := slices.BinarySearch(fresh, a.line); new && full {
			a.done <- fmt.Errorf("%w: longer than %d bytes", ErrFull, f.lists.mostOf())
		} else {
			a.done <- err
		}
	}
}

// merge prints lines in order with those of fresh between, which are in order too.
func merge(lines, fresh []string) []byte {
	var text bytes.Buffer
	print := func(lines []string) {
		for _, line := range lines {
			text.WriteString(line)
			text.WriteByte('\n')
		}
	}
	for len(fresh) > 0 {
		at, _ := slices.BinarySearch(lines, fresh[0])
		print(lines[:at])
		print(fresh[:1])
		lines, fresh = lines[at:], fresh[1:]
	}
	print(lines)
	return text.Bytes()
}
