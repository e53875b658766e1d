package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/draw"
	"fairlot/store"
)

// purposeNotice is the purpose of the releases of this version: telling winners.
const purposeNotice = "notice"

// notificationPending is the state in which a notice begins; the numbers are the contract's.
const notificationPending store.NotificationState = 1

// ReleasedEntrant is one sealed contact with its lock.
type ReleasedEntrant struct {
	ID      store.EntrantID
	Stratum int
	Rank    int64
	Locks   [][]byte
	Contact []byte
}

// Release is what one opened record covers.
type Release struct {
	Opened   store.Hash // SHA-256 of the opened record
	Entrants []ReleasedEntrant

	Requester, Approver string    // labels of the two persons who wanted it; empty if their approval is not stored any more
	Approved            time.Time // when
}

// PrepareRelease returns all releases of a draw. If somebody holds a seat whose contact no release covers yet, it also asks for one, which
// another person must approve. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND, DRAW_STATE, DRAW_UNPROVEN.
func (e *Engine) PrepareRelease(ctx context.Context, by Actor, id store.CampaignID, n int, acceptUnproven bool) ([]Release, *Approval, error) {
	e.seatMu.Lock()
	defer e.seatMu.Unlock()
	p, err := e.planRelease(ctx, id, n, acceptUnproven)
	if err != nil {
		return nil, nil, err
	}
	if err := e.logReleases(ctx, p.drawing, p.made); err != nil {
		return nil, nil, err
	}
	all, err := e.releases(ctx, p.drawing, p.lines, p.made)
	if err != nil || len(p.next) == 0 {
		return all, nil, err
	}
	act, err := p.act()
	if err != nil {
		return nil, nil, err
	}
	waits, err := e.request(ctx, by, store.Approval{Kind: ApproveRelease, Campaign: id, Draw: n, Act: act})
	return all, &waits, err
}

// releasePlan is all of a release that changes nothing.
type releasePlan struct {
	*drawing
	lines    []draw.Line
	made     []store.Release
	next     []draw.Line // holders of seats that no release covers
	unproven bool
}

func (e *Engine) planRelease(ctx context.Context, id store.CampaignID, n int, acceptUnproven bool) (*releasePlan, error) {
	d, err := e.drawn(ctx, id, n)
	if err != nil {
		return nil, err
	}
	met, _, err := e.witnessed(ctx, d)
	if err != nil {
		return nil, err
	}
	p := &releasePlan{drawing: d, unproven: !met || d.chain != beacon.Quicknet()}
	if p.unproven && !acceptUnproven {
		return nil, refuse(DrawUnproven, "this draw is not confirmed from outside in time, or not on quicknet: if it is to be opened all the same, accept that, and the log will say so")
	}
	lines, seats, _, _, err := e.seats(ctx, d)
	if err != nil {
		return nil, err
	}
	p.lines = lines
	if p.made, err = e.Identity.Releases(ctx, id, n); err != nil {
		return nil, e.fault(err)
	}
	covered := map[store.EntrantID]bool{}
	for _, r := range p.made {
		for _, id := range r.IDs {
			covered[id] = true
		}
	}
	for _, l := range seats.Winners(lines) {
		if covered[store.EntrantID(l.ID)] {
			continue
		}
		row, err := e.Identity.Entrant(ctx, id, store.EntrantID(l.ID))
		if err != nil {
			return nil, e.fault(err)
		}
		if !erased(row) { // else Run is about to vacate the seat
			p.next = append(p.next, l)
		}
	}
	return p, nil
}

// act is the text of a release: the record that would be logged, which release of the draw it would be, and whose seats it would cover.
func (p *releasePlan) act() ([]byte, error) {
	record, err := openedRecord(p.drawing, len(p.next), p.unproven)
	if err != nil {
		return nil, err
	}
	lines := []string{fmt.Sprintf("draw %d", p.row.N), "purpose " + purposeNotice, fmt.Sprintf("release %d", len(p.made)+1),
		"unproven " + pick(p.unproven, "yes", "no"), fmt.Sprintf("count %d", len(p.next)), "record " + draw.HashOf(record).String()}
	for _, l := range p.next {
		lines = append(lines, fmt.Sprintf("seat %d %d", l.Stratum, l.Rank))
	}
	return actText(ApproveRelease, p.campaign, lines...), nil
}

