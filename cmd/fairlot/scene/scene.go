// Package scene builds a small campaign and its bundles step by step for the tests of this tool: real keys, real seals, a
// real log, on a beacon made on the spot. It is not part of the command.
//
// It plays the daemon's part, also a dishonest daemon's: whatever a test wants said wrongly can be put into the records.
//
// First call: Make; then Close, Void, Amend, Cosigned, Draw, Opened, Replace, and Tar after each.
package scene

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/cmd/fairlot/release"
	"fairlot/crypto/beacon"
	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/crypto/seal"
	"fairlot/crypto/tag"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/verify"
)

// Round is the round that the scene's draw rests on: on its own chain 45 minutes after it was made.
const Round = 1800

// QuicknetRound is the round of a scene on quicknet, long past, and its true signature.
const (
	QuicknetRound     = 1000
	quicknetSignature = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
)

// Worth is what a prize is worth, in New Taiwan dollars.
const Worth = 20010

// Margin is the margin of the draw in seconds.
const Margin = 600

// Entrant is one made-up person.
type Entrant struct {
	S                 [32]byte
	Leaf              draw.Leaf
	Locks             [][]byte
	Identity, Contact []byte // envelopes
	Saved             []byte // saved receipt
	Card              draw.Identity
}

// Scene is a campaign in the making. It can be kept as JSON between steps.
type Scene struct {
	LogKey, ReceiptKey string // private
	BeaconSecret       [32]byte
	Genesis            int64
	Quicknet           bool
	Records            [][]byte
	Notes              map[int64][]byte // checkpoints by size
	Files              [][]byte
	Entrants           []Entrant // ascending by id
	Missing            int       // entrants left out of the list, from the end: a fraud
	Ranking            []byte    // nil before the draw
	Releases           []Given   // in the log's order

	open     *draw.Open
	openHash draw.Hash
}

// Given is a release: an opened record and the ranks that it covers; for audit places in the order of the seed, also beyond the sample, negative of who was erased since.
type Given struct {
	Opened  draw.Hash
	Purpose custody.Purpose
	Ranks   []int
}

// Person is what an entrant enters. Without a Number it is A123456789.
type Person struct{ Name, Birth, Lang, Email, Phone, Number string }

// People makes n of them, every second one reading English, the last without mail.
func People(n int) []Person {
	var all []Person
	for i := range n {
		p := Person{Name: fmt.Sprintf("Person %d", i), Birth: fmt.Sprintf("1980-01-%02d", i%28+1), Lang: "zh-Hant-TW", Email: fmt.Sprintf("person-%d@example.org", i), Phone: fmt.Sprintf("0912-000-%03d", i)}
		if i%2 == 1 {
			p.Lang = "en"
		}
		all = append(all, p)
	}
	return all
}

// Make opens a campaign with one draw of two prizes and two alternates, and lets people enter.
func Make(custodians []draw.Custodian, threshold int, notifiers []string, people []Person, seats int) (*Scene, error) {
	return build(custodians, threshold, notifiers, people, seats, false, Worth, 0, false)
}

// MakeWorth is Make with prizes of another value, in New Taiwan dollars; more than 1,000 are reported for tax.
func MakeWorth(custodians []draw.Custodian, threshold int, notifiers []string, people []Person, seats int, worth int64) (*Scene, error) {
	return build(custodians, threshold, notifiers, people, seats, false, worth, 0, false)
}

// MakePast is Make on the public quicknet chain with a round that is long past: cosigned at an earlier time, it is proven.
func MakePast(custodians []draw.Custodian, threshold int, notifiers []string, people []Person, seats int) (*Scene, error) {
	return build(custodians, threshold, notifiers, people, seats, true, Worth, 0, false)
}

// MakeSampled is MakePast with an audit sample, whose auditor is the last notifier. Everybody has a number of their own.
func MakeSampled(custodians []draw.Custodian, threshold int, notifiers []string, people []Person, seats, audit int) (*Scene, error) {
	for i := range people {
		for d := 0; people[i].Number == "" && d < 10; d++ {
			people[i].Number, _ = tag.Canonical(tag.Citizen, fmt.Sprintf("A1%07d%d", i, d))
		}
	}
	return build(custodians, threshold, notifiers, people, seats, true, Worth, audit, false)
}

