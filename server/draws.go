package server

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store"
)

type draws struct {
	fairlotv1.UnimplementedDrawServiceServer
	engine *engine.Engine
}

func (s *draws) GetDraw(ctx context.Context, req *fairlotv1.GetDrawRequest) (*fairlotv1.Draw, error) {
	id, n, err := drawName(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	d, err := s.engine.Draw(ctx, id, n)
	return drawTo(id, d), err
}

func (s *draws) ListDraws(ctx context.Context, req *fairlotv1.ListDrawsRequest) (*fairlotv1.ListDrawsResponse, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	all, err := s.engine.Draws(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListDrawsResponse{}
	for _, d := range all {
		d.Seats = nil
		out.Draws = append(out.Draws, drawTo(id, d))
	}
	opened, err := s.engine.Openings(ctx, id, len(all))
	for _, o := range opened {
		out.Openings = append(out.Openings, &fairlotv1.Opening{Purpose: o.Purpose, Count: o.Count, Cases: int32(o.Cases)})
	}
	return out, err
}

func (s *draws) RunDraw(ctx context.Context, req *fairlotv1.RunDrawRequest) (*fairlotv1.Draw, error) {
	id, n, err := drawName(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	d, err := s.engine.RunDraw(ctx, id, n)
	return drawTo(id, d), err
}

func (s *draws) ReplaceWinner(ctx context.Context, req *fairlotv1.ReplaceWinnerRequest) (*fairlotv1.Draw, error) {
	id, n, err := drawName(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	reason := strings.ToLower(strings.TrimPrefix(req.Reason.String(), "REPLACE_REASON_"))
	d, err := s.engine.ReplaceWinner(ctx, id, n, max(1, int(req.Stratum)), req.Rank, reason)
	return drawTo(id, d), err
}

func (s *draws) VoidDraw(ctx context.Context, req *fairlotv1.VoidDrawRequest) (*fairlotv1.Approval, error) {
	id, n, err := drawName(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	reason := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(req.Reason.String(), "VOID_REASON_")), "_", "-")
	a, err := s.engine.RequestVoid(ctx, callerOf(ctx), id, n, reason)
	return approvalTo(a), err
}

func (s *draws) AmendDraw(ctx context.Context, req *fairlotv1.AmendDrawRequest) (*fairlotv1.Approval, error) {
	id, n, err := drawName(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	a, err := s.engine.RequestAmend(ctx, callerOf(ctx), id, n, req.DrawTime.AsTime())
	return approvalTo(a), err
}

func (s *draws) PrepareRelease(ctx context.Context, req *fairlotv1.PrepareReleaseRequest) (*fairlotv1.PrepareReleaseResponse, error) {
	id, n, err := drawName(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	of := engine.ReleaseOf{Purpose: engine.PurposeNotice, AcceptUnproven: req.AcceptUnproven}
	switch req.Purpose {
	case fairlotv1.ReleasePurpose_RELEASE_PURPOSE_CLAIM:
		of.Purpose, of.Stratum, of.Rank = engine.PurposeClaim, max(int(req.Stratum), 1), req.Rank
	case fairlotv1.ReleasePurpose_RELEASE_PURPOSE_TAX:
		of.Purpose = engine.PurposeTax
	case fairlotv1.ReleasePurpose_RELEASE_PURPOSE_AUDIT:
		of.Purpose = engine.PurposeAudit
	}
	if of.Purpose != engine.PurposeClaim && (req.Stratum != 0 || req.Rank != 0) {
		return nil, fieldInvalid("rank", "unused", "a seat is named for a claim only: whom other purposes open follows from the draw")
	}
	releases, waits, err := s.engine.PrepareRelease(ctx, callerOf(ctx), id, n, of)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.PrepareReleaseResponse{}
	if waits != nil {
		out.Approval = approvalTo(*waits)
	}
	for _, r := range releases {
		rel := &fairlotv1.Release{OpenedHash: hex.EncodeToString(r.Opened[:]), RequesterLabel: r.Requester, ApproverLabel: r.Approver, ApproveTime: present(r.Approved)}
		for _, x := range r.Entrants {
			rel.Entrants = append(rel.Entrants, &fairlotv1.ReleasedEntrant{
				EntryId: hex.EncodeToString(x.ID[:]), Stratum: int32(x.Stratum), Rank: x.Rank, Locks: x.Locks, ContactEnvelope: x.Contact, IdentityEnvelope: x.Identity,
			})
		}
		out.Releases = append(out.Releases, rel)
	}
	return out, nil
}

// drawName reads campaigns/ID/draws/N, whose form the contract has checked.
func drawName(ctx context.Context, e *engine.Engine, name string) (store.CampaignID, int, error) {
	parts := strings.Split(name, "/")
	n, err := strconv.Atoi(parts[3])
	if err != nil {
		return store.CampaignID{}, 0, err
	}
	id, err := campaignID(ctx, e, "campaigns/"+parts[1])
	return id, n, err
}

// drawTo writes a draw; nil for the zero value that comes with an error.
func drawTo(campaign store.CampaignID, d engine.DrawInfo) *fairlotv1.Draw {
	if d.N == 0 {
		return nil
	}
	out := &fairlotv1.Draw{
		Name:  fmt.Sprintf("campaigns/%x/draws/%d", campaign[:], d.N),
		State: fairlotv1.DrawState(d.State), Round: int64(d.Round), RoundTime: timestamppb.New(d.RoundTime),
		Quicknet: d.Quicknet, Entrants: d.Entrants, CosignedBy: d.CosignedBy,
		VoidReason: d.VoidReason, VoidDeadline: present(d.VoidDeadline), VoidCosignedBy: d.VoidBy,
		StatedTime: timeTo(d.StatedTime), WaitsFor: int32(d.WaitsFor),
	}
	if a := d.Amend; a != nil {
		out.Amend = &fairlotv1.Amend{Round: int64(a.Round), RoundTime: timestamppb.New(a.Time), Deadline: timestamppb.New(a.Deadline), CosignedBy: a.By}
	}
	if d.Void {
		out.State = fairlotv1.DrawState_DRAW_STATE_VOID
	}
	for _, stratum := range d.RankedIn {
		out.RankedIn = append(out.RankedIn, int32(stratum))
	}
	for _, s := range d.Seats {
		out.Seats = append(out.Seats, &fairlotv1.Seat{
			Stratum: int32(s.Stratum), Rank: s.Rank, EntryId: hex.EncodeToString(s.ID[:]), Tier: int32(s.Tier), Vacated: s.Vacated, Called: s.Called, Prize: int32(s.Prize),
		})
	}
	return out
}
