package survey

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A strict reader of JSON (RFC 8259). encoding/json merges duplicate keys and replaces bad UTF-8 and lone surrogates in
// silence; here the first is kept for the caller to report, and the others are errors.

type jsonKind byte

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

func (k jsonKind) String() string {
	return [...]string{"null", "true or false", "a number", "a string", "an array", "an object"}[k]
}

type jsonValue struct {
	kind    jsonKind
	truth   bool
	text    string // the string's value, or the number as written
	items   []jsonValue
	members []jsonMember // in order, duplicates included
}

type jsonMember struct {
	name  string
	value jsonValue
}

// empty reports whether SurveyJS would leave the value out: null, "" or [].
func (v jsonValue) empty() bool {
	return v.kind == jsonNull || v.kind == jsonString && v.text == "" || v.kind == jsonArray && len(v.items) == 0
}

const maxJSONDepth = 16

type jsonError struct {
	offset int
	text   string
}

func (e *jsonError) Error() string { return fmt.Sprintf("%s at byte %d", e.text, e.offset) }

type jsonReader struct {
	in  []byte
	pos int
	err *jsonError
}

// readJSON reads exactly one value with optional white space around it.
func readJSON(in []byte) (jsonValue, *jsonError) {
	r := &jsonReader{in: in}
	v := r.value(0)
	r.space()
	if r.err == nil && r.pos != len(in) {
		r.fail("bytes after the end of the value")
	}
	return v, r.err
}

func (r *jsonReader) fail(text string) {
	if r.err == nil {
		r.err = &jsonError{r.pos, text}
	}
}

func (r *jsonReader) space() {
	for r.pos < len(r.in) && (r.in[r.pos] == ' ' || r.in[r.pos] == '\t' || r.in[r.pos] == '\n' || r.in[r.pos] == '\r') {
		r.pos++
	}
}

// peek returns the next byte that is not white space, or 0.
func (r *jsonReader) peek() byte {
	r.space()
	if r.pos < len(r.in) {
		return r.in[r.pos]
	}
	return 0
}

func (r *jsonReader) value(depth int) (v jsonValue) {
	if depth > maxJSONDepth {
		r.fail("nested too deeply")
		return v
	}
	switch c := r.peek(); {
	case c == '{':
		v.kind = jsonObject
		r.list('}', func() {
			if r.peek() != '"' {
				r.fail("a key must be a string")
				return
			}
			m := jsonMember{name: r.str()}
			if r.peek() != ':' {
				r.fail("a colon is missing")
				return
			}
			r.pos++
			m.value = r.value(depth + 1)
			v.members = append(v.members, m)
		})
	case c == '[':
		v.kind = jsonArray
		r.list(']', func() { v.items = append(v.items, r.value(depth+1)) })
	case c == '"':
		v.kind, v.text = jsonString, r.str()
	case c == '-' || c >= '0' && c <= '9':
		v.kind, v.text = jsonNumber, r.num()
	case r.word("true"):
		v.kind, v.truth = jsonBool, true
	case r.word("false"):
		v.kind = jsonBool
	case r.word("null"):
	default:
		r.fail("a value is missing or malformed")
	}
	return v
}

// list reads the elements between the bracket at pos and its end.
func (r *jsonReader) list(end byte, element func()) {
	r.pos++
	if r.peek() == end {
		r.pos++
		return
	}
	for r.err == nil {
		element()
		if r.err != nil {
			return
		}
		switch r.peek() {
		case ',':
			r.pos++
		case end:
			r.pos++
			return
		default:
			r.fail("a comma or a closing bracket is missing")
		}
	}
}

func (r *jsonReader) word(w string) bool {
	if len(r.in)-r.pos >= len(w) && string(r.in[r.pos:r.pos+len(w)]) == w {
		r.pos += len(w)
		return true
	}
	return false
}

func (r *jsonReader) digits() int {
	start := r.pos
	for r.pos < len(r.in) && r.in[r.pos] >= '0' && r.in[r.pos] <= '9' {
		r.pos++
	}
	return r.pos - start
}

func (r *jsonReader) at(chars string) bool {
	if r.pos < len(r.in) {
		for i := range len(chars) {
			if r.in[r.pos] == chars[i] {
				return true
			}
		}
	}
	return false
}

func (r *jsonReader) num() string {
	start := r.pos
	if r.at("-") {
		r.pos++
	}
	first := r.pos
	n := r.digits()
	bad := n == 0 || n > 1 && r.in[first] == '0'
	if r.at(".") {
		r.pos++
		bad = bad || r.digits() == 0
	}
	if r.at("eE") {
		r.pos++
		if r.at("+-") {
			r.pos++
		}
		bad = bad || r.digits() == 0
	}
	if bad {
		r.fail("a number is malformed")
	}
	return string(r.in[start:r.pos])
}

func (r *jsonReader) str() string {
	r.pos++
	var out []byte
	for r.pos < len(r.in) {
		c := r.in[r.pos]
		switch {
		case c == '"':
			r.pos++
			return string(out)
		case c < 0x20:
			r.fail("a control character stands in a string unescaped")
			return ""
		case c == '\\':
			r.pos++
			out = r.escape(out)
			if r.err != nil {
				return ""
			}
		case c < utf8.RuneSelf:
			out = append(out, c)
			r.pos++
		default:
			ru, n := utf8.DecodeRune(r.in[r.pos:])
			if ru == utf8.RuneError && n == 1 {
				r.fail("a string is not UTF-8")
				return ""
			}
			out = append(out, r.in[r.pos:r.pos+n]...)
			r.pos += n
		}
	}
	r.fail("a string does not end")
	return ""
}

func (r *jsonReader) escape(out []byte) []byte {
	if r.pos >= len(r.in) {
		r.fail("a string does not end")
		return out
	}
	c := r.in[r.pos]
	r.pos++
	switch c {
	case '"', '\\', '/':
		return append(out, c)
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'u':
		ru := r.hex4()
		if utf16.IsSurrogate(ru) {
			if !r.word(`\u`) {
				r.fail("half of a surrogate pair stands alone")
				return out
			}
			if ru = utf16.DecodeRune(ru, r.hex4()); ru == utf8.RuneError {
				r.fail("half of a surrogate pair stands alone")
			}
		}
		return utf8.AppendRune(out, ru)
	}
	r.fail("an escape is malformed")
	return out
}

func (r *jsonReader) hex4() rune {
	if len(r.in)-r.pos < 4 {
		r.fail("an escape is malformed")
		return 0
	}
	s := string(r.in[r.pos : r.pos+4])
	n, err := strconv.ParseUint(s, 16, 16)
	if err != nil {
		r.fail("an escape is malformed")
	}
	r.pos += 4
	return rune(n)
}

// appendString writes s as a JSON string in the one form used here: only quote, backslash, tab and line feed are
// escaped. The texts written hold no other control character.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// units counts UTF-16 code units, as the maxlength of HTML does.
func units(s string) (n int) {
	for _, r := range s {
		if n++; r > 0xFFFF {
			n++
		}
	}
	return n
}
