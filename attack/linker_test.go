package attack

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLinker lets people enter through the real daemon, one after another, and takes the bytes of its files again and again while it moves and mixes. An attack program
// then ties answers to people by whatever the files show: order of arrival, of pages and of cells in them, of the write-ahead log, of every column, of sizes, and values
// that both rooms hold. Judged by the true pairs, no way of doing it may find more than one of k, and chance. FAULT_ENTRIES is the number of people.
func TestLinker(t *testing.T) {
	t.Parallel()
	const k = 50
	n := fromEnv(t, "FAULT_ENTRIES", 1050)
	d := newDaemon(t)
	d.serve()
	c := d.openCampaign(k, time.Now().Add(time.Duration(n)*30*time.Millisecond+12*time.Second))
	tokens := c.tokens(n)
	w := &watcher{t: t, d: d, entrants: map[string]*item{}, truth: map[string]int{}, words: map[string]int{}, mixed: map[int64]bool{}, found: tally{}, foundWords: tally{}}
	numbers := rand.Perm(n) // what somebody answers has nothing to do with when
	stop, watched := make(chan struct{}), make(chan struct{})
	ready := make(chan *person, n)
	go func() {
		defer close(watched)
		for {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Millisecond):
				w.look(ready)
			}
		}
	}()
	pace := time.NewTicker(10 * time.Millisecond) // an epoch is at least a second long, so nearly 100 are in it
	defer pace.Stop()
	for i := range n {
		p := c.newPerson(numbers[i], tokens[i])
		ready <- p // known before it can be in a file
		c.mustEnter(t, p)
		<-pace.C
	}
	time.Sleep(2500 * time.Millisecond)
	close(stop)
	<-watched
	w.look(ready)
	time.Sleep(time.Until(c.end.Add(100 * time.Millisecond)))
	for tries := 0; !c.closed(); tries++ {
		if err := c.close(); err != nil && tries > 50 {
			t.Fatal(err)
		}
	}
	w.look(ready)
	d.stop()
	if w.linked != n {
		t.Fatalf("%d of %d were seen to be mixed", w.linked, n)
	}
	for what, found := range map[string]tally{"responses": w.found, "free texts": w.foundWords} {
		way, most := found.best()
		bound, boundAll := chance(n, k, len(found))
		arrival := 0
		for way, s := range found {
			switch way { // the ways that one would try first
			case "arrival by row place", "arrival by row log", "arrival by row column 1":
				arrival = max(arrival, s.hits)
			}
		}
		t.Logf("%s: %d entries in %d groups, %d looks; one of %d is %d; order of arrival finds %d, bound %d; the best of %d ways (%s) %d, bound %d",
			what, n, w.groups, w.looks, k, n/k, arrival, bound, len(found), way, most, boundAll)
		order, z := found.agreeing()
		t.Logf("%s: the orders that agree most, %s, do so by %.1f standard deviations", what, order, z)
		if z > tooMuch {
			t.Errorf("%s: %s agree by %.1f standard deviations, more than chance does", what, order, z)
		}
		if most > boundAll || arrival > bound {
			t.Errorf("%s: %s links %d of %d, order of arrival %d: more than chance does", what, way, most, n, arrival)
		}
	}
	if w.groups < n/(4*k) {
		t.Errorf("only %d groups were seen: this run shows little", w.groups)
	}
	// What is left in the end, all at once: a guess finds one in all.
	last := dump(t, d.rooms())
	entrants := last.entrants(w.truth)
	for id, it := range entrants {
		it.features["arrival"] = w.entrants[id].features["arrival"]
	}
	for what, answers := range map[string]map[int]*item{"responses": last.answers(number), "free texts": last.answers(w.wordsOf)} {
		found := tally{}
		found.link(t, values(entrants), values(answers))
		if way, most := found.best(); most > 12 {
			t.Errorf("%s: %s links %d of %d in the files of a closed campaign", what, way, most, n)
		}
	}
	if sizes := w.sizes; len(sizes) != 1 {
		t.Errorf("sealed responses have %d sizes, want 1", len(sizes))
	}
}

