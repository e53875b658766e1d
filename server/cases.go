package server

import (
	"context"
	"encoding/hex"
	"strconv"
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
		Received: req.ReceivedDay, Days: int(req.Days), Notifier: int(req.Notifier), Hold: req.Hold}
	for _, k := range req.Opens {
		r.Opens = append(r.Opens, word(k, "CASE_ENVELOPE_"))
	}
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

func (s *cases) ReleaseCase(ctx context.Context, req *fairlotv1.ReleaseCaseRequest) (*fairlotv1.ReleaseCaseResponse, error) {
	r, err := s.engine.ReleaseCase(ctx, callerOf(ctx), caseID(req.Name))
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ReleaseCaseResponse{Case: caseTo(r.Case), OpenedHash: hex.EncodeToString(r.Opened[:]), Salt: r.Salt[:]}
	for _, e := range r.Entrants {
		out.Entrants = append(out.Entrants, &fairlotv1.CaseEntrant{EntryId: hex.EncodeToString(e.ID[:]), Person: e.Person[:], Locks: e.Lock, IdentityEnvelope: e.Identity, ContactEnvelope: e.Contact})
	}
	return out, nil
}

func (s *cases) EraseForCase(ctx context.Context, req *fairlotv1.EraseForCaseRequest) (*fairlotv1.EntryStatus, error) {
	campaign, st, err := s.engine.EraseForCase(ctx, callerOf(ctx), caseID(req.Name), [32]byte(req.IdentityCommitment), [32]byte(req.ContactCommitment))
	if err != nil {
		return nil, err
	}
	return entryStatusTo(campaign, st), nil
}

func (s *cases) RecordModification(ctx context.Context, req *fairlotv1.RecordModificationRequest) (*fairlotv1.Case, error) {
	c, err := s.engine.RecordModification(ctx, callerOf(ctx), caseID(req.Name), word(req.Kind, "MODIFICATION_KIND_"))
	return caseTo(c), err
}

func (s *cases) ListModifications(ctx context.Context, req *fairlotv1.ListModificationsRequest) (*fairlotv1.ListModificationsResponse, error) {
	after, _ := strconv.ParseInt(req.PageToken, 10, 64) // the contract has checked it; empty is 0
	size := int(req.PageSize)
	if size == 0 {
		size = 20
	}
	list, next, err := s.engine.Modifications(ctx, after, size)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListModificationsResponse{}
	for _, m := range list {
		x := &fairlotv1.Modification{Act: m.Act, By: caseActTo(m.By), Kind: modificationTo(m.Did)}
		if m.Case != ([16]byte{}) {
			x.Case = "cases/" + hex.EncodeToString(m.Case[:])
		}
		if m.Campaign != (store.CampaignID{}) {
			x.Campaign = "campaigns/" + hex.EncodeToString(m.Campaign[:])
		}
		out.Modifications = append(out.Modifications, x)
	}
	if next > 0 {
		out.NextPageToken = strconv.FormatInt(next, 10)
	}
	return out, nil
}

func modificationTo(did string) fairlotv1.ModificationKind {
	return fairlotv1.ModificationKind(valueOf(fairlotv1.ModificationKind_value, "MODIFICATION_KIND_", did))
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
		Outcome: fairlotv1.CaseOutcome(valueOf(fairlotv1.CaseOutcome_value, "CASE_OUTCOME_", c.Outcome)), Closer: caseActTo(c.Closer), Notifier: int32(c.Notifier), Hold: c.Hold, Releaser: caseActTo(c.Releaser),
	}
	for _, k := range c.Opens {
		out.Opens = append(out.Opens, fairlotv1.CaseEnvelope(valueOf(fairlotv1.CaseEnvelope_value, "CASE_ENVELOPE_", k)))
	}
	for _, did := range c.Did {
		out.Modifications = append(out.Modifications, modificationTo(did))
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
