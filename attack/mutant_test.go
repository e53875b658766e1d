package attack

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// edit is one text of one source file, and what stands in its place in a mutant. The text must be there once.
type edit struct{ file, from, to string }

// mutant builds the daemon with one text of one source file replaced.
func mutant(t testing.TB, file, from, to string) (program string) {
	t.Helper()
	return mutated(t, edit{file, from, to})
}

// mutated builds the daemon with texts replaced.
func mutated(t testing.TB, edits ...edit) (program string) {
	t.Helper()
	return mutatedProgram(t, "fairlotd", edits...)
}

// mutatedProgram builds fairlotd or fairlot with texts replaced, by the compiler's -overlay: no mutant is in the tree or can be reached from it.
func mutatedProgram(t testing.TB, name string, edits ...edit) (program string) {
	t.Helper()
	dir := t.TempDir()
	changed, replace := map[string]string{}, map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(filepath.Join("..", filepath.FromSlash(e.file)))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := changed[path]; !ok {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			changed[path] = string(source)
		}
		if n := strings.Count(changed[path], e.from); n != 1 {
			t.Fatalf("%s has %q %d times, want once: give the mutant another text", e.file, e.from, n)
		}
		changed[path] = strings.Replace(changed[path], e.from, e.to, 1)
	}
	for path, text := range changed {
		replace[path] = filepath.Join(dir, fmt.Sprintf("changed%d.go", len(replace)))
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, name)
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(overlay, list, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", program, "fairlot/cmd/"+name).CombinedOutput(); err != nil {
		t.Fatalf("build a mutant of %s: %v\n%s", name, err, out)
	}
	return program
}
