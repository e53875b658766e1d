package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"

	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/fairlot/rules"
	"fairlot/cmd/fairlot/unseal"
	"fairlot/crypto/custody"
	"fairlot/crypto/tag"
	"fairlot/draw"
)

type sampleCmd struct {
	List  sampleList  `cmd:"" help:"Which entries a draw's seed picked for the audit sample, from a bundle alone."`
	Read  sampleRead  `cmd:"" help:"Auditor, offline: join the custodians' shares, check each identity against the entry list, and write them to compare with the register."`
	Bound sampleBound `cmd:"" help:"How many of all entrants can be false at most, by what the sample showed."`
}

type sampleList struct {
	Bundle string `arg:"" placeholder:"PATH|URL" help:"The campaign's bundle."`
	Draw   int    `arg:"" optional:"" default:"1" help:"Number of the draw, from 1."`
}

// Help is shown below the usage.
func (sampleList) Help() string {
	return `The bundle is checked first. A line an entry: its place in the sample and its number, as in the public list; nothing says who that is.

Example: fairlot sample list drawn.tar 1`
}

// Run lists a sample.
func (cmd *sampleList) Run(a *app) error {
	c, err := a.check(cmd.Bundle)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	d, ok := c.Draw(cmd.Draw)
	switch {
	case !ok:
		return fmt.Errorf("the campaign has no draw %d", cmd.Draw)
	case c.Outcome.Open.Audit == 0:
		return fmt.Errorf("the rules have no audit sample")
	case d.Result == nil:
		return fmt.Errorf("draw %d has no result yet, and nobody can know its sample before", cmd.Draw)
	}
	for i, id := range d.Audit {
		a.printf("%d %s\n", i+1, id)
	}
	return nil
}

