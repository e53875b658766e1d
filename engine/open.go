package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/store"
	"fairlot/survey"
)

// Names of a campaign's secrets in Keys.
func tagKeyName(id store.CampaignID) string { return fmt.Sprintf("tag-%x", id[:]) }
func epochKeyName(id store.CampaignID, epoch uint32) string {
	return fmt.Sprintf("epoch-%x-%d", id[:], epoch)
}

// RequestOpening asks for the opening of a draft, which another person must approve. What keeps it from opening is told at once. Reasons: CAMPAIGN_NOT_FOUND,
// CAMPAIGN_OPEN, ETAG_STALE, RULES_INVALID, SURVEY_INVALID.
//
// With a time `at` it opens by itself then, as it is now: once it is changed, nothing opens. The zero time is as soon as it is approved. FIELD_INVALID if
// the time is over.
//
// With draws every custodian and notifier must have shown their keys (AddKeyStatement), unless unchecked: then the rules file says in public that they have not.
func (e *Engine) RequestOpening(ctx context.Context, by Actor, id store.CampaignID, etag string, at time.Time, unchecked bool) (Approval, error) {
	if !at.IsZero() {
		if at = at.UTC().Truncate(time.Second); !at.After(e.Now()) {
			return Approval{}, &Error{Reason: FieldInvalid, Text: "a timed opening lies in the future: to open once it is approved, leave the time out",
				Fields: []Field{{"open_time", "past", "name a time that has not come yet"}}}
		}
	}
	act, err := e.openingAct(ctx, id, etag, at, unchecked)
	if err != nil {
		return Approval{}, err
	}
	return e.request(ctx, by, store.Approval{Kind: ApproveOpen, Campaign: id, Act: act, NotBefore: at})
}

// CheckOpening is what would keep a draft from opening now, its keys aside, as RequestOpening would refuse it; nil if nothing does. It changes nothing. Reasons:
// CAMPAIGN_NOT_FOUND, CAMPAIGN_OPEN, RULES_INVALID, SURVEY_INVALID.
func (e *Engine) CheckOpening(ctx context.Context, id store.CampaignID) error {
	c, _, err := e.campaign(ctx, id)
	if err == nil {
		_, err = e.openingAct(ctx, id, etagOf(c), time.Time{}, true)
	}
	return err
}

// openingAct is the text of an opening: the version of the draft, and the record that would be logged.
func (e *Engine) openingAct(ctx context.Context, id store.CampaignID, etag string, at time.Time, unchecked bool) ([]byte, error) {
	c, rules, record, _, err := e.planOpening(ctx, id, etag, at, unchecked)
	if err != nil {
		return nil, err
	}
	lines := []string{"etag " + etag, "record " + draw.HashOf(record).String()}
	if len(rules.Draws) > 0 {
		lines = append(lines, "keys "+pick(unchecked, keysUnchecked, "checked"))
	}
	if !at.IsZero() {
		lines = append(lines, "time "+at.Format(time.RFC3339))
	}
	return actText(ApproveOpen, c, lines...), nil
}

// keysUnchecked stands in the act of an opening for which nobody had to show a key.
const keysUnchecked = "unchecked"

func (e *Engine) openingNow(ctx context.Context, a store.Approval) ([]byte, error) {
	return e.openingAct(ctx, a.Campaign, actValue(a.Act, "etag"), a.NotBefore, actValue(a.Act, "keys") == keysUnchecked)
}

func (e *Engine) doOpening(ctx context.Context, a store.Approval) error {
	c, err := e.Registry.Campaign(ctx, a.Campaign)
	if err == nil && c.State != store.Draft && draw.HashOf(c.OpenRecord).String() == actValue(a.Act, "record") {
		return nil // opened by an earlier try
	}
	if !a.NotBefore.IsZero() { // it was approved long ago
		if err := e.stand(ctx, a.Requester, a.Decider); err != nil {
			return err
		}
	}
	_, err = e.openCampaign(ctx, a.Campaign, actValue(a.Act, "etag"), actValue(a.Act, "keys") == keysUnchecked)
	return err
}

// planOpening is all of an opening at a time, or now, that changes nothing.
func (e *Engine) planOpening(ctx context.Context, id store.CampaignID, etag string, at time.Time, unchecked bool) (c store.Campaign, rules Rules, record []byte, files map[store.Hash][]byte, err error) {
	if c, rules, err = e.campaign(ctx, id); err != nil {
		return
	}
	if err = draftAt(c, etag); err != nil { // of the very version that is read here: another one may be there a moment later
		return
	}
	if at.Before(e.Now()) {
		at = e.Now()
	}
	if err = e.checkOpening(rules, at); err != nil {
		return
	}
	if err = e.checkExclusion(ctx, id, rules); err != nil {
		return
	}
	if len(rules.Draws) > 0 && !unchecked {
		if err = e.checkKeyHolders(c, rules); err != nil {
			return
		}
	}
	record, files, err = e.openRecord(c, rules, unchecked)
	return
}

