package fairlot_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notRaced are tests of the engine that start goroutines in which nothing meets that does not meet in the others.
var notRaced = []string{
	"TestTwoHoldersAtEachStep", // one holder stands still while the other goes on
}

// TestRacedTestsAreListed: a test of the engine that starts a goroutine stands in check.sh's list of those that the race detector looks at, and each of that list exists.
func TestRacedTestsAreListed(t *testing.T) {
	script, err := os.ReadFile("check.sh")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^MEET='\^Test\((.*)\)\$'$`).FindSubmatch(script)
	if list == nil {
		t.Fatal("check.sh has no list MEET")
	}
	listed := strings.Split(string(list[1]), "|")
	there, starting := engineTests(t)
	for _, name := range starting {
		if !slices.Contains(listed, strings.TrimPrefix(name, "Test")) && !slices.Contains(notRaced, name) {
			t.Errorf("%s starts a goroutine: add it to MEET in check.sh, or to notRaced with a reason", name)
		}
	}
	for _, name := range listed {
		if !there["Test"+name] {
			t.Errorf("check.sh's MEET names Test%s, which the engine does not have", name)
		}
	}
	if len(starting) < 10 {
		t.Errorf("only %d tests that start goroutines were found: this test is worth nothing", len(starting))
	}
}

// engineTests are the engine's tests, and those of them that start a goroutine themselves.
func engineTests(t *testing.T) (there map[string]bool, starting []string) {
	there = map[string]bool{}
	files, err := filepath.Glob("engine/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			there[f.Name.Name] = true
			if startsGoroutine(f.Body) {
				starting = append(starting, f.Name.Name)
			}
		}
	}
	return there, starting
}

func startsGoroutine(body *ast.BlockStmt) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.GoStmt:
			found = true
		case *ast.CallExpr:
			s, ok := x.Fun.(*ast.SelectorExpr)
			found = found || ok && s.Sel.Name == "Go" // of a sync.WaitGroup or an errgroup.Group
		}
		return true
	})
	return found
}
