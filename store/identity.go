package store

import "context"

// GateState is what the gate of a campaign lets through. The numbers are stored.
type GateState int

// The states of a gate.
const (
	GateOpen   GateState = iota + 1
	GateEnded            // entries have ended; the desk may move chances
	GateClosed           // the entry list is frozen
)

// Gate is the one row of a campaign that every group commit reads under a share lock and only its mover writes.
type Gate struct {
	Campaign CampaignID
	State    GateState
	Epoch    uint32 // entries are sealed under this epoch's key; from 1
	Moving   bool   // the mover has announced itself: wait and read again
	End      Time   // entries count before this instant
	OpenHash Hash   // SHA-256 of the open record
}

// Entry is what one acknowledged entry leaves in the identity room.
type Entry struct {
	Campaign CampaignID
	ID       EntrantID
	Epoch    uint32 // the epoch it was sealed under
	Stratum  uint16 // as the entrant chose it, or 1; a token's stratum, if it has one, replaces it
	Chances  uint16 // as the proof gives it; a token's chances replace it
	Person   Hash   // zero in a campaign without draws
	Day      string // YYYY-MM-DD in the campaign's zone; a store keeps counts by day, until DropTags
	// Tag is nil in a campaign without draws.
	Tag *Hash
	// DuplicateCounts0: a second entry of a tag is kept with chances 0, reason duplicate (proof none); otherwise it is refused.
	DuplicateCounts0 bool
	// Token is the SHA-256 of the one-use token, nil if the proof is another.
	Token    *Hash
	Lock     [][]byte // one age file a custodian
	Identity []byte   // age file
	Contact  []byte   // age file
	Consents []string // codes of consents about the person
	Response []byte   // sealed response, nil without a survey
	RetryMAC Hash     // HMAC of the whole request under the epoch key, dropped with the sealed response
}

// Outcome is what became of one Entry of a batch.
type Outcome int

// The outcomes. Only Entered and EnteredDuplicate left an entry; PersonEntered counts on the token.
const (
	Entered          Outcome = iota + 1
	EnteredDuplicate         // kept with chances 0
	Exists                   // the id is there already: see Present
	WrongEpoch               // the gate is at another epoch: seal again
	GateMoving               // wait for the mover, try again
	GateShut                 // the gate is not open, or the end has come
	PersonEntered            // the tag is there already
	TokenUnknown
	TokenUsed
	TokenExpired
	TokenRevoked
	OtherPerson  // only of Correct: the tag is not that of the entrant to be corrected; counted
	CorrectedOut // only of Correct: CorrectionTries of this person are used up
)

// EntryResult answers one Entry.
type EntryResult struct {
	Outcome Outcome
	Stratum uint16  // as stored, for Entered by Enter
	Chances uint16  // as stored, for Entered
	Tries   int     // of the person with this one, for what Correct counts: Entered, EnteredDuplicate and OtherPerson
	Present Entrant // for Exists
	Gate    Gate    // as read under the lock
}

// Erasure is how far the erasure of one entrant got; 0: nobody asked for it. The numbers are stored.
type Erasure int

// The states of an erasure that was asked for when the entry list was fixed. One asked for before that is done at once, and Entrant.Zero says it.
const (
	ErasureWaits Erasure = iota + 1 // for the draws
	ErasureDone                     // locks, envelopes and consents are gone
)

// EntrantErasure is the state of one entrant's erasure.
type EntrantErasure struct {
	ID    EntrantID
	State Erasure
}

// Entrant is a row as the engine reads it back. Sealed parts are read by Sealed only.
type Entrant struct {
	ID       EntrantID
	Epoch    uint32
	Stratum  uint16
	Chances  uint16
	Zero     string // reason of chances 0, a code of SPEC section 2.2, else empty
	Person   Hash
	RetryMAC Hash // zero once mixed
	Mixed    bool
	Erasure  Erasure
	Tries    int // of corrections, by itself and by those in whose place it stands, those that were refused as OtherPerson too
	Waits    Waiting
}

// Waiting is, of an entry that stands in another's place, whose response still waits to be mixed: the first one's, before all corrections. It is zero
// if none waits, and from when that batch is cleared on.
type Waiting struct {
	ID    EntrantID
	Epoch uint32
}

// Leaf is one line of the entry list.
type Leaf struct {
	ID      EntrantID
	Stratum uint16
	Chances uint16
	Person  Hash
}

