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

// todoTexts say what is to be done, and whose turn it is.
var todoTexts = map[fairlotv1.TodoKind]struct{ who, what string }{
	fairlotv1.TodoKind_TODO_KIND_OPEN:        {"the daemon", "opens it"},
	fairlotv1.TodoKind_TODO_KIND_CLOSE:       {"the daemon", "closes it"},
	fairlotv1.TodoKind_TODO_KIND_COSIGN:      {"custodians", "%d more to cosign the bundle: fairlot cosign"},
	fairlotv1.TodoKind_TODO_KIND_DRAW:        {"the daemon", "draws"},
	fairlotv1.TodoKind_TODO_KIND_RELEASE:     {"notifier", "%d to be opened: fairlot release prepare"},
	fairlotv1.TodoKind_TODO_KIND_NOTICE:      {"notifier", "%d to be told: fairlot notify"},
	fairlotv1.TodoKind_TODO_KIND_CLAIM:       {"officer", "%d may claim: fairlot claim"},
	fairlotv1.TodoKind_TODO_KIND_UNCLAIMED:   {"officer", "%d did not claim in time: fairlot draw replace, reason late"},
	fairlotv1.TodoKind_TODO_KIND_ERASE:       {"the daemon", "destroys envelopes, releases and notices"},
	fairlotv1.TodoKind_TODO_KIND_TOKEN:       {"staff", "staff token expires: fairlot token create"},
	fairlotv1.TodoKind_TODO_KIND_VOID:        {"custodians", "%d more to cosign the void, or it is drawn: fairlot cosign"},
	fairlotv1.TodoKind_TODO_KIND_VOID_MISSED: {"the daemon", "draws although a void is logged: it was not cosigned in time and does not count (tell the public)"},
}

// whoAndWhat puts an approval into words too.
func whoAndWhat(t *fairlotv1.Todo, now time.Time) (who, what string) {
	if t.Kind == fairlotv1.TodoKind_TODO_KIND_COSIGN && now.After(t.ByTime.AsTime()) {
		return "officer", fmt.Sprintf("%d were missing at the deadline; hand in at once what was cosigned before it: fairlot cosignature add", t.Count)
	}
	of := t.CaseKind + " case" // two of a kind are told apart by what they rest on
	if t.CaseReference != "" {
		of += " " + label.Quote(t.CaseReference)
	}
	switch id := strings.TrimPrefix(t.Case, "cases/"); t.Kind {
	case fairlotv1.TodoKind_TODO_KIND_DRAFT:
		return "editor", fmt.Sprintf("the draft cannot open as it is: %s: fairlot campaign update %s FILE", t.Label, t.Slug)
	case fairlotv1.TodoKind_TODO_KIND_KEYS:
		return "custodians and notifiers", fmt.Sprintf("%d have not shown their keys (%s), and without that it does not open: fairlot campaign check %s --out FILE, fairlot campaign attach", t.Count, t.Label, t.Slug)
	case fairlotv1.TodoKind_TODO_KIND_CASE:
		if who = "officer or notifier"; now.After(t.ByTime.AsTime()) {
			return who, fmt.Sprintf("LATE OR EXPIRED: answer the %s and close it: fairlot case show %s", of, id)
		}
		return who, fmt.Sprintf("answer the %s and close it: fairlot case show %s", of, id)
	case fairlotv1.TodoKind_TODO_KIND_CASE_APPROVE:
		return "another officer or notifier", fmt.Sprintf("%d more to approve the %s: fairlot case approve %s", t.Count, of, id)
	case fairlotv1.TodoKind_TODO_KIND_CASE_RELEASE:
		return "officer or notifier", fmt.Sprintf("have what the %s opens released to the custodians: fairlot case release %s", of, id)
	case fairlotv1.TodoKind_TODO_KIND_HOLD:
		if t.Label == "closed" {
			return "officer or notifier", fmt.Sprintf("the hold of %s by the %s was closed: destroyed then, unless another case holds them: fairlot case show %s", plural(t.Count, "entrant", "entrants"), of, id)
		}
		return "officer or notifier", fmt.Sprintf("%s held from the erasure until then by the %s: fairlot case show %s", plural(t.Count, "entrant is", "entrants are"), of, id)
	}
	if t.Kind != fairlotv1.TodoKind_TODO_KIND_APPROVE {
		text := todoTexts[t.Kind]
		if t.Count > 0 {
			return text.who, fmt.Sprintf(text.what, t.Count)
		}
		return text.who, text.what
	}
	roles := make([]string, len(t.Roles))
	for i, r := range t.Roles {
		roles[i] = strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_"))
	}
	kind := map[fairlotv1.ApprovalKind]string{
		fairlotv1.ApprovalKind_APPROVAL_KIND_OPEN: "opening", fairlotv1.ApprovalKind_APPROVAL_KIND_CLOSE_EARLY: "early close", fairlotv1.ApprovalKind_APPROVAL_KIND_VOID: "void", fairlotv1.ApprovalKind_APPROVAL_KIND_RELEASE: "release",
	}[t.ApprovalKind]
	return "another " + strings.Join(roles, " or "), fmt.Sprintf("approve the %s: fairlot approve %s", kind, strings.TrimPrefix(t.Approval, "approvals/"))
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
		a.printf("nothing waits\n")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "BY\tSINCE\tWHO\tWHERE\tWHAT\n")
	now := time.Now()
	for _, t := range res.Todos {
		who, what := whoAndWhat(t, now)
		if t.Said != "" {
			what += fmt.Sprintf(" (%s, tried %s)", t.Said, plural(int64(t.Attempts), "time", "times"))
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
