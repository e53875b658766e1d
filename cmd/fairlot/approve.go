package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"

	"fairlot/cmd/instant"
	"fairlot/crypto/custody"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/label"
)

type approveCmd struct {
	ID  string `arg:"" name:"id" help:"The approval's id of 32 hexadecimal digits, as whoever asked for it got it, or from fairlot approvals."`
	Yes bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (approveCmd) Help() string {
	return `Opening a campaign, closing one early, voiding a draw and opening winners' contacts take two persons: one asks, another
approves. What will be done is shown first; if it is no longer what was asked for, nothing is done. If you do not want it: fairlot withdraw.

Example: fairlot approve 0f1e2d3c4b5a69788796a5b4c3d2e1f0`
}

// Run shows what will be done, and does it.
func (cmd *approveCmd) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	svc := fairlotv1.NewApprovalServiceClient(conn)
	name, err := approvalName(cmd.ID)
	if err != nil {
		return err
	}
	x, err := svc.GetApproval(a.ctx, &fairlotv1.GetApprovalRequest{Name: name})
	if err != nil {
		return a.explain("read the approval", err)
	}
	if err := a.showApproval(conn, x); err != nil {
		return err
	}
	if err := a.confirm(cmd.Yes, "同意並立即執行嗎？ Approve this? It is done at once."); err != nil {
		return err
	}
	x, err = svc.Approve(a.ctx, &fairlotv1.ApproveRequest{Name: name, Digest: x.Digest})
	if err != nil {
		return a.explain("approve", err)
	}
	if x.State == fairlotv1.ApprovalState_APPROVAL_STATE_GIVEN {
		a.printf("已核准，屆時執行 approved; it is done at %s\n", instant.Text(x.DueTime.AsTime()))
		return nil
	}
	c, err := a.find(conn, x.Campaign)
	if err != nil {
		return err
	}
	switch x.Kind {
	case fairlotv1.ApprovalKind_APPROVAL_KIND_OPEN:
		a.opened(c)
	case fairlotv1.ApprovalKind_APPROVAL_KIND_CLOSE_EARLY:
		a.printf("已結束 %s is closed\n", c.Slug)
	case fairlotv1.ApprovalKind_APPROVAL_KIND_VOID, fairlotv1.ApprovalKind_APPROVAL_KIND_AMEND:
		return a.confirming(conn, c, x)
	case fairlotv1.ApprovalKind_APPROVAL_KIND_RELEASE:
		how := ""
		if p := actValue(x, "purpose"); p != string(custody.Notice) {
			how = " --purpose " + p
		}
		if s, rank, ok := strings.Cut(actValue(x, "seat"), " "); ok && actValue(x, "purpose") == string(custody.Claim) {
			how += " --stratum " + s + " --rank " + rank
		}
		a.printf("釋出已公開登載，由通知人取回 the release is logged; the notifier fetches it: fairlot release prepare %s %d%s --out FILE\n", c.Slug, x.Draw, how)
	}
	return nil
}

func approvalName(id string) (string, error) {
	id = strings.TrimPrefix(id, "approvals/")
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		return "", usage("approval %q: want its id of 32 hexadecimal digits; fairlot approvals lists those that wait", id)
	}
	return "approvals/" + id, nil
}

func approvalID(x *fairlotv1.Approval) string { return strings.TrimPrefix(x.Name, "approvals/") }

// asked says what was asked for, and what the second person types.
func (a *app) asked(x *fairlotv1.Approval) {
	if x.State == fairlotv1.ApprovalState_APPROVAL_STATE_GIVEN {
		a.printf("此事已提出並經核准，正待執行 asked for and approved already, and under way: %s\n  fairlot approvals   shows it\n", inWords(x))
		return
	}
	until := "等待第二人核准至 waits for a second person until"
	if actValue(x, "log-by") != "" {
		until = "須在此之前由第二人核准 must be approved by a second person before"
	}
	a.printf("已提出 asked for: %s\n%s %s; they look at it and do it with\n  fairlot approve %s\n", inWords(x), until, instant.Text(x.ExpireTime.AsTime()), approvalID(x))
}

