package demo

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

// finder looks for many byte strings in files at once: by their first three bytes, then by whole strings of each length that begins so.
type finder struct {
	begins  map[[3]byte][]int // lengths
	strings map[string]bool
}

func newFinder() *finder { return &finder{begins: map[[3]byte][]int{}, strings: map[string]bool{}} }

// shortest is the length in bytes below which a string would be met by chance in what is sealed.
const shortest = 6

// add adds one string, unless it is too short to mean anything.
func (f *finder) add(s string) {
	if f.strings[s] || len(s) < shortest {
		return
	}
	f.strings[s] = true
	begin := [3]byte([]byte(s[:3]))
	for _, n := range f.begins[begin] {
		if n == len(s) {
			return
		}
	}
	f.begins[begin] = append(f.begins[begin], len(s))
}

// forms are the ways in which a value may come to lie on a disk: raw, UTF-16, hex, base64 at each offset, escaped in an address, SHA-256.
func forms(value string) []string {
	var wide strings.Builder
	for _, u := range utf16.Encode([]rune(value)) {
		wide.WriteByte(byte(u))
		wide.WriteByte(byte(u >> 8))
	}
	sum := sha256.Sum256([]byte(value))
	out := []string{
		value, wide.String(), hex.EncodeToString([]byte(value)), strings.ToUpper(hex.EncodeToString([]byte(value))),
		url.QueryEscape(value), string(sum[:]), hex.EncodeToString(sum[:]),
	}
	for skip := range 3 { // the characters that its neighbours have a part in are left out
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, skip), value...))
		from := (skip*8 + 5) / 6
		to := (skip + len(value)) * 8 / 6
		if to-from >= 8 {
			out = append(out, text[from:to])
		}
	}
	return out
}

// count is how often any of the strings occurs in b.
func (f *finder) count(b []byte) int {
	n := 0
	first := [256]bool{}
	for begin := range f.begins {
		first[begin[0]] = true
	}
	for i := 0; i+3 <= len(b); i++ {
		if !first[b[i]] {
			continue
		}
		for _, l := range f.begins[[3]byte(b[i:i+3])] {
			if i+l <= len(b) && f.strings[string(b[i:i+l])] {
				n++
			}
		}
	}
	return n
}

// search looks through every file below dir. It returns the files with a find, by name below dir, and how much was read.
func (f *finder) search(dir string, skip func(name string) bool) (found []string, files int, size int64, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if skip(name) && e.IsDir() {
			return filepath.SkipDir
		}
		if !e.Type().IsRegular() || skip(name) {
			return nil
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // a journal that was done with
			return nil
		}
		if err != nil {
			return err
		}
		files, size = files+1, size+int64(len(b))
		if f.count(b) > 0 || f.count([]byte(name)) > 0 {
			found = append(found, name)
		}
		return nil
	})
	return found, files, size, err
}