type sampleRead struct {
	opening `embed:""`
	Out     string `required:"" placeholder:"FILE" help:"New file of mode 0600: one line a place of the sample, as CSV. Delete it when you have compared it."`
	Excel   bool   `help:"Begin the file with a byte order mark, without which Excel shows Chinese wrong."`
	Yes     bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (sampleRead) Help() string {
	return `The bundle is checked, and with it that the sample is the one that the draw's randomness gives. Each identity is opened and must give, with the two random openings
in its envelope, the person that the public list has held since the close; so nobody can show you another one. The file has a line for each place of the sample, also of those
that were not opened, with the reason. Look each one up in the institution's register, kept by somebody else than who entered them if you can.

What is said last is how many of all entrants with chances can be false, with 95 % confidence. Whoever could not be opened is counted as false there, and so is a number that
cannot be one, or that stands twice. Add those whom the register does not have with fairlot sample bound. There is no --accept-unproven: it was said when the release was asked for.

Example: fairlot sample read --key auditor.key --request sample.json --bundle drawn.tar --share maria.shares --share chen.shares --out sample.csv --excel`
}

// Run writes the sample.
func (cmd *sampleRead) Run(a *app) error {
	if err := free(cmd.Out); err != nil {
		return err
	}
	p, err := cmd.read(a, custody.Audit)
	if err != nil {
		return err
	}
	defer p.Files.Close()
	all, err := unseal.OpenSample(p.Checked, p.key, p.request, p.release, p.shares)
	if err != nil {
		return fmt.Errorf("open the sample: %w", err)
	}
	if err := writePin(cmd.Key, p.pin); err != nil {
		return err
	}
	var out bytes.Buffer
	if cmd.Excel {
		out.WriteString("\ufeff")
	}
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	rows, opened, wrong := sampleRows(a, all)
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	if err := a.confirm(cmd.Yes, fmt.Sprintf("把 %d 位參加者的姓名與證號以明文寫入 %s 嗎？ Write names and ID numbers of %s in the clear to %s?", opened, cmd.Out, plural(int64(opened), "entrant", "entrants"), cmd.Out)); err != nil {
		return err
	}
	if err := private.Write(cmd.Out, out.Bytes()); err != nil {
		return err
	}
	d, _ := p.Draw(p.request.Draw)
	b := sampleBound{Pool: d.Ranked, Opened: int64(opened), Unopened: int64(len(all) - opened), False: int64(wrong)}
	a.printf("樣本共 %d 筆，已開啟 %d 筆，寫入 %s；比對後請刪除\n%d of the %d of the sample opened, in %s: compare them with the register, then delete it\n", len(all), opened, cmd.Out, opened, len(all), cmd.Out)
	b.say(a)
	a.printf("名冊查無的，加入 --false 再算一次 with those whom the register does not have in --false, once more:\n  fairlot sample bound --pool %d --opened %d --unopened %d --false %d\n", b.Pool, b.Opened, b.Unopened, b.False)
	return nil
}

// sampleRows are the lines of the file, and how many were opened and how many of these cannot be right. It says each that was not, or is not.
func sampleRows(a *app, all []unseal.Sampled) (rows [][]string, opened, wrong int) {
	rows = [][]string{{"次序 place", "登記編號 entry", "姓名 name", "證號別 kind of number", "證號 number", "出生日期 date of birth", "借閱證 card", "法定代理人 guardian", "查核 finding"}}
	first := map[[2]string]int{} // place of who has a number first
	for _, s := range all {
		row := []string{strconv.Itoa(s.Place), s.ID.String(), "", "", "", "", "", "", ""}
		if s.Identity == nil {
			row[8] = "未開啟 not opened"
			a.printf("未開啟 not opened: place %d, entry %s: %v\n", s.Place, s.ID, s.Why)
			rows = append(rows, row)
			continue
		}
		opened++
		x := s.Identity
		number := [2]string{x.IDType, x.IDNumber}
		if got, err := tag.Canonical(x.IDType, x.IDNumber); err != nil || got != x.IDNumber {
			row[8] = "證號格式不符 not a number that can be issued"
		} else if before := first[number]; before > 0 {
			row[8] = fmt.Sprintf("證號與第 %d 筆相同 the same number as place %d", before, before)
		} else {
			first[number] = s.Place
		}
		if row[8] != "" {
			wrong++
			a.printf("不符 wrong: place %d, entry %s: %s\n", s.Place, s.ID, row[8])
		}
		kind, ok := idKinds[x.IDType]
		if !ok {
			kind = plainCell(x.IDType)
		}
		copy(row[2:], []string{plainCell(x.Name), kind, plainCell(x.IDNumber), x.Birth, plainCell(x.Card), plainCell(x.Guardian)})
		rows = append(rows, row)
	}
	return rows, opened, wrong
}

type sampleBound struct {
	Pool     int64 `required:"" placeholder:"N" help:"Entrants with chances, of whom the sample was drawn."`
	Opened   int64 `required:"" placeholder:"N" help:"How many of the sample were opened and looked up."`
	Unopened int64 `placeholder:"N" help:"How many of the sample were not opened: they are counted as false."`
	False    int64 `placeholder:"N" help:"How many of those that were opened are false."`
}

// Help is shown below the usage.
func (sampleBound) Help() string {
	return `The bound is exact for a pool of this size and one-sided (the hypergeometric test inverted; for a pool without end it is the upper limit of Clopper and Pearson).
It holds if the seed picked the sample, which the bundle proves, and says nothing of the single entrant, nor of real persons in whose name somebody else entered.

Example: fairlot sample bound --pool 4210 --opened 298 --unopened 2 --false 1`
}

// Run says the bound.
func (cmd *sampleBound) Run(a *app) error {
	switch {
	case cmd.Opened < 0 || cmd.Unopened < 0 || cmd.False < 0 || cmd.Pool < 0:
		return usage("sample bound: numbers of entrants are not below 0")
	case cmd.Pool > 1_000_000_000 || cmd.Opened > draw.MaxAudit || cmd.Unopened > draw.MaxAudit:
		return usage("sample bound: want a pool of at most 1,000,000,000, and a sample of at most %d", draw.MaxAudit)
	case cmd.False > cmd.Opened:
		return usage("--false: of the %d that were opened %d cannot be false", cmd.Opened, cmd.False)
	case cmd.Opened+cmd.Unopened > cmd.Pool:
		return usage("--pool: a sample of %d does not fit into a pool of %d", cmd.Opened+cmd.Unopened, cmd.Pool)
	case cmd.Opened+cmd.Unopened == 0:
		return usage("--opened: without a sample nothing is known")
	}
	cmd.say(a)
	return nil
}

func (cmd *sampleBound) say(a *app) {
	found := cmd.False + cmd.Unopened
	most := draw.FalseAtMost(cmd.Pool, cmd.Opened+cmd.Unopened, found)
	a.printf("有機會的 %[1]d 名參加者中，抽查 %[2]d 名，%[3]d 名不符、%[4]d 名未開啟（視同不符）：有 95%% 的把握，不符的至多 %[5]d 名（%[6]s）\n"+
		"of %[1]d entrants with chances %[2]d were sampled, %[3]d false and %[4]d not opened (counted as false): at most %[5]d (%[6]s) are false, with 95 %% confidence\n",
		cmd.Pool, cmd.Opened+cmd.Unopened, cmd.False, cmd.Unopened, most, rules.Percent(most, cmd.Pool))
}
