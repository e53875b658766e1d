package verify_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	"fairlot/draw/vectors"
	"fairlot/monitor"
	"fairlot/verify"
)

// liesSeed and a number make a mutant; FAULT_LIE tells one of them again.
const liesSeed = 20261128

// mutantOf is mutant i: of the first, each kind of lie alone in each way of signing it; then one truth with one to three lies, of which only the last may break a rule.
func mutantOf(all []*truth, every []lie, i uint64) (c *cheat, told []lie) {
	rnd := rand.New(rand.NewPCG(liesSeed, i))
	ofLog := len(logLies())
	n, alone, first := 1, -1, uint64(len(every))*uint64(howManySignings)
	way := i * 7919 % first // each once, and not one kind after another
	if i < first {
		alone = int(way / uint64(howManySignings))
	} else {
		n += max(0, rnd.IntN(10)-7)
	}
	for range 100_000 {
		b := pick(rnd, all)
		c, told = newCheat(b, rnd), nil
		c.how = signing(rnd.IntN(int(howManySignings)))
		if alone >= 0 {
			c.how = signing(way % uint64(howManySignings))
		}
		for k := range n {
			var l lie
			switch {
			case alone >= 0:
				l = every[alone]
			case k < n-1:
				l = pick(rnd, every[:len(every)-ofLog])
			default:
				l = pick(rnd, every)
			}
			// Two lies together may be no third one: a seat more makes a winner of who held none, another seed makes other winners, and where other witnesses count other records do.
			if k < n-1 && (l.step != "" || l.how != nil) || n > 1 && (l.step == "replace" || l.step == "opened" || slices.Contains(aboutWinners, l.name)) || !l.tell(c) || k < n-1 && c.own {
				break
			}
			told = append(told, l)
			if l.how != nil && !slices.Contains(l.how, c.how) {
				c.how = pick(rnd, l.how)
			}
		}
		if len(told) < n {
			continue
		}
		// One more witness may complete a quorum that lacked one, late ones may confirm that a beacon is dead, and all in time what came too late: nothing of it is a lie.
		if c.how == fromTheStart && !b.settled || c.how == oneMore && (c.own || b.said != "0 proven") ||
			c.how == late && slices.ContainsFunc(b.out.Draws, func(d verify.Draw) bool { return d.Void == draw.ReasonBeaconDead }) {
			c.how = noWitness
		}
		if slices.ContainsFunc(told, func(l lie) bool { return l.how != nil && !slices.Contains(l.how, c.how) }) {
			continue
		}
		return c, told
	}
	panic("no truth about which it can be told")
}

func described(c *cheat, told []lie) string {
	var names []string
	for _, l := range told {
		names = append(names, l.name)
	}
	return fmt.Sprintf("%s; %s; signed with %s", c.name, strings.Join(names, " + "), c.how)
}

// fixed is what witnesses' cosignatures and the beacon leave nobody to choose.
func fixed(out *verify.Outcome) string {
	s := out.OpenHash.String()
	for _, d := range out.Draws {
		s += fmt.Sprintln(d.N, d.Round, d.Void, d.CloseHash, d.Root, d.Seed, draw.HashOf(draw.MarshalRanking(d.Ranking)))
	}
	return s
}

// What may become of a lie.
const (
	asItIs     = "proven: the same records"
	acts       = "proven: the same draw; what the operator did after it is told otherwise"
	takenBack  = "proven, without what witnesses saw later: the monitor and custodians' pins show it"
	otherTruth = "proven: seen by the campaign's witnesses before the draw, or by witnesses whom the operator made: heads that others keep, and receipts, show it"
)

