package verify

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"fairlot/draw"
)

// File is one open file of a bundle. Whoever opened it closes it.
type File interface {
	io.ReaderAt
	io.Closer
}

// Files is a bundle's files, wherever they are (SPEC section 8). Make it with Folder or Tar, which refuse what is no
// bundle's file. It may be used from several goroutines if what it was made from may.
type Files struct {
	names []string // in the order of SPEC section 8
	size  map[string]int64
	open  func(name string) (File, error)
}

// Names are the files' names, in the order of SPEC section 8.
func (f *Files) Names() []string { return slices.Clone(f.names) }

// Has tells whether there is a file of this name, and its length in bytes.
func (f *Files) Has(name string) (size int64, ok bool) {
	size, ok = f.size[name]
	return size, ok
}

// Open opens a file of the bundle for reading.
func (f *Files) Open(name string) (File, error) {
	if _, ok := f.size[name]; !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return f.open(name)
}

// read returns a whole file of at most limit bytes.
func (f *Files) read(name string, limit int64) ([]byte, error) {
	size := f.size[name]
	if size > limit {
		return nil, fmt.Errorf("%s is %d bytes long, more than %d", name, size, limit)
	}
	r, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), b); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b, nil
}

// place orders the names of a bundle: log, checkpoints by size, files by hash, draws by number. ok is false for a name that
// no bundle has.
type place struct {
	group  int
	number int64
	text   string
}

func (a place) compare(b place) int {
	switch {
	case a.group != b.group:
		return a.group - b.group
	case a.number < b.number:
		return -1
	case a.number > b.number:
		return 1
	}
	return strings.Compare(a.text, b.text)
}

func placeOf(name string) (place, bool) {
	if name == logFile {
		return place{}, true
	}
	dir, base := path.Split(name)
	switch dir {
	case "checkpoints/":
		n, ok := decimal(base)
		return place{group: 1, number: n}, ok
	case "files/":
		_, err := draw.ParseHash(base)
		return place{group: 2, text: base}, err == nil
	}
	if number, ok := strings.CutPrefix(dir, "draw/"); ok && (base == "entrants.bin" || base == "ranking.txt") {
		n, ok := decimal(strings.TrimSuffix(number, "/"))
		return place{group: 3, number: n, text: base}, ok && n >= 1 && n <= 99 && name == drawFile(int(n), base)
	}
	return place{}, false
}

const logFile = "log.bin"

func drawFile(n int, base string) string { return fmt.Sprintf("draw/%d/%s", n, base) }

// decimal reads a dec of SPEC section 1.
func decimal(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n < 1<<53 && strconv.FormatInt(n, 10) == s
}

// newFiles checks names and sorts nothing: names must be in order.
func newFiles(names []string, size map[string]int64, open func(string) (File, error)) (*Files, error) {
	var last place
	for i, name := range names {
		at, ok := placeOf(name)
		if !ok {
			return nil, failed(1, 0, fmt.Sprintf("file %q does not belong into a bundle", name))
		}
		if i > 0 && last.compare(at) >= 0 {
			return nil, failed(1, 0, fmt.Sprintf("file %q stands twice or out of order", name))
		}
		last = at
	}
	return &Files{names, size, open}, nil
}

// Folder is a bundle that lies in a folder. Its files must be regular and offer ReadAt, as those of os.DirFS and embed do.
// An error is a *StepError of step 1, or one of reading the folder.
func Folder(fsys fs.FS) (*Files, error) {
	var names []string
	size := map[string]int64{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read bundle: %w", err)
		}
		if d.IsDir() {
			return nil
		}
		if !d.Type().IsRegular() {
			return failed(1, 0, fmt.Sprintf("%q is not a regular file", name))
		}
		if _, ok := placeOf(name); !ok {
			return failed(1, 0, fmt.Sprintf("file %q does not belong into a bundle", name))
		}
		fi, err := d.Info()
		if err != nil {
			return fmt.Errorf("read bundle: %w", err)
		}
		names = append(names, name)
		size[name] = fi.Size()
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(names, func(a, b string) int {
		x, _ := placeOf(a)
		y, _ := placeOf(b)
		return x.compare(y)
	})
	return newFiles(names, size, func(name string) (File, error) {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read bundle: %w", err)
		}
		if r, ok := f.(File); ok {
			return r, nil
		}
		f.Close()
		return nil, fmt.Errorf("read bundle: %s cannot be read at random places", name)
	})
}