// chance is the most that guessing one of k finds among n: one way of guessing, by three standard deviations; and the best of many ways, but for one
// run in 10,000.
func chance(n, k, ways int) (one, best int) {
	mean := float64(n) / float64(k)
	one = int(mean + 3*math.Sqrt(mean*(1-1/float64(k))))
	p, below := math.Exp(-mean), 0.0 // Poisson
	for best = 0; float64(ways)*(1-below-p) > 1e-4; best++ {
		below += p
		p *= mean / float64(best+1)
	}
	return one, best
}

// watcher takes dumps of a running daemon and links each batch as it appears.
type watcher struct {
	t                     *testing.T
	d                     *daemon
	truth, words          map[string]int // entrant id, free text: the number answered
	arrival               uint64
	entrants              map[string]*item
	mixed                 map[int64]bool
	seen                  map[int]bool
	found, foundWords     tally
	groups, linked, looks int
	sizes                 map[int64]bool
}

func (w *watcher) wordsOf(b []byte) int {
	if n, ok := w.words[string(b)]; ok {
		return n
	}
	return -1
}

// look takes one dump and links what was mixed since the last.
func (w *watcher) look(ready <-chan *person) {
	w.d.signal(syscall.SIGSTOP)
	w.stopped()
	now := dump(w.t, w.d.rooms())
	w.d.signal(syscall.SIGCONT)
	w.looks++
	for len(ready) > 0 {
		p := <-ready
		w.arrival++
		id := string(p.leaf.ID[:])
		w.truth[id], w.words[p.words] = p.n, p.n
		w.entrants[id] = &item{n: p.n, features: map[string]string{"arrival": orderly(int64(w.arrival))}}
	}
	if w.sizes == nil {
		w.sizes, w.seen = map[int64]bool{}, map[int]bool{}
	}
	epochs := map[string]int64{}
	for id, it := range now.entrants(w.truth) {
		mine := w.entrants[id]
		epochs[id] = it.epoch
		for name, v := range it.features { // as it was first seen
			if _, ok := mine.features[name]; !ok {
				if strings.HasSuffix(name, " log") || strings.HasSuffix(name, " place") {
					v = orderly(int64(w.looks)) + v
				}
				mine.features[name] = v
			}
		}
		if !mine.linked {
			mine.values = append(mine.values, it.values...)
		}
		if it.sealed > 0 {
			w.sizes[it.sealed] = true
		}
	}
	fresh := map[int64]bool{}
	for _, c := range now.responses.cells() {
		if len(c.values) != 2 {
			continue
		}
		if epoch, ok := c.values[1].(int64); ok && !w.mixed[epoch] && isID(c.values[0]) {
			fresh[epoch], w.mixed[epoch] = true, true
		}
	}
	if len(fresh) == 0 {
		return
	}
	var entrants []*item
	for id, epoch := range epochs {
		if fresh[epoch] {
			entrants = append(entrants, w.entrants[id])
		}
	}
	pick := func(all map[int]*item) (list []*item) {
		for n, it := range all {
			if !w.seen[n] {
				list = append(list, it)
			}
		}
		return list
	}
	responses, texts := pick(now.answers(number)), pick(now.answers(w.wordsOf))
	w.found.link(w.t, entrants, responses)
	w.foundWords.link(w.t, entrants, texts)
	for _, it := range responses {
		w.seen[it.n] = true
	}
	if len(entrants) > 0 {
		w.groups++
	}
	w.linked += len(responses)
	for _, it := range entrants {
		it.linked, it.values = true, nil
	}
}

