// Package telemetry counts and times what the daemon does, for Prometheus, and sends traces of what staff and the daemon itself do, by OTLP.
//
// It keeps counts and durations, never who, which campaign, or what was sent. Nothing of the entry path is traced and nothing of it has an
// exemplar. And a count that is read every few seconds is a clock: beside a copy of the identity room, whose pages tell in which order people
// entered, it would tell when each did. So everything that one entry moves is shown in steps of at least [Step] calls, and gauges are rounded down
// ([Metrics] says which). Faults of storage are shown at once: whoever met one has no row. First call: [New].
package telemetry

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Step is the fewest calls of the entry path that are shown together. How many they are is drawn anew each time, from Step to twice that, so that
// nobody knows which call made the step.
const Step = 50

// round is what gauges that one caller can move are rounded down to.
const round = 64

// faults are the reasons by which the service, and not the caller, refuses; they are shown at once.
var faults = map[string]bool{"STORAGE_UNAVAILABLE": true, "BUSY": true, "INTERNAL": true}

// Vitals are gauges that are read when somebody asks. Each number is a whole installation's.
type Vitals struct {
	Queue           int
	EpochsWaiting   int64
	MixingLag       time.Duration
	Troubled        int
	Opened          map[string]int64 // by purpose
	LogRecords      int64
	WitnessesBehind int64
	JobsLate        int64
	LeaseHeld       bool
	Lacking         []string // codes of what is missing
}

// Telemetry takes and shows all metrics and traces of one daemon. Make it with New; all methods are safe for concurrent use.
type Telemetry struct {
	mu     sync.Mutex
	live   entryPath
	shown  entryPath
	since  int // calls since shown was made
	until  int // calls that make the next step
	vitals func() Vitals

	staff    *prometheus.HistogramVec
	trouble  *prometheus.CounterVec
	work     *prometheus.HistogramVec
	handler  http.Handler
	registry *prometheus.Registry
	tracing  *tracing
}

// entryPath is everything that one entry moves.
type entryPath struct {
	acknowledged uint64
	refused      map[string]uint64
	seal, commit buckets
	group        buckets
}

// New makes one. Codes are all that Vitals.Lacking may hold; version is that of the program. Call SetVitals before the first reading.
func New(version string, codes []string) *Telemetry {
	t := &Telemetry{live: newEntryPath(), shown: newEntryPath(), until: nextStep(), registry: prometheus.NewRegistry(), vitals: func() Vitals { return Vitals{} }}
	t.staff = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: metric("staff_call_seconds"), Help: helpOf("staff_call_seconds"), Buckets: []float64{.005, .02, .1, .5, 2, 10, 60}}, []string{"method", "code"})
	t.trouble = prometheus.NewCounterVec(prometheus.CounterOpts{Name: metric("entry_faults_total"), Help: helpOf("entry_faults_total")}, []string{"reason"})
	for reason := range faults {
		t.trouble.WithLabelValues(reason)
	}
	t.work = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: metric("work_seconds"), Help: helpOf("work_seconds"), Buckets: []float64{.005, .02, .1, .5, 2, 10, 60, 600}}, []string{"work", "result"})
	t.registry.MustRegister(t.staff, t.trouble, t.work, &reading{t: t, codes: codes, version: version, started: time.Now()})
	t.handler = promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
	return t
}

// SetVitals says where gauges come from.
func (t *Telemetry) SetVitals(f func() Vitals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.vitals = f
}

// Handler shows all metrics in Prometheus' text form.
func (t *Telemetry) Handler() http.Handler { return t.handler }

// Entered counts one call that asked to enter: reason is empty if a receipt was given, also one given before.
func (t *Telemetry) Entered(reason string) {
	if faults[reason] {
		t.trouble.WithLabelValues(reason).Inc()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if reason == "" {
		t.live.acknowledged++
	} else {
		t.live.refused[reason]++
	}
	if t.since++; t.since >= t.until {
		t.shown, t.since, t.until = t.live.clone(), 0, nextStep()
	}
}

// Sealed takes how long the lock and envelopes of one entrant took.
func (t *Telemetry) Sealed(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.live.seal.take(took.Seconds())
}

// Committed takes how long a group commit of so many entries took.
func (t *Telemetry) Committed(entries int, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.live.commit.take(took.Seconds())
	t.live.group.take(float64(entries))
}

func nextStep() int { return Step + rand.IntN(Step) }

func newEntryPath() entryPath {
	seconds := []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 5}
	return entryPath{refused: map[string]uint64{}, seal: newBuckets(seconds), commit: newBuckets(seconds), group: newBuckets([]float64{1, 2, 4, 8, 16, 32, 64, 128, 256})}
}

func (e entryPath) clone() entryPath {
	c := e
	c.refused = map[string]uint64{}
	for reason, n := range e.refused {
		c.refused[reason] = n
	}
	c.seal, c.commit, c.group = e.seal.clone(), e.commit.clone(), e.group.clone()
	return c
}

// buckets is a histogram of which a copy can be kept.
type buckets struct {
	bounds []float64
	counts []uint64 // not cumulated
	count  uint64
	sum    float64
}

func newBuckets(bounds []float64) buckets {
	return buckets{bounds: bounds, counts: make([]uint64, len(bounds))}
}

func (b *buckets) take(v float64) {
	b.count++
	b.sum += v
	for i, bound := range b.bounds {
		if v <= bound {
			b.counts[i]++
			return
		}
	}
}

func (b buckets) clone() buckets {
	b.counts = append([]uint64(nil), b.counts...)
	return b
}

func (b buckets) metric(d *prometheus.Desc) prometheus.Metric {
	cumulated := map[float64]uint64{}
	var n uint64
	for i, bound := range b.bounds {
		n += b.counts[i]
		cumulated[bound] = n
	}
	return prometheus.MustNewConstHistogram(d, b.count, b.sum, cumulated)
}
