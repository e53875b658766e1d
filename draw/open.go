package draw

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Limits of an open record.
const (
	MaxCustodians = 9
	MaxNotifiers  = 9
	MaxChances    = 1000
	MaxStrata     = 1000
	MaxSeats      = 1_000_000 // of one tier, or proportional
	MaxDraws      = 99
	MaxAudit      = 65535 // of the audit sample
	MaxRound      = 1 << 40
)

// Scheme is the only beacon scheme of version 1.
const Scheme = "bls-unchained-g1-rfc9380"

// Proofs of person.
const (
	ProofToken  = "token"
	ProofMember = "member"
	ProofCode   = "code"
	ProofNone   = "none"
)

// Custodian holds one share of every envelope and witnesses the log. Recipient is an age recipient, VKey a verifier key of
// algorithm 0x04.
type Custodian struct {
	Recipient string
	VKey      string
}

// Excluded names the exclusion list by its hash and number of persons.
type Excluded struct {
	Count int64
	Hash  Hash
}

// Tier is Count seats of a prize tier of a stratum; both count from 1.
type Tier struct {
	Stratum, Tier, Count int
}

// Beacon names a drand chain. Period is in seconds, Genesis in Unix seconds, Key a compressed point of G2.
type Beacon struct {
	Chain   Hash
	Scheme  string
	Period  int
	Genesis int64
	Key     [96]byte
}

// DrawRules is all that is fixed about one draw when its campaign opens. Either Tiers or Proportional is set. Margin is
// in seconds.
type DrawRules struct {
	Strata            int
	Tiers             []Tier
	Proportional      int
	Alternates        int
	ClaimDays         int
	EarlierWinnersOut bool
	Forfeit           bool // a vacated seat stays empty
	Margin            int
	DeadDays          int
	Beacon            Beacon
	Round             uint64
}

// Open is the record that opens a campaign (SPEC section 2.1): the rules, before the first entry. Register 0 means that no
// register size is stated. Draw N is Draws[N−1].
type Open struct {
	Campaign      CampaignID
	Log           string // verifier key, algorithm 0x01; its name is the log's origin
	Receipt       string // verifier key, algorithm 0x01, named ORIGIN/receipt
	Institution   string
	Zone          string
	Rules         Hash
	Notice        Hash
	Policy        Hash
	Custodians    []Custodian
	Threshold     int
	Notifiers     []string // age recipients
	Proof         string
	Register      int64
	Chances       int
	Batch         int
	EntriesEnd    time.Time
	ObjectionsEnd time.Time
	Excluded      *Excluded
	Audit         int
	Draws         []DrawRules
}

// Kind is `open`.
func (*Open) Kind() string { return "open" }

// About names nothing: the record is the campaign's first.
func (*Open) About() (Hash, int) { return Hash{}, 0 }

// OriginName is the log's origin, the name of its verifier key; empty if that is not one.
func (o *Open) OriginName() string {
	name, _, _ := ParseVKey(o.Log, AlgEd25519)
	return name
}

// Marshal prints the record. It does not check what SPEC step 5 checks; CheckTimes does.
func (o *Open) Marshal() ([]byte, error) {
	w := &writer{b: []byte("fairlot/v1 open\n")}
	w.hex("campaign", o.Campaign[:])
	origin := w.vkey("log", o.Log, AlgEd25519)
	w.must("receipt", w.vkey("receipt", o.Receipt, AlgEd25519) == origin+"/receipt")
	w.text("institution", o.Institution)
	w.must("zone", isZone(o.Zone))
	w.line("zone", o.Zone)
	w.hex("rules", o.Rules[:])
	w.hex("notice", o.Notice[:])
	w.hex("policy", o.Policy[:])
	o.marshalKeys(w)
	w.oneOf("proof", o.Proof, ProofToken, ProofMember, ProofCode, ProofNone)
	if o.Register != 0 {
		w.dec("register", o.Register, 1, 1_000_000_000)
	}
	w.dec("chances", int64(o.Chances), 1, MaxChances)
	w.dec("batch", int64(o.Batch), 1, 65535)
	w.time("entries-end", o.EntriesEnd)
	w.time("objections-end", o.ObjectionsEnd)
	w.must("objections-end", !o.ObjectionsEnd.Before(o.EntriesEnd))
	if o.Excluded != nil {
		w.limits("excluded", o.Excluded.Count, 0, maxDec)
		w.line("excluded", fmt.Sprintf("%d %s", o.Excluded.Count, o.Excluded.Hash))
	}
	w.dec("audit", int64(o.Audit), 0, MaxAudit)
	w.must("draw", len(o.Draws) <= MaxDraws)
	for i := range o.Draws {
		w.dec("draw", int64(i+1), 1, MaxDraws)
		o.Draws[i].marshal(w)
	}
	return w.record("open")
}

