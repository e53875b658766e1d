package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/crypto/tag"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

const (
	maxCallers = 512 // as many connections
	warmUp     = 64  // entries sent before the clock starts
)

// callersJob is one measuring of the public's door.
type callersJob struct {
	Addr, Campaign, Notice string
	First                  int      // number of the first person, so that nobody enters twice
	Tokens                 []string // one an entry
	Callers                int
	Time                   time.Duration
	// Rate 0: each caller sends the next entry when the last one is answered. Otherwise entries arrive at random, Rate a second, whether or
	// not earlier ones are answered, and the time of each counts from its arrival.
	Rate float64
}

type callersResult struct {
	Sent          int     // with the warm-up
	PerSecond     float64 // acknowledged
	P50, P99, Max float64 // milliseconds
	CPU           float64 // seconds of processor time that the callers took
}

type callersCmd struct{}

// Run reads a job, makes all requests beforehand, sends them, and prints what it saw. An entry that is refused ends the measuring: a rate
// of refusals would be no rate of entries.
func (callersCmd) Run(ctx context.Context) error {
	var job callersJob
	if err := json.NewDecoder(os.Stdin).Decode(&job); err != nil {
		return err
	}
	bodies, err := makeBodies(ctx, job)
	if err != nil {
		return err
	}
	res, err := send(ctx, job, bodies)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(res)
}

// makeBodies writes whole HTTP requests, so that sending costs the machine little that a caller elsewhere would not cost it.
func makeBodies(ctx context.Context, job callersJob) ([][]byte, error) {
	bodies := make([][]byte, len(job.Tokens))
	for i := range bodies {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, answers, n := random32(), random32(), job.First+i
		number, err := idNumber(n)
		if err != nil {
			return nil, err
		}
		body, err := protojson.Marshal(&fairlotv1.EnterRequest{
			R: r[:], NoticeHash: job.Notice, Consents: []string{"terms"}, Token: job.Tokens[i], ResponseJson: answersOf(n), AnswerSecretHash: answers[:],
			Identity: &fairlotv1.Identity{Name: fmt.Sprintf("陳大文%d", n), IdType: fairlotv1.IdType_ID_TYPE_CITIZEN, IdNumber: number},
			Contact:  &fairlotv1.Contact{Lang: "zh-Hant-TW", Phone: fmt.Sprintf("0900-%06d", n), Email: fmt.Sprintf("p%d@example.org", n), Address: fmt.Sprintf("臺北市虛構路%d號", n)},
		})
		if err != nil {
			return nil, err
		}
		bodies[i] = fmt.Appendf(nil, "POST /v1/campaigns/%s/entries HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			job.Campaign, job.Addr, len(body), body)
	}
	return bodies, nil
}

// idNumber is the i-th valid ID number of a citizen of Taiwan.
func idNumber(i int) (string, error) {
	for d := range 10 {
		if n, err := tag.Canonical(tag.Citizen, fmt.Sprintf("%c%c%07d%d", 'A'+i/20_000_000, '1'+i/10_000_000%2, i%10_000_000, d)); err == nil {
			return n, nil
		}
	}
	return "", fmt.Errorf("person %d has no ID number", i)
}

var errShort = errors.New("the requests made beforehand ran out before the time was over")

func send(ctx context.Context, job callersJob, bodies [][]byte) (callersResult, error) {
	conns := make([]*caller, job.Callers)
	for i := range conns {
		c, err := net.Dial("tcp", job.Addr)
		if err != nil {
			return callersResult{}, err
		}
		defer c.Close()
		conns[i] = &caller{conn: c, in: bufio.NewReader(c)}
	}
	var next atomic.Int64
	take := func() []byte {
		if i := int(next.Add(1)) - 1; i < len(bodies) {
			return bodies[i]
		}
		return nil
	}
	if err := each(conns, func(c *caller) error { return c.some(max(1, warmUp/len(conns)), take) }); err != nil {
		return callersResult{}, err
	}
	cpu := cpuOf(os.Getpid())
	began := time.Now()
	end := began.Add(job.Time)
	var arrivals <-chan time.Time
	if job.Rate > 0 {
		arrivals = arrive(ctx, began, end, job.Rate)
	}
	err := each(conns, func(c *caller) error {
		for ctx.Err() == nil {
			from := time.Now()
			if arrivals != nil {
				var more bool
				if from, more = <-arrivals; !more {
					return nil
				}
			} else if from.After(end) {
				return nil
			}
			body := take()
			if body == nil {
				return errShort
			}
			if err := c.enter(body); err != nil {
				return err
			}
			c.took = append(c.took, time.Since(from))
		}
		return ctx.Err()
	})
	if err != nil {
		return callersResult{}, err
	}
	took := time.Since(began).Seconds()
	var all []time.Duration
	for _, c := range conns {
		all = append(all, c.took...)
	}
	if len(all) == 0 {
		return callersResult{}, errors.New("no entry was acknowledged")
	}
	slices.Sort(all)
	return callersResult{
		Sent: int(next.Load()), PerSecond: float64(len(all)) / took, CPU: cpuOf(os.Getpid()) - cpu,
		P50: millis(quantile(all, 0.5)), P99: millis(quantile(all, 0.99)), Max: millis(all[len(all)-1]),
	}, nil
}

// arrive hands out arrivals of a Poisson process. Nobody being free to take one does not move the later ones.
func arrive(ctx context.Context, begin, end time.Time, rate float64) <-chan time.Time {
	out := make(chan time.Time, 1<<16)
	go func() {
		defer close(out)
		for at := begin; ; {
			at = at.Add(time.Duration(rand.ExpFloat64() / rate * float64(time.Second)))
			if at.After(end) || ctx.Err() != nil {
				return
			}
			time.Sleep(time.Until(at))
			out <- at
		}
	}()
	return out
}

// caller is one connection.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
	took []time.Duration
}

func (c *caller) some(n int, take func() []byte) error {
	for range n {
		body := take()
		if body == nil {
			return errShort
		}
		if err := c.enter(body); err != nil {
			return err
		}
	}
	return nil
}

// enter sends one entry and reads the whole answer, which must be a receipt.
func (c *caller) enter(body []byte) error {
	if _, err := c.conn.Write(body); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || !bytes.Contains(text, []byte("fairlot/v1 receipt")) {
		return fmt.Errorf("an entry was answered with %s: %s", res.Status, text)
	}
	return nil
}

// each runs f for all at once and returns the first error.
func each[T any](list []T, f func(T) error) error {
	errs := make([]error, len(list))
	var all sync.WaitGroup
	for i, x := range list {
		all.Go(func() { errs[i] = f(x) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
