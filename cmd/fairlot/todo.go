package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/cmd/instant"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/label"
)

type todoCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is shown below the usage.
func (todoCmd) Help() string {
	return `What was asked for and waits for a second person is listed with what they type. Opening at a time, closing, drawing and erasing are done by the daemon; they are listed with the reason if they are late.

Example: fairlot todo`
}

const nothingWaits = "沒有待辦 nothing waits"

// todoTexts say what is to be done, in two languages, and whose turn it is. Each of what may have a %d has one.
var todoTexts = map[fairlotv1.TodoKind]struct{ who, zh, en string }{
	fairlotv1.TodoKind_TODO_KIND_OPEN:         {"the daemon", "系統將開放", "opens it"},
	fairlotv1.TodoKind_TODO_KIND_CLOSE:        {"the daemon", "系統將結束登記並公布名單", "closes it"},
	fairlotv1.TodoKind_TODO_KIND_COSIGN:       {"custodians", "還差 %d 位保管人副署", "%d more to cosign the bundle: fairlot cosign"},
	fairlotv1.TodoKind_TODO_KIND_WITNESS:      {"the operator", "獨立見證人尚未副署，沒有它抽獎就未經證實", "independent witnesses have not cosigned the close: the daemon asks again and again, its log says what they answer; without them the draw is not proven"},
	fairlotv1.TodoKind_TODO_KIND_WAITS:        {"the operator", "名單待第 %d 次抽獎定案後才能結束；逾期將永遠無法由外界證實", "its list waits until draw %d is settled; closed after that time it can never be confirmed from outside"},
	fairlotv1.TodoKind_TODO_KIND_DRAW:         {"the daemon", "系統將抽獎", "draws"},
	fairlotv1.TodoKind_TODO_KIND_RELEASE:      {"notifier", "待開啟 %d 人的聯絡資料", "%d to be opened: fairlot release prepare"},
	fairlotv1.TodoKind_TODO_KIND_SAMPLE:       {"notifier", "抽查樣本至多 %d 人，尚未開啟；封存資料銷毀後即無法抽查", "the audit sample of at most %d is to be opened before envelopes are destroyed: fairlot release prepare --purpose audit"},
	fairlotv1.TodoKind_TODO_KIND_NOTICE:       {"notifier", "待通知 %d 人", "%d to be told: fairlot notify"},
	fairlotv1.TodoKind_TODO_KIND_CLAIM:        {"officer", "%d 人可領獎", "%d may claim: fairlot claim"},
	fairlotv1.TodoKind_TODO_KIND_UNCLAIMED:    {"officer", "%d 人逾期未領", "%d did not claim in time: fairlot draw replace, reason late"},
	fairlotv1.TodoKind_TODO_KIND_ERASE:        {"the daemon", "系統將銷毀封存資料、釋出與通知", "destroys envelopes, releases and notices"},
	fairlotv1.TodoKind_TODO_KIND_TOKEN:        {"staff", "憑證即將到期", "staff token expires: fairlot token create"},
	fairlotv1.TodoKind_TODO_KIND_VOID:         {"custodians", "作廢還差 %d 位保管人副署，否則照抽", "%d more to cosign the void, or it is drawn: fairlot cosign"},
	fairlotv1.TodoKind_TODO_KIND_VOID_MISSED:  {"the daemon", "作廢未及時副署，不算數：系統照抽，請公告", "draws although a void is logged: it was not cosigned in time and does not count (tell the public)"},
	fairlotv1.TodoKind_TODO_KIND_AMEND:        {"custodians", "改期還差 %d 位保管人副署，否則照原時間抽", "%d more to cosign the later time, or it is held at its own: fairlot cosign"},
	fairlotv1.TodoKind_TODO_KIND_AMEND_MISSED: {"the daemon", "改期未及時副署，不算數：系統照原時間抽，請公告", "draws although a later time is logged: it was not cosigned in time and does not count (tell the public)"},
}

// approvalTexts say in two languages what a second person is to approve.
var approvalTexts = map[fairlotv1.ApprovalKind][2]string{
	fairlotv1.ApprovalKind_APPROVAL_KIND_OPEN:        {"開放活動", "opening"},
	fairlotv1.ApprovalKind_APPROVAL_KIND_CLOSE_EARLY: {"提前結束", "early close"},
	fairlotv1.ApprovalKind_APPROVAL_KIND_VOID:        {"作廢", "void"},
	fairlotv1.ApprovalKind_APPROVAL_KIND_RELEASE:     {"釋出", "release"},
	fairlotv1.ApprovalKind_APPROVAL_KIND_AMEND:       {"改期", "later time"},
}