// judge tells what became of a mutant; a complaint is a hole in a tool.
func (c *cheat) judge(told []lie) (class, complaint string) {
	parts := c.parts()
	v := c.vectorOf(parts)
	files, err := verify.Folder(mapFS(v.Parts))
	var out *verify.Outcome
	if err == nil {
		out, err = verify.Bundle(files, c.opts)
	}
	last := told[len(told)-1]
	var step *verify.StepError
	switch {
	case errors.As(err, &step):
		// Of several draws an earlier one may be refused at a later step, for another of the lies.
		if last.step != "" && step.Step > 1+slices.Index(verify.Steps(), last.step) && (len(told) == 1 || len(c.out.Draws) == 1) {
			return "", fmt.Sprintf("refused at %v only, want step %s", err, last.step)
		}
		// What the signatures are decides step 4; a lie alone that they do not show is named by its own step.
		void := slices.ContainsFunc(c.out.Draws, func(d verify.Draw) bool { return d.Void != "" }) // it needs its witnesses, for step 6
		if last.step != "" && len(told) == 1 && (c.how == fromTheStart || (c.how == noWitness || c.how == late) && !void) && step.Name != last.step {
			return "", fmt.Sprintf("refused at %v, want step %s", err, last.step)
		}
		return "refused at " + step.Name, ""
	case err != nil:
		return "", "error " + err.Error()
	case last.step != "":
		return "", fmt.Sprintf("%s, want step %s to refuse it", said(out, nil), last.step)
	}
	if who := c.unnoticed(files, out); who != "" {
		return "", who
	}
	if out.Status != verify.StatusProven {
		return "not proven: " + out.Reason, ""
	}
	records := splitLog(parts["log.bin"])
	now := headOf(int64(len(records)), records, parts[fmt.Sprintf("checkpoints/%d", len(records))])
	tree, err := ledger.NewTree(records...)
	if err != nil {
		return "", err.Error()
	}
	same := fixed(out) == fixed(c.out)
	// A follower with a monitor kept the newest head of the truth. What only a cut can take back a custodian's pin or a witness shows too: they kept the one that they cosigned.
	kept := c.newest
	if !same && c.how != fromTheStart && !c.own {
		kept = c.seen
	}
	extends := tree.Extends(kept.Size, kept.Root) == nil
	if found := monitor.Heads(kept, now, tree); (found == nil) != extends {
		return "", fmt.Sprintf("the monitor finds %v, and the log extends what was kept: %v", found, extends)
	}
	switch {
	case same && len(records) == len(c.truth.records) && extends:
		return asItIs, ""
	case same:
		return acts, ""
	case c.how == fromTheStart || c.own:
		if extends {
			return "", "proven with other claims, and the log extends what was kept: " + fixed(out)
		}
		return otherTruth, ""
	case c.said != "0 proven" || extends || out.OpenHash != c.out.OpenHash || !slices.EqualFunc(out.Draws, c.out.Draws, func(a, b verify.Draw) bool {
		return a.Close == nil || a.CloseHash == b.CloseHash
	}):
		return "", "PROVEN: " + fixed(out)
	}
	return takenBack, ""
}

func (c *cheat) vectorOf(parts map[string][]byte) vectors.Vector {
	v := vectors.Vector{Name: c.name, Kind: "bundle"}
	for _, path := range slices.Sorted(maps.Keys(parts)) {
		v.Parts = append(v.Parts, vectors.Part{Path: path, Data: parts[path]})
	}
	return v
}

// unnoticed says who was wronged and would not see it by a receipt.
func (c *cheat) unnoticed(files *verify.Files, out *verify.Outcome) string {
	for _, w := range c.wronged {
		if slices.Contains(c.lists[w.draw], w.leaf) {
			continue // a second lie put it right again
		}
		note := receiptOf(receipt.Receipt{Open: c.out.OpenHash, ID: w.leaf.ID, Person: w.leaf.Person, Stratum: w.leaf.Stratum, Chances: max(w.leaf.Chances, 1)})
		st, err := verify.Receipt(files, out, note)
		if err != nil {
			continue // missing, other than signed, or of another campaign
		}
		if d := st.Draws[w.draw-1]; d.Listed && d.Counted {
			return fmt.Sprintf("entrant %s was wronged, and the receipt agrees: %+v", w.leaf.ID, d)
		}
	}
	return ""
}

// receiptOf is a receipt under the vectors' receipt key.
func receiptOf(r receipt.Receipt) []byte {
	text, err := r.Text()
	if err != nil {
		panic(err)
	}
	return []byte(text + "\n" + noteLine(vectorOrigin+"/receipt", vectorOrigin+"/receipt", 1, []byte(text), nil))
}

