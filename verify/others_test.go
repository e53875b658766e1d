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
	"strconv"
	"strings"
	"testing"

	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	"fairlot/draw/vectors"
	"fairlot/verify"
)

// otherCase is one line of the input of spec/outcomes.py and of `verify.mjs --cases`.
type otherCase struct {
	name  string            // for people
	Kind  string            `json:"kind"`
	Parts map[string][]byte `json:"parts"`
	Have  map[string]string `json:"have"`
	Known [][3]any          `json:"known"`
	Round [][3]any          `json:"round"`
	given []vectors.Round
}

func caseOf(v vectors.Vector) otherCase {
	c := otherCase{name: v.Name, Kind: v.Kind, Parts: map[string][]byte{}, Have: v.Have, given: v.Rounds}
	for _, p := range v.Parts {
		c.Parts[p.Path] = append([]byte{}, p.Data...) // nil would not be base64 in the case's JSON
	}
	for from, to := range map[*[]vectors.Round]*[][3]any{&v.Known: &c.Known, &v.Rounds: &c.Round} {
		for _, r := range *from {
			*to = append(*to, [3]any{hex.EncodeToString(r.Chain[:]), r.Round, hex.EncodeToString(r.Signature)})
		}
	}
	return c
}

// with is a copy of the case with other parts; change may do what it likes with them.
func (c otherCase) with(name string, change func(parts map[string][]byte)) otherCase {
	c.name += ": " + name
	c.Parts = maps.Clone(c.Parts)
	change(c.Parts)
	return c
}

func (c otherCase) vector() vectors.Vector {
	v := vectors.Vector{Name: c.name, Kind: c.Kind, Have: c.Have, Rounds: c.given}
	for _, path := range slices.Sorted(maps.Keys(c.Parts)) {
		v.Parts = append(v.Parts, vectors.Part{Path: path, Data: c.Parts[path]})
	}
	return v
}

// goOutcome is what this tree's programs make of a case, in the words of a vector's expect.
func goOutcome(t *testing.T, c otherCase) string {
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

// other is a verifier that shares no code with this package. It was written from SPEC alone.
type other struct {
	name    string
	program string
	args    []string
	sources string // a pattern: go test runs this again when they change
}

var others = []other{
	{"Python", "python3", []string{"-B", "../spec/outcomes.py"}, "../spec/*.py"},
	{"TypeScript", "node", []string{"../web/verify.mjs", "--cases"}, "../web/verify.mjs"},
}

// TestTypeScriptVectors runs all vectors in the TypeScript verifier, outcomes and values. The Python verifier has a step of check.sh.
func TestTypeScriptVectors(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("THE TYPESCRIPT VERIFIER IS NOT RUN: there is no node here")
	}
	if _, err := os.ReadFile("../web/verify.mjs"); err != nil { // so that go test runs this again when it changes
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd := exec.Command(node, "../web/verify.mjs", "--vectors", "../draw/vectors")
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v\n%s", err, errs.String())
	}
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	slices.SortFunc(all, func(a, b vectors.Vector) int { return strings.Compare(a.Name, b.Name) })
	for _, v := range all {
		fmt.Fprintf(&want, "%s: %s\n", v.Name, v.Expect)
	}
	if got := string(out); got != want.String() {
		t.Errorf("the TypeScript verifier says\n%s", got)
	}
}