// whoAndWhat puts what waits into words: whose turn it is, and what to do.
func whoAndWhat(t *fairlotv1.Todo, now time.Time) (who, what string) {
	of := t.CaseKind + " case" // two of a kind are told apart by what they rest on
	if t.CaseReference != "" {
		of += " " + label.Quote(t.CaseReference)
	}
	const staff = "officer or notifier"
	late := now.After(t.ByTime.AsTime())
	switch id := strings.TrimPrefix(t.Case, "cases/"); t.Kind {
	case fairlotv1.TodoKind_TODO_KIND_COSIGN:
		if late {
			return "officer", fmt.Sprintf("期限已過，還差 %d 份副署 %[1]d were missing at the deadline; hand in at once what was cosigned before it: fairlot cosignature add", t.Count)
		}
	case fairlotv1.TodoKind_TODO_KIND_DRAFT:
		return "editor", fmt.Sprintf("草稿無法開放 the draft cannot open as it is: %s: fairlot campaign update %s FILE", t.Label, t.Slug)
	case fairlotv1.TodoKind_TODO_KIND_KEYS:
		return "custodians and notifiers", fmt.Sprintf("%d 人尚未出示金鑰，不能開放 %[1]d have not shown their keys (%s), and without that it does not open: fairlot campaign check %s --out FILE, fairlot campaign attach", t.Count, t.Label, t.Slug)
	case fairlotv1.TodoKind_TODO_KIND_CASE:
		if late {
			return staff, fmt.Sprintf("已逾期：請答覆並結案 LATE OR EXPIRED: answer the %s and close it: fairlot case show %s", of, id)
		}
		return staff, fmt.Sprintf("請答覆並結案 answer the %s and close it: fairlot case show %s", of, id)
	case fairlotv1.TodoKind_TODO_KIND_CASE_APPROVE:
		return "another " + staff, fmt.Sprintf("還須 %d 人核准案件 %[1]d more to approve the %s: fairlot case approve %s", t.Count, of, id)
	case fairlotv1.TodoKind_TODO_KIND_CASE_RELEASE:
		return staff, fmt.Sprintf("請將案件釋出給保管人 have what the %s opens released to the custodians: fairlot case release %s", of, id)
	case fairlotv1.TodoKind_TODO_KIND_HOLD:
		if t.Label == "closed" {
			return staff, fmt.Sprintf("保全案件已結，屆時銷毀 the hold of %s by the %s was closed: destroyed then, unless another case holds them: fairlot case show %s", plural(t.Count, "entrant", "entrants"), of, id)
		}
		return staff, fmt.Sprintf("保全中，屆時解除 %s held from the erasure until then by the %s: fairlot case show %s", plural(t.Count, "entrant is", "entrants are"), of, id)
	case fairlotv1.TodoKind_TODO_KIND_APPROVE:
		roles := make([]string, len(t.Roles))
		for i, r := range t.Roles {
			roles[i] = strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_"))
		}
		kind := approvalTexts[t.ApprovalKind]
		return "another " + strings.Join(roles, " or "), fmt.Sprintf("待核准：%s approve the %s: fairlot approve %s", kind[0], kind[1], strings.TrimPrefix(t.Approval, "approvals/"))
	}
	text := todoTexts[t.Kind]
	if what = text.zh + " " + text.en; t.Count > 0 {
		what = fmt.Sprintf(text.zh, t.Count) + " " + fmt.Sprintf(text.en, t.Count)
	}
	return text.who, what
}

// Run lists what waits.
func (cmd *todoCmd) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	res, err := fairlotv1.NewTodoServiceClient(conn).ListTodos(a.ctx, &fairlotv1.ListTodosRequest{})
	if err != nil {
		return a.explain("list what is to do", err)
	}
	if cmd.JSON {
		return a.printJSON(res)
	}
	if len(res.Todos) == 0 {
		a.printf("%s\n", nothingWaits)
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "BY\tSINCE\tWHO\tWHERE\tWHAT 待辦\n")
	now := time.Now()
	for _, t := range res.Todos {
		who, what := whoAndWhat(t, now)
		if t.Said != "" {
			what += fmt.Sprintf(" (%s, 已重試 tried %s)", t.Said, plural(int64(t.Attempts), "time", "times"))
		}
		if who == "custodians" {
			what += " --bundle " + a.bundleAddress(&fairlotv1.Campaign{Name: t.Campaign})
		}
		where := t.Slug
		if t.Draw > 0 {
			where += fmt.Sprintf(", draw %d", t.Draw)
		}
		if t.Kind == fairlotv1.TodoKind_TODO_KIND_TOKEN {
			where = t.Label
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", moment(t.ByTime), moment(t.SinceTime), who, where, what)
	}
	return w.Flush()
}

func moment(t *timestamppb.Timestamp) string {
	if t == nil {
		return "-"
	}
	return instant.Text(t.AsTime())
}
