package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"fairlot/cmd/fairlot/client"
	"fairlot/cmd/instant"
	"fairlot/crypto/custody"
	law "fairlot/deadline"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/label"
)

type caseCmd struct {
	Open    caseOpen    `cmd:"" help:"Open a case: an order to disclose, a breach that persons must be told of, or a person's own request."`
	Show    caseShow    `cmd:"" help:"Show one with the entries that it names. The audit trail keeps that you looked."`
	List    caseList    `cmd:"" help:"List cases, without whom they name."`
	Approve caseApprove `cmd:"" help:"Look at what somebody else wants opened, and want it too: two beside the requester."`
	Extend  caseExtend  `cmd:"" help:"Put the legal period of a person's request off, once, with a reason."`
	Release caseRelease `cmd:"" help:"Have the log announce what three persons want opened, and fetch the locks for the custodians."`
	Read    caseRead    `cmd:"" help:"Notifier whom the case names: join the custodians' shares and open what the case names, nothing else."`
	Erase   caseErase   `cmd:"" help:"After the close: erase the person of a request who has lost the secret, once the name was opened and compared with the ID card."`
	Record  caseRecord  `cmd:"" help:"Put into the register of modifications what was done at the wish of the person of a case."`
	Close   caseClose   `cmd:"" help:"End a case. Nothing is opened for it afterwards."`

	Register caseRegister `cmd:"" help:"Print the register: what was corrected, erased or restricted at a person's wish, by whom, when, under which case."`
}

type caseOpen struct {
	Kind      string   `arg:"" enum:"court,breach,access,correction,erasure" help:"court, breach, access, correction or erasure."`
	Campaign  string   `arg:"" help:"Slug or id."`
	Ground    string   `enum:",consent,judicial,violation,public-interest,others-rights" default:"" placeholder:"GROUND" help:"Why it may be done: judicial, violation, public-interest or others-rights, conditions (1) to (4) of the privacy notice. A person's own request rests on consent."`
	Reference string   `placeholder:"TEXT" help:"The order or law that it rests on, with its number; never a person's name. If not given: the article of the Personal Data Protection Act, except for an order."`
	Entry     []string `placeholder:"ID" help:"An entry's id of 32 hexadecimal digits, as on its receipt; repeat it for more. There is no word for all."`
	Entries   string   `placeholder:"FILE" help:"A file with one id a line, at most 5,000."`
	Received  string   `placeholder:"YYYY-MM-DD" help:"The day on which a person's request came; today if not given. The law counts from the day after."`
	Days      int      `default:"14" help:"Days until it expires: nothing is approved or opened from then on. At most 30; of a case that only holds, 180."`
	Opens     []string `enum:"identity,contact" placeholder:"WHAT" help:"Which envelopes are to be opened: identity, contact, or both. If not given: contact of a breach, both of access, none of correction and erasure. An order must say."`
	Notifier  int      `placeholder:"N" help:"Number of the notifier, as keys check says it, who is to read what is opened: custodians seal their shares to that one alone. Needed if the campaign has several."`
	Hold      bool     `help:"Of an order: keep these entries from the erasure of the campaign until the case expires, or 7 days after it was closed."`
	ID        string   `name:"id" placeholder:"ID" help:"The id that an earlier try printed, if its answer was lost: the same case is then opened once."`
}

// Help is shown below the usage.
func (caseOpen) Help() string {
	return `An order names 1 to 20 entries, a breach 1 to 5,000, a person's request one, or none if no entry can be found: its legal clock runs all the same
(15 days for access, 30 for correction and erasure, by Taiwan's calendar of working days). What is opened for a case, or held, takes two others beside you.

Example: fairlot case open court autumn-reading --ground judicial --reference "TPC 115 No. 123" --opens identity --entry 85d09448c8dddfd0e51759a7980a9e59`
}