// checkKeyHolders refuses keys that nobody has shown to hold.
func (e *Engine) checkKeyHolders(c store.Campaign, rules Rules) error {
	list, err := e.keyList(c, rules)
	if err != nil {
		return err
	}
	if fields := e.unshown(list, rules); len(fields) > 0 {
		return &Error{Reason: RulesInvalid, Text: "the campaign does not open before every custodian and notifier has shown that they hold their key", Fields: fields}
	}
	return nil
}

// openCampaign fixes a draft in an open record of the log and opens its gate. Everything that keeps it from opening is told at once.
// The order is: keys, then record and state together, then gate; New makes a gate that a crash left out, so an open campaign always
// gets one. Repeating it on an open campaign returns CAMPAIGN_OPEN. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_OPEN, ETAG_STALE,
// RULES_INVALID, SURVEY_INVALID.
func (e *Engine) openCampaign(ctx context.Context, id store.CampaignID, etag string, unchecked bool) (Campaign, error) {
	ctx, done, err := e.asHolder(ctx)
	if err != nil {
		return Campaign{}, err
	}
	defer done()
	c, rules, record, files, err := e.planOpening(ctx, id, etag, time.Time{}, unchecked)
	if err != nil {
		return Campaign{}, err
	}
	if len(rules.Draws) > 0 {
		if _, err := e.Keys.Create(tagKeyName(id)); err != nil {
			return Campaign{}, e.fault(err)
		}
	}
	if _, err := e.Keys.Create(epochKeyName(id, 1)); err != nil {
		return Campaign{}, e.fault(err)
	}
	err = e.appendRecord(ctx, record, store.Transition{
		Campaign: id, From: store.Draft, To: store.Open, Version: c.Version, OpenRecord: record, Draws: len(rules.Draws), Files: files,
	})
	if errors.Is(err, store.ErrConflict) {
		return Campaign{}, refuse(EtagStale, "somebody else changed or opened the draft: read it again")
	}
	if err != nil {
		return Campaign{}, e.fault(err)
	}
	if err := e.createGate(ctx, id, rules, record); err != nil {
		return Campaign{}, err
	}
	c, err = e.Registry.Campaign(ctx, id)
	if err != nil {
		return Campaign{}, e.fault(err)
	}
	return e.view(c)
}

// createGate makes the gate of an open campaign and records that, so that it is never made again on an identity room that has lost it.
func (e *Engine) createGate(ctx context.Context, id store.CampaignID, rules Rules, record []byte) error {
	err := e.Identity.CreateGate(ctx, store.Gate{
		Campaign: id, State: store.GateOpen, Epoch: 1, End: rules.EntriesEnd, OpenHash: store.Hash(draw.HashOf(record)),
	})
	if err == nil {
		err = e.Registry.SetGateMade(ctx, id)
	}
	return e.fault(err)
}

// gateOf is the gate of a campaign that is not closed. One that was opened a moment ago, by somebody who may have ended since, gets it now.
func (e *Engine) gateOf(ctx context.Context, o *opened, c store.Campaign) (store.Gate, error) {
	gate, err := e.Identity.Gate(ctx, c.ID)
	if !errors.Is(err, store.ErrNotFound) || c.GateMade || c.State != store.Open {
		return gate, err
	}
	if err := e.createGate(ctx, c.ID, o.rules, c.OpenRecord); err != nil {
		return gate, err
	}
	return e.Identity.Gate(ctx, c.ID)
}

// checkOpening is all that can be wrong with rules that are to open at an instant.
func (e *Engine) checkOpening(rules Rules, at time.Time) error {
	fields := rules.checkRules(at)
	if rules.Survey != "" {
		if _, err := survey.Parse([]byte(rules.Survey)); err != nil {
			var def *survey.DefinitionError
			if !errors.As(err, &def) {
				return &Error{Reason: SurveyInvalid, Text: "the survey cannot be read: " + err.Error()}
			}
			for _, p := range def.Problems {
				fields = append(fields, Field{strings.TrimSpace("campaign.survey_json " + p.Path), "survey", p.Text})
			}
		}
	}
	fields = append(fields, rules.checkKeys()...)
	for i, d := range rules.Draws {
		if err := d.chain().Validate(); err != nil {
			fields = append(fields, Field{fmt.Sprintf("campaign.draws[%d].beacon", i), "chain", "this is no beacon chain that can be verified: copy hash, key, period and genesis from the chain's own info"})
		} else if d.chain().Time(1).After(d.DrawTime) {
			fields = append(fields, Field{fmt.Sprintf("campaign.draws[%d].beacon", i), "order", "this beacon begins after the draw is due: check its genesis"})
		}
	}
	if len(fields) > 0 {
		return &Error{Reason: RulesInvalid, Text: "the campaign cannot open like this: correct what is listed", Fields: fields}
	}
	return nil
}

