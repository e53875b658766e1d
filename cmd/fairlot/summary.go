package main

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"

	"fairlot/cmd/instant"
	"fairlot/crypto/beacon"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

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
		state, void := drawState(d), voidText(d, c.Threshold, time.Now())
		switch {
		case d.State == fairlotv1.DrawState_DRAW_STATE_VOID:
			state = void
		case void != "":
			state += "; " + void
		}
		if amend := amendText(d, c.Threshold, time.Now()); amend != "" {
			state += "; " + amend
		}
		if d.StatedTime != nil && d.State < fairlotv1.DrawState_DRAW_STATE_DRAWN { // the deadline above is that of the rules
			state += "; custodians must have cosigned before " + instant.Text(d.RoundTime.AsTime().Add(-margin(c.Draws[i])))
		}
		a.printf("draw %d is %s\n", i+1, state)
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
	row("entries until", "%s", instant.Text(c.EntriesEnd.AsTime()))
	if c.ObjectionsEnd != nil && !c.ObjectionsEnd.AsTime().Equal(c.EntriesEnd.AsTime()) {
		row("objections until", "%s", instant.Text(c.ObjectionsEnd.AsTime()))
	}
	row("survey", "%s", map[bool]string{true: "yes; `fairlot campaign show --json " + c.Slug + "` prints its questions", false: "no"}[c.SurveyJson != ""])
	for _, x := range c.Consents {
		row("consent "+x.Code, "%s (%s, kept with the %s)", texts(x.Text), map[bool]string{true: "required", false: "optional"}[x.Required], map[bool]string{true: "answers", false: "person"}[x.AboutAnswers])
	}
	if len(c.Draws) > 0 {
		row("proof of person", "%s", strings.ToLower(strings.TrimPrefix(c.Proof.String(), "PROOF_")))
		row("register", "%s", map[bool]string{true: plural(c.Register, "person", "persons") + " could enter at all", false: "not stated: how many persons could enter at all"}[c.Register > 0])
		row("custodians", "%d of %d open a contact", c.Threshold, len(c.Custodians))
		for i, k := range c.Custodians {
			row(fmt.Sprintf("  custodian %d", i+1), "%s, cosigns as %s", shortKey(k.Recipient), k.Cosigner)
		}
		row("notifiers", "%d", len(c.Notifiers))
		for i, n := range c.Notifiers {
			row(fmt.Sprintf("  notifier %d", i+1), "%s%s", shortKey(n), map[bool]string{true: ", the auditor: reads the audit sample, and nothing of winners"}[c.Audit > 0 && int(c.Auditor) == i+1])
		}
		row("asked", "%s", fields(c.Form))
		row("chances", "%s", map[bool]string{true: fmt.Sprintf("at most %d for an entrant", c.ChancesCap), false: "one for each entrant"}[c.ChancesCap > 1])
	}
	if c.SurveyJson != "" && c.Batch > 0 {
		row("answers", "mixed from %d on; with fewer in all none is kept", c.Batch)
	}
	if len(c.Draws) > 0 {
		row("kept", "%s", map[bool]string{true: fmt.Sprintf("envelopes, releases and notices are destroyed %d days after the last claim period", c.RetentionDays),
			false: "envelopes, releases and notices for ever: no retentionDays"}[c.RetentionDays > 0])
		row("who may claim", "%s%s", map[bool]string{true: "the winner, or somebody with a written authorisation", false: "the winner alone"}[c.ClaimProxy],
			map[bool]string{true: fmt.Sprintf("; for winners younger than %d the guardian", c.GuardianBelow)}[c.GuardianBelow > 0])
		row("published", "%s", listed(c.WinnerList))
		if c.TaxAbove > 0 {
			row("for tax", "names and ID numbers of who wins a prize worth more than NT$ %d can be opened", c.TaxAbove)
		}
		if x := c.Excluded; x != nil {
			row("excluded", "%s on the list with hash %s: their entries have no chances", plural(x.Persons, "person", "persons"), x.Hash)
		}
		if c.Audit > 0 {
			row("audit sample", "names and ID numbers of at most %s of each draw, picked by its seed, can be opened to notifier %d, the auditor", plural(int64(c.Audit), "entrant", "entrants"), c.Auditor)
		}
	}
	if len(c.Claim) > 0 {
		row("how to claim", "%s", texts(c.Claim))
	}
	for i, x := range c.Strata {
		row(fmt.Sprintf("stratum %d", i+1), "%s", texts(x.Title))
	}
	if len(c.Strata) > 0 {
		row("stratum of an entrant", "%s; one with fewer than %d counted entrants is drawn together with the next", map[fairlotv1.StrataBy]string{
			fairlotv1.StrataBy_STRATA_BY_ENTRANT: "as they choose on the form", fairlotv1.StrataBy_STRATA_BY_TOKEN: "as the one-use code says (token members --stratum)",
			fairlotv1.StrataBy_STRATA_BY_UNSPECIFIED: "NOT SAID (strataBy)",
		}[c.StrataBy], cmp.Or(c.Batch, 50))
	}
	for i, d := range c.Draws {
		row(fmt.Sprintf("draw %d", i+1), "at %s on %s, %s, %s to claim", instant.Text(d.DrawTime.AsTime()), chainName(d.Beacon), plural(d.Alternates, "alternate", "alternates"),
			map[bool]string{true: plural(d.ClaimDays, "day", "days"), false: "no limit of time"}[d.ClaimDays > 0])
		row("  vacated prizes", "%s", vacated(d))
		row("  deadline", "custodians must have cosigned before %s, the margin of %s before the round", instant.Text(deadline(d)), inWhole(margin(d)))
		switch {
		case d.EarlierWinnersOut:
			row("  earlier winners", "take no part: the list is closed, and to be cosigned, once every earlier draw has its result or is void")
		case i > 0:
			row("  earlier winners", "have chances in this one too")
		}
		number := map[int32]int{}
		for _, t := range d.Tiers {
			number[t.Stratum]++
			what := fmt.Sprintf("  prize %d", number[t.Stratum])
			switch {
			case d.Proportional:
				what += ", shared among strata"
			case t.Stratum > 0:
				what = fmt.Sprintf("  stratum %d, prize %d", t.Stratum, number[t.Stratum])
			}
			row(what, "%d × %s%s", t.Count, texts(t.Title), map[bool]string{true: fmt.Sprintf(", NT$ %d each", t.Value)}[t.Value > 0])
		}
	}
	if c.OpenHash != "" {
		row("open record", "%s", c.OpenHash)
		row("bundle", "%s", a.bundleAddress(c))
	}
	w.Flush()
	a.whole("introduction", c.Description)
	a.whole("privacy notice", c.Notice)
}

