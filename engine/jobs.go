package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/store"
)

// The kinds of jobs. Ending is none: it is decided at the gate with each entry, and Run only writes it down. Nor is a timed opening: it is an
// approval that was given (approvals.go), which is carried out when its time comes.
const (
	jobClose = "close"
	jobDraw  = "draw"
	jobErase = "erase"
	jobOnes  = "erase ones" // of single persons who asked for it after the close
)

var errAmendMissed = errors.New("the later round does not count")

var errVoidMissed = errors.New("the void does not count; verification fails until the result is logged")

// due is work that follows from rules and states and is not done.
type due struct {
	kind     string
	campaign store.CampaignID
	draw     int
	at       time.Time
	voiding  *voiding  // of a draw: a void that is logged and does not count
	amend    *amending // of a draw: the last one that is logged
	waits    *drawing  // of a close that cannot be made yet, and is due by at: the earlier draw that must be settled before
}

// id is the same whoever finds the job, and whenever.
func (d due) id() store.JobID {
	sum := sha256.Sum256(fmt.Appendf(nil, "fairlot job\n%s\n%x\n%d\n", d.kind, d.campaign[:], d.draw))
	return store.JobID(sum[:16])
}

// planned returns what the clock has yet to start for a campaign that was opened: the close; then the draws, and the closes that wait for draws; then, if the rules say so, the erasure of
// all; and before all that what single persons wait for who asked to be erased. Of an erased campaign only a draw that is owed since its void is refuted. A row of a job says nothing about that, so the two cannot disagree.
func (e *Engine) planned(ctx context.Context, c store.Campaign, now time.Time) ([]due, error) {
	o, err := e.open(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	switch c.State {
	case store.Open, store.Ended:
		return []due{{kind: jobClose, campaign: c.ID, at: o.rules.ObjectionsEnd}}, nil
	case store.Closed, store.Erased:
	default:
		return nil, nil
	}
	if !o.draws() {
		return nil, nil
	}
	drawings, err := e.drawings(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	var list []due
	for _, d := range drawings {
		settled, v, err := e.settled(ctx, d)
		if err != nil {
			return nil, err
		}
		if c.State == store.Erased && (v == nil || !v.refuted) {
			continue // all that can come of it is a result that is owed after all
		}
		if d.row.State == store.DrawPending { // drawn once it is closed; a void one is closed too, as it is in a campaign whose draws do not wait
			close, err := e.closeDue(ctx, drawings, d, now)
			if err != nil {
				return nil, err
			}
			if close.voiding, close.amend = v, d.amend; close.waits == nil || !settled {
				list = append(list, close)
			}
			continue
		}
		if !settled {
			list = append(list, due{kind: jobDraw, campaign: c.ID, draw: d.row.N, at: d.due(), voiding: v, amend: d.amend})
		}
	}
	if c.State == store.Erased {
		return list, nil
	}
	if len(list) == 0 && o.rules.Retention > 0 {
		at, err := e.eraseAt(ctx, o, drawings)
		if err != nil {
			return nil, err
		}
		if at, err = e.heldUntil(ctx, o, at); err != nil {
			return nil, err
		}
		list = append(list, due{kind: jobErase, campaign: c.ID, at: at})
	}
	ones, err := e.erasing(ctx, drawings)
	if ones { // first: they give up seats, and whoever is called in their place is left out of a list that is closed after that
		list = slices.Insert(list, 0, due{kind: jobOnes, campaign: c.ID, at: now})
	}
	return list, err
}

// act is how the audit trail names it: by the call with which staff could do the same, if there is one.
func (d due) act() (method, resource string) {
	resource = "campaigns/" + hexID(d.campaign)
	switch d.kind {
	case jobClose:
		return "CampaignService/CloseCampaign", resource
	case jobDraw:
		return "DrawService/RunDraw", resource + "/draws/" + strconv.Itoa(d.draw)
	case jobOnes:
		return "Daemon/EraseEntries", resource
	}
	return "Daemon/EraseCampaign", resource
}

// do does what is due. Each act may be repeated, and looks at the state and the clock itself. begin is called once all that it has to wait for is there,
// and before it takes effect.
func (e *Engine) do(ctx context.Context, d due, begin func() error) error {
	var err error
	switch d.kind {
	case jobClose:
		if d.draw > 0 { // on no time, but on what the log holds
			if err = begin(); err == nil {
				_, err = e.CloseCampaign(ctx, d.campaign)
			}
			break
		}
		if err = e.believe(ctx, d, false); err == nil {
			if err = begin(); err == nil {
				_, err = e.CloseCampaign(ctx, d.campaign)
			}
		}
	case jobDraw:
		_, err = e.runDraw(ctx, d.campaign, d.draw, begin)
	case jobErase:
		if err = e.believe(ctx, d, true); err == nil {
			if err = begin(); err == nil {
				err = e.erase(ctx, d.campaign)
			}
		}
	case jobOnes: // on nobody's time but theirs who asked, so no beacon is
		if err = begin(); err == nil {
			err = e.finishErasures(ctx, d.campaign)
		}
	default:
		err = fmt.Errorf("a job of the unknown kind %s", d.kind)
	}
	return e.fault(err)
}

// believe asks the beacon whether d's time has really come, before something that cannot be undone: its rounds come out when they are due,
// whatever this machine's clock says. Without draws there is no beacon to ask. If no relay can be reached the clock is believed, unless it must not be.
func (e *Engine) believe(ctx context.Context, d due, must bool) error {
	drawings, err := e.drawings(ctx, d.campaign)
	if err != nil || len(drawings) == 0 {
		return err
	}
	chain := drawings[0].chain
	round := chain.RoundAt(d.at)
	if chain.Time(round).After(d.at) {
		round-- // the last one that was due by then
	}
	if round == 0 {
		return nil // a chain that begins later
	}
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err = e.Beacon.Fetch(asking, chain, round)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, beacon.ErrNotYet):
		return &Error{Reason: TooEarly, Retry: 2 * time.Second,
			Text: "this machine's clock says that it is time, but the beacon's round " + uintText(round) + " is not out yet: look after the clock, or wait a moment"}
	case err != nil && must:
		return &Error{Reason: BeaconUnavailable, Retry: retryMost,
			Text: "no relay gave round " + uintText(round) + ", which alone shows that it is time to destroy something: name other relays (fairlotd serve --relay)"}
	}
	return nil
}
