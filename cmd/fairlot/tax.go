package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/private"
	"fairlot/crypto/custody"
	"fairlot/draw"
)

type releaseTax struct {
	opening `embed:""`
	Out     string `required:"" placeholder:"FILE" help:"New file of mode 0600: one line a prize, as CSV. Delete it after it is filed."`
	Excel   bool   `help:"Begin the file with a byte order mark, without which Excel shows Chinese wrong."`
	Masked  string `placeholder:"FILE" help:"Note the masked names for the public list of winners here too (fairlot winners)."`
	Yes     bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (releaseTax) Help() string {
	return `Of each opened holder of a prize above the rules' taxAbove the file holds the name, the kind of ID number, the number, the prize, and what it is worth by the
public rules, and nothing else: no telephone, no address, no date of birth, no number of the entry. Whether tax is withheld, and how much, depends on where the winner
lives: whoever pays asks that. An address that the form of the tax office wants is asked at the desk. Who was replaced since is left out. There is no
--accept-unproven: it was said when the release was asked for.

The log has counted this opening, for everybody to see. The daemon learns nothing of it.

Example: fairlot release tax --key notifier.key --request tax.json --bundle drawn.tar --share maria.shares --share chen.shares --out tax.csv --excel`
}

// Run writes the file for the tax office.
func (cmd *releaseTax) Run(a *app) error {
	if err := free(cmd.Out); err != nil {
		return err
	}
	p, err := cmd.read(a, custody.Tax)
	if err != nil {
		return err
	}
	defer p.Files.Close()
	list, err := readMasked(cmd.Masked, p.Checked)
	if err != nil {
		return err
	}
	people, err := cmd.identities(p)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if cmd.Excel {
		out.WriteString("\ufeff")
	}
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	rows := [][]string{{"姓名 name", "證號別 kind of number", "證號 number", "獎項 prize", "價值（新臺幣） value in NT$"}}
	left := 0
	for _, x := range people {
		if x.Vacated != "" {
			a.printf("left out: stratum %d rank %d, %s\n", x.Line.Stratum, x.Line.Rank, x.Vacated)
			left++
			continue
		}
		id, err := draw.ParseIdentity(x.Text)
		if err != nil || id.IDNumber == "" {
			return fmt.Errorf("stratum %d rank %d: what was sealed is no identity with a number", x.Line.Stratum, x.Line.Rank)
		}
		at := p.Prize(p.request.Draw, x.Line)
		rows = append(rows, []string{plainCell(id.Name), idKinds[id.IDType], plainCell(id.IDNumber), plainCell(prizeTitle(p.Titles, at)), strconv.FormatInt(p.Titles.Value[at], 10)})
		list.add(p.Checked, p.request.Draw, x.Line, id.Name, id.IDNumber)
	}
	if len(rows) == 1 {
		return fmt.Errorf("nobody of the %s whom this release covers holds the prize any more: nothing is written", plural(int64(left), "person", "persons"))
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	if err := a.confirm(cmd.Yes, fmt.Sprintf("把 %d 位得獎人的姓名與證號以明文寫入 %s 嗎？ Write names and ID numbers of %s in the clear to %s?", len(rows)-1, cmd.Out, plural(int64(len(rows)-1), "winner", "winners"), cmd.Out)); err != nil {
		return err
	}
	if err := private.Write(cmd.Out, out.Bytes()); err != nil {
		return err
	}
	if err := list.write(); err != nil {
		return err
	}
	a.printf("%s in %s: file it, then delete it\n", plural(int64(len(rows)-1), "prize", "prizes"), cmd.Out)
	return nil
}

var idKinds = map[string]string{"citizen": "國民身分證 citizen", "resident": "居留證 resident"}

// prizeTitle is a prize in both languages.
func prizeTitle(t bundle.Titles, at [2]int) string {
	zh, en := bundle.In("zh-Hant-TW", t.Tier[at]), bundle.In("en", t.Tier[at])
	if zh == en {
		return zh
	}
	return zh + " / " + en
}

// plainCell keeps a spreadsheet from taking what a person typed for a formula. East Asian ones take the wide and small forms of the signs too (U+FF1D, U+FE66),
// so what the first character is compatible with decides.
func plainCell(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	if n > 0 && strings.ContainsAny(norm.NFKC.String(s[:n]), "=+-@\t\r\n") {
		return "'" + s
	}
	return s
}
