package verify_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"fairlot/draw"
	"fairlot/draw/vectors"
	"fairlot/verify"
)

func bundles(t testing.TB) []vectors.Vector {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var list []vectors.Vector
	for _, v := range all {
		if v.Kind == "bundle" {
			list = append(list, v)
		}
	}
	if len(list) < 30 {
		t.Fatalf("only %d vectors of bundles", len(list))
	}
	return list
}

func byName(t testing.TB, name string) vectors.Vector {
	t.Helper()
	for _, v := range bundles(t) {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("no vector %s", name)
	panic("unreachable")
}

func mapFS(parts []vectors.Part) fstest.MapFS {
	m := fstest.MapFS{}
	for _, p := range parts {
		m[p.Path] = &fstest.MapFile{Data: p.Data}
	}
	return m
}

func options(v vectors.Vector) verify.Options {
	var o verify.Options
	for _, r := range v.Rounds {
		o.Rounds = append(o.Rounds, verify.Round{Chain: r.Chain, Round: r.Round, Signature: r.Signature})
	}
	return o
}

// run says what a verification came to, in the words of a vector's expect line.
func run(fsys fs.FS, o verify.Options) (string, *verify.Outcome, error) {
	files, err := verify.Folder(fsys)
	var out *verify.Outcome
	if err == nil {
		out, err = verify.Bundle(files, o)
	}
	return said(out, err), out, err
}

func said(out *verify.Outcome, err error) string {
	var step *verify.StepError
	switch {
	case errors.As(err, &step):
		return "1 " + step.Name
	case err != nil:
		return "error " + err.Error()
	}
	return fmt.Sprintf("%d %s", out.Status, out.Reason)
}

func TestVectors(t *testing.T) {
	for _, v := range bundles(t) {
		t.Run(v.Name, func(t *testing.T) {
			last := verify.Step{}
			o := options(v)
			o.Report = func(s verify.Step) {
				if s.Draw < last.Draw || s.Draw == last.Draw && s.N <= last.N {
					t.Errorf("step %v after %v", s, last)
				}
				last = s
			}
			got, out, err := run(mapFS(v.Parts), o)
			if got != v.Expect {
				t.Fatalf("%s\ngot %s (%v), want %s", v.About, got, err, v.Expect)
			}
			if out != nil {
				checkWants(t, v, out)
			}
		})
	}
}

func checkWants(t *testing.T, v vectors.Vector, out *verify.Outcome) {
	for key, want := range v.Want {
		got := ""
		var n int
		var what string
		if key == "open-hash" {
			got = out.OpenHash.String()
		} else if _, err := fmt.Sscanf(strings.Replace(key, "-", " ", 2), "draw %d %s", &n, &what); err != nil || n > len(out.Draws) {
			t.Fatalf("do not know what %q is", key)
		} else {
			d := out.Draws[n-1]
			switch what {
			case "seed":
				got = d.Seed.String()
			case "root":
				got = d.Root.String()
			case "ranking-hash":
				got = draw.HashOf(draw.MarshalRanking(d.Ranking)).String()
			case "audit":
				var ids []string
				for _, id := range d.Audit {
					ids = append(ids, id.String())
				}
				got = strings.Join(ids, ",")
			default:
				t.Fatalf("do not know what %q is", key)
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", key, got, want)
		}
	}
}
