package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"google.golang.org/grpc"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

type drawCmd struct {
	Run     drawRun     `cmd:"" help:"When the round is out: fetch and verify it, rank, and log the result. Repeating it changes nothing."`
	Show    drawShow    `cmd:"" help:"Show a draw and who holds which seat."`
	Replace drawReplace `cmd:"" help:"Vacate a seat and call the next alternate. Logged in public, cannot be undone."`
}

// drawName is campaigns/ID/draws/N.
func (a *app) drawName(conn *grpc.ClientConn, campaign string, n int) (string, error) {
	if n < 1 || n > 99 {
		return "", usage("draw %d: want its number, from 1", n)
	}
	c, err := a.find(conn, campaign)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/draws/%d", c.Name, n), nil
}

type drawRun struct {
	Campaign string `arg:"" help:"Slug or id."`
	Draw     int    `arg:"" help:"Number of the draw, from 1."`
}

// Help is shown below the usage.
func (drawRun) Help() string {
	return `Example: fairlot draw run autumn-reading 1`
}

// Run draws.
func (cmd *drawRun) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	name, err := a.drawName(conn, cmd.Campaign, cmd.Draw)
	if err != nil {
		return err
	}
	d, err := fairlotv1.NewDrawServiceClient(conn).RunDraw(a.ctx, &fairlotv1.RunDrawRequest{Name: name})
	if err != nil {
		return a.explain(fmt.Sprintf("run draw %d", cmd.Draw), err)
	}
	a.draw(d)
	return nil
}

// draw prints a draw. What it says is the daemon's word; fairlot verify checks it.
func (a *app) draw(d *fairlotv1.Draw) {
	a.printf("%s: %s\n", d.Name, strings.ToLower(strings.TrimPrefix(d.State.String(), "DRAW_STATE_")))
	chain := "drand quicknet"
	if !d.Quicknet {
		chain = "a chain that proves nothing to outsiders"
	}
	a.printf("round %d of %s, due %s\n", d.Round, chain, zulu(d.RoundTime.AsTime()))
	if d.State == fairlotv1.DrawState_DRAW_STATE_PENDING {
		return
	}
	by := strings.Join(d.CosignedBy, ", ")
	if by == "" {
		by = "nobody yet"
	}
	a.printf("%s; cosigned by %s\n", plural(d.Entrants, "entry", "entries"), by)
	if len(d.Seats) == 0 {
		return
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "STRATUM\tRANK\tENTRY\tSEAT\n")
	for _, s := range d.Seats {
		seat := "alternate"
		switch {
		case s.Vacated != "":
			seat = "vacated: " + s.Vacated
		case s.Tier > 0:
			seat = fmt.Sprintf("prize %d", s.Tier)
			if s.Called {
				seat += ", called"
			}
		}
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\n", s.Stratum, s.Rank, s.EntryId, seat)
	}
	w.Flush()
	a.printf("this is the daemon's word; `fairlot verify` checks it from the files\n")
}

type drawShow struct {
	Campaign string `arg:"" help:"Slug or id."`
	Draw     int    `arg:"" help:"Number of the draw, from 1."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// Help is shown below the usage.
func (drawShow) Help() string {
	return `Example: fairlot draw show autumn-reading 1 --json`
}

// Run shows a draw.
func (cmd *drawShow) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	name, err := a.drawName(conn, cmd.Campaign, cmd.Draw)
	if err != nil {
		return err
	}
	d, err := fairlotv1.NewDrawServiceClient(conn).GetDraw(a.ctx, &fairlotv1.GetDrawRequest{Name: name})
	if err != nil {
		return a.explain(fmt.Sprintf("show draw %d", cmd.Draw), err)
	}
	if cmd.JSON {
		return a.printJSON(d)
	}
	a.draw(d)
	return nil
}

type drawReplace struct {
	Campaign string `arg:"" help:"Slug or id."`
	Draw     int    `arg:"" help:"Number of the draw, from 1."`
	Stratum  int32  `default:"1" help:"Stratum of the seat."`
	Rank     int64  `required:"" help:"Rank that vacates its seat."`
	Reason   string `required:"" enum:"declined,unreachable,late,ineligible,erased" help:"Why: ${enum}."`
	Yes      bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (drawReplace) Help() string {
	return `The alternate who takes the seat follows from the ranking; nobody chooses. Prepare a release afterwards to write to them.

Example: fairlot draw replace autumn-reading 1 --rank 3 --reason unreachable`
}

// Run vacates a seat.
func (cmd *drawReplace) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	name, err := a.drawName(conn, cmd.Campaign, cmd.Draw)
	if err != nil {
		return err
	}
	if err := a.confirm(cmd.Yes, fmt.Sprintf("Rank %d of stratum %d loses its seat (%s) for ever, and the log will say so. Go on?", cmd.Rank, cmd.Stratum, cmd.Reason)); err != nil {
		return err
	}
	reason := fairlotv1.ReplaceReason(fairlotv1.ReplaceReason_value["REPLACE_REASON_"+strings.ToUpper(cmd.Reason)])
	d, err := fairlotv1.NewDrawServiceClient(conn).ReplaceWinner(a.ctx,
		&fairlotv1.ReplaceWinnerRequest{Name: name, Stratum: cmd.Stratum, Rank: cmd.Rank, Reason: reason})
	if err != nil {
		return a.explain(fmt.Sprintf("replace rank %d", cmd.Rank), err)
	}
	a.draw(d)
	return nil
}
