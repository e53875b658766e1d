package attack

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store/postgres/pgtest"
)

// TestLinker lets people enter through the real daemon and takes the bytes of its files again and again while it moves and mixes: of SQLite the files and
// their logs, of PostgreSQL heaps with dead rows, indexes and the write-ahead log. An attack program then ties answers to people by whatever the files show:
// order of arrival, of pages and of rows in them, of the log, of transactions, of every column, of sizes, and values that both rooms hold. Judged by the true
// pairs, no way of doing it may find more than one of k, and chance. One in five corrects the contact a while after entering, which the program sees. People enter one after another at first and many at once later; in the middle the daemon
// is killed, and PostgreSQL with it; the campaign is followed through its last epoch and its close. FAULT_ENTRIES is the number of people; more than 2000
// make it the long form: duplicates and none, and PostgreSQL also with the answers on a server of their own.
func TestLinker(t *testing.T) {
	t.Parallel()
	n := fromEnv(t, "FAULT_ENTRIES", 1050)
	duplicates := []bool{true}
	if n > 2000 {
		duplicates = []bool{true, false}
	}
	for _, again := range duplicates {
		t.Run(fmt.Sprintf("sqlite/duplicates %v", again), func(t *testing.T) {
			t.Parallel()
			l := linking{t: t, d: newDaemon(t), n: n, k: 50, duplicates: again, crash: true, busy: true}
			l.run().judge()
		})
		t.Run(fmt.Sprintf("postgres/duplicates %v", again), func(t *testing.T) {
			t.Parallel()
			l := linking{t: t, d: newDaemonOn(t, linkedServer(t)), n: n, k: 50, duplicates: again, crash: true, busy: true}
			l.run().judge()
		})
	}
	if n > 2000 {
		t.Run("postgres/answers apart", func(t *testing.T) {
			t.Parallel()
			on := linkedServer(t)
			on.answers = linkedServer(t).cluster
			l := linking{t: t, d: newDaemonOn(t, on), n: n, k: 50, duplicates: true, crash: true, busy: true}
			l.run().judge()
		})
	}
}

// linkedServer keeps its write-ahead log and says what it does, as servers do by default.
func linkedServer(t testing.TB) engine {
	t.Helper()
	return ownPostgres(t, "wal_keep_size=4GB", "log_min_messages=warning", "log_connections=on", "log_checkpoints=on", "log_lock_waits=on", "track_io_timing=on")
}

// linking is one run of the attack program.
type linking struct {
	t                       testing.TB
	d                       *daemon
	n, k                    int
	duplicates, crash, busy bool
	sayings                 bool          // everybody's words are of another length
	pace, every             time.Duration // between entries, between looks
	seen                    bool          // each entry waits until the program has looked since the one before: so that a busy machine, too, shows them one by one
}

