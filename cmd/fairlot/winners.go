package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"html/template"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/draw"
	"fairlot/entrant"
	"fairlot/verify"
)

type winnersCmd struct {
	Draw           int      `arg:"" help:"Number of the draw, from 1."`
	Bundle         string   `required:"" placeholder:"PATH|URL" help:"The campaign's newest bundle."`
	Masked         []string `sep:"none" placeholder:"FILE" help:"What fairlot claim and fairlot release tax noted with --masked; repeat it for each desk. Without it the list has numbers alone."`
	Format         string   `default:"text" enum:"text,csv,html" placeholder:"WORD" help:"text, csv, or html: a piece of a page, to paste."`
	Excel          bool     `help:"With csv: begin with a byte order mark, without which Excel shows Chinese wrong."`
	Page           string   `placeholder:"URL" help:"The campaign's page, for a link under the list: results, receipts and the bundle are there."`
	Out            string   `placeholder:"FILE" help:"New file for the list; printed if not given."`
	AcceptUnproven bool     `help:"Go on although the draw is not proven (verify exits 3)."`
}

// Help is shown below the usage.
func (winnersCmd) Help() string {
	return `The list of who holds which prize now, to publish: rank and number of the receipt, by which everybody can check the draw and each winner finds the own
entry; and beside them, if the public rules announce it (winnerList), the masked name and ID number of whom a desk has seen. Nobody is opened for it.

What it gives away is said on standard error. Read it before you publish: a masked name beside a rare surname, a small town or a photograph is a name.

Example: fairlot winners 1 --bundle drawn.tar --masked desk.masked --format html --out winners.html`
}

// winnerRow is one seat as it is published.
type winnerRow struct {
	Prize, Group     string
	Stratum, Rank    int
	Receipt          draw.EntrantID
	Name, Number     string
	PrizeZH, PrizeEN string
}

// winnerList is what a list says besides its rows.
type winnerList struct {
	TitleZH, TitleEN, Institution string
	Draw                          int
	Round                         uint64
	Result                        string // SHA-256 of the ranking
	Page                          string // may be empty
	Names, Numbers                bool
	Proven                        bool
	Rows                          []winnerRow
}

// Run writes the list.
func (cmd *winnersCmd) Run(a *app) error {
	if cmd.Excel && cmd.Format != "csv" {
		return usage("--excel goes with --format csv")
	}
	if cmd.Page != "" && !strings.HasPrefix(cmd.Page, "https://") && !strings.HasPrefix(cmd.Page, "http://") {
		return usage("--page: want an address that begins with https://")
	}
	if err := free(cmd.Out); err != nil {
		return err
	}
	c, err := a.check(cmd.Bundle)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	d, ok := c.Draw(cmd.Draw)
	switch {
	case !ok:
		return usage("draw %d: the campaign has %s", cmd.Draw, plural(int64(len(c.Outcome.Draws)), "draw", "draws"))
	case d.State == verify.StateVoid:
		return fmt.Errorf("draw %d is void (%s): nobody has won", cmd.Draw, d.Void)
	case d.State != verify.StateDrawn:
		return notDrawn(d)
	case !custodian.Proven(d) && !cmd.AcceptUnproven:
		return fmt.Errorf("draw %d is computed correctly but not proven (see fairlot verify): to publish it all the same, say --accept-unproven; the list says so", cmd.Draw)
	}
	known := map[maskedSeat][2]string{}
	for _, path := range cmd.Masked {
		m, err := readMasked(path, c)
		if err != nil {
			return err
		}
		if len(m.rows) == 0 {
			return fmt.Errorf("%s holds nobody, or is not there: it is the file that fairlot claim --masked wrote", path)
		}
		for s, r := range m.rows {
			known[s] = r
		}
	}
	list := cmd.list(c, d, known)
	text, err := list.print(cmd.Format)
	if err != nil {
		return err
	}
	if cmd.Excel {
		text = append([]byte("\ufeff"), text...)
	}
	a.givesAway(c, list)
	for _, s := range slices.SortedFunc(maps.Keys(known), func(a, b maskedSeat) int { return a.rank - b.rank }) {
		if s.draw == cmd.Draw && !slices.ContainsFunc(d.Winners, func(l draw.Line) bool { return l.ID == s.id }) {
			a.say("left out: rank %d of stratum %d holds no seat any more\n", s.rank, s.stratum)
		}
	}
	if cmd.Out == "" {
		_, err := a.out.Write(text)
		return err
	}
	return os.WriteFile(cmd.Out, text, 0o644) // to be published
}

