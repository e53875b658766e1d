package attack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOperatorsLiesSeeMutants gives the operator's lies verifiers, a receipt's check and a monitor in which one check is left out: some lie must get past each, or an honest bundle fail, and none
// in the same program in which nothing is broken. The short form takes some of the checks, FAULT_LIES in the environment all.
func TestOperatorsLiesSeeMutants(t *testing.T) {
	t.Parallel()
	const policy, check, steps, history, list, earlier, receipt, heads = "crypto/ledger/policy.go", "verify/verify.go", "verify/draw.go", "verify/history.go", "draw/list.go", "verify/earlier.go", "verify/receipt.go", "monitor/heads.go"
	mutants := []struct {
		short          bool
		what           string
		file, from, to string
	}{
		{true, "cosignatures are not verified", policy, "cosignatureTime(p.Witnesses[i].Key, c.Text(), l)\n", "cosignatureTime(p.Witnesses[i].Key, c.Text(), l)\n		ok = ok || BROKEN\n"},
		{true, "any time is in time", policy, "t <= uint64(deadline) })", "(t <= uint64(deadline) || BROKEN) })"},
		{false, "no quorum is needed", policy, "	return met[p.quorum]\n", "	return met[p.quorum] || BROKEN\n"},
		{false, "the log's end is not signed", check, "	if !whole {\n", "	if !whole && !(BROKEN) {\n"},
		{false, "a policy for another log", check, "; got != c.rules.Log {\n", "; got != c.rules.Log && !(BROKEN) {\n"},
		{false, "quicknet's name is enough", check, "if chain.Hash == pinned.Hash && chain != pinned {", "if chain.Hash == pinned.Hash && chain != pinned && !(BROKEN) {"},
		{true, "a second close is passed over", history, "		if d.Close != nil {\n			return bad(\"a second", "		if BROKEN && d.Close != nil {\n			return nil\n		}\n		if d.Close != nil {\n			return bad(\"a second"},
		{false, "what is put off too late counts", history, "d.Deadline.Unix()); met {", "d.Deadline.Unix()); met || BROKEN {"},
		{false, "no round refutes that a beacon is dead", history, "	return met && !alive, may", "	alive = alive && !(BROKEN)\n	return met && !alive, may"},
		{false, "lists above the register", steps, "count.Ranked() > c.rules.Register {", "count.Ranked() > c.rules.Register && !(BROKEN) {"},
		{false, "an id may stand twice", list, "	if c.started && !id.after(&c.last) {", "	if c.started && !id.after(&c.last) && !(BROKEN) {"},
		{false, "winners of earlier draws stay in", earlier, "		if leaf.Chances > 0 {", "		if leaf.Chances > 0 && BROKEN {\n			return nil\n		}\n		if leaf.Chances > 0 {"},
		{false, "a list may be closed before who won is known", earlier, "!c.settledBefore(e, d) {", "!c.settledBefore(e, d) && !(BROKEN) {"},
		{false, "any void settles an earlier draw", earlier, "&& (v.inTime || ", "&& (v.inTime || BROKEN || "},
		{false, "a dead beacon needs no witnesses to settle an earlier draw", earlier, "&& c.policy.SinceBefore(c.cps, v.index, dead, d.closeIndex)", "&& (BROKEN || c.policy.SinceBefore(c.cps, v.index, dead, d.closeIndex))"},
		{false, "anybody is counted as an earlier winner", earlier, "	if counted != int64(len(won)) {", "	if counted != int64(len(won)) && !(BROKEN) {"},
		{false, "the root is not compared", steps, "d.Root != d.Close.Root {", "d.Root != d.Close.Root && !(BROKEN) {"},
		{false, "signatures of rounds are not verified", steps, "d.Result.Signature[:]); err != nil {", "d.Result.Signature[:]); err != nil && !(BROKEN) {"},
		{false, "the result may be of another close", steps, "	if d.Result.Close != d.CloseHash {", "	if d.Result.Close != d.CloseHash && !(BROKEN) {"},
		{false, "any seed", steps, "	if d.Seed != d.Result.Seed {", "	if d.Seed = d.Result.Seed; !(BROKEN) && draw.SeedOf(d.CloseHash, d.Result.Signature) != d.Seed {"},
		{true, "rankings are not compared", steps, "	if !bytes.Equal(got, want) {", "	if BROKEN {\n		want = got\n	}\n	if !bytes.Equal(got, want) {"},
		{false, "anybody is called", steps, "seats.Apply(r); err != nil {\n			return failedBy(12, d.N", "seats.Apply(r); err != nil && !(BROKEN) {\n			return failedBy(12, d.N"},
		{false, "openings are not counted", steps, "if d.Opened[o.Purpose] > limit {", "if d.Opened[o.Purpose] > limit && !(BROKEN) {"},
		{false, "receipts agree with any chances", receipt, "	case ds.Counted && r.Chances > 0 && ds.Leaf.Chances != r.Chances:", "	case ds.Counted && r.Chances > 0 && ds.Leaf.Chances != r.Chances && !(BROKEN):"},
		{false, "receipts agree with any person", receipt, "	case [32]byte(ds.Leaf.Person) != r.Person:", "	case [32]byte(ds.Leaf.Person) != r.Person && !(BROKEN):"},
		{false, "a monitor that sees no fork", heads, "	case tree.Extends(before.Size, before.Root) != nil:", "	case tree.Extends(before.Size, before.Root) != nil && !(BROKEN):"},
	}
	var edits []edit
	for _, file := range []string{policy, check, steps, history, list, earlier, receipt, heads} {
		edits = append(edits, osIn(file))
	}
	for _, m := range mutants {
		edits = append(edits, without(m.file, m.from, m.to, m.what))
	}
	dir := t.TempDir()
	overlay, err := overlay(dir, edits)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "verify.test")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, "fairlot/verify").CombinedOutput(); err != nil {
		t.Fatalf("build the tests of verify: %v\n%s", err, out)
	}
	tells := func(broken string, n int) (string, error) {
		cmd := exec.Command(program, "-test.run", "^TestOperatorsLies$", "-test.v")
		cmd.Dir, cmd.Env = filepath.Join("..", "verify"), append(os.Environ(), fmt.Sprintf("FAULT_LIES=%d", n), "FAIRLOT_BROKEN="+broken)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := tells("", 200); err != nil || !strings.Contains(out, "--- PASS: TestOperatorsLies") {
		t.Fatalf("nothing is broken, and the lies say: %v\n%s", err, out)
	}
	for _, m := range mutants {
		if !m.short && os.Getenv("FAULT_LIES") == "" {
			continue
		}
		out, err := tells(m.what, 4000)
		if err == nil || !strings.Contains(out, "--- FAIL: TestOperatorsLies") || !strings.Contains(out, ": mutant ") && !strings.Contains(out, " does not hold: ") || strings.Contains(out, "panic:") {
			t.Errorf("%s, and no lie gets past: %v\n%s", m.what, err, out)
		}
	}
}
