package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/draw"
	"google.golang.org/protobuf/types/known/timestamppb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

type campaignCmd struct {
	Example campaignExample `cmd:"" help:"Print a complete bilingual campaign file to start from."`
	Create  campaignCreate  `cmd:"" help:"Make a draft of a campaign file."`
	Update  campaignUpdate  `cmd:"" help:"Replace a draft by a campaign file."`
	Show    campaignShow    `cmd:"" help:"Show a campaign."`
	List    campaignList    `cmd:"" help:"List campaigns."`
	Open    campaignOpen    `cmd:"" help:"Ask for the opening of a draft, which another person approves: its rules are logged in public and entries are taken. This cannot be undone."`
	Close   campaignClose   `cmd:"" help:"After the end of entries and objections: freeze and publish the entry list."`
	Tallies campaignTallies `cmd:"" help:"Print the statistics of a closed campaign."`
	Delete  campaignDelete  `cmd:"" help:"Delete a draft."`
}

// readCampaign reads a campaign file: the contract's Campaign as JSON, in which "survey" may stand as an object in place of
// the string "surveyJson".
func readCampaign(path string, in io.Reader) (*fairlotv1.Campaign, error) {
	var b []byte
	var err error
	if path == "-" {
		b, err = io.ReadAll(io.LimitReader(in, 4<<20))
	} else {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	return parseCampaign(path, b)
}

func parseCampaign(path string, b []byte) (*fairlotv1.Campaign, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return nil, fmt.Errorf("read %s: it is not a JSON object: %w", path, err)
	}
	if survey, ok := keys["survey"]; ok {
		if _, both := keys["surveyJson"]; both {
			return nil, fmt.Errorf("read %s: give survey or surveyJson, not both", path)
		}
		var text bytes.Buffer
		if err := json.Compact(&text, survey); err != nil {
			return nil, err
		}
		quoted, err := json.Marshal(text.String())
		if err != nil {
			return nil, err
		}
		keys["surveyJson"] = quoted
		delete(keys, "survey")
	}
	joined, err := indented(keys)
	if err != nil {
		return nil, err
	}
	c := &fairlotv1.Campaign{}
	if err := protojson.Unmarshal(joined, c); err != nil {
		return nil, fmt.Errorf("read %s: %s; compare it with `fairlot campaign example`", path, strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto: "))
	}
	return c, nil
}

// campaignJSON prints a campaign as a campaign file, its survey as an object.
func campaignJSON(c *fairlotv1.Campaign) ([]byte, error) {
	b, err := protojson.Marshal(c)
	if err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return nil, err
	}
	if c.SurveyJson != "" && json.Valid([]byte(c.SurveyJson)) {
		delete(keys, "surveyJson")
		keys["survey"] = json.RawMessage(c.SurveyJson)
	}
	return indented(keys)
}

// indented prints JSON for people: letters such as < stand as they are. It ends in LF.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

type campaignCreate struct {
	File string `arg:"" help:"Campaign file, or - for standard input. See fairlot campaign example."`
	JSON bool   `name:"json" help:"Print the draft as a campaign file."`
}

