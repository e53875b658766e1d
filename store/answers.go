package store

import "context"

// Response is one row of the answers room. ID is random and says nothing.
type Response struct {
	ID       [16]byte
	Secret   Hash   // SHA-256 of the answer secret that the entrant holds
	Consents uint16 // bit i: the i-th consent about answers, in the order of the rules
	Closed   []byte // canonical closed answers
}

// Text is one free-text answer, with its own random id and in its own order.
type Text struct {
	ID       [16]byte
	Question string
	Text     string
}

// Answers is the room of responses. It holds no entrant id, no time and no batch number on a row.
type Answers interface {
	Bound
	// PutMixed inserts all rows of a batch together with mixed(epoch) for each epoch first to last, in one transaction and in the order
	// given (the caller shuffled). If those epochs are mixed already it changes nothing and returns nil; ErrConflict if only some are.
	PutMixed(ctx context.Context, campaign CampaignID, first, last uint32, responses []Response, texts []Text) error
	// Mixed returns whether an epoch is mixed.
	Mixed(ctx context.Context, campaign CampaignID, epoch uint32) (bool, error)
	// LastMixed returns the highest epoch that is mixed, 0 if none is.
	LastMixed(ctx context.Context, campaign CampaignID) (uint32, error)
	// Responses returns up to limit responses with id greater than after, by id.
	Responses(ctx context.Context, campaign CampaignID, after [16]byte, limit int) ([]Response, error)
	// Texts returns up to limit texts with id greater than after, by id.
	Texts(ctx context.Context, campaign CampaignID, after [16]byte, limit int) ([]Text, error)
	// ResponseOf returns the response whose answer secret has this hash; of several, which nobody makes by accident, one. ErrNotFound.
	ResponseOf(ctx context.Context, campaign CampaignID, secret Hash) (Response, error)
	// Withdraw deletes the responses whose answer secret has this hash, also while they are rewritten. None is nil. Texts stay: nothing joins them to it.
	Withdraw(ctx context.Context, campaign CampaignID, secret Hash) error
	// Rewrite writes all rows of a campaign anew in id order, so that nothing in the file's layout tells the order of batches, and
	// makes the old layout unreadable. Again is nil.
	Rewrite(ctx context.Context, campaign CampaignID) error
	Close() error
}