// MakeJoined is Make with two strata, of which the first, where everybody enters, is too small and is joined to the second: two vouchers worth NT$ 500, which are
// prize 1 there, and a puzzle worth NT$ 2,000, which is prize 2 of the first; its prize 1, a globe worth NT$ 20,010, is nobody's.
func MakeJoined(custodians []draw.Custodian, threshold int, notifiers []string, people []Person) (*Scene, error) {
	return build(custodians, threshold, notifiers, people, 0, false, 0, 0, true)
}

const joinedPrizes = "strata-by token\nstratum 1 zh-Hant-TW 北館\nstratum 1 en North\nstratum 2 zh-Hant-TW 南館\nstratum 2 en South\nstratum-tier 1 1 1 en A globe\nstratum-tier-value 1 1 1 20010\n" +
	"stratum-tier 1 1 2 en A puzzle\nstratum-tier-value 1 1 2 2000\nstratum-tier 1 2 1 en A voucher\nstratum-tier-value 1 2 1 500\n"

func build(custodians []draw.Custodian, threshold int, notifiers []string, people []Person, seats int, quicknet bool, worth int64, audit int, joined bool) (*Scene, error) {
	s := &Scene{Notes: map[int64][]byte{}, Genesis: time.Now().Unix() - 3*900, Quicknet: quicknet}
	rand.Read(s.BeaconSecret[:])
	s.BeaconSecret[0] = 1 // below the order
	var campaign draw.CampaignID
	rand.Read(campaign[:])
	var logV, receiptV string
	var err error
	if s.LogKey, logV, err = ledger.GenerateLogKey("log.example.org"); err != nil {
		return nil, err
	}
	if s.ReceiptKey, receiptV, err = receipt.GenerateKey("log.example.org"); err != nil {
		return nil, err
	}
	c, round := beacon.Quicknet(), uint64(QuicknetRound)
	if !quicknet {
		local, err := s.beacon()
		if err != nil {
			return nil, err
		}
		c, round = local.Chain(), Round
	}
	prizes := fmt.Sprintf("tier 1 1 zh-Hant-TW 電子閱讀器\ntier 1 1 en An e-book reader\ntier-value 1 1 %d\n", worth)
	strata, batch, tiers := 1, 1, []draw.Tier{{Stratum: 1, Tier: 1, Count: seats}}
	if joined {
		prizes, strata, batch = joinedPrizes, 2, 1000
		tiers = []draw.Tier{{Stratum: 1, Tier: 1, Count: 1}, {Stratum: 1, Tier: 2, Count: 1}, {Stratum: 2, Tier: 1, Count: 1}}
	}
	rules := fmt.Appendf(nil, "fairlot/v1 rules\ncampaign %s\ntitle zh-Hant-TW 秋季抽獎\ntitle en Autumn draw\nclaim zh-Hant-TW 至總館服務台\nclaim en At the main desk\nfield birth required\nclaim-proxy authorised\nclaim-guardian-below 18\n%stax-above 1000\nwinner-names first\nwinner-id-numbers last-four\n", campaign, prizes)
	if audit > 0 {
		rules = fmt.Appendf(rules, "auditor %d\n", len(notifiers))
	}
	notice := []byte("The notice.\n")
	var witnesses []ledger.Witness
	for i, x := range custodians {
		k, err := ledger.ParseVKey(x.VKey)
		if err != nil {
			return nil, err
		}
		witnesses = append(witnesses, ledger.Witness{Name: fmt.Sprintf("custodian-%d", i+1), Key: k})
	}
	policy, err := ledger.PrintPolicy(logV, witnesses, threshold)
	if err != nil {
		return nil, err
	}
	s.Files = [][]byte{rules, notice, policy}
	end := c.Time(round).Add(-50 * time.Minute)
	s.open = &draw.Open{Campaign: campaign, Log: logV, Receipt: receiptV, Institution: "City Library", Zone: "Asia/Taipei",
		Rules: draw.HashOf(rules), Notice: draw.HashOf(notice), Policy: draw.HashOf(policy), Custodians: custodians, Threshold: threshold,
		Notifiers: notifiers, Proof: draw.ProofToken, Chances: 1, Batch: batch, EntriesEnd: end, ObjectionsEnd: end, Audit: audit,
		Draws: []draw.DrawRules{{Strata: strata, Tiers: tiers, Alternates: 2, ClaimDays: 14, Margin: Margin, DeadDays: 30, Round: round,
			Beacon: draw.Beacon{Chain: c.Hash, Scheme: c.Scheme, Period: int(c.Period), Genesis: c.Genesis, Key: c.Key}}}}
	if err := s.log(s.open); err != nil {
		return nil, err
	}
	s.openHash = draw.HashOf(s.Records[0])
	for _, p := range people {
		if err := s.enter(p); err != nil {
			return nil, err
		}
	}
	s.sort()
	return s, nil
}

