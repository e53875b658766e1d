package server

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store"
)

type approvals struct {
	fairlotv1.UnimplementedApprovalServiceServer
	engine *engine.Engine
}

func (s *approvals) ListApprovals(ctx context.Context, req *fairlotv1.ListApprovalsRequest) (*fairlotv1.ListApprovalsResponse, error) {
	var after [16]byte
	hex.Decode(after[:], []byte(req.PageToken))
	size := int(req.PageSize)
	if size == 0 {
		size = 20
	}
	page, err := s.engine.Approvals(ctx, req.All, after, size)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListApprovalsResponse{}
	for _, a := range page {
		out.Approvals = append(out.Approvals, approvalTo(a))
	}
	if len(page) == size {
		out.NextPageToken = hex.EncodeToString(page[size-1].ID[:])
	}
	return out, nil
}

func (s *approvals) GetApproval(ctx context.Context, req *fairlotv1.GetApprovalRequest) (*fairlotv1.Approval, error) {
	a, err := s.engine.Approval(ctx, approvalID(req.Name))
	return approvalTo(a), err
}

func (s *approvals) Approve(ctx context.Context, req *fairlotv1.ApproveRequest) (*fairlotv1.Approval, error) {
	var digest [32]byte
	hex.Decode(digest[:], []byte(req.Digest))
	a, err := s.engine.Approve(ctx, callerOf(ctx), approvalID(req.Name), digest)
	return approvalTo(a), err
}

func (s *approvals) Withdraw(ctx context.Context, req *fairlotv1.WithdrawRequest) (*fairlotv1.Approval, error) {
	a, err := s.engine.Withdraw(ctx, callerOf(ctx), approvalID(req.Name))
	return approvalTo(a), err
}

// approvalID reads approvals/ID, whose form the contract has checked.
func approvalID(name string) (id [16]byte) {
	hex.Decode(id[:], []byte(strings.TrimPrefix(name, "approvals/")))
	return id
}

var approvalKinds = map[string]fairlotv1.ApprovalKind{
	engine.ApproveOpen: fairlotv1.ApprovalKind_APPROVAL_KIND_OPEN, engine.ApproveCloseEarly: fairlotv1.ApprovalKind_APPROVAL_KIND_CLOSE_EARLY,
	engine.ApproveVoid: fairlotv1.ApprovalKind_APPROVAL_KIND_VOID, engine.ApproveRelease: fairlotv1.ApprovalKind_APPROVAL_KIND_RELEASE,
	engine.ApproveAmend: fairlotv1.ApprovalKind_APPROVAL_KIND_AMEND,
}

// approvalTo writes an approval; nil for the zero value that comes with an error.
func approvalTo(a engine.Approval) *fairlotv1.Approval {
	if a.State == 0 {
		return nil
	}
	digest := a.Digest()
	out := &fairlotv1.Approval{
		Name: "approvals/" + hex.EncodeToString(a.ID[:]), Kind: approvalKinds[a.Kind], State: fairlotv1.ApprovalState(a.State),
		Campaign: "campaigns/" + hex.EncodeToString(a.Campaign[:]), Draw: int32(a.Draw), Act: string(a.Act), Digest: hex.EncodeToString(digest[:]),
		Requester: a.Requester.Token, RequesterLabel: a.Requester.Label, RequestTime: timestamppb.New(a.Requested), ExpireTime: timestamppb.New(a.Expires),
		Decider: a.Decider.Token, DeciderLabel: a.Decider.Label, DecideTime: timeTo(a.Decided), DueTime: timeTo(a.NotBefore), Outcome: a.Outcome,
	}
	if a.State == store.ApprovalPending && a.Expired {
		out.State = fairlotv1.ApprovalState_APPROVAL_STATE_EXPIRED
	}
	return out
}

func timeTo(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