// has tells whether the newest release is the one that act is about.
func (p *releasePlan) has(act []byte) bool {
	last := len(p.made) - 1
	if last < 0 {
		return false
	}
	before := *p
	before.made, before.next = p.made[:last], nil
	for _, l := range p.lines {
		if slices.Contains(p.made[last].IDs, store.EntrantID(l.ID)) {
			before.next = append(before.next, l)
		}
	}
	text, err := before.act()
	return err == nil && bytes.Equal(text, act)
}

func (e *Engine) releaseNow(ctx context.Context, a store.Approval) ([]byte, error) {
	p, err := e.planRelease(ctx, a.Campaign, a.Draw, actValue(a.Act, "unproven") == "yes")
	if err != nil {
		return nil, err
	}
	return p.act()
}

// doRelease logs an opened record for the seats that were approved. Whom it covers is stored first and logged second, and nothing leaves before
// both: after a crash in between, the next try, or PrepareRelease, logs the record that is missing.
func (e *Engine) doRelease(ctx context.Context, a store.Approval) error {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return err
	}
	defer done()
	e.seatMu.Lock()
	defer e.seatMu.Unlock()
	p, err := e.planRelease(ctx, a.Campaign, a.Draw, actValue(a.Act, "unproven") == "yes")
	if err != nil {
		return err
	}
	if err := e.logReleases(ctx, p.drawing, p.made); err != nil {
		return err
	}
	if p.has(a.Act) {
		return nil // made by an earlier try
	}
	act, err := p.act()
	if err != nil {
		return err
	}
	if !bytes.Equal(act, a.Act) {
		return refuse(ApprovalChanged, "the seats are no longer those that were approved: ask for the release again")
	}
	record, err := openedRecord(p.drawing, len(p.next), p.unproven)
	if err != nil {
		return err
	}
	next := store.Release{Opened: store.Hash(draw.HashOf(record))}
	var notices []store.Notification
	for _, l := range p.next {
		next.IDs = append(next.IDs, store.EntrantID(l.ID))
		notices = append(notices, store.Notification{Stratum: l.Stratum, Rank: int64(l.Rank), State: notificationPending, Updated: e.Now().UTC()})
	}
	err = e.Identity.PutRelease(ctx, a.Campaign, a.Draw, next, notices)
	if errors.Is(err, store.ErrExists) { // another engine covers some of them
		return errHolderAway
	}
	if err != nil {
		return e.fault(err)
	}
	return e.logReleases(ctx, p.drawing, append(p.made, next))
}

func openedRecord(d *drawing, count int, unproven bool) ([]byte, error) {
	return (&draw.Opened{Open: d.openHash, Draw: d.row.N, Purpose: purposeNotice, Count: int64(count), Unproven: unproven}).Marshal()
}

// logReleases appends the opened records that the log lacks; release i goes with the i-th opened record of the draw. They are counted again
// whenever the log has grown meanwhile: an opening that is logged twice is one that never was.
func (e *Engine) logReleases(ctx context.Context, d *drawing, releases []store.Release) error {
	for {
		logged, size, err := e.loggedUpTo(ctx, d.openHash, d.row.N)
		if err != nil {
			return err
		}
		have := 0
		for _, l := range logged {
			if o, ok := l.record.(*draw.Opened); ok && o.Purpose == purposeNotice {
				have++
			}
		}
		if have >= len(releases) {
			return nil
		}
		r := releases[have]
		record, err := openedRecord(d, len(r.IDs), false)
		if err == nil && store.Hash(draw.HashOf(record)) != r.Opened {
			record, err = openedRecord(d, len(r.IDs), true)
		}
		if err != nil {
			return err
		}
		e.step("release chosen")
		if err := e.appendAfter(ctx, size, record); err != nil && !errors.Is(err, errLogMoved) {
			return e.fault(err)
		}
	}
}

func (e *Engine) releases(ctx context.Context, d *drawing, lines []draw.Line, releases []store.Release) ([]Release, error) {
	at := map[store.EntrantID]draw.Line{}
	for _, l := range lines {
		at[store.EntrantID(l.ID)] = l
	}
	wanted, err := e.wanted(ctx, d)
	if err != nil {
		return nil, err
	}
	out := make([]Release, len(releases))
	for i, r := range releases {
		sealed, err := e.Identity.Sealed(ctx, d.campaign.ID, r.IDs)
		if err != nil {
			return nil, e.fault(err)
		}
		out[i].Opened = r.Opened
		if a := wanted[i+1]; a != nil {
			out[i].Requester, out[i].Approver, out[i].Approved = a.Requester.Label, a.Decider.Label, a.Decided
		}
		for _, s := range sealed {
			l := at[s.ID]
			out[i].Entrants = append(out[i].Entrants, ReleasedEntrant{ID: s.ID, Stratum: l.Stratum, Rank: int64(l.Rank), Locks: s.Lock, Contact: s.Contact})
		}
	}
	return out, nil
}

