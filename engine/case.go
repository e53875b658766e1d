package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlot/deadline"
	"fairlot/draw"
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
	MaxCaseBreach = 5000 // entrants whom a breach notice names, each by id
	MaxCaseDays   = 30   // until a case that nobody opened anything for expires
	CaseDays      = 14   // the same, if not said
	caseApprovers = 2    // beside whoever asks
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
}

// caseKinds has every kind.
var caseKinds = map[string]caseKind{
	CaseCourt:      {"court", []string{GroundJudicial, GroundViolation, GroundPublic, GroundOthers}, MaxCaseCourt, 1, nil, ""},
	CaseBreach:     {"breach", []string{GroundPublic, GroundOthers}, MaxCaseBreach, 1, nil, "個人資料保護法第12條"},
	CaseAccess:     {"person", []string{GroundConsent}, 1, 0, &deadline.Access, "個人資料保護法第10條"},
	CaseCorrection: {"person", []string{GroundConsent}, 1, 0, &deadline.Change, "個人資料保護法第11條"},
	CaseErasure:    {"person", []string{GroundConsent}, 1, 0, &deadline.Change, "個人資料保護法第11條"},
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

	Approvers []CaseAct `json:"approvers,omitempty"`
	Outcome   string    `json:"outcome,omitempty"`
	Closer    CaseAct   `json:"closer,omitzero"`
}

// Text is exactly what approvers approve, one `key value` a line.
func (c Case) Text() []byte {
	return actText("case", store.Campaign{ID: c.Campaign, Slug: c.Slug}, fmt.Sprintf("case %x", c.ID[:]), "case-kind "+c.Kind, "ground "+c.Ground, "reference "+c.Reference,
		fmt.Sprintf("count %d", c.Count), "named "+c.Named, "requester "+c.Requester.Token, "expires "+c.Expires.Format(time.RFC3339))
}

// Digest is the SHA-256 of Text.
func (c Case) Digest() [32]byte { return sha256.Sum256(c.Text()) }

// Approved tells whether two others than the requester want it.
func (c Case) Approved() bool { return len(c.Approvers) == caseApprovers }

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
	Received  string // YYYY-MM-DD, of a person's request; empty: today
	Days      int    // until it expires; 0: CaseDays
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
		if had.Campaign != c.Campaign || had.Kind != c.Kind || had.Ground != c.Ground || had.Reference != c.Reference || had.Named != c.Named || had.Requester.Token != by.Token {
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
	case c.Count > kind.most:
		wrong("entrants", "too-many", "a case of kind %s names at most %d entrants", c.Kind, kind.most)
	case len(slices.Compact(slices.Clone(c.Entrants))) != c.Count:
		wrong("entrants", "twice", "an id stands twice")
	}
	days := req.Days
	if days == 0 {
		days = CaseDays
	}
	if days < 1 || days > MaxCaseDays {
		wrong("days", "range", "a case expires after 1 to %d days", MaxCaseDays)
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
		case entrant.Zero == zeroErased || entrant.Zero == zeroErasedAtDesk:
			return Case{}, refuse(CaseState, "entrant %d of the list, by the order of their ids, was erased: there is nothing to open", i+1)
		}
	}
	return c, nil
}

// oneLine tells whether a text may stand in a record or an act.
func oneLine(s string) bool {
	return s != "" && len(s) <= draw.MaxText && !strings.Contains(s, "\n") && draw.CheckText([]byte(s+"\n")) == nil
}

// namedHash says whom a case names to nobody who lacks the salt.
func namedHash(n store.CaseEntrants) string {
	if len(n.IDs) == 0 {
		return "none"
	}
	h := sha256.New()
	h.Write([]byte("fairlot/v1 case\n"))
	h.Write(n.Salt[:])
	for _, id := range n.IDs {
		h.Write(id[:])
	}
	return hex.EncodeToString(h.Sum(nil))
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
	row, err := e.Registry.Case(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return Case{}, refuse(CaseNotFound, "there is no such case: list them and check its id")
	}
	if err != nil {
		return Case{}, e.fault(err)
	}
	c, err := readCase(row)
	if err != nil || c.Count == 0 {
		return c, err
	}
	named, err := e.Identity.CaseEntrants(ctx, c.Campaign, c.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return c, nil
	case err != nil:
		return Case{}, e.fault(err)
	case namedHash(named) != c.Named:
		return Case{}, fmt.Errorf("case %x: the identity room names others than the registry", id[:])
	}
	c.Entrants = named.IDs
	return c, nil
}
