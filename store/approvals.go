package store

// ApprovalState is where an approval stands. The numbers are stored.
type ApprovalState int

// The states of an approval. It is over in the last three.
const (
	ApprovalPending   ApprovalState = iota + 1
	ApprovalGiven                   // approved; the act is due or under way
	ApprovalDone                    // the act was done
	ApprovalWithdrawn               // taken back by its requester, or refused by somebody who could have approved it
	ApprovalLapsed                  // approved, but the act could not be done any more as it was approved
)

// Person is a member of staff as a row names one: the id of a token in 16 hexadecimal digits, and the token's label.
type Person struct{ Token, Label string }

// Approval is one act that two persons must want. Act is the engine's own encoding of exactly what will be done, and is opaque here.
type Approval struct {
	ID        [16]byte
	Kind      string
	Campaign  CampaignID
	Draw      int // 0 if it is about no draw
	Act       []byte
	State     ApprovalState
	Requester Person
	Requested Time
	Expires   Time
	Decider   Person // who approved, withdrew or refused; zero while pending
	Decided   Time
	NotBefore Time   // a given one is done from then on; zero: at once
	Outcome   string // why it lapsed, else empty
}