func (cmd *winnersCmd) list(c *bundle.Checked, d *verify.Draw, known map[maskedSeat][2]string) *winnerList {
	l := &winnerList{TitleZH: bundle.In("zh-Hant-TW", c.Titles.Campaign), TitleEN: bundle.In("en", c.Titles.Campaign), Institution: c.Outcome.Open.Institution, Draw: cmd.Draw,
		Round: d.Round, Result: draw.HashOf(draw.MarshalRanking(d.Ranking)).String(), Page: cmd.Page, Proven: custodian.Proven(d)}
	for _, w := range d.Winners {
		at := c.Prize(cmd.Draw, w)
		r := winnerRow{Prize: prizeTitle(c.Titles, at), PrizeZH: bundle.In("zh-Hant-TW", c.Titles.Tier[at]), PrizeEN: bundle.In("en", c.Titles.Tier[at]),
			Stratum: w.Stratum, Group: c.Titles.Stratum(w.Stratum), Rank: w.Rank, Receipt: w.ID}
		shown := known[maskedSeat{cmd.Draw, w.Stratum, w.Rank, w.ID}]
		r.Name, r.Number = shown[0], shown[1]
		l.Names, l.Numbers = l.Names || r.Name != "", l.Numbers || r.Number != ""
		l.Rows = append(l.Rows, r)
	}
	return l
}

// givesAway says what whoever reads the list learns, in figures where there are any.
func (a *app) givesAway(c *bundle.Checked, l *winnerList) {
	a.say("WHAT THIS LIST GIVES AWAY\n  which receipt won which prize: whoever has seen a winner's receipt knows who won. It says nothing of their answers\n")
	if l.Names {
		a.say("  of names: the surname, or its first character or letter, and how long a Chinese name is. Who knows the person, or has a rare surname before them, knows who it is\n")
	}
	if n := c.Titles.ListNumber.Fits(); l.Numbers {
		a.say("  of ID numbers: only %d numbers of citizens fit one that is shown so; whoever has a list of people with their numbers finds most of them\n", n)
		if l.Names {
			a.say("  both together: together they name one person in nearly every list of members or voters. Show one of the two if you can\n")
		}
		if c.Titles.ListNumber != entrant.IDLastFour {
			a.say("  the first characters of a number: where it was issued, and whether to a man or a woman\n")
		}
	}
	same := map[[2]string]int{}
	for _, r := range l.Rows {
		if r.Name+r.Number != "" {
			same[[2]string{r.Name, r.Number}]++
		}
	}
	for _, n := range same {
		if n > 1 {
			a.say("  %d winners look the same in it: they tell themselves apart by the receipt\n", n)
		}
	}
	a.say("  it stays in copies of the page for ever: take it down when the claim period is over\n")
}

// What stands under every list, against fraud.
const (
	neverZH = "館員不會以電話或簡訊要求您操作自動櫃員機、網路銀行或提供帳號密碼；有疑問請撥 165。"
	neverEN = "Staff never ask you by telephone or text message to use a cash machine or online banking, or for passwords; if in doubt call 165."
)

func (l *winnerList) heading() (zh, en string) {
	zh, en = fmt.Sprintf("%s　第 %d 次抽獎得獎名單", l.TitleZH, l.Draw), fmt.Sprintf("%s: winners of draw %d", l.TitleEN, l.Draw)
	if !l.Proven {
		zh, en = zh+"（尚未經外部證實）", en+" (not confirmed from outside)"
	}
	return zh, en
}

