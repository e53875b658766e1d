package server

import (
	"context"
	"encoding/hex"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store"
)

type cases struct {
	fairlotv1.UnimplementedCaseServiceServer
	engine *engine.Engine
}

func (s *cases) OpenCase(ctx context.Context, req *fairlotv1.OpenCaseRequest) (*fairlotv1.Case, error) {
	r := engine.CaseRequest{ID: caseID(req.Name), Kind: word(req.Kind, "CASE_KIND_"), Ground: word(req.Ground, "CASE_GROUND_"), Reference: req.Reference,
		Received: req.ReceivedDay, Days: int(req.Days)}
	hex.Decode(r.Campaign[:], []byte(strings.TrimPrefix(req.Campaign, "campaigns/")))
	for _, text := range req.Entries {
		var id store.EntrantID
		hex.Decode(id[:], []byte(text))
		r.Entrants = append(r.Entrants, id)
	}
	c, err := s.engine.OpenCase(ctx, callerOf(ctx), r)
	return caseTo(c), err
}

func (s *cases) ListCases(ctx context.Context, req *fairlotv1.ListCasesRequest) (*fairlotv1.ListCasesResponse, error) {
	var after [16]byte
	hex.Decode(after[:], []byte(req.PageToken))
	size := int(req.PageSize)
	if size == 0 {
		size = 20
	}
	page, err := s.engine.Cases(ctx, req.All, after, size)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListCasesResponse{}
	for _, c := range page {
		out.Cases = append(out.Cases, caseTo(c))
	}
	if len(page) == size {
		out.NextPageToken = hex.EncodeToString(page[size-1].ID[:])
	}
	return out, nil
}

func (s *cases) GetCase(ctx context.Context, req *fairlotv1.GetCaseRequest) (*fairlotv1.Case, error) {
	c, err := s.engine.Case(ctx, caseID(req.Name))
	return caseTo(c), err
}

func (s *cases) ApproveCase(ctx context.Context, req *fairlotv1.ApproveCaseRequest) (*fairlotv1.Case, error) {
	var digest [32]byte
	hex.Decode(digest[:], []byte(req.Digest))
	c, err := s.engine.ApproveCase(ctx, callerOf(ctx), caseID(req.Name), digest)
	return caseTo(c), err
}

func (s *cases) ExtendCase(ctx context.Context, req *fairlotv1.ExtendCaseRequest) (*fairlotv1.Case, error) {
	c, err := s.engine.ExtendCase(ctx, callerOf(ctx), caseID(req.Name), int(req.Days), req.Reason)
	return caseTo(c), err
}

func (s *cases) CloseCase(ctx context.Context, req *fairlotv1.CloseCaseRequest) (*fairlotv1.Case, error) {
	c, err := s.engine.CloseCase(ctx, callerOf(ctx), caseID(req.Name), word(req.Outcome, "CASE_OUTCOME_"))
	return caseTo(c), err
}

// caseID reads cases/ID, whose form the contract has checked.
func caseID(name string) (id [16]byte) {
	hex.Decode(id[:], []byte(strings.TrimPrefix(name, "cases/")))
	return id
}

// word is the engine's word for a value of the contract; empty if it is not set.
func word(v interface{ String() string }, prefix string) string {
	w := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(v.String(), prefix)), "_", "-")
	if w == "unspecified" {
		return ""
	}
	return w
}

// valueOf is the number of the contract for a word of the engine's.
func valueOf(values map[string]int32, prefix, w string) int32 {
	return values[prefix+strings.ReplaceAll(strings.ToUpper(w), "-", "_")]
}

// caseTo writes a case; nil for the zero value that comes with an error.
func caseTo(c engine.Case) *fairlotv1.Case {
	if c.Kind == "" {
		return nil
	}
	digest := c.Digest()
	out := &fairlotv1.Case{
		Name: "cases/" + hex.EncodeToString(c.ID[:]), Campaign: "campaigns/" + hex.EncodeToString(c.Campaign[:]),
		Kind:      fairlotv1.CaseKind(valueOf(fairlotv1.CaseKind_value, "CASE_KIND_", c.Kind)),
		Ground:    fairlotv1.CaseGround(valueOf(fairlotv1.CaseGround_value, "CASE_GROUND_", c.Ground)),
		Reference: c.Reference, Count: int32(c.Count), Text: string(c.Text()), Digest: hex.EncodeToString(digest[:]),
		Requester: caseActTo(c.Requester), ExpireTime: timestamppb.New(c.Expires), ReceivedDay: c.Received, DueTime: timeTo(c.Due),
		ExtendedDays: int32(c.Extended), ExtensionReason: c.ExtendWhy, Extender: caseActTo(c.Extender),
		Outcome: fairlotv1.CaseOutcome(valueOf(fairlotv1.CaseOutcome_value, "CASE_OUTCOME_", c.Outcome)), Closer: caseActTo(c.Closer),
	}
	for _, id := range c.Entrants {
		out.Entries = append(out.Entries, hex.EncodeToString(id[:]))
	}
	for _, a := range c.Approvers {
		out.Approvers = append(out.Approvers, caseActTo(a))
	}
	return out
}

func caseActTo(a engine.CaseAct) *fairlotv1.CaseAct {
	if a.Token == "" {
		return nil
	}
	return &fairlotv1.CaseAct{Token: a.Token, Label: a.Label, Time: timeTo(a.At)}
}
