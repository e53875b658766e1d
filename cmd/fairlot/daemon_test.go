package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunsTheDaemonsProgram hands arguments on as they are and passes the exit status on; without a fairlotd it says what is missing.
func TestRunsTheDaemonsProgram(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	for _, command := range []string{"backup", "restore", "export", "import"} {
		var out, errw bytes.Buffer
		if status := Run(t.Context(), []string{command, "--dir", "x"}, strings.NewReader(""), &out, &errw); status != 1 || !strings.Contains(errw.String(), "neither beside this program nor in PATH") {
			t.Errorf("%s without fairlotd: %d, %s", command, status, errw.String())
		}
		out.Reset()
		if status := Run(t.Context(), []string{command, "--help"}, strings.NewReader(""), &out, &errw); status != 0 || !strings.Contains(out.String(), "Example: fairlot "+command+" --") {
			t.Errorf("help of %s without fairlotd: %d, %s", command, status, out.String())
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "fairlotd"), []byte("#!/bin/sh\necho \"$@\"\nexit 7\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var out, errw bytes.Buffer
	if status := Run(t.Context(), []string{"restore", "--from", "a b", "--help"}, strings.NewReader(""), &out, &errw); status != 7 || out.String() != "restore --from a b --help\n" || errw.Len() > 0 {
		t.Errorf("status %d, out %q, error %q", status, out.String(), errw.String())
	}
}
