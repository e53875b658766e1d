package attack

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// edit is one text of one source file, and what stands in its place in a mutant. The text must be there once.
type edit struct{ file, from, to string }

// mutated builds the daemon with texts replaced.
func mutated(t testing.TB, edits ...edit) (program string) {
	t.Helper()
	program, err := build(t.TempDir(), "fairlotd", edits)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// build builds fairlotd or fairlot in dir with texts replaced, by the compiler's -overlay: no mutant is in the tree or can be reached from it.
func build(dir, name string, edits []edit) (program string, err error) {
	overlay, err := overlay(dir, edits)
	if err != nil {
		return "", err
	}
	program = filepath.Join(dir, name)
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", program, "fairlot/cmd/"+name).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build a mutant of %s: %v\n%s", name, err, out)
	}
	return program, nil
}

// overlay writes the changed sources and the compiler's list of them in dir.
func overlay(dir string, edits []edit) (list string, err error) {
	changed, replace := map[string]string{}, map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(filepath.Join("..", filepath.FromSlash(e.file)))
		if err != nil {
			return "", err
		}
		if _, ok := changed[path]; !ok {
			source, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			changed[path] = string(source)
		}
		if n := strings.Count(changed[path], e.from); n != 1 {
			return "", fmt.Errorf("%s has %q %d times, want once: give the mutant another text", e.file, e.from, n)
		}
		changed[path] = strings.Replace(changed[path], e.from, e.to, 1)
	}
	for path, text := range changed {
		replace[path] = filepath.Join(dir, fmt.Sprintf("changed%d.go", len(replace)))
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list = filepath.Join(dir, "overlay.json")
	return list, os.WriteFile(list, text, 0o600)
}

// oneProgram is a program that several tests attack: it is built when the first of them asks for it.
type oneProgram struct {
	name  string // fairlotd or fairlot
	edits func() []edit

	once    sync.Once
	program string
	err     error
}

func (s *oneProgram) built(t testing.TB) string {
	t.Helper()
	s.once.Do(func() {
		dir, err := os.MkdirTemp(programs, "shared")
		if err == nil {
			dir, err = build(dir, s.name, s.edits())
		}
		s.program, s.err = dir, err
	})
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.program
}

// without is a check that is left out where FAIRLOT_BROKEN says so.
func without(file, from, to, what string) edit {
	return edit{file, from, strings.ReplaceAll(to, "BROKEN", fmt.Sprintf("os.Getenv(\"FAIRLOT_BROKEN\") == %q", what))}
}

// osIn lets a file look at the environment.
func osIn(file string) edit { return edit{file, "import (\n", "import (\n	\"os\"\n"} }

// brokenDaemon and brokenTool are broken in every way that tests want, one at a time: FAIRLOT_BROKEN says which. Without it they are what they ought to be.
var (
	brokenDaemon = oneProgram{name: "fairlotd", edits: func() []edit {
		return slices.Concat(linkerEdits(), hasteEdits(), correctionEdits(), caseEdits(), claimEdits(), erasureEdits(), drawEdits(), relayEdits(), listEdits(), actEdits(), syncEdits(), stageEdits(), daemonLeaks())
	}}
	brokenTool = oneProgram{name: "fairlot", edits: func() []edit { return slices.Concat(deskEdits(), toolLeaks()) }}
	tool       = oneProgram{name: "fairlot", edits: func() []edit { return nil }}
)
