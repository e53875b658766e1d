package monitor

import (
	"slices"
	"time"

	"fairlot/draw"
)

// The rule for a single day: it is strange if there are at least fewestDays days and it has at least fewestEntries entries, more than
// DayTimes times the median of the other days.
const (
	fewestDays    = 5
	fewestEntries = 100
)

// days finds strange counts by day. Draws of one campaign share one list of entries, so what is strange is said of the first that shows it.
func (j *judge) days(c *campaign, draws []*state) {
	defer func() { j.n = 0 }()
	var before *draw.Close
	for i, d := range draws {
		if d.close == nil {
			continue
		}
		j.n = i + 1
		at := slices.IndexFunc(c.records, func(e entry) bool { return e.rec == draw.Record(d.close) })
		index := c.records[at].index
		j.sum(index, d.close)
		if before == nil || !slices.Equal(before.Days, d.close.Days) {
			j.calendar(c.open, index, d.close)
			j.peaks(index, d.close)
		}
		if before != nil {
			j.lost(index, before, d.close)
		}
		before = d.close
	}
}

// sum finds days that do not add up to the list.
func (j *judge) sum(index int64, r *draw.Close) {
	n := int64(0)
	for _, day := range r.Days {
		n += day.Count
	}
	if n != r.Entrants {
		j.find(Days, index, "entry %d: the days add up to %d entries, but %d are listed", "第 %d 筆：各日合計 %d 筆，名單卻有 %d 筆", index, n, r.Entrants)
	}
}

// calendar finds days on which nobody could enter. After the end of entries new lines come only for lines that they supersede.
func (j *judge) calendar(o *draw.Open, index int64, r *draw.Close) {
	zone, err := time.LoadLocation(o.Zone)
	if err != nil {
		zone = time.FixedZone("", 14*3600) // the latest day there is anywhere: accuse nobody for want of a table
	}
	last, today := o.EntriesEnd.Add(-time.Second).In(zone).Format(time.DateOnly), j.Now.In(zone).Format(time.DateOnly)
	late, superseded := int64(0), int64(0)
	for _, day := range r.Days {
		if day.Date > last {
			late += day.Count
		}
		if day.Date > today {
			j.find(Days, index, "entry %d counts %d entries on %s, a day that has not come", "第 %d 筆計入 %d 筆 %s 的參加，那一天還沒到", index, day.Count, day.Date)
		}
	}
	for _, z := range r.Zero {
		if z.Reason == "superseded" {
			superseded = z.Count
		}
	}
	if late > superseded {
		j.find(Days, index, "entry %d counts %d entries after %s, the last day of entries, but only %d were superseded by then: entries were added after the end",
			"第 %d 筆計入 %d 筆在參加截止日 %s 之後的參加，但只有 %d 筆是更正：截止後有人被加入", index, late, last, superseded)
	}
}

// peaks finds days far above the others.
func (j *judge) peaks(index int64, r *draw.Close) {
	if len(r.Days) < fewestDays || j.DayTimes < 1 {
		return
	}
	for i, day := range r.Days {
		var others []int64
		for k, d := range r.Days {
			if k != i {
				others = append(others, d.Count)
			}
		}
		slices.Sort(others)
		median := others[len(others)/2]
		if day.Count >= fewestEntries && day.Count/int64(j.DayTimes) >= median && day.Count > median*int64(j.DayTimes) {
			j.find(Days, index, "entry %d counts %d entries on %s, more than %d times the median of the other days (%d): ask what happened on that day",
				"第 %d 筆計入 %d 筆 %s 的參加，超過其他日子中位數的 %d 倍（%d）：請問清楚當天發生什麼事", index, day.Count, day.Date, j.DayTimes, median)
		}
	}
}

// lost finds entries that an earlier close of the campaign lists and a later one does not: a list only grows.
func (j *judge) lost(index int64, before, r *draw.Close) {
	counts := map[string]int64{}
	for _, d := range r.Days {
		counts[d.Date] = d.Count
	}
	for _, d := range before.Days {
		if counts[d.Date] < d.Count {
			j.find(Days, index, "entry %d counts %d entries on %s, but draw %d of the same campaign counts %d: entries were dropped", "第 %d 筆 %[3]s 計 %[2]d 筆，同一活動第 %[4]d 次抽獎卻計 %[5]d 筆：有人被拿掉",
				index, counts[d.Date], d.Date, before.Draw, d.Count)
			return
		}
	}
}
