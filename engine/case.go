package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/deadline"
	"fairlot/draw"
	"fairlot/label"
	"fairlot/store"
)

// Kinds of cases.
const (
	CaseCourt      = "court"      // an order to disclose by a court or another authority
	CaseBreach     = "breach"     // persons have to be told of a breach
	CaseAccess     = "access"     // a person asks what is kept of them
	CaseCorrection = "correction" // a person asks to have it corrected
	CaseErasure    = "erasure"    // a person asks to have it deleted
)

// Grounds of cases: consent, and the four conditions of the privacy notice, in its order.
const (
	GroundConsent   = "consent"
	GroundJudicial  = "judicial"        // (1) access of judicial investigative units through legal procedures
	GroundViolation = "violation"       // (2) the breach of the site's regulations
	GroundPublic    = "public-interest" // (3) considerations of the government's site
	GroundOthers    = "others-rights"   // (4) protection of the legal rights of others
)

// Limits of cases.
const (
	MaxCaseCourt  = 20   // entrants whom an order names
	MaxCaseBreach = 5000 // entrants whom a breach notice names, each by id; fewer with many custodians
	MaxCaseDays   = 30   // until a case expires
	MaxHoldDays   = 180  // the same of one that only holds, and opens nothing
	CaseDays      = 14   // the same, if not said
	caseApprovers = 2    // beside whoever asks

	maxCaseBytes  = 60_000_000 // what one answer may carry of locks and envelopes
	lockBytes     = 2100       // a lock file is not longer, whoever's it is
	envelopes2    = 4200       // two envelopes of the longest texts, and what goes with them
	oldestRequest = 365 * day
)

// caseKind is what holds of a kind of case.
type caseKind struct {
	purpose   string          // of the opened record
	grounds   []string        // that it may have
	most      int             // entrants whom it names
	fewest    int             // a person's request may be about nobody who can be found
	clock     *deadline.Clock // nil: the law sets no period that is counted here
	reference string          // the law that it rests on if nobody says another; empty: it must be said
	opens     []string        // if nobody says which envelopes
}

// mostOf is how many entrants a case may name where there are so many custodians: their locks leave in one answer.
func (k caseKind) mostOf(custodians int) int {
	return min(k.most, maxCaseBytes/(custodians*lockBytes+envelopes2))
}

// caseKinds has every kind.
var caseKinds = map[string]caseKind{
	CaseCourt:      {"court", []string{GroundJudicial, GroundViolation, GroundPublic, GroundOthers}, MaxCaseCourt, 1, nil, "", nil},
	CaseBreach:     {"breach", []string{GroundPublic, GroundOthers}, MaxCaseBreach, 1, nil, "個人資料保護法第12條", []string{"contact"}},
	CaseAccess:     {"person", []string{GroundConsent}, 1, 0, &deadline.Access, "個人資料保護法第10條", []string{"identity", "contact"}},
	CaseCorrection: {"person", []string{GroundConsent}, 1, 0, &deadline.Change, "個人資料保護法第11條", nil},
	CaseErasure:    {"person", []string{GroundConsent}, 1, 0, &deadline.Change, "個人資料保護法第11條", nil},
}

// caseOutcomes are how a case may end.
var caseOutcomes = []string{"done", "partly", "refused", "withdrawn"}

// taiwan says which days offices work.
var taiwan = deadline.Taiwan()

// CaseAct is somebody who did something about a case.
type CaseAct struct {
	Token string
	Label string
	At    time.Time
}

func (a CaseAct) person() store.Person { return store.Person{Token: a.Token, Label: a.Label} }

