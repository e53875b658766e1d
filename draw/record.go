package draw

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxRecord is the longest record, in bytes.
const MaxRecord = 32768

// ErrRecord says that bytes are not a record in its one encoding.
var ErrRecord = errors.New("not a record")

// ErrNewer says that a record has a kind, version or key that version 1 does not know: it is not broken, this program is
// too old for it.
var ErrNewer = errors.New("newer format")

// Record is one entry of the log (SPEC section 2): *Open, *Amend, *Close, *Void, *Result, *Replace, *Opened, *Erased,
// *Origin or *TrailHead.
type Record interface {
	// Kind is the word after `fairlot/v1` in line 1.
	Kind() string
	// About names the campaign's open record and the draw, if the record has such lines; zero otherwise.
	About() (open Hash, draw int)
	// Marshal prints the record, or says which value is not allowed. Errors wrap ErrRecord.
	Marshal() ([]byte, error)
}

// kinds holds the keys that each kind may have, to tell a newer format from a broken file.
func kinds(kind string) []string {
	switch kind {
	case "open":
		return []string{"campaign", "log", "receipt", "institution", "zone", "rules", "notice", "policy", "custodian",
			"threshold", "notifier", "proof", "register", "chances", "batch", "entries-end", "objections-end", "excluded",
			"audit", "draw", "strata", "tier", "proportional", "alternates", "claim-days", "earlier-winners", "vacated",
			"margin", "dead-days", "beacon", "round"}
	case "amend":
		return []string{"open", "draw", "round"}
	case "close":
		return []string{"open", "draw", "entrants", "zero", "day", "root"}
	case "void":
		return []string{"open", "draw", "reason"}
	case "result":
		return []string{"open", "draw", "close", "signature", "seed", "ranking", "ranked"}
	case "replace":
		return []string{"open", "draw", "stratum", "vacated", "reason", "next"}
	case "opened":
		return []string{"open", "draw", "purpose", "case", "count", "unproven"}
	case "erased":
		return []string{"open", "what", "by"}
	case "origin":
		return []string{"log", "old", "old-size", "old-root"}
	case "audit":
		return []string{"day", "count", "head"}
	}
	return nil
}

// ParseRecord reads a record of 1 to 32,768 bytes: it parses, prints and compares, so two texts are never one record. Errors
// wrap ErrRecord, or ErrNewer for a kind or key that version 1 does not have.
func ParseRecord(b []byte) (Record, error) {
	if len(b) == 0 || len(b) > MaxRecord {
		return nil, fmt.Errorf("%w: %d bytes, want 1 to %d", ErrRecord, len(b), MaxRecord)
	}
	if err := CheckText(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	r := newReader(b)
	head := r.lines[0]
	kind, ok := strings.CutPrefix(head, "fairlot/v1 ")
	if !ok {
		if strings.HasPrefix(head, "fairlot/v") {
			return nil, fmt.Errorf("%w: %q", ErrNewer, head)
		}
		return nil, fmt.Errorf("%w: line 1 is not `fairlot/v1 KIND`", ErrRecord)
	}
	keys := kinds(kind)
	if keys == nil {
		return nil, fmt.Errorf("%w: record kind %q", ErrNewer, kind)
	}
	r.lines = r.lines[1:]
	for _, line := range r.lines {
		if key, _, _ := strings.Cut(line, " "); !contains(keys, key) {
			return nil, fmt.Errorf("%w: key %q of a %s record", ErrNewer, key, kind)
		}
	}
	rec := parseKind(kind, r)
	r.end()
	if r.err != nil {
		return nil, fmt.Errorf("%w: %s record: %w", ErrRecord, kind, r.err)
	}
	again, err := rec.Marshal()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, b) {
		return nil, fmt.Errorf("%w: %s record is not in its one encoding", ErrRecord, kind)
	}
	return rec, nil
}

