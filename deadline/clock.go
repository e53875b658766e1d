package deadline

import (
	"errors"
	"fmt"
	"time"
)

// Clock is a legal period in days, and by how many it may be extended, once.
type Clock struct{ Days, More int }

// The clocks of Personal Data Protection Act article 13.
var (
	Access = Clock{15, 15} // article 10: to ask about one's data, see it, have a copy
	Change = Clock{30, 30} // article 11: to have it corrected, no longer used, or deleted
)

// ErrExtension says that a period may not be extended so.
var ErrExtension = errors.New("not an extension that the law allows")

// Due is the end of a period. The zero value is none.
type Due struct {
	Day  time.Time // midnight UTC of the last day
	Noon bool      // it ends with the morning of that day
}

// Time is the instant in Taiwan at which the period is over.
func (d Due) Time() time.Time {
	y, m, day := d.Day.Date()
	if d.Noon {
		return time.Date(y, m, day, 12, 0, 0, 0, Zone)
	}
	return time.Date(y, m, day+1, 0, 0, 0, 0, Zone)
}

// Due is when a request that was received on a day must be answered. The day of receipt does not count. An end on a day on which offices are shut moves to the
// next on which they work; if a Saturday is passed on the way, to that day's morning, which is what article 48 paragraph 4 says of Saturdays (the narrower reading
// wherever holidays follow each other). A Saturday on which offices make up for another day is a working day. Errors wrap ErrBeyond.
func (k Clock) Due(c *Calendar, received time.Time) (Due, error) {
	return end(c, received.AddDate(0, 0, k.Days))
}

// Extended is when it must be answered if the period was extended by some days, which follow on the last day as counted before it was moved past holidays. Errors
// wrap ErrExtension or ErrBeyond.
func (k Clock) Extended(c *Calendar, received time.Time, days int) (Due, error) {
	if days < 1 || days > k.More {
		return Due{}, fmt.Errorf("%w: by %d days, want 1 to %d", ErrExtension, days, k.More)
	}
	return end(c, received.AddDate(0, 0, k.Days+days))
}

func end(c *Calendar, day time.Time) (d Due, err error) {
	for ; ; day = day.AddDate(0, 0, 1) {
		works, err := c.Works(day)
		if err != nil || works {
			d.Day = day
			return d, err
		}
		d.Noon = d.Noon || day.Weekday() == time.Saturday
	}
}
