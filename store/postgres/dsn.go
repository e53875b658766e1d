package postgres

import (
	"errors"
	"fmt"
	"strings"
)

// ParseDSNs reads the text of a DSN file: one line `registry DSN`, `identity DSN` and `answers DSN` each, in any order, or one DSN alone for
// all three rooms. Empty lines and lines that begin with # say nothing. Errors quote nothing of it: it has passwords.
func ParseDSNs(text string) (DSNs, error) {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	if len(lines) == 1 {
		if _, known := roomOf(lines[0]); !known {
			return DSNs{lines[0], lines[0], lines[0]}, nil
		}
	}
	var d DSNs
	for i, line := range lines {
		name, known := roomOf(line)
		field := map[roomName]*string{registryRoom: &d.Registry, identityRoom: &d.Identity, answersRoom: &d.Answers}[name]
		switch {
		case !known:
			return DSNs{}, fmt.Errorf("line %d of the DSNs does not begin with registry, identity or answers", i+1)
		case *field != "":
			return DSNs{}, fmt.Errorf("the DSN of the %s room stands there twice", name)
		}
		*field = strings.TrimSpace(line[len(name):])
	}
	if d.Registry == "" || d.Identity == "" || d.Answers == "" {
		return DSNs{}, errors.New("the DSNs of the rooms are not complete: registry, identity, answers, one a line, or one DSN alone for all")
	}
	return d, nil
}

func roomOf(line string) (roomName, bool) {
	word, _, more := strings.Cut(line, " ")
	for _, name := range []roomName{registryRoom, identityRoom, answersRoom} {
		if word == string(name) && more {
			return name, true
		}
	}
	return "", false
}

// Text is what [ParseDSNs] reads.
func (d DSNs) Text() string {
	var b strings.Builder
	for _, r := range d.rooms() {
		fmt.Fprintf(&b, "%s %s\n", r.name, r.dsn)
	}
	return b.String()
}
