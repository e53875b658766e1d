package watch

import (
	"fmt"
	"os"
	"strings"
	"time"

	"fairlot/monitor"
)

// label escapes a label's value for the text form of Prometheus.
var label = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Metrics writes reports in the text form of Prometheus. Every kind of finding has a line, 0 too, so that a rule can wait for it.
func Metrics(reports []Report, now time.Time) []byte {
	var b strings.Builder
	head := func(name, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name) }
	head("fairlot_monitor_findings", "Things found in a log that an honest one does not show, by kind.")
	for _, r := range reports {
		for _, kind := range monitor.Kinds() {
			n := 0
			for _, f := range r.Findings {
				if f.Kind == kind {
					n++
				}
			}
			fmt.Fprintf(&b, "fairlot_monitor_findings{url=\"%s\",kind=\"%s\"} %d\n", label.Replace(r.URL), kind, n)
		}
	}
	head("fairlot_monitor_looked", "1 if the log could be looked at wholly, 0 if not.")
	for _, r := range reports {
		looked := 1
		if r.Err != nil {
			looked = 0
		}
		fmt.Fprintf(&b, "fairlot_monitor_looked{url=\"%s\"} %d\n", label.Replace(r.URL), looked)
	}
	head("fairlot_monitor_records", "Records that the newest head signs.")
	for _, r := range reports {
		if r.Err == nil {
			fmt.Fprintf(&b, "fairlot_monitor_records{url=\"%s\"} %d\n", label.Replace(r.URL), r.Size)
		}
	}
	head("fairlot_monitor_time_seconds", "When the monitor looked, in Unix seconds.")
	fmt.Fprintf(&b, "fairlot_monitor_time_seconds %d\n", now.Unix())
	return []byte(b.String())
}

// WriteMetrics puts the file in place of the one before, whole, readable for a collector.
func WriteMetrics(path string, reports []Report, now time.Time) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, Metrics(reports, now), 0o644); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
