package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/draw"
	"fairlot/store"
)

// What somebody is opened for, as the opened record says it.
const (
	PurposeNotice = "notice" // telling those who have not claimed yet: contacts
	PurposeClaim  = "claim"  // a claim without the secret of the receipt: the identity of one seat
	PurposeTax    = "tax"    // reporting prizes above the rules' sum that were claimed: identities
	PurposeAudit  = "audit"  // the audit sample: identities of entrants whom the seed picked
)

// notificationPending is the state in which a notice begins; the numbers are the contract's.
const notificationPending store.NotificationState = 1

// ReleaseOf says whom to open, and for what.
type ReleaseOf struct {
	Purpose        string
	Stratum        int // the seat of a claim; 0 for all else
	Rank           int64
	AcceptUnproven bool // go on although the draw is not confirmed from outside

	seats map[seatKey]bool // whom an approval names; nil before one
}

// seatKey names a seat of a draw.
type seatKey struct {
	stratum int
	rank    int64
}

// ReleasedEntrant is one sealed envelope with its lock: the contact for the notice, the identity for all else.
type ReleasedEntrant struct {
	ID       store.EntrantID
	Stratum  int
	Rank     int64
	Locks    [][]byte
	Identity []byte
	Contact  []byte
}

// Release is what one opened record covers.
type Release struct {
	Opened   store.Hash // SHA-256 of the opened record
	Entrants []ReleasedEntrant

	Requester, Approver string    // labels of the two persons who wanted it; empty if their approval is not stored any more
	Approved            time.Time // when
}

// PrepareRelease returns all releases of a draw for one purpose. If somebody is to be opened for it whom none of them covers yet, it also asks for one, which
// another person must approve. Reasons: CAMPAIGN_NOT_FOUND, DRAW_NOT_FOUND, DRAW_STATE, DRAW_UNPROVEN, FIELD_INVALID (no prize of this draw is reported for
// tax, or the rules have no audit sample; a claim names no seat), and of a claim NOT_WINNER, SEAT_CLAIMED, TOO_LATE.
func (e *Engine) PrepareRelease(ctx context.Context, by Actor, id store.CampaignID, n int, of ReleaseOf) ([]Release, *Approval, error) {
	e.seatMu.Lock()
	defer e.seatMu.Unlock()
	p, err := e.planRelease(ctx, id, n, of)
	if err != nil {
		return nil, nil, err
	}
	if err := e.logReleases(ctx, p.drawing, of.Purpose, p.made); err != nil {
		return nil, nil, err
	}
	all, err := e.releases(ctx, p)
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
	of       ReleaseOf
	lines    []draw.Line     // the ranking; for the audit sample all of it
	made     []store.Release // for the purpose
	next     []draw.Line     // who is to be opened for it and whom no release covers
	unproven bool
}