func (s *Scene) beacon() (*beacon.Local, error) {
	return beacon.LocalFromSecret(s.Genesis, 3, s.BeaconSecret)
}

// Open is the open record.
func (s *Scene) Open() (*draw.Open, draw.Hash) { return s.open, s.openHash }

// OpenHash is the hash of the open record in hex.
func (s *Scene) OpenHash() string { return s.openHash.String() }

func (s *Scene) log(r draw.Record) error {
	b, err := r.Marshal()
	if err != nil {
		return err
	}
	s.Records = append(s.Records, b)
	signer, _, err := ledger.NewLogSigner(s.LogKey)
	if err != nil {
		return err
	}
	note, cp, err := ledger.NextCheckpoint(signer, s.Records)
	if err != nil {
		return err
	}
	s.Notes[cp.Size] = note
	return nil
}

func (s *Scene) enter(p Person) error {
	var e Entrant
	rand.Read(e.S[:])
	r := draw.Secret(e.S).R()
	e.Card = draw.Identity{Name: p.Name, IDType: "citizen", IDNumber: cmp.Or(p.Number, "A123456789"), Birth: p.Birth}
	identity, err := e.Card.Marshal()
	if err != nil {
		return err
	}
	contact, err := draw.Contact{Lang: p.Lang, Email: p.Email, Phone: p.Phone}.Marshal()
	if err != nil {
		return err
	}
	id := r.EntrantID(s.openHash)
	var to []string
	for _, c := range s.open.Custodians {
		to = append(to, c.Recipient)
	}
	recipients, err := custody.ParseRecipients(to...)
	if err != nil {
		return err
	}
	o := seal.NewOpenings(r, identity, contact)
	sealed, err := custody.SealEntrant(custody.Entrant{Open: s.openHash, Campaign: s.open.Campaign, ID: id, Threshold: s.open.Threshold, To: recipients,
		Identity: identity, Contact: contact, Openings: o})
	if err != nil {
		return err
	}
	e.Locks, e.Identity, e.Contact = sealed.Lock, sealed.Identity, sealed.Contact
	e.Leaf = draw.Leaf{ID: id, Stratum: 1, Chances: 1, Person: o.Person()}
	signer, err := receipt.NewSigner(s.ReceiptKey)
	if err != nil {
		return err
	}
	note, err := receipt.Sign(signer, receipt.Receipt{Open: s.openHash, ID: id, Person: o.Person(), Stratum: 1, Chances: 1})
	if err != nil {
		return err
	}
	saved := receipt.Saved{S: e.S, Draws: true, Identity: o.CI, Contact: o.CC, Note: note}
	if e.Saved, err = saved.Format(); err != nil {
		return err
	}
	s.Entrants = append(s.Entrants, e)
	return nil
}

