package deadline

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDue: every line was counted by hand on a printed calendar, not by the code.
func TestDue(t *testing.T) {
	c := Taiwan()
	for _, x := range []struct {
		what     string
		clock    Clock
		received string
		want     string
	}{
		{"an ordinary Tuesday", Access, "2026-11-30", "2026-12-15 24"},
		{"the day of receipt does not count, be it a Saturday", Access, "2026-11-28", "2026-12-14 24"}, // 13 December is a Sunday
		{"a Saturday moves to Monday morning", Access, "2026-11-27", "2026-12-14 12"},
		{"a holiday on a Friday, then the week-end", Access, "2026-12-10", "2026-12-28 12"}, // 25 December
		{"a make-up Saturday is a working day", Access, "2024-02-02", "2024-02-17 24"},
		{"a make-up Saturday of another year", Access, "2025-01-24", "2025-02-08 24"},
		{"a holiday in the middle of the week", Access, "2027-05-25", "2027-06-10 24"}, // Dragon Boat, Wednesday 9 June
		{"a day off for another, on a Monday", Access, "2027-09-26", "2027-10-12 24"},  // 11 October, for Sunday the 10th
		{"Labour Day 2025 was no holiday of offices", Access, "2025-04-16", "2025-05-01 24"},
		{"Labour Day 2026 is one", Access, "2026-04-16", "2026-05-04 12"},
		{"thirty days into the new year's week", Change, "2027-01-06", "2027-02-11 12"},
		{"thirty days to the week-end of new year's day", Change, "2026-12-02", "2027-01-04 12"},
		{"the leap day counts", Change, "2024-02-01", "2024-03-04 12"}, // 2 March is a Saturday
	} {
		due, err := x.clock.Due(c, day(t, x.received))
		if err != nil {
			t.Errorf("%s: %v", x.what, err)
			continue
		}
		if got := written(due); got != x.want {
			t.Errorf("%s: received %s, due %s, want %s", x.what, x.received, got, x.want)
		}
	}
}

func written(d Due) string {
	if d.Noon {
		return d.Day.Format(time.DateOnly) + " 12"
	}
	return d.Day.Format(time.DateOnly) + " 24"
}

func TestExtended(t *testing.T) {
	c := Taiwan()
	// 13 December 2026 is a Sunday and moves to the 14th; the extension still follows on the 13th.
	due, err := Access.Extended(c, day(t, "2026-11-28"), 15)
	if err != nil || written(due) != "2026-12-28 24" {
		t.Errorf("due %s, %v", written(due), err)
	}
	due, err = Change.Extended(c, day(t, "2026-11-28"), 30) // 27 January 2027, a Wednesday
	if err != nil || written(due) != "2027-01-27 24" {
		t.Errorf("due %s, %v", written(due), err)
	}
	for _, days := range []int{-1, 0, 16, 30} {
		if _, err := Access.Extended(c, day(t, "2026-11-28"), days); !errors.Is(err, ErrExtension) {
			t.Errorf("by %d days: %v", days, err)
		}
	}
}

func TestDueIsAnInstantInTaiwan(t *testing.T) {
	d := Due{Day: day(t, "2026-12-31")}
	if got := d.Time().UTC().Format(time.RFC3339); got != "2026-12-31T16:00:00Z" {
		t.Error(got)
	}
	d.Noon = true
	if got := d.Time().UTC().Format(time.RFC3339); got != "2026-12-31T04:00:00Z" {
		t.Error(got)
	}
	if got := DayOf(time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC)); !got.Equal(day(t, "2027-01-01")) {
		t.Error(got)
	}
	if got := DayOf(time.Date(2026, 12, 31, 15, 59, 59, 0, time.UTC)); !got.Equal(day(t, "2026-12-31")) {
		t.Error(got)
	}
}

func TestBeyond(t *testing.T) {
	c := Taiwan()
	first, last := c.Years()
	if first != 2024 || last != 2027 {
		t.Fatalf("years %d to %d: does OPERATIONS say so too?", first, last)
	}
	for _, received := range []string{"2023-12-01", "2027-12-18", "2028-03-01"} {
		_, err := Access.Due(c, day(t, received))
		if !errors.Is(err, ErrBeyond) || !strings.Contains(err.Error(), "2024 to 2027") {
			t.Errorf("received %s: %v", received, err)
		}
	}
	if due, err := Access.Due(c, day(t, "2027-12-15")); err != nil || written(due) != "2027-12-30 24" {
		t.Errorf("the last year: %s, %v", written(due), err)
	}
	if _, err := Access.Due(c, day(t, "2027-12-16")); !errors.Is(err, ErrBeyond) { // 31 December is off, and the next working day is in 2028
		t.Errorf("an end that moves into a year that is not covered: %v", err)
	}
}

// TestYearsAreWhole counts the days off of each year, week-ends included, so that no line is lost: 115 were announced for 2024 and for 2025, and three more came in 2025 by
// the Act on memorial days and holidays (29 September, 24 October, 25 December); 2026 and 2027 were counted by hand from the published tables.
func TestYearsAreWhole(t *testing.T) {
	c := Taiwan()
	for year, want := range map[int]int{2024: 115, 2025: 118, 2026: 120, 2027: 121} {
		off := 0
		for d := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == year; d = d.AddDate(0, 0, 1) {
			works, err := c.Works(d)
			if err != nil {
				t.Fatal(err)
			}
			if !works {
				off++
			}
		}
		if off != want {
			t.Errorf("%d has %d days off, want %d", year, off, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "fairlot/v1 calendar\nas-of 2026-01-01\n"
	for _, text := range []string{
		"", "fairlot/v1 calendar\n", head, "calendar\nas-of 2026-01-01\nyear 2026\n", "fairlot/v1 calendar\nas-of today\nyear 2026\n",
		head + "off 2026-01-01 x\n",                                // before its year
		head + "year 2026\nyear 2028\n",                            // a gap
		head + "year 2026\noff 2026-01-03 x\n",                     // a Saturday is off anyhow
		head + "year 2026\nwork 2026-01-02 x\n",                    // a Friday is worked anyhow
		head + "year 2026\noff 2026-01-02\n",                       // no name
		head + "year 2026\noff 2026-02-30 x\n",                     // no such day
		head + "year 2026\noff 2026-01-05 x\noff 2026-01-05 x\n",   // twice
		head + "year 2026\noff 2026-01-06 x\noff 2026-01-05 x\n",   // order
		head + "year 2026\noff 2025-01-06 x\n",                     // another year's
		head + "year 2026\nshut 2026-01-05 x\n", head + "year x\n", // unknown
	} {
		if _, err := Parse(text); !errors.Is(err, ErrCalendar) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if c, err := Parse(head + "year 2026\noff 2026-01-05 x\nwork 2026-01-10 y\n"); err != nil || c.AsOf() != day(t, "2026-01-01") {
		t.Errorf("a calendar was refused: %v", err)
	}
}