// Help is shown below the usage.
func (campaignCreate) Help() string {
	return `A campaign file is JSON with the fields of the contract's Campaign; the survey may stand in it as an object under "survey".
A file whose fields do not fit together is refused as a whole, with all that is wrong in it. Rules of time and draws are looked at when
the campaign is opened; a draft can be corrected until then with fairlot campaign update.

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
	a.printf("draft %s made (%s)\nnext: read it with `fairlot campaign show %s`, then `fairlot campaign open %s`\n", made.Slug, made.Name, made.Slug, made.Slug)
	return nil
}

func (a *app) campaign(c *fairlotv1.Campaign) error {
	b, err := campaignJSON(c)
	if err != nil {
		return err
	}
	_, err = a.out.Write(b)
	return err
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
	made, err := fairlotv1.NewCampaignServiceClient(conn).UpdateCampaign(a.ctx, &fairlotv1.UpdateCampaignRequest{Campaign: c})
	if err != nil {
		return a.explain("update campaign "+now.Slug, err)
	}
	a.printf("draft %s updated\n", made.Slug)
	return a.outdated(conn, made)
}

type campaignShow struct {
	Name string `arg:"" help:"Slug or id."`
	JSON bool   `name:"json" help:"Print it as a campaign file."`
}

// Help is shown below the usage.
func (campaignShow) Help() string {
	return `Example: fairlot campaign show autumn-reading --json > autumn.json; edit it; fairlot campaign update autumn-reading autumn.json`
}

// Run shows a campaign.
func (cmd *campaignShow) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	if cmd.JSON {
		return a.campaign(c)
	}
	a.summary(c)
	if c.OpenHash == "" || len(c.Draws) == 0 {
		return nil
	}
	draws, err := a.draws(conn, c)
	if err != nil {
		return err
	}
	for i, d := range draws {
		a.printf("draw %d is %s", i+1, drawState(d))
		if s := voidText(d, time.Now()); s != "" {
			a.printf("; %s", s)
		}
		a.printf("\n")
	}
	return nil
}

// draws are the draws of an opened campaign, without seats.
func (a *app) draws(conn *grpc.ClientConn, c *fairlotv1.Campaign) ([]*fairlotv1.Draw, error) {
	res, err := fairlotv1.NewDrawServiceClient(conn).ListDraws(a.ctx, &fairlotv1.ListDrawsRequest{Parent: c.Name})
	return res.GetDraws(), a.explain("list the draws of "+c.Slug, err)
}

func stateName(c *fairlotv1.Campaign) string {
	return strings.ToLower(strings.TrimPrefix(c.State.String(), "CAMPAIGN_STATE_"))
}

func texts(all []*fairlotv1.LocalizedText) string {
	var s []string
	for _, t := range all {
		s = append(s, t.Text)
	}
	return strings.Join(s, " / ")
}

// summary prints what people check before they open a campaign.
func (a *app) summary(c *fairlotv1.Campaign) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	row := func(key, format string, args ...any) { fmt.Fprintf(w, key+"\t"+format+"\n", args...) }
	row("campaign", "%s", texts(c.Title))
	row("slug", "%s", c.Slug)
	row("name", "%s", c.Name)
	row("state", "%s", stateName(c))
	row("entries until", "%s", zulu(c.EntriesEnd.AsTime()))
	if c.ObjectionsEnd != nil && !c.ObjectionsEnd.AsTime().Equal(c.EntriesEnd.AsTime()) {
		row("objections until", "%s", zulu(c.ObjectionsEnd.AsTime()))
	}
	row("survey", "%s", map[bool]string{true: "yes; `fairlot campaign show --json " + c.Slug + "` prints its questions", false: "no"}[c.SurveyJson != ""])
	for _, x := range c.Consents {
		row("consent "+x.Code, "%s (%s)", texts(x.Text), map[bool]string{true: "required", false: "optional"}[x.Required])
	}
	if len(c.Draws) > 0 {
		row("proof of person", "%s", strings.ToLower(strings.TrimPrefix(c.Proof.String(), "PROOF_")))
		row("custodians", "%d of %d open a contact", c.Threshold, len(c.Custodians))
		row("notifiers", "%d", len(c.Notifiers))
		row("asked", "%s", fields(c.Form))
		if c.ChancesCap > 1 {
			row("chances", "at most %d", c.ChancesCap)
		}
	}
	if c.SurveyJson != "" && c.Batch > 0 {
		row("answers", "mixed from %d on; with fewer in all none is kept", c.Batch)
	}
	if len(c.Draws) > 0 {
		row("kept", "%s", map[bool]string{true: fmt.Sprintf("envelopes, releases and notices are destroyed %d days after the last claim period", c.RetentionDays),
			false: "envelopes, releases and notices for ever: no retentionDays"}[c.RetentionDays > 0])
	}
	if len(c.Claim) > 0 {
		row("how to claim", "%s", texts(c.Claim))
	}
	for i, d := range c.Draws {
		row(fmt.Sprintf("draw %d", i+1), "at %s on %s, %d alternates, %d days to claim", zulu(d.DrawTime.AsTime()), chainName(d.Beacon), d.Alternates, d.ClaimDays)
		for j, t := range d.Tiers {
			row(fmt.Sprintf("  prize %d", j+1), "%d × %s", t.Count, texts(t.Title))
		}
	}
	if c.OpenHash != "" {
		row("open record", "%s", c.OpenHash)
		row("bundle", "%s", a.bundleAddress(c))
	}
	w.Flush()
	for _, t := range c.Notice {
		a.printf("privacy notice (%s):\n", t.Lang)
		for line := range strings.Lines(t.Text) {
			a.printf("  %s\n", strings.TrimSpace(line))
		}
	}
}

// fields names those of the entry form.
func fields(f *fairlotv1.EntryForm) string {
	all := []string{"name", "ID number"}
	for _, x := range []struct {
		name string
		rule fairlotv1.FieldRule
	}{{"birth", f.GetBirth()}, {"card", f.GetCard()}, {"guardian", f.GetGuardian()}, {"phone", f.GetPhone()}, {"email", f.GetEmail()}, {"address", f.GetAddress()}} {
		switch x.rule {
		case fairlotv1.FieldRule_FIELD_RULE_REQUIRED:
			all = append(all, x.name)
		case fairlotv1.FieldRule_FIELD_RULE_OPTIONAL:
			all = append(all, x.name+" (optional)")
		}
	}
	return strings.Join(all, ", ")
}

func chainName(b *fairlotv1.Beacon) string {
	if b == nil {
		return "drand quicknet"
	}
	return fmt.Sprintf("another chain (%.8x…), which proves nothing to outsiders", b.Chain)
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
	for token, any := "", false; ; {
		res, err := fairlotv1.NewCampaignServiceClient(conn).ListCampaigns(a.ctx, &fairlotv1.ListCampaignsRequest{PageSize: 100, PageToken: token})
		if err != nil {
			return a.explain("list campaigns", err)
		}
		for _, c := range res.Campaigns {
			if cmd.JSON {
				b, err := protojson.Marshal(c)
				if err != nil {
					return err
				}
				a.printf("%s\n", b)
				continue
			}
			if !any {
				fmt.Fprintf(w, "SLUG\tSTATE\tENTRIES UNTIL\tDRAWS\tTITLE\n")
			}
			any = true
			title := map[string]string{}
			for _, t := range c.Title {
				title[t.Lang] = t.Text
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", c.Slug, stateName(c), zulu(c.EntriesEnd.AsTime()), len(c.Draws), bundle.In("en", title))
		}
		if token = res.NextPageToken; token == "" {
			if !any && !cmd.JSON {
				a.printf("no campaigns; drafts are shown to those who work on campaigns, with --token-file\n")
			}
			return w.Flush()
		}
	}
}

type campaignOpen struct {
	Name string    `arg:"" help:"Slug or id of the draft."`
	At   time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME" help:"Once approved it opens by itself at this time, as 2026-01-31T08:00:00Z, if the draft is not changed until then."`
	Yes  bool      `help:"Do not ask."`
	Etag string    `help:"Ask for the version with this etag only (from campaign show --json)."`
}

