package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/cmd/instant"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type campaignOpen struct {
	Name            string    `arg:"" help:"Slug or id of the draft."`
	At              time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME" help:"Once approved it opens by itself at this time, as 2026-01-31T08:00:00Z, if the draft is not changed until then."`
	Yes             bool      `help:"Do not ask."`
	WithoutKeyCheck bool      `help:"Open although custodians and notifiers have not shown their keys. The public rules say so for ever: for tests, and where all keys are your own."`
	Etag            string    `help:"Ask for the version with this etag only (from campaign show --json)."`
}

// Help is shown below the usage.
func (campaignOpen) Help() string {
	return `The draft is shown first. With draws, every custodian and notifier must have shown their key (fairlot campaign check). Opening takes two persons: this asks for it, and an officer other than you does it with fairlot approve. What opens is
exactly the version that was shown: if somebody changes it meanwhile, it must be asked for anew.

Example: fairlot campaign open autumn-reading
         fairlot campaign open autumn-reading --at 2026-09-01T01:00:00Z`
}

// Run asks for the opening of the draft that was shown.
func (cmd *campaignOpen) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	if !cmd.Yes {
		a.summary(c)
	}
	a.promises(c)
	if err := a.sharedKeys(conn, c); err != nil {
		return err
	}
	if err := a.confirm(cmd.Yes, "Opening publishes these rules for ever and cannot be undone. Ask for the opening of "+c.Slug+"?"); err != nil {
		return err
	}
	etag := cmd.Etag
	if etag == "" {
		etag = c.Etag
	}
	if etag == "" { // it is open already, and the daemon says so
		etag = "-"
	}
	req := &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: etag, WithoutKeyCheck: cmd.WithoutKeyCheck}
	if !cmd.At.IsZero() {
		req.OpenTime = timestamppb.New(cmd.At)
	}
	asked, err := fairlotv1.NewCampaignServiceClient(conn).OpenCampaign(a.ctx, req)
	if err != nil {
		return openHint(a.explain("open campaign "+cmd.Name, err), c.Slug)
	}
	a.asked(asked)
	return nil
}

// sharedKeys warns of keys of a draft that open another campaign's contacts too, and of cosigning keys that another campaign has, in which a draw is neither drawn nor
// void yet: a cosignature is for the whole log.
func (a *app) sharedKeys(conn *grpc.ClientConn, c *fairlotv1.Campaign) error {
	own := map[string]string{}
	for i, k := range c.Custodians {
		own[k.Cosigner] = strconv.Itoa(i + 1)
	}
	if c.OpenHash != "" || len(own) == 0 {
		return nil
	}
	opens := map[string]bool{}
	for _, k := range c.Custodians {
		opens[k.Recipient] = true
	}
	for _, n := range c.Notifiers {
		opens[n] = true
	}
	return a.eachCampaign(conn, func(x *fairlotv1.Campaign) error {
		if x.Name != c.Name && x.OpenHash != "" && (slices.ContainsFunc(x.Notifiers, func(n string) bool { return opens[n] }) ||
			slices.ContainsFunc(x.Custodians, func(k *fairlotv1.Custodian) bool { return opens[k.Recipient] })) {
			a.say("WARNING: keys that open contacts of this campaign are those of %s too: whoever steals one has it for both; a key is for one campaign\n", x.Slug)
		}
		var which []string
		for _, k := range x.Custodians {
			if n, ok := own[k.Cosigner]; ok {
				which = append(which, n)
			}
		}
		if len(which) == 0 || x.Name == c.Name || x.OpenHash == "" {
			return nil
		}
		draws, err := a.draws(conn, x)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(draws, func(d *fairlotv1.Draw) bool {
			return d.State != fairlotv1.DrawState_DRAW_STATE_DRAWN && d.State != fairlotv1.DrawState_DRAW_STATE_VOID
		}) {
			slices.Sort(which)
			a.say("WARNING: cosigning keys of this campaign (custodian %s) are those of %s too, which is not settled: a cosignature for one of the two confirms the voids of the other unseen\n"+
				"  let each custodian make a key for this campaign: fairlot keys new custodian; fairlot campaign update %s FILE\n", strings.Join(which, ", "), x.Slug, c.Slug)
		}
		return nil
	})
}

// opened says what is to be done after an opening.
func (a *app) opened(c *fairlotv1.Campaign) {
	a.printf("%s is open until %s\nopen record %s\nbundle %s\n", c.Slug, instant.Text(c.EntriesEnd.AsTime()), c.OpenHash, a.bundleAddress(c))
	if len(c.Draws) > 0 {
		a.printf("next: each custodian and notifier runs `fairlot keys check --key FILE --bundle …` with that address or the file it gives")
		if c.Proof != fairlotv1.Proof_PROOF_NONE {
			a.printf("; `fairlot token members %s --count N --out FILE` makes codes for entrants", c.Slug)
		}
		a.printf("\n")
	}
}
