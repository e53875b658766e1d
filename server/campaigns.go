package server

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	"fairlot/entrant"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store"
)

type campaigns struct {
	fairlotv1.UnimplementedCampaignServiceServer
	engine *engine.Engine
}

func (s *campaigns) CreateCampaign(ctx context.Context, req *fairlotv1.CreateCampaignRequest) (*fairlotv1.Campaign, error) {
	if err := oneTextEach(req.Campaign); err != nil {
		return nil, err
	}
	c, err := s.engine.CreateCampaign(ctx, req.Campaign.Slug, rulesFrom(req.Campaign), req.RequestId)
	return campaignTo(c), err
}

func (s *campaigns) UpdateCampaign(ctx context.Context, req *fairlotv1.UpdateCampaignRequest) (*fairlotv1.Campaign, error) {
	id, err := campaignID(ctx, s.engine, req.Campaign.Name)
	if err != nil {
		return nil, err
	}
	if err := oneTextEach(req.Campaign); err != nil {
		return nil, err
	}
	present, err := s.engine.FindCampaign(ctx, hex.EncodeToString(id[:]), true)
	if err != nil {
		return nil, err
	}
	if present.Slug != req.Campaign.Slug {
		return nil, fieldInvalid("campaign.slug", "fixed", "the slug is fixed when the draft is made: delete the draft and make another")
	}
	c, err := s.engine.UpdateCampaign(ctx, id, req.Campaign.Etag, rulesFrom(req.Campaign))
	return campaignTo(c), err
}

func (s *campaigns) DeleteCampaign(ctx context.Context, req *fairlotv1.DeleteCampaignRequest) (*emptypb.Empty, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.engine.DeleteCampaign(ctx, id, req.Etag)
}

func (s *campaigns) GetCampaign(ctx context.Context, req *fairlotv1.GetCampaignRequest) (*fairlotv1.Campaign, error) {
	c, err := s.engine.FindCampaign(ctx, req.Name[len("campaigns/"):], isStaff(ctx))
	if err != nil {
		return nil, err
	}
	return forCaller(ctx, campaignTo(c)), nil
}

func (s *campaigns) ListCampaigns(ctx context.Context, req *fairlotv1.ListCampaignsRequest) (*fairlotv1.ListCampaignsResponse, error) {
	var after store.CampaignID
	if req.PageToken != "" {
		id, ok := engine.ParseCampaignID(req.PageToken)
		if !ok {
			return nil, &engine.Error{Reason: engine.FieldInvalid, Text: "page_token is not one that an earlier page gave"}
		}
		after = id
	}
	size := int(req.PageSize)
	if size == 0 {
		size = 20
	}
	page, err := s.engine.ListCampaigns(ctx, after, size, isStaff(ctx))
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListCampaignsResponse{}
	for _, c := range page {
		out.Campaigns = append(out.Campaigns, forCaller(ctx, campaignTo(c)))
	}
	if len(page) == size {
		last := page[size-1].ID
		out.NextPageToken = hex.EncodeToString(last[:])
	}
	return out, nil
}

func (s *campaigns) OpenCampaign(ctx context.Context, req *fairlotv1.OpenCampaignRequest) (*fairlotv1.Approval, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	a, err := s.engine.RequestOpening(ctx, callerOf(ctx), id, req.Etag, timeFrom(req.OpenTime), req.WithoutKeyCheck)
	return approvalTo(a), err
}

func (s *campaigns) GetOpeningCheck(ctx context.Context, req *fairlotv1.GetOpeningCheckRequest) (*emptypb.Empty, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.engine.CheckOpening(ctx, id)
}