// wanted are the approvals that were given to releases of a draw, by the release's number.
func (e *Engine) wanted(ctx context.Context, d *drawing) (map[int]*store.Approval, error) {
	out := map[int]*store.Approval{}
	for after := ([16]byte{}); ; {
		page, err := e.Registry.Approvals(ctx, false, after, 100)
		if err != nil {
			return nil, e.fault(err)
		}
		for _, a := range page {
			after = a.ID
			if a.Kind == ApproveRelease && a.Campaign == d.campaign.ID && a.Draw == d.row.N && (a.State == store.ApprovalDone || a.State == store.ApprovalGiven) {
				if n, err := strconv.Atoi(actValue(a.Act, "release")); err == nil {
					out[n] = &a
				}
			}
		}
		if len(page) < 100 {
			return out, nil
		}
	}
}

// Notifications returns the notices of a draw by stratum and rank. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND.
func (e *Engine) Notifications(ctx context.Context, id store.CampaignID, n int) ([]store.Notification, error) {
	if _, err := e.drawing(ctx, id, n); err != nil {
		return nil, err
	}
	all, err := e.Identity.Notifications(ctx, id, n)
	return all, e.fault(err)
}

// ReportNotification moves a notice by compare-and-swap; coming to SENDING counts an attempt. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND, SEAT_UNKNOWN,
// NOTIFICATION_STATE if it is no longer in `from` or the step makes no sense.
func (e *Engine) ReportNotification(ctx context.Context, id store.CampaignID, n, stratum int, rank int64, from, to store.NotificationState) (store.Notification, error) {
	d, err := e.drawing(ctx, id, n)
	if err != nil {
		return store.Notification{}, err
	}
	if !notificationSteps[[2]store.NotificationState{from, to}] {
		return store.Notification{}, refuse(NotificationMoved, "a notice does not go from state %d to state %d", from, to)
	}
	if to == notificationSending {
		if err := e.mayWriteTo(ctx, d, stratum, rank); err != nil {
			return store.Notification{}, err
		}
	}
	x, err := e.Identity.SetNotification(ctx, id, n, stratum, rank, from, to, to == notificationSending, e.Now().UTC())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return x, refuse(SeatUnknown, "there is no notice for rank %d of stratum %d", rank, stratum)
	case errors.Is(err, store.ErrConflict):
		return x, refuse(NotificationMoved, "the notice is no longer in that state: list the notices and look again")
	}
	return x, e.fault(err)
}

// mayWriteTo refuses a notice to somebody who asked to be erased, or gave the seat up: the notifier may have an older bundle, and their contact.
func (e *Engine) mayWriteTo(ctx context.Context, d *drawing, stratum int, rank int64) error {
	if d.row.State != store.DrawDrawn {
		return nil // no notice is there
	}
	lines, seats, vacated, _, err := e.seats(ctx, d)
	if err != nil {
		return e.fault(err)
	}
	at := slices.IndexFunc(lines, func(l draw.Line) bool { return l.Stratum == stratum && int64(l.Rank) == rank })
	if at < 0 {
		return nil
	}
	row, err := e.Identity.Entrant(ctx, d.campaign.ID, store.EntrantID(lines[at].ID))
	if err != nil {
		return e.fault(err)
	}
	_, holds := seats.Holds(stratum, int(rank))
	if vacated[[2]int{stratum, int(rank)}] != "" || holds && erased(row) {
		return refuse(NotificationMoved, "rank %d of stratum %d holds no seat any more, or is about to lose it: nobody is written to; get the newest bundle", rank, stratum)
	}
	return nil
}

const (
	notificationSending   store.NotificationState = 2
	notificationSent      store.NotificationState = 3
	notificationNoAddress store.NotificationState = 6
)

// notificationSteps are the steps that a notice may take: pending 1, sending 2, sent 3, refused 4, unknown 5, no address 6. What was sent stays sent; unknown goes
// back to pending only because a person said so.
var notificationSteps = map[[2]store.NotificationState]bool{
	{1, 2}: true, {2, 3}: true, {2, 4}: true, {2, 1}: true, {2, 5}: true, {5, 1}: true, {1, 6}: true, {4, 1}: true,
}

func uintText(n uint64) string { return strconv.FormatUint(n, 10) }
