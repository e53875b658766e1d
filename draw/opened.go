package draw

import "strings"

// Opened announces that envelopes will be opened. Draw is 0 and Case is set for the purposes court, breach and person; for
// notice, claim, tax and audit Draw is set and Case is nil.
type Opened struct {
	Open     Hash
	Draw     int
	Purpose  string
	Case     *[16]byte
	Count    int64
	Unproven bool
}

// Erased states what was destroyed. By is `operator` or `custodian-N`.
type Erased struct {
	Open Hash
	What []string // codes, strictly ascending
	By   string
}

// Kind is `opened`.
func (*Opened) Kind() string { return "opened" }

// Kind is `erased`.
func (*Erased) Kind() string { return "erased" }

// About names the campaign and, for purposes that have one, the draw.
func (o *Opened) About() (Hash, int) { return o.Open, o.Draw }

// About names the campaign.
func (e *Erased) About() (Hash, int) { return e.Open, 0 }

// Marshal prints the record.
func (o *Opened) Marshal() ([]byte, error) {
	draw := o.Draw
	if o.Case != nil {
		w := &writer{}
		w.must("draw", draw == 0)
		if w.err != nil {
			return w.record("opened")
		}
		draw = -1
	}
	w := begin("opened", o.Open, draw)
	if o.Case == nil {
		w.oneOf("purpose", o.Purpose, "notice", "claim", "tax", "audit")
	} else {
		w.oneOf("purpose", o.Purpose, "court", "breach", "person")
		w.hex("case", o.Case[:])
	}
	w.dec("count", o.Count, 1, maxDec)
	w.line("unproven", map[bool]string{true: "yes", false: "no"}[o.Unproven])
	return w.record("opened")
}

func parseOpened(r *reader, open Hash, draw int) *Opened {
	o := &Opened{Open: open, Draw: draw, Purpose: r.value("purpose")}
	if r.has("case") {
		o.Case = new([16]byte)
		r.hex(o.Case[:], "case")
	}
	o.Count = r.dec("count")
	o.Unproven = r.yesNo("unproven", "yes", "no")
	return o
}

// Marshal prints the record.
func (e *Erased) Marshal() ([]byte, error) {
	w := begin("erased", e.Open, -1)
	w.must("what", len(e.What) > 0)
	for i, what := range e.What {
		w.must("what", isCode(what) && (i == 0 || e.What[i-1] < what))
		w.line("what", what)
	}
	n, isCustodian := strings.CutPrefix(e.By, "custodian-")
	w.must("by", e.By == "operator" || isCustodian && len(n) == 1 && n[0] >= '1' && n[0] <= '9')
	w.line("by", e.By)
	return w.record("erased")
}

func parseErased(r *reader, open Hash) *Erased {
	e := &Erased{Open: open}
	for r.has("what") {
		e.What = append(e.What, r.value("what"))
	}
	e.By = r.value("by")
	return e
}