// Case is an order, a notice or a request that staff work on. Nothing in it says whom it names but Entrants, which is filled by Engine.Case alone.
type Case struct {
	ID       [16]byte          `json:"-"`
	Campaign store.CampaignID  `json:"-"`
	Over     bool              `json:"-"`
	Slug     string            `json:"slug"`
	Entrants []store.EntrantID `json:"-"`
	version  int64             // of the row

	Kind      string    `json:"kind"`
	Ground    string    `json:"ground"`
	Reference string    `json:"reference"` // the law or order that it rests on
	Count     int       `json:"count"`     // whom it names
	Named     string    `json:"named"`     // SHA-256 of a salt and whom it names, in hex
	Requester CaseAct   `json:"requester"`
	Expires   time.Time `json:"expires"` // nothing is approved or opened from then on

	Received  string    `json:"received,omitempty"` // the day of a person's request, YYYY-MM-DD
	Due       time.Time `json:"due,omitzero"`       // when the law wants it answered
	Extended  int       `json:"extended,omitempty"` // days by which that was put off
	Extender  CaseAct   `json:"extender,omitzero"`
	ExtendWhy string    `json:"extend_why,omitempty"`

	Opens    []string `json:"opens,omitempty"`    // which envelopes: identity, contact
	Notifier int      `json:"notifier,omitempty"` // who reads them, by number in open; 0: nothing is opened
	Hold     bool     `json:"hold,omitempty"`     // keeps whom it names from the erasure of the campaign

	Approvers []CaseAct `json:"approvers,omitempty"`
	Releaser  CaseAct   `json:"releaser,omitzero"` // who first had it opened
	Did       []string  `json:"did,omitempty"`     // what the register of modifications has of it
	Outcome   string    `json:"outcome,omitempty"`
	Closer    CaseAct   `json:"closer,omitzero"`
}

// stated is the text's content.
func (c Case) stated() custody.Case {
	x := custody.Case{Campaign: c.Campaign, Slug: c.Slug, ID: c.ID, Kind: c.Kind, Ground: c.Ground, Reference: c.Reference, Count: c.Count, Named: c.Named,
		Requester: c.Requester.Token, Expires: c.Expires, Notifier: c.Notifier, Hold: c.Hold}
	for _, k := range []seal.Kind{seal.Identity, seal.Contact} {
		if slices.Contains(c.Opens, k.String()) {
			x.Opens = append(x.Opens, k)
		}
	}
	return x
}

// Text is exactly what approvers approve, one `key value` a line.
func (c Case) Text() []byte { return c.stated().Text() }

// Digest is the SHA-256 of Text.
func (c Case) Digest() [32]byte { return sha256.Sum256(c.Text()) }

// Approved tells whether two others than the requester want it.
func (c Case) Approved() bool { return len(c.Approvers) == caseApprovers }

// stands tells whether what the case wants may be done now.
func (c Case) stands(now time.Time) bool { return c.Approved() && !c.Over && now.Before(c.Expires) }

// holdEnds is until when the case keeps whom it names from the erasure of the campaign, if three persons want it.
func (c Case) holdEnds() time.Time { return custody.HoldEnds(c.Expires, c.Closer.At) }

// holds tells whether it keeps them now. A case that was closed goes on for a while, though nothing is opened for it.
func (c Case) holds(now time.Time) bool { return c.Hold && c.Approved() && now.Before(c.holdEnds()) }

// wants tells whether the case is about something that three persons must want.
func (c Case) wants() bool { return c.Count > 0 && (len(c.Opens) > 0 || c.Hold) }

// Clock is the legal period of a person's request; nil of other cases.
func (c Case) Clock() *deadline.Clock { return caseKinds[c.Kind].clock }

// CaseRequest is what somebody wants a case of. ID is the caller's own 16 random bytes: the same request again is the same case.
type CaseRequest struct {
	ID        [16]byte
	Campaign  store.CampaignID
	Kind      string
	Ground    string // empty: the only one of the kind
	Reference string // empty: the law that the kind rests on, if there is one
	Entrants  []store.EntrantID
	Received  string   // YYYY-MM-DD, of a person's request; empty: today
	Days      int      // until it expires; 0: CaseDays
	Opens     []string // identity, contact; empty: those that the kind needs
	Notifier  int      // who is to read them, by number in the open record; 0: the only one, besides the auditor
	Hold      bool     // of an order: keep whom it names from the erasure of the campaign
}

