// Package fairlot_test holds the checks that speak about the tree as a whole:
// who may import whom, and that the threat model names tests that exist.
package fairlot_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "fairlot"

// rule says what a package, and every package below it without a rule of its
// own, may import outside its tests. An entry of may ending in "/..." stands for
// the path and all below it. Each entry's value is the reason.
type rule struct {
	why string
	// std nil: all of the standard library. Otherwise only these.
	std map[string]string
	// notStd is refused even where std is nil.
	notStd map[string]string
	may    map[string]string
	// never must not be reached at all, not even through others.
	never map[string]string
}

// pure is what an auditor may be asked to trust: no context, clock, logger,
// network, database or randomness.
var pure = map[string]string{
	"bytes": "byte strings", "cmp": "comparing", "container/heap": "best n of many", "crypto/sha256": "the hash of SPEC",
	"embed": "tables shipped with the code", "encoding/base64": "canonical texts", "encoding/binary": "canonical bytes",
	"encoding/hex": "canonical texts", "encoding/json": "definitions and responses", "errors": "sentinel errors",
	"fmt": "error texts", "io": "reading what the caller opened", "iter": "sequences", "maps": "sorting keys",
	"math": "numbers", "math/big": "exact numbers", "math/bits": "wide products", "regexp": "patterns of answers",
	"slices": "sorting", "sort": "sorting", "strconv": "canonical numbers", "strings": "text", "sync": "tables made once",
	"time": "calendar dates as values; TestPurePackagesReadNoClock refuses the clock", "unicode": "text rules",
	"unicode/utf16": "lengths as a browser counts them", "unicode/utf8": "text rules",
}

// noWorld is what a check of bytes has no use for.
var noWorld = map[string]string{
	"os": "the caller opens files", "os/exec": "runs nothing", "net": "works offline", "net/http": "works offline",
	"database/sql": "needs no database", "log": "results are values", "log/slog": "results are values",
	"crypto/rand": "the same bytes give the same verdict", "math/rand": "the same bytes give the same verdict",
	"math/rand/v2": "the same bytes give the same verdict", "context": "nothing to cancel",
}

var drivers = map[string]string{
	"modernc.org/sqlite/...":     "a database driver",
	"github.com/jackc/pgx/...":   "a database driver",
	"fairlot/store/sqlite/...":   "links a database driver",
	"fairlot/store/postgres/...": "links a database driver",
}