func parseKind(kind string, r *reader) Record {
	switch kind {
	case "open":
		return parseOpen(r)
	case "origin":
		return parseOrigin(r)
	case "audit":
		return parseAudit(r)
	}
	var open Hash
	r.hex(open[:], "open")
	var draw int
	switch kind {
	case "amend", "close", "void", "result", "replace":
		draw = r.int("draw")
	case "opened":
		if r.has("draw") {
			draw = r.int("draw")
		}
	}
	switch kind {
	case "amend":
		return &Amend{open, draw, uint64(r.dec("round"))}
	case "close":
		return parseClose(r, open, draw)
	case "void":
		return &Void{open, draw, r.value("reason")}
	case "result":
		return parseResult(r, open, draw)
	case "replace":
		return parseReplace(r, open, draw)
	case "opened":
		return parseOpened(r, open, draw)
	default:
		return parseErased(r, open)
	}
}

// begin starts a record with its first lines; draw −1 stands for none.
func begin(kind string, open Hash, draw int) *writer {
	w := &writer{b: []byte("fairlot/v1 " + kind + "\n")}
	w.hex("open", open[:])
	if draw >= 0 {
		w.dec("draw", int64(draw), 1, MaxDraws)
	}
	return w
}

func (w *writer) record(kind string) ([]byte, error) {
	err := w.err
	if err == nil {
		err = CheckText(w.b)
	}
	if err == nil && len(w.b) > MaxRecord {
		err = fmt.Errorf("is %d bytes long, more than %d", len(w.b), MaxRecord)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s record: %w", ErrRecord, kind, err)
	}
	return w.b, nil
}

// Amend moves a draw to a later round.
type Amend struct {
	Open  Hash
	Draw  int
	Round uint64
}

// Void ends a draw without a result. Reason is a code; `beacon-dead` has its own rule in SPEC section 7.
type Void struct {
	Open   Hash
	Draw   int
	Reason string
}

// ReasonBeaconDead is the reason of a void that may come after the round's time.
const ReasonBeaconDead = "beacon-dead"

// Result states a draw's outcome. Ranking is the hash of the ranking file and Ranked its number of lines.
type Result struct {
	Open      Hash
	Draw      int
	Close     Hash
	Signature Signature
	Seed      Seed
	Ranking   Hash
	Ranked    int64
}

// Replace vacates the seat of rank Vacated of an effective stratum. Next is the alternate's rank, 0 for none.
type Replace struct {
	Open    Hash
	Draw    int
	Stratum int
	Vacated int
	Reason  string
	Next    int
}

// ReplaceReasons are the only reasons to vacate a seat.
func ReplaceReasons() []string {
	return []string{"declined", "unreachable", "late", "ineligible", "erased"}
}

// Origin is entry 0 of a log that carries on after another one.
type Origin struct {
	Log     string
	Old     string
	OldSize int64
	OldRoot Hash
}

// TrailHead is an audit record: to the end of Day staff had done Count acts, and Head is the hash of the last of them.
type TrailHead struct {
	Day   string // YYYY-MM-DD in UTC
	Count int64
	Head  Hash
}

// Kind is `amend`.
func (*Amend) Kind() string { return "amend" }

// Kind is `void`.
func (*Void) Kind() string { return "void" }

// Kind is `result`.
func (*Result) Kind() string { return "result" }

// Kind is `replace`.
func (*Replace) Kind() string { return "replace" }

// Kind is `origin`.
func (*Origin) Kind() string { return "origin" }

// Kind is `audit`.
func (*TrailHead) Kind() string { return "audit" }

// About names campaign and draw.
func (a *Amend) About() (Hash, int) { return a.Open, a.Draw }

// About names campaign and draw.
func (v *Void) About() (Hash, int) { return v.Open, v.Draw }

// About names campaign and draw.
func (x *Result) About() (Hash, int) { return x.Open, x.Draw }

