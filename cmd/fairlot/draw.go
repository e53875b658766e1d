package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"

	"fairlot/cmd/instant"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type drawCmd struct {
	Run     drawRun     `cmd:"" help:"When the round is out: fetch and verify it, rank, and log the result. Repeating it changes nothing."`
	Show    drawShow    `cmd:"" help:"Show a draw and who holds which seat."`
	Void    drawVoid    `cmd:"" help:"Ask for a draw to end without a result; another officer approves it, and custodians cosign it."`
	Amend   drawAmend   `cmd:"" help:"Ask for a draw to be held later; another officer approves it, and custodians cosign it."`
	Replace drawReplace `cmd:"" help:"Vacate a seat and call the next alternate. Logged in public, cannot be undone."`
}

// findDraw asks the daemon for a draw's campaign, and returns the draw's name too: campaigns/ID/draws/N.
func (a *app) findDraw(conn *grpc.ClientConn, campaign string, n int) (*fairlotv1.Campaign, string, error) {
	if n < 1 || n > 99 {
		return nil, "", usage("draw %d: want its number, from 1", n)
	}
	c, err := a.find(conn, campaign)
	if err != nil {
		return nil, "", err
	}
	return c, fmt.Sprintf("%s/draws/%d", c.Name, n), nil
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
	c, name, err := a.findDraw(conn, cmd.Campaign, cmd.Draw)
	if err != nil {
		return err
	}
	d, err := fairlotv1.NewDrawServiceClient(conn).RunDraw(a.ctx, &fairlotv1.RunDrawRequest{Name: name})
	if err != nil {
		return a.explain(fmt.Sprintf("run draw %d", cmd.Draw), err)
	}
	a.draw(d, c.Threshold)
	return nil
}

func drawState(d *fairlotv1.Draw) string {
	return strings.ToLower(strings.TrimPrefix(d.State.String(), "DRAW_STATE_"))
}

// draw prints a draw, for which so many custodians have to cosign. What it says is the daemon's word; fairlot verify checks it.
func (a *app) draw(d *fairlotv1.Draw, threshold int32) {
	a.printf("%s: %s\n", d.Name, drawState(d))
	chain := "drand quicknet"
	if !d.Quicknet {
		chain = "a chain that proves nothing to outsiders"
	}
	a.printf("round %d of %s, due %s\n", d.Round, chain, instant.Text(d.RoundTime.AsTime()))
	for _, s := range []string{amendText(d, threshold, time.Now()), voidText(d, threshold, time.Now())} {
		if s != "" {
			a.printf("%s\n", s)
		}
	}
	if d.WaitsFor > 0 {
		a.printf("名單待第 %d 次抽獎定案後結束 its list leaves earlier winners out, and is closed once draw %[1]d is settled\n", d.WaitsFor)
	}
	if d.State == fairlotv1.DrawState_DRAW_STATE_PENDING || d.State == fairlotv1.DrawState_DRAW_STATE_VOID && d.Entrants == 0 {
		return
	}
	a.printf("%s; list cosigned by %s\n", plural(d.Entrants, "entry", "entries"), cosigners(d.CosignedBy, threshold))
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
	c, name, err := a.findDraw(conn, cmd.Campaign, cmd.Draw)
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
	a.draw(d, c.Threshold)
	return nil
}

// custodiansOf counts who of the witnesses are custodians.
func custodiansOf(by []string) (n int) {
	for _, name := range by {
		if !strings.HasPrefix(name, ledger.Outside) {
			n++
		}
	}
	return n
}

// cosigners names those who cosigned, and says how many custodians are needed as long as they are too few.
func cosigners(by []string, threshold int32) string {
	names := strings.Join(by, ", ")
	if names == "" {
		names = "nobody yet"
	}
	if custodians := custodiansOf(by); custodians < int(threshold) {
		names += fmt.Sprintf(" (%d of %d needed)", custodians, threshold)
	}
	return names
}

