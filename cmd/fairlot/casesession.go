package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/instant"
	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/label"
)

// casePurposes say what a case opens people for, in Chinese and English.
var casePurposes = map[custody.Purpose]string{
	custody.Court:  "依法院或機關的命令 / an order to disclose by a court or another authority",
	custody.Breach: "通知個資外洩的當事人 / telling persons of a breach",
	custody.Person: "當事人自己的請求 / the person's own request",
}

// caseTexts say what kinds and grounds of cases are.
var caseTexts = map[string]string{
	"court": "法院或機關的命令", "breach": "個資外洩通知", "access": "查詢或閱覽", "correction": "補充或更正", "erasure": "刪除",
	"consent":         "當事人自己的請求 / the person's own wish",
	"judicial":        "隱私權宣告的例外 (1)：司法調查單位依法定程序調閱 / condition (1): judicial investigative units, through legal procedures",
	"violation":       "例外 (2)：違反網站的規章 / condition (2): breach of the site's regulations",
	"public-interest": "例外 (3)：機關網站的公務考量 / condition (3): considerations of the government's site",
	"others-rights":   "例外 (4)：保護他人的合法權益 / condition (4): protection of the legal rights of others",
}

// kindTexts say what an envelope holds.
var kindTexts = map[seal.Kind]string{
	seal.Identity: "身分資料（姓名、證號、生日等） / identity: name, ID number, date of birth and the like",
	seal.Contact:  "聯絡資料（電話、電子郵件、地址） / contact: telephone, e-mail, address",
}

// rows prints rows of a session, Chinese word, English word, and what there is to say. No tabwriter aligns them: a Chinese character is two columns wide.
func (a *app) rows() func(zh, en, format string, args ...any) {
	return func(zh, en, format string, args ...any) {
		wide := 2*utf8.RuneCountInString(zh) + 1 + len(en)
		a.printf("%s %s%s%s\n", zh, en, strings.Repeat(" ", max(2, 32-wide)), fmt.Sprintf(format, args...))
	}
}

// campaignRows say of what campaign a release is.
func campaignRows(row func(zh, en, format string, args ...any), c *bundle.Checked) {
	for _, lang := range []string{"zh-Hant-TW", "en"} {
		if s := c.Titles.Campaign[lang]; s != "" {
			row("活動", "campaign", "%s", s)
		}
	}
	row("機關", "institution", "%s", c.Outcome.Open.Institution)
	row("活動編號", "campaign id", "%s", c.Outcome.Open.Campaign)
}

// earlier says what was announced before.
func (a *app) earlier(list []custodian.Earlier) {
	if len(list) == 0 {
		a.printf("此前未開啟過任何人 / nothing was announced as opened before\n")
	}
	for _, e := range list {
		about := "case"
		if e.Record.Draw > 0 {
			about = fmt.Sprintf("draw %d", e.Record.Draw)
		}
		given := "您未交出份額 / you gave no shares"
		if e.Given {
			given = "您曾交出份額 / you gave shares"
		}
		a.printf("此前 before: record %d of the log, %s, %s, %s; %s\n", e.Index+1, about, e.Record.Purpose, plural(e.Record.Count, "person", "persons"), given)
	}
}

// caseSession is session of a case: whom, why, on which ground and reference, under whose approvals, until when and for whose eyes. The log fixes all but the approvals.
func (a *app) caseSession(c *bundle.Checked, req *release.Case, plan *custodian.CasePlan, logSize int64) {
	row := a.rows()
	campaignRows(row, c)
	text := req.Text
	row("目的", "purpose", "%s", casePurposes[text.Purpose()])
	row("案件", "case", "%x，%s / %s", text.ID[:], caseTexts[text.Kind], text.Kind)
	row("理由", "ground", "%s", caseTexts[text.Ground])
	row("法令或文號", "legal reference", "%s", label.Quote(text.Reference))
	for _, k := range text.Opens {
		row("開啟", "opens", "%s", kindTexts[k])
	}
	if text.Kind == "erasure" && slices.Contains(text.Opens, seal.Identity) {
		row("之後", "then", "姓名與證件相符即永久刪除此筆 / the entry is erased for good if the name is that of the ID card; without your shares it cannot be")
	}
	to := c.Outcome.Open.Notifiers[text.Notifier-1]
	row("交給", "sealed to", "通知人 %d（共 %d 位），別人都讀不到 / notifier %d of %d and nobody else, %s…%s", text.Notifier, len(c.Outcome.Open.Notifiers), text.Notifier, len(c.Outcome.Open.Notifiers), to[:12], to[len(to)-6:])
	row("到期", "expires", "%s", instant.Text(text.Expires))
	row("公開紀錄", "record of the log", "%d of %d, %s", plan.Index+1, logSize, req.Opened)
	row("申請", "asked", "%s, token %q, %s（機關自述 / so the institution says）", label.Quote(req.Requester.Label), req.Requester.Token, instant.Text(req.Requester.At))
	for _, p := range req.Approvers {
		row("核准", "approved", "%s, token %q, %s（機關自述 / so the institution says）", label.Quote(p.Label), p.Token, instant.Text(p.At))
	}
	a.earlier(plan.Earlier)
	if plan.Listed {
		a.printf("以下 %d 筆收據編號，均在公開名單內 / %s, all in the public entry list:\n", len(req.Named), plural(int64(len(req.Named)), "receipt number", "receipt numbers"))
	} else {
		a.printf("以下 %d 筆收據編號；公開名單尚未產生 / %s; there is no public entry list yet:\n", len(req.Named), plural(int64(len(req.Named)), "receipt number", "receipt numbers"))
	}
	for _, id := range req.Named {
		a.printf("  %s\n", id)
	}
	for _, s := range plan.Skipped {
		why := "沒有這種資料 / the entrant gave none"
		if s.Gone {
			why = "已刪除 / nothing is kept any more"
		}
		a.printf("不交出 not handed over: %s, %s: %s\n", s.ID, strings.SplitN(kindTexts[s.Kind], "（", 2)[0]+" "+s.Kind.String(), why)
	}
}
