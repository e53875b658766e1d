package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

//go:embed example.json
var exampleFile string

type campaignExample struct {
	Custodian []string `sep:"none" placeholder:"FILE" help:"What keys new custodian printed, to fill in; repeat it in the order of the custodians."`
	Notifier  []string `sep:"none" placeholder:"FILE" help:"What keys new notifier printed, to fill in."`
	Slug      string   `default:"autumn-reading" help:"Address of its page."`
	Audit     int      `placeholder:"N" help:"With an audit sample of N entrants, of which the notice tells."`
	Auditor   string   `placeholder:"FILE" help:"With --audit: what keys new notifier printed on the auditor's machine."`
}

// Help is shown below the usage.
func (campaignExample) Help() string {
	return `Times are counted from now. Yours to write are the four blanks in the privacy notice, 【待填：…】 and [TO FILL IN: …]: how long data are kept, and whom people ask. A campaign with
a blank left in any text for the public cannot be opened. Read the notice, prizes and dates too; they are an example.

Example: fairlot campaign example --custodian maria.json --custodian chen.json --custodian lin.json --notifier notifier.json > autumn.json
         fairlot campaign example … --notifier notifier.json --audit 300 --auditor auditor.json > autumn.json`
}

// auditNotice is what the notice says of an audit sample, and before what.
var auditNotice = [][2]string{
	{"其他人的資料，僅於您本人請求", "為查核有無虛構的登記，每次抽獎另由亂數抽出至多 %d 名參加者（不論是否得獎），將其姓名及身分證統一編號開啟給查核人，與名冊核對。"},
	{"Anybody else's they open only at your own wish", "To audit the draw for false entries, they open names and ID numbers of at most %d entrants of each draw, winners or not, picked by its randomness and by nobody, to an auditor, who compares them with the register. "},
}

// Run prints the example, its times counted from now.
func (cmd *campaignExample) Run(a *app) error {
	c, err := cmd.example(time.Now())
	if err != nil {
		return err
	}
	b, err := indented(c)
	if err != nil {
		return err
	}
	_, err = a.out.Write(b)
	return err
}

// ordered keeps an object's keys in the order of the file.
type ordered struct {
	keys   []string
	values map[string]json.RawMessage
}

func (o *ordered) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &o.values); err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return nil
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
		case string:
			if depth == 1 {
				o.keys = append(o.keys, t)
				var skip json.RawMessage
				if err := d.Decode(&skip); err != nil {
					return err
				}
			}
		}
	}
}

func (o ordered) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, k := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", k, o.values[k])
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

func (cmd *campaignExample) example(now time.Time) (*ordered, error) {
	day := now.UTC().Truncate(24 * time.Hour)
	at := func(days, hour int) string {
		return day.AddDate(0, 0, days).Add(time.Duration(hour) * time.Hour).Format(time.RFC3339)
	}
	if (cmd.Audit > 0) != (cmd.Auditor != "") || cmd.Audit < 0 || cmd.Auditor != "" && len(cmd.Notifier) == 0 {
		return nil, usage("--audit, --auditor and --notifier go together: the auditor reads the sample, and the notifier writes to winners")
	}
	text := strings.NewReplacer("ENTRIES-END", at(15, 16), "DRAW-TIME", at(16, 6)).Replace(exampleFile)
	if cmd.Audit > 0 {
		for _, x := range auditNotice {
			if !strings.Contains(text, x[0]) {
				return nil, fmt.Errorf("the example's notice has no place for %q", x[0])
			}
			text = strings.Replace(text, x[0], fmt.Sprintf(x[1], cmd.Audit)+x[0], 1)
		}
	}
	c := &ordered{}
	if err := json.Unmarshal([]byte(text), c); err != nil {
		return nil, err
	}
	var err error
	if c.values["slug"], err = json.Marshal(cmd.Slug); err != nil {
		return nil, err
	}
	if len(cmd.Custodian) > 0 {
		var all []publicKey
		for _, path := range cmd.Custodian {
			k, err := readPublic(path)
			if err != nil {
				return nil, err
			}
			if k.Cosigner == "" {
				return nil, fmt.Errorf("read %s: no cosigner in it: want what `fairlot keys new custodian` printed", path)
			}
			all = append(all, k)
		}
		if c.values["custodians"], err = json.Marshal(all); err != nil {
			return nil, err
		}
		if c.values["threshold"], err = json.Marshal(min(2, len(all))); err != nil {
			return nil, err
		}
	}
	if len(cmd.Notifier) > 0 {
		var all []string
		for _, path := range cmd.Notifier {
			k, err := readPublic(path)
			if err != nil {
				return nil, err
			}
			all = append(all, k.Recipient)
		}
		if cmd.Auditor != "" {
			k, err := readPublic(cmd.Auditor)
			if err != nil {
				return nil, err
			}
			all = append(all, k.Recipient)
			c.keys = append(c.keys, "audit", "auditor")
			c.values["audit"], c.values["auditor"] = json.RawMessage(strconv.Itoa(cmd.Audit)), json.RawMessage(strconv.Itoa(len(all)))
		}
		if c.values["notifiers"], err = json.Marshal(all); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func readPublic(path string) (k publicKey, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(b, &k); err != nil || !strings.HasPrefix(k.Recipient, "age1") {
		return k, fmt.Errorf("read %s: want the public lines that `fairlot keys new` printed", path)
	}
	return k, nil
}
