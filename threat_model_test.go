package fairlot_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

const threatModel = "docs/THREAT_MODEL.md"

var (
	// testName is a Go test, with or without its package: server.TestX or TestX.
	testName = regexp.MustCompile(`(?:([a-z][a-z0-9/]*)\.)?\b((?:Test|Fuzz)[A-Z0-9]\w*)`)
	// scriptName is a story or a program that checks: a path from the root, or
	// a file name that is somewhere in the tree.
	scriptName = regexp.MustCompile("`([\\w./-]+\\.(?:py|sh|txtar|txt))`")
	testFunc   = regexp.MustCompile(`^func ((?:Test|Fuzz)[A-Z0-9]\w*)\(`)
)

// threatRow is one row of a table whose last column names the tests.
type threatRow struct {
	line int
	what string // the first cell
	last string // the last cell
}

// threatRows reads the rows of every table of a Markdown text whose last header
// cell speaks of tests.
func threatRows(text string) []threatRow {
	var rows []threatRow
	var table, counts bool
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			table = false
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		last := strings.TrimSpace(cells[len(cells)-1])
		switch {
		case !table:
			table, counts = true, strings.Contains(strings.ToLower(last), "test")
		case strings.Trim(line, "|-: ") == "":
		case counts:
			rows = append(rows, threatRow{line: i + 1, what: strings.TrimSpace(cells[0]), last: last})
		}
	}
	return rows
}

// tree is what a row may name: the folders that hold a test function, and files.
type tree struct {
	tests map[string][]string
	files map[string]bool // paths from the root, and bare names
}

func readTree(fsys fs.FS) (tree, error) {
	seen := tree{tests: map[string][]string{}, files: map[string]bool{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "node_modules", "third_party":
				return fs.SkipDir
			}
			return nil
		}
		seen.files[name], seen.files[path.Base(name)] = true, true
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if m := testFunc.FindStringSubmatch(lines.Text()); m != nil {
				seen.tests[m[1]] = append(seen.tests[m[1]], path.Dir(name))
			}
		}
		return lines.Err()
	})
	return seen, err
}

// missing returns one sentence for each name of the row that is not in the tree,
// or one if the row names nothing.
func (seen tree) missing(r threatRow) []string {
	var wrong []string
	names := 0
	for _, m := range testName.FindAllStringSubmatch(r.last, -1) {
		names++
		dirs := seen.tests[m[2]]
		found := len(dirs) > 0
		if m[1] != "" {
			found = false
			for _, dir := range dirs {
				found = found || dir == m[1] || strings.HasSuffix(dir, "/"+m[1])
			}
		}
		if !found {
			wrong = append(wrong, fmt.Sprintf("line %d (%s): no test %s", r.line, r.what, m[0]))
		}
	}
	for _, m := range scriptName.FindAllStringSubmatch(r.last, -1) {
		names++
		if !seen.files[strings.TrimPrefix(m[1], "./")] {
			wrong = append(wrong, fmt.Sprintf("line %d (%s): no file %s", r.line, r.what, m[1]))
		}
	}
	if names == 0 {
		wrong = append(wrong, fmt.Sprintf("line %d (%s): names no test", r.line, r.what))
	}
	return wrong
}

func TestThreatModelNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile(threatModel)
	if err != nil {
		t.Fatal(err)
	}
	rows := threatRows(string(text))
	if len(rows) == 0 {
		t.Fatalf("%s has no table whose last column is headed with the word test", threatModel)
	}
	seen, err := readTree(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for _, line := range seen.missing(r) {
			t.Errorf("%s: %s", threatModel, line)
		}
	}
}

func TestThreatRowsAreRead(t *testing.T) {
	rows := threatRows("text\n\n| who | power |\n|---|---|\n| a | b |\n\n| threat | answer | test |\n|---|---|---|\n| one | x | `draw.TestA`, TestB |\n| two | y | |\n| three | z | `spec/verify.py`, `gone.sh` |\n")
	if len(rows) != 3 || rows[0].what != "one" || rows[0].line != 9 {
		t.Fatalf("got rows %+v", rows)
	}
	seen := tree{tests: map[string][]string{"TestA": {"survey"}, "TestB": {"engine"}}, files: map[string]bool{"spec/verify.py": true}}
	for i, want := range []string{"no test draw.TestA", "names no test", "no file gone.sh"} {
		wrong := seen.missing(rows[i])
		if len(wrong) != 1 || !strings.Contains(wrong[0], want) {
			t.Errorf("row %s: got %q, want one line with %q", rows[i].what, wrong, want)
		}
	}
	seen.tests["TestA"] = append(seen.tests["TestA"], "draw")
	if wrong := seen.missing(rows[0]); len(wrong) != 0 {
		t.Errorf("row one: got %q", wrong)
	}
}
