package server

import (
	"context"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type publicLog struct {
	fairlotv1.UnimplementedLogServiceServer
	engine *engine.Engine
}

func (s *publicLog) GetCheckpoint(ctx context.Context, _ *fairlotv1.GetCheckpointRequest) (*fairlotv1.Checkpoint, error) {
	note, err := s.engine.Checkpoint(ctx)
	return &fairlotv1.Checkpoint{Note: string(note)}, err
}

func (s *publicLog) ListRecords(ctx context.Context, req *fairlotv1.ListRecordsRequest) (*fairlotv1.ListRecordsResponse, error) {
	size := int(req.PageSize)
	if size == 0 {
		size = 20
	}
	records, next, err := s.engine.Records(ctx, req.Start, size)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListRecordsResponse{NextStart: next}
	for _, r := range records {
		out.Records = append(out.Records, string(r))
	}
	return out, nil
}

func (s *publicLog) AddCosignature(ctx context.Context, req *fairlotv1.AddCosignatureRequest) (*fairlotv1.Checkpoint, error) {
	note, err := s.engine.AddCosignature(ctx, []byte(req.Note))
	return &fairlotv1.Checkpoint{Note: string(note)}, err
}
