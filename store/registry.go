package store

import "context"

// CampaignState is where in its life a campaign is. The numbers are stored.
type CampaignState int

// The states, in the only order in which they follow each other.
const (
	Draft CampaignState = iota + 1
	Open
	Ended
	Closed
	Erased
)

// DrawState is where in its life a draw is. The numbers are stored.
type DrawState int

// The states of a draw.
const (
	DrawPending DrawState = iota + 1
	DrawClosed
	DrawDrawn
)

// Installation is what init fixes forever.
type Installation struct {
	Origin      string // log origin, a signed-note key name
	Institution string
	LogKey      string // verifier key of the log
	ReceiptKey  string // verifier key of receipts
}

// Campaign is one row. Rules is the engine's own encoding and is opaque here; it changes only in Draft.
type Campaign struct {
	ID         CampaignID
	Slug       string
	State      CampaignState
	Version    int64  // counts updates of the draft, from 1
	RequestID  string // idempotency key of the creation, may be empty
	Rules      []byte
	OpenRecord []byte // empty in Draft
	Tallies    []byte // made once at close; empty before
	GateMade   bool   // its gate was made in the identity room
}

// Draw is one row. It is made with the open record.
type Draw struct {
	Campaign CampaignID
	N        int
	State    DrawState
	Entrants int64  // leaves, from close on
	Close    []byte // the binding close record
	Result   []byte // the result record
	Ranking  []byte // the ranking file
}

// Transition is what happens together with the appending of one record. Zero fields change nothing.
type Transition struct {
	Campaign CampaignID
	// From, To move the campaign's state by compare-and-swap; with From == Draft, Version is compared too.
	From, To CampaignState
	Version  int64
	// OpenRecord is stored with the campaign, and Draws draws numbered from 1 are made in DrawPending.
	OpenRecord []byte
	Draws      int
	// Files are stored under their SHA-256.
	Files map[Hash][]byte
	// Draw N moves from DrawFrom to DrawTo by compare-and-swap, and takes Entrants, Close, Result and Ranking if not nil.
	Draw             int
	DrawFrom, DrawTo DrawState
	Entrants         int64
	Close            []byte
	Result           []byte
	Ranking          []byte
}

// StaffToken is one row. Only the hash of the secret is kept.
type StaffToken struct {
	ID      [8]byte
	Secret  Hash // SHA-256 of the secret part
	Role    string
	Label   string
	Expires Time
	Revoked bool
}

