package deadline

import (
	"testing"
	"time"
)

// FuzzParse: whatever is taken for a calendar knows each day of its years and of no others.
func FuzzParse(f *testing.F) {
	f.Add(taiwan)
	f.Add("fairlot/v1 calendar\nas-of 2026-01-01\nyear 2026\noff 2026-01-01 x\nwork 2026-01-03 y\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		first, last := c.Years()
		if first < 2000 || last < first || last > 9999 {
			t.Fatalf("years %d to %d", first, last)
		}
		for year, known := range map[int]bool{first - 1: false, first: true, last: true, last + 1: false} {
			if _, err := c.Works(time.Date(year, 7, 1, 0, 0, 0, 0, Zone)); (err == nil) != known {
				t.Fatalf("%d of a calendar of %d to %d: %v", year, first, last, err)
			}
		}
	})
}