// Correct puts an entry with another contact in the place of the i-th, which is listed as superseded from then on, and returns the new saved receipt. Before the close.
func (s *Scene) Correct(i int) (saved []byte, err error) {
	old := &s.Entrants[i]
	old.Leaf.Chances, old.Locks, old.Identity, old.Contact = 0, nil, nil, nil
	if err := s.enter(Person{Name: old.Card.Name, Birth: old.Card.Birth, Email: "better@example.org"}); err != nil {
		return nil, err
	}
	saved = s.Entrants[len(s.Entrants)-1].Saved
	s.sort()
	return saved, nil
}

func (s *Scene) sort() {
	slices.SortFunc(s.Entrants, func(a, b Entrant) int { return bytes.Compare(a.Leaf.ID[:], b.Leaf.ID[:]) })
}

func (s *Scene) leaves() draw.Slice {
	var l draw.Slice
	for _, e := range s.Entrants[:len(s.Entrants)-s.Missing] {
		l = append(l, e.Leaf)
	}
	return l
}

// Close logs the close record of the draw.
func (s *Scene) Close() error {
	l := s.leaves()
	root, err := draw.RootOf(l)
	if err != nil {
		return err
	}
	c := &draw.Close{Open: s.openHash, Draw: 1, Entrants: int64(len(l)), Root: root}
	if len(l) > 0 {
		c.Days = []draw.Day{{Date: "2026-01-01", Count: int64(len(l))}}
	}
	superseded := int64(0)
	for _, x := range l {
		if x.Chances == 0 {
			superseded++
		}
	}
	if superseded > 0 {
		c.Zero = []draw.Zero{{Reason: "superseded", Count: superseded}}
	}
	return s.log(c)
}

// Void declares the draw void.
func (s *Scene) Void(reason string) error {
	return s.log(&draw.Void{Open: s.openHash, Draw: 1, Reason: reason})
}

// Amend puts the draw off to a later round.
func (s *Scene) Amend(round uint64) error {
	return s.log(&draw.Amend{Open: s.openHash, Draw: 1, Round: round})
}

// Cosigned takes in a cosigned note as a daemon does.
func (s *Scene) Cosigned(note []byte) error {
	cp, err := ledger.VerifyCheckpoint(s.open.Log, note)
	if err != nil {
		return err
	}
	var allowed []string
	for _, c := range s.open.Custodians {
		allowed = append(allowed, c.VKey)
	}
	_, signatures, _ := bytes.Cut(note, []byte("\n\n"))
	for line := range bytes.Lines(signatures) {
		added, err := ledger.AddCosignature(s.open.Log, s.Notes[cp.Size], string(line), allowed)
		if err == nil {
			s.Notes[cp.Size] = added
		}
	}
	return nil
}

// Draw logs the result.
func (s *Scene) Draw() error {
	sig, err := draw.ParseSignature(quicknetSignature)
	if err != nil {
		return err
	}
	if !s.Quicknet {
		local, err := s.beacon()
		if err != nil {
			return err
		}
		sig = local.Sign(Round)
	}
	var closed draw.Hash
	for _, b := range s.Records {
		if bytes.HasPrefix(b, []byte("fairlot/v1 close\n")) {
			closed = draw.HashOf(b)
		}
	}
	seed := draw.SeedOf(closed, sig)
	l := s.leaves()
	count, err := draw.CheckList(l, s.open.Draws[0].Strata, 1)
	if err != nil {
		return err
	}
	lines, err := draw.Rank(draw.MakePlan(&s.open.Draws[0], s.open.Batch, count.Strata), l, seed)
	if err != nil {
		return err
	}
	s.Ranking = draw.MarshalRanking(lines)
	return s.log(&draw.Result{Open: s.openHash, Draw: 1, Close: closed, Signature: sig, Seed: seed, Ranking: draw.HashOf(s.Ranking), Ranked: int64(len(lines))})
}

// Lines are the ranking.
func (s *Scene) Lines() ([]draw.Line, error) { return draw.ParseRanking(s.Ranking) }