func (e *Engine) planRelease(ctx context.Context, id store.CampaignID, n int, of ReleaseOf) (*releasePlan, error) {
	d, err := e.drawn(ctx, id, n)
	if err != nil {
		return nil, err
	}
	met, _, err := e.witnessed(ctx, d)
	if err != nil {
		return nil, err
	}
	p := &releasePlan{drawing: d, of: of, unproven: !met || d.chain != beacon.Quicknet()}
	if p.unproven && !of.AcceptUnproven {
		return nil, refuse(DrawUnproven, "this draw is not confirmed from outside in time, or not on quicknet: if it is to be opened all the same, accept that, and the log will say so")
	}
	if gone, err := e.erasedButHeld(ctx, d.openHash); err != nil {
		return nil, err
	} else if gone {
		return nil, refuse(DrawState, "the time for which the rules keep contacts is over: all are destroyed but those that an order holds, and these are for that order alone")
	}
	lines, seats, _, _, err := e.seats(ctx, d)
	if err != nil {
		return nil, err
	}
	p.lines = lines
	holders := seats.Winners(lines)
	if of.Purpose == PurposeAudit {
		leaves, err := e.leavesOf(ctx, d)
		if err != nil {
			return nil, err
		}
		if p.lines, err = e.sample(ctx, d, leaves); err != nil {
			return nil, err
		}
		holders = p.lines
	}
	if p.made, err = e.releasesFor(ctx, d, of.Purpose); err != nil {
		return nil, e.fault(err)
	}
	covered := covers(p.made)
	who, err := e.whoFor(ctx, d, of, holders)
	if err != nil {
		return nil, err
	}
	if of.Purpose == PurposeAudit && len(p.made) > 0 {
		who = nil // a sample is opened once
	}
	for _, l := range who {
		if covered[store.EntrantID(l.ID)] {
			continue
		}
		if of.Purpose == PurposeClaim {
			if err := e.mayClaim(ctx, d, l); err != nil {
				return nil, err
			}
		}
		row, err := e.Identity.Entrant(ctx, id, store.EntrantID(l.ID))
		if err != nil {
			return nil, e.fault(err)
		}
		if !erased(row) { // else Run is about to vacate the seat
			p.next = append(p.next, l)
		}
	}
	if of.Purpose == PurposeTax && len(p.next) == 0 && len(p.made) == 0 {
		return nil, refuse(DrawState, "no prize of draw %d that is to be reported is recorded as claimed: whoever has not come has nothing yet", n)
	}
	if of.Purpose == PurposeAudit && len(p.next) == 0 && len(p.made) == 0 {
		return nil, refuse(DrawState, "nothing is kept of anybody in the audit sample of draw %d: all %d of it were erased, and nobody is opened", n, len(p.lines))
	}
	if of.Purpose == PurposeNotice && len(p.next) == 0 && len(p.made) == 0 {
		return nil, refuse(DrawState, "everybody who holds a seat of draw %d has claimed the prize already: there is nobody to tell", n)
	}
	return p, nil
}

// releasesFor are the releases of a draw for one purpose, the oldest first.
func (e *Engine) releasesFor(ctx context.Context, d *drawing, purpose string) ([]store.Release, error) {
	all, err := e.Identity.Releases(ctx, d.campaign.ID, d.row.N)
	return slices.DeleteFunc(all, func(r store.Release) bool { return r.Purpose != purpose }), err
}

func covers(releases []store.Release) map[store.EntrantID]bool {
	covered := map[store.EntrantID]bool{}
	for _, r := range releases {
		for _, id := range r.IDs {
			covered[id] = true
		}
	}
	return covered
}

// whoFor are those of the holders of seats, or of the audit sample, whom a purpose is about. A line's seat is the tier that it holds.
func (e *Engine) whoFor(ctx context.Context, d *drawing, of ReleaseOf, holders []draw.Line) ([]draw.Line, error) {
	switch of.Purpose {
	case PurposeNotice:
		claimed, err := e.claimedSeats(ctx, d)
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(holders, func(l draw.Line) bool { return claimed[seatKey{l.Stratum, int64(l.Rank)}] }), nil
	case PurposeClaim:
		if of.Rank == 0 {
			return nil, &Error{Reason: FieldInvalid, Text: "name the seat that is claimed: only its holder is opened", Fields: []Field{{"rank", "required", "the rank of the seat that is claimed"}}}
		}
		at := slices.IndexFunc(holders, func(l draw.Line) bool { return l.Stratum == of.Stratum && int64(l.Rank) == of.Rank })
		if at < 0 {
			return nil, refuse(NotWinner, "rank %d of stratum %d holds no seat in draw %d: nobody is opened", of.Rank, of.Stratum, d.row.N)
		}
		return holders[at : at+1], nil
	case PurposeAudit:
		return holders, nil
	}
	o, err := e.open(ctx, d.campaign.ID)
	if err != nil {
		return nil, err
	}
	tiers := o.rules.Draws[d.row.N-1].Tiers
	above := func(t Tier) bool { return t.Value > o.rules.TaxAbove }
	if !slices.ContainsFunc(tiers, above) {
		text := fmt.Sprintf("no prize of draw %d is worth more than NT$ %d by the rules: nobody is opened for tax", d.row.N, o.rules.TaxAbove)
		if o.rules.TaxAbove == 0 {
			text = "the rules do not say what the prizes are worth: nobody is opened for tax; ask winners for their number when they claim"
		}
		return nil, &Error{Reason: FieldInvalid, Text: text, Fields: []Field{{"purpose", "rules", text}}}
	}
	if of, err = e.claimedOf(ctx, d, of); err != nil {
		return nil, err
	}
	prizes, err := d.prizes()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(holders, func(l draw.Line) bool {
		prize := prizes.Of(l.Stratum, l.Seat)
		return prize == 0 || !above(tiers[prize-1]) || !of.seats[seatKey{l.Stratum, int64(l.Rank)}]
	}), nil
}

