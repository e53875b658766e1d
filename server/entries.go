package server

import (
	"context"
	"encoding/hex"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store"
)

type entries struct {
	fairlotv1.UnimplementedEntryServiceServer
	engine *engine.Engine
}

func (s *entries) Enter(ctx context.Context, req *fairlotv1.EnterRequest) (*fairlotv1.EnterResponse, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	in := engine.EnterRequest{
		Campaign: id, R: [32]byte(req.R), Consents: req.Consents, Token: req.Token,
		Identity: identityFrom(req.Identity), Contact: contactFrom(req.Contact), Response: []byte(req.ResponseJson), AnswerSecretHash: req.AnswerSecretHash,
		Stratum: int(req.Stratum),
	}
	hex.Decode(in.NoticeHash[:], []byte(req.NoticeHash))
	receipt, err := s.engine.Enter(ctx, in)
	if err != nil {
		return nil, err
	}
	return receiptTo(receipt), nil
}

func receiptTo(r engine.Receipt) *fairlotv1.EnterResponse {
	return &fairlotv1.EnterResponse{
		Id: hex.EncodeToString(r.ID[:]), Receipt: string(r.Note), IdentityCommitment: r.IdentityCommitment, ContactCommitment: r.ContactCommitment,
	}
}

func (s *entries) GetEntryStatus(ctx context.Context, req *fairlotv1.GetEntryStatusRequest) (*fairlotv1.EntryStatus, error) {
	parts := strings.Split(req.Name, "/") // campaigns ID entries ENTRY, by the contract's pattern
	id, err := campaignID(ctx, s.engine, "campaigns/"+parts[1])
	if err != nil {
		return nil, err
	}
	var entry store.EntrantID
	hex.Decode(entry[:], []byte(parts[3]))
	st, err := s.engine.EntryStatus(ctx, id, entry)
	if err != nil {
		return nil, err
	}
	return entryStatusTo(id, st), nil
}

func (s *entries) MoveChance(ctx context.Context, req *fairlotv1.MoveChanceRequest) (*fairlotv1.EntryStatus, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	st, err := s.engine.MoveChance(ctx, engine.MoveChanceRequest{
		Campaign: id, S: [32]byte(req.S), Receipt: []byte(req.Receipt), Identity: *identityFrom(req.Identity), ContactCommitment: [32]byte(req.ContactCommitment),
	})
	if err != nil {
		return nil, err
	}
	return entryStatusTo(id, st), nil
}

func (s *entries) CorrectEntry(ctx context.Context, req *fairlotv1.CorrectEntryRequest) (*fairlotv1.EnterResponse, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	in := engine.CorrectRequest{
		Campaign: id, S: [32]byte(req.S), R: [32]byte(req.R), Identity: *identityFrom(req.Identity), Contact: *contactFrom(req.Contact),
	}
	hex.Decode(in.NoticeHash[:], []byte(req.NoticeHash))
	receipt, err := s.engine.CorrectEntry(ctx, in)
	if err != nil {
		return nil, err
	}
	out := receiptTo(receipt)
	out.CorrectionsLeft = proto.Int32(int32(receipt.Left))
	return out, nil
}

func (s *entries) EraseEntry(ctx context.Context, req *fairlotv1.EraseEntryRequest) (*fairlotv1.EntryStatus, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	st, err := s.engine.EraseEntry(ctx, id, [32]byte(req.S))
	if err != nil {
		return nil, err
	}
	return entryStatusTo(id, st), nil
}

func (s *entries) ShowAnswers(ctx context.Context, req *fairlotv1.ShowAnswersRequest) (*fairlotv1.ShowAnswersResponse, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	own, err := s.engine.ShowAnswers(ctx, id, [32]byte(req.AnswerSecret))
	if err != nil {
		return nil, err
	}
	return &fairlotv1.ShowAnswersResponse{ResponseJson: string(own.Closed), Consents: own.Consents}, nil
}

func (s *entries) WithdrawAnswers(ctx context.Context, req *fairlotv1.WithdrawAnswersRequest) (*fairlotv1.WithdrawAnswersResponse, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	counted, err := s.engine.WithdrawAnswers(ctx, id, [32]byte(req.AnswerSecret))
	if err != nil {
		return nil, err
	}
	return &fairlotv1.WithdrawAnswersResponse{StatisticsMade: counted}, nil
}

func (s *entries) EraseAtDesk(ctx context.Context, req *fairlotv1.EraseAtDeskRequest) (*fairlotv1.EntryStatus, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	if err := s.engine.MayRecordAtDesk(ctx, id, caseID(req.Case), engine.DidErasure); err != nil {
		return nil, err
	}
	st, err := s.engine.EraseAtDesk(ctx, engine.EraseAtDeskRequest{Campaign: id, Receipt: []byte(req.Receipt), IDType: idTypes[req.IdType], IDNumber: req.IdNumber})
	if err != nil {
		return nil, err
	}
	if err := s.engine.RecordAtDesk(ctx, callerOf(ctx), id, caseID(req.Case), engine.DidErasure); err != nil {
		return nil, err
	}
	return entryStatusTo(id, st), nil
}

func (s *entries) CreateEntryTokens(ctx context.Context, req *fairlotv1.CreateEntryTokensRequest) (*fairlotv1.CreateEntryTokensResponse, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	tokens, err := s.engine.CreateEntryTokens(ctx, id, int(req.Count), int(req.Chances), int(req.Stratum), timeFrom(req.ExpireTime))
	return &fairlotv1.CreateEntryTokensResponse{Tokens: tokens}, err
}

func (s *entries) RevokeEntryTokens(ctx context.Context, req *fairlotv1.RevokeEntryTokensRequest) (*fairlotv1.RevokeEntryTokensResponse, error) {
	id, err := campaignID(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	n, err := s.engine.RevokeEntryTokens(ctx, id, req.Tokens)
	return &fairlotv1.RevokeEntryTokensResponse{Revoked: int32(n)}, err
}

var idTypes = map[fairlotv1.IdType]string{fairlotv1.IdType_ID_TYPE_CITIZEN: "citizen", fairlotv1.IdType_ID_TYPE_RESIDENT: "resident"}

func identityFrom(i *fairlotv1.Identity) *engine.Identity {
	if i == nil {
		return nil
	}
	return &engine.Identity{Name: i.Name, IDType: idTypes[i.IdType], IDNumber: i.IdNumber, Birth: i.Birth, Card: i.Card, Guardian: i.Guardian}
}

func contactFrom(c *fairlotv1.Contact) *engine.Contact {
	if c == nil {
		return nil
	}
	return &engine.Contact{Lang: c.Lang, Phone: c.Phone, Email: c.Email, Address: c.Address}
}

func entryStatusTo(campaign store.CampaignID, st engine.EntryStatus) *fairlotv1.EntryStatus {
	counting := map[string]fairlotv1.EntryStatus_Counting{
		"received":    fairlotv1.EntryStatus_COUNTING_RECEIVED,
		"counted":     fairlotv1.EntryStatus_COUNTING_COUNTED,
		"not-counted": fairlotv1.EntryStatus_COUNTING_NOT_COUNTED,
	}[st.Counting]
	out := &fairlotv1.EntryStatus{
		Name:     "campaigns/" + hex.EncodeToString(campaign[:]) + "/entries/" + hex.EncodeToString(st.ID[:]),
		Counting: counting, Chances: int32(st.Chances), Reason: st.Reason, Erasure: fairlotv1.EntryStatus_Erasure(st.Erasure),
	}
	if !st.ErasureAt.IsZero() {
		out.EraseTime = timestamppb.New(st.ErasureAt)
	}
	return out
}
