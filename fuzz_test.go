package fairlot_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// notFuzzed are the exported Parse functions without a Fuzz function of their own, and why.
var notFuzzed = map[string]string{
	"cmd/fairlot/custodian.ParseKey": "a line more than custody.ParseKey, and its file is the owner's own",
	"cmd/fairlot/scene.Parse":        "scenes of the tests alone",
	"cmd/fairlot/scene.ParseKinds":   "scenes of the tests alone",
	"crypto/custody.ParseRecipients": "age's parser, which has its own",
	"deadline.ParseDay":              "time.Parse",
	"draw/vectors.Parse":             "draw.FuzzParseVector",
	"engine.ParseCampaignID":         "one length of hex",
	"store/postgres.ParseDSNs":       "the operator's own file, one to three lines",
}

var (
	parseFunc = regexp.MustCompile(`(?m)^func (Parse\w*)\(`)
	fuzzBody  = regexp.MustCompile(`(?ms)^func Fuzz\w+\(.*?^}`)
)

// TestParsersAreFuzzed wants each exported Parse function to be called by a Fuzz function of its package, or to be named above. The seeds run with go test, and
// ./faults.sh fuzz goes on from there.
func TestParsersAreFuzzed(t *testing.T) {
	parsers, bodies, seen := map[string][]string{}, map[string]string{}, map[string]bool{}
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if name := e.Name(); path != "." && (name == "node_modules" || name == "gen" || name == "testdata" || strings.HasPrefix(name, ".")) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if strings.HasSuffix(path, "_test.go") {
			bodies[dir] += strings.Join(fuzzBody.FindAllString(string(text), -1), "\n")
			return nil
		}
		for _, m := range parseFunc.FindAllStringSubmatch(string(text), -1) {
			parsers[dir] = append(parsers[dir], m[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, names := range parsers {
		for _, name := range names {
			full := dir + "." + name
			_, excused := notFuzzed[full]
			fuzzed := regexp.MustCompile(`\b` + name + `\(`).MatchString(bodies[dir])
			seen[full] = true
			switch {
			case !fuzzed && !excused:
				t.Errorf("%s has no Fuzz function, and is not named in fuzz_test.go", full)
			case fuzzed && excused:
				t.Errorf("%s has a Fuzz function, and is named in fuzz_test.go", full)
			}
		}
	}
	for full := range notFuzzed {
		if !seen[full] {
			t.Errorf("%s is named in fuzz_test.go, and is not there", full)
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d parsers were found", len(seen))
	}
}
