package attack

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/draw"
)

// TestKillCycles kills the daemon with SIGKILL again and again while 16 writers enter, then while it closes, and counts what became of every
// entry that was sent. FAULT_CYCLES is the number of kills, 20 by default.
func TestKillCycles(t *testing.T) { onEngines(t, killCyclesHarmless) }

func killCyclesHarmless(t *testing.T, on engine) {
	cycles := fromEnv(t, "FAULT_CYCLES", 20)
	v := killCycles(t, on, cycles, false)
	t.Logf("%s", v)
	if v.lost+v.doubled+v.half+v.wrong+v.changed > 0 {
		t.Error("entries were harmed")
	}
	if v.acknowledged < 10*cycles || v.mixedBefore == 0 {
		t.Errorf("only %d were acknowledged and %d mixed before the end: this run shows nothing", v.acknowledged, v.mixedBefore)
	}
}

// TestKillCyclesSeesLoss puts a liar in front of the daemon, who acknowledges before forwarding. If that loses nothing in the count above, the count is
// worth nothing.
func TestKillCyclesSeesLoss(t *testing.T) { onEngines(t, killCyclesSeesLoss) }

func killCyclesSeesLoss(t *testing.T, on engine) {
	t.Parallel()
	v := killCycles(t, on, 4, true)
	t.Logf("%s", v)
	if v.lost == 0 {
		t.Error("a daemon that acknowledges before it writes was not found out")
	}
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
	other := slices.Clone(leaves)
	other[2].Person[0] ^= 1
	if v := judge(list, other, answers); v.wrong != 1 {
		t.Errorf("one is another person: %s", v)
	}
}

// sent is one entry and what its writer knows.
type sent struct {
	*person
	acknowledged bool // under the lock of writers while they write
	receipt      string
	tries        int
}

// verdict counts entries.
type verdict struct {
	cycles, sent, acknowledged, retried, present, mixedBefore int
	lost, doubled, half, wrong, changed                       int
	again                                                     []time.Duration // from start to serving
}

