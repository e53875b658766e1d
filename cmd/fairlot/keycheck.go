package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"google.golang.org/grpc"

	"fairlot/cmd/fairlot/client"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/fairlot/rules"
	"fairlot/crypto/custody"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type campaignCheck struct {
	Name string `arg:"" help:"Slug or id of the draft."`
	Out  string `placeholder:"FILE" help:"New file for custodians and notifiers, who answer it with fairlot keys check --draft."`
}

// Help is shown below the usage.
func (campaignCheck) Help() string {
	return `A campaign with draws does not open before every custodian and notifier has shown, from their own machine, that they hold the key
that the draft lists. This says who has, and what it means if a key is lost. With --out it writes the file that they check: send it to all of them,
and attach what they send back with fairlot campaign attach. If keys or threshold of the draft change, they check anew.

Example: fairlot campaign check autumn-reading --out autumn.keys`
}

// Run says what a draft promises, and who has shown their keys.
func (cmd *campaignCheck) Run(a *app) error {
	if cmd.Out != "" {
		if err := free(cmd.Out); err != nil {
			return err
		}
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	a.printf("%s, %s\n", c.Slug, stateName(c))
	a.promises(c)
	if len(c.Draws) == 0 {
		if cmd.Out != "" {
			return usage("--out: a campaign without draws has no custodians and notifiers, so there are no keys to check")
		}
		return nil
	}
	k, missing, err := a.keyCheck(conn, c)
	if err != nil {
		return err
	}
	list, err := custody.ParseKeyList([]byte(k.Keys))
	if err != nil {
		return err
	}
	hash := list.Hash()
	a.printf("keys %x\n", hash[:])
	if c.State == fairlotv1.CampaignState_CAMPAIGN_STATE_DRAFT {
		a.printf("(by telephone: whose `keys check --draft` prints another beginning than %x has a file of another version, and needs the newest)\n", hash[:4])
	}
	for _, h := range k.Holders {
		a.printf("%s: %s\n", holderName(c, h), map[bool]string{true: "has shown the key", false: "HAS NOT SHOWN THE KEY YET"}[h.Statement != ""])
	}
	if cmd.Out == "" {
		if missing > 0 && c.State == fairlotv1.CampaignState_CAMPAIGN_STATE_DRAFT {
			a.printf("next: fairlot campaign check %s --out FILE   makes the file that they answer\n", c.Slug)
		}
		return nil
	}
	if c.State != fairlotv1.CampaignState_CAMPAIGN_STATE_DRAFT {
		return fmt.Errorf("%s is not a draft any more: there is nothing left to answer", c.Slug)
	}
	d := &custodian.Draft{Slug: c.Slug, Title: map[string]string{}, Keys: k.Keys, Auditor: int(c.Auditor), Challenges: map[string][]byte{}}
	for _, t := range c.Title {
		d.Title[t.Lang] = t.Text
	}
	for _, h := range k.Holders {
		d.Challenges[h.Recipient] = h.Challenge
	}
	b, err := d.Marshal()
	if err != nil {
		return err
	}
	if err := os.WriteFile(cmd.Out, b, 0o644); err != nil { // nothing in it is secret: what is, only its addressee opens
		return err
	}
	a.printf("next: send %s to all of them, who run `fairlot keys check --key FILE --draft %s --out STATEMENT`; then `fairlot campaign attach %s STATEMENT…`\n", cmd.Out, cmd.Out, c.Slug)
	return nil
}

// keyCheck asks who has shown their keys, and counts who has not.
func (a *app) keyCheck(conn *grpc.ClientConn, c *fairlotv1.Campaign) (k *fairlotv1.KeyCheck, missing int, err error) {
	k, err = fairlotv1.NewCampaignServiceClient(conn).GetKeyCheck(a.ctx, &fairlotv1.GetKeyCheckRequest{Name: c.Name})
	if err != nil {
		return nil, 0, a.explain("check the keys of "+c.Slug, err)
	}
	for _, h := range k.Holders {
		if h.Statement == "" {
			missing++
		}
	}
	return k, missing, nil
}

// stated is how a draft's keys stand, nil if that cannot be said, as of rules whose keys cannot be a list.
func (a *app) stated(conn *grpc.ClientConn, c *fairlotv1.Campaign) *fairlotv1.KeyCheck {
	if len(c.Draws) == 0 {
		return nil
	}
	k, _, err := a.keyCheck(conn, c)
	if err != nil {
		return nil
	}
	return k
}

// restate says who must show their keys anew after a draft was replaced.
func (a *app) restate(c *fairlotv1.Campaign, before, after *fairlotv1.KeyCheck) {
	gone := int64(0)
	for _, h := range before.GetHolders() {
		if h.Statement != "" {
			gone++
		}
	}
	if gone == 0 || after.GetKeys() == before.GetKeys() {
		return
	}
	a.printf("custodians, notifiers or threshold are others now: %s no longer, and all must check anew\n", plural(gone, "statement counts", "statements count"))
	for _, h := range after.GetHolders() {
		a.printf("  %s\n", holderName(c, h))
	}
	a.printf("tell them that the older file is out of date, and send them the new one: fairlot campaign check %s --out FILE\n", c.Slug)
}

// holderName says who a holder is: custodians by the name of their cosigning key.
func holderName(c *fairlotv1.Campaign, h *fairlotv1.KeyHolder) string {
	if h.Custodian == 0 {
		return fmt.Sprintf("notifier %d", h.Notifier) + map[bool]string{true: ", the auditor"}[c.Audit > 0 && h.Notifier == c.Auditor]
	}
	name := fmt.Sprintf("custodian %d", h.Custodian)
	if int(h.Custodian) <= len(c.Custodians) {
		label, _, _ := strings.Cut(c.Custodians[h.Custodian-1].Cosigner, "+")
		name += " (" + label + ")"
	}
	if h.Notifier > 0 {
		name += fmt.Sprintf(", also notifier %d", h.Notifier)
	}
	return name
}

type campaignAttach struct {
	Name       string   `arg:"" help:"Slug or id of the draft."`
	Statements []string `arg:"" help:"Files that fairlot keys check --draft wrote."`
}

// Help is shown below the usage.
func (campaignAttach) Help() string {
	return `Each statement is checked by the daemon: it shows that whoever made it can open what is sealed to the key that the draft lists, and a
custodian's is signed by the cosigning key beside it. Attaching one twice changes nothing.

Example: fairlot campaign attach autumn-reading maria.statement chen.statement lin.statement desk.statement`
}

// Run attaches statements to a draft.
func (cmd *campaignAttach) Run(a *app) error {
	var texts [][]byte
	for _, path := range cmd.Statements {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, err := custody.ParseStatement(b); err != nil {
			return fmt.Errorf("read %s: want what `fairlot keys check --draft` wrote: %w", path, err)
		}
		texts = append(texts, b)
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	for i, b := range texts {
		if c, err = fairlotv1.NewCampaignServiceClient(conn).AddKeyStatement(a.ctx, &fairlotv1.AddKeyStatementRequest{Name: c.Name, Statement: string(b)}); err != nil {
			return attachHint(a.explain("attach "+cmd.Statements[i], err), cmd.Name)
		}
		a.printf("attached %s\n", cmd.Statements[i])
	}
	_, missing, err := a.keyCheck(conn, c)
	if err != nil {
		return err
	}
	if missing > 0 {
		a.printf("%s not shown yet: fairlot campaign check %s\n", plural(int64(missing), "key is", "keys are"), c.Slug)
		return nil
	}
	a.printf("all keys are shown; next: fairlot campaign open %s\n", c.Slug)
	return nil
}

// statedFile is where a key remembers the list that its owner agreed to before the opening.
func statedFile(key string) string { return key + ".stated" }

// readStated reads that list; nil if none was agreed to.
func readStated(key string) ([]byte, error) {
	b, err := private.Read(statedFile(key), custody.MaxKeyList)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// oneCampaign refuses to state a key for a second campaign. One key file for two would confirm voids of one while its owner looks at the other, and open both
// once it is stolen. The rule stands here, in its owner's hands: an operator's program need not keep it.
func oneCampaign(key string, d *custodian.Draft) error {
	const todo = "a key is for one campaign: make a new one with `fairlot keys new` for this one, and send the institution its public lines"
	pin, err := readPin(key)
	if err != nil {
		return err
	}
	if pin != nil {
		return fmt.Errorf("check key: this key was pinned to a campaign that is open already (%s): %s", pinFile(key), todo)
	}
	b, err := readStated(key)
	if err != nil || b == nil {
		return err
	}
	if old, err := custody.ParseKeyList(b); err != nil || old.Campaign != d.List.Campaign {
		return fmt.Errorf("check key: this key was stated for another campaign (%s): %s. If that one never opens, you may remove the file", statedFile(key), todo)
	}
	return nil
}

// checkDraft has the owner of a key agree to a draft's keys, and states that.
func (cmd *keysCheck) checkDraft(a *app, age *custody.Key, own *custodian.Key) error {
	if cmd.Out == "" {
		return usage("--out: name a new file for the statement that goes back to the institution")
	}
	if err := free(cmd.Out); err != nil {
		return err
	}
	b, err := os.ReadFile(cmd.Draft)
	if err != nil {
		return err
	}
	d, err := custodian.ParseDraft(b)
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.Draft, err)
	}
	if err := oneCampaign(cmd.Key, d); err != nil {
		return err
	}
	var s custody.Statement
	if own != nil {
		s, err = own.State(d)
	} else {
		s, err = custodian.StateNotifier(age, d)
	}
	if errors.Is(err, custodian.ErrNotNamed) {
		whose := map[bool]string{true: "a custodian's", false: "a notifier's"}[own != nil]
		return fmt.Errorf("check key: %w. %s is %s key: if it is the right file, send the institution its public lines, the .json that `fairlot keys new` printed; they put them into the draft and send you a new file", err, cmd.Key, whose)
	}
	if err != nil {
		return fmt.Errorf("check key: %w", err)
	}
	for _, lang := range []string{"zh-Hant-TW", "en"} {
		if t := d.Title[lang]; t != "" {
			a.printf("%q\n", t)
		}
	}
	log, _, _ := strings.Cut(d.List.Log, "+")
	a.printf("draft %q, campaign %x, log %s\n", d.Slug, d.List.Campaign[:], log)
	for i, h := range d.List.Custodians {
		name, _, _ := strings.Cut(h.VKey, "+")
		a.printf("  custodian %d  %s%s\n", i+1, name, map[bool]string{true: "  (this key 這把金鑰)"}[h.Recipient == age.Recipient()])
	}
	for i, n := range d.List.Notifiers {
		auditor := map[bool]string{true: ", the auditor 查核人"}[i+1 == d.Auditor]
		a.printf("  notifier %d%s%s\n", i+1, auditor, map[bool]string{true: "  (this key 這把金鑰)"}[n == age.Recipient()])
	}
	hash := d.List.Hash()
	a.printf("keys %x\n", hash[:])
	a.quorum(d.List.Threshold, len(d.List.Custodians))
	switch {
	case own != nil:
	case slices.Index(d.List.Notifiers, age.Recipient())+1 == d.Auditor:
		a.printf("這把金鑰是查核人的，只讀抽查樣本；遺失後，抽查樣本就沒有人能讀。\nThis key is the auditor's and reads the audit sample alone. If it is lost, nobody reads the sample.\n")
	default:
		a.printf("%s", notifierLoss)
	}
	a.printf("this key opened the test lock that was sealed to it 這把金鑰打得開封給它的測試鎖\n")
	question := "State that you hold this key and keep a copy in a safe place, and that these are the custodians? 聲明您持有這把金鑰、已另存副本，且保管人如上？"
	if err := a.confirm(cmd.Yes, question); err != nil {
		return err
	}
	if err := private.Replace(statedFile(cmd.Key), []byte(d.Keys)); err != nil {
		return err
	}
	if err := os.WriteFile(cmd.Out, s.Marshal(), 0o644); err != nil {
		return err
	}
	a.printf("statement in %s: send it back to the institution. When the campaign has opened, run `fairlot keys check --key %s --bundle …`\n", cmd.Out, cmd.Key)
	return nil
}

// notifierLoss is what the loss of notifiers' keys means.
const notifierLoss = "遺失全部通知人的金鑰，就無法通知得獎人。\nIf all notifiers' keys are lost, no winner can be written to.\n"

// quorum says in both languages what the loss of custodians' keys means.
func (a *app) quorum(k, n int) {
	zh, en := custodian.Quorum(k, n)
	a.printf("%s\n%s\n", zh, en)
}

// auditPromise holds a draft's audit sample against what its notice says of one.
func (a *app) auditPromise(c *fairlotv1.Campaign) {
	if c.Audit == 0 {
		return
	}
	for _, t := range c.Notice {
		switch said, most := rules.NoticeOfAudit(t.Lang, t.Text); {
		case most > 0 && int64(c.Audit) > most:
			a.printf("抽查樣本 %d 人，超過告知事項（%s）所說的至多 %d 人。\nTHE AUDIT SAMPLE OPENS %[1]d PERSONS OF EACH DRAW, AND THE NOTICE (%[2]s) PROMISES AT MOST %[3]d: %s\n", c.Audit, t.Lang, most, strings.Join(said, " / "))
		case len(said) > 0:
			a.printf("抽查樣本至多 %d 人，請與告知事項（%s）核對 the audit sample opens at most %[1]d persons of each draw; the notice (%[2]s) says: %s\n", c.Audit, t.Lang, strings.Join(said, " / "))
		}
	}
}

// promises says in words what the rules of a campaign mean for the people whose data it asks for.
func (a *app) promises(c *fairlotv1.Campaign) {
	switch n := int32(len(c.Custodians)); {
	case len(c.Draws) == 0 || n == 0:
	case c.Threshold < 1 || c.Threshold > n:
		a.printf("門檻 %d 不在 1 到 %d（保管人數）之間，這樣的活動無法開放。\nTHE THRESHOLD IS %d, AND MUST LIE BETWEEN 1 AND %d, the number of custodians: it does not open like this.\n", c.Threshold, n, c.Threshold, n)
	default:
		a.quorum(int(c.Threshold), len(c.Custodians))
	}
	a.auditPromise(c)
	if c.SurveyJson != "" && c.Batch > 0 && c.Batch < fewBatch {
		a.printf("每份答案只混在 %d 個人之中（建議 %d 人以上）。\nANSWERS ARE HIDDEN AMONG %d PEOPLE ONLY; %d or more is the usual.\n", c.Batch, fewBatch, c.Batch, fewBatch)
	}
}

// fewBatch is the batch below which people are warned: the daemon's default.
const fewBatch = 50

// attachHint says what to do about a statement that is not taken.
func attachHint(err error, slug string) error {
	var r *client.Refusal
	if errors.As(err, &r) && r.Reason == "FIELD_INVALID" {
		r.Hint = fmt.Sprintf("`fairlot campaign check %s --out FILE` makes the file of the draft as it is: its holder runs `fairlot keys check --draft` with that one, and sends the new statement", slug)
	}
	return err
}

// openHint says what to do about keys that were not shown.
func openHint(err error, slug string) error {
	var r *client.Refusal
	if errors.As(err, &r) {
		for _, f := range r.Fields {
			if f.Reason == "unshown" {
				r.Hint = fmt.Sprintf("`fairlot campaign check %s --out FILE` makes the file that they answer, and `fairlot campaign attach %s STATEMENT…` hands their answers in; "+
					"--without-key-check opens without, and the public rules say so for ever", slug, slug)
			}
		}
	}
	return err
}
