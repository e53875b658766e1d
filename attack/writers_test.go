package attack

import (
	"cmp"
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

// writers enter new people one after another until entries end, and repeat what was not acknowledged.
type writers struct {
	t      *testing.T
	c      *campaign
	addr   string
	tokens []string
	next   atomic.Int64
	done   atomic.Int64  // acknowledged
	seen   int64         // of them at the last strike, for who strikes
	late   time.Duration // how long after the end they still ask; 0 is half a minute
	left   calls         // what writers were told last who were told nothing that ends their entry until then
	wg     sync.WaitGroup
	stop   atomic.Bool
	calls  calls
	mu     sync.Mutex
	list   []*sent
}

func (w *writers) start(n int) {
	for range n {
		w.wg.Go(w.write)
	}
}

func (w *writers) wait() { w.wg.Wait() }

// untold says that entries ended and some writers know nothing about theirs; "" if all do.
func (w *writers) untold() string {
	if len(w.left.told) == 0 {
		return ""
	}
	return fmt.Sprintf("writers were neither acknowledged nor refused, but told %v, the last time after up to %v\n%s", w.left.told, w.left.slowest, w.c.d.lastLog())
}

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
		var a answer
		var err error
		var took time.Duration
		for !s.acknowledged {
			if w.stop.Load() {
				return
			}
			if time.Since(w.c.end) > cmp.Or(w.late, 30*time.Second) {
				w.left.note(a, err, took)
				return
			}
			s.tries++
			began := time.Now()
			a, err = w.c.enter(w.addr, s.person)
			took = time.Since(began)
			w.calls.note(a, err, took)
			switch {
			case err != nil: // 64 who knock at once would keep a daemon from starting
				time.Sleep(20*time.Millisecond + rand.N(60*time.Millisecond))
			case a.status == http.StatusOK:
				w.mu.Lock()
				s.acknowledged, s.receipt, s.at = true, a.receipt, time.Now()
				w.mu.Unlock()
				w.done.Add(1)
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

// calls is how writers were answered.
type calls struct {
	mu      sync.Mutex
	told    map[string]int
	slowest time.Duration
	bare    int // told to come again, and not when
}

func (c *calls) note(a answer, err error, took time.Duration) {
	what := fmt.Sprintf("%d %s", a.status, a.reason)
	if err != nil {
		what = "no answer"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told == nil {
		c.told = map[string]int{}
	}
	c.told[what]++
	c.slowest = max(c.slowest, took)
	if (a.status == http.StatusServiceUnavailable || a.status == http.StatusTooManyRequests) && !strings.Contains(a.text, "retryDelay") {
		c.bare++
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
					w.t.Logf("retried, acknowledged at %s: %v, status %d, reason %s", s.at.Format("15:04:05.000000"), err, a.status, a.reason)
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