// run lets people enter and watches.
func (l linking) run() *watcher {
	t, d, n := l.t, l.d, l.n
	shown := d.watch(t)
	w := &watcher{t: t, d: d, n: n, k: l.k, entrants: map[string]*item{}, truth: map[string]int{}, words: map[string]int{}, mixed: map[int64]bool{}, sizes: map[int64]bool{}, corrected: map[string]int64{},
		seen: map[int]bool{}, found: tally{}, foundWords: tally{}}
	if d.on.cluster != nil {
		w.identity, w.answers = newHeaps(t, d.on.cluster), nil
		if w.answers = w.identity; d.on.answers != nil {
			w.answers = newHeaps(t, d.on.answers)
		}
	}
	d.serve()
	pace := l.pace
	if pace == 0 {
		pace = 10 * time.Millisecond // an epoch is at least a second long, so nearly 100 are in it
	}
	slack := time.Duration(3)
	if n > 2000 { // the long form runs five daemons at once, beside other work perhaps
		slack = 15
	}
	c := d.openCampaign(l.k, time.Now().Add(time.Duration(n)*slack*pace+12*time.Second), func(c *fairlotv1.Campaign) {
		if l.duplicates {
			withoutProof(c)
		}
	})
	tokens := make([]string, n)
	if !l.duplicates {
		tokens = c.tokens(n)
	}
	numbers := rand.Perm(n) // what somebody answers has nothing to do with when
	stop, watched := make(chan struct{}), make(chan struct{})
	ready := make(chan *person, n)
	wait := l.every
	if wait == 0 && w.identity != nil {
		wait = 500 * time.Millisecond // a look takes longer
	} else if wait == 0 {
		wait = 300 * time.Millisecond
	}
	go func() {
		defer close(watched)
		for {
			select {
			case <-stop:
				return
			case <-time.After(wait):
				w.look(ready)
			}
		}
	}()
	enter := func(p *person) {
		for began := time.Now(); ; time.Sleep(10 * time.Millisecond) { // the daemon may be away
			a, err := c.enter(d.http, p)
			if err == nil && a.status == http.StatusOK {
				return
			}
			if time.Since(began) > 20*time.Second {
				t.Errorf("enter: %v, status %d: %s", err, a.status, a.text)
				return
			}
		}
	}
	var past sync.Mutex
	var entered []*person
	correct := func(p *person) { // one of those who entered a while ago, now and then
		past.Lock()
		defer past.Unlock()
		entered = append(entered, p)
		if len(entered) > l.k && rand.N(5) == 0 {
			i := len(entered) - 1 - rand.N(l.k)
			body, _ := c.correction(entered[i])
			if done, _ := c.ask(d.http, "correct", body); done {
				w.corrects(entered[i])
				entered = slices.Delete(entered, i, i+1)
			}
		}
	}
	ticks := time.NewTicker(pace)
	defer ticks.Stop()
	atOnce := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for i := range n {
		if l.crash && i == n*2/5 {
			w.crash()
			shown.read(t)
		}
		p := c.newPerson(numbers[i]+1000, tokens[i])
		if l.sayings {
			c.says(p, p.words+strings.Repeat("x", numbers[i]))
		}
		ready <- p // known before it can be in a file
		if !l.busy || i < n/2 {
			enter(p)
			if l.seen {
				w.nextLook(c.end.Add(-3 * time.Second))
			}
			if l.duplicates && rand.N(10) == 0 {
				enter(c.newPerson(p.n, "")) // the same person, and an entry that does not count
			}
			correct(p)
		} else {
			wg.Go(func() {
				atOnce <- struct{}{}
				defer func() { <-atOnce }()
				enter(p)
				if l.duplicates && rand.N(10) == 0 {
					enter(c.newPerson(p.n, ""))
				}
				correct(p)
			})
		}
		<-ticks.C
	}
	wg.Wait()
	time.Sleep(2500 * time.Millisecond)
	close(stop)
	<-watched
	w.look(ready)
	w.before = w.linked
	w.papers()
	time.Sleep(time.Until(c.end.Add(objections + 100*time.Millisecond)))
	for tries := 0; !c.closed(); tries++ {
		if err := c.close(); err != nil && tries > 50 {
			t.Fatal(err)
		}
	}
	w.look(ready)
	shown.read(t)
	w.papers()
	d.stop()
	if len(w.corrected) < n/20 {
		t.Fatalf("only %d corrections", len(w.corrected))
	}
	if w.linked != n {
		t.Fatalf("%d of %d were seen to be mixed", w.linked, n)
	}
	return w
}

