package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"fairlot/cmd/fairlot/rules"
)

type rulesCmd struct {
	Lint rulesLint `cmd:"" help:"Say what rules of a draw mean in plain words, with the odds, and what in them hurts."`
}

type rulesLint struct {
	From     string  `arg:"" help:"Campaign file (- for standard input), or a bundle: a .tar file, a folder, or its address. A bundle is verified first."`
	Entrants []int64 `placeholder:"N" help:"Tell the odds for so many entrants; may be repeated. Without it: for the register, or for 100, 1,000 and 10,000."`
	Strata   []int64 `name:"in-strata" placeholder:"N,N,..." help:"Tell the odds for so many entrants in each stratum, by the order of their numbers."`
	Lang     string  `default:"en" enum:"en,zh" env:"FAIRLOT_LANG" placeholder:"en|zh" help:"Language of the explanation."`
	JSON     bool    `name:"json" help:"Print JSON: the explanation, and the findings in both languages."`
}

// Help is shown below the usage.
func (rulesLint) Help() string {
	return `It needs no daemon. What is printed first is what the rules say, for people who are to sign for them or to announce them; the odds are exact for
entrants of one chance each, and for one entrant of the most chances among them. Then come findings, things that were legal to write and that hurt.
What else keeps a draft from opening campaign create says.

Exit status: 0 nothing found, 1 findings, 2 wrong usage.

Example: fairlot rules lint autumn.json --entrants 800
         fairlot rules lint branches.json --in-strata 120,35,400
         fairlot rules lint autumn.json --lang zh
         fairlot rules lint https://draw.library.example/bundles/….tar`
}

// Run explains and lints.
func (cmd *rulesLint) Run(a *app) error {
	for _, n := range cmd.Entrants {
		if n < 1 || n > 1_000_000_000 {
			return usage("--entrants: want 1 to 1,000,000,000")
		}
	}
	set, err := cmd.read(a)
	if err != nil {
		return err
	}
	if cmd.Strata != nil {
		if n := set.Open.Draws; len(n) == 0 || n[0].Strata < 2 {
			return usage("--in-strata: these rules have no strata; use --entrants")
		} else if len(cmd.Strata) != n[0].Strata {
			return usage("--in-strata: want %d numbers, one for each stratum", n[0].Strata)
		}
		for _, n := range cmd.Strata {
			if n < 0 || n > 1_000_000_000 {
				return usage("--in-strata: want numbers from 0 to 1,000,000,000")
			}
		}
		set.In = cmd.Strata
	}
	lines, found := set.Explain(cmd.Lang, cmd.Entrants), set.Lint(cmd.Entrants)
	if cmd.JSON {
		e := json.NewEncoder(a.out)
		e.SetEscapeHTML(false)
		if err := e.Encode(map[string]any{"explanation": lines, "findings": append([]rules.Finding{}, found...)}); err != nil {
			return err
		}
	} else {
		for _, l := range lines {
			a.printf("%s\n", printable(l))
		}
		if len(found) > 0 {
			a.printf("\n")
		}
		for _, f := range found {
			where := ""
			if f.Draw > 0 {
				where = map[string]string{rules.English: "draw ", rules.Chinese: "第 "}[cmd.Lang] + fmt.Sprint(f.Draw) + map[string]string{rules.English: ": ", rules.Chinese: " 次抽獎："}[cmd.Lang]
			}
			a.printf("%s: %s%s\n", f.Code, where, f.Text(cmd.Lang))
		}
	}
	if len(found) > 0 {
		return &statusError{status: 1}
	}
	return nil
}

// read takes what begins as JSON for a campaign file, and everything else for a bundle.
func (cmd *rulesLint) read(a *app) (*rules.Set, error) {
	if cmd.From == "-" || isJSON(cmd.From) {
		c, err := readCampaign(cmd.From, a.in)
		if err != nil {
			return nil, err
		}
		return rules.Of(c)
	}
	checked, err := a.check(cmd.From)
	if err != nil {
		return nil, err
	}
	defer checked.Files.Close()
	return rules.Opened(checked), nil
}

func isJSON(path string) bool {
	if strings.HasSuffix(path, ".json") {
		return true
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := f.Read(head)
	return bytes.HasPrefix(bytes.TrimSpace(head[:n]), []byte("{"))
}
