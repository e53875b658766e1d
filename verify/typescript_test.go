package verify_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// sameHashing hashes as verifying a list must, with Node's own SHA-256, and does nothing else: a leaf and a node of the tree for each
// entrant, and a score for each chance.
const sameHashing = `
const { hash } = require("node:crypto");
const [leaves, scores] = process.argv.slice(1).map(Number);
const leaf = Buffer.alloc(53), node = Buffer.alloc(65), score = Buffer.alloc(52);
for (let i = 0; i < leaves; i++) { leaf.writeUInt32BE(i, 1); hash("sha256", leaf, "buffer"); node.writeUInt32BE(i, 1); hash("sha256", node, "buffer"); }
for (let i = 0; i < scores; i++) { score.writeUInt32BE(i, 32); hash("sha256", score, "buffer"); }
`

// TestTypeScriptLongList verifies a made list that is read in several pieces, and one with a chance altered in its last piece. With
// TIME_RUNS it takes the processor time of verifying against the same hashing in Node, both less the program's start, TIME_ENTRANTS long (docs/PERFORMANCE.md),
// and leaves the bundle in the file TIME_BUNDLE for web.TestBrowserVerifies.
func TestTypeScriptLongList(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("THE TYPESCRIPT VERIFIER IS NOT RUN: there is no node here")
	}
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	entrants, runs := number("TIME_ENTRANTS", 11_000), number("TIME_RUNS", 0)
	s := makeScene(t, entrants)
	good := s.tar(t)
	file := filepath.Join(t.TempDir(), "made.tar")
	verifies := func(bundle []byte, want string) {
		t.Helper()
		if err := os.WriteFile(file, bundle, 0o600); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.Command(node, "../web/verify.mjs", file).CombinedOutput()
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("want %q, got %s", want, out)
		}
	}
	altered := bytes.Clone(good)
	at := bytes.Index(altered, s.entrants[len(s.entrants)-52:])
	altered[at+51] ^= 1
	verifies(altered, "verify: FAILED at step 8 root, draw 1: ")
	copy(altered[at:], altered[at-52:at])
	verifies(altered, fmt.Sprintf("verify: FAILED at step 7 entrants, draw 1: line %d: ", entrants))
	verifies(good, "verify: ok (another chain than quicknet")
	if name := os.Getenv("TIME_BUNDLE"); name != "" {
		if err := os.WriteFile(name, good, 0o600); err != nil {
			t.Error(err)
		}
	}

	scores := 0
	for _, l := range s.leaves {
		scores += int(l.Chances)
	}
	var ratios []float64
	var ours, bare []time.Duration
	for range runs {
		took := func(args ...string) time.Duration {
			cmd := exec.Command(node, args...)
			_ = cmd.Run() // its status is 3
			return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		}
		v := took("../web/verify.mjs", file) - took("../web/verify.mjs", file+".none")
		h := took("-e", sameHashing, strconv.Itoa(entrants), strconv.Itoa(scores)) - took("-e", "0")
		ours, bare, ratios = append(ours, v), append(bare, h), append(ratios, float64(v)/float64(h))
	}
	if runs > 0 {
		slices.Sort(ours)
		slices.Sort(bare)
		slices.Sort(ratios)
		t.Logf("%d entrants, %d chances, %d runs: verify %v, hashing %v, ratio %.2f (%.2f to %.2f)", entrants, scores, runs,
			ours[runs/2].Round(time.Millisecond), bare[runs/2].Round(time.Millisecond), ratios[runs/2], ratios[0], ratios[runs-1])
	}
}