// Replace logs that a rank vacates its seat to the next one.
func (s *Scene) Replace(vacated, next int) error {
	lines, err := s.Lines()
	if err != nil {
		return err
	}
	return s.log(&draw.Replace{Open: s.openHash, Draw: 1, Stratum: lines[vacated-1].Stratum, Vacated: vacated, Reason: "declined", Next: next})
}

// Opened logs that the contacts of these ranks are opened, and returns the request for all releases so far.
func (s *Scene) Opened(count int64, unproven bool, ranks ...int) ([]byte, error) {
	return s.OpenedFor(custody.Notice, count, unproven, ranks...)
}

// OpenedFor is Opened for another purpose, and returns the request for all releases for it so far.
func (s *Scene) OpenedFor(purpose custody.Purpose, count int64, unproven bool, ranks ...int) ([]byte, error) {
	rec := &draw.Opened{Open: s.openHash, Draw: 1, Purpose: string(purpose), Count: count, Unproven: unproven}
	if err := s.log(rec); err != nil {
		return nil, err
	}
	s.Releases = append(s.Releases, Given{draw.HashOf(s.Records[len(s.Records)-1]), purpose, ranks})
	res, err := s.Answer(slices.DeleteFunc(slices.Clone(s.Releases), func(g Given) bool { return g.Purpose != purpose })...)
	if err != nil {
		return nil, err
	}
	return release.Marshal(s.open.Campaign, 1, purpose, res)
}

// Custodians is a request file without its envelopes, as a daemon's client writes it for custodians.
func Custodians(request []byte) ([]byte, error) {
	var f struct {
		Campaign string
		Draw     int
		Purpose  custody.Purpose
		Response json.RawMessage
	}
	if err := json.Unmarshal(request, &f); err != nil {
		return nil, err
	}
	id, err := draw.ParseCampaignID(f.Campaign)
	if err != nil {
		return nil, err
	}
	var res fairlotv1.PrepareReleaseResponse
	if err := protojson.Unmarshal(f.Response, &res); err != nil {
		return nil, err
	}
	return release.Locks(id, f.Draw, f.Purpose, &res)
}

// Reused is a lie: a request for other ranks under the newest opened record.
func (s *Scene) Reused(ranks ...int) ([]byte, error) {
	lie := slices.Clone(s.Releases)
	lie[len(lie)-1].Ranks = ranks
	purpose := lie[len(lie)-1].Purpose
	res, err := s.Answer(slices.DeleteFunc(lie, func(g Given) bool { return g.Purpose != purpose })...)
	if err != nil {
		return nil, err
	}
	return release.Marshal(s.open.Campaign, 1, purpose, res)
}

// Answer is what a daemon, honest or not, would answer to PrepareRelease.
func (s *Scene) Answer(releases ...Given) (*fairlotv1.PrepareReleaseResponse, error) {
	lines, err := s.Lines()
	if err != nil {
		return nil, err
	}
	res := &fairlotv1.PrepareReleaseResponse{}
	order, err := s.picked()
	if err != nil {
		return nil, err
	}
	for _, g := range releases {
		r := &fairlotv1.Release{OpenedHash: g.Opened.String(), RequesterLabel: "Wu", ApproverLabel: "Lin\n",
			ApproveTime: timestamppb.New(time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC))}
		for _, rank := range g.Ranks {
			if g.Purpose == custody.Audit {
				place := max(rank, -rank)
				e := s.Entrants[slices.IndexFunc(s.Entrants, func(e Entrant) bool { return e.Leaf.ID == order[place-1] })]
				one := &fairlotv1.ReleasedEntrant{EntryId: e.Leaf.ID.String(), Rank: int64(place)}
				if rank > 0 {
					one.Locks, one.IdentityEnvelope = e.Locks, e.Identity
				}
				r.Entrants = append(r.Entrants, one)
				continue
			}
			l := lines[rank-1]
			i := slices.IndexFunc(s.Entrants, func(e Entrant) bool { return e.Leaf.ID == l.ID })
			one := &fairlotv1.ReleasedEntrant{EntryId: l.ID.String(), Stratum: int32(l.Stratum), Rank: int64(rank), Locks: s.Entrants[i].Locks}
			if g.Purpose == custody.Notice || g.Purpose == "" {
				one.ContactEnvelope = s.Entrants[i].Contact
			} else {
				one.IdentityEnvelope = s.Entrants[i].Identity
			}
			r.Entrants = append(r.Entrants, one)
		}
		res.Releases = append(res.Releases, r)
	}
	return res, nil
}

