package server

import (
	"context"
	"strings"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type claims struct {
	fairlotv1.UnimplementedClaimServiceServer
	engine *engine.Engine
}

func (s *claims) RecordClaim(ctx context.Context, req *fairlotv1.RecordClaimRequest) (*fairlotv1.Claim, error) {
	id, n, err := drawName(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	way := strings.ToLower(strings.TrimPrefix(req.Way.String(), "CLAIM_WAY_"))
	var (
		c     engine.Claim
		again bool
	)
	switch {
	case len(req.R) > 0 && (req.Stratum != 0 || req.Rank != 0):
		return nil, fieldInvalid("rank", "unused", "give r or the seat, not both")
	case len(req.R) > 0:
		c, again, err = s.engine.RecordClaim(ctx, callerOf(ctx), id, n, [32]byte(req.R), way)
	case req.Rank == 0:
		return nil, fieldInvalid("r", "required", "give r of the entry, or the seat that was opened for this claim")
	default:
		c, again, err = s.engine.RecordOpenedClaim(ctx, callerOf(ctx), id, n, max(int(req.Stratum), 1), req.Rank, way)
	}
	if err != nil {
		return nil, err
	}
	out := claimTo(c)
	out.Repeated = again
	return out, nil
}

func (s *claims) ListClaims(ctx context.Context, req *fairlotv1.ListClaimsRequest) (*fairlotv1.ListClaimsResponse, error) {
	id, n, err := drawName(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	all, err := s.engine.Claims(ctx, id, n)
	out := &fairlotv1.ListClaimsResponse{}
	for _, c := range all {
		out.Claims = append(out.Claims, claimTo(c))
	}
	return out, err
}

func claimTo(c engine.Claim) *fairlotv1.Claim {
	return &fairlotv1.Claim{Stratum: int32(c.Stratum), Rank: c.Rank, Tier: int32(c.Tier), Prize: int32(c.Prize), Day: c.Day, Label: strings.ToValidUTF8(c.Label, "?"),
		Way: fairlotv1.ClaimWay(fairlotv1.ClaimWay_value["CLAIM_WAY_"+strings.ToUpper(c.Way)])}
}
