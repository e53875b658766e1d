package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/store"
)

// KeyHolder is one whose key a campaign names.
type KeyHolder struct {
	Recipient string
	Custodian int    // from 1; 0 if only a notifier
	Notifier  int    // from 1; 0 if only a custodian
	Challenge []byte // age file to the recipient; nil once the campaign is open
	Statement []byte // that the key was shown; nil if it was not
}

// KeyCheck is whose keys a campaign names, and who has shown that they hold theirs.
type KeyCheck struct {
	List    []byte // custody.KeyList's text, which statements are about
	Holders []KeyHolder
}

// KeyCheck makes fresh challenges for all holders of keys of a draft, and says who has answered one. Of an open campaign it says that only. Reasons:
// CAMPAIGN_NOT_FOUND, RULES_INVALID if the keys cannot be a campaign's.
func (e *Engine) KeyCheck(ctx context.Context, id store.CampaignID) (KeyCheck, error) {
	c, r, err := e.campaign(ctx, id)
	if err != nil {
		return KeyCheck{}, err
	}
	list, err := e.keyList(c, r)
	if err != nil {
		return KeyCheck{}, err
	}
	hash, out := list.Hash(), KeyCheck{List: list.Marshal()}
	for _, to := range list.Recipients() {
		h := KeyHolder{Recipient: to, Custodian: list.Custodian(to), Notifier: 1 + slices.Index(r.Notifiers, to), Statement: e.statementOf(list, r, to)}
		if c.State == store.Draft {
			secret, err := e.challenge(hash, to)
			if err != nil {
				return KeyCheck{}, err
			}
			if h.Challenge, err = custody.SealChallenge(hash, to, secret); err != nil {
				return KeyCheck{}, fmt.Errorf("make a challenge: %w", err)
			}
		}
		out.Holders = append(out.Holders, h)
	}
	return out, nil
}

// AddKeyStatement attaches a statement to a draft; the same holder's once more changes nothing. It is checked now and again at the opening. Reasons:
// CAMPAIGN_NOT_FOUND, CAMPAIGN_OPEN, RULES_INVALID, ETAG_STALE, FIELD_INVALID with what is wrong with it.
func (e *Engine) AddKeyStatement(ctx context.Context, id store.CampaignID, text []byte) (Campaign, error) {
	s, err := custody.ParseStatement(text)
	if err != nil {
		return Campaign{}, badStatement("form", "this is no key statement: attach the file that `fairlot keys check --draft` wrote")
	}
	c, r, err := e.campaign(ctx, id)
	if err != nil {
		return Campaign{}, err
	}
	if c.State != store.Draft {
		return Campaign{}, refuse(CampaignOpen, "the campaign is open: its keys cannot change any more, and no statement is needed")
	}
	list, err := e.keyList(c, r)
	if err != nil {
		return Campaign{}, err
	}
	if err := e.checkStatement(list, s); err != nil {
		return Campaign{}, err
	}
	if e.statementOf(list, r, s.Recipient) != nil {
		return e.view(c)
	}
	r.Statements = append(r.Statements, string(text))
	body, err := encodeRules(&r)
	if err != nil {
		return Campaign{}, err
	}
	c, err = e.Registry.UpdateDraft(ctx, id, c.Version, body)
	if err != nil {
		return Campaign{}, e.draftErr(err)
	}
	return e.view(c)
}

func badStatement(reason, text string) error {
	return &Error{Reason: FieldInvalid, Text: text, Fields: []Field{{"statement", reason, text}}}
}

// keyList is what the holders of a campaign's keys are asked to agree to.
func (e *Engine) keyList(c store.Campaign, r Rules) (custody.KeyList, error) {
	if len(r.Draws) == 0 {
		return custody.KeyList{}, refuse(RulesInvalid, "a campaign without draws has no custodians and notifiers, so there are no keys to check")
	}
	if fields := append(r.checkKeys(), r.checkHolders()...); len(fields) > 0 {
		return custody.KeyList{}, &Error{Reason: RulesInvalid, Text: "the draft's custodians and notifiers cannot be a campaign's: correct what is listed", Fields: fields}
	}
	l := custody.KeyList{Campaign: c.ID, Log: e.installation.LogKey, Threshold: r.Threshold, Notifiers: r.Notifiers}
	for _, k := range r.Custodians {
		l.Custodians = append(l.Custodians, custody.Holder{Recipient: k.Recipient, VKey: k.Cosigner})
	}
	return l, nil
}

// challenge is the secret that is sealed to a holder. It follows from the log key, so no daemon needs to keep it, and only whoever has the key folder, or opens
// what is sealed to the holder, knows it: Ed25519 is deterministic, and nobody else gets this signature, which is over no checkpoint.
func (e *Engine) challenge(list [32]byte, recipient string) ([32]byte, error) {
	sig, err := e.LogSigner.Sign(custody.ChallengeText(list, recipient))
	if err != nil {
		return [32]byte{}, fmt.Errorf("make a challenge: %w", err)
	}
	return sha256.Sum256(sig), nil
}

