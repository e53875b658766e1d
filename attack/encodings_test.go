package attack

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/traditionalchinese"
)

// canary is something that was sent or kept by an entrant and that must stand nowhere on the disk.
type canary struct {
	what  string
	value []byte
	// allowed tells whether a find in a file, by its path, in a form, is how it is meant to be.
	allowed func(path, form string) bool
}

// form is one way in which a canary could be written down.
type form struct {
	name  string
	bytes []byte
}

// forms are all ways to write v that are searched for.
func forms(v []byte) []form {
	s := string(v)
	var out []form
	add := func(name string, b []byte) {
		for _, f := range out {
			if bytes.Equal(f.bytes, b) {
				return
			}
		}
		if len(b) >= window {
			out = append(out, form{name, b})
		}
	}
	add("raw", v)
	units := utf16.Encode([]rune(s))
	little, big := make([]byte, 0, 2*len(units)), make([]byte, 0, 2*len(units))
	for _, u := range units {
		little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
	}
	add("utf-16le", little)
	add("utf-16be", big)
	if b, err := traditionalchinese.Big5.NewEncoder().Bytes(v); err == nil {
		add("big5", b)
	}
	add("hex", []byte(hex.EncodeToString(v)))
	add("HEX", []byte(strings.ToUpper(hex.EncodeToString(v))))
	for offset := range 3 {
		padded := append(make([]byte, offset), v...)
		for name, enc := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			text := enc.EncodeToString(padded)
			from := []int{0, 2, 3}[offset] // characters that the bytes before have a part in
			to := len(padded) / 3 * 4      // and those that the bytes behind have
			add(name+" at "+string(rune('0'+offset)), []byte(text[from:to]))
		}
	}
	add("url", []byte(url.QueryEscape(s)))
	add("url path", []byte(url.PathEscape(s)))
	var percent, escaped strings.Builder
	for _, b := range v {
		percent.WriteString("%" + hex.EncodeToString([]byte{b}))
	}
	add("percent", []byte(percent.String()))
	if b, err := json.Marshal(s); err == nil {
		add("json", bytes.Trim(b, `"`))
	}
	for _, u := range units {
		escaped.WriteString(`\u` + hex.EncodeToString(binary.BigEndian.AppendUint16(nil, u)))
	}
	add("json \\u", []byte(escaped.String()))
	h1, h5 := sha1.Sum(v), md5.Sum(v)
	for name, h := range map[string][]byte{"sha-256": sum(v), "sha-1": h1[:], "md5": h5[:]} {
		add(name, h)
		add(name+" hex", []byte(hex.EncodeToString(h)))
		add(name+" base64", []byte(base64.RawStdEncoding.EncodeToString(h)))
	}
	return out
}

// window is how many first bytes of a form the search looks up; shorter forms are not searched for.
const window = 8

// search looks for all forms of all canaries at once.
type search struct {
	canaries []canary
	at       map[[window]byte][]hit
	sieve    []bool // by hash of the first bytes
}

type hit struct {
	canary *canary
	form   form
}

func newSearch(list []canary) *search {
	s := &search{canaries: list, at: map[[window]byte][]hit{}, sieve: make([]bool, 1<<20)}
	for i := range list {
		for _, f := range forms(list[i].value) {
			key := [window]byte(f.bytes)
			s.at[key] = append(s.at[key], hit{&list[i], f})
			s.sieve[slot(f.bytes)] = true
		}
	}
	return s
}

func slot(b []byte) uint64 { return binary.LittleEndian.Uint64(b) * 0x9e3779b97f4a7c15 >> 44 }

// bytes calls found for every form of a canary in b.
func (s *search) bytes(b []byte, found func(hit)) {
	for i := 0; i+window <= len(b); i++ {
		if !s.sieve[slot(b[i:])] {
			continue
		}
		for _, h := range s.at[[window]byte(b[i:])] {
			if bytes.HasPrefix(b[i:], h.form.bytes) {
				found(h)
			}
		}
	}
}

// finding is a canary where it must not be.
type finding struct{ file, what, form string }

// text searches what has a name, and returns what is not allowed there, each once.
func (s *search) text(name string, b []byte) (list []finding) {
	seen := map[finding]bool{}
	s.bytes(b, func(h hit) {
		f := finding{name, h.canary.what, h.form.name}
		if !seen[f] && (h.canary.allowed == nil || !h.canary.allowed(name, h.form.name)) {
			seen[f] = true
			list = append(list, f)
		}
	})
	return list
}

// tree searches names and contents of everything below dir.
func (s *search) tree(t testing.TB, dir string) (list []finding) {
	t.Helper()
	seen := map[finding]bool{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a server that runs removes files
		}
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		b := []byte(name)
		if e.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			b = append(append(b, 0), content...)
		}
		for _, f := range s.text(filepath.ToSlash(name), b) {
			if !seen[f] {
				seen[f] = true
				list = append(list, f)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
