package instant

import (
	"testing"
	"time"
)

// at runs f on a machine of the zone.
func at(zone *time.Location, f func()) {
	was := time.Local
	defer func() { time.Local = was }()
	time.Local = zone
	f()
}

func TestTextSaysTheMachinesTimeToo(t *testing.T) {
	deadline := time.Date(2026, 1, 31, 16, 0, 0, 5, time.UTC)
	for _, c := range []struct {
		zone *time.Location
		want string
	}{
		{time.UTC, "2026-01-31 16:00:00 UTC"},
		{time.FixedZone("GMT", 0), "2026-01-31 16:00:00 UTC"},
		{time.FixedZone("CST", 8*3600), "2026-01-31 16:00:00 UTC (2026-02-01 00:00:00 +08:00)"},
		{time.FixedZone("", -(3*3600 + 1800)), "2026-01-31 16:00:00 UTC (2026-01-31 12:30:00 -03:30)"},
	} {
		at(c.zone, func() {
			for _, in := range []*time.Location{time.UTC, time.Local, time.FixedZone("x", 3600)} {
				if got := Text(deadline.In(in)); got != c.want {
					t.Errorf("on a machine in %v, of a time in %v: %q, want %q", c.zone, in, got, c.want)
				}
			}
		})
	}
}

func TestInWritesTheContractsTimes(t *testing.T) {
	at(time.FixedZone("CST", 8*3600), func() {
		for in, want := range map[string]string{
			"entries end at 2026-01-31T16:00:00Z, not before 2026-02-01T01:02:03Z": "entries end at 2026-01-31 16:00:00 UTC (2026-02-01 00:00:00 +08:00), not before 2026-02-01 01:02:03 UTC (2026-02-01 09:02:03 +08:00)",
			"no day 2026-13-31T16:00:00Z":                                          "no day 2026-13-31T16:00:00Z",
			"the day 2026-01-31":                                                   "the day 2026-01-31",
			"":                                                                     "",
		} {
			if got := In(in); got != want {
				t.Errorf("%q: %q, want %q", in, got, want)
			}
		}
	})
}