// claimedOf names the seats that were claimed until now, if no approval has named any: who has not come has won nothing yet that is to be reported.
func (e *Engine) claimedOf(ctx context.Context, d *drawing, of ReleaseOf) (ReleaseOf, error) {
	if of.seats != nil {
		return of, nil
	}
	var err error
	of.seats, err = e.claimedSeats(ctx, d)
	return of, err
}

func (e *Engine) claimedSeats(ctx context.Context, d *drawing) (map[seatKey]bool, error) {
	all, err := e.Identity.Claims(ctx, d.campaign.ID, d.row.N)
	if err != nil {
		return nil, e.fault(err)
	}
	seats := map[seatKey]bool{}
	for _, c := range all {
		seats[seatKey{c.Stratum, c.Rank}] = true
	}
	return seats, nil
}

// act is the text of a release: the record that would be logged, which release of the draw it would be, and whose seats it would cover.
func (p *releasePlan) act() ([]byte, error) {
	record, err := openedRecord(p.drawing, p.of.Purpose, len(p.next), p.unproven)
	if err != nil {
		return nil, err
	}
	lines := []string{fmt.Sprintf("draw %d", p.row.N), "purpose " + p.of.Purpose, fmt.Sprintf("release %d", len(p.made)+1),
		"unproven " + pick(p.unproven, "yes", "no"), fmt.Sprintf("count %d", len(p.next)), "record " + draw.HashOf(record).String()}
	if p.of.Purpose == PurposeAudit { // whom, the seed says
		return actText(ApproveRelease, p.campaign, append(lines, fmt.Sprintf("sample %d", len(p.lines)))...), nil
	}
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

// releaseOfAct is what the text of a release was made for.
func releaseOfAct(act []byte) ReleaseOf {
	of := ReleaseOf{Purpose: actValue(act, "purpose"), AcceptUnproven: actValue(act, "unproven") == "yes", seats: map[seatKey]bool{}}
	for line := range strings.Lines(string(act)) {
		var k seatKey
		if n, _ := fmt.Sscanf(line, "seat %d %d", &k.stratum, &k.rank); n == 2 {
			of.seats[k] = true
			if of.Purpose == PurposeClaim {
				of.Stratum, of.Rank = k.stratum, k.rank
			}
		}
	}
	return of
}

func (e *Engine) releaseNow(ctx context.Context, a store.Approval) ([]byte, error) {
	p, err := e.planRelease(ctx, a.Campaign, a.Draw, releaseOfAct(a.Act))
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
	p, err := e.planRelease(ctx, a.Campaign, a.Draw, releaseOfAct(a.Act))
	if err != nil {
		return err
	}
	if err := e.logReleases(ctx, p.drawing, p.of.Purpose, p.made); err != nil {
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
	record, err := openedRecord(p.drawing, p.of.Purpose, len(p.next), p.unproven)
	if err != nil {
		return err
	}
	next := store.Release{Purpose: p.of.Purpose, Opened: store.Hash(draw.HashOf(record))}
	var notices []store.Notification
	for _, l := range p.next {
		next.IDs = append(next.IDs, store.EntrantID(l.ID))
		if p.of.Purpose == PurposeNotice {
			notices = append(notices, store.Notification{Stratum: l.Stratum, Rank: int64(l.Rank), State: notificationPending, Updated: e.Now().UTC()})
		}
	}
	err = e.Identity.PutRelease(ctx, a.Campaign, a.Draw, next, notices)
	if errors.Is(err, store.ErrExists) { // another engine covers some of them
		return errHolderAway
	}
	if err != nil {
		return e.fault(err)
	}
	return e.logReleases(ctx, p.drawing, p.of.Purpose, append(p.made, next))
}

func openedRecord(d *drawing, purpose string, count int, unproven bool) ([]byte, error) {
	return (&draw.Opened{Open: d.openHash, Draw: d.row.N, Purpose: purpose, Count: int64(count), Unproven: unproven}).Marshal()
}

// logReleases appends the opened records for a purpose that the log lacks; release i goes with the i-th opened record of the draw for it. They are counted again
// whenever the log has grown meanwhile: an opening that is logged twice is one that never was.
func (e *Engine) logReleases(ctx context.Context, d *drawing, purpose string, releases []store.Release) error {
	for {
		logged, size, err := e.loggedUpTo(ctx, d.openHash, d.row.N)
		if err != nil {
			return err
		}
		have := 0
		for _, l := range logged {
			if o, ok := l.record.(*draw.Opened); ok && o.Purpose == purpose {
				have++
			}
		}
		if have >= len(releases) {
			return e.fault(e.signWaiting(ctx))
		}
		r := releases[have]
		record, err := openedRecord(d, purpose, len(r.IDs), false)
		if err == nil && store.Hash(draw.HashOf(record)) != r.Opened {
			record, err = openedRecord(d, purpose, len(r.IDs), true)
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

func (e *Engine) releases(ctx context.Context, p *releasePlan) ([]Release, error) {
	at := map[store.EntrantID]draw.Line{}
	for _, l := range p.lines {
		at[store.EntrantID(l.ID)] = l
	}
	wanted, err := e.wanted(ctx, p.drawing, p.of.Purpose)
	if err != nil {
		return nil, err
	}
	out := make([]Release, len(p.made))
	for i, r := range p.made {
		sealed, err := e.Identity.Sealed(ctx, p.campaign.ID, r.IDs)
		if err != nil {
			return nil, e.fault(err)
		}
		out[i].Opened = r.Opened
		if a := wanted[i+1]; a != nil {
			out[i].Requester, out[i].Approver, out[i].Approved = a.Requester.Label, a.Decider.Label, a.Decided
		}
		for _, s := range sealed {
			l := at[s.ID]
			one := ReleasedEntrant{ID: s.ID, Stratum: l.Stratum, Rank: int64(l.Rank), Locks: s.Lock}
			switch p.of.Purpose {
			case PurposeNotice:
				one.Contact = s.Contact
			case PurposeAudit:
				row, err := e.Identity.Entrant(ctx, p.campaign.ID, s.ID)
				if err != nil {
					return nil, e.fault(err)
				}
				if one.Locks = nil; !erased(row) { // whoever asked for it since waits for nobody here: no seat hangs on it
					one.Locks, one.Identity = s.Lock, s.Identity
				}
			default:
				one.Identity = s.Identity
			}
			out[i].Entrants = append(out[i].Entrants, one)
		}
	}
	return out, nil
}

// wanted are the approvals that were given to releases of a draw for a purpose, by the release's number.
func (e *Engine) wanted(ctx context.Context, d *drawing, purpose string) (map[int]*store.Approval, error) {
	out := map[int]*store.Approval{}
	for after := ([16]byte{}); ; {
		page, err := e.Registry.Approvals(ctx, false, after, 100)
		if err != nil {
			return nil, e.fault(err)
		}
		for _, a := range page {
			after = a.ID
			if a.Kind == ApproveRelease && a.Campaign == d.campaign.ID && a.Draw == d.row.N && actValue(a.Act, "purpose") == purpose && (a.State == store.ApprovalDone || a.State == store.ApprovalGiven) {
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