func (o *Open) marshalKeys(w *writer) {
	if len(o.Draws) > 0 {
		w.must("custodian", len(o.Custodians) > 0)
		w.must("notifier", len(o.Notifiers) > 0)
	}
	w.must("custodian", len(o.Custodians) <= MaxCustodians)
	for i, c := range o.Custodians {
		w.must("custodian", isRecipient(c.Recipient))
		if _, _, err := ParseVKey(c.VKey, AlgCosignature); err != nil {
			w.fail("custodian", "%v", err)
		}
		w.line("custodian", fmt.Sprintf("%d %s %s", i+1, c.Recipient, c.VKey))
	}
	w.dec("threshold", int64(o.Threshold), int64(min(1, len(o.Custodians))), int64(len(o.Custodians)))
	w.must("notifier", len(o.Notifiers) <= MaxNotifiers)
	for i, n := range o.Notifiers {
		w.must("notifier", isRecipient(n))
		w.line("notifier", fmt.Sprintf("%d %s", i+1, n))
	}
}

func (d *DrawRules) marshal(w *writer) {
	w.dec("strata", int64(d.Strata), 1, MaxStrata)
	w.must("tier", (len(d.Tiers) > 0) != (d.Proportional != 0))
	if d.Proportional != 0 {
		w.dec("proportional", int64(d.Proportional), 1, MaxSeats)
	}
	at := Tier{Stratum: 0}
	for _, t := range d.Tiers {
		follows := t.Stratum == at.Stratum && t.Tier == at.Tier+1
		starts := t.Stratum == at.Stratum+1 && t.Tier == 1
		w.must("tier", follows && at.Stratum > 0 || starts)
		w.limits("tier", int64(t.Count), 1, MaxSeats)
		w.line("tier", fmt.Sprintf("%d %d %d", t.Stratum, t.Tier, t.Count))
		at = t
	}
	w.must("tier", d.Proportional != 0 || at.Stratum == d.Strata)
	w.dec("alternates", int64(d.Alternates), 0, 1_000_000)
	w.dec("claim-days", int64(d.ClaimDays), 0, 3650)
	w.line("earlier-winners", map[bool]string{true: "out", false: "in"}[d.EarlierWinnersOut])
	w.line("vacated", map[bool]string{true: "forfeit", false: "replace"}[d.Forfeit])
	w.dec("margin", int64(d.Margin), 1, 2_592_000)
	w.dec("dead-days", int64(d.DeadDays), 1, 3650)
	w.must("beacon", d.Beacon.Scheme == Scheme)
	w.limits("beacon", int64(d.Beacon.Period), 1, 86400)
	w.limits("beacon", d.Beacon.Genesis, 0, maxDec)
	w.line("beacon", fmt.Sprintf("%s %s %d %d %s", d.Beacon.Chain, d.Beacon.Scheme, d.Beacon.Period, d.Beacon.Genesis,
		hex.EncodeToString(d.Beacon.Key[:])))
	w.dec("round", int64(min(d.Round, 1<<62)), 1, MaxRound)
}

