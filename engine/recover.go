package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fairlot/crypto/trail"
	"fairlot/draw"
	"fairlot/store"
)

const notificationUnknown store.NotificationState = 5

// recoverNotices keeps winners from being written to twice. A notice that a copy shows as not sent yet may have been sent since: it becomes unknown, and waits for a
// person's decision. Releases that the log knows and the identity room has forgotten are put back, since the i-th release goes with the i-th opened record;
// whom each covered follows from the log. Each step may be repeated.
func (e *Engine) recoverNotices(ctx context.Context, c store.Campaign) error {
	if c.State != store.Closed {
		return nil
	}
	draws, err := e.statedDrawings(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, d := range draws {
		if d.row.State != store.DrawDrawn {
			continue
		}
		if err := e.recoverReleases(ctx, d); err != nil {
			return err
		}
		notices, err := e.Identity.Notifications(ctx, c.ID, d.row.N)
		if err != nil {
			return err
		}
		unclear := 0
		for _, n := range notices {
			if n.State != notificationPending && n.State != notificationSending {
				continue
			}
			if _, err := e.Identity.SetNotification(ctx, c.ID, d.row.N, n.Stratum, n.Rank, n.State, notificationUnknown, false, e.Now().UTC()); err != nil {
				return err
			}
			unclear++
		}
		if unclear > 0 {
			e.Log.Warn("notices may have been sent since the copy: they are unknown now, and are sent only if somebody decides so", "campaign", hexID(c.ID), "draw", d.row.N, "notices", unclear)
		}
	}
	return nil
}

// missClaims says where the copy has fewer claims than the audit trail says were recorded. Whose they are it cannot say: the trail is of staff, and names no seat.
func (e *Engine) missClaims(ctx context.Context, c store.Campaign) error {
	if c.State != store.Closed {
		return nil
	}
	draws, err := e.statedDrawings(ctx, c.ID)
	if err != nil || len(draws) == 0 {
		return err
	}
	recorded, err := e.claimsRecorded(ctx, c)
	if err != nil {
		return err
	}
	for _, d := range draws {
		claims, err := e.Identity.Claims(ctx, c.ID, d.row.N)
		if err != nil {
			return err
		}
		if missing := recorded[d.row.N] - len(claims); missing > 0 {
			e.Log.Warn("claims that staff recorded are not in the copy: these prizes were handed out, and look as if nobody had come; replace nobody before docs/OPERATIONS.md, Restore, is read",
				"campaign", c.Slug, "draw", d.row.N, "missing at most", missing, "see", "fairlot audit, method "+recordClaim)
		}
	}
	return nil
}

// recordClaim is the method of the contract by which staff record claims, as the trail has it.
const recordClaim = "ClaimService/RecordClaim"

// claimsRecorded counts by draw how often the trail says that a claim was recorded, one that was sent twice twice.
func (e *Engine) claimsRecorded(ctx context.Context, c store.Campaign) (map[int]int, error) {
	out := map[int]int{}
	for after, more := int64(0), true; more; {
		page, err := e.Registry.Acts(ctx, after, recordPage)
		if err != nil {
			return nil, err
		}
		for _, row := range page {
			if after = row.N; !strings.Contains(string(row.Text), "\nmethod "+recordClaim+"\n") {
				continue
			}
			act, err := trail.Parse(row.Text)
			if err != nil {
				return nil, fmt.Errorf("read act %d: %w", row.N, err)
			}
			campaign, n, _ := strings.Cut(strings.TrimPrefix(act.Resource, "campaigns/"), "/draws/")
			if number, err := strconv.Atoi(n); err == nil && act.Of > 0 && act.Outcome == trail.OK && (campaign == hexID(c.ID) || campaign == c.Slug) {
				out[number]++
			}
		}
		more = len(page) == recordPage
	}
	return out, nil
}

// recoverReleases puts back the releases behind opened records of which the identity room knows nothing. logMu is held, and the tree is read.
func (e *Engine) recoverReleases(ctx context.Context, d *drawing) error {
	all, err := e.Identity.Releases(ctx, d.campaign.ID, d.row.N)
	if err != nil {
		return err
	}
	there, covered := map[string]int{}, map[string]map[store.EntrantID]bool{}
	for _, purpose := range []string{PurposeNotice, PurposeClaim, PurposeTax, PurposeAudit} {
		some := slices.DeleteFunc(slices.Clone(all), func(r store.Release) bool { return r.Purpose != purpose })
		there[purpose], covered[purpose] = len(some), covers(some)
	}
	lines, err := draw.ParseRanking(d.row.Ranking)
	if err != nil {
		return err
	}
	seats := draw.NewSeats(lines, d.rules.Forfeit)
	nth := map[string]int{}
	for _, l := range e.about[aboutKey{d.openHash, d.row.N}] {
		switch r := l.record.(type) {
		case *draw.Replace:
			if err := seats.Apply(r); err != nil {
				return err
			}
		case *draw.Opened:
			known, ok := covered[r.Purpose]
			if nth[r.Purpose]++; !ok || nth[r.Purpose] <= there[r.Purpose] {
				continue
			}
			who, err := e.lostRelease(ctx, d, r, nth[r.Purpose], seats.Winners(lines))
			if err != nil {
				return err
			}
			again := store.Release{Purpose: r.Purpose}
			var notices []store.Notification
			for _, w := range who {
				id := store.EntrantID(w.ID)
				if known[id] {
					continue
				}
				known[id] = true
				again.IDs = append(again.IDs, id)
				if r.Purpose == PurposeNotice {
					notices = append(notices, store.Notification{Stratum: w.Stratum, Rank: int64(w.Rank), State: notificationPending, Updated: e.Now().UTC()})
				}
			}
			record, err := r.Marshal()
			if err != nil {
				return err
			}
			again.Opened = store.Hash(draw.HashOf(record))
			e.Log.Warn("a release that the log knows was lost: put back", "campaign", hexID(d.campaign.ID), "draw", d.row.N, "entrants", len(again.IDs), "logged", r.Count)
			if err := e.Identity.PutRelease(ctx, d.campaign.ID, d.row.N, again, notices); err != nil {
				return err
			}
		}
	}
	return nil
}

// lostRelease is whom a release covered that the log knows and the identity room has forgotten, as its approval says. If that is gone too, then for a claim or for tax
// nobody is covered, and for the notice all who held seats then: some of them may have claimed before, and the custodians refuse to open what the record does not count.
func (e *Engine) lostRelease(ctx context.Context, d *drawing, opened *draw.Opened, n int, holders []draw.Line) ([]draw.Line, error) {
	purpose := opened.Purpose
	if purpose == PurposeAudit {
		return e.lostSample(ctx, d, int(opened.Count))
	}
	wanted, err := e.wanted(ctx, d, purpose)
	if err != nil {
		return nil, err
	}
	if wanted[n] == nil {
		if purpose != PurposeNotice {
			holders = nil
		}
		return holders, nil
	}
	of := releaseOfAct(wanted[n].Act)
	if purpose == PurposeNotice {
		return slices.DeleteFunc(holders, func(l draw.Line) bool { return !of.seats[seatKey{l.Stratum, int64(l.Rank)}] }), nil
	}
	who, err := e.whoFor(ctx, d, of, holders)
	var own *Error
	if errors.As(err, &own) && own.Reason != StorageUnavailable {
		return nil, nil
	}
	return who, err
}
