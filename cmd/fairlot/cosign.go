package main

import (
	"os"
	"time"

	"fairlot/cmd/fairlot/private"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/verify"
)

type cosignCmd struct {
	Key    string `required:"" placeholder:"FILE" help:"Your key file, with its pin beside it."`
	Bundle string `required:"" placeholder:"PATH|URL" help:"The newest bundle of the campaign."`
	Out    string `placeholder:"FILE" help:"Write the cosigned checkpoint here instead of to standard output. It is public."`
}

// Help is shown below the usage.
func (cosignCmd) Help() string {
	return `It refuses a log that does not continue the pinned one, a campaign that is not the pinned one, one that is neither closed nor has a void
to be cosigned, and a clock that cannot be right. A draw that the institution declared void is void once enough custodians have cosigned that
before the deadline; who does not want that does not cosign. Whoever cosigns states: this entry list was there before the draw. So this machine's clock must be right.
Repeated on a bundle that holds your cosignature already, it gives that one again.

Example: fairlot cosign --key maria.key --bundle closed.tar --out maria.note`
}

// Run cosigns the newest checkpoint.
func (cmd *cosignCmd) Run(a *app) error {
	k, err := readCustodian(cmd.Key)
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
	c, err := a.check(cmd.Bundle)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	signed, err := k.Cosign(c, *pin, time.Now())
	if err != nil {
		return err
	}
	if err := writePin(cmd.Key, signed.Pin); err != nil {
		return err
	}
	if cmd.Out == "" {
		a.printf("%s", signed.Note)
	} else if err := os.WriteFile(cmd.Out, signed.Note, 0o644); err != nil {
		return err
	}
	say := func(format string, args ...any) {
		(&app{out: a.errw}).printf(format, args...)
	}
	if signed.Again {
		say("you cosigned at %s already; it is the same cosignature again: ", zulu(signed.Time))
	}
	say("cosigned %s", plural(signed.Size, "record", "records"))
	for _, d := range c.Outcome.Draws {
		if d.Close != nil {
			say("; draw %d: %s, root %s", d.N, plural(d.Entrants, "entry", "entries"), d.Root)
		}
		if d.Voiding != "" {
			say("; draw %d: VOID (%s), which your cosignature confirms", d.N, d.Voiding)
		}
		if d.Voiding == draw.ReasonBeaconDead {
			say("; it says that round %d never came: look for it yourself at the beacon's relays", d.Round)
		}
	}
	for _, d := range c.Outcome.Draws {
		if d.Missed != "" && d.State != verify.StateDrawn {
			say("\ndraw %d: its void (%s) was not cosigned in time and does not count: a result is owed", d.N, d.Missed)
		}
	}
	say("\nnext: hand the note to an officer, who runs `fairlot cosignature add FILE`\n")
	for _, l := range signed.Late {
		say("draw %d: this is too late for its entry list to count: the deadline was %s. Verification will say that the draw was not confirmed in time.\n", l.Draw, zulu(l.Deadline))
	}
	return nil
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