// checkStatement refuses a statement that does not show that one of the list's holders holds their keys.
func (e *Engine) checkStatement(list custody.KeyList, s custody.Statement) error {
	hash := list.Hash()
	switch {
	case s.Keys != hash:
		return badStatement("other", "this statement is about other keys, another threshold or another campaign than the draft has now: let its maker check the draft as it is (`fairlot campaign check --out FILE`)")
	case !slices.Contains(list.Recipients(), s.Recipient):
		return badStatement("stranger", "this statement is of a key that the draft does not name")
	}
	secret, err := e.challenge(hash, s.Recipient)
	if err != nil {
		return err
	}
	if err := s.Answers(secret); err != nil {
		return badStatement("answer", "this statement does not show that its maker can open what is sealed to the recipient: let them run `fairlot keys check --draft` with a file that this daemon made")
	}
	n := list.Custodian(s.Recipient)
	if n == 0 {
		if s.Signature != nil {
			return badStatement("form", "a notifier's statement has no signature")
		}
		return nil
	}
	key, err := ledger.ParseVKey(list.Custodians[n-1].VKey)
	if err != nil || !key.VerifyStatement(s.Signed(), s.Signature) {
		return badStatement("signature", fmt.Sprintf("this statement is not signed by the cosigning key that the draft lists for custodian %d: recipient and cosigner must be of one key file", n))
	}
	return nil
}

// statementOf is the attached statement by which a holder shows the key for this very list, nil if there is none.
func (e *Engine) statementOf(list custody.KeyList, r Rules, recipient string) []byte {
	for _, text := range r.Statements {
		if s, err := custody.ParseStatement([]byte(text)); err == nil && s.Recipient == recipient && e.checkStatement(list, s) == nil {
			return []byte(text)
		}
	}
	return nil
}

// unshown are the holders who have not shown their keys yet.
func (e *Engine) unshown(list custody.KeyList, r Rules) (fields []Field) {
	for _, to := range list.Recipients() {
		if e.statementOf(list, r, to) != nil {
			continue
		}
		path := fmt.Sprintf("campaign.custodians[%d]", list.Custodian(to)-1)
		if list.Custodian(to) == 0 {
			path = fmt.Sprintf("campaign.notifiers[%d]", slices.Index(r.Notifiers, to))
		}
		fields = append(fields, Field{path, "unshown", "whoever has this key has not shown that they hold it: they run `fairlot keys check --draft` on their own machine"})
	}
	return fields
}

// keptStatements are those of a draft's statements that are still about its keys once the draft is replaced.
func (e *Engine) keptStatements(c store.Campaign, old []string, r Rules) (kept []string) {
	if len(old) == 0 {
		return nil
	}
	list, err := e.keyList(c, r)
	if err != nil {
		return nil
	}
	for _, text := range old {
		if s, err := custody.ParseStatement([]byte(text)); err == nil && s.Keys == list.Hash() {
			kept = append(kept, text)
		}
	}
	return kept
}

// checkHolders finds what a campaign with draws lacks in custodians and notifiers.
func (r *Rules) checkHolders() (fields []Field) {
	if len(r.Custodians) == 0 {
		fields = append(fields, Field{"campaign.custodians", "required", "name at least one custodian, better three: run `fairlot keys new custodian` on each one's own machine"})
	}
	if r.Threshold < 1 || r.Threshold > len(r.Custodians) {
		fields = append(fields, Field{"campaign.threshold", "range", "the threshold must lie between 1 and the number of custodians"})
	}
	if len(r.Notifiers) == 0 {
		fields = append(fields, Field{"campaign.notifiers", "required", "name at least one notifier: run `fairlot keys new notifier`"})
	}
	return fields
}

// checkKeys finds what is wrong with the form of custodians' and notifiers' keys.
func (r *Rules) checkKeys() (fields []Field) {
	for i, c := range r.Custodians {
		if _, _, err := draw.ParseVKey(c.Cosigner, draw.AlgCosignature); err != nil {
			fields = append(fields, Field{fmt.Sprintf("campaign.custodians[%d].cosigner", i), "form", "this is not a cosigning key: copy the line that `fairlot keys new custodian` printed"})
		}
	}
	if len(r.Custodians) > 0 {
		recipients := make([]string, len(r.Custodians))
		for i, c := range r.Custodians {
			recipients[i] = c.Recipient
		}
		if _, err := custody.ParseRecipients(recipients...); err != nil {
			fields = append(fields, Field{"campaign.custodians", "recipient", recipientText(err)})
		}
	}
	if len(r.Notifiers) > 0 {
		if _, err := custody.ParseRecipients(r.Notifiers...); err != nil {
			fields = append(fields, Field{"campaign.notifiers", "recipient", recipientText(err)})
		}
	}
	return fields
}

// recipientText says what to do about recipients that custody.ParseRecipients refused.
func recipientText(err error) string {
	switch {
	case errors.Is(err, custody.ErrPlugin):
		return "the daemon runs no age plugin: name a recipient that `fairlot keys new` printed; a plugin can protect the key file itself (`fairlot keys new --identity`)"
	case errors.Is(err, custody.ErrMixed):
		return "some of these recipients are post-quantum (age1pq1…) and some are not: let all be of one kind, better post-quantum"
	case errors.Is(err, custody.ErrTwice):
		return "a recipient stands here twice: each person needs an own key"
	case errors.Is(err, custody.ErrCount):
		return "name between 1 and 9 recipients"
	}
	return "one of these is not a recipient: copy the line that `fairlot keys new` printed, whole"
}
