package verify_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	"fairlot/draw/vectors"
	"fairlot/verify"
)

// pythonCase is one line of the input of spec/outcomes.py.
type pythonCase struct {
	name  string            // for people
	Kind  string            `json:"kind"`
	Parts map[string][]byte `json:"parts"`
	Have  map[string]string `json:"have"`
	Known [][3]any          `json:"known"`
	Round [][3]any          `json:"round"`
	given []vectors.Round
}

func caseOf(v vectors.Vector) pythonCase {
	c := pythonCase{name: v.Name, Kind: v.Kind, Parts: map[string][]byte{}, Have: v.Have, given: v.Rounds}
	for _, p := range v.Parts {
		c.Parts[p.Path] = p.Data
	}
	for from, to := range map[*[]vectors.Round]*[][3]any{&v.Known: &c.Known, &v.Rounds: &c.Round} {
		for _, r := range *from {
			*to = append(*to, [3]any{hex.EncodeToString(r.Chain[:]), r.Round, hex.EncodeToString(r.Signature)})
		}
	}
	return c
}

// with is a copy of the case with other parts; change may do what it likes with them.
func (c pythonCase) with(name string, change func(parts map[string][]byte)) pythonCase {
	c.name += ": " + name
	c.Parts = maps.Clone(c.Parts)
	change(c.Parts)
	return c
}

func (c pythonCase) vector() vectors.Vector {
	v := vectors.Vector{Name: c.name, Kind: c.Kind, Have: c.Have, Rounds: c.given}
	for _, path := range slices.Sorted(maps.Keys(c.Parts)) {
		v.Parts = append(v.Parts, vectors.Part{Path: path, Data: c.Parts[path]})
	}
	return v
}

// goOutcome is what this tree's programs make of a case, in the words of a vector's expect.
func goOutcome(t *testing.T, c pythonCase) string {
	v := c.vector()
	okOr := func(err error) string {
		if err != nil {
			return "fail"
		}
		return "ok"
	}
	switch c.Kind {
	case "bundle":
		got, _, _ := run(mapFS(v.Parts), options(v))
		return got
	case "archive":
		got, _, _, _ := runTar(c.Parts["archive"])
		return got
	case "folder":
		got, _, _ := run(os.DirFS(c.Have["path"]), options(v))
		return got
	case "record":
		_, err := draw.ParseRecord(c.Parts["record"])
		return okOr(err)
	case "policy":
		_, err := ledger.ParsePolicy(c.Parts["policy"])
		return okOr(err)
	case "receipt":
		note := c.Parts["note"]
		if bytes.HasPrefix(note, []byte("fairlot/v1 saved receipt\n")) {
			saved, err := receipt.ParseSaved(note)
			if err == nil {
				_, err = saved.Check(c.Have["vkey"])
			}
			return okOr(err)
		}
		_, err := receipt.Verify(c.Have["vkey"], note)
		return okOr(err)
	}
	t.Fatalf("do not know kind %s", c.Kind)
	panic("unreachable")
}

// pythonOutcomes runs all cases in one process.
func pythonOutcomes(t *testing.T, cases []pythonCase) []string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("NOT COMPARED WITH THE PYTHON VERIFIER: there is no python3 here")
	}
	sources, err := filepath.Glob("../spec/*.py")
	if err != nil || len(sources) < 5 {
		t.Fatalf("the Python verifier is not there: %v, %v", sources, err)
	}
	for _, s := range sources { // so that go test runs this again when they change
		if _, err := os.ReadFile(s); err != nil {
			t.Fatal(err)
		}
	}
	var in, errs bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, c := range cases {
		if err := enc.Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "-B", filepath.Join("..", "spec", "outcomes.py"))
	cmd.Stdin, cmd.Stderr = &in, &errs
	cmd.Env = append(os.Environ(), "PYTHONUTF8=1")
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Errorf("spec/outcomes.py: %v\n%s", err, errs.String())
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(cases) {
		t.Fatalf("spec/outcomes.py: %d outcomes for %d cases", len(lines), len(cases))
	}
	return lines
}

