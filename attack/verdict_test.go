package attack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/draw"
)

// sent is one entry and what its writer knows.
type sent struct {
	*person
	acknowledged bool // under the lock of writers while they write
	receipt      string
	at           time.Time // of the acknowledgement
	tries        int
}

// verdict counts strikes and entries.
type verdict struct {
	strikes, quiet, noticed                           int // quiet: no entry was acknowledged since the strike before; noticed: the daemon refused to go on with less than it had acknowledged
	sent, acknowledged, retried, present, mixedBefore int
	lost, doubled, half, wrong, changed               int
	again                                             []time.Duration // from start to serving
	broken                                            string          // it did not come back, and what it said
}

// harm is how many entries fared as none may.
func (v verdict) harm() int { return v.lost + v.doubled + v.half + v.wrong + v.changed }

// showsNothing says that too little was at stake for a verdict.
func (v verdict) showsNothing() bool {
	return v.acknowledged < 5*v.strikes || v.mixedBefore == 0 || v.quiet > v.strikes/2
}

// add adds up two rounds.
func (v verdict) add(o verdict) verdict {
	v.strikes, v.quiet, v.noticed = v.strikes+o.strikes, v.quiet+o.quiet, v.noticed+o.noticed
	v.sent, v.acknowledged, v.retried, v.present, v.mixedBefore = v.sent+o.sent, v.acknowledged+o.acknowledged, v.retried+o.retried, v.present+o.present, v.mixedBefore+o.mixedBefore
	v.lost, v.doubled, v.half, v.wrong, v.changed = v.lost+o.lost, v.doubled+o.doubled, v.half+o.half, v.wrong+o.wrong, v.changed+o.changed
	v.again = append(v.again, o.again...)
	v.broken += o.broken
	return v
}

// serving is how long it took until it served again, at quantile q.
func (v verdict) serving(q float64) time.Duration {
	if len(v.again) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v.again))
	return s[min(len(s)-1, int(q*float64(len(s))))].Round(time.Millisecond)
}

func (v verdict) String() string {
	return fmt.Sprintf(`
  strikes                     %6d
  of them without an entry    %6d
  entries sent                %6d
  acknowledged                %6d
  sent more than once         %6d
  mixed before the end        %6d
  in the entry list           %6d
  acknowledged and lost       %6d
  doubled                     %6d
  half there                  %6d
  another person              %6d
  receipt changed on retry    %6d
  serving again, p50 p99      %6s %s`,
		v.strikes, v.quiet, v.sent, v.acknowledged, v.retried, v.mixedBefore, v.present, v.lost, v.doubled, v.half, v.wrong, v.changed,
		v.serving(0.5), v.serving(0.99))
}

// row is the line of faults.sh's table: what was done, to which engine, strikes, acknowledged, lost, doubled, half or wrong, serving again,
// and what came of it.
func row(t testing.TB, what string, on engine, v verdict, result string) {
	t.Helper()
	t.Logf("FAULT| %s | %s | %d | %d | %d | %d | %d | %s / %s | %s |", what, on.name, v.strikes, v.acknowledged, v.lost, v.doubled,
		v.half+v.wrong+v.changed, v.serving(0.5), v.serving(0.99), result)
}

// attackRow is a line of faults.sh's other table: what was attacked and how much, and what was found.
func attackRow(t testing.TB, what string, on engine, how, found string) {
	t.Helper()
	result := "passed"
	switch mutant := strings.HasPrefix(what, "mutant"); {
	case t.Failed() && mutant:
		result = "NOT found out"
	case t.Failed():
		result = "FAILED"
	case mutant:
		result = "found out"
	}
	t.Logf("ATTACK| %s | %s | %s | %s | %s |", what, on.name, how, found, result)
}

// unharmed reports a run in which nothing may have gone wrong, and that it showed something: entries under strikes, and serving again within five
// seconds, or what else is allowed. That is for a machine that does nothing else, as faults.sh says by FAULT_PATIENCE=1; among other tests it is that many times as long.
func unharmed(t *testing.T, what string, on engine, v verdict, allowed ...time.Duration) {
	t.Helper()
	limit := 5 * time.Second
	if on.citus { // each start looks at every node, and nobody promises how fast
		limit = 20 * time.Second
	}
	if len(allowed) > 0 {
		limit = allowed[0]
	}
	limit *= time.Duration(fromEnv(t, "FAULT_PATIENCE", 4))
	t.Logf("%s", v)
	result := "passed"
	switch {
	case v.broken != "":
		first, _, _ := strings.Cut(v.broken, "\n")
		result = "did not come back: " + first
		t.Errorf("%s: %s", what, v.broken)
	case v.harm() > 0:
		result = "entries were harmed"
		t.Errorf("%s: entries were harmed", what)
	case v.showsNothing():
		result = "shows nothing"
		t.Errorf("%s: only %d were acknowledged, %d mixed before the end, %d strikes without an entry: this run shows nothing", what, v.acknowledged, v.mixedBefore, v.quiet)
	case v.serving(0.99) > limit:
		result = "comes back slowly"
		t.Errorf("%s: serving again took %v, want %v at most", what, v.serving(0.99), limit)
	}
	row(t, what, on, v, result)
}