// judge wants that nothing links better than chance.
func (w *watcher) judge() {
	t, n, k := w.t, w.n, w.k
	var rows []string
	defer func() {
		name := strings.ReplaceAll(t.Name(), "_", " ")
		attackRow(t, "linker, "+name[strings.LastIndexByte(name, '/')+1:], w.d.on, fmt.Sprintf("%d entries in %d batches, one of %d is %d; %d looks", n, w.groups, k, n/k, w.looks), strings.Join(rows, "; "))
	}()
	for what, found := range map[string]tally{"responses": w.found, "free texts": w.foundWords} {
		way, most := found.best()
		bound, boundAll := chance(n, k, len(found))
		arrival := 0
		for way, s := range found {
			switch way { // the ways that one would try first
			case "arrival by row place", "arrival by row log", "arrival by row column 1", "arrival by row xmin", "arrival by row written":
				arrival = max(arrival, s.hits)
			}
		}
		t.Logf("%s: %d entries in %d groups, %d looks; one of %d is %d; order of arrival finds %d, bound %d; the best of %d ways (%s) %d, bound %d",
			what, n, w.groups, w.looks, k, n/k, arrival, bound, len(found), way, most, boundAll)
		rows = append(rows, fmt.Sprintf("%s: order of arrival %d (bound %d), best of %d ways %d (bound %d)", what, arrival, bound, len(found), most, boundAll))
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
	for what, found := range w.end() {
		if way, most := found.best(); most > 12 {
			t.Errorf("%s: %s links %d of %d in the files of a closed campaign", what, way, most, n)
		}
		if order, z := found.agreeing(); z > tooMuch {
			t.Errorf("%s: %s agree by %.1f standard deviations in the files of a closed campaign", what, order, z)
		}
		if way, placed := found.placed(); placed > n/10 {
			t.Errorf("%s: %s tells the epoch of %d of %d in the files of a closed campaign", what, way, placed, n)
		}
	}
	if len(w.sizes) != 1 {
		t.Errorf("sealed responses have %d sizes, want 1", len(w.sizes))
	}
	for _, text := range w.told {
		t.Error(text)
	}
}

// end links what the files hold when all is over, without the log: what was written when, batch by batch, stands there, as THREAT_MODEL says.
func (w *watcher) end() map[string]tally {
	if w.identity != nil {
		for _, h := range []*heaps{w.identity, w.answers} {
			h.logged, h.commits = map[string]string{}, map[uint32]string{}
		}
	}
	last := w.dump()
	entrants := last.entrants(w.truth)
	for id, it := range entrants {
		it.features["arrival"] = w.entrants[id].features["arrival"]
	}
	out := map[string]tally{}
	for what, answers := range map[string]map[int]*item{"responses": last.answers(number), "free texts": last.answers(w.wordsOf)} {
		out[what] = tally{}
		out[what].link(w.t, values(entrants), values(answers))
		out[what].place(values(entrants), values(answers))
	}
	return out
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
	t                     testing.TB
	d                     *daemon
	n, k                  int
	identity, answers     *heaps         // of PostgreSQL
	mu                    sync.Mutex     // held while it looks, and while the daemon is away
	told                  []string       // what logs, metrics and views should not say
	truth, words          map[string]int // entrant id, free text: the number answered
	arrival               uint64
	entrants              map[string]*item
	mixed                 map[int64]bool
	seen                  map[int]bool
	found, foundWords     tally
	groups, linked, looks int
	before                int // linked before the close, when all rows are written anew
	sizes                 map[int64]bool
	correctedMu           sync.Mutex
	corrected             map[string]int64 // entrant id: of those who corrected their contact, who was how many-th
}

// corrects notes who corrected a contact just now.
func (w *watcher) corrects(p *person) {
	w.correctedMu.Lock()
	defer w.correctedMu.Unlock()
	w.corrected[string(p.leaf.ID[:])] = int64(len(w.corrected) + 1)
}

func (w *watcher) wordsOf(b []byte) int {
	if n, ok := w.words[string(b)]; ok {
		return n
	}
	return -1
}

// look takes one dump and links what was mixed since the last.
func (w *watcher) look(ready <-chan *person) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.d.freeze(); err != nil {
		w.t.Error(err)
	}
	now := w.dump()
	w.d.signal(syscall.SIGCONT)
	w.looks++
	for len(ready) > 0 {
		p := <-ready
		w.arrival++
		id := string(p.leaf.ID[:])
		w.truth[id], w.words[p.words] = p.n, p.n
		w.entrants[id] = &item{n: p.n, features: map[string]string{"arrival": orderly(int64(w.arrival))}}
	}
	w.correctedMu.Lock()
	for id, it := range w.entrants {
		if !it.linked {
			it.features["corrected"] = orderly(w.corrected[id])
		}
	}
	w.correctedMu.Unlock()
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
	for _, c := range now.responses {
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
	// Each batch by itself: which rows came together is told by the log, by transactions and by whoever looks often enough.
	batch := map[int64]int64{}
	for _, c := range now.identity {
		if len(c.values) != 4 {
			continue
		}
		first, ok := c.values[1].(int64)
		last, ok2 := c.values[2].(int64)
		for e := first; ok && ok2 && e <= last; e++ {
			batch[e] = first
		}
	}
	groups, batchOf := map[int64][]*item{}, map[int]int64{}
	for id, epoch := range epochs {
		if fresh[epoch] {
			e := w.entrants[id]
			groups[batch[epoch]], batchOf[e.n] = append(groups[batch[epoch]], e), batch[epoch]
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
	for epoch := range fresh {
		if _, known := batch[epoch]; known {
			continue
		}
		clear(groups) // there are answers of no batch: whoever came first
		clear(batchOf)
		var waiting []*item
		for id := range epochs {
			if !w.entrants[id].linked {
				waiting = append(waiting, w.entrants[id])
			}
		}
		groups[0] = by(waiting, "arrival")[:min(len(waiting), len(responses))]
		break
	}
	of := func(list []*item, first int64) (mine []*item) {
		for _, it := range list {
			if batchOf[it.n] == first {
				mine = append(mine, it)
			}
		}
		return mine
	}
	for first := range groups {
		// A server's files are read one after another: where a batch was committed meanwhile, the next look has all of it. Everybody writes a free text.
		if n := len(of(responses, first)); n == 0 || n != len(of(texts, first)) {
			for epoch := range fresh {
				delete(w.mixed, epoch)
			}
			return
		}
	}
	for first, entrants := range groups {
		if !slices.ContainsFunc(entrants, func(e *item) bool { return !e.linked }) {
			continue // linked before they were mixed
		}
		w.found.link(w.t, entrants, of(responses, first))
		w.foundWords.link(w.t, entrants, of(texts, first))
		w.groups++
		for _, it := range entrants {
			it.linked, it.values = true, nil
		}
	}
	for _, it := range responses {
		w.seen[it.n] = true
	}
	w.linked += len(responses)
}

// nextLook waits until the program has looked once more, or until there is no more time.
func (w *watcher) nextLook(until time.Time) {
	looks := func() int {
		w.mu.Lock() // a look that is under way may have begun before
		defer w.mu.Unlock()
		return w.looks
	}
	for before := looks(); looks() == before && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
}

// dump reads both rooms as they lie on the disk.
func (w *watcher) dump() (now dumped) {
	w.t.Helper()
	if w.identity == nil {
		return dump(w.t, w.d.rooms())
	}
	err := w.identity.sync()
	if w.answers != w.identity {
		err = errors.Join(err, w.answers.sync())
	}
	if err == nil {
		now.identity, err = w.identity.cells(w.d.database + "_identity")
	}
	if err == nil {
		now.responses, err = w.answers.cells(w.d.database + "_answers")
	}
	if err != nil {
		w.t.Error(err)
	}
	return now
}

// crash kills the daemon, and PostgreSQL under it, and starts them again.
func (w *watcher) crash() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.d.kill()
	for _, c := range []*pgtest.Cluster{w.d.on.cluster, w.d.on.answers} {
		if c == nil {
			continue
		}
		err := c.Kill()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			w.t.Error(err)
		}
	}
	w.d.serve()
}

// papers reads logs, metrics, traces and, of PostgreSQL, all views about its work, and looks in them for ids and what was answered: whoever finds a row
// of one room there knows when it was written.
func (w *watcher) papers() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.dump()
	var ids []canary
	for id := range now.entrants(w.truth) {
		ids = append(ids, canary{"an entrant's id", []byte(id), nil})
	}
	for _, c := range now.responses {
		if len(c.values) > 2 && isID(c.values[1]) { // the first value is the campaign's
			ids = append(ids, canary{"a row's id", c.values[1].([]byte), nil})
		}
	}
	for words := range w.words {
		ids = append(ids, canary{"words", []byte(words), nil})
	}
	papers := map[string][]byte{}
	files := []string{w.d.log, filepath.Join(w.d.root, "watched", "metrics"), filepath.Join(w.d.root, "watched", "traces")}
	for room, h := range map[string]*heaps{"identity": w.identity, "answers": w.answers} {
		if h == nil {
			continue
		}
		files = append(files, filepath.Join(h.on.Shared(), "log"))
		text, err := h.views(w.d.database + "_" + room)
		if err != nil {
			w.t.Error(err)
		}
		papers["views of "+room] = []byte(text)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.t.Error(err)
		}
		papers[filepath.Base(name)] = b
	}
	s := newSearch(ids)
	for name, b := range papers {
		s.bytes(b, func(h hit) {
			if len(w.told) < 20 {
				w.told = append(w.told, fmt.Sprintf("%s as %s in %s", h.canary.what, h.form.name, name))
			}
		})
	}
}