func parseOpen(r *reader) *Open {
	o := &Open{}
	r.hex(o.Campaign[:], "campaign")
	o.Log = r.value("log")
	o.Receipt = r.value("receipt")
	o.Institution = r.value("institution")
	o.Zone = r.value("zone")
	r.hex(o.Rules[:], "rules")
	r.hex(o.Notice[:], "notice")
	r.hex(o.Policy[:], "policy")
	for r.has("custodian") { // numbers are compared when the record is printed again
		f := r.fields("custodian", 3)
		o.Custodians = append(o.Custodians, Custodian{f[1], f[2]})
	}
	o.Threshold = r.int("threshold")
	for r.has("notifier") {
		o.Notifiers = append(o.Notifiers, r.fields("notifier", 2)[1])
	}
	o.Proof = r.value("proof")
	if r.has("register") {
		if o.Register = r.dec("register"); o.Register == 0 {
			r.fail("register is 0")
		}
	}
	o.Chances = r.int("chances")
	o.Batch = r.int("batch")
	o.EntriesEnd = r.time("entries-end")
	o.ObjectionsEnd = r.time("objections-end")
	if r.has("excluded") {
		f := r.fields("excluded", 2)
		o.Excluded = &Excluded{Count: r.num("excluded", f[0])}
		r.hexInto(o.Excluded.Hash[:], "excluded", f[1])
	}
	o.Audit = r.int("audit")
	for r.has("draw") {
		r.dec("draw")
		o.Draws = append(o.Draws, parseDraw(r))
	}
	return o
}

func parseDraw(r *reader) DrawRules {
	d := DrawRules{Strata: r.int("strata")}
	if r.has("proportional") {
		d.Proportional = r.int("proportional")
	}
	for r.has("tier") {
		f := r.fields("tier", 3)
		d.Tiers = append(d.Tiers, Tier{int(r.num("tier", f[0])), int(r.num("tier", f[1])), int(r.num("tier", f[2]))})
	}
	d.Alternates = r.int("alternates")
	d.ClaimDays = r.int("claim-days")
	d.EarlierWinnersOut = r.yesNo("earlier-winners", "out", "in")
	d.Forfeit = r.yesNo("vacated", "forfeit", "replace")
	d.Margin = r.int("margin")
	d.DeadDays = r.int("dead-days")
	f := r.fields("beacon", 5)
	r.hexInto(d.Beacon.Chain[:], "beacon", f[0])
	d.Beacon.Scheme = strings.Clone(f[1])
	d.Beacon.Period = int(r.num("beacon", f[2]))
	d.Beacon.Genesis = r.num("beacon", f[3])
	r.hexInto(d.Beacon.Key[:], "beacon", f[4])
	d.Round = uint64(r.dec("round"))
	return d
}

// Deadline is the instant until which a close, amend or void of a draw with round r must be cosigned: time(r) − margin.
func (d *DrawRules) Deadline(r uint64) time.Time {
	return RoundTime(d.Beacon, r).Add(-time.Duration(d.Margin) * time.Second)
}

// DeadAt is the instant from which a draw with round r, of which nobody knows the signature, may be void as ReasonBeaconDead.
func (d *DrawRules) DeadAt(r uint64) time.Time {
	return RoundTime(d.Beacon, r).Add(time.Duration(d.DeadDays) * 24 * time.Hour)
}

// CheckTimes tells whether every draw's deadline is at or after the end of objections (SPEC step 5).
func (o *Open) CheckTimes() error {
	for i := range o.Draws {
		d := &o.Draws[i]
		if d.Deadline(d.Round).Before(o.ObjectionsEnd) {
			return fmt.Errorf("draw %d: round %d comes too early: its time less the margin is %s, objections end %s",
				i+1, d.Round, d.Deadline(d.Round).Format(timeForm), o.ObjectionsEnd.Format(timeForm))
		}
	}
	return nil
}
