package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"fairlot/cmd/fairlot/watch"
	"fairlot/crypto/ledger"
	"fairlot/monitor"
)

type logCmd struct {
	Monitor logMonitor `cmd:"" help:"Follow the public logs of institutions and report what an honest log does not show."`
}

type logMonitor struct {
	URL         []string      `arg:"" name:"url" help:"Public sites of installations, such as https://draw.library.example. Two addresses of one log are compared with each other."`
	State       string        `required:"" placeholder:"FILE" help:"What was seen so far, mode 0600, made at the first look. Keep it: a log that was rewritten shows against it only."`
	Key         []string      `sep:"none" placeholder:"VKEY" help:"Verifier key that the log must have, from the institution's announcement or a bundle's open record. Else the key of the first look is kept. May be repeated."`
	Once        bool          `help:"Look once and end, which is also done without --every."`
	Every       time.Duration `placeholder:"DURATION" help:"Look again and again, such as 10m, until ended; each finding is reported when it comes."`
	Verify      bool          `help:"Also download the whole bundle of each campaign when the log grew, and verify it."`
	Overdue     time.Duration `default:"24h" placeholder:"DURATION" help:"How long after its round a draw may have neither result nor void."`
	DayTimes    int           `default:"10" placeholder:"N" help:"A day is strange if it has 100 entries or more, and more than N times the median of the campaign's other days (of 5 days or more)."`
	Lang        string        `default:"en" enum:"en,zh" env:"FAIRLOT_LANG" placeholder:"en|zh" help:"Language of the findings."`
	JSON        bool          `name:"json" help:"Print JSON, one finding a line, in both languages, with the signed notes that prove it."`
	MetricsFile string        `placeholder:"FILE" help:"Write counts for Prometheus here after each look, whole or not at all; for the node exporter's text file collector the name ends in .prom."`
}

// Help is shown below the usage.
func (logMonitor) Help() string {
	return `It fetches each log's signed head and all records, computes the tree itself, compares it with the head seen last, and judges the records and cosignatures:
heads of one size that differ, a log that shrank, draw numbers left out, second or late closes, draws put off or void out of time, more entrants than the register,
strange days, envelopes opened beyond the rules. It trusts the sizes that the records state: --verify counts the entry lists too.

What it says is no more than what it was shown: run it from another network than the institution's, and look often enough to see the log between a
draw's deadline and its round. A finding of two signed heads stays in the state, and is reported at every look.

Exit status: 0 nothing found, 1 findings, 2 wrong usage, 3 a log could not be looked at, and nothing was found.

Example: fairlot log monitor https://draw.library.example --state library.json
         fairlot log monitor https://a.example https://b.example --state both.json --every 10m --json --metrics-file /var/lib/node_exporter/fairlot.prom`
}

// Run looks once, or until it is ended.
func (cmd *logMonitor) Run(a *app) error {
	if cmd.Once && cmd.Every != 0 {
		return usage("--once or --every, not both")
	}
	if cmd.Every < 0 || cmd.Every > 0 && cmd.Every < time.Second {
		return usage("--every: want a second or more, such as 10m")
	}
	if cmd.Overdue < 0 || cmd.DayTimes < 2 {
		return usage("--overdue: want no negative time; --day-times: want 2 or more")
	}
	var urls []string
	for _, s := range cmd.URL {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return usage("%q is no address of a site, such as https://draw.library.example", s)
		}
		if s = watch.Address(s); !slices.Contains(urls, s) {
			urls = append(urls, s)
		}
	}
	for _, k := range cmd.Key {
		if key, err := ledger.ParseVKey(k); err != nil || key.Alg != ledger.AlgLog {
			return usage("--key: %q is no verifier key of a log", k)
		}
	}
	release, err := watch.Hold(cmd.State)
	if err != nil {
		return &statusError{2, err}
	}
	defer release()
	state, err := watch.Read(cmd.State)
	if err != nil {
		return &statusError{2, err}
	}
	w := &watch.Watcher{State: state, Keys: cmd.Key, Overdue: cmd.Overdue, DayTimes: cmd.DayTimes, Verify: cmd.Verify, Now: time.Now}
	found, failed := false, false
	said := map[string]bool{}
	for {
		reports := w.Look(a.ctx, urls)
		if a.ctx.Err() != nil {
			break
		}
		failed = false
		now := map[string]bool{}
		for _, r := range reports {
			if r.Err != nil {
				failed = true
				a.say(map[string]string{"en": "%s: could not be looked at wholly: %s\n", "zh": "%s：無法完整查看：%s\n"}[cmd.Lang], r.URL, printable(r.Err.Error()))
			}
			for _, f := range r.Findings {
				found = true
				line, err := cmd.line(r, f)
				if err != nil {
					return err
				}
				if now[line] = true; !said[line] {
					a.printf("%s\n", line)
				}
			}
			if cmd.Every == 0 && r.Err == nil {
				if cmd.Lang == "zh" {
					a.say("%s：紀錄 %d 筆，發現 %d 項\n", r.URL, r.Size, len(r.Findings))
				} else {
					a.say("%s: %s, %s\n", r.URL, plural(r.Size, "record", "records"), plural(int64(len(r.Findings)), "finding", "findings"))
				}
			}
		}
		said = now
		if err := state.Write(cmd.State); err != nil {
			return &statusError{3, err}
		}
		if cmd.MetricsFile != "" {
			if err := watch.WriteMetrics(cmd.MetricsFile, reports, time.Now()); err != nil {
				return &statusError{3, err}
			}
		}
		if cmd.Every == 0 {
			break
		}
		select {
		case <-a.ctx.Done():
		case <-time.After(cmd.Every):
			continue
		}
		break
	}
	switch {
	case found:
		return &statusError{status: 1}
	case failed || a.ctx.Err() != nil && cmd.Every == 0:
		return &statusError{status: 3}
	}
	return nil
}

// line is one finding for people or machines; it is the same as long as the finding is.
func (cmd *logMonitor) line(r watch.Report, f monitor.Finding) (string, error) {
	if !cmd.JSON {
		where := r.URL
		if f.Campaign != "" {
			where += " " + f.Campaign
		}
		if f.Draw > 0 {
			where += fmt.Sprintf(map[string]string{"en": " draw %d", "zh": " 第 %d 次抽獎"}[cmd.Lang], f.Draw)
		}
		return fmt.Sprintf("%s: %s: %s", f.Kind, where, printable(map[string]string{"en": f.En, "zh": f.Zh}[cmd.Lang])), nil
	}
	line := struct {
		Kind     monitor.Kind      `json:"kind"`
		URL      string            `json:"url"`
		Log      string            `json:"log,omitempty"`
		Campaign string            `json:"campaign,omitempty"`
		Draw     int               `json:"draw,omitempty"`
		Entry    *int64            `json:"entry,omitempty"`
		Text     map[string]string `json:"text"`
		Evidence []string          `json:"evidence,omitempty"`
	}{f.Kind, r.URL, r.Origin, f.Campaign, f.Draw, nil, map[string]string{"en": f.En, "zh-Hant-TW": f.Zh}, f.Evidence}
	if f.Entry >= 0 {
		line.Entry = &f.Entry
	}
	b, err := json.Marshal(line)
	return string(b), err
}

// printable keeps what a strange server said from steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