// TestPythonAgrees compares this package with spec/verify.py, which was written from SPEC alone, over altered vectors,
// archives and folders. Who is right where they differ, SPEC must say.
func TestPythonAgrees(t *testing.T) {
	rnd := rand.New(rand.NewPCG(20230823, 1000))
	var cases []pythonCase
	cases = append(cases, byteMutants(t, rnd, 120)...)
	cases = append(cases, signedMutants(t, rnd, 200)...)
	cases = append(cases, lineMutants(t)...)
	cases = append(cases, unitMutants(t, rnd, 250)...)
	cases = append(cases, keyMutants(rnd, 80)...)
	cases = append(cases, tarMutants(t, rnd, 40)...)
	cases = append(cases, folderForms(t)...)
	if len(cases) < 800 {
		t.Errorf("%d cases only", len(cases))
	}
	seen := map[string]int{}
	bad := 0
	for i, python := range pythonOutcomes(t, cases) {
		ours := goOutcome(t, cases[i])
		seen[ours]++
		if ours == python {
			continue
		}
		if bad++; bad <= 20 {
			t.Errorf("%s %s: Go says %s, Python says %s", cases[i].Kind, cases[i].name, ours, python)
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d cases differ", bad, len(cases))
	}
	// A comparison that never gets past the first steps would be worth little.
	for _, outcome := range append([]string{"0 proven", "3 drawn", "3 witness", "ok", "fail"}, stepOutcomes()...) {
		if seen[outcome] == 0 {
			t.Errorf("no case comes to %s: %v", outcome, seen)
		}
	}
	t.Logf("%d cases: %v", len(cases), seen)
}

func stepOutcomes() (list []string) {
	for _, name := range verify.Steps() {
		if name != "beacon" && name != "replace" && name != "opened" { // a chance of the dice; the vectors have them
			list = append(list, "1 "+name)
		}
	}
	return list
}

func pick[T any](rnd *rand.Rand, list []T) T { return list[rnd.IntN(len(list))] }

// folderForms lie on the disk, where a link is a link.
func folderForms(t *testing.T) []pythonCase {
	var cases []pythonCase
	v := byName(t, "worked-example")
	form := func(name string, change func(dir string) error) {
		dir := t.TempDir()
		for _, p := range v.Parts {
			full := filepath.Join(dir, p.Path)
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(full, p.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		c := caseOf(v)
		c.name, c.Kind, c.Parts, c.Have = "folder, "+name, "folder", map[string][]byte{}, map[string]string{"path": dir}
		cases = append(cases, c)
	}
	away := func(dir, name string) error {
		to := filepath.Join(t.TempDir(), "there")
		if err := os.Rename(filepath.Join(dir, name), to); err != nil {
			return err
		}
		return os.Symlink(to, filepath.Join(dir, name))
	}
	write := func(name string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644) }
	}
	form("plain", func(string) error { return nil })
	form("link to a folder", func(dir string) error { return os.Symlink(t.TempDir(), filepath.Join(dir, "x")) })
	form("link to nothing", func(dir string) error { return os.Symlink("nothing", filepath.Join(dir, "x")) })
	form("files is a link", func(dir string) error { return away(dir, "files") })
	form("draw/1 is a link", func(dir string) error { return away(dir, "draw/1") })
	form("log.bin is a link", func(dir string) error { return away(dir, "log.bin") })
	form("empty folder", func(dir string) error { return os.MkdirAll(filepath.Join(dir, "draw/2"), 0o755) })
	form("log.bin is a folder", func(dir string) error {
		if err := os.Remove(filepath.Join(dir, "log.bin")); err != nil {
			return err
		}
		return os.Mkdir(filepath.Join(dir, "log.bin"), 0o755)
	})
	form("hidden file", write(".DS_Store"))
	form("draw/0", func(dir string) error { return os.Rename(filepath.Join(dir, "draw/1"), filepath.Join(dir, "draw/0")) })
	form("large number", write("checkpoints/9007199254740992"))
	form("fourth file", write("files/"+fmt.Sprintf("%064d", 0)))
	return cases
}