// voidText says in one line what the void of a draw is worth, for which so many custodians have to cosign; empty if none is logged.
func voidText(d *fairlotv1.Draw, threshold int32, now time.Time) string {
	by := cosigners(d.VoidCosignedBy, threshold)
	switch {
	case d.VoidReason == "":
		return ""
	case d.State == fairlotv1.DrawState_DRAW_STATE_VOID:
		return fmt.Sprintf("void: %s; cosigned by %s", d.VoidReason, by)
	case d.State == fairlotv1.DrawState_DRAW_STATE_DRAWN:
		return fmt.Sprintf("a void (%s) was logged and does not count", d.VoidReason)
	case d.VoidDeadline == nil:
		return fmt.Sprintf("declared void (%s), which custodians have to cosign; void cosigned by %s", d.VoidReason, by)
	case now.After(d.VoidDeadline.AsTime()):
		return fmt.Sprintf("declared void (%s), which was not cosigned by %s: it does not count, and the draw is held at its round", d.VoidReason, instant.Text(d.VoidDeadline.AsTime()))
	}
	return fmt.Sprintf("declared void (%s), which custodians have to cosign by %s, or it is drawn; void cosigned by %s", d.VoidReason, instant.Text(d.VoidDeadline.AsTime()), by)
}

type drawVoid struct {
	Campaign string `arg:"" help:"Slug or id."`
	Draw     int    `required:"" placeholder:"N" help:"Number of the draw, from 1."`
	Reason   string `required:"" enum:"cancelled,rules-broken,list-wrong,ordered,keys-lost,beacon-dead" help:"Why, for everybody to read: ${enum}."`
	Yes      bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (drawVoid) Help() string {
	return `A void draw has no result, and nobody is opened. Another officer approves it with fairlot approve; then the log says so for ever, and custodians cosign the
bundle as they do after a close. Until enough of them have, the draw is not void; if they have not by the deadline, it is held. It must be logged the draw's margin before that
deadline (an hour at most). After it only beacon-dead is left: from the days on that the rules state, if no relay has the round.
Entries, the close and the other draws go on. The list of entries is published all the same. As many custodians as open a contact must cosign a void: keys-lost is said
before the last key goes that can be missed, not after.

` + voidReasons() + `
Example: fairlot draw void autumn-reading --draw 1 --reason cancelled`
}

// voidWords are the reasons of voids in words.
var voidWords = map[string]string{
	"cancelled":           "the institution has cancelled the draw",
	"rules-broken":        "the rules were not kept, or cannot be",
	"list-wrong":          "the entry list is not what it should be",
	"ordered":             "a court or an authority has ordered it",
	"keys-lost":           "too few custodians have their keys to open winners",
	draw.ReasonBeaconDead: "the round never came",
}

// voidReasons is a line a reason.
func voidReasons() string {
	var b strings.Builder
	for _, reason := range slices.Sorted(maps.Keys(voidWords)) {
		fmt.Fprintf(&b, "  %-13s %s\n", reason, voidWords[reason])
	}
	return b.String()
}

// Run asks for the void.
func (cmd *drawVoid) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, name, err := a.findDraw(conn, cmd.Campaign, cmd.Draw)
	if err != nil {
		return err
	}
	if err := a.confirm(cmd.Yes, fmt.Sprintf("Ask for draw %d to be void (%s)? Once approved and cosigned it has no winners, for ever.", cmd.Draw, cmd.Reason)); err != nil {
		return err
	}
	reason := fairlotv1.VoidReason(fairlotv1.VoidReason_value["VOID_REASON_"+strings.ToUpper(strings.ReplaceAll(cmd.Reason, "-", "_"))])
	asked, err := fairlotv1.NewDrawServiceClient(conn).VoidDraw(a.ctx, &fairlotv1.VoidDrawRequest{Name: name, Reason: reason})
	if err != nil {
		return a.explain(fmt.Sprintf("void draw %d", cmd.Draw), err)
	}
	a.asked(asked)
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
	c, name, err := a.findDraw(conn, cmd.Campaign, cmd.Draw)
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
	a.draw(d, c.Threshold)
	return nil
}
