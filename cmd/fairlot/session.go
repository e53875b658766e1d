package main

import (
	"fmt"
	"text/tabwriter"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/instant"
	"fairlot/crypto/custody"
	"fairlot/label"
)

// session shows a custodian, in both languages, all of a release before the yes: of what campaign and draw, for what, whose seats, by which record of the log, who
// wanted it as the institution says, and what was announced before. What the bundle proves and what is only said are kept apart.
func (a *app) session(c *bundle.Checked, req *release.Request, rel *release.Release, plan *custodian.Plan, logSize int64) {
	row := a.rows()
	campaignRows(row, c)
	row("抽獎", "draw", "%d", req.Draw)
	row("目的", "purpose", "%s", map[custody.Purpose]string{
		custody.Notice: "通知尚未領獎的得獎人，只開啟聯絡資料 / notice to winners who have not claimed yet: their contacts, not their names",
		custody.Claim:  "得獎人遺失收據，憑證件領獎，只開啟這一位的姓名與證號 / the claim of a winner who has lost the receipt: the name and number of this one, to compare with the ID card",
		custody.Tax:    fmt.Sprintf("報稅，只開啟超過 NT$ %d 獎項的得獎人姓名與證號 / tax: names and numbers of who holds a prize worth more than NT$ %d, and of nobody else", c.Titles.TaxAbove, c.Titles.TaxAbove),
		custody.Audit:  fmt.Sprintf("抽查，只開啟本次抽獎亂數所抽出樣本（%d 筆）的姓名與證號，供查核人與名冊核對 / audit: names and numbers of entrants whom the draw's own randomness picked (a sample of %d), for the auditor to compare with the register, and of nobody else", plan.Sample, plan.Sample),
	}[req.Purpose])
	row("公開紀錄", "record of the log", "%d of %d, %s", plan.Index+1, logSize, rel.Opened)
	row("第幾次開啟", "release of the draw", "%d", rel.Ordinal)
	if rel.Approved.IsZero() {
		row("申請與核准", "asked, approved", "機關未說明 / the institution does not say")
	} else {
		row("申請與核准", "asked, approved", "%s, %s, %s（機關自述 / so the institution says）", label.Quote(rel.Requester), label.Quote(rel.Approver), instant.Text(rel.Approved))
	}
	if req.Purpose == custody.Audit {
		row("收件人", "reader", "通知人 notifier %d，辦法所載的查核人 / the auditor whom the public rules name", plan.Readers[0])
	}
	a.earlier(plan.Earlier)
	if !plan.Proven {
		a.printf("這次抽獎未經證實，您接受這一點\nTHE DRAW IS NOT PROVEN (verify exits 3): you accept that\n")
	}
	if req.Purpose == custody.Audit {
		a.sampled(plan)
		return
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "STRATUM\tRANK\tPRIZE\tENTRY\t\n")
	for _, l := range plan.Seats {
		at := c.Prize(req.Draw, l)
		titles := c.Titles.Tier[at]
		prize := bundle.In("zh-Hant-TW", titles)
		if en := bundle.In("en", titles); en != prize {
			prize += " / " + en
		}
		if value := c.Titles.Value[at]; req.Purpose == custody.Tax {
			prize += fmt.Sprintf(", NT$ %d", value)
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%s\n", l.Stratum, l.Rank, l.Seat, l.ID, prize)
	}
	w.Flush()
	for _, s := range plan.Skipped {
		a.printf("不交出 not handed over: stratum %d rank %d, entry %s: %s\n", s.Line.Stratum, s.Line.Rank, s.Line.ID, s.Why)
	}
}

// sampled names the entries of an audit sample that are handed over. Their numbers say nothing of who they are.
func (a *app) sampled(plan *custodian.Plan) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "PLACE\tENTRY\n")
	for _, l := range plan.Seats {
		fmt.Fprintf(w, "%d\t%s\n", l.Rank, l.ID)
	}
	w.Flush()
	for _, s := range plan.Skipped {
		a.printf("不交出 not handed over: place %d, entry %s: %s\n", s.Line.Rank, s.Line.ID, s.Why)
	}
	if left := plan.Sample - len(plan.Seats) - len(plan.Skipped); left > 0 {
		a.printf("樣本中另有 %d 筆未列入，查核時視同不符 %d more of the sample are not asked for: the auditor counts them as false\n", left, left)
	}
}