// inWords says in one line what an approval is about.
func inWords(x *fairlotv1.Approval) string {
	slug := actValue(x, "slug")
	switch x.Kind {
	case fairlotv1.ApprovalKind_APPROVAL_KIND_OPEN:
		s := fmt.Sprintf("開放活動 open the campaign %s, version %s of the draft", slug, actValue(x, "etag"))
		if actValue(x, "keys") == "unchecked" {
			s += "，無人出示過金鑰 ALTHOUGH NOBODY HAD TO SHOW THEIR KEY"
		}
		return s
	case fairlotv1.ApprovalKind_APPROVAL_KIND_CLOSE_EARLY:
		return fmt.Sprintf("提前結束活動 close the campaign %s now, before its entries end at %s", slug, instant.In(actValue(x, "entries-end")))
	case fairlotv1.ApprovalKind_APPROVAL_KIND_VOID:
		return fmt.Sprintf("作廢抽獎 void draw %d of %s (%s): it has no winners", x.Draw, slug, actValue(x, "reason"))
	case fairlotv1.ApprovalKind_APPROVAL_KIND_AMEND:
		return fmt.Sprintf("抽獎改期 put draw %d of %s off from %s to %s", x.Draw, slug, instant.In(actValue(x, "from")), instant.In(actValue(x, "to")))
	case fairlotv1.ApprovalKind_APPROVAL_KIND_RELEASE:
		of := fmt.Sprintf("draw %d of %s", x.Draw, slug)
		count, _ := strconv.ParseInt(actValue(x, "count"), 10, 64)
		seats := plural(count, "seat", "seats")
		switch custody.Purpose(actValue(x, "purpose")) {
		case custody.Notice:
			return fmt.Sprintf("開啟得獎者聯絡資料 open the contacts of %s of %s, to tell the winners", seats, of)
		case custody.Tax:
			return fmt.Sprintf("開啟得獎者身分以申報稅 open the identities of %s of %s, to report their prizes for tax", seats, of)
		case custody.Audit:
			return fmt.Sprintf("開啟抽查樣本的身分，供查核人核對 open the identities of %d of a sample of %s entrants of %s, for the auditor", count, actValue(x, "sample"), of)
		case custody.Claim:
			stratum, rank, _ := strings.Cut(actValue(x, "seat"), " ")
			return fmt.Sprintf("開啟領獎者身分 open the identity of rank %s of stratum %s of %s, for the claim of a winner who has lost the receipt or its secret", rank, stratum, of)
		}
	}
	return "本工具版本不認識的事項 something that this version of the tool does not know"
}

// actValue is the value of a key in what will be done.
func actValue(x *fairlotv1.Approval, key string) string {
	for line := range strings.Lines(x.Act) {
		if v, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), key+" "); ok {
			return v
		}
	}
	return ""
}

// showApproval shows all that somebody needs to decide.
func (a *app) showApproval(conn *grpc.ClientConn, x *fairlotv1.Approval) error {
	a.printf("%s\n提出 asked for by %s (token %s) at %s\n狀態 state: %s\n", inWords(x), label.Shown(x.RequesterLabel), x.Requester, instant.Text(x.RequestTime.AsTime()), withOutcome(x))
	if x.Kind == fairlotv1.ApprovalKind_APPROVAL_KIND_OPEN {
		c, err := a.find(conn, x.Campaign)
		if err != nil {
			return err
		}
		a.summary(c)
		a.promises(c)
		if err := a.sharedKeys(conn, c); err != nil {
			return err
		}
		if c.State == fairlotv1.CampaignState_CAMPAIGN_STATE_DRAFT && c.Etag != actValue(x, "etag") {
			return fmt.Errorf("the draft was changed since this was asked for (version %s is now %s): it must be asked for anew, with `fairlot campaign open %s`", actValue(x, "etag"), c.Etag, c.Slug)
		}
	}
	if x.Kind == fairlotv1.ApprovalKind_APPROVAL_KIND_VOID || x.Kind == fairlotv1.ApprovalKind_APPROVAL_KIND_AMEND {
		if err := a.showConfirming(conn, x); err != nil {
			return err
		}
	}
	if x.Kind == fairlotv1.ApprovalKind_APPROVAL_KIND_RELEASE {
		if err := a.showRelease(conn, x); err != nil {
			return err
		}
	}
	a.printf("將執行的內容如下 what will be done, exactly (SHA-256 %s):\n", x.Digest)
	for line := range strings.Lines(x.Act) {
		a.printf("  %s", line)
	}
	if by, err := time.Parse(time.RFC3339, actValue(x, "log-by")); err == nil {
		a.printf("須在此之前登載 it must be logged by %s\n", instant.Text(by))
	}
	return nil
}