// chain is the beacon chain of a draw, quicknet if none is named.
func (d DrawRules) chain() beacon.Chain {
	if d.Beacon == nil {
		return beacon.Quicknet()
	}
	c := beacon.Chain{Scheme: beacon.Scheme, Period: uint32(d.Beacon.Period), Genesis: d.Beacon.Genesis}
	copy(c.Hash[:], d.Beacon.Hash)
	copy(c.Key[:], d.Beacon.Key)
	return c
}

// openRecord builds the open record and the files that it names.
func (e *Engine) openRecord(c store.Campaign, rules Rules, unchecked bool) ([]byte, map[store.Hash][]byte, error) {
	policy, err := e.policyFile(rules)
	if err != nil {
		return nil, nil, err
	}
	files := map[store.Hash][]byte{}
	put := func(b []byte) draw.Hash {
		h := draw.HashOf(b)
		files[store.Hash(h)] = b
		return h
	}
	open := &draw.Open{
		Campaign: draw.CampaignID(c.ID), Log: e.installation.LogKey, Receipt: e.installation.ReceiptKey,
		Institution: e.installation.Institution, Zone: zoneName,
		Rules: put(rulesFile(c.ID, c.Slug, rules, unchecked)), Notice: put(noticeFile(rules)), Policy: put(policy),
		Threshold: rules.Threshold, Notifiers: rules.Notifiers, Proof: string(rules.Proof), Register: rules.Register,
		Chances: rules.ChancesCap, Batch: rules.Batch, EntriesEnd: rules.EntriesEnd, ObjectionsEnd: rules.ObjectionsEnd, Audit: rules.Audit,
	}
	if x := rules.Excluded; x != nil {
		open.Excluded = &draw.Excluded{Count: x.Persons, Hash: x.Hash}
	}
	for _, k := range rules.Custodians {
		open.Custodians = append(open.Custodians, draw.Custodian{Recipient: k.Recipient, VKey: k.Cosigner})
	}
	for _, d := range rules.Draws {
		chain := d.chain()
		dr := draw.DrawRules{
			Strata: rules.strata(), Alternates: int(d.Alternates), ClaimDays: int(d.ClaimDays), Forfeit: d.Forfeit,
			EarlierWinnersOut: d.EarlierWinnersOut, Margin: int(d.Margin), DeadDays: deadDays, Round: chain.RoundAt(d.DrawTime),
			Beacon: draw.Beacon{Chain: draw.Hash(chain.Hash), Scheme: chain.Scheme, Period: int(chain.Period), Genesis: chain.Genesis, Key: chain.Key},
		}
		if d.Proportional {
			dr.Proportional = int(d.Tiers[0].Count)
		} else {
			dr.Tiers = tiersOf(d)
		}
		open.Draws = append(open.Draws, dr)
	}
	record, err := open.Marshal()
	if err != nil {
		return nil, nil, &Error{Reason: RulesInvalid, Text: "the rules do not fit an open record: " + err.Error()}
	}
	return record, files, nil
}

// policyFile is the witness policy: the custodians, as many of them as open an envelope, and if the installation has independent witnesses with a quorum, that
// quorum besides.
func (e *Engine) policyFile(rules Rules) ([]byte, error) {
	witnesses := make([]ledger.Witness, len(rules.Custodians))
	for i, c := range rules.Custodians {
		key, err := ledger.ParseVKey(c.Cosigner)
		if err != nil {
			return nil, err
		}
		witnesses[i] = ledger.Witness{Name: fmt.Sprintf("custodian-%d", i+1), Key: key}
	}
	policy, err := ledger.PrintPolicy(e.installation.LogKey, witnesses, rules.Threshold)
	if err != nil {
		return nil, &Error{Reason: RulesInvalid, Text: "the custodians' cosigning keys make no policy: " + err.Error(),
			Fields: []Field{{"campaign.custodians", "cosigner", "give each custodian an own cosigning key"}}}
	}
	if e.Witnesses == nil || e.Witnesses.Quorum() == "none" || len(witnesses) == 0 {
		return policy, nil
	}
	custodians, err := ledger.ParsePolicy(policy)
	if err != nil {
		return nil, err
	}
	both, err := custodians.And(e.Witnesses)
	if err != nil {
		return nil, &Error{Reason: RulesInvalid, Text: "custodians and independent witnesses make no policy: " + err.Error(),
			Fields: []Field{{"campaign.custodians", "cosigner", "a custodian's cosigning key must not be that of an independent witness"}}}
	}
	return []byte(both.String()), nil
}

// roundWait says how long it is until a round is due, with a second for the relays; 0 if it is due.
func (e *Engine) roundWait(chain beacon.Chain, round uint64) time.Duration {
	if wait := chain.Time(round).Sub(e.Now()); wait > 0 {
		return wait + time.Second
	}
	return 0
}
