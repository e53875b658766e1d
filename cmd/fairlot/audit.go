package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"

	"fairlot/cmd/instant"
	"fairlot/crypto/trail"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type auditCmd struct {
	Bundle string    `placeholder:"PATH|URL" help:"Compare the trail with the heads in this bundle's log instead of the log that the daemon shows: a bundle that was cosigned cannot be rewritten."`
	Actor  string    `placeholder:"WORD" help:"Show acts of the token with this id or label, or of daemon or machine, only."`
	Method string    `placeholder:"WORD" help:"Show acts whose method contains this only, such as OpenCampaign."`
	About  string    `placeholder:"WORD" help:"Show acts whose resource, or role and label of the token they made, contains this only, such as a campaign's id."`
	Since  time.Time `format:"2006-01-02" placeholder:"DATE" help:"Show acts from this UTC day on only."`
	Failed bool      `help:"Show acts that were refused, or have no outcome, only."`
	JSON   bool      `name:"json" help:"Print JSON, one act a line."`
}

// Help is shown below the usage.
func (auditCmd) Help() string {
	return `All acts are read and the chain is checked whatever is shown: each act holds the hash of the one before, and the heads that the public log got each
day must be among them. Exit status 1 if an act does not fit; the first one is named, and nothing after it can be trusted. What nothing shows:
acts taken away or altered after the last head in the log, if whoever did it made all hashes anew.

Example: fairlot audit --since 2027-03-01 --failed
         fairlot audit --bundle autumn.tar --json > acts.json`
}

// Run reads and checks the trail.
func (cmd *auditCmd) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	var heads []trail.Head
	wantKey := ""
	if cmd.Bundle != "" {
		c, err := a.check(cmd.Bundle)
		if err != nil {
			return err
		}
		defer c.Files.Close()
		wantKey = c.Outcome.Open.Log
		err = c.Each(func(i int64, record []byte) error { return addHead(&heads, i, record) })
		if err != nil {
			return err
		}
	} else if heads, err = a.heads(conn); err != nil {
		return err
	}
	svc := fairlotv1.NewAuditServiceClient(conn)
	var chain *trail.Chain
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	var shown []trail.Act
	ended := map[int64]string{}
	for after := int64(0); ; {
		page, err := svc.ListActs(a.ctx, &fairlotv1.ListActsRequest{After: after, PageSize: 1000})
		if err != nil {
			return a.explain("read the audit trail", err)
		}
		if chain == nil {
			if wantKey != "" && wantKey != page.LogKey {
				return errors.New("the bundle is of another installation than this daemon's")
			}
			chain = trail.NewChain(page.LogKey, heads)
		}
		for _, row := range page.Acts {
			if len(row.Hash) != 32 {
				return fmt.Errorf("act %d does not fit: the hash beside it has %d bytes", row.Number, len(row.Hash))
			}
			act, err := chain.Add(row.Number, [32]byte(row.Hash), row.Text)
			if err != nil {
				return fmt.Errorf("THE AUDIT TRAIL IS BROKEN: %w", err)
			}
			after = act.Number
			if act.Of > 0 {
				ended[act.Of] = act.Outcome
				continue
			}
			if cmd.shows(act) {
				shown = append(shown, act)
			}
		}
		if len(page.Acts) == 0 {
			break
		}
	}
	if err := chain.Close(); err != nil {
		return fmt.Errorf("THE AUDIT TRAIL IS BROKEN: %w", err)
	}
	any := false
	for _, act := range shown {
		if act.Outcome == trail.Begun {
			act.Outcome = "no outcome: cut off"
			if o, ok := ended[act.Number]; ok {
				act.Outcome = o
			}
		}
		if cmd.Failed && act.Outcome == trail.OK {
			continue
		}
		if cmd.JSON {
			if err := a.actJSON(act); err != nil {
				return err
			}
			continue
		}
		if !any {
			fmt.Fprintf(w, "N\tTIME\tWHO\tROLE\tWHAT\tABOUT\tOUTCOME\n")
		}
		any = true
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", act.Number, instant.Text(act.Time), strings.TrimSpace(act.Label+" "+act.Actor), act.Role, act.Method, about(act), act.Outcome)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.errw, "%s, the chain holds, and %s of the public log fit; %d without an outcome\n",
		plural(chain.Len(), "row", "rows"), plural(int64(len(heads)), "head", "heads"), len(chain.Open()))
	return nil
}

func (cmd *auditCmd) shows(a trail.Act) bool {
	return (cmd.Actor == "" || a.Actor == cmd.Actor || a.Label == cmd.Actor) && strings.Contains(a.Method, cmd.Method) && strings.Contains(about(a), cmd.About) &&
		!a.Time.Before(cmd.Since)
}

// about is what an act was about: a resource, or the token that it made.
func about(a trail.Act) string {
	if a.NewRole == "" && a.NewLabel == "" {
		return a.Resource
	}
	return strings.TrimSpace("token: " + a.NewRole + " " + a.NewLabel)
}

func (a *app) actJSON(act trail.Act) error {
	request := ""
	if act.Request != nil {
		request = fmt.Sprintf("%x", *act.Request)
	}
	b, err := json.Marshal(struct {
		Number   int64     `json:"number"`
		Time     time.Time `json:"time"`
		Actor    string    `json:"actor"`
		Label    string    `json:"label,omitempty"`
		Role     string    `json:"role,omitempty"`
		Method   string    `json:"method"`
		Resource string    `json:"resource,omitempty"`
		NewRole  string    `json:"newRole,omitempty"`
		NewLabel string    `json:"newLabel,omitempty"`
		Request  string    `json:"request,omitempty"`
		Outcome  string    `json:"outcome"`
	}{act.Number, act.Time, act.Actor, act.Label, act.Role, act.Method, act.Resource, act.NewRole, act.NewLabel, request, act.Outcome})
	if err == nil {
		_, err = fmt.Fprintf(a.out, "%s\n", b)
	}
	return err
}

// heads are what the daemon's public log says of the trail.
func (a *app) heads(conn *grpc.ClientConn) (heads []trail.Head, err error) {
	for start := int64(0); ; {
		page, err := fairlotv1.NewLogServiceClient(conn).ListRecords(a.ctx, &fairlotv1.ListRecordsRequest{Start: start, PageSize: 100})
		if err != nil {
			return nil, a.explain("read the log", err)
		}
		for i, r := range page.Records {
			if err := addHead(&heads, start+int64(i), []byte(r)); err != nil {
				return nil, err
			}
		}
		if start = page.NextStart; start == 0 {
			return heads, nil
		}
	}
}

func addHead(heads *[]trail.Head, index int64, record []byte) error {
	if !strings.HasPrefix(string(record), "fairlot/v1 audit\n") {
		return nil
	}
	r, err := draw.ParseRecord(record)
	if err != nil {
		return fmt.Errorf("entry %d of the log: %w", index, err)
	}
	if h, ok := r.(*draw.TrailHead); ok {
		*heads = append(*heads, trail.Head{Index: index, Day: h.Day, Count: h.Count, Hash: h.Head})
	}
	return nil
}
