package engine

import (
	"time"

	"fairlot/entrant"
	"fairlot/store"
)

// Proof is what shows that an entrant is who they say.
type Proof string

// The proofs of this version.
const (
	ProofToken Proof = "token"
	ProofNone  Proof = "none"
)

// Texts maps a language tag, zh-Hant-TW or en, to a text.
type Texts map[string]string

// Consent is one thing an entrant may agree to.
type Consent struct {
	Code         string
	Text         Texts
	Required     bool
	AboutAnswers bool
}

// Custodian is one holder of a share.
type Custodian struct {
	Recipient string // age recipient
	Cosigner  string // verifier key, algorithm 4
}

// Claiming says who may come for a prize besides the winner.
type Claiming struct {
	Proxy         bool `json:",omitempty"` // somebody with a written authorisation
	GuardianBelow int  `json:",omitempty"` // for a winner younger than so many years a guardian must come; 0: at no age
}

// Tier is one kind of prize.
type Tier struct {
	Count int64
	Title Texts
	Value int64 `json:",omitempty"` // of one, in New Taiwan dollars; 0: not stated

	Stratum int `json:",omitempty"` // whose prize it is; 0 without strata, and in a proportional draw
}

// StrataBy is what decides the stratum of an entrant.
type StrataBy string

// What decides it.
const (
	StrataByEntrant StrataBy = "entrant" // their choice on the form
	StrataByToken   StrataBy = "token"   // the one-use token
)

// WinnerList says what of a winner's name and ID number stands in the list that the institution publishes, as codes of the rules file: the masks themselves are
// package entrant's.
type WinnerList struct {
	Name      entrant.NameMask `json:",omitempty"`
	Compounds bool             `json:",omitempty"` // compound surnames stay whole
	IDNumber  entrant.IDMask   `json:",omitempty"`
}

// Chain is a drand chain other than quicknet.
type Chain struct {
	Hash    []byte // 32 bytes
	Period  int64  // seconds
	Genesis int64  // Unix seconds
	Key     []byte // 96 bytes
}

// DrawRules fixes one draw.
type DrawRules struct {
	Tiers      []Tier
	Alternates int64
	ClaimDays  int64
	Forfeit    bool
	Margin     int64 // seconds; 0 means 3600
	DrawTime   time.Time
	Beacon     *Chain // nil: quicknet

	Proportional bool `json:",omitempty"` // the one tier is shared among the strata
	// EarlierWinnersOut leaves out whoever holds a seat of an earlier draw when the list of this one is closed; not in the first draw.
	EarlierWinnersOut bool `json:",omitempty"`
}

// Rules is all that is fixed when a campaign opens. It is stored as JSON in the registry.
type Rules struct {
	Title, Description, Notice Texts
	Claim                      Texts    // how winners claim; only with draws, may be empty
	Claiming                   Claiming `json:",omitzero"` // only with draws
	Survey                     string   // SurveyJS subset, empty: none
	Consents                   []Consent
	Draws                      []DrawRules
	TaxAbove                   int64      `json:",omitempty"` // New Taiwan dollars: prizes worth more are reported; 0 in a draft means 1,000 where values are stated
	WinnerList                 WinnerList `json:",omitzero"`  // only with draws
	Form                       Form
	Strata                     []Texts  `json:",omitempty"` // titles; none: all are drawn together
	StrataBy                   StrataBy `json:",omitempty"` // only with strata
	Proof                      Proof
	Register                   int64
	ChancesCap                 int // 0 means 1
	Batch                      int // 0 means 50
	EntriesEnd, ObjectionsEnd  time.Time
	Retention                  int64 `json:",omitempty"` // days after the last claim period until envelopes are destroyed; 0: never
	Custodians                 []Custodian
	Threshold                  int
	Notifiers                  []string
	Audit                      int       `json:",omitempty"` // size of the audit sample of each draw; 0: none
	Auditor                    int       `json:",omitempty"` // whom it is opened to: their number among Notifiers, from 1
	Excluded                   *Excluded `json:",omitempty"` // only with draws; set by SetExclusion alone
	Statements                 []string  `json:",omitempty"` // custody.Statement texts, attached to a draft; not published
}

// Campaign is a campaign as callers see it.
type Campaign struct {
	ID         store.CampaignID
	Slug       string
	State      store.CampaignState
	Etag       string
	Rules      Rules
	NoticeHash store.Hash
	OpenHash   store.Hash // zero in a draft
	OpenRecord []byte
}