// whole prints texts of several lines.
func (a *app) whole(what string, all []*fairlotv1.LocalizedText) {
	for _, t := range all {
		a.printf("%s (%s):\n", what, t.Lang)
		for line := range strings.Lines(t.Text) {
			a.printf("  %s\n", strings.TrimSpace(line))
		}
	}
}

// vacated says what becomes of a prize that its winner does not take.
func vacated(d *fairlotv1.DrawRules) string {
	switch {
	case d.Forfeit && d.Alternates > 0:
		return "are forfeited: they go to nobody, and the alternates are never called"
	case d.Forfeit:
		return "are forfeited: they go to nobody"
	case d.Alternates == 0:
		return "go to nobody, as there are no alternates"
	}
	return "go to the next alternate"
}

// shortKey is an age recipient, which may have 2,000 letters, as people compare it: both of its ends and the beginning of its SHA-256.
func shortKey(recipient string) string {
	if len(recipient) <= 70 {
		return recipient
	}
	return fmt.Sprintf("%s…%s (SHA-256 %.8x…)", recipient[:16], recipient[len(recipient)-8:], sha256.Sum256([]byte(recipient)))
}

// listed says what the public list of winners shows.
func listed(l *fairlotv1.WinnerList) string {
	s := "ranks and receipt numbers of winners"
	name := map[fairlotv1.NameMask]string{fairlotv1.NameMask_NAME_MASK_FIRST: "王○○", fairlotv1.NameMask_NAME_MASK_ENDS: "王○明"}[l.GetName()]
	if name != "" && l.GetCompoundSurnames() {
		name += ", 歐陽○○"
	}
	if name != "" {
		s += "; names as " + name
	}
	if number := map[fairlotv1.IDMask]string{fairlotv1.IDMask_ID_MASK_LAST_FOUR: "******6789", fairlotv1.IDMask_ID_MASK_BUT_LAST_FOUR: "A12345****", fairlotv1.IDMask_ID_MASK_MIDDLE: "A123***789"}[l.GetIdNumber()]; number != "" {
		s += "; ID numbers as " + number
	}
	return s
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
	return fmt.Sprintf("another chain (%.8x…, a round each %s from %s on, key %.8x…), which proves nothing to outsiders",
		b.Chain, inWhole(time.Duration(b.PeriodSeconds)*time.Second), instant.Text(time.Unix(b.Genesis, 0)), b.Key)
}

// margin is how long before its round a draw must be cosigned.
func margin(d *fairlotv1.DrawRules) time.Duration {
	if d.MarginSeconds == 0 {
		return time.Hour
	}
	return time.Duration(d.MarginSeconds) * time.Second
}

// inWhole writes a time that is whole hours or minutes as people do.
func inWhole(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return plural(int64(d/time.Hour), "hour", "hours")
	case d%time.Minute == 0:
		return plural(int64(d/time.Minute), "minute", "minutes")
	}
	return d.String()
}

// deadline is until when a draw must be cosigned. Rules that cannot open have one too, which is then of no use.
func deadline(d *fairlotv1.DrawRules) time.Time {
	chain := beacon.Quicknet()
	if b := d.Beacon; b != nil && b.PeriodSeconds > 0 {
		chain = beacon.Chain{Period: uint32(b.PeriodSeconds), Genesis: b.Genesis}
	}
	return chain.Time(chain.RoundAt(d.DrawTime.AsTime())).Add(-margin(d))
}