// Help is shown below the usage.
func (campaignOpen) Help() string {
	return `The draft is shown first. Opening takes two persons: this asks for it, and an officer other than you does it with fairlot approve. What opens is
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
	req := &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: etag}
	if !cmd.At.IsZero() {
		req.OpenTime = timestamppb.New(cmd.At)
	}
	asked, err := fairlotv1.NewCampaignServiceClient(conn).OpenCampaign(a.ctx, req)
	if err != nil {
		return a.explain("open campaign "+cmd.Name, err)
	}
	a.asked(asked)
	return nil
}

// opened says what is to be done after an opening.
func (a *app) opened(c *fairlotv1.Campaign) {
	a.printf("%s is open until %s\nopen record %s\nbundle %s\n", c.Slug, zulu(c.EntriesEnd.AsTime()), c.OpenHash, a.bundleAddress(c))
	if len(c.Draws) > 0 {
		a.printf("next: each custodian and notifier runs `fairlot keys check --key FILE --bundle …` with that address or the file it gives")
		if c.Proof != fairlotv1.Proof_PROOF_NONE {
			a.printf("; `fairlot token members %s --count N --out FILE` makes codes for entrants", c.Slug)
		}
		a.printf("\n")
	}
}

type campaignClose struct {
	Name  string `arg:"" help:"Slug or id."`
	Early bool   `help:"Ask to close a campaign without draws before the end of its entries; another officer approves it."`
}

// Help is shown below the usage.
func (campaignClose) Help() string {
	return `Repeating it does no harm. From then on the entry list is public; custodians cosign it before the deadline of each draw.

Example: fairlot campaign close autumn-reading`
}

// Run closes a campaign.
func (cmd *campaignClose) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	if cmd.Early {
		asked, err := fairlotv1.NewCampaignServiceClient(conn).CloseCampaignEarly(a.ctx, &fairlotv1.CloseCampaignEarlyRequest{Name: c.Name})
		if err != nil {
			return a.explain("close campaign "+cmd.Name+" early", err)
		}
		a.asked(asked)
		return nil
	}
	if c, err = fairlotv1.NewCampaignServiceClient(conn).CloseCampaign(a.ctx, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		return a.explain("close campaign "+cmd.Name, err)
	}
	a.printf("%s is closed\nbundle %s\n", c.Slug, a.bundleAddress(c))
	if len(c.Draws) == 0 {
		return nil
	}
	rec, err := draw.ParseRecord([]byte(c.OpenRecord))
	if err != nil {
		return fmt.Errorf("read the open record of %s: %w", c.Slug, err)
	}
	open, ok := rec.(*draw.Open)
	if !ok {
		return fmt.Errorf("read the open record of %s: the daemon sent a record of the kind %s", c.Slug, rec.Kind())
	}
	draws, err := a.draws(conn, c)
	if err != nil {
		return err
	}
	a.next(c.Slug, open, draws)
	return nil
}

// next says what is to be done after a close, and until when.
func (a *app) next(slug string, open *draw.Open, draws []*fairlotv1.Draw) {
	void := func(i int) bool { return i < len(draws) && draws[i].State == fairlotv1.DrawState_DRAW_STATE_VOID }
	for i := range open.Draws {
		d := &open.Draws[i]
		if void(i) {
			a.printf("draw %d: %s\n", i+1, voidText(draws[i], time.Now()))
			continue
		}
		a.printf("draw %d: %s of %s must have cosigned before %s; the draw is due %s\n", i+1, plural(int64(open.Threshold), "custodian", "custodians"),
			fmt.Sprint(len(open.Custodians)), zulu(d.Deadline(d.Round)), zulu(draw.RoundTime(d.Beacon, d.Round)))
	}
	a.printf("next: each custodian   fairlot cosign --key FILE --bundle … --out NOTE   (with that bundle)\n" +
		"      an officer       fairlot cosignature add NOTE   (for each)\n")
	for i := range open.Draws {
		if void(i) {
			continue
		}
		a.printf("      after the round  fairlot draw run %s %d\n", slug, i+1)
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
