// Package deadline counts the legal periods within which a public institution of Taiwan answers a person's request about their own data, and says on
// which days its offices work. It reads no clock: days come in and go out.
//
// Periods: Personal Data Protection Act (個人資料保護法) article 13, 15 days for access and copies, 30 for correction and deletion, each extended once by
// at most as many. Counting: Administrative Procedure Act (行政程序法) article 48. Holidays and make-up working days: the calendar of government offices
// (政府行政機關辦公日曆表) of the Directorate-General of Personnel Administration, as taiwan.txt has it. It is no legal advice, and knows no days on which
// offices close for a typhoon: those only move an end further away.
//
// First calls: [Taiwan], then [Clock.Due].
package deadline

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed taiwan.txt
var taiwan string

// Zone is Taiwan's time, UTC+8 the year round.
var Zone = time.FixedZone("Asia/Taipei", 8*60*60)

// Errors of calendars.
var (
	// ErrBeyond says that a day lies in a year that the calendar does not cover.
	ErrBeyond = errors.New("the calendar of working days does not cover this year")
	// ErrCalendar says that a text is no calendar.
	ErrCalendar = errors.New("not a calendar of working days")
)

// Calendar says which days offices work. It never changes, so all may use it at once. Its text has a line `fairlot/v1 calendar`, a line `as-of DATE`
// (when it was compared with what was published), and for each year, without gaps, a line `year YYYY` and then, ascending, `off DATE NAME` for a
// Monday to Friday on which offices are shut and `work DATE NAME` for a Saturday or Sunday on which they work.
type Calendar struct {
	asOf        time.Time
	first, last int
	other       map[time.Time]bool // days that are not as their weekday says: true if offices work
}

// Taiwan is the calendar that comes with this program.
func Taiwan() *Calendar {
	c, err := Parse(taiwan)
	if err != nil {
		panic(err) // a test parses it
	}
	return c
}

// Parse reads a calendar. Errors wrap ErrCalendar and name the line.
func Parse(text string) (*Calendar, error) {
	c := &Calendar{other: map[time.Time]bool{}}
	bad := func(n int, what string) (*Calendar, error) {
		return nil, fmt.Errorf("%w: line %d: %s", ErrCalendar, n, what)
	}
	before := time.Time{}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		n := i + 1
		key, value, _ := strings.Cut(line, " ")
		switch {
		case n == 1:
			if line != "fairlot/v1 calendar" {
				return bad(n, "want `fairlot/v1 calendar`")
			}
			continue
		case n == 2:
			day, err := ParseDay(value)
			if key != "as-of" || err != nil {
				return bad(n, "want `as-of YYYY-MM-DD`")
			}
			c.asOf = day
			continue
		case key == "year":
			year, err := strconv.Atoi(value)
			if err != nil || year < 2000 || year > 9999 || c.last != 0 && year != c.last+1 {
				return bad(n, "want the year after the one before")
			}
			if c.first == 0 {
				c.first = year
			}
			c.last = year
			continue
		}
		date, name, _ := strings.Cut(value, " ")
		day, err := ParseDay(date)
		weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
		switch {
		case key != "off" && key != "work" || err != nil || name == "":
			return bad(n, "want `off YYYY-MM-DD NAME` or `work YYYY-MM-DD NAME`")
		case day.Year() != c.last || !day.After(before):
			return bad(n, "want days of the year above, ascending")
		case (key == "work") != weekend:
			return bad(n, "offices work or are shut on this weekday anyhow: leave the line out")
		}
		before = day
		c.other[day] = weekend
	}
	if c.last == 0 {
		return bad(3, "want a year")
	}
	return c, nil
}

// ParseDay reads YYYY-MM-DD as midnight UTC, which is how this package writes a day.
func ParseDay(s string) (time.Time, error) { return time.Parse(time.DateOnly, s) }

// DayOf is the day in Taiwan at an instant.
func DayOf(t time.Time) time.Time {
	y, m, d := t.In(Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Years are the first and the last year that it covers.
func (c *Calendar) Years() (first, last int) { return c.first, c.last }

// AsOf is the day on which it was compared with what was published.
func (c *Calendar) AsOf() time.Time { return c.asOf }

// Works tells whether offices work on a day. The error wraps ErrBeyond.
func (c *Calendar) Works(day time.Time) (bool, error) {
	if y := day.Year(); y < c.first || y > c.last {
		return false, fmt.Errorf("%w: %d, and it has %d to %d; a newer version of this program may have it", ErrBeyond, y, c.first, c.last)
	}
	if works, listed := c.other[day]; listed {
		return works, nil
	}
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday, nil
}