// picked are all entrants with chances in the order in which the seed picks them for the audit sample.
func (s *Scene) picked() ([]draw.EntrantID, error) {
	for _, b := range s.Records {
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return nil, err
		}
		if r, ok := rec.(*draw.Result); ok {
			return draw.Audit(s.leaves(), r.Seed, len(s.Entrants))
		}
	}
	return nil, nil
}

// Picked is the entrant at a place of the audit sample, from 1.
func (s *Scene) Picked(place int) (*Entrant, error) {
	order, err := s.picked()
	if err != nil || place > len(order) {
		return nil, fmt.Errorf("nobody has place %d (%v)", place, err)
	}
	return &s.Entrants[slices.IndexFunc(s.Entrants, func(e Entrant) bool { return e.Leaf.ID == order[place-1] })], nil
}

// Tar is the bundle as it is now.
func (s *Scene) Tar() ([]byte, error) {
	var log []byte
	for _, r := range s.Records {
		var err error
		if log, err = ledger.AppendRecord(log, r); err != nil {
			return nil, err
		}
	}
	p := verify.Parts{Log: bytes.NewReader(log), LogSize: int64(len(log)), Checkpoints: s.Notes, Files: s.Files}
	if slices.ContainsFunc(s.Records, func(b []byte) bool { return bytes.HasPrefix(b, []byte("fairlot/v1 close\n")) }) {
		var list []byte
		for _, l := range s.leaves() {
			b := l.Bytes()
			list = append(list, b[:]...)
		}
		p.Draws = []verify.DrawParts{{N: 1, Entrants: bytes.NewReader(list), EntrantsSize: int64(len(list)), Ranking: s.Ranking}}
	}
	var out bytes.Buffer
	err := verify.WriteTar(&out, p)
	return out.Bytes(), err
}

// Fork is the same campaign with another log: its records after open are dropped, and another one comes first.
func (s *Scene) Fork() (*Scene, error) {
	b, err := s.Marshal()
	if err != nil {
		return nil, err
	}
	f, err := Parse(b)
	if err != nil {
		return nil, err
	}
	f.Records, f.Notes, f.Ranking = f.Records[:1], map[int64][]byte{}, nil
	return f, f.log(&draw.Erased{Open: f.openHash, What: []string{"nothing"}, By: "operator"})
}

// Marshal keeps the scene.
func (s *Scene) Marshal() ([]byte, error) { return json.Marshal(s) }

// Parse reads what Marshal kept.
func Parse(b []byte) (*Scene, error) {
	s := &Scene{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, err
	}
	rec, err := draw.ParseRecord(s.Records[0])
	if err != nil {
		return nil, err
	}
	s.open, s.openHash = rec.(*draw.Open), draw.HashOf(s.Records[0])
	return s, nil
}

// Ranked is the entrant of a rank, as the draw has it.
func (s *Scene) Ranked(rank int) (*Entrant, error) {
	lines, err := draw.ParseRanking(s.Ranking)
	if err != nil {
		return nil, err
	}
	for i := range s.Entrants {
		if s.Entrants[i].Leaf.ID == lines[rank-1].ID {
			return &s.Entrants[i], nil
		}
	}
	return nil, fmt.Errorf("nobody has rank %d", rank)
}

// Unranked is an entrant who is neither winner nor alternate.
func (s *Scene) Unranked() (*Entrant, error) {
	for i := range s.Entrants {
		if !bytes.Contains(s.Ranking, []byte(s.Entrants[i].Leaf.ID.String())) {
			return &s.Entrants[i], nil
		}
	}
	return nil, fmt.Errorf("all %d are ranked", len(s.Entrants))
}