// OpenCase opens a case. A repeated request with the same id returns the case that is there. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT, FIELD_INVALID, ENTRY_NOT_FOUND,
// CASE_STATE, STORAGE_UNAVAILABLE.
func (e *Engine) OpenCase(ctx context.Context, by Actor, req CaseRequest) (Case, error) {
	c, err := e.newCase(ctx, by, req)
	if err != nil {
		return Case{}, err
	}
	named := store.CaseEntrants{IDs: c.Entrants}
	rand.Read(named.Salt[:])
	if len(c.Entrants) > 0 {
		err := e.Identity.PutCaseEntrants(ctx, c.Campaign, c.ID, named)
		if errors.Is(err, store.ErrExists) { // by an earlier try
			named, err = e.Identity.CaseEntrants(ctx, c.Campaign, c.ID)
			if err == nil && !slices.Equal(named.IDs, c.Entrants) {
				return Case{}, refuse(CaseState, "another case has this id already: open yours with a new one")
			}
		}
		if err != nil {
			return Case{}, e.fault(err)
		}
		e.step("case names")
	}
	c.Named = namedHash(named)
	body, err := json.Marshal(c)
	if err != nil {
		return Case{}, fmt.Errorf("write a case: %w", err)
	}
	err = e.Registry.PutCase(ctx, store.Case{ID: c.ID, Campaign: c.Campaign, Body: body})
	if errors.Is(err, store.ErrExists) {
		had, err := e.Case(ctx, c.ID)
		if err != nil {
			return Case{}, err
		}
		if had.Campaign != c.Campaign || had.Kind != c.Kind || had.Ground != c.Ground || had.Reference != c.Reference || had.Named != c.Named || !slices.Equal(had.Opens, c.Opens) || had.Notifier != c.Notifier || had.Hold != c.Hold || had.Requester.Token != by.Token {
			return Case{}, refuse(CaseState, "another case has this id already: open yours with a new one")
		}
		return had, nil
	}
	if err != nil {
		return Case{}, e.fault(err)
	}
	return e.Case(ctx, c.ID)
}

