package store

// Case is one order, notice or request that staff work on: its campaign and how it stands, and never whom it names, who stand in the identity room. Body is
// the engine's own encoding and is opaque here.
type Case struct {
	ID       [16]byte
	Campaign CampaignID
	Over     bool
	Version  int64 // counts changes of the row, from 1
	Body     []byte
}

// CaseEntrants is whom a case names. Salt makes a hash of them say nothing to whoever knows the entry list.
type CaseEntrants struct {
	Salt [16]byte
	IDs  []EntrantID // at least one
}