// stopped waits until the process stands still.
func (w *watcher) stopped() {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	for range 100 {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.d.cmd.Process.Pid))
		if _, after, ok := bytes.Cut(b, []byte(") ")); err == nil && ok && after[0] == 'T' {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// item is one entrant or one answer with everything by which it can be put in an order.
type item struct {
	n             int // the true answer: for the judge only
	features      map[string]string
	values        [][]byte
	epoch, sealed int64
	linked        bool
	page          int // of an answer
}

// dumped is the bytes of both rooms at one moment.
type dumped struct{ identity, responses *room }

func dump(t *testing.T, dir string) dumped {
	t.Helper()
	var d dumped
	var err error
	if d.identity, err = readRoom(filepath.Join(dir, "identity.db")); err == nil {
		d.responses, err = readRoom(filepath.Join(dir, "answers.db"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func isID(v any) bool {
	b, ok := v.([]byte)
	return ok && len(b) == 16
}

// entrants gathers all rows that hold an entrant's id, whatever table they are of.
func (d dumped) entrants(truth map[string]int) map[string]*item {
	all := map[string]*item{}
	for _, c := range d.identity.cells() {
		for i, v := range c.values {
			b, ok := v.([]byte)
			n, known := truth[string(b)]
			if !ok || !known || i == 0 {
				continue
			}
			it := all[string(b)]
			if it == nil {
				it = &item{n: n, features: map[string]string{}}
				all[string(b)] = it
			}
			table := fmt.Sprintf("table %d.%d", len(c.values), i)
			if epoch, ok := c.values[min(2, len(c.values)-1)].(int64); ok && i == 1 && len(c.values) > 4 {
				it.epoch = epoch
			}
			if _, ok := c.values[1].(int64); ok && i == 2 {
				table, it.sealed = "pending", c.lengths[len(c.lengths)-1]
			}
			it.add(table, c)
			break
		}
	}
	return all
}

// answers gathers the rows in which of finds whose they are.
func (d dumped) answers(of func([]byte) int) map[int]*item {
	all := map[int]*item{}
	for _, c := range d.responses.cells() {
		for _, v := range c.values {
			b, ok := v.([]byte)
			if s, isText := v.(string); isText {
				b, ok = []byte(s), true
			}
			if !ok {
				continue
			}
			if n := of(b); n >= 0 {
				it := &item{n: n, features: map[string]string{}, page: c.page}
				it.add("row", c)
				all[n] = it
				break
			}
		}
	}
	return all
}

// add makes features of a row: its columns, its size, its place, when the log had it.
func (it *item) add(table string, c cell) {
	for i, v := range c.values {
		it.features[fmt.Sprintf("%s column %d", table, i)] = orderly(v)
		switch v := v.(type) {
		case []byte:
			it.values = append(it.values, v)
		case string:
			it.values = append(it.values, []byte(v))
		}
	}
	it.features[table+" size"] = orderly(c.size)
	it.features[table+" place"] = orderly(int64(c.page)<<20 | int64(1<<16-c.offset))
	it.features[table+" log"] = orderly(int64(c.frame))
	it.features[table+" rowid"] = orderly(c.rowid)
}

// orderly is a text that sorts as v does.
func orderly(v any) string {
	switch v := v.(type) {
	case int64:
		return fmt.Sprintf("%020d", uint64(v)+1<<63)
	case float64:
		return fmt.Sprintf("%040.6f", v)
	case []byte:
		return string(v)
	case string:
		return v
	}
	return ""
}

func values[K comparable](m map[K]*item) []*item { return slices.Collect(maps.Values(m)) }

// orders are the features by which these items can be put in an order.
func orders(list []*item) (names []string) {
	for name, v := range list[0].features {
		same := true
		all := !slices.ContainsFunc(list, func(it *item) bool {
			x, ok := it.features[name]
			same = same && x == v
			return !ok
		})
		if all && !same {
			names = append(names, name)
		}
	}
	return names
}

func by(list []*item, name string) []*item {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b *item) int { return strings.Compare(a.features[name], b.features[name]) })
	return sorted
}
