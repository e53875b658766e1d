package main

import (
	"os"
	"slices"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/instant"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/verify"
)

type cosignCmd struct {
	Key    string `required:"" placeholder:"FILE" help:"Your key file, with its pin beside it."`
	Bundle string `required:"" placeholder:"PATH|URL" help:"The newest bundle of the campaign."`
	Out    string `placeholder:"FILE" help:"Write the cosigned checkpoint here instead of to standard output. It is public."`
	Yes    bool   `help:"Confirm the voids and later times of this bundle without being asked."`
}

// Help is shown below the usage.
func (cosignCmd) Help() string {
	return `It refuses a log that does not continue the pinned one, a campaign that is not the pinned one, one that is neither closed nor has a void
or a later time to be cosigned, and a clock that cannot be right. Whoever cosigns states: this entry list was there before the draw. So this machine's clock must be right.
Repeated on a bundle that holds your cosignature already, it gives that one again.

A draw that the institution declared void is void once enough custodians have cosigned that before the deadline, and one that it puts off is put off then. Voids
and later times are shown, and you are asked (without a terminal: --yes). It is all or nothing: a cosignature is for the whole log, so who does not want one of
them cosigns neither the others nor an entry list that was closed since, until its deadline is over; tell the institution and the public why. Keep the note of
what you confirm, and post it where everybody can read it before the round: else whoever holds it can wait for the outcome and then hand it in or not.

Example: fairlot cosign --key maria.key --bundle closed.tar --out maria.note`
}

// Run cosigns the newest checkpoint.
func (cmd *cosignCmd) Run(a *app) error {
	k, err := a.readCustodian(cmd.Key)
	if err != nil {
		return err
	}
	release, err := private.Hold(cmd.Key)
	if err != nil {
		return err
	}
	defer release()
	pin, err := needPin(cmd.Key)
	if err != nil {
		return err
	}
	c, now, err := a.checkNow(cmd.Bundle)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	signed, err := k.Cosign(c, *pin, now)
	if err != nil {
		return err
	}
	confirms := slices.ContainsFunc(c.Outcome.Draws, func(d verify.Draw) bool { return d.Voiding != "" || d.Amending > 0 })
	if confirms {
		cmd.sayConfirmed(a, c.Outcome)
		if !signed.Again {
			if err := a.confirm(cmd.Yes, "Confirm all of this? Your cosignature is for the whole log; it cannot be for a part."); err != nil {
				return err
			}
		}
	}
	if err := writePin(cmd.Key, signed.Pin); err != nil {
		return err
	}
	if cmd.Out == "" {
		a.printf("%s", signed.Note)
	} else if err := os.WriteFile(cmd.Out, signed.Note, 0o644); err != nil {
		return err
	}
	cmd.sayCosigned(a, signed, c.Outcome.Draws)
	if confirms {
		a.say("keep the note, and post it where everybody can read it, now: else whoever holds it can wait for the outcome of the draw, and hand it in or not\n")
	}
	return nil
}

// sayConfirmed shows the draws that a cosignature confirms to be void, or to be held later.
func (cmd *cosignCmd) sayConfirmed(a *app, o *verify.Outcome) {
	a.say("the institution declares:\n")
	for _, d := range o.Draws {
		if d.Amending > 0 {
			a.say("  draw %d: LATER, which your cosignature confirms: it was due %s (round %d), and is to be held %s (round %d)\n",
				d.N, instant.Text(d.RoundTime), d.Round, instant.Text(draw.RoundTime(o.Open.Draws[d.N-1].Beacon, d.Amending)), d.Amending)
		}
		if d.Voiding == "" {
			continue
		}
		a.say("  draw %d: VOID (%s), which your cosignature confirms: it will have no winners", d.N, d.Voiding)
		if d.Voiding == draw.ReasonBeaconDead {
			a.say("; it says that round %d never came: look for it yourself at the beacon's relays", d.Round)
		}
		a.say("\n")
	}
}

// sayCosigned says what was cosigned, a line for each draw, and what comes next.
func (cmd *cosignCmd) sayCosigned(a *app, signed *custodian.Cosigned, draws []verify.Draw) {
	if signed.Again {
		a.say("you cosigned at %s already; it is the same cosignature again\n", instant.Text(signed.Time))
	}
	a.say("cosigned %s\n", plural(signed.Size, "record", "records"))
	for _, d := range draws {
		if d.Close != nil {
			a.say("  draw %d: %s, root %s\n", d.N, plural(d.Entrants, "entry", "entries"), d.Root)
		}
		if d.NotAmended > 0 && d.State != verify.StateDrawn {
			a.say("  draw %d: a later round, %d, was not cosigned in time and does not count: it is held %s\n", d.N, d.NotAmended, instant.Text(d.RoundTime))
		}
		if d.Missed != "" && d.State != verify.StateDrawn {
			a.say("  draw %d: its void (%s) was not cosigned in time and does not count: a result is owed\n", d.N, d.Missed)
		}
	}
	for _, l := range signed.Late {
		a.say("  draw %d: this is too late for its entry list to count: the deadline was %s. Verification will say that the draw was not confirmed in time.\n", l.Draw, instant.Text(l.Deadline))
	}
	a.say("next: hand the note to an officer, who runs `fairlot cosignature add FILE`\n")
}

type cosignatureCmd struct {
	Add cosignatureAdd `cmd:"" help:"Upload a note that fairlot cosign wrote."`
}

type cosignatureAdd struct {
	File string `arg:"" help:"The cosigned note."`
}

// Help is shown below the usage.
func (cosignatureAdd) Help() string {
	return `Example: fairlot cosignature add maria.note`
}

// Run uploads the note.
func (cmd *cosignatureAdd) Run(a *app) error {
	b, err := os.ReadFile(cmd.File)
	if err != nil {
		return err
	}
	if len(b) > ledger.MaxCheckpoint {
		return usage("%s is no cosigned note: it is longer than 64 KiB", cmd.File)
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fairlotv1.NewLogServiceClient(conn).AddCosignature(a.ctx, &fairlotv1.AddCosignatureRequest{Note: string(b)}); err != nil {
		return a.explain("add cosignature", err)
	}
	a.printf("cosignature added\n")
	return nil
}