// About names campaign and draw.
func (p *Replace) About() (Hash, int) { return p.Open, p.Draw }

// About names nothing.
func (*Origin) About() (Hash, int) { return Hash{}, 0 }

// About names nothing.
func (*TrailHead) About() (Hash, int) { return Hash{}, 0 }

// Marshal prints the record.
func (a *Amend) Marshal() ([]byte, error) {
	w := begin("amend", a.Open, a.Draw)
	w.dec("round", int64(min(a.Round, 1<<62)), 1, MaxRound)
	return w.record("amend")
}

// Marshal prints the record.
func (v *Void) Marshal() ([]byte, error) {
	w := begin("void", v.Open, v.Draw)
	w.must("reason", isCode(v.Reason))
	w.line("reason", v.Reason)
	return w.record("void")
}

// Marshal prints the record.
func (x *Result) Marshal() ([]byte, error) {
	w := begin("result", x.Open, x.Draw)
	w.hex("close", x.Close[:])
	w.hex("signature", x.Signature[:])
	w.hex("seed", x.Seed[:])
	w.hex("ranking", x.Ranking[:])
	w.dec("ranked", x.Ranked, 0, maxDec)
	return w.record("result")
}

func parseResult(r *reader, open Hash, draw int) *Result {
	x := &Result{Open: open, Draw: draw}
	r.hex(x.Close[:], "close")
	r.hex(x.Signature[:], "signature")
	r.hex(x.Seed[:], "seed")
	r.hex(x.Ranking[:], "ranking")
	x.Ranked = r.dec("ranked")
	return x
}

// Marshal prints the record.
func (p *Replace) Marshal() ([]byte, error) {
	w := begin("replace", p.Open, p.Draw)
	w.dec("stratum", int64(p.Stratum), 0, maxDec)
	w.dec("vacated", int64(p.Vacated), 0, maxDec)
	w.oneOf("reason", p.Reason, ReplaceReasons()...)
	if p.Next == 0 {
		w.line("next", "none")
	} else {
		w.dec("next", int64(p.Next), 1, maxDec)
	}
	return w.record("replace")
}

func parseReplace(r *reader, open Hash, draw int) *Replace {
	p := &Replace{Open: open, Draw: draw, Stratum: r.int("stratum"), Vacated: r.int("vacated"), Reason: r.value("reason")}
	if v := r.value("next"); v != "none" {
		p.Next = int(r.num("next", v))
	}
	return p
}

// Marshal prints the record.
func (o *Origin) Marshal() ([]byte, error) {
	w := &writer{b: []byte("fairlot/v1 origin\n")}
	w.vkey("log", o.Log, AlgEd25519)
	w.must("old", isKeyName(o.Old))
	w.line("old", o.Old)
	w.dec("old-size", o.OldSize, 0, maxDec)
	w.hex("old-root", o.OldRoot[:])
	return w.record("origin")
}

func parseOrigin(r *reader) *Origin {
	o := &Origin{Log: r.value("log"), Old: r.value("old"), OldSize: r.dec("old-size")}
	r.hex(o.OldRoot[:], "old-root")
	return o
}

// Marshal prints the record.
func (a *TrailHead) Marshal() ([]byte, error) {
	w := &writer{b: []byte("fairlot/v1 audit\n")}
	w.must("day", isDate(a.Day))
	w.line("day", a.Day)
	w.dec("count", a.Count, 1, maxDec)
	w.hex("head", a.Head[:])
	return w.record("audit")
}

func parseAudit(r *reader) *TrailHead {
	a := &TrailHead{Day: r.value("day"), Count: r.dec("count")}
	r.hex(a.Head[:], "head")
	return a
}

// RoundTime is the instant of round r of a chain: genesis + (r − 1) · period, in UTC. The smallest round is 1.
func RoundTime(b Beacon, r uint64) time.Time {
	return time.Unix(b.Genesis+int64(r-1)*int64(b.Period), 0).UTC()
}
