package main

import (
	"crypto/rand"
	"fmt"
	"text/tabwriter"

	"google.golang.org/grpc"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/instant"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type campaignCmd struct {
	Example campaignExample `cmd:"" help:"Print a complete bilingual campaign file to start from."`
	Create  campaignCreate  `cmd:"" help:"Make a draft of a campaign file."`
	Update  campaignUpdate  `cmd:"" help:"Replace a draft by a campaign file."`
	Show    campaignShow    `cmd:"" help:"Show a campaign."`
	List    campaignList    `cmd:"" help:"List campaigns."`
	Check   campaignCheck   `cmd:"" help:"Say what a draft promises, and who of its custodians and notifiers has shown that they hold their key."`
	Attach  campaignAttach  `cmd:"" help:"Attach to a draft the statements by which custodians and notifiers show their keys."`
	Open    campaignOpen    `cmd:"" help:"Ask for the opening of a draft, which another person approves: its rules are logged in public and entries are taken. This cannot be undone."`
	Close   campaignClose   `cmd:"" help:"After the end of entries and objections: freeze and publish the entry list."`
	Tallies campaignTallies `cmd:"" help:"Print the statistics of a closed campaign."`
	Delete  campaignDelete  `cmd:"" help:"Delete a draft."`
}

type campaignCreate struct {
	File string `arg:"" help:"Campaign file, or - for standard input. See fairlot campaign example."`
	JSON bool   `name:"json" help:"Print the draft as a campaign file."`
}

// Help is shown below the usage.
func (campaignCreate) Help() string {
	return `A campaign file is JSON with the fields of the contract's Campaign; the survey may stand in it as an object under "survey".
A file whose fields do not fit together is refused as a whole, with all that is wrong in it. What else would keep it
from opening is printed, and the draft is made all the same: it can be corrected until then with fairlot campaign update.

Example: fairlot campaign example --custodian maria.json --custodian chen.json --notifier desk.json > autumn.json; edit it;
         fairlot campaign create autumn.json`
}

// Run makes the draft.
func (cmd *campaignCreate) Run(a *app) error {
	c, err := readCampaign(cmd.File, a.in)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	made, err := fairlotv1.NewCampaignServiceClient(conn).CreateCampaign(a.ctx,
		&fairlotv1.CreateCampaignRequest{Campaign: c, RequestId: rand.Text()})
	if err != nil {
		return a.explain("create campaign", err)
	}
	if cmd.JSON {
		return a.campaign(made)
	}
	a.printf("draft %s made (%s)\n", made.Slug, made.Name)
	a.unlisted(c, made)
	a.promises(made)
	if err := a.blanks(made); err != nil {
		return err
	}
	a.obstacles(conn, made)
	a.printf("next: read it with `fairlot campaign show %s`, then ", made.Slug)
	if len(made.Draws) > 0 {
		a.printf("`fairlot campaign check %s --out FILE` for custodians and notifiers, then ", made.Slug)
	}
	a.printf("`fairlot campaign open %s`\n", made.Slug)
	return nil
}

type campaignUpdate struct {
	Name string `arg:"" help:"Slug or id of the draft."`
	File string `arg:"" help:"Campaign file that replaces it as a whole. If it holds an etag (from campaign show --json), a change by somebody else in between is refused."`
}

// Help is shown below the usage.
func (campaignUpdate) Help() string {
	return `Example: fairlot campaign update autumn-reading autumn.json`
}

// Run replaces the draft.
func (cmd *campaignUpdate) Run(a *app) error {
	c, err := readCampaign(cmd.File, a.in)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	now, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	c.Name = now.Name
	if c.Etag == "" {
		c.Etag = now.Etag
	}
	stated := a.stated(conn, now)
	made, err := fairlotv1.NewCampaignServiceClient(conn).UpdateCampaign(a.ctx, &fairlotv1.UpdateCampaignRequest{Campaign: c})
	if err != nil {
		return a.explain("update campaign "+now.Slug, err)
	}
	a.printf("draft %s updated\n", made.Slug)
	a.unlisted(c, made)
	a.promises(made)
	a.restate(made, stated, a.stated(conn, made))
	if err := a.blanks(made); err != nil {
		return err
	}
	a.obstacles(conn, made)
	return a.outdated(conn, made)
}

type campaignList struct {
	JSON bool `name:"json" help:"Print JSON, one campaign a line."`
}

// Help is shown below the usage.
func (campaignList) Help() string {
	return `Example: fairlot campaign list`
}

// Run lists all pages.
func (cmd *campaignList) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	any := false
	err = a.eachCampaign(conn, func(c *fairlotv1.Campaign) error {
		if cmd.JSON {
			return a.lineJSON(c)
		}
		if !any {
			fmt.Fprintf(w, "SLUG\tSTATE\tENTRIES UNTIL\tDRAWS\tTITLE\n")
		}
		any = true
		title := map[string]string{}
		for _, t := range c.Title {
			title[t.Lang] = t.Text
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", c.Slug, stateName(c), instant.Text(c.EntriesEnd.AsTime()), len(c.Draws), bundle.In("en", title))
		return nil
	})
	if err != nil {
		return err
	}
	if !any && !cmd.JSON {
		a.printf("no campaigns; drafts are shown to those who work on campaigns, with --token-file\n")
	}
	return w.Flush()
}

// eachCampaign asks the daemon for all campaigns, page by page.
func (a *app) eachCampaign(conn *grpc.ClientConn, do func(*fairlotv1.Campaign) error) error {
	for token := ""; ; {
		res, err := fairlotv1.NewCampaignServiceClient(conn).ListCampaigns(a.ctx, &fairlotv1.ListCampaignsRequest{PageSize: 100, PageToken: token})
		if err != nil {
			return a.explain("list campaigns", err)
		}
		for _, c := range res.Campaigns {
			if err := do(c); err != nil {
				return err
			}
		}
		if token = res.NextPageToken; token == "" {
			return nil
		}
	}
}

type campaignDelete struct {
	Name string `arg:"" help:"Slug or id of the draft."`
	Yes  bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (campaignDelete) Help() string {
	return `Example: fairlot campaign delete autumn-reading`
}

// Run deletes a draft.
func (cmd *campaignDelete) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	if err := a.confirm(cmd.Yes, "Delete the draft "+c.Slug+"?"); err != nil {
		return err
	}
	etag := c.Etag
	if etag == "" {
		etag = "-"
	}
	if _, err := fairlotv1.NewCampaignServiceClient(conn).DeleteCampaign(a.ctx, &fairlotv1.DeleteCampaignRequest{Name: c.Name, Etag: etag}); err != nil {
		return a.explain("delete campaign "+c.Slug, err)
	}
	a.printf("draft %s deleted\n", c.Slug)
	return a.outdated(conn, c)
}