// TestOperatorsLies: bundles in which an operator with the keys of log and receipts tells something falsely, and mends whatever hangs on it. Each is refused by the step
// that its lie breaks, or is not proven; what is proven has the same draw, or is seen by who kept a head or a receipt. FAULT_LIES is how many, from number FAULT_LIES_FROM on, FAULT_LIE one of them.
func TestOperatorsLies(t *testing.T) {
	t.Parallel()
	number := func(name string, n uint64) uint64 {
		if s := os.Getenv(name); s != "" {
			var err error
			if n, err = strconv.ParseUint(s, 10, 64); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		return n
	}
	n, from := number("FAULT_LIES", 20_000), number("FAULT_LIES_FROM", 0)
	all, every := truths(t), lies()
	one := func(i uint64) (class, complaint string, c *cheat, told []lie) {
		defer func() {
			if r := recover(); r != nil {
				panic(fmt.Sprintf("mutant %d: %v", i, r))
			}
		}()
		c, told = mutantOf(all, every, i)
		class, complaint = c.judge(told)
		return class, complaint, c, told
	}
	if i := number("FAULT_LIE", math.MaxUint64); i != math.MaxUint64 {
		class, complaint, c, told := one(i)
		t.Logf("mutant %d: %s: %s %s", i, described(c, told), class, complaint)
		n = 0
	}
	var next atomic.Uint64
	var enough atomic.Bool
	var mu sync.Mutex
	classes, named, holes := map[string]int{}, map[string]map[string]int{}, 0
	var working sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		working.Go(func() {
			for i := next.Add(1) - 1; i < n && !enough.Load(); i = next.Add(1) - 1 {
				i := from + i
				class, complaint, c, told := one(i)
				mu.Lock()
				if complaint != "" {
					holes++
					enough.Store(holes >= 3)
					t.Errorf("mutant %d (%s): %s", i, described(c, told), complaint)
				}
				classes[class]++
				if len(told) == 1 {
					if named[told[0].name] == nil {
						named[told[0].name] = map[string]int{}
					}
					named[told[0].name][class]++
				}
				mu.Unlock()
			}
		})
	}
	working.Wait()
	if holes > 0 {
		return
	}
	refused, unproven, other := 0, 0, 0
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%7d %s", classes[class], class)
		switch {
		case strings.HasPrefix(class, "refused"):
			refused += classes[class]
		case strings.HasPrefix(class, "not proven"):
			unproven += classes[class]
		default:
			other += classes[class]
		}
	}
	if n >= uint64(len(every))*uint64(howManySignings) {
		for _, l := range every {
			if from > 0 {
				break // each alone is among the first
			}
			if len(named[l.name]) == 0 {
				t.Errorf("lie %q was never told alone", l.name)
			}
			if l.step != "" && named[l.name]["refused at "+l.step] == 0 {
				t.Errorf("lie %q was never refused at %s: %v", l.name, l.step, named[l.name])
			}
		}
		for _, class := range []string{asItIs, acts, takenBack, otherTruth, "not proven: witness", "not proven: beacon", "not proven: drawn"} {
			if classes[class] == 0 {
				t.Errorf("nothing came out as %q", class)
			}
		}
		t.Logf("ATTACK| operator's lies, %d kinds | %d bundles | %d mutants | %d refused, %d not proven, %d proven: %d the same, %d acts after the draw, %d taken back, %d told in time | passed |", len(every), len(all), n,
			refused, unproven, other, classes[asItIs], classes[acts], classes[takenBack], classes[otherTruth])
	}
}

// operatorsLies are mutants of TestOperatorsLies for the other verifiers.
func operatorsLies(t *testing.T, from, n int) (cases []otherCase) {
	all, every := truths(t), lies()
	for i := range n {
		c, told := mutantOf(all, every, uint64(from+i))
		v := c.vector
		v.Rounds, v.Known = nil, append(slices.Clone(v.Known), c.known...)
		for _, round := range slices.Sorted(maps.Keys(knownRounds())) {
			s := knownRounds()[round]
			v.Rounds = append(v.Rounds, vectors.Round{Chain: quicknet, Round: round, Signature: s[:]})
		}
		v.Parts = c.vectorOf(c.parts()).Parts
		x := caseOf(v)
		x.name = fmt.Sprintf("lie %d (%s)", from+i, described(c, told))
		cases = append(cases, x)
	}
	return cases
}

var quicknet = func() (h [32]byte) {
	hex.Decode(h[:], []byte("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"))
	return h
}()