// newCase checks a request.
func (e *Engine) newCase(ctx context.Context, by Actor, req CaseRequest) (Case, error) {
	o, err := e.open(ctx, req.Campaign)
	if err != nil {
		return Case{}, err
	}
	row, err := e.Registry.Campaign(ctx, req.Campaign)
	if err != nil {
		return Case{}, e.fault(err)
	}
	now := e.Now().UTC().Truncate(time.Second)
	kind, ok := caseKinds[req.Kind]
	var bad problems
	wrong := func(path, reason, format string, args ...any) {
		bad.add(FieldInvalid, Field{path, reason, fmt.Sprintf(format, args...)})
	}
	if !ok {
		wrong("kind", "unknown", "name the kind: court, breach, access, correction or erasure")
		return Case{}, bad.err()
	}
	c := Case{ID: req.ID, Campaign: req.Campaign, Slug: row.Slug, Kind: req.Kind, Ground: req.Ground, Reference: req.Reference, Entrants: slices.Clone(req.Entrants),
		Count: len(req.Entrants), Requester: CaseAct{by.Token, by.Label, now}}
	if c.ID == ([16]byte{}) {
		wrong("id", "required", "give 16 random bytes, so that a repeated request is one case")
	}
	if c.Ground == "" && len(kind.grounds) == 1 {
		c.Ground = kind.grounds[0]
	}
	if !slices.Contains(kind.grounds, c.Ground) {
		wrong("ground", "unknown", "a case of kind %s rests on %s", c.Kind, strings.Join(kind.grounds, " or "))
	}
	if c.Reference == "" {
		c.Reference = kind.reference
	}
	switch {
	case c.Reference == "":
		wrong("reference", "required", "name the order or law that it rests on, with its number")
	case !oneLine(c.Reference):
		wrong("reference", "form", "one line of at most %d bytes, without invisible characters", draw.MaxText)
	}
	slices.SortFunc(c.Entrants, func(a, b store.EntrantID) int { return bytes.Compare(a[:], b[:]) })
	switch {
	case c.Count < kind.fewest:
		wrong("entrants", "required", "name each entrant by id: there is no case about everybody")
	case c.Count > kind.mostOf(len(o.rules.Custodians)):
		wrong("entrants", "too-many", "a case of kind %s names at most %d entrants in a campaign of %d custodians", c.Kind, kind.mostOf(len(o.rules.Custodians)), len(o.rules.Custodians))
	case len(slices.Compact(slices.Clone(c.Entrants))) != c.Count:
		wrong("entrants", "twice", "an id stands twice")
	}
	c.opening(req, kind, len(o.rules.Notifiers), o.rules.Auditor, wrong)
	days, most := req.Days, MaxCaseDays
	if days == 0 {
		days = CaseDays
	}
	if c.Hold && len(c.Opens) == 0 {
		most = MaxHoldDays
	}
	if days < 1 || days > most {
		wrong("days", "range", "this case expires after 1 to %d days", most)
	}
	c.Expires = now.AddDate(0, 0, days)
	switch today := deadline.DayOf(now); {
	case kind.clock == nil && req.Received != "":
		wrong("received", "form", "only a person's own request has a day from which the law counts")
	case kind.clock != nil:
		received := today
		if req.Received != "" {
			if received, err = deadline.ParseDay(req.Received); err != nil {
				wrong("received", "form", "write the day on which the request came as YYYY-MM-DD")
				break
			}
		}
		if received.After(today) || today.Sub(received) > oldestRequest {
			wrong("received", "range", "the request came today or within the last year")
			break
		}
		due, err := kind.clock.Due(taiwan, received)
		if err != nil {
			wrong("received", "range", "its period cannot be counted: %v", err)
			break
		}
		c.Received, c.Due = received.Format(time.DateOnly), due.Time().UTC()
	}
	if err := bad.err(); err != nil {
		return Case{}, err
	}
	if row.State == store.Erased && c.Count > 0 {
		return Case{}, refuse(CaseState, "all that was sealed in this campaign is destroyed: there is nothing to open; a person's request is kept without an entrant")
	}
	if c.Count > 0 && !o.draws() {
		return Case{}, refuse(CaseState, "a campaign without draws keeps nobody's name or contact: there is nothing to open; a person's request is kept without an entrant")
	}
	for i, id := range c.Entrants {
		entrant, err := e.Identity.Entrant(ctx, c.Campaign, id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return Case{}, refuse(EntryNotFound, "entrant %d of the list, by the order of their ids, is not in this campaign: compare the ids with receipts or the entry list", i+1)
		case err != nil:
			return Case{}, e.fault(err)
		case entrant.Zero == zeroErased || entrant.Zero == zeroErasedAtDesk || entrant.Erasure == store.ErasureDone: // the last after the draws, behind which the entry list stands as it was
			return Case{}, refuse(CaseState, "entrant %d of the list, by the order of their ids, was erased: there is nothing to open", i+1)
		}
		if erased(entrant) && c.wants() { // of who only asks, there is something to answer
			return Case{}, refuse(CaseState, "entrant %d of the list, by the order of their ids, is being erased: nothing is opened or held any more", i+1)
		}
		if corrected, err := e.corrected(ctx, c.Campaign, id); err != nil {
			return Case{}, e.fault(err)
		} else if corrected && c.wants() {
			return Case{}, refuse(CaseState, "entrant %d of the list, by the order of their ids, was corrected: nothing is kept under that id, so name the entry that took its place, by the receipt of the correction", i+1)
		}
	}
	return c, nil
}

// oneLine tells whether a text may stand in a record or an act: one in which everything can be seen.
func oneLine(s string) bool {
	_, unseen := label.Unseen(s)
	return !unseen && s != "" && len(s) <= draw.MaxText && !strings.Contains(s, "\n") && draw.CheckText([]byte(s+"\n")) == nil
}