// Registry is the room of campaigns, draws, the log and staff. It holds nothing about one entrant.
type Registry interface {
	Bound
	Jobs
	Leases
	// Installation returns what init fixed, ErrNotFound before.
	Installation(ctx context.Context) (Installation, error)
	// PutInstallation writes it once; ErrExists afterwards.
	PutInstallation(ctx context.Context, in Installation) error

	// CreateCampaign inserts a draft with Version 1. If RequestID is not empty and known, the campaign made with it is
	// returned instead. ErrExists if the id or slug is taken.
	CreateCampaign(ctx context.Context, c Campaign) (Campaign, error)
	// UpdateDraft replaces Rules and increments Version. ErrConflict if version is not the present one or the campaign is
	// not in Draft; ErrNotFound.
	UpdateDraft(ctx context.Context, id CampaignID, version int64, rules []byte) (Campaign, error)
	// DeleteDraft deletes it, with the errors of UpdateDraft.
	DeleteDraft(ctx context.Context, id CampaignID, version int64) error
	// Campaign returns one campaign, ErrNotFound.
	Campaign(ctx context.Context, id CampaignID) (Campaign, error)
	// CampaignBySlug returns one campaign, ErrNotFound. Slugs compare as bytes.
	CampaignBySlug(ctx context.Context, slug string) (Campaign, error)
	// Campaigns returns up to limit campaigns with id greater than after, ascending by the bytes of the id.
	Campaigns(ctx context.Context, after CampaignID, limit int) ([]Campaign, error)
	// SetCampaignState moves the state by compare-and-swap without a record (Open to Ended). Already in `to` is nil.
	SetCampaignState(ctx context.Context, id CampaignID, from, to CampaignState) error
	// SetGateMade records that the campaign's gate was made; again is nil. ErrNotFound.
	SetGateMade(ctx context.Context, id CampaignID) error
	// PutTallies stores the statistics once; if there are some already they stay, and nil is returned.
	PutTallies(ctx context.Context, id CampaignID, tallies []byte) error

	// Draws returns the draws of a campaign by number; none before it is open.
	Draws(ctx context.Context, id CampaignID) ([]Draw, error)

	// LogSize returns the number of records.
	LogSize(ctx context.Context) (int64, error)
	// LogRecords returns up to limit records from index start on.
	LogRecords(ctx context.Context, start int64, limit int) ([][]byte, error)
	// Append appends record at index size and applies t, together. ErrConflict if the log has another size or a
	// compare-and-swap of t fails; then nothing changed.
	Append(ctx context.Context, size int64, record []byte, t Transition) error
	// PutCheckpoint stores the signed note of a tree size. If there is one of that size it stays, since it may have cosignatures by
	// now, and nil is returned.
	PutCheckpoint(ctx context.Context, size int64, note []byte) error
	// SwapCheckpoint replaces old by new at size by compare-and-swap on the bytes. ErrConflict, ErrNotFound.
	SwapCheckpoint(ctx context.Context, size int64, old, new []byte) error
	// Checkpoint returns the note of one size, ErrNotFound.
	Checkpoint(ctx context.Context, size int64) ([]byte, error)
	// CheckpointSizes returns all sizes with a checkpoint, ascending.
	CheckpointSizes(ctx context.Context) ([]int64, error)
	// File returns a file by its hash, ErrNotFound.
	File(ctx context.Context, hash Hash) ([]byte, error)

	// PutStaffToken inserts a token; ErrExists if its id is taken.
	PutStaffToken(ctx context.Context, t StaffToken) error
	// StaffToken returns one, ErrNotFound. Expiry and revocation are the caller's to judge.
	StaffToken(ctx context.Context, id [8]byte) (StaffToken, error)
	// StaffTokens returns all, by id.
	StaffTokens(ctx context.Context) ([]StaffToken, error)
	// RevokeStaffToken marks one revoked; again is nil. ErrNotFound.
	RevokeStaffToken(ctx context.Context, id [8]byte) error
	// DropStaffTokens deletes those that expired before an instant and returns their number. A zero Expires never comes.
	DropStaffTokens(ctx context.Context, before Time) (int, error)

	// AppendAct appends the act after the last one. ErrConflict unless its number is the next; then nothing changed. No method changes or
	// deletes an act, and where the engine has roles the daemon's may not.
	AppendAct(ctx context.Context, a Act) error
	// Acts returns up to limit acts with a number greater than after, ascending.
	Acts(ctx context.Context, after int64, limit int) ([]Act, error)
	// LastAct returns the one with the highest number, ErrNotFound before the first.
	LastAct(ctx context.Context) (Act, error)

	// PutCase inserts a case at version 1; ErrExists if its id is taken.
	PutCase(ctx context.Context, c Case) error
	// Case returns one, ErrNotFound.
	Case(ctx context.Context, id [16]byte) (Case, error)
	// Cases returns up to limit cases with id greater than after, ascending by the bytes of the id; unfinished: only those that are not over.
	Cases(ctx context.Context, unfinished bool, after [16]byte, limit int) ([]Case, error)
	// SwapCase replaces Over and Body by compare-and-swap on c.Version, which becomes the next. ErrConflict, ErrNotFound.
	SwapCase(ctx context.Context, c Case) error

	// PutApproval inserts one; ErrExists if its id is taken.
	PutApproval(ctx context.Context, a Approval) error
	// Approval returns one, ErrNotFound.
	Approval(ctx context.Context, id [16]byte) (Approval, error)
	// Approvals returns up to limit approvals with id greater than after, ascending by the bytes of the id; unfinished: only those in
	// ApprovalPending and ApprovalGiven, whether expired or not.
	Approvals(ctx context.Context, unfinished bool, after [16]byte, limit int) ([]Approval, error)
	// MoveApproval sets State, Decider, Decided and Outcome to those of to, by compare-and-swap on the state. ErrConflict, ErrNotFound.
	MoveApproval(ctx context.Context, from ApprovalState, to Approval) error

	Close() error
}
