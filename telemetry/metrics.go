package telemetry

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metric is one metric, as OPERATIONS and the dashboard must know it.
type Metric struct {
	Name   string
	Help   string
	Labels []string
}

func metric(short string) string { return "fairlot_" + short }

// Metrics are all that Handler shows.
var Metrics = []Metric{
	{"fairlot_entries_acknowledged_total", "Receipts given, repeated ones too. Shown in steps of 50 to 99 calls.", nil},
	{"fairlot_entries_refused_total", "Entries refused because of what was sent or when, by reason of the contract. Shown in steps of 50 to 99 calls.", []string{"reason"}},
	{"fairlot_entry_faults_total", "Entries that the service could not take, by reason: storage away, queue full, internal. Shown at once.", []string{"reason"}},
	{"fairlot_entry_queue", "Entries that wait for a commit, rounded down to 64. At 1,024 callers are told to come again.", nil},
	{"fairlot_seal_seconds", "Time to make one entrant's lock and envelopes. Shown in steps.", nil},
	{"fairlot_commit_seconds", "Time of one group commit in the identity room. Shown in steps.", nil},
	{"fairlot_commit_entries", "Entries of one group commit. Shown in steps.", nil},
	{"fairlot_epochs_waiting", "Epochs whose responses are not mixed yet, of all open campaigns; about two each.", nil},
	{"fairlot_mixing_lag_seconds", "Since when the work that the clock starts was last done for every campaign.", nil},
	{"fairlot_campaigns_troubled", "Campaigns that could not be worked on at the last round.", nil},
	{"fairlot_jobs_late", "What the clock should have done over a minute ago: closes, draws, erasures, openings.", nil},
	{"fairlot_opened_total", "Persons whose envelopes were opened, by purpose, as the public log counts them.", []string{"purpose"}},
	{"fairlot_witnesses_behind", "Independent witnesses that have not cosigned the newest record.", nil},
	{"fairlot_log_records", "Records of the public log, as far as this daemon has read it.", nil},
	{"fairlot_lease_held", "1 if this daemon signs the log and mixes.", nil},
	{"fairlot_lacking", "1 for each thing that is missing to be ready, by its code.", []string{"code"}},
	{"fairlot_staff_call_seconds", "Calls of staff, by method and gRPC code.", []string{"method", "code"}},
	{"fairlot_work_seconds", "The daemon's own work, by kind and result.", []string{"work", "result"}},
	{"fairlot_memory_bytes", "Resident memory, rounded down to 16 MiB.", nil},
	{"fairlot_open_files", "Open files and connections, rounded down to 64.", nil},
	{"fairlot_started_seconds", "Unix time at which the daemon started.", nil},
	{"fairlot_build", "1; the label names the program's commit.", []string{"version"}},
}

func helpOf(short string) string {
	for _, m := range Metrics {
		if m.Name == metric(short) {
			return m.Help
		}
	}
	panic("no metric " + short)
}

// reading makes the metrics that are not kept by the library.
type reading struct {
	t       *Telemetry
	codes   []string
	version string
	started time.Time
}

func (r *reading) desc(short string) *prometheus.Desc {
	for _, m := range Metrics {
		if m.Name == metric(short) {
			return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
		}
	}
	panic("no metric " + short)
}

// Describe names none of them beforehand: they are checked against Metrics by a test.
func (r *reading) Describe(chan<- *prometheus.Desc) {}

// Collect reads them.
func (r *reading) Collect(out chan<- prometheus.Metric) {
	gauge := func(short string, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(r.desc(short), prometheus.GaugeValue, v, labels...)
	}
	counter := func(short string, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(r.desc(short), prometheus.CounterValue, v, labels...)
	}
	r.t.mu.Lock()
	shown, vitals := r.t.shown, r.t.vitals
	r.t.mu.Unlock()
	counter("entries_acknowledged_total", float64(shown.acknowledged))
	for reason, n := range shown.refused {
		counter("entries_refused_total", float64(n), reason)
	}
	out <- shown.seal.metric(r.desc("seal_seconds"))
	out <- shown.commit.metric(r.desc("commit_seconds"))
	out <- shown.group.metric(r.desc("commit_entries"))

	v := vitals()
	gauge("entry_queue", float64(v.Queue/round*round))
	gauge("epochs_waiting", float64(v.EpochsWaiting))
	gauge("mixing_lag_seconds", v.MixingLag.Seconds())
	gauge("campaigns_troubled", float64(v.Troubled))
	gauge("jobs_late", float64(v.JobsLate))
	for purpose, n := range v.Opened {
		counter("opened_total", float64(n), purpose)
	}
	gauge("log_records", float64(v.LogRecords))
	gauge("witnesses_behind", float64(v.WitnessesBehind))
	held := 0.0
	if v.LeaseHeld {
		held = 1
	}
	gauge("lease_held", held)
	lacking := map[string]bool{}
	for _, code := range v.Lacking {
		lacking[code] = true
	}
	for _, code := range r.codes {
		n := 0.0
		if lacking[code] {
			n = 1
		}
		gauge("lacking", n, code)
	}
	if bytes, files, ok := resources(); ok {
		gauge("memory_bytes", float64(bytes>>24<<24))
		gauge("open_files", float64(files/round*round))
	}
	gauge("started_seconds", float64(r.started.Unix()))
	gauge("build", 1, r.version)
}

// resources reads resident memory in bytes and the number of open files, where the system says so.
func resources() (memory int64, files int, ok bool) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, 0, false
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0, 0, false
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0, 0, false
	}
	names, err := os.ReadDir("/proc/self/fd")
	return pages * int64(os.Getpagesize()), len(names), err == nil
}
