package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlot/crypto/ledger"
)

func TestReadWitnesses(t *testing.T) {
	t.Parallel()
	_, log, err := ledger.GenerateLogKey("log.example.org")
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := ledger.GenerateLogKey("log.example.com")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for i := range 2 {
		_, k, err := ledger.GenerateCosigner(fmt.Sprintf("witness-%d.example", i))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	a, b := "witness a "+keys[0]+" https://a.example/w/\n", "witness b "+keys[1]+"\thttp://127.0.0.1:1\n"
	path := filepath.Join(t.TempDir(), "witnesses")
	for text, want := range map[string]string{ // the policy, or what the error says
		a + "quorum none\n": "quorum none",
		"# ours\n\n" + a + b + "group g 1 a b\n quorum g\r\n": "group g 1 a b\nquorum g",
		"log " + log + "\n" + a + "quorum a\n":                "quorum a",
		"log " + other + "\n" + a + "quorum a\n":              "line 1: it is for another log",
		a:                                                     "no quorum line",
		"":                                                    "no quorum line",
		"witness a " + keys[0] + "\n":                         "line 1: want `witness NAME VKEY URL`",
		a + "witness b " + keys[1] + " ftp://x\nquorum a\n":                                     "line 2: \"ftp://x\" is no address",
		a + "witness b x http://x\nquorum a\n":                                                  "line 2: read verifier key",
		a + a + "quorum a\n":                                                                    "stands twice",
		a + "witness b " + log + " http://x\nquorum a\n":                                        "algorithm 1, want 4",
		a + b + "group g 3 a b\nquorum g\n":                                                     "threshold is not 1 to the number of members",
		a + b + "group g 1 a c\nquorum g\n":                                                     "member is unknown",
		a + "quorum a\nquorum a\n":                                                              "out of order",
		strings.Repeat("# "+strings.Repeat("x", 1000)+"\n", 70) + a + "quorum none\n":           "longer than",
		"timestamp " + keys[0] + "\nquorum none\n":                                              "unknown line",
		"witness none " + keys[0] + " http://x\nquorum none\n":                                  "name is no code",
		"witness a " + keys[0] + " http://x?y\nquorum none\n":                                   "is no address",
		"witness a " + keys[0] + " http://x\nwitness a " + keys[1] + " http://y\nquorum none\n": "stands twice",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := readWitnesses(path, log)
		if err == nil && !strings.HasSuffix(w.policy.String(), want+"\n") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.200q: %v, want %s", text, err, want)
		}
		if err == nil && (len(w.all) != len(w.policy.Witnesses) || w.all[0].Name != "a" || w.all[0].URL != "https://a.example/w/") {
			t.Errorf("%.200q: asks %+v", text, w.all)
		}
	}
	if w, err := readWitnesses("", log); err != nil || w.policy != nil || len(w.all) > 0 {
		t.Errorf("none: %+v, %v", w, err)
	}
	if _, err := readWitnesses(path+".missing", log); err == nil || !strings.Contains(err.Error(), "--witnesses") {
		t.Errorf("a missing file: %v", err)
	}
}