// opening says what a case opens, for whose eyes, and whether it holds.
func (c *Case) opening(req CaseRequest, kind caseKind, notifiers, auditor int, wrong func(path, reason, format string, args ...any)) {
	opens := req.Opens
	if len(opens) == 0 && !req.Hold && c.Count > 0 {
		opens = kind.opens
	}
	for _, k := range []string{"identity", "contact"} {
		if slices.Contains(opens, k) {
			c.Opens = append(c.Opens, k)
		}
	}
	switch {
	case len(c.Opens) != len(opens):
		wrong("opens", "form", "name identity, contact or both, each once")
	case req.Hold && c.Kind != CaseCourt:
		wrong("hold", "kind", "only an order keeps entrants from the erasure of a campaign")
	case c.Kind == CaseCourt && len(opens) == 0 && !req.Hold:
		wrong("opens", "required", "say what the order wants opened: identity, contact or both; or that it only holds")
	case c.Kind == CaseBreach && slices.Contains(opens, "identity"):
		wrong("opens", "kind", "who is told of a breach is reached by the contact: nobody's name or ID number is opened for it")
	case c.Count == 0 && len(opens) > 0:
		wrong("opens", "entrants", "a case that names nobody opens nothing")
	}
	c.Hold = req.Hold
	switch c.Notifier = req.Notifier; {
	case len(c.Opens) == 0:
		c.Notifier = 0
		if req.Notifier != 0 {
			wrong("notifier", "opens", "a case that opens nothing has no reader")
		}
	case c.Notifier == 0 && notifiers == 1:
		c.Notifier = 1
	case c.Notifier == 0 && notifiers == 2 && auditor > 0:
		c.Notifier = notifiers + 1 - auditor
	case auditor > 0 && c.Notifier == auditor:
		wrong("notifier", "auditor", "notifier %d is the auditor, who reads the audit sample and nothing else: name another", auditor)
	case notifiers > 0 && (c.Notifier < 1 || c.Notifier > notifiers): // without any there is nothing to open
		wrong("notifier", "range", "say which of the campaign's %d notifiers is to read what is opened: custodians seal their shares to that one alone", notifiers)
	}
}

// namedHash says whom a case names to nobody who lacks the salt.
func namedHash(n store.CaseEntrants) string {
	ids := make([][16]byte, len(n.IDs))
	for i, id := range n.IDs {
		ids[i] = id
	}
	return custody.NamedHash(n.Salt, ids)
}

func readCase(row store.Case) (Case, error) {
	var c Case
	if err := json.Unmarshal(row.Body, &c); err != nil {
		return c, fmt.Errorf("read case %x: %w", row.ID[:], err)
	}
	c.ID, c.Campaign, c.Over, c.version = row.ID, row.Campaign, row.Over, row.Version
	return c, nil
}

// Cases returns up to limit cases with id greater than after, ascending, without whom they name; those that are over only if all are asked for.
func (e *Engine) Cases(ctx context.Context, all bool, after [16]byte, limit int) ([]Case, error) {
	rows, err := e.Registry.Cases(ctx, !all, after, limit)
	if err != nil {
		return nil, e.fault(err)
	}
	out := make([]Case, len(rows))
	for i, row := range rows {
		if out[i], err = readCase(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Case returns one with whom it names, who are gone once the campaign is erased. Reason: CASE_NOT_FOUND.
func (e *Engine) Case(ctx context.Context, id [16]byte) (Case, error) {
	c, _, err := e.saltedCase(ctx, id)
	return c, err
}

// saltedCase is Case with the random bytes under Named.
func (e *Engine) saltedCase(ctx context.Context, id [16]byte) (c Case, salt [16]byte, err error) {
	row, err := e.Registry.Case(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return c, salt, refuse(CaseNotFound, "there is no such case: list them and check its id")
	}
	if err != nil {
		return c, salt, e.fault(err)
	}
	if c, err = readCase(row); err != nil || c.Count == 0 {
		return c, salt, err
	}
	named, err := e.Identity.CaseEntrants(ctx, c.Campaign, c.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return c, salt, nil
	case err != nil:
		return Case{}, salt, e.fault(err)
	case namedHash(named) != c.Named:
		return Case{}, salt, fmt.Errorf("case %x: the identity room names others than the registry", id[:])
	}
	c.Entrants = named.IDs
	return c, named.Salt, nil
}