// foundOut reports a run with a mutant, which must have been seen to harm.
func foundOut(t *testing.T, what string, on engine, v verdict) {
	t.Helper()
	t.Logf("%s", v)
	result := "found out"
	switch {
	case v.broken != "":
		first, _, _ := strings.Cut(v.broken, "\n")
		result = "found out: " + first
		t.Logf("%s: %s", what, v.broken)
	case v.lost+v.half == 0:
		result = "NOT found out"
		t.Errorf("%s: it was not found out", what)
	case v.noticed > 0:
		result = fmt.Sprintf("found out; the daemon saw it too after %d", v.noticed)
	}
	row(t, "mutant: "+what, on, v, result)
}

// batchOf is k of the campaigns that are struck.
const batchOf = 50

// judge holds what was sent against the entry list and the answers. Of a campaign with fewer than k entries no answers are kept, only what they add up to.
func judge(list []*sent, leaves []draw.Leaf, answers []int) (v verdict) {
	listed := map[draw.EntrantID]draw.Leaf{}
	for _, l := range leaves {
		if _, twice := listed[l.ID]; twice {
			v.doubled++
		}
		listed[l.ID] = l
	}
	answered := map[int]bool{}
	for _, n := range answers {
		if answered[n] {
			v.doubled++
		}
		answered[n] = true
	}
	known, few := 0, len(leaves) < batchOf && len(answers) == 0
	for _, s := range list {
		l, inList := listed[s.leaf.ID]
		inAnswers := answered[s.n] || few && inList
		v.sent++
		if s.tries > 1 {
			v.retried++
		}
		if s.acknowledged {
			v.acknowledged++
			if !inList && !inAnswers {
				v.lost++
			}
		}
		if inList != inAnswers {
			v.half++
		}
		if inList {
			known++
			if l != s.leaf {
				v.wrong++
			}
		}
	}
	v.present = len(listed)
	v.wrong += len(listed) - known // nobody sent them
	return v
}

// TestVerdict checks the count itself on small cases.
func TestVerdict(t *testing.T) {
	c := &campaign{}
	var list []*sent
	var leaves []draw.Leaf
	var answers []int
	for n := range 4 {
		p := c.newPerson(n, "")
		list = append(list, &sent{person: p, acknowledged: n != 3})
		leaves, answers = append(leaves, p.leaf), append(answers, n)
	}
	if v := judge(list, leaves, answers); v.lost+v.doubled+v.half+v.wrong > 0 || v.present != 4 {
		t.Errorf("nothing happened, and yet %s", v)
	}
	if v := judge(list, leaves[1:], answers[1:]); v.lost != 1 {
		t.Errorf("one was lost: %s", v)
	}
	if v := judge(list, leaves[:3], answers[:3]); v.lost+v.half > 0 {
		t.Errorf("one not acknowledged is not there: %s", v)
	}
	if v := judge(list, leaves, answers[1:]); v.half != 1 {
		t.Errorf("one has no answer: %s", v)
	}
	if v := judge(list, append(leaves, leaves[0]), answers); v.doubled != 1 {
		t.Errorf("one is listed twice: %s", v)
	}
	if v := judge(list, leaves, append(answers, 2)); v.doubled != 1 {
		t.Errorf("one answer stands twice: %s", v)
	}
	if v := judge(list, leaves, nil); v.half != 0 {
		t.Errorf("fewer than k have no answers: %s", v)
	}
	many, manyLeaves := slices.Clone(list), slices.Clone(leaves)
	for n := 4; n < batchOf; n++ {
		p := c.newPerson(n, "")
		many, manyLeaves = append(many, &sent{person: p, acknowledged: true}), append(manyLeaves, p.leaf)
	}
	if v := judge(many, manyLeaves, nil); v.half != batchOf {
		t.Errorf("k have no answers: %s", v)
	}
	other := slices.Clone(leaves)
	other[2].Person[0] ^= 1
	if v := judge(list, other, answers); v.wrong != 1 {
		t.Errorf("one is another person: %s", v)
	}
}