// showRelease says whose seats are opened.
func (a *app) showRelease(conn *grpc.ClientConn, x *fairlotv1.Approval) error {
	c, err := a.find(conn, x.Campaign)
	if err != nil {
		return err
	}
	d, err := fairlotv1.NewDrawServiceClient(conn).GetDraw(a.ctx, &fairlotv1.GetDrawRequest{Name: fmt.Sprintf("%s/draws/%d", c.Name, x.Draw)})
	if err != nil {
		return a.explain("show the draw", err)
	}
	for _, s := range d.Seats {
		if !strings.Contains(x.Act, fmt.Sprintf("\nseat %d %d\n", s.Stratum, s.Rank)) {
			continue
		}
		prize := "no prize any more: " + s.Vacated
		if n := int(x.Draw); s.Vacated == "" && n <= len(c.Draws) && s.Prize > 0 && int(s.Prize) <= len(c.Draws[n-1].Tiers) {
			prize = fmt.Sprintf("prize %d, %s", s.Tier, texts(c.Draws[n-1].Tiers[s.Prize-1].Title))
		}
		a.printf("  seat: stratum %d, rank %d: %s, entry %s\n", s.Stratum, s.Rank, prize, s.EntryId)
	}
	return nil
}

func approvalState(x *fairlotv1.Approval) string {
	return strings.ToLower(strings.TrimPrefix(x.State.String(), "APPROVAL_STATE_"))
}

// withOutcome is the state, and why it came to that.
func withOutcome(x *fairlotv1.Approval) string {
	if x.Outcome == "" {
		return approvalState(x)
	}
	return approvalState(x) + ": " + x.Outcome
}

type approvalsCmd struct {
	All  bool `help:"Those that are over too."`
	JSON bool `name:"json" help:"Print JSON, one approval a line."`
}

// Help is shown below the usage.
func (approvalsCmd) Help() string {
	return `Example: fairlot approvals`
}

// Run lists approvals.
func (cmd *approvalsCmd) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	var whys []string // below the table, which they would make too wide
	for token, any := "", false; ; {
		page, err := fairlotv1.NewApprovalServiceClient(conn).ListApprovals(a.ctx, &fairlotv1.ListApprovalsRequest{All: cmd.All, PageSize: 100, PageToken: token})
		if err != nil {
			return a.explain("list approvals", err)
		}
		for _, x := range page.Approvals {
			if cmd.JSON {
				if err := a.lineJSON(x); err != nil {
					return err
				}
				continue
			}
			if !any {
				fmt.Fprintf(w, "ID\tSTATE\tUNTIL\tASKED BY\tDECIDED BY\tWHAT\n")
			}
			any = true
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", approvalID(x), approvalState(x), instant.Text(x.ExpireTime.AsTime()), label.Shown(x.RequesterLabel), label.Shown(x.DeciderLabel), inWords(x))
			if x.Outcome != "" {
				whys = append(whys, fmt.Sprintf("%s was not done: %s\n", approvalID(x), x.Outcome))
			}
		}
		if token = page.NextPageToken; token == "" {
			if !any && !cmd.JSON {
				a.printf("%s\n", nothingWaits)
			}
			err := w.Flush()
			a.printf("%s", strings.Join(whys, ""))
			return err
		}
	}
}

type withdrawCmd struct {
	ID string `arg:"" name:"id" help:"The approval's id of 32 hexadecimal digits."`
}

// Help is shown below the usage.
func (withdrawCmd) Help() string {
	return `Whoever asked takes it back with this; somebody who could approve it refuses it.

Example: fairlot withdraw 0f1e2d3c4b5a69788796a5b4c3d2e1f0`
}

// Run ends an approval that waits.
func (cmd *withdrawCmd) Run(a *app) error {
	name, err := approvalName(cmd.ID)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	x, err := fairlotv1.NewApprovalServiceClient(conn).Withdraw(a.ctx, &fairlotv1.WithdrawRequest{Name: name})
	if err != nil {
		return a.explain("withdraw", err)
	}
	a.printf("已撤回 withdrawn: %s\n", inWords(x))
	return nil
}

// outdated says which openings of a draft were asked for before it was changed or deleted: they do nothing any more.
func (a *app) outdated(conn *grpc.ClientConn, c *fairlotv1.Campaign) error {
	for token := ""; ; {
		page, err := fairlotv1.NewApprovalServiceClient(conn).ListApprovals(a.ctx, &fairlotv1.ListApprovalsRequest{PageSize: 100, PageToken: token})
		if err != nil {
			return a.explain("list approvals", err)
		}
		for _, x := range page.Approvals {
			if x.Campaign == c.Name && x.Kind == fairlotv1.ApprovalKind_APPROVAL_KIND_OPEN {
				a.printf("先前提出的已失效 what %s asked for does nothing any more: %s (fairlot withdraw %s takes it off the list)\n", label.Shown(x.RequesterLabel), inWords(x), approvalID(x))
			}
		}
		if token = page.NextPageToken; token == "" {
			return nil
		}
	}
}