// Sealed is what a release takes out: locks and envelopes, none of them of an erased entrant.
type Sealed struct {
	ID       EntrantID
	Lock     [][]byte
	Identity []byte
	Contact  []byte
}

// SealedResponse is one response waiting to be mixed.
type SealedResponse struct {
	ID       EntrantID
	Epoch    uint32
	Dropped  bool // of a duplicate or an erased entry: not to be mixed
	Response []byte
}

// Batch is a run of epochs that are mixed together. It is recorded before it is mixed and never changes.
type Batch struct {
	First, Last uint32
	Cleared     bool // responses and retry MACs are gone from the identity room
}

// TokenRefusals is how often a token may be refused with PersonEntered. Then it is revoked: who holds one token can try so many ID numbers of
// others, and no more.
const TokenRefusals = 5

// CorrectionTries is how often one person may be corrected in a campaign, tries with another's tag counted: each correction makes one line more of the entry
// list, and who found a saved receipt must not find by trying whose it is.
const CorrectionTries = 10

// EntryToken is one one-use token.
type EntryToken struct {
	Hash    Hash
	Chances uint16
	Stratum uint16 // in which whoever uses it is drawn; 0: it does not say it
	Expires Time
}

// Counts are the figures of the close record.
type Counts struct {
	Entrants int64
	Zero     map[string]int64 // by reason
	Days     map[string]int64 // by day
	Strata   map[uint16]int64 // leaves with chances > 0, by stratum
}

// NotificationState is how far a notice to a winner got. The numbers are those of the contract.
type NotificationState int

// Notification is the state of one notice.
type Notification struct {
	Stratum  int
	Rank     int64
	State    NotificationState
	Attempts int
	Updated  Time
}

// Release is what one opened record covers.
type Release struct {
	Purpose string // a code: notice, claim, tax
	Opened  Hash   // SHA-256 of the opened record
	IDs     []EntrantID
}

// Claim says that the holder of a seat has claimed the prize at the desk.
type Claim struct {
	Stratum int
	Rank    int64
	Day     string // YYYY-MM-DD in the campaign's zone
	Label   string // of the token of the member of staff who recorded it
	Way     string // a code: self, proxy, guardian
}

// Exclusion says what is kept of a campaign's exclusion list, besides the tag of each person on it.
type Exclusion struct {
	Version int64 // of the draft that named the list: what came with an older one never replaces it
	Mark    Hash  // which list it is, and under which key the tags are: for the caller to make and to compare
	Persons int64 // how many tags are there
}

