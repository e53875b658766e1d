// Package instant writes points in time for people who read a terminal: in UTC, which the rules, the log and every other machine state, and beside it in the zone of the machine
// that prints, where that is another. Files, JSON and what is hashed or signed never pass through it: they hold UTC alone.
//
// Source of the machine's zone: the standard library's time.Local (the variable TZ, else the system's). It keeps no state and has no errors.
//
// First call: Text.
package instant

import (
	"regexp"
	"time"
)

// Text is t to the second: 2026-01-31 16:00:00 UTC, and (2026-02-01 00:00:00 +08:00) after it where the machine's clock differs from UTC at t.
func Text(t time.Time) string {
	s := t.UTC().Format("2006-01-02 15:04:05 UTC")
	if local := t.Local(); local.Format("-07:00") != "+00:00" {
		s += local.Format(" (2006-01-02 15:04:05 -07:00)")
	}
	return s
}

var contract = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// In writes all times of a daemon's sentence, which are RFC 3339 in UTC to the second, as Text does; the rest stays.
func In(sentence string) string {
	return contract.ReplaceAllStringFunc(sentence, func(s string) string {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return s
		}
		return Text(t)
	})
}
