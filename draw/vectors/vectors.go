// Package vectors holds the test vectors of SPEC version 1, one scenario a file, as Go values. The files are the vectors:
// programs in other languages read the folder. Their expected values come from an independent program (spec/verify.py).
//
// A vector file is text: head lines `key: value`, an empty line, then parts, each a line `--- PATH` and its content in
// base64. Unknown keys fail, so that a vector never says more than its reader checks.
//
// First call: All.
package vectors

import (
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

//go:embed *.txt
var files embed.FS

// Round is a beacon signature: chain hash and signature are bytes, not hex.
type Round struct {
	Chain     [32]byte
	Round     uint64
	Signature []byte
}

// Part is a file of a bundle, or an input of another kind.
type Part struct {
	Path string
	Data []byte
}

// Vector is one scenario.
type Vector struct {
	Name   string
	About  string            // one sentence
	Kind   string            // bundle, record, entry, ranking, receipt, tree or policy
	Expect string            // "0 proven", "3 REASON", "1 STEP"; "ok" or "fail" for other kinds than bundle
	Known  []Round           // to be taken as valid by a program without BLS; others ignore them
	Rounds []Round           // handed to the verifier from outside the bundle
	Want   map[string]string // expected values
	Have   map[string]string // inputs
	Parts  []Part
}

// Part returns the content of a part.
func (v Vector) Part(path string) ([]byte, bool) {
	for _, p := range v.Parts {
		if p.Path == path {
			return p.Data, true
		}
	}
	return nil, false
}

// All reads all vectors, by name.
func All() ([]Vector, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	var all []Vector
	for _, e := range entries {
		b, err := files.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("read vectors: %w", err)
		}
		v, err := Parse(b)
		if err == nil && v.Name+".txt" != e.Name() {
			err = fmt.Errorf("named %q", v.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("vector %s: %w", e.Name(), err)
		}
		all = append(all, v)
	}
	return all, nil
}

// Parse reads one vector file.
func Parse(b []byte) (Vector, error) {
	v := Vector{Want: map[string]string{}, Have: map[string]string{}}
	head, body, ok := strings.Cut(string(b), "\n\n")
	lines := strings.Split(head, "\n")
	if lines[0] != "fairlot/v1 vector" {
		return v, fmt.Errorf("line 1 is not `fairlot/v1 vector`")
	}
	if !ok { // no part
		lines[len(lines)-1] = strings.TrimSuffix(lines[len(lines)-1], "\n")
		if lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
	}
	for _, line := range lines[1:] {
		if err := v.head(line); err != nil {
			return v, err
		}
	}
	if v.Name == "" || v.Kind == "" || v.Expect == "" {
		return v, fmt.Errorf("name, kind or expect is missing")
	}
	return v, v.parts(body)
}

func (v *Vector) head(line string) error {
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		return fmt.Errorf("head line %q is not `key: value`", line)
	}
	value = strings.TrimPrefix(value, " ")
	word, name, two := strings.Cut(key, " ")
	switch {
	case key == "name" && v.Name == "":
		v.Name = value
	case key == "about" && v.About == "":
		v.About = value
	case key == "kind" && v.Kind == "":
		v.Kind = value
	case key == "expect" && v.Expect == "":
		v.Expect = value
	case key == "known" || key == "round":
		r, err := parseRound(value)
		if err != nil {
			return err
		}
		if key == "known" {
			v.Known = append(v.Known, r)
		} else {
			v.Rounds = append(v.Rounds, r)
		}
	case two && word == "want":
		v.Want[name] = value
	case two && word == "have":
		v.Have[name] = value
	default:
		return fmt.Errorf("head key %q is unknown or stands twice", key)
	}
	return nil
}

func parseRound(s string) (Round, error) {
	f := strings.Split(s, " ")
	if len(f) != 3 {
		return Round{}, fmt.Errorf("round %q is not three values", s)
	}
	chain, err1 := hex.DecodeString(f[0])
	n, err2 := strconv.ParseUint(f[1], 10, 64)
	sig, err3 := hex.DecodeString(f[2])
	if err1 != nil || err2 != nil || err3 != nil || len(chain) != 32 {
		return Round{}, fmt.Errorf("round %q is malformed", s)
	}
	return Round{[32]byte(chain), n, sig}, nil
}

func (v *Vector) parts(body string) error {
	var text strings.Builder
	finish := func() error {
		if len(v.Parts) == 0 {
			return nil
		}
		p := &v.Parts[len(v.Parts)-1]
		var err error
		if p.Data, err = base64.StdEncoding.Strict().DecodeString(text.String()); err != nil {
			return fmt.Errorf("part %s: %w", p.Path, err)
		}
		text.Reset()
		return nil
	}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		path, ok := strings.CutPrefix(line, "--- ")
		switch {
		case ok:
			if err := finish(); err != nil {
				return err
			}
			v.Parts = append(v.Parts, Part{Path: path})
		case len(v.Parts) == 0 && line != "":
			return fmt.Errorf("content %q before the first part", line)
		default:
			text.WriteString(line)
		}
	}
	return finish()
}
