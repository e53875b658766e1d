package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

type campaignTallies struct {
	Name string `arg:"" help:"Slug or id."`
	JSON bool   `name:"json" help:"Print the table as the daemon keeps it."`
}

// Help is shown below the usage.
func (campaignTallies) Help() string {
	return `Counts below the smallest cell, and those that would give them away, are not shown.

Example: fairlot campaign tallies autumn-reading --json > tallies.json`
}

// table is the table of docs/SURVEY.md, as much as is printed. A null count is suppressed.
type table struct {
	Responses *int `json:"responses"`
	MinCell   int  `json:"min_cell"`
	Questions []struct {
		Question   string `json:"question"`
		Withheld   bool   `json:"withheld"`
		Answered   *int   `json:"answered"`
		Unanswered *int   `json:"unanswered"`
		Mean       string `json:"mean"`
		Cells      []struct {
			Value string `json:"value"`
			Count *int   `json:"count"`
		} `json:"cells"`
	} `json:"questions"`
}

// Run prints the statistics.
func (cmd *campaignTallies) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	res, err := fairlotv1.NewCampaignServiceClient(conn).GetTallies(a.ctx, &fairlotv1.GetTalliesRequest{Name: c.Name})
	if err != nil {
		return a.explain("read tallies of "+c.Slug, err)
	}
	if cmd.JSON {
		a.printf("%s\n", res.TableJson)
		return nil
	}
	var t table
	if err := json.Unmarshal([]byte(res.TableJson), &t); err != nil {
		return fmt.Errorf("read tallies of %s: the daemon's table is of another version; use --json", c.Slug)
	}
	responses := "– responses"
	if t.Responses != nil {
		responses = plural(int64(*t.Responses), "response", "responses")
	}
	a.printf("%s\n– means withheld: a count under %d, or one that would give such a count away\n", responses, t.MinCell)
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, q := range t.Questions {
		fmt.Fprintf(w, "\n%s\tanswered %s\tnot answered %s\n", q.Question, count(q.Answered), count(q.Unanswered))
		if q.Withheld {
			fmt.Fprintf(w, "  withheld: too few to show anything\n")
		}
		if q.Mean != "" {
			fmt.Fprintf(w, "  mean\t%s\n", q.Mean)
		}
		for _, cell := range q.Cells {
			fmt.Fprintf(w, "  %s\t%s\n", cell.Value, count(cell.Count))
		}
	}
	return w.Flush()
}

func count(n *int) string {
	if n == nil {
		return "–"
	}
	return fmt.Sprint(*n)
}
