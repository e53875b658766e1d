package draw

import "fmt"

// Close fixes a draw's entry list.
type Close struct {
	Open     Hash
	Draw     int
	Entrants int64
	Zero     []Zero // in the order of ZeroReasons
	Days     []Day  // ascending
	Root     Root
}

// Zero counts the leaves that have chances 0 for one reason.
type Zero struct {
	Reason string
	Count  int64
}

// Day counts the entries of one day, YYYY-MM-DD, in the campaign's zone.
type Day struct {
	Date  string
	Count int64
}

// ZeroReasons are the reasons for chances 0, in their order.
func ZeroReasons() []string {
	return []string{"duplicate", "excluded", "erased", "erased-at-desk", "superseded", "won-earlier"}
}

// Kind is `close`.
func (*Close) Kind() string { return "close" }

// About names campaign and draw.
func (c *Close) About() (Hash, int) { return c.Open, c.Draw }

// Marshal prints the record.
func (c *Close) Marshal() ([]byte, error) {
	w := begin("close", c.Open, c.Draw)
	w.dec("entrants", c.Entrants, 0, maxDec)
	reasons := ZeroReasons()
	for _, z := range c.Zero {
		for len(reasons) > 0 && reasons[0] != z.Reason {
			reasons = reasons[1:]
		}
		w.must("zero", len(reasons) > 0)
		reasons = reasons[min(1, len(reasons)):]
		w.limits("zero", z.Count, 1, maxDec)
		w.line("zero", fmt.Sprintf("%s %d", z.Reason, z.Count))
	}
	last := ""
	for _, d := range c.Days {
		w.must("day", isDate(d.Date) && d.Date > last)
		last = d.Date
		w.limits("day", d.Count, 1, maxDec)
		w.line("day", fmt.Sprintf("%s %d", d.Date, d.Count))
	}
	w.hex("root", c.Root[:])
	return w.record("close")
}

func parseClose(r *reader, open Hash, draw int) *Close {
	c := &Close{Open: open, Draw: draw, Entrants: r.dec("entrants")}
	for r.has("zero") {
		f := r.fields("zero", 2)
		c.Zero = append(c.Zero, Zero{f[0], r.num("zero", f[1])})
	}
	for r.has("day") {
		f := r.fields("day", 2)
		c.Days = append(c.Days, Day{f[0], r.num("day", f[1])})
	}
	r.hex(c.Root[:], "root")
	return c
}