func (s *campaigns) GetKeyCheck(ctx context.Context, req *fairlotv1.GetKeyCheckRequest) (*fairlotv1.KeyCheck, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	k, err := s.engine.KeyCheck(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.KeyCheck{Keys: string(k.List)}
	for _, h := range k.Holders {
		out.Holders = append(out.Holders, &fairlotv1.KeyHolder{Recipient: h.Recipient, Custodian: int32(h.Custodian), Notifier: int32(h.Notifier),
			Challenge: h.Challenge, Statement: string(h.Statement)})
	}
	return out, nil
}

func (s *campaigns) AddKeyStatement(ctx context.Context, req *fairlotv1.AddKeyStatementRequest) (*fairlotv1.Campaign, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	c, err := s.engine.AddKeyStatement(ctx, id, []byte(req.Statement))
	return campaignTo(c), err
}

func (s *campaigns) SetExclusionList(ctx context.Context, req *fairlotv1.SetExclusionListRequest) (*fairlotv1.Campaign, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	c, err := s.engine.SetExclusion(ctx, id, req.List)
	return campaignTo(c), err
}

func (s *campaigns) RemoveExclusionList(ctx context.Context, req *fairlotv1.RemoveExclusionListRequest) (*fairlotv1.Campaign, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	c, err := s.engine.RemoveExclusion(ctx, id)
	return campaignTo(c), err
}

func (s *campaigns) CloseCampaignEarly(ctx context.Context, req *fairlotv1.CloseCampaignEarlyRequest) (*fairlotv1.Approval, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	a, err := s.engine.RequestCloseEarly(ctx, callerOf(ctx), id)
	return approvalTo(a), err
}

func (s *campaigns) CloseCampaign(ctx context.Context, req *fairlotv1.CloseCampaignRequest) (*fairlotv1.Campaign, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	c, err := s.engine.CloseCampaign(ctx, id)
	return campaignTo(c), err
}

func (s *campaigns) GetTallies(ctx context.Context, req *fairlotv1.GetTalliesRequest) (*fairlotv1.Tallies, error) {
	id, err := campaignID(ctx, s.engine, req.Name)
	if err != nil {
		return nil, err
	}
	table, err := s.engine.Tallies(ctx, id)
	return &fairlotv1.Tallies{TableJson: string(table)}, err
}

// campaignID finds the campaign of a name campaigns/ID or campaigns/SLUG. Drafts are found for staff only.
func campaignID(ctx context.Context, e *engine.Engine, name string) (store.CampaignID, error) {
	ref := name
	if len(name) > len("campaigns/") && name[:len("campaigns/")] == "campaigns/" {
		ref = name[len("campaigns/"):]
	}
	if id, ok := engine.ParseCampaignID(ref); ok {
		return id, nil
	}
	c, err := e.FindCampaign(ctx, ref, isStaff(ctx))
	return c.ID, err
}

// forCaller takes out what only staff see.
func forCaller(ctx context.Context, c *fairlotv1.Campaign) *fairlotv1.Campaign {
	if !isStaff(ctx) {
		c.Etag = ""
	}
	return c
}

// nameMasks and idMasks are the contract's masks as codes of the rules file; what is not in them masks all.
var (
	nameMasks = map[fairlotv1.NameMask]entrant.NameMask{fairlotv1.NameMask_NAME_MASK_FIRST: entrant.NameFirst, fairlotv1.NameMask_NAME_MASK_ENDS: entrant.NameEnds}
	idMasks   = map[fairlotv1.IDMask]entrant.IDMask{fairlotv1.IDMask_ID_MASK_LAST_FOUR: entrant.IDLastFour, fairlotv1.IDMask_ID_MASK_BUT_LAST_FOUR: entrant.IDButLastFour,
		fairlotv1.IDMask_ID_MASK_MIDDLE: entrant.IDMiddle}
	strataBy = map[fairlotv1.StrataBy]engine.StrataBy{fairlotv1.StrataBy_STRATA_BY_ENTRANT: engine.StrataByEntrant, fairlotv1.StrataBy_STRATA_BY_TOKEN: engine.StrataByToken}
)

func rulesFrom(c *fairlotv1.Campaign) engine.Rules {
	r := engine.Rules{
		Title: textsFrom(c.Title), Description: textsFrom(c.Description), Notice: textsFrom(c.Notice), Claim: textsFrom(c.Claim), Claiming: engine.Claiming{Proxy: c.ClaimProxy, GuardianBelow: int(c.GuardianBelow)},
		Survey: c.SurveyJson, Register: c.Register, ChancesCap: int(c.ChancesCap), Batch: int(c.Batch),
		EntriesEnd: timeFrom(c.EntriesEnd), ObjectionsEnd: timeFrom(c.ObjectionsEnd), Retention: int64(c.RetentionDays),
		Threshold: int(c.Threshold), Notifiers: c.Notifiers, TaxAbove: c.TaxAbove, Audit: int(c.Audit), Auditor: int(c.Auditor),
	}
	if l := c.WinnerList; l != nil {
		r.WinnerList = engine.WinnerList{Name: nameMasks[l.Name], Compounds: l.CompoundSurnames, IDNumber: idMasks[l.IdNumber]}
	}
	switch c.Proof {
	case fairlotv1.Proof_PROOF_TOKEN:
		r.Proof = engine.ProofToken
	case fairlotv1.Proof_PROOF_NONE:
		r.Proof = engine.ProofNone
	}
	for _, s := range c.Strata {
		r.Strata = append(r.Strata, textsFrom(s.Title))
	}
	r.StrataBy = strataBy[c.StrataBy]
	if f := c.Form; f != nil {
		r.Form = engine.Form{Birth: engine.Ask(f.Birth), Card: engine.Ask(f.Card), Guardian: engine.Ask(f.Guardian),
			Phone: engine.Ask(f.Phone), Email: engine.Ask(f.Email), Address: engine.Ask(f.Address)}
	}
	for _, k := range c.Consents {
		r.Consents = append(r.Consents, engine.Consent{Code: k.Code, Text: textsFrom(k.Text), Required: k.Required, AboutAnswers: k.AboutAnswers})
	}
	for _, k := range c.Custodians {
		r.Custodians = append(r.Custodians, engine.Custodian{Recipient: k.Recipient, Cosigner: k.Cosigner})
	}
	for _, d := range c.Draws {
		dr := engine.DrawRules{Alternates: d.Alternates, ClaimDays: d.ClaimDays, Forfeit: d.Forfeit, Margin: d.MarginSeconds, DrawTime: timeFrom(d.DrawTime), Proportional: d.Proportional, EarlierWinnersOut: d.EarlierWinnersOut}
		for _, t := range d.Tiers {
			dr.Tiers = append(dr.Tiers, engine.Tier{Count: t.Count, Title: textsFrom(t.Title), Value: t.Value, Stratum: int(t.Stratum)})
		}
		if b := d.Beacon; b != nil {
			dr.Beacon = &engine.Chain{Hash: b.Chain, Period: b.PeriodSeconds, Genesis: b.Genesis, Key: b.Key}
		}
		r.Draws = append(r.Draws, dr)
	}
	return r
}

// campaignTo writes a campaign; nil for the zero value that comes with an error.
func campaignTo(c engine.Campaign) *fairlotv1.Campaign {
	if c.State == 0 {
		return nil
	}
	r := c.Rules
	out := &fairlotv1.Campaign{
		Name: "campaigns/" + hex.EncodeToString(c.ID[:]), Slug: c.Slug, State: fairlotv1.CampaignState(c.State), Etag: c.Etag,
		Title: textsTo(r.Title), Description: textsTo(r.Description), Notice: textsTo(r.Notice), Claim: textsTo(r.Claim), ClaimProxy: r.Claiming.Proxy, GuardianBelow: int32(r.Claiming.GuardianBelow), NoticeHash: hex.EncodeToString(c.NoticeHash[:]),
		SurveyJson: r.Survey, Register: r.Register, ChancesCap: int32(r.ChancesCap), Batch: int32(r.Batch),
		EntriesEnd: timestamppb.New(r.EntriesEnd), ObjectionsEnd: timestamppb.New(r.ObjectionsEnd), RetentionDays: int32(r.Retention),
		Threshold: int32(r.Threshold), Notifiers: r.Notifiers, OpenRecord: string(c.OpenRecord), TaxAbove: r.TaxAbove, Audit: int32(r.Audit), Auditor: int32(r.Auditor),
	}
	if l := r.WinnerList; l != (engine.WinnerList{}) {
		out.WinnerList = &fairlotv1.WinnerList{CompoundSurnames: l.Compounds}
		for number, mask := range nameMasks {
			if mask == l.Name {
				out.WinnerList.Name = number
			}
		}
		for number, mask := range idMasks {
			if mask == l.IDNumber {
				out.WinnerList.IdNumber = number
			}
		}
	}
	for _, title := range r.Strata {
		out.Strata = append(out.Strata, &fairlotv1.Stratum{Title: textsTo(title)})
	}
	for number, by := range strataBy {
		if by == r.StrataBy {
			out.StrataBy = number
		}
	}
	if x := r.Excluded; x != nil {
		out.Excluded = &fairlotv1.Exclusion{Persons: x.Persons, Hash: x.Hash.String()}
	}
	if len(c.OpenRecord) > 0 {
		out.OpenHash = hex.EncodeToString(c.OpenHash[:])
	}
	if len(r.Draws) > 0 {
		out.Proof = map[engine.Proof]fairlotv1.Proof{engine.ProofToken: fairlotv1.Proof_PROOF_TOKEN, engine.ProofNone: fairlotv1.Proof_PROOF_NONE}[r.Proof]
		out.Form = &fairlotv1.EntryForm{
			Birth: fairlotv1.FieldRule(r.Form.Birth), Card: fairlotv1.FieldRule(r.Form.Card), Guardian: fairlotv1.FieldRule(r.Form.Guardian),
			Phone: fairlotv1.FieldRule(r.Form.Phone), Email: fairlotv1.FieldRule(r.Form.Email), Address: fairlotv1.FieldRule(r.Form.Address),
		}
	}
	for _, k := range r.Consents {
		out.Consents = append(out.Consents, &fairlotv1.Consent{Code: k.Code, Text: textsTo(k.Text), Required: k.Required, AboutAnswers: k.AboutAnswers})
	}
	for _, k := range r.Custodians {
		out.Custodians = append(out.Custodians, &fairlotv1.Custodian{Recipient: k.Recipient, Cosigner: k.Cosigner})
	}
	for _, d := range r.Draws {
		dr := &fairlotv1.DrawRules{Alternates: d.Alternates, ClaimDays: d.ClaimDays, Forfeit: d.Forfeit, MarginSeconds: d.Margin, DrawTime: timestamppb.New(d.DrawTime), Proportional: d.Proportional, EarlierWinnersOut: d.EarlierWinnersOut}
		for _, t := range d.Tiers {
			dr.Tiers = append(dr.Tiers, &fairlotv1.Tier{Count: t.Count, Title: textsTo(t.Title), Value: t.Value, Stratum: int32(t.Stratum)})
		}
		if b := d.Beacon; b != nil {
			dr.Beacon = &fairlotv1.Beacon{Chain: b.Hash, PeriodSeconds: b.Period, Genesis: b.Genesis, Key: b.Key}
		}
		out.Draws = append(out.Draws, dr)
	}
	return out
}

// oneTextEach refuses a text that is given twice in one language: one of the two would be lost.
func oneTextEach(c *fairlotv1.Campaign) error {
	var err error
	check := func(texts []*fairlotv1.LocalizedText, path string, at ...any) {
		if err == nil && len(textsFrom(texts)) != len(texts) {
			err = fieldInvalid(fmt.Sprintf("campaign."+path, at...), "language", "give each language once")
		}
	}
	check(c.Title, "title")
	check(c.Description, "description")
	check(c.Claim, "claim")
	check(c.Notice, "notice")
	for i, k := range c.Consents {
		check(k.Text, "consents[%d].text", i)
	}
	for i, s := range c.Strata {
		check(s.Title, "strata[%d].title", i)
	}
	for i, d := range c.Draws {
		for j, t := range d.Tiers {
			check(t.Title, "draws[%d].tiers[%d].title", i, j)
		}
	}
	return err
}

func fieldInvalid(path, reason, text string) error {
	return &engine.Error{Reason: engine.FieldInvalid, Text: text, Fields: []engine.Field{{Path: path, Reason: reason, Text: text}}}
}

func textsFrom(in []*fairlotv1.LocalizedText) engine.Texts {
	out := engine.Texts{}
	for _, t := range in {
		out[t.Lang] = t.Text
	}
	return out
}

func textsTo(in engine.Texts) []*fairlotv1.LocalizedText {
	var out []*fairlotv1.LocalizedText
	for _, lang := range []string{"zh-Hant-TW", "en"} {
		if s, ok := in[lang]; ok {
			out = append(out, &fairlotv1.LocalizedText{Lang: lang, Text: s})
		}
	}
	return out
}

func timeFrom(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