// Run opens a case.
func (cmd *caseOpen) Run(a *app) error {
	entries := cmd.Entry
	if cmd.Entries != "" {
		b, err := os.ReadFile(cmd.Entries)
		if err != nil {
			return err
		}
		entries = append(entries, strings.Fields(string(b))...)
	}
	for i, e := range entries {
		if len(e) != 32 || strings.Trim(e, "0123456789abcdef") != "" {
			return usage("entry %d of the list is no id: want 32 hexadecimal digits, as on the receipt", i+1)
		}
	}
	if len(entries) > 5000 {
		return usage("%d entries: a case names at most 5,000", len(entries))
	}
	id := cmd.ID
	if id == "" {
		var b [16]byte
		rand.Read(b[:])
		id = hex.EncodeToString(b[:])
	}
	name, err := caseName(id)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Campaign)
	if err != nil {
		return err
	}
	req := &fairlotv1.OpenCaseRequest{Name: name, Campaign: c.Name, Kind: fairlotv1.CaseKind(contractValue(fairlotv1.CaseKind_value, "CASE_KIND_", cmd.Kind)),
		Ground: fairlotv1.CaseGround(contractValue(fairlotv1.CaseGround_value, "CASE_GROUND_", cmd.Ground)), Reference: cmd.Reference, Entries: entries,
		ReceivedDay: cmd.Received, Days: int32(cmd.Days), Notifier: int32(cmd.Notifier), Hold: cmd.Hold}
	for _, what := range cmd.Opens {
		req.Opens = append(req.Opens, fairlotv1.CaseEnvelope(contractValue(fairlotv1.CaseEnvelope_value, "CASE_ENVELOPE_", what)))
	}
	x, err := fairlotv1.NewCaseServiceClient(conn).OpenCase(a.ctx, req)
	if err != nil {
		if client.Unknown(err) {
			a.say("whether the case was opened is not known: repeat the same with --id %s, which opens it once\n", id)
		}
		return namedEntry(a.explain("open the case", err), entries)
	}
	a.printf("case %s is open 案件已建立\n", id)
	a.showCase(x)
	a.nextOfCase(x)
	return nil
}

// nextOfCase says what is to be done next of a case that is not closed.
func (a *app) nextOfCase(x *fairlotv1.Case) {
	id, erasure := caseID(x), x.Kind == fairlotv1.CaseKind_CASE_KIND_ERASURE
	switch {
	case x.Closer != nil:
	case wanted(x) && !time.Now().Before(x.ExpireTime.AsTime()) && len(x.Modifications) == 0 && (erasure || x.Releaser == nil):
		a.printf("next: it has expired: close it, and open another if it is still wanted\n案件已到期：請結案，仍需要時另建一件\n  fairlot case close %s --outcome withdrawn\n", id)
	case !wanted(x) && len(x.Modifications) == 0 && x.Kind == fairlotv1.CaseKind_CASE_KIND_ACCESS:
		a.printf("next: answer the person in writing, then\n接著書面答覆當事人，然後結案\n  fairlot case close %s --outcome done\n", id)
	case !wanted(x) && len(x.Modifications) == 0 && (!erasure || x.Count == 0):
		a.printf("next: do what can be done, with --case %s where a command has it, else put it into the register; answer the person in writing and close it\n"+
			"接著辦理並登記，書面答覆當事人，然後結案\n  fairlot case record %s --kind %s, or fairlot case close %s --outcome refused\n", id, id, lower(x.Kind, "CASE_KIND_"), id)
	case !wanted(x) && len(x.Modifications) == 0:
		a.printf("next: until the close fairlot desk erase, with --case %s; after it a person who has the secret erases on the site, and for one who has lost it open another case with --opens identity\n"+
			"接著：結束前用 desk erase；結束後持有秘密者可在網站自行刪除，遺失者請另建 --opens identity 的案件\n", id)
	case wanted(x) && len(x.Approvers) < 2:
		zh, en := "接著須由另外兩人查看並同意", "two others look at it and want it too"
		if len(x.Approvers) == 1 {
			zh, en = "接著須由另一人查看並同意", "one more looks at it and wants it too"
		}
		a.printf("next: %s, before %s\n%s\n  fairlot case approve %s\n", en, instant.Text(x.ExpireTime.AsTime()), zh, id)
	case len(x.Opens) > 0 && x.Releaser == nil:
		a.printf("next: have it released to the custodians, before %s\n接著釋出給保管人\n  fairlot case release %s --out FILE\n", instant.Text(x.ExpireTime.AsTime()), id)
	case len(x.Opens) > 0 && erasure && len(x.Modifications) == 0:
		a.printf("next: custodians fairlot release share, notifier %d fairlot case read; compare the name with the ID card, then\n接著：保管人交出份額，通知人讀取，核對姓名與證件，然後刪除\n  fairlot case erase %s --opened FILE\n", x.Notifier, id)
	case len(x.Opens) > 0 && len(x.Modifications) == 0:
		a.printf("next: custodians fairlot release share, notifier %d fairlot case read; once it is answered\n接著：保管人交出份額，通知人讀取，答覆後結案\n  fairlot case close %s --outcome done\n", x.Notifier, id)
	case len(x.Modifications) > 0:
		a.printf("next: answer the person in writing, then\n接著書面答覆當事人，然後結案\n  fairlot case close %s --outcome done\n", id)
	}
}

