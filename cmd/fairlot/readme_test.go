package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fairlot/draw/vectors"
)

// tree is a folder that looks like this tree's top one, as far as the documents' commands look, and an environment in which this program is fairlot.
func tree(t *testing.T) (dir string, env []string) {
	t.Helper()
	for _, program := range []string{"bash", "awk", "base64", "basenc", "node", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("THE DOCUMENTS' COMMANDS ARE NOT RUN: there is no %s here", program)
		}
	}
	dir = t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"bin/fairlot": self} // testscript makes this test's program be fairlot under that name
	for _, name := range []string{"draw", "spec", "web"} {
		if links[name], err = filepath.Abs(filepath.Join("../..", name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range links {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "PYTHONDONTWRITEBYTECODE=1")
}

// blockAfter is the first block of a language behind some words of a document.
func blockAfter(t *testing.T, file, words, language string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, after, there := strings.Cut(string(text), words)
	_, rest, found := strings.Cut(after, "\n```"+language+"\n")
	body, _, ended := strings.Cut(rest, "\n```\n")
	if !there || !found || !ended {
		t.Fatalf("%s has no block of %s behind %q", file, language, words)
	}
	return body + "\n"
}

// shell runs commands and returns all that they write.
func shell(t *testing.T, dir string, env []string, commands string) string {
	t.Helper()
	cmd := exec.Command("bash", "-eo", "pipefail", "-c", commands)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", commands, err, out)
	}
	return string(out)
}

// TestDocumentsVerify runs the README's transcript by three verifiers and VERIFY's ranking by awk; an altered list is found out.
func TestDocumentsVerify(t *testing.T) {
	t.Parallel()
	dir, env := tree(t)
	for _, step := range strings.Split(blockAfter(t, "../../README.md", "## Verify a draw", "console"), "$ ")[1:] {
		command, want, _ := strings.Cut(step, "\n")
		if got := shell(t, dir, env, command); got != want {
			t.Errorf("README says that %s writes\n%s\nbut it writes\n%s", command, want, got)
		}
	}
	shell(t, dir, env, "tar -cf ID.tar -C example .")
	shell(t, dir, env, blockAfter(t, "../../docs/VERIFY.md", "With tools that every system has", "sh"))
	if got, want := shell(t, dir, env, "sha256sum <result"), shell(t, dir, env, "tail -c +1657 example/log.bin | head -c 425 | head -n 7 | sha256sum"); got != want { // SPEC, section 10, has its place; its last line stands behind the ranking's
		t.Errorf("VERIFY takes another result record out of the log: %s, want %s", got, want)
	}
	id := strings.TrimSpace(shell(t, dir, env, "tr -cd '\\n -~' <bundle/log.bin | sed -n 's/^campaign //p'"))
	rules := strings.ReplaceAll(blockAfter(t, "../../docs/VERIFY.md", "alternates and entrants to be audited", "sh"), "ID", id)
	if got, want := shell(t, dir, env, rules), "audit 0\ndraw 1\ntier 1 1 1\nalternates 1\n"; got != want {
		t.Errorf("VERIFY reads the rules %q, want %q", got, want)
	}
	awk := blockAfter(t, "../../docs/VERIFY.md", "With awk and sha256sum", "sh")
	if got, want := shell(t, dir, env, awk), "the ranking is the same\n"; got != want {
		t.Errorf("VERIFY's awk says %q, want %q", got, want)
	}
	if got := shell(t, dir, env, "fairlot verify --quiet bundle"); got != "verify: ok\n" {
		t.Errorf("after VERIFY's commands the bundle is another one: %s", got)
	}
	shell(t, dir, env, `printf '\007' | dd of=bundle/draw/1/entrants.bin bs=1 seek=19 conv=notrunc status=none`) // seven chances for the loser, who wins by the last
	if got := shell(t, dir, env, "("+strings.TrimSuffix(awk, "\n")+") || true"); !strings.Contains(got, "differ") {
		t.Errorf("of an altered list VERIFY's awk says %q", got)
	}
}

// TestDocumentsSample: VERIFY's awk gives the audit sample that `fairlot sample list` does, of the vector of openings.
func TestDocumentsSample(t *testing.T) {
	t.Parallel()
	_, env := tree(t)
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, b []byte) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range all {
		if v.Name != "opened" {
			continue
		}
		for _, p := range v.Parts {
			put("vector/"+p.Path, p.Data)
		}
	}
	shell(t, dir, env, "tar -cf ID.tar -C vector .")
	shell(t, dir, env, blockAfter(t, "../../docs/VERIFY.md", "With tools that every system has", "sh"))
	want := shell(t, dir, env, "fairlot sample list bundle")
	if n := strings.Count(want, "\n"); n != 3 {
		t.Fatalf("the sample has %d entries: %s", n, want)
	}
	awk := blockAfter(t, "../../docs/VERIFY.md", "audit sample", "sh")
	if got := shell(t, dir, env, awk); got != want {
		t.Errorf("VERIFY's awk says\n%s\nand fairlot\n%s", got, want)
	}
	if after := shell(t, dir, env, "fairlot sample list bundle"); after != want {
		t.Errorf("after VERIFY's commands the bundle is another one: %s", after)
	}
}
