package attack

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEngineTestsSeeMutants gives the engine's own tests an engine in which one promise is not kept: the test that is there for it must say so, in these words. In the same program in
// which nothing is broken all of them pass.
func TestEngineTestsSeeMutants(t *testing.T) {
	t.Parallel()
	mutants := []struct{ what, test, says string }{
		{"tax of who has not come", "TestTaxOpensPrizesAboveTheSum", `got <nil>, want DRAW_STATE`},
		{"an erasure behind the draw never comes", "TestErasureWaitsForTheDraw", `envelopes of entry [0-9a-f]{32} are kept`},
		{"a record stays unsigned", "TestUnsignedIsSignedLater", `the newest checkpoint is of 1 of 2 records`},
		{"an erasure leaves the identity", "TestEraseBeforeTheClose", `envelopes of entry [0-9a-f]{32} are kept`},
		{"staff erase whom no custodian opened", "TestErasedForCase", `three persons want it, and show nothing: <nil>`},
		{"an order comes while somebody is erased for a case", "TestErasedForCaseMeets", `three persons hold whom the daemon destroys: <nil>`},
		{"custodians put off once they know the round", "TestAmendNotCosigned", `got <nil>, want COSIGNATURE_INVALID`},
		{"an amend counts whenever it is cosigned", "TestAmendDeadline", `a cosignature 1s late puts a draw off`},
	}
	dir := t.TempDir()
	const release, forget, run, rows, cases = "engine/release.go", "engine/forget.go", "engine/run.go", "store/sqlite/erasures.go", "engine/caseerase.go"
	const void, amend = "engine/void.go", "engine/amend.go"
	overlay, err := overlay(dir, []edit{osIn(release), osIn(forget), osIn(run), osIn(rows), osIn(cases), osIn(void), osIn(amend),
		without(release, "|| !of.seats[seatKey{l.Stratum, int64(l.Rank)}]", "|| !of.seats[seatKey{l.Stratum, int64(l.Rank)}] && !(BROKEN)", mutants[0].what),
		without(forget, "	if err != nil || len(who) == 0 {\n", "	if err != nil || len(who) == 0 || BROKEN {\n", mutants[1].what),
		without(run, "	if !e.unsigned.Load() {\n", "	if !e.unsigned.Load() || BROKEN {\n", mutants[2].what),
		without(rows, "	if _, err := t.exec(\"UPDATE envelopes SET locks = x'', identity = NULL, ", "	identity := \"NULL\"\n	if BROKEN {\n		identity = \"identity\"\n	}\n"+
			"	if _, err := t.exec(\"UPDATE envelopes SET locks = x'', identity = \"+identity+\", ", mutants[3].what),
		without(cases, "	if draw.Person(row.Person) != person {\n", "	if draw.Person(row.Person) != person && !(BROKEN) {\n", mutants[4].what),
		without(cases, "	e.seatMu.Lock() // no order comes to hold the entrant meanwhile, and of two calls one leaves the line\n	defer e.seatMu.Unlock()\n",
			"	if !(BROKEN) {\n		e.seatMu.Lock()\n		defer e.seatMu.Unlock()\n	}\n", mutants[5].what),
		without(void, "			if then.rules.Round != d.rules.Round {\n", "			if then.rules.Round != d.rules.Round && !(BROKEN) {\n", mutants[6].what),
		without(amend, "		met, by := ev.policy.InTime(ev.checkpoints, l.index, x.deadline.Unix())\n",
			"		until := x.deadline\n		if BROKEN {\n			until = until.AddDate(1, 0, 0)\n		}\n		met, by := ev.policy.InTime(ev.checkpoints, l.index, until.Unix())\n", mutants[7].what),
	})
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "engine.test")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, "fairlot/engine").CombinedOutput(); err != nil {
		t.Fatalf("build the engine's tests: %v\n%s", err, out)
	}
	tests := func(broken, names string) (string, error) {
		cmd := exec.Command(program, "-test.run", "^("+names+")$", "-test.v")
		cmd.Dir, cmd.Env = filepath.Join("..", "engine"), append(os.Environ(), "FAIRLOT_BROKEN="+broken)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var all []string
	for _, m := range mutants {
		all = append(all, m.test)
	}
	out, err := tests("", strings.Join(all, "|"))
	if n := strings.Count(out, "--- PASS: "); err != nil || n != len(all) {
		t.Fatalf("nothing is broken, and %d of %d tests pass: %v\n%s", n, len(all), err, out)
	}
	for _, m := range mutants {
		out, err := tests(m.what, m.test)
		if err == nil || !strings.Contains(out, "--- FAIL: "+m.test) || !regexp.MustCompile(m.says).MatchString(out) || strings.Contains(out, "panic:") {
			t.Errorf("%s, and %s says: %v\n%s", m.what, m.test, err, out)
		}
	}
}