var listedEntrant = regexp.MustCompile(`entrant (\d+) of the list, by the order of their ids,`)

// namedEntry puts an entry's id into a refusal that names its place alone: the daemon writes no ids into what it says, since that is kept.
func namedEntry(err error, entries []string) error {
	var r *client.Refusal
	if errors.As(err, &r) {
		sorted := slices.Sorted(slices.Values(entries))
		r.Text = listedEntrant.ReplaceAllStringFunc(r.Text, func(s string) string {
			n, _ := strconv.Atoi(listedEntrant.FindStringSubmatch(s)[1])
			if n < 1 || n > len(sorted) {
				return s
			}
			return "entry " + sorted[n-1]
		})
	}
	return err
}

type caseShow struct {
	ID   string `arg:"" name:"id" help:"The case's id of 32 hexadecimal digits."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is shown below the usage.
func (caseShow) Help() string { return `Example: fairlot case show 0f1e2d3c4b5a69788796a5b4c3d2e1f0` }

// Run shows a case.
func (cmd *caseShow) Run(a *app) error {
	name, err := caseName(cmd.ID)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	x, err := fairlotv1.NewCaseServiceClient(conn).GetCase(a.ctx, &fairlotv1.GetCaseRequest{Name: name})
	if err != nil {
		return a.explain("show the case", err)
	}
	if cmd.JSON {
		return a.printJSON(x)
	}
	a.showCase(x)
	a.nextOfCase(x)
	return nil
}

type caseList struct {
	All  bool `help:"Those that are closed too."`
	JSON bool `name:"json" help:"Print JSON, one case a line."`
}

// Help is shown below the usage.
func (caseList) Help() string { return `Example: fairlot case list` }

// Run lists cases.
func (cmd *caseList) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for token, any := "", false; ; {
		page, err := fairlotv1.NewCaseServiceClient(conn).ListCases(a.ctx, &fairlotv1.ListCasesRequest{All: cmd.All, PageSize: 100, PageToken: token})
		if err != nil {
			return a.explain("list cases", err)
		}
		for _, x := range page.Cases {
			if cmd.JSON {
				if err := a.lineJSON(x); err != nil {
					return err
				}
				continue
			}
			if !any {
				fmt.Fprintf(w, "ID\tKIND\tNAMES\tDUE\tEXPIRES\tASKED BY\tREFERENCE\tSTATE 狀態\n")
			}
			any = true
			zh, en := caseState(x, time.Now())
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s %s\n", caseID(x), lower(x.Kind, "CASE_KIND_"), x.Count, moment(x.DueTime), moment(x.ExpireTime), label.Shown(x.Requester.GetLabel()), label.Shown(x.Reference), zh, en)
		}
		if token = page.NextPageToken; token == "" {
			if !any && !cmd.JSON {
				a.printf("沒有案件 there is no case\n")
			}
			return w.Flush()
		}
	}
}

type caseApprove struct {
	ID  string `arg:"" name:"id" help:"The case's id of 32 hexadecimal digits."`
	Yes bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (caseApprove) Help() string {
	return `Three persons must want what is opened for a case: whoever opened it, and two others who approve it. Two tokens of one label are one person.

Example: fairlot case approve 0f1e2d3c4b5a69788796a5b4c3d2e1f0`
}

// Run approves a case.
func (cmd *caseApprove) Run(a *app) error {
	name, err := caseName(cmd.ID)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	svc := fairlotv1.NewCaseServiceClient(conn)
	x, err := svc.GetCase(a.ctx, &fairlotv1.GetCaseRequest{Name: name})
	if err != nil {
		return a.explain("read the case", err)
	}
	a.showCase(x)
	if x.Count > 0 && !wanted(x) {
		return errors.New("the case opens no envelope and holds nobody, so there is nothing to approve: answer it and close it")
	}
	a.printf("您核准的內容如下 what you approve, exactly (SHA-256 %s):\n", x.Digest)
	for line := range strings.Lines(x.Text) {
		a.printf("  %s", line)
	}
	act, does := "opened", "開啟"
	if len(x.Opens) == 0 {
		act, does = "held", "保全"
	}
	if err := a.confirm(cmd.Yes, fmt.Sprintf("您同意為此%s這 %d 位參加者仍保存的資料嗎？ Do you want what is kept of %s to be %s for this?", does, x.Count, plural(int64(x.Count), "entrant", "entrants"), act)); err != nil {
		return err
	}
	x, err = svc.ApproveCase(a.ctx, &fairlotv1.ApproveCaseRequest{Name: name, Digest: x.Digest})
	if err != nil {
		return a.explain("approve the case", err)
	}
	if zh, en := caseState(x, time.Now()); len(x.Approvers) < 2 {
		a.printf("已核准：%s approved: %s\n", zh, en)
	} else {
		a.printf("已核准：三人同意 approved by three persons\n")
	}
	a.nextOfCase(x)
	return nil
}

type caseExtend struct {
	ID     string `arg:"" name:"id" help:"The case's id of 32 hexadecimal digits."`
	Days   int    `required:"" help:"By how many days: at most 15 for access, 30 for correction and erasure."`
	Reason string `required:"" help:"Why, in one line; the law wants the person told in writing. Never a person's name."`
}

// Help is shown below the usage.
func (caseExtend) Help() string {
	return `Example: fairlot case extend 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --days 15 --reason "the custodians are away"`
}

// Run extends a case.
func (cmd *caseExtend) Run(a *app) error {
	name, err := caseName(cmd.ID)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	x, err := fairlotv1.NewCaseServiceClient(conn).ExtendCase(a.ctx, &fairlotv1.ExtendCaseRequest{Name: name, Days: int32(cmd.Days), Reason: cmd.Reason})
	if err != nil {
		return a.explain("extend the case", err)
	}
	a.printf("答覆期限 the answer is due before %s\n", lawDay(x.DueTime.AsTime()))
	a.expiresFirst(x)
	a.printf("接著請以書面告知當事人 next: tell the person in writing, with the reason: %s\n", x.ExtensionReason)
	return nil
}

type caseClose struct {
	ID      string `arg:"" name:"id" help:"The case's id of 32 hexadecimal digits."`
	Outcome string `required:"" enum:"done,partly,refused,withdrawn" help:"How it ended: done, partly, refused or withdrawn."`
}

// Help is shown below the usage.
func (caseClose) Help() string {
	return `Example: fairlot case close 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --outcome done`
}

// Run closes a case.
func (cmd *caseClose) Run(a *app) error {
	name, err := caseName(cmd.ID)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	outcome := fairlotv1.CaseOutcome(contractValue(fairlotv1.CaseOutcome_value, "CASE_OUTCOME_", cmd.Outcome))
	x, err := fairlotv1.NewCaseServiceClient(conn).CloseCase(a.ctx, &fairlotv1.CloseCaseRequest{Name: name, Outcome: outcome})
	if err != nil {
		return a.explain("close the case", err)
	}
	a.printf("案件已結 case %s is closed: %s\n", caseID(x), lower(x.Outcome, "CASE_OUTCOME_"))
	a.heldStill(x)
	return nil
}

// showCase prints all of a case.
func (a *app) showCase(x *fairlotv1.Case) {
	kind, ground := lower(x.Kind, "CASE_KIND_"), lower(x.Ground, "CASE_GROUND_")
	zh, en := caseState(x, time.Now())
	a.printf("種類 kind       %s %s\n理由 ground     %s: %s\n文號 reference  %s\n活動 campaign   %s\n狀態 state      %s %s\n", caseTexts[kind], kind, ground, caseTexts[ground], label.Shown(x.Reference), x.Campaign, zh, en)
	if x.DueTime != nil {
		a.printf("收到 received   %s; the answer is due before %s\n", x.ReceivedDay, lawDay(x.DueTime.AsTime()))
	}
	if x.ExtendedDays > 0 {
		a.printf("延長 extended   by %s: %s (%s)\n", plural(int64(x.ExtendedDays), "day", "days"), x.ExtensionReason, byWhom(x.Extender))
	}
	a.printf("到期 expires    %s\n申請 asked by   %s\n", moment(x.ExpireTime), byWhom(x.Requester))
	a.expiresFirst(x)
	for _, p := range x.Approvers {
		a.printf("核准 approved   %s\n", byWhom(p))
	}
	if len(x.Opens) > 0 {
		words := make([]string, len(x.Opens))
		for i, k := range x.Opens {
			words[i] = lower(k, "CASE_ENVELOPE_")
		}
		a.printf("開啟 opens      %s, for notifier %d\n", strings.Join(words, " and "), x.Notifier)
	}
	if x.Hold {
		a.printf("保全 holds      these entries from the erasure of the campaign, once three persons want it\n")
	}
	if x.Releaser != nil {
		a.printf("釋出 released   %s\n", byWhom(x.Releaser))
	}
	for _, did := range x.Modifications {
		a.printf("登記 register   %s\n", lower(did, "MODIFICATION_KIND_"))
	}
	if x.Closer != nil {
		a.printf("結案 closed     %s\n", byWhom(x.Closer))
		a.heldStill(x)
	}
	a.printf("當事人 names    %s\n", plural(int64(x.Count), "entrant", "entrants"))
	for _, e := range x.Entries {
		a.printf("  %s\n", e)
	}
	if int(x.Count) > 0 && len(x.Entries) == 0 {
		a.printf("  (名單已隨封存資料銷毀 who they were is destroyed with the campaign's envelopes)\n")
	}
}

// lawDay is the end of a legal period in words: the law counts days in Taiwan.
func lawDay(t time.Time) string {
	local := t.In(law.Zone)
	day := local.Format("15:04 on 2006-01-02")
	if local.Format("15:04:05") == "00:00:00" {
		day = "the end of " + local.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return day + " in Taiwan, " + instant.Text(t)
}

// expiresFirst says so if nothing can be opened for a case any more before its answer is due.
func (a *app) expiresFirst(x *fairlotv1.Case) {
	if wanted(x) && x.DueTime != nil && x.ExpireTime.AsTime().Before(x.DueTime.AsTime()) && x.Outcome == fairlotv1.CaseOutcome_CASE_OUTCOME_UNSPECIFIED {
		a.printf("案件先到期 it expires before that, at %s: what it opens must be approved, released and shared by then, and the answer stays due; if that is missed, open another case with --received %s\n",
			moment(x.ExpireTime), x.ReceivedDay)
	}
}

// heldStill says until when a case that was closed goes on to hold: two approvers stand behind it, and one closed it.
func (a *app) heldStill(x *fairlotv1.Case) {
	if end := custody.HoldEnds(x.ExpireTime.AsTime(), x.Closer.GetTime().AsTime()); x.Hold && len(x.Approvers) == 2 && x.Closer != nil && time.Now().Before(end) {
		a.printf("所保全的保存至 what it held from the erasure is kept until %s (%d days, or until it expires) and destroyed then, if the campaign's time is over: if it is still wanted, open another case that holds it\n",
			instant.Text(end), custody.HoldOutlasts)
	}
}

func byWhom(p *fairlotv1.CaseAct) string {
	return fmt.Sprintf("%s, token %s, %s", label.Shown(p.GetLabel()), p.GetToken(), moment(p.GetTime()))
}

// wanted tells whether a case is about something that three persons must want.
func wanted(x *fairlotv1.Case) bool { return x.Count > 0 && (len(x.Opens) > 0 || x.Hold) }

// caseState says where a case stands, in Chinese and in English.
func caseState(x *fairlotv1.Case, now time.Time) (zh, en string) {
	switch missing := 2 - len(x.Approvers); {
	case x.Outcome != fairlotv1.CaseOutcome_CASE_OUTCOME_UNSPECIFIED:
		outcome := lower(x.Outcome, "CASE_OUTCOME_")
		return "已結：" + outcomeTexts[outcome], "closed, " + outcome
	case x.Count == 0:
		zh, en = "未指名", "open, names nobody"
	case !wanted(x):
		zh, en = "不開啟資料", "open, opens nothing"
	case !now.Before(x.ExpireTime.AsTime()):
		zh, en = "已到期", "expired"
	case missing > 0:
		zh, en = fmt.Sprintf("還須 %d 人同意", missing), "waits for "+plural(int64(missing), "more person", "more persons")
	default:
		zh, en = "三人同意", "approved by three persons"
	}
	if x.DueTime != nil && !now.Before(x.DueTime.AsTime()) {
		zh, en = zh+"，答覆已逾期", en+", ITS ANSWER IS LATE"
	}
	return zh, en
}

// outcomeTexts are the Chinese words for how a case ended.
var outcomeTexts = map[string]string{"done": "已辦理", "partly": "部分辦理", "refused": "駁回", "withdrawn": "撤回"}

func caseName(id string) (string, error) {
	id = strings.TrimPrefix(id, "cases/")
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		return "", usage("case %q: want its id of 32 hexadecimal digits; fairlot case list shows them", id)
	}
	return "cases/" + id, nil
}

func caseID(x *fairlotv1.Case) string { return strings.TrimPrefix(x.Name, "cases/") }

// lower is the word of this tool for a value of the contract.
func lower(v fmt.Stringer, prefix string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(v.String(), prefix)), "_", "-")
}

// contractValue is the number of the contract for a word of this tool; 0 of none.
func contractValue(values map[string]int32, prefix, word string) int32 {
	return values[prefix+strings.ReplaceAll(strings.ToUpper(word), "-", "_")]
}