// Identity is the room of people: sealed identities and contacts, tags until close, and responses only while sealed.
type Identity interface {
	Bound
	// CreateGate inserts the gate of a campaign at GateOpen, epoch 1; nil if it is there already with the same OpenHash,
	// ErrExists with another.
	CreateGate(ctx context.Context, g Gate) error
	// Gate returns it, ErrNotFound.
	Gate(ctx context.Context, id CampaignID) (Gate, error)
	// AnnounceMove sets Moving, by compare-and-swap on state and epoch, in a transaction of its own, so that writers stand aside.
	// It is nil if Moving is set already with that state and epoch (an earlier mover died).
	AnnounceMove(ctx context.Context, id CampaignID, state GateState, epoch uint32) error
	// MoveGate sets a new state and epoch and unsets Moving, by compare-and-swap on the old ones. Moving to the values that
	// stand already is nil. Moving to the old values takes an announcement back.
	MoveGate(ctx context.Context, id CampaignID, fromState GateState, fromEpoch uint32, toState GateState, toEpoch uint32) error

	// Enter is the group commit: all entries of the batch in one transaction, under the share lock of each entry's gate, each
	// with its own result in the order given. now is called while the lock is held: an entry counts if now is before Gate.End.
	// The same id or tag twice within a batch behaves as in two batches. Order of checks: Exists, GateMoving, GateShut, WrongEpoch,
	// token, tag. A campaign without a gate is GateShut. The PersonEntered number TokenRefusals of a token
	// revokes it in the same transaction.
	Enter(ctx context.Context, now func() Time, batch []Entry) ([]EntryResult, error)
	// Entrant returns one row, ErrNotFound.
	Entrant(ctx context.Context, campaign CampaignID, id EntrantID) (Entrant, error)
	// EpochCounted returns how many entries of an epoch wait to be mixed: kept, whose responses will be, and dropped, whose will not. Both
	// were settled at entry; MoveChance changes neither, Erase makes one kept a dropped one. 0 and 0 once the epoch is cleared.
	EpochCounted(ctx context.Context, campaign CampaignID, epoch uint32) (kept, dropped int64, err error)
	// MoveChance gives the chance that tag holds to entrant `to`: the holder becomes chances 0 reason superseded, `to` takes the
	// holder's chances. The gate must be at GateEnded (ErrConflict). If `to` holds the tag already: nil. ErrNotFound if `to` is absent. If nobody holds
	// the tag, because its holder was erased, `to` takes it with one chance: the caller knows that the tag is its person's.
	// ErrConflict if `to` is neither duplicate nor superseded: nobody gets a second chance. Which of the two responses is mixed was settled at entry and stays.
	MoveChance(ctx context.Context, campaign CampaignID, tag Hash, to EntrantID) error

	// Correct puts entry e in the place of entrant old of the same person, in one transaction under the share lock of the gate. e needs Tag, and brings no
	// response: none of Epoch, Token, Chances, Consents, Response and RetryMAC of it is looked at. old becomes chances 0 reason superseded, and its locks,
	// envelopes and consents go; its response stays as it is. e takes old's chances, or its reason duplicate, its consents, its tries and one more, and what stands
	// among the tags for it; its epoch is 0, as it never waits to be mixed; it is counted by its day. It does the same work whether old holds the tag or is a
	// duplicate. now is called while the lock is held. Outcomes, in this order of checks: Exists if e.ID is there and old is superseded; GateShut if the gate is
	// not open, or now is not before its end; CorrectedOut; OtherPerson, which adds to the tries of old; Entered or EnteredDuplicate.
	// ErrNotFound if old is absent. ErrExists if e.ID is there otherwise. ErrConflict if old is neither counted nor a duplicate.
	Correct(ctx context.Context, now func() Time, old EntrantID, e Entry) (EntryResult, error)

	// Erase takes out one entrant, for good, in one transaction under the share lock of the gate. Until the gate is closed chances become 0 for the reason
	// zero, the tag that the entrant holds, locks, envelopes and consents go, a sealed response is dropped (not for the reason superseded), its own or the one that Waits names, and it returns
	// ErasureDone; it does the same work whether the entrant holds a tag or not. Behind a closed gate the entry list stands, and it records ErasureWaits. Again changes nothing, whatever
	// zero is, and returns how far it is. With a tag the entrant must hold it, and the gate not be closed: ErrConflict. ErrConflict too, unless zero is superseded, for
	// an entrant who is, with nothing sealed left: the person stands in another entry, which this would not erase. ErrNotFound.
	Erase(ctx context.Context, campaign CampaignID, id EntrantID, zero string, tag *Hash) (Erasure, error)
	// Erasures returns up to limit erasures that were asked for behind a closed gate, of entrants with id greater than after, by id.
	Erasures(ctx context.Context, campaign CampaignID, after EntrantID, limit int) ([]EntrantErasure, error)
	// FinishErasure drops locks, envelopes and consents of an entrant whose erasure waits. Again is nil; ErrNotFound if none was asked for.
	FinishErasure(ctx context.Context, campaign CampaignID, id EntrantID) error

	// PutEntryTokens inserts unused tokens. One that is there already stays as it is, used or not; ErrExists if it has other chances,
	// another stratum or another expiry. A zero Expires never comes.
	PutEntryTokens(ctx context.Context, campaign CampaignID, tokens []EntryToken) error
	// RevokeEntryTokens revokes those that are unused and returns their number.
	RevokeEntryTokens(ctx context.Context, campaign CampaignID, hashes []Hash) (int, error)

	// PutBatch records a batch before it is mixed. ErrConflict if it overlaps another one or leaves a gap.
	PutBatch(ctx context.Context, campaign CampaignID, b Batch) error
	// Batches returns all, ascending.
	Batches(ctx context.Context, campaign CampaignID) ([]Batch, error)
	// SealedResponses returns up to limit responses of epochs first to last with id greater than after, by id.
	SealedResponses(ctx context.Context, campaign CampaignID, first, last uint32, after EntrantID, limit int) ([]SealedResponse, error)
	// ClearBatch drops sealed responses and retry MACs of the batch's epochs, and whatever names them in Waits, and marks it cleared; again is nil.
	// ErrNotFound if no such batch was put.
	ClearBatch(ctx context.Context, campaign CampaignID, first, last uint32) error

	// PutExclusion keeps an exclusion list's mark and tags in the place of what was kept before, in one transaction; without tags it was taken back. Persons is not looked
	// at. ErrConflict if what is there came with a newer version, or the campaign has a gate: its list is public and stands. The same again is nil.
	PutExclusion(ctx context.Context, campaign CampaignID, x Exclusion, tags []Hash) error
	// Exclusion returns what is kept, ErrNotFound.
	Exclusion(ctx context.Context, campaign CampaignID) (Exclusion, error)
	// Exclusions returns the campaigns of which something is kept, in no order.
	Exclusions(ctx context.Context) ([]CampaignID, error)
	// DropExclusion deletes what is kept of a campaign without a gate: its draft was deleted. ErrConflict with one. Again is nil.
	DropExclusion(ctx context.Context, campaign CampaignID) error
	// Exclude gives chances 0, reason excluded, to every entrant with chances who holds a tag that is kept of the exclusion list; whose chances are 0 keeps the reason. Responses
	// stay as they are. The gate must be at GateClosed (ErrConflict). ErrNotFound if no list is kept. Again changes nothing.
	Exclude(ctx context.Context, campaign CampaignID) error

	// Counts counts for the close record. The gate must be at GateClosed (ErrConflict).
	Counts(ctx context.Context, campaign CampaignID) (Counts, error)
	// Leaves returns up to limit leaves with id greater than after, ascending by the bytes of the id.
	Leaves(ctx context.Context, campaign CampaignID, after EntrantID, limit int) ([]Leaf, error)
	// TagsDropped tells whether nothing is left of what DropTags deletes.
	TagsDropped(ctx context.Context, campaign CampaignID) (bool, error)
	// DropTags deletes all tags and entry tokens of a campaign, what is kept of its exclusion list, and its counts by day. Again is nil.
	DropTags(ctx context.Context, campaign CampaignID) error
	// DropEntrants deletes every entrant of a campaign without draws. Again is nil.
	DropEntrants(ctx context.Context, campaign CampaignID) error

	// Sealed returns locks and envelopes of the entrants named, in that order. ErrNotFound if one is absent.
	Sealed(ctx context.Context, campaign CampaignID, ids []EntrantID) ([]Sealed, error)
	// PutRelease records whom an opened record covers and makes their notices in state 1, together. With the same ids again for the same purpose it
	// is nil, unless there are none; two releases may have the same Opened, because such records may be equal. ErrExists if an earlier release for
	// the same purpose covers some of the ids.
	PutRelease(ctx context.Context, campaign CampaignID, draw int, r Release, notices []Notification) error
	// Releases returns the releases of a draw for all purposes, the oldest first.
	Releases(ctx context.Context, campaign CampaignID, draw int) ([]Release, error)
	// Notifications returns the notices of a draw by stratum and rank.
	Notifications(ctx context.Context, campaign CampaignID, draw int) ([]Notification, error)
	// SetNotification moves a notice by compare-and-swap on its state, counting an attempt if `attempt`. ErrConflict, ErrNotFound.
	SetNotification(ctx context.Context, campaign CampaignID, draw, stratum int, rank int64, from, to NotificationState, attempt bool, now Time) (Notification, error)

	// PutCaseEntrants keeps whom a case names; ErrExists if that is kept already. CaseEntrants returns it, ErrNotFound.
	PutCaseEntrants(ctx context.Context, campaign CampaignID, id [16]byte, e CaseEntrants) error
	CaseEntrants(ctx context.Context, campaign CampaignID, id [16]byte) (CaseEntrants, error)
	// PutClaim records a claim. ErrExists if one of that seat is there, whatever it says.
	PutClaim(ctx context.Context, campaign CampaignID, draw int, c Claim) error
	// DropClaim takes back the claim of a seat that was vacated while it was recorded. Again is nil.
	DropClaim(ctx context.Context, campaign CampaignID, draw, stratum int, rank int64) error
	// Claims returns the claims of a draw by stratum and rank.
	Claims(ctx context.Context, campaign CampaignID, draw int) ([]Claim, error)

	// DropSealed deletes locks, envelopes and consents of up to limit entrants of a campaign, by id, but not of those in keep. Their leaves stay. Once none is left it
	// says done, and unless somebody is to be kept deletes the campaign's releases, notices, claims and whom cases name too. Again is done. limit is at least 1.
	DropSealed(ctx context.Context, campaign CampaignID, keep []EntrantID, limit int) (done bool, err error)

	// Scrub makes what was deleted unreadable in the database's own files, as far as the engine can (WAL, free pages).
	Scrub(ctx context.Context) error
	Close() error
}