// outcomes runs all cases in one process.
func (o other) outcomes(t *testing.T, cases []otherCase) []string {
	t.Helper()
	program, err := exec.LookPath(o.program)
	if err != nil {
		t.Skipf("NOT COMPARED WITH THE %s VERIFIER: there is no %s here", strings.ToUpper(o.name), o.program)
	}
	sources, err := filepath.Glob(o.sources)
	if err != nil || len(sources) == 0 {
		t.Fatalf("the %s verifier is not there: %v", o.name, err)
	}
	for _, s := range sources {
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
	cmd := exec.Command(program, o.args...)
	cmd.Stdin, cmd.Stderr = &in, &errs
	cmd.Env = append(os.Environ(), "PYTHONUTF8=1")
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Errorf("%s: %v\n%s", o.name, err, errs.String())
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(cases) {
		t.Fatalf("%s: %d outcomes for %d cases", o.name, len(lines), len(cases))
	}
	return lines
}

// TestVerifiersAgree compares this package with the two verifiers that share no code with it, over altered vectors,
// archives and folders. Who is right where they differ, SPEC must say. FAULT_MUTANTS is about how many are altered.
func TestVerifiersAgree(t *testing.T) {
	times := 1
	if s := os.Getenv("FAULT_MUTANTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		times = max(1, (n+699)/700) // so many are made by dice in one go
	}
	rnd := rand.New(rand.NewPCG(20230823, 1001))
	var cases []otherCase
	cases = append(cases, byteMutants(t, rnd, 120*times)...)
	cases = append(cases, signedMutants(t, rnd, 200*times)...)
	cases = append(cases, lineMutants(t)...)
	cases = append(cases, unitMutants(t, rnd, 260*times)...)
	cases = append(cases, keyMutants(rnd, 80*times)...)
	cases = append(cases, tarMutants(t, rnd, 40*times)...)
	cases = append(cases, folderForms(t)...)
	cases = append(cases, operatorsLies(t, 1<<32, 30*times)...)
	if len(cases) < 700*times+300 {
		t.Errorf("%d cases only", len(cases))
	}
	seen := map[string]int{}
	ours := make([]string, len(cases))
	for i, c := range cases {
		ours[i] = goOutcome(t, c)
		seen[ours[i]]++
	}
	// A comparison that never gets past the first steps would be worth little.
	for _, outcome := range append([]string{"0 proven", "3 drawn", "3 witness", "ok", "fail"}, stepOutcomes()...) {
		if seen[outcome] == 0 {
			t.Errorf("no case comes to %s: %v", outcome, seen)
		}
	}
	t.Logf("%d cases: %v", len(cases), seen)
	for _, o := range others {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			bad := 0
			for i, theirs := range o.outcomes(t, cases) {
				if ours[i] == theirs {
					continue
				}
				if bad++; bad <= 20 {
					t.Errorf("%s %s: Go says %s, %s says %s", cases[i].Kind, cases[i].name, ours[i], o.name, theirs)
				}
			}
			if bad > 0 {
				t.Errorf("%d of %d cases differ", bad, len(cases))
			}
			t.Logf("%s: %d cases compared", o.name, len(cases))
		})
	}
}

// TestTypeScriptStatus: the exit status of the program, for an archive, a folder and what is no bundle at all (cmd/fairlot and
// spec/test_verify.py have the same for theirs).
func TestTypeScriptStatus(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("THE TYPESCRIPT VERIFIER IS NOT RUN: there is no node here")
	}
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, name := range []string{"worked-example", "close-late", "ranking-hash"} {
		for _, p := range byName(t, name).Parts {
			put(filepath.Join(name, p.Path), p.Data)
		}
	}
	good := archiveOf(t, byName(t, "worked-example"))
	steers := bytes.Clone(good) // a terminal, if its first member's name were shown as it is
	copy(steers, "\x1b[2Jx\x00\x00\x00")
	mendSum(steers)
	if err := os.Mkdir(filepath.Join(dir, "void"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{put("good.tar", good)}, 0, "verify: ok\n"},
		{[]string{filepath.Join(dir, "worked-example")}, 0, "verify: ok\n"},
		{[]string{filepath.Join(dir, "close-late")}, 3, "verify: ok (not confirmed from outside in time)\n"},
		{[]string{filepath.Join(dir, "ranking-hash")}, 1, "verify: FAILED at step 11 ranking, draw 1: the result names another ranking file\n"},
		{[]string{put("steers.tar", steers)}, 1, "verify: FAILED at step 1 bundle: \\u{1b}[2Jx does not belong in a bundle\n"},
		{[]string{put("cut.tar", good[:len(good)-2000])}, 1, "verify: FAILED at step 1 bundle: "},
		{[]string{put("zeros.tar", append(append(make([]byte, 257), "ustar"...), make([]byte, 1000)...))}, 1, "FAILED at step 1 bundle"},
		{[]string{put("none", nil)}, 2, "no bundle"},
		{[]string{put("text", bytes.Repeat([]byte("a line\n"), 300))}, 2, "no bundle"},
		{[]string{filepath.Join(dir, "void")}, 2, "no bundle"},
		{[]string{filepath.Join(dir, "nothing")}, 2, "nothing"},
		{nil, 2, "usage"},
		{[]string{"--quick", dir}, 2, "usage"},
		{[]string{dir, dir}, 2, "usage"},
		{[]string{"--round-signature", "1:2:3", dir}, 2, "lower-case"},
	} {
		cmd := exec.Command(node, append([]string{"../web/verify.mjs"}, c.args...)...)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(out), c.says) {
			t.Errorf("%q: status %d, %v, %s", c.args, code, err, out)
		}
	}
}

func stepOutcomes() (list []string) {
	for _, name := range verify.Steps() {
		list = append(list, "1 "+name)
	}
	return list
}

func pick[T any](rnd *rand.Rand, list []T) T { return list[rnd.IntN(len(list))] }

// folderForms lie on the disk, where a link is a link.
func folderForms(t *testing.T) []otherCase {
	var cases []otherCase
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