func with(base map[string]string, more ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range append([]map[string]string{base}, more...) {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// rules is the table "who may import whom". A package without a rule fails.
var rules = map[string]rule{
	"draw": {
		why: "what an auditor imports must be this small",
		std: with(pure, map[string]string{"runtime": "how many processors there are", "sync/atomic": "parts of a list, each taken once"}),
		may: map[string]string{
			"golang.org/x/text/unicode/norm": "SPEC's texts are NFC, which the standard library cannot tell",
		},
		never: drivers,
	},
	"draw/vectors": {
		why: "plain files and the package that reads them",
		std: with(pure, map[string]string{"io/fs": "the embedded files", "path": "their names"}),
		may: map[string]string{"fairlot/draw": "the records that vectors are about"},
	},
	"survey":   {why: "the form's rules are recomputed by others", std: pure, never: drivers},
	"deadline": {why: "counts days; now is an argument", std: pure, never: drivers},
	"entrant":  {why: "what people type, as the texts of SPEC; now is an argument", may: map[string]string{"fairlot/crypto/tag": "the ID number's one form", "fairlot/draw": "what a text may hold", "golang.org/x/text/unicode/norm": "canonical names"}, never: drivers},

	"label": {why: "who is one person, for the daemon and for custodians alike", std: pure, may: map[string]string{"golang.org/x/text/unicode/norm": "width and composition do not tell persons apart"}, never: drivers},

	"crypto/seal":    {why: "one job, one library", may: map[string]string{"filippo.io/age/...": "envelopes are age files"}},
	"crypto/custody": {why: "one job", may: map[string]string{"filippo.io/age/...": "locks are age files", "github.com/cloudflare/circl/...": "secret sharing", "fairlot/crypto/seal": "the envelope whose key is split"}},
	"crypto/tag":     {why: "one job, one library", may: map[string]string{"golang.org/x/text/unicode/norm": "NFKC of ID numbers"}},
	"crypto/beacon":  {why: "one job, one library", may: map[string]string{"github.com/cloudflare/circl/...": "BLS signatures"}},
	"crypto/ledger":  {why: "one job", may: map[string]string{"fairlot/draw": "which points may be keys", "golang.org/x/mod/sumdb/...": "notes and tiles", "filippo.io/torchwood/...": "cosignatures"}},
	"crypto/receipt": {why: "one job, one library", may: map[string]string{"fairlot/draw": "the form of a key", "golang.org/x/mod/sumdb/note": "a receipt is a signed note"}},
	"crypto/trail":   {why: "one job, no library; an auditor's tool checks with it", notStd: noWorld},
	"crypto/keys":    {why: "one job, no library: files of one folder"},

	"verify": {
		why: "the whole check of a bundle, without I/O of its own", notStd: noWorld,
		may: map[string]string{
			"fairlot/draw": "records and ranking", "fairlot/crypto/beacon": "rounds", "fairlot/crypto/ledger": "the log", "fairlot/crypto/receipt": "receipts",
		},
		never: drivers,
	},

	"witness": {why: "one protocol, both sides: who keeps the state is another's business", notStd: map[string]string{"os": "the keeper writes files", "database/sql": "needs no database"},
		may: map[string]string{"fairlot/crypto/ledger": "heads, proofs and cosignatures"}, never: drivers},
	"monitor": {
		why: "judges a log from outside, without I/O of its own", notStd: noWorld,
		may: map[string]string{
			"fairlot/draw": "records", "fairlot/crypto/beacon": "rounds", "fairlot/crypto/ledger": "heads and cosignatures",
		},
		never: drivers,
	},

	"monitor/logtest": {why: "logs for tests, served as a daemon does", may: map[string]string{
		"fairlot/draw": "records", "fairlot/verify": "the writer of bundles", "fairlot/crypto/...": "keys of an operator", "golang.org/x/mod/sumdb/note": "the signer of the log",
	}, never: drivers},

	"store":           {why: "interfaces say what, not with what", notStd: map[string]string{"database/sql": "no engine shows through"}, never: drivers},
	"store/storetest": {why: "the contract, run on every engine", may: map[string]string{"fairlot/store": "the contract"}},
	"store/judge":     {why: "one rule for every engine, without world", notStd: noWorld, may: map[string]string{"fairlot/store": "entries and outcomes"}, never: drivers},
	"store/archive": {why: "the form in which rooms move between engines: SQL that both know, no driver", may: map[string]string{"fairlot/store": "the rooms"}, never: map[string]string{
		"modernc.org/sqlite/...": "a database driver", "github.com/jackc/pgx/...": "a database driver",
	}},
	"store/sqlite": {why: "one engine", may: map[string]string{
		"fairlot/store/archive": "moving to another engine",
		"fairlot/store/judge":   "what becomes of entries",
		"fairlot/store":         "the contract", "modernc.org/sqlite/...": "the driver", "github.com/pressly/goose/v3/...": "migrations",
	}},
	"store/postgres": {why: "one engine", may: map[string]string{
		"fairlot/store/archive": "moving to another engine",
		"fairlot/store/judge":   "what becomes of entries",
		"fairlot/store":         "the contract", "github.com/jackc/pgx/v5/...": "the driver", "github.com/pressly/goose/v3/...": "migrations",
	}},

	"engine": {
		why: "the life of a campaign, free of gRPC and SQL", notStd: map[string]string{"database/sql": "no SQL here", "net/http": "no transport here"},
		may: map[string]string{
			"fairlot/draw": "records and ranking", "fairlot/verify": "the one writer of bundles", "fairlot/monitor": "what the site says of the log", "fairlot/survey": "checking responses", "fairlot/deadline": "legal periods of cases", "fairlot/crypto/...": "sealing, tags, log, receipts", "fairlot/store": "the rooms", "fairlot/entrant": "what people type, as texts", "fairlot/label": "who is one person",
			"golang.org/x/text/unicode/norm": "canonical names", "golang.org/x/mod/sumdb/note": "the signer of log and receipts",
			"golang.org/x/sync/...": "waiting for several",
		},
		never: with(drivers, map[string]string{"google.golang.org/grpc/...": "codes are given at the edge only", "fairlot/gen/...": "the contract is translated at the edge"}),
	},

	"server": {
		why: "translates, and keeps the door", notStd: map[string]string{"database/sql": "no SQL here"},
		may: map[string]string{
			"fairlot/gen/...": "the contract", "fairlot/engine": "what it calls", "fairlot/crypto/trail": "the words of an outcome", "fairlot/entrant": "masks of names as codes", "fairlot/draw": "types", "fairlot/survey": "types", "fairlot/store": "types",
			"google.golang.org/...": "gRPC and protobuf", "github.com/grpc-ecosystem/grpc-gateway/v2/...": "REST",
			"buf.build/go/protovalidate/...": "rules on values", "buf.build/gen/...": "rules on values", "golang.org/x/sync/...": "waiting for several",
		},
		never: drivers,
	},
	"gen": {
		why: "made by the generators",
		may: map[string]string{
			"google.golang.org/...": "gRPC and protobuf", "github.com/grpc-ecosystem/grpc-gateway/v2/...": "REST", "buf.build/gen/...": "rules on values",
		},
		never: drivers,
	},
	"telemetry": {
		why: "counts and traces; it is handed numbers, and cannot reach what they are about",
		may: map[string]string{
			"github.com/prometheus/client_golang/...": "the text form and the registry of metrics", "go.opentelemetry.io/otel/...": "spans, and OTLP",
		},
		never: with(drivers, map[string]string{"fairlot/engine/...": "it is told numbers", "fairlot/store/...": "it is told numbers", "fairlot/gen/...": "it is told numbers"}),
	},
	"web": {why: "static files behind a handler: the standard library", never: drivers},

	"cmd/instant":  {why: "how both programs write a time for people: the standard library", never: drivers},
	"cmd/argument": {why: "what a command line named", may: map[string]string{"github.com/alecthomas/kong": "flags"}, never: drivers},
	"cmd/fairlotd": {
		why: "wires all",
		may: map[string]string{
			"fairlot/...": "wires all", "github.com/alecthomas/kong": "flags", "golang.org/x/sync/...": "running several servers",
			"golang.org/x/mod/sumdb/note": "keys of the log", "google.golang.org/grpc/...": "the server",
			"go.opentelemetry.io/otel": "where its exporter says that it cannot send",
		},
	},
	"cmd/fairlotd/demo": {
		why: "a story told through the public doors only",
		may: map[string]string{
			"fairlot/gen/...": "generated clients", "google.golang.org/...": "generated clients",
			"github.com/emersion/...": "the SMTP catcher", "github.com/cloudflare/circl/...": "the demonstration beacon's own chain",
			"github.com/mattn/go-isatty": "bars only on a terminal", "golang.org/x/sync/...": "waiting for several",
			"fairlot/draw": "s and r of an entrant, as a client", "fairlot/survey": "answers that fit", "fairlot/crypto/beacon": "the chain's format",
		},
		never: with(drivers, map[string]string{
			"fairlot/engine/...": "the story uses the doors, not the rooms behind", "fairlot/store/...": "the story uses the doors, not the rooms behind",
			"fairlot/server/...": "the story uses the doors, not the rooms behind",
		}),
	},
	"cmd/fairlot": {
		why: "the tool of staff, custodians and auditors",
		may: map[string]string{
			"fairlot/draw": "records", "fairlot/deadline": "the zone of the law's days", "fairlot/label": "who is one person, and what cannot be seen", "fairlot/entrant": "the identity on a card, as a text", "fairlot/survey": "checking definitions", "fairlot/crypto/...": "keys, locks, receipts", "fairlot/verify": "the check of a bundle", "fairlot/monitor": "the judgement of a log", "fairlot/witness": "the witness's side of its protocol", "fairlot/gen/...": "generated clients",
			"fairlot/cmd/fairlot/...":    "its own parts",
			"fairlot/cmd/argument":       "which flag named a file",
			"fairlot/cmd/instant":        "times for people",
			"github.com/alecthomas/kong": "flags", "github.com/wneessen/go-mail/...": "notices", "filippo.io/age/...": "custodians' identities",
			"github.com/mattn/go-isatty": "bars only on a terminal", "google.golang.org/...": "generated clients", "golang.org/x/mod/sumdb/...": "notes",
			"golang.org/x/text/...": "languages", "github.com/nicksnyder/go-i18n/v2/...": "languages", "filippo.io/torchwood/...": "cosignatures",
		},
		never: with(drivers, map[string]string{
			"database/sql": "the tool of auditors needs no database", "fairlot/engine/...": "staff come through the contract", "fairlot/store/...": "staff come through the contract",
			"fairlot/server/...": "staff come through the contract",
		}),
	},

	"tools": {why: "run by hand or by generate.sh, never shipped: the standard library"},
	"bench": {why: "measures all parts, never shipped", may: map[string]string{"fairlot/...": "measures it", "google.golang.org/...": "measures it", "github.com/...": "measures it", "golang.org/x/...": "measures it", "filippo.io/...": "measures it", "modernc.org/...": "measures it", "buf.build/...": "measures it"}},
}

type listed struct {
	ImportPath string
	Standard   bool
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string
}

// list runs go list on the patterns. Unfinished packages are listed too: their
// imports count all the same.
func list(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Standard,Dir,GoFiles,Imports,Deps"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

// ours lists the module's packages, without the root (tests only).
func ours(t *testing.T) []listed {
	all := list(t, "./...")
	return slices.DeleteFunc(all, func(p listed) bool {
		return p.ImportPath == module || strings.Contains(p.ImportPath, "/node_modules/")
	})
}

func covers(patterns map[string]string, path string) bool {
	for pattern := range patterns {
		base, tree := strings.CutSuffix(pattern, "/...")
		if path == base || tree && strings.HasPrefix(path, base+"/") {
			return true
		}
	}
	return false
}

// ruleOf finds the rule with the longest path at or above the package.
func ruleOf(path string) (rule, string, bool) {
	at := strings.TrimPrefix(path, module+"/")
	for {
		if r, ok := rules[at]; ok {
			return r, at, true
		}
		up := strings.LastIndexByte(at, '/')
		if up < 0 {
			return rule{}, "", false
		}
		at = at[:up]
	}
}

// broken returns one line for each import that the rule refuses.
func broken(r rule, at string, p listed, isStd func(string) bool) []string {
	var lines []string
	for _, path := range p.Imports {
		// Packages under one rule are one room. Only this module's paths have rules.
		_, under, _ := ruleOf(path)
		own := strings.HasPrefix(path, module+"/") && under == at
		_, refused := r.notStd[path]
		switch {
		case isStd(path) && refused:
			lines = append(lines, p.ImportPath+" imports "+path+": "+r.notStd[path])
		case isStd(path) && r.std != nil && !covers(r.std, path):
			lines = append(lines, p.ImportPath+" imports "+path+", which is not in its allow-list: "+r.why)
		case !isStd(path) && !covers(r.may, path) && !(own && r.std == nil):
			lines = append(lines, p.ImportPath+" imports "+path+": "+r.why)
		}
	}
	for _, path := range p.Deps {
		if covers(r.never, path) {
			lines = append(lines, p.ImportPath+" reaches "+path+", which it must never")
		}
	}
	return lines
}

func stdNames(t *testing.T) func(string) bool {
	names := map[string]bool{"C": true, "unsafe": true}
	for _, p := range list(t, "std") {
		names[p.ImportPath] = true
	}
	return func(path string) bool { return names[path] }
}

func TestWhoMayImportWhom(t *testing.T) {
	isStd := stdNames(t)
	packages := ours(t)
	if len(packages) == 0 {
		t.Fatal("go list found no package")
	}
	for _, p := range packages {
		if len(p.GoFiles) == 0 {
			continue
		}
		r, at, ok := ruleOf(p.ImportPath)
		if !ok {
			t.Errorf("%s has no rule: say in this table what it may import and why", p.ImportPath)
			continue
		}
		for _, line := range broken(r, at, p, isStd) {
			t.Error(line)
		}
	}
}

// TestRulesCanRefuse shows that the table bites, and that it speaks of what is here.
func TestRulesCanRefuse(t *testing.T) {
	isStd := stdNames(t)
	for _, c := range []struct{ pkg, imports, deps string }{
		{"fairlot/draw", "crypto/rand", ""},
		{"fairlot/draw", "fairlot/survey", ""},
		{"fairlot/survey", "golang.org/x/text/unicode/norm", ""},
		{"fairlot/crypto/receipt", "fairlot/crypto/ledger", ""},
		{"fairlot/verify", "net/http", ""},
		{"fairlot/store", "fairlot/store/sqlite", ""},
		{"fairlot/engine", "google.golang.org/grpc/codes", ""},
		{"fairlot/engine", "", "modernc.org/sqlite"},
		{"fairlot/server", "fairlot/store/sqlite", ""},
		{"fairlot/server", "github.com/prometheus/client_golang/prometheus", ""},
		{"fairlot/engine", "go.opentelemetry.io/otel/trace", ""},
		{"fairlot/telemetry", "", "fairlot/store"},
		{"fairlot/cmd/fairlot", "", "database/sql"},
		{"fairlot/cmd/fairlotd/demo", "fairlot/engine", ""},
	} {
		r, at, ok := ruleOf(c.pkg)
		if !ok {
			t.Errorf("%s has no rule", c.pkg)
			continue
		}
		p := listed{ImportPath: c.pkg}
		if c.imports != "" {
			p.Imports = []string{c.imports}
		}
		if c.deps != "" {
			p.Deps = []string{c.deps}
		}
		if len(broken(r, at, p, isStd)) == 0 {
			t.Errorf("%s may import %s%s", c.pkg, c.imports, c.deps)
		}
	}
}

// clock names what reads or waits for the time of day.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

func TestPurePackagesReadNoClock(t *testing.T) {
	for _, p := range list(t, "./draw", "./survey", "./deadline", "./verify", "./monitor", "./store/judge") {
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Errorf("parse %s: %v", name, err)
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, sel.Sel.Name) {
					t.Errorf("%s/%s calls time.%s: now is an argument", p.ImportPath, name, sel.Sel.Name)
				}
				return true
			})
		}
	}
}
