package attack

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutant builds the daemon with one text of one source file replaced, by the compiler's -overlay: no mutant is in the tree or can be reached from it.
func mutant(t testing.TB, file, from, to string) (program string) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), from); n != 1 {
		t.Fatalf("%s has %q %d times, want once: give the mutant another text", file, from, n)
	}
	dir := t.TempDir()
	changed, overlay, program := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "fairlotd")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{changed: []byte(strings.Replace(string(source), from, to, 1)), overlay: list} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", program, "fairlot/cmd/fairlotd").CombinedOutput(); err != nil {
		t.Fatalf("build a mutant of fairlotd: %v\n%s", err, out)
	}
	return program
}