func (v verdict) String() string {
	at := func(q float64) time.Duration {
		if len(v.again) == 0 {
			return 0
		}
		s := slices.Sorted(slices.Values(v.again))
		return s[min(len(s)-1, int(q*float64(len(s))))].Round(time.Millisecond)
	}
	return fmt.Sprintf(`
  kills                       %6d
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
		v.cycles, v.sent, v.acknowledged, v.retried, v.mixedBefore, v.present, v.lost, v.doubled, v.half, v.wrong, v.changed, at(0.5), at(0.99))
}

// judge holds what was sent against the entry list and the answers.
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
	known := 0
	for _, s := range list {
		l, inList := listed[s.leaf.ID]
		inAnswers := answered[s.n]
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

// killCycles runs one campaign under kills. With lie, writers speak to a liar.
func killCycles(t *testing.T, on engine, cycles int, lie bool) verdict {
	d := newDaemonOn(t, on)
	d.serve()
	planned := 5*time.Second + time.Duration(cycles)*700*time.Millisecond
	c := d.openCampaign(50, time.Now().Add(planned))
	w := &writers{t: t, c: c, addr: d.http, tokens: c.tokens(int(planned.Seconds()) * 400)}
	if lie {
		liar := newLiar(c)
		defer liar.Close()
		w.addr = strings.TrimPrefix(liar.URL, "http://")
	}
	w.start(16)

	v := verdict{}
	for i := range cycles {
		time.Sleep(rand.N(400 * time.Millisecond))
		d.kill()
		if i%max(1, cycles/20) == 0 && time.Now().Before(c.end) {
			d.checkRooms()
		}
		if i%5 == 4 { // and once more before it serves
			d.start()
			time.Sleep(rand.N(100 * time.Millisecond))
			d.kill()
			v.cycles++
		}
		v.again = append(v.again, d.serve())
	}
	time.Sleep(time.Until(c.end.Add(-500 * time.Millisecond)))
	d.kill()
	d.checkRooms()
	mixedBefore := len(d.responses())
	v.again = append(v.again, d.serve())
	w.wait()

	for tries := 0; !c.closed(); tries++ {
		if tries > 200 {
			t.Fatalf("the campaign does not close\n%s", d.lastLog())
		}
		closing := make(chan error, 1)
		go func() { closing <- c.close() }()
		if tries < 8 && !lie {
			time.Sleep(rand.N(time.Duration(tries+1) * 40 * time.Millisecond))
			d.kill()
			v.again = append(v.again, d.serve())
		}
		if err := <-closing; err != nil {
			time.Sleep(20 * time.Millisecond)
		}
	}
	leaves := c.entrants()
	changed := 0
	if !lie {
		changed = w.retryAll()
	}
	d.stop()
	judged := judge(w.all(), leaves, d.responses())
	judged.cycles, judged.again, judged.changed, judged.mixedBefore = v.cycles+len(v.again), v.again, changed, mixedBefore
	for _, line := range d.complaints() {
		t.Log(line)
	}
	return judged
}

// writers enter new people one after another until entries end, and repeat what was not acknowledged.
type writers struct {
	t      *testing.T
	c      *campaign
	addr   string
	tokens []string
	next   atomic.Int64
	wg     sync.WaitGroup
	stop   atomic.Bool
	mu     sync.Mutex
	list   []*sent
}

func (w *writers) start(n int) {
	for range n {
		w.wg.Go(w.write)
	}
}

func (w *writers) wait() { w.wg.Wait() }

func (w *writers) all() []*sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.list)
}

// acknowledged are those that were acknowledged so far.
func (w *writers) acknowledged() (list []*sent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.list {
		if s.acknowledged {
			list = append(list, s)
		}
	}
	return list
}

func (w *writers) write() {
	for !w.stop.Load() {
		n := int(w.next.Add(1)) - 1
		if n >= len(w.tokens) {
			return
		}
		s := &sent{person: w.c.newPerson(n, w.tokens[n])}
		w.mu.Lock()
		w.list = append(w.list, s)
		w.mu.Unlock()
		for !s.acknowledged {
			if w.stop.Load() {
				return
			}
			s.tries++
			a, err := w.c.enter(w.addr, s.person)
			switch {
			case err != nil:
				time.Sleep(5 * time.Millisecond)
			case a.status == http.StatusOK:
				w.mu.Lock()
				s.acknowledged, s.receipt = true, a.receipt
				w.mu.Unlock()
			case a.reason == "CAMPAIGN_ENDED", a.reason == "CAMPAIGN_CLOSED":
				return
			case a.status == http.StatusServiceUnavailable, a.reason == "BUSY":
				time.Sleep(20 * time.Millisecond)
			default:
				w.t.Errorf("entry refused: status %d: %s", a.status, a.text)
				return
			}
		}
		time.Sleep(rand.N(120 * time.Millisecond))
	}
}

// retryAll sends every acknowledged entry again (3,000 of them at most) and returns how many got another receipt than before.
func (w *writers) retryAll() int {
	var changed atomic.Int64
	list := w.all()
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	queue := make(chan *sent)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for s := range queue {
				a, err := w.c.enter(w.addr, s.person)
				if err != nil || a.status != http.StatusOK || a.receipt != s.receipt {
					changed.Add(1)
					w.t.Logf("retried: %v, status %d, reason %s", err, a.status, a.reason)
				}
			}
		})
	}
	for _, s := range list[:min(len(list), 3000)] {
		if s.acknowledged {
			queue <- s
		}
	}
	close(queue)
	wg.Wait()
	return int(changed.Load())
}

// newLiar acknowledges an entry at once and forwards it a moment later, once.
func newLiar(c *campaign) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		var v struct{ R []byte }
		if json.Unmarshal(body, &v) != nil || len(v.R) != 32 {
			http.Error(rw, "{}", http.StatusBadRequest)
			return
		}
		if !time.Now().Before(c.end) {
			rw.WriteHeader(http.StatusBadRequest)
			io.WriteString(rw, `{"details":[{"reason":"CAMPAIGN_ENDED"}]}`)
			return
		}
		id := draw.R(v.R).EntrantID(c.open)
		go func() {
			time.Sleep(rand.N(150 * time.Millisecond))
			resp, err := client.Post("http://"+c.d.http+req.URL.Path, "application/json", strings.NewReader(string(body)))
			if err == nil {
				resp.Body.Close()
			}
		}()
		json.NewEncoder(rw).Encode(map[string]string{"id": hex.EncodeToString(id[:]), "receipt": "\nid " + hex.EncodeToString(id[:]) + "\n"})
	}))
}
