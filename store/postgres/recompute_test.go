package postgres

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fairlot/draw/vectors"
)

// TestRankingInSQL runs the SQL of VERIFY on the vector of SPEC's example, and on a list with a chance more.
func TestRankingInSQL(t *testing.T) {
	t.Parallel()
	skipWithout(t)
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("CANNOT run the SQL of VERIFY: there is no psql here")
	}
	text, err := os.ReadFile("../../docs/VERIFY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n```sql\n")
	query, _, found := strings.Cut(rest, "\n```\n")
	if !found {
		t.Fatal("VERIFY has no SQL")
	}
	dir := t.TempDir()
	put := func(name string, b []byte) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, v := range all {
		if v.Name == "worked-example" {
			for _, p := range v.Parts {
				parts[p.Path] = p.Data
			}
		}
	}
	list := bytes.Clone(parts["draw/1/entrants.bin"])
	put("ranking.sql", []byte(query))
	put("result", parts["log.bin"][1656:1656+425]) // as in SPEC, section 10
	ask := func() string {
		t.Helper()
		put("bundle/draw/1/entrants.bin", list)
		cmd := exec.Command(psql, "-X", "-At", "-v", "ON_ERROR_STOP=1", "-f", "ranking.sql", shared.admin.Registry)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	if got, want := ask(), string(parts["draw/1/ranking.txt"]); got != want {
		t.Errorf("the SQL ranks\n%s\nwant\n%s", got, want)
	}
	list[19] = 7 // seven chances for the loser, who wins by the last
	if got := ask(); got == string(parts["draw/1/ranking.txt"]) {
		t.Error("the SQL does not look at chances")
	}
}
