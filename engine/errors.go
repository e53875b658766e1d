package engine

import (
	"errors"
	"fmt"
	"time"
)

// Reason is the machine-readable cause of an Error; the contract's ErrorReason has the same names with the prefix ERROR_REASON_.
type Reason string

// The reasons. Each is explained in proto/fairlot/v1/errors.proto.
const (
	CampaignNotFound   Reason = "CAMPAIGN_NOT_FOUND"
	CampaignDraft      Reason = "CAMPAIGN_DRAFT"
	CampaignEnded      Reason = "CAMPAIGN_ENDED"
	CampaignClosed     Reason = "CAMPAIGN_CLOSED"
	CampaignOpen       Reason = "CAMPAIGN_OPEN"
	TooEarly           Reason = "TOO_EARLY"
	TooLate            Reason = "TOO_LATE"
	NoticeStale        Reason = "NOTICE_STALE"
	ConsentMissing     Reason = "CONSENT_MISSING"
	PersonEntered      Reason = "PERSON_ENTERED"
	EntryDiffers       Reason = "ENTRY_DIFFERS"
	TokenMissing       Reason = "TOKEN_MISSING"
	TokenUnknown       Reason = "TOKEN_UNKNOWN"
	TokenUsed          Reason = "TOKEN_USED"
	TokenExpired       Reason = "TOKEN_EXPIRED"
	TokenRevoked       Reason = "TOKEN_REVOKED"
	IDInvalid          Reason = "ID_INVALID"
	SlugTaken          Reason = "SLUG_TAKEN"
	EtagStale          Reason = "ETAG_STALE"
	RulesInvalid       Reason = "RULES_INVALID"
	SurveyInvalid      Reason = "SURVEY_INVALID"
	ResponseInvalid    Reason = "RESPONSE_INVALID"
	RoundNotYet        Reason = "ROUND_NOT_YET"
	BeaconUnavailable  Reason = "BEACON_UNAVAILABLE"
	DrawState          Reason = "DRAW_STATE"
	DrawUnproven       Reason = "DRAW_UNPROVEN"
	SeatUnknown        Reason = "SEAT_UNKNOWN"
	NotificationMoved  Reason = "NOTIFICATION_STATE"
	CosignatureInvalid Reason = "COSIGNATURE_INVALID"
	ReceiptMismatch    Reason = "RECEIPT_MISMATCH"
	ResponseNotFound   Reason = "RESPONSE_NOT_FOUND"
	EntryErased        Reason = "ENTRY_ERASED"
	EntryCorrected     Reason = "ENTRY_CORRECTED"
	CorrectionsSpent   Reason = "CORRECTIONS_SPENT"
	EntryNotFound      Reason = "ENTRY_NOT_FOUND"
	StaffTokenInvalid  Reason = "STAFF_TOKEN_INVALID"
	RoleRefused        Reason = "ROLE_REFUSED"
	StorageUnavailable Reason = "STORAGE_UNAVAILABLE"
	Busy               Reason = "BUSY"
	FieldInvalid       Reason = "FIELD_INVALID"
	DrawNotFound       Reason = "DRAW_NOT_FOUND"
	StaffTokenNotFound Reason = "STAFF_TOKEN_NOT_FOUND"
	ApprovalNotFound   Reason = "APPROVAL_NOT_FOUND"
	ApprovalState      Reason = "APPROVAL_STATE"
	ApprovalSelf       Reason = "APPROVAL_SELF"
	ApprovalChanged    Reason = "APPROVAL_CHANGED"
	CaseNotFound       Reason = "CASE_NOT_FOUND"
	CaseState          Reason = "CASE_STATE"
	HolderAway         Reason = "HOLDER_AWAY"
	NotWinner          Reason = "NOT_WINNER"
	SeatClaimed        Reason = "SEAT_CLAIMED"
)

// Field is one field that is wrong, by its path in the contract (identity.id_number, response_json.q3).
type Field struct {
	Path   string
	Reason string // a code: required, too-long, …
	Text   string // one sentence that says what to do
}

// Error is a refusal that the caller can act on. Text is one sentence that says what to do; it never holds personal data.
type Error struct {
	Reason Reason
	Text   string
	Fields []Field       // all that is wrong at once
	Retry  time.Duration // when trying again makes sense; 0: not by itself
	Left   *int          // how many more tries there are; nil: they are not counted
}

func (e *Error) Error() string { return string(e.Reason) + ": " + e.Text }

// passes tells whether the trouble may pass by itself, so that trying again makes sense.
func passes(err error) bool {
	var own *Error
	return err != nil && (!errors.As(err, &own) || own.Retry > 0)
}

func refuse(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Text: fmt.Sprintf(format, args...)}
}