// columns are the headings, and the cells of a row, in the same order.
func (l *winnerList) columns() (heads []string, cells func(winnerRow) []string) {
	heads = []string{"獎項 prize", "組別 stratum", "名次 rank", "收據編號 receipt number"}
	if l.Names {
		heads = append(heads, "姓名 name")
	}
	if l.Numbers {
		heads = append(heads, "證號 ID number")
	}
	return heads, func(r winnerRow) []string {
		c := []string{r.Prize, r.Group, fmt.Sprint(r.Rank), r.Receipt.String()}
		if l.Names {
			c = append(c, r.Name)
		}
		if l.Numbers {
			c = append(c, r.Number)
		}
		return c
	}
}

// check is where anybody checks the list.
func (l *winnerList) check() (zh, en string) {
	return fmt.Sprintf("查驗：名次與收據編號出自公開排序檔（SHA-256 %s，drand 第 %d 輪），可用 fairlot verify 重新計算。", l.Result, l.Round),
		fmt.Sprintf("To check: ranks and receipt numbers are those of the public ranking file (SHA-256 %s, drand round %d), which fairlot verify computes again.", l.Result, l.Round)
}

func (l *winnerList) print(format string) ([]byte, error) {
	var b bytes.Buffer
	heads, cells := l.columns()
	zh, en := l.heading()
	checkZH, checkEN := l.check()
	switch format {
	case "csv":
		w := csv.NewWriter(&b)
		w.UseCRLF = true
		rows := [][]string{heads}
		for _, r := range l.Rows {
			row := cells(r)
			for i := range row {
				row[i] = plainCell(row[i])
			}
			rows = append(rows, row)
		}
		err := w.WriteAll(rows)
		return b.Bytes(), err
	case "html":
		err := winnersPage.Execute(&b, map[string]any{"L": l, "ZH": zh, "EN": en, "CheckZH": checkZH, "CheckEN": checkEN, "NeverZH": neverZH, "NeverEN": neverEN})
		return b.Bytes(), err
	}
	fmt.Fprintf(&b, "%s\n%s\n%s\n\n", l.Institution, zh, en)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(heads, "\t"))
	for _, r := range l.Rows {
		row := cells(r)
		for i := range row {
			row[i] = cmp.Or(row[i], "—")
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	fmt.Fprintf(&b, "\n%s\n%s\n%s\n%s\n", checkZH, checkEN, neverZH, neverEN)
	if l.Page != "" {
		fmt.Fprintf(&b, "%s\n", l.Page)
	}
	return b.Bytes(), nil
}

// winnersPage is a piece of a page: no scripts, no styles, nothing from elsewhere.
var winnersPage = template.Must(template.New("winners").Parse(`<section lang="zh-Hant-TW">
<h2>{{.ZH}}</h2>
<p lang="en">{{.EN}}</p>
<table>
<caption>{{.L.Institution}}</caption>
<thead><tr><th scope="col">獎項 <span lang="en">prize</span></th><th scope="col">組別 <span lang="en">stratum</span></th><th scope="col">名次 <span lang="en">rank</span></th><th scope="col">收據編號 <span lang="en">receipt number</span></th>{{if .L.Names}}<th scope="col">姓名 <span lang="en">name</span></th>{{end}}{{if .L.Numbers}}<th scope="col">證號 <span lang="en">ID number</span></th>{{end}}</tr></thead>
<tbody>
{{range .L.Rows}}<tr><td>{{.PrizeZH}}{{if ne .PrizeZH .PrizeEN}} <span lang="en">{{.PrizeEN}}</span>{{end}}</td><td>{{.Group}}</td><td>{{.Rank}}</td><td><code>{{.Receipt}}</code></td>{{if $.L.Names}}<td>{{or .Name "—"}}</td>{{end}}{{if $.L.Numbers}}<td>{{or .Number "—"}}</td>{{end}}</tr>
{{end}}</tbody>
</table>
{{if .L.Page}}<p><a href="{{.L.Page}}">活動頁：結果、查收據、查驗檔 <span lang="en">campaign page: results, receipts, files to check</span></a></p>
{{end}}<p>{{.CheckZH}}</p>
<p lang="en">{{.CheckEN}}</p>
<p>{{.NeverZH}}</p>
<p lang="en">{{.NeverEN}}</p>
</section>
`))
