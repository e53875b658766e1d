package server

import (
	"context"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type acts struct {
	fairlotv1.UnimplementedAuditServiceServer
	engine *engine.Engine
}

func (s *acts) ListActs(ctx context.Context, req *fairlotv1.ListActsRequest) (*fairlotv1.ListActsResponse, error) {
	size := int(req.PageSize)
	if size == 0 {
		size = 100
	}
	all, err := s.engine.Acts(ctx, req.After, size)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListActsResponse{LogKey: s.engine.Installation().LogKey}
	for _, a := range all {
		out.Acts = append(out.Acts, &fairlotv1.Act{Number: a.N, Hash: a.Hash[:], Text: a.Text})
	}
	return out, nil
}
