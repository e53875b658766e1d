package server

import (
	"context"
	"encoding/hex"

	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store"
)

type staff struct {
	fairlotv1.UnimplementedStaffServiceServer
	engine *engine.Engine
}

func (s *staff) CreateStaffToken(ctx context.Context, req *fairlotv1.CreateStaffTokenRequest) (*fairlotv1.CreateStaffTokenResponse, error) {
	token, t, err := s.engine.CreateStaffToken(ctx, nameOf(req.Role), req.Label, int(req.Days))
	if err != nil {
		return nil, err
	}
	return &fairlotv1.CreateStaffTokenResponse{Token: token, Description: staffTokenTo(t)}, nil
}

func (s *staff) ListStaffTokens(ctx context.Context, _ *fairlotv1.ListStaffTokensRequest) (*fairlotv1.ListStaffTokensResponse, error) {
	all, err := s.engine.StaffTokens(ctx)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListStaffTokensResponse{}
	for _, t := range all {
		out.Tokens = append(out.Tokens, staffTokenTo(t))
	}
	return out, nil
}

func (s *staff) RevokeStaffToken(ctx context.Context, req *fairlotv1.RevokeStaffTokenRequest) (*emptypb.Empty, error) {
	var id [8]byte
	hex.Decode(id[:], []byte(req.Id))
	return &emptypb.Empty{}, s.engine.RevokeStaffToken(ctx, id)
}

func staffTokenTo(t store.StaffToken) *fairlotv1.StaffToken {
	return &fairlotv1.StaffToken{Id: hex.EncodeToString(t.ID[:]), Role: roleOf(t.Role), Label: t.Label, ExpireTime: timestamppb.New(t.Expires), Revoked: t.Revoked}
}
