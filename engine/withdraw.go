package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"fairlot/store"
)

// OwnResponse is a response as the holder of its answer secret may see it: the closed answers, and what it may be used for.
type OwnResponse struct {
	Closed   []byte   // canonical JSON, without free texts
	Consents []string // codes of the uses that were agreed to
}

// answerCalls is how many calls with an answer secret one engine takes in a second: each asks the answers room, and nobody needs many.
const answerCalls = 100

// pace counts calls of the present second.
type pace struct {
	mu     sync.Mutex
	second int64
	n      int
}

func (p *pace) take(now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Unix() != p.second {
		p.second, p.n = now.Unix(), 0
	}
	if p.n++; p.n > answerCalls {
		return &Error{Reason: Busy, Text: "too many ask for answers just now: try again in a moment", Retry: time.Second}
	}
	return nil
}

// ShowAnswers returns the response of an answer secret, once it is mixed. Free texts lie apart and cannot be found. Nothing of the call leads to an entry or a
// person. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT, TOO_EARLY (in campaigns that say nothing of entries before they end), RESPONSE_NOT_FOUND, BUSY, STORAGE_UNAVAILABLE.
func (e *Engine) ShowAnswers(ctx context.Context, id store.CampaignID, secret [32]byte) (OwnResponse, error) {
	o, err := e.mayAskAnswers(ctx, id)
	if err != nil {
		return OwnResponse{}, err
	}
	r, err := e.Answers.ResponseOf(ctx, id, sha256.Sum256(secret[:]))
	if errors.Is(err, store.ErrNotFound) {
		return OwnResponse{}, errNoResponse
	}
	if err != nil {
		return OwnResponse{}, e.fault(err)
	}
	own := OwnResponse{Closed: r.Closed}
	bit := 0
	for _, k := range o.rules.Consents {
		if k.AboutAnswers {
			if r.Consents&(1<<bit) != 0 {
				own.Consents = append(own.Consents, k.Code)
			}
			bit++
		}
	}
	return own, nil
}

// WithdrawAnswers deletes the response of an answer secret, once it is mixed, and returns whether statistics that count it were made before, which stay. Again is the
// same. Free texts stay: nothing joins them to it. Reasons: those of ShowAnswers.
func (e *Engine) WithdrawAnswers(ctx context.Context, id store.CampaignID, secret [32]byte) (counted bool, err error) {
	if _, err := e.mayAskAnswers(ctx, id); err != nil {
		return false, err
	}
	hash := store.Hash(sha256.Sum256(secret[:]))
	line := hex.EncodeToString(hash[:])
	_, err = e.Answers.ResponseOf(ctx, id, hash)
	if errors.Is(err, store.ErrNotFound) {
		before, err := e.isNoted(withdrawnList, id, line)
		if err != nil {
			return false, e.fault(err)
		}
		if !before {
			return false, errNoResponse
		}
	} else if err != nil {
		return false, e.fault(err)
	} else if err := e.note(withdrawnList, id, line); err != nil { // first, so that no copy of the room brings back what was acknowledged as gone
		return false, e.fault(err)
	}
	e.step("withdrawal noted")
	if err := e.Answers.Withdraw(ctx, id, hash); err != nil {
		return false, e.fault(err)
	}
	c, err := e.Registry.Campaign(ctx, id) // read last: statistics that were being made meanwhile may count it
	return len(c.Tallies) > 0, e.fault(err)
}

var errNoResponse = refuse(ResponseNotFound, "there is no response of this answer secret in this campaign now: answers can be found once they are mixed with others, at the latest when the campaign is closed; compare the secret, or come again then")

// mayAskAnswers refuses calls with an answer secret that come too fast, and where nobody may learn who has entered, those that come before entries have ended: a
// duplicate's response is dropped, and whoever looked whether theirs is there would see what they are.
func (e *Engine) mayAskAnswers(ctx context.Context, id store.CampaignID) (*opened, error) {
	o, err := e.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := e.answers.take(e.Now()); err != nil {
		return nil, err
	}
	if o.hides() {
		gate, err := e.gate(ctx, o)
		if err != nil {
			return nil, err
		}
		if gate.State == store.GateOpen {
			return nil, &Error{Reason: TooEarly, Retry: max(o.rules.EntriesEnd.Sub(e.Now()), time.Second),
				Text: "answers of this campaign can be shown or withdrawn once entries have ended, at " + o.rules.EntriesEnd.UTC().Format(time.RFC3339)}
		}
	}
	return o, nil
}

// withdrawAgain takes out of an answers room that was brought back from a copy what was withdrawn since. Each step may be repeated.
func (e *Engine) withdrawAgain(ctx context.Context, id store.CampaignID) error {
	lines, err := e.noted(withdrawnList, id)
	if err != nil {
		return err
	}
	for _, line := range lines {
		var hash store.Hash
		if n, err := hex.Decode(hash[:], []byte(line[:min(len(line), 2*len(hash))])); err != nil || n != len(hash) {
			continue
		}
		if err := e.Answers.Withdraw(ctx, id, hash); err != nil {
			return err
		}
	}
	return nil
}
