package main

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/cmd/instant"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type drawAmend struct {
	Campaign string    `arg:"" help:"Slug or id."`
	Draw     int       `required:"" placeholder:"N" help:"Number of the draw, from 1."`
	To       time.Time `required:"" format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME" help:"When it is to be held, as 2026-01-31T08:00:00Z: by the first round that is not due before."`
	Yes      bool      `help:"Do not ask."`
}

// Help is shown below the usage.
func (drawAmend) Help() string {
	return `For a draw that cannot be closed or cosigned in time, or whose round will be late: it is held later, by a round that nobody knows yet, and everything else stays as it is.
Another officer approves it with fairlot approve; then the log says so for ever, and custodians cosign the bundle as they do after a close. Until enough of them have, the draw
keeps its time; if they have not by the deadline, it is held at it, whatever was announced. It must be logged the draw's margin before that deadline (an hour at most).
It is always later, by 90 days at most, and again if need be once custodians have cosigned the one before. Of several draws the last one is put off first.
A draw that is not to be held at all is void: fairlot draw void.

Example: fairlot draw amend autumn-reading --draw 1 --to 2026-09-08T04:00:00Z`
}

// Run asks for the later time.
func (cmd *drawAmend) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, name, err := a.findDraw(conn, cmd.Campaign, cmd.Draw)
	if err != nil {
		return err
	}
	if err := a.confirm(cmd.Yes, fmt.Sprintf("要把抽獎 %d 改到這個時間嗎？公開登載後不能收回。 Ask for draw %[1]d to be put off to %s? Once approved and cosigned it is held no earlier, for ever.", cmd.Draw, instant.Text(cmd.To))); err != nil {
		return err
	}
	asked, err := fairlotv1.NewDrawServiceClient(conn).AmendDraw(a.ctx, &fairlotv1.AmendDrawRequest{Name: name, DrawTime: timestamppb.New(cmd.To)})
	if err != nil {
		return a.explain(fmt.Sprintf("put draw %d off", cmd.Draw), err)
	}
	a.asked(asked)
	return nil
}

// amendText says in one line whether a draw was put off, and what an amend is worth that does not count, for which so many custodians have to cosign; empty if none is logged.
func amendText(d *fairlotv1.Draw, threshold int32, now time.Time) string {
	var parts []string
	if d.StatedTime != nil {
		parts = append(parts, fmt.Sprintf("put off to %s; the rules said %s", instant.Text(d.RoundTime.AsTime()), instant.Text(d.StatedTime.AsTime())))
	}
	if x := d.Amend; x != nil {
		to, deadline := instant.Text(x.RoundTime.AsTime()), instant.Text(x.Deadline.AsTime())
		switch {
		case d.State == fairlotv1.DrawState_DRAW_STATE_DRAWN:
			parts = append(parts, fmt.Sprintf("a later time (%s) was logged and does not count", to))
		case now.After(x.Deadline.AsTime()):
			parts = append(parts, fmt.Sprintf("was to be put off to %s, which was not cosigned by %s: it does not count, and the draw is held at %s", to, deadline, instant.Text(d.RoundTime.AsTime())))
		default:
			parts = append(parts, fmt.Sprintf("to be put off to %s, which custodians have to cosign by %s, or it is held at %s; later time cosigned by %s", to, deadline,
				instant.Text(d.RoundTime.AsTime()), cosigners(x.CosignedBy, threshold)))
		}
	}
	return strings.Join(parts, "; ")
}

// confirming says what is left to do until a void or an amend counts.
func (a *app) confirming(conn *grpc.ClientConn, c *fairlotv1.Campaign, x *fairlotv1.Approval) error {
	d, err := fairlotv1.NewDrawServiceClient(conn).GetDraw(a.ctx, &fairlotv1.GetDrawRequest{Name: fmt.Sprintf("%s/draws/%d", c.Name, x.Draw)})
	if err != nil {
		return a.explain("show the draw", err)
	}
	head, text := "作廢已公開登載，尚未算數 the void is logged; it does not count yet", voidText(d, c.Threshold, time.Now())
	if x.Kind == fairlotv1.ApprovalKind_APPROVAL_KIND_AMEND {
		head, text = "改期已公開登載，尚未算數 the later time is logged; it does not count yet", amendText(d, c.Threshold, time.Now())
	}
	a.printf("%s\n%s\nbundle %s\n", head, text, a.bundleAddress(c))
	a.printf("next: each custodian   fairlot cosign --key FILE --bundle … --out NOTE   (with that bundle)\n" +
		"      an officer       fairlot cosignature add NOTE   (for each)\n")
	return nil
}

// showConfirming says what is left to do after the approval of a void or an amend, and until when.
func (a *app) showConfirming(conn *grpc.ClientConn, x *fairlotv1.Approval) error {
	c, err := a.find(conn, x.Campaign)
	if err != nil {
		return err
	}
	before := ""
	if n := int(x.Draw); actValue(x, "log-by") != "" && n <= len(c.Draws) {
		d, err := fairlotv1.NewDrawServiceClient(conn).GetDraw(a.ctx, &fairlotv1.GetDrawRequest{Name: fmt.Sprintf("%s/draws/%d", c.Name, n)})
		if err != nil {
			return a.explain("show the draw", err)
		}
		before = fmt.Sprintf(" before %s, or the draw is held", instant.Text(d.RoundTime.AsTime().Add(-margin(c.Draws[n-1]))))
		if x.Kind == fairlotv1.ApprovalKind_APPROVAL_KIND_AMEND {
			before += " at " + instant.Text(d.RoundTime.AsTime())
		}
	}
	a.printf("保管人副署後才算數 it counts once %d of %s have cosigned it%s\n", c.Threshold, plural(int64(len(c.Custodians)), "custodian", "custodians"), before)
	return nil
}
