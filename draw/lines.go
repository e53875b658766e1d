package draw

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// writer prints a text of `key value` lines and keeps the first thing that is wrong with a value.
type writer struct {
	b   []byte
	err error
}

func (w *writer) fail(key, format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("%s %s", key, fmt.Sprintf(format, args...))
	}
}

func (w *writer) line(key, value string) {
	w.b = append(w.b, key...)
	w.b = append(w.b, ' ')
	w.b = append(w.b, value...)
	w.b = append(w.b, '\n')
}

func (w *writer) limits(key string, n, lo, hi int64) {
	if n < lo || n > hi {
		w.fail(key, "is %d, want %d to %d", n, lo, hi)
	}
}

func (w *writer) dec(key string, n, lo, hi int64) {
	w.limits(key, n, lo, hi)
	w.line(key, strconv.FormatInt(n, 10))
}

func (w *writer) hex(key string, b []byte) { w.line(key, hex.EncodeToString(b)) }

func (w *writer) text(key, s string) {
	if err := checkValue(s); err != nil {
		w.fail(key, "%v", err)
	}
	w.line(key, s)
}

func (w *writer) time(key string, t time.Time) {
	t = t.UTC()
	if t.Nanosecond() != 0 || !yearOK(t) {
		w.fail(key, "is not a whole second of the years 2000 to 9999")
	}
	w.line(key, t.Format(timeForm))
}

func (w *writer) vkey(key, s string, alg byte) (name string) {
	name, _, err := ParseVKey(s, alg)
	if err != nil {
		w.fail(key, "%v", err)
	}
	w.line(key, s)
	return name
}

func (w *writer) oneOf(key, s string, allowed ...string) {
	w.must(key, contains(allowed, s))
	w.line(key, s)
}

func (w *writer) must(key string, ok bool) {
	if !ok {
		w.fail(key, "has a value that is not allowed here")
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// reader takes the lines of a text in order. It is lenient about limits: what was read is printed again by a writer, which
// is not, and compared.
type reader struct {
	lines []string
	err   error
}

func newReader(b []byte) *reader {
	lines := strings.Split(string(b), "\n")
	return &reader{lines: lines[:max(0, len(lines)-1)]}
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// has tells whether the next line has this key.
func (r *reader) has(key string) bool {
	return r.err == nil && len(r.lines) > 0 && strings.HasPrefix(r.lines[0], key+" ")
}

func (r *reader) value(key string) string {
	if r.err != nil {
		return ""
	}
	if len(r.lines) == 0 {
		r.fail("line %q is missing at the end", key)
		return ""
	}
	k, v, _ := strings.Cut(r.lines[0], " ")
	if k != key {
		r.fail("line %q stands where %q must", k, key)
		return ""
	}
	r.lines = r.lines[1:]
	return v
}

// fields takes a line whose value is n words parted by one space.
func (r *reader) fields(key string, n int) []string {
	f := strings.Split(r.value(key), " ")
	if len(f) != n {
		r.fail("line %q has %d values, want %d", key, len(f), n)
		f = make([]string, n)
	}
	return f
}

func (r *reader) num(key, s string) int64 {
	n, ok := parseDec(s)
	if !ok {
		r.fail("%s is not a decimal number", key)
	}
	return n
}

func (r *reader) dec(key string) int64 { return r.num(key, r.value(key)) }

func (r *reader) int(key string) int { return int(r.dec(key)) }

func (r *reader) hexInto(dst []byte, key, s string) {
	if !parseHex(dst, s) {
		r.fail("%s is not %d lower-case hexadecimal digits", key, 2*len(dst))
	}
}

func (r *reader) hex(dst []byte, key string) { r.hexInto(dst, key, r.value(key)) }

func (r *reader) time(key string) time.Time {
	t, err := time.Parse(timeForm, r.value(key))
	if err != nil {
		r.fail("%s is not a time in UTC", key)
	}
	return t
}

// yesNo takes a line that has one of two values and tells whether it has the first.
func (r *reader) yesNo(key, yes, no string) bool {
	v := r.value(key)
	if v != yes && v != no {
		r.fail("%s is neither %s nor %s", key, yes, no)
	}
	return v == yes
}

func (r *reader) end() {
	if len(r.lines) > 0 {
		k, _, _ := strings.Cut(r.lines[0], " ")
		r.fail("line %q stands where the end must", k)
	}
}
